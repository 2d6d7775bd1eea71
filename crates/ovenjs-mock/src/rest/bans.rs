//! Bans and prunes.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, snowflake},
    world::{World, audit::action, permission},
};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_guild_bans" => list(call, world),
        "get_guild_ban" => get(call, world),
        "ban_user_from_guild" => ban(call, world),
        "unban_user_from_guild" => unban(call, world),
        "bulk_ban_users_from_guild" => ban_many(call, world),
        "preview_prune_guild" => preview_prune(call, world),
        "prune_guild" => prune(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::BAN_MEMBERS)?;
    let room = world.guilds.get(&guild);
    let bans = || room.into_iter().flat_map(|room| &room.bans);
    let limit = call.limit(1000);
    // With both, Discord goes by `before`; the order is always that of the ids.
    let mut page: Vec<(&u64, &Option<String>)> = match call.number("before") {
        Some(before) => {
            let mut last: Vec<_> = bans().filter(|(id, _)| **id < before).collect();
            last.drain(..last.len().saturating_sub(limit));
            last
        }
        None => {
            let after = call.number("after").unwrap_or(0);
            bans().filter(|(id, _)| **id > after).collect()
        }
    };
    page.truncate(limit);
    ok(page
        .into_iter()
        .map(|(user, reason)| json!({ "user": world.user(*user), "reason": reason }))
        .collect())
}

fn get(call: &Call, world: &World) -> Done {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    world.bot_may_in_guild(guild, permission::BAN_MEMBERS)?;
    let room = world.guilds.get(&guild);
    let reason = room
        .and_then(|room| room.bans.get(&user))
        .ok_or_else(|| Failure::unknown(10026))?;
    ok(json!({ "user": world.user(user), "reason": reason }))
}

fn ban(call: &Call, world: &mut World) -> Done {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    world.bot_may_in_guild(guild, permission::BAN_MEMBERS)?;
    if !world.users.contains_key(&user) {
        return Err(Failure::unknown(10013));
    }
    if !can_ban(world, guild, user) {
        return Err(Failure::missing_permissions());
    }
    let asked = call.fields();
    let days = asked.int("delete_message_days").unwrap_or(0);
    let seconds = asked
        .int("delete_message_seconds")
        // Undocumented, and read all the same: discord.py writes it here.
        .or_else(|| call.number("delete_message_seconds"))
        .unwrap_or_else(|| days.saturating_mul(86_400));
    ban_one(call, world, guild, user, seconds);
    done()
}

fn can_ban(world: &World, guild: u64, user: u64) -> bool {
    let member = world
        .guilds
        .get(&guild)
        .is_some_and(|room| room.members.contains_key(&user));
    user != world.bot && (!member || world.bot_stands_above(guild, user))
}

fn ban_one(call: &Call, world: &mut World, guild: u64, user: u64, seconds: u64) {
    let is_banned = world
        .guilds
        .get(&guild)
        .is_some_and(|room| room.bans.contains_key(&user));
    world.ban(guild, user, call.reason.clone());
    if seconds > 0 {
        world.delete_recent(guild, user, seconds);
    }
    if !is_banned {
        world.record(guild, call.entry(world, action::MEMBER_BAN_ADD).on(user));
    }
}

fn unban(call: &Call, world: &mut World) -> Done {
    let (guild, user) = (call.id("guild_id"), call.id("user_id"));
    world.bot_may_in_guild(guild, permission::BAN_MEMBERS)?;
    world.unban(guild, user)?;
    world.record(guild, call.entry(world, action::MEMBER_BAN_REMOVE).on(user));
    done()
}

fn ban_many(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::BAN_MEMBERS | permission::MANAGE_GUILD)?;
    let asked = call.fields();
    let seconds = asked.int("delete_message_seconds").unwrap_or(0);
    let (mut banned, mut failed) = (Vec::new(), Vec::new());
    for user in asked.list("user_ids").iter().filter_map(snowflake) {
        let is_banned = world
            .guilds
            .get(&guild)
            .is_some_and(|room| room.bans.contains_key(&user));
        if is_banned || !world.users.contains_key(&user) || !can_ban(world, guild, user) {
            failed.push(user.to_string());
        } else {
            ban_one(call, world, guild, user, seconds);
            banned.push(user.to_string());
        }
    }
    if banned.is_empty() {
        return Err(Failure::new(400, 500_000, "Failed to ban users"));
    }
    ok(json!({ "banned_users": banned, "failed_users": failed }))
}

fn preview_prune(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    may_prune(world, guild)?;
    let days = call.number("days").unwrap_or(USUAL_DAYS);
    let roles: Vec<u64> = call
        .queries("include_roles")
        .into_iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let pruned = world.inactive(guild, days, &roles).len();
    ok(json!({ "pruned": pruned }))
}

fn prune(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    may_prune(world, guild)?;
    let asked = call.fields();
    let days = asked.int("days").unwrap_or(USUAL_DAYS);
    let gone = world.inactive(guild, days, &included(&asked));
    for user in &gone {
        world.leave(guild, *user);
    }
    let entry = call
        .entry(world, action::MEMBER_PRUNE)
        .option("delete_member_days", days)
        .option("members_removed", gone.len());
    world.record(guild, entry);
    let counted = asked.flag("compute_prune_count") != Some(false);
    ok(json!({ "pruned": counted.then_some(gone.len()) }))
}

fn may_prune(world: &World, guild: u64) -> Result<(), Failure> {
    let mut bits = permission::KICK_MEMBERS | permission::MANAGE_GUILD;
    if world.has_feature(guild, "PRUNE_REQUIRES_ADMIN") {
        bits |= permission::ADMINISTRATOR;
    }
    world.bot_may_in_guild(guild, bits)
}

/// Ids in a list, or in one text between commas.
fn included(asked: &Object) -> Vec<u64> {
    match asked.get("include_roles") {
        Some(Value::String(text)) => text
            .split(',')
            .filter_map(|id| id.trim().parse().ok())
            .collect(),
        _ => asked
            .list("include_roles")
            .iter()
            .filter_map(snowflake)
            .collect(),
    }
}

/// How long members have to be away when the request does not say.
const USUAL_DAYS: u64 = 7;
