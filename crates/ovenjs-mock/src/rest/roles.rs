//! The roles of a guild.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, snowflake},
    world::{World, audit::action, permission, permission::bits_of, role},
};

use super::{Call, Done, done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_guild_roles" => list(call, world),
        "get_guild_role" => get(call, world),
        "guild_role_member_counts" => count(call, world),
        "create_guild_role" => create(call, world),
        "update_guild_role" => update(call, world),
        "delete_guild_role" => delete(call, world),
        "bulk_update_guild_roles" => reorder(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(world.roles(guild).into())
}

fn get(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(Value::Object(
        world.role(guild, call.id("role_id"))?.clone(),
    ))
}

/// How many members have each role; everyone has `@everyone`, which is left out.
fn count(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let Some(room) = world.guilds.get(&guild) else {
        return Err(Failure::unknown(10004));
    };
    let counts: Object = room
        .roles
        .keys()
        .filter(|role| **role != guild)
        .map(|role| {
            let holders = room.members.values().filter(|member| {
                let roles = member.list("roles").iter();
                roles.filter_map(snowflake).any(|held| held == *role)
            });
            (role.to_string(), holders.count().into())
        })
        .collect();
    ok(Value::Object(counts))
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
    let roles = world
        .guilds
        .get(&guild)
        .map_or(0, |guild| guild.roles.len());
    if roles >= MAX_ROLES {
        return Err(Failure::new(
            400,
            30005,
            "Maximum number of guild roles reached (250)",
        ));
    }
    let everyone = bits_of(world.role(guild, guild)?.text("permissions"));
    // Without a word about permissions a role has those that everyone has and the bot can give.
    let usual = everyone & world.guild_permissions(guild, world.bot);
    let blank = role::blank(0, "new role", usual, 1);
    let role = settled(world, guild, blank, &call.fields())?;
    let id = world.add_role(guild, role);
    let role = world.role(guild, id)?.clone();
    let entry = call
        .entry(world, action::ROLE_CREATE)
        .on(id)
        .changed(&Object::new(), &role);
    world.record(guild, entry);
    ok(Value::Object(role))
}

fn update(call: &Call, world: &mut World) -> Done {
    let (guild, id) = (call.id("guild_id"), call.id("role_id"));
    world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
    world.bot_is_above_role(guild, id)?;
    let before = world.role(guild, id)?.clone();
    let mut asked = call.fields();
    if id == guild {
        // Nothing but its permissions can be changed in `@everyone`.
        asked.retain(|key, _| key == "permissions");
    }
    let after = settled(world, guild, before.clone(), &asked)?;
    world.change_role(guild, id, after.clone());
    let entry = call
        .entry(world, action::ROLE_UPDATE)
        .on(id)
        .changed(&before, &after);
    if !entry.is_idle() {
        world.record(guild, entry);
    }
    ok(Value::Object(after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let (guild, id) = (call.id("guild_id"), call.id("role_id"));
    world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
    let before = world.role(guild, id)?.clone();
    world.bot_is_above_role(guild, id)?;
    if id == guild || before.flag("managed") == Some(true) {
        return Err(invalid_role());
    }
    world.remove_role(guild, id);
    let entry = call
        .entry(world, action::ROLE_DELETE)
        .on(id)
        .changed(&before, &Object::new());
    world.record(guild, entry);
    done()
}

fn reorder(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
    let owner = world
        .guilds
        .get(&guild)
        .is_some_and(|room| room.object.key("owner_id") == Some(world.bot));
    let (_, Reverse(top)) = world.highest_role(guild, world.bot);
    let top = world.place_of_role(guild, top);
    let mut moves = Vec::new();
    for one in call.body.as_array().into_iter().flatten() {
        let Some(one) = one.as_object() else {
            continue;
        };
        let id = one.key("id").ok_or_else(|| fields::required("id"))?;
        world.role(guild, id)?;
        let Some(position) = one.int("position") else {
            continue;
        };
        // Some clients write the whole list for one move. What stays where it is needs no permission.
        if position != world.place_of_role(guild, id) {
            world.bot_is_above_role(guild, id)?;
            if id == guild {
                return Err(invalid_role());
            }
            if position >= top && !owner {
                return Err(Failure::missing_permissions());
            }
        } else if id == guild {
            continue;
        }
        moves.push((id, position));
    }
    for (id, old) in world.move_roles(guild, &moves) {
        let new = world.role(guild, id)?.get("position").cloned();
        let entry = call
            .entry(world, action::ROLE_UPDATE)
            .on(id)
            .change("position", old, new);
        world.record(guild, entry);
    }
    ok(world.roles(guild).into())
}

/// The role after the form has been applied to it, or the form's first fault.
fn settled(world: &World, guild: u64, before: Object, asked: &Object) -> Result<Object, Failure> {
    let mut after = before;
    if asked.contains_key("permissions") {
        let old = bits_of(after.text("permissions"));
        let new = fields::bits(asked, "permissions") & permission::ALL;
        world.bot_may_give(guild, old ^ new)?;
        after.set("permissions", new.to_string());
    }
    if let Some(name) = asked.get("name") {
        after.set("name", name.as_str().unwrap_or("new role"));
    }
    for key in ["hoist", "mentionable"] {
        if asked.contains_key(key) {
            after.set(key, asked.flag(key).unwrap_or(false));
        }
    }
    if asked.contains_key("color") {
        let color = asked.int("color").unwrap_or(0);
        after.set("color", color);
        after.set("colors", colors(color, Value::Null, Value::Null));
    }
    if let Some(asked) = asked.get("colors").and_then(Value::as_object) {
        let field = |key: &str| asked.get(key).cloned().unwrap_or_default();
        let (second, third) = (field("secondary_color"), field("tertiary_color"));
        let several = !second.is_null() || !third.is_null();
        if several && !world.has_feature(guild, "ENHANCED_ROLE_COLORS") {
            return Err(needs_boosts());
        }
        let first = asked.int("primary_color").unwrap_or(0);
        after.set("color", first);
        after.set("colors", colors(first, second, third));
    }
    for key in ["icon", "unicode_emoji"] {
        let Some(value) = asked.get(key) else {
            continue;
        };
        if !value.is_null() && !world.has_feature(guild, "ROLE_ICONS") {
            return Err(needs_boosts());
        }
        let value = if key == "icon" {
            fields::image(key, value)?
        } else {
            value.clone()
        };
        after.set(key, value);
    }
    Ok(after)
}

fn colors(first: u64, second: Value, third: Value) -> Value {
    json!({ "primary_color": first, "secondary_color": second, "tertiary_color": third })
}

/// What is done to `@everyone`, or to a role that belongs to an integration.
pub(super) fn invalid_role() -> Failure {
    Failure::new(400, 50028, "Invalid Role")
}

pub(super) fn needs_boosts() -> Failure {
    Failure::new(
        403,
        50101,
        "This server needs more boosts to perform this action",
    )
}

/// Discord's bound on the roles of a guild, `@everyone` among them.
const MAX_ROLES: usize = 250;
