//! Requests that were in vain, and the door that closes after too many of them.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::config::Limits;

/// The times of invalid requests; never more than the limit allows.
#[derive(Debug, Default)]
pub(super) struct Invalid {
    times: VecDeque<Instant>,
    shut_until: Option<Instant>,
}

impl Invalid {
    pub(super) fn count(&mut self, now: Instant, limits: &Limits) {
        let Some(most) = limits.invalid_requests.filter(|_| limits.enforced) else {
            return;
        };
        let counts = |time: &Instant| now.saturating_duration_since(*time) < limits.invalid_window;
        while self.times.front().is_some_and(|time| !counts(time)) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        if u32::try_from(self.times.len()).is_ok_and(|count| count >= most) {
            self.shut_until = now.checked_add(limits.shut_out_for);
            // Who comes back begins anew.
            self.times.clear();
        }
    }

    pub(super) fn shut_out(&self, now: Instant) -> Option<Duration> {
        let left = self.shut_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}
