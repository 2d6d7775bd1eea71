//! Voice channels: who may join them, since when somebody is there, and where their server is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::json::{Fields, object};

use super::{World, permission};

impl World {
    /// Whether a channel is one of voice, in this guild, and the user may see and join it.
    pub(crate) fn may_join_voice(&self, guild: u64, channel: u64, user: u64) -> bool {
        let Some(room) = self.channels.get(&channel) else {
            return false;
        };
        let is_voice = matches!(room.object.int("type"), Some(2 | 13));
        let needed = permission::VIEW_CHANNEL | CONNECT;
        is_voice
            && room.guild == Some(guild)
            && self.channel_permissions(channel, user) & needed == needed
    }

    /// Where the bot finds the voice server: the box has none, but its address is a lawful one.
    pub(crate) fn voice_server(&self, guild: u64, session: &str) -> Value {
        let endpoint = self.origin.rsplit('/').next().unwrap_or_default();
        let token: String = session.chars().rev().take(16).collect();
        json!({ "guild_id": guild.to_string(), "token": token, "endpoint": endpoint })
    }

    /// What CHANNEL_INFO says: the voice channels of which something that was asked for is known.
    pub(crate) fn channel_info(&self, guild: u64, asked: &[&str]) -> Vec<Value> {
        let rooms = self.channels.of_guild(guild);
        rooms
            .filter_map(|(id, room)| {
                let mut info = object(json!({ "id": id.to_string() }));
                for field in asked {
                    let known = match *field {
                        "status" => room.voice_status.clone().map(Value::from),
                        "voice_start_time" => {
                            let start = self.voice_starts.get(&(guild, id));
                            start.copied().map(Value::from)
                        }
                        _ => None,
                    };
                    if let Some(known) = known.filter(|value| !value.is_null()) {
                        info.set(field, known);
                    }
                }
                (info.len() > 1).then_some(Value::Object(info))
            })
            .collect()
    }

    /// Sets what a voice channel says of itself; tells whether that is new. It is forgotten when the
    /// last one leaves.
    pub(crate) fn set_voice_status(
        &mut self,
        guild: u64,
        channel: u64,
        status: Option<String>,
    ) -> bool {
        let Some(room) = self.channels.get_mut(&channel) else {
            return false;
        };
        if room.voice_status == status {
            return false;
        }
        room.voice_status.clone_from(&status);
        let data = json!({
            "id": channel.to_string(),
            "guild_id": guild.to_string(),
            "status": status,
        });
        self.emit("VOICE_CHANNEL_STATUS_UPDATE", Some(guild), data);
        true
    }

    /// A voice channel's time begins with the first who joins and ends with the last who leaves.
    pub(super) fn look_at_voice_channels(&mut self, guild: u64) {
        let room = self.guilds.get(&guild);
        let used: BTreeSet<u64> = room
            .into_iter()
            .flat_map(|room| room.voice_states.values())
            .filter_map(|state| state.key("channel_id"))
            .collect();
        let started = self.voice_starts.range((guild, 0)..=(guild, u64::MAX));
        let started: BTreeSet<u64> = started.map(|((_, channel), _)| *channel).collect();
        let now = self.now_ms / 1000;
        for channel in used.symmetric_difference(&started) {
            let start = used.contains(channel).then_some(now);
            match start {
                Some(start) => self.voice_starts.insert((guild, *channel), start),
                None => self.voice_starts.remove(&(guild, *channel)),
            };
            let data = json!({
                "id": channel.to_string(),
                "guild_id": guild.to_string(),
                "voice_start_time": start,
            });
            self.emit("VOICE_CHANNEL_START_TIME_UPDATE", Some(guild), data);
            self.look_at_events(guild, *channel);
            if start.is_none() {
                self.set_voice_status(guild, *channel, None);
            }
        }
    }
}

const CONNECT: u64 = 1 << 20;
