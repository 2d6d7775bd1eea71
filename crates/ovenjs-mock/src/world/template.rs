//! The template of a guild: a snapshot of its settings, roles and channels.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::json::{Fields, Object, object};

use super::World;

impl World {
    /// The template as REST shows it, dirty when the guild has changed since.
    pub(crate) fn template(&self, guild: u64) -> Option<Object> {
        let mut template = self.guilds.get(&guild)?.template.clone()?;
        let current = Value::Object(self.snapshot(guild));
        let dirty = template.get("serialized_source_guild") != Some(&current);
        template.set("is_dirty", if dirty { json!(true) } else { Value::Null });
        Some(template)
    }

    /// The guild with that template.
    pub(crate) fn guild_of_template(&self, code: &str) -> Option<u64> {
        self.guilds
            .iter()
            .find(|(_, room)| {
                room.template
                    .as_ref()
                    .and_then(|template| template.text("code"))
                    == Some(code)
            })
            .map(|(id, _)| *id)
    }

    /// What a template keeps of a guild. Roles and channels get small numbers for ids; `@everyone`
    /// is 0.
    pub(crate) fn snapshot(&self, guild: u64) -> Object {
        let Some(room) = self.guilds.get(&guild) else {
            return Object::new();
        };
        let roles: BTreeMap<u64, u64> = room.roles.keys().copied().zip(0..).collect();
        let channels: BTreeMap<u64, u64> =
            self.guild_channels(guild).into_iter().zip(1..).collect();
        let field = |key: &str| room.object.get(key).cloned().unwrap_or_default();
        let place = |key: &str| {
            let id = room.object.key(key).and_then(|id| channels.get(&id));
            id.map_or(Value::Null, |id| id.to_string().into())
        };
        let kept_roles: Vec<Value> = room
            .roles
            .iter()
            .filter(|(_, role)| role.flag("managed") != Some(true))
            .map(|(id, role)| {
                let field = |key: &str| role.get(key).cloned().unwrap_or_default();
                json!({
                    "id": roles.get(id),
                    "name": field("name"),
                    "permissions": field("permissions"),
                    "color": field("color"),
                    "colors": field("colors"),
                    "hoist": field("hoist"),
                    "mentionable": field("mentionable"),
                    "icon": field("icon"),
                    "unicode_emoji": field("unicode_emoji"),
                })
            })
            .collect();
        let kept_channels: Vec<Value> = channels
            .iter()
            .filter_map(|(id, number)| {
                let channel = &self.channels.get(id)?.object;
                Some(channel_in_template(channel, *number, &roles, &channels))
            })
            .collect();
        object(json!({
            "name": field("name"),
            "description": field("description"),
            "region": field("region"),
            "verification_level": field("verification_level"),
            "default_message_notifications": field("default_message_notifications"),
            "explicit_content_filter": field("explicit_content_filter"),
            "preferred_locale": field("preferred_locale"),
            "afk_timeout": field("afk_timeout"),
            "afk_channel_id": place("afk_channel_id"),
            "system_channel_id": place("system_channel_id"),
            "system_channel_flags": field("system_channel_flags"),
            "roles": kept_roles,
            "channels": kept_channels,
        }))
    }
}

fn channel_in_template(
    channel: &Object,
    number: u64,
    roles: &BTreeMap<u64, u64>,
    channels: &BTreeMap<u64, u64>,
) -> Value {
    let or = |key: &str, default: Value| channel.get(key).cloned().unwrap_or(default);
    // Only what is said about roles means something elsewhere.
    let overwrites: Vec<Value> = channel
        .list("permission_overwrites")
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|overwrite| {
            let mut kept = overwrite.clone();
            kept.set("id", roles.get(&overwrite.key("id")?)?.to_string());
            Some(Value::Object(kept))
        })
        .collect();
    let parent = channel.key("parent_id").and_then(|id| channels.get(&id));
    // A template has no announcement or stage channels; they become their plain kin.
    let kind = match channel.int("type") {
        Some(5) => 0,
        Some(13) => 2,
        kind => kind.unwrap_or(0),
    };
    json!({
        "id": number,
        "type": kind,
        "name": or("name", Value::Null),
        "position": or("position", json!(0)),
        "topic": or("topic", Value::Null),
        "bitrate": or("bitrate", json!(64_000)),
        "user_limit": or("user_limit", json!(0)),
        "nsfw": or("nsfw", json!(false)),
        "rate_limit_per_user": or("rate_limit_per_user", json!(0)),
        "parent_id": parent.map(u64::to_string),
        "default_auto_archive_duration": or("default_auto_archive_duration", Value::Null),
        "permission_overwrites": overwrites,
        "available_tags": tags(channel),
        "template": "",
        "default_reaction_emoji": or("default_reaction_emoji", Value::Null),
        "default_thread_rate_limit_per_user": or("default_thread_rate_limit_per_user", Value::Null),
        "default_sort_order": or("default_sort_order", Value::Null),
        "default_forum_layout": or("default_forum_layout", Value::Null),
        "default_tag_setting": Value::Null,
        "theme_color": Value::Null,
    })
}

fn tags(channel: &Object) -> Value {
    let Some(Value::Array(tags)) = channel.get("available_tags") else {
        return Value::Null;
    };
    let numbered = tags.iter().filter_map(Value::as_object).zip(1_u64..);
    numbered
        .map(|(tag, number)| {
            let mut tag = tag.clone();
            tag.set("id", number);
            Value::Object(tag)
        })
        .collect()
}
