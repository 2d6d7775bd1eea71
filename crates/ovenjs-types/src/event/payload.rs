//! The payloads of events that carry more or less than one of Discord's objects.

use serde::{Deserialize, Serialize};

mod auto_moderation;
mod message;

pub use auto_moderation::AutoModerationActionExecution;
pub use message::{
    ChannelPinsUpdate, GuildEmojisUpdate, GuildStickersUpdate, MessageDelete, MessageDeleteBulk,
    MessageReactionAdd, MessageReactionRemove, MessageReactionRemoveAll,
    MessageReactionRemoveEmoji, TypingStart,
};

use crate::{
    ChannelType, Id, JsonValue, Role, User,
    marker::{ChannelMarker, GuildMarker, RoleMarker},
};

/// The payload of `RATE_LIMITED`: a gateway command was refused for now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateLimited {
    /// The opcode of the refused command.
    pub opcode: u32,
    /// Seconds until the command may be sent again.
    pub retry_after: f64,
    /// What the opcode has to say about it; guild and nonce for a request for members.
    #[serde(default, skip_serializing_if = "JsonValue::is_null")]
    pub meta: JsonValue,
}

/// The payload of `THREAD_DELETE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadDelete {
    /// The thread.
    pub id: Id<ChannelMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// The channel it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// What kind of thread it was.
    #[serde(rename = "type")]
    pub kind: ChannelType,
}

/// The payload of `GUILD_MEMBER_REMOVE`: a user left, was kicked or banned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildMemberRemove {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who left.
    pub user: User,
}

/// The payload of `GUILD_ROLE_CREATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildRoleCreate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The new role.
    pub role: Role,
}

/// The payload of `GUILD_ROLE_UPDATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildRoleUpdate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The role as it is now.
    pub role: Role,
}

/// The payload of `GUILD_ROLE_DELETE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildRoleDelete {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The role that is gone.
    pub role_id: Id<RoleMarker>,
}

/// The payload of `GUILD_BAN_ADD`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildBanAdd {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who was banned.
    pub user: User,
}

/// The payload of `GUILD_BAN_REMOVE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildBanRemove {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who may come back.
    pub user: User,
}
