//! Emojis.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text, User,
    marker::{EmojiMarker, RoleMarker},
};

/// An emoji of a guild or application.
///
/// Source: Discord, "Emoji Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emoji {
    /// The emoji's id.
    pub id: Id<EmojiMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Text>,
    /// Who may use it; everyone when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Id<RoleMarker>>,
    /// Who uploaded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// Whether an integration looks after it.
    #[serde(default)]
    pub managed: bool,
    /// Whether it moves.
    #[serde(default)]
    pub animated: bool,
    /// Whether it can be used; not so after boosts are lost.
    #[serde(default = "available")]
    pub available: bool,
}

const fn available() -> bool {
    true
}

/// An emoji as a reaction or button shows it: a custom one by id, or a Unicode one by its text.
///
/// ```
/// use ovenjs_types::ReactionEmoji;
/// assert_eq!(ReactionEmoji::unicode("👍").route_text().to_string(), "👍");
/// assert_eq!(ReactionEmoji::custom(ovenjs_types::Id::new(5), "oven").route_text().to_string(), "oven:5");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
