//! Messages as lists answer them: the pins of a channel, what a search found.

use serde::{Deserialize, Serialize};

use super::Message;
use crate::{Channel, Text, ThreadMember, Timestamp};

/// Pinned messages, as far as one answer goes.
///
/// Source: Discord, "Get Channel Pins".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pins {
    /// The pins, latest first.
    #[serde(default)]
    pub items: Vec<Pin>,
    /// Whether there are earlier ones: ask again with `before` set to the last time given.
    #[serde(default)]
    pub has_more: bool,
}

/// A pinned message.
///
/// Source: Discord, "Message Pin Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pin {
    /// When it was pinned.
    pub pinned_at: Timestamp,
    /// The message.
    pub message: Message,
}

/// What a search in a guild found, as far as one answer goes.
///
/// The messages come without their reactions. An answer may hold fewer than were asked for though
/// there are more: count pages by `offset`, not by what came.
///
/// Source: Discord, "Search Guild Messages".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageSearch {
    /// Whether Discord still reads the guild's old messages, so that some may not be found yet.
    #[serde(default)]
    pub doing_deep_historical_index: bool,
    /// How many it has read while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_indexed: Option<u64>,
    /// How many messages match.
    #[serde(default)]
    pub total_results: u64,
    /// The messages, each in a list of its own; see [`hits`](Self::hits).
    #[serde(default)]
    pub messages: Vec<Vec<Message>>,
    /// The threads they stand in.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub threads: Vec<Channel>,
    /// The bot in each of the threads that it has joined.
    #[serde(
        default,
        deserialize_with = "crate::null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub members: Vec<ThreadMember>,
}

impl MessageSearch {
    /// The messages that match.
    pub fn hits(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().flatten()
    }
}

/// The answer to a search before Discord has read the guild's messages: ask again later.
///
/// Source: Discord, "Search Guild Messages".
///
/// ```
/// use ovenjs_types::{SearchIndexNotReady, json};
/// let text = br#"{"message":"Index not yet available. Try again later","code":110000,"documents_indexed":0,"retry_after":2}"#;
/// let answer: SearchIndexNotReady = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(answer.retry_after, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchIndexNotReady {
    /// 110000.
    pub code: u32,
    /// Discord's words for it.
    #[serde(default)]
    pub message: Text,
    /// How many messages it has read so far.
    #[serde(default)]
    pub documents_indexed: u64,
    /// Seconds until it is worth asking again; after 0, wait a little all the same.
    #[serde(default)]
    pub retry_after: u64,
}

open_str! {
    /// Whose messages a search is to find. A `-` before the word leaves them out.
    pub enum SearchAuthorType {
        User = "user",
        Bot = "bot",
        Webhook = "webhook",
        NotUser = "-user",
        NotBot = "-bot",
        NotWebhook = "-webhook",
    }
}

open_str! {
    /// What the messages that a search is to find must have. A `-` before the word says that they
    /// must not.
    pub enum SearchHas {
        Image = "image",
        Sound = "sound",
        Video = "video",
        File = "file",
        Sticker = "sticker",
        Embed = "embed",
        Link = "link",
        Poll = "poll",
        /// A forwarded message.
        Snapshot = "snapshot",
        NoImage = "-image",
        NoSound = "-sound",
        NoVideo = "-video",
        NoFile = "-file",
        NoSticker = "-sticker",
        NoEmbed = "-embed",
        NoLink = "-link",
        NoPoll = "-poll",
        NoSnapshot = "-snapshot",
    }
}

open_str! {
    /// Embeds that a search tells apart; wider than [`EmbedType`](crate::EmbedType).
    pub enum SearchEmbedType {
        Image = "image",
        Video = "video",
        Gif = "gif",
        Sound = "sound",
        Article = "article",
    }
}

open_str! {
    /// In which order a search gives what it found.
    pub enum SearchSortMode {
        /// By time, newest first unless asked otherwise.
        Timestamp = "timestamp",
        /// The best match first, whatever the order asked for.
        Relevance = "relevance",
    }
}

open_str! {
    /// Which end of the time a search begins at.
    pub enum SearchSortOrder {
        Ascending = "asc",
        Descending = "desc",
    }
}
