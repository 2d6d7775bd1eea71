//! Forums: channels that hold nothing but threads.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text,
    marker::{EmojiMarker, TagMarker},
};

/// A tag which posts of a forum can have.
///
/// Source: Discord, "Forum Tag Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForumTag {
    /// The tag's id.
    pub id: Id<TagMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Whether only members with `MANAGE_THREADS` may apply it.
    #[serde(default)]
    pub moderated: bool,
    /// Its custom emoji.
    #[serde(default)]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its Unicode emoji.
    #[serde(default)]
    pub emoji_name: Option<Text>,
}

impl ForumTag {
    /// A tag without an emoji that everyone may apply.
    #[must_use]
    pub fn new(id: Id<TagMarker>, name: impl Into<Text>) -> Self {
        Self {
            id,
            name: name.into(),
            moderated: false,
            emoji_id: None,
            emoji_name: None,
        }
    }
}

/// The emoji that posts of a forum offer first as a reaction.
///
/// Source: Discord, "Default Reaction Object".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DefaultReaction {
    /// A custom emoji.
    #[serde(default)]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// A Unicode emoji.
    #[serde(default)]
    pub emoji_name: Option<Text>,
}

open_int! {
    /// How the posts of a forum are sorted.
    pub enum ThreadSortOrder: u32 {
        LatestActivity = 0,
        CreationDate = 1,
    }
}

open_int! {
    /// How the posts of a forum are shown.
    pub enum ForumLayout: u32 {
        NotSet = 0,
        ListView = 1,
        GalleryView = 2,
    }
}

open_str! {
    /// Whether a post must have all the tags that are looked for, or one of them.
    pub enum ThreadSearchTagSetting {
        MatchAll = "match_all",
        MatchSome = "match_some",
    }
}
