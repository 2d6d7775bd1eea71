//! What Discord says to an answer.

use serde::{Deserialize, Serialize};

use crate::{
    Id, InteractionResponseType, InteractionType, Message, Text,
    marker::{ChannelMarker, GuildMarker, InteractionMarker, MessageMarker},
};

/// What Discord says to the answer to an interaction, where it was asked with `with_response`.
///
/// Source: Discord, "Interaction Callback Response Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InteractionCallbackResponse {
    /// The interaction.
    pub interaction: InteractionCallback,
    /// What the answer made; absent where it made nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<InteractionCallbackResource>,
}

/// An interaction that was answered.
///
/// Source: Discord, "Interaction Callback Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InteractionCallback {
    /// The interaction's id.
    pub id: Id<InteractionMarker>,
    /// What kind it was.
    #[serde(rename = "type")]
    pub kind: InteractionType,
    /// The activity that was launched or joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_instance_id: Option<Text>,
    /// The message that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_message_id: Option<Id<MessageMarker>>,
    /// Whether that message shows "thinking".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_message_loading: Option<bool>,
    /// Whether only the user sees that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_message_ephemeral: Option<bool>,
    /// The channel it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// The guild it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
}

/// What an answer made.
///
/// Source: Discord, "Interaction Callback Resource Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InteractionCallbackResource {
    /// What kind of answer it was.
    #[serde(rename = "type")]
    pub kind: InteractionResponseType,
    /// The activity that was launched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_instance: Option<InteractionCallbackActivity>,
    /// The message that was made or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<Message>>,
}

/// An activity that an answer launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InteractionCallbackActivity {
    /// The instance.
    pub id: Text,
}
