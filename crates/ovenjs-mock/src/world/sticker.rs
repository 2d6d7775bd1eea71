//! Stickers: of guilds, and the standard ones in their packs.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object};

use super::World;

impl World {
    /// The stickers of a guild, oldest first.
    pub(crate) fn stickers(&self, guild: u64) -> Vec<Object> {
        let room = self.guilds.get(&guild);
        let stickers = room.map_or(&[][..], |room| room.object.list("stickers"));
        stickers
            .iter()
            .filter_map(Value::as_object)
            .cloned()
            .collect()
    }

    /// Gives a guild these stickers and tells of them all.
    pub(crate) fn set_stickers(&mut self, guild: u64, stickers: Vec<Object>) {
        let stickers: Value = stickers.into_iter().map(Value::Object).collect();
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.object.set("stickers", stickers.clone());
        }
        let data = json!({ "guild_id": guild.to_string(), "stickers": stickers });
        self.emit("GUILD_STICKERS_UPDATE", Some(guild), data);
    }

    /// A sticker of any guild or pack.
    pub(crate) fn sticker(&self, id: u64) -> Option<Object> {
        let all = self.guilds.keys().flat_map(|guild| self.stickers(*guild));
        all.chain(standard())
            .find(|sticker| sticker.key("id") == Some(id))
    }

    /// The sticker that members of a guild mean by a name: the guild's own, or one of a pack.
    pub(crate) fn sticker_named(&self, guild: Option<u64>, name: &str) -> Option<u64> {
        let own = guild.into_iter().flat_map(|guild| self.stickers(guild));
        let mut all = own.chain(standard());
        all.find(|sticker| sticker.text("name") == Some(name))?
            .key("id")
    }

    /// How many stickers a guild may have: five, and more with each level of boosts.
    pub(crate) fn sticker_slots(&self, guild: u64) -> usize {
        let room = self.guilds.get(&guild);
        let by_tier = match room.and_then(|room| room.object.int("premium_tier")) {
            Some(1) => 15,
            Some(2) => 30,
            Some(3) => 60,
            _ => 5,
        };
        if self.has_feature(guild, "MORE_STICKERS") {
            by_tier.max(60)
        } else {
            by_tier
        }
    }
}

fn standard() -> impl Iterator<Item = Object> {
    packs().into_iter().flat_map(|pack| {
        let stickers = pack.list("stickers").iter();
        let stickers = stickers.filter_map(Value::as_object).cloned();
        stickers.collect::<Vec<_>>()
    })
}

/// The packs of standard stickers, which are the box's own: nobody's pictures are behind them.
pub(crate) fn packs() -> Vec<Object> {
    PACKS
        .iter()
        .map(|pack| {
            let stickers = (0_u64..).zip(pack.stickers).map(|(place, (name, tags))| {
                json!({
                    "id": (pack.id + 1 + place).to_string(),
                    "name": name,
                    "description": format!("{name}, of the pack {}", pack.name),
                    "tags": tags,
                    "type": STANDARD,
                    "format_type": format::LOTTIE,
                    "pack_id": pack.id.to_string(),
                    "sort_value": place + 1,
                })
            });
            object(json!({
                "id": pack.id.to_string(),
                "name": pack.name,
                "description": pack.description,
                "sku_id": (pack.id + SKU).to_string(),
                "cover_sticker_id": (pack.id + 1).to_string(),
                "stickers": stickers.collect::<Vec<_>>(),
            }))
        })
        .collect()
}

struct Pack {
    id: u64,
    name: &'static str,
    description: &'static str,
    /// Names and tags.
    stickers: &'static [(&'static str, &'static str)],
}

const PACKS: [Pack; 2] = [
    Pack {
        id: 940_000_000_000_000_100,
        name: "Morning Batch",
        description: "What comes out of the oven first.",
        stickers: &[
            ("Rising", "dough, patience, wait"),
            ("Golden", "done, ready, yes"),
            ("Crumbs", "gone, sorry, late"),
        ],
    },
    Pack {
        id: 940_000_000_000_000_200,
        name: "Behind the Counter",
        description: "For those who hand it over.",
        stickers: &[
            ("Next Please", "queue, next, hello"),
            ("Sold Out", "no, empty, tomorrow"),
        ],
    },
];

/// How far the id of a pack's product is from the pack's.
const SKU: u64 = 90;

const STANDARD: u64 = 1;
/// The type of stickers that belong to a guild.
pub(crate) const GUILD: u64 = 2;

/// Discord's numbers of the formats, by its names.
pub(crate) mod format {
    pub(crate) const PNG: u64 = 1;
    pub(crate) const APNG: u64 = 2;
    pub(crate) const LOTTIE: u64 = 3;
    pub(crate) const GIF: u64 = 4;
}
