//! Soundboards: the sounds of guilds, the default ones, and playing them in a voice channel.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::{World, permission};

impl World {
    /// The sounds of a guild's soundboard, oldest first.
    pub(crate) fn soundboard_sounds(&self, guild: u64) -> Vec<Value> {
        let room = self.guilds.get(&guild).into_iter();
        room.flat_map(|room| room.sounds.values())
            .cloned()
            .map(Value::Object)
            .collect()
    }

    pub(crate) fn sound(&self, guild: u64, id: u64) -> Result<&Object, Failure> {
        let room = self.guilds.get(&guild);
        room.and_then(|room| room.sounds.get(&id))
            .ok_or_else(unknown)
    }

    pub(crate) fn add_sound(&mut self, guild: u64, id: u64, sound: Object) {
        self.keep_sound("GUILD_SOUNDBOARD_SOUND_CREATE", guild, id, sound);
    }

    pub(crate) fn change_sound(&mut self, guild: u64, id: u64, sound: Object) {
        self.keep_sound("GUILD_SOUNDBOARD_SOUND_UPDATE", guild, id, sound);
    }

    fn keep_sound(&mut self, event: &str, guild: u64, id: u64, sound: Object) {
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.sounds.insert(id, sound.clone());
        }
        self.emit(event, Some(guild), Value::Object(sound));
    }

    pub(crate) fn remove_sound(&mut self, guild: u64, id: u64) {
        let room = self.guilds.get_mut(&guild);
        if room.is_some_and(|room| room.sounds.remove(&id).is_some()) {
            let data = json!({ "guild_id": guild.to_string(), "sound_id": id.to_string() });
            self.emit("GUILD_SOUNDBOARD_SOUND_DELETE", Some(guild), data);
        }
    }

    /// How many sounds a guild may have: eight, and more with each level of boosts.
    pub(crate) fn sound_slots(&self, guild: u64) -> usize {
        let room = self.guilds.get(&guild);
        let by_tier = match room.and_then(|room| room.object.int("premium_tier")) {
            Some(1) => 24,
            Some(2) => 36,
            Some(3) => 48,
            _ => 8,
        };
        if self.has_feature(guild, "MORE_SOUNDBOARD") {
            by_tier.max(96)
        } else {
            by_tier
        }
    }

    /// Lets somebody play a sound in the voice channel where it is. `source` is the guild of a sound
    /// from elsewhere. The bot hears of it only while it is in that channel too.
    pub(crate) fn send_sound(
        &mut self,
        user: u64,
        channel: u64,
        sound: u64,
        source: Option<u64>,
    ) -> Result<(), Failure> {
        let guild = self.channel(channel)?.guild;
        let guild = guild.ok_or_else(Failure::missing_access)?;
        let has = self.channel_permissions(channel, user);
        if has & permission::VIEW_CHANNEL == 0 {
            return Err(Failure::missing_access());
        }
        let mut needed = permission::SPEAK | permission::USE_SOUNDBOARD;
        let source = source.unwrap_or(guild);
        if source != guild {
            needed |= permission::USE_EXTERNAL_SOUNDS;
        }
        if has & needed != needed {
            return Err(Failure::missing_permissions());
        }
        let is_here = |state: &&Object| state.key("channel_id") == Some(channel);
        let state = self.voice_state(guild, user).filter(is_here);
        let state = state
            .ok_or_else(|| Failure::new(400, 40032, "Target user is not connected to voice"))?;
        let is_silent = ["deaf", "self_deaf", "mute", "suppress"]
            .iter()
            .any(|key| state.flag(key) == Some(true));
        if is_silent {
            let message =
                "Cannot send voice effect when user is server muted, deafened, or suppressed";
            return Err(Failure::new(400, 50167, message));
        }
        let is_member = |guild: &u64| {
            let room = self.guilds.get(guild);
            room.is_some_and(|room| room.members.contains_key(&user))
        };
        let played = match default_sounds()
            .into_iter()
            .find(|one| is_named(one, sound))
        {
            Some(played) => played,
            None if is_member(&source) => self.sound(source, sound)?.clone(),
            None => return Err(unknown()),
        };
        if played.flag("available") == Some(false) {
            let message = "Guild premium subscription level too low";
            return Err(Failure::new(403, 20035, message));
        }
        let bot_is_here = self
            .voice_state(guild, self.bot)
            .is_some_and(|state| is_here(&state));
        if bot_is_here {
            let data = self.effect(user, (guild, channel), source, &played);
            self.emit("VOICE_CHANNEL_EFFECT_SEND", Some(guild), data);
        }
        Ok(())
    }

    fn effect(&self, user: u64, place: (u64, u64), source: u64, sound: &Object) -> Value {
        let emoji = match (sound.key("emoji_id"), sound.text("emoji_name")) {
            (Some(id), _) => {
                let emojis = self.emojis(source).into_iter();
                let known = emojis.into_iter().find(|emoji| emoji.key("id") == Some(id));
                known.map_or(Value::Null, |emoji| {
                    json!({
                        "id": id.to_string(),
                        "name": emoji.get("name"),
                        "animated": emoji.get("animated"),
                    })
                })
            }
            (None, Some(name)) => json!({ "id": null, "name": name }),
            (None, None) => Value::Null,
        };
        json!({
            "channel_id": place.1.to_string(),
            "guild_id": place.0.to_string(),
            "user_id": user.to_string(),
            "emoji": emoji,
            "animation_type": BASIC,
            "animation_id": 0,
            "sound_id": sound.get("sound_id"),
            "sound_volume": sound.get("volume"),
        })
    }
}

/// The sounds that everybody has, which are the box's own: there is nothing to hear behind them.
pub(crate) fn default_sounds() -> Vec<Object> {
    (1_u64..)
        .zip(DEFAULT_SOUNDS)
        .map(|(id, (name, emoji))| {
            object(json!({
                "sound_id": id.to_string(),
                "name": name,
                "volume": 1.0,
                "emoji_id": null,
                "emoji_name": emoji,
                "available": true,
            }))
        })
        .collect()
}

fn is_named(sound: &Object, id: u64) -> bool {
    sound.key("sound_id") == Some(id)
}

fn unknown() -> Failure {
    Failure::new(404, 10097, "Unknown sound")
}

const DEFAULT_SOUNDS: [(&str, &str); 4] = [
    ("oven bell", "🔔"),
    ("crust", "🥖"),
    ("kettle", "🫖"),
    ("door", "🚪"),
];

/// The animation of those without a subscription.
const BASIC: u64 = 1;
