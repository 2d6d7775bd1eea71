//! Dispatches handed to other processes, for bots that outgrow one.
//!
//! What is here: [`Publisher`], which puts what a fleet delivers into a stream of NATS JetStream
//! (feature `nats`) or of a Redis (feature `redis`), and [`Consumer`], which gives workers the same
//! [`Dispatch`](ovenjs_types::Dispatch)es: payload as Discord sent it, with its shard, version and
//! name beside it.
//!
//! What is promised:
//!
//! - **Nothing is lost by the way while the publisher's process lives.** [`Publisher::publish`] waits
//!   while the stream is full or its server away; whoever reads [`Events`](crate::Events) then reads no
//!   further, and the shard's own back-pressure does the rest. An event is gone from here once the
//!   server has said that it is stored; what that is worth is the server's business (`appendfsync` of a
//!   Redis, replicas of JetStream). Up to 16 MiB are on their way in the publisher: a process that is
//!   killed loses them, unless the fleet runs [at least
//!   once](crate::Config::at_least_once) with a store and each event is called handled by its receipt,
//!   as in the example of [`Publisher`]. Then they come again.
//! - **Each event is stored once**, on JetStream by the id of its message (bot, shard, epoch,
//!   sequence) within [`BridgeConfig::duplicate_window`], also over a restart of the publisher; in a
//!   Redis over whatever happens between one publisher and the server, and at least once over its
//!   restart. Both need the epoch to grow over restarts, see [`Config::epoch`](crate::Config::epoch).
//! - **Each event is handled at least once.** One that was not [acknowledged](Received::ack) in
//!   [`BridgeConfig::redelivery`], say since its worker died, is given to another. What this consumer
//!   has acknowledged itself is not given to it twice; another consumer can tell a double by origin
//!   and version.
//! - **Order.** Events of a shard are stored in their order: always in a Redis; on JetStream unless the
//!   connection is lost within a [window](BridgeConfig::window), whose events may then change places (a
//!   window of 1 cannot). One consumer of a group gets them as they are stored; several get them in
//!   that order between them and finish when they finish, and what is given again comes later than it
//!   should. Who wants several workers and order gives each process's shards a bridge of their own
//!   name. Versions tell the true order.
//!
//! What is not here:
//!
//! - Commands to the gateway from a worker. Use REST, or the [bus](crate::bus).
//! - [`Delivery::Gap`](crate::Delivery::Gap): a worker sees that a session was lost, and events with it,
//!   by the epoch of a shard's versions, which is another from then on. How many were lost nobody knows.
//! - [`Delivery::Fresh`](crate::Delivery::Fresh): what a re-sharding brings for what keeps state. A
//!   worker's handlers would take it for a guild that the bot has joined. So a bot whose workers keep
//!   state of their own is re-sharded by a restart, or the process with the fleet keeps the state.
//! - A bridge out of `ovenjs-core`'s `Bot`, which reads its events itself: a publisher is a program on a
//!   [`Fleet`](crate::Fleet), and its workers answer by `ovenjs-rest`.

mod consumer;
mod envelope;
mod handled;
#[cfg(feature = "nats")]
mod nats;
mod publisher;
#[cfg(feature = "redis")]
mod redis;

use std::time::Duration;

use ovenjs_types::{Id, marker::ApplicationMarker};

pub use self::{
    consumer::{Consumer, ConsumerStats, Received},
    publisher::{Publisher, PublisherStats, Receipt},
};
use crate::{Error, bus::checked_name};

/// How a bridge is set up: the same for its publishers and its consumers.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::bridge::{BridgeConfig, Keep};
/// use ovenjs_types::Id;
///
/// let config = BridgeConfig::new("events", Id::new(123))
///     .keep(Keep::Newest)
///     .messages(200_000)
///     .redelivery(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BridgeConfig {
    /// The stream's name: at most 64 letters, digits, `_` and `-`.
    pub name: String,
    /// The bot: a part of each message's id.
    pub bot: Id<ApplicationMarker>,
    /// What is kept. Default: [`Keep::UntilHandled`].
    pub keep: Keep,
    /// How many events the stream holds. Default: 1,000,000, some minutes of a large bot. On JetStream
    /// publishers wait from seven eighths on.
    pub messages: u64,
    /// How many bytes of them JetStream holds, which it sets aside at once. Default: 1 GiB. A Redis
    /// counts events alone.
    pub bytes: u64,
    /// How long JetStream remembers the ids of messages. Default: 2 minutes, NATS' own: what a
    /// publisher that was restarted within it sends again is stored once. Longer costs the server
    /// memory for each event.
    pub duplicate_window: Duration,
    /// After what time an event that was not acknowledged is given to another worker. Default: 30 s.
    /// Longer than a worker needs for [`prefetch`](Self::prefetch) events.
    pub redelivery: Duration,
    /// How many events a publisher sends before it waits for the server's word. Default: 256. 1 keeps
    /// a shard's order on JetStream whatever happens, at a fraction of the pace.
    pub window: usize,
    /// How many events a consumer fetches at a time. Default: 64.
    pub prefetch: usize,
}

/// What a stream keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Keep {
    /// Each event until the one group of consumers has acknowledged it. A full stream takes no more,
    /// and its publishers wait: nothing is lost.
    UntilHandled,
    /// The newest events, for any number of groups. From a full stream the oldest go, handled or not.
    Newest,
}

impl BridgeConfig {
    /// The defaults for the stream `name` of this bot.
    pub fn new(name: impl Into<String>, bot: Id<ApplicationMarker>) -> Self {
        Self {
            name: name.into(),
            bot,
            keep: Keep::UntilHandled,
            messages: 1_000_000,
            bytes: 1 << 30,
            duplicate_window: Duration::from_secs(120),
            redelivery: Duration::from_secs(30),
            window: 256,
            prefetch: 64,
        }
    }

    /// Sets what is kept.
    #[must_use]
    pub const fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Sets how many events the stream holds.
    #[must_use]
    pub const fn messages(mut self, messages: u64) -> Self {
        self.messages = messages;
        self
    }

    /// Sets how many bytes of events JetStream holds.
    #[must_use]
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets how long JetStream remembers the ids of messages.
    #[must_use]
    pub const fn duplicate_window(mut self, time: Duration) -> Self {
        self.duplicate_window = time;
        self
    }

    /// Sets after what time an event that was not acknowledged is given to another worker.
    #[must_use]
    pub const fn redelivery(mut self, time: Duration) -> Self {
        self.redelivery = time;
        self
    }

    /// Sets how many events a publisher sends before it waits for the server's word.
    #[must_use]
    pub const fn window(mut self, events: usize) -> Self {
        self.window = events;
        self
    }

    /// Sets how many events a consumer fetches at a time.
    #[must_use]
    pub const fn prefetch(mut self, events: usize) -> Self {
        self.prefetch = events;
        self
    }

    fn check(&self) -> Result<(), Error> {
        checked_name(&self.name, false)
    }
}

/// The waits between attempts at a server that is away or a stream that is full.
#[derive(Debug)]
struct Pauses(Duration);

impl Pauses {
    const fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    /// The next wait: each is twice the one before.
    fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = wait.saturating_mul(2).min(LONGEST_PAUSE);
        wait
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// A consumer that has made room again is noticed within a second.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
