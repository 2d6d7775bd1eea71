//! What the store has of guilds: read, written, and asked for within how long.

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use ovenjs_types::{Id, ShardId, marker::GuildMarker};
use tokio::task::{JoinError, spawn_blocking};

use super::{Inner, lock};
use crate::{
    mirror::GuildBlock,
    tiers::{
        Asked, Body, CodecError, FOREVER_MS, Key, Record, Store, StoreError, StoreFault, TierError,
        Version, Written, tier::Tier,
    },
};

/// A block in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) version: Version,
    /// When it is over, in milliseconds since 1970.
    pub(super) ends_ms: u64,
    /// Whether it is known to be there, and can be read.
    pub(super) is_whole: bool,
}

impl Stored {
    pub(super) const fn whole(version: Version, ends_ms: u64) -> Self {
        Self {
            version,
            ends_ms,
            is_whole: true,
        }
    }

    pub(super) const fn spoilt(version: Version, ends_ms: u64) -> Self {
        Self {
            is_whole: false,
            ..Self::whole(version, ends_ms)
        }
    }
}

impl Inner {
    /// What stands under a key, where the block has some so many bytes.
    pub(super) async fn read(&self, key: &Key, bytes: usize) -> Result<Option<Record>, TierError> {
        let now_ms = self.shared.now_ms();
        let keys = [key.clone()];
        let mut found = self
            .ask_for(bytes, |store| store.read(now_ms, &keys))
            .await?;
        Ok(found.pop().flatten())
    }

    /// The block in these bytes.
    pub(super) fn block(
        &self,
        guild: Id<GuildMarker>,
        bytes: &Bytes,
    ) -> Result<GuildBlock, CodecError> {
        let bytes = self.codec.decode(bytes)?;
        GuildBlock::from_bytes(guild, bytes).map_err(CodecError::new)
    }

    /// Writes blocks, or marks.
    pub(super) async fn write(
        &self,
        blocks: &[(Key, Version, Bytes)],
    ) -> Result<Vec<Written>, TierError> {
        let now_ms = self.shared.now_ms();
        let life = u64::try_from(self.life().as_millis()).unwrap_or(u64::MAX);
        let hard_ms = now_ms.saturating_add(life).min(FOREVER_MS);
        let entries = blocks.iter().map(|(key, version, bytes)| {
            let body = Body::Value(bytes.clone());
            (key.clone(), record(*version, body, hard_ms))
        });
        let entries: Vec<_> = entries.collect();
        // Whether it arrived is not known where nobody waits for the answer.
        for guild in entries.iter().filter_map(|(key, record)| {
            let stored = Stored::spoilt(record.version, hard_ms);
            Some((self.guild_of(key)?, stored))
        }) {
            self.note(guild.0, guild.1);
        }
        let bytes = blocks.iter().map(|(_, _, bytes)| bytes.len()).sum();
        let written = self
            .ask_for(bytes, |store| store.write(now_ms, &entries))
            .await?;
        for ((key, record), written) in entries.iter().zip(&written) {
            let Some(guild) = self.guild_of(key) else {
                continue;
            };
            if *written == Written::Kept {
                self.note(guild, Stored::whole(record.version, hard_ms));
            } else {
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
                lock(&self.stored).remove(&guild);
            }
        }
        Ok(written)
    }

    pub(super) fn note(&self, guild: Id<GuildMarker>, stored: Stored) {
        lock(&self.stored).insert(guild, stored);
    }

    /// For how long a block is kept: no longer than messages are, where these are in it.
    pub(super) fn life(&self) -> Duration {
        let keep = self.mirror.keep();
        let age = keep.messages_for.filter(|_| keep.messages > 0);
        let age = age.map_or(Duration::MAX, |age| age.max(LIFE_MIN));
        self.config.kept.min(age)
    }

    /// Asks the store that has the blocks, about so many bytes of them.
    pub(super) async fn ask_for<'a, T>(
        &'a self,
        bytes: usize,
        question: impl FnOnce(&'a dyn Store) -> Asked<'a, T>,
    ) -> Result<T, TierError> {
        let Some(tier) = self.tier() else {
            return Err(StoreError::new("missing store", StoreFault::Refused).into());
        };
        Ok(tier.ask_for(&*self.shared.clock, bytes, question).await?)
    }

    /// Whether the store is left alone by everybody.
    pub(super) fn is_away(&self) -> bool {
        self.tier().is_some_and(Tier::is_away)
    }

    fn tier(&self) -> Option<&Tier> {
        self.shared.third.as_ref().or(self.shared.second.as_ref())
    }

    pub(super) fn erasures(&self) -> u64 {
        *self.erasures.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key(&self, guild: Id<GuildMarker>) -> Result<Key, TierError> {
        let id = Bytes::copy_from_slice(&guild.get().to_be_bytes());
        Ok(Key::new(&self.space, guild.get(), id)?)
    }

    pub(super) fn mark(&self, shard: ShardId) -> Result<Key, TierError> {
        Ok(Key::new(&self.marks, 0, shard.to_string())?)
    }

    /// The guild of a block's key.
    pub(super) fn guild_of(&self, key: &Key) -> Option<Id<GuildMarker>> {
        let bytes = (*key.space() == self.space).then(|| key.id().as_ref().try_into().ok())?;
        Id::new_checked(u64::from_be_bytes(bytes?))
    }
}

pub(super) const fn record(version: Version, body: Body, hard_ms: u64) -> Record {
    Record {
        version,
        body,
        soft_ms: hard_ms,
        hard_ms,
        lent_ms: FOREVER_MS,
        tags: Vec::new(),
    }
}

/// Does what takes long on a thread of its own.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TierError> {
    spawn_blocking(work).await.map_err(broken_off)
}

/// Why something was not done to its end.
pub(super) fn broken_off(error: JoinError) -> TierError {
    if error.is_panic() {
        // Its words went where a panic's go.
        CodecError::new("it panicked over the block: report it to whose codec it is").into()
    } else {
        let ends = "the runtime ends, and nothing is done any more";
        StoreError::new("runtime", StoreFault::Away)
            .with_source(ends)
            .into()
    }
}

/// However short messages are kept: whoever is away has to be brought back and put away again before this is over.
const LIFE_MIN: Duration = Duration::from_secs(60);
