//! What the store is to forget of guilds: those that the bot left, what is not what a guild is any more, and users who
//! are to be erased.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use ovenjs_types::{
    Id,
    marker::{GuildMarker, UserMarker},
};

use super::{
    GuildBlocks, Inner, lock,
    shelf::{Stored, beside, record},
    stuck::Row,
};
use crate::{
    mirror::Mirror,
    tiers::{
        Body, CodecError, FOREVER_MS, GONE_KEPT, Key, Record, Span, TierError, Version, Written,
    },
};

impl GuildBlocks {
    /// Erases a user from the mirror and from all blocks in the store, whosever guilds these are; how many blocks were
    /// written without them. A block that cannot be read goes as a whole. It reads all blocks, some ten thousand
    /// small ones in a second; where it is dropped or fails, erase them again.
    ///
    /// Erasures take turns with each other, with [`save`](Self::save) and with [`warm`](Self::warm), and meanwhile no guild
    /// leaves; guilds come back as ever.
    ///
    /// What goes of a guild says [`Mirror::forget_user`]. Where several processes share the store, each has
    /// a mirror: call it in all of them, since those who have not heard of it may write what they know.
    ///
    /// It does not reach
    ///
    /// - what Discord tells afterwards: as long as they are where the bot is, they are known again with the next event;
    /// - their id where it says whose a guild, a thread or an event is, and what others wrote of them without it;
    /// - keyspaces, whose keys and tags are the bot's: [`Keyspace::remove`](crate::tiers::Keyspace::remove) and its
    ///   kin; what is retained
    #[cfg_attr(
        feature = "retention",
        doc = "   ([`Retention::erase_user`](crate::retention::Retention::erase_user))"
    )]
    ///   and blobs;
    /// - what has left these tiers: copies that handlers hold, a state file until it is next written, the
    ///   database's own backups, and its files until it uses their room again.
    ///
    /// A message that was deleted while its guild is away is in the store until the guild comes back, or its block is over:
    /// [`GuildBlocksConfig::kept`](super::GuildBlocksConfig::kept) bounds that.
    ///
    /// # Errors
    ///
    /// A store that is away or does not take what is left of a block. The mirror has forgotten them nevertheless.
    pub async fn erase_user(&self, user: Id<UserMarker>) -> Result<usize, TierError> {
        let inner = &self.0;
        // A block is read and written again with its version: by nobody else meanwhile, or one undid the other.
        let _alone = inner.pen.write().await;
        inner.begin_or_end_erasure();
        inner.mirror.forget_user(user);
        let erased = inner.erase_from_all(user).await;
        // Who came back meanwhile out of a block that still had them, and has not left since; who comes from now on
        // comes out of none.
        inner.begin_or_end_erasure();
        inner.mirror.forget_user(user);
        erased
    }
}

impl Inner {
    fn begin_or_end_erasure(&self) {
        *self
            .erasures
            .write()
            .unwrap_or_else(PoisonError::into_inner) += 1;
    }

    /// Whether a user is erased just now, so that nobody leaves.
    pub(super) fn is_erasing(&self) -> bool {
        self.pen.try_read().is_err()
    }

    /// Writes all blocks in the store without a user; how many they were in.
    async fn erase_from_all(self: &Arc<Self>, user: Id<UserMarker>) -> Result<usize, TierError> {
        let blank = self.mirror.blank();
        let span = Span {
            space: self.space.clone(),
            scope: None,
        };
        let (mut after, mut count) = (None, 0);
        loop {
            let now_ms = self.shared.now_ms();
            let page = self.ask_for(usize::MAX, |store| {
                store.scan(now_ms, &span, after.as_ref(), PAGE)
            });
            let page = page.await?;
            for (key, record) in page.records {
                count += usize::from(self.erase_from(user, &blank, key, record).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    /// Writes a block without a user, if they are in it; whether they were.
    async fn erase_from(
        self: &Arc<Self>,
        user: Id<UserMarker>,
        blank: &Mirror,
        key: Key,
        found: Record,
    ) -> Result<bool, TierError> {
        let (Some(guild), Body::Value(bytes)) = (self.guild_of(&key), found.body) else {
            return Ok(false);
        };
        let (inner, blank) = (Arc::clone(self), blank.clone());
        let erasing = beside(move || {
            let block = inner.block(guild, &bytes)?;
            let without = block.without(user, &blank).map_err(CodecError::new)?;
            let without = without.map(|block| inner.codec.encode(block.bytes()));
            without.transpose()
        });
        let body = match erasing.await {
            Ok(Ok(None)) => return Ok(false),
            Ok(Ok(Some(bytes))) => Body::Value(bytes),
            // Who is in it cannot be known.
            Ok(Err(_)) => Body::Gone,
            Err(error) if error.is_of_value() => Body::Gone,
            Err(error) => return Err(error),
        };
        let is_whole = body != Body::Gone;
        let bytes = match &body {
            Body::Value(bytes) => bytes.len(),
            _ => 0,
        };
        // The same state, written again.
        let entry = [(key, record(found.version, body, found.hard_ms))];
        let now_ms = self.shared.now_ms();
        let written = self
            .ask_for(bytes, |store| store.write(now_ms, &entry))
            .await?;
        if written.contains(&Written::Kept) {
            let count = if is_whole {
                &self.counts.erased
            } else {
                lock(&self.stored).remove(&guild);
                &self.counts.forgotten
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(true)
    }

    /// Of which the store was not told, it is told again.
    async fn forget_left(&self, row: &mut Row) -> Result<(), TierError> {
        let mut left = Left {
            mirror: &self.mirror,
            guilds: self.mirror.take_left(),
        };
        while !left.guilds.is_empty() {
            let some = left.guilds.len().saturating_sub(GONE_AT_ONCE);
            let some = left.guilds.get(some..).unwrap_or_default();
            let outcome = self.write_gone(some).await;
            if let Err(error) = outcome {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                return row.goes_on(error, self.is_away());
            }
            row.ends();
            left.guilds
                .truncate(left.guilds.len().saturating_sub(GONE_AT_ONCE));
        }
        Ok(())
    }

    /// Where it is time: has the store forget the guilds that the bot left, and blocks of those that are here and are not
    /// what these blocks say, so that nothing is in them that was deleted since.
    pub(super) async fn tidy(&self, row: &mut Row) -> Result<(), TierError> {
        let now = self.shared.clock.now();
        let (Ok(mut tidied), Ok(_shared)) = (self.tidied.try_lock(), self.pen.try_read()) else {
            return Ok(());
        };
        let since = *tidied.get_or_insert(now);
        if now.saturating_duration_since(since) < TIDIED_EVERY {
            return Ok(());
        }
        *tidied = Some(now);
        self.forget_left(row).await?;
        self.forget_outdated(row).await
    }

    async fn forget_outdated(&self, row: &mut Row) -> Result<(), TierError> {
        let now_ms = self.shared.now_ms();
        let stored: Vec<_> = {
            let mut stored = lock(&self.stored);
            stored.retain(|_, stored| stored.ends_ms > now_ms);
            stored
                .iter()
                .map(|(guild, stored)| (*guild, *stored))
                .collect()
        };
        let is_outdated = |guild, stored: &Stored| {
            let here = self.mirror.version_here(guild);
            here.is_some_and(|here| !stored.is_whole || here != stored.version)
        };
        let outdated = stored
            .iter()
            .filter(|(guild, stored)| is_outdated(*guild, stored));
        let outdated: Vec<_> = outdated.copied().collect();
        for some in outdated.chunks(GONE_AT_ONCE) {
            let forgetting = Forgetting::of(self, some);
            // Who leaves by now does not stay for this.
            let some = some
                .iter()
                .filter(|(guild, stored)| is_outdated(*guild, stored));
            let some: Vec<_> = some
                .map(|(guild, stored)| (*guild, stored.version))
                .collect();
            let outcome = self.write_gone(&some).await;
            drop(forgetting);
            match outcome {
                Ok(()) => row.ends(),
                Err(error) => {
                    self.counts.failed.fetch_add(1, Ordering::Relaxed);
                    row.goes_on(error, self.is_away())?;
                }
            }
        }
        Ok(())
    }

    /// Guilds that are away, and whose blocks are over before long: to be brought back and put away again.
    pub(super) fn ending(&self) -> Vec<Id<GuildMarker>> {
        let half = u64::try_from(self.life().as_millis() / 2).unwrap_or(u64::MAX);
        let soon_ms = self.shared.now_ms().saturating_add(half);
        let ending: Vec<_> = {
            let stored = lock(&self.stored);
            let ending = stored.iter().filter(|(_, stored)| stored.ends_ms < soon_ms);
            ending.map(|(guild, _)| *guild).collect()
        };
        let away = ending.into_iter();
        let mut away = self.in_turn(away.filter(|guild| self.mirror.is_away(*guild)));
        away.truncate(RENEWED_AT_ONCE);
        away
    }

    /// Has the store forget these up to a version.
    pub(super) async fn write_gone(
        &self,
        guilds: &[(Id<GuildMarker>, Version)],
    ) -> Result<(), TierError> {
        if guilds.is_empty() {
            return Ok(());
        }
        let now_ms = self.shared.now_ms();
        let kept = u64::try_from(GONE_KEPT.as_millis()).unwrap_or(u64::MAX);
        let hard_ms = now_ms.saturating_add(kept).min(FOREVER_MS);
        let gone = guilds
            .iter()
            .map(|(guild, version)| Ok((self.key(*guild)?, record(*version, Body::Gone, hard_ms))));
        let gone: Vec<_> = gone.collect::<Result<_, TierError>>()?;
        let written = self.ask_for(0, |store| store.write(now_ms, &gone)).await?;
        let mut stored = lock(&self.stored);
        for ((guild, version), written) in guilds.iter().zip(written) {
            let count = match written {
                Written::Kept => &self.counts.forgotten,
                // Another process has it now, and knows better.
                Written::Older(_) => &self.counts.refused,
            };
            count.fetch_add(1, Ordering::Relaxed);
            if stored
                .get(guild)
                .is_some_and(|stored| version.may_replace(&stored.version))
            {
                stored.remove(guild);
            }
        }
        Ok(())
    }
}

/// Guilds that the bot left, and of which the store was not told yet.
struct Left<'a> {
    mirror: &'a Mirror,
    guilds: Vec<(Id<GuildMarker>, Version)>,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        for (guild, version) in &self.guilds {
            self.mirror.note_left(guild.get(), *version);
        }
    }
}

/// Guilds that do not leave while the store is told to forget them.
struct Forgetting<'a> {
    inner: &'a Inner,
    guilds: &'a [(Id<GuildMarker>, Stored)],
}

impl<'a> Forgetting<'a> {
    fn of(inner: &'a Inner, guilds: &'a [(Id<GuildMarker>, Stored)]) -> Self {
        lock(&inner.forgetting).extend(guilds.iter().map(|(guild, _)| *guild));
        Self { inner, guilds }
    }
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        let mut forgetting = lock(&self.inner.forgetting);
        for (guild, _) in self.guilds {
            forgetting.remove(guild);
        }
    }
}

/// How many blocks the store is told to forget at once.
const GONE_AT_ONCE: usize = 256;

/// How often it is looked for what may be forgotten: a look costs a lock for each block.
const TIDIED_EVERY: Duration = Duration::from_secs(10);

/// How many guilds are brought back and put away again in one turn, so that nobody waits long behind them.
const RENEWED_AT_ONCE: usize = 64;

/// How many blocks are read at once: of large guilds some ten megabytes.
pub(super) const PAGE: usize = 16;
