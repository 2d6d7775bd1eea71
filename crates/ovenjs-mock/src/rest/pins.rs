//! Pinned messages: the paged list and its older form.

use serde_json::{Value, json};

use crate::{
    time::unix_ms_of,
    world::{World, audit::action, permission},
};

use super::{Call, Done, done, messages::exists, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_pins" => list(call, world),
        "deprecated_list_pins" => list_old(call, world),
        "create_pin" | "deprecated_create_pin" => set(call, world, true),
        "delete_pin" | "deprecated_delete_pin" => set(call, world, false),
        _ => return None,
    })
}

fn set(call: &Call, world: &mut World, pinned: bool) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    exists(world, channel)?;
    world.bot_may(channel, permission::PIN_MESSAGES)?;
    let changed = world.set_pinned(channel, message, world.bot, pinned)?;
    if let Some(guild) = world.channel_guild(channel).filter(|_| changed) {
        let author = world.kept(channel, message)?.author();
        let action = if pinned {
            action::MESSAGE_PIN
        } else {
            action::MESSAGE_UNPIN
        };
        let entry = call
            .entry(world, action)
            .on(author.unwrap_or_default())
            .option("channel_id", channel)
            .option("message_id", message);
        world.record(guild, entry);
    }
    done()
}

fn list(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    // As with the messages themselves, who may not read back is shown nothing.
    let readable = world
        .bot_may(channel, permission::READ_MESSAGE_HISTORY)
        .is_ok();
    let before = call.time("before");
    let limit = call.limit(50);
    let newest_first: Vec<&(u64, String)> = world
        .channel(channel)?
        .pins
        .iter()
        .rev()
        .filter(|(_, at)| readable && before.is_none_or(|before| unix_ms_of(at) < Some(before)))
        .collect();
    let items: Vec<Value> = newest_first
        .iter()
        .take(limit)
        .filter_map(|(id, at)| {
            Some(json!({ "pinned_at": at, "message": world.message(channel, *id).ok()? }))
        })
        .collect();
    ok(json!({ "items": items, "has_more": newest_first.len() > limit }))
}

/// The older form knows the newest fifty.
fn list_old(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    let readable = world
        .bot_may(channel, permission::READ_MESSAGE_HISTORY)
        .is_ok();
    let pins = world.channel(channel)?.pins.iter().rev();
    ok(pins
        .filter(|_| readable)
        .take(50)
        .filter_map(|(id, _)| world.message(channel, *id).ok())
        .collect())
}
