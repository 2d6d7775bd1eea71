//! Voice states of guilds.

use ovenjs_types::{
    Id, Patch, Timestamp, VoiceState,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// The bot's voice state in a guild.
    Get "/guilds/{guild_id}/voice-states/@me" as GetOwnVoiceState -> VoiceState {
        fn own_voice_state(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// A user's voice state in a guild.
    Get "/guilds/{guild_id}/voice-states/{user_id}" as GetVoiceState -> VoiceState {
        fn voice_state(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Changes how the bot takes part in a stage.
    Patch "/guilds/{guild_id}/voice-states/@me" as EditOwnVoiceState -> () {
        fn edit_own_voice_state(guild_id: Id<GuildMarker>)
        major guild_id;
        body: OwnVoiceStateEdit;
        needs MUTE_MEMBERS;
    }
}

body! {
    /// A change of how the bot takes part in a stage: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Current User Voice State".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct OwnVoiceStateEdit
    may {
        /// The stage, in which the bot must be already.
        channel_id: Option<Id<ChannelMarker>>,
        /// Whether it listens only; speaking needs `MUTE_MEMBERS`.
        suppress: Option<bool>,
        /// Since when it asks to speak, now or later; cleared, it no longer asks. Needs
        /// `REQUEST_TO_SPEAK`.
        request_to_speak_timestamp: Patch<Timestamp>,
    }
}

endpoint! {
    /// Invites a user of a stage to speak, or takes that back.
    Patch "/guilds/{guild_id}/voice-states/{user_id}" as EditVoiceState -> () {
        fn edit_voice_state(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        body: VoiceStateEdit;
        needs MUTE_MEMBERS;
    }
}

body! {
    /// A change of how a user takes part in a stage.
    ///
    /// Source: Discord, "Modify User Voice State".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct VoiceStateEdit
    may {
        /// The stage, in which the user must be already.
        channel_id: Option<Id<ChannelMarker>>,
        /// Whether the user listens only; without it the user is invited to speak.
        suppress: Option<bool>,
    }
}

json_answers!(VoiceState);
