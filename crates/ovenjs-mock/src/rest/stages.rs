//! Stage instances: what is going on in a stage channel.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{
        World, audit, audit::action, guild_channel::kind, permission,
        scheduled_event::kind as event_kind,
    },
};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "create_stage_instance" => create(call, world),
        "get_stage_instance" => get(call, world),
        "update_stage_instance" => update(call, world),
        "delete_stage_instance" => delete(call, world),
        _ => return None,
    })
}

fn create(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let channel = asked.key("channel_id").unwrap_or_default();
    let guild = moderated(world, channel)?;
    if world.stage(channel).is_some() {
        return Err(Failure::new(400, 150_006, "The Stage is already open"));
    }
    if asked.flag("send_start_notification") == Some(true) {
        world.bot_may(channel, permission::MENTION_EVERYONE)?;
    }
    let event = asked.key("guild_scheduled_event_id");
    if let Some(event) = event {
        let planned = world.event(guild, event)?;
        if planned.kind() != event_kind::STAGE || planned.channel() != Some(channel) {
            let message = "The entity type of the event is different from the entity you are trying \
                           to start the event for";
            return Err(Failure::new(400, 50091, message));
        }
        if planned.is_over() {
            return Err(Failure::new(400, 180_000, "Cannot update a finished event"));
        }
    }
    let id = world.next_id();
    let stage = object(json!({
        "id": id.to_string(),
        "guild_id": guild.to_string(),
        "channel_id": channel.to_string(),
        "topic": asked.text("topic"),
        "privacy_level": asked.int("privacy_level").unwrap_or(GUILD_ONLY),
        "discoverable_disabled": true,
        "guild_scheduled_event_id": asked.get("guild_scheduled_event_id"),
    }));
    world.open_stage(guild, channel, stage.clone());
    if let Some(event) = event {
        world.begin_event_on(guild, event, id);
    }
    let entry = entry(call, world, action::STAGE_INSTANCE_CREATE, id, channel);
    world.record(guild, entry.changed(&Object::new(), &stage));
    ok(Value::Object(stage))
}

fn get(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    world.channel(channel)?;
    world.bot_may(channel, permission::VIEW_CHANNEL)?;
    ok(Value::Object(
        world.stage(channel).ok_or_else(unknown)?.clone(),
    ))
}

fn update(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    let guild = moderated(world, channel)?;
    let before = world.stage(channel).ok_or_else(unknown)?.clone();
    let mut after = before.clone();
    let asked = call.fields();
    for key in ["topic", "privacy_level"] {
        if let Some(value) = asked.get(key) {
            after.set(key, value.clone());
        }
    }
    if after != before {
        world.change_stage(guild, channel, after.clone());
        let id = after.key("id").unwrap_or_default();
        let entry = entry(call, world, action::STAGE_INSTANCE_UPDATE, id, channel);
        world.record(guild, entry.changed(&before, &after));
    }
    ok(Value::Object(after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    let guild = moderated(world, channel)?;
    let before = world.end_stage(guild, channel).ok_or_else(unknown)?;
    let id = before.key("id").unwrap_or_default();
    let entry = entry(call, world, action::STAGE_INSTANCE_DELETE, id, channel);
    world.record(guild, entry.changed(&before, &Object::new()));
    done()
}

/// The guild of a stage channel in which the bot is a moderator.
fn moderated(world: &World, channel: u64) -> Result<u64, Failure> {
    let room = world.channel(channel)?;
    let guild = room.guild.ok_or_else(Failure::missing_access)?;
    world.bot_may(channel, MODERATOR)?;
    if room.object.int("type") == Some(kind::STAGE) {
        Ok(guild)
    } else {
        let message = "Cannot execute action on this channel type";
        Err(Failure::new(400, 50024, message))
    }
}

fn entry(call: &Call, world: &World, action: u64, id: u64, channel: u64) -> audit::Entry {
    call.entry(world, action)
        .on(id)
        .option("channel_id", channel)
}

fn unknown() -> Failure {
    Failure::new(404, 10067, "Unknown Stage Instance")
}

/// What makes somebody a stage moderator.
const MODERATOR: u64 =
    permission::MANAGE_CHANNELS | permission::MUTE_MEMBERS | permission::MOVE_MEMBERS;

const GUILD_ONLY: u64 = 2;
