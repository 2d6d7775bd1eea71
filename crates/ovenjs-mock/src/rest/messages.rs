//! Messages, pins, typing and threads.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object, snowflake},
    world::{Draft, World, permission},
};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let channel = call.id("channel_id");
    let message = call.id("message_id");
    Some(match call.operation.as_str() {
        "create_message" => create(call, world),
        "update_message" => update(call, world),
        "get_message" => seeing(world, channel).and_then(|()| {
            visible(world, channel, message)?;
            ok(world.message(channel, message)?)
        }),
        "list_messages" => list(call, world),
        "delete_message" => remove(world, channel, message).and_then(|()| done()),
        "bulk_delete_messages" => bulk_delete(call, world),
        "list_pins" => pins(call, world),
        "deprecated_list_pins" => seeing(world, channel).and_then(|()| {
            let pins = world.channel(channel)?.pins.iter().rev();
            ok(pins
                .filter_map(|(id, _)| world.message(channel, *id).ok())
                .collect())
        }),
        operation @ ("create_pin"
        | "delete_pin"
        | "deprecated_create_pin"
        | "deprecated_delete_pin") => {
            let pinned = operation.ends_with("create_pin");
            exists(world, channel)
                .and_then(|()| world.bot_may(channel, permission::PIN_MESSAGES))
                .and_then(|()| world.set_pinned(channel, message, pinned))
                .and_then(|()| done())
        }
        "trigger_typing_indicator" => typing(world, channel),
        "create_thread" => exists(world, channel)
            .and_then(|()| world.bot_may(channel, permission::CREATE_PUBLIC_THREADS))
            .and_then(|()| world.open_thread(channel, None, &call.fields()))
            .map(|thread| (201, Some(thread))),
        "create_thread_from_message" => exists(world, channel)
            .and_then(|()| world.bot_may(channel, permission::CREATE_PUBLIC_THREADS))
            .and_then(|()| world.open_thread(channel, Some(message), &call.fields()))
            .map(|thread| (201, Some(thread))),
        _ => return None,
    })
}

fn exists(world: &World, channel: u64) -> Result<(), Failure> {
    world.channel(channel).map(drop)
}

fn seeing(world: &World, channel: u64) -> Result<(), Failure> {
    exists(world, channel)?;
    world.bot_may(channel, permission::READ_MESSAGE_HISTORY)
}

/// An ephemeral message exists for its interaction's token only.
fn visible(world: &World, channel: u64, message: u64) -> Result<(), Failure> {
    if world.kept(channel, message)?.only_for.is_some() {
        return Err(Failure::unknown(10008));
    }
    Ok(())
}

fn create(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    let room = world.channel(channel)?;
    let mut bits = if room.thread_parent().is_some() {
        permission::SEND_MESSAGES_IN_THREADS
    } else {
        permission::SEND_MESSAGES
    };
    if !call.files.is_empty() {
        bits |= permission::ATTACH_FILES;
    }
    let body = call.fields();
    if !body.list("embeds").is_empty() {
        bits |= permission::EMBED_LINKS;
    }
    if body.get("message_reference").is_some_and(Value::is_object) {
        bits |= permission::READ_MESSAGE_HISTORY;
    }
    world.bot_may(channel, bits)?;
    if body.flag("enforce_nonce") == Some(true)
        && let Some(earlier) = with_nonce(world, channel, body.get("nonce"))
    {
        return ok(world.message(channel, earlier)?);
    }
    let id = world.post(Draft {
        author: world.bot,
        channel,
        body,
        files: call.files.clone(),
        ..Draft::default()
    })?;
    ok(world.message(channel, id)?)
}

/// The bot's recent message with the same nonce, which Discord gives instead of a second one.
fn with_nonce(world: &World, channel: u64, nonce: Option<&Value>) -> Option<u64> {
    let nonce = nonce.filter(|nonce| !nonce.is_null())?;
    let recent = world
        .channel(channel)
        .ok()?
        .messages
        .iter()
        .rev()
        .take(NONCES_REMEMBERED);
    recent
        .filter(|(_, message)| message.object.get("nonce") == Some(nonce))
        .find(|(_, message)| {
            message
                .object
                .get("author")
                .and_then(|a| snowflake(a.get("id")?))
                == Some(world.bot)
        })
        .map(|(id, _)| *id)
}

fn update(call: &Call, world: &mut World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    visible(world, channel, message)?;
    if !is_own(world, channel, message) {
        return Err(Failure::new(
            403,
            50005,
            "Cannot edit a message authored by another user",
        ));
    }
    world.edit(channel, message, &call.fields(), call.files.clone())?;
    ok(world.message(channel, message)?)
}

fn remove(world: &mut World, channel: u64, message: u64) -> Result<(), Failure> {
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    visible(world, channel, message)?;
    if !is_own(world, channel, message) {
        in_a_guild(world, channel)?;
        world.bot_may(channel, permission::MANAGE_MESSAGES)?;
    }
    world.delete(channel, message)
}

/// Nobody moderates a direct message channel.
fn in_a_guild(world: &World, channel: u64) -> Result<(), Failure> {
    match world.channel_guild(channel) {
        Some(_) => Ok(()),
        None => Err(Failure::new(
            403,
            50003,
            "Cannot execute action on a DM channel",
        )),
    }
}

fn is_own(world: &World, channel: u64, message: u64) -> bool {
    world.kept(channel, message).is_ok_and(|kept| {
        kept.object
            .get("author")
            .and_then(|a| snowflake(a.get("id")?))
            == Some(world.bot)
    })
}

fn list(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    seeing(world, channel)?;
    let limit = call.limit(50);
    let number = |name: &str| call.query(name).and_then(|text| text.parse::<u64>().ok());
    let room = world.channel(channel)?;
    let public = || {
        room.messages
            .iter()
            .filter(|(_, message)| message.only_for.is_none())
            .map(|(id, _)| *id)
    };
    let mut ids: Vec<u64> = if let Some(around) = number("around") {
        let before = public().rev().filter(|id| *id < around).take(limit / 2);
        let from = public().filter(|id| *id >= around).take(limit - limit / 2);
        before.chain(from).collect()
    } else if let Some(after) = number("after") {
        public().filter(|id| *id > after).take(limit).collect()
    } else {
        let before = number("before").unwrap_or(u64::MAX);
        public()
            .rev()
            .filter(|id| *id < before)
            .take(limit)
            .collect()
    };
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ok(ids
        .into_iter()
        .filter_map(|id| world.message(channel, id).ok())
        .collect())
}

fn bulk_delete(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    exists(world, channel)?;
    in_a_guild(world, channel)?;
    world.bot_may(channel, permission::MANAGE_MESSAGES)?;
    let fields = call.fields();
    let wanted: Vec<u64> = fields
        .list("messages")
        .iter()
        .filter_map(snowflake)
        .collect();
    let guild = world.channel_guild(channel);
    let Some(room) = world.channels.get_mut(&channel) else {
        return done();
    };
    let gone: Vec<String> = wanted
        .into_iter()
        .filter(|id| room.messages.remove(id).is_some())
        .map(|id| id.to_string())
        .collect();
    let messages = &room.messages;
    room.pins
        .retain(|(pinned, _)| messages.contains_key(pinned));
    if !gone.is_empty() {
        let mut data = object(json!({ "ids": gone, "channel_id": channel.to_string() }));
        if let Some(guild) = guild {
            data.set("guild_id", guild.to_string());
        }
        world.emit("MESSAGE_DELETE_BULK", guild, Value::Object(data));
    }
    done()
}

fn pins(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    seeing(world, channel)?;
    let before = call.query("before");
    let limit = call.limit(50);
    let newest_first: Vec<&(u64, String)> = world
        .channel(channel)?
        .pins
        .iter()
        .rev()
        .filter(|(_, at)| before.is_none_or(|before| at.as_str() < before))
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

fn typing(world: &mut World, channel: u64) -> Done {
    exists(world, channel)?;
    world.bot_may(channel, permission::SEND_MESSAGES)?;
    let guild = world.channel_guild(channel);
    let mut data = object(json!({
        "channel_id": channel.to_string(),
        "user_id": world.bot.to_string(),
        "timestamp": world.now_ms / 1000,
    }));
    if let Some(guild) = guild {
        data.set("guild_id", guild.to_string());
        data.set("member", world.member(guild, world.bot).unwrap_or_default());
    }
    world.emit("TYPING_START", guild, Value::Object(data));
    done()
}

/// How far back a nonce is looked for: Discord speaks of a few minutes, the box counts messages.
const NONCES_REMEMBERED: usize = 100;
