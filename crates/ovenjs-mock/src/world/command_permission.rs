//! Who may use a command, where: what a guild says of it, over what the command asks for.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object, snowflake};

use super::{
    World,
    audit::{Entry, action},
    permission,
};

impl World {
    /// What a guild says of a command, or of all commands by the application's id.
    pub(crate) fn command_permissions(&self, guild: u64, command: u64) -> Option<Value> {
        let kept = self.command_permissions.get(&(guild, command))?;
        Some(self.shown_permissions(guild, command, kept))
    }

    /// All that a guild says of the application's commands.
    pub(crate) fn all_command_permissions(&self, guild: u64) -> Value {
        let of_guild = self
            .command_permissions
            .range((guild, 0)..=(guild, u64::MAX));
        of_guild
            .map(|((_, command), kept)| self.shown_permissions(guild, *command, kept))
            .collect()
    }

    fn shown_permissions(&self, guild: u64, command: u64, kept: &[Object]) -> Value {
        let permissions: Value = kept.iter().cloned().map(Value::Object).collect();
        json!({
            "id": command.to_string(),
            "application_id": self.application_id().to_string(),
            "guild_id": guild.to_string(),
            "permissions": permissions,
        })
    }

    /// A member sets what its guild says of a command; nothing said is nothing kept.
    pub(crate) fn set_command_permissions(
        &mut self,
        guild: u64,
        command: u64,
        by: u64,
        permissions: Vec<Object>,
    ) -> Value {
        let key = (guild, command);
        let before = self.command_permissions.remove(&key).unwrap_or_default();
        let shown = self.shown_permissions(guild, command, &permissions);
        if before != permissions {
            let mut entry = Entry::new(action::APPLICATION_COMMAND_PERMISSION_UPDATE, by)
                .on(command)
                .option("application_id", self.application_id());
            let about = |list: &[Object], id: u64| {
                let found = list.iter().find(|one| one.key("id") == Some(id));
                found.cloned().map_or(Value::Null, Value::Object)
            };
            let ids: std::collections::BTreeSet<u64> = before
                .iter()
                .chain(&permissions)
                .filter_map(|one| one.key("id"))
                .collect();
            for id in ids {
                let (old, new) = (about(&before, id), about(&permissions, id));
                if old != new {
                    entry = entry.change(&id.to_string(), old, new);
                }
            }
            self.record(guild, entry);
            self.emit(
                "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
                Some(guild),
                shown.clone(),
            );
        }
        if !permissions.is_empty() {
            self.command_permissions.insert(key, permissions);
        }
        shown
    }

    /// Refuses with the reason when a user may not use a command in a channel.
    pub(crate) fn may_use(&self, command: u64, user: u64, channel: u64) -> Result<(), String> {
        let Some(known) = self.commands.iter().find(|known| known.id() == command) else {
            return Ok(());
        };
        let name = known.name();
        let Some(guild) = self.channel_guild(channel) else {
            let contexts = known.object.get("contexts").and_then(Value::as_array);
            let in_private = contexts.map_or_else(
                || known.object.flag("dm_permission") != Some(false),
                |contexts| contexts.iter().any(|one| *one == BOT_DM),
            );
            return if in_private {
                Ok(())
            } else {
                Err(format!("the command {name} is not for direct messages"))
            };
        };
        let contexts = known.object.get("contexts").and_then(Value::as_array);
        if contexts.is_some_and(|contexts| !contexts.iter().any(|one| *one == GUILD)) {
            return Err(format!("the command {name} is not for guilds"));
        }
        let room = self.channels.get(&channel);
        let is_mature = room.is_some_and(|room| {
            let parent = room.thread_parent().and_then(|id| self.channels.get(&id));
            parent.unwrap_or(room).object.flag("nsfw") == Some(true)
        });
        if known.object.flag("nsfw") == Some(true) && !is_mature {
            return Err(format!(
                "the command {name} is age-restricted, and the channel is not"
            ));
        }
        let bits = self.channel_permissions(channel, user);
        if bits & permission::ADMINISTRATOR != 0 {
            return Ok(());
        }
        if bits & permission::USE_APPLICATION_COMMANDS == 0 {
            return Err("the user may use no commands in this channel".to_owned());
        }
        let refused = Err(format!("the guild does not let the user use {name} here"));
        if !self.is_open_in(guild, command, channel) {
            return refused;
        }
        if let Some(said) = self.says_of(guild, command, user) {
            return if said { Ok(()) } else { refused };
        }
        if self.says_of(guild, self.application_id(), user) == Some(false) {
            return refused;
        }
        let asked = known.object.get("default_member_permissions");
        match asked.and_then(snowflake) {
            Some(0) => Err(format!("the command {name} is for administrators only")),
            Some(asked) if bits & asked != asked => Err(format!(
                "the command {name} asks for permissions that the user does not have: {}",
                asked & !bits
            )),
            _ => Ok(()),
        }
    }

    /// Whether a command is open in a channel: the command's own word for the channel counts before
    /// its word for all channels, and both before the application's.
    fn is_open_in(&self, guild: u64, command: u64, channel: u64) -> bool {
        let room = self.channels.get(&channel);
        let channel = room
            .and_then(|room| room.thread_parent())
            .unwrap_or(channel);
        let all_channels = guild.saturating_sub(1);
        [command, self.application_id()]
            .into_iter()
            .find_map(|about| {
                let kept = self.command_permissions.get(&(guild, about))?;
                word(kept, CHANNEL, channel).or_else(|| word(kept, CHANNEL, all_channels))
            })
            .unwrap_or(true)
    }

    /// What is said of a user: by name, by roles of which one that may is enough, or of everyone.
    fn says_of(&self, guild: u64, about: u64, user: u64) -> Option<bool> {
        let kept = self.command_permissions.get(&(guild, about))?;
        if let Some(said) = word(kept, USER, user) {
            return Some(said);
        }
        let member = self.guilds.get(&guild)?.members.get(&user)?;
        let roles = member.list("roles").iter().filter_map(snowflake);
        let said: Vec<bool> = roles.filter_map(|role| word(kept, ROLE, role)).collect();
        if said.is_empty() {
            word(kept, ROLE, guild)
        } else {
            Some(said.contains(&true))
        }
    }
}

fn word(kept: &[Object], kind: u64, id: u64) -> Option<bool> {
    kept.iter()
        .find(|one| one.int("type") == Some(kind) && one.key("id") == Some(id))?
        .flag("permission")
}

/// A permission as it is kept and shown.
pub(crate) fn settled(asked: &Object) -> Object {
    object(json!({
        "id": asked.key("id").unwrap_or_default().to_string(),
        "type": asked.int("type").unwrap_or_default(),
        "permission": asked.flag("permission").unwrap_or_default(),
    }))
}

pub(crate) const ROLE: u64 = 1;
pub(crate) const USER: u64 = 2;
pub(crate) const CHANNEL: u64 = 3;

/// The contexts of a command: guilds, and direct messages with the bot.
const GUILD: u64 = 0;
const BOT_DM: u64 = 1;
