//! Voice states and voice regions.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time,
    world::{World, guild_channel::kind, permission},
};

use super::{Call, Done, done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    Some(match call.operation.as_str() {
        "get_voice_state" => get(world, guild, user),
        "get_self_voice_state" => get(world, guild, world.bot),
        "update_voice_state" => update(call, world, user),
        "update_self_voice_state" => update(call, world, world.bot),
        "list_voice_regions" => ok(regions()),
        "list_guild_voice_regions" => world.in_guild(guild).and_then(|()| ok(regions())),
        _ => return None,
    })
}

fn get(world: &World, guild: u64, user: u64) -> Done {
    world.in_guild(guild)?;
    let mut state = world
        .voice_state(guild, user)
        .cloned()
        .ok_or_else(|| Failure::unknown(10065))?;
    if let Some(member) = world.member(guild, user) {
        state.set("member", member);
    }
    ok(Value::Object(state))
}

/// Lets someone on a stage speak, or asks for the word. It only goes on the stage where they are.
fn update(call: &Call, world: &mut World, user: u64) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let own = user == world.bot;
    let state = world
        .voice_state(guild, user)
        .ok_or_else(|| Failure::unknown(10065))?;
    let asked = call.fields();
    let channel = state.key("channel_id").unwrap_or_default();
    let room = world.channel(channel)?;
    let elsewhere = asked
        .key("channel_id")
        .is_some_and(|asked| asked != channel);
    if room.object.int("type") != Some(kind::STAGE) || elsewhere {
        return Err(Failure::form(
            &["channel_id"],
            "CHANNEL_NOT_STAGE",
            "Must be the stage channel that the user is in",
        ));
    }
    let changes = changes(world, channel, own, &asked)?;
    world.change_voice(guild, user, |state| state.extend(changes));
    done()
}

fn changes(world: &World, channel: u64, own: bool, asked: &Object) -> Result<Object, Failure> {
    let mut changes = Object::new();
    if let Some(suppress) = asked.flag("suppress") {
        // One may always leave the stage oneself.
        if !(own && suppress) {
            world.bot_may(channel, permission::MUTE_MEMBERS)?;
        }
        changes.set("suppress", suppress);
        if !suppress {
            changes.set("request_to_speak_timestamp", Value::Null);
        }
    }
    if let Some(request) = asked.get("request_to_speak_timestamp").filter(|_| own) {
        if let Some(text) = request.as_str() {
            world.bot_may(channel, permission::REQUEST_TO_SPEAK)?;
            if time::unix_ms_of(text).is_none_or(|at| at < world.now_ms) {
                return Err(Failure::form(
                    &["request_to_speak_timestamp"],
                    "DATE_TIME_TYPE_MIN",
                    "Must be now or later",
                ));
            }
        }
        changes.set(
            "request_to_speak_timestamp",
            fields::time_within(
                "request_to_speak_timestamp",
                request,
                world.now_ms,
                u64::MAX,
            )?,
        );
    }
    Ok(changes)
}

fn regions() -> Value {
    let region = |(id, name): (&str, &str)| {
        object(json!({
            "id": id,
            "name": name,
            "custom": false,
            "deprecated": false,
            "optimal": id == "us-west",
        }))
    };
    REGIONS.into_iter().map(region).collect()
}

/// A few of the places where Discord has voice servers.
const REGIONS: [(&str, &str); 5] = [
    ("brazil", "Brazil"),
    ("japan", "Japan"),
    ("rotterdam", "Rotterdam"),
    ("us-east", "US East"),
    ("us-west", "US West"),
];
