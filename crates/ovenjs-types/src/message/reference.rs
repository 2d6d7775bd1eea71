//! How a message points to others: replies, forwards, crossposts.

use serde::{Deserialize, Serialize};

use super::{MessageFlags, MessageType};
use crate::{
    Attachment, Component, Embed, Id, Report, Sticker, StickerItem, Text, Timestamp, User,
    Validate,
    marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker},
};

/// The message another one points to.
///
/// ```
/// use ovenjs_types::{Id, MessageReference, json};
/// assert_eq!(json::encode(&MessageReference::reply(Id::new(5))), br#"{"message_id":"5"}"#);
/// assert_eq!(
///     json::encode(&MessageReference::forward(Id::new(3), Id::new(5))),
///     br#"{"type":1,"message_id":"5","channel_id":"3"}"#
/// );
/// ```
///
/// Source: Discord, "Message Reference Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReference {
    /// Whether it is a reply or a forward; a reply where absent.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MessageReferenceType>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id<MessageMarker>>,
    /// Its channel; may be left out when a reply is sent, and always comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Its guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Whether sending fails when the message is gone; the default is that it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_if_not_exists: Option<bool>,
}

impl MessageReference {
    /// Replies to a message of the same channel.
    #[must_use]
    pub fn reply(message: Id<MessageMarker>) -> Self {
        Self {
            message_id: Some(message),
            ..Self::default()
        }
    }

    /// Forwards a message of any channel that the bot can read.
    #[must_use]
    pub fn forward(channel: Id<ChannelMarker>, message: Id<MessageMarker>) -> Self {
        Self {
            kind: Some(MessageReferenceType::Forward),
            message_id: Some(message),
            channel_id: Some(channel),
            ..Self::default()
        }
    }

    /// Sends the message as an ordinary one when the message it replies to is gone.
    #[must_use]
    pub const fn or_without(mut self) -> Self {
        self.fail_if_not_exists = Some(false);
        self
    }
}

impl Validate for MessageReference {
    fn check(&self, report: &mut Report) {
        if self.message_id.is_none() {
            report.note("message_id", "is missing: say which message");
        }
        if self.kind == Some(MessageReferenceType::Forward) && self.channel_id.is_none() {
            report.note(
                "channel_id",
                "is missing: say where the forwarded message stands",
            );
        }
    }
}

open_int! {
    /// Why a message points to another.
    pub enum MessageReferenceType: u32 {
        Default = 0,
        Forward = 1,
    }
}

/// A forwarded message as it was when it was forwarded; it never changes.
///
/// Source: Discord, "Message Snapshot Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageSnapshot {
    /// What was forwarded.
    pub message: SnapshotMessage,
}

/// As much of a message as a forward shows: neither who wrote it nor its id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SnapshotMessage {
    /// What kind of message it was.
    #[serde(rename = "type", default)]
    pub kind: MessageType,
    /// The text.
    #[serde(default)]
    pub content: Text,
    /// Its framed boxes.
    #[serde(default)]
    pub embeds: Vec<Embed>,
    /// Its files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default)]
    pub edited_timestamp: Option<Timestamp>,
    /// Its flags.
    #[serde(default)]
    pub flags: MessageFlags,
    /// Whom it mentioned.
    #[serde(default)]
    pub mentions: Vec<User>,
    /// Which roles it mentioned.
    #[serde(default)]
    pub mention_roles: Vec<Id<RoleMarker>>,
    /// Its stickers, whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stickers: Vec<Sticker>,
    /// Its stickers, as far as is needed to draw them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sticker_items: Vec<StickerItem>,
    /// Its buttons, selects and layout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

/// A channel that a message mentions. Crossposts alone name them today.
///
/// Source: Discord, "Channel Mention Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelMention {
    /// The channel.
    pub id: Id<ChannelMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// What it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<crate::ChannelType>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
}
