//! Emojis of guilds and of the application.

use serde_json::{Value, json};

use crate::json::{Fields, Object};

use super::World;

impl World {
    /// The emojis of a guild, oldest first.
    pub(crate) fn emojis(&self, guild: u64) -> Vec<Object> {
        let room = self.guilds.get(&guild);
        let emojis = room.map_or(&[][..], |room| room.object.list("emojis"));
        emojis
            .iter()
            .filter_map(Value::as_object)
            .cloned()
            .collect()
    }

    /// Gives a guild these emojis and tells of them all.
    pub(crate) fn set_emojis(&mut self, guild: u64, emojis: Vec<Object>) {
        let emojis: Value = emojis.into_iter().map(Value::Object).collect();
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.object.set("emojis", emojis.clone());
        }
        let data = json!({ "guild_id": guild.to_string(), "emojis": emojis });
        self.emit("GUILD_EMOJIS_UPDATE", Some(guild), data);
    }

    /// How many emojis a guild may have, of the still and of the animated each.
    pub(crate) fn emoji_slots(&self, guild: u64) -> usize {
        let room = self.guilds.get(&guild);
        let tier = room.and_then(|room| room.object.int("premium_tier"));
        let by_tier = match tier {
            Some(1) => 100,
            Some(2) => 150,
            Some(3) => 250,
            _ => 50,
        };
        if self.has_feature(guild, "MORE_EMOJI") {
            by_tier.max(200)
        } else {
            by_tier
        }
    }
}
