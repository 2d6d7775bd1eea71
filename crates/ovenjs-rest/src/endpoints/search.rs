//! The search for messages.

use ovenjs_types::{
    Drift, Id, MessageSearch, SearchAuthorType, SearchEmbedType, SearchHas, SearchIndexNotReady,
    SearchSortMode, SearchSortOrder, Text, json, limits,
    marker::{ChannelMarker, GenericMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
};
use serde::Deserialize;

use crate::{
    Answer,
    endpoint::{endpoint, json_answers, query_values},
};

endpoint! {
    /// Searches the messages of a guild. Discord counts pages by `offset`: an answer may hold fewer
    /// than were asked for though there are more.
    Get "/guilds/{guild_id}/messages/search" as SearchMessages -> Indexed<MessageSearch> {
        fn search_messages(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// At most so many: 1 to 25, 25 by default.
            limit: u16 = limits::SEARCH_LIMIT_MIN..=limits::SEARCH_LIMIT,
            /// So many are left out: 0 to 9975.
            offset: u16 = 0..=9975,
            /// Those before this one.
            max_id: Id<GenericMarker>,
            /// Those after this one.
            min_id: Id<GenericMarker>,
            /// How many other words may stand between those of the content: 0 to 100, 2 by default.
            slop: u16 = 0..=100,
            /// Those with this in their text; at most 1024 characters.
            content: Text = 0..=1024,
            /// Those in one of these channels; at most 500.
            channel_id: Vec<Id<ChannelMarker>> = 0..=500,
            /// Those by one of these kinds of authors; at most 6.
            author_type: Vec<SearchAuthorType> = 0..=6,
            /// Those by one of these users; at most 100.
            author_id: Vec<Id<UserMarker>> = 0..=100,
            /// Those that mention one of these users; at most 100.
            mentions: Vec<Id<UserMarker>> = 0..=100,
            /// Those that mention one of these roles; at most 100.
            mentions_role_id: Vec<Id<RoleMarker>> = 0..=100,
            /// Those that mention everyone, or those that do not.
            mention_everyone: bool,
            /// Those that reply to one of these users; at most 100.
            replied_to_user_id: Vec<Id<UserMarker>> = 0..=100,
            /// Those that reply to one of these messages; at most 100.
            replied_to_message_id: Vec<Id<MessageMarker>> = 0..=100,
            /// Those that are pinned, or those that are not.
            pinned: bool,
            /// Those that have all of these; at most 18.
            has: Vec<SearchHas> = 0..=18,
            /// Those with one of these kinds of embeds; at most 5.
            embed_type: Vec<SearchEmbedType> = 0..=5,
            /// Those with an embed of one of these providers; at most 100.
            embed_provider: Vec<Text> = 0..=100,
            /// Those with a link to one of these hosts; at most 100.
            link_hostname: Vec<Text> = 0..=100,
            /// Those with a file of one of these names; at most 100.
            attachment_filename: Vec<Text> = 0..=100,
            /// Those with a file whose name ends so; at most 100.
            attachment_extension: Vec<Text> = 0..=100,
            /// By what they are sorted; by time by default.
            sort_by: SearchSortMode,
            /// In which direction they are sorted; the latest first by default.
            sort_order: SearchSortOrder,
            /// Whether age-restricted channels are searched as well.
            include_nsfw: bool,
        }
        needs READ_MESSAGE_HISTORY;
    }
}

/// What a search answers: what it found, or that Discord has not read what is to be searched yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Indexed<T> {
    /// What it found.
    Found(T),
    /// Ask again later: it says when.
    NotReady(SearchIndexNotReady),
}

impl<T> Indexed<T> {
    /// What it found, where Discord was ready.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::NotReady(_) => None,
        }
    }
}

impl<T: Answer> Answer for Indexed<T> {
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        // What is found has no code, and no time to wait.
        #[derive(Deserialize)]
        struct Wait {
            #[serde(default)]
            code: Option<u32>,
            #[serde(default)]
            retry_after: Option<f64>,
        }
        let wait: Wait = json::decode(body, scratch)?;
        if wait.code.is_some() && wait.retry_after.is_some() {
            SearchIndexNotReady::read(body, scratch).map(Self::NotReady)
        } else {
            T::read(body, scratch).map(Self::Found)
        }
    }

    fn inspect(body: &[u8], route: &str, drift: &mut Drift) {
        if let Ok(Self::Found(_)) = Self::read(body, &mut json::Scratch::new()) {
            T::inspect(body, route, drift);
        }
    }
}

query_values!(SearchAuthorType, SearchEmbedType, SearchHas, SearchSortMode);
json_answers!(MessageSearch, SearchIndexNotReady);
