//! The members of a guild.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, snowflake},
    world::{World, audit::Entry, audit::action, guild_channel::kind, permission},
};

use super::{Call, Done, done, fields, ok, roles};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    Some(match call.operation.as_str() {
        "list_guild_members" => list(call, world),
        "search_guild_members" => search(call, world),
        "get_guild_member" => get(world, guild, user),
        "get_my_guild_member" => get(world, guild, world.bot),
        "add_guild_member" => add(call, world),
        "update_guild_member" => update(call, world),
        "update_my_guild_member" => update_own(call, world),
        "modify_current_user_nick" => rename_own(call, world),
        "add_guild_member_role" => set_role(call, world, true),
        "delete_guild_member_role" => set_role(call, world, false),
        "delete_guild_member" => kick(call, world),
        _ => return None,
    })
}

fn get(world: &World, guild: u64, user: u64) -> Done {
    world.in_guild(guild)?;
    ok(world
        .member(guild, user)
        .ok_or_else(|| Failure::unknown(10007))?)
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    if !world.members_listed() {
        return Err(Failure::missing_access());
    }
    let after = call.number("after").unwrap_or(0);
    let members = ids(world, guild).filter(|id| *id > after);
    ok(members
        .take(call.limit(1))
        .filter_map(|id| world.member(guild, id))
        .collect())
}

/// Discord looks at the beginnings of the user's name, of the display name and of the nickname.
fn search(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let wanted = call.query("query").unwrap_or_default().to_lowercase();
    let begins = |text: Option<&str>| text.is_some_and(|it| it.to_lowercase().starts_with(&wanted));
    let found = ids(world, guild).filter(|id| {
        let user = world.users.get(id);
        let member = member(world, guild, *id);
        begins(user.and_then(|user| user.text("username")))
            || begins(user.and_then(|user| user.text("global_name")))
            || begins(member.and_then(|member| member.text("nick")))
    });
    ok(found
        .take(call.limit(1))
        .filter_map(|id| world.member(guild, id))
        .collect())
}

fn ids(world: &World, guild: u64) -> impl Iterator<Item = u64> + '_ {
    let room = world.guilds.get(&guild);
    room.into_iter()
        .flat_map(|room| room.members.keys().copied())
}

fn member(world: &World, guild: u64, user: u64) -> Option<&Object> {
    world.guilds.get(&guild)?.members.get(&user)
}

fn known(world: &World, guild: u64, user: u64) -> Result<Object, Failure> {
    member(world, guild, user)
        .cloned()
        .ok_or_else(|| Failure::unknown(10007))
}

/// Adds a user who gave the bot its token.
fn add(call: &Call, world: &mut World) -> Done {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    world.bot_may_in_guild(guild, permission::CREATE_INSTANT_INVITE)?;
    let asked = call.fields();
    let bearer = world.bearer_of(
        asked.text("access_token").unwrap_or_default(),
        "guilds.join",
    )?;
    if bearer != user {
        return Err(Failure::new(
            403,
            50025,
            "Invalid OAuth2 access token provided",
        ));
    }
    if member(world, guild, user).is_some() {
        return done();
    }
    if world
        .guilds
        .get(&guild)
        .is_some_and(|room| room.bans.contains_key(&user))
    {
        return Err(Failure::new(
            403,
            40007,
            "The user is banned from this guild.",
        ));
    }
    let mut start = Object::new();
    for (key, bits) in NEEDS {
        let Some(value) = asked.get(key) else {
            continue;
        };
        world.bot_may_in_guild(guild, bits)?;
        let value = match key {
            "roles" => {
                let wanted = role_ids(value);
                may_change_roles(world, guild, &wanted)?;
                as_list(&wanted)
            }
            "nick" => nick(value),
            _ => asked.flag(key).unwrap_or(false).into(),
        };
        start.set(key, value);
    }
    world.join_with(guild, user, start);
    let member = world.member(guild, user);
    Ok((201, member))
}

fn update(call: &Call, world: &mut World) -> Done {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    world.in_guild(guild)?;
    let before = known(world, guild, user)?;
    let asked = call.fields();
    let next = checked(world, guild, user, &before, &asked)?;
    let channel = moved(world, guild, user, &asked)?;
    let after = next.clone();
    world.change_member(guild, user, |member| *member = next)?;
    for key in ["mute", "deaf"] {
        if let Some(value) = after.get(key).cloned() {
            world.change_voice(guild, user, |state| state.set(key, value));
        }
    }
    record_changes(call, world, guild, user, &before, &after);
    match channel {
        Moved::Not => {}
        Moved::To(channel) => {
            world.enter_voice(guild, user, channel, "");
            let entry = call
                .entry(world, action::MEMBER_MOVE)
                .option("channel_id", channel)
                .option("count", 1);
            world.record(guild, entry);
        }
        Moved::Out => {
            world.leave_voice(guild, user);
            let entry = call
                .entry(world, action::MEMBER_DISCONNECT)
                .option("count", 1);
            world.record(guild, entry);
        }
    }
    get(world, guild, user)
}

/// The member after the form has been applied to it, or the first reason why it cannot be.
fn checked(
    world: &World,
    guild: u64,
    user: u64,
    before: &Object,
    asked: &Object,
) -> Result<Object, Failure> {
    let own = user == world.bot;
    let mut after = before.clone();
    for (key, value) in asked {
        match key.as_str() {
            "nick" => {
                world.bot_may_in_guild(
                    guild,
                    if own {
                        permission::CHANGE_NICKNAME
                    } else {
                        permission::MANAGE_NICKNAMES
                    },
                )?;
                above(world, guild, user)?;
                after.set("nick", nick(value));
            }
            "roles" => {
                world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
                let (old, new) = (role_ids_of(before), role_ids(value));
                let touched: BTreeSet<u64> = old.symmetric_difference(&new).copied().collect();
                may_change_roles(world, guild, &touched)?;
                after.set("roles", as_list(&new));
            }
            "mute" | "deaf" => {
                world.bot_may_in_guild(
                    guild,
                    if key == "mute" {
                        permission::MUTE_MEMBERS
                    } else {
                        permission::DEAFEN_MEMBERS
                    },
                )?;
                in_voice(world, guild, user)?;
                after.set(key, asked.flag(key).unwrap_or(false));
            }
            "communication_disabled_until" => {
                world.bot_may_in_guild(guild, permission::MODERATE_MEMBERS)?;
                above(world, guild, user)?;
                let until = fields::time_within(key, value, world.now_ms, LONGEST_TIMEOUT_MS)?;
                let powerful =
                    world.guild_permissions(guild, user) & permission::ADMINISTRATOR != 0;
                if (own || powerful) && !until.is_null() {
                    return Err(Failure::missing_permissions());
                }
                after.set(key, until);
            }
            "flags" => {
                let has = world.guild_permissions(guild, world.bot);
                let moderates = permission::MODERATE_MEMBERS
                    | permission::KICK_MEMBERS
                    | permission::BAN_MEMBERS;
                if has & (permission::MANAGE_GUILD | permission::MANAGE_ROLES) == 0
                    && has & moderates != moderates
                {
                    return Err(Failure::missing_permissions());
                }
                let kept = before.int("flags").unwrap_or(0) & !BYPASSES_VERIFICATION;
                let new = asked.int(key).unwrap_or(0) & BYPASSES_VERIFICATION;
                after.set("flags", kept | new);
            }
            _ => {}
        }
    }
    Ok(after)
}

enum Moved {
    Not,
    To(u64),
    Out,
}

fn moved(world: &World, guild: u64, user: u64, asked: &Object) -> Result<Moved, Failure> {
    let Some(channel) = asked.get("channel_id") else {
        return Ok(Moved::Not);
    };
    world.bot_may_in_guild(guild, permission::MOVE_MEMBERS)?;
    in_voice(world, guild, user)?;
    let Some(channel) = snowflake(channel) else {
        return Ok(Moved::Out);
    };
    let room = world.channel(channel)?;
    if room.guild != Some(guild) {
        return Err(Failure::unknown(10003));
    }
    if !matches!(room.object.int("type"), Some(kind::VOICE | kind::STAGE)) {
        return Err(Failure::form(
            &["channel_id"],
            "CHANNEL_NOT_VOICE",
            "Must be a voice channel",
        ));
    }
    world.bot_may(channel, permission::CONNECT)?;
    Ok(Moved::To(channel))
}

fn record_changes(
    call: &Call,
    world: &mut World,
    guild: u64,
    user: u64,
    before: &Object,
    after: &Object,
) {
    let (old, new) = (role_ids_of(before), role_ids_of(after));
    let without_roles = |member: &Object| {
        let mut member = member.clone();
        member.remove("roles");
        member
    };
    let entry = call
        .entry(world, action::MEMBER_UPDATE)
        .on(user)
        .changed(&without_roles(before), &without_roles(after));
    if !entry.is_idle() {
        world.record(guild, entry);
    }
    let entry = call.entry(world, action::MEMBER_ROLE_UPDATE).on(user);
    let entry = with_roles(world, guild, entry, "$add", new.difference(&old));
    let entry = with_roles(world, guild, entry, "$remove", old.difference(&new));
    if !entry.is_idle() {
        world.record(guild, entry);
    }
}

fn with_roles<'a>(
    world: &World,
    guild: u64,
    entry: Entry,
    key: &str,
    roles: impl Iterator<Item = &'a u64>,
) -> Entry {
    let roles: Vec<Value> = roles
        .map(|id| {
            let name = world
                .role(guild, *id)
                .ok()
                .and_then(|role| role.get("name"));
            json!({ "id": id.to_string(), "name": name })
        })
        .collect();
    if roles.is_empty() {
        return entry;
    }
    entry.change(key, Value::Null, roles)
}

fn update_own(call: &Call, world: &mut World) -> Done {
    let (guild, bot) = (call.id("guild_id"), world.bot);
    world.in_guild(guild)?;
    let before = known(world, guild, bot)?;
    let asked = call.fields();
    let mut after = before.clone();
    if let Some(value) = asked.get("nick") {
        world.bot_may_in_guild(guild, permission::CHANGE_NICKNAME)?;
        after.set("nick", nick(value));
    }
    for key in ["avatar", "banner"] {
        if let Some(value) = asked.get(key) {
            after.set(key, fields::image(key, value)?);
        }
    }
    let next = after.clone();
    world.change_member(guild, bot, |member| *member = next)?;
    record_changes(call, world, guild, bot, &before, &after);
    get(world, guild, bot)
}

fn rename_own(call: &Call, world: &mut World) -> Done {
    update_own(call, world)?;
    let nick = member(world, call.id("guild_id"), world.bot).and_then(|own| own.get("nick"));
    ok(json!({ "nick": nick }))
}

fn set_role(call: &Call, world: &mut World, held: bool) -> Done {
    let (guild, user, role) = (call.id("guild_id"), call.id("user_id"), call.id("role_id"));
    world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
    let before = known(world, guild, user)?;
    may_change_roles(world, guild, &BTreeSet::from([role]))?;
    world.set_role(guild, user, role, held)?;
    let after = known(world, guild, user)?;
    record_changes(call, world, guild, user, &before, &after);
    done()
}

fn kick(call: &Call, world: &mut World) -> Done {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    world.bot_may_in_guild(guild, permission::KICK_MEMBERS)?;
    known(world, guild, user)?;
    if !world.bot_stands_above(guild, user) {
        return Err(Failure::missing_permissions());
    }
    world.leave(guild, user);
    world.record(guild, call.entry(world, action::MEMBER_KICK).on(user));
    done()
}

/// Nobody acts on those who stand above; on oneself everyone may.
fn above(world: &World, guild: u64, user: u64) -> Result<(), Failure> {
    if user == world.bot || world.bot_stands_above(guild, user) {
        Ok(())
    } else {
        Err(Failure::missing_permissions())
    }
}

fn in_voice(world: &World, guild: u64, user: u64) -> Result<(), Failure> {
    match world.voice_state(guild, user) {
        Some(_) => Ok(()),
        None => Err(Failure::new(
            400,
            40032,
            "Target user is not connected to voice.",
        )),
    }
}

/// Whether the bot may give and take these roles: they exist, lie below its own, and belong to no
/// integration.
fn may_change_roles(world: &World, guild: u64, touched: &BTreeSet<u64>) -> Result<(), Failure> {
    for id in touched {
        let role = world.role(guild, *id)?;
        if *id == guild || role.flag("managed") == Some(true) {
            return Err(roles::invalid_role());
        }
        world.bot_is_above_role(guild, *id)?;
    }
    Ok(())
}

fn role_ids(value: &Value) -> BTreeSet<u64> {
    let ids = value.as_array().into_iter().flatten();
    ids.filter_map(snowflake).collect()
}

fn role_ids_of(member: &Object) -> BTreeSet<u64> {
    member.list("roles").iter().filter_map(snowflake).collect()
}

fn as_list(roles: &BTreeSet<u64>) -> Value {
    roles.iter().map(u64::to_string).collect::<Vec<_>>().into()
}

/// An empty nickname is none.
fn nick(value: &Value) -> Value {
    match value.as_str().map(str::trim) {
        None | Some("") => Value::Null,
        Some(nick) => nick.into(),
    }
}

/// What a new member can be given, and what the bot needs for it.
const NEEDS: [(&str, u64); 4] = [
    ("nick", permission::MANAGE_NICKNAMES),
    ("roles", permission::MANAGE_ROLES),
    ("mute", permission::MUTE_MEMBERS),
    ("deaf", permission::DEAFEN_MEMBERS),
];

/// The one member flag that others than Discord set.
const BYPASSES_VERIFICATION: u64 = 1 << 2;

/// Discord's longest timeout: 28 days.
const LONGEST_TIMEOUT_MS: u64 = 28 * 86_400_000;
