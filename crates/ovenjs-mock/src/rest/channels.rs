//! The channels of guilds, and groups. Threads are another room's.
//!
//! The file is long because each kind of channel takes other fields, and all stand in one form.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake, whole},
    world::{World, audit::action, guild_channel::kind, permission},
};

use super::{Call, Done, done, fields, ok, overwrites};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let channel = call.id("channel_id");
    let is_thread = world
        .channels
        .get(&channel)
        .is_some_and(|room| room.thread_parent().is_some());
    Some(match call.operation.as_str() {
        "get_channel" => get(world, channel),
        "list_guild_channels" => list(call, world),
        "create_guild_channel" => create(call, world),
        "bulk_update_guild_channels" => reorder(call, world),
        "update_channel" if !is_thread => update(call, world),
        "delete_channel" if !is_thread => delete(call, world),
        "update_voice_channel_status" => set_voice_status(call, world),
        "create_dm" => create_dm(call, world),
        "add_group_dm_user" => add_recipient(call, world),
        "delete_group_dm_user" => remove_recipient(call, world),
        _ => return None,
    })
}

fn get(world: &World, channel: u64) -> Done {
    let room = world.channel(channel)?;
    world.bot_may(channel, 0)?;
    ok(Value::Object(room.object.clone()))
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let channels = world.guild_channels(guild).into_iter();
    ok(channels
        .filter_map(|id| world.channels.get(&id))
        .map(|room| Value::Object(room.object.clone()))
        .collect())
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_CHANNELS)?;
    let asked = call.fields();
    let kind = asked.int("type").unwrap_or(kind::TEXT);
    let known = world.guild_channels(guild);
    if known.len() >= MAX_CHANNELS {
        return Err(Failure::new(
            400,
            30013,
            "Maximum number of guild channels reached (500)",
        ));
    }
    check_kind(world, guild, kind)?;
    let position = known
        .iter()
        .filter_map(|id| world.channels.get(id)?.object.int("position"))
        .max()
        .map_or(0, |last| last + 1);
    let mut blank = blank(kind);
    blank.set("guild_id", guild.to_string());
    blank.set("position", position);
    let channel = settled(world, guild, None, blank, &asked)?;
    let id = world.open_channel(guild, channel.clone());
    let overwrites = channel.get("permission_overwrites").cloned();
    let entry = call
        .entry(world, action::CHANNEL_CREATE)
        .on(id)
        .changed(&Object::new(), &channel)
        .change("permission_overwrites", Value::Null, overwrites);
    world.record(guild, entry);
    Ok((201, Some(Value::Object(world.channel(id)?.object.clone()))))
}

fn update(call: &Call, world: &mut World) -> Done {
    let id = call.id("channel_id");
    let before = world.channel(id)?.object.clone();
    let asked = call.fields();
    let Some(guild) = world.channel_guild(id) else {
        return update_group(world, id, before, &asked);
    };
    world.bot_may(id, permission::MANAGE_CHANNELS)?;
    let mut next = before.clone();
    if let Some(wanted) = asked.int("type")
        && before.int("type") != Some(wanted)
    {
        let convertible = |kind| matches!(kind, Some(kind::TEXT | kind::ANNOUNCEMENT));
        if !convertible(Some(wanted)) || !convertible(before.int("type")) {
            return Err(fields::no_choice("type", "0, 5"));
        }
        check_kind(world, guild, wanted)?;
        next.set("type", wanted);
    }
    let after = settled(world, guild, Some(id), next, &asked)?;
    world.change_channel(id, after.clone());
    let entry = call
        .entry(world, action::CHANNEL_UPDATE)
        .on(id)
        .changed(&before, &after);
    if !entry.is_idle() {
        world.record(guild, entry);
    }
    overwrites::record_all(call, world, guild, id, &before, &after);
    ok(Value::Object(after))
}

/// Of channels without a guild, only groups can be changed.
fn update_group(world: &mut World, id: u64, before: Object, asked: &Object) -> Done {
    if before.int("type") != Some(kind::GROUP_DM) {
        return Err(direct_message());
    }
    let mut after = before;
    if let Some(name) = asked.get("name") {
        after.set("name", name.clone());
    }
    if let Some(icon) = asked.get("icon") {
        after.set("icon", fields::image("icon", icon)?);
    }
    world.change_channel(id, after.clone());
    ok(Value::Object(after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let id = call.id("channel_id");
    let before = world.channel(id)?.object.clone();
    let Some(guild) = world.channel_guild(id) else {
        // A closed conversation is only out of sight, and is there again when someone speaks; a
        // group is left.
        if before.int("type") == Some(kind::GROUP_DM) {
            world.close_channel(id);
        }
        return ok(Value::Object(before));
    };
    world.bot_may(id, permission::MANAGE_CHANNELS)?;
    let is_needed = world.guilds.get(&guild).is_some_and(|room| {
        ["rules_channel_id", "public_updates_channel_id"]
            .iter()
            .any(|place| room.object.key(place) == Some(id))
    });
    if is_needed && world.has_feature(guild, "COMMUNITY") {
        return Err(Failure::new(
            400,
            50074,
            "Cannot delete a channel required for Community guilds",
        ));
    }
    world.close_channel(id);
    let entry = call
        .entry(world, action::CHANNEL_DELETE)
        .on(id)
        .changed(&before, &Object::new());
    world.record(guild, entry);
    ok(Value::Object(before))
}

fn reorder(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_CHANNELS)?;
    let moves: Vec<Object> = call
        .body
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_object().cloned())
        .collect();
    if moves
        .iter()
        .any(|one| one.flag("lock_permissions") == Some(true))
    {
        world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
    }
    let mut changed = Vec::new();
    let mut new_parents = 0;
    for one in &moves {
        let id = one.key("id").ok_or_else(|| fields::required("id"))?;
        let room = world.channel(id)?;
        if room.guild != Some(guild) || room.thread_parent().is_some() {
            return Err(Failure::unknown(10003));
        }
        let mut after = room.object.clone();
        if let Some(position) = one.int("position") {
            after.set("position", position);
        }
        if let Some(parent) = one.get("parent_id") {
            let old = after.key("parent_id");
            let kind = after.int("type").unwrap_or(0);
            after.set(
                "parent_id",
                parent_of(world, guild, Some(id), kind, parent)?,
            );
            new_parents += usize::from(after.key("parent_id") != old);
        }
        if one.flag("lock_permissions") == Some(true)
            && let Some(parent) = after.key("parent_id")
        {
            let overwrites = world.channel(parent)?.object.list("permission_overwrites");
            after.set("permission_overwrites", overwrites.to_vec());
        }
        changed.push((id, after));
    }
    if new_parents > 1 {
        return Err(Failure::new(
            400,
            40009,
            "Only one channel can have a parent_id modified at a time",
        ));
    }
    for (id, after) in changed {
        world.change_channel(id, after);
    }
    done()
}

fn set_voice_status(call: &Call, world: &mut World) -> Done {
    let id = call.id("channel_id");
    let room = world.channel(id)?;
    let (Some(guild), Some(kind::VOICE)) = (room.guild, room.object.int("type")) else {
        return Err(wrong_kind());
    };
    let inside = world
        .voice_state(guild, world.bot)
        .is_some_and(|state| state.key("channel_id") == Some(id));
    let mut bits = permission::SET_VOICE_CHANNEL_STATUS;
    if !inside {
        bits |= permission::MANAGE_CHANNELS;
    }
    world.bot_may(id, bits)?;
    let status = call
        .fields()
        .text("status")
        .filter(|status| !status.is_empty())
        .map(str::to_owned);
    if world.set_voice_status(guild, id, status.clone()) {
        let entry = match &status {
            Some(status) => call
                .entry(world, action::VOICE_CHANNEL_STATUS_CREATE)
                .option("status", status),
            None => call.entry(world, action::VOICE_CHANNEL_STATUS_DELETE),
        };
        world.record(guild, entry.on(id).option("channel_id", id));
    }
    done()
}

fn create_dm(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let tokens = asked.list("access_tokens");
    let id = if tokens.is_empty() {
        world.direct_channel(asked.key("recipient_id").unwrap_or_default())?
    } else {
        let users = tokens
            .iter()
            .filter_map(Value::as_str)
            .map(|token| world.bearer_of(token, "gdm.join"))
            .collect::<Result<BTreeSet<u64>, Failure>>()?;
        world.open_group(&users)?
    };
    ok(Value::Object(world.channel(id)?.object.clone()))
}

fn add_recipient(call: &Call, world: &mut World) -> Done {
    let id = in_group(call, world)?;
    let user = call.id("user_id");
    let token = call.fields();
    let bearer = world.bearer_of(token.text("access_token").unwrap_or_default(), "gdm.join")?;
    if bearer != user {
        return Err(Failure::new(400, 50033, "Invalid Recipient(s)"));
    }
    if world.set_recipient(id, user, true)? {
        let channel = world.channel(id)?.object.clone();
        return Ok((201, Some(Value::Object(channel))));
    }
    done()
}

fn remove_recipient(call: &Call, world: &mut World) -> Done {
    let id = in_group(call, world)?;
    if world.set_recipient(id, call.id("user_id"), false)? {
        done()
    } else {
        Err(Failure::unknown(10013))
    }
}

fn in_group(call: &Call, world: &World) -> Result<u64, Failure> {
    let id = call.id("channel_id");
    if world.channel(id)?.object.int("type") == Some(kind::GROUP_DM) {
        Ok(id)
    } else {
        Err(wrong_kind())
    }
}

/// Whether a guild can have a channel of that type.
fn check_kind(world: &World, guild: u64, kind: u64) -> Result<(), Failure> {
    let community = world.has_feature(guild, "COMMUNITY");
    match kind {
        kind::TEXT | kind::VOICE | kind::CATEGORY | kind::FORUM => Ok(()),
        kind::ANNOUNCEMENT | kind::STAGE | kind::MEDIA if community => Ok(()),
        _ if community => Err(fields::no_choice("type", "0, 2, 4, 5, 13, 15, 16")),
        _ => Err(fields::no_choice("type", "0, 2, 4, 15")),
    }
}

/// The fields of a channel that nobody has touched.
fn blank(kind: u64) -> Object {
    let mut channel = object(json!({
        "type": kind,
        "name": "",
        "parent_id": null,
        "flags": 0,
        "permission_overwrites": [],
    }));
    let own = match kind {
        kind::CATEGORY => json!({}),
        kind::VOICE | kind::STAGE => json!({
            "last_message_id": null,
            "nsfw": false,
            "rate_limit_per_user": 0,
            "bitrate": 64_000,
            "user_limit": 0,
            "rtc_region": null,
        }),
        kind::FORUM => json!({
            "topic": null,
            "last_message_id": null,
            "nsfw": false,
            "rate_limit_per_user": 0,
            "available_tags": [],
            "default_reaction_emoji": null,
            "default_sort_order": null,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
        }),
        kind::MEDIA => json!({
            "topic": null,
            "last_message_id": null,
            "nsfw": false,
            "rate_limit_per_user": 0,
            "available_tags": [],
            "default_reaction_emoji": null,
            "default_sort_order": null,
            "default_thread_rate_limit_per_user": 0,
        }),
        _ => json!({
            "topic": null,
            "last_message_id": null,
            "last_pin_timestamp": null,
            "nsfw": false,
            "rate_limit_per_user": 0,
        }),
    };
    channel.extend(object(own));
    channel
}

/// What can be set on a channel of that type; Discord passes over the rest.
fn settable(kind: u64) -> &'static [&'static str] {
    match kind {
        kind::CATEGORY => &["name", "position", "permission_overwrites"],
        kind::VOICE | kind::STAGE => &[
            "name",
            "position",
            "permission_overwrites",
            "parent_id",
            "nsfw",
            "rate_limit_per_user",
            "bitrate",
            "user_limit",
            "rtc_region",
            "video_quality_mode",
        ],
        kind::FORUM => &[
            "name",
            "position",
            "permission_overwrites",
            "parent_id",
            "topic",
            "nsfw",
            "rate_limit_per_user",
            "flags",
            "available_tags",
            "default_reaction_emoji",
            "default_sort_order",
            "default_forum_layout",
            "default_tag_setting",
            "default_thread_rate_limit_per_user",
            "default_auto_archive_duration",
        ],
        kind::MEDIA => &[
            "name",
            "position",
            "permission_overwrites",
            "parent_id",
            "topic",
            "nsfw",
            "rate_limit_per_user",
            "flags",
            "available_tags",
            "default_reaction_emoji",
            "default_sort_order",
            "default_tag_setting",
            "default_thread_rate_limit_per_user",
            "default_auto_archive_duration",
        ],
        _ => &[
            "name",
            "position",
            "permission_overwrites",
            "parent_id",
            "topic",
            "nsfw",
            "rate_limit_per_user",
            "default_thread_rate_limit_per_user",
            "default_auto_archive_duration",
        ],
    }
}

/// The channel after the form has been applied to it, or the form's first fault.
fn settled(
    world: &mut World,
    guild: u64,
    id: Option<u64>,
    before: Object,
    asked: &Object,
) -> Result<Object, Failure> {
    let kind = before.int("type").unwrap_or(0);
    let defaults = blank(kind);
    let mut after = before.clone();
    for key in settable(kind) {
        let Some(value) = asked.get(*key) else {
            continue;
        };
        let value = match *key {
            "name" => name(kind, value.as_str().unwrap_or_default())?.into(),
            "topic" => {
                let posts = matches!(kind, kind::FORUM | kind::MEDIA);
                let max = if posts { 4096 } else { 1024 };
                fields::text_within(&["topic"], value.as_str().unwrap_or_default(), max)?;
                value.clone()
            }
            "parent_id" => parent_of(world, guild, id, kind, value)?,
            "permission_overwrites" => overwrites::read(world, guild, id, &before, value)?,
            "available_tags" => tags(world, &before, value)?,
            "default_reaction_emoji" => match value.as_object() {
                Some(emoji) => fields::emoji(emoji),
                None => Value::Null,
            },
            "flags" => {
                let mut known = REQUIRE_TAG;
                if kind == kind::MEDIA {
                    known |= HIDE_MEDIA_DOWNLOAD_OPTIONS;
                }
                (whole(value).unwrap_or(0) & known).into()
            }
            "bitrate" => bitrate(world, guild, kind, value)?,
            "user_limit" => {
                let max = if kind == kind::STAGE { 10_000 } else { 99 };
                fields::number_within(&["user_limit"], whole(value).unwrap_or(0), max)?;
                whole(value).unwrap_or(0).into()
            }
            "position" if value.is_null() => before.get(*key).cloned().unwrap_or_default(),
            _ if value.is_null() => match defaults.get(*key) {
                Some(default) => default.clone(),
                None => {
                    after.remove(*key);
                    continue;
                }
            },
            _ => value.clone(),
        };
        after.set(key, value);
    }
    Ok(after)
}

/// Text channels have no capitals and no spaces in their names.
fn name(kind: u64, asked: &str) -> Result<String, Failure> {
    let trimmed = asked.trim();
    if trimmed.is_empty() {
        return Err(fields::required("name"));
    }
    Ok(match kind {
        kind::TEXT | kind::ANNOUNCEMENT | kind::FORUM | kind::MEDIA => trimmed
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join("-"),
        _ => trimmed.to_owned(),
    })
}

fn parent_of(
    world: &World,
    guild: u64,
    id: Option<u64>,
    kind: u64,
    asked: &Value,
) -> Result<Value, Failure> {
    let Some(parent) = snowflake(asked) else {
        return Ok(Value::Null);
    };
    let refuse = |code: &str, message: &str| Err(Failure::form(&["parent_id"], code, message));
    let Some(room) = world
        .channels
        .get(&parent)
        .filter(|room| room.guild == Some(guild))
    else {
        return refuse("CHANNEL_PARENT_INVALID", "Category does not exist");
    };
    if room.object.int("type") != Some(kind::CATEGORY) {
        return refuse("CHANNEL_PARENT_INVALID_TYPE", "Not a category");
    }
    if kind == kind::CATEGORY {
        return refuse(
            "CHANNEL_PARENT_INVALID_PARENT",
            "Categories cannot have subcategories",
        );
    }
    let children = world.guild_channels(guild).into_iter().filter(|child| {
        Some(*child) != id
            && world
                .channels
                .get(child)
                .is_some_and(|child| child.object.key("parent_id") == Some(parent))
    });
    if children.count() >= MAX_IN_CATEGORY {
        return refuse(
            "CHANNEL_PARENT_MAX_CHANNELS",
            "Maximum number of channels in category reached (50)",
        );
    }
    Ok(parent.to_string().into())
}

fn bitrate(world: &World, guild: u64, kind: u64, asked: &Value) -> Result<Value, Failure> {
    let tier = world
        .guilds
        .get(&guild)
        .and_then(|room| room.object.int("premium_tier"));
    let max = match tier {
        _ if kind == kind::STAGE => 64_000,
        Some(1) => 128_000,
        Some(2) => 256_000,
        Some(3) => 384_000,
        _ => 96_000,
    };
    let wanted = whole(asked).unwrap_or(64_000);
    if wanted > max {
        return Err(Failure::new(
            400,
            30052,
            "Bitrate is too high for channel of this type",
        ));
    }
    Ok(wanted.into())
}

/// The tags of a forum: those that name a known id keep it, the others get a new one.
fn tags(world: &mut World, before: &Object, asked: &Value) -> Result<Value, Failure> {
    let known: BTreeSet<u64> = before
        .list("available_tags")
        .iter()
        .filter_map(|tag| snowflake(tag.get("id")?))
        .collect();
    let mut names = BTreeSet::new();
    let mut tags = Vec::new();
    let asked = asked.as_array().into_iter().flatten();
    for (place, tag) in asked.filter_map(Value::as_object).enumerate() {
        let name = tag.text("name").unwrap_or_default();
        let path = ["available_tags", &place.to_string(), "name"];
        fields::text_within(&path, name, MAX_TAG_NAME)?;
        if name.is_empty() {
            return Err(Failure::form(
                &path,
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        if !names.insert(name.to_owned()) {
            return Err(Failure::new(400, 40061, "Tag names must be unique"));
        }
        let id = match tag.key("id").filter(|id| known.contains(id)) {
            Some(id) => id,
            None => world.next_id(),
        };
        let mut settled = object(fields::emoji(tag));
        settled.set("id", id.to_string());
        settled.set("name", name);
        settled.set("moderated", tag.flag("moderated").unwrap_or(false));
        tags.push(Value::Object(settled));
    }
    Ok(tags.into())
}

pub(super) fn wrong_kind() -> Failure {
    Failure::new(400, 50024, "Cannot execute action on this channel type")
}

pub(super) fn direct_message() -> Failure {
    Failure::new(403, 50003, "Cannot execute action on a DM channel")
}

/// The flag of forums in which every post needs a tag.
const REQUIRE_TAG: u64 = 1 << 4;

/// The flag of a media channel whose files cannot be downloaded from the menu.
const HIDE_MEDIA_DOWNLOAD_OPTIONS: u64 = 1 << 15;

/// Discord's bound on the channels of a guild, categories among them.
const MAX_CHANNELS: usize = 500;

/// Discord's bound on the channels in one category.
const MAX_IN_CATEGORY: usize = 50;

/// Discord's bound on the name of a forum tag.
const MAX_TAG_NAME: usize = 20;
