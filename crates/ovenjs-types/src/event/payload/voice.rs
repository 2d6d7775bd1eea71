//! The payloads of events about voice and soundboards.

use serde::{Deserialize, Serialize};

use crate::{
    Id, ReactionEmoji, Secret, SoundboardSound, Text, VoiceChannelEffectAnimation,
    marker::{ChannelMarker, GenericMarker, GuildMarker, UserMarker},
    secret,
};

/// The payload of `GUILD_SOUNDBOARD_SOUND_DELETE`.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildSoundboardSoundDelete {
    /// The sound that is gone.
    pub sound_id: Id<GenericMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
}

/// The payload of `GUILD_SOUNDBOARD_SOUNDS_UPDATE`: many sounds have changed at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildSoundboardSoundsUpdate {
    /// The sounds.
    #[serde(default)]
    pub soundboard_sounds: Vec<SoundboardSound>,
    /// Their guild.
    pub guild_id: Id<GuildMarker>,
}

/// The payload of `SOUNDBOARD_SOUNDS`: the answer to a request for the sounds of a guild.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoundboardSounds {
    /// The sounds.
    #[serde(default)]
    pub soundboard_sounds: Vec<SoundboardSound>,
    /// Their guild.
    pub guild_id: Id<GuildMarker>,
}

/// The payload of `VOICE_CHANNEL_EFFECT_SEND`: an emoji flies, or a sound is played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelEffectSend {
    /// The channel.
    pub channel_id: Id<ChannelMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// Who sent it.
    pub user_id: Id<UserMarker>,
    /// The emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// How the emoji flies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub animation_type: Option<VoiceChannelEffectAnimation>,
    /// Which way it flies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub animation_id: Option<u32>,
    /// The sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound_id: Option<Id<GenericMarker>>,
    /// How loud the sound is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound_volume: Option<f64>,
}

/// The payload of `VOICE_CHANNEL_START_TIME_UPDATE`.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelStartTimeUpdate {
    /// The channel.
    pub id: Id<ChannelMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// When its voice began, in seconds since 1970; none once it has ended.
    #[serde(default)]
    pub voice_start_time: Option<u64>,
}

/// The payload of `VOICE_CHANNEL_STATUS_UPDATE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelStatusUpdate {
    /// The channel.
    pub id: Id<ChannelMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// What its members say they do; none once that was taken away.
    #[serde(default)]
    pub status: Option<Text>,
}

/// The payload of `VOICE_SERVER_UPDATE`: where the bot's voice in a guild is carried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceServerUpdate {
    /// The token for the voice connection.
    #[serde(serialize_with = "secret::write")]
    pub token: Secret,
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The host; none while the server is lost, until another takes over.
    #[serde(default)]
    pub endpoint: Option<Text>,
}
