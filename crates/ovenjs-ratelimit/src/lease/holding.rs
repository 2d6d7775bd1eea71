//! What a process has of one bucket.

use crate::{
    clock::{Clock, Local},
    stint::Stint,
};

/// A bucket that the process uses.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// What our own answers told; nought where they told nothing.
    pub(super) own: Measure,
    /// What the cell says.
    pub(super) shared: Measure,
    pub(super) places: u32,
    /// Nobody else has a part in it: its own rules are enough.
    pub(super) is_alone: bool,
    pub(super) stint: Stint,
    pub(super) is_queued: bool,
    pub(super) is_returning: bool,
    pub(super) starved_at: Option<Local>,
    pub(super) used_at: Local,
    pub(super) written_at: Option<Local>,
    /// The board's name when it was last written.
    pub(super) born_ms: u64,
}

/// What is known of a bucket's limit; nought where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) limit: u32,
    /// The longest time to a reset that was told.
    pub(crate) period: i64,
    /// If places come back one by one, at most this is the time in which all do.
    pub(crate) refill: i64,
    /// Answers come without limits: a request needs no place.
    pub(crate) is_free: bool,
}

impl Holding {
    /// Takes in what our own answers told.
    pub(super) fn learn(&mut self, measure: Measure) {
        if measure.limit > 0 || measure.is_free || self.own.is_free {
            self.own = measure;
        }
        if measure.is_free {
            self.starved_at = None;
        }
    }

    /// Whether requests need no place: our own answers held no limit, and nobody else was told of one.
    pub(super) const fn is_free(&self) -> bool {
        self.own.is_free && self.shared.period == 0 && self.shared.refill == 0
    }

    /// Places that a window may still count.
    pub(super) fn held(&mut self, now: Local, clock: &Clock) -> u32 {
        if self.is_free() {
            return 0;
        }
        let length = self.length();
        self.stint.held(now, clock, length)
    }

    /// How many places it has without a lease, and when it has more: who had the rest may use it for a while
    /// yet.
    pub(super) fn unleased(
        &self,
        now: Local,
        lapsed_at: Local,
        fraction: u32,
    ) -> (u32, Option<Local>) {
        let calm = lapsed_at.saturating_add(CALM + self.length());
        if now < calm && self.places < fraction {
            (self.places, Some(calm))
        } else {
            (fraction, None)
        }
    }

    /// The stretch in which no more arrive than there are places.
    pub(super) fn length(&self) -> i64 {
        let period = self.own.period.max(self.shared.period);
        let refills = [self.own.refill, self.shared.refill].into_iter();
        let refill = refills.filter(|refill| *refill > 0).min().unwrap_or(0);
        let told = period.max(refill);
        if told > 0 { told } else { PERIOD_UNSAID }
    }

    pub(super) fn known_limit(&self) -> u32 {
        let own = self.own.limit;
        if own > 0 {
            own
        } else {
            self.shared.limit.max(1)
        }
    }

    /// Whether requests wait for a place: those that do ask again at the latest a window later.
    pub(super) fn is_hungry(&self, now: Local) -> bool {
        let since = self.starved_at.map(|at| now.saturating_sub(at));
        since.is_some_and(|since| since <= self.length().max(SECOND))
    }
}

/// A member's equal part of a bucket's limit, where nobody can be asked. What is left over by whole
/// numbers is given to those who come first for this bucket, in an order that all reckon alike.
pub(super) fn fraction(peers: &[u64], member: u64, cell: u64, limit: u32) -> u32 {
    let count = u32::try_from(peers.len()).unwrap_or(u32::MAX).max(1);
    let weight = |member: u64| (mix(member ^ mix(cell)), member);
    let own = weight(member);
    let before = peers.iter().filter(|peer| weight(**peer) > own).count();
    let before = u32::try_from(before).unwrap_or(u32::MAX);
    limit / count + u32::from(before < limit % count)
}

/// Spreads a number over all others of its size.
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// How much later than ours the leases of others may end where all lost the store at once, and their
/// last requests arrive.
const CALM: i64 = 4 * SECOND;

/// Assumed of a bucket of which nothing is known.
pub(super) const PERIOD_UNSAID: i64 = 5 * SECOND;

const SECOND: i64 = 1_000_000;
