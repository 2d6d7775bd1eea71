//! Webhooks: addresses through which others write into a channel.

use serde::{Deserialize, Serialize};

use crate::{
    Id, PartialChannel, PartialGuild, Secret, Text, User,
    marker::{ApplicationMarker, ChannelMarker, GuildMarker, WebhookMarker},
    secret,
};

/// An address through which others write into a channel.
///
/// Whoever has the token may write, so the token and the address are [`Secret`]s.
///
/// Source: Discord, "Webhook Object".
///
/// ```
/// use ovenjs_types::{Webhook, json};
/// let raw = br#"{"id":"223704706495545344","type":1,"token":"3d89bb75"}"#;
/// let webhook: Webhook = json::decode(raw, &mut Default::default()).unwrap();
/// assert!(!format!("{webhook:?}").contains("3d89bb75"));
/// assert!(String::from_utf8(json::encode(&webhook)).unwrap().contains(r#""token":"3d89bb75""#));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The webhook's id.
    pub id: Id<WebhookMarker>,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: WebhookType,
    /// Its guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its channel.
    #[serde(default)]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Who made it; left out where it was found by its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// The name its messages have.
    #[serde(default)]
    pub name: Option<Text>,
    /// The hash of the avatar its messages have.
    #[serde(default)]
    pub avatar: Option<Text>,
    /// Its token; of webhooks that others write through only.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::write_option"
    )]
    pub token: Option<Secret>,
    /// The bot that made it.
    #[serde(default)]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// The guild of the channel it follows; left out where it cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_guild: Option<Box<PartialGuild>>,
    /// The channel it follows; left out where it cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_channel: Option<Box<PartialChannel>>,
    /// Its address, which holds the token; after the OAuth2 flow only.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::write_option"
    )]
    pub url: Option<Secret>,
}

/// What came of following a channel.
///
/// Source: Discord, "Followed Channel Object".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FollowedChannel {
    /// The channel that is followed.
    pub channel_id: Id<ChannelMarker>,
    /// The webhook that writes what it hears.
    pub webhook_id: Id<WebhookMarker>,
}

open_int! {
    /// What a webhook is for.
    pub enum WebhookType: u32 {
        /// Others write through it with its token.
        Incoming = 1,
        /// Discord repeats the messages of a followed channel through it.
        ChannelFollower = 2,
        /// An application answers interactions through it.
        Application = 3,
    }
}
