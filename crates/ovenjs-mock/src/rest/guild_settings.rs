//! What a guild says of itself: its own fields, preview, vanity URL, incidents, integrations, invites.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    world::{World, audit::action, guild, guild_channel::kind, permission},
};

use super::{Call, Done, done, fields, ok, roles};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = call.id("guild_id");
    Some(match call.operation.as_str() {
        "get_guild" => world.in_guild(guild).and_then(|()| {
            ok(world
                .guild(guild, call.asks("with_counts"))
                .unwrap_or_default())
        }),
        "update_guild" => update(call, world),
        "get_guild_preview" => preview(world, guild),
        "get_guild_vanity_url" => vanity(world, guild),
        "update_guild_incident_actions" => set_incidents(call, world),
        "list_guild_integrations" => integrations(world, guild),
        "delete_guild_integration" => remove_integration(call, world),
        "list_guild_invites" => invites(world, guild),
        // Nobody has furnished a welcome for new members; Discord then answers with nothing.
        "get_guild_new_member_welcome" => world.in_guild(guild).and_then(|()| done()),
        _ => return None,
    })
}

fn update(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let Some(before) = world.guilds.get(&guild).map(|room| room.object.clone()) else {
        return Err(Failure::unknown(10004));
    };
    let after = settled(world, guild, before.clone(), &call.fields())?;
    world.change_guild(guild, after.clone());
    record(call, world, guild, &before, &after);
    ok(world.guild(guild, false).unwrap_or_default())
}

/// Writes the entry about a guild whose settings have changed.
pub(super) fn record(call: &Call, world: &mut World, guild: u64, before: &Object, after: &Object) {
    let entry = call
        .entry(world, action::GUILD_UPDATE)
        .on(guild)
        .changed(before, after);
    if !entry.is_idle() {
        world.record(guild, entry);
    }
}

fn settled(world: &World, guild: u64, before: Object, asked: &Object) -> Result<Object, Failure> {
    let mut after = before;
    for (key, value) in asked {
        let value = match key.as_str() {
            "name" => match value.as_str().map(str::trim) {
                Some(name) if name.chars().count() >= 2 => name.into(),
                _ => {
                    return Err(Failure::form(
                        &["name"],
                        "BASE_TYPE_BAD_LENGTH",
                        "Must be between 2 and 100 in length.",
                    ));
                }
            },
            "description" => value.clone(),
            // Null leaves the choice to Discord.
            "region" => value.as_str().unwrap_or(guild::REGION).into(),
            "verification_level"
            | "default_message_notifications"
            | "explicit_content_filter"
            | "system_channel_flags" => asked.int(key).unwrap_or(0).into(),
            "afk_timeout" => asked.int(key).unwrap_or(300).into(),
            "preferred_locale" => value.as_str().unwrap_or("en-US").into(),
            "premium_progress_bar_enabled" => asked.flag(key).unwrap_or(false).into(),
            "icon" => fields::image(key, value)?,
            "splash" => image_with(world, guild, key, value, "INVITE_SPLASH")?,
            "banner" => image_with(world, guild, key, value, "BANNER")?,
            "discovery_splash" => image_with(world, guild, key, value, "DISCOVERABLE")?,
            "home_header" => image_with(world, guild, key, value, "COMMUNITY")?,
            "afk_channel_id" => place(world, guild, key, value, &[kind::VOICE])?,
            "system_channel_id" | "safety_alerts_channel_id" => {
                place(world, guild, key, value, &[kind::TEXT, kind::ANNOUNCEMENT])?
            }
            "rules_channel_id" | "public_updates_channel_id" => {
                place(world, guild, key, value, &[kind::TEXT]).map_err(|failure| {
                    if failure.code == 50035 {
                        Failure::new(
                            400,
                            50086,
                            "Community server channels must be text channels",
                        )
                    } else {
                        failure
                    }
                })?
            }
            _ => continue,
        };
        after.set(key, value);
    }
    if let Some(features) = asked.get("features") {
        let features = features_of(world, guild, &after, features)?;
        after.set("features", features);
    }
    Ok(after)
}

fn image_with(
    world: &World,
    guild: u64,
    key: &str,
    value: &Value,
    feature: &str,
) -> Result<Value, Failure> {
    if !value.is_null() && !world.has_feature(guild, feature) {
        return Err(roles::needs_boosts());
    }
    fields::image(key, value)
}

/// A channel of the guild of one of these types, or none.
fn place(
    world: &World,
    guild: u64,
    key: &str,
    value: &Value,
    kinds: &[u64],
) -> Result<Value, Failure> {
    let Some(id) = snowflake(value) else {
        return Ok(Value::Null);
    };
    let room = world
        .channels
        .get(&id)
        .filter(|room| room.guild == Some(guild))
        .ok_or_else(|| Failure::unknown(10003))?;
    if room
        .object
        .int("type")
        .is_some_and(|kind| kinds.contains(&kind))
    {
        Ok(id.to_string().into())
    } else {
        Err(Failure::form(
            &[key],
            "CHANNEL_TYPE_INVALID",
            "Invalid channel type",
        ))
    }
}

/// The features after an edit. Four of them are for guilds to choose, two of these for
/// administrators; Discord keeps the others as they are.
fn features_of(world: &World, guild: u64, after: &Object, asked: &Value) -> Result<Value, Failure> {
    let asked: Vec<&str> = asked
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut features: Vec<String> = after
        .list("features")
        .iter()
        .filter_map(Value::as_str)
        .filter(|feature| !CHOSEN.contains(feature))
        .map(str::to_owned)
        .collect();
    for feature in CHOSEN {
        let (had, has) = (world.has_feature(guild, feature), asked.contains(&feature));
        if had != has && matches!(feature, "COMMUNITY" | "DISCOVERABLE") {
            world.bot_may_in_guild(guild, permission::ADMINISTRATOR)?;
        }
        if has {
            features.push(feature.to_owned());
        }
    }
    features.retain(|feature| feature != "NEWS");
    if asked.contains(&"COMMUNITY") {
        for key in ["rules_channel_id", "public_updates_channel_id"] {
            if after.key(key).is_none() {
                return Err(fields::required(key));
            }
        }
        for (key, least) in [("verification_level", 1), ("explicit_content_filter", 2)] {
            if after.int(key).unwrap_or(0) < least {
                return Err(Failure::form(
                    &[key],
                    "NUMBER_TYPE_MIN",
                    &format!("int value should be greater than or equal to {least}."),
                ));
            }
        }
        features.push("NEWS".to_owned());
    }
    features.sort();
    Ok(features.into())
}

fn preview(world: &World, guild: u64) -> Done {
    if !world.has_feature(guild, "DISCOVERABLE") {
        world.in_guild(guild)?;
    }
    let room = world
        .guilds
        .get(&guild)
        .ok_or_else(|| Failure::unknown(10004))?;
    let mut preview = Object::new();
    for key in [
        "id",
        "name",
        "icon",
        "description",
        "splash",
        "discovery_splash",
        "home_header",
        "features",
        "emojis",
        "stickers",
    ] {
        preview.set(key, room.object.get(key).cloned().unwrap_or_default());
    }
    preview.set("approximate_member_count", room.members.len());
    preview.set("approximate_presence_count", world.presence_count(guild));
    ok(Value::Object(preview))
}

fn vanity(world: &World, guild: u64) -> Done {
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let room = world.guilds.get(&guild);
    let code = room.and_then(|room| room.object.text("vanity_url_code"));
    ok(json!({ "code": code, "uses": 0 }))
}

fn set_incidents(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let Some(mut after) = world.guilds.get(&guild).map(|room| room.object.clone()) else {
        return Err(Failure::unknown(10004));
    };
    let asked = call.fields();
    let mut incidents = object(json!({
        "invites_disabled_until": null,
        "dms_disabled_until": null,
    }));
    if let Some(Value::Object(known)) = after.get("incidents_data") {
        incidents.extend(known.clone());
    }
    for key in ["invites_disabled_until", "dms_disabled_until"] {
        if let Some(value) = asked.get(key) {
            let until = fields::time_within(key, value, world.now_ms, LONGEST_INCIDENT_MS)?;
            incidents.set(key, until);
        }
    }
    after.set("incidents_data", incidents.clone());
    world.change_guild(guild, after);
    ok(Value::Object(incidents))
}

fn integrations(world: &World, guild: u64) -> Done {
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let room = world.guilds.get(&guild);
    let known = room.into_iter().flat_map(|room| room.integrations.values());
    ok(known.cloned().map(Value::Object).collect())
}

/// Removes an integration and, where it is an application, its bot.
fn remove_integration(call: &Call, world: &mut World) -> Done {
    let (guild, id) = (call.id("guild_id"), call.id("integration_id"));
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let gone = world
        .guilds
        .get_mut(&guild)
        .and_then(|room| room.integrations.remove(&id))
        .ok_or_else(|| Failure::unknown(10005))?;
    let application = gone.get("application").and_then(Value::as_object);
    let mut data = object(json!({ "id": id.to_string(), "guild_id": guild.to_string() }));
    if let Some(application) = application.and_then(|one| one.get("id")) {
        data.set("application_id", application.clone());
    }
    world.emit("INTEGRATION_DELETE", Some(guild), Value::Object(data));
    let data = json!({ "guild_id": guild.to_string() });
    world.emit("GUILD_INTEGRATIONS_UPDATE", Some(guild), data);
    let entry = call
        .entry(world, action::INTEGRATION_DELETE)
        .on(id)
        .changed(&Object::new(), &Object::new())
        .change("name", gone.get("name").cloned(), Value::Null)
        .option("integration_type", gone.text("type").unwrap_or_default());
    world.record(guild, entry);
    let bot = application
        .and_then(|one| one.get("bot")?.get("id"))
        .and_then(snowflake);
    match bot {
        Some(bot) if bot == world.bot => world.forget_guild(guild),
        Some(bot) => drop(world.leave(guild, bot)),
        None => {}
    }
    done()
}

/// The invites of a guild; how often they were used is for those who manage it.
fn invites(world: &World, guild: u64) -> Done {
    world.in_guild(guild)?;
    let has = world.guild_permissions(guild, world.bot);
    if has & (permission::MANAGE_GUILD | permission::VIEW_AUDIT_LOG) == 0 {
        return Err(Failure::missing_permissions());
    }
    ok(world
        .invites(guild)
        .cloned()
        .map(|mut invite| {
            if has & permission::MANAGE_GUILD == 0 {
                for key in ["uses", "max_uses", "max_age", "temporary", "created_at"] {
                    invite.remove(key);
                }
            }
            Value::Object(invite)
        })
        .collect())
}

/// The features that a guild chooses for itself.
const CHOSEN: [&str; 4] = [
    "COMMUNITY",
    "DISCOVERABLE",
    "INVITES_DISABLED",
    "RAID_ALERTS_DISABLED",
];

/// Incident actions last a day at most.
const LONGEST_INCIDENT_MS: u64 = 86_400_000;
