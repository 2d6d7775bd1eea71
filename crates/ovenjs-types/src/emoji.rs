//! Emojis.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{
    Id, Text, User,
    marker::{EmojiMarker, RoleMarker},
};

/// An emoji of a guild or application.
///
/// Those that stand for themselves, on reactions and buttons, are [`ReactionEmoji`].
///
/// Source: Discord, "Emoji Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Emoji {
    /// The emoji's id.
    pub id: Id<EmojiMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Text>,
    /// Who may use it; everyone when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Id<RoleMarker>>,
    /// Who uploaded it; shown to those who may manage emojis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// Whether its name is written between colons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_colons: Option<bool>,
    /// Whether an integration looks after it.
    #[serde(default)]
    pub managed: bool,
    /// Whether it moves.
    #[serde(default)]
    pub animated: bool,
    /// Whether it can be used; see [`is_available`](Self::is_available).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<bool>,
}

impl Emoji {
    /// Whether it can be used: not so after its guild lost the boosts for it.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.available != Some(false)
    }

    /// The emoji as it stands on reactions, buttons and poll answers.
    #[must_use]
    pub fn to_reaction(&self) -> ReactionEmoji {
        ReactionEmoji {
            id: Some(self.id),
            name: self.name.clone(),
            animated: self.animated,
            details: None,
        }
    }
}

/// The emojis of an application, as `GET /applications/{id}/emojis` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationEmojis {
    /// The emojis; at most 2000.
    #[serde(default)]
    pub items: Vec<Emoji>,
}

/// An emoji as a reaction or button shows it: a custom one by id, or a Unicode one by its text.
///
/// ```
/// use ovenjs_types::ReactionEmoji;
/// assert_eq!(ReactionEmoji::unicode("👍").route_text().to_string(), "👍");
/// assert_eq!(ReactionEmoji::custom(ovenjs_types::Id::new(5), "oven").route_text().to_string(), "oven:5");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct ReactionEmoji {
    /// The id of a custom emoji; none for Unicode.
    pub id: Option<Id<EmojiMarker>>,
    /// The Unicode text, or the custom emoji's name, which may be lost with the emoji.
    pub name: Option<Text>,
    /// Whether it moves.
    pub animated: bool,
    /// What the emoji's guild says of it. Discord mostly leaves it out; the documentation promises
    /// it for the effects of voice channels and the answers of an onboarding.
    pub details: Option<Box<EmojiDetails>>,
}

/// What a guild says of its emoji, where the emoji stands for itself; the fields are those of
/// [`Emoji`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmojiDetails {
    /// Who may use it; everyone when empty.
    pub roles: Vec<Id<RoleMarker>>,
    /// Who uploaded it.
    pub user: Option<Box<User>>,
    /// Whether its name is written between colons.
    pub require_colons: Option<bool>,
    /// Whether an integration looks after it.
    pub managed: bool,
    /// Whether it can be used: not so after its guild lost the boosts for it.
    pub available: Option<bool>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    id: Option<Id<EmojiMarker>>,
    #[serde(default)]
    name: Option<Text>,
    #[serde(default)]
    animated: bool,
    #[serde(default)]
    roles: Vec<Id<RoleMarker>>,
    #[serde(default)]
    user: Option<Box<User>>,
    #[serde(default)]
    require_colons: Option<bool>,
    #[serde(default)]
    managed: bool,
    #[serde(default)]
    available: Option<bool>,
}

impl From<Wire> for ReactionEmoji {
    fn from(wire: Wire) -> Self {
        let details = EmojiDetails {
            roles: wire.roles,
            user: wire.user,
            require_colons: wire.require_colons,
            managed: wire.managed,
            available: wire.available,
        };
        Self {
            id: wire.id,
            name: wire.name,
            animated: wire.animated,
            details: (details != EmojiDetails::default()).then(|| Box::new(details)),
        }
    }
}

impl Serialize for ReactionEmoji {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut emoji = serializer.serialize_struct("ReactionEmoji", 3)?;
        emoji.serialize_field("id", &self.id)?;
        emoji.serialize_field("name", &self.name)?;
        emoji.serialize_field("animated", &self.animated)?;
        if let Some(details) = &self.details {
            if !details.roles.is_empty() {
                emoji.serialize_field("roles", &details.roles)?;
            }
            if let Some(user) = &details.user {
                emoji.serialize_field("user", user)?;
            }
            if let Some(require_colons) = details.require_colons {
                emoji.serialize_field("require_colons", &require_colons)?;
            }
            if details.managed {
                emoji.serialize_field("managed", &true)?;
            }
            if let Some(available) = details.available {
                emoji.serialize_field("available", &available)?;
            }
        }
        emoji.end()
    }
}

impl ReactionEmoji {
    /// A Unicode emoji.
    pub fn unicode(text: impl Into<Text>) -> Self {
        Self {
            name: Some(text.into()),
            ..Self::default()
        }
    }

    /// A custom emoji.
    pub fn custom(id: Id<EmojiMarker>, name: impl Into<Text>) -> Self {
        Self {
            id: Some(id),
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// How the emoji is written in a REST path: the text, or `name:id`. Not yet percent-encoded.
    #[must_use]
    pub fn route_text(&self) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let name = self.name.as_deref().unwrap_or("_");
            match self.id {
                Some(id) => write!(f, "{name}:{id}"),
                None => f.write_str(name),
            }
        })
    }
}

impl From<&str> for ReactionEmoji {
    fn from(text: &str) -> Self {
        Self::unicode(text)
    }
}

impl From<&Emoji> for ReactionEmoji {
    fn from(emoji: &Emoji) -> Self {
        emoji.to_reaction()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_emoji_is_available_until_discord_says_that_it_is_not() {
        let decode = |text: &str| -> Emoji {
            json::decode(text.as_bytes(), &mut json::Scratch::new()).unwrap()
        };
        assert!(decode(r#"{"id":"5","name":"oven"}"#).is_available());
        let lost = decode(r#"{"id":"5","name":"oven","available":false,"require_colons":true}"#);
        assert!(!lost.is_available());
        assert_eq!(lost.to_reaction().route_text().to_string(), "oven:5");
        let text = String::from_utf8(json::encode(&lost)).unwrap();
        assert!(text.contains(r#""available":false"#) && text.contains(r#""require_colons":true"#));
    }

    #[test]
    fn what_a_guild_says_of_an_emoji_comes_back_with_its_use() {
        for text in [
            r#"{"id":null,"name":"👍","animated":false}"#,
            r#"{"id":"5","name":"oven","animated":true,"roles":["6"],"user":{"id":"7","username":"ann","global_name":null,"avatar":null,"bot":false,"system":false},"require_colons":true,"managed":true,"available":false}"#,
        ] {
            let emoji: ReactionEmoji =
                json::decode(text.as_bytes(), &mut json::Scratch::new()).unwrap();
            assert_eq!(emoji.details.is_some(), emoji.id.is_some());
            assert_eq!(String::from_utf8(json::encode(&emoji)).unwrap(), text);
        }
    }
}
