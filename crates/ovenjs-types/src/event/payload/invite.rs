//! The payloads of events about invites.

use serde::{Deserialize, Serialize};

use crate::{
    Application, Id, InviteTargetType, Text, Timestamp, User,
    marker::{ChannelMarker, GuildMarker, RoleMarker},
};

/// The payload of `INVITE_CREATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InviteCreate {
    /// The channel it leads to.
    pub channel_id: Id<ChannelMarker>,
    /// The code.
    pub code: Text,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// The guild of the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<Box<User>>,
    /// Seconds after which it ends; 0 for never.
    #[serde(default)]
    pub max_age: u64,
    /// How often it may be used; 0 for any number.
    #[serde(default)]
    pub max_uses: u64,
    /// What happens in the voice channel it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<InviteTargetType>,
    /// Whose stream it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_user: Option<Box<User>>,
    /// The activity it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_application: Option<Box<Application>>,
    /// Whether those who come leave with the voice channel, unless they are given a role.
    #[serde(default)]
    pub temporary: bool,
    /// How often it was used, which is 0.
    #[serde(default)]
    pub uses: u64,
    /// When it ends; none for never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The roles which it gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub role_ids: Vec<Id<RoleMarker>>,
}

/// The payload of `INVITE_DELETE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InviteDelete {
    /// The channel it led to.
    pub channel_id: Id<ChannelMarker>,
    /// The guild of the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The code.
    pub code: Text,
}
