//! Roles.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Id, Permissions, Text,
    marker::{IntegrationMarker, RoleMarker, RoleSubscriptionSkuMarker, UserMarker},
};

/// A role of a guild.
///
/// Source: Discord, "Role Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// The role's id; the guild's own for `@everyone`.
    pub id: Id<RoleMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Its colour, as `0xRRGGBB`; 0 for none. The first of `colors`, where these are sent.
    #[serde(default)]
    pub color: u32,
    /// Its colours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colors: Option<RoleColors>,
    /// Whether its members are listed apart.
    #[serde(default)]
    pub hoist: bool,
    /// The hash of its icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
    /// The emoji that stands for an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unicode_emoji: Option<Text>,
    /// Its place in the hierarchy, counted from 0 at the bottom.
    #[serde(default)]
    pub position: i64,
    /// What it allows.
    #[serde(default)]
    pub permissions: Permissions,
    /// Whether an integration looks after it.
    #[serde(default)]
    pub managed: bool,
    /// Whether everyone may mention it.
    #[serde(default)]
    pub mentionable: bool,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Box<RoleTags>>,
    /// Its flags.
    #[serde(default)]
    pub flags: RoleFlags,
}

impl Role {
    /// A role that allows nothing and stands at the bottom.
    #[must_use]
    pub fn new(id: Id<RoleMarker>, name: impl Into<Text>) -> Self {
        Self {
            id,
            name: name.into(),
            color: 0,
            colors: None,
            hoist: false,
            icon: None,
            unicode_emoji: None,
            position: 0,
            permissions: Permissions::default(),
            managed: false,
            mentionable: false,
            tags: None,
            flags: RoleFlags::default(),
        }
    }
}

impl Role {
    /// The text that mentions the role in a message.
    ///
    /// ```
    /// use ovenjs_types::{Id, Role};
    /// assert_eq!(Role::new(Id::new(7), "bakers").mention().to_string(), "<@&7>");
    /// ```
    #[must_use]
    pub fn mention(&self) -> impl fmt::Display {
        let id = self.id;
        fmt::from_fn(move |f| write!(f, "<@&{id}>"))
    }
}

/// The colours of a role, each as `0xRRGGBB`: one, two for a gradient, or three for a hologram.
///
/// Source: Discord, "Role Colors Object".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleColors {
    /// The colour, or the first of the gradient; 0 for none.
    #[serde(default)]
    pub primary_color: u32,
    /// The second of the gradient.
    #[serde(default)]
    pub secondary_color: Option<u32>,
    /// The third; only with the colours of Discord's hologram.
    #[serde(default)]
    pub tertiary_color: Option<u32>,
}

impl RoleColors {
    /// The colours of Discord's hologram, the only ones with a third.
    pub const HOLOGRAPHIC: Self = Self {
        primary_color: 0xa9_c9ff,
        secondary_color: Some(0xff_bbec),
        tertiary_color: Some(0xff_c3a0),
    };

    /// One colour.
    #[must_use]
    pub const fn solid(color: u32) -> Self {
        Self {
            primary_color: color,
            secondary_color: None,
            tertiary_color: None,
        }
    }

    /// A gradient from one colour to another.
    ///
    /// ```
    /// use ovenjs_types::RoleColors;
    /// let crust = RoleColors::gradient(0x8b_4513, 0xf5_deb3);
    /// assert_eq!(crust.secondary_color, Some(0xf5_deb3));
    /// ```
    #[must_use]
    pub const fn gradient(first: u32, second: u32) -> Self {
        Self {
            primary_color: first,
            secondary_color: Some(second),
            tertiary_color: None,
        }
    }
}

/// What a role belongs to.
///
/// Source: Discord, "Role Tags Structure".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleTags {
    /// The bot whose own role it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<Id<UserMarker>>,
    /// The integration that looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<Id<IntegrationMarker>>,
    /// Whether boosting the guild gives it.
    #[serde(default, skip_serializing_if = "Tagged::is_absent")]
    pub premium_subscriber: Tagged,
    /// The SKU that gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_listing_id: Option<Id<RoleSubscriptionSkuMarker>>,
    /// Whether it can be bought.
    #[serde(default, skip_serializing_if = "Tagged::is_absent")]
    pub available_for_purchase: Tagged,
    /// Whether a linked account gives it.
    #[serde(default, skip_serializing_if = "Tagged::is_absent")]
    pub guild_connections: Tagged,
}

/// Whether a tag is there. Discord says yes with `null`, and no by saying nothing.
///
/// ```
/// use ovenjs_types::{RoleTags, json};
/// let tags: RoleTags = json::decode(br#"{"premium_subscriber":null}"#, &mut Default::default()).unwrap();
/// assert!(tags.premium_subscriber.0 && !tags.guild_connections.0);
/// assert_eq!(json::encode(&tags), br#"{"premium_subscriber":null}"#);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tagged(pub bool);

impl Tagged {
    /// Whether there is no such tag.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        !self.0
    }
}

impl Serialize for Tagged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // An absent tag is left out by its field, and `false` is only written outside of one.
        if self.0 {
            serializer.serialize_unit()
        } else {
            serializer.serialize_bool(false)
        }
    }
}

impl<'de> Deserialize<'de> for Tagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl de::Visitor<'_> for Reader {
            type Value = Tagged;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null or a boolean")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Tagged, E> {
                Ok(Tagged(true))
            }

            fn visit_bool<E: de::Error>(self, there: bool) -> Result<Tagged, E> {
                Ok(Tagged(there))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// How many members each role of a guild has; `@everyone` is left out.
///
/// Source: Discord, "Get Guild Role Member Counts".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleMemberCounts(pub BTreeMap<Id<RoleMarker>, u64>);

flags! {
    /// The flags of a role.
    pub struct RoleFlags as number {
        IN_PROMPT = 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn a_tag_that_is_null_is_there_and_one_that_is_absent_is_not() {
        let raw =
            br#"{"id":"7","name":"boosters","tags":{"premium_subscriber":null,"bot_id":"9"}}"#;
        let role: Role = json::decode(raw, &mut Scratch::new()).unwrap();
        let tags = role.tags.as_ref().unwrap();
        assert!(tags.premium_subscriber.0);
        assert!(!tags.available_for_purchase.0);
        assert_eq!(
            json::encode(tags),
            br#"{"bot_id":"9","premium_subscriber":null}"#
        );
    }

    #[test]
    fn counts_are_keyed_by_role() {
        let counts: RoleMemberCounts =
            json::decode(br#"{"613425648685547541":1337}"#, &mut Scratch::new()).unwrap();
        assert_eq!(counts.0.get(&Id::new(613_425_648_685_547_541)), Some(&1337));
        assert_eq!(json::encode(&counts), br#"{"613425648685547541":1337}"#);
    }
}
