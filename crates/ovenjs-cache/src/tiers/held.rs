//! A record as it is in memory: its value is one, and no longer bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Body, Codec, CodecError, FOREVER_MS, Priority, Record, SEQUENCES_A_MS, SKEW_MS, Tag, Version,
};

/// What memory holds under a key.
#[derive(Debug)]
pub(crate) struct Held<V> {
    pub(crate) version: Version,
    pub(crate) state: State<V>,
    pub(crate) soft_ms: u64,
    pub(crate) hard_ms: u64,
    pub(crate) tags: Box<[(Tag, u64)]>,
    /// Up to where the log of others' writes had been heard when this was asked for.
    pub(crate) stamp: AtomicU64,
    /// Until when it is believed without asking the next store.
    lent_ms: AtomicU64,
    /// Before this nobody needs to ask whether others have written.
    asked_again_ms: AtomicU64,
    /// What it is worth, where somebody said so.
    pub(crate) priority: Option<Priority>,
    was_read: AtomicBool,
}

/// What a thing is.
#[derive(Debug)]
pub(crate) enum State<V> {
    Value(Arc<V>),
    Gone,
    Absent,
}

/// What a reader makes of it.
#[derive(Debug)]
pub(crate) enum Look<V> {
    /// This is so; nothing where the thing is known not to be.
    Fresh(Option<Arc<V>>),
    /// This was so until lately: it may be given out while it is loaded anew.
    Stale(Arc<V>),
    /// Somebody else has to be asked.
    Missing,
}

impl<V> Held<V> {
    pub(crate) fn of_record(
        record: &Record,
        codec: &dyn Codec<V>,
        stamp: u64,
    ) -> Result<Self, CodecError> {
        let state = match &record.body {
            Body::Value(bytes) => State::Value(Arc::new(codec.decode(bytes)?)),
            Body::Gone => State::Gone,
            Body::Absent => State::Absent,
        };
        Ok(Self::new(record, state, stamp))
    }

    /// A record whose value is at hand.
    pub(crate) fn new(record: &Record, state: State<V>, stamp: u64) -> Self {
        Self {
            version: record.version,
            state,
            soft_ms: record.soft_ms,
            hard_ms: record.hard_ms,
            tags: record.tags.as_slice().into(),
            stamp: AtomicU64::new(stamp),
            lent_ms: AtomicU64::new(record.lent_ms),
            asked_again_ms: AtomicU64::new(record.soft_ms),
            priority: None,
            was_read: AtomicBool::new(false),
        }
    }

    /// It is believed until then, since the store that should be asked is away.
    pub(crate) fn lend(&self, until_ms: u64) {
        self.lent_ms.fetch_max(until_ms, Ordering::Relaxed);
    }

    /// Whether it is this one's turn to ask whether others have written something newer.
    pub(crate) fn is_to_ask(&self, now_ms: u64) -> bool {
        let at = self.asked_again_ms.load(Ordering::Relaxed);
        let next = now_ms.saturating_add(ASKED_AGAIN_MS);
        now_ms >= at
            && self
                .asked_again_ms
                .compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The stores have said what they know: before this nobody needs to ask them again.
    pub(crate) fn was_asked(&self, again_ms: u64) {
        self.asked_again_ms.fetch_max(again_ms, Ordering::Relaxed);
    }

    /// The same, and worth so much.
    pub(crate) fn worth(mut self, priority: Option<Priority>) -> Self {
        self.priority = priority;
        self
    }

    /// Somebody asked for it; whether that was the first.
    pub(crate) fn note_read(&self) -> bool {
        // Most come after the first, and writing would take the line from other processors.
        let is_first = !self.was_read();
        if is_first {
            self.was_read.store(true, Ordering::Relaxed);
        }
        is_first
    }

    /// Whether somebody asked for it since it came.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Ordering::Relaxed)
    }

    /// What a reader makes of it at this time, where its tags are as they were or are not.
    pub(crate) fn look(&self, now_ms: u64, are_tags_current: bool) -> Look<V> {
        if now_ms >= self.hard_ms {
            return Look::Missing;
        }
        match &self.state {
            // What was deleted is so, whatever becomes of what it was made of.
            State::Gone if now_ms < self.soft_ms => Look::Fresh(None),
            // Nobody says so any more, and what is older than it does not come back.
            State::Gone => Look::Missing,
            _ if !are_tags_current || now_ms >= self.lent_ms.load(Ordering::Relaxed) => {
                Look::Missing
            }
            State::Absent if now_ms < self.soft_ms => Look::Fresh(None),
            State::Absent => Look::Missing,
            State::Value(value) if now_ms < self.soft_ms => Look::Fresh(Some(Arc::clone(value))),
            State::Value(value) => Look::Stale(Arc::clone(value)),
        }
    }
}

/// Whether a record may take the place of the one that is held, if there is one.
pub(crate) fn may_take(held: Option<(&Version, u64)>, version: &Version, now_ms: u64) -> bool {
    held.is_none_or(|(held, hard_ms)| now_ms >= hard_ms || version.may_replace(held))
}

/// The version of what was loaded, if this was the newest that was known when the load began: so that it
/// takes that one's place, and that of what was put before without having been heard of, unless somebody has written
/// since. By the clock that is known up to what clocks are apart. What the gateway told is not replaced.
pub(crate) fn loaded_after(newest: Option<Version>, began_ms: u64) -> Version {
    match newest {
        Some(newest) if newest.source == 0 && newest.epoch > 0 => Version {
            sequence: (began_ms.saturating_sub(SKEW_MS) << SEQUENCES_A_MS)
                .max(newest.sequence.saturating_add(1)),
            ..newest
        },
        Some(newest) if newest.epoch == 0 => {
            Version::loaded(began_ms.max(newest.sequence.saturating_add(1)))
        }
        _ => Version::loaded(began_ms),
    }
}

/// A copy for the second tier of what the third has or is about to have. The second forgets, and whoever writes to it
/// then, late or without having heard of it, is contradicted by nobody: so the copy is believed for a while, and then
/// the third is asked.
pub(crate) fn lent(record: &Record, now_ms: u64, lent: Duration) -> Record {
    let lent = u64::try_from(lent.as_millis()).unwrap_or(u64::MAX);
    Record {
        lent_ms: now_ms.saturating_add(lent).min(FOREVER_MS),
        ..record.clone()
    }
}

/// How long it is believed on where the store that should be asked is away, and how often at most it is asked
/// whether others have written.
pub(crate) const ASKED_AGAIN_MS: u64 = 1_000;

/// A lifetime, longer or shorter by up to a tenth, so that what was put together is not loaded together.
/// `fraction` is of `0.0..1.0`.
pub(crate) fn jittered(lifetime: Duration, fraction: f64) -> u64 {
    let lifetime = lifetime.min(Duration::from_millis(FOREVER_MS));
    let lifetime = lifetime.mul_f64(0.9 + 0.2 * fraction.clamp(0.0, 1.0));
    u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: Version = Version {
        source: 0,
        epoch: 3,
        sequence: 7,
    };

    #[test]
    fn a_load_replaces_what_it_saw_and_nothing_newer() {
        let loaded = loaded_after(Some(WRITTEN), 50);
        assert!(loaded.may_replace(&WRITTEN));
        let written_since = Version {
            sequence: 1_000,
            ..WRITTEN
        };
        assert!(!loaded.may_replace(&written_since));
        let unheard = Version {
            sequence: 8_999 << SEQUENCES_A_MS,
            ..WRITTEN
        };
        let put_since = Version {
            sequence: (9_000 << SEQUENCES_A_MS) + 1,
            ..WRITTEN
        };
        let loaded = loaded_after(Some(WRITTEN), 10_000);
        assert!(loaded.may_replace(&unheard) && put_since.may_replace(&loaded));
        let of_shard = Version {
            source: 4,
            ..WRITTEN
        };
        assert!(!loaded_after(Some(of_shard), 50).may_replace(&of_shard));
        let before = Version::loaded(60);
        assert!(
            loaded_after(Some(before), 50).may_replace(&before),
            "clocks may go back"
        );
    }

    #[test]
    fn a_reader_is_given_what_is_so() {
        let held = |state, soft_ms| Held {
            version: WRITTEN,
            state,
            soft_ms,
            hard_ms: 100,
            tags: Box::default(),
            stamp: AtomicU64::new(0),
            lent_ms: AtomicU64::new(90),
            asked_again_ms: AtomicU64::new(soft_ms),
            priority: None,
            was_read: AtomicBool::new(false),
        };
        let value = held(State::Value(Arc::new(1)), 50);
        assert!(matches!(value.look(49, true), Look::Fresh(Some(_))));
        assert!(matches!(value.look(50, true), Look::Stale(_)));
        assert!(matches!(value.look(10, false), Look::Missing));
        assert!(matches!(value.look(89, true), Look::Stale(_)));
        assert!(matches!(value.look(90, true), Look::Missing));
        value.lend(95);
        assert!(matches!(value.look(94, true), Look::Stale(_)));
        assert!(matches!(value.look(100, true), Look::Missing));
        assert!(matches!(
            held(State::<u8>::Gone, 50).look(49, false),
            Look::Fresh(None)
        ));
        assert!(matches!(
            held(State::<u8>::Gone, 50).look(50, true),
            Look::Missing
        ));
        assert!(matches!(
            held(State::<u8>::Absent, 50).look(49, true),
            Look::Fresh(None)
        ));
        assert!(matches!(
            held(State::<u8>::Absent, 50).look(50, true),
            Look::Missing
        ));
    }

    #[test]
    fn one_asks_where_it_is_no_longer_fresh_and_then_nobody_for_a_second() {
        let record = Record {
            version: WRITTEN,
            body: Body::Absent,
            soft_ms: 50,
            hard_ms: FOREVER_MS,
            lent_ms: FOREVER_MS,
            tags: Vec::new(),
        };
        let held = Held::<u8>::new(&record, State::Absent, 0);
        assert!(!held.is_to_ask(49));
        assert!(held.is_to_ask(50) && !held.is_to_ask(50));
        assert!(!held.is_to_ask(1_049) && held.is_to_ask(1_050));
        held.was_asked(9_000);
        assert!(!held.is_to_ask(8_999) && held.is_to_ask(9_000));
    }

    #[test]
    fn lifetimes_stray_by_a_tenth() {
        let minute = Duration::from_secs(60);
        assert_eq!(jittered(minute, 0.0), 54_000);
        assert_eq!(jittered(minute, 1.0), 66_000);
        assert!(
            jittered(Duration::MAX, 1.0) > FOREVER_MS,
            "for ever is none"
        );
    }
}
