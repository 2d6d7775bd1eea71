//! The gateway's address and users.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object},
    world::World,
};

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
        "get_my_user" => ok(myself(call, world)),
        "update_my_user" => update(call, world),
        "get_user" => match world.user(call.id("user_id")) {
            Value::Null => Err(Failure::unknown(10013)),
            user => ok(user),
        },
        "list_my_connections" => call.bearer("connections").and_then(|_| ok(json!([]))),
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

/// Whoever asks, as it sees itself.
fn myself(call: &Call, world: &World) -> Value {
    let Some(grant) = call.asker.bearer() else {
        return world.me();
    };
    let mut user = object(world.user(grant.user));
    user.set("mfa_enabled", false);
    user.set("locale", "en-US");
    if grant.allows("email") {
        user.set("email", Value::Null);
        user.set("verified", false);
    }
    Value::Object(user)
}

/// What no name may contain, and what no name may be.
const WRONG_IN_NAMES: [&str; 5] = ["@", "#", ":", "```", "discord"];
const WRONG_NAMES: [&str; 2] = ["everyone", "here"];
