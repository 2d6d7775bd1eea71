//! Users: the bot, the owner, and whoever plays.

use serde_json::{Value, json};

use crate::json::{Fields, object};

use super::World;

impl World {
    pub(crate) fn add_user(&mut self, name: &str, bot: bool) -> u64 {
        let id = self.next_id();
        let username = if bot {
            name.to_owned()
        } else {
            name.to_lowercase()
        };
        let user = object(json!({
            "id": id.to_string(),
            "username": username,
            "global_name": if bot { Value::Null } else { name.into() },
            "discriminator": if bot { "0001" } else { "0" },
            "avatar": null,
            "avatar_decoration_data": null,
            "collectibles": null,
            "banner": null,
            "accent_color": null,
            "bot": bot,
            "system": false,
            "flags": 0,
            "public_flags": 0,
            "primary_guild": null,
        }));
        self.users.insert(id, user);
        id
    }

    /// The user as others see it; null for one that does not exist.
    pub(crate) fn user(&self, id: u64) -> Value {
        self.users
            .get(&id)
            .cloned()
            .map_or(Value::Null, Value::Object)
    }

    /// The bot as it sees itself.
    pub(crate) fn me(&self) -> Value {
        let mut user = self.users.get(&self.bot).cloned().unwrap_or_default();
        user.set("mfa_enabled", true);
        user.set("verified", true);
        user.set("email", Value::Null);
        user.set("locale", "en-US");
        user.set("premium_type", 0);
        Value::Object(user)
    }

    /// The user of that name, who joins every guild when first seen.
    pub(crate) fn user_named(&mut self, name: &str) -> u64 {
        let wanted = name.to_lowercase();
        let known = self.users.iter().find(|(_, user)| {
            user.flag("bot") == Some(false) && user.text("username") == Some(wanted.as_str())
        });
        if let Some((id, _)) = known {
            return *id;
        }
        let id = self.add_user(name, false);
        let guilds: Vec<u64> = self.guilds.keys().copied().collect();
        for guild in guilds {
            self.join(guild, id);
        }
        id
    }

    pub(crate) fn display_name(&self, user: u64) -> String {
        let user = self.users.get(&user);
        user.and_then(|user| user.text("global_name").or_else(|| user.text("username")))
            .unwrap_or("unknown")
            .to_owned()
    }
}
