//! Users.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Id, Text, marker::UserMarker};

/// A person or a bot.
///
/// Source: Discord, "User Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The user's id.
    pub id: Id<UserMarker>,
    /// The unique name; not unique for bots. Left out of presences.
    #[serde(default)]
    pub username: Text,
    /// The four digits after a bot's name; `0` for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<Text>,
    /// The name which the user chose to be shown.
    #[serde(default)]
    pub global_name: Option<Text>,
    /// The hash of the avatar image.
    #[serde(default)]
    pub avatar: Option<Text>,
    /// Whether this is a bot.
    #[serde(default)]
    pub bot: bool,
    /// Whether this is Discord itself.
    #[serde(default)]
    pub system: bool,
    /// The hash of the banner image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Text>,
    /// The colour of the banner, as `0xRRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<u32>,
    /// The chosen language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Text>,
    /// The badges which everyone sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_flags: Option<UserFlags>,
}

impl User {
    /// The name to show: the global name, else the username.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.global_name.as_deref().unwrap_or(&self.username)
    }

    /// The text that mentions the user in a message.
    ///
    /// ```
    /// use ovenjs_types::{User, json};
    /// let user: User = json::decode(br#"{"id":"80","username":"ann"}"#, &mut Default::default()).unwrap();
    /// assert_eq!(user.mention().to_string(), "<@80>");
    /// ```
    #[must_use]
    pub fn mention(&self) -> impl fmt::Display {
        let id = self.id;
        fmt::from_fn(move |f| write!(f, "<@{id}>"))
    }
}

flags! {
    /// The badges of a user.
    pub struct UserFlags as number {
        STAFF = 0,
        PARTNER = 1,
        HYPESQUAD = 2,
        BUG_HUNTER_LEVEL_1 = 3,
        HYPESQUAD_ONLINE_HOUSE_1 = 6,
        HYPESQUAD_ONLINE_HOUSE_2 = 7,
        HYPESQUAD_ONLINE_HOUSE_3 = 8,
        PREMIUM_EARLY_SUPPORTER = 9,
        TEAM_PSEUDO_USER = 10,
        BUG_HUNTER_LEVEL_2 = 14,
        VERIFIED_BOT = 16,
        VERIFIED_DEVELOPER = 17,
        CERTIFIED_MODERATOR = 18,
        BOT_HTTP_INTERACTIONS = 19,
        ACTIVE_DEVELOPER = 22,
    }
}
