//! Following the log of other processes' writes.
//!
//! The rules are here: what is to be heard next, and what that makes of what is in memory. Who asks the store
//! and wakes whom is `log/follow.rs`; what an entry does to one keyspace's memory, `keyspace/heard.rs`.
//!
//! Three counts carry it. *Heard* grows with each entry. What comes into memory bears the count of the moment
//! before its store was asked, its stamp. *Gap* is the count at which the last entries were missed: whatever has
//! an earlier stamp is to be asked for again, version by version, when it is read. And of each key it is known,
//! up to confusion with others, at which count it was last told of: what was on its way from the store meanwhile
//! is asked for again too.

mod follow;

use std::{
    fmt,
    hash::{BuildHasher as _, Hash},
    sync::{
        Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::{Heard, Key, Place, Space, Span, Told, Version, lock};

/// Where one is in the log.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    place: Option<Place>,
    failed: u32,
}

/// What follows from an answer of the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) told: Vec<Told>,
    /// Something may have been missed before this moment, and nothing will be from now on.
    pub(crate) is_gap: bool,
}

impl Follower {
    /// After what to listen; nothing where the end of the log is to be found first.
    pub(crate) const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Takes what the log answered, or that it did not.
    pub(crate) fn handle(&mut self, answer: Option<Heard>) -> News {
        let Some(heard) = answer else {
            // The place stays: what is told meanwhile is heard then.
            self.failed = self.failed.saturating_add(1);
            return News::default();
        };
        self.failed = 0;
        let was_lost = self.place.is_none();
        self.place = heard.next;
        News {
            told: heard.told,
            is_gap: was_lost && self.place.is_some(),
        }
    }

    /// Whether nothing is missed as long as answers come.
    pub(crate) const fn follows(&self) -> bool {
        self.place.is_some() && self.failed == 0
    }

    /// How long to leave the log alone before it is asked again.
    pub(crate) fn pause(&self) -> Duration {
        match self.failed {
            0 => Duration::ZERO,
            failed => (PAUSE * failed).min(PAUSE_MAX),
        }
    }
}

/// What readers of memory know of the log.
pub(crate) struct Ear {
    began: Instant,
    heard: AtomicU64,
    gap: AtomicU64,
    /// Milliseconds since it began until which nothing is missed.
    until: AtomicU64,
    told: Box<[AtomicU64]>,
    hasher: DefaultHashBuilder,
    follower: tokio::sync::Mutex<Follower>,
    listeners: Mutex<HashMap<Space, Vec<Weak<dyn Listener>>>>,
    entries: AtomicU64,
    dropped: AtomicU64,
    gaps: AtomicU64,
}

/// A keyspace's memory.
pub(crate) trait Listener: Send + Sync {
    /// These keys have these versions, and are over then; how many of them it held an older one of.
    fn written(self: std::sync::Arc<Self>, written: &[(&Key, Version, u64)]) -> usize;

    /// A store has this version of what was to be written to it; whether it is newer than all that is known here.
    fn overtaken(&self, key: &Key, newer: Version) -> bool;

    /// Whether its values are written to the second tier.
    fn is_in_second(&self) -> bool;

    /// These were erased.
    fn erased(&self, span: &Span, pattern: Option<&[u8]>);
}

impl Ear {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            began: now,
            heard: AtomicU64::new(0),
            gap: AtomicU64::new(0),
            until: AtomicU64::new(0),
            told: (0..TOLD).map(|_| AtomicU64::new(0)).collect(),
            hasher: DefaultHashBuilder::default(),
            follower: tokio::sync::Mutex::default(),
            listeners: Mutex::default(),
            entries: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
        }
    }

    /// That of what comes into memory, if a store is asked for it after this.
    pub(crate) fn stamp(&self) -> u64 {
        self.heard.load(Ordering::SeqCst)
    }

    /// Whether nothing was missed since the stamp.
    pub(crate) fn is_whole(&self, stamp: u64) -> bool {
        stamp >= self.gap.load(Ordering::SeqCst)
    }

    /// Whether this may have been told of since the stamp.
    pub(crate) fn was_told_since(&self, of: &impl Hash, stamp: u64) -> bool {
        self.place(of)
            .is_some_and(|told| told.load(Ordering::SeqCst) > stamp)
    }

    /// This was told of, and what follows from it is not done yet.
    pub(crate) fn note(&self, of: &impl Hash) -> u64 {
        let count = self.heard.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(told) = self.place(of) {
            told.fetch_max(count, Ordering::SeqCst);
        }
        count
    }

    /// Something was missed before this moment.
    pub(crate) fn note_gap(&self) {
        let count = self.heard.fetch_add(1, Ordering::SeqCst) + 1;
        self.gap.fetch_max(count, Ordering::SeqCst);
        self.gaps.fetch_add(1, Ordering::Relaxed);
    }

    /// So many entries were heard.
    pub(crate) fn note_entries(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.entries.fetch_add(count, Ordering::Relaxed);
    }

    /// So many values left memory, since others have written newer ones.
    pub(crate) fn note_dropped(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// An answer came which was asked for at `asked`, and whether the log is followed.
    pub(crate) fn answered(&self, asked: Instant, follows: bool) {
        let until = if follows {
            self.millis(asked).saturating_add(CURRENT_MS)
        } else {
            0
        };
        self.until.store(until, Ordering::SeqCst);
    }

    /// Whether what others write is heard at present.
    pub(crate) fn is_current(&self, now: Instant) -> bool {
        self.millis(now) < self.until.load(Ordering::SeqCst)
    }

    /// Lets a memory hear what is told of its space.
    pub(crate) fn add(&self, space: &Space, listener: Weak<dyn Listener>) {
        let mut listeners = lock(&self.listeners);
        let of_space = listeners.entry_ref(space).or_default();
        of_space.retain(|listener| listener.strong_count() > 0);
        of_space.push(listener);
    }

    pub(crate) fn stats(&self, now: Instant) -> LogStats {
        LogStats {
            is_current: self.is_current(now),
            entries: self.entries.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            gaps: self.gaps.load(Ordering::Relaxed),
        }
    }

    fn place(&self, of: &impl Hash) -> Option<&AtomicU64> {
        let place = usize::try_from(self.hasher.hash_one(of) >> 40).unwrap_or_default();
        self.told.get(place % TOLD)
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear")
            .field("heard", &self.heard)
            .field("gap", &self.gap)
            .finish_non_exhaustive()
    }
}

/// What was heard of other processes' writes, and of one's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStats {
    /// Whether it is followed at present: what others write is seen within milliseconds then.
    pub is_current: bool,
    /// Entries that were heard.
    pub entries: u64,
    /// Values that left memory, since somebody else had written newer ones.
    pub dropped: u64,
    /// How often entries may have been missed, the beginning included: all of memory is asked for again then, each
    /// value when it is read.
    pub gaps: u64,
}

/// For so long after an answer was asked for it is taken that the log is followed. What other processes see
/// is as old as this at most, where a server froze.
const CURRENT_MS: u64 = 1_000;

/// How long the log is waited for when nothing is told: twice within [`CURRENT_MS`].
const HOLD: Duration = Duration::from_millis(400);

/// How much longer than that an answer may take.
const LATE: Duration = Duration::from_millis(600);

/// How long the log is left alone after it did not answer, and at most.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How many keys and tags it is known of when they were told of: as many as are told within the milliseconds
/// that a store takes, many times over. 32 KB.
const TOLD: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_beginning_and_what_was_cut_off_are_gaps_and_failures_are_not() {
        let mut follower = Follower::default();
        assert_eq!(follower.place(), None);
        assert!(
            follower.handle(at(Some("1"))).is_gap,
            "nobody listened before"
        );
        assert!(!follower.handle(at(Some("2"))).is_gap);
        assert!(follower.follows());
        assert!(!follower.handle(None).is_gap);
        assert!(!follower.follows() && follower.pause() == PAUSE);
        assert_eq!(
            follower.place(),
            Some(&Place(Bytes::from("2"))),
            "it replays from there"
        );
        assert!(!follower.handle(at(Some("9"))).is_gap);
        assert!(follower.pause().is_zero());
        // Only when there is a place again it is sure that nothing more is missed.
        assert!(!follower.handle(at(None)).is_gap);
        assert!(!follower.follows());
        assert!(!follower.handle(None).is_gap);
        assert!(follower.handle(at(Some("20"))).is_gap);
    }

    #[test]
    fn what_came_before_a_gap_or_was_on_its_way_is_asked_for_again() {
        let ear = Ear::new(beginning());
        let before = ear.stamp();
        assert!(
            ear.is_whole(before),
            "nobody listens yet, and that is as before"
        );
        ear.note_gap();
        assert!(!ear.is_whole(before));
        let after = ear.stamp();
        assert!(ear.is_whole(after) && !ear.was_told_since(&"rye", after));
        ear.note(&"rye");
        assert!(ear.was_told_since(&"rye", after));
        assert!(!ear.was_told_since(&"rye", ear.stamp()));
        assert!(ear.is_whole(after), "an entry is no gap");
    }

    #[test]
    fn who_heard_nothing_for_a_second_is_not_current() {
        let now = beginning();
        let ear = Ear::new(now);
        assert!(!ear.is_current(now));
        let asked = now + Duration::from_secs(5);
        ear.answered(asked, true);
        assert!(ear.is_current(asked + Duration::from_millis(999)));
        assert!(!ear.is_current(asked + Duration::from_secs(1)));
        ear.answered(asked, false);
        assert!(!ear.is_current(asked));
    }

    fn at(next: Option<&'static str>) -> Option<Heard> {
        Some(Heard {
            told: Vec::new(),
            next: next.map(|next| Place(Bytes::from(next))),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
    fn beginning() -> Instant {
        Instant::now()
    }
}
