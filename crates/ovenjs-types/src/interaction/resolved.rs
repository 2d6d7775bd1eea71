//! What the ids in an interaction stand for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Attachment, Channel, Id, Member, Message, Role, User,
    marker::{AttachmentMarker, ChannelMarker, MessageMarker, RoleMarker, UserMarker},
};

/// What the ids in an interaction, or in the selects of a message, stand for.
///
/// Source: Discord, "Resolved Data Structure".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resolved {
    /// Users.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub users: BTreeMap<Id<UserMarker>, User>,
    /// The same users as members, without the user inside.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub members: BTreeMap<Id<UserMarker>, Member>,
    /// Roles.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub roles: BTreeMap<Id<RoleMarker>, Role>,
    /// Channels, with few fields and the user's permissions there.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub channels: BTreeMap<Id<ChannelMarker>, Channel>,
    /// Messages.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub messages: BTreeMap<Id<MessageMarker>, Message>,
    /// Attachments.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub attachments: BTreeMap<Id<AttachmentMarker>, Attachment>,
}

impl Resolved {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.members.is_empty()
            && self.roles.is_empty()
            && self.channels.is_empty()
            && self.messages.is_empty()
            && self.attachments.is_empty()
    }
}
