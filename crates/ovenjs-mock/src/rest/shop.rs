//! What the application sells, and who may use it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    failure::Failure,
    json::{Fields, Object},
    world::World,
};

use super::{Call, Done, commands, done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let own = || commands::is_own(call, world);
    let id = call.id("entitlement_id");
    Some(match call.operation.as_str() {
        "list_skus" => own().and_then(|()| {
            let skus = world.shop.skus.values();
            ok(skus.cloned().map(Value::Object).collect())
        }),
        "get_entitlements" => own().and_then(|()| list(call, world)),
        "create_entitlement" => own().and_then(|()| create(call, world)),
        "get_entitlement" => own().and_then(|()| ok(Value::Object(world.entitlement(id)?.clone()))),
        "delete_entitlement" => own()
            .and_then(|()| world.end_test(id))
            .and_then(|()| done()),
        "consume_entitlement" => own().and_then(|()| world.consume(id)).and_then(|()| done()),
        "get_current_user_application_entitlements" => own().and_then(|()| of_bearer(call, world)),
        "get_sku_subscriptions" => subscriptions(call, world),
        "get_sku_subscription" => subscription(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let skus = skus(call);
    let (user, guild) = (call.number("user_id"), call.number("guild_id"));
    // Deleted ones are left out unless asked for, ended ones are in unless asked not to be.
    let with_deleted = call.query("exclude_deleted").is_some() && !call.asks("exclude_deleted");
    let found = world.shop.entitlements.values().filter(|one| {
        let is = |key: &str, asked: Option<u64>| asked.is_none() || one.key(key) == asked;
        is("user_id", user)
            && is("guild_id", guild)
            && (skus.is_empty() || one.key("sku_id").is_some_and(|id| skus.contains(&id)))
            && (with_deleted || one.flag("deleted") != Some(true))
            && !(call.asks("exclude_ended") && world.has_ended(one))
            && (!call.asks("only_active") || world.is_active(one))
    });
    ok(page(call, found.collect()))
}

fn of_bearer(call: &Call, world: &World) -> Done {
    let Some(grant) = call.asker.bearer() else {
        return Err(Failure::unauthorized());
    };
    let skus = skus(call);
    let found = world.shop.entitlements.values().filter(|one| {
        one.key("user_id") == Some(grant.user)
            && one.flag("deleted") != Some(true)
            && (skus.is_empty() || one.key("sku_id").is_some_and(|id| skus.contains(&id)))
            && !(call.asks("exclude_consumed") && one.flag("consumed") == Some(true))
    });
    ok(found.cloned().map(Value::Object).collect())
}

fn skus(call: &Call) -> BTreeSet<u64> {
    let ids = call.queries("sku_ids");
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

/// A page in order of age: after an id the oldest, else the newest.
fn page(call: &Call, mut found: Vec<&Object>) -> Value {
    let (before, after) = (call.number("before"), call.number("after"));
    found.retain(|one| {
        let id = one.key("id").unwrap_or_default();
        before.is_none_or(|before| id < before) && after.is_none_or(|after| id > after)
    });
    let limit = call.limit(MAX_PAGE);
    if after.is_some() {
        found.truncate(limit);
    } else {
        found.drain(..found.len().saturating_sub(limit));
    }
    found.into_iter().cloned().map(Value::Object).collect()
}

/// Gives somebody something to try.
fn create(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let sku = asked.key("sku_id").unwrap_or_default();
    let owner = asked.key("owner_id").unwrap_or_default();
    let (user, guild) = if asked.int("owner_type") == Some(GUILD) {
        world.in_guild(owner)?;
        // Discord names a user for a guild's entitlements too: who gave it.
        (world.owner, Some(owner))
    } else {
        if !world.users.contains_key(&owner) {
            return Err(Failure::unknown(10013));
        }
        (owner, None)
    };
    let id = world.entitle_to_test(sku, user, guild)?;
    ok(Value::Object(world.entitlement(id)?.clone()))
}

fn subscriptions(call: &Call, world: &World) -> Done {
    known(call, world)?;
    // A bot has to say whose it wants to see, a user sees its own.
    let user = match call.asker.bearer() {
        Some(grant) => grant.user,
        None => call
            .number("user_id")
            .ok_or_else(|| fields::required("user_id"))?,
    };
    let found = of_sku(call, world).filter(|one| one.key("user_id") == Some(user));
    // Subscriptions come newest first, fifty at a time.
    let mut found: Vec<&Object> = found.collect();
    let (before, after) = (call.number("before"), call.number("after"));
    found.retain(|one| {
        let id = one.key("id").unwrap_or_default();
        before.is_none_or(|before| id < before) && after.is_none_or(|after| id > after)
    });
    let newest = found.into_iter().rev().take(call.limit(USUAL_PAGE));
    ok(newest.cloned().map(Value::Object).collect())
}

fn subscription(call: &Call, world: &World) -> Done {
    known(call, world)?;
    let id = call.id("subscription_id");
    let mut found = of_sku(call, world).filter(|one| one.key("id") == Some(id));
    let mine = |one: &Object| {
        let bearer = call.asker.bearer();
        bearer.is_none_or(|grant| one.key("user_id") == Some(grant.user))
    };
    let found = found.find(|one| mine(one));
    ok(Value::Object(found.cloned().ok_or_else(|| {
        Failure::new(404, 0, "Unknown subscription")
    })?))
}

fn known(call: &Call, world: &World) -> Result<(), Failure> {
    let known = world.shop.skus.contains_key(&call.id("sku_id"));
    known.then_some(()).ok_or_else(|| Failure::unknown(10027))
}

fn of_sku<'a>(call: &Call, world: &'a World) -> impl Iterator<Item = &'a Object> {
    let sku = call.id("sku_id").to_string();
    let all = world.shop.subscriptions.values();
    all.filter(move |one| one.list("sku_ids").iter().any(|id| *id == sku.as_str()))
}

/// The owner of an entitlement that is a guild.
const GUILD: u64 = 1;

const MAX_PAGE: usize = 100;
const USUAL_PAGE: usize = 50;
