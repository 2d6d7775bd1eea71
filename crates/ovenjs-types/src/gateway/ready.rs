//! What the gateway says about itself and the session.

use serde::{Deserialize, Serialize};

use crate::{Application, Text, UnavailableGuild, User};

/// The payload of `READY`: the session has begun.
///
/// Source: Discord, "Ready".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// The number of this shard and how many there are, as the bot said them in identify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<[u32; 2]>,
    /// The application, with id and flags only.
    pub application: Application,
}

/// The first frame of a connection (op 10).
///
/// Source: Discord, "Hello".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hello {
    /// Milliseconds from one heartbeat to the next.
    pub heartbeat_interval: u64,
}

/// The session is over, or cannot begin yet (op 9).
///
/// ```
/// use ovenjs_types::{InvalidSession, json};
/// let over: InvalidSession = json::decode(b"false", &mut Default::default()).unwrap();
/// assert!(!over.resumable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub struct InvalidSession {
    /// Whether it may be resumed all the same; if not, the bot identifies anew.
    pub resumable: bool,
}

impl From<bool> for InvalidSession {
    fn from(resumable: bool) -> Self {
        Self { resumable }
    }
}

impl From<InvalidSession> for bool {
    fn from(session: InvalidSession) -> Self {
        session.resumable
    }
}

/// Discord asks the bot to connect again and resume (op 7); it carries nothing. So does the answer
/// to a heartbeat (op 11), which has no payload at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconnect;

/// The answer of `GET /gateway`: where to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GatewayAddress {
    /// The gateway's address, e.g. `wss://gateway.discord.gg`.
    pub url: Text,
}

/// The answer of `GET /gateway/bot`: where to connect, with how many shards.
///
/// Source: Discord, "Get Gateway Bot".
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
///
/// Source: Discord, "Session Start Limit Object".
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
