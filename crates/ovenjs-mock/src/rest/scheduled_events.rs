//! Scheduled events, their users, and the occasions that are other than the rest.

mod exceptions;
mod rules;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time,
    world::{
        World,
        audit::{Entry, action},
        permission,
        scheduled_event::{Event, kind, status},
    },
};

use super::{Call, Done, done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_guild_scheduled_events" => list(call, world),
        "get_guild_scheduled_event" => get(call, world),
        "create_guild_scheduled_event" => create(call, world),
        "update_guild_scheduled_event" => update(call, world),
        "delete_guild_scheduled_event" => delete(call, world),
        "list_guild_scheduled_event_users" => users(call, world, None),
        "list_guild_scheduled_event_exception_users" => {
            let occasion = call.id("guild_scheduled_event_exception_id");
            users(call, world, Some(occasion))
        }
        "count_guild_scheduled_event_users" => count(call, world),
        "create_guild_scheduled_event_exception" => exceptions::create(call, world),
        "update_guild_scheduled_event_exception" => exceptions::update(call, world),
        "delete_guild_scheduled_event_exception" => exceptions::delete(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    ok(world
        .events(guild)
        .filter(|(_, event)| !event.is_over() && may_see(world, event).is_ok())
        .map(|(id, _)| shown(world, guild, id, call.asks("with_user_count")))
        .collect())
}

fn get(call: &Call, world: &World) -> Done {
    let (guild, id) = place(call);
    seen(call, world)?;
    ok(shown(world, guild, id, call.asks("with_user_count")))
}

/// Guild and id of the event in the path.
fn place(call: &Call) -> (u64, u64) {
    (call.id("guild_id"), call.id("guild_scheduled_event_id"))
}

/// The event in the path, if the bot can see it.
fn seen<'a>(call: &Call, world: &'a World) -> Result<&'a Event, Failure> {
    let (guild, id) = place(call);
    world.in_guild(guild)?;
    let event = world.event(guild, id)?;
    may_see(world, event)?;
    Ok(event)
}

fn may_see(world: &World, event: &Event) -> Result<(), Failure> {
    match event.channel() {
        Some(channel) => world.bot_may(channel, permission::VIEW_CHANNEL),
        None => Ok(()),
    }
}

pub(super) fn shown(world: &World, guild: u64, id: u64, with_count: bool) -> Value {
    let mut shown = world.event_object(guild, id).unwrap_or_default();
    if let Some(creator) = shown.key("creator_id") {
        shown.set("creator", world.user(creator));
    }
    if with_count && let Ok(event) = world.event(guild, id) {
        shown.set("user_count", event.interested(None).count());
    }
    Value::Object(shown)
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let asked = call.fields();
    let mut event = object(json!({
        "guild_id": guild.to_string(),
        "channel_id": null,
        "creator_id": world.bot.to_string(),
        "name": "",
        "description": null,
        "image": null,
        "scheduled_start_time": null,
        "scheduled_end_time": null,
        "privacy_level": 2,
        "status": status::SCHEDULED,
        "entity_type": asked.get("entity_type"),
        "entity_id": null,
        "entity_metadata": null,
        "recurrence_rule": null,
    }));
    rules::write(&mut event, &asked, world.now_ms)?;
    rules::check(world, guild, &event)?;
    may_hold(world, guild, &event, permission::CREATE_EVENTS)?;
    let coming = world.events(guild).filter(|(_, event)| !event.is_over());
    if coming.count() >= MAX_COMING {
        let message =
            format!("Maximum number of uncompleted guild scheduled events reached ({MAX_COMING})");
        return Err(Failure::new(400, 30038, message));
    }
    let id = world.next_id();
    event.set("id", id.to_string());
    world.plan_event(guild, id, event.clone());
    let entry = call
        .entry(world, action::GUILD_SCHEDULED_EVENT_CREATE)
        .on(id);
    world.record(guild, entry.changed(&Object::new(), &event));
    ok(shown(world, guild, id, false))
}

fn update(call: &Call, world: &mut World) -> Done {
    let (guild, id) = place(call);
    let known = seen(call, world)?;
    let before = known.object.clone();
    may_change(world, guild, &before)?;
    if known.is_over() {
        return Err(Failure::new(400, 180_000, "Cannot update a finished event"));
    }
    let mut after = before.clone();
    let asked = call.fields();
    let was = before.int("status");
    let is_active = was == Some(status::ACTIVE);
    if is_active
        && ["entity_type", "channel_id"]
            .iter()
            .any(|key| changes(&before, &asked, key))
    {
        return Err(Failure::form(
            &["entity_type"],
            "GUILD_SCHEDULED_EVENT_ACTIVE",
            "Cannot move an event that has begun",
        ));
    }
    rules::write(&mut after, &asked, world.now_ms)?;
    rules::check(world, guild, &after)?;
    may_change(world, guild, &after)?;
    let next = asked.int("status").filter(|next| Some(*next) != was);
    match (was, next) {
        (_, None)
        | (Some(status::SCHEDULED), Some(status::ACTIVE | status::CANCELED))
        | (Some(status::ACTIVE), Some(status::COMPLETED)) => {}
        _ => {
            let offered = if is_active { "3" } else { "2, 4" };
            return Err(fields::no_choice("status", offered));
        }
    }
    if next == Some(status::ACTIVE) {
        // What cannot begin is not changed either.
        let channel = after.key("channel_id").unwrap_or_default();
        if after.int("entity_type") == Some(kind::STAGE) && world.stage(channel).is_some() {
            let message = "Failed to create stage needed for stage event";
            return Err(Failure::new(400, 180_002, message));
        }
    }
    let changed = after != before;
    world.change_event(guild, id, after.clone());
    match next {
        Some(status::ACTIVE) => world.begin_event(guild, id)?,
        Some(status::COMPLETED) => world.complete_event(guild, id),
        Some(status::CANCELED) => world.cancel_event(guild, id),
        _ => {}
    }
    if changed || next.is_some() {
        if let Some(next) = next {
            after.set("status", next);
        }
        let entry = call
            .entry(world, action::GUILD_SCHEDULED_EVENT_UPDATE)
            .on(id);
        world.record(guild, entry.changed(&before, &after));
    }
    ok(shown(world, guild, id, false))
}

fn changes(before: &Object, asked: &Object, key: &str) -> bool {
    asked.get(key).is_some_and(|value| {
        // A kind of null is none to change to.
        let is_told = key != "entity_type" || !value.is_null();
        is_told && before.key(key) != crate::json::snowflake(value)
    })
}

fn delete(call: &Call, world: &mut World) -> Done {
    let (guild, id) = place(call);
    let before = seen(call, world)?.object.clone();
    may_change(world, guild, &before)?;
    world.remove_event(guild, id);
    // Discord takes no reason here.
    let entry = Entry::new(action::GUILD_SCHEDULED_EVENT_DELETE, world.bot).on(id);
    world.record(guild, entry.changed(&before, &Object::new()));
    done()
}

/// What the bot planned it may change with the lesser of the two permissions.
fn may_change(world: &World, guild: u64, event: &Object) -> Result<(), Failure> {
    let is_own = event.key("creator_id") == Some(world.bot);
    let lesser = may_hold(world, guild, event, permission::CREATE_EVENTS);
    if is_own && lesser.is_ok() {
        return Ok(());
    }
    may_hold(world, guild, event, permission::MANAGE_EVENTS)
}

/// Whether the bot has a permission, and those that an event of this kind asks for beside it.
fn may_hold(world: &World, guild: u64, event: &Object, bit: u64) -> Result<(), Failure> {
    let channel = event.key("channel_id").unwrap_or_default();
    match event.int("entity_type") {
        Some(kind::STAGE) => world.bot_may(
            channel,
            bit | permission::MANAGE_CHANNELS | permission::MUTE_MEMBERS | permission::MOVE_MEMBERS,
        ),
        Some(kind::VOICE) => world.bot_may(channel, bit | permission::CONNECT),
        _ => world.bot_may_in_guild(guild, bit),
    }
}

fn users(call: &Call, world: &World, occasion: Option<u64>) -> Done {
    let (guild, id) = place(call);
    let event = seen(call, world)?;
    if occasion.is_some_and(|occasion| !event.exceptions.contains_key(&occasion)) {
        return Err(unknown());
    }
    let limit = call.limit(100);
    let all = event.interested(occasion);
    let mut page: Vec<u64> = if let Some(before) = call.number("before") {
        all.rev()
            .filter(|user| *user < before)
            .take(limit)
            .collect()
    } else {
        let after = call.number("after").unwrap_or(0);
        all.filter(|user| *user > after).take(limit).collect()
    };
    page.sort_unstable();
    ok(page
        .into_iter()
        .map(|user| {
            let mut shown = object(json!({
                "guild_scheduled_event_id": id.to_string(),
                "user_id": user.to_string(),
                "response": INTERESTED,
                "user": world.user(user),
            }));
            if let Some(occasion) = occasion {
                shown.set("guild_scheduled_event_exception_id", occasion.to_string());
            }
            let member = world.member(guild, user);
            if let Some(member) = member.filter(|_| call.asks("with_member")) {
                shown.set("member", member);
            }
            Value::Object(shown)
        })
        .collect())
}

fn count(call: &Call, world: &World) -> Done {
    let event = seen(call, world)?;
    let asked = call.queries("guild_scheduled_event_exception_ids");
    let counts: Object = asked
        .into_iter()
        .filter_map(|id| {
            let occasion: u64 = id.parse().ok()?;
            let known = event.exceptions.contains_key(&occasion);
            known.then(|| {
                (
                    id.to_owned(),
                    event.interested(Some(occasion)).count().into(),
                )
            })
        })
        .collect();
    ok(json!({
        "guild_scheduled_event_count": event.interested(None).count(),
        "guild_scheduled_event_exception_counts": counts,
    }))
}

/// A time of a form, in milliseconds since 1970; null is none.
fn moment(asked: &Object, key: &str) -> Result<Option<u64>, Failure> {
    let Some(text) = asked.text(key) else {
        return Ok(None);
    };
    time::unix_ms_of(text).map(Some).ok_or_else(|| {
        Failure::form(
            &[key],
            "DATE_TIME_TYPE_PARSE",
            &format!("Could not parse {text}. Should be ISO8601."),
        )
    })
}

fn unknown() -> Failure {
    Failure::new(404, 10070, "Unknown Guild Scheduled Event")
}

/// Discord's bound on the events of a guild that have not ended.
const MAX_COMING: usize = 100;

/// The answer of who wants to come.
const INTERESTED: u64 = 1;
