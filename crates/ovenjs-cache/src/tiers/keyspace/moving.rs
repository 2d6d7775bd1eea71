//! Carries out what the rules of warming say: what is brought up, let go and written down.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::{BATCH_MAX, Inner, stored::is_newer};
use crate::tiers::{
    Body, Foretold, GONE_KEPT, Key, KeyError, KeyspaceConfig, Record, Space, Version, WarmingStats,
    Writes, lock,
    moves::Moves,
    tiered::{Errand, Shared},
    warming::{Erased, Lowered, Memory, Mover, Task},
};

/// What a keyspace that is warmed has beside the others.
#[derive(Debug)]
pub(super) struct Moving {
    rules: Mutex<Mover>,
    /// Which reads are told: those whose mixed number has none of these bits.
    mask: AtomicU64,
    /// Under what the next process finds what it is to know, where that is kept at all.
    list: Option<Key>,
}

impl Moving {
    /// Nothing, where the keyspace is not to be warmed.
    pub(super) fn build(
        shared: &Shared,
        config: &KeyspaceConfig,
        space: &Space,
    ) -> Result<Option<Self>, KeyError> {
        let Some(warming) = &config.warming else {
            return Ok(None);
        };
        let is_in_second = shared.second.is_some() && config.second != Writes::Not;
        let is_in_third = shared.third.is_some() && config.third != Writes::Not;
        let id = format!("{}:{}", space.as_str(), warming.instance);
        let list = Key::new(&Space::new(LISTS, 1)?, 0, id)?;
        let list = (is_in_second || is_in_third).then_some(list);
        let rules = Mover::new(
            warming.clone(),
            shared.now_ms(),
            config.lent,
            is_in_second && is_in_third,
            list.is_none(),
        );
        Ok(Some(Self {
            rules: Mutex::new(rules),
            mask: AtomicU64::new(0),
            list,
        }))
    }

    /// A key was asked for, as the read with this number. Nobody waits for that to be noted.
    pub(super) fn asked(&self, number: u64, key: &Key) {
        if mixed(number) & self.mask.load(Ordering::Relaxed) == 0
            && let Ok(mut rules) = self.rules.try_lock()
        {
            rules.read(key);
        }
    }

    /// See [`Mover::was_read`].
    pub(super) fn was_read(&self, key: &Key, version: &Version) {
        lock(&self.rules).was_read(key, version);
    }

    /// See [`Mover::lifts`].
    pub(super) fn lifts(&self, key: &Key, now_ms: u64) -> bool {
        lock(&self.rules).lifts(key, now_ms)
    }

    /// See [`Mover::found_in_second`].
    pub(super) fn found_in_second(&self, key: &Key, now_ms: u64) {
        lock(&self.rules).found_in_second(key, now_ms);
    }

    /// See [`Mover::lent_again`].
    pub(super) fn lent_again(&self, key: &Key, now_ms: u64) {
        lock(&self.rules).lent_again(key, now_ms);
    }

    /// See [`Mover::wrote`].
    pub(super) fn wrote(&self, key: &Key, now_ms: u64) {
        lock(&self.rules).wrote(key, now_ms);
    }

    /// See [`Mover::heard`].
    pub(super) fn heard(&self, written: &[(&Key, Version, u64)], now_ms: u64) {
        let mut rules = lock(&self.rules);
        for (key, version, hard_ms) in written {
            rules.heard(key, version, *hard_ms, now_ms);
        }
    }

    /// See [`Mover::forget`].
    pub(super) fn forget(&self, erased: &Erased) {
        lock(&self.rules).forget(erased);
    }

    pub(super) fn stats(&self) -> WarmingStats {
        lock(&self.rules).stats()
    }
}

impl<V: Send + Sync + 'static> Moves for Inner<V> {
    fn due_ms(&self, now_ms: u64) -> u64 {
        let moving = self.moving.as_ref();
        moving.map_or(u64::MAX, |moving| lock(&moving.rules).due_ms(now_ms))
    }

    fn pass(self: Arc<Self>) -> Errand {
        Box::pin(async move { self.carry_out().await })
    }

    fn save(self: Arc<Self>) -> Errand {
        Box::pin(async move { self.write_down().await })
    }
}

impl<V: Send + Sync + 'static> Inner<V> {
    async fn carry_out(&self) {
        let Some(moving) = &self.moving else { return };
        loop {
            let task = {
                let residents = self.residents.stats();
                let memory = Memory {
                    has: &|key| self.residents.contains(key),
                    entries: residents.entries,
                    evicted: residents.evicted,
                    is_full: residents.weight.saturating_mul(10)
                        >= residents.bound.saturating_mul(9),
                };
                let mut rules = lock(&moving.rules);
                let task = rules.poll(self.shared.now_ms(), &memory);
                let mask = u64::from(rules.times()) - 1;
                moving.mask.store(mask, Ordering::Relaxed);
                task
            };
            match task {
                Some(Task::Restore) => self.restore(moving).await,
                Some(Task::Raise(keys)) => self.raise(moving, &keys).await,
                Some(Task::Lower(keys)) => self.lower(moving, &keys).await,
                Some(Task::Save) => self.write_down().await,
                None => break,
            }
        }
    }

    /// Where a store is away that may know more, it is asked again with the next pass.
    async fn restore(&self, moving: &Moving) {
        let Some(list) = &moving.list else { return };
        let (clock, now_ms) = (&*self.shared.clock, self.shared.now_ms());
        let (mut newest, mut is_away): (Option<Record>, bool) = (None, false);
        for (tier, _) in self.tiers().filter(|(_, writes)| *writes != Writes::Not) {
            match tier.read(clock, now_ms, list, None).await {
                Ok(Some(record)) => {
                    let is_newer = |newest: &Record| record.version.may_replace(&newest.version);
                    if newest.as_ref().is_none_or(is_newer) {
                        newest = Some(record);
                    }
                }
                Ok(None) => {}
                Err(_) => is_away = true,
            }
        }
        if newest.is_none() && is_away {
            return;
        }
        let left = newest.as_ref().and_then(|record| match &record.body {
            Body::Value(bytes) => Some(bytes),
            Body::Gone | Body::Absent => None,
        });
        lock(&moving.rules).restored(&self.space, left, now_ms);
    }

    async fn raise(&self, moving: &Moving, keys: &[Key]) {
        self.fetch_whole(keys).await;
        {
            let mut rules = lock(&moving.rules);
            for key in keys {
                rules.raised(key, self.residents.peek(key, |held| held.version));
            }
        }
        // And what follows them, where foretelling pays.
        let foretold: Vec<Foretold<Key>> = self.residents.follow(keys, BATCH_MAX);
        if !foretold.is_empty() {
            self.fetch_foretold(foretold).await;
        }
    }

    /// Reads these into memory from both stores: of each the newer one and, where both have the same, that of the third,
    /// which nobody has lent: what is lent is believed for a minute, and memory would have it no longer.
    async fn fetch_whole(&self, keys: &[Key]) {
        let (clock, now_ms) = (&*self.shared.clock, self.shared.now_ms());
        let stamp = self.shared.ear.stamp();
        let mut known: Vec<Option<Record>> = vec![None; keys.len()];
        for (tier, _) in self.tiers() {
            let Ok(records) = tier.ask(clock, |store| store.read(now_ms, keys)).await else {
                continue;
            };
            for ((key, record), above) in keys.iter().zip(records).zip(&mut known) {
                let Some(record) = tier.newer(now_ms, key, record) else {
                    continue;
                };
                if above.as_ref().is_none_or(|above| !is_newer(above, &record)) {
                    *above = Some(record);
                }
            }
        }
        for (key, record) in keys.iter().zip(known) {
            if let Some(record) = record {
                self.take_in(key, &record, None, stamp).await;
            }
        }
    }

    /// What the third tier has too is over in the second a minute from now: by a copy of the same version, which takes
    /// the place of nothing newer. Until then what was on its way there has arrived, as with a deletion.
    async fn lower(&self, moving: &Moving, keys: &[Key]) {
        let lowered = self.let_go(keys).await;
        let now_ms = self.shared.now_ms();
        let mut rules = lock(&moving.rules);
        for (key, became) in keys.iter().zip(lowered) {
            rules.lowered(key, became, now_ms);
        }
    }

    /// What became of each.
    async fn let_go(&self, keys: &[Key]) -> Vec<Lowered> {
        let mut lowered = vec![Lowered::Stays; keys.len()];
        let (clock, now_ms) = (&*self.shared.clock, self.shared.now_ms());
        let stamp = self.shared.ear.stamp();
        let over_ms = now_ms.saturating_add(u64::try_from(GONE_KEPT.as_millis()).unwrap_or(0));
        let (Some(second), Some(third)) = (&self.shared.second, &self.shared.third) else {
            return lowered;
        };
        let above = second.ask(clock, |store| store.read(now_ms, keys)).await;
        let below = third.ask(clock, |store| store.read(now_ms, keys)).await;
        let (Ok(above), Ok(below)) = (above, below) else {
            return lowered;
        };
        let (mut copies, mut leaving) = (Vec::new(), Vec::new());
        let found = keys.iter().zip(above).zip(below).zip(&mut lowered);
        for (((key, above), below), became) in found {
            let waits = |tier: &super::Tier| tier.newer(now_ms, key, None).is_some();
            if waits(second) || waits(third) {
                continue;
            }
            let Some(above) = above.filter(|above| above.hard_ms > over_ms) else {
                *became = Lowered::WasGone;
                continue;
            };
            if below.is_some_and(|below| is_copy(&above, &below)) {
                leaving.push((became, Lowered::Leaves(above.version, over_ms)));
                let copy = Record {
                    hard_ms: over_ms,
                    ..above
                };
                copies.push((key.clone(), copy));
            }
        }
        if stamp < self.erased.load(Ordering::SeqCst) {
            // What was erased since it was read is not to be there for another minute.
            return lowered;
        }
        let wrote = second.write_many(clock, now_ms, &copies, false).await;
        for ((became, leaves), wrote) in leaving.into_iter().zip(wrote) {
            if !matches!(wrote, super::Wrote::Older(_)) {
                *became = leaves;
            }
        }
        lowered
    }

    /// For the next process, wherever the keyspace writes to.
    pub(super) async fn write_down(&self) {
        let Some(moving) = &self.moving else { return };
        let (clock, now_ms) = (&*self.shared.clock, self.shared.now_ms());
        let list = lock(&moving.rules).list(now_ms);
        let (Some(key), Some(bytes)) = (&moving.list, list) else {
            return;
        };
        let over_ms = now_ms.saturating_add(LIST_KEPT_MS);
        let record = Record {
            version: Version::loaded(now_ms),
            body: Body::Value(bytes),
            soft_ms: over_ms,
            hard_ms: over_ms,
            lent_ms: crate::tiers::FOREVER_MS,
            tags: Vec::new(),
        };
        for (tier, _) in self.tiers().filter(|(_, writes)| *writes != Writes::Not) {
            tier.copy_later(clock, key, &record).await;
        }
    }
}

/// Whether what is above is in the third tier as it is, and for as long.
fn is_copy(above: &Record, below: &Record) -> bool {
    matches!(above.body, Body::Value(_))
        && above.version == below.version
        && above.body == below.body
        && above.tags == below.tags
        && above.hard_ms <= below.hard_ms
}

/// So that of reads that come in a circle not always the same are told.
const fn mixed(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
}

/// The space of all keyspaces' lists, with the version of their form.
const LISTS: &str = "ovenjs-warming";

/// For how long it is known which keys are read at which hour: a process that begins after a week begins anew.
const LIST_KEPT_MS: u64 = 8 * 24 * 3_600_000;
