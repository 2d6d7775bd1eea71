//! Integrations: bots and outside services that are tied to a guild.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Application, Id, OAuth2Scope, PartialGuild, Text, Timestamp, User,
    marker::{ApplicationMarker, GuildMarker, IntegrationMarker, RoleMarker},
};

/// A bot or an outside service that is tied to a guild.
///
/// Bots have an application and scopes; Twitch and YouTube have the fields about subscribers.
///
/// Source: Discord, "Integration Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Integration {
    /// The integration's id.
    pub id: IntegrationId,
    /// The guild; sent with events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Text>,
    /// What it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IntegrationType>,
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether subscribers are being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syncing: Option<bool>,
    /// The role which subscribers get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_id: Option<Id<RoleMarker>>,
    /// Whether emoticons are brought along; on Twitch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_emoticons: Option<bool>,
    /// What becomes of subscribers whose time has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_behavior: Option<IntegrationExpireBehavior>,
    /// After how long that happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_grace_period: Option<IntegrationExpireGracePeriod>,
    /// Whose integration it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// The account it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<IntegrationAccount>,
    /// When subscribers were last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<Timestamp>,
    /// How many subscribers there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscriber_count: Option<u64>,
    /// Whether its access was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// The bot's application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Box<Application>>,
    /// The application's id; in audit logs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// What the application was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<OAuth2Scope>,
    /// The guild; within a user's connections only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<Box<PartialGuild>>,
}

/// The account an integration stands for.
///
/// Source: Discord, "Integration Account Object".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IntegrationAccount {
    /// The id, in the words of the service.
    #[serde(default)]
    pub id: Text,
    /// The name.
    #[serde(default)]
    pub name: Option<Text>,
}

/// The id of an integration: Discord's own for bots, the service's words for outside services.
///
/// ```
/// use ovenjs_types::{Id, IntegrationId};
/// assert_eq!(IntegrationId::from("33590653072239123").id(), Some(Id::new(33590653072239123)));
/// assert_eq!(IntegrationId::from("twitch-partner").id(), None);
/// assert_eq!(IntegrationId::from("twitch-partner").to_string(), "twitch-partner");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntegrationId(Text);

impl IntegrationId {
    /// The id as one of Discord's, where it is one.
    #[must_use]
    pub fn id(&self) -> Option<Id<IntegrationMarker>> {
        self.0.parse().ok()
    }

    /// The id as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for IntegrationId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<Id<IntegrationMarker>> for IntegrationId {
    fn from(id: Id<IntegrationMarker>) -> Self {
        Self(Text::from(id.to_string()))
    }
}

impl fmt::Display for IntegrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

open_str! {
    /// What an integration is.
    pub enum IntegrationType {
        Discord = "discord",
        GuildSubscription = "guild_subscription",
        Twitch = "twitch",
        Youtube = "youtube",
    }
}

open_int! {
    /// What becomes of subscribers whose time has ended.
    pub enum IntegrationExpireBehavior: u32 {
        RemoveRole = 0,
        Kick = 1,
    }
}

open_int! {
    /// After how many days something becomes of them.
    pub enum IntegrationExpireGracePeriod: u32 {
        OneDay = 1,
        ThreeDays = 3,
        SevenDays = 7,
        FourteenDays = 14,
        ThirtyDays = 30,
    }
}
