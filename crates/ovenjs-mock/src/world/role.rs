//! The roles of a guild.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use super::World;

/// A role that nobody has touched.
pub(crate) fn blank(id: u64, name: &str, permissions: u64, position: u64) -> Object {
    object(json!({
        "id": id.to_string(),
        "name": name,
        "permissions": permissions.to_string(),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
        "hoist": false,
        "managed": false,
        "mentionable": false,
        "icon": null,
        "unicode_emoji": null,
        "flags": 0,
    }))
}

impl World {
    pub(crate) fn role(&self, guild: u64, role: u64) -> Result<&Object, Failure> {
        self.guilds
            .get(&guild)
            .ok_or_else(|| Failure::unknown(10004))?
            .roles
            .get(&role)
            .ok_or_else(|| Failure::unknown(10011))
    }

    /// Makes a role at the bottom of the list, just above `@everyone`, and tells of it.
    pub(crate) fn add_role(&mut self, guild: u64, mut role: Object) -> u64 {
        let id = self.next_id();
        role.set("id", id.to_string());
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.roles.insert(id, role.clone());
        }
        self.tell_role("GUILD_ROLE_CREATE", guild, role);
        id
    }

    /// Gives a role its new fields and tells of it, if anything is new.
    pub(crate) fn change_role(&mut self, guild: u64, id: u64, after: Object) {
        let Some(role) = self
            .guilds
            .get_mut(&guild)
            .and_then(|room| room.roles.get_mut(&id))
        else {
            return;
        };
        if *role == after {
            return;
        }
        *role = after.clone();
        self.tell_role("GUILD_ROLE_UPDATE", guild, after);
    }

    /// Removes a role: from the list, from its members, and from the overwrites of the channels.
    /// Discord tells nothing of the members; clients forget the role there themselves.
    pub(crate) fn remove_role(&mut self, guild: u64, id: u64) {
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        room.roles.remove(&id);
        for member in room.members.values_mut() {
            if let Some(Value::Array(roles)) = member.get_mut("roles") {
                roles.retain(|role| snowflake(role) != Some(id));
            }
        }
        let data = json!({ "guild_id": guild.to_string(), "role_id": id.to_string() });
        self.emit("GUILD_ROLE_DELETE", Some(guild), data);
        for channel in self.guild_channels(guild) {
            // Most channels have no overwrite for it.
            let _ = self.take_overwrite(channel, id);
        }
    }

    /// Moves roles to new places and closes the gaps; gives those that stand elsewhere now, with
    /// their old positions.
    pub(crate) fn move_roles(&mut self, guild: u64, moves: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let mut order: Vec<u64> = self.role_order(guild).map(|(_, Reverse(id))| id).collect();
        for (id, position) in moves {
            order.retain(|other| other != id);
            let place = usize::try_from(position.saturating_sub(1)).unwrap_or(usize::MAX);
            order.insert(place.min(order.len()), *id);
        }
        let mut moved = Vec::new();
        for (position, id) in (1_u64..).zip(order) {
            let Ok(mut after) = self.role(guild, id).cloned() else {
                continue;
            };
            let old = after.int("position").unwrap_or(0);
            if old != position {
                after.set("position", position);
                self.change_role(guild, id, after);
                moved.push((id, old));
            }
        }
        moved
    }

    /// At which position a role would stand if no two stood at the same; 0 for `@everyone`.
    pub(crate) fn place_of_role(&self, guild: u64, role: u64) -> u64 {
        (1_u64..)
            .zip(self.role_order(guild))
            .find(|(_, (_, Reverse(id)))| *id == role)
            .map_or(0, |(place, _)| place)
    }

    /// The positions and ids of all roles but `@everyone`, the lowest first. Of two at the same
    /// position the older is higher.
    fn role_order(&self, guild: u64) -> impl Iterator<Item = (u64, Reverse<u64>)> + use<> {
        let room = self.guilds.get(&guild);
        let roles = room.into_iter().flat_map(|room| &room.roles);
        let mut order: Vec<(u64, Reverse<u64>)> = roles
            .filter(|(id, _)| **id != guild)
            .map(|(id, role)| (role.int("position").unwrap_or(0), Reverse(*id)))
            .collect();
        order.sort_unstable();
        order.into_iter()
    }

    fn tell_role(&mut self, event: &str, guild: u64, role: Object) {
        let data = json!({ "guild_id": guild.to_string(), "role": role });
        self.emit(event, Some(guild), data);
    }
}
