//! Values of one kind, by name. It is long because most of its doors have an example.

mod heard;
mod moving;
mod path;
mod stats;
mod stored;
mod warm;

use std::{
    error::Error,
    fmt,
    hash::BuildHasher as _,
    marker::PhantomData,
    ptr,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use hashbrown::{DefaultHashBuilder, HashSet};

use self::{
    moving::Moving,
    path::{Found, loader},
    stats::Counts,
};
pub use self::{
    stats::{KeyspaceStats, Suggestion},
    warm::Warmed,
};
use super::{
    Body, Extra, GONE_KEPT, Key, KeyError, KeyspaceConfig, Named, Record, Residents,
    ResidentsConfig, Source, Space, Span, StoreError, TAGS_MAX, Tag, TierError, Version, Writes,
    config::SharedCodec,
    flight::Flights,
    floors::Floors,
    held::{Held, Look, State, jittered, lent, may_take},
    lock,
    tier::{Tier, Wrote},
    tiered::{Room, Shared},
};

/// The values of one kind: what [`Tiered::keyspace`](super::Tiered::keyspace) gives. Cloning is cheap and shares
/// its memory.
pub struct Keyspace<K, V> {
    inner: Arc<Inner<V>>,
    named: PhantomData<fn(K)>,
}

/// What became of a value that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there, or on its way to where it waits for a store.
    Kept,
    /// Somebody in charge has written this newer version; the value is nowhere.
    Older(Version),
}

#[derive(Debug)]
struct Inner<V> {
    shared: Arc<Shared>,
    config: KeyspaceConfig,
    space: Space,
    codec: SharedCodec<V>,
    residents: Residents<Key, Arc<Held<V>>>,
    hasher: DefaultHashBuilder,
    floors: Mutex<Floors>,
    reads: Flights<Result<Found<V>, TierError>>,
    loads: Flights<Result<Found<V>, TierError>>,
    /// What is loaded anew beside, or waits to be: no more than errands have room.
    refreshing: Mutex<HashSet<Key>>,
    /// Up to where the log had been heard when values were last erased: what was asked for before is not taken.
    erased: AtomicU64,
    counts: Counts,
    /// Where it is warmed.
    moving: Option<Moving>,
    _room: Room,
}

impl<K: Named, V: Send + Sync + 'static> Keyspace<K, V> {
    pub(crate) fn build(
        shared: Arc<Shared>,
        mut config: KeyspaceConfig,
        codec: SharedCodec<V>,
    ) -> Result<Self, TierError> {
        config.load_deadline = config.load_deadline.min(GONE_KEPT);
        let residents = ResidentsConfig::new(config.memory)
            .eviction(config.eviction)
            .foretelling(config.foretelling);
        let space = Space::new(&config.name, config.schema)?;
        let inner = Inner {
            moving: Moving::build(&shared, &config, &space)?,
            space,
            _room: shared.room(config.memory)?,
            shared,
            config,
            codec,
            residents: Residents::build(residents),
            hasher: DefaultHashBuilder::default(),
            floors: Mutex::new(Floors::new()),
            reads: Flights::default(),
            loads: Flights::default(),
            refreshing: Mutex::default(),
            erased: AtomicU64::new(0),
            counts: Counts::default(),
        };
        let inner = Arc::new(inner);
        let listener: Weak<Inner<V>> = Arc::downgrade(&inner);
        inner.shared.ear.add(&inner.space, listener);
        if inner.moving.is_some() {
            let moves: Weak<Inner<V>> = Arc::downgrade(&inner);
            inner.shared.moves.add(moves);
        }
        Ok(Self {
            inner,
            named: PhantomData,
        })
    }

    /// The value of this name, from memory or a store; nothing, where none of them knows it or all are away.
    /// One that is no longer fresh is given out, and the stores are asked [beside](super::Tiered::serve) whether
    /// somebody has written since: once, and again when what they had was no longer fresh, at most once a second.
    ///
    /// # Errors
    ///
    /// A name that is none; no store's, since a cache that cannot be reached holds nothing.
    pub async fn get(&self, name: &K) -> Result<Option<Arc<V>>, TierError> {
        let key = self.key(name)?;
        let inner = &self.inner;
        let found = match Inner::look(inner, &key, true).await {
            Look::Fresh(value) => Ok(value),
            Look::Stale(value) => Ok(Some(value)),
            Look::Missing => inner.read(&key).await.map(|found| found.value),
        };
        Inner::foretell(inner, &key);
        found
    }

    /// The value of this name, from memory, a store or, where none of them knows it, `load`; nothing, where
    /// `load` finds nothing, which is remembered for a short while.
    ///
    /// However many ask at once, one loads. One who is dropped or panics meanwhile is replaced by the next. A
    /// value that is no longer fresh is given out, and loaded anew [beside](super::Tiered::serve).
    ///
    /// # Errors
    ///
    /// A name that is none; what `load` fails with, or that it takes too long: all who waited are told, and
    /// whoever asks next loads again.
    pub async fn get_or_load<F, L, E>(&self, name: &K, load: F) -> Result<Option<Arc<V>>, TierError>
    where
        F: Fn() -> L + Send + Sync + 'static,
        L: Future<Output = Result<Option<V>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.get_or_load_with(name, Extra::new(), load).await
    }

    /// The same, with tags and lifetimes for what `load` brings.
    ///
    /// # Errors
    ///
    /// As [`get_or_load`](Self::get_or_load), and too many tags.
    pub async fn get_or_load_with<F, L, E>(
        &self,
        name: &K,
        extra: Extra,
        load: F,
    ) -> Result<Option<Arc<V>>, TierError>
    where
        F: Fn() -> L + Send + Sync + 'static,
        L: Future<Output = Result<Option<V>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        check(&extra)?;
        let key = self.key(name)?;
        let inner = &self.inner;
        let found = match Inner::look(inner, &key, false).await {
            Look::Fresh(value) => Ok(value),
            Look::Stale(value) => {
                Inner::load_beside(inner, &key, extra, loader(load));
                Ok(Some(value))
            }
            Look::Missing => {
                let load = loader(load);
                let found = inner.load(&key, &extra, &*load, false).await;
                if found.as_ref().is_ok_and(|found| found.is_stale) {
                    Inner::load_beside(inner, &key, extra, load);
                }
                found.map(|found| found.value)
            }
        };
        Inner::foretell(inner, &key);
        found
    }

    /// Puts a value: into memory, and to the stores as the keyspace says.
    ///
    /// # Errors
    ///
    /// A name that is none, a value that the codec has no form for; a store that is away where no room is left
    /// to wait for it, or where the keyspace [has dependents](super::KeyspaceConfig::with_dependents): memory has the
    /// value then.
    pub async fn put(&self, name: &K, value: V) -> Result<Put, TierError> {
        self.put_with(name, value, &Extra::new()).await
    }

    /// The same, with tags, lifetimes and a version of its own.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), and too many tags.
    pub async fn put_with(&self, name: &K, value: V, extra: &Extra) -> Result<Put, TierError> {
        let bytes = self.inner.codec.encode(&value)?;
        let state = State::Value(Arc::new(value));
        self.inner
            .put(&self.key(name)?, state, Body::Value(bytes), extra)
            .await
    }

    /// Says that there is no such thing any more: readers find nothing for a minute, loaders are not asked, and
    /// nobody who read it before brings it back.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn remove(&self, name: &K) -> Result<Put, TierError> {
        self.remove_with(name, &Extra::new()).await
    }

    /// The same with a version of its own: that of an event.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn remove_with(&self, name: &K, extra: &Extra) -> Result<Put, TierError> {
        let extra = Extra {
            tags: Vec::new(),
            ..extra
                .clone()
                .lifetimes(GONE_KEPT, self.inner.config.kept.max(GONE_KEPT))
        };
        self.inner
            .put(&self.key(name)?, State::Gone, Body::Gone, &extra)
            .await
    }

    /// Says that what the tiers have of this may be wrong: the next who asks loads it, and no load that began
    /// before counts. What has a [version of its own](Extra::version), as an event gives, stays: only its source knows
    /// that it is wrong, so [remove](Self::remove_with) it with the version of what tells.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn forget(&self, name: &K) -> Result<Put, TierError> {
        self.inner.forget(&self.key(name)?).await
    }

    /// Forgets all values of a guild, or all there are, in this process's memory and in the stores; how many the
    /// stores had. Other processes' memories forget them too where the second tier keeps a [log](super::Log);
    /// else they go on until what is in them is over. What is put in the same milliseconds may go or stay; and what another
    /// process has put since, where it still waits for a store when that one hears of the erasure, goes too, however late
    /// that is.
    ///
    /// # Errors
    ///
    /// A store that is away, whose records stay. Other processes were told nothing then.
    pub async fn erase(&self, scope: Option<u64>) -> Result<u64, TierError> {
        let inner = &self.inner;
        let span = Span {
            space: inner.space.clone(),
            scope,
        };
        inner.shared.stores().for_each(|tier| tier.forget(&span));
        let mut erased = 0;
        // First where others would find what is gone from the faster one, and put it there again.
        for tier in [&inner.shared.third, &inner.shared.second]
            .into_iter()
            .flatten()
        {
            let ask = tier.ask_patiently(&*inner.shared.clock, |store| store.erase(&span));
            erased = erased.max(ask.await?);
        }
        inner.shared.stores().for_each(|tier| tier.forget(&span));
        inner.note_erased();
        inner.residents.sweep(|key, _| span.has(key));
        if let (Some(second), Some(_)) = (&inner.shared.second, &inner.shared.third) {
            // Whoever had read of the third what is gone now may have copied it up meanwhile.
            let ask = second.ask_patiently(&*inner.shared.clock, |store| store.erase(&span));
            ask.await?;
            second.forget(&span);
        }
        inner.tell_erased(span, None).await?;
        Ok(erased)
    }

    /// [Forgets](Self::forget) all values of a guild, or all there are, whose id [fits](super::fits) a pattern:
    /// `*` stands for any bytes, `?` for one. It looks at all keys that the stores have of the span; how many are
    /// forgotten.
    ///
    /// # Errors
    ///
    /// As [`erase`](Self::erase).
    pub async fn forget_like(&self, scope: Option<u64>, pattern: &[u8]) -> Result<u64, TierError> {
        self.inner.forget_like(scope, pattern).await
    }

    /// [Forgets](Self::forget) all values of a guild, or all there are, for which `is_meant` holds; how many. It reads
    /// all that the stores have of the span, a page at a time, so it is for what is done each night. What waits
    /// to be written is met where it is in memory.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ovenjs_cache::tiers::{KeyspaceConfig, Memory, Tiered, TieredConfig};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let tiers = Tiered::build(TieredConfig::new().second(Arc::new(Memory::new(1_000))));
    /// let warnings = tiers.keyspace::<u64, u32>(KeyspaceConfig::new("warnings", 1))?;
    /// warnings.put(&1, 0).await?;
    /// warnings.put(&2, 3).await?;
    /// // Out of memory the one, and both in the store.
    /// warnings.sweep(|count| *count == 0);
    /// assert_eq!(warnings.forget_where(None, |_, count| *count == 0).await?, 1);
    /// assert_eq!((warnings.get(&1).await?, warnings.get(&2).await?.as_deref()), (None, Some(&3)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`erase`](Self::erase); what was forgotten until then stays so.
    pub async fn forget_where(
        &self,
        scope: Option<u64>,
        is_meant: impl Fn(&Key, &V) -> bool + Send + Sync,
    ) -> Result<u64, TierError> {
        self.inner.forget_where(scope, &is_meant).await
    }

    /// Takes out of memory what `is_over` holds for, and leaves it in the stores; how many.
    pub fn sweep(&self, is_over: impl Fn(&V) -> bool) -> usize {
        self.inner.residents.sweep(|_, held| match &held.state {
            State::Value(value) => is_over(value),
            State::Gone | State::Absent => false,
        })
    }

    /// What it has done so far and holds now.
    #[must_use]
    pub fn stats(&self) -> KeyspaceStats {
        let inner = &self.inner;
        let warming = inner.moving.as_ref().map(Moving::stats);
        inner.counts.stats(inner.residents.stats(), warming)
    }

    /// The tag of what is made of this value.
    pub(crate) fn tag_of(&self, name: &K) -> Result<Tag, KeyError> {
        Tag::of(&self.key(name)?)
    }

    fn key(&self, name: &K) -> Result<Key, KeyError> {
        Key::new(&self.inner.space, name.scope(), name.id())
    }
}

impl<V: Send + Sync + 'static> Inner<V> {
    /// Into memory first, so that whoever reads here sees it, then to the stores.
    async fn put(
        &self,
        key: &Key,
        state: State<V>,
        body: Body,
        extra: &Extra,
    ) -> Result<Put, TierError> {
        check(extra)?;
        let hash = self.hash(key);
        let now_ms = self.shared.now_ms();
        let tags = self.stamped(&extra.tags).await;
        let newest = || lock(&self.floors).of(hash, now_ms);
        let version = extra
            .version
            .unwrap_or_else(|| self.shared.next_version(newest()));
        let record = self.record(version, body, now_ms, extra, tags);
        let fits = record.check();
        fits.map_err(|error| StoreError::too_large("store", error))?;
        let held = Held::new(&record, state, self.shared.ear.stamp());
        let held = Arc::new(held.worth(extra.priority));
        if let Err(newer) = self.take(key, &held, weight(&record), None, now_ms) {
            return Ok(Put::Older(newer));
        }
        self.counts.put();
        let mut failed = None;
        for (place, (tier, writes)) in self.tiers().enumerate() {
            match self.write(tier, writes, key, &record, now_ms).await {
                Ok(Wrote::Older(newer)) => {
                    self.overtaken(key, hash, version, newer, now_ms);
                    if place > 0 && self.config.second != Writes::Not {
                        self.shared.lend(std::slice::from_ref(key)).await;
                    }
                    return Ok(Put::Older(newer));
                }
                // What others make of it now is made of what was there before, and nothing would be said of that again.
                Ok(Wrote::Waits)
                    if place == 0 && self.config.has_dependents && writes == Writes::Through =>
                {
                    failed = Some(tier.late());
                }
                Ok(Wrote::Kept | Wrote::Waits) => {}
                Err(error) => failed = Some(error),
            }
        }
        self.tell_of(key, version, record.hard_ms).await;
        if self.config.has_dependents {
            self.shared.invalidate(&Tag::of(key)?).await?;
        }
        failed.map_or(Ok(Put::Kept), |error| Err(error.into()))
    }

    /// Writes to a tier as the keyspace says.
    async fn write(
        &self,
        tier: &Tier,
        writes: Writes,
        key: &Key,
        record: &Record,
        now_ms: u64,
    ) -> Result<Wrote, StoreError> {
        let clock = &*self.shared.clock;
        let record = &self.of_tier(tier, record, now_ms);
        match writes {
            Writes::Through => {
                self.note_given(tier, key, now_ms);
                tier.write(clock, now_ms, key, record).await
            }
            Writes::Behind => {
                self.note_given(tier, key, now_ms);
                tier.write_later(clock, now_ms, key, record).await
            }
            Writes::Not => Ok(Wrote::Kept),
        }
    }

    /// A tier is about to have this; of the second it is known which values may leave it.
    fn note_given(&self, tier: &Tier, key: &Key, now_ms: u64) {
        if let Some(moving) = &self.moving
            && self.is_second(tier)
        {
            moving.wrote(key, now_ms);
        }
    }

    fn is_second(&self, tier: &Tier) -> bool {
        let second = self.shared.second.as_ref();
        second.is_some_and(|second| ptr::eq(second, tier))
    }

    /// The record as this tier is to have it: lent, where another one has it too or is about to.
    fn of_tier(&self, tier: &Tier, record: &Record, now_ms: u64) -> Record {
        let is_second = self.is_second(tier);
        let is_lent = is_second && self.shared.third.is_some() && self.config.third != Writes::Not;
        if is_lent && matches!(record.body, Body::Value(_)) {
            lent(record, now_ms, self.config.lent)
        } else {
            record.clone()
        }
    }

    /// The tiers behind memory, and how each is written to.
    fn tiers(&self) -> impl Iterator<Item = (&Tier, Writes)> {
        let second = self
            .shared
            .second
            .iter()
            .map(|tier| (tier, self.config.second));
        second.chain(
            self.shared
                .third
                .iter()
                .map(|tier| (tier, self.config.third)),
        )
    }

    /// Takes something into memory, unless something newer is known; that, then.
    fn take(
        &self,
        key: &Key,
        new: &Arc<Held<V>>,
        weight: u64,
        source: Option<Source>,
        now_ms: u64,
    ) -> Result<(), Version> {
        let hash = self.hash(key);
        let mut newer = None;
        self.residents.change_as(key, source, new.priority, |held| {
            let mut floors = lock(&self.floors);
            let held = held.map(|held| (&held.version, held.hard_ms));
            if !may_take(held, &new.version, now_ms) {
                newer = held.map(|(version, _)| *version);
                return None;
            }
            if !floors.allows(hash, &new.version, now_ms) {
                newer = floors.of(hash, now_ms);
                return None;
            }
            floors.saw(
                hash,
                new.version,
                now_ms,
                self.remembered_until(new, now_ms),
            );
            Some((Arc::clone(new), weight))
        });
        newer.map_or(Ok(()), Err)
    }

    /// Until when it is to be known that this was seen. What is over soon may be a copy of what is not, and what was
    /// before it may be somewhere for as long as values are kept.
    fn remembered_until(&self, held: &Held<V>, now_ms: u64) -> u64 {
        let kept_ms = jittered(self.config.kept, 1.0);
        held.hard_ms.max(now_ms.saturating_add(kept_ms))
    }

    /// A store has something newer than this version: memory forgets it, and falls below that no more.
    fn overtaken(&self, key: &Key, hash: u64, version: Version, newer: Version, now_ms: u64) {
        self.counts.overtaken();
        let kept_ms = jittered(self.config.kept, 1.0);
        lock(&self.floors).saw(hash, newer, now_ms, now_ms.saturating_add(kept_ms));
        self.residents.remove_if(key, |held| {
            held.version == version || held.version != newer && newer.may_replace(&held.version)
        });
    }

    /// Tags with their generations as they are now: what was made before is stale with the next. One that cannot
    /// be known is none that will ever be.
    async fn stamped(&self, tags: &[Tag]) -> Vec<(Tag, u64)> {
        let now = self.shared.generations(tags).await;
        let stamped = tags.iter().zip(now);
        stamped
            .map(|(tag, now)| (tag.clone(), now.unwrap_or(u64::MAX)))
            .collect()
    }

    fn record(
        &self,
        version: Version,
        body: Body,
        now_ms: u64,
        extra: &Extra,
        tags: Vec<(Tag, u64)>,
    ) -> Record {
        let fraction = self.shared.entropy.fraction();
        let (of_fresh, of_kept) = match body {
            // It is promised to be said for that long, and is there for longer than what was put before it.
            Body::Gone => (0.5, 1.0),
            Body::Value(_) | Body::Absent => (fraction, fraction),
        };
        let kept = jittered(extra.kept.unwrap_or(self.config.kept), of_kept);
        let fresh = jittered(extra.fresh.unwrap_or(self.config.fresh), of_fresh);
        let soft_ms = match fresh.min(kept) {
            // So it is by everybody's clock.
            0 => 0,
            fresh => now_ms.saturating_add(fresh).min(super::FOREVER_MS),
        };
        Record {
            version,
            body,
            soft_ms,
            hard_ms: now_ms.saturating_add(kept).min(super::FOREVER_MS),
            lent_ms: super::FOREVER_MS,
            tags,
        }
    }

    /// Values were erased: what was read before is not taken into memory any more.
    fn note_erased(&self) {
        let heard = self.shared.ear.note(&self.space);
        self.erased.fetch_max(heard, Ordering::SeqCst);
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }
}

fn check(extra: &Extra) -> Result<(), KeyError> {
    if extra.tags.len() > TAGS_MAX {
        return Err(KeyError::Tag);
    }
    Ok(())
}

/// What a record takes in memory: its bytes stand for its value.
fn weight(record: &Record) -> u64 {
    let bytes = match &record.body {
        Body::Value(bytes) => bytes.len(),
        Body::Gone | Body::Absent => 0,
    };
    let tags = record.tags.len() * size_of::<(Tag, u64)>();
    u64::try_from(bytes + tags)
        .unwrap_or(u64::MAX)
        .saturating_add(ENTRY_BYTES)
}

impl<K, V> Clone for Keyspace<K, V> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            named: PhantomData,
        }
    }
}

impl<K, V> fmt::Debug for Keyspace<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyspace")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

/// How many keys are asked for at once.
const BATCH_MAX: usize = 512;

/// What an entry of memory takes beside its value: moka's own part, measured, and ours.
const ENTRY_BYTES: u64 = 400;

#[cfg(test)]
mod tests;
