//! Who is online, and as what. Users are online until something else is said of them.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object};

use super::World;

impl World {
    /// How many members of a guild are there.
    pub(crate) fn presence_count(&self, guild: u64) -> usize {
        let members = self.guilds.get(&guild).map(|room| room.members.keys());
        let members = members.into_iter().flatten();
        members
            .filter(|user| self.status(**user) != "offline")
            .count()
    }

    /// How a user is seen: `online`, `idle`, `dnd` or `offline`.
    pub(crate) fn status(&self, user: u64) -> &str {
        let said = self.presences.get(&user);
        match said.and_then(|presence| presence.text("status")) {
            None => "online",
            Some("invisible") => "offline",
            Some(status) => status,
        }
    }

    /// A member's presence as events carry it; `None` for one who is offline.
    pub(crate) fn presence(&self, guild: u64, user: u64) -> Option<Value> {
        let status = self.status(user);
        (status != "offline").then(|| self.described(guild, user, status))
    }

    /// A user is offline from the start.
    pub(super) fn go_offline(&mut self, user: u64) {
        let presence = object(json!({ "status": "offline" }));
        self.presences.insert(user, presence);
    }

    /// A user appears otherwise than before, in every guild it is in.
    pub(crate) fn appear(&mut self, user: u64, status: &str, activities: Vec<Value>) {
        let presence = object(json!({ "status": status, "activities": activities }));
        let guilds: Vec<u64> = self
            .guilds
            .iter()
            .filter(|(_, guild)| guild.members.contains_key(&user))
            .map(|(id, _)| *id)
            .collect();
        self.set_presence(user, presence, &guilds);
    }

    /// The bot appears otherwise than before in the guilds of one shard.
    pub(crate) fn bot_appears(&mut self, presence: &Object, guilds: &[u64]) {
        let now_ms = self.now_ms;
        let activities: Vec<Value> = presence
            .list("activities")
            .iter()
            .map(|activity| {
                let mut activity = object(activity.clone());
                activity.set("created_at", now_ms);
                Value::Object(activity)
            })
            .collect();
        let status = presence.text("status").unwrap_or("online");
        let presence = object(json!({ "status": status, "activities": activities }));
        self.set_presence(self.bot, presence, guilds);
    }

    fn set_presence(&mut self, user: u64, presence: Object, guilds: &[u64]) {
        self.presences.insert(user, presence);
        for guild in guilds {
            let status = self.status(user).to_owned();
            let data = self.described(*guild, user, &status);
            self.emit("PRESENCE_UPDATE", Some(*guild), data);
        }
    }

    fn described(&self, guild: u64, user: u64, status: &str) -> Value {
        let activities = self
            .presences
            .get(&user)
            .map_or(&[][..], |presence| presence.list("activities"));
        let clients = if status == "offline" {
            json!({})
        } else {
            json!({ if user == self.bot { "web" } else { "desktop" }: status })
        };
        json!({
            "user": { "id": user.to_string() },
            "guild_id": guild.to_string(),
            "status": status,
            "activities": if status == "offline" { &[][..] } else { activities },
            "client_status": clients,
        })
    }
}
