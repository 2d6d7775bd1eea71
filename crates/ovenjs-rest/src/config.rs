//! The knobs.

use std::time::Duration;

use crate::Endpoint;

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
    /// The most bytes read of one answer. Default 32 MiB: the largest answer, a full list of
    /// members, is a few.
    pub answer_max: usize,
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
            limited_retries: 5,
            retries: 5,
            nonces: true,
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
