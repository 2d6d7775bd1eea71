//! The soundboards of guilds, the default sounds, and playing them.

mod audio;

#[cfg(test)]
pub(super) use audio::tests as audio_tests;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{World, audit::action, permission, soundboard},
};

use super::{Call, Done, done, expressions, expressions::shown, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = call.id("guild_id");
    Some(match call.operation.as_str() {
        "get_soundboard_default_sounds" => ok(soundboard::default_sounds()
            .into_iter()
            .map(Value::Object)
            .collect()),
        "list_guild_soundboard_sounds" => list(world, guild),
        "get_guild_soundboard_sound" => world.in_guild(guild).and_then(|()| {
            let sound = world.sound(guild, call.id("sound_id"))?.clone();
            ok(shown(world, guild, sound))
        }),
        "create_guild_soundboard_sound" => create(call, world),
        "update_guild_soundboard_sound" => update(call, world),
        "delete_guild_soundboard_sound" => delete(call, world),
        "send_soundboard_sound" => send(call, world),
        _ => return None,
    })
}

fn list(world: &World, guild: u64) -> Done {
    world.in_guild(guild)?;
    let sounds = world.soundboard_sounds(guild).into_iter();
    let sounds = sounds.map(|sound| shown(world, guild, object(sound)));
    ok(json!({ "items": sounds.collect::<Vec<_>>() }))
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::CREATE_GUILD_EXPRESSIONS)?;
    let asked = call.fields();
    audio::check(asked.text("sound").unwrap_or_default())?;
    let mut sound = object(json!({
        "name": "",
        "volume": 1.0,
        "emoji_id": null,
        "emoji_name": null,
        "guild_id": guild.to_string(),
        "available": true,
        "user": world.user(world.bot),
    }));
    write(world, guild, &mut sound, &asked)?;
    let most = world.sound_slots(guild);
    if world.soundboard_sounds(guild).len() >= most {
        let message = format!("Maximum number of soundboard sounds reached ({most})");
        return Err(Failure::new(400, 30045, message));
    }
    let id = world.next_id();
    sound.set("sound_id", id.to_string());
    world.add_sound(guild, id, sound.clone());
    let entry = call.entry(world, action::SOUNDBOARD_SOUND_CREATE).on(id);
    world.record(guild, entry.changed(&Object::new(), &logged(&sound)));
    Ok((201, Some(Value::Object(sound))))
}

fn update(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    let before = may_change(call, world)?;
    let mut after = before.clone();
    write(world, guild, &mut after, &call.fields())?;
    if after != before {
        let id = call.id("sound_id");
        world.change_sound(guild, id, after.clone());
        let entry = call.entry(world, action::SOUNDBOARD_SOUND_UPDATE).on(id);
        world.record(guild, entry.changed(&before, &after));
    }
    ok(shown(world, guild, after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    let before = may_change(call, world)?;
    let id = call.id("sound_id");
    world.remove_sound(guild, id);
    let entry = call.entry(world, action::SOUNDBOARD_SOUND_DELETE).on(id);
    world.record(guild, entry.changed(&logged(&before), &Object::new()));
    done()
}

fn may_change(call: &Call, world: &World) -> Result<Object, Failure> {
    let guild = call.id("guild_id");
    let known = world.sound(guild, call.id("sound_id")).cloned();
    expressions::may_change(world, guild, known)
}

/// Writes what the form says into a sound.
fn write(world: &World, guild: u64, sound: &mut Object, asked: &Object) -> Result<(), Failure> {
    if let Some(name) = asked.text("name") {
        sound.set("name", name);
    }
    if let Some(volume) = asked.get("volume") {
        sound.set("volume", volume.as_f64().unwrap_or(1.0));
    }
    if ["emoji_id", "emoji_name"]
        .iter()
        .any(|key| asked.contains_key(*key))
    {
        let id = asked.key("emoji_id");
        let is_there = |id: u64| {
            let mut emojis = world.emojis(guild).into_iter();
            emojis.any(|emoji| emoji.key("id") == Some(id))
        };
        if id.is_some_and(|id| !is_there(id)) {
            return Err(Failure::unknown(10014));
        }
        sound.extend(object(fields::emoji(asked)));
    }
    Ok(())
}

fn send(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let sound = asked.key("sound_id").unwrap_or_default();
    let source = asked.key("source_guild_id");
    world.send_sound(world.bot, call.id("channel_id"), sound, source)?;
    done()
}

/// The fields of a sound that the audit log tells.
fn logged(sound: &Object) -> Object {
    let mut logged = sound.clone();
    for key in ["user", "sound_id", "available"] {
        logged.remove(key);
    }
    logged
}
