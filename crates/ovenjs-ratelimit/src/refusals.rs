//! What Discord has refused and would refuse again.

use hashbrown::HashMap;

use crate::{Deed, Major, clock::Local};

/// Webhooks that are gone, and deeds that were denied.
///
/// Discord counts 403s as invalid requests and asks not to try a webhook again that was answered with
/// 404; both are known for some time, and then asked for once more.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    gone: HashMap<Major, Local>,
    denied: HashMap<u64, (Deed, Local)>,
}

/// A webhook does not come back. The time only bounds what is remembered.
const GONE: i64 = 3_600_000_000;

/// A denial is believed for so long: what is not told, such as a person's highest role, may change too.
const DENIED: i64 = 60_000_000;

/// The most of each that is remembered.
const REMEMBERED_MAX: usize = 4_096;

impl Refusals {
    pub(crate) fn gone(&mut self, now: Local, major: Major) {
        if self.gone.len() >= REMEMBERED_MAX {
            self.gone.retain(|_, until| *until > now);
        }
        if self.gone.len() < REMEMBERED_MAX {
            self.gone.insert(major, now.saturating_add(GONE));
        }
    }

    pub(crate) fn denied(&mut self, now: Local, deed: Deed) {
        if self.denied.len() >= REMEMBERED_MAX {
            self.denied.retain(|_, (_, until)| *until > now);
        }
        if self.denied.len() < REMEMBERED_MAX {
            let until = now.saturating_add(DENIED);
            self.denied.insert(deed.what(), (deed, until));
        }
    }

    pub(crate) fn is_gone(&self, now: Local, major: Major) -> bool {
        self.gone.get(&major).is_some_and(|until| *until > now)
    }

    /// Until when the deed is known to be denied.
    pub(crate) fn until(&self, now: Local, deed: Deed) -> Option<Local> {
        let (denied, until) = self.denied.get(&deed.what())?;
        (*denied == deed && *until > now).then_some(*until)
    }
}
