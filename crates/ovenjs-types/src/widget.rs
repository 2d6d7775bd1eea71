//! Widgets: what a guild shows of itself on websites.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text,
    marker::{ChannelMarker, GuildMarker},
    null,
};

/// What a guild shows of itself on websites.
///
/// Source: Discord, "Guild Widget Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildWidget {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The address of an invite to the widget's channel.
    #[serde(default)]
    pub instant_invite: Option<Text>,
    /// The voice channels that everyone can see.
    #[serde(default)]
    pub channels: Vec<WidgetChannel>,
    /// Some of the members who are online.
    #[serde(default)]
    pub members: Vec<WidgetMember>,
    /// How many members are online.
    #[serde(default)]
    pub presence_count: u64,
}

/// A voice channel in a widget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WidgetChannel {
    /// The channel's id.
    pub id: Id<ChannelMarker>,
    /// Its name.
    #[serde(default, deserialize_with = "null::as_default")]
    pub name: Text,
    /// Its place in the list.
    #[serde(default)]
    pub position: i64,
}

/// A member in a widget, whom Discord makes hard to recognise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WidgetMember {
    /// The member's place in the widget, which is no user's id.
    pub id: Text,
    /// The name.
    #[serde(default)]
    pub username: Text,
    /// Always `0000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<Text>,
    /// Always none.
    #[serde(default)]
    pub avatar: Option<Text>,
    /// Whether the member is there, e.g. `online`.
    #[serde(default)]
    pub status: Text,
    /// The address of the avatar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<Text>,
    /// What the member plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<WidgetActivity>,
    /// The voice channel the member is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Whether the member is deafened by moderators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deaf: Option<bool>,
    /// Whether the member is muted by moderators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<bool>,
    /// Whether the member hears nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_deaf: Option<bool>,
    /// Whether the member is silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_mute: Option<bool>,
    /// Whether the member may not speak on the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppress: Option<bool>,
}

/// What a member in a widget plays.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WidgetActivity {
    /// The name of the game.
    #[serde(default)]
    pub name: Text,
}

/// Whether a guild has a widget, and to which channel it invites.
///
/// Source: Discord, "Guild Widget Settings Object".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildWidgetSettings {
    /// Whether the widget is on.
    #[serde(default)]
    pub enabled: bool,
    /// The channel to which it invites; none for no invite.
    #[serde(default)]
    pub channel_id: Option<Id<ChannelMarker>>,
}

open_str! {
    /// The look of a widget's picture.
    pub enum WidgetStyle {
        Shield = "shield",
        Banner1 = "banner1",
        Banner2 = "banner2",
        Banner3 = "banner3",
        Banner4 = "banner4",
    }
}
