//! Accounts elsewhere that a user has linked.

use serde::{Deserialize, Serialize};

use crate::{Integration, Text};

/// An account elsewhere that a user has linked.
///
/// Source: Discord, "Connection Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// The account's id, in the words of the service.
    pub id: Text,
    /// The account's name.
    #[serde(default)]
    pub name: Option<Text>,
    /// The service.
    #[serde(rename = "type")]
    pub kind: ConnectionService,
    /// Whether the access was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// The guilds which the account is tied to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrations: Vec<Integration>,
    /// Whether the account is known to be the user's.
    #[serde(default)]
    pub verified: bool,
    /// Whether friends are brought along.
    #[serde(default)]
    pub friend_sync: bool,
    /// Whether what the user does there is shown.
    #[serde(default)]
    pub show_activity: bool,
    /// Whether the service knows of Discord as well.
    #[serde(default)]
    pub two_way_link: bool,
    /// Who sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<ConnectionVisibility>,
}

open_str! {
    /// A service whose accounts can be linked.
    ///
    /// Source: Discord, "Connection Services".
    pub enum ConnectionService {
        AmazonMusic = "amazon-music",
        Battlenet = "battlenet",
        Bluesky = "bluesky",
        Bungie = "bungie",
        Crunchyroll = "crunchyroll",
        Domain = "domain",
        Ebay = "ebay",
        EpicGames = "epicgames",
        Facebook = "facebook",
        Github = "github",
        Instagram = "instagram",
        LeagueOfLegends = "leagueoflegends",
        Mastodon = "mastodon",
        Paypal = "paypal",
        Playstation = "playstation",
        Reddit = "reddit",
        RiotGames = "riotgames",
        Roblox = "roblox",
        Skype = "skype",
        Spotify = "spotify",
        Steam = "steam",
        Tiktok = "tiktok",
        Twitch = "twitch",
        Twitter = "twitter",
        Xbox = "xbox",
        Youtube = "youtube",
    }
}

open_int! {
    /// Who sees a linked account.
    pub enum ConnectionVisibility: u32 {
        /// The user alone.
        None = 0,
        Everyone = 1,
    }
}
