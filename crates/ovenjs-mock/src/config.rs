//! What the box contains and how strict it is.

mod endpoints;
mod limits;
mod sku;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::FaultMenu;

pub use endpoints::Endpoints;
pub use limits::{Bucket, GlobalModel, Limits, Model, Rate, Refusal, Sublimit, When};
pub use sku::{Sale, Sku};

/// How the box is furnished. Each knob has a default under which tests are quick; [`like_discord`]
/// sets those of the real thing.
///
/// [`like_discord`]: Config::like_discord
///
/// ```
/// use ovenjs_mock::{Config, Guild};
///
/// let config = Config::default()
///     .application("Pantry")
///     .guilds([Guild::named("Kitchen").channels(["general", "orders"]).members(30)])
///     .like_discord();
/// assert_eq!(config.guilds.len(), 1);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The loopback port; 0 lets the system choose. Default 0.
    pub port: u16,
    /// What goes into ids, tokens and session names beside the time: the same seed and the same
    /// script at the same times give the same ones. Default 1.
    pub seed: u64,
    /// The bot token that is accepted; `None` makes one up. Default `None`.
    #[serde(skip_serializing)]
    pub token: Option<String>,
    /// The name of the application and of its bot user. Default `"Oven"`.
    pub application: String,
    /// The guilds that the bot is in. The first channel of the first guild is the default one.
    /// Default: one guild with one channel `general`.
    pub guilds: Vec<Guild>,
    /// What the application sells. Default nothing.
    pub skus: Vec<Sku>,
    /// The interval that Hello announces. Default 41,250 ms, as Discord's.
    #[serde(with = "crate::spelled")]
    pub heartbeat_interval: Duration,
    /// How much later than the interval a heartbeat may come before the connection is closed with
    /// 4009. Default 20 s.
    #[serde(with = "crate::spelled")]
    pub heartbeat_grace: Duration,
    /// How long a session without a connection can be resumed. Default 120 s.
    #[serde(with = "crate::spelled")]
    pub resume_window: Duration,
    /// How many dispatches a session keeps for a resume; one that is further behind gets Invalid
    /// Session. Default 65,536.
    pub replay_limit: usize,
    /// How many bytes of dispatches a session keeps for a resume, at most. Default 64 MiB, the
    /// GUILD_CREATEs of a full shard.
    pub replay_bytes: usize,
    /// Whether a heartbeat's sequence ends the keeping of what came up to it, so that a client
    /// cannot resume from further back than it said. Default false.
    pub trim_replay: bool,
    /// The path of READY's `resume_gateway_url`, where resumes are expected; `None` is the one that
    /// identifies go to. A resume that comes elsewhere is a warning. Default `None`.
    pub resume_path: Option<String>,
    /// Intent bits whose use is refused with 4014, as Discord refuses privileged intents that are
    /// not enabled. Default none.
    pub disallowed_intents: u64,
    /// The number of shards that `GET /gateway/bot` recommends. Default 1.
    pub shards: u32,
    /// How many shards may identify at once. Default 1.
    pub max_concurrency: u32,
    /// How long an identify occupies its place; zero does not enforce it. Default zero; Discord's
    /// is 5 s.
    #[serde(with = "crate::spelled")]
    pub identify_interval: Duration,
    /// How many identifies there are in `session_start_window`. One more ends every session, and
    /// the token is reset. Default 1000.
    pub session_starts: u32,
    /// How long until identifies that were used up come back. Default 24 h.
    #[serde(with = "crate::spelled")]
    pub session_start_window: Duration,
    /// How many guilds one shard may have; more are refused with 4011. Default 2500.
    pub guilds_per_shard: usize,
    /// How many payloads one connection may send in 60 s. Default 120.
    pub gateway_sends: u32,
    /// What goes wrong by chance. Default nothing.
    pub faults: FaultMenu,
    /// Of how many of the box's own events the oracle looks at one. Default 1, every event; more is
    /// for loads that are to be measured.
    pub check_every: u32,
    /// The REST limits.
    pub limits: Limits,
    /// Where interactions and webhook events are posted to. Default nowhere: interactions come over
    /// the gateway.
    pub endpoints: Endpoints,
    /// Whether auto-moderation looks at what bots and webhooks write, too. Default false, since Discord
    /// passes over them; true lets a bot without MANAGE_GUILD meet code 200000, as Discord gives it
    /// to an app that only a user has installed.
    pub moderate_bots: bool,
    /// How long the in-process interface waits for something before it gives up. Default 10 s.
    #[serde(with = "crate::spelled")]
    pub patience: Duration,
    /// How long the initial response to an interaction may take. Default 3 s.
    #[serde(with = "crate::spelled")]
    pub interaction_deadline: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            token: None,
            application: "Oven".to_owned(),
            guilds: vec![Guild::default()],
            skus: Vec::new(),
            heartbeat_interval: Duration::from_millis(41_250),
            heartbeat_grace: Duration::from_secs(20),
            resume_window: Duration::from_secs(120),
            replay_limit: 65_536,
            replay_bytes: 64 * 1024 * 1024,
            trim_replay: false,
            resume_path: None,
            disallowed_intents: 0,
            shards: 1,
            max_concurrency: 1,
            identify_interval: Duration::ZERO,
            session_starts: 1000,
            session_start_window: Duration::from_secs(24 * 60 * 60),
            guilds_per_shard: 2500,
            gateway_sends: 120,
            faults: FaultMenu::default(),
            check_every: 1,
            limits: Limits::default(),
            endpoints: Endpoints::default(),
            moderate_bots: false,
            patience: Duration::from_secs(10),
            interaction_deadline: Duration::from_secs(3),
        }
    }
}

impl Config {
    /// Listens on this loopback port.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Puts this seed into ids and tokens.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Accepts this bot token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Names the application and its bot.
    #[must_use]
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = name.into();
        self
    }

    /// Puts the bot into these guilds.
    #[must_use]
    pub fn guilds(mut self, guilds: impl IntoIterator<Item = Guild>) -> Self {
        self.guilds = guilds.into_iter().collect();
        self
    }

    /// Sells these.
    #[must_use]
    pub fn skus(mut self, skus: impl IntoIterator<Item = Sku>) -> Self {
        self.skus = skus.into_iter().collect();
        self
    }

    /// Announces this heartbeat interval.
    #[must_use]
    pub const fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = interval;
        self
    }

    /// Lets a heartbeat come this much later than the interval.
    #[must_use]
    pub const fn heartbeat_grace(mut self, grace: Duration) -> Self {
        self.heartbeat_grace = grace;
        self
    }

    /// Keeps sessions without a connection for this long.
    #[must_use]
    pub const fn resume_window(mut self, window: Duration) -> Self {
        self.resume_window = window;
        self
    }

    /// Keeps this many dispatches of a session for a resume.
    #[must_use]
    pub const fn replay_limit(mut self, dispatches: usize) -> Self {
        self.replay_limit = dispatches;
        self
    }

    /// Keeps this many bytes of a session's dispatches for a resume.
    #[must_use]
    pub const fn replay_bytes(mut self, bytes: usize) -> Self {
        self.replay_bytes = bytes;
        self
    }

    /// Takes the sequence of a heartbeat for how far a client can go back.
    #[must_use]
    pub const fn trim_replay(mut self, trim: bool) -> Self {
        self.trim_replay = trim;
        self
    }

    /// Expects resumes on this path.
    #[must_use]
    pub fn resume_path(mut self, path: impl Into<String>) -> Self {
        self.resume_path = Some(path.into());
        self
    }

    /// Gives identifies back after this long.
    #[must_use]
    pub const fn session_start_window(mut self, window: Duration) -> Self {
        self.session_start_window = window;
        self
    }

    /// Lets one shard have this many guilds.
    #[must_use]
    pub const fn guilds_per_shard(mut self, guilds: usize) -> Self {
        self.guilds_per_shard = guilds;
        self
    }

    /// Lets this go wrong by chance.
    #[must_use]
    pub const fn faults(mut self, menu: FaultMenu) -> Self {
        self.faults = menu;
        self
    }

    /// Checks one of so many of the box's own events.
    #[must_use]
    pub const fn check_every(mut self, events: u32) -> Self {
        self.check_every = events;
        self
    }

    /// Lets this many identifies succeed.
    #[must_use]
    pub const fn session_starts(mut self, identifies: u32) -> Self {
        self.session_starts = identifies;
        self
    }

    /// Keeps a place for this long after an identify.
    #[must_use]
    pub const fn identify_interval(mut self, interval: Duration) -> Self {
        self.identify_interval = interval;
        self
    }

    /// Lets one connection send this many payloads in 60 s.
    #[must_use]
    pub const fn gateway_sends(mut self, payloads: u32) -> Self {
        self.gateway_sends = payloads;
        self
    }

    /// Takes the initial response to an interaction for this long.
    #[must_use]
    pub const fn interaction_deadline(mut self, deadline: Duration) -> Self {
        self.interaction_deadline = deadline;
        self
    }

    /// Lets auto-moderation look at what bots and webhooks write, too.
    #[must_use]
    pub const fn moderate_bots(mut self, moderate: bool) -> Self {
        self.moderate_bots = moderate;
        self
    }

    /// Refuses these intent bits with close code 4014.
    #[must_use]
    pub const fn disallow_intents(mut self, bits: u64) -> Self {
        self.disallowed_intents = bits;
        self
    }

    /// Recommends this number of shards.
    #[must_use]
    pub const fn shards(mut self, shards: u32) -> Self {
        self.shards = shards;
        self
    }

    /// Lets this many shards identify at once.
    #[must_use]
    pub const fn max_concurrency(mut self, places: u32) -> Self {
        self.max_concurrency = places;
        self
    }

    /// Sets the REST limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Posts interactions and webhook events there.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Waits this long in the in-process interface.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The strictness of the real thing: Discord's REST limits and identify turns.
    #[must_use]
    pub fn like_discord(mut self) -> Self {
        self.limits = Limits::like_discord();
        self.identify_interval = Duration::from_secs(5);
        self
    }
}

/// One guild of the box.
///
/// Default: the guild `The Bakery` with one channel, `general`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Guild {
    /// Its name. Default `"The Bakery"`.
    pub name: String,
    /// The names of its text channels. Default `["general"]`.
    pub channels: Vec<String>,
    /// The names of its voice channels. Default none.
    pub voice_channels: Vec<String>,
    /// How many of the last of its members are offline. Default 0.
    pub offline: usize,
    /// How many members it has besides the bot and the owner, named `member-1` and so on. Default 0.
    pub members: usize,
    /// The permissions of the bot's role, as Discord's bits. Default: everything but ADMINISTRATOR.
    pub bot_permissions: u64,
}

impl Default for Guild {
    fn default() -> Self {
        Self {
            name: "The Bakery".to_owned(),
            channels: vec!["general".to_owned()],
            voice_channels: Vec::new(),
            offline: 0,
            members: 0,
            bot_permissions: crate::world::permission::ALL_BUT_ADMINISTRATOR,
        }
    }
}

impl Guild {
    /// A guild with one channel, `general`.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets the names of the text channels.
    #[must_use]
    pub fn channels<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.channels = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the names of the voice channels.
    #[must_use]
    pub fn voice_channels<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.voice_channels = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many of the last of the further members are offline.
    #[must_use]
    pub const fn offline(mut self, members: usize) -> Self {
        self.offline = members;
        self
    }

    /// Sets the number of further members.
    #[must_use]
    pub const fn members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }

    /// Sets the permissions of the bot's role; `@everyone` gets none, so that these are all it has.
    #[must_use]
    pub const fn bot_permissions(mut self, bits: u64) -> Self {
        self.bot_permissions = bits;
        self
    }
}
