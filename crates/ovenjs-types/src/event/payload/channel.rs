//! The payloads of events about channels, threads and webhooks.

use serde::{Deserialize, Serialize};

use crate::{
    Channel, ChannelType, Id, Text, ThreadMember,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// The payload of `CHANNEL_INFO`: the answer to a request for what changes often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelInfo {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The channels of which there is something to tell.
    #[serde(default)]
    pub channels: Vec<ChannelInfoChannel>,
}

/// What changes often in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelInfoChannel {
    /// The channel.
    pub id: Id<ChannelMarker>,
    /// What its members say they do; where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Text>,
    /// When its voice began, in seconds since 1970; where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_start_time: Option<u64>,
}

/// The payload of `THREAD_DELETE`.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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

/// The payload of `THREAD_LIST_SYNC`: the bot can see a channel again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThreadListSync {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The channels whose threads these are, those without any included; the whole guild when
    /// empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_ids: Vec<Id<ChannelMarker>>,
    /// The active threads which the bot can see.
    #[serde(default)]
    pub threads: Vec<Channel>,
    /// The bot in each of the threads that it has joined.
    #[serde(default)]
    pub members: Vec<ThreadMember>,
}

/// The payload of `THREAD_MEMBERS_UPDATE`.
///
/// Without the intent for members it tells of the bot alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThreadMembersUpdate {
    /// The thread.
    pub id: Id<ChannelMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// About how many members it has; Discord stops counting at 50.
    #[serde(default)]
    pub member_count: u32,
    /// Who came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_members: Vec<ThreadMember>,
    /// Who went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_member_ids: Vec<Id<UserMarker>>,
}

/// The payload of `WEBHOOKS_UPDATE`: something about a channel's webhooks has changed.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WebhooksUpdate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The channel.
    pub channel_id: Id<ChannelMarker>,
}
