//! The payloads of events about messages, and of the lists that messages draw from.

use serde::{Deserialize, Serialize};

use crate::{
    Emoji, Id, Member, ReactionEmoji, ReactionType, Sticker, Text, Timestamp,
    marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};

/// The payload of `MESSAGE_DELETE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
    /// The colours of a super reaction, as `#rrggbb`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub burst_colors: Vec<Text>,
    /// What kind of reaction it is.
    #[serde(rename = "type", default)]
    pub kind: ReactionType,
}

/// The payload of `MESSAGE_REACTION_REMOVE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// What kind of reaction it was.
    #[serde(rename = "type", default)]
    pub kind: ReactionType,
}

/// The payload of `MESSAGE_REACTION_REMOVE_ALL`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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

/// The payload of `CHANNEL_PINS_UPDATE`: a message was pinned or a pin taken away. That a pinned
/// message was deleted is not told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelPinsUpdate {
    /// The guild; absent in direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The channel.
    pub channel_id: Id<ChannelMarker>,
    /// When the latest pin was set; none where none is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pin_timestamp: Option<Timestamp>,
}

/// The payload of `GUILD_EMOJIS_UPDATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildEmojisUpdate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// All emojis it has now.
    #[serde(default)]
    pub emojis: Vec<Emoji>,
}

/// The payload of `GUILD_STICKERS_UPDATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildStickersUpdate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// All stickers it has now.
    #[serde(default)]
    pub stickers: Vec<Sticker>,
}
