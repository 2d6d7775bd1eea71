//! What is told of a guild to those who are not in it, or only at its edge.

use serde::{Deserialize, Serialize};

use crate::{
    Emoji, GuildFeature, Id, NsfwLevel, Permissions, Sticker, Text, VerificationLevel,
    marker::GuildMarker,
};

/// A guild that is not available, or that the bot has left.
///
/// Source: Discord, "Unavailable Guild Object".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnavailableGuild {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Whether it is an outage; without one, the bot is no longer a member.
    #[serde(default)]
    pub unavailable: bool,
}

impl UnavailableGuild {
    /// The guild `id`, in an outage or left.
    #[must_use]
    pub fn new(id: Id<GuildMarker>, unavailable: bool) -> Self {
        Self { id, unavailable }
    }
}

/// A guild that something points to: an invite, a webhook that follows a channel, or an account
/// that is linked to it.
///
/// All but invites tell the name and the icon only.
///
/// Source: Discord, "Invite Object", "Webhook Object" and "Connection Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartialGuild {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The hash of its icon.
    #[serde(default)]
    pub icon: Option<Text>,
    /// The hash of the picture behind its invites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splash: Option<Text>,
    /// The hash of its banner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Text>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// What Discord switched on for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<GuildFeature>,
    /// What members need before they may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_level: Option<VerificationLevel>,
    /// The code of its own invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanity_url_code: Option<Text>,
    /// Whether it is age-restricted. Discord wants `nsfw_level` to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nsfw: Option<bool>,
    /// Who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nsfw_level: Option<NsfwLevel>,
    /// How many boosts it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_subscription_count: Option<u64>,
}

/// A guild in the list of those which the current user is in.
///
/// Source: Discord, "Get Current User Guilds".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CurrentUserGuild {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The hash of its icon.
    #[serde(default)]
    pub icon: Option<Text>,
    /// The hash of its banner.
    #[serde(default)]
    pub banner: Option<Text>,
    /// Whether the current user owns it.
    #[serde(default)]
    pub owner: bool,
    /// What the current user may do there, channels aside.
    #[serde(default)]
    pub permissions: Permissions,
    /// What Discord switched on for it.
    #[serde(default)]
    pub features: Vec<GuildFeature>,
    /// About how many members it has; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_member_count: Option<u64>,
    /// About how many of them are online; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_presence_count: Option<u64>,
}

/// A guild as everyone sees it who might join.
///
/// Source: Discord, "Guild Preview Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildPreview {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The hash of its icon.
    #[serde(default)]
    pub icon: Option<Text>,
    /// The hash of the picture behind its invites.
    #[serde(default)]
    pub splash: Option<Text>,
    /// The hash of the picture in the directory.
    #[serde(default)]
    pub discovery_splash: Option<Text>,
    /// The hash of the picture above its guide for new members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_header: Option<Text>,
    /// Its emojis.
    #[serde(default)]
    pub emojis: Vec<Emoji>,
    /// Its stickers.
    #[serde(default)]
    pub stickers: Vec<Sticker>,
    /// What Discord switched on for it.
    #[serde(default)]
    pub features: Vec<GuildFeature>,
    /// About how many members it has.
    #[serde(default)]
    pub approximate_member_count: u64,
    /// About how many of them are online.
    #[serde(default)]
    pub approximate_presence_count: u64,
    /// Its description.
    #[serde(default)]
    pub description: Option<Text>,
}

/// The invite of a guild's own, whose code is a word.
///
/// Source: Discord, "Get Guild Vanity URL".
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VanityUrl {
    /// The code; none where the guild has none.
    #[serde(default)]
    pub code: Option<Text>,
    /// How often it was used.
    #[serde(default)]
    pub uses: u64,
    /// Why the code does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<VanityUrlError>>,
}

/// Why a guild's own invite does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VanityUrlError {
    /// Discord's error code.
    #[serde(default)]
    pub code: u32,
    /// Discord's words for it.
    #[serde(default)]
    pub message: Text,
}
