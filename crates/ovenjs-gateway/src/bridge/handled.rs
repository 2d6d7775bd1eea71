//! What a consumer has acknowledged lately. Pure.

use std::collections::{HashSet, VecDeque};

use ovenjs_types::{Dispatch, Origin, Version};

/// The last events that were acknowledged, to know them again.
#[derive(Debug, Default)]
pub(super) struct Handled {
    order: VecDeque<(Origin, Version)>,
    known: HashSet<(Origin, Version)>,
}

impl Handled {
    pub(super) fn remember(&mut self, dispatch: &Dispatch) {
        let Some(key) = key(dispatch) else { return };
        if !self.known.insert(key) {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn knows(&self, dispatch: &Dispatch) -> bool {
        key(dispatch).is_some_and(|key| self.known.contains(&key))
    }
}

/// What came by HTTP has no version by which to know it again.
fn key(dispatch: &Dispatch) -> Option<(Origin, Version)> {
    matches!(dispatch.origin, Origin::Gateway(_)).then_some((dispatch.origin, dispatch.version))
}

/// An acknowledgement that was lost comes back within a redelivery's time: at 2,000 events a second
/// and thirty seconds these are they, in some 5 MB.
const REMEMBERED: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_known_and_no_more() {
        let event = |seq| {
            let version = Version { epoch: 1, seq };
            Dispatch::new(Origin::default(), version, "X", "")
        };
        let mut handled = Handled::default();
        for seq in 0..=u64::try_from(REMEMBERED).unwrap() {
            handled.remember(&event(seq));
            handled.remember(&event(seq));
        }
        assert!(!handled.knows(&event(0)) && handled.knows(&event(1)));
        assert_eq!(
            (handled.order.len(), handled.known.len()),
            (REMEMBERED, REMEMBERED)
        );
        let posted = Dispatch::new(Origin::Http, Version::default(), "X", "");
        handled.remember(&posted);
        assert!(!handled.knows(&posted));
    }
}
