//! Boosts: what a guild may have more of, and cannot use any more without them.

use serde_json::json;

use crate::json::{Fields, Object};

use super::World;

impl World {
    /// Takes a guild to a level of boosts. Of its emojis, stickers and sounds the newest that have no
    /// room there stay, and cannot be used until there is room again.
    pub(crate) fn boost(&mut self, guild: u64, tier: u8) {
        let Some(room) = self.guilds.get(&guild) else {
            return;
        };
        let level = BOOSTS.iter().rfind(|(level, _)| *level <= tier);
        let (tier, boosts) = level.copied().unwrap_or_default();
        let mut after = room.object.clone();
        after.set("premium_tier", tier);
        after.set("premium_subscription_count", boosts);
        self.change_guild(guild, after);

        let most = self.emoji_slots(guild);
        let mut emojis = self.emojis(guild);
        let mut changed = false;
        for animated in [false, true] {
            let alike = emojis.iter_mut();
            let alike = alike.filter(|emoji| emoji.flag("animated") == Some(animated));
            changed |= make_room(alike, most);
        }
        if changed {
            self.set_emojis(guild, emojis);
        }

        let most = self.sticker_slots(guild);
        let mut stickers = self.stickers(guild);
        if make_room(stickers.iter_mut(), most) {
            self.set_stickers(guild, stickers);
        }

        let most = self.sound_slots(guild);
        let room = self.guilds.get_mut(&guild);
        if room.is_some_and(|room| make_room(room.sounds.values_mut(), most)) {
            let data = json!({
                "guild_id": guild.to_string(),
                "soundboard_sounds": self.soundboard_sounds(guild),
            });
            self.emit("GUILD_SOUNDBOARD_SOUNDS_UPDATE", Some(guild), data);
        }
    }
}

/// Lets the first so many be used, and no others; tells whether that is new for any.
fn make_room<'a>(expressions: impl Iterator<Item = &'a mut Object>, most: usize) -> bool {
    let mut changed = false;
    for (place, expression) in expressions.enumerate() {
        let available = place < most;
        changed |= expression.flag("available") != Some(available);
        expression.set("available", available);
    }
    changed
}

/// The levels, and how many boosts Discord asks for each.
const BOOSTS: [(u8, u64); 4] = [(0, 0), (1, 2), (2, 7), (3, 14)];
