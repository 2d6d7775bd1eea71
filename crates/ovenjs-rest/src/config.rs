//! The knobs.

use std::time::Duration;

use crate::{Compressed, Endpoint};

/// Where Discord's API is.
pub const DEFAULT_BASE_URL: &str = "https://discord.com/api";

/// What a [`Client`](crate::Client) is built from, beside its token.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_rest::{Config, Live};
///
/// let config = Config::new()
///     .base_url("http://127.0.0.1:4000/api")
///     .live(Live::new().deadline(Duration::from_secs(5)));
/// assert_eq!(config.version, 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where the API is, without its version. Default: Discord's. Plain `http` is refused except
    /// for this machine; see [`ovenjs_net::Config::allow_plain`].
    pub base_url: String,
    /// The version of the API. Default 10, for which all types are written.
    pub version: u8,
    /// What the bot says it is. Discord wants `DiscordBot (address, version)`; the default is
    /// OvenJS's.
    pub user_agent: String,
    /// The most bytes read of one answer, as it came and inflated. Default 32 MiB: the largest answer,
    /// a full list of members, is a few.
    pub answer_max: usize,
    /// Which answers are asked for in compressed form. Default: those that have been large.
    pub compressed: Compressed,
    /// Further addresses of the same API, e.g. of proxies of one's own. Where there are several, or
    /// several [egresses](crate::Builder::egress), a request takes the one with the least latency, and
    /// one that fails is left alone for a while. Default: none.
    pub mirrors: Vec<String>,
    /// The connections to each of them.
    pub connections: Connections,
    /// The most buckets remembered; see [`ovenjs_ratelimit::Config::buckets_max`].
    pub buckets_max: usize,
    /// The most bytes of answers kept by the response cache. Default 0: it is off, since what it
    /// answers may be as old as [`ttls`](Self::ttls) allow. Where it is on, answers that Discord marked
    /// (`ETag`) are kept as well; each is asked for again, and only its body is saved.
    pub cache_max: usize,
    /// How long answers to an operation are fresh, by its [`ROUTE`](crate::Endpoint::ROUTE). Default:
    /// not at all. Our own writes end it sooner for what their path names, what that contains and what
    /// contains it: editing a member drops the member, the list of members and the server.
    pub ttls: Vec<(&'static str, Duration)>,
    /// What can be changed later.
    pub live: Live,
}

/// The connections to one address.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_rest::Connections;
///
/// let connections = Connections::new().warm(2).most(16).idle(Duration::from_secs(30));
/// assert_eq!(connections.streams, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connections {
    /// The most that are open at once. Default 64: at 50 requests a second and a second for each
    /// answer some are left. HTTP/2 needs one.
    pub most: usize,
    /// As many stay open though unused, and [`Client::warm`](crate::Client::warm) opens them. Default 0.
    pub warm: usize,
    /// How long a request waits for one to become free. Default 10 s.
    pub acquire: Duration,
    /// How long one is kept unused. Default 60 s: Discord's edge closes them after some minutes, and
    /// ours go first, so that no request meets a connection about to close.
    pub idle: Duration,
    /// How long one is used at all. Default 10 minutes: then the name is looked up anew.
    pub life: Duration,
    /// The most requests at once on one connection of HTTP/2. Default 100, as most servers allow.
    pub streams: usize,
    /// Whether HTTP/2 is offered. Default `true`, where the feature `http2` is on.
    pub http2: bool,
}

impl Connections {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            most: 64,
            warm: 0,
            acquire: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            life: Duration::from_secs(600),
            streams: 100,
            http2: true,
        }
    }

    /// Sets the most that are open at once.
    #[must_use]
    pub const fn most(mut self, connections: usize) -> Self {
        self.most = connections;
        self
    }

    /// Sets how many stay open though unused.
    #[must_use]
    pub const fn warm(mut self, connections: usize) -> Self {
        self.warm = connections;
        self
    }

    /// Sets how long a request waits for one.
    #[must_use]
    pub const fn acquire(mut self, time: Duration) -> Self {
        self.acquire = time;
        self
    }

    /// Sets how long one is kept unused.
    #[must_use]
    pub const fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// Sets how long one is used at all.
    #[must_use]
    pub const fn life(mut self, time: Duration) -> Self {
        self.life = time;
        self
    }

    /// Sets the most requests at once on one connection of HTTP/2.
    #[must_use]
    pub const fn streams(mut self, requests: usize) -> Self {
        self.streams = requests;
        self
    }

    /// Sets whether HTTP/2 is offered.
    #[must_use]
    pub const fn http2(mut self, offered: bool) -> Self {
        self.http2 = offered;
        self
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new()
    }
}

/// The part of the configuration that can change while the client runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// How long a call may take in all: waiting for its turn, all tries, the answer. Default 60 s.
    /// A call whose turn is known to come later fails at once.
    pub deadline: Duration,
    /// How long one try may take from sending to the last byte. Default 30 s; raise it for large
    /// uploads over a slow line. A try that can be repeated takes at most half of the time that its
    /// call has left.
    pub answer: Duration,
    /// How long the first byte of an answer may take, from when a connection is there; what a body
    /// takes at 64 KB a second is added. Default 15 s: Discord's slowest answers take a few seconds.
    pub first_byte: Duration,
    /// How long an answer may stop halfway. Default 5 s.
    pub stall: Duration,
    /// How often a call is sent again after a 429. Default 5: beyond that something else uses up
    /// the limit.
    pub limited_retries: u32,
    /// How often a call is sent again after a failed connection, and, where it does no harm, after
    /// a lost answer or a server error. Default 5: with pauses that double, some four seconds in all.
    pub retries: u32,
    /// Whether a message without a nonce gets one that Discord enforces, so that posting it can be
    /// repeated after a lost answer without doing it twice. Default `true`. Turn it off where messages
    /// must go out without one; then posting is repeated only if nothing has left.
    pub nonces: bool,
    /// For how long single deletions of messages wait for others in the same channel, with the same
    /// reason and priority, to go as one request of up to 100; at most a second. Default none: each goes
    /// by itself. Twenty milliseconds or so are right for a bot that cleans up. Each call keeps its own
    /// deadline and result; but a message that was gone already counts as deleted, others hear of all at
    /// once (`MESSAGE_DELETE_BULK`), and the bot needs `MANAGE_MESSAGES`: where it lacks that, or in
    /// direct messages, each goes by itself after all. Messages of two weeks and older always do, and so
    /// does what is sent [at most once](crate::Call::at_most_once).
    pub gather_deletes: Option<Duration>,
    /// Of so many answers to one operation one is looked through for fields and values that no type has a
    /// name for, the first among them; that takes several times what reading it takes. Default 1,000. One
    /// looks through all, for tests; nought through none. What does not fit is counted in any case.
    pub inspect_each: u32,
    /// The most calls that wait for one route and resource. Default 5,000.
    pub waiters_max: usize,
    /// The bounds of the limiter.
    pub limits: ovenjs_ratelimit::Live,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            version: 10,
            user_agent: ovenjs_net::USER_AGENT.to_owned(),
            answer_max: 32 << 20,
            compressed: Compressed::default(),
            mirrors: Vec::new(),
            connections: Connections::new(),
            buckets_max: ovenjs_ratelimit::Config::new().buckets_max,
            cache_max: 0,
            ttls: Vec::new(),
            live: Live::new(),
        }
    }

    /// Sets where the API is.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets the version of the API.
    #[must_use]
    pub const fn version(mut self, version: u8) -> Self {
        self.version = version;
        self
    }

    /// Sets what the bot says it is.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = text.into();
        self
    }

    /// Sets the most bytes read of one answer.
    #[must_use]
    pub const fn answer_max(mut self, bytes: usize) -> Self {
        self.answer_max = bytes;
        self
    }

    /// Sets which answers are asked for in compressed form.
    ///
    /// ```
    /// use ovenjs_rest::{Compressed, Config};
    ///
    /// assert_eq!(Config::new().compressed, Compressed::Large);
    /// let metered = Config::new().compressed(Compressed::Always);
    /// assert_ne!(metered, Config::new());
    /// ```
    #[must_use]
    pub const fn compressed(mut self, answers: Compressed) -> Self {
        self.compressed = answers;
        self
    }

    /// Adds another address of the same API.
    #[must_use]
    pub fn mirror(mut self, url: impl Into<String>) -> Self {
        self.mirrors.push(url.into());
        self
    }

    /// Sets how many connections there are, and for how long.
    #[must_use]
    pub const fn connections(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the most buckets remembered.
    #[must_use]
    pub const fn buckets_max(mut self, buckets: usize) -> Self {
        self.buckets_max = buckets;
        self
    }

    /// Sets the most bytes of answers kept.
    #[must_use]
    pub const fn cache_max(mut self, bytes: usize) -> Self {
        self.cache_max = bytes;
        self
    }

    /// Sets how long answers to an operation are fresh.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ovenjs_rest::{Config, GetGuild};
    ///
    /// let config = Config::new().cache_max(8 << 20).ttl::<GetGuild>(Duration::from_secs(30));
    /// assert_eq!(config.ttls, [("GET /guilds/{guild_id}", Duration::from_secs(30))]);
    /// ```
    #[must_use]
    pub fn ttl<E: Endpoint>(mut self, time: Duration) -> Self {
        self.ttls.push((E::ROUTE, time));
        self
    }

    /// Sets the changeable part.
    #[must_use]
    pub fn live(mut self, live: Live) -> Self {
        self.live = live;
        self
    }
}

impl Live {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            answer: Duration::from_secs(30),
            first_byte: Duration::from_secs(15),
            stall: Duration::from_secs(5),
            limited_retries: 5,
            retries: 5,
            nonces: true,
            gather_deletes: None,
            inspect_each: 1_000,
            waiters_max: 5_000,
            limits: ovenjs_ratelimit::Live::new(),
        }
    }

    /// Sets how long a call may take in all.
    #[must_use]
    pub const fn deadline(mut self, time: Duration) -> Self {
        self.deadline = time;
        self
    }

    /// Sets how long one try may take.
    #[must_use]
    pub const fn answer(mut self, time: Duration) -> Self {
        self.answer = time;
        self
    }

    /// Sets how long the first byte of an answer may take.
    #[must_use]
    pub const fn first_byte(mut self, time: Duration) -> Self {
        self.first_byte = time;
        self
    }

    /// Sets how long an answer may stop halfway.
    #[must_use]
    pub const fn stall(mut self, time: Duration) -> Self {
        self.stall = time;
        self
    }

    /// Sets how often a call is sent again after a 429.
    #[must_use]
    pub const fn limited_retries(mut self, times: u32) -> Self {
        self.limited_retries = times;
        self
    }

    /// Sets how often a call is sent again after a failure.
    #[must_use]
    pub const fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// Sets whether messages without a nonce get one.
    #[must_use]
    pub const fn nonces(mut self, set: bool) -> Self {
        self.nonces = set;
        self
    }

    /// Sets for how long single deletions of messages wait for others, to go as one.
    ///
    /// ```no_run
    /// # async fn example(client: ovenjs_rest::Client) -> Result<(), ovenjs_rest::Error> {
    /// use std::time::Duration;
    /// use ovenjs_rest::Live;
    /// use ovenjs_types::Id;
    ///
    /// client.apply(Live::new().gather_deletes(Duration::from_millis(20)));
    /// let (one, other) = (client.delete_message(Id::new(1), Id::new(2)), client.delete_message(Id::new(1), Id::new(3)));
    /// let (one, other) = tokio::join!(one.into_future(), other.into_future());
    /// (one?, other?);
    /// assert_eq!((client.stats().sent, client.stats().gathered), (1, 2));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn gather_deletes(mut self, window: Duration) -> Self {
        self.gather_deletes = Some(window);
        self
    }

    /// Sets of how many answers to one operation one is looked through.
    #[must_use]
    pub const fn inspect_each(mut self, answers: u32) -> Self {
        self.inspect_each = answers;
        self
    }

    /// Sets the most calls that wait for one route and resource.
    #[must_use]
    pub const fn waiters_max(mut self, calls: usize) -> Self {
        self.waiters_max = calls;
        self
    }

    /// Sets the bounds of the limiter.
    #[must_use]
    pub const fn limits(mut self, limits: ovenjs_ratelimit::Live) -> Self {
        self.limits = limits;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}
