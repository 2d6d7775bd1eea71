//! Permission overwrites of channels.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{World, audit::Entry, audit::action, permission, permission::bits_of},
};

use super::{Call, Done, channels, done, fields};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "set_channel_permission_overwrite" => put(call, world),
        "delete_channel_permission_overwrite" => delete(call, world),
        _ => return None,
    })
}

fn put(call: &Call, world: &mut World) -> Done {
    let (channel, guild) = in_guild_channel(call, world)?;
    let mut asked = call.fields();
    asked.set("id", call.id("overwrite_id").to_string());
    let new = read_one(world, guild, &asked)?;
    let before = world.channel(channel)?.object.clone();
    let old = by_id(&before).remove(&call.id("overwrite_id"));
    check_bits(world, guild, Some(channel), old.as_ref(), Some(&new))?;
    let old = world.put_overwrite(channel, new.clone())?;
    record(call, world, guild, channel, old.as_ref(), Some(&new));
    done()
}

fn delete(call: &Call, world: &mut World) -> Done {
    let (channel, guild) = in_guild_channel(call, world)?;
    let before = world.channel(channel)?.object.clone();
    let old = by_id(&before)
        .remove(&call.id("overwrite_id"))
        .ok_or_else(|| Failure::unknown(10009))?;
    check_bits(world, guild, Some(channel), Some(&old), None)?;
    let old = world.take_overwrite(channel, call.id("overwrite_id"))?;
    record(call, world, guild, channel, Some(&old), None);
    done()
}

fn in_guild_channel(call: &Call, world: &World) -> Result<(u64, u64), Failure> {
    let channel = call.id("channel_id");
    let room = world.channel(channel)?;
    let guild = room.guild.ok_or_else(channels::direct_message)?;
    if room.thread_parent().is_some() {
        return Err(channels::wrong_kind());
    }
    world.bot_may(channel, permission::MANAGE_ROLES)?;
    Ok((channel, guild))
}

/// The overwrites that a form asks for, of a new channel or of one that was as `before`.
pub(super) fn read(
    world: &World,
    guild: u64,
    channel: Option<u64>,
    before: &Object,
    asked: &Value,
) -> Result<Value, Failure> {
    let mut old = by_id(before);
    let mut overwrites: Vec<Value> = Vec::new();
    for one in asked
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        let new = read_one(world, guild, one)?;
        let known = old.remove(&new.key("id").unwrap_or_default());
        check_bits(world, guild, channel, known.as_ref(), Some(&new))?;
        overwrites.push(Value::Object(new));
    }
    for gone in old.values() {
        check_bits(world, guild, channel, Some(gone), None)?;
    }
    Ok(overwrites.into())
}

/// Writes an entry for each overwrite in which two states of a channel differ.
pub(super) fn record_all(
    call: &Call,
    world: &mut World,
    guild: u64,
    channel: u64,
    before: &Object,
    after: &Object,
) {
    let (mut old, new) = (by_id(before), by_id(after));
    for (id, new) in &new {
        let old = old.remove(id);
        if old.as_ref() != Some(new) {
            record(call, world, guild, channel, old.as_ref(), Some(new));
        }
    }
    for gone in old.values() {
        record(call, world, guild, channel, Some(gone), None);
    }
}

fn record(
    call: &Call,
    world: &mut World,
    guild: u64,
    channel: u64,
    old: Option<&Object>,
    new: Option<&Object>,
) {
    let action = match (old, new) {
        (None, _) => action::CHANNEL_OVERWRITE_CREATE,
        (Some(_), Some(_)) => action::CHANNEL_OVERWRITE_UPDATE,
        (Some(_), None) => action::CHANNEL_OVERWRITE_DELETE,
    };
    let Some(shown) = new.or(old) else {
        return;
    };
    let id = shown.key("id").unwrap_or_default();
    let nothing = Object::new();
    let (before, after) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
    let mut entry: Entry = call
        .entry(world, action)
        .on(channel)
        .changed(before, after)
        .option("id", id)
        .option("type", shown.int("type").unwrap_or(0));
    if let Ok(role) = world.role(guild, id) {
        entry = entry.option("role_name", role.text("name").unwrap_or_default());
    }
    if !entry.is_idle() {
        world.record(guild, entry);
    }
}

fn by_id(channel: &Object) -> BTreeMap<u64, Object> {
    channel
        .list("permission_overwrites")
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|one| Some((one.key("id")?, one.clone())))
        .collect()
}

fn read_one(world: &World, guild: u64, asked: &Object) -> Result<Object, Failure> {
    let id = asked.key("id").unwrap_or_default();
    let is_role = world.role(guild, id).is_ok();
    let kind = asked.int("type").unwrap_or_else(|| u64::from(!is_role));
    let exists = match kind {
        0 => is_role,
        _ => world
            .guilds
            .get(&guild)
            .is_some_and(|room| room.members.contains_key(&id)),
    };
    if !exists {
        return Err(Failure::unknown(10009));
    }
    Ok(object(json!({
        "id": id.to_string(),
        "type": kind,
        "allow": fields::bits(asked, "allow").to_string(),
        "deny": fields::bits(asked, "deny").to_string(),
    })))
}

/// The bot can only touch what it has itself: in the guild or the category, or everything where an
/// overwrite of the channel lets it manage roles. To let others manage roles is for administrators.
fn check_bits(
    world: &World,
    guild: u64,
    channel: Option<u64>,
    old: Option<&Object>,
    new: Option<&Object>,
) -> Result<(), Failure> {
    let side = |one: Option<&Object>, key: &str| bits_of(one.and_then(|one| one.text(key)));
    let touched =
        (side(old, "allow") ^ side(new, "allow")) | (side(old, "deny") ^ side(new, "deny"));
    if touched == 0 {
        return Ok(());
    }
    match channel {
        Some(channel) => world.bot_may(channel, permission::MANAGE_ROLES)?,
        None => world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?,
    }
    let in_guild = world.guild_permissions(guild, world.bot);
    if in_guild & permission::ADMINISTRATOR != 0 {
        return Ok(());
    }
    if touched & permission::MANAGE_ROLES != 0 {
        return Err(Failure::missing_permissions());
    }
    let room = channel.and_then(|channel| world.channels.get(&channel));
    let manages_here = room.is_some_and(|room| {
        let own = world
            .guilds
            .get(&guild)
            .and_then(|guild| guild.members.get(&world.bot))
            .map_or(&[][..], |bot| bot.list("roles"));
        by_id(&room.object).iter().any(|(id, one)| {
            let about_bot = *id == world.bot
                || own
                    .iter()
                    .any(|role| role.as_str() == Some(id.to_string().as_str()));
            about_bot && bits_of(one.text("allow")) & permission::MANAGE_ROLES != 0
        })
    });
    let in_category = room
        .and_then(|room| room.object.key("parent_id"))
        .map_or(0, |parent| world.channel_permissions(parent, world.bot));
    if manages_here || touched & permission::ALL & !(in_guild | in_category) == 0 {
        Ok(())
    } else {
        Err(Failure::missing_permissions())
    }
}
