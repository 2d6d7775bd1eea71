//! The hot tier: a copy of the youngest entries. A port, one in the process itself, and one in a Redis.

#[cfg(feature = "redis")]
mod redis;

use std::{
    collections::BTreeMap,
    fmt,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Class, Entry, EntryId, Erasure};
use crate::tiers::Asked;
#[cfg(feature = "redis")]
pub use redis::RedisHot;

/// What has the youngest entries at hand. It may forget any of them at any time.
///
/// # Errors
///
/// Every call: [`StoreFault`](crate::tiers::StoreFault) says what to do.
pub trait Hot: fmt::Debug + Send + Sync {
    /// Keeps each entry until it is this old, and the youngest `max` of the class. Forgets what is over, also where
    /// there are no entries to keep.
    fn put<'a>(
        &'a self,
        now_ms: u64,
        class: &'a Class,
        entries: &'a [Entry],
        age_ms: u64,
        max: u64,
    ) -> Asked<'a, ()>;

    /// The entry, if it is there.
    fn find<'a>(&'a self, class: &'a Class, id: EntryId) -> Asked<'a, Option<Entry>>;

    /// Forgets what the erasure covers; how many entries those were.
    fn erase<'a>(&'a self, class: &'a Class, erasure: &'a Erasure) -> Asked<'a, u64>;

    /// How many entries the erasure covers.
    fn covered<'a>(&'a self, class: &'a Class, erasure: &'a Erasure) -> Asked<'a, u64>;

    /// What it has of the class.
    fn held<'a>(&'a self, class: &'a Class) -> Asked<'a, HotHeld>;
}

/// What a hot tier has of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HotHeld {
    /// How many entries.
    pub entries: u64,
    /// How many bytes those have.
    pub bytes: u64,
    /// When the oldest happened.
    pub oldest_ms: Option<u64>,
}

/// A [`Hot`] in the process itself, for tests and for bots without a Redis. It forgets what is
/// over as entries come, and with each [run](super::Retention::run).
#[derive(Default)]
pub struct MemoryHot(Mutex<BTreeMap<Class, BTreeMap<EntryId, Entry>>>);

impl MemoryHot {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn classes(&self) -> MutexGuard<'_, BTreeMap<Class, BTreeMap<EntryId, Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, class: &Class, erasure: &Erasure) -> u64 {
        let classes = self.classes();
        let held = classes.get(class).into_iter().flat_map(BTreeMap::values);
        number(held.filter(|entry| erasure.covers(entry)).count())
    }
}

impl Hot for MemoryHot {
    fn put<'a>(
        &'a self,
        now_ms: u64,
        class: &'a Class,
        entries: &'a [Entry],
        age_ms: u64,
        max: u64,
    ) -> Asked<'a, ()> {
        let mut classes = self.classes();
        let held = classes.entry(class.clone()).or_default();
        for entry in entries {
            held.entry(entry.id()).or_insert_with(|| entry.clone());
        }
        held.retain(|id, _| id.at_ms.saturating_add(age_ms) > now_ms);
        while number(held.len()) > max {
            held.pop_first();
        }
        Box::pin(ready(Ok(())))
    }

    fn find<'a>(&'a self, class: &'a Class, id: EntryId) -> Asked<'a, Option<Entry>> {
        let classes = self.classes();
        let found = classes.get(class).and_then(|held| held.get(&id)).cloned();
        Box::pin(ready(Ok(found)))
    }

    fn erase<'a>(&'a self, class: &'a Class, erasure: &'a Erasure) -> Asked<'a, u64> {
        let erased = self.count(class, erasure);
        if let Some(held) = self.classes().get_mut(class) {
            held.retain(|_, entry| !erasure.covers(entry));
        }
        Box::pin(ready(Ok(erased)))
    }

    fn covered<'a>(&'a self, class: &'a Class, erasure: &'a Erasure) -> Asked<'a, u64> {
        Box::pin(ready(Ok(self.count(class, erasure))))
    }

    fn held<'a>(&'a self, class: &'a Class) -> Asked<'a, HotHeld> {
        let classes = self.classes();
        let held = classes.get(class);
        let entries = || held.into_iter().flat_map(BTreeMap::values);
        let bytes: usize = entries().map(|entry| entry.to_bytes().len()).sum();
        Box::pin(ready(Ok(HotHeld {
            entries: number(entries().count()),
            bytes: number(bytes),
            oldest_ms: entries().next().map(|entry| entry.id().at_ms),
        })))
    }
}

impl fmt::Debug for MemoryHot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHot").finish_non_exhaustive()
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
