//! Soundboards.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text, User,
    marker::{EmojiMarker, GenericMarker, GuildMarker},
};

/// A sound that members play in voice.
///
/// Source: Discord, "Soundboard Sound Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoundboardSound {
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The sound's id.
    pub sound_id: Id<GenericMarker>,
    /// How loud it is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<f64>,
    /// Its custom emoji.
    #[serde(default)]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its Unicode emoji.
    #[serde(default)]
    pub emoji_name: Option<Text>,
    /// Its guild; absent for the sounds that everyone has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Whether it can be played; not so after boosts are lost.
    #[serde(default)]
    pub available: bool,
    /// Who uploaded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
}

/// The sounds of a guild.
///
/// Source: Discord, "List Guild Soundboard Sounds".
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoundboardSoundList {
    /// The sounds.
    #[serde(default)]
    pub items: Vec<SoundboardSound>,
}
