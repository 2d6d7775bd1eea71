//! Emojis of guilds.

use ovenjs_types::{
    Emoji, EmojiDraft, Id, Patch, Text,
    form::{amount, length},
    limits,
    marker::{EmojiMarker, GuildMarker, RoleMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, setters_of};

endpoint! {
    /// The emojis of a guild.
    Get "/guilds/{guild_id}/emojis" as ListGuildEmojis -> Vec<Emoji> {
        fn guild_emojis(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// An emoji of a guild.
    Get "/guilds/{guild_id}/emojis/{emoji_id}" as GetGuildEmoji -> Emoji {
        fn guild_emoji(guild_id: Id<GuildMarker>, emoji_id: Id<EmojiMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Makes an emoji in a guild.
    Post "/guilds/{guild_id}/emojis" as CreateGuildEmoji -> Emoji {
        fn create_guild_emoji(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: EmojiDraft;
        needs CREATE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

endpoint! {
    /// Changes an emoji of a guild. Those of others need `MANAGE_GUILD_EXPRESSIONS`.
    Patch "/guilds/{guild_id}/emojis/{emoji_id}" as EditGuildEmoji -> Emoji {
        fn edit_guild_emoji(guild_id: Id<GuildMarker>, emoji_id: Id<EmojiMarker>)
        major guild_id;
        body: EmojiEdit;
        needs MANAGE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

body! {
    /// A change of an emoji: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild Emoji".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct EmojiEdit
    may {
        /// Its name; 2 to 32 characters.
        name: Option<Text> = length(limits::EMOJI_NAME_MIN..=limits::EMOJI_NAME),
        /// Who may use it; everyone where cleared or empty.
        roles: Patch<Vec<Id<RoleMarker>>> = amount(0..=1521, "roles"),
    }
}

endpoint! {
    /// Deletes an emoji of a guild. Those of others need `MANAGE_GUILD_EXPRESSIONS`.
    Delete "/guilds/{guild_id}/emojis/{emoji_id}" as DeleteGuildEmoji -> () {
        fn delete_guild_emoji(guild_id: Id<GuildMarker>, emoji_id: Id<EmojiMarker>)
        major guild_id;
        needs MANAGE_GUILD_EXPRESSIONS;
        takes reason;
    }
}
