//! How much is kept.

/// How many of each kind the cache keeps; a kind whose bound is 0 is not kept.
///
/// All of it is fixed: the stores behind it cannot change their bounds while they hold something.
/// When a bound is reached, what was not read or written for longest goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Guilds, each with its roles; emojis and counts of members are those of the guild's last
    /// create or update. Default: 3,000, more than one shard may hold (2,500). Raise it with the
    /// number of shards in the process.
    pub guilds_max: u64,
    /// Channels and active threads. Default: 150,000, fifty a guild.
    pub channels_max: u64,
    /// Members, taken from events that come anyway. Default: 10,000. To see *all* members the bot
    /// needs the privileged intent `GUILD_MEMBERS` and a bound to match.
    pub members_max: u64,
    /// Messages. Default: 0, since content is other people's; a moderation bot that wants to know
    /// what was deleted sets it.
    pub messages_max: u64,
}

impl Config {
    /// The defaults named at each field.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            guilds_max: 3_000,
            channels_max: 150_000,
            members_max: 10_000,
            messages_max: 0,
        }
    }

    /// Sets how many guilds are kept.
    #[must_use]
    pub const fn guilds_max(mut self, max: u64) -> Self {
        self.guilds_max = max;
        self
    }

    /// Sets how many channels are kept.
    #[must_use]
    pub const fn channels_max(mut self, max: u64) -> Self {
        self.channels_max = max;
        self
    }

    /// Sets how many members are kept.
    #[must_use]
    pub const fn members_max(mut self, max: u64) -> Self {
        self.members_max = max;
        self
    }

    /// Sets how many messages are kept.
    #[must_use]
    pub const fn messages_max(mut self, max: u64) -> Self {
        self.messages_max = max;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
