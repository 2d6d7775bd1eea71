//! What an event has to have, by its kind, and how it may repeat itself.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object},
    time,
    world::{
        World, guild_channel,
        scheduled_event::{frequency, kind, status},
    },
};

use super::{super::fields, moment};

/// Writes what the form says into an event.
pub(super) fn write(event: &mut Object, asked: &Object, now_ms: u64) -> Result<(), Failure> {
    for key in ["name", "privacy_level", "entity_type"] {
        if let Some(value) = asked.get(key).filter(|value| !value.is_null()) {
            event.set(key, value.clone());
        }
    }
    fields::name_not_blank(event.text("name"))?;
    if asked.contains_key("description") {
        let text = asked.text("description").filter(|text| !text.is_empty());
        event.set("description", text);
    }
    if let Some(image) = asked.get("image") {
        event.set("image", fields::image("image", image)?);
    }
    if let Some(channel) = asked.get("channel_id") {
        event.set("channel_id", channel.clone());
    }
    if let Some(start) = moment(asked, "scheduled_start_time")? {
        let start = time::iso8601(start);
        if event.text("scheduled_start_time") != Some(start.as_str()) {
            let is_active = event.int("status") == Some(status::ACTIVE);
            if is_active || time::unix_ms_of(&start).is_some_and(|start| start <= now_ms) {
                return Err(Failure::form(
                    &["scheduled_start_time"],
                    "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
                    "Cannot schedule event in the past.",
                ));
            }
            event.set("scheduled_start_time", start);
        }
    }
    if asked.contains_key("scheduled_end_time") {
        let end = moment(asked, "scheduled_end_time")?;
        event.set("scheduled_end_time", end.map(time::iso8601));
    }
    if event.int("entity_type") != Some(kind::EXTERNAL) {
        // Discord throws away what only an event elsewhere has.
        event.set("entity_metadata", Value::Null);
    } else if let Some(metadata) = asked.get("entity_metadata").and_then(Value::as_object) {
        event.set(
            "entity_metadata",
            json!({ "location": metadata.get("location") }),
        );
    }
    match asked.get("recurrence_rule") {
        Some(Value::Object(rule)) => event.set("recurrence_rule", recurrence(rule)?),
        Some(_) => event.set("recurrence_rule", Value::Null),
        None => {}
    }
    Ok(())
}

/// Refuses an event that lacks what its kind needs, or has what it must not have.
pub(super) fn check(world: &World, guild: u64, event: &Object) -> Result<(), Failure> {
    let wanted = match event.int("entity_type") {
        Some(kind::STAGE) => guild_channel::kind::STAGE,
        Some(kind::VOICE) => guild_channel::kind::VOICE,
        _ => return check_elsewhere(event),
    };
    let channel = event.key("channel_id");
    let channel = channel.ok_or_else(|| fields::required("channel_id"))?;
    let room = world.channel(channel)?;
    if room.guild != Some(guild) || room.object.int("type") != Some(wanted) {
        return Err(Failure::form(
            &["channel_id"],
            "GUILD_SCHEDULED_EVENT_CHANNEL_TYPE",
            "The channel does not fit the entity type of the event",
        ));
    }
    check_times(event)
}

fn check_elsewhere(event: &Object) -> Result<(), Failure> {
    if event.key("channel_id").is_some() {
        return Err(Failure::form(
            &["channel_id"],
            "BASE_TYPE_NULL",
            "This field must be null for an external event",
        ));
    }
    let location = event
        .get("entity_metadata")
        .and_then(|metadata| metadata.get("location"));
    if location
        .and_then(Value::as_str)
        .is_none_or(|text| text.trim().is_empty())
    {
        return Err(Failure::form(
            &["entity_metadata", "location"],
            "BASE_TYPE_REQUIRED",
            "This field is required",
        ));
    }
    let location = location.and_then(Value::as_str).unwrap_or_default();
    fields::text_within(&["entity_metadata", "location"], location, 100)?;
    if event.text("scheduled_end_time").is_none() {
        return Err(fields::required("scheduled_end_time"));
    }
    check_times(event)
}

/// Refuses an end before the start, of an event or of one occasion of it.
pub(super) fn check_times(event: &Object) -> Result<(), Failure> {
    let time = |key: &str| event.text(key).and_then(time::unix_ms_of);
    let (start, end) = (time("scheduled_start_time"), time("scheduled_end_time"));
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        return Err(Failure::form(
            &["scheduled_end_time"],
            "GUILD_SCHEDULED_EVENT_END_DATE_BEFORE_START_DATE",
            "Cannot schedule an event to end before it starts.",
        ));
    }
    Ok(())
}

/// The rule by which an event repeats itself, whole. Discord takes a few forms only: those that its
/// clients can show.
fn recurrence(asked: &Object) -> Result<Value, Failure> {
    let bad = |key: &str, why: &str| {
        Err(Failure::form(
            &["recurrence_rule", key],
            "RECURRENCE_RULE_INVALID",
            why,
        ))
    };
    let has = |key: &str| asked.get(key).is_some_and(|value| !value.is_null());
    for key in ["count", "end", "by_year_day"] {
        if has(key) {
            return bad(key, "Cannot be set.");
        }
    }
    let often = asked.int("frequency").unwrap_or_default();
    let interval = asked.int("interval").unwrap_or(1);
    if interval != 1 && !(interval == 2 && often == frequency::WEEKLY) {
        return bad("interval", "Must be 1, or 2 for a weekly event.");
    }
    let of_year = has("by_month") || has("by_month_day");
    let forms = [has("by_weekday"), has("by_n_weekday"), of_year];
    if forms.into_iter().filter(|has| *has).count() > 1 {
        return bad(
            "by_weekday",
            "Only one of the ways to name days can be used.",
        );
    }
    if has("by_weekday") {
        let mut days: Vec<u64> = asked
            .list("by_weekday")
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        days.sort_unstable();
        let fits = match often {
            frequency::WEEKLY => matches!(days.as_slice(), [0..=6]),
            frequency::DAILY => KNOWN_DAYS.contains(&days.as_slice()),
            _ => false,
        };
        if !fits {
            return bad(
                "by_weekday",
                "Must be one day of a week, or a known set of a daily event.",
            );
        }
    }
    if has("by_n_weekday") {
        let places = asked.list("by_n_weekday");
        let is_week = |place: &Value| {
            let week = place.get("n").and_then(Value::as_u64);
            week.is_some_and(|week| (1..=5).contains(&week))
        };
        if often != frequency::MONTHLY || places.len() != 1 || !places.iter().all(is_week) {
            return bad("by_n_weekday", "Must be one day of a monthly event.");
        }
    }
    if of_year {
        let is_one = |key: &str| asked.list(key).len() == 1;
        if often != frequency::YEARLY || !is_one("by_month") || !is_one("by_month_day") {
            return bad("by_month", "Must be one date of an annual event.");
        }
    }
    let Some(start) = asked.text("start").and_then(time::unix_ms_of) else {
        return bad("start", "Should be ISO8601.");
    };
    let list = |key: &str| asked.get(key).cloned().unwrap_or_default();
    Ok(json!({
        "start": time::iso8601(start),
        "end": null,
        "frequency": often,
        "interval": interval,
        "by_weekday": list("by_weekday"),
        "by_n_weekday": list("by_n_weekday"),
        "by_month": list("by_month"),
        "by_month_day": list("by_month_day"),
        "by_year_day": null,
        "count": null,
    }))
}

/// The days on which a daily event may take place, from Monday (0) on, in order.
const KNOWN_DAYS: [&[u64]; 6] = [
    &[0, 1, 2, 3, 4],
    &[1, 2, 3, 4, 5],
    &[0, 1, 2, 3, 6],
    &[4, 5],
    &[5, 6],
    &[0, 6],
];
