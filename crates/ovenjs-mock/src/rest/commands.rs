//! Application commands, global and of a guild.

use serde_json::Value;

use crate::{failure::Failure, json::Fields, world::World};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = || Some(call.id("guild_id"));
    let own = |world: &World| is_own(call, world);
    let done = match call.operation.as_str() {
        "list_application_commands" => own(world).and_then(|()| list(call, world, None)),
        "create_application_command" => own(world).and_then(|()| create(call, world, None)),
        "bulk_set_application_commands" => own(world).and_then(|()| set(call, world, None)),
        "get_application_command" => own(world).and_then(|()| get(call, world, None)),
        "update_application_command" => own(world).and_then(|()| update(call, world, None)),
        "delete_application_command" => own(world).and_then(|()| delete(call, world, None)),
        "list_guild_application_commands" => own(world).and_then(|()| list(call, world, guild())),
        "create_guild_application_command" => {
            own(world).and_then(|()| create(call, world, guild()))
        }
        "bulk_set_guild_application_commands" => {
            own(world).and_then(|()| set(call, world, guild()))
        }
        "get_guild_application_command" => own(world).and_then(|()| get(call, world, guild())),
        "update_guild_application_command" => {
            own(world).and_then(|()| update(call, world, guild()))
        }
        "delete_guild_application_command" => {
            own(world).and_then(|()| delete(call, world, guild()))
        }
        _ => return None,
    };
    Some(done)
}

/// Refuses to touch another application than the bot's own.
pub(super) fn is_own(call: &Call, world: &World) -> Result<(), Failure> {
    if call.id("application_id") == world.application_id() {
        Ok(())
    } else {
        Err(Failure::new(
            403,
            20012,
            "You are not authorized to perform this action on this application",
        ))
    }
}

fn list(call: &Call, world: &World, guild: Option<u64>) -> Done {
    scope(world, guild)?;
    let with_localizations = call.asks("with_localizations");
    ok(world
        .commands_of(guild)
        .map(|command| command.shown(with_localizations))
        .collect())
}

fn create(call: &Call, world: &mut World, guild: Option<u64>) -> Done {
    let (command, new) = world.register(guild, &call.fields())?;
    Ok((if new { 201 } else { 200 }, Some(command.shown(true))))
}

fn set(call: &Call, world: &mut World, guild: Option<u64>) -> Done {
    let bodies = call.body.as_array().cloned().unwrap_or_default();
    let commands = world.register_all(guild, &bodies)?;
    ok(commands
        .iter()
        .map(|command| command.shown(true))
        .collect::<Vec<Value>>()
        .into())
}

fn get(call: &Call, world: &World, guild: Option<u64>) -> Done {
    scope(world, guild)?;
    ok(world.command(guild, call.id("command_id"))?.shown(true))
}

fn update(call: &Call, world: &mut World, guild: Option<u64>) -> Done {
    scope(world, guild)?;
    let mut fields = call.fields();
    // A type is fixed at birth.
    if fields.int("type").is_some() {
        fields.remove("type");
    }
    ok(world
        .change_command(guild, call.id("command_id"), &fields)?
        .shown(true))
}

fn delete(call: &Call, world: &mut World, guild: Option<u64>) -> Done {
    scope(world, guild)?;
    world.unregister(guild, call.id("command_id"))?;
    done()
}

fn scope(world: &World, guild: Option<u64>) -> Result<(), Failure> {
    match guild {
        Some(guild) if !world.guilds.contains_key(&guild) => Err(Failure::missing_access()),
        _ => Ok(()),
    }
}
