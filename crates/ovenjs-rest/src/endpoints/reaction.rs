//! Reactions.

use ovenjs_types::{
    Id, ReactionEmoji, ReactionType, User,
    marker::{ChannelMarker, MessageMarker, UserMarker},
};

use crate::endpoint::{endpoint, query_codes};

endpoint! {
    /// Adds the bot's reaction to a message.
    Put "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me" as AddReaction -> () {
        fn add_reaction(
            channel_id: Id<ChannelMarker>,
            message_id: Id<MessageMarker>,
            emoji_name: ReactionEmoji,
        )
        major channel_id;
        needs ADD_REACTIONS;
    }
}

endpoint! {
    /// Takes the bot's reaction away.
    Delete "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me" as RemoveOwnReaction -> () {
        fn remove_own_reaction(
            channel_id: Id<ChannelMarker>,
            message_id: Id<MessageMarker>,
            emoji_name: ReactionEmoji,
        )
        major channel_id;
    }
}

endpoint! {
    /// Takes a user's reaction away.
    Delete "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}" as RemoveReaction -> () {
        fn remove_reaction(
            channel_id: Id<ChannelMarker>,
            message_id: Id<MessageMarker>,
            emoji_name: ReactionEmoji,
            user_id: Id<UserMarker>,
        )
        major channel_id;
        needs MANAGE_MESSAGES;
    }
}

endpoint! {
    /// Takes all reactions away.
    Delete "/channels/{channel_id}/messages/{message_id}/reactions" as RemoveAllReactions -> () {
        fn remove_all_reactions(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs MANAGE_MESSAGES;
    }
}

endpoint! {
    /// Takes all reactions with an emoji away.
    Delete "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}" as RemoveReactionsOfEmoji -> () {
        fn remove_reactions_of_emoji(
            channel_id: Id<ChannelMarker>,
            message_id: Id<MessageMarker>,
            emoji_name: ReactionEmoji,
        )
        major channel_id;
        needs MANAGE_MESSAGES;
    }
}

endpoint! {
    /// Who reacted with an emoji, by id.
    Get "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}" as ListReactions -> Vec<User> {
        fn reactions(
            channel_id: Id<ChannelMarker>,
            message_id: Id<MessageMarker>,
            emoji_name: ReactionEmoji,
        )
        major channel_id;
        query {
            /// Normal or super reactions; normal ones by default.
            kind: ReactionType,
            /// Those after this user.
            after: Id<UserMarker>,
            /// At most so many: 1 to 100, 25 by default.
            limit: u16 = 1..=100,
        }
    }
}

query_codes!(ReactionType);
