//! Reactions to messages.

use serde::{Deserialize, Serialize};

use crate::{ReactionEmoji, Text};

/// All reactions to a message with one emoji.
///
/// Source: Discord, "Reaction Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reaction {
    /// How many, super reactions among them.
    #[serde(default)]
    pub count: u32,
    /// How many of each type.
    #[serde(default)]
    pub count_details: ReactionCountDetails,
    /// Whether the bot is among them.
    #[serde(default)]
    pub me: bool,
    /// Whether the bot is among them with a super reaction.
    #[serde(default)]
    pub me_burst: bool,
    /// The emoji.
    pub emoji: ReactionEmoji,
    /// The colours of the super reactions, as `#rrggbb`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub burst_colors: Vec<Text>,
}

/// How many reactions of each type there are.
///
/// Source: Discord, "Reaction Count Details Object".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReactionCountDetails {
    /// Super reactions.
    #[serde(default)]
    pub burst: u32,
    /// Ordinary ones.
    #[serde(default)]
    pub normal: u32,
}

open_int! {
    /// What kind of reaction it is.
    #[derive(Default)]
    pub enum ReactionType: u32 {
        #[default]
        Normal = 0,
        /// A super reaction.
        Burst = 1,
    }
}
