//! Voice states: who is connected to which voice channel.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object};

use super::{World, guild_channel::kind};

/// Where a member wants to be, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice<'a> {
    /// `None` leaves.
    pub(crate) channel: Option<u64>,
    pub(crate) self_mute: bool,
    pub(crate) self_deaf: bool,
    /// The session of the client that speaks.
    pub(crate) session: &'a str,
}

impl World {
    /// Connects a member to a voice channel, or moves it there. The session is that of its gateway
    /// connection, and stays the same on a move.
    pub(crate) fn enter_voice(&mut self, guild: u64, user: u64, channel: u64, session: &str) {
        self.seat(guild, user, channel, session);
        self.tell_voice(guild, user);
    }

    /// What a client says of its own voice state; tells whether it changed its channel.
    pub(crate) fn set_voice(&mut self, guild: u64, user: u64, voice: Voice<'_>) -> bool {
        let before = self
            .voice_state(guild, user)
            .and_then(|state| state.key("channel_id"));
        let set_flags = |state: &mut Object| {
            state.set("self_mute", voice.self_mute);
            state.set("self_deaf", voice.self_deaf);
        };
        match voice.channel {
            None => return self.leave_voice(guild, user),
            Some(channel) if before == Some(channel) => {
                self.change_voice(guild, user, set_flags);
            }
            Some(channel) => {
                self.seat(guild, user, channel, voice.session);
                let room = self.guilds.get_mut(&guild);
                if let Some(state) = room.and_then(|room| room.voice_states.get_mut(&user)) {
                    set_flags(state);
                }
                self.tell_voice(guild, user);
            }
        }
        before != voice.channel
    }

    fn seat(&mut self, guild: u64, user: u64, channel: u64, session: &str) {
        let on_stage = self
            .channels
            .get(&channel)
            .is_some_and(|room| room.object.int("type") == Some(kind::STAGE));
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        let Some(member) = room.members.get(&user) else {
            return;
        };
        let known = room.voice_states.get(&user);
        let mut state = known.cloned().unwrap_or_else(|| {
            object(json!({
                "guild_id": guild.to_string(),
                "user_id": user.to_string(),
                "session_id": session,
                "deaf": member.flag("deaf"),
                "mute": member.flag("mute"),
                "self_deaf": false,
                "self_mute": false,
                "self_stream": false,
                "self_video": false,
            }))
        });
        state.set("channel_id", channel.to_string());
        state.set("suppress", on_stage);
        state.set("request_to_speak_timestamp", Value::Null);
        room.voice_states.insert(user, state);
    }

    /// Disconnects a member; tells whether it was connected.
    pub(crate) fn leave_voice(&mut self, guild: u64, user: u64) -> bool {
        let Some(mut state) = self
            .guilds
            .get_mut(&guild)
            .and_then(|room| room.voice_states.remove(&user))
        else {
            return false;
        };
        state.set("channel_id", Value::Null);
        state.set("suppress", false);
        state.set("request_to_speak_timestamp", Value::Null);
        self.tell_state(guild, user, state);
        true
    }

    /// Changes fields of a member's voice state and tells of it.
    pub(crate) fn change_voice(&mut self, guild: u64, user: u64, change: impl FnOnce(&mut Object)) {
        let Some(state) = self
            .guilds
            .get_mut(&guild)
            .and_then(|room| room.voice_states.get_mut(&user))
        else {
            return;
        };
        let before = state.clone();
        change(state);
        if *state != before {
            self.tell_voice(guild, user);
        }
    }

    /// A member's voice state as REST and GUILD_CREATE have it: without the member.
    pub(crate) fn voice_state(&self, guild: u64, user: u64) -> Option<&Object> {
        self.guilds.get(&guild)?.voice_states.get(&user)
    }

    /// The voice channel where a user is, in whichever guild.
    pub(crate) fn voice_place(&self, user: u64) -> Option<u64> {
        let mut rooms = self.guilds.values();
        rooms.find_map(|room| room.voice_states.get(&user)?.key("channel_id"))
    }

    /// Who is connected to a channel.
    pub(crate) fn voices_in(&self, guild: u64, channel: u64) -> Vec<u64> {
        self.guilds
            .get(&guild)
            .into_iter()
            .flat_map(|room| &room.voice_states)
            .filter(|(_, state)| state.key("channel_id") == Some(channel))
            .map(|(user, _)| *user)
            .collect()
    }

    fn tell_voice(&mut self, guild: u64, user: u64) {
        if let Some(state) = self.voice_state(guild, user).cloned() {
            self.tell_state(guild, user, state);
        }
    }

    fn tell_state(&mut self, guild: u64, user: u64, mut state: Object) {
        if let Some(member) = self.member(guild, user) {
            state.set("member", member);
        }
        self.emit("VOICE_STATE_UPDATE", Some(guild), Value::Object(state));
        self.look_at_voice_channels(guild);
    }
}
