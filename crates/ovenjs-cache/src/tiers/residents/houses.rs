//! moka's instances, and what is counted as things come and go.

use std::{
    hash::{BuildHasher, Hash},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};

use super::Priority;
use crate::tiers::{
    choice::Policy,
    foretelling::{Foretelling, Source},
    lock,
};

/// moka's instances: the present one, and the former one until it is empty.
pub(super) struct Houses<K, V, S> {
    pub(super) policy: Policy,
    pub(super) now: Cache<K, Arc<Seat<V>>, S>,
    pub(super) before: Option<Before<K, V, S>>,
}

/// An instance whose policy is not wanted any more. What is read moves over; the rest makes room.
pub(super) struct Before<K, V, S> {
    pub(super) cache: Cache<K, Arc<Seat<V>>, S>,
    pub(super) rest: Mutex<Vec<Arc<K>>>,
}

/// A value, and what is known of it.
pub(super) struct Seat<V> {
    pub(super) value: V,
    pub(super) weight: u64,
    pub(super) stamp: u64,
    pub(super) priority: Priority,
    /// Who foretold it, until it is read; see [`Source::to_bits`].
    pub(super) source: AtomicU64,
}

/// What is counted as things come and go, also from within moka.
pub(super) struct Ledger<K> {
    pub(super) held: AtomicU64,
    pub(super) entries: AtomicU64,
    pub(super) evicted: AtomicU64,
    pub(super) model: Option<Mutex<Foretelling<K>>>,
}

impl<K: Clone + Eq> Ledger<K> {
    fn left<V>(&self, seat: &Seat<V>, cause: RemovalCause, policy: Policy) {
        self.held.fetch_sub(seat.weight, Ordering::Relaxed);
        self.entries.fetch_sub(1, Ordering::Relaxed);
        if cause == RemovalCause::Size {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        let Some(source) = Source::from_bits(seat.source.swap(0, Ordering::Relaxed)) else {
            return;
        };
        // By frequency, what was never read is refused, however likely it is to be read.
        if policy == Policy::TinyLfu && cause == RemovalCause::Size {
            if let Some(model) = &self.model {
                lock(model).refused();
            }
        } else {
            self.settle(source, false);
        }
    }

    pub(super) fn settle(&self, source: Source, was_used: bool) {
        if let Some(model) = &self.model {
            lock(model).settle(source, was_used);
        }
    }
}

impl<K, V, S> Houses<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    pub(super) fn seat(&self, key: &K) -> Option<Arc<Seat<V>>> {
        let before = || self.before.as_ref()?.cache.get(key);
        self.now.get(key).or_else(before)
    }
}

impl<K, V, S> Before<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    pub(super) fn empty(self) {
        let rest = self
            .rest
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for key in rest {
            self.cache.invalidate(&*key);
        }
    }
}

pub(super) fn house<K, V, S>(
    bound: Option<u64>,
    is_counted: bool,
    policy: Policy,
    hasher: &S,
    ledger: &Arc<Ledger<K>>,
) -> Cache<K, Arc<Seat<V>>, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    let ledger = Arc::clone(ledger);
    let evicting = match policy {
        Policy::Lru => EvictionPolicy::lru(),
        Policy::TinyLfu => EvictionPolicy::tiny_lfu(),
    };
    let mut house = Cache::builder()
        .eviction_policy(evicting)
        .eviction_listener(move |_, seat: Arc<Seat<V>>, cause| ledger.left(&seat, cause, policy));
    if !is_counted {
        house =
            house.weigher(|_, seat: &Arc<Seat<V>>| u32::try_from(seat.weight).unwrap_or(u32::MAX));
    }
    if let Some(bound) = bound {
        house = house.max_capacity(bound);
    }
    house.build_with_hasher(hasher.clone())
}
