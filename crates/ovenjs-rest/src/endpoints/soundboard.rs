//! Soundboards: the sounds of guilds, and those that everyone has.

use ovenjs_types::{
    Id, Patch, SoundDraft, SoundboardSound, SoundboardSoundList, Text,
    form::{length, volume},
    limits,
    marker::{EmojiMarker, GenericMarker, GuildMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// The sounds that everyone has.
    Get "/soundboard-default-sounds" as ListDefaultSounds -> Vec<SoundboardSound> {
        fn default_sounds()
    }
}

endpoint! {
    /// The sounds of a guild.
    Get "/guilds/{guild_id}/soundboard-sounds" as ListGuildSounds -> SoundboardSoundList {
        fn guild_sounds(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// A sound of a guild.
    Get "/guilds/{guild_id}/soundboard-sounds/{sound_id}" as GetGuildSound -> SoundboardSound {
        fn guild_sound(guild_id: Id<GuildMarker>, sound_id: Id<GenericMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Makes a sound in a guild.
    Post "/guilds/{guild_id}/soundboard-sounds" as CreateGuildSound -> SoundboardSound {
        fn create_guild_sound(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: SoundDraft;
        needs CREATE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

endpoint! {
    /// Changes a sound of a guild. Those of others need `MANAGE_GUILD_EXPRESSIONS`.
    Patch "/guilds/{guild_id}/soundboard-sounds/{sound_id}" as EditGuildSound -> SoundboardSound {
        fn edit_guild_sound(guild_id: Id<GuildMarker>, sound_id: Id<GenericMarker>)
        major guild_id;
        body: SoundEdit;
        needs MANAGE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

body! {
    /// A change of a sound: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild Soundboard Sound".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct SoundEdit
    may {
        /// Its name; 2 to 32 characters.
        name: Option<Text> = length(limits::SOUND_NAME_MIN..=limits::SOUND_NAME),
        /// How loud it is, from 0 to 1.
        volume: Patch<f64> = volume,
        /// Its custom emoji.
        emoji_id: Patch<Id<EmojiMarker>>,
        /// Its Unicode emoji; at most 32 characters.
        emoji_name: Patch<Text> = length(1..=32),
    }
}

endpoint! {
    /// Deletes a sound of a guild. Those of others need `MANAGE_GUILD_EXPRESSIONS`.
    Delete "/guilds/{guild_id}/soundboard-sounds/{sound_id}" as DeleteGuildSound -> () {
        fn delete_guild_sound(guild_id: Id<GuildMarker>, sound_id: Id<GenericMarker>)
        major guild_id;
        needs MANAGE_GUILD_EXPRESSIONS;
        takes reason;
    }
}

json_answers!(SoundboardSound, SoundboardSoundList);
