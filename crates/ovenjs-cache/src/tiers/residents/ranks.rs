//! What is worth more than the rest, and what is worth less.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hash},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use moka::sync::Cache;

use super::{
    ResidentsConfig,
    houses::{Ledger, Seat, house},
};
use crate::tiers::{choice::Policy, lock};

/// What a value in memory is worth beside the others of its keyspace.
///
/// It is remembered as long as the value is in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// The first that leave where there is no room, the oldest of them first: what was fetched in passing.
    Low,
    /// As the keyspace evicts.
    #[default]
    Normal,
    /// In a quarter of the memory that is set apart for such values as soon as there is one, and where the one that
    /// was not read for longest leaves: so nothing else pushes them out, and they push out nothing else. What does
    /// not fit into that quarter by itself is as any other.
    High,
}

/// The values of both ends.
pub(super) struct Ranks<K, V, S> {
    high: OnceLock<High<K, V, S>>,
    /// The keys of low values with their stamps, in the order in which they came.
    low: Mutex<VecDeque<(K, u64)>>,
    /// So that nobody takes the lock where there are none.
    has_low: AtomicBool,
}

/// The house of high values.
pub(super) struct High<K, V, S> {
    cache: Cache<K, Arc<Seat<V>>, S>,
    ledger: Arc<Ledger<K>>,
    bound: u64,
}

/// What high values are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HighStats {
    pub(super) entries: u64,
    pub(super) weight: u64,
    pub(super) evicted: u64,
}

impl<K, V, S> Ranks<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    pub(super) const fn new() -> Self {
        Self {
            high: OnceLock::new(),
            low: Mutex::new(VecDeque::new()),
            has_low: AtomicBool::new(false),
        }
    }

    /// Makes the house of high values, where there is none yet; whether there was none.
    pub(super) fn open(&self, config: &ResidentsConfig, hasher: &S) -> bool {
        let mut is_new = false;
        self.high.get_or_init(|| {
            is_new = true;
            let ledger = Arc::new(Ledger {
                held: AtomicU64::new(0),
                entries: AtomicU64::new(0),
                evicted: AtomicU64::new(0),
                model: None,
            });
            let bound = part(config.bound);
            let cache = house(Some(bound), config.is_counted, Policy::Lru, hasher, &ledger);
            High {
                cache,
                ledger,
                bound,
            }
        });
        is_new
    }

    pub(super) fn high(&self) -> Option<&High<K, V, S>> {
        self.high.get()
    }

    /// Where a value of this priority and weight goes, if it is to be set apart.
    pub(super) fn high_for(
        &self,
        priority: Priority,
        weight: u64,
        bound: u64,
    ) -> Option<&High<K, V, S>> {
        let high = self.high.get()?;
        (priority == Priority::High && weight <= part(bound)).then_some(high)
    }

    /// What is left of a bound for the rest.
    pub(super) fn rest(&self, bound: u64) -> u64 {
        match self.high.get() {
            Some(high) => bound - high.bound,
            None => bound,
        }
    }

    pub(super) fn has(&self, key: &K) -> bool {
        let high = self.high.get();
        high.is_some_and(|high| high.cache.contains_key(key))
    }

    pub(super) fn seat(&self, key: &K) -> Option<Arc<Seat<V>>> {
        self.high.get()?.cache.get(key)
    }

    pub(super) fn remove(&self, key: &K) {
        if let Some(high) = self.high.get() {
            high.cache.invalidate(key);
        }
    }

    pub(super) fn push_low(&self, key: K, stamp: u64) {
        let mut low = lock(&self.low);
        if low.len() >= LOW_MAX {
            // It goes on as any other.
            low.pop_front();
        }
        low.push_back((key, stamp));
        self.has_low.store(true, Ordering::Relaxed);
    }

    pub(super) fn pop_low(&self) -> Option<(K, u64)> {
        if !self.has_low.load(Ordering::Relaxed) {
            return None;
        }
        let mut low = lock(&self.low);
        let first = low.pop_front();
        self.has_low.store(!low.is_empty(), Ordering::Relaxed);
        first
    }

    pub(super) fn stats(&self) -> HighStats {
        self.high
            .get()
            .map_or_else(HighStats::default, |high| HighStats {
                entries: high.ledger.entries.load(Ordering::Relaxed),
                weight: high.ledger.held.load(Ordering::Relaxed),
                evicted: high.ledger.evicted.load(Ordering::Relaxed),
            })
    }
}

impl<K, V, S> High<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    pub(super) const fn cache(&self) -> &Cache<K, Arc<Seat<V>>, S> {
        &self.cache
    }

    pub(super) fn put(&self, key: K, seat: Arc<Seat<V>>) {
        let weight = seat.weight;
        self.ledger.entries.fetch_add(1, Ordering::Relaxed);
        let held = self.ledger.held.fetch_add(weight, Ordering::Relaxed) + weight;
        self.cache.insert(key, seat);
        if held > self.bound + self.bound / super::SLACK {
            self.cache.run_pending_tasks();
        }
    }
}

/// The part of a bound that is set apart.
pub(super) const fn part(bound: u64) -> u64 {
    bound / 4
}

/// So many low values are remembered to be such; at some 40 bytes each, 2.6 MB.
const LOW_MAX: usize = 65_536;
