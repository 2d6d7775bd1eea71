//! What a client asks for beside its session: presence, voice, soundboards, channels.

use serde_json::{Value, json};

use crate::{
    json::{Fields, Object, snowflake},
    world::World,
};

use super::{Gateway, close::Reason, session::shard_of};

impl Gateway {
    pub(super) fn answer(
        &mut self,
        op: u64,
        id: u64,
        session: u64,
        data: &Object,
        world: &mut World,
    ) -> Result<(), Reason> {
        match op {
            PRESENCE_UPDATE => self.presence(id, session, data, world),
            VOICE_STATE_UPDATE => self.voice(session, data, world),
            REQUEST_GUILD_MEMBERS => return self.members(session, data, world),
            REQUEST_SOUNDBOARD_SOUNDS => self.soundboards(session, data, world),
            REQUEST_CHANNEL_INFO => self.channel_info(session, data, world),
            // Every other command was done before, or is none.
            _ => {}
        }
        Ok(())
    }

    fn presence(&mut self, id: u64, session: u64, data: &Object, world: &mut World) {
        let now = self.now;
        let may = self
            .lines
            .get_mut(id)
            .is_some_and(|line| line.may_appear(now));
        if !may {
            self.warn("more than 5 presences came in 20 s, and Discord passes over the rest");
            return;
        }
        let Some((shard, shards)) = self.sessions.get(session).map(|known| known.shard) else {
            return;
        };
        let here = |guild: &&u64| shard_of(Some(**guild), shards) == shard;
        let guilds: Vec<u64> = world.guilds.keys().filter(here).copied().collect();
        world.bot_appears(data, &guilds);
    }

    /// The bot joins, leaves or moves between voice channels. Where it cannot, Discord says nothing.
    fn voice(&mut self, session: u64, data: &Object, world: &mut World) {
        let guild = data.key("guild_id").unwrap_or_default();
        let Some(known) = self.sessions.get(session) else {
            return;
        };
        if !self.is_on_shard(session, guild) {
            self.warn("a voice state names a guild that is not on its shard");
            return;
        }
        let voice_session = known.name.clone();
        let channel = data.key("channel_id");
        if channel.is_some_and(|channel| !world.may_join_voice(guild, channel, world.bot)) {
            self.warn("a voice state names a channel that the bot cannot join");
            return;
        }
        let moved = world.set_voice(
            guild,
            world.bot,
            crate::world::Voice {
                channel,
                self_mute: data.flag("self_mute") == Some(true),
                self_deaf: data.flag("self_deaf") == Some(true),
                session: &voice_session,
            },
        );
        if moved && channel.is_some() {
            let event = world.voice_server(guild, &voice_session);
            self.waiting.push((session, "VOICE_SERVER_UPDATE", event));
        }
    }

    fn soundboards(&mut self, session: u64, data: &Object, world: &World) {
        for guild in data.list("guild_ids").iter().filter_map(snowflake) {
            if !self.is_on_shard(session, guild) || !world.guilds.contains_key(&guild) {
                self.warn("the sounds of a guild were asked for that is not on this shard");
                continue;
            }
            let event = json!({
                "guild_id": guild.to_string(),
                "soundboard_sounds": world.soundboard_sounds(guild),
            });
            self.send(session, "SOUNDBOARD_SOUNDS", event);
        }
    }

    fn channel_info(&mut self, session: u64, data: &Object, world: &World) {
        let guild = data.key("guild_id").unwrap_or_default();
        if !self.is_on_shard(session, guild) || !world.guilds.contains_key(&guild) {
            self.warn("the channels of a guild were asked for that is not on this shard");
            return;
        }
        let asked: Vec<&str> = data
            .list("fields")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for field in &asked {
            if !["status", "voice_start_time"].contains(field) {
                self.warnings
                    .push(format!("there is no channel information called {field:?}"));
            }
        }
        let event = json!({
            "guild_id": guild.to_string(),
            "channels": world.channel_info(guild, &asked),
        });
        self.send(session, "CHANNEL_INFO", event);
    }

    pub(super) fn is_on_shard(&self, session: u64, guild: u64) -> bool {
        self.sessions
            .get(session)
            .is_some_and(|known| known.carries(Some(guild)))
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
}

const PRESENCE_UPDATE: u64 = 3;
const VOICE_STATE_UPDATE: u64 = 4;
pub(super) const REQUEST_GUILD_MEMBERS: u64 = 8;
const REQUEST_SOUNDBOARD_SOUNDS: u64 = 31;
const REQUEST_CHANNEL_INFO: u64 = 43;
