//! Stickers of guilds, and the packs of standard ones.

mod picture;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{World, audit::action, permission, sticker},
};

use super::{Call, Done, done, expressions, expressions::shown, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_guild_stickers" => list(call, world),
        "get_guild_sticker" => get(call, world),
        "create_guild_sticker" => create(call, world),
        "update_guild_sticker" => update(call, world),
        "delete_guild_sticker" => delete(call, world),
        "get_sticker" => any(call, world),
        "list_sticker_packs" => {
            let packs = sticker::packs().into_iter().map(Value::Object);
            ok(json!({ "sticker_packs": packs.collect::<Vec<_>>() }))
        }
        "get_sticker_pack" => pack(call),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(world
        .stickers(guild)
        .into_iter()
        .map(|sticker| shown(world, guild, sticker))
        .collect())
}

fn get(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(shown(world, guild, known(call, world)?))
}

/// A sticker by its id alone, which says nothing of who made it.
fn any(call: &Call, world: &World) -> Done {
    let mut sticker = world.sticker(call.id("sticker_id")).ok_or_else(unknown)?;
    sticker.remove("user");
    ok(Value::Object(sticker))
}

fn pack(call: &Call) -> Done {
    let id = call.id("pack_id");
    let mut packs = sticker::packs().into_iter();
    let pack = packs.find(|pack| pack.key("id") == Some(id));
    let pack = pack.ok_or_else(|| Failure::new(404, 10061, "Unknown sticker pack"))?;
    ok(Value::Object(pack))
}

fn known(call: &Call, world: &World) -> Result<Object, Failure> {
    let id = call.id("sticker_id");
    let mut stickers = world.stickers(call.id("guild_id")).into_iter();
    stickers
        .find(|sticker| sticker.key("id") == Some(id))
        .ok_or_else(unknown)
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::CREATE_GUILD_EXPRESSIONS)?;
    let file = call.files.iter().find(|file| file.field == "file");
    let file = file.ok_or_else(|| fields::required("file"))?;
    let format = picture::format(&file.bytes, has_lottie(world, guild))?;
    let mut made = object(json!({
        "name": "",
        "tags": "",
        "description": "",
        "type": sticker::GUILD,
        "format_type": format,
        "available": true,
        "guild_id": guild.to_string(),
        "user": world.user(world.bot),
    }));
    write(&mut made, &call.fields())?;
    let most = world.sticker_slots(guild);
    let mut stickers = world.stickers(guild);
    if stickers.len() >= most {
        let message = format!("Maximum number of stickers reached ({most})");
        return Err(Failure::new(400, 30039, message));
    }
    let id = world.next_id();
    made.set("id", id.to_string());
    stickers.push(made.clone());
    world.set_stickers(guild, stickers);
    let entry = call.entry(world, action::STICKER_CREATE).on(id);
    world.record(guild, entry.changed(&Object::new(), &logged(&made)));
    Ok((201, Some(Value::Object(made))))
}

fn update(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    let before = expressions::may_change(world, guild, known(call, world))?;
    let mut after = before.clone();
    write(&mut after, &call.fields())?;
    if after != before {
        let id = call.id("sticker_id");
        let mut stickers = world.stickers(guild);
        for sticker in &mut stickers {
            if sticker.key("id") == Some(id) {
                sticker.clone_from(&after);
            }
        }
        world.set_stickers(guild, stickers);
        let entry = call.entry(world, action::STICKER_UPDATE).on(id);
        world.record(guild, entry.changed(&before, &after));
    }
    ok(shown(world, guild, after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    let before = expressions::may_change(world, guild, known(call, world))?;
    let id = call.id("sticker_id");
    let mut stickers = world.stickers(guild);
    stickers.retain(|sticker| sticker.key("id") != Some(id));
    world.set_stickers(guild, stickers);
    let entry = call.entry(world, action::STICKER_DELETE).on(id);
    world.record(guild, entry.changed(&logged(&before), &Object::new()));
    done()
}

/// Writes what the form says into a sticker.
fn write(sticker: &mut Object, asked: &Object) -> Result<(), Failure> {
    for key in ["name", "tags"] {
        if let Some(text) = asked.text(key) {
            sticker.set(key, text.trim());
        }
    }
    match asked.get("description") {
        Some(Value::Null) => sticker.set("description", Value::Null),
        // One character says nothing; none is lawful.
        Some(Value::String(text)) if text.chars().count() == 1 => {
            return Err(Failure::form(
                &["description"],
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 2 and 100 in length.",
            ));
        }
        Some(text) => sticker.set("description", text.clone()),
        None => {}
    }
    Ok(())
}

/// The fields of a sticker that the audit log tells.
fn logged(sticker: &Object) -> Object {
    let mut logged = sticker.clone();
    logged.remove("user");
    logged
}

fn has_lottie(world: &World, guild: u64) -> bool {
    ["VERIFIED", "PARTNERED"]
        .iter()
        .any(|feature| world.has_feature(guild, feature))
}

fn unknown() -> Failure {
    Failure::new(404, 10060, "Unknown sticker")
}
