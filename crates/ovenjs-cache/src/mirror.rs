//! What the gateway told us, in a tenth of the memory.
//!
//! [`Mirror::apply`] folds events in, reading from their bytes those fields alone that are kept; reads give
//! owned copies, as types of the model or, for what is asked most often, as they lie there. See
//! `docs/decisions/0027-packed-mirror.md` for the layout and its price, `0029-mirror-speed.md` and
//! `0033-mirror-reads.md` for what is fast and why.

mod away;
mod block;
mod budget;
mod channels;
#[cfg(feature = "tiers")]
mod cold;
mod contents;
mod erase;
mod expiry;
mod field;
mod fold;
mod heads;
mod invites;
mod keep;
mod member_roles;
mod members;
mod messages;
mod packed_member;
mod queries;
mod reads;
mod role_sets;
mod shared;
mod snapshot;
mod tally;
mod typed;

use std::sync::{
    Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicU64, Ordering},
};

use hashbrown::HashMap;
use ovenjs_types::{Dispatch, Id, Interest, Origin, ShardId, json::Scratch, marker::GuildMarker};

pub use away::{AwayTally, GuildBlock, Returned};
pub use field::{Field, Fields};
pub use keep::Keep;
pub use member_roles::MemberRoles;
pub use packed_member::PackedMember;
pub use reads::GuildState;
pub use snapshot::SNAPSHOT_BYTES_MAX;
pub use tally::{Evicted, MirrorStats, Tally};

use crate::{Change, tiers::Version};
use away::Away;
use block::{Block, Shared};
use budget::Budget;
use shared::{Places, Users, spread};

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
/// * Threads and messages of channels of which the bot lost sight: not in it.
/// * A user is known as long as a guild or a kept message knows them.
/// * Fields that were asked [to be left out](Keep::without) are in nothing that is read.
/// * A guild that [went away](Self::pack) is not here until it is [brought back](Self::bring_back), which its
///   [state](GuildState::is_away) says: reads of what is in it find nothing, and queries pass over it.
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

/// Some of the blocks, and what is known of those that are away.
#[derive(Debug, Default)]
struct Stripe {
    blocks: HashMap<u64, Box<Block>>,
    away: HashMap<u64, Away>,
}

#[derive(Debug)]
struct Inner {
    /// Blocks by guild, 0 for private channels, spread over [`STRIPES`] locks: who looks at a block or changes
    /// it holds the lock of its stripe, and no other but those of drawers.
    stripes: Vec<RwLock<Stripe>>,
    shared: Shared,
    unread: AtomicU64,
    /// Tells one leaving of a guild from the next.
    leavings: AtomicU64,
    /// Guilds that the bot left, each with the event that told it; nothing where nobody asks.
    left: Mutex<Option<HashMap<u64, Version>>>,
    /// What is folded in.
    folded: Interest,
}

impl Mirror {
    /// An empty mirror that keeps this.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self(Arc::new(Inner {
            folded: keep.folded(),
            stripes: (0..STRIPES).map(|_| RwLock::default()).collect(),
            shared: Shared {
                users: Users::new(),
                places: Places::new(),
                budget: Budget::new(),
                bot: RwLock::default(),
                unwanted: keep.unwanted(),
                keep,
            },
            unread: AtomicU64::new(0),
            leavings: AtomicU64::new(0),
            left: Mutex::default(),
        }))
    }

    /// The events which the mirror needs to see, given what it keeps. Those of members and presences need
    /// privileged intents.
    #[must_use]
    pub fn interest(&self) -> Interest {
        self.0.shared.keep.interest()
    }

    /// What it keeps.
    #[must_use]
    pub fn keep(&self) -> &Keep {
        &self.0.shared.keep
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
    /// them anew after such a gap. Private messages come by the first shard.
    pub fn outdate_shard(&self, shard: ShardId) {
        self.outdate(|guild| ShardId::of_guild(guild, shard.total) == shard);
        if shard.number == 0 {
            self.outdate_private();
        }
    }

    /// Marks the private messages that are kept [as stale](Self::is_message_stale). They stay, since nothing sends them
    /// anew.
    pub fn outdate_private(&self) {
        let outdate = |block: &mut Block| {
            let rings = block.messages.rings();
            let last = rings.filter_map(|(_, ring)| ring.last()).max();
            block.stale_up_to = last.unwrap_or_default();
        };
        self.change(0, |block, _| outdate(block));
    }

    /// Marks the guilds of which that is said as stale; private messages have [a way](Self::outdate_private) of their
    /// own.
    pub fn outdate(&self, is_outdated: impl Fn(Id<GuildMarker>) -> bool) {
        for stripe in &self.0.stripes {
            let mut stripe = write_lock(stripe);
            for block in stripe.blocks.values_mut() {
                if Id::new_checked(block.id).is_some_and(&is_outdated) {
                    block.is_stale = true;
                    block.waits_for_session = false;
                }
            }
            for (id, away) in &mut stripe.away {
                if Id::new_checked(*id).is_some_and(&is_outdated) {
                    away.outdate();
                }
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
            evicted: shared.budget.evicted(),
            ..MirrorStats::default()
        };
        self.look_at_all(|block| stats.add(block));
        stats.away.lost = shared.budget.lost();
        for stripe in &self.0.stripes {
            let stripe = read_lock(stripe);
            for (id, away) in &stripe.away {
                away.add_to(&mut stats.away, stripe.blocks.contains_key(id));
            }
        }
        stats
    }

    /// The stripe in which a guild stands or would stand.
    fn stripe(&self, guild: u64) -> Option<&RwLock<Stripe>> {
        self.0.stripes.get(spread(guild) % STRIPES)
    }

    fn with_stripe<T>(&self, guild: u64, look: impl FnOnce(&Stripe) -> T) -> Option<T> {
        Some(look(&read_lock(self.stripe(guild)?)))
    }

    fn with_stripe_mut<T>(
        &self,
        guild: u64,
        change: impl FnOnce(&mut Stripe, &Shared) -> T,
    ) -> Option<T> {
        let mut stripe = write_lock(self.stripe(guild)?);
        Some(change(&mut stripe, &self.0.shared))
    }

    /// The bot has left a guild, or was removed from it.
    pub(crate) fn note_left(&self, guild: u64, version: Version) {
        let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = left.as_mut().filter(|left| left.len() < LEFT_MAX) {
            let held = left.entry(guild).or_insert(version);
            if version.may_replace(held) {
                *held = version;
            }
        }
    }

    fn next_leaving(&self) -> u64 {
        // 0 is none.
        self.0
            .leavings
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1)
    }

    /// Looks at a block while nobody writes it.
    fn look<T>(&self, guild: u64, look: impl FnOnce(&Block, &Shared) -> Option<T>) -> Option<T> {
        let stripe = read_lock(self.stripe(guild)?);
        let (block, shared) = (stripe.blocks.get(&guild)?, &self.0.shared);
        shared.budget.note_read(&block.read_in);
        look(block, shared)
    }

    /// Changes a block that is here. That of the private channels always is.
    fn change<T>(&self, guild: u64, change: impl FnOnce(&mut Block, &Shared) -> T) -> Option<T> {
        let mut stripe = write_lock(self.stripe(guild)?);
        let shared = &self.0.shared;
        let block = match stripe.blocks.get_mut(&guild) {
            None if guild == 0 => stripe.blocks.entry(guild).or_default(),
            block => block?,
        };
        let changed = change(block, shared);
        block.count(&shared.budget);
        Some(changed)
    }

    /// The same by an event, which waits where the guild is away.
    fn change_by(
        &self,
        guild: u64,
        event: &Dispatch,
        change: impl FnOnce(&mut Block, &Shared),
    ) -> Option<()> {
        let mut stripe = write_lock(self.stripe(guild)?);
        let (stripe, shared) = (&mut *stripe, &self.0.shared);
        let block = match stripe.blocks.get_mut(&guild) {
            None if guild == 0 => stripe.blocks.entry(guild).or_default(),
            None => {
                stripe
                    .away
                    .get_mut(&guild)?
                    .note(guild, shared, event, change);
                return None;
            }
            Some(block) => block,
        };
        change(block, shared);
        block.version = version_of(event);
        block.count(&shared.budget);
        if !stripe.away.is_empty()
            && let Some(away) = stripe.away.get_mut(&guild)
            && !away.note_leaving(shared, event)
            && let Some(away) = stripe.away.remove(&guild)
        {
            away.leave(shared, Some(block));
        }
        Some(())
    }

    fn look_at_all(&self, mut look: impl FnMut(&Block)) {
        for stripe in &self.0.stripes {
            let stripe = read_lock(stripe);
            stripe.blocks.values().for_each(|block| look(block));
        }
    }

    /// Puts a block in the place of another one, and of all that is away of the guild.
    fn replace(&self, guild: u64, mut block: Block) -> Option<Box<Block>> {
        let mut stripe = write_lock(self.stripe(guild)?);
        let shared = &self.0.shared;
        shared.budget.note_coming(&mut block);
        block.count(&shared.budget);
        if !stripe.away.is_empty()
            && let Some(away) = stripe.away.remove(&guild)
        {
            away.leave(shared, Some(&block));
        }
        let former = stripe.blocks.insert(guild, Box::new(block))?;
        shared.budget.forget(&former);
        Some(former)
    }

    fn remove(&self, guild: u64) -> Option<Box<Block>> {
        let mut stripe = write_lock(self.stripe(guild)?);
        let shared = &self.0.shared;
        if let Some(away) = stripe.away.remove(&guild) {
            away.leave(shared, None);
        }
        let former = stripe.blocks.remove(&guild)?;
        shared.budget.forget(&former);
        Some(former)
    }

    /// Lets a block go that is no longer listed. What stands in its place by now keeps its channels.
    fn leave(&self, former: Box<Block>) {
        if let Some(stripe) = self.stripe(former.id) {
            let stripe = read_lock(stripe);
            let next = stripe.blocks.get(&former.id).map(|next| &**next);
            former.leave(&self.0.shared, next);
        }
    }
}

fn read_lock(stripe: &RwLock<Stripe>) -> RwLockReadGuard<'_, Stripe> {
    stripe.read().unwrap_or_else(PoisonError::into_inner)
}

fn write_lock(stripe: &RwLock<Stripe>) -> RwLockWriteGuard<'_, Stripe> {
    stripe.write().unwrap_or_else(PoisonError::into_inner)
}

/// The place of an event among those of its source.
fn version_of(event: &Dispatch) -> Version {
    match event.origin {
        Origin::Gateway(shard) => Version::of_shard(shard.number, event.version),
        _ => Version::of_shard(0, event.version),
    }
}

/// So many guilds that were left are remembered for the tiers to forget; what they have of others ends with its
/// lifetime. At 40 bytes each, 2.6 MB.
const LEFT_MAX: usize = 65_536;

/// Far more than there are threads that read and write at once, so that two guilds seldom meet in one.
const STRIPES: usize = 256;

#[cfg(test)]
mod tests;
