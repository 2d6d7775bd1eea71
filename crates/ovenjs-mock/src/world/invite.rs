//! Invites into guilds: made, used, expired, taken back.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    time,
};

use super::World;

impl World {
    /// A text of eight letters and digits, another one each time.
    pub(crate) fn invite_code(&mut self) -> String {
        // An odd factor keeps different ids different, and spreads neighbours.
        let mut number = self.next_id().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut code = String::new();
        for _ in 0..CODE_LENGTH {
            let place = usize::try_from(number % 62).unwrap_or_default();
            code.extend(LETTERS.get(place).copied().map(char::from));
            number /= 62;
        }
        code
    }

    /// Keeps a new invite and tells of it.
    pub(crate) fn add_invite(&mut self, guild: u64, code: &str, invite: Object) {
        let mut told: Object = [
            "code",
            "created_at",
            "expires_at",
            "guild_id",
            "inviter",
            "max_age",
            "max_uses",
            "target_application",
            "target_type",
            "target_user",
            "temporary",
            "uses",
        ]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), invite.get(key)?.clone())))
        .collect();
        told.set("channel_id", channel_of(&invite).to_string());
        let roles: Vec<Value> = invite
            .list("roles")
            .iter()
            .filter_map(|role| role.get("id").cloned())
            .collect();
        if !roles.is_empty() {
            told.set("role_ids", roles);
        }
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.invites.insert(code.to_owned(), invite);
        }
        self.emit("INVITE_CREATE", Some(guild), Value::Object(told));
    }

    /// An invite that can still be used, and its guild.
    pub(crate) fn invite(&self, code: &str) -> Result<(u64, &Object), Failure> {
        self.guilds
            .iter()
            .find_map(|(guild, room)| Some((*guild, room.invites.get(code)?)))
            .filter(|(_, invite)| !self.is_expired(invite))
            .ok_or_else(|| Failure::unknown(10006))
    }

    /// The invites of a guild which can still be used.
    pub(crate) fn invites(&self, guild: u64) -> impl Iterator<Item = &Object> {
        let room = self.guilds.get(&guild).into_iter();
        room.flat_map(|room| room.invites.values())
            .filter(|invite| !self.is_expired(invite))
    }

    fn is_expired(&self, invite: &Object) -> bool {
        let until = invite.text("expires_at").and_then(time::unix_ms_of);
        until.is_some_and(|until| until <= self.now_ms)
    }

    /// Takes an invite away, tells of it, and gives what it was.
    pub(crate) fn revoke_invite(&mut self, guild: u64, code: &str) -> Option<Object> {
        let invite = self.guilds.get_mut(&guild)?.invites.remove(code)?;
        self.invite_targets.remove(code);
        let data = json!({
            "channel_id": channel_of(&invite).to_string(),
            "guild_id": guild.to_string(),
            "code": code,
        });
        self.emit("INVITE_DELETE", Some(guild), data);
        Some(invite)
    }

    /// Lets a user come in by an invite, which gives its roles and ends with its last use.
    ///
    /// # Errors
    ///
    /// Unknown Invite when there is none or its time is over, and who is banned is refused.
    pub(crate) fn accept_invite(&mut self, user: u64, code: &str) -> Result<u64, Failure> {
        let (guild, invite) = self.invite(code)?;
        // Who is not meant does not see that there is such an invite.
        if !self.is_invited(code, user) {
            return Err(Failure::unknown(10006));
        }
        let mut invite = invite.clone();
        let Some(room) = self.guilds.get(&guild) else {
            return Err(Failure::unknown(10006));
        };
        if room.bans.contains_key(&user) {
            let message = "The user is banned from this guild.";
            return Err(Failure::new(403, 40007, message));
        }
        if room.members.contains_key(&user) {
            return Ok(guild);
        }
        let roles = invite.list("roles").iter();
        let roles: Vec<u64> = roles
            .filter_map(|role| snowflake(role.get("id")?))
            .collect();
        self.join(guild, user);
        for role in roles {
            self.set_role(guild, user, role, true)?;
        }
        let uses = invite.int("uses").unwrap_or(0).saturating_add(1);
        invite.set("uses", uses);
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.invites.insert(code.to_owned(), invite.clone());
        }
        if invite.int("max_uses") == Some(uses) {
            self.revoke_invite(guild, code);
        }
        Ok(guild)
    }

    /// The guild as an invite shows it.
    pub(crate) fn invite_guild(&self, guild: u64) -> Value {
        let room = self.guilds.get(&guild);
        let shown: Object = [
            "id",
            "name",
            "splash",
            "banner",
            "description",
            "icon",
            "features",
            "verification_level",
            "vanity_url_code",
            "nsfw_level",
            "nsfw",
            "premium_subscription_count",
        ]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), room?.object.get(key)?.clone())))
        .collect();
        Value::Object(shown)
    }

    /// The role as an invite shows it.
    pub(crate) fn invite_role(&self, guild: u64, role: u64) -> Result<Value, Failure> {
        let role = self.role(guild, role)?;
        let field = |key: &str| role.get(key).cloned().unwrap_or_default();
        Ok(Value::Object(object(json!({
            "id": field("id"),
            "name": field("name"),
            "position": field("position"),
            "color": field("color"),
            "colors": field("colors"),
            "icon": field("icon"),
            "unicode_emoji": field("unicode_emoji"),
        }))))
    }
}

/// The channel that an invite leads to.
pub(crate) fn channel_of(invite: &Object) -> u64 {
    let channel = invite.get("channel").and_then(|channel| channel.get("id"));
    channel.and_then(snowflake).unwrap_or_default()
}

const CODE_LENGTH: usize = 8;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
