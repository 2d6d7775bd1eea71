//! Channels.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    DefaultReaction, ForumLayout, ForumTag, Id, Permissions, Text, ThreadAutoArchiveDuration,
    ThreadMember, ThreadMetadata, ThreadSearchTagSetting, ThreadSortOrder, Timestamp, User,
    marker::{
        ApplicationMarker, ChannelMarker, GenericMarker, GuildMarker, MessageMarker, RoleMarker,
        TagMarker, UserMarker,
    },
};

/// A channel, a thread or a direct message.
///
/// Source: Discord, "Channel Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Channel {
    /// The channel's id.
    pub id: Id<ChannelMarker>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ChannelType,
    /// Its guild; absent for direct messages, and inside `GUILD_CREATE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its place in the list; channels at the same place are in the order of their ids.
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
    /// The newest message, or the newest thread of a forum; may be deleted already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<Id<MessageMarker>>,
    /// Bits a second of its voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u32>,
    /// How many may be in its voice at once; 0 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_limit: Option<u32>,
    /// Seconds a member waits between two messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_user: Option<u32>,
    /// The other side of a direct message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<User>,
    /// The hash of a group's icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
    /// Who began the thread or owns the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Id<UserMarker>>,
    /// The application that made the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// Whether an application looks after the group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed: bool,
    /// The category of a channel; the channel of a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// When a message was last pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pin_timestamp: Option<Timestamp>,
    /// The [voice region](crate::VoiceRegion) it is bound to; none where Discord chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtc_region: Option<Text>,
    /// How sharp its video is; [`Auto`](VideoQualityMode::Auto) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_quality_mode: Option<VideoQualityMode>,
    /// How many messages the thread has, without the first and deleted ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_count: Option<u64>,
    /// About how many members the thread has; Discord stops counting at 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u32>,
    /// How many messages were ever sent to the thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_message_sent: Option<u64>,
    /// What only threads have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_metadata: Option<ThreadMetadata>,
    /// The bot in the thread, where it has joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<ThreadMember>>,
    /// Whether the thread is new; sent with `THREAD_CREATE` only, which also comes when the bot
    /// is added to an old one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub newly_created: bool,
    /// After how long without a message its new threads are hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_auto_archive_duration: Option<ThreadAutoArchiveDuration>,
    /// Seconds a member waits between two messages in its new threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_thread_rate_limit_per_user: Option<u32>,
    /// The invoking user's permissions; sent with interactions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The application's permissions; sent with interactions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_permissions: Option<Permissions>,
    /// The channel's flags.
    #[serde(default)]
    pub flags: ChannelFlags,
    /// The tags of a forum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub available_tags: Vec<ForumTag>,
    /// The tags of a thread in a forum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied_tags: Vec<Id<TagMarker>>,
    /// The emoji that posts of a forum offer first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_reaction_emoji: Option<DefaultReaction>,
    /// How the posts of a forum are sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_sort_order: Option<ThreadSortOrder>,
    /// How the posts of a forum are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_forum_layout: Option<ForumLayout>,
    /// How a search for several tags of a forum is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_tag_setting: Option<ThreadSearchTagSetting>,
}

impl Channel {
    /// A channel of which nothing else is known.
    #[must_use]
    pub fn new(id: Id<ChannelMarker>, kind: ChannelType) -> Self {
        Self {
            id,
            kind,
            guild_id: None,
            position: None,
            permission_overwrites: Vec::new(),
            name: None,
            topic: None,
            nsfw: false,
            last_message_id: None,
            bitrate: None,
            user_limit: None,
            rate_limit_per_user: None,
            recipients: Vec::new(),
            icon: None,
            owner_id: None,
            application_id: None,
            managed: false,
            parent_id: None,
            last_pin_timestamp: None,
            rtc_region: None,
            video_quality_mode: None,
            message_count: None,
            member_count: None,
            total_message_sent: None,
            thread_metadata: None,
            member: None,
            newly_created: false,
            default_auto_archive_duration: None,
            default_thread_rate_limit_per_user: None,
            permissions: None,
            app_permissions: None,
            flags: ChannelFlags::default(),
            available_tags: Vec::new(),
            applied_tags: Vec::new(),
            default_reaction_emoji: None,
            default_sort_order: None,
            default_forum_layout: None,
            default_tag_setting: None,
        }
    }
}

impl Channel {
    /// The text that mentions the channel in a message.
    ///
    /// ```
    /// use ovenjs_types::{Channel, ChannelType, Id};
    /// let channel = Channel::new(Id::new(3), ChannelType::GuildText);
    /// assert_eq!(channel.mention().to_string(), "<#3>");
    /// ```
    #[must_use]
    pub fn mention(&self) -> impl fmt::Display {
        let id = self.id;
        fmt::from_fn(move |f| write!(f, "<#{id}>"))
    }
}

/// What is told of a channel where it is only pointed to: in invites and webhooks.
///
/// Source: Discord, "Invite Object" and "Webhook Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartialChannel {
    /// The channel's id.
    pub id: Id<ChannelMarker>,
    /// What it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChannelType>,
    /// Its name; none for a group without one.
    #[serde(default)]
    pub name: Option<Text>,
    /// The hash of a group's icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
    /// The members of a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<User>,
}

/// An exception to what roles allow, for one role or member in one channel.
///
/// What is neither allowed nor denied is left to the roles.
///
/// Source: Discord, "Overwrite Object".
///
/// ```
/// use ovenjs_types::{Id, Overwrite, Permissions, json};
///
/// let bakers_only = [
///     Overwrite::role(Id::new(1)).deny(Permissions::VIEW_CHANNEL),
///     Overwrite::role(Id::new(2)).allow(Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES),
/// ];
/// assert_eq!(json::encode(&bakers_only[1]), br#"{"id":"2","type":0,"allow":"3072","deny":"0"}"#);
///
/// // The last word counts: a permission is never allowed and denied at once.
/// let changed = bakers_only[1].deny(Permissions::SEND_MESSAGES);
/// assert_eq!(changed.allow, Permissions::VIEW_CHANNEL);
/// ```
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

impl Overwrite {
    /// An exception for a role, `@everyone` included, whose id is the guild's.
    #[must_use]
    pub const fn role(id: Id<RoleMarker>) -> Self {
        Self::new(id.cast(), OverwriteType::Role)
    }

    /// An exception for one member.
    #[must_use]
    pub const fn member(id: Id<UserMarker>) -> Self {
        Self::new(id.cast(), OverwriteType::Member)
    }

    /// Allows `permissions` and no longer denies them.
    #[must_use]
    pub const fn allow(mut self, permissions: Permissions) -> Self {
        self.allow.insert(permissions);
        self.deny.remove(permissions);
        self
    }

    /// Denies `permissions` and no longer allows them.
    #[must_use]
    pub const fn deny(mut self, permissions: Permissions) -> Self {
        self.deny.insert(permissions);
        self.allow.remove(permissions);
        self
    }

    /// Leaves `permissions` to the roles.
    #[must_use]
    pub const fn inherit(mut self, permissions: Permissions) -> Self {
        self.allow.remove(permissions);
        self.deny.remove(permissions);
        self
    }

    const fn new(id: Id<GenericMarker>, kind: OverwriteType) -> Self {
        Self {
            id,
            kind,
            allow: Permissions::empty(),
            deny: Permissions::empty(),
        }
    }
}

open_int! {
    /// The type of a channel.
    ///
    /// Source: Discord, "Channel Types".
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

open_int! {
    /// How sharp the video of a voice channel is.
    pub enum VideoQualityMode: u32 {
        /// Discord chooses.
        Auto = 1,
        /// 720p.
        Full = 2,
    }
}

flags! {
    /// The flags of a channel.
    ///
    /// Source: Discord, "Channel Flags".
    pub struct ChannelFlags as number {
        PINNED = 1,
        REQUIRE_TAG = 4,
        HIDE_MEDIA_DOWNLOAD_OPTIONS = 15,
        IS_SPOILER_CHANNEL = 21,
    }
}
