//! Channels and threads.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Permissions, Text, Timestamp, User,
    marker::{ChannelMarker, GenericMarker, GuildMarker, MessageMarker, UserMarker},
};

/// A channel, a thread or a direct message.
///
/// Source: Discord, "Channel Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// The channel's id.
    pub id: Id<ChannelMarker>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ChannelType,
    /// Its guild; absent for direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its place in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// Who may do what there, as exceptions to the roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permission_overwrites: Vec<Overwrite>,
    /// Its name; absent for direct messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Its topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Text>,
    /// Whether it is age-restricted.
    #[serde(default)]
    pub nsfw: bool,
    /// The newest message, which may be deleted already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<Id<MessageMarker>>,
    /// Seconds a member waits between two messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_user: Option<u32>,
    /// The other side of a direct message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<User>,
    /// Who began the thread or owns the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Id<UserMarker>>,
    /// The category of a channel; the channel of a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// What only threads have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_metadata: Option<ThreadMetadata>,
    /// The invoking user's permissions; sent with interactions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The channel's flags.
    #[serde(default)]
    pub flags: ChannelFlags,
}

/// An exception to what roles allow, for one role or member in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwrite {
    /// The role or member.
    pub id: Id<GenericMarker>,
    /// Which of the two it is.
    #[serde(rename = "type")]
    pub kind: OverwriteType,
    /// What is allowed beyond the roles.
    #[serde(default)]
    pub allow: Permissions,
    /// What is denied in spite of the roles.
    #[serde(default)]
    pub deny: Permissions,
}

/// What only threads have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadMetadata {
    /// Whether it is archived.
    pub archived: bool,
    /// Minutes without a message until it is hidden.
    pub auto_archive_duration: u32,
    /// When its archive state last changed.
    #[serde(default)]
    pub archive_timestamp: Option<Timestamp>,
    /// Whether only moderators may open it again.
    #[serde(default)]
    pub locked: bool,
    /// Whether members may add others to a private thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitable: Option<bool>,
}

open_int! {
    /// The type of a channel.
    pub enum ChannelType: u32 {
        GuildText = 0,
        Dm = 1,
        GuildVoice = 2,
        GroupDm = 3,
        GuildCategory = 4,
        GuildAnnouncement = 5,
        AnnouncementThread = 10,
        PublicThread = 11,
        PrivateThread = 12,
        GuildStageVoice = 13,
        GuildDirectory = 14,
        GuildForum = 15,
        GuildMedia = 16,
    }
}

impl ChannelType {
    /// Whether it is a thread of some kind.
    #[must_use]
    pub const fn is_thread(self) -> bool {
        matches!(
            self,
            Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread
        )
    }
}

open_int! {
    /// Whom an overwrite is for.
    pub enum OverwriteType: u32 {
        Role = 0,
        Member = 1,
    }
}

flags! {
    /// The flags of a channel.
    pub struct ChannelFlags as number {
        PINNED = 1,
        REQUIRE_TAG = 4,
        HIDE_MEDIA_DOWNLOAD_OPTIONS = 15,
    }
}
