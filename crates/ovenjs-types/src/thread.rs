//! Threads: what they have beyond other channels.

use serde::{Deserialize, Serialize};

use crate::{
    Channel, Id, Member, Message, Timestamp,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// What only threads have.
///
/// Source: Discord, "Thread Metadata Object".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThreadMetadata {
    /// Whether it is archived.
    #[serde(default)]
    pub archived: bool,
    /// After how long without a message it is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_archive_duration: Option<ThreadAutoArchiveDuration>,
    /// When its archive state last changed.
    #[serde(default)]
    pub archive_timestamp: Option<Timestamp>,
    /// Whether only moderators may open it again.
    #[serde(default)]
    pub locked: bool,
    /// Whether members may add others to a private thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitable: Option<bool>,
    /// When it was created; known of threads since 2022-01-09 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_timestamp: Option<Timestamp>,
}

/// A user in a thread.
///
/// Source: Discord, "Thread Member Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThreadMember {
    /// The thread; left out inside the thread itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<ChannelMarker>>,
    /// The user; left out inside the thread itself, where it is the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<UserMarker>>,
    /// The guild; sent with `THREAD_MEMBER_UPDATE` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// When the user last joined.
    #[serde(default)]
    pub join_timestamp: Option<Timestamp>,
    /// The notification settings, whose bits Discord does not name.
    #[serde(default)]
    pub flags: u64,
    /// The member, where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
}

/// Some threads of a guild or channel, with the bot's place in each.
///
/// Source: Discord, "List Active Guild Threads", "List Public Archived Threads" and the search
/// for threads.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThreadList {
    /// The threads.
    #[serde(default)]
    pub threads: Vec<Channel>,
    /// The bot in each of the threads that it has joined.
    #[serde(default)]
    pub members: Vec<ThreadMember>,
    /// Whether there are more to be asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
    /// The message each thread began with; in a search only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_messages: Vec<Message>,
    /// How many threads were found in all; in a search only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_results: Option<u64>,
}

open_int! {
    /// After how many minutes without a message a thread is hidden.
    pub enum ThreadAutoArchiveDuration: u32 {
        OneHour = 60,
        OneDay = 1440,
        ThreeDays = 4320,
        SevenDays = 10080,
    }
}

open_str! {
    /// How found threads are sorted.
    pub enum ThreadSortingMode {
        ArchiveTime = "archive_time",
        CreationTime = "creation_time",
        LastMessageTime = "last_message_time",
        Relevance = "relevance",
    }
}
