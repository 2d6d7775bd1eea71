//! Configuration: defaults, then a file, then the environment.

use std::{
    net::IpAddr,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use ovenjs_cache::mirror::Keep;
pub use ovenjs_gateway::Compression;
use ovenjs_net::Dialer;
use ovenjs_types::{Id, Intents, Interest, Secret, UpdatePresence, marker::GuildMarker};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Error;

mod environment;
mod file;
mod settings;
mod tiers;

pub use environment::VARIABLES;
pub(crate) use environment::{read as read_environment, strangers};
pub(crate) use settings::SETTINGS;
pub use tiers::{SecondTier, ThirdTier, TiersConfig};

/// Everything a [`Bot`](crate::Bot) can be told, apart from its handlers.
///
/// [`load`](Self::load) reads it as every program of a user's should: the defaults named here, over
/// them the file `oven.toml` where there is one, over that the environment. Code can start from
/// [`new`](Self::new) instead and set what it wants.
///
/// ```
/// use ovenjs_core::Config;
///
/// let config = Config::from_toml("[commands]\nregister = \"off\"", "oven.toml").unwrap();
/// assert_eq!(config.commands.register, ovenjs_core::Register::Off);
/// let error = Config::from_toml("[commands]\nregsiter = \"off\"", "oven.toml").unwrap_err();
/// assert!(error.to_string().contains("oven.toml, line 2"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The bot's token. No default: without it the bot does not start.
    /// File: `token` or `token_file`; environment: `DISCORD_TOKEN`.
    pub token: Option<Secret>,
    /// Where Discord's API is. Default: Discord itself. A mock or a proxy is named here; plain
    /// `http` is accepted for loopback only. Environment: `OVENJS_BASE_URL`.
    pub base_url: String,
    /// The HTTP proxy for all connections that leave the machine, as
    /// `http://[user:password@]host:port`. Default: none. Environment: `OVENJS_PROXY`.
    pub proxy: Option<Secret>,
    /// How much memory the process may use, in bytes. At 80 % of it the bot holds and keeps less, at
    /// 92 % still less: see [`Fleet::pressure`](ovenjs_gateway::Fleet::pressure). Default: the limit of
    /// the process' control group (version 2, as containers have one), where there is one; else nothing
    /// is watched. Set it where the machine is shared and nothing else bounds the bot.
    /// File: `memory_max_mb`, in MiB.
    pub memory_max: Option<u64>,
    /// Further authorities to trust, as certificates in PEM, for a Redis or NATS with certificates of
    /// one's own. Default: none, and Mozilla's are trusted. File: `roots`, the path of a file with them.
    pub roots: Option<Vec<u8>>,
    /// The Redis that the processes of the bot share, as `redis://[user:password@]host[:port]`, or
    /// `rediss://` for TLS. Default: none. It is used where [`GatewayConfig::state`],
    /// [`GatewayConfig::identify`], [`RestConfig::limits`] or [`bus`](Self::bus) say so. Feature `redis`;
    /// environment: `OVENJS_REDIS`.
    pub redis: Option<Secret>,
    /// The NATS that the processes of the bot share, as `nats://[user:password@]host[:port]`, or
    /// `tls://`. Default: none. It is used where [`bus`](Self::bus) says so. Where it is set it has to be
    /// there when the bot starts, while a Redis is first spoken to when it is needed. Feature `nats`;
    /// environment: `OVENJS_NATS`.
    pub nats: Option<Secret>,
    /// The database of the [`tiers`](Self::tiers), where they say so: `postgres://user:password@host/database` or
    /// `mysql://…`, with how it is encrypted (`?sslmode=verify-full`, `?ssl-mode=VERIFY_IDENTITY`). Default: none.
    /// Features `postgres` and `mysql`; environment: `OVENJS_DATABASE`.
    pub database: Option<Secret>,
    /// Whether Redis and NATS may be spoken to in plain text on other machines. Default: `false`, since
    /// it shows passwords and sessions to the network. Turn it on in a network of one's own. It says
    /// nothing of Discord's API and gateway, which are spoken to in plain text on this machine only.
    pub allow_plain: bool,
    /// Where [`Bus`](crate::gateway::bus::Bus), which handlers take as an argument, speaks.
    pub bus: BusConfig,
    /// The gateway.
    pub gateway: GatewayConfig,
    /// The REST client.
    pub rest: RestConfig,
    /// The registration of commands.
    pub commands: CommandsConfig,
    /// What the bot remembers of what the gateway told it. File: `[mirror]`.
    pub mirror: Keep,
    /// What is kept behind memory. File: `[tiers]`.
    pub tiers: TiersConfig,
    /// Who gives streams to a Discord in this process, instead of the network: see
    /// [`in_process`](Self::in_process). Default: nobody. Set in code.
    pub dialer: Option<Dialer>,
    /// What can be changed while the bot runs.
    pub live: Live,
}

/// The gateway's part of the configuration. File: `[gateway]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// How many shards. Default: as many as Discord recommends, or as the sessions that are to be resumed
    /// have, where Discord recommends less than twice as many.
    ///
    /// Where it is set, it prevails over the sessions: who changes the number while the bot runs
    /// ([`Fleet::reshard`](ovenjs_gateway::Fleet::reshard)) sets it as well before the next start, which
    /// begins new sessions otherwise, and says so.
    pub shards: Option<u32>,
    /// Which of the shards run in this process, where several share a bot: it wants
    /// [`shards`](Self::shards), the same number in all of them. Default: all. File: `shard_range`,
    /// the first and the one behind the last, as `[0, 8]`.
    pub shard_range: Option<Range<u32>>,
    /// Who says which shard may identify next. Default: this process for its own shards. Where several
    /// processes share a bot it has to be one for all.
    pub identify: IdentifyQueue,
    /// How the stream is compressed. Default: the best that is built in, zstd before zlib.
    pub compression: Compression,
    /// How many bytes of events each shard holds for slow handlers before it stops reading. Default:
    /// the [gateway's](crate::gateway::Config::backlog_bytes), 16 MiB. Lower it where many shards run in
    /// a small container. With it goes
    /// [the greatest sum](crate::gateway::Config::events_bytes_max) of events that can be held, which is
    /// logged at the start. File: `backlog_mb`, in MiB.
    pub backlog_bytes: Option<usize>,
    /// Intents beside those which the handlers and the mirror need. Default: none.
    /// `MESSAGE_CONTENT` is the usual one: it brings no events, only their text.
    pub intents: Intents,
    /// How long a shard waits before it connects again: at first, and at most. Default: 500 ms and
    /// 60 s. Lower both only against a server of one's own, such as a mock in a test.
    /// File: `backoff_base_ms`, `backoff_max_ms`.
    pub backoff: (Duration, Duration),
    /// Where the bot remembers its sessions while it runs and when it stops, so that the next process
    /// resumes them: no event is lost and no identify spent. Default: nowhere. A relative path in the
    /// file starts at the configuration file.
    ///
    /// What the mirror knows comes along when the bot stops, up to
    /// [`SNAPSHOT_BYTES_MAX`](crate::cache::mirror::SNAPSHOT_BYTES_MAX). After a crash it does not: it is then
    /// empty, and since a resumed session brings no guild anew, it knows what events tell from then on.
    pub state: Option<StateStore>,
    /// A Unix socket at which the bot waits for the process that is to replace it. That one, started
    /// with the same setting, asks there; this one stops its shards, lets its handlers end, gives its
    /// sessions and what its mirror knows away and ends, with an error where the other one does not go on.
    /// One that lives there and does not hand over refuses the start. Default: none.
    ///
    /// Both run on one machine, for the same user, and see the same file. A supervisor must not start the
    /// one that ends well again (`Restart=on-failure`, not `always`): two that are both restarted take
    /// the bot from each other for ever.
    ///
    /// Buttons, selects and modals that are open go on without more: what belongs to them stands in
    /// their typed custom ids, which Discord gives back. What a handler only holds in its memory ends
    /// with it.
    pub hand_over: Option<PathBuf>,
    /// Whether an event counts as handled only when its handlers have ended, so that it comes again
    /// after a crash. It wants [`state`](Self::state), without which the bot does not start. Default:
    /// `false`. Handlers then have to bear that an event comes twice.
    pub at_least_once: bool,
}

/// Where a bot remembers its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateStore {
    /// In this file, which only its owner can read. File: its path.
    File(PathBuf),
    /// In [`Config::redis`], under this name: one for each process of a bot, the same after its
    /// restart; at most 64 letters, digits, `_` and `-`. File: `{ redis = "my-bot-0" }`.
    Redis(String),
}

/// Who says which shard may identify next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentifyQueue {
    /// This process, for its own shards. File: `"process"`.
    #[default]
    Process,
    /// [`Config::redis`], for all processes that say this name: at most 64 letters, digits, `_` and
    /// `-`. They share Discord's daily budget as well. File: `{ redis = "my-bot" }`.
    Redis(String),
}

/// The REST client's part of the configuration. File: `[rest]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestConfig {
    /// With whom this process shares Discord's limits on requests. Default: with nobody. Where several
    /// processes share a bot, each would else take all of them for its own, and they run into 429s.
    pub limits: LimitsShared,
    /// Which answers are asked for in compressed form. Default: those that have been large. Turn it off
    /// where the processor is what is short, and to all where bytes are paid for. Features `zlib` and `zstd`
    /// say which forms there are. File: `"never"`, `"large"` or `"always"`.
    pub compressed: ovenjs_rest::Compressed,
    /// The address of this machine from which requests leave. Default: the system chooses. Set it where the
    /// machine has several, and one of them is the bot's.
    pub bind: Option<IpAddr>,
}

/// With whom a process shares Discord's limits on requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitsShared {
    /// With nobody: all of them are this process's. File: `"process"`.
    #[default]
    Process,
    /// With all processes that say this name, by [`Config::redis`]. File: `{ redis = "my-bot" }`.
    ///
    /// What this process has is given back when the bot stops: a [client](crate::Running::client) that is kept
    /// beyond that sends nothing but answers to interactions. See
    /// [`RedisLeases`](https://docs.rs/ovenjs-rest/latest/ovenjs_rest/struct.RedisLeases.html) for what
    /// becomes of the limits while the Redis is away.
    Redis(String),
}

/// Where the bot's [`Bus`](crate::gateway::bus::Bus) speaks. File: `[bus]`, with `over` (`"redis"` or
/// `"nats"`), `room` and `member`.
///
/// A room is one name for all processes of a bot, a member's name is its own: each at most 64 letters,
/// digits, `_` and `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusConfig {
    /// With itself: in a room of this process, whose only member is `bot`. What is written for several
    /// processes so works in one.
    #[default]
    Alone,
    /// Through [`Config::redis`].
    Redis {
        /// The room.
        room: String,
        /// This process.
        member: String,
    },
    /// Through [`Config::nats`].
    Nats {
        /// The room.
        room: String,
        /// This process.
        member: String,
    },
}

/// The commands' part of the configuration. File: `[commands]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandsConfig {
    /// Where commands are registered when the bot starts. Default: [`Register::Global`].
    /// Environment: `OVENJS_GUILD` names a guild.
    pub register: Register,
    /// Whether commands which the bot does not have are deleted at Discord. Default: `false`, so
    /// that a bot started without a part of its code does not take commands away.
    pub prune: bool,
}

/// Where commands are registered when the bot starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Register {
    /// Nowhere: another process does it.
    Off,
    /// In every guild and in direct messages.
    #[default]
    Global,
    /// In one guild, at once and visible to its members only: for development.
    Guild(Id<GuildMarker>),
}

/// What can be changed while the bot runs, with [`Running::apply`](crate::Running::apply): the live
/// part of every crate below, and the bot's own. File: `[live]`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Live {
    /// The router's: when a slow handler is deferred for, and what users read when one fails.
    /// File: `defer_after_ms`, `apology`, `gone`.
    pub commands: ovenjs_commands::Live,
    /// The REST client's: deadlines, retries, limits, deletions that go together, and how many answers are
    /// looked through for what no type has a name for. File: `retries`, `gather_deletes_ms`,
    /// `inspect_each`.
    pub rest: ovenjs_rest::Live,
    /// What is shown beside the bot's name. Default: nothing is said, and Discord shows "online". Set in
    /// code. Which events are delivered follows from the handlers.
    pub presence: Option<UpdatePresence>,
    /// The bot's own.
    pub bot: BotLive,
}

/// What can be changed of the bot itself while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotLive {
    /// How long a stop waits for handlers that still run. Default: 10 s. Raise it where handlers
    /// write what must not be lost; a process that takes over waits as long. The shards are closed
    /// meanwhile, and Discord keeps their sessions for some minutes: above one or two of them the next
    /// process may have to begin new ones. File: `[live] stop_after_ms`.
    pub stop_after: Duration,
}

impl Default for BotLive {
    fn default() -> Self {
        Self {
            stop_after: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// The defaults named at each field.
    #[must_use]
    pub fn new() -> Self {
        Self {
            token: None,
            base_url: ovenjs_rest::DEFAULT_BASE_URL.to_owned(),
            proxy: None,
            memory_max: None,
            roots: None,
            redis: None,
            nats: None,
            database: None,
            allow_plain: false,
            bus: BusConfig::Alone,
            gateway: GatewayConfig {
                shards: None,
                shard_range: None,
                identify: IdentifyQueue::Process,
                compression: Compression::default(),
                backlog_bytes: None,
                intents: Intents::empty(),
                backoff: (Duration::from_millis(500), Duration::from_secs(60)),
                state: None,
                hand_over: None,
                at_least_once: false,
            },
            rest: RestConfig::default(),
            commands: CommandsConfig {
                register: Register::default(),
                prune: false,
            },
            mirror: Keep::new(),
            tiers: TiersConfig::default(),
            dialer: None,
            live: Live::default(),
        }
    }

    /// The defaults for a bot and a Discord that share a process, which is what tests want: no
    /// network, no file, no environment.
    ///
    /// `dial` gives a stream to that Discord; the mock's is `discord.door()`. The shards run on the
    /// runtime on which the bot is started instead of on a thread of their own, so that where the
    /// runtime's clock is paused, time is the test's: minutes pass in no time, and everything that
    /// falls due in them happens.
    ///
    /// ```no_run
    /// # use ovenjs_core::{Bot, Config};
    /// # use ovenjs_mock::Discord;
    /// # async fn test() -> Result<(), ovenjs_core::Error> {
    /// let discord = Discord::in_process(Default::default());
    /// let config = Config::in_process(discord.token(), discord.door());
    /// let bot = Bot::new().config(config).start().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn in_process<S>(
        token: impl Into<Secret>,
        dial: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self {
            base_url: "http://localhost/api".to_owned(),
            dialer: Some(Dialer::new(move |_| dial())),
            ..Self::new().token(token).compression(Compression::None)
        }
    }

    /// The defaults, over them the file, over that the environment.
    ///
    /// The file is the one that `OVENJS_CONFIG` names, else `oven.toml` in the working directory
    /// where there is one. The variables are listed in [`VARIABLES`].
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood, and a variable that cannot be understood. The
    /// message names the file and line, or the variable, and what was expected.
    pub fn load() -> Result<Self, Error> {
        Self::load_with(&environment::read)
    }

    /// [`load`](Self::load) with an environment of the caller's.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_with(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let mut config = Self::new();
        let asked = environment::set(variable, "OVENJS_CONFIG").map(PathBuf::from);
        let found = asked.or_else(|| {
            let default = PathBuf::from("oven.toml");
            default.is_file().then_some(default)
        });
        if let Some(path) = found {
            config.read_file(&path)?;
        }
        environment::apply(&mut config, variable)?;
        Ok(config)
    }

    /// The defaults, over them a file's text. `name` is what errors call the file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_toml(text: &str, name: &str) -> Result<Self, Error> {
        let mut config = Self::new();
        file::apply(&mut config, text, name, Path::new("."))?;
        Ok(config)
    }

    /// Sets the token.
    #[must_use]
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets where Discord's API is.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Sets where commands are registered.
    #[must_use]
    pub const fn register(mut self, register: Register) -> Self {
        self.commands.register = register;
        self
    }

    /// Sets how long a shard waits before it connects again: at first, and at most.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, max: Duration) -> Self {
        self.gateway.backoff = (base, max);
        self
    }

    /// Sets the file in which the bot remembers its sessions.
    #[must_use]
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.gateway.state = Some(StateStore::File(path.into()));
        self
    }

    /// Sets the Redis that the processes of the bot share.
    #[must_use]
    pub fn redis(mut self, address: impl Into<Secret>) -> Self {
        self.redis = Some(address.into());
        self
    }

    /// Sets the NATS that the processes of the bot share.
    #[must_use]
    pub fn nats(mut self, address: impl Into<Secret>) -> Self {
        self.nats = Some(address.into());
        self
    }

    /// Remembers the sessions in [`redis`](Self::redis), under the name of this process.
    ///
    /// ```
    /// use ovenjs_core::{Config, IdentifyQueue, LimitsShared, StateStore};
    ///
    /// // The third of eight processes of a bot.
    /// let config = Config::new()
    ///     .redis("rediss://oven:secret@redis.example")
    ///     .shards(64)
    ///     .shard_range(16..24)
    ///     .state_in_redis("my-bot-2")
    ///     .identify_by_redis("my-bot")
    ///     .limits_by_redis("my-bot")
    ///     .bus_over_redis("my-bot", "process-2");
    /// assert_eq!(config.gateway.state, Some(StateStore::Redis("my-bot-2".into())));
    /// assert_eq!(config.gateway.identify, IdentifyQueue::Redis("my-bot".into()));
    /// assert_eq!(config.rest.limits, LimitsShared::Redis("my-bot".into()));
    /// assert!(!format!("{config:?}").contains("secret"));
    /// ```
    #[must_use]
    pub fn state_in_redis(mut self, process: impl Into<String>) -> Self {
        self.gateway.state = Some(StateStore::Redis(process.into()));
        self
    }

    /// Lets all processes of the bot `name` take turns to identify, by [`redis`](Self::redis).
    #[must_use]
    pub fn identify_by_redis(mut self, name: impl Into<String>) -> Self {
        self.gateway.identify = IdentifyQueue::Redis(name.into());
        self
    }

    /// Lets all processes of the bot `name` share Discord's limits on requests, by [`redis`](Self::redis).
    #[must_use]
    pub fn limits_by_redis(mut self, name: impl Into<String>) -> Self {
        self.rest.limits = LimitsShared::Redis(name.into());
        self
    }

    /// Puts the bus into a room of [`redis`](Self::redis), where this process is `member`.
    #[must_use]
    pub fn bus_over_redis(mut self, room: impl Into<String>, member: impl Into<String>) -> Self {
        let (room, member) = (room.into(), member.into());
        self.bus = BusConfig::Redis { room, member };
        self
    }

    /// Puts the bus into a room of [`nats`](Self::nats), where this process is `member`.
    #[must_use]
    pub fn bus_over_nats(mut self, room: impl Into<String>, member: impl Into<String>) -> Self {
        let (room, member) = (room.into(), member.into());
        self.bus = BusConfig::Nats { room, member };
        self
    }

    /// Sets how many shards the bot has.
    #[must_use]
    pub const fn shards(mut self, shards: u32) -> Self {
        self.gateway.shards = Some(shards);
        self
    }

    /// Sets which of the shards run in this process.
    #[must_use]
    pub fn shard_range(mut self, numbers: Range<u32>) -> Self {
        self.gateway.shard_range = Some(numbers);
        self
    }

    /// Sets the Unix socket at which the bot waits for the process that is to replace it.
    #[must_use]
    pub fn hand_over(mut self, path: impl Into<PathBuf>) -> Self {
        self.gateway.hand_over = Some(path.into());
        self
    }

    /// Sets whether an event counts as handled only when its handlers have ended.
    #[must_use]
    pub const fn at_least_once(mut self, yes: bool) -> Self {
        self.gateway.at_least_once = yes;
        self
    }

    /// Sets the compression of the gateway's stream.
    #[must_use]
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.gateway.compression = compression;
        self
    }

    /// The intents of a bot that wants these events.
    pub(crate) fn intents(&self, interest: Interest) -> Intents {
        interest.intents() | self.gateway.intents
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::configuration(format!(
                "{name} cannot be read ({e}); mend its path or permissions, or unset OVENJS_CONFIG"
            ))
        })?;
        file::apply(
            self,
            &text,
            &name,
            path.parent().unwrap_or_else(|| Path::new(".")),
        )
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

/// A base URL as it is, unless it holds a user or a password: the description and the log show base
/// URLs, and Discord's API takes neither. `place` is where it was set.
fn without_credentials(place: &str, url: &str) -> Result<String, Error> {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or("");
    if authority.contains('@') {
        return Err(Error::configuration(format!(
            "{place} holds a user or a password, which Discord's API does not take; leave out what \
             stands before the @"
        )));
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests;
