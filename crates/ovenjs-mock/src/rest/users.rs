//! The gateway's address, the application, users, and direct message channels.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object},
    world::World,
};

use super::{Call, Done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "get_gateway" => ok(json!({ "url": gateway_url(world) })),
        "get_bot_gateway" => ok(json!({
            "url": gateway_url(world),
            "shards": call.setting.shards,
            "session_start_limit": {
                "total": call.setting.session_starts,
                "remaining": call.setting.starts_left,
                "reset_after": 86_400_000,
                "max_concurrency": call.setting.max_concurrency,
            },
        })),
        "get_my_user" => ok(world.me()),
        "update_my_user" => {
            let fields = call.fields();
            let bot = world.bot;
            if let (Some(name), Some(user)) = (fields.text("username"), world.users.get_mut(&bot)) {
                user.set("username", name);
            }
            let me = world.me();
            world.emit("USER_UPDATE", None, me.clone());
            ok(me)
        }
        "get_user" => match world.user(call.id("user_id")) {
            Value::Null => Err(Failure::unknown(10013)),
            user => ok(user),
        },
        "get_my_application" | "get_my_oauth2_application" => ok(application(world)),
        "list_my_guilds" => {
            let after = call
                .query("after")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0_u64);
            let guilds = world.guilds.keys().copied().filter(|guild| *guild > after);
            let guilds: Vec<Value> = guilds
                .take(call.limit(200))
                .filter_map(|guild| partial_guild(world, guild, call.asks("with_counts")))
                .collect();
            ok(guilds.into())
        }
        "create_dm" => {
            let recipient = call.fields().key("recipient_id").unwrap_or_default();
            world
                .direct_channel(recipient)
                .and_then(|channel| ok(Value::Object(world.channel(channel)?.object.clone())))
        }
        _ => return None,
    })
}

fn gateway_url(world: &World) -> String {
    world.origin.replacen("http", "ws", 1)
}

fn application(world: &World) -> Value {
    let mut application = world.application.clone();
    application.set("bot", world.user(world.bot));
    application.set("approximate_guild_count", world.guilds.len());
    // A field of old that some clients still read, and the schema has dropped.
    application.remove("summary");
    Value::Object(application)
}

fn partial_guild(world: &World, guild: u64, with_counts: bool) -> Option<Value> {
    let room = world.guilds.get(&guild)?;
    let mut partial = object(json!({
        "id": guild.to_string(),
        "name": room.object.get("name"),
        "icon": null,
        "banner": null,
        "owner": false,
        "permissions": world.guild_permissions(guild, world.bot).to_string(),
        "features": [],
    }));
    if with_counts {
        partial.set("approximate_member_count", room.members.len());
        partial.set("approximate_presence_count", room.members.len());
    }
    Some(Value::Object(partial))
}
