//! How new members are received: the welcome screen and onboarding.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    world::{World, audit::action, permission},
};

use super::{Call, Done, fields, guild_settings, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = call.id("guild_id");
    Some(match call.operation.as_str() {
        "get_guild_welcome_screen" => screen(world, guild),
        "update_guild_welcome_screen" => update_screen(call, world),
        "get_guilds_onboarding" => world
            .in_guild(guild)
            .and_then(|()| onboarding(world, guild)),
        "put_guilds_onboarding" => put_onboarding(call, world),
        _ => return None,
    })
}

/// Who does not manage the guild sees the screen only where it is shown.
fn screen(world: &World, guild: u64) -> Done {
    world.in_guild(guild)?;
    let manages = world.guild_permissions(guild, world.bot) & permission::MANAGE_GUILD != 0;
    if !manages && !world.has_feature(guild, SHOWN) {
        return Err(Failure::unknown(10069));
    }
    let room = world.guilds.get(&guild);
    ok(Value::Object(
        room.map(|room| room.welcome_screen.clone())
            .unwrap_or_default(),
    ))
}

fn update_screen(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let asked = call.fields();
    let room = world
        .guilds
        .get(&guild)
        .ok_or_else(|| Failure::unknown(10004))?;
    let (before, old) = (room.object.clone(), room.welcome_screen.clone());
    let (mut after, mut new) = (before.clone(), old.clone());
    if let Some(description) = asked.get("description") {
        new.set("description", description.clone());
    }
    if let Some(channels) = asked.get("welcome_channels") {
        let channels = channels
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|channel| {
                let id = channel.key("channel_id").unwrap_or_default();
                if world.channel_guild(id) != Some(guild) {
                    return Err(Failure::unknown(10003));
                }
                let mut shown = object(fields::emoji(channel));
                shown.set("channel_id", id.to_string());
                shown.set(
                    "description",
                    channel.text("description").unwrap_or_default(),
                );
                Ok(Value::Object(shown))
            })
            .collect::<Result<Vec<Value>, Failure>>()?;
        new.set("welcome_channels", channels);
    }
    if let Some(enabled) = asked.flag("enabled") {
        let mut features: BTreeSet<String> = after
            .list("features")
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if enabled {
            features.insert(SHOWN.to_owned());
        } else {
            features.remove(SHOWN);
        }
        after.set("features", features.into_iter().collect::<Vec<_>>());
    }
    if let Some(room) = world.guilds.get_mut(&guild) {
        room.welcome_screen = new.clone();
    }
    world.change_guild(guild, after.clone());
    let (mut before, mut after) = (before, after);
    before.extend([("welcome_screen".to_owned(), Value::Object(old))]);
    after.extend([("welcome_screen".to_owned(), Value::Object(new.clone()))]);
    guild_settings::record(call, world, guild, &before, &after);
    ok(Value::Object(new))
}

fn onboarding(world: &World, guild: u64) -> Done {
    let room = world
        .guilds
        .get(&guild)
        .ok_or_else(|| Failure::unknown(10004))?;
    ok(Value::Object(room.onboarding.clone()))
}

fn put_onboarding(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD | permission::MANAGE_ROLES)?;
    let before = world
        .guilds
        .get(&guild)
        .ok_or_else(|| Failure::unknown(10004))?
        .onboarding
        .clone();
    let asked = call.fields();
    let mut after = before.clone();
    if let Some(prompts) = asked.get("prompts") {
        let prompts = settled_prompts(world, guild, &before, prompts)?;
        after.set("prompts", prompts);
    }
    if asked.contains_key("default_channel_ids") {
        let path = ["default_channel_ids"];
        after.set(
            "default_channel_ids",
            channel_ids(world, guild, &asked, &path)?,
        );
    }
    if let Some(enabled) = asked.flag("enabled") {
        after.set("enabled", enabled);
    }
    if let Some(mode) = asked.int("mode") {
        after.set("mode", mode);
    }
    let enabled = |one: &Object| one.flag("enabled") == Some(true);
    if enabled(&after) && !is_enough(world, &after) {
        return Err(if enabled(&before) {
            Failure::new(
                400,
                350_001,
                "Cannot update onboarding while below requirements",
            )
        } else {
            Failure::new(
                400,
                350_000,
                "Cannot enable onboarding, requirements are not met",
            )
        });
    }
    if let Some(room) = world.guilds.get_mut(&guild) {
        room.onboarding = after.clone();
    }
    record(call, world, guild, &before, &after);
    ok(Value::Object(after))
}

/// Discord wants seven channels that everyone gets, five of which everyone can write in. In the
/// advanced mode those that a prompt gives count too.
fn is_enough(world: &World, onboarding: &Object) -> bool {
    let mut channels: BTreeSet<u64> = onboarding
        .list("default_channel_ids")
        .iter()
        .filter_map(snowflake)
        .collect();
    if onboarding.int("mode") == Some(ADVANCED) {
        let options = onboarding
            .list("prompts")
            .iter()
            .filter_map(|prompt| prompt.get("options")?.as_array())
            .flatten();
        let given = options.filter_map(|option| option.get("channel_ids")?.as_array());
        channels.extend(given.flatten().filter_map(snowflake));
    }
    let writable = channels.iter().filter(|id| {
        let bits = permission::VIEW_CHANNEL | permission::SEND_MESSAGES;
        world.everyone_permissions(**id) & bits == bits
    });
    channels.len() >= LEAST_CHANNELS && writable.count() >= LEAST_WRITABLE
}

/// The prompts as they will be kept: known ids stay, all others become new ones.
fn settled_prompts(
    world: &mut World,
    guild: u64,
    before: &Object,
    asked: &Value,
) -> Result<Vec<Value>, Failure> {
    let known = by_id(before.list("prompts"));
    let mut prompts = Vec::new();
    let asked = asked.as_array().into_iter().flatten();
    for (place, prompt) in asked.filter_map(Value::as_object).enumerate() {
        let old = prompt.key("id").and_then(|id| known.get(&id));
        let old_options = by_id(old.map_or(&[][..], |old| old.list("options")));
        let mut options = Vec::new();
        let asked = prompt.list("options").iter().filter_map(Value::as_object);
        for (number, option) in asked.enumerate() {
            let (place, number) = (place.to_string(), number.to_string());
            let at = |field| ["prompts", &place, "options", &number, field];
            let channels = channel_ids(world, guild, option, &at("channel_ids"))?;
            let roles = role_ids(world, guild, option, &at("role_ids"))?;
            let old = option.key("id").filter(|id| old_options.contains_key(id));
            let id = old.unwrap_or_else(|| world.next_id());
            options.push(json!({
                "id": id.to_string(),
                "channel_ids": channels,
                "role_ids": roles,
                "title": option.text("title"),
                "description": option.text("description").unwrap_or_default(),
                "emoji": {
                    "id": option.get("emoji_id"),
                    "name": option.get("emoji_name"),
                    "animated": option.flag("emoji_animated").unwrap_or(false),
                },
            }));
        }
        let id = match old.and_then(|old| old.key("id")) {
            Some(id) => id,
            None => world.next_id(),
        };
        prompts.push(json!({
            "id": id.to_string(),
            "type": prompt.int("type").unwrap_or(0),
            "title": prompt.text("title"),
            "options": options,
            "single_select": prompt.flag("single_select").unwrap_or(false),
            "required": prompt.flag("required").unwrap_or(false),
            "in_onboarding": prompt.flag("in_onboarding").unwrap_or(false),
        }));
    }
    Ok(prompts)
}

fn by_id(list: &[Value]) -> BTreeMap<u64, Object> {
    list.iter()
        .filter_map(Value::as_object)
        .filter_map(|one| Some((one.key("id")?, one.clone())))
        .collect()
}

fn channel_ids(world: &World, guild: u64, asked: &Object, path: &[&str]) -> Result<Value, Failure> {
    ids(asked, path, "UNKNOWN_CHANNEL", |id| {
        world.channel_guild(id) == Some(guild)
    })
}

fn role_ids(world: &World, guild: u64, asked: &Object, path: &[&str]) -> Result<Value, Failure> {
    ids(asked, path, "UNKNOWN_ROLE", |id| {
        world.role(guild, id).is_ok()
    })
}

/// The ids in the list at the end of `path`, each of which has to exist.
fn ids(
    asked: &Object,
    path: &[&str],
    code: &str,
    exists: impl Fn(u64) -> bool,
) -> Result<Value, Failure> {
    let key = path.last().copied().unwrap_or_default();
    let mut ids = Vec::new();
    for (place, id) in asked.list(key).iter().filter_map(snowflake).enumerate() {
        if !exists(id) {
            let place = place.to_string();
            let path: Vec<&str> = path.iter().copied().chain([place.as_str()]).collect();
            return Err(Failure::form(&path, code, "It is not in this guild"));
        }
        ids.push(Value::String(id.to_string()));
    }
    Ok(ids.into())
}

fn record(call: &Call, world: &mut World, guild: u64, before: &Object, after: &Object) {
    let (mut old, new) = (by_id(before.list("prompts")), by_id(after.list("prompts")));
    let nothing = Object::new();
    for (id, prompt) in &new {
        let known = old.remove(id);
        let action = if known.is_some() {
            action::ONBOARDING_PROMPT_UPDATE
        } else {
            action::ONBOARDING_PROMPT_CREATE
        };
        let entry = call
            .entry(world, action)
            .on(*id)
            .changed(known.as_ref().unwrap_or(&nothing), prompt);
        if !entry.is_idle() {
            world.record(guild, entry);
        }
    }
    for (id, prompt) in &old {
        let entry = call
            .entry(world, action::ONBOARDING_PROMPT_DELETE)
            .on(*id)
            .changed(prompt, &nothing);
        world.record(guild, entry);
    }
    let entry = call
        .entry(world, action::ONBOARDING_UPDATE)
        .on(guild)
        .changed(before, after);
    if !entry.is_idle() {
        world.record(guild, entry);
    }
}

/// The feature of guilds that show their welcome screen.
const SHOWN: &str = "WELCOME_SCREEN_ENABLED";

/// The mode in which the channels of prompts count.
const ADVANCED: u64 = 1;

/// What Discord asks of a guild before it can turn onboarding on.
const LEAST_CHANNELS: usize = 7;
const LEAST_WRITABLE: usize = 5;
