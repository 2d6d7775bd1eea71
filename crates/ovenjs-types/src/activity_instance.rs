//! Running activities: applications that people use together inside Discord.

use serde::{Deserialize, Serialize};

use crate::{
    Attachment, Id, Text,
    marker::{ApplicationMarker, ChannelMarker, GuildMarker, UserMarker},
};

/// A running activity of an application.
///
/// Source: Discord, "Activity Instance Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityInstance {
    /// The application that runs.
    pub application_id: Id<ApplicationMarker>,
    /// The instance, e.g. `i-1276580072400224306-gc-912952092627435520-912954213460484116`.
    pub instance_id: Text,
    /// The launch, which is no id of another object.
    #[serde(default)]
    pub launch_id: Text,
    /// Where it runs.
    pub location: ActivityLocation,
    /// Who takes part.
    #[serde(default)]
    pub users: Vec<Id<UserMarker>>,
}

/// Where an activity runs.
///
/// Source: Discord, "Activity Location Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityLocation {
    /// The place, in Discord's words.
    pub id: Text,
    /// What kind of place it is.
    pub kind: ActivityLocationKind,
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// The guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
}

/// A file that an application has put up for an activity of its own.
///
/// Source: Discord's OpenAPI description, `ActivitiesAttachmentResponse`.
///
/// ```
/// use ovenjs_types::{ActivityAttachment, json};
///
/// let raw = br#"{"attachment":{"id":"7","filename":"board.png","size":512}}"#;
/// let answer: ActivityAttachment = json::decode(raw, &mut Default::default()).unwrap();
/// assert_eq!(answer.attachment.filename, "board.png");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActivityAttachment {
    /// The file; it belongs to no message.
    pub attachment: Attachment,
}

open_str! {
    /// What kind of place an activity runs in.
    pub enum ActivityLocationKind {
        GuildChannel = "gc",
        PrivateChannel = "pc",
        Party = "party",
    }
}
