//! Members and bans.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use super::World;

impl World {
    /// Makes a user a member, unless it is one already.
    pub(crate) fn join(&mut self, guild: u64, user: u64) {
        let member = object(json!({
            "avatar": null,
            "avatar_decoration_data": null,
            "banner": null,
            "collectibles": null,
            "communication_disabled_until": null,
            "flags": 0,
            "joined_at": self.timestamp(),
            "nick": null,
            "pending": false,
            "premium_since": null,
            "roles": [],
            "mute": false,
            "deaf": false,
        }));
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        if room.members.contains_key(&user) {
            return;
        }
        room.members.insert(user, member);
        let data = with_guild(self.member(guild, user), guild);
        self.emit("GUILD_MEMBER_ADD", Some(guild), data);
    }

    /// The member with its user.
    pub(crate) fn member(&self, guild: u64, user: u64) -> Option<Value> {
        let mut member = self.guilds.get(&guild)?.members.get(&user)?.clone();
        member.set("user", self.user(user));
        Some(Value::Object(member))
    }

    /// The member without its user, as it stands beside an author or a mention.
    pub(crate) fn partial_member(&self, guild: u64, user: u64) -> Option<Object> {
        self.guilds.get(&guild)?.members.get(&user).cloned()
    }

    /// Changes a member and tells of it.
    pub(crate) fn change_member(
        &mut self,
        guild: u64,
        user: u64,
        change: impl FnOnce(&mut Object),
    ) -> Result<Value, Failure> {
        let room = self
            .guilds
            .get_mut(&guild)
            .ok_or_else(|| Failure::unknown(10004))?;
        let member = room
            .members
            .get_mut(&user)
            .ok_or_else(|| Failure::unknown(10007))?;
        change(member);
        let member = self.member(guild, user).unwrap_or_default();
        let data = with_guild(Some(member.clone()), guild);
        self.emit("GUILD_MEMBER_UPDATE", Some(guild), data);
        Ok(member)
    }

    pub(crate) fn set_role(
        &mut self,
        guild: u64,
        user: u64,
        role: u64,
        held: bool,
    ) -> Result<(), Failure> {
        let room = self
            .guilds
            .get(&guild)
            .ok_or_else(|| Failure::unknown(10004))?;
        if !room.roles.contains_key(&role) {
            return Err(Failure::unknown(10011));
        }
        self.change_member(guild, user, |member| {
            let mut roles: Vec<Value> = member
                .list("roles")
                .iter()
                .filter(|r| snowflake(r) != Some(role))
                .cloned()
                .collect();
            if held {
                roles.push(role.to_string().into());
            }
            member.set("roles", roles);
        })
        .map(drop)
    }

    /// Takes a member out of the guild; tells whether it was in it.
    pub(crate) fn leave(&mut self, guild: u64, user: u64) -> bool {
        let Some(room) = self.guilds.get_mut(&guild) else {
            return false;
        };
        if room.members.remove(&user).is_none() {
            return false;
        }
        let data = json!({ "guild_id": guild.to_string(), "user": self.user(user) });
        self.emit("GUILD_MEMBER_REMOVE", Some(guild), data);
        true
    }

    pub(crate) fn ban(&mut self, guild: u64, user: u64, reason: Option<String>) {
        self.leave(guild, user);
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        if room.bans.insert(user, reason).is_none() {
            let data = json!({ "guild_id": guild.to_string(), "user": self.user(user) });
            self.emit("GUILD_BAN_ADD", Some(guild), data);
        }
    }

    pub(crate) fn unban(&mut self, guild: u64, user: u64) -> Result<(), Failure> {
        let room = self
            .guilds
            .get_mut(&guild)
            .ok_or_else(|| Failure::unknown(10004))?;
        room.bans
            .remove(&user)
            .ok_or_else(|| Failure::unknown(10026))?;
        let data = json!({ "guild_id": guild.to_string(), "user": self.user(user) });
        self.emit("GUILD_BAN_REMOVE", Some(guild), data);
        Ok(())
    }
}

fn with_guild(member: Option<Value>, guild: u64) -> Value {
    let mut member = object(member.unwrap_or_default());
    member.set("guild_id", guild.to_string());
    Value::Object(member)
}
