//! Polls: who voted, and the early end.

use serde_json::{Value, json};

use crate::{failure::Failure, world::World};

use super::{
    Call, Done,
    messages::{exists, seeing, visible},
    ok,
};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "get_answer_voters" => voters(call, world),
        "poll_expire" => expire(call, world),
        _ => return None,
    })
}

fn voters(call: &Call, world: &World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    seeing(world, channel)?;
    let kept = visible(world, channel, message)?;
    if !kept.has_poll() {
        return Err(Failure::unknown(10008));
    }
    let after = call.number("after").unwrap_or(0);
    let users: Vec<Value> = kept
        .votes
        .get(&call.id("answer_id"))
        .into_iter()
        .flatten()
        .filter(|user| **user > after)
        .take(call.limit(25))
        .map(|user| world.user(*user))
        .collect();
    ok(json!({ "users": users }))
}

fn expire(call: &Call, world: &mut World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    let kept = visible(world, channel, message)?;
    let own = kept.author() == Some(world.bot);
    world.running_poll(channel, message)?;
    if !own {
        let message = "Cannot edit a message authored by another user";
        return Err(Failure::new(403, 50005, message));
    }
    world.close_poll(channel, message);
    ok(world.message(channel, message)?)
}
