//! The form in which an event travels between crates.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{Event, EventKind, Id, json::Scratch, marker::GuildMarker};

/// One event as Discord sent it: where from, its place in the order, its kind and its bytes.
///
/// The payload stays bytes until somebody wants it typed; `raw` is never changed. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Where the event came from.
    pub origin: Origin,
    /// Its place in the order of its shard.
    pub version: Version,
    /// What it is; [`EventKind::Unknown`] for a name which this version does not know.
    pub kind: EventKind,
    /// The payload: the JSON text of the frame's `d`.
    pub raw: Bytes,
    unknown: Option<Arc<str>>,
}

impl Dispatch {
    /// A dispatch of the event that Discord calls `name`.
    pub fn new(origin: Origin, version: Version, name: &str, raw: impl Into<Bytes>) -> Self {
        let kind = EventKind::from_name(name);
        let unknown = (kind == EventKind::Unknown).then(|| Arc::from(name));
        Self {
            origin,
            version,
            kind,
            raw: raw.into(),
            unknown,
        }
    }

    /// Discord's name of the event, e.g. `MESSAGE_CREATE`, also for unknown ones.
    #[must_use]
    pub fn name(&self) -> &str {
        self.unknown.as_deref().unwrap_or_else(|| self.kind.name())
    }

    /// The event with its payload typed. Never fails: what no type fits is [`Event::Malformed`].
    ///
    /// `scratch` is reused between calls; deviations met on the way are left in it, see
    /// [`Scratch::take_drift`].
    pub fn decode(&self, scratch: &mut Scratch) -> Event {
        Event::decode(self.kind, self.name(), &self.raw, scratch)
    }
}

/// Where an event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A gateway shard.
    Gateway(ShardId),
    /// An HTTP request of Discord's to the bot.
    Http,
}

impl Default for Origin {
    fn default() -> Self {
        Self::Gateway(ShardId::default())
    }
}

/// A shard and how many there are: Discord's `[shard_id, num_shards]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId {
    /// The shard's number, counted from 0.
    pub number: u32,
    /// How many shards the bot has; never 0.
    pub total: u32,
}

impl ShardId {
    /// Shard `number` of `total`, or nothing where `number` is not below `total`.
    #[must_use]
    pub const fn new(number: u32, total: u32) -> Option<Self> {
        if number < total {
            Some(Self { number, total })
        } else {
            None
        }
    }

    /// Of `total` shards, the one that hears of a guild. Source: Discord, "Sharding".
    ///
    /// ```
    /// use ovenjs_types::{Id, ShardId};
    ///
    /// let guild = Id::new(41_771_983_423_143_937);
    /// assert_eq!(ShardId::of_guild(guild, 16).to_string(), "6/16");
    /// assert_eq!(ShardId::of_guild(guild, 1), ShardId::default());
    /// ```
    #[must_use]
    pub fn of_guild(guild: Id<GuildMarker>, total: u32) -> Self {
        let number = (guild.get() >> 22) % u64::from(total.max(1));
        Self {
            // It is below a number of 32 bits.
            number: u32::try_from(number).unwrap_or(0),
            total,
        }
    }
}

impl Default for ShardId {
    /// The only shard of a small bot.
    fn default() -> Self {
        Self {
            number: 0,
            total: 1,
        }
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.total)
    }
}

/// The order of events within one shard.
///
/// `epoch` grows with each new session, reshard and restart; `seq` is Discord's sequence number in
/// that session. Versions of different shards must not be compared: their order means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The session's place in the history of the shard.
    pub epoch: u64,
    /// Discord's sequence number within the session.
    pub seq: u64,
}
