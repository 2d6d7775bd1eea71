//! The widget of a guild, which anyone may look at.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    world::{World, guild_channel::kind, permission},
};

use super::{Call, Done, guild_settings, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = call.id("guild_id");
    Some(match call.operation.as_str() {
        "get_guild_widget_settings" => world
            .bot_may_in_guild(guild, permission::MANAGE_GUILD)
            .and_then(|()| settings(world, guild)),
        "update_guild_widget_settings" => update(call, world),
        "get_guild_widget" => show(world, guild),
        // The picture itself is put in on the way out: a deed answers in JSON.
        PICTURE => enabled(world, guild).and_then(|_| ok(Value::Null)),
        _ => return None,
    })
}

fn settings(world: &World, guild: u64) -> Done {
    let room = world
        .guilds
        .get(&guild)
        .ok_or_else(|| Failure::unknown(10004))?;
    ok(json!({
        "enabled": room.object.get("widget_enabled"),
        "channel_id": room.object.get("widget_channel_id"),
    }))
}

fn update(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    let before = world
        .guilds
        .get(&guild)
        .map(|room| room.object.clone())
        .unwrap_or_default();
    let asked = call.fields();
    let mut after = before.clone();
    if let Some(enabled) = asked.flag("enabled") {
        after.set("widget_enabled", enabled);
    }
    if let Some(channel) = asked.get("channel_id") {
        if let Some(id) = asked.key("channel_id")
            && world.channel_guild(id) != Some(guild)
        {
            return Err(Failure::unknown(10003));
        }
        // Clients may write an id as a number; Discord never does.
        let id = snowflake(channel).map_or(Value::Null, |id| id.to_string().into());
        after.set("widget_channel_id", id);
    }
    world.change_guild(guild, after.clone());
    guild_settings::record(call, world, guild, &before, &after);
    settings(world, guild)
}

fn enabled(world: &World, guild: u64) -> Result<&Object, Failure> {
    let room = world
        .guilds
        .get(&guild)
        .ok_or_else(|| Failure::unknown(10004))?;
    if room.object.flag("widget_enabled") == Some(true) {
        Ok(&room.object)
    } else {
        Err(Failure::new(403, 50004, "Widget Disabled"))
    }
}

/// Name, voice channels that everyone sees, and members, who are nameless numbers here.
fn show(world: &World, guild: u64) -> Done {
    let guild_object = enabled(world, guild)?;
    let channels: Vec<Value> = world
        .guild_channels(guild)
        .into_iter()
        .filter(|id| world.everyone_permissions(*id) & permission::VIEW_CHANNEL != 0)
        .filter_map(|id| world.channels.get(&id))
        .filter(|room| matches!(room.object.int("type"), Some(kind::VOICE | kind::STAGE)))
        .map(|room| {
            json!({
                "id": room.object.get("id"),
                "name": room.object.get("name"),
                "position": room.object.get("position"),
            })
        })
        .collect();
    let room = world.guilds.get(&guild);
    let ids = room.into_iter().flat_map(|room| room.members.keys());
    let members: Vec<Value> = ids
        .take(MAX_SHOWN_MEMBERS)
        .zip(0_u64..)
        .map(|(user, number)| {
            let mut member = object(json!({
                "id": number.to_string(),
                "username": world.display_name(*user),
                "discriminator": "0000",
                "avatar": null,
                "avatar_url": format!("{}/widget-avatars/{number}", world.origin),
                "status": "online",
            }));
            if let Some(state) = world.voice_state(guild, *user) {
                for key in [
                    "channel_id",
                    "deaf",
                    "mute",
                    "self_deaf",
                    "self_mute",
                    "suppress",
                ] {
                    member.set(key, state.get(key).cloned().unwrap_or_default());
                }
            }
            Value::Object(member)
        })
        .collect();
    ok(json!({
        "id": guild.to_string(),
        "name": guild_object.get("name"),
        "instant_invite": null,
        "channels": channels,
        "presence_count": world.presence_count(guild),
        "members": members,
    }))
}

/// The operation which answers with a picture.
pub(super) const PICTURE: &str = "get_guild_widget_png";

/// The smallest lawful PNG: one transparent pixel.
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\
    \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\x0bIDAT\x78\xda\x63\x60\0\x02\0\0\x05\0\x01\xe9\xfa\xdc\xd8\
    \0\0\0\0IEND\xae\x42\x60\x82";

/// Discord shows no more members than this.
const MAX_SHOWN_MEMBERS: usize = 100;
