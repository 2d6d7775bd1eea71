//! From which interaction a message came.

use serde::{Deserialize, Serialize};

use crate::{
    AuthorizingIntegrationOwners, Id, InteractionType, Member, Text, User,
    marker::{InteractionMarker, MessageMarker},
};

/// From which interaction a message came, and who is behind it.
///
/// Discord has three forms of it, for commands, components and modals; [`kind`](Self::kind) tells
/// them apart, and each leaves out what the others alone have.
///
/// Source: Discord, "Message Interaction Metadata Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InteractionMetadata {
    /// The interaction.
    pub id: Id<InteractionMarker>,
    /// What kind it was.
    #[serde(rename = "type")]
    pub kind: InteractionType,
    /// Who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// For whom the application is installed.
    #[serde(default)]
    pub authorizing_integration_owners: AuthorizingIntegrationOwners,
    /// The first answer to the interaction, where this message is a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_response_message_id: Option<Id<MessageMarker>>,
    /// The user that a user command was run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_user: Option<User>,
    /// The message that a message command was run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_message_id: Option<Id<MessageMarker>>,
    /// The message whose component was pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interacted_message_id: Option<Id<MessageMarker>>,
    /// The interaction that opened the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggering_interaction_metadata: Option<Box<Self>>,
}

/// The command that a message answers, in the form that [`InteractionMetadata`] took the place of.
///
/// Source: Discord, "Message Interaction Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageInteraction {
    /// The interaction.
    pub id: Id<InteractionMarker>,
    /// What kind it was.
    #[serde(rename = "type")]
    pub kind: InteractionType,
    /// The name of the command, with its subcommands.
    #[serde(default)]
    pub name: Text,
    /// The same in the reader's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localized: Option<Text>,
    /// Who ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// Who ran it, as member of the guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
}
