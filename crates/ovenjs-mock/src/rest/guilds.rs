//! The guilds that the bot is in, and leaving them.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object},
    world::World,
};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = call.id("guild_id");
    Some(match call.operation.as_str() {
        "list_my_guilds" => list(call, world),
        "leave_guild" => leave(world, guild),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let limit = call.limit(200);
    let after = call.number("after").unwrap_or(0);
    let before = call.number("before");
    let mut ids: Vec<u64> = world
        .guilds
        .keys()
        .copied()
        .filter(|id| *id > after && before.is_none_or(|before| *id < before))
        .collect();
    if before.is_some() {
        ids.drain(..ids.len().saturating_sub(limit));
    }
    ids.truncate(limit);
    ok(ids
        .into_iter()
        .filter_map(|guild| partial(world, guild, call.asks("with_counts")))
        .collect())
}

fn partial(world: &World, guild: u64, with_counts: bool) -> Option<Value> {
    let room = world.guilds.get(&guild)?;
    let field = |key: &str| room.object.get(key).cloned().unwrap_or_default();
    let mut partial = object(json!({
        "id": guild.to_string(),
        "name": field("name"),
        "icon": field("icon"),
        "banner": field("banner"),
        "owner": room.object.key("owner_id") == Some(world.bot),
        "permissions": world.guild_permissions(guild, world.bot).to_string(),
        "features": field("features"),
    }));
    if with_counts {
        partial.set("approximate_member_count", room.members.len());
        partial.set("approximate_presence_count", world.presence_count(guild));
    }
    Some(Value::Object(partial))
}

fn leave(world: &mut World, guild: u64) -> Done {
    world.in_guild(guild)?;
    let owns = world
        .guilds
        .get(&guild)
        .is_some_and(|room| room.object.key("owner_id") == Some(world.bot));
    if owns {
        return Err(Failure::new(400, 50055, "Invalid Guild"));
    }
    world.forget_guild(guild);
    done()
}
