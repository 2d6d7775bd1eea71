//! The guilds of a mirror in the tiers: cold ones leave memory, and a process that begins is warm.
//!
//! [`Mirror`] says what a guild that leaves is and what comes back; here it is decided who leaves and when, and
//! bytes are moved. Blocks are large and seldom read, so they stand in the third tier alone, or in the second
//! where there is no third, and in no memory beside the mirror's own. A guild leaves the mirror when the store has
//! said that it has the block, and not before: nothing waits to be written.

mod config;

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use hashbrown::{HashMap, HashSet};
use ovenjs_types::{Fault as _, Id, ShardId, marker::GuildMarker};
use tokio::{sync::Notify, task::spawn_blocking};

use self::config::Counts;
pub use self::config::{GuildBlocksConfig, GuildBlocksStats};
use super::{
    AsIs, Body, Codec, CodecError, FOREVER_MS, GONE_KEPT, Key, Record, Space, Span, StoreError,
    StoreFault, TierError, Tiered, Version, Written, config::SharedCodec, flight::Flights, lock,
    tier::Tier, tiered::Shared,
};
use crate::mirror::{GuildBlock, Mirror, Returned};

/// A mirror's guilds in the tiers. Cloning is cheap and shares all of it.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_cache::{mirror::{Keep, Mirror}, tiers::{GuildBlocks, GuildBlocksConfig, Memory, Tiered, TieredConfig}};
/// use ovenjs_types::{Dispatch, Id, Origin, ShardId, Version, json::Scratch};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let tiers = Tiered::build(TieredConfig::new().third(Arc::new(Memory::new(1_000))));
/// let mirror = Mirror::new(Keep::new());
/// let blocks = GuildBlocks::build(&tiers, &mirror, GuildBlocksConfig::new())?;
/// let raw = br#"{"id":"1","name":"Bakery"}"#;
/// let version = Version { epoch: 1, seq: 9 };
/// mirror.apply(&Dispatch::new(Origin::default(), version, "GUILD_CREATE", &raw[..]), &mut Scratch::new());
///
/// // `serve` does so with guilds that nobody reads; a read then says that the guild is away.
/// let bakery = Id::new(1);
/// assert!(blocks.put_away(bakery).await?);
/// assert!(mirror.state(bakery).unwrap().is_away);
/// assert!(blocks.wake(bakery).await?);
/// assert_eq!(mirror.guild(bakery).unwrap().name, "Bakery");
///
/// // A process that ends, and the next one, whose session goes on from there.
/// let shard = ShardId::default();
/// blocks.save(&[(shard, version)]).await?;
/// let next = Mirror::new(Keep::new());
/// let blocks = GuildBlocks::build(&tiers, &next, GuildBlocksConfig::new())?;
/// assert_eq!(blocks.warm(&[(shard, Some(version))]).await?, 1);
/// assert!(next.state(bakery).unwrap().is_stale);
/// next.resumed(shard);
/// assert!(!next.state(bakery).unwrap().is_stale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GuildBlocks(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    mirror: Mirror,
    config: GuildBlocksConfig,
    codec: SharedCodec<Bytes>,
    space: Space,
    /// Up to where all blocks of a shard were written.
    marks: Space,
    wakes: Flights<Result<bool, TierError>>,
    wanted: Mutex<HashSet<Id<GuildMarker>>>,
    woken: Notify,
    /// What the store has of whom, as far as this process wrote it.
    written: Mutex<HashMap<u64, Version>>,
    /// When an era of the mirror's was last turned.
    turned: Mutex<Option<Instant>>,
    /// Who cannot leave, and until when that is not tried again.
    stuck: Mutex<HashMap<Id<GuildMarker>, Instant>>,
    counts: Counts,
}

impl GuildBlocks {
    /// The guilds of this mirror in these tiers, as they are packed.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub fn build(
        tiers: &Tiered,
        mirror: &Mirror,
        config: GuildBlocksConfig,
    ) -> Result<Self, TierError> {
        Self::build_with(tiers, mirror, config, AsIs)
    }

    /// The same with a codec of one's own: `Zstd::new(AsIs)` where the store's room is dear.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub fn build_with(
        tiers: &Tiered,
        mirror: &Mirror,
        config: GuildBlocksConfig,
        codec: impl Codec<Bytes> + 'static,
    ) -> Result<Self, TierError> {
        let inner = Inner {
            space: Space::new(&config.name, SCHEMA)?,
            marks: Space::new(&format!("{}-marks", config.name), SCHEMA)?,
            shared: Arc::clone(&tiers.0),
            mirror: mirror.clone(),
            config,
            codec: Arc::new(codec),
            wakes: Flights::default(),
            wanted: Mutex::default(),
            woken: Notify::new(),
            written: Mutex::default(),
            turned: Mutex::default(),
            stuck: Mutex::default(),
            counts: Counts::default(),
        };
        mirror.tell_of_left();
        Ok(Self(Arc::new(inner)))
    }

    /// Brings a guild back that is away, once for all who ask meanwhile; whether it is here then. It is not where
    /// the mirror does not know it, or where the store has lost its block: Discord has to be asked then.
    ///
    /// # Errors
    ///
    /// A store that is away: ask again. A block that is damaged.
    pub async fn wake(&self, guild: Id<GuildMarker>) -> Result<bool, TierError> {
        if !self.0.mirror.is_away(guild) {
            return Ok(self.0.mirror.state(guild).is_some());
        }
        let key = self.0.key(guild)?;
        let woken = self.0.wakes.join(&key, || self.0.bring_back(&key, guild));
        woken.await
    }

    /// Has [`serve`](Self::serve) bring a guild back soon, where it is away: for whoever does not want to wait.
    pub fn want(&self, guild: Id<GuildMarker>) {
        if self.0.mirror.is_away(guild) {
            let mut wanted = lock(&self.0.wanted);
            if wanted.len() < WANTED_MAX {
                wanted.insert(guild);
            }
            drop(wanted);
            self.0.woken.notify_one();
        }
    }

    /// Puts a guild away; whether it is. It stays where it is not here, where the store has something newer, or
    /// where too much came for it meanwhile.
    ///
    /// # Errors
    ///
    /// A store that is away, or a block that is too large for it: the guild stays.
    pub async fn put_away(&self, guild: Id<GuildMarker>) -> Result<bool, TierError> {
        let inner = Arc::clone(&self.0);
        let packing = spawn_blocking(move || {
            let packed = inner.mirror.pack(guild)?;
            // Whatever becomes of this, the guild does not leave for ever.
            let leaving = Leaving { inner, packed };
            let bytes = leaving.inner.codec.encode(leaving.packed.bytes());
            Some((leaving, bytes))
        });
        let Ok(Some((leaving, bytes))) = packing.await else {
            return Ok(false);
        };
        let key = self.0.key(guild)?;
        let block = [(key, leaving.packed.version(), bytes?)];
        let written = self.0.write(&block).await?;
        let is_kept = matches!(written.as_slice(), [Written::Kept]);
        if !is_kept {
            self.0.counts.refused.fetch_add(1, Ordering::Relaxed);
            return Ok(false);
        }
        lock(&self.0.written).insert(guild.get(), leaving.packed.version());
        let is_away = self.0.mirror.let_go(&leaving.packed);
        self.0
            .counts
            .put_away
            .fetch_add(u64::from(is_away), Ordering::Relaxed);
        Ok(is_away)
    }

    /// Puts cold guilds away, brings back those for which much waits or which somebody [wants](Self::want), and
    /// has the store forget those that the bot left; for ever. Await it in a task of your own.
    pub async fn serve(&self) -> Infallible {
        let mut rests_until = self.0.shared.clock.now();
        loop {
            let _soon_or_later = tokio::time::timeout(TURN, self.0.woken.notified()).await;
            let now = self.0.shared.clock.now();
            self.0.turn_era(now);
            if now < rests_until {
                continue;
            }
            if let Err(error) = self.turn(now).await
                && error.is_retryable()
            {
                self.0.counts.failed.fetch_add(1, Ordering::Relaxed);
                rests_until = now + REST;
            }
        }
    }

    async fn turn(&self, now: Instant) -> Result<(), TierError> {
        let mut wanted = std::mem::take(&mut *lock(&self.0.wanted));
        wanted.extend(self.0.mirror.guilds_wanted_back());
        for guild in wanted {
            self.wake(guild).await?;
        }
        self.forget_left().await?;
        let most = self.0.most();
        for guild in self
            .0
            .mirror
            .cold_guilds(self.0.config.idle.map(|_| ERAS), most)
        {
            if lock(&self.0.stuck)
                .get(&guild)
                .is_some_and(|until| now < *until)
            {
                continue;
            }
            match self.put_away(guild).await {
                Ok(true) => {}
                Err(error) if error.is_retryable() => return Err(error),
                Ok(false) | Err(_) => {
                    let mut stuck = lock(&self.0.stuck);
                    stuck.retain(|_, until| now < *until);
                    stuck.insert(guild, now + STUCK);
                }
            }
        }
        Ok(())
    }

    /// Has the store forget the guilds that the bot left.
    async fn forget_left(&self) -> Result<(), TierError> {
        let now_ms = self.0.shared.now_ms();
        let kept = u64::try_from(GONE_KEPT.as_millis()).unwrap_or(u64::MAX);
        for (guild, version) in self.0.mirror.take_left() {
            lock(&self.0.written).remove(&guild.get());
            let entry = [(
                self.0.key(guild)?,
                Record {
                    version,
                    body: Body::Gone,
                    soft_ms: 0,
                    hard_ms: now_ms.saturating_add(kept),
                    lent_ms: FOREVER_MS,
                    tags: Vec::new(),
                },
            )];
            let asked = self.0.ask(|store| store.write(now_ms, &entry)).await;
            if let Err(error) = asked {
                self.0.mirror.note_left(guild.get(), version);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes all guilds, for the next process; how many were written anew. What waits for guilds that are away is
    /// applied first. `sessions` says which event of each shard was the last that the mirror was given: apply none
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// A store that is away, or a block that it does not take. What was not written is not taken for whole by
    /// [`warm`](Self::warm).
    pub async fn save(
        &self,
        sessions: &[(ShardId, ovenjs_types::Version)],
    ) -> Result<usize, TierError> {
        let mirror = &self.0.mirror;
        for guild in mirror.guilds_with_tails() {
            self.wake(guild).await?;
        }
        let (mut batch, mut bytes, mut count) = (Vec::new(), 0, 0);
        for guild in mirror.guild_ids() {
            let known = lock(&self.0.written).get(&guild.get()).copied();
            let inner = Arc::clone(&self.0);
            let packing = spawn_blocking(move || {
                let packed = inner.mirror.copy_block(guild)?;
                let is_new = known != Some(packed.version());
                is_new.then(|| (packed.version(), inner.codec.encode(packed.bytes())))
            });
            let Ok(Some((version, packed))) = packing.await else {
                continue;
            };
            let packed = packed?;
            bytes += packed.len();
            batch.push((self.0.key(guild)?, version, packed));
            if bytes >= BATCH_BYTES {
                count += self.write_all(&mut batch).await?;
                bytes = 0;
            }
        }
        count += self.write_all(&mut batch).await?;
        let marks = sessions.iter().map(|(shard, version)| {
            let mut mark = BytesMut::new();
            mark.put_u64(version.epoch);
            mark.put_u64(version.seq);
            let version = Version::of_shard(shard.number, *version);
            Ok((self.0.mark(*shard)?, version, mark.freeze()))
        });
        let marks: Vec<_> = marks.collect::<Result<_, TierError>>()?;
        self.0.write(&marks).await?;
        Ok(count)
    }

    async fn write_all(&self, batch: &mut Vec<(Key, Version, Bytes)>) -> Result<usize, TierError> {
        if batch.is_empty() {
            return Ok(0);
        }
        let written = self.0.write(batch).await?;
        let mut known = lock(&self.0.written);
        let mut count = 0;
        for ((key, version, _), written) in batch.drain(..).zip(written) {
            if let Some(guild) = guild_of(&key).filter(|_| written == Written::Kept) {
                known.insert(guild.get(), version);
                count += 1;
            }
        }
        Ok(count)
    }

    /// Fills a mirror with what [`save`](Self::save) and former processes wrote of these shards' guilds, as far as
    /// it does not know them; how many came. All are [stale](crate::mirror::GuildState::is_stale), so call
    /// [`Mirror::resumed`] when a session goes on. With each shard goes the last event that was delivered in the
    /// session that is to go on, if one is: only where all was saved that came until then, it makes them fresh.
    ///
    /// # Errors
    ///
    /// A store that is away; what came until then stays. A block that is damaged is left out.
    pub async fn warm(
        &self,
        shards: &[(ShardId, Option<ovenjs_types::Version>)],
    ) -> Result<usize, TierError> {
        let mut whole = Vec::new();
        for (shard, last) in shards {
            if let Some(last) = last
                && self.0.was_saved(*shard, *last).await?
            {
                whole.push(*shard);
            }
        }
        let shards: Vec<ShardId> = shards.iter().map(|(shard, _)| *shard).collect();
        let span = Span {
            space: self.0.space.clone(),
            scope: None,
        };
        let mut after = None;
        let mut count = 0;
        let mut entering = None;
        loop {
            let now_ms = self.0.shared.now_ms();
            let page = self
                .0
                .ask(|store| store.scan(now_ms, &span, after.as_ref(), PAGE))
                .await?;
            // The next page comes while the last one is read.
            count += entered(entering).await;
            let (inner, shards, whole) = (Arc::clone(&self.0), shards.clone(), whole.clone());
            entering = Some(spawn_blocking(move || {
                let records = page.records.iter();
                let came =
                    records.filter(|(key, record)| inner.enter(key, record, &shards, &whole));
                came.count()
            }));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        count += entered(entering).await;
        Ok(count)
    }

    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> GuildBlocksStats {
        self.0.counts.stats()
    }
}

impl Inner {
    async fn bring_back(
        self: &Arc<Self>,
        key: &Key,
        guild: Id<GuildMarker>,
    ) -> Result<bool, TierError> {
        let now_ms = self.shared.now_ms();
        let keys = [key.clone()];
        let mut found = self.ask(|store| store.read(now_ms, &keys)).await?;
        let Some(Record {
            body: Body::Value(bytes),
            ..
        }) = found.pop().flatten()
        else {
            self.counts.missing.fetch_add(1, Ordering::Relaxed);
            return Ok(false);
        };
        let inner = Arc::clone(self);
        let entering = spawn_blocking(move || {
            let block = inner.read(guild, &bytes)?;
            let returned = inner.mirror.bring_back(&block).map_err(CodecError::new)?;
            Ok::<_, CodecError>(returned)
        });
        let returned = match entering.await {
            Ok(returned) => returned?,
            // A runtime that ends.
            Err(_) => return Ok(false),
        };
        let counts = &self.counts;
        match returned {
            Returned::Back => counts.brought_back.fetch_add(1, Ordering::Relaxed),
            Returned::Stale => {
                counts.brought_back.fetch_add(1, Ordering::Relaxed);
                counts.stale.fetch_add(1, Ordering::Relaxed)
            }
            Returned::Here => 0,
            Returned::Gone => return Ok(false),
        };
        Ok(true)
    }

    fn read(&self, guild: Id<GuildMarker>, bytes: &Bytes) -> Result<GuildBlock, CodecError> {
        let bytes = self.codec.decode(bytes)?;
        GuildBlock::from_bytes(guild, bytes).map_err(CodecError::new)
    }

    /// Takes a record of a former process into the mirror; whether it did.
    fn enter(&self, key: &Key, record: &Record, shards: &[ShardId], whole: &[ShardId]) -> bool {
        let met = &self.counts.epoch;
        met.fetch_max(record.version.epoch, Ordering::Relaxed);
        let is_of = |guild, shard: &&ShardId| ShardId::of_guild(guild, shard.total) == **shard;
        let (Some(guild), Body::Value(bytes)) = (guild_of(key), &record.body) else {
            return false;
        };
        if !shards.iter().any(|shard| is_of(guild, &shard)) {
            return false;
        }
        let is_whole = whole.iter().any(|shard| is_of(guild, &shard));
        let block = self.read(guild, bytes);
        let came = block.is_ok_and(|block| self.mirror.enter(&block, is_whole) == Ok(true));
        if came {
            lock(&self.written).insert(guild.get(), record.version);
        }
        came
    }

    /// Whether all guilds of a shard were saved with what came up to this event.
    async fn was_saved(
        &self,
        shard: ShardId,
        last: ovenjs_types::Version,
    ) -> Result<bool, TierError> {
        let now_ms = self.shared.now_ms();
        let keys = [self.mark(shard)?];
        let mut found = self.ask(|store| store.read(now_ms, &keys)).await?;
        let version = found.pop().flatten().map(|record| record.version);
        Ok(version.is_some_and(|mark| mark.epoch == last.epoch && mark.sequence >= last.seq))
    }

    async fn write(&self, blocks: &[(Key, Version, Bytes)]) -> Result<Vec<Written>, TierError> {
        let now_ms = self.shared.now_ms();
        let kept = u64::try_from(self.config.kept.as_millis()).unwrap_or(u64::MAX);
        let hard_ms = now_ms.saturating_add(kept).min(FOREVER_MS);
        let entries = blocks.iter().map(|(key, version, bytes)| {
            let record = Record {
                version: *version,
                body: Body::Value(bytes.clone()),
                soft_ms: hard_ms,
                hard_ms,
                lent_ms: FOREVER_MS,
                tags: Vec::new(),
            };
            (key.clone(), record)
        });
        let entries: Vec<_> = entries.collect();
        self.ask(|store| store.write(now_ms, &entries)).await
    }

    /// Asks the store that has the blocks.
    async fn ask<'a, T>(
        &'a self,
        question: impl FnOnce(&'a dyn super::Store) -> super::Asked<'a, T>,
    ) -> Result<T, TierError> {
        let tier: Option<&Tier> = self.shared.third.as_ref().or(self.shared.second.as_ref());
        let Some(tier) = tier else {
            return Err(StoreError::new("missing store", StoreFault::Refused).into());
        };
        Ok(tier.ask(&*self.shared.clock, question).await?)
    }

    fn turn_era(&self, now: Instant) {
        let Some(idle) = self.config.idle else { return };
        let mut turned = lock(&self.turned);
        let since = *turned.get_or_insert(now);
        if now.saturating_duration_since(since) >= idle / ERAS {
            self.mirror.turn_era();
            *turned = Some(now);
        }
    }

    fn most(&self) -> Option<usize> {
        let budget = self.mirror.keep().bytes.map(|bytes| bytes - bytes / 8);
        self.config.most.or(budget)
    }

    fn key(&self, guild: Id<GuildMarker>) -> Result<Key, TierError> {
        let id = Bytes::copy_from_slice(&guild.get().to_be_bytes());
        Ok(Key::new(&self.space, guild.get(), id)?)
    }

    fn mark(&self, shard: ShardId) -> Result<Key, TierError> {
        Ok(Key::new(&self.marks, 0, shard.to_string())?)
    }
}

/// A guild that leaves; it stays where this is dropped before it was let go.
struct Leaving {
    inner: Arc<Inner>,
    packed: GuildBlock,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.inner.mirror.stay(&self.packed);
    }
}

async fn entered(entering: Option<tokio::task::JoinHandle<usize>>) -> usize {
    match entering {
        Some(entering) => entering.await.unwrap_or_default(),
        None => 0,
    }
}

fn guild_of(key: &Key) -> Option<Id<GuildMarker>> {
    Id::new_checked(u64::from_be_bytes(key.id().as_ref().try_into().ok()?))
}

impl fmt::Debug for GuildBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuildBlocks")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

/// That of the records. What is in them has a form of its own.
const SCHEMA: u32 = 1;

/// How often it is looked who leaves and who comes back: a look costs some nanoseconds for each guild.
const TURN: Duration = Duration::from_secs(1);

/// How long a store that is away is left alone: packing a guild for nothing costs milliseconds.
const REST: Duration = Duration::from_secs(10);

/// How long a guild is left alone that the store did not take.
const STUCK: Duration = Duration::from_secs(600);

/// In so many steps it is counted how long a guild was not read.
const ERAS: u32 = 8;

/// How many guilds wait to be brought back at somebody's wish; who waits for one asks for it directly.
const WANTED_MAX: usize = 1_024;

/// How many bytes of blocks are written at once.
const BATCH_BYTES: usize = 2 << 20;

/// How many blocks are read at once: of large guilds some ten megabytes.
const PAGE: usize = 16;

#[cfg(test)]
mod tests;
