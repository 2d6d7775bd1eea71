//! What a session and its driver say to each other.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use ovenjs_types::{Dispatch, Id, Interest, Pressure, ShardId, Version, marker::GuildMarker};

use super::Notice;
use crate::{Error, GatewayUrl, Sealed};

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// Begin. Once.
    Start,
    /// The websocket is open. `entropy` is 64 fresh random bits, for the jitter of the heartbeat.
    Opened {
        /// Which connection.
        generation: Generation,
        /// 64 random bits.
        entropy: u64,
    },
    /// The websocket could not be opened.
    Failed {
        /// Which connection.
        generation: Generation,
        /// Whose fault it was.
        failure: Failure,
    },
    /// A whole websocket message arrived, text or binary, its fragments put together.
    Frame {
        /// Which connection.
        generation: Generation,
        /// The message's bytes as they came, still compressed.
        bytes: &'a [u8],
    },
    /// The connection ended: by a close frame with a code, or just so.
    Closed {
        /// Which connection.
        generation: Generation,
        /// The code of the close frame, where there was one.
        code: Option<u16>,
    },
    /// The turn asked for by [`Output::WantIdentify`] has come. The connection is opened now.
    IdentifyGranted {
        /// The connection that asked.
        generation: Generation,
    },
    /// The bot wants something sent. Only while [`wants_commands`](super::Session::wants_commands) is true.
    Command(Sealed),
    /// Nobody waits for the answer to this [question](Payload::question): where it has not left, it does
    /// not.
    Withdraw(u64),
    /// The consumer can take this many more deliveries. Replaces what was said before.
    Room(usize),
    /// The consumer has handled the event of this version; in any order. It counts under
    /// [`Config::at_least_once`](crate::Config::at_least_once) only.
    Handled(Version),
    /// What the next process needs is saved, as of this version. Once this has been said, heartbeats
    /// confirm no more than that: Discord may forget what they confirm, and a process that comes
    /// after a crash asks for everything behind what was saved. It counts under
    /// [`Config::at_least_once`](crate::Config::at_least_once).
    Saved(Version),
    /// From now on only these kinds are wanted. What waits in the backlog is still delivered.
    Interest(Interest),
    /// From now on events of these kinds are told at once as well, with [`Output::Overheard`].
    Overhear(Interest),
    /// Memory is so short from now on: less is held for the consumer, and less kept for speed.
    Pressure(Pressure),
    /// The [`deadline`](super::Session::deadline) has come. Harmless when it has not.
    Timeout,
    /// End, in a way that lets another process resume.
    Stop,
}

/// What to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Open a websocket.
    Connect(Connect),
    /// Ask for a turn to identify, and say [`Input::IdentifyGranted`] when it has come: the connection
    /// is opened then, and the turn is spent with [`Notice::Identifying`]. Where the connection is
    /// lost before, the turn is to be given back. A wish ends with the next one, or with a stop.
    WantIdentify {
        /// The connection that asks.
        generation: Generation,
    },
    /// Send this as a text message.
    Send(Payload),
    /// Close the connection with this code and drop it, or stop opening it.
    Close {
        /// The close frame's code.
        code: u16,
    },
    /// Give this event to the consumer.
    Dispatch(Dispatch),
    /// Tell the consumer that events may be missing.
    Gap(SessionGap),
    /// An event of a kind that is [overheard](Input::Overhear), as it comes: before it is delivered,
    /// and also where nobody wants it delivered.
    Overheard(Dispatch),
    /// Tell those who look on.
    Notice(Notice),
    /// The shard has given up for good. It comes after the last delivery.
    Fatal(Error),
}

/// Why a websocket could not be opened. It decides how soon it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Nobody answered, or not to the end: names, routes, TCP, TLS. Tried again within two seconds,
    /// so that a shard is back soon after the network is.
    Network,
    /// A server answered that it does not want the connection, e.g. with 429 or 503. Waits double.
    Refused {
        /// How long it wants to be left alone, where it said so.
        retry_after: Option<Duration>,
    },
}

/// Which connection attempt of a session something is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub(super) u64);

/// Where to open a websocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Which connection attempt this is.
    pub generation: Generation,
    /// Host, port and path.
    pub url: GatewayUrl,
    /// The query: version, encoding, compression.
    pub query: String,
    /// Whether a session is to be resumed there.
    pub resume: bool,
}

/// A message to be sent. It may hold the token, so its `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    pub(super) bytes: Bytes,
    pub(super) question: Option<u64>,
}

impl Payload {
    /// The text of the message.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Which question it puts, for [`Requests::left`](crate::Requests::left).
    #[must_use]
    pub const fn question(&self) -> Option<u64> {
        self.question
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.bytes.len())
    }
}

/// A new session begins although events of the old one may be missing.
///
/// It comes before the first event of the new session. Whoever keeps state of guilds that it
/// [concerns](Self::concerns) should fetch it anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionGap {
    /// The shard.
    pub shard: ShardId,
    /// The last sequence number received from the old session.
    pub last_seq: u64,
    /// Guilds of the shard that another one brings by now.
    pub(crate) spared: Option<Arc<BTreeSet<Id<GuildMarker>>>>,
}

impl SessionGap {
    pub(crate) const fn new(shard: ShardId, last_seq: u64) -> Self {
        Self {
            shard,
            last_seq,
            spared: None,
        }
    }

    /// The same, but these guilds are brought by another shard.
    pub(crate) fn sparing(mut self, guilds: BTreeSet<Id<GuildMarker>>) -> Self {
        self.spared = (!guilds.is_empty()).then(|| Arc::new(guilds));
        self
    }

    /// Whether what is kept of this guild may be out of date: it is one of the shard's. While a fleet
    /// is [re-sharded](crate::Reshard), guilds that have gone over to a new shard are no longer those
    /// of the old one: the new one has brought them, and does not bring them again.
    #[must_use]
    pub fn concerns(&self, guild: Id<GuildMarker>) -> bool {
        let is_spared = |spared: &Arc<BTreeSet<_>>| spared.contains(&guild);
        ShardId::of_guild(guild, self.shard.total) == self.shard
            && !self.spared.as_ref().is_some_and(is_spared)
    }
}
