//! All guilds at a process's end, and at the next one's beginning.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use bytes::{BufMut as _, Bytes, BytesMut};
use hashbrown::HashSet;
use ovenjs_types::{Fault as _, Id, ShardId, marker::GuildMarker};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{
    GuildBlocks, Inner,
    forgotten::PAGE,
    lock,
    shelf::{Stored, beside, broken_off},
    stuck::Row,
};
use crate::tiers::{Body, Key, Record, Span, TierError, Version, Written};

impl GuildBlocks {
    /// Writes all guilds, for the next process; how many were written anew. Guilds that are away come back first where
    /// something waits for them, or where they are [stale](crate::mirror::GuildState::is_stale) since they left.
    /// `sessions` says which event of each shard was the last that the mirror was given: apply none meanwhile.
    ///
    /// A guild that cannot be packed, or that is too large for the store, is passed over and
    /// [counted](super::GuildBlocksStats::unsaved), and what the store had of it goes: the next process does not know it.
    ///
    /// # Errors
    ///
    /// A store that is away, or refuses. The guilds of a shard of which not all that could be was written are not taken for
    /// whole by [`warm`](Self::warm).
    pub async fn save(
        &self,
        sessions: &[(ShardId, ovenjs_types::Version)],
    ) -> Result<usize, TierError> {
        let mirror = &self.0.mirror;
        // What is forgotten just now is not what is written here.
        let _tidied = self.0.tidied.lock().await;
        let _shared = self.0.pen.read().await;
        let mut saving = Saving {
            inner: &self.0,
            batch: Vec::new(),
            bytes: 0,
            count: 0,
            row: Row::default(),
            spoilt: Vec::new(),
            left_out: HashSet::new(),
        };
        for guild in mirror.guilds_unlike_their_blocks() {
            match self.wake(guild).await {
                Ok(_) => saving.row.ends(),
                Err(error) => saving.leave_out([guild], error)?,
            }
        }
        for guild in mirror.guild_ids() {
            let stored = lock(&self.0.stored).get(&guild).copied();
            let known = stored.filter(|stored| stored.is_whole);
            let known = known.map(|stored| stored.version);
            let inner = Arc::clone(&self.0);
            let packing = beside(move || {
                let packed = inner.mirror.copy_unless_kept(guild, known)?;
                Some((packed.version(), inner.codec.encode(packed.bytes())))
            });
            match packing.await {
                Ok(None) => {}
                Ok(Some((version, Ok(bytes)))) => {
                    saving.push(self.0.key(guild)?, version, bytes).await?;
                }
                Ok(Some((version, Err(_)))) => saving.spoil(guild, version),
                Err(error) if error.is_of_value() => {
                    // Which version it has is known without its codec.
                    let version = mirror.version_here(guild).unwrap_or_default();
                    saving.spoil(guild, version);
                }
                Err(error) => return Err(error),
            }
        }
        saving.write().await?;
        let (spoilt, left_out) = (saving.spoilt, saving.left_out);
        let count = saving.count;
        // What stood there before is not what they are: it is no guild's that was saved whole.
        self.0.write_gone(&spoilt).await?;
        let unsaved = u64::try_from(spoilt.len() + left_out.len()).unwrap_or(u64::MAX);
        self.0.counts.unsaved.fetch_add(unsaved, Ordering::Relaxed);
        let is_whole = |shard: &ShardId| {
            let mut guilds = left_out.iter();
            guilds.all(|guild| ShardId::of_guild(*guild, shard.total) != *shard)
        };
        let whole = sessions.iter().filter(|(shard, _)| is_whole(shard));
        let marks = whole.map(|(shard, version)| {
            let mut mark = BytesMut::new();
            mark.put_u64(version.epoch);
            mark.put_u64(version.seq);
            let version = Version::of_shard(shard.number, *version);
            Ok((self.0.mark(*shard)?, version, mark.freeze()))
        });
        let marks: Vec<_> = marks.collect::<Result<_, TierError>>()?;
        if !marks.is_empty() {
            self.0.write(&marks).await?;
        }
        Ok(count)
    }

    /// Fills a mirror with what [`save`](Self::save) and former processes wrote of these shards' guilds, as far as
    /// it does not know them; how many came. All are [stale](crate::mirror::GuildState::is_stale), so call
    /// [`Mirror::resumed`](crate::mirror::Mirror::resumed) when a session goes on. With each shard goes the last event that
    /// was delivered in the session that is to go on, if one is: only where all was saved that came until then, it makes
    /// them fresh.
    ///
    /// # Errors
    ///
    /// A store that is away; what came until then stays. A block that is damaged is left out, and
    /// [counted](super::GuildBlocksStats::unreadable).
    pub async fn warm(
        &self,
        shards: &[(ShardId, Option<ovenjs_types::Version>)],
    ) -> Result<usize, TierError> {
        let _shared = self.0.pen.read().await;
        let erasures = self.0.erasures();
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
            let page = self.0.ask_for(usize::MAX, |store| {
                store.scan(now_ms, &span, after.as_ref(), PAGE)
            });
            let page = page.await?;
            // The next page comes while the last one is read.
            count += entered(entering).await?;
            let (inner, shards, whole) = (Arc::clone(&self.0), shards.clone(), whole.clone());
            entering = Some(spawn_blocking(move || {
                let records = page.records.iter();
                let came = records
                    .filter(|(key, record)| inner.enter(key, record, &shards, &whole, erasures));
                came.count()
            }));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        count += entered(entering).await?;
        Ok(count)
    }
}

/// Guilds on their way to the store.
struct Saving<'a> {
    inner: &'a Inner,
    batch: Vec<(Key, Version, Bytes)>,
    bytes: usize,
    count: usize,
    row: Row,
    /// What has no block, or none that the store takes.
    spoilt: Vec<(Id<GuildMarker>, Version)>,
    /// What the store did not answer about.
    left_out: HashSet<Id<GuildMarker>>,
}

impl Saving<'_> {
    async fn push(&mut self, key: Key, version: Version, packed: Bytes) -> Result<(), TierError> {
        self.bytes += packed.len();
        self.batch.push((key, version, packed));
        if self.bytes >= BATCH_BYTES {
            self.write().await?;
        }
        Ok(())
    }

    /// Writes what was packed: all at once, and one by one where the store does not take something of it.
    async fn write(&mut self) -> Result<(), TierError> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let error = match self.inner.write(&batch).await {
            Ok(written) => {
                self.note(&written);
                return Ok(());
            }
            Err(error) => error,
        };
        if !error.is_of_value() {
            return self.leave_out(self.guilds(&batch), error);
        }
        for one in batch.chunks(1) {
            match self.inner.write(one).await {
                Ok(written) => self.note(&written),
                Err(error) if error.is_of_value() => {
                    let guild = one.iter().map(|(key, version, _)| (key, *version));
                    let guild = guild
                        .filter_map(|(key, version)| Some((self.inner.guild_of(key)?, version)));
                    self.spoilt.extend(guild);
                }
                Err(error) => self.leave_out(self.guilds(one), error)?,
            }
        }
        Ok(())
    }

    fn note(&mut self, written: &[Written]) {
        self.row.ends();
        let kept = written.iter().filter(|written| **written == Written::Kept);
        self.count += kept.count();
    }

    fn guilds(&self, batch: &[(Key, Version, Bytes)]) -> Vec<Id<GuildMarker>> {
        let keys = batch.iter().map(|(key, _, _)| key);
        keys.filter_map(|key| self.inner.guild_of(key)).collect()
    }

    fn spoil(&mut self, guild: Id<GuildMarker>, version: Version) {
        self.spoilt.push((guild, version));
    }

    /// The store did not answer about these. An error, where it is to be left alone.
    fn leave_out(
        &mut self,
        guilds: impl IntoIterator<Item = Id<GuildMarker>>,
        error: TierError,
    ) -> Result<(), TierError> {
        self.left_out.extend(guilds);
        if !error.is_retryable() {
            return Err(error);
        }
        self.row.goes_on(error, self.inner.is_away())
    }
}

impl Inner {
    /// Takes a record of a former process into the mirror; whether it did. `erasures` had begun or ended when it was read.
    fn enter(
        &self,
        key: &Key,
        record: &Record,
        shards: &[ShardId],
        whole: &[ShardId],
        erasures: u64,
    ) -> bool {
        let now = self.erasures.read().unwrap_or_else(PoisonError::into_inner);
        if *now != erasures {
            // Nobody waits for it any more, and who was erased since may be in it.
            return false;
        }
        let met = &self.counts.epoch;
        met.fetch_max(record.version.epoch, Ordering::Relaxed);
        let is_of = |guild, shard: &&ShardId| ShardId::of_guild(guild, shard.total) == **shard;
        let (Some(guild), Body::Value(bytes)) = (self.guild_of(key), &record.body) else {
            return false;
        };
        if !shards.iter().any(|shard| is_of(guild, &shard)) {
            return false;
        }
        let is_whole = whole.iter().any(|shard| is_of(guild, &shard));
        let block = self.block(guild, bytes);
        let Ok(Ok(came)) = block.map(|block| self.mirror.enter(&block, is_whole)) else {
            self.counts.unreadable.fetch_add(1, Ordering::Relaxed);
            self.note(guild, Stored::spoilt(record.version, record.hard_ms));
            return false;
        };
        // Also where the mirror knew it: the block goes once the guild is another.
        self.note(guild, Stored::whole(record.version, record.hard_ms));
        came
    }

    /// Whether all guilds of a shard were saved with what came up to this event.
    async fn was_saved(
        &self,
        shard: ShardId,
        last: ovenjs_types::Version,
    ) -> Result<bool, TierError> {
        let found = self.read(&self.mark(shard)?, 0).await?;
        let version = found.map(|record| record.version);
        Ok(version.is_some_and(|mark| mark.epoch == last.epoch && mark.sequence >= last.seq))
    }
}

async fn entered(entering: Option<JoinHandle<usize>>) -> Result<usize, TierError> {
    match entering {
        Some(entering) => entering.await.map_err(broken_off),
        None => Ok(0),
    }
}

/// How many bytes of blocks are written at once.
const BATCH_BYTES: usize = 2 << 20;
