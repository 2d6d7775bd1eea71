//! The mirror and its reads.

use std::{collections::BTreeSet, sync::Arc};

use moka::{policy::EvictionPolicy, sync::Cache as Store};
use ovenjs_types::{
    Channel, Dispatch, Event, EventKind, Guild, Id, Interest, Member, Message, ShardId, User,
    marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};

use crate::{Change, Config, Stats, apply, snapshot::is_of};

/// A mirror of what the gateway told us.
///
/// Cloning is cheap and gives the same cache. Reads are snapshots: later events do not change them,
/// and holding one blocks nobody.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(crate) guilds: Store<Id<GuildMarker>, Arc<GuildEntry>>,
    pub(crate) channels: Store<Id<ChannelMarker>, Arc<Channel>>,
    pub(crate) members: Store<(Id<GuildMarker>, Id<UserMarker>), Arc<Member>>,
    pub(crate) messages: Store<Id<MessageMarker>, Arc<Message>>,
    pub(crate) current_user: Store<(), Arc<User>>,
    interest: Interest,
}

/// A guild and the channels known to be in it, so that both go together.
#[derive(Clone, Debug)]
pub(crate) struct GuildEntry {
    pub(crate) guild: Arc<Guild>,
    pub(crate) channels: BTreeSet<Id<ChannelMarker>>,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            guilds: store(config.guilds_max),
            channels: store(config.channels_max),
            members: store(config.members_max),
            messages: store(config.messages_max),
            current_user: store(1),
            interest: interest(&config),
        }
    }

    /// The events which the cache needs to see, given what it keeps.
    ///
    /// Events that would ask for a privileged intent are never in it: members are learned from
    /// those only when something else asked for them.
    #[must_use]
    pub const fn interest(&self) -> Interest {
        self.interest
    }

    /// Folds an event in. `event` is the decoded form of `dispatch` where somebody decoded it.
    ///
    /// Events of one shard must come in their order; those of different shards may come at once.
    pub fn apply(&self, dispatch: &Dispatch, event: Option<&Event>) -> Change {
        match event {
            Some(event) => apply::apply(self, event),
            None if self.interest.wants(dispatch.kind) => apply::apply(
                self,
                &dispatch.decode(&mut ovenjs_types::json::Scratch::new()),
            ),
            None => Change::Nothing,
        }
    }

    /// Forgets every guild of a shard, because events of it may have been lost.
    ///
    /// Discord sends all guilds of the shard anew after such a gap.
    pub fn forget_shard(&self, shard: ShardId) {
        self.forget_guilds(|guild| is_of(shard, Some(guild)));
    }

    /// Forgets the guilds of which that is said, because events of them may have been lost.
    pub fn forget_guilds(&self, is_outdated: impl Fn(Id<GuildMarker>) -> bool) {
        let guilds: Vec<_> = self
            .guilds
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| is_outdated(*id))
            .collect();
        for guild in guilds {
            apply::forget_guild(self, guild);
        }
    }

    /// The bot's own user, once the first `READY` has come.
    #[must_use]
    pub fn current_user(&self) -> Option<Arc<User>> {
        self.current_user.get(&())
    }

    /// A guild with its roles and emojis; its channels and members are read on their own.
    #[must_use]
    pub fn guild(&self, id: Id<GuildMarker>) -> Option<Arc<Guild>> {
        self.guilds.get(&id).map(|entry| Arc::clone(&entry.guild))
    }

    /// The ids of all guilds that are kept, in no order: for counting them by shard.
    pub fn guild_ids(&self) -> impl Iterator<Item = Id<GuildMarker>> + '_ {
        self.guilds.iter().map(|(id, _)| *id)
    }

    /// The channels and threads known to be in a guild, in the order of their ids.
    #[must_use]
    pub fn guild_channels(&self, id: Id<GuildMarker>) -> Vec<Arc<Channel>> {
        let entry = self.guilds.get(&id);
        let ids = entry.iter().flat_map(|entry| &entry.channels);
        ids.filter_map(|id| self.channel(*id)).collect()
    }

    /// A channel or thread.
    #[must_use]
    pub fn channel(&self, id: Id<ChannelMarker>) -> Option<Arc<Channel>> {
        self.channels.get(&id)
    }

    /// A member, as far as events showed it.
    #[must_use]
    pub fn member(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Option<Arc<Member>> {
        self.members.get(&(guild, user))
    }

    /// A message, when messages are kept.
    #[must_use]
    pub fn message(&self, id: Id<MessageMarker>) -> Option<Arc<Message>> {
        self.messages.get(&id)
    }

    /// How many of each kind are held.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            guilds: self.guilds.entry_count(),
            channels: self.channels.entry_count(),
            members: self.members.entry_count(),
            messages: self.messages.entry_count(),
        }
    }
}

/// What has to be seen so that what is kept stays true.
fn interest(config: &Config) -> Interest {
    let always = [EventKind::Ready, EventKind::UserUpdate];
    let guilds = [
        EventKind::GuildCreate,
        EventKind::GuildUpdate,
        EventKind::GuildDelete,
        EventKind::GuildRoleCreate,
        EventKind::GuildRoleUpdate,
        EventKind::GuildRoleDelete,
    ];
    let channels = [
        EventKind::GuildCreate,
        EventKind::GuildDelete,
        EventKind::ChannelCreate,
        EventKind::ChannelUpdate,
        EventKind::ChannelDelete,
        EventKind::ThreadCreate,
        EventKind::ThreadUpdate,
        EventKind::ThreadDelete,
    ];
    let messages = [
        EventKind::MessageCreate,
        EventKind::MessageUpdate,
        EventKind::MessageDelete,
        EventKind::MessageDeleteBulk,
    ];
    let when = |kept: u64, kinds: &[EventKind]| -> Interest {
        if kept == 0 {
            Interest::none()
        } else {
            kinds.iter().copied().collect()
        }
    };
    always
        .into_iter()
        .collect::<Interest>()
        .union(when(config.guilds_max, &guilds))
        .union(when(config.channels_max, &channels))
        .union(when(config.messages_max, &messages))
}

/// Least recently used goes first: a mirror must not refuse what is new, as a frequency filter does.
fn store<K, V>(max: u64) -> Store<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Store::builder()
        .max_capacity(max)
        .eviction_policy(EvictionPolicy::lru())
        .build()
}
