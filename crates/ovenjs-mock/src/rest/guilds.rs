//! Guilds, channels, roles, members and bans.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::Fields,
    world::{World, audit::action, permission},
};

use super::{Call, Done, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let guild = call.id("guild_id");
    let user = call.id("user_id");
    Some(match call.operation.as_str() {
        "get_guild" => world
            .guild(guild, call.asks("with_counts"))
            .ok_or_else(|| Failure::unknown(10004))
            .and_then(ok),
        "list_guild_channels" => world.in_guild(guild).and_then(|()| {
            let channels = world
                .channels
                .values()
                .filter(|room| room.guild == Some(guild) && room.thread_parent().is_none());
            ok(channels
                .map(|room| Value::Object(room.object.clone()))
                .collect())
        }),
        "get_active_guild_threads" => world.in_guild(guild).and_then(|()| {
            let threads = world
                .channels
                .values()
                .filter(|room| room.guild == Some(guild) && room.thread_parent().is_some());
            let threads: Vec<Value> = threads
                .map(|room| Value::Object(room.object.clone()))
                .collect();
            ok(json!({ "threads": threads, "members": [] }))
        }),
        "list_guild_roles" => world
            .in_guild(guild)
            .and_then(|()| ok(world.roles(guild).into())),
        "get_guild_role" => world.in_guild(guild).and_then(|()| {
            let role = world
                .guilds
                .get(&guild)
                .and_then(|g| g.roles.get(&call.id("role_id")));
            role.cloned()
                .map(Value::Object)
                .ok_or_else(|| Failure::unknown(10011))
                .and_then(ok)
        }),
        "get_channel" => channel(call, world),
        "list_guild_members" => world.in_guild(guild).and_then(|()| {
            let after = call
                .query("after")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0_u64);
            let room = world.guilds.get(&guild);
            let ids = room
                .into_iter()
                .flat_map(|room| room.members.keys().copied());
            let members = ids.filter(|id| *id > after).take(call.limit(1));
            ok(members.filter_map(|id| world.member(guild, id)).collect())
        }),
        "search_guild_members" => world.in_guild(guild).and_then(|()| {
            let wanted = call.query("query").unwrap_or_default().to_lowercase();
            let room = world.guilds.get(&guild);
            let ids = room
                .into_iter()
                .flat_map(|room| room.members.keys().copied());
            let found = ids.filter(|id| {
                let user = world.users.get(id);
                user.and_then(|user| user.text("username"))
                    .is_some_and(|name| name.to_lowercase().starts_with(&wanted))
            });
            ok(found
                .take(call.limit(1))
                .filter_map(|id| world.member(guild, id))
                .collect())
        }),
        "get_guild_member" => world.in_guild(guild).and_then(|()| {
            world
                .member(guild, user)
                .ok_or_else(|| Failure::unknown(10007))
                .and_then(ok)
        }),
        "get_my_guild_member" => world.in_guild(guild).and_then(|()| {
            world
                .member(guild, world.bot)
                .ok_or_else(|| Failure::unknown(10007))
                .and_then(ok)
        }),
        "update_guild_member" => update_member(call, world, user),
        "update_my_guild_member" => update_member(call, world, world.bot),
        "delete_guild_member" => {
            acting_on(world, guild, user, permission::KICK_MEMBERS).and_then(|()| {
                if world.leave(guild, user) {
                    world.record(guild, call.entry(world, action::MEMBER_KICK).on(user));
                    done()
                } else {
                    Err(Failure::unknown(10007))
                }
            })
        }
        operation @ ("add_guild_member_role" | "delete_guild_member_role") => {
            let held = operation == "add_guild_member_role";
            world
                .in_guild(guild)
                .and_then(|()| world.bot_may_in_guild(guild, permission::MANAGE_ROLES))
                .and_then(|()| world.bot_is_above_role(guild, call.id("role_id")))
                .and_then(|()| world.set_role(guild, user, call.id("role_id"), held))
                .and_then(|()| done())
        }
        "ban_user_from_guild" => {
            acting_on(world, guild, user, permission::BAN_MEMBERS).and_then(|()| {
                if !world.users.contains_key(&user) {
                    return Err(Failure::unknown(10013));
                }
                world.ban(guild, user, call.reason.clone());
                world.record(guild, call.entry(world, action::MEMBER_BAN_ADD).on(user));
                done()
            })
        }
        "unban_user_from_guild" => world
            .in_guild(guild)
            .and_then(|()| world.bot_may_in_guild(guild, permission::BAN_MEMBERS))
            .and_then(|()| world.unban(guild, user))
            .and_then(|()| done()),
        "list_guild_bans" => world
            .in_guild(guild)
            .and_then(|()| world.bot_may_in_guild(guild, permission::BAN_MEMBERS))
            .and_then(|()| {
                let bans = world
                    .guilds
                    .get(&guild)
                    .into_iter()
                    .flat_map(|room| &room.bans);
                let bans = bans
                    .take(call.limit(1000))
                    .map(|(user, reason)| json!({ "user": world.user(*user), "reason": reason }));
                ok(bans.collect())
            }),
        "get_guild_ban" => world
            .in_guild(guild)
            .and_then(|()| world.bot_may_in_guild(guild, permission::BAN_MEMBERS))
            .and_then(|()| {
                let reason = world
                    .guilds
                    .get(&guild)
                    .and_then(|room| room.bans.get(&user));
                let reason = reason.ok_or_else(|| Failure::unknown(10026))?;
                ok(json!({ "user": world.user(user), "reason": reason }))
            }),
        _ => return None,
    })
}

/// Whether the bot has the permission and stands above whom it acts on.
fn acting_on(world: &World, guild: u64, user: u64, bits: u64) -> Result<(), Failure> {
    world.in_guild(guild)?;
    world.bot_may_in_guild(guild, bits)?;
    let member = world
        .guilds
        .get(&guild)
        .is_some_and(|room| room.members.contains_key(&user));
    if member && !world.bot_stands_above(guild, user) {
        return Err(Failure::missing_permissions());
    }
    Ok(())
}

fn channel(call: &Call, world: &World) -> Done {
    let id = call.id("channel_id");
    let room = world.channel(id)?;
    world.bot_may(id, 0)?;
    ok(Value::Object(room.object.clone()))
}

fn update_member(call: &Call, world: &mut World, user: u64) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let fields = call.fields();
    let own = user == world.bot;
    let needs = [
        (
            "nick",
            if own {
                1 << 26
            } else {
                permission::MANAGE_NICKNAMES
            },
        ),
        ("roles", permission::MANAGE_ROLES),
        ("communication_disabled_until", permission::MODERATE_MEMBERS),
        ("mute", 1 << 22),
        ("deaf", 1 << 23),
    ];
    for (field, bits) in needs {
        if fields.contains_key(field) {
            world.bot_may_in_guild(guild, bits)?;
        }
    }
    if !own && !world.bot_stands_above(guild, user) {
        return Err(Failure::missing_permissions());
    }
    let member = world.change_member(guild, user, |member| {
        for key in [
            "nick",
            "roles",
            "communication_disabled_until",
            "mute",
            "deaf",
            "flags",
        ] {
            if let Some(value) = fields.get(key) {
                member.set(key, value.clone());
            }
        }
    })?;
    ok(member)
}
