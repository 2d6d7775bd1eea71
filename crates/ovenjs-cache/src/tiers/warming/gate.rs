//! Whether it pays to move something.

use super::Moved;

/// Whether it pays to move something for one reason.
#[derive(Debug)]
pub(super) struct Gate {
    /// How much of what was moved was worth it, as a moving average.
    worth: f32,
    /// How many more are let through before something is known of those that were.
    ahead: u64,
    pub(super) moved: Moved,
}

impl Gate {
    /// One that lets so many through before anything is known of them.
    pub(super) const fn new(ahead: u64) -> Self {
        Self {
            worth: 1.0,
            ahead,
            moved: Moved {
                moved: 0,
                used: 0,
                wasted: 0,
                held_back: 0,
            },
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.worth >= WORTH_MIN
    }

    /// Whether so little is under way that one more may be.
    pub(super) const fn has_room(&self) -> bool {
        self.ahead > 0
    }

    /// Whether to move one more. While it does not pay, one in [`PROBE_EVERY`] is, so that better times are noticed; and
    /// none, where too little is known yet of what was moved.
    pub(super) fn pays(&mut self) -> bool {
        let is_due = self.is_open() || (self.moved.held_back + 1).is_multiple_of(PROBE_EVERY);
        let pays = is_due && self.has_room();
        if pays {
            self.ahead -= 1;
        }
        if !pays || !self.is_open() {
            self.moved.held_back += 1;
        }
        pays
    }

    /// Something else makes better times likely: it is open again.
    pub(super) const fn reopen(&mut self) {
        self.worth = 1.0;
    }

    /// What was let through was not moved.
    pub(super) const fn was_nothing(&mut self) {
        self.ahead += 1;
    }

    pub(super) const fn moved(&mut self) {
        self.moved.moved += 1;
    }

    pub(super) fn settle(&mut self, was_worth_it: bool) {
        let told = if was_worth_it { 1.0 } else { 0.0 };
        self.worth += (told - self.worth) / WORTH_MEMORY;
        // Each that was worth it lets two others through, and each that was not its successor.
        self.ahead += 1;
        if was_worth_it {
            self.moved.used += 1;
            self.ahead = (self.ahead + 1).min(AHEAD_MAX);
        } else {
            self.moved.wasted += 1;
        }
    }
}

/// A reason moves nothing but probes where less than this of what it moved was worth it.
const WORTH_MIN: f32 = 0.8;

/// It remembers some hundred, so that chance alone seldom closes it.
const WORTH_MEMORY: f32 = 128.0;

/// One in so many is moved where it does not pay.
const PROBE_EVERY: u64 = 16;

/// How many values one reason moves at most beyond those that something is known of.
const AHEAD_MAX: u64 = 1_024;
