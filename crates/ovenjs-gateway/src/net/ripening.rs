//! What a shard of a new generation has heard waits a moment for the old generation to bring it.

use std::time::{Duration, Instant};

/// What a shard of the new generation has heard lies in its backlog for [`RIPE_AFTER`] at least and twice
/// that at most, and then is ripe: the old generation, where it is not further behind, has brought it.
#[derive(Debug, Default)]
pub(super) struct Ripening {
    ripens: bool,
    /// How many at the front of the backlog are ripe.
    ripe: usize,
    /// How many behind them will be, and when.
    unripe: usize,
    due: Option<Instant>,
}

impl Ripening {
    /// Looks at a backlog of this length.
    pub(super) fn look(&mut self, now: Instant, backlog: usize, ripens: bool) {
        if !ripens {
            if self.ripens {
                *self = Self::default();
            }
            return;
        }
        self.ripens = true;
        if self.due.is_some_and(|due| now >= due) {
            self.ripe += std::mem::take(&mut self.unripe);
            self.due = None;
        }
        // It is shorter where a session was lost.
        self.ripe = self.ripe.min(backlog);
        if self.due.is_none() && backlog > self.ripe {
            self.unripe = backlog - self.ripe;
            self.due = Some(now + RIPE_AFTER);
        }
    }

    /// How many of those that could go are ripe.
    pub(super) fn of(&self, deliverable: usize) -> usize {
        match self.ripens {
            true => deliverable.min(self.ripe),
            false => deliverable,
        }
    }

    /// So many have gone.
    pub(super) const fn gone(&mut self, count: usize) {
        self.ripe = self.ripe.saturating_sub(count);
    }

    /// When to look again.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// Two connections of one bot are some hundred milliseconds apart at most, as long as both are well.
/// Nobody waits for it: the old connection brings the same without it.
const RIPE_AFTER: Duration = Duration::from_millis(500);
