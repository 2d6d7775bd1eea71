//! Stages that are live.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text,
    marker::{ChannelMarker, GuildMarker, ScheduledEventMarker, StageMarker},
};

/// A stage that is live.
///
/// Source: Discord, "Stage Instance Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageInstance {
    /// The stage's id.
    pub id: Id<StageMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// Its channel.
    pub channel_id: Id<ChannelMarker>,
    /// Its topic.
    #[serde(default)]
    pub topic: Text,
    /// Who can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_level: Option<StagePrivacyLevel>,
    /// Whether it is kept out of a directory that is no longer there.
    #[serde(default)]
    pub discoverable_disabled: bool,
    /// The event it belongs to.
    #[serde(default)]
    pub guild_scheduled_event_id: Option<Id<ScheduledEventMarker>>,
}

open_int! {
    /// Who can see a stage.
    pub enum StagePrivacyLevel: u32 {
        /// Everyone. Discord no longer allows it.
        Public = 1,
        GuildOnly = 2,
    }
}
