//! Emojis.

use std::fmt;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionEmoji {
    /// The id of a custom emoji; none for Unicode.
    #[serde(default)]
    pub id: Option<Id<EmojiMarker>>,
    /// The Unicode text, or the custom emoji's name, which may be lost with the emoji.
    #[serde(default)]
    pub name: Option<Text>,
    /// Whether it moves.
    #[serde(default)]
    pub animated: bool,
}

impl ReactionEmoji {
    /// A Unicode emoji.
    pub fn unicode(text: impl Into<Text>) -> Self {
        Self {
            id: None,
            name: Some(text.into()),
            animated: false,
        }
    }

    /// A custom emoji.
    pub fn custom(id: Id<EmojiMarker>, name: impl Into<Text>) -> Self {
        Self {
            id: Some(id),
            name: Some(name.into()),
            animated: false,
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
}
