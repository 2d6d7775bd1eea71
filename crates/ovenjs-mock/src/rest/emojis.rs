//! The emojis of guilds and of the application.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{World, audit::action, permission},
};

use super::{Call, Done, commands, done, expressions, expressions::shown, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_guild_emojis" => list(call, world),
        "get_guild_emoji" => get(call, world),
        "create_guild_emoji" => create(call, world),
        "update_guild_emoji" => update(call, world),
        "delete_guild_emoji" => delete(call, world),
        "list_application_emojis" => commands::is_own(call, world).and_then(|()| list_own(world)),
        "get_application_emoji" => own(call, world).and_then(|emoji| ok(Value::Object(emoji))),
        "create_application_emoji" => create_own(call, world),
        "update_application_emoji" => update_own(call, world),
        "delete_application_emoji" => own(call, world).and_then(|_| {
            world.application_emojis.remove(&call.id("emoji_id"));
            done()
        }),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(world
        .emojis(guild)
        .into_iter()
        .map(|emoji| shown(world, guild, emoji))
        .collect())
}

fn get(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(shown(world, guild, known(call, world)?))
}

fn known(call: &Call, world: &World) -> Result<Object, Failure> {
    let id = call.id("emoji_id");
    let mut emojis = world.emojis(call.id("guild_id")).into_iter();
    emojis
        .find(|emoji| emoji.key("id") == Some(id))
        .ok_or_else(unknown)
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::CREATE_GUILD_EXPRESSIONS)?;
    let mut emoji = new(call, world)?;
    emoji.set("roles", roles(call, world, guild)?);
    let is_animated = emoji.flag("animated");
    let alike = world
        .emojis(guild)
        .iter()
        .filter(|other| other.flag("animated") == is_animated)
        .count();
    let most = world.emoji_slots(guild);
    if alike >= most {
        return Err(if is_animated == Some(true) {
            let message = format!("Maximum number of animated emojis reached ({most})");
            Failure::new(400, 30018, message)
        } else {
            Failure::new(
                400,
                30008,
                format!("Maximum number of emojis reached ({most})"),
            )
        });
    }
    let id = world.next_id();
    emoji.set("id", id.to_string());
    let mut emojis = world.emojis(guild);
    emojis.push(emoji.clone());
    world.set_emojis(guild, emojis);
    let entry = call.entry(world, action::EMOJI_CREATE).on(id).change(
        "name",
        Value::Null,
        emoji.text("name"),
    );
    world.record(guild, entry);
    Ok((201, Some(Value::Object(emoji))))
}

fn update(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    let before = may_change(call, world)?;
    let mut after = before.clone();
    let asked = call.fields();
    if let Some(name) = asked.text("name") {
        after.set("name", checked_name(name)?);
    }
    if asked.contains_key("roles") {
        after.set("roles", roles(call, world, guild)?);
    }
    let id = call.id("emoji_id");
    if after != before {
        let mut emojis = world.emojis(guild);
        for emoji in &mut emojis {
            if emoji.key("id") == Some(id) {
                emoji.clone_from(&after);
            }
        }
        world.set_emojis(guild, emojis);
        let entry = call
            .entry(world, action::EMOJI_UPDATE)
            .on(id)
            .changed(&before, &after);
        world.record(guild, entry);
    }
    ok(Value::Object(after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    let before = may_change(call, world)?;
    let id = call.id("emoji_id");
    let mut emojis = world.emojis(guild);
    emojis.retain(|emoji| emoji.key("id") != Some(id));
    world.set_emojis(guild, emojis);
    let entry = call.entry(world, action::EMOJI_DELETE).on(id).change(
        "name",
        before.text("name"),
        Value::Null,
    );
    world.record(guild, entry);
    done()
}

fn may_change(call: &Call, world: &World) -> Result<Object, Failure> {
    expressions::may_change(world, call.id("guild_id"), known(call, world))
}

fn list_own(world: &World) -> Done {
    let emojis = world.application_emojis.values();
    ok(json!({ "items": emojis.cloned().map(Value::Object).collect::<Vec<_>>() }))
}

fn own(call: &Call, world: &World) -> Result<Object, Failure> {
    commands::is_own(call, world)?;
    let emoji = world.application_emojis.get(&call.id("emoji_id"));
    emoji.cloned().ok_or_else(unknown)
}

fn create_own(call: &Call, world: &mut World) -> Done {
    commands::is_own(call, world)?;
    let mut emoji = new(call, world)?;
    check_unique(world, &emoji, 0)?;
    if world.application_emojis.len() >= MAX_OWN {
        let message = format!("Maximum number of emojis reached ({MAX_OWN})");
        return Err(Failure::new(400, 30008, message));
    }
    let id = world.next_id();
    emoji.set("id", id.to_string());
    world.application_emojis.insert(id, emoji.clone());
    Ok((201, Some(Value::Object(emoji))))
}

fn update_own(call: &Call, world: &mut World) -> Done {
    let mut emoji = own(call, world)?;
    let id = call.id("emoji_id");
    if let Some(name) = call.fields().text("name") {
        emoji.set("name", checked_name(name)?);
        check_unique(world, &emoji, id)?;
    }
    world.application_emojis.insert(id, emoji.clone());
    ok(Value::Object(emoji))
}

/// An application has no two emojis of one name.
fn check_unique(world: &World, emoji: &Object, id: u64) -> Result<(), Failure> {
    let mut others = world.application_emojis.iter();
    if others.any(|(other, known)| *other != id && known.get("name") == emoji.get("name")) {
        return Err(Failure::form(
            &["name"],
            "APPLICATION_EMOJI_NAME_ALREADY_TAKEN",
            "This emoji name is already taken.",
        ));
    }
    Ok(())
}

/// An emoji as the form describes it, still without an id.
fn new(call: &Call, world: &World) -> Result<Object, Failure> {
    let asked = call.fields();
    let name = checked_name(asked.text("name").unwrap_or_default())?.to_owned();
    let image = asked.get("image").cloned().unwrap_or_default();
    fields::image("image", &image)?;
    let image = image.as_str().unwrap_or_default();
    let (_, data) = image.split_once(',').unwrap_or_default();
    if data.len() / 4 * 3 > MAX_BYTES {
        // Discord's documentation says that this refusal has no code of its own.
        return Err(Failure::new(400, 0, "File cannot be larger than 256.0 kb."));
    }
    Ok(object(json!({
        "name": name,
        "roles": [],
        "user": world.user(world.bot),
        "require_colons": true,
        "managed": false,
        "animated": image.starts_with("data:image/gif"),
        "available": true,
    })))
}

fn checked_name(name: &str) -> Result<&str, Failure> {
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(name);
    }
    Err(Failure::form(
        &["name"],
        "STRING_TYPE_REGEX",
        "String value did not match validation regex.",
    ))
}

/// The roles whose members alone may use the emoji.
fn roles(call: &Call, world: &World, guild: u64) -> Result<Value, Failure> {
    let asked = call.fields();
    for id in asked.list("roles").iter().filter(|id| !id.is_null()) {
        world.role(guild, crate::json::snowflake(id).unwrap_or_default())?;
    }
    Ok(asked
        .list("roles")
        .iter()
        .filter(|id| !id.is_null())
        .cloned()
        .collect())
}

fn unknown() -> Failure {
    Failure::new(404, 10014, "Unknown Emoji")
}

/// Discord's bound on the image of an emoji, in bytes.
const MAX_BYTES: usize = 262_144;

/// Discord's bound on the emojis of an application.
const MAX_OWN: usize = 2000;
