//! Applications of users who want to join a guild.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object},
    world::{World, permission},
};

use super::{Call, Done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "get_guild_join_requests" => list(call, world),
        "action_guild_join_request" => decide(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::KICK_MEMBERS)?;
    let room = world.guilds.get(&guild);
    let wanted = call.query("status");
    let matching: Vec<(&u64, &Object)> = room
        .into_iter()
        .flat_map(|room| &room.join_requests)
        .filter(|(_, request)| {
            wanted.is_none_or(|status| request.text("application_status") == Some(status))
        })
        .collect();
    let total = matching.len();
    let after = call.number("after").unwrap_or(0);
    let before = call.number("before").unwrap_or(u64::MAX);
    let page = matching
        .into_iter()
        .filter(|(id, _)| **id > after && **id < before)
        .take(call.limit(100));
    let page: Vec<Value> = page
        .map(|(_, request)| Value::Object(request.clone()))
        .collect();
    ok(json!({ "guild_join_requests": page, "total": total }))
}

fn decide(call: &Call, world: &mut World) -> Done {
    let (guild, id) = (call.id("guild_id"), call.id("request_id"));
    world.bot_may_in_guild(guild, permission::KICK_MEMBERS)?;
    let (now, actor) = (world.timestamp(), world.user(world.bot));
    let asked = call.fields();
    let action = asked.text("action").unwrap_or_default().to_owned();
    if !matches!(action.as_str(), "APPROVED" | "REJECTED") {
        return Err(super::fields::no_choice("action", "APPROVED, REJECTED"));
    }
    let request = world
        .guilds
        .get_mut(&guild)
        .and_then(|room| room.join_requests.get_mut(&id))
        .filter(|request| request.text("application_status") == Some("SUBMITTED"))
        .ok_or_else(|| Failure::new(404, 0, "404: Not Found"))?;
    request.set("application_status", action.as_str());
    request.set("reviewed_at", now);
    request.set("actioned_by_user", actor);
    if action == "REJECTED" {
        let reason = asked.get("rejection_reason").cloned().unwrap_or_default();
        request.set("rejection_reason", reason);
    }
    let request = request.clone();
    if action == "APPROVED" {
        world.join(guild, request.key("user_id").unwrap_or_default());
    }
    ok(Value::Object(request))
}
