//! The way of a read: memory, the second tier, the third, the loader; and of what was found back up.

use std::{
    error::Error,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{BATCH_MAX, Inner, check, weight};
use crate::tiers::{
    Body, Extra, Foretold, Key, Record, Source, TierError, Version,
    held::{Held, Look, State, lent, loaded_after},
    lock,
    tier::{Tier, Wrote},
};

/// What a keyspace's user gave to load with, behind a pointer: the way of a read is compiled once for each kind of
/// value, and not for each place that reads it.
pub(crate) type Loader<V> = dyn Fn() -> Loading<V> + Send + Sync;

pub(crate) type Loading<V> = Pin<Box<dyn Future<Output = Result<Option<V>, TierError>> + Send>>;

/// The loader as users write it.
pub(super) fn loader<V, F, L, E>(load: F) -> Arc<Loader<V>>
where
    F: Fn() -> L + Send + Sync + 'static,
    L: Future<Output = Result<Option<V>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    Arc::new(move || {
        let loading = load();
        Box::pin(async move {
            let loaded = loading.await;
            loaded.map_err(|error| TierError::loader(error.into()))
        })
    })
}

/// What was found, for all who waited.
#[derive(Debug)]
pub(crate) struct Found<V> {
    pub(crate) value: Option<Arc<V>>,
    /// Whether somebody knows the thing, be it that it is not.
    pub(crate) is_known: bool,
    pub(crate) is_stale: bool,
    /// The newest version that was seen on the way.
    newest: Option<Version>,
    /// The newest that the process knew in the end. Where it knows a newer one since, this is of the past.
    floor: Option<Version>,
}

impl<V: Send + Sync + 'static> Inner<V> {
    /// What memory makes of it.
    pub(super) async fn look(&self, key: &Key) -> Look<V> {
        self.counts.read();
        let look = match self.residents.get(key) {
            Some(held) => {
                held.note_read();
                self.look_at_whole(key, &held).await
            }
            None => Look::Missing,
        };
        match &look {
            Look::Fresh(Some(_)) => self.counts.memory(),
            Look::Fresh(None) => self.counts.absent(),
            Look::Stale(_) => self.counts.stale(),
            Look::Missing => {}
        }
        look
    }

    async fn look_quietly(&self, key: &Key) -> Look<V> {
        match self.residents.get(key) {
            Some(held) => self.look_at_whole(key, &held).await,
            None => Look::Missing,
        }
    }

    /// The same of what may have been overtaken unheard: the stores are asked first.
    async fn look_at_whole(&self, key: &Key, held: &Held<V>) -> Look<V> {
        if !self.shared.ear.is_whole(held.stamp.load(Ordering::Relaxed))
            && let Some(newer) = self.verify(key, held).await
        {
            return newer;
        }
        self.look_at(held).await
    }

    async fn look_at(&self, held: &Held<V>) -> Look<V> {
        let are_current = self.shared.are_current(&held.tags).await;
        match held.look(self.shared.now_ms(), are_current) {
            // The gateway tells when it changes; a loader would know no better.
            Look::Stale(value) if held.version.source != 0 => Look::Fresh(Some(value)),
            look => look,
        }
    }

    /// What the stores know, asked once for all who ask meanwhile.
    pub(super) async fn read(&self, key: &Key) -> Result<Found<V>, TierError> {
        for _ in 0..ATTEMPTS {
            let found = self.reads.join(key, || self.stored(key)).await?;
            if self.is_of_now(key, &found) {
                return Ok(found);
            }
        }
        Err(TierError::overtaken())
    }

    /// What the stores or the loader know, asked once for all who ask meanwhile.
    pub(super) async fn load(
        &self,
        key: &Key,
        extra: &Extra,
        load: &Loader<V>,
        anew: bool,
    ) -> Result<Found<V>, TierError> {
        for _ in 0..ATTEMPTS {
            let errand = || self.stores_or_loader(key, extra, load, anew);
            let found = self.loads.join(key, errand).await?;
            if self.is_of_now(key, &found) {
                return Ok(found);
            }
        }
        Err(TierError::overtaken())
    }

    /// Has it loaded anew beside, where nobody does so already.
    pub(super) fn load_beside(inner: &Arc<Self>, key: &Key, extra: Extra, load: Arc<Loader<V>>) {
        let Some(refresh) = Refresh::begin(inner, key) else {
            return;
        };
        let errand = async move {
            // Whoever asks next sees the failure in the numbers, and asks for it again.
            let _told_by_the_counts = refresh.inner.load(&refresh.key, &extra, &*load, true).await;
        };
        inner.shared.send(Box::pin(errand));
    }

    /// Fetches what is likely to be asked for next, beside.
    pub(super) fn foretell(inner: &Arc<Self>, key: &Key) {
        let mut foretold = Vec::new();
        inner.residents.foretold(key, &mut foretold);
        if foretold.is_empty() {
            return;
        }
        let sources: Vec<Source> = foretold.iter().map(|one| one.source).collect();
        let own = Arc::clone(inner);
        let errand = async move { own.fetch_foretold(foretold).await };
        if !inner.shared.send(Box::pin(errand)) {
            sources
                .into_iter()
                .for_each(|source| inner.residents.was_in_vain(source));
        }
    }

    async fn fetch_foretold(&self, foretold: Vec<Foretold<Key>>) {
        let keys: Vec<Key> = foretold.iter().map(|one| one.key.clone()).collect();
        let source = |key: &Key| Some(foretold.iter().find(|one| one.key == *key)?.source);
        self.fetch(&keys, source).await;
        for one in foretold
            .iter()
            .filter(|one| !self.residents.contains(&one.key))
        {
            self.residents.was_in_vain(one.source);
        }
    }

    /// Reads these keys from the stores into memory, at most [`BATCH_MAX`]; how many the stores knew.
    pub(super) async fn fetch(
        &self,
        keys: &[Key],
        source: impl Fn(&Key) -> Option<Source>,
    ) -> usize {
        let mut missing: Vec<Key> = keys.iter().take(BATCH_MAX).cloned().collect();
        let mut known = 0;
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
                let Some(record) = tier.newer(now_ms, &key, record) else {
                    rest.push(key);
                    continue;
                };
                let taken = self.take_in(&key, &record, source(&key), stamp).await;
                if matches!(taken, Look::Missing) {
                    rest.push(key);
                } else {
                    known += 1;
                }
            }
            missing = rest;
        }
        known
    }

    async fn stored(&self, key: &Key) -> Result<Found<V>, TierError> {
        self.stored_by(key, false).await
    }

    /// The same; where it is wanted `anew`, what memory has and is no longer fresh does not hide what another
    /// process has left in a store.
    async fn stored_by(&self, key: &Key, anew: bool) -> Result<Found<V>, TierError> {
        // Somebody may have put it while this one waited.
        let in_memory = self.look_quietly(key).await;
        let found = self.found(key, in_memory, None);
        if let Some(found) = found.filter(|found| !anew || !found.is_stale) {
            return Ok(found);
        }
        // Whoever finds nothing, but hears of something newer meanwhile, asks again.
        let floor = self.floor(key);
        let mut newest = self.residents.peek(key, |held| held.version);
        for (place, (tier, _)) in self.tiers().enumerate() {
            let (now_ms, stamp) = (self.shared.now_ms(), self.shared.ear.stamp());
            let Some(record) = tier.read(&*self.shared.clock, now_ms, key).await else {
                continue;
            };
            let look = self.take_in(key, &record, None, stamp).await;
            if newest.is_none_or(|newest| record.version.may_replace(&newest)) {
                newest = Some(record.version);
            }
            let Some(found) = self.found(key, look, newest) else {
                continue;
            };
            self.counts.found_in(place);
            if place > 0 {
                self.lift(key, &record).await;
            }
            return Ok(found);
        }
        Ok(Found {
            value: None,
            is_known: false,
            is_stale: false,
            newest,
            floor,
        })
    }

    /// What the third tier knew and the second did not.
    async fn lift(&self, key: &Key, record: &Record) {
        if let Some(second) = &self.shared.second {
            let (clock, now_ms) = (&*self.shared.clock, self.shared.now_ms());
            second.copy_later(clock, key, &lent(record, now_ms)).await;
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
        let held = Arc::new(held);
        let look = self.look_at(&held).await;
        if matches!(look, Look::Missing) {
            return look;
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

    async fn stores_or_loader(
        &self,
        key: &Key,
        extra: &Extra,
        load: &Loader<V>,
        anew: bool,
    ) -> Result<Found<V>, TierError> {
        for _ in 0..ATTEMPTS {
            let mut found = self.stored(key).await?;
            let is_enough = |found: &Found<V>| found.is_known && (!anew || !found.is_stale);
            if is_enough(&found) {
                return Ok(found);
            }
            if !found.is_known && !self.is_of_now(key, &found) {
                continue;
            }
            let claim = self.claim(key, anew).await;
            if self.config.is_loaded_once && self.shared.second.is_some() {
                // Whoever had the claim before has left what it loaded.
                found = self.stored_by(key, anew).await?;
            }
            let loaded = if is_enough(&found) {
                Ok(Some(found))
            } else {
                self.load_once(key, extra, load, &found).await
            };
            if let Some(second) = claim {
                let (clock, holder) = (&*self.shared.clock, self.shared.holder);
                // Where it does not arrive the claim ends by itself.
                let _ends_by_itself = second.ask(clock, |store| store.release(key, holder)).await;
            }
            if let Some(found) = loaded? {
                return Ok(found);
            }
        }
        Err(TierError::overtaken())
    }

    /// One load; nothing, where somebody wrote meanwhile.
    async fn load_once(
        &self,
        key: &Key,
        extra: &Extra,
        load: &Loader<V>,
        before: &Found<V>,
    ) -> Result<Option<Found<V>>, TierError> {
        check(extra)?;
        let floor = self.floor(key);
        let tags = self.stamped(&extra.tags).await;
        let began_ms = self.shared.now_ms();
        self.counts.load();
        let loaded = match tokio::time::timeout(self.config.load_deadline, load()).await {
            Ok(loaded) => loaded,
            Err(_) => Err(TierError::late()),
        };
        let loaded = loaded.inspect_err(|_| self.counts.load_failed())?;
        let newest = before.newest.or(floor);
        let version = loaded_after(newest, began_ms);
        let (state, body) = match loaded {
            Some(value) => {
                let bytes = self.codec.encode(&value)?;
                (State::Value(Arc::new(value)), Body::Value(bytes))
            }
            None => (State::Absent, Body::Absent),
        };
        let now_ms = self.shared.now_ms();
        let absent = Extra::new().lifetimes(self.config.absent, self.config.absent);
        let extra = if matches!(state, State::Absent) {
            &absent
        } else {
            extra
        };
        let record = self.record(version, body, now_ms, extra, tags);
        let held = Arc::new(Held::new(&record, state, self.shared.ear.stamp()));
        // First to where others look: what they have written since counts.
        for (tier, writes) in self.tiers() {
            if let Ok(Wrote::Older(newer)) = self.write(tier, writes, key, &record, now_ms).await {
                self.overtaken(key, self.hash(key), version, newer, now_ms);
                return Ok(None);
            }
        }
        if !self.take_loaded(key, &held, weight(&record), floor, now_ms) {
            self.counts.overtaken();
            return Ok(None);
        }
        let value = match &held.state {
            State::Value(value) => Some(Arc::clone(value)),
            State::Gone | State::Absent => None,
        };
        Ok(self.found(key, Look::Fresh(value), Some(version)))
    }

    /// Takes what was loaded into memory, unless the process knows something now that it did not when the load
    /// began.
    fn take_loaded(
        &self,
        key: &Key,
        held: &Arc<Held<V>>,
        weight: u64,
        floor: Option<Version>,
        now_ms: u64,
    ) -> bool {
        let hash = self.hash(key);
        let mut is_taken = false;
        self.residents.change(key, None, |_| {
            let mut floors = lock(&self.floors);
            // The log may have told of this one already.
            let known = floors.of(hash, now_ms);
            if known != floor && known != Some(held.version) {
                return None;
            }
            is_taken = true;
            floors.saw(
                hash,
                held.version,
                now_ms,
                self.remembered_until(held, now_ms),
            );
            Some((Arc::clone(held), weight))
        });
        is_taken
    }

    /// Waits until this process is the one that loads, where one alone is to: its tier, to give the claim back.
    /// Nothing, where there is no need or nobody to ask, and also where another one takes too long.
    async fn claim(&self, key: &Key, anew: bool) -> Option<&Tier> {
        let second = self
            .shared
            .second
            .as_ref()
            .filter(|_| self.config.is_loaded_once)?;
        let clock = &*self.shared.clock;
        let (holder, lifetime) = (self.shared.holder, self.config.load_deadline);
        let end = clock.now() + lifetime;
        loop {
            let now_ms = self.shared.now_ms();
            match second
                .ask(clock, |store| store.claim(now_ms, key, holder, lifetime))
                .await
            {
                Ok(true) => return Some(second),
                Err(_) => return None,
                Ok(false) if clock.now() >= end => return None,
                Ok(false) => {}
            }
            tokio::time::sleep(CLAIM_AGAIN).await;
            let found = self.stored_by(key, anew).await;
            if found.is_ok_and(|found| found.is_known && (!anew || !found.is_stale)) {
                return None;
            }
        }
    }

    fn found(&self, key: &Key, look: Look<V>, newest: Option<Version>) -> Option<Found<V>> {
        let (value, is_stale) = match look {
            Look::Fresh(value) => (value, false),
            Look::Stale(value) => (Some(value), true),
            Look::Missing => return None,
        };
        Some(Found {
            value,
            is_known: true,
            is_stale,
            newest,
            floor: self.floor(key),
        })
    }

    /// Whether this process has seen nothing newer since; others' finds may have taken a while to arrive.
    fn is_of_now(&self, key: &Key, found: &Found<V>) -> bool {
        self.floor(key) == found.floor
    }

    fn floor(&self, key: &Key) -> Option<Version> {
        lock(&self.floors).of(self.hash(key), self.shared.now_ms())
    }
}

/// Somebody who loads a key anew beside, or waits to. Also who is dropped makes way for the next.
struct Refresh<V> {
    inner: Arc<Inner<V>>,
    key: Key,
}

impl<V> Refresh<V> {
    fn begin(inner: &Arc<Inner<V>>, key: &Key) -> Option<Self> {
        lock(&inner.refreshing).insert(key.clone()).then(|| Self {
            inner: Arc::clone(inner),
            key: key.clone(),
        })
    }
}

impl<V> Drop for Refresh<V> {
    fn drop(&mut self) {
        lock(&self.inner.refreshing).remove(&self.key);
    }
}

impl<V> Clone for Found<V> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            ..*self
        }
    }
}

/// How often somebody may be overtaken by writers before it is told so.
const ATTEMPTS: usize = 4;

/// How often it is looked whether another process has loaded what this one waits for.
const CLAIM_AGAIN: Duration = Duration::from_millis(20);
