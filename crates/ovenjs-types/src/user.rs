//! Users.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Id, Locale, Member, Text,
    marker::{AvatarDecorationDataSkuMarker, GuildMarker, SkuMarker, UserMarker},
};

/// A person or a bot.
///
/// A user stands inside nearly every other object, so what few users have is boxed.
///
/// Source: Discord, "User Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub id: Id<UserMarker>,
    /// The unique name; not unique for bots, and empty where Discord names the user by id alone.
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
    /// Whether the account has a second factor; of the current user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_enabled: Option<bool>,
    /// The hash of the banner image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Text>,
    /// The colour of the banner, as `0xRRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<u32>,
    /// The chosen language; of the current user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Whether the address is verified; of the current user with the scope `email` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// The address; of the current user with the scope `email` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// All badges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<UserFlags>,
    /// Which Nitro the user pays for; of the current user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_type: Option<PremiumType>,
    /// The badges which everyone sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_flags: Option<UserFlags>,
    /// What surrounds the avatar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    /// What else the user wears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collectibles: Option<Box<Collectibles>>,
    /// The guild whose tag the user wears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_guild: Option<Box<UserPrimaryGuild>>,
    /// The user as a member of the guild, without the user inside; only where a message that the
    /// gateway tells of mentions the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
}

impl User {
    /// A user of whom nothing else is known.
    #[must_use]
    pub fn new(id: Id<UserMarker>, username: impl Into<Text>) -> Self {
        Self {
            id,
            username: username.into(),
            discriminator: None,
            global_name: None,
            avatar: None,
            bot: false,
            system: false,
            mfa_enabled: None,
            banner: None,
            accent_color: None,
            locale: None,
            verified: None,
            email: None,
            flags: None,
            premium_type: None,
            public_flags: None,
            avatar_decoration_data: None,
            collectibles: None,
            primary_guild: None,
            member: None,
        }
    }
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
    /// use ovenjs_types::{Id, User};
    /// assert_eq!(User::new(Id::new(80), "ann").mention().to_string(), "<@80>");
    /// ```
    #[must_use]
    pub fn mention(&self) -> impl fmt::Display {
        let id = self.id;
        fmt::from_fn(move |f| write!(f, "<@{id}>"))
    }
}

/// What surrounds an avatar.
///
/// Source: Discord, "Avatar Decoration Data Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AvatarDecorationData {
    /// The hash of the image.
    #[serde(default)]
    pub asset: Text,
    /// The SKU it was bought as.
    #[serde(default)]
    pub sku_id: Option<Id<AvatarDecorationDataSkuMarker>>,
}

/// What a user wears besides an avatar.
///
/// Source: Discord, "Collectibles".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Collectibles {
    /// What stands behind the name in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nameplate: Option<Nameplate>,
}

/// What stands behind a name in lists.
///
/// Source: Discord, "Nameplate".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Nameplate {
    /// The SKU it was bought as.
    #[serde(default)]
    pub sku_id: Option<Id<SkuMarker>>,
    /// The path of the image on the CDN.
    #[serde(default)]
    pub asset: Text,
    /// A label, which Discord does not use so far.
    #[serde(default)]
    pub label: Text,
    /// The colour behind the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<NameplatePalette>,
}

/// The guild whose tag a user wears.
///
/// Source: Discord, "User Primary Guild".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserPrimaryGuild {
    /// The guild.
    #[serde(default)]
    pub identity_guild_id: Option<Id<GuildMarker>>,
    /// Whether the tag is shown; none once Discord has taken it away, as when the guild has lost
    /// its tags.
    #[serde(default)]
    pub identity_enabled: Option<bool>,
    /// The tag, of at most four characters.
    #[serde(default)]
    pub tag: Option<Text>,
    /// The hash of the badge beside the tag.
    #[serde(default)]
    pub badge: Option<Text>,
}

flags! {
    /// The badges of a user.
    ///
    /// Source: Discord, "User Flags".
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

open_int! {
    /// Which Nitro a user pays for.
    pub enum PremiumType: u32 {
        None = 0,
        NitroClassic = 1,
        Nitro = 2,
        NitroBasic = 3,
    }
}

open_str! {
    /// The colour behind a nameplate.
    pub enum NameplatePalette {
        Berry = "berry",
        Black = "black",
        BubbleGum = "bubble_gum",
        Clover = "clover",
        Cobalt = "cobalt",
        Crimson = "crimson",
        Forest = "forest",
        Lemon = "lemon",
        Sky = "sky",
        Teal = "teal",
        Violet = "violet",
        White = "white",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn what_a_user_wears_survives_the_way_back() {
        let raw = br#"{"id":"1","username":"ann","global_name":null,"avatar":null,"bot":false,"system":false,"flags":1073741888,"collectibles":{"nameplate":{"sku_id":null,"asset":"nameplates/x/","label":"","palette":"mauve"}},"primary_guild":{"identity_guild_id":null,"identity_enabled":null,"tag":null,"badge":null}}"#;
        let user: User = json::decode(raw, &mut Scratch::new()).unwrap();
        let nameplate = user
            .collectibles
            .as_ref()
            .unwrap()
            .nameplate
            .as_ref()
            .unwrap();
        assert_eq!(nameplate.palette, Some(NameplatePalette::from("mauve")));
        assert_eq!(
            String::from_utf8(json::encode(&user)).unwrap(),
            String::from_utf8(raw.to_vec()).unwrap()
        );
    }

    #[test]
    fn a_user_is_small_since_every_message_holds_some() {
        assert!(size_of::<User>() <= 264, "{}", size_of::<User>());
    }
}
