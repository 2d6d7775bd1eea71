//! Members and bans.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    time,
};

use super::{World, permission};

impl World {
    /// Makes a user a member, unless it is one already.
    pub(crate) fn join(&mut self, guild: u64, user: u64) {
        self.join_with(guild, user, Object::new());
    }

    /// Makes a user a member with these fields from the start, unless it is one already.
    pub(crate) fn join_with(&mut self, guild: u64, user: u64, start: Object) {
        let mut member = object(json!({
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
        member.extend(start);
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        if room.members.contains_key(&user) {
            return;
        }
        room.members.insert(user, member);
        let data = with_guild(self.member(guild, user), guild);
        self.emit("GUILD_MEMBER_ADD", Some(guild), data);
        self.moderate_profile(guild, user);
    }

    /// Changes the nickname of a member as that member does it; none takes it away.
    pub(crate) fn rename_self(
        &mut self,
        guild: u64,
        user: u64,
        nick: Option<&str>,
    ) -> Result<(), Failure> {
        if self.guild_permissions(guild, user) & permission::CHANGE_NICKNAME == 0 {
            return Err(Failure::missing_permissions());
        }
        self.change_member(guild, user, |member| member.set("nick", nick))?;
        self.moderate_profile(guild, user);
        Ok(())
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
        let before = member.clone();
        change(member);
        if *member == before {
            return Ok(self.member(guild, user).unwrap_or_default());
        }
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
        let Some(room) = self.guilds.get(&guild) else {
            return false;
        };
        if !room.members.contains_key(&user) {
            return false;
        }
        self.leave_voice(guild, user);
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.members.remove(&user);
            room.last_seen.remove(&user);
            for event in room.events.values_mut() {
                event.forget(user);
            }
        }
        let data = json!({ "guild_id": guild.to_string(), "user": self.user(user) });
        self.emit("GUILD_MEMBER_REMOVE", Some(guild), data);
        true
    }

    /// Lets a user who is no member ask to become one.
    pub(crate) fn apply_to_join(&mut self, guild: u64, user: u64) -> Result<u64, Failure> {
        let id = self.next_id();
        let request = object(json!({
            "id": id.to_string(),
            "guild_id": guild.to_string(),
            "user_id": user.to_string(),
            "user": self.user(user),
            "created_at": self.timestamp(),
            "reviewed_at": null,
            "application_status": "SUBMITTED",
            "rejection_reason": null,
            "actioned_by_user": null,
            "form_responses": [],
        }));
        let room = self
            .guilds
            .get_mut(&guild)
            .ok_or_else(|| Failure::unknown(10004))?;
        if room.members.contains_key(&user) {
            return Err(Failure::new(400, 0, "The user is a member already"));
        }
        if room.bans.contains_key(&user) {
            return Err(Failure::new(
                403,
                40007,
                "The user is banned from this guild.",
            ));
        }
        room.join_requests.insert(id, request);
        Ok(id)
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

impl World {
    /// Remembers that a member has done something, when an event says so.
    pub(super) fn notice(&mut self, guild: u64, event: &str, data: &Value) {
        let who = match event {
            "MESSAGE_CREATE" => "/author/id",
            "INTERACTION_CREATE" => "/member/user/id",
            "GUILD_MEMBER_ADD" => "/user/id",
            "MESSAGE_REACTION_ADD" | "TYPING_START" | "VOICE_STATE_UPDATE" => "/user_id",
            _ => return,
        };
        let (user, now) = (data.pointer(who).and_then(snowflake), self.now_ms);
        if let (Some(user), Some(room)) = (user, self.guilds.get_mut(&guild))
            && room.members.contains_key(&user)
        {
            room.last_seen.insert(user, now);
        }
    }

    /// Members who were not seen for `days` and have no role but those of `roles`.
    pub(crate) fn inactive(&self, guild: u64, days: u64, roles: &[u64]) -> Vec<u64> {
        let Some(room) = self.guilds.get(&guild) else {
            return Vec::new();
        };
        let since = self.now_ms.saturating_sub(days.saturating_mul(86_400_000));
        let is_person = |id: &u64| {
            *id != self.owner
                && self
                    .users
                    .get(id)
                    .is_some_and(|user| user.flag("bot") != Some(true))
        };
        room.members
            .iter()
            .filter(|(id, member)| {
                is_person(id)
                    && room.object.key("owner_id") != Some(**id)
                    && room.last_seen.get(id).copied().unwrap_or(0) < since
                    && member
                        .list("roles")
                        .iter()
                        .filter_map(snowflake)
                        .all(|role| roles.contains(&role))
            })
            .map(|(id, _)| *id)
            .collect()
    }

    /// Deletes what a user wrote in a guild within the last so many seconds, and tells of it.
    pub(crate) fn delete_recent(&mut self, guild: u64, user: u64, seconds: u64) {
        let since = self
            .now_ms
            .saturating_sub(seconds.saturating_mul(1000))
            .saturating_sub(time::DISCORD_EPOCH_MS)
            << 22;
        let mut gone = Vec::new();
        for (channel, room) in &mut self.channels {
            if room.guild != Some(guild) {
                continue;
            }
            let ids: Vec<u64> = room
                .messages
                .range(since..)
                .filter(|(_, message)| {
                    let author = message.object.get("author");
                    author.and_then(|author| snowflake(author.get("id")?)) == Some(user)
                })
                .map(|(id, _)| *id)
                .collect();
            for id in &ids {
                room.messages.remove(id);
            }
            room.pins.retain(|(pinned, _)| !ids.contains(pinned));
            if !ids.is_empty() {
                gone.push((*channel, ids));
            }
        }
        for (channel, ids) in gone {
            let place = json!({ "channel_id": channel.to_string(), "guild_id": guild.to_string() });
            let mut data = object(place);
            let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
            let event = match ids.as_slice() {
                [one] => {
                    data.set("id", one.clone());
                    "MESSAGE_DELETE"
                }
                _ => {
                    data.set("ids", ids);
                    "MESSAGE_DELETE_BULK"
                }
            };
            self.emit(event, Some(guild), Value::Object(data));
        }
    }
}

fn with_guild(member: Option<Value>, guild: u64) -> Value {
    let mut member = object(member.unwrap_or_default());
    member.set("guild_id", guild.to_string());
    Value::Object(member)
}
