//! The payloads of events that carry more or less than one of Discord's objects.

use serde::{Deserialize, Serialize};

mod auto_moderation;

pub use auto_moderation::AutoModerationActionExecution;

use crate::{
    ChannelType, Id, JsonValue, Member, ReactionEmoji, Role, User,
    marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
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

/// The payload of `MESSAGE_DELETE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageDelete {
    /// The message.
    pub id: Id<MessageMarker>,
    /// Its channel.
    pub channel_id: Id<ChannelMarker>,
    /// Its guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
}

/// The payload of `MESSAGE_DELETE_BULK`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageDeleteBulk {
    /// The messages.
    pub ids: Vec<Id<MessageMarker>>,
    /// Their channel.
    pub channel_id: Id<ChannelMarker>,
    /// Their guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
}

/// The payload of `MESSAGE_REACTION_ADD`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageReactionAdd {
    /// Who reacted.
    pub user_id: Id<UserMarker>,
    /// The channel of the message.
    pub channel_id: Id<ChannelMarker>,
    /// The message.
    pub message_id: Id<MessageMarker>,
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The reacting member; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
    /// With what.
    pub emoji: ReactionEmoji,
    /// Who wrote the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_author_id: Option<Id<UserMarker>>,
    /// Whether it is a super reaction.
    #[serde(default)]
    pub burst: bool,
}

/// The payload of `MESSAGE_REACTION_REMOVE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageReactionRemove {
    /// Whose reaction was taken away.
    pub user_id: Id<UserMarker>,
    /// The channel of the message.
    pub channel_id: Id<ChannelMarker>,
    /// The message.
    pub message_id: Id<MessageMarker>,
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// With what.
    pub emoji: ReactionEmoji,
    /// Whether it was a super reaction.
    #[serde(default)]
    pub burst: bool,
}

/// The payload of `MESSAGE_REACTION_REMOVE_ALL`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageReactionRemoveAll {
    /// The channel of the message.
    pub channel_id: Id<ChannelMarker>,
    /// The message.
    pub message_id: Id<MessageMarker>,
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
}

/// The payload of `MESSAGE_REACTION_REMOVE_EMOJI`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageReactionRemoveEmoji {
    /// The channel of the message.
    pub channel_id: Id<ChannelMarker>,
    /// The message.
    pub message_id: Id<MessageMarker>,
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The emoji that was removed.
    pub emoji: ReactionEmoji,
}

/// The payload of `TYPING_START`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TypingStart {
    /// The channel.
    pub channel_id: Id<ChannelMarker>,
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who types.
    pub user_id: Id<UserMarker>,
    /// When typing began, in seconds since 1970.
    pub timestamp: u64,
    /// The typing member; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
}
