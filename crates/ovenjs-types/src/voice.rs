//! Voice: who is where, and the places that carry it.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Member, Text, Timestamp,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// Where somebody is in voice, and what they let through.
///
/// Source: Discord, "Voice State Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceState {
    /// The guild; left out inside `GUILD_CREATE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The channel; none once the user has left.
    #[serde(default)]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// The user.
    pub user_id: Id<UserMarker>,
    /// The member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
    /// The session of the voice connection.
    #[serde(default)]
    pub session_id: Text,
    /// Whether the member is deafened by moderators.
    #[serde(default)]
    pub deaf: bool,
    /// Whether the member is muted by moderators.
    #[serde(default)]
    pub mute: bool,
    /// Whether the member hears nothing by choice.
    #[serde(default)]
    pub self_deaf: bool,
    /// Whether the member is silent by choice.
    #[serde(default)]
    pub self_mute: bool,
    /// Whether the member streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_stream: Option<bool>,
    /// Whether the member's camera is on.
    #[serde(default)]
    pub self_video: bool,
    /// Whether the member may not speak on the stage.
    #[serde(default)]
    pub suppress: bool,
    /// Since when the member asks to speak on the stage.
    #[serde(default)]
    pub request_to_speak_timestamp: Option<Timestamp>,
}

impl VoiceState {
    /// A user who is in no channel.
    #[must_use]
    pub fn new(user_id: Id<UserMarker>) -> Self {
        Self {
            guild_id: None,
            channel_id: None,
            user_id,
            member: None,
            session_id: Text::new(),
            deaf: false,
            mute: false,
            self_deaf: false,
            self_mute: false,
            self_stream: None,
            self_video: false,
            suppress: false,
            request_to_speak_timestamp: None,
        }
    }
}

/// A place whose servers carry voice.
///
/// Source: Discord, "Voice Region Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceRegion {
    /// The region's id, which is a word.
    pub id: Text,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Whether it is the nearest to the bot; of one region only.
    #[serde(default)]
    pub optimal: bool,
    /// Whether it should be avoided.
    #[serde(default)]
    pub deprecated: bool,
    /// Whether it was made for an event.
    #[serde(default)]
    pub custom: bool,
}

open_int! {
    /// How an emoji flies over a voice channel.
    pub enum VoiceChannelEffectAnimation: u32 {
        Premium = 0,
        Basic = 1,
    }
}
