//! What all clones of a limiter do where several processes share its limits.

use std::time::Instant;

use super::{Start, State};
use crate::{
    Verdict,
    clock::{Clock, Local},
    facts::Told,
    global::Global,
    lease::Tenant,
};

impl State {
    /// What this process may send in a second over all routes.
    pub(super) fn global_limit(&mut self, now: Local) -> u32 {
        let limit = self.live.global_per_second;
        match &mut self.tenant {
            Some(tenant) => tenant.global(now).min(limit),
            None => limit,
        }
    }

    /// Tells the shared part of a bucket what became of a request.
    pub(super) fn settle_cell(
        &mut self,
        now: Local,
        start: Start,
        verdict: &Verdict,
        told: Option<&Told>,
    ) {
        let (Some(tenant), Some(cell)) = (&mut self.tenant, start.cell) else {
            return;
        };
        let cell = cell.get();
        match verdict {
            Verdict::Unsent => tenant.give_back(cell),
            Verdict::Lost => tenant.lost(now, &self.clock, cell),
            Verdict::Counted(_)
            | Verdict::Refused(_)
            | Verdict::Denied(_)
            | Verdict::Gone(_)
            | Verdict::Unauthorized
            | Verdict::Limited { .. } => {
                tenant.answered(now, &self.clock, cell, told.and_then(Told::answered));
            }
        }
    }

    pub(crate) fn with_tenant(
        &mut self,
        at: Instant,
        deed: impl FnOnce(&mut Tenant, &Clock, &mut Global, u32),
    ) {
        if let Some(tenant) = &mut self.tenant {
            tenant.report_invalid(self.invalid.count(at));
            let limit = self.live.global_per_second.max(1);
            deed(tenant, &self.clock, &mut self.global, limit);
        }
    }
}
