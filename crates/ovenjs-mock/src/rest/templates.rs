//! Guild templates.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object},
    world::{World, permission},
};

use super::{Call, Done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "get_guild_template" => match world.guild_of_template(call.text("code")) {
            Some(guild) => shown(world, guild),
            None => Err(Failure::unknown(10057)),
        },
        "list_guild_templates" => list(call, world),
        "create_guild_template" => create(call, world),
        "update_guild_template" => update(call, world),
        "sync_guild_template" => sync(call, world),
        "delete_guild_template" => delete(call, world),
        _ => return None,
    })
}

fn shown(world: &World, guild: u64) -> Done {
    let template = world.template(guild);
    ok(Value::Object(
        template.ok_or_else(|| Failure::unknown(10057))?,
    ))
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let template = world.template(guild);
    ok(template.into_iter().map(Value::Object).collect())
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    if world.template(guild).is_some() {
        return Err(Failure::new(400, 30031, "Guild already has a template"));
    }
    let asked = call.fields();
    let now = world.timestamp();
    let template = object(json!({
        "code": format!("{:x}", world.next_id()),
        "name": asked.get("name"),
        "description": asked.get("description"),
        "usage_count": 0,
        "creator_id": world.bot.to_string(),
        "creator": world.user(world.bot),
        "created_at": now,
        "updated_at": now,
        "source_guild_id": guild.to_string(),
        "serialized_source_guild": world.snapshot(guild),
        "is_dirty": null,
    }));
    if let Some(room) = world.guilds.get_mut(&guild) {
        room.template = Some(template);
    }
    shown(world, guild)
}

fn update(call: &Call, world: &mut World) -> Done {
    let guild = own(call, world)?;
    let asked = call.fields();
    let now = world.timestamp();
    if let Some(template) = world
        .guilds
        .get_mut(&guild)
        .and_then(|room| room.template.as_mut())
    {
        for key in ["name", "description"] {
            if let Some(value) = asked.get(key) {
                template.set(key, value.clone());
            }
        }
        template.set("updated_at", now);
    }
    shown(world, guild)
}

fn sync(call: &Call, world: &mut World) -> Done {
    let guild = own(call, world)?;
    let (now, snapshot) = (world.timestamp(), world.snapshot(guild));
    if let Some(template) = world
        .guilds
        .get_mut(&guild)
        .and_then(|room| room.template.as_mut())
    {
        template.set("serialized_source_guild", snapshot);
        template.set("updated_at", now);
    }
    shown(world, guild)
}

fn delete(call: &Call, world: &mut World) -> Done {
    let guild = own(call, world)?;
    let gone = shown(world, guild);
    if let Some(room) = world.guilds.get_mut(&guild) {
        room.template = None;
    }
    gone
}

/// The guild of the path, if it has the template of the path and the bot manages it.
fn own(call: &Call, world: &World) -> Result<u64, Failure> {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    if world.guild_of_template(call.text("code")) == Some(guild) {
        Ok(guild)
    } else {
        Err(Failure::unknown(10057))
    }
}
