//! What a bot learns about the gateway and its session.

use serde::{Deserialize, Serialize};

use crate::{Application, Text, UnavailableGuild, User};

/// The payload of `READY`: the session has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// The API version.
    #[serde(default)]
    pub v: u32,
    /// The bot's user.
    pub user: User,
    /// The bot's guilds on this shard; each follows as `GUILD_CREATE`.
    #[serde(default)]
    pub guilds: Vec<UnavailableGuild>,
    /// Names the session when it is resumed.
    pub session_id: Text,
    /// Where to resume.
    pub resume_gateway_url: Text,
    /// The application, with id and flags only.
    pub application: Application,
}

/// The answer of `GET /gateway/bot`: where to connect, with how many shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BotGateway {
    /// The gateway's address, e.g. `wss://gateway.discord.gg`.
    pub url: Text,
    /// The number of shards that Discord recommends.
    pub shards: u32,
    /// How many sessions may still be started.
    pub session_start_limit: SessionStartLimit,
}

/// How many sessions may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStartLimit {
    /// Sessions per day.
    pub total: u32,
    /// Sessions left.
    pub remaining: u32,
    /// Milliseconds until the count starts again.
    pub reset_after: u64,
    /// How many shards may identify within five seconds.
    pub max_concurrency: u32,
}
