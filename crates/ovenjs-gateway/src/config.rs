//! How a gateway is set up.

use std::{ops::Range, time::Duration};

use ovenjs_ratelimit::IdentifyBudget;
use ovenjs_types::{
    BotGateway, IdentifyProperties, Intents, Interest, Secret, SessionStartLimit, UpdatePresence,
};

use crate::{
    Error, ErrorKind, FleetState,
    fleet_state::Waiting,
    session::{MESSAGE_BYTES_MAX, Resume},
};

/// How a gateway is set up: a fixed part, and [`Live`], which can change while it runs.
///
/// ```
/// use ovenjs_gateway::Config;
/// use ovenjs_types::{Intents, Status, UpdatePresence};
///
/// let config = Config::new("token", Intents::GUILDS | Intents::GUILD_MESSAGES)
///     .gateway_url("wss://gateway.discord.gg")
///     .shards(2)
///     .presence(UpdatePresence::new(Status::Idle));
/// assert!(!format!("{config:?}").contains("\"token\""));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    pub(crate) token: Secret,
    pub(crate) intents: Intents,
    pub(crate) gateway_url: String,
    pub(crate) allow_plain: bool,
    pub(crate) shards: Range<u32>,
    pub(crate) shards_total: u32,
    pub(crate) session_starts: Option<SessionStartLimit>,
    pub(crate) compression: Compression,
    pub(crate) properties: IdentifyProperties,
    pub(crate) large_threshold: Option<u16>,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) backlog_bytes: usize,
    pub(crate) event_queue: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) at_least_once: bool,
    pub(crate) epoch: u64,
    pub(crate) resume: Vec<Resume>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) budget: Option<IdentifyBudget>,
    pub(crate) live: Live,
}

/// The part of a [`Config`] that can change while the gateway runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// What is shown beside the bot's name. Default: nothing is said, and Discord shows "online"; so it
    /// does again where one is taken back.
    pub presence: Option<UpdatePresence>,
    /// Which kinds of events are delivered. Default: all. The others are dropped by name, before
    /// their payload is copied; to spare the network as well, ask for fewer intents.
    pub interest: Interest,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            presence: None,
            interest: Interest::all(),
        }
    }
}

/// How Discord compresses what it sends. It saves about nine tenths of the traffic.
///
/// The default is the best one that is built in: `zstd-stream`, else `zlib-stream`, else none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all: for reading along.
    None,
    /// `zlib-stream`. Feature `zlib`.
    #[cfg(feature = "zlib")]
    Zlib,
    /// `zstd-stream`: smaller and faster to inflate. Feature `zstd`.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Compression {
    /// Every form of compression that is built in.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "zstd")]
        Self::Zstd,
        #[cfg(feature = "zlib")]
        Self::Zlib,
        Self::None,
    ];

    /// The word for it in the gateway's address.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            #[cfg(feature = "zlib")]
            Self::Zlib => Some("zlib-stream"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd-stream"),
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self::ALL.first().copied().unwrap_or(Self::None)
    }
}

impl Config {
    /// One shard on Discord's own gateway.
    pub fn new(token: impl Into<Secret>, intents: Intents) -> Self {
        Self {
            token: token.into(),
            intents,
            gateway_url: DISCORD_GATEWAY.to_owned(),
            allow_plain: false,
            shards: 0..1,
            shards_total: 1,
            session_starts: None,
            compression: Compression::default(),
            properties: IdentifyProperties::default(),
            large_threshold: None,
            backoff: (BACKOFF_BASE, BACKOFF_MAX),
            backlog_bytes: BACKLOG_BYTES,
            event_queue: EVENT_QUEUE,
            queue_bytes: QUEUE_BYTES,
            waiting: Vec::new(),
            budget: None,
            at_least_once: false,
            epoch: 0,
            resume: Vec::new(),
            live: Live::default(),
        }
    }

    /// Where to connect: the `url` of `GET /gateway/bot`. Default: `wss://gateway.discord.gg`.
    ///
    /// Checked when the gateway starts. Version, encoding and compression are added by the session.
    #[must_use]
    pub fn gateway_url(mut self, url: impl Into<String>) -> Self {
        self.gateway_url = url.into();
        self
    }

    /// Allows `ws://` to other machines. Default: no, since it shows the token to the network.
    #[must_use]
    pub const fn allow_plain(mut self, allow: bool) -> Self {
        self.allow_plain = allow;
        self
    }

    /// Runs all of `total` shards in this process. Default: 1. Discord wants at most 2500 guilds
    /// in a shard; `GET /gateway/bot` recommends a number.
    #[must_use]
    pub const fn shards(self, total: u32) -> Self {
        self.shard_range(0..total, total)
    }

    /// Runs some of `total` shards in this process, where several processes share a bot.
    #[must_use]
    pub const fn shard_range(mut self, numbers: Range<u32>, total: u32) -> Self {
        self.shards = numbers;
        self.shards_total = total;
        self
    }

    /// How many sessions may be started, and how fast: of `GET /gateway/bot`.
    ///
    /// Default: 1000 a day, one shard per 5 seconds. Without sessions left a shard waits until the
    /// count starts again, since Discord resets the token of a bot that goes on.
    #[must_use]
    pub const fn session_start_limit(mut self, limit: SessionStartLimit) -> Self {
        self.session_starts = Some(limit);
        self
    }

    /// Takes address, number of shards and session starts from the answer of `GET /gateway/bot`.
    #[must_use]
    pub fn bot_gateway(self, gateway: &BotGateway) -> Self {
        self.gateway_url(gateway.url.as_str())
            .shards(gateway.shards.max(1))
            .session_start_limit(gateway.session_start_limit)
    }

    /// How Discord compresses what it sends. Default: the best that is built in.
    #[must_use]
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// What the bot says about its program.
    #[must_use]
    pub fn properties(mut self, properties: IdentifyProperties) -> Self {
        self.properties = properties;
        self
    }

    /// From how many members on a guild comes without its offline members: 50–250.
    /// Default: Discord's own, 50.
    #[must_use]
    pub const fn large_threshold(mut self, members: u16) -> Self {
        self.large_threshold = Some(members);
        self
    }

    /// What is shown beside the bot's name. Part of [`Live`].
    #[must_use]
    pub fn presence(mut self, presence: UpdatePresence) -> Self {
        self.live.presence = Some(presence);
        self
    }

    /// Which kinds of events are delivered. Default: all. Part of [`Live`].
    #[must_use]
    pub const fn interest(mut self, interest: Interest) -> Self {
        self.live.interest = interest;
        self
    }

    /// Delivers every event at least once, also over a crash. Default: no, exactly once while the
    /// process lives.
    ///
    /// The consumer then says of each event that it is handled; heartbeats and the state for the next
    /// process speak of what is handled without a hole, and what was above that comes again. Events
    /// are lost only where Discord ends the session, which is told by a
    /// [`SessionGap`](crate::SessionGap). Its price: a handler that never ends holds the mark, and
    /// behind [`UNHANDLED_MAX`](crate::session::UNHANDLED_MAX) deliveries the shard waits for it.
    #[must_use]
    pub const fn at_least_once(mut self, yes: bool) -> Self {
        self.at_least_once = yes;
        self
    }

    /// How long to wait between attempts to connect that the server refuses: `base` after the first,
    /// doubled each time up to `max`, of which a random half to whole is waited. Default: 500 ms
    /// and 60 s.
    ///
    /// Where the network fails, and nobody refuses, the wait is any part of 2 s at most, so that most
    /// shards receive again within 5 s after the network is back; one whose attempt hangs just then
    /// has that attempt's deadline to wait for, 3 to 20 s. A connection that was useful but
    /// short waits 4 s at most; one that held for 10 s is followed by the next at once. Lower both
    /// only against a server of one's own.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, max: Duration) -> Self {
        self.backoff = (base, max);
        self
    }

    /// How many bytes of events a shard holds for a slow consumer before it stops reading.
    /// Default: 16 MiB. Raise it where a handler may stall for long while much happens. Under
    /// [`Fleet::pressure`](crate::Fleet::pressure) it is a share of that.
    #[must_use]
    pub const fn backlog_bytes(mut self, bytes: usize) -> Self {
        self.backlog_bytes = bytes;
        self
    }

    /// How many deliveries wait between the gateway's thread and the reader of
    /// [`Events`](crate::Events), at least 1. Default: 256.
    #[must_use]
    pub const fn event_queue(mut self, deliveries: usize) -> Self {
        self.event_queue = deliveries;
        self
    }

    /// How many bytes of events may lie between the gateway's thread and the reader of
    /// [`Events`](crate::Events) before the shards hold the next ones back. Default: 8 MiB. One event
    /// goes through however large it is.
    #[must_use]
    pub const fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// How many bytes events can hold at most in a fleet of this configuration, with all consumers
    /// asleep: for each shard its [`backlog_bytes`](Self::backlog_bytes) and two messages of the
    /// largest size (one that overfills the backlog, one being inflated), and for all of them
    /// [`queue_bytes`](Self::queue_bytes) and one event of the largest size.
    ///
    /// Not in it, each with a bound of its own: [answers](crate::Fleet::request) that nobody reads (256
    /// parts each); what a [re-sharding](crate::Fleet::reshard) takes while it runs, which is the
    /// shards' part once more, for the new number, and some 70 MiB; what a former process left
    /// waiting; what the publisher of a bridge has on its way, 16 MiB.
    ///
    /// ```
    /// use ovenjs_gateway::{Config, session::MESSAGE_BYTES_MAX};
    /// use ovenjs_types::Intents;
    ///
    /// let config = Config::new("t", Intents::GUILDS).shards(4).backlog_bytes(1 << 20);
    /// let largest = u64::try_from(MESSAGE_BYTES_MAX).unwrap();
    /// assert_eq!(config.events_bytes_max(), 4 * ((1 << 20) + 2 * largest) + (8 << 20) + largest);
    /// ```
    #[must_use]
    pub fn events_bytes_max(&self) -> u64 {
        let number = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let shards = u64::from(self.shards.end.saturating_sub(self.shards.start));
        let largest = number(MESSAGE_BYTES_MAX);
        let shard = number(self.backlog_bytes).saturating_add(2 * largest);
        shards
            .saturating_mul(shard)
            .saturating_add(number(self.queue_bytes))
            .saturating_add(largest)
    }

    /// The highest epoch used before; the next new session gets the one after it. Default: 0.
    ///
    /// Give it where versions are kept beyond the process, so that they go on growing.
    #[must_use]
    pub const fn epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }

    /// Sessions of a former process, to be resumed instead of begun anew.
    #[must_use]
    pub fn resume(mut self, sessions: impl IntoIterator<Item = Resume>) -> Self {
        self.resume = sessions.into_iter().collect();
        self
    }

    /// Goes on where a former process stopped: what waited there is delivered first, its sessions are
    /// resumed, and epochs are above its own. Sessions of shards that do not run here, or under another total, are left alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] where the state is another bot's.
    pub fn resume_from(self, state: &FleetState) -> Result<Self, Error> {
        if !state.is_of(self.token.expose()) {
            return Err(Error::new(
                ErrorKind::State,
                "the state is that of another bot: give each bot a state of its own",
            ));
        }
        let epoch = self.epoch.max(state.epoch());
        let mut config = self.epoch(epoch).resume(state.sessions().iter().cloned());
        config.waiting = state.waiting().to_vec();
        config.budget = state.budget().cloned();
        Ok(config)
    }
}

/// Where Discord's gateway is when nobody asked `GET /gateway/bot`.
pub const DISCORD_GATEWAY: &str = "wss://gateway.discord.gg";

/// Short enough that a blip is not felt, long enough that a thousand shards do not stampede.
const BACKOFF_BASE: Duration = Duration::from_millis(500);

/// A server that refuses is asked once a minute.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// Some 16,000 events of ordinary size: a consumer may stall for seconds in a busy shard.
const BACKLOG_BYTES: usize = 16 << 20;

/// Enough that the threads need not take turns, few enough that a stop loses little.
const EVENT_QUEUE: usize = 256;

/// Some thousand events of ordinary size, or a few guilds of the largest.
const QUEUE_BYTES: usize = 8 << 20;
