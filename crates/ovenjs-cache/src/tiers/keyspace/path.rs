//! The way of a read: memory, the stores (`stored.rs`), the loader.

use std::{
    error::Error,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Inner, check, stored::Trust, weight};
use crate::tiers::{
    Body, Extra, Foretold, Key, Source, TierError, Version,
    held::{Held, Look, State, jittered, loaded_after},
    lock,
    tier::{Tier, Wrote},
    tiered::Shared,
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

/// The right to load a key, which this process has of the second tier. Where its holder is dropped it is given back
/// beside.
struct Claim {
    shared: Arc<Shared>,
    key: Key,
    is_held: bool,
}

impl Claim {
    async fn give_back(mut self) {
        Self::release(&self.shared, &self.key).await;
        self.is_held = false;
    }

    /// Where it does not arrive the claim ends by itself.
    async fn release(shared: &Shared, key: &Key) {
        if let Some(second) = &shared.second {
            let release = second.ask(&*shared.clock, |store| store.release(key, shared.holder));
            let _ends_by_itself = release.await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_held {
            let (shared, key) = (Arc::clone(&self.shared), self.key.clone());
            let release = async move { Self::release(&shared, &key).await };
            self.shared.send(Box::pin(release));
        }
    }
}

/// What was found, for all who waited.
#[derive(Debug)]
pub(crate) struct Found<V> {
    pub(crate) value: Option<Arc<V>>,
    /// Whether somebody knows the thing, be it that it is not.
    pub(crate) is_known: bool,
    pub(crate) is_stale: bool,
    /// The newest version that was seen on the way.
    pub(super) newest: Option<Version>,
    /// The newest that the process knew in the end. Where it knows a newer one since, this is of the past.
    pub(super) floor: Option<Version>,
    /// Up to where it had been heard what tags became invalid before those of this were looked at.
    pub(super) heard: u64,
}

impl<V: Send + Sync + 'static> Inner<V> {
    /// What memory makes of it. Where nobody is about to load it, the stores are asked beside whether others
    /// have written since.
    pub(super) async fn look(inner: &Arc<Self>, key: &Key, is_asked: bool) -> Look<V> {
        let number = inner.counts.read();
        if let Some(moving) = &inner.moving {
            moving.asked(number, key);
        }
        let look = match inner.residents.get(key) {
            Some(held) => {
                let is_first = held.note_read();
                let look = inner.look_at_whole(key, &held).await;
                if let Some(moving) = &inner.moving
                    && is_first
                    && !matches!(look, Look::Missing)
                {
                    moving.was_read(key, &held.version);
                }
                let is_asked = match &look {
                    Look::Stale(_) => is_asked,
                    Look::Fresh(Some(_)) => held.version.source != 0,
                    _ => false,
                };
                if is_asked {
                    Self::ask_beside(inner, key, &held);
                }
                look
            }
            None => Look::Missing,
        };
        match &look {
            Look::Fresh(Some(_)) => inner.counts.memory(),
            Look::Fresh(None) => inner.counts.absent(),
            Look::Stale(_) => inner.counts.stale(),
            Look::Missing => {}
        }
        look
    }

    pub(super) async fn look_quietly(&self, key: &Key) -> Look<V> {
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

    pub(super) async fn look_at(&self, held: &Held<V>) -> Look<V> {
        let are_current = self.shared.are_current(&held.tags).await;
        match held.look(self.shared.now_ms(), are_current) {
            // The gateway tells when it changes; a loader would know no better.
            Look::Stale(value) if held.version.source != 0 => Look::Fresh(Some(value)),
            look => look,
        }
    }

    /// What the stores know, asked once for all who ask meanwhile.
    pub(super) async fn read(&self, key: &Key) -> Result<Found<V>, TierError> {
        let heard = self.shared.invalidated();
        for _ in 0..ATTEMPTS {
            let found = self.reads.join(key, || self.stored(key)).await?;
            if found.heard >= heard && self.is_of_now(key, &found) {
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
        let heard = self.shared.invalidated();
        for _ in 0..ATTEMPTS {
            let errand = || self.stores_or_loader(key, extra, load, anew);
            let found = self.loads.join(key, errand).await?;
            // Another one's load may have begun before a tag became invalid, and this one asked after that.
            if found.heard >= heard && self.is_of_now(key, &found) {
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

    /// Has the stores asked beside whether others have written since, where what memory has is no longer fresh and
    /// no log tells.
    fn ask_beside(inner: &Arc<Self>, key: &Key, held: &Held<V>) {
        let shared = &inner.shared;
        if shared.stores().next().is_none() || !held.is_to_ask(shared.now_ms()) {
            return;
        }
        let is_told = shared.ear.is_current(shared.clock.now())
            && shared.ear.is_whole(held.stamp.load(Ordering::Relaxed));
        let Some(refresh) = (!is_told).then(|| Refresh::begin(inner, key)).flatten() else {
            return;
        };
        let errand = async move {
            let (inner, key) = (&refresh.inner, &refresh.key);
            let found = inner.stored_by(key, Trust::Nothing).await;
            if found.is_ok_and(|found| found.is_known) {
                let fresh_ms = jittered(inner.config.fresh, inner.shared.entropy.fraction());
                let again_ms = inner.shared.now_ms().saturating_add(fresh_ms);
                inner.residents.peek(key, |held| held.was_asked(again_ms));
            }
        };
        // Where there is no room for it, one of those who read a second later sends it.
        shared.send(Box::pin(errand));
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

    pub(super) async fn fetch_foretold(&self, foretold: Vec<Foretold<Key>>) {
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
            let trust = if anew { Trust::Fresh } else { Trust::All };
            let (claim, left) = self.claim(key, trust).await;
            if let Some(left) = left {
                return Ok(left);
            }
            if self.config.is_loaded_once && self.shared.second.is_some() {
                // Whoever had the claim before has left what it loaded.
                found = self.stored_by(key, trust).await?;
            }
            let loaded = if is_enough(&found) {
                Ok(Some(found))
            } else {
                self.load_once(key, extra, load, &found).await
            };
            if let Some(claim) = claim {
                claim.give_back().await;
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
        let heard = match &*extra.tags {
            [] => u64::MAX,
            _ => self.shared.invalidated(),
        };
        let tags = self.stamped(&extra.tags).await;
        let began_ms = self.shared.now_ms();
        self.counts.load();
        let loaded = match tokio::time::timeout(self.config.load_deadline, load()).await {
            Ok(loaded) => loaded,
            Err(_) => Err(TierError::late()),
        };
        let loaded = loaded.inspect_err(|_| self.counts.load_failed())?;
        // Also what a store was heard to have and could not be read: what is loaded now is newer.
        let newest = match (before.newest, floor) {
            (Some(newest), Some(floor)) if !floor.may_replace(&newest) => Some(newest),
            (newest, floor) => floor.or(newest),
        };
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
        let held = Held::new(&record, state, self.shared.ear.stamp());
        let held = Arc::new(held.worth(extra.priority));
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
        Ok(self.found(key, Look::Fresh(value), Some(version), heard))
    }

    /// Takes what was loaded into memory, unless the process knows something now that it did not when the load
    /// began.
    pub(super) fn take_loaded(
        &self,
        key: &Key,
        held: &Arc<Held<V>>,
        weight: u64,
        floor: Option<Version>,
        now_ms: u64,
    ) -> bool {
        let hash = self.hash(key);
        let mut is_taken = false;
        self.residents.change_as(key, None, held.priority, |_| {
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

    /// Waits until this process is the one that loads, where one alone is to: its claim, to be given back.
    /// Nothing, where there is no need or nobody to ask, and also where another one takes too long. Or what the one
    /// has left who loaded meanwhile.
    async fn claim(&self, key: &Key, trust: Trust) -> (Option<Claim>, Option<Found<V>>) {
        let second = self.shared.second.as_ref();
        let Some(second) = second.filter(|_| self.config.is_loaded_once) else {
            return (None, None);
        };
        let clock = &*self.shared.clock;
        let (holder, load) = (self.shared.holder, self.config.load_deadline);
        let end = clock.now() + load;
        // Before and after the load it is looked up what the stores have, and written.
        let patience: Duration = self.shared.stores().map(Tier::patience).sum();
        let lifetime = load + 2 * patience;
        loop {
            let now_ms = self.shared.now_ms();
            match second
                .ask(clock, |store| store.claim(now_ms, key, holder, lifetime))
                .await
            {
                Ok(true) => {
                    let claim = Claim {
                        shared: Arc::clone(&self.shared),
                        key: key.clone(),
                        is_held: true,
                    };
                    return (Some(claim), None);
                }
                Err(_) => return (None, None),
                Ok(false) if clock.now() >= end => return (None, None),
                Ok(false) => {}
            }
            tokio::time::sleep(CLAIM_AGAIN).await;
            let found = self.stored_by(key, trust).await.ok();
            let is_enough =
                |found: &Found<V>| found.is_known && (trust == Trust::All || !found.is_stale);
            if let Some(left) = found.filter(is_enough) {
                return (None, Some(left));
            }
        }
    }

    pub(super) fn found(
        &self,
        key: &Key,
        look: Look<V>,
        newest: Option<Version>,
        heard: u64,
    ) -> Option<Found<V>> {
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
            heard,
        })
    }

    /// Whether this process has seen nothing newer since; others' finds may have taken a while to arrive.
    fn is_of_now(&self, key: &Key, found: &Found<V>) -> bool {
        self.floor(key) == found.floor
    }

    pub(super) fn floor(&self, key: &Key) -> Option<Version> {
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
