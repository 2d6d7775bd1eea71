//! What a guild says of the application's commands: read by the bot, written by members.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    failure::Failure,
    json::{Fields, Object},
    world::{World, command_permission as kind, permission},
};

use super::{Call, Done, commands, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_guild_application_command_permissions" => {
            reach(call, world).and_then(|guild| ok(world.all_command_permissions(guild)))
        }
        "get_guild_application_command_permissions" => get(call, world),
        "set_guild_application_command_permissions" => set(call, world),
        // Discord has switched it off, and says so to everyone.
        "batch_edit_application_command_permissions" => Err(Failure::new(
            400,
            40006,
            "This feature has been temporarily disabled server-side",
        )),
        _ => return None,
    })
}

fn reach(call: &Call, world: &World) -> Result<u64, Failure> {
    commands::is_own(call, world)?;
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    Ok(guild)
}

fn get(call: &Call, world: &World) -> Done {
    let guild = reach(call, world)?;
    let command = known(call, world, guild)?;
    let kept = world.command_permissions(guild, command);
    ok(kept.ok_or_else(|| Failure::new(404, 10066, "Unknown application command permissions"))?)
}

fn set(call: &Call, world: &mut World) -> Done {
    let by = call.bearer("applications.commands.permissions.update")?;
    let guild = reach(call, world)?;
    let command = known(call, world, guild)?;
    const NEEDED: u64 = permission::MANAGE_GUILD | permission::MANAGE_ROLES;
    let bits = world.guild_permissions(guild, by);
    if bits & NEEDED != NEEDED {
        return Err(Failure::missing_permissions());
    }
    let asked = call.fields();
    let mut seen = BTreeSet::new();
    let mut permissions = Vec::new();
    let asked = asked
        .list("permissions")
        .iter()
        .filter_map(Value::as_object);
    for (place, one) in asked.enumerate() {
        judge(world, guild, by, place, one)?;
        if !seen.insert((one.int("type"), one.key("id"))) {
            return Err(fault(place, "id", "The same role, user or channel twice"));
        }
        permissions.push(kind::settled(one));
    }
    ok(world.set_command_permissions(guild, command, by, permissions))
}

/// Nobody says of roles and channels above what it may do itself.
fn judge(world: &World, guild: u64, by: u64, place: usize, one: &Object) -> Result<(), Failure> {
    let id = one.key("id").unwrap_or_default();
    let room = world.guilds.get(&guild);
    match one.int("type") {
        Some(kind::ROLE) => {
            let known = room.is_some_and(|room| room.roles.contains_key(&id));
            if !known {
                return Err(fault(place, "id", "Unknown role"));
            }
        }
        Some(kind::USER) => {
            if !world.users.contains_key(&id) {
                return Err(fault(place, "id", "Unknown user"));
            }
        }
        _ => {
            let all_channels = id == guild.saturating_sub(1);
            if !all_channels && world.channel_guild(id) != Some(guild) {
                return Err(fault(place, "id", "Unknown channel"));
            }
            let sees =
                all_channels || world.channel_permissions(id, by) & permission::VIEW_CHANNEL != 0;
            if !sees {
                return Err(Failure::missing_access());
            }
        }
    }
    Ok(())
}

fn fault(place: usize, key: &str, message: &str) -> Failure {
    Failure::form(
        &["permissions", &place.to_string(), key],
        "APPLICATION_COMMAND_PERMISSIONS_INVALID",
        message,
    )
}

/// A command of the guild or a global one; the application's own id stands for all commands.
fn known(call: &Call, world: &World, guild: u64) -> Result<u64, Failure> {
    let command = call.id("command_id");
    if command != world.application_id() && world.command(Some(guild), command).is_err() {
        world.command(None, command)?;
    }
    Ok(command)
}
