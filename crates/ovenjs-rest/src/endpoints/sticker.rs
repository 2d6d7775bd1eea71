//! Stickers: those of guilds, and Discord's own packs.

use std::borrow::Cow;

use ovenjs_types::{
    Id, Patch, Sticker, StickerDraft, StickerPack, StickerPacks, Text,
    form::length,
    limits,
    marker::{GuildMarker, StickerMarker, StickerPackMarker},
};
use serde::Serialize;

use crate::{
    Body, Part, Payload,
    endpoint::{body, endpoint, json_answers, setters_of},
};

endpoint! {
    /// A sticker, of a guild or of a pack.
    Get "/stickers/{sticker_id}" as GetSticker -> Sticker {
        fn sticker(sticker_id: Id<StickerMarker>)
    }
}

endpoint! {
    /// Discord's own packs.
    Get "/sticker-packs" as ListStickerPacks -> StickerPacks {
        fn sticker_packs()
        by Nobody;
    }
}

endpoint! {
    /// A pack of Discord's.
    Get "/sticker-packs/{pack_id}" as GetStickerPack -> StickerPack {
        fn sticker_pack(pack_id: Id<StickerPackMarker>)
    }
}

endpoint! {
    /// The stickers of a guild.
    Get "/guilds/{guild_id}/stickers" as ListGuildStickers -> Vec<Sticker> {
        fn guild_stickers(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// A sticker of a guild.
    Get "/guilds/{guild_id}/stickers/{sticker_id}" as GetGuildSticker -> Sticker {
        fn guild_sticker(guild_id: Id<GuildMarker>, sticker_id: Id<StickerMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Makes a sticker in a guild.
    Post "/guilds/{guild_id}/stickers" as CreateGuildSticker -> Sticker {
        fn create_guild_sticker(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: StickerDraft;
        needs CREATE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

impl Payload for StickerDraft {
    /// Discord takes it as a form, each field in a part of its own.
    fn body(&self) -> Body<'_> {
        let text = |text| Part::Text(Cow::Borrowed(text));
        Body::Form(vec![
            ("name", text(&self.name)),
            ("description", text(&self.description)),
            ("tags", text(&self.tags)),
            ("file", Part::File(&self.file)),
        ])
    }
}

endpoint! {
    /// Changes a sticker of a guild. Those of others need `MANAGE_GUILD_EXPRESSIONS`.
    Patch "/guilds/{guild_id}/stickers/{sticker_id}" as EditGuildSticker -> Sticker {
        fn edit_guild_sticker(guild_id: Id<GuildMarker>, sticker_id: Id<StickerMarker>)
        major guild_id;
        body: StickerEdit;
        needs MANAGE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

body! {
    /// A change of a sticker: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild Sticker".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct StickerEdit
    may {
        /// Its name; 2 to 30 characters.
        name: Option<Text> = length(limits::STICKER_NAME_MIN..=limits::STICKER_NAME),
        /// Its description; at most 100 characters.
        description: Patch<Text> = length(0..=limits::STICKER_DESCRIPTION),
        /// The name of the emoji that proposes it; at most 200 characters.
        tags: Option<Text> = length(1..=200),
    }
}

endpoint! {
    /// Deletes a sticker of a guild. Those of others need `MANAGE_GUILD_EXPRESSIONS`.
    Delete "/guilds/{guild_id}/stickers/{sticker_id}" as DeleteGuildSticker -> () {
        fn delete_guild_sticker(guild_id: Id<GuildMarker>, sticker_id: Id<StickerMarker>)
        major guild_id;
        needs MANAGE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

json_answers!(Sticker, StickerPack, StickerPacks);
