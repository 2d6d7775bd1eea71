//! What the gateway told us, in a tenth of the memory.
//!
//! [`Mirror::apply`] folds events in, reading from their bytes those fields alone that are kept; reads give
//! owned copies as types of the model. See `docs/decisions/0027-packed-mirror.md` for the layout and its
//! price.

mod block;
mod fold;
mod keep;
mod queries;
mod reads;
mod role_sets;
mod shared;
mod snapshot;
mod tally;

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use hashbrown::HashMap;
use ovenjs_types::{
    Dispatch, EventKind, Id, Interest, ShardId, json::Scratch, marker::GuildMarker,
};

pub use keep::Keep;
pub use reads::GuildState;
pub use snapshot::SNAPSHOT_BYTES_MAX;
pub use tally::{MirrorStats, Tally};

use crate::Change;
use block::{Block, Shared};
use shared::{Places, Users};

/// A packed mirror of what the gateway told us.
///
/// Cloning is cheap and gives the same mirror. Every read gives values of one's own, which later events do
/// not change; nothing that is given out holds a lock, so a value may be kept over an `await`, in a task, for
/// ever. A read never causes a request.
///
/// What it knows is what Discord would send now in `GUILD_CREATE`, plus what was asked for by [`Keep`]:
///
/// * `GUILD_CREATE` replaces all that is known of a guild; what it does not list is gone.
/// * After [`outdate`](Self::outdate) a guild is [stale](GuildState::is_stale) until that comes.
/// * In an outage a guild is kept and [marked](GuildState::is_unavailable).
/// * Archived threads, ended scheduled events, whoever is offline or in no voice channel: not in it.
/// * A user is known as long as a guild or a kept message knows them.
///
/// ```
/// use ovenjs_cache::mirror::{Keep, Mirror};
/// use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
///
/// let mirror = Mirror::new(Keep::new().members(true));
/// let raw = br#"{"id":"1","name":"Bakery","member_count":2,
///     "channels":[{"id":"2","type":0,"name":"general"}],
///     "members":[{"user":{"id":"80","username":"ann"},"roles":["7","3"]}]}"#;
/// let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
/// mirror.apply(&create, &mut Scratch::new());
///
/// let ann = mirror.member(Id::new(1), Id::new(80)).unwrap();
/// assert_eq!(ann.user.unwrap().username, "ann");
/// assert_eq!(ann.roles, [Id::new(3), Id::new(7)]);
/// assert_eq!(mirror.channel(Id::new(2)).unwrap().guild_id, Some(Id::new(1)));
///
/// // Two members are there, one was sent.
/// assert!(!mirror.state(Id::new(1)).unwrap().has_all_members);
/// ```
#[derive(Clone, Debug)]
pub struct Mirror(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// By guild; 0 for private channels. Blocks are locked one at a time, this lock is held to find them.
    blocks: RwLock<HashMap<u64, Arc<RwLock<Block>>>>,
    shared: Shared,
    /// The bot's own user: its id, and the rest.
    bot: RwLock<Option<(u64, Box<[u8]>)>>,
    unread: AtomicU64,
    /// What is folded in.
    folded: Interest,
}

impl Mirror {
    /// An empty mirror that keeps this.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        // Pins come where somebody else asked for them.
        let folded = keep.interest().with(EventKind::ChannelPinsUpdate);
        Self(Arc::new(Inner {
            folded,
            blocks: RwLock::default(),
            shared: Shared {
                users: Users::new(),
                places: Places::new(),
                keep,
            },
            bot: RwLock::default(),
            unread: AtomicU64::new(0),
        }))
    }

    /// The events which the mirror needs to see, given what it keeps. Those of members and presences need
    /// privileged intents.
    #[must_use]
    pub fn interest(&self) -> Interest {
        self.0.shared.keep.interest()
    }

    /// Folds an event in.
    ///
    /// Events of one shard must come in their order; those of different shards may come at once. What cannot
    /// be read changes nothing and is [counted](MirrorStats::unread).
    pub fn apply(&self, event: &Dispatch, scratch: &mut Scratch) {
        self.fold(event, scratch, false);
    }

    /// Folds an event in, and tells what was there before and is there now: for whoever asks for it, since
    /// both are unpacked for that. Of many things at once nothing is told: members in chunks, threads that
    /// Discord lists anew, guilds that `READY` does not list any more.
    ///
    /// ```
    /// # use ovenjs_cache::{Change, mirror::{Keep, Mirror}};
    /// # use ovenjs_types::{Dispatch, Origin, Version, json::Scratch};
    /// # let mirror = Mirror::new(Keep::new());
    /// # let dispatch = |name: &str, raw: &'static str| Dispatch::new(Origin::default(), Version::default(), name, raw);
    /// # let mut scratch = Scratch::new();
    /// # mirror.apply(&dispatch("GUILD_CREATE", r#"{"id":"1","channels":[{"id":"2","type":0,"name":"general"}]}"#), &mut scratch);
    /// let update = dispatch("CHANNEL_UPDATE", r#"{"id":"2","type":0,"guild_id":"1","name":"bread"}"#);
    /// let Change::Channel(delta) = mirror.apply_and_tell(&update, &mut scratch) else { panic!() };
    /// assert_eq!(delta.before.unwrap().name.as_deref(), Some("general"));
    /// assert_eq!(delta.after.unwrap().name.as_deref(), Some("bread"));
    /// ```
    pub fn apply_and_tell(&self, event: &Dispatch, scratch: &mut Scratch) -> Change {
        self.fold(event, scratch, true)
    }

    /// Marks the guilds of a shard as stale, because events of it may have been lost. Discord sends all of
    /// them anew after such a gap.
    pub fn outdate_shard(&self, shard: ShardId) {
        self.outdate(|guild| ShardId::of_guild(guild, shard.total) == shard);
    }

    /// Marks the guilds of which that is said as stale. Private messages cannot be marked: those kept from
    /// before a gap stay, since nothing sends them anew.
    pub fn outdate(&self, is_outdated: impl Fn(Id<GuildMarker>) -> bool) {
        for block in self.all_blocks() {
            let mut block = block.write().unwrap_or_else(PoisonError::into_inner);
            if Id::new_checked(block.id).is_some_and(&is_outdated) {
                block.is_stale = true;
            }
        }
    }

    /// What is kept, by kind, in numbers and bytes.
    #[must_use]
    pub fn stats(&self) -> MirrorStats {
        let shared = &self.0.shared;
        let mut stats = MirrorStats {
            users: Tally::of_drawers(&shared.users.0),
            places: Tally::of_drawers(&shared.places.0),
            unread: self.0.unread.load(Ordering::Relaxed),
            ..MirrorStats::default()
        };
        for block in self.all_blocks() {
            stats.add(&block.read().unwrap_or_else(PoisonError::into_inner));
        }
        stats
    }

    fn all_blocks(&self) -> Vec<Arc<RwLock<Block>>> {
        let blocks = self.0.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.values().cloned().collect()
    }

    fn block(&self, guild: u64) -> Option<Arc<RwLock<Block>>> {
        let blocks = self.0.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.get(&guild).cloned()
    }

    /// Looks at a block while nobody writes it.
    fn look<T>(&self, guild: u64, look: impl FnOnce(&Block, &Shared) -> Option<T>) -> Option<T> {
        let block = self.block(guild)?;
        let block = block.read().unwrap_or_else(PoisonError::into_inner);
        look(&block, &self.0.shared)
    }
}

#[cfg(test)]
mod tests;
