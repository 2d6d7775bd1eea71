//! Interaction callbacks and what follows them under the interaction's token.

use crate::{failure::Failure, world::World};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let token = call.text("webhook_token");
    let message = call.id("message_id");
    let own = |world: &World| {
        if call.id("webhook_id") == world.application_id() {
            Ok(())
        } else {
            Err(Failure::unknown(10015))
        }
    };
    Some(match call.operation.as_str() {
        "create_interaction_response" => respond(call, world),
        "execute_webhook" => own(world)
            .and_then(|()| world.follow_up(token, call.fields(), call.files.clone()))
            .and_then(ok),
        "get_original_webhook_message" => own(world).and_then(|()| get(world, token, None)),
        "get_webhook_message" => own(world).and_then(|()| get(world, token, Some(message))),
        "update_original_webhook_message" => own(world)
            .and_then(|()| world.edit_answer(token, None, &call.fields(), call.files.clone()))
            .and_then(ok),
        "update_webhook_message" => own(world)
            .and_then(|()| {
                world.edit_answer(token, Some(message), &call.fields(), call.files.clone())
            })
            .and_then(ok),
        "delete_original_webhook_message" => own(world).and_then(|()| delete(world, token, None)),
        "delete_webhook_message" => own(world).and_then(|()| delete(world, token, Some(message))),
        _ => return None,
    })
}

fn respond(call: &Call, world: &mut World) -> Done {
    let shown = world.respond(
        call.id("interaction_id"),
        call.text("interaction_token"),
        &call.fields(),
        call.files.clone(),
        call.setting.interaction_deadline,
    )?;
    if call.asks("with_response") {
        ok(shown)
    } else {
        done()
    }
}

fn get(world: &World, token: &str, message: Option<u64>) -> Done {
    let (channel, id) = world.answered_message(token, message)?;
    ok(world.message(channel, id)?)
}

fn delete(world: &mut World, token: &str, message: Option<u64>) -> Done {
    let (channel, id) = world.answered_message(token, message)?;
    world.delete(channel, id)?;
    done()
}
