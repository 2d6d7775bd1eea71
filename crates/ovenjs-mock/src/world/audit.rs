//! The audit log of a guild: who did what to whom, and why.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object, snowflake};

use super::{World, permission};

/// A deed on its way into the log. Deeds are recorded after they are done.
///
/// `world.record(guild, Entry::new(action::MEMBER_KICK, actor).on(member).because(reason))`
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    action: u64,
    actor: u64,
    target: Option<u64>,
    changes: Vec<Value>,
    options: Object,
    reason: Option<String>,
}

impl Entry {
    pub(crate) fn new(action: u64, actor: u64) -> Self {
        Self {
            action,
            actor,
            target: None,
            changes: Vec::new(),
            options: Object::new(),
            reason: None,
        }
    }

    /// Names what the deed was done to: a user, channel, role, webhook and so on.
    pub(crate) fn on(mut self, target: u64) -> Self {
        self.target = Some(target);
        self
    }

    /// Notes one changed field. Null counts as absent, as in Discord's log.
    pub(crate) fn change(
        mut self,
        key: &str,
        old: impl Into<Value>,
        new: impl Into<Value>,
    ) -> Self {
        let mut change = object(json!({ "key": key }));
        for (side, value) in [("old_value", old.into()), ("new_value", new.into())] {
            if !value.is_null() {
                change.set(side, value);
            }
        }
        if change.len() > 1 {
            self.changes.push(Value::Object(change));
        }
        self
    }

    /// Notes every field in which two states of an object differ; an empty `before` is a creation,
    /// an empty `after` a deletion.
    pub(crate) fn changed(mut self, before: &Object, after: &Object) -> Self {
        let new_keys = after.keys().filter(|key| !before.contains_key(*key));
        for key in before.keys().chain(new_keys) {
            let (old, new) = (before.get(key), after.get(key));
            if old != new && !UNLOGGED.contains(&key.as_str()) {
                self = self.change(
                    key,
                    old.cloned().unwrap_or_default(),
                    new.cloned().unwrap_or_default(),
                );
            }
        }
        self
    }

    /// Adds one of the further facts that some actions carry; Discord writes all of them as text.
    pub(crate) fn option(mut self, key: &str, value: impl ToString) -> Self {
        self.options.set(key, value.to_string());
        self
    }

    /// Gives the reason that came with the request.
    pub(crate) fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason.filter(|reason| !reason.is_empty());
        self
    }

    /// Whether the entry tells of no change at all; Discord does not log an edit that edits nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What a reader of the log asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Search {
    pub(crate) user: Option<u64>,
    pub(crate) action: Option<u64>,
    pub(crate) target: Option<u64>,
    pub(crate) before: Option<u64>,
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
}

impl World {
    /// Writes an entry and tells those who may read the log.
    pub(crate) fn record(&mut self, guild: u64, entry: Entry) {
        let id = self.next_id();
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        let mut kept = object(json!({
            "id": id.to_string(),
            "action_type": entry.action,
            "user_id": entry.actor.to_string(),
            "target_id": entry.target.map(|target| target.to_string()),
        }));
        if !entry.changes.is_empty() {
            kept.set("changes", entry.changes);
        }
        if !entry.options.is_empty() {
            kept.set("options", entry.options);
        }
        if let Some(reason) = entry.reason {
            kept.set("reason", reason);
        }
        room.audit_log.push_back(kept.clone());
        while room.audit_log.len() > MAX_KEPT_ENTRIES {
            room.audit_log.pop_front();
        }
        if self.guild_permissions(guild, self.bot) & permission::VIEW_AUDIT_LOG != 0 {
            kept.set("guild_id", guild.to_string());
            self.emit(
                "GUILD_AUDIT_LOG_ENTRY_CREATE",
                Some(guild),
                Value::Object(kept),
            );
        }
    }

    /// The found entries with the objects that they name: newest first, but from `after` on oldest
    /// first.
    pub(crate) fn audit_log(&self, guild: u64, search: Search) -> Value {
        let log = self
            .guilds
            .get(&guild)
            .into_iter()
            .flat_map(|room| &room.audit_log);
        let wanted = |key: &str, entry: &Object, asked: Option<u64>| {
            asked.is_none_or(|asked| entry.key(key) == Some(asked))
        };
        let matching = log.filter(|entry| {
            let id = entry.key("id").unwrap_or_default();
            wanted("user_id", entry, search.user)
                && wanted("action_type", entry, search.action)
                && wanted("target_id", entry, search.target)
                && search.before.is_none_or(|before| id < before)
                && search.after.is_none_or(|after| id > after)
        });
        let entries: Vec<&Object> = if search.after.is_some() {
            matching.take(search.limit).collect()
        } else {
            matching.rev().take(search.limit).collect()
        };
        let named = |id: u64| {
            entries
                .iter()
                .any(|entry| entry.key("target_id") == Some(id) || entry.key("user_id") == Some(id))
        };
        let users: Vec<Value> = self
            .users
            .iter()
            .filter(|(id, _)| named(**id))
            .map(|(_, user)| Value::Object(user.clone()))
            .collect();
        let threads: Vec<Value> = self
            .channels
            .iter()
            .filter(|(id, room)| room.thread_parent().is_some() && named(**id))
            .map(|(_, room)| Value::Object(room.object.clone()))
            .collect();
        let room = self.guilds.get(&guild);
        let integrations: Vec<Value> = room
            .into_iter()
            .flat_map(|room| &room.integrations)
            .filter(|(id, _)| named(**id))
            .map(|(_, integration)| partial_integration(integration))
            .collect();
        let commands: Vec<Value> = self
            .commands_of(Some(guild))
            .chain(self.commands_of(None))
            .map(|command| command.shown(true))
            .filter(|command| command.get("id").and_then(snowflake).is_some_and(named))
            .collect();
        let rules: Vec<Value> = self
            .rules(guild)
            .filter(|rule| rule.key("id").is_some_and(named))
            .cloned()
            .map(Value::Object)
            .collect();
        let events: Vec<Value> = self
            .events(guild)
            .filter(|(id, _)| named(*id))
            .filter_map(|(id, _)| self.event_object(guild, id).map(Value::Object))
            .collect();
        let webhooks: Vec<Value> = self
            .webhooks
            .iter()
            .filter(|(id, webhook)| webhook.guild == guild && named(**id))
            .map(|(_, webhook)| Value::Object(webhook.object.clone()))
            .collect();
        json!({
            "application_commands": commands,
            "audit_log_entries": entries,
            "auto_moderation_rules": rules,
            "guild_scheduled_events": events,
            "integrations": integrations,
            "threads": threads,
            "users": users,
            "webhooks": webhooks,
        })
    }
}

fn partial_integration(integration: &Object) -> Value {
    let mut partial: Object = ["id", "name", "type", "account"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), integration.get(key)?.clone())))
        .collect();
    let application = integration.get("application");
    if let Some(id) = application.and_then(|application| application.get("id")) {
        partial.set("application_id", id.clone());
    }
    Value::Object(partial)
}

/// Discord's numbers of the actions, by its names.
#[expect(
    dead_code,
    reason = "the list is whole, also where the box does not do all of it yet"
)]
pub(crate) mod action {
    pub(crate) const GUILD_UPDATE: u64 = 1;
    pub(crate) const CHANNEL_CREATE: u64 = 10;
    pub(crate) const CHANNEL_UPDATE: u64 = 11;
    pub(crate) const CHANNEL_DELETE: u64 = 12;
    pub(crate) const CHANNEL_OVERWRITE_CREATE: u64 = 13;
    pub(crate) const CHANNEL_OVERWRITE_UPDATE: u64 = 14;
    pub(crate) const CHANNEL_OVERWRITE_DELETE: u64 = 15;
    pub(crate) const MEMBER_KICK: u64 = 20;
    pub(crate) const MEMBER_PRUNE: u64 = 21;
    pub(crate) const MEMBER_BAN_ADD: u64 = 22;
    pub(crate) const MEMBER_BAN_REMOVE: u64 = 23;
    pub(crate) const MEMBER_UPDATE: u64 = 24;
    pub(crate) const MEMBER_ROLE_UPDATE: u64 = 25;
    pub(crate) const MEMBER_MOVE: u64 = 26;
    pub(crate) const MEMBER_DISCONNECT: u64 = 27;
    pub(crate) const BOT_ADD: u64 = 28;
    pub(crate) const ROLE_CREATE: u64 = 30;
    pub(crate) const ROLE_UPDATE: u64 = 31;
    pub(crate) const ROLE_DELETE: u64 = 32;
    pub(crate) const INVITE_CREATE: u64 = 40;
    pub(crate) const INVITE_UPDATE: u64 = 41;
    pub(crate) const INVITE_DELETE: u64 = 42;
    pub(crate) const WEBHOOK_CREATE: u64 = 50;
    pub(crate) const WEBHOOK_UPDATE: u64 = 51;
    pub(crate) const WEBHOOK_DELETE: u64 = 52;
    pub(crate) const EMOJI_CREATE: u64 = 60;
    pub(crate) const EMOJI_UPDATE: u64 = 61;
    pub(crate) const EMOJI_DELETE: u64 = 62;
    pub(crate) const MESSAGE_DELETE: u64 = 72;
    pub(crate) const MESSAGE_BULK_DELETE: u64 = 73;
    pub(crate) const MESSAGE_PIN: u64 = 74;
    pub(crate) const MESSAGE_UNPIN: u64 = 75;
    pub(crate) const INTEGRATION_CREATE: u64 = 80;
    pub(crate) const INTEGRATION_UPDATE: u64 = 81;
    pub(crate) const INTEGRATION_DELETE: u64 = 82;
    pub(crate) const STAGE_INSTANCE_CREATE: u64 = 83;
    pub(crate) const STAGE_INSTANCE_UPDATE: u64 = 84;
    pub(crate) const STAGE_INSTANCE_DELETE: u64 = 85;
    pub(crate) const STICKER_CREATE: u64 = 90;
    pub(crate) const STICKER_UPDATE: u64 = 91;
    pub(crate) const STICKER_DELETE: u64 = 92;
    pub(crate) const GUILD_SCHEDULED_EVENT_CREATE: u64 = 100;
    pub(crate) const GUILD_SCHEDULED_EVENT_UPDATE: u64 = 101;
    pub(crate) const GUILD_SCHEDULED_EVENT_DELETE: u64 = 102;
    pub(crate) const THREAD_CREATE: u64 = 110;
    pub(crate) const THREAD_UPDATE: u64 = 111;
    pub(crate) const THREAD_DELETE: u64 = 112;
    pub(crate) const APPLICATION_COMMAND_PERMISSION_UPDATE: u64 = 121;
    pub(crate) const SOUNDBOARD_SOUND_CREATE: u64 = 130;
    pub(crate) const SOUNDBOARD_SOUND_UPDATE: u64 = 131;
    pub(crate) const SOUNDBOARD_SOUND_DELETE: u64 = 132;
    pub(crate) const AUTO_MODERATION_RULE_CREATE: u64 = 140;
    pub(crate) const AUTO_MODERATION_RULE_UPDATE: u64 = 141;
    pub(crate) const AUTO_MODERATION_RULE_DELETE: u64 = 142;
    pub(crate) const AUTO_MODERATION_BLOCK_MESSAGE: u64 = 143;
    pub(crate) const AUTO_MODERATION_FLAG_TO_CHANNEL: u64 = 144;
    pub(crate) const AUTO_MODERATION_USER_COMM_DISABLED: u64 = 145;
    pub(crate) const AUTO_MODERATION_QUARANTINE_USER: u64 = 146;
    pub(crate) const ONBOARDING_PROMPT_CREATE: u64 = 163;
    pub(crate) const ONBOARDING_PROMPT_UPDATE: u64 = 164;
    pub(crate) const ONBOARDING_PROMPT_DELETE: u64 = 165;
    pub(crate) const ONBOARDING_CREATE: u64 = 166;
    pub(crate) const ONBOARDING_UPDATE: u64 = 167;
    pub(crate) const VOICE_CHANNEL_STATUS_CREATE: u64 = 192;
    pub(crate) const VOICE_CHANNEL_STATUS_DELETE: u64 = 193;
    pub(crate) const GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE: u64 = 200;
    pub(crate) const GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE: u64 = 201;
    pub(crate) const GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE: u64 = 202;
}

/// Fields that say which object it is, or that Discord changes by itself.
const UNLOGGED: [&str; 7] = [
    "id",
    "guild_id",
    "position",
    "last_message_id",
    "last_pin_timestamp",
    "version",
    "permission_overwrites",
];

/// A guild forgets its oldest entries beyond this. Discord keeps them for 45 days; a test that reads
/// further back than this does not exist.
const MAX_KEPT_ENTRIES: usize = 5000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_log_forgets_its_oldest_entries() {
        let mut world = World::new(&Config::default(), 1_800_000_000_000);
        let (guild, bot) = (world.default_guild, world.bot);
        for target in 1..=MAX_KEPT_ENTRIES + 2 {
            let entry = Entry::new(action::MEMBER_KICK, bot).option("count", target);
            world.record(guild, entry);
        }
        let log = &world.guilds.get(&guild).unwrap().audit_log;
        assert_eq!(log.len(), MAX_KEPT_ENTRIES);
        let first = log.front().unwrap().get("options").unwrap();
        assert_eq!(*first, json!({ "count": "3" }));
    }

    #[test]
    fn an_entry_tells_what_differs() {
        let before = object(json!({ "id": "1", "name": "rye", "topic": "dark", "nsfw": false }));
        let after =
            object(json!({ "id": "2", "name": "oat", "topic": null, "nsfw": false, "flags": 1 }));
        let entry = Entry::new(action::CHANNEL_UPDATE, 1).changed(&before, &after);
        assert_eq!(
            entry.changes,
            [
                json!({ "key": "name", "old_value": "rye", "new_value": "oat" }),
                json!({ "key": "topic", "old_value": "dark" }),
                json!({ "key": "flags", "new_value": 1 }),
            ]
        );
        assert!(
            Entry::new(action::CHANNEL_UPDATE, 1)
                .changed(&after, &after)
                .is_idle()
        );
    }
}
