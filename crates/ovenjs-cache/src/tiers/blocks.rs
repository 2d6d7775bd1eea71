//! The guilds of a mirror in the tiers: cold ones leave memory, and a process that begins is warm.
//!
//! [`Mirror`] says what a guild that leaves is and what comes back; here it is decided who leaves and when, and
//! bytes are moved. Blocks are large and seldom read, so they stand in the third tier alone, or in the second
//! where there is no third, and in no memory beside the mirror's own. A guild leaves the mirror when the store has
//! said that it has the block, and not before: nothing waits to be written. And the store has it no longer than it is
//! what the guild is, or the guild is away (`forgotten.rs`). What goes wrong with one guild is that guild's
//! (`stuck.rs`).

mod config;
mod forgotten;
mod saved;
mod shelf;
mod stuck;

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, RwLock, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hashbrown::{HashMap, HashSet};
use ovenjs_types::{Id, marker::GuildMarker};
use tokio::sync::Notify;

pub use self::config::{GuildBlocksConfig, GuildBlocksStats};
use self::{
    config::Counts,
    shelf::{Stored, beside},
    stuck::{Row, Stuck},
};
use super::{
    AsIs, Body, Codec, CodecError, Key, Record, Space, TierError, Tiered, Written,
    config::SharedCodec, flight::Flights, lock, tiered::Shared,
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
    /// What the store has of whom, as far as this process wrote it or met it.
    stored: Mutex<HashMap<Id<GuildMarker>, Stored>>,
    /// Whom the store is just told to forget: they do not leave meanwhile.
    forgetting: Mutex<HashSet<Id<GuildMarker>>>,
    /// When an era of the mirror's was last turned.
    turned: Mutex<Option<Instant>>,
    /// When it was last looked whom the store may forget; nobody looks while all is saved.
    tidied: tokio::sync::Mutex<Option<Instant>>,
    stuck: Mutex<HashMap<Id<GuildMarker>, Stuck>>,
    /// How often erasures of users began or ended. Who brings a guild back holds it for reading.
    erasures: RwLock<u64>,
    /// Whose is all that is written: who erases a user has it alone, all others have it together.
    pen: tokio::sync::RwLock<()>,
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
            stored: Mutex::default(),
            forgetting: Mutex::default(),
            turned: Mutex::default(),
            tidied: tokio::sync::Mutex::default(),
            erasures: RwLock::default(),
            pen: tokio::sync::RwLock::default(),
            stuck: Mutex::default(),
            counts: Counts::default(),
        };
        mirror.tell_of_left();
        Ok(Self(Arc::new(inner)))
    }

    /// Brings a guild back that is away, once for all who ask meanwhile; whether it is here then. It is not where
    /// the mirror does not know it, or where the store has lost its block or has one that cannot be read: then it is
    /// [stale](crate::mirror::GuildState::is_stale), and Discord has to be asked.
    ///
    /// # Errors
    ///
    /// A store that is away: ask again.
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

    /// Puts a guild away; whether it is. It stays where it is not here, where the store has something newer,
    /// where too much came for it meanwhile, or while a user is [erased](Self::erase_user).
    ///
    /// # Errors
    ///
    /// A store that is away, or a block that is too large for it: the guild stays.
    pub async fn put_away(&self, guild: Id<GuildMarker>) -> Result<bool, TierError> {
        let Ok(_shared) = self.0.pen.try_read() else {
            return Ok(false);
        };
        let inner = Arc::clone(&self.0);
        let packing = beside(move || {
            let now = inner.shared.clock.wall();
            inner.mirror.expire_in(guild, now.into());
            let packed = inner.mirror.pack(guild)?;
            // Whatever becomes of this, the guild does not leave for ever.
            let leaving = Leaving { inner, packed };
            let bytes = leaving.inner.codec.encode(leaving.packed.bytes());
            Some((leaving, bytes))
        });
        let Some((leaving, bytes)) = packing.await? else {
            return Ok(false);
        };
        if lock(&self.0.forgetting).contains(&guild) {
            return Ok(false);
        }
        let version = leaving.packed.version();
        let block = [(self.0.key(guild)?, version, bytes?)];
        let written = self.0.write(&block).await?;
        if !matches!(written.as_slice(), [Written::Kept]) {
            return Ok(false);
        }
        let is_away = self.0.mirror.let_go(&leaving.packed);
        self.0
            .counts
            .put_away
            .fetch_add(u64::from(is_away), Ordering::Relaxed);
        Ok(is_away)
    }

    /// Puts cold guilds away, brings back those for which much waits or which somebody [wants](Self::want), and
    /// has the store forget those that the bot left, and what is not what a guild is any more; for ever. Await it in a
    /// task of your own.
    ///
    /// A guild with which something goes wrong is left alone for some time, and the others go on.
    pub async fn serve(&self) -> Infallible {
        let mut rests_until = self.0.shared.clock.now();
        loop {
            let _soon_or_later = tokio::time::timeout(TURN, self.0.woken.notified()).await;
            let now = self.0.shared.clock.now();
            self.0.turn_era(now);
            if now >= rests_until && self.turn().await.is_err() {
                rests_until = self.0.shared.clock.now() + REST;
            }
        }
    }

    /// Does what is due; an error where the store is to be left alone.
    async fn turn(&self) -> Result<(), TierError> {
        let mut row = Row::default();
        // A wish stays until it is served.
        let mut wanted = lock(&self.0.wanted).clone();
        wanted.extend(self.0.mirror.guilds_wanted_back());
        for guild in self.0.in_turn(wanted) {
            let woken = self.wake(guild).await;
            if let Some(is_here) = self.0.settle(guild, woken, &mut row)? {
                lock(&self.0.wanted).remove(&guild);
                if !is_here {
                    // Nor will it be there soon.
                    self.0.leave_alone(guild, true);
                }
            }
        }
        self.0.tidy(&mut row).await?;
        for guild in self.0.ending() {
            if self.0.is_erasing() {
                break;
            }
            let woken = self.wake(guild).await;
            if self.0.settle(guild, woken, &mut row)? == Some(true) {
                let away = self.put_away(guild).await;
                self.0.settle(guild, away, &mut row)?;
            }
        }
        let idle = self.0.config.idle.map(|_| ERAS);
        let cold = self.0.mirror.cold_guilds(idle, self.0.most());
        for guild in self.0.in_turn(cold) {
            if self.0.is_erasing() {
                // They leave when that is over.
                break;
            }
            let away = self.put_away(guild).await;
            if self.0.settle(guild, away, &mut row)? == Some(false) {
                self.0.leave_alone(guild, true);
            }
        }
        Ok(())
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
        loop {
            let erasures = self.erasures();
            let bytes = self.mirror.packed_bytes(guild).unwrap_or_default();
            let found = self.read(key, bytes).await?;
            let Some(Record {
                body: Body::Value(bytes),
                version,
                hard_ms,
                ..
            }) = found
            else {
                self.counts.missing.fetch_add(1, Ordering::Relaxed);
                self.lose(guild);
                return Ok(false);
            };
            let inner = Arc::clone(self);
            let entering = beside(move || {
                let block = inner.block(guild, &bytes)?;
                // Nobody is erased while this goes on.
                let now = inner.erasures.read();
                let now = now.unwrap_or_else(std::sync::PoisonError::into_inner);
                if *now != erasures {
                    return Ok(None);
                }
                let returned = inner.mirror.bring_back(&block).map_err(CodecError::new)?;
                Ok::<_, CodecError>(Some(returned))
            });
            let returned = match entering.await {
                Ok(Ok(Some(returned))) => returned,
                // The block may be another one by now.
                Ok(Ok(None)) => continue,
                Ok(Err(_)) => {
                    self.counts.unreadable.fetch_add(1, Ordering::Relaxed);
                    self.lose(guild);
                    self.note(guild, Stored::spoilt(version, hard_ms));
                    return Ok(false);
                }
                Err(error) => return Err(error),
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
            self.note(guild, Stored::whole(version, hard_ms));
            return Ok(true);
        }
    }

    /// The store has nothing of a guild that is away.
    fn lose(&self, guild: Id<GuildMarker>) {
        lock(&self.stored).remove(&guild);
        self.mirror.lose(guild);
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

/// In so many steps it is counted how long a guild was not read.
const ERAS: u32 = 8;

/// How many guilds wait to be brought back at somebody's wish; who waits for one asks for it directly.
const WANTED_MAX: usize = 1_024;

#[cfg(test)]
mod tests;
