//! Occasions of a repeated event that are at another time, or not at all.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time,
    world::{
        World,
        audit::{Entry, action},
        scheduled_event::{Event, occasion, occurs},
    },
};

use super::{
    super::{Call, Done, done, fields, ok},
    may_change, moment, place, rules, seen, unknown,
};

pub(super) fn create(call: &Call, world: &mut World) -> Done {
    let (guild, id) = place(call);
    let asked = call.fields();
    let event = changeable(call, world)?;
    let at = moment(&asked, ORIGINAL)?.ok_or_else(|| fields::required(ORIGINAL))?;
    let rule = event
        .object
        .get("recurrence_rule")
        .and_then(Value::as_object);
    if !rule.is_some_and(|rule| occurs(rule, event.first, at)) {
        return Err(Failure::form(
            &[ORIGINAL],
            "GUILD_SCHEDULED_EVENT_EXCEPTION_INVALID",
            "The event does not take place at this time.",
        ));
    }
    let occasion = occasion(at);
    if event.exceptions.contains_key(&occasion) {
        return Err(Failure::form(
            &[ORIGINAL],
            "GUILD_SCHEDULED_EVENT_EXCEPTION_EXISTS",
            "There is an exception for this time already.",
        ));
    }
    let mut exception = object(json!({
        "event_id": id.to_string(),
        "event_exception_id": occasion.to_string(),
        "is_canceled": false,
        "scheduled_start_time": null,
        "scheduled_end_time": null,
    }));
    write(&mut exception, &asked)?;
    world.set_exception(guild, id, occasion, Some(exception.clone()));
    keep(
        call,
        world,
        action::GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE,
        occasion,
        &Object::new(),
        &exception,
    );
    ok(Value::Object(exception))
}

pub(super) fn update(call: &Call, world: &mut World) -> Done {
    let (guild, id) = place(call);
    let (occasion, before) = known(call, world)?;
    let mut after = before.clone();
    write(&mut after, &call.fields())?;
    if after != before {
        world.set_exception(guild, id, occasion, Some(after.clone()));
        keep(
            call,
            world,
            action::GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE,
            occasion,
            &before,
            &after,
        );
    }
    ok(Value::Object(after))
}

pub(super) fn delete(call: &Call, world: &mut World) -> Done {
    let (guild, id) = place(call);
    let (occasion, before) = known(call, world)?;
    world.set_exception(guild, id, occasion, None);
    keep(
        call,
        world,
        action::GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE,
        occasion,
        &before,
        &Object::new(),
    );
    done()
}

/// The event in the path, if the bot may change it.
fn changeable<'a>(call: &Call, world: &'a World) -> Result<&'a Event, Failure> {
    let event = seen(call, world)?;
    may_change(world, call.id("guild_id"), &event.object)?;
    if event.is_over() {
        return Err(Failure::new(400, 180_000, "Cannot update a finished event"));
    }
    Ok(event)
}

fn known(call: &Call, world: &World) -> Result<(u64, Object), Failure> {
    let occasion = call.id("exception_id");
    let event = changeable(call, world)?;
    let exception = event.exceptions.get(&occasion).ok_or_else(unknown)?;
    Ok((occasion, exception.clone()))
}

fn write(exception: &mut Object, asked: &Object) -> Result<(), Failure> {
    if let Some(canceled) = asked.flag("is_canceled") {
        exception.set("is_canceled", canceled);
    }
    for key in ["scheduled_start_time", "scheduled_end_time"] {
        if asked.contains_key(key) {
            exception.set(key, moment(asked, key)?.map(time::iso8601));
        }
    }
    rules::check_times(exception)
}

/// Writes into the audit log what became of an occasion; Discord takes no reason here.
fn keep(
    call: &Call,
    world: &mut World,
    action: u64,
    occasion: u64,
    before: &Object,
    after: &Object,
) {
    let (guild, id) = place(call);
    let without_ids = |exception: &Object| {
        let mut logged = exception.clone();
        logged.remove("event_id");
        logged.remove("event_exception_id");
        logged
    };
    let entry = Entry::new(action, world.bot)
        .on(id)
        .option("event_exception_id", occasion)
        .changed(&without_ids(before), &without_ids(after));
    world.record(guild, entry);
}

const ORIGINAL: &str = "original_scheduled_start_time";
