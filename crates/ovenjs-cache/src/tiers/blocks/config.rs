//! How guilds go to the tiers, and what became of them there.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How guilds go to the tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuildBlocksConfig {
    /// The name of the space, as that of a keyspace. Default: `guilds`.
    pub name: String,
    /// After what time without a read a guild leaves memory, to within an eighth, and sooner where the mirror's own
    /// budget evicts. Default: none does for that.
    pub idle: Option<Duration>,
    /// Beyond how many bytes of the whole mirror those guilds leave that were not read for longest. Default: seven
    /// eighths of [`Keep::bytes`](crate::mirror::Keep::bytes), so that they leave before something is evicted.
    pub most: Option<usize>,
    /// For how long a block is kept. Default: 30 days. Where messages are kept
    /// [for a time](crate::mirror::Keep::messages_for) it is at most that time, though a minute at least: so a message is in
    /// the store for twice that time at most. Of guilds that are away [`serve`](super::GuildBlocks::serve) writes blocks
    /// anew when half of it is over.
    pub kept: Duration,
}

impl GuildBlocksConfig {
    /// The defaults named at each field.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: "guilds".to_owned(),
            idle: None,
            most: None,
            kept: Duration::from_secs(30 * 24 * 3_600),
        }
    }

    /// Sets the name of the space.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets after what time without a read a guild leaves memory.
    #[must_use]
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// Sets beyond how many bytes guilds leave memory.
    #[must_use]
    pub const fn most(mut self, bytes: usize) -> Self {
        self.most = Some(bytes);
        self
    }

    /// Sets for how long a block is kept.
    #[must_use]
    pub const fn kept(mut self, kept: Duration) -> Self {
        self.kept = kept;
        self
    }
}

impl Default for GuildBlocksConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What became of guilds in the tiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuildBlocksStats {
    /// How often one was put away.
    pub put_away: u64,
    /// How often one came back.
    pub brought_back: u64,
    /// How often it was stale then: after a lost session, or since too much waited for it.
    pub stale: u64,
    /// How often one that was wanted back had no block in the store any more.
    pub missing: u64,
    /// How often a block could not be read: damaged, or of another codec or version. It is as good as missing.
    pub unreadable: u64,
    /// How often the store had something newer than what was to be written or forgotten: another process has the guild.
    pub refused: u64,
    /// Errands of [`serve`](super::GuildBlocks::serve) that failed: the store did not answer or refused, or a block was too
    /// large for it or could not be packed.
    pub failed: u64,
    /// Guilds that [`save`](super::GuildBlocks::save) could not write.
    pub unsaved: u64,
    /// Blocks that the store was told to forget: of guilds that the bot left, or that are here and are another by now.
    pub forgotten: u64,
    /// Blocks that were written without a user who was [erased](super::GuildBlocks::erase_user).
    pub erased: u64,
    /// The highest epoch of what [`warm`](super::GuildBlocks::warm) met. New sessions want a higher one, since of two
    /// blocks the store keeps the newer.
    pub epoch: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) put_away: AtomicU64,
    pub(super) brought_back: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) missing: AtomicU64,
    pub(super) unreadable: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) unsaved: AtomicU64,
    pub(super) forgotten: AtomicU64,
    pub(super) erased: AtomicU64,
    pub(super) epoch: AtomicU64,
}

impl Counts {
    pub(super) fn stats(&self) -> GuildBlocksStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        GuildBlocksStats {
            put_away: count(&self.put_away),
            brought_back: count(&self.brought_back),
            stale: count(&self.stale),
            missing: count(&self.missing),
            unreadable: count(&self.unreadable),
            refused: count(&self.refused),
            failed: count(&self.failed),
            unsaved: count(&self.unsaved),
            forgotten: count(&self.forgotten),
            erased: count(&self.erased),
            epoch: count(&self.epoch),
        }
    }
}
