//! What the stores know: the second tier, the third, and of what was found there back up.

use std::sync::{Arc, atomic::Ordering};

use hashbrown::HashMap;

use super::{BATCH_MAX, Inner, path::Found, weight};
use crate::tiers::{
    FOREVER_MS, Key, Record, Source, TierError, Version, Writes,
    held::{ASKED_AGAIN_MS, Held, Look, lent},
};

/// What of memory is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    All,
    /// What another process has left in a store may be newer than what is no longer fresh.
    Fresh,
    /// Only the stores know what others have written.
    Nothing,
}

impl<V: Send + Sync + 'static> Inner<V> {
    /// Reads these keys from the stores into memory, at most [`BATCH_MAX`]; how many the stores knew.
    pub(super) async fn fetch(
        &self,
        keys: &[Key],
        source: impl Fn(&Key) -> Option<Source>,
    ) -> usize {
        let missing = keys.iter().take(BATCH_MAX);
        let mut missing: Vec<Key> = missing.cloned().collect();
        let mut known = 0;
        // What the first store has and is not believed, until the next has answered.
        let mut lent: HashMap<Key, Record> = HashMap::new();
        for (tier, _) in self.tiers() {
            if missing.is_empty() {
                break;
            }
            let (now_ms, stamp) = (self.shared.now_ms(), self.shared.ear.stamp());
            let asked = tier
                .ask(&*self.shared.clock, |store| store.read(now_ms, &missing))
                .await;
            let Ok(records) = asked else { continue };
            let mut rest = Vec::new();
            for (key, record) in std::mem::take(&mut missing).into_iter().zip(records) {
                let Some(mut record) = tier.newer(now_ms, &key, record) else {
                    rest.push(key);
                    continue;
                };
                if let Some(mut newer) = lent.remove(&key).filter(|lent| is_newer(lent, &record)) {
                    // As for a reader: the store that lent it is still to hear of it.
                    newer.lent_ms = now_ms.saturating_add(ASKED_AGAIN_MS);
                    record = newer;
                }
                let taken = self.take_in(&key, &record, source(&key), stamp).await;
                if matches!(taken, Look::Missing) {
                    lent.insert(key.clone(), record);
                    rest.push(key);
                } else {
                    known += 1;
                }
            }
            missing = rest;
        }
        known
    }

    pub(super) async fn stored(&self, key: &Key) -> Result<Found<V>, TierError> {
        self.stored_by(key, Trust::All).await
    }

    pub(super) async fn stored_by(&self, key: &Key, trust: Trust) -> Result<Found<V>, TierError> {
        let heard = self.shared.invalidated();
        // Somebody may have put it while this one waited.
        let in_memory = self.look_quietly(key).await;
        let found = self.found(key, in_memory, None, heard);
        let is_enough = |found: &Found<V>| match trust {
            Trust::All => true,
            Trust::Fresh => !found.is_stale,
            Trust::Nothing => false,
        };
        if let Some(found) = found.filter(is_enough) {
            return Ok(found);
        }
        // Whoever finds nothing, but hears of something newer meanwhile, asks again.
        let floor = self.floor(key);
        let mut newest = self.residents.peek(key, |held| held.version);
        let (mut lent, mut is_away) = (None, false);
        for (place, (tier, _)) in self.tiers().enumerate() {
            let (now_ms, stamp) = (self.shared.now_ms(), self.shared.ear.stamp());
            let asked = tier.read(&*self.shared.clock, now_ms, key, floor).await;
            is_away = asked.is_err();
            let Ok(Some(record)) = asked else { continue };
            if newest.is_none_or(|newest| record.version.may_replace(&newest)) {
                newest = Some(record.version);
            }
            let was_lent = lent.is_some();
            let is_of_first = lent
                .as_ref()
                .is_some_and(|lent: &Record| is_newer(lent, &record));
            let record = lent
                .take()
                .filter(|_| is_of_first)
                .map_or(record, |mut lent| {
                    // The store that lent it is still to hear of it.
                    lent.lent_ms = now_ms.saturating_add(ASKED_AGAIN_MS);
                    lent
                });
            let look = self.take_in(key, &record, None, stamp).await;
            let Some(found) = self.found(key, look, newest, heard) else {
                lent = Some(record);
                continue;
            };
            self.counts.found_in(place);
            if place > 0 && !is_of_first {
                self.lift(key, &record, was_lent).await;
            }
            if place == 0
                && let Some(moving) = &self.moving
                && self.shared.second.is_some()
            {
                moving.found_in_second(key, now_ms);
            }
            return Ok(found);
        }
        if is_away
            && trust != Trust::Nothing
            && let Some(found) = self.lent_on(key, lent, newest, heard).await
        {
            return Ok(found);
        }
        Ok(Found {
            value: None,
            is_known: false,
            is_stale: false,
            newest,
            floor,
            heard: u64::MAX,
        })
    }

    /// What is to be asked for elsewhere again is believed for another second, where nobody answers there.
    async fn lent_on(
        &self,
        key: &Key,
        lent: Option<Record>,
        newest: Option<Version>,
        heard: u64,
    ) -> Option<Found<V>> {
        let until_ms = self.shared.now_ms().saturating_add(ASKED_AGAIN_MS);
        let look = match lent {
            Some(lent) => {
                let lent = Record {
                    lent_ms: lent.lent_ms.max(until_ms),
                    ..lent
                };
                self.take_in(key, &lent, None, self.shared.ear.stamp())
                    .await
            }
            None => {
                self.residents.peek(key, |held| held.lend(until_ms));
                self.look_quietly(key).await
            }
        };
        self.found(key, look, newest, heard)
    }

    /// What the third tier knew and the second did not, where the second is written to; or knew no longer, then it was
    /// lent.
    async fn lift(&self, key: &Key, record: &Record, was_lent: bool) {
        if let Some(second) = &self.shared.second
            && self.config.second != Writes::Not
        {
            let (clock, now_ms) = (&*self.shared.clock, self.shared.now_ms());
            if let Some(moving) = &self.moving {
                if was_lent {
                    moving.lent_again(key, now_ms);
                } else if !moving.lifts(key, now_ms) {
                    return;
                }
            }
            let lent = lent(record, now_ms, self.config.lent);
            second.copy_later(clock, key, &lent).await;
        }
    }

    /// Takes a store's record into memory, which was asked for after the stamp; what a reader makes of what is there
    /// then.
    pub(super) async fn take_in(
        &self,
        key: &Key,
        record: &Record,
        source: Option<Source>,
        stamp: u64,
    ) -> Look<V> {
        let Ok(held) = Held::of_record(record, &*self.codec, stamp) else {
            self.counts.undecodable();
            return Look::Missing;
        };
        if self.shared.third.is_none() {
            // Another process has one; here nobody can be asked.
            held.lend(FOREVER_MS);
        }
        let held = Arc::new(held);
        let look = self.look_at(&held).await;
        if matches!(look, Look::Missing) || stamp < self.erased.load(Ordering::SeqCst) {
            return Look::Missing;
        }
        match self.take(key, &held, weight(record), source, self.shared.now_ms()) {
            Ok(()) => {
                if self.shared.ear.was_told_since(key, stamp) {
                    // The log may have told of a newer one before this was there to be dropped.
                    held.stamp.store(0, Ordering::Relaxed);
                }
                look
            }
            Err(_) => {
                self.counts.below_floor();
                match self.residents.get(key) {
                    Some(held) => self.look_at(&held).await,
                    None => Look::Missing,
                }
            }
        }
    }
}

pub(super) fn is_newer(one: &Record, other: &Record) -> bool {
    one.version != other.version && one.version.may_replace(&other.version)
}
