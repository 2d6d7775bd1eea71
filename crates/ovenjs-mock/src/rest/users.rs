//! The gateway's address, the application and users.

use serde_json::{Value, json};

use crate::{failure::Failure, json::Fields, world::World};

use super::{Call, Done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "get_gateway" => ok(json!({ "url": gateway_url(world) })),
        "get_bot_gateway" => ok(json!({
            "url": gateway_url(world),
            "shards": call.setting.shards,
            "session_start_limit": {
                "total": call.setting.session_starts,
                "remaining": call.setting.starts_left,
                "reset_after": crate::time::millis(call.setting.starts_reset),
                "max_concurrency": call.setting.max_concurrency,
            },
        })),
        "get_my_user" => ok(world.me()),
        "update_my_user" => update(call, world),
        "get_user" => match world.user(call.id("user_id")) {
            Value::Null => Err(Failure::unknown(10013)),
            user => ok(user),
        },
        "get_my_application" | "get_my_oauth2_application" => ok(application(world)),
        "list_my_connections" => Err(Failure::new(403, 20001, "Bots cannot use this endpoint")),
        _ => return None,
    })
}

fn update(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let bot = world.bot;
    let mut after = world.users.get(&bot).cloned().unwrap_or_default();
    if let Some(name) = asked.text("username") {
        let wrong = WRONG_IN_NAMES
            .iter()
            .any(|part| name.to_lowercase().contains(part))
            || WRONG_NAMES.contains(&name.to_lowercase().as_str());
        if wrong {
            return Err(Failure::form(
                &["username"],
                "USERNAME_INVALID_CONTAINS",
                "Username cannot contain that",
            ));
        }
        after.set("username", name);
    }
    for key in ["avatar", "banner"] {
        if let Some(value) = asked.get(key) {
            after.set(key, fields::image(key, value)?);
        }
    }
    if world.users.get(&bot) != Some(&after) {
        world.users.insert(bot, after);
        let me = world.me();
        world.emit("USER_UPDATE", None, me);
    }
    ok(world.me())
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

/// What no name may contain, and what no name may be.
const WRONG_IN_NAMES: [&str; 5] = ["@", "#", ":", "```", "discord"];
const WRONG_NAMES: [&str; 2] = ["everyone", "here"];
