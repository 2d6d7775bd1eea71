//! Messages and typing.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, snowflake},
    time,
    world::{
        Draft, World,
        audit::action,
        message::{CROSSPOSTED, Message},
        permission,
    },
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
        "delete_message" => remove(call, world),
        "bulk_delete_messages" => bulk_delete(call, world),
        "crosspost_message" => crosspost(call, world),
        "trigger_typing_indicator" => typing(world, channel),
        _ => return None,
    })
}

pub(super) fn exists(world: &World, channel: u64) -> Result<(), Failure> {
    world.channel(channel).map(drop)
}

/// Reading what was said before needs its own permission.
pub(super) fn seeing(world: &World, channel: u64) -> Result<(), Failure> {
    exists(world, channel)?;
    world.bot_may(channel, permission::READ_MESSAGE_HISTORY)
}

/// An ephemeral message exists for its interaction's token only.
pub(super) fn visible(world: &World, channel: u64, message: u64) -> Result<&Message, Failure> {
    let kept = world.kept(channel, message)?;
    if kept.only_for.is_some() {
        return Err(Failure::unknown(10008));
    }
    Ok(kept)
}

fn create(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    let body = call.fields();
    world.may_say(world.bot, channel, &body, !call.files.is_empty())?;
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
        .find(|(_, message)| message.author() == Some(world.bot))
        .map(|(id, _)| *id)
}

fn update(call: &Call, world: &mut World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    let kept = visible(world, channel, message)?;
    let body = call.fields();
    if kept.author() == Some(world.bot) {
        if kept.is_system() {
            return Err(system_message());
        }
        world.edit(channel, message, &body, call.files.clone())?;
        return ok(world.message(channel, message)?);
    }
    let only_flags = body.keys().all(|key| key == "flags") && call.files.is_empty();
    if !only_flags || world.channel_guild(channel).is_none() {
        return Err(Failure::new(
            403,
            50005,
            "Cannot edit a message authored by another user",
        ));
    }
    world.bot_may(channel, permission::MANAGE_MESSAGES)?;
    let suppressed = body.int("flags").unwrap_or(0) & SUPPRESS_EMBEDS != 0;
    world.suppress_embeds(channel, message, suppressed)?;
    ok(world.message(channel, message)?)
}

fn remove(call: &Call, world: &mut World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    let kept = visible(world, channel, message)?;
    if kept.is_indelible() {
        return Err(system_message());
    }
    let author = kept.author();
    if author == Some(world.bot) {
        world.delete(channel, message)?;
        return done();
    }
    let guild = in_a_guild(world, channel)?;
    world.bot_may(channel, permission::MANAGE_MESSAGES)?;
    world.delete(channel, message)?;
    let entry = call
        .entry(world, action::MESSAGE_DELETE)
        .on(author.unwrap_or_default())
        .option("channel_id", channel)
        .option("count", 1);
    world.record(guild, entry);
    done()
}

fn system_message() -> Failure {
    Failure::new(403, 50021, "Cannot execute action on a system message")
}

/// Nobody moderates a direct message channel.
fn in_a_guild(world: &World, channel: u64) -> Result<u64, Failure> {
    world
        .channel_guild(channel)
        .ok_or_else(|| Failure::new(403, 50003, "Cannot execute action on a DM channel"))
}

fn list(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    exists(world, channel)?;
    world.bot_may(channel, 0)?;
    // Who may not read what was said before is shown nothing, and told nothing.
    if seeing(world, channel).is_err() {
        return ok(json!([]));
    }
    let limit = call.limit(50);
    let room = world.channel(channel)?;
    let public = || {
        room.messages
            .iter()
            .filter(|(_, message)| message.only_for.is_none())
            .map(|(id, _)| *id)
    };
    let mut ids: Vec<u64> = if let Some(around) = call.number("around") {
        let before = public().rev().filter(|id| *id < around).take(limit / 2);
        let from = public().filter(|id| *id >= around).take(limit - limit / 2);
        before.chain(from).collect()
    } else if let Some(after) = call.number("after") {
        public().filter(|id| *id > after).take(limit).collect()
    } else {
        let before = call.number("before").unwrap_or(u64::MAX);
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
    let guild = in_a_guild(world, channel)?;
    world.bot_may(channel, permission::MANAGE_MESSAGES)?;
    let fields = call.fields();
    let wanted: Vec<u64> = fields
        .list("messages")
        .iter()
        .filter_map(snowflake)
        .collect();
    let oldest = world.now_ms.saturating_sub(BULK_DELETE_REACH_MS);
    if wanted.iter().any(|id| time::snowflake_ms(*id) < oldest) {
        let message = "You can only bulk delete messages that are under 14 days old.";
        return Err(Failure::new(400, 50034, message));
    }
    let gone = world.delete_many(channel, &wanted);
    if !gone.is_empty() {
        let entry = call
            .entry(world, action::MESSAGE_BULK_DELETE)
            .on(channel)
            .option("count", gone.len());
        world.record(guild, entry);
    }
    done()
}

fn crosspost(call: &Call, world: &mut World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    let kind = world.channel(channel)?.object.int("type");
    if kind != Some(ANNOUNCEMENT) {
        let message = "Cannot execute action on this channel type";
        return Err(Failure::new(400, 50024, message));
    }
    world.bot_may(channel, permission::SEND_MESSAGES)?;
    let kept = visible(world, channel, message)?;
    if kept.author() != Some(world.bot) {
        world.bot_may(channel, permission::MANAGE_MESSAGES)?;
    }
    if kept.is_system() {
        return Err(Failure::new(400, 50068, "Invalid message type"));
    }
    if kept.flags() & CROSSPOSTED != 0 {
        let message = "This message has already been crossposted.";
        return Err(Failure::new(400, 40033, message));
    }
    world.crosspost(channel, message);
    ok(world.message(channel, message)?)
}

fn typing(world: &mut World, channel: u64) -> Done {
    let thread = world.channel(channel)?.thread_parent().is_some();
    let bits = if thread {
        permission::SEND_MESSAGES_IN_THREADS
    } else {
        permission::SEND_MESSAGES
    };
    world.bot_may(channel, bits)?;
    world.type_in(channel, world.bot);
    done()
}

/// The type of a channel whose messages others may follow.
pub(super) const ANNOUNCEMENT: u64 = 5;

const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// How far back a nonce is looked for: Discord speaks of a few minutes, the box counts messages.
const NONCES_REMEMBERED: usize = 100;

/// Messages older than two weeks are deleted one by one.
const BULK_DELETE_REACH_MS: u64 = 14 * 24 * 3_600_000;
