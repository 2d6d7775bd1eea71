//! What the bot keeps behind memory: the part of the configuration that is about the tiers.

use std::{path::PathBuf, time::Duration};

use ovenjs_types::Secret;

use super::Config;

/// What stands behind the memory of the bot's `Tiered`, which handlers take as an argument, and of which a state is
/// [made](crate::Bot). File: `[tiers]`; feature `tiers`.
///
/// Without any of this there is memory alone: what is written for stores so works in a test.
///
/// ```
/// use ovenjs_core::{Config, SecondTier, ThirdTier};
///
/// let config = Config::new()
///     .redis("rediss://oven:secret@redis.example")
///     .tiers_in_redis("my-bot")
///     .tiers_in_file("bot.db");
/// assert_eq!(config.tiers.second, Some(SecondTier::Redis("my-bot".into())));
/// assert_eq!(config.tiers.third, Some(ThirdTier::File("bot.db".into())));
///
/// let file = "[tiers]\nsecond = { redis = \"my-bot\" }\nthird = \"bot.db\"\n";
/// assert_eq!(Config::from_toml(file, "oven.toml")?.tiers.second, config.tiers.second);
/// # Ok::<(), ovenjs_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TiersConfig {
    /// The second tier, which processes share and ask often. Default: none.
    pub second: Option<SecondTier>,
    /// The third tier, which outlives everything. Default: none.
    pub third: Option<ThirdTier>,
    /// A folder in which it is written down what waits for a store, so that it survives a kill; it is made where it is
    /// not there, for its owner alone. One process has it at a time, and one that replaces another by
    /// [`hand_over`](super::GatewayConfig::hand_over) takes it over. Default: nowhere, and what waits is lost with the
    /// process. A relative path in the file starts at the configuration file.
    pub journal: Option<PathBuf>,
    /// How many bytes all keyspaces together may take in memory: whoever makes one that does not fit is told so.
    /// Default: without bound, and each keyspace has its own, of 16 MiB by default. File: `memory_mb`, in MiB.
    pub memory: Option<u64>,
    /// How long the second tier is waited for. Default: 50 ms; more where it is far away. File: `second_deadline_ms`.
    pub second_deadline: Option<Duration>,
    /// How long the third tier is waited for. Default: 250 ms; more where it is slow and guilds go there, of which
    /// sixteen are read at once. File: `third_deadline_ms`.
    pub third_deadline: Option<Duration>,
    /// After what time without a read a guild leaves the mirror for the third tier, or for the second where there is
    /// no third, to within an eighth of it; before [`Keep::bytes`](crate::Keep::bytes) evicts anything guilds leave
    /// as well. Default: none leaves.
    ///
    /// A guild that is away comes back with all that happened in it meanwhile: when a handler that takes a
    /// [`Mirror`](crate::Mirror) is called by an event in it, when a [`Lookup`](crate::Lookup) is asked for
    /// something in it, and when much waits for it. Until then a read finds nothing, and its
    /// [state](crate::cache::mirror::GuildState::is_away) says so.
    ///
    /// The bot that stops leaves all its guilds there, and the next one begins with them: stale until Discord tells
    /// of them, or until the session goes on up to whose last event they were saved. File: `away_after_s`.
    pub away_after: Option<Duration>,
}

/// The store that is the second tier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecondTier {
    /// [`Config::redis`], under this name: the same for all processes of a bot, and no other bot's.
    /// File: `{ redis = "my-bot" }`; feature `redis`.
    Redis(String),
}

/// The store that is the third tier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThirdTier {
    /// A file of SQLite, which is made where it is not there, in a folder that is. File: its path; feature `sqlite`.
    File(PathBuf),
    /// [`Config::database`], in tables under this name: of `a`–`z`, `0`–`9` and `_`, the same for all processes of a
    /// bot. File: `{ database = "my_bot" }`; feature `postgres` or `mysql`.
    Database(String),
}

impl Config {
    /// Sets the database in which the tiers can be kept.
    #[must_use]
    pub fn database(mut self, address: impl Into<Secret>) -> Self {
        self.database = Some(address.into());
        self
    }

    /// Puts the second tier into [`redis`](Self::redis), under the name of the bot.
    #[must_use]
    pub fn tiers_in_redis(mut self, name: impl Into<String>) -> Self {
        self.tiers.second = Some(SecondTier::Redis(name.into()));
        self
    }

    /// Puts the third tier into a file of SQLite.
    #[must_use]
    pub fn tiers_in_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.tiers.third = Some(ThirdTier::File(path.into()));
        self
    }

    /// Puts the third tier into [`database`](Self::database), in tables under the name of the bot.
    #[must_use]
    pub fn tiers_in_database(mut self, name: impl Into<String>) -> Self {
        self.tiers.third = Some(ThirdTier::Database(name.into()));
        self
    }

    /// Sets the folder in which it is written down what waits for a store of the tiers.
    #[must_use]
    pub fn tiers_journal(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tiers.journal = Some(folder.into());
        self
    }

    /// Sets after what time without a read a guild leaves the mirror for the tiers.
    #[must_use]
    pub const fn away_after(mut self, idle: Duration) -> Self {
        self.tiers.away_after = Some(idle);
        self
    }
}
