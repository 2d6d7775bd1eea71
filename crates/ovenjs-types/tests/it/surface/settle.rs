//! What the tables cannot say about a value: that a string is a bit set, how objects hang together.
//!
//! Where the documentation names the values of a field elsewhere its tables say "any", where it
//! sends a part of an object they name the whole. What is said here is said by the OpenAPI file of
//! the same object, or by the documentation in words.

use ovenjs_mock::oracle::{Oracle, Schema};
use serde_json::{Map, Value, json};

use super::EXTRA;

/// Mends what each instance has.
pub(crate) fn settle(value: &mut Value) {
    for_each_object(value, &mut |fields| {
        for (key, value) in fields.iter_mut() {
            settle_field(key, value);
        }
    });
}

fn settle_field(key: &str, value: &mut Value) {
    match key {
        // A bit of today and one of tomorrow.
        _ if BIT_SETS.contains(&key) && value.is_string() => *value = "4611686018427389952".into(),
        _ if NUMBERS.contains(&key) && value.is_null() => *value = 1.into(),
        "privacy_level" if value.is_null() => *value = 2.into(),
        "kind" if value.is_null() => *value = "gc".into(),
        "target_id" if value.is_string() => *value = "7".into(),
        // No bit set is negative; the tables give the bounds of the number that holds it.
        _ if key.ends_with("flags") && value.as_i64().is_some_and(i64::is_negative) => {
            *value = 0.into();
        }
        // What a command may ask for is bounded where it is made, and no longer where it is shown.
        "min_length" | "max_length" if value.is_number() => *value = 6000.into(),
        "presets" | "integration_types" | "contexts" | "by_weekday" | "by_month"
        | "channel_types" => fill(value, &1.into()),
        "by_n_weekday" => fill(value, &json!({ "n": 1, "day": 2 })),
        "burst_colors" => fill(value, &"#ff0000".into()),
        "not_found" => fill(value, &"9".into()),
        "emojis" => {
            // Those of a guild are its own, and no characters.
            fill(value, &json!({ "name": "bread" }));
            elements(value).for_each(|emoji| set(emoji, "id", "2"));
        }
        "message_snapshots" => elements(value).for_each(settle_snapshot),
        // The documentation calls what belongs to a key "any".
        "authorizing_integration_owners" => no_nulls(value, &"7".into()),
        "integration_types_config" => no_nulls(value, &json!({})),
        "source_channel" => part(value, "WebhookSourceChannelResponse"),
        "source_guild" => part(value, "WebhookSourceGuildResponse"),
        // At its least a part of an object is an object of nothing; these have their id always.
        _ if PARTS.contains(&key) && *value == json!({}) => set(value, "id", "5"),
        _ => {}
    }
}

const BIT_SETS: &[&str] = &[
    "permissions",
    "permissions_new",
    "app_permissions",
    "default_member_permissions",
    "allow",
    "deny",
    "flags_new",
];

/// Fields with the number of one of several values.
const NUMBERS: &[&str] = &[
    "type",
    "action_type",
    "day",
    "entity_type",
    "event_webhooks_status",
    "frequency",
    "mode",
];

const PARTS: &[&str] = &[
    "application",
    "channel",
    "guild",
    "target_application",
    "user",
];

/// Puts a value where a list has nulls.
fn fill(list: &mut Value, with: &Value) {
    let nulls = elements(list).filter(|element| element.is_null());
    nulls.for_each(|element| element.clone_from(with));
}

pub(super) fn elements(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

/// Puts a value where a map has nulls.
fn no_nulls(map: &mut Value, with: &Value) {
    let values = map.as_object_mut().into_iter().flatten();
    let nulls = values
        .map(|(_, value)| value)
        .filter(|value| value.is_null());
    nulls.for_each(|value| value.clone_from(with));
}

/// Whether it is a map from any key, and no object with fields: its keys are made up of digits.
pub(crate) fn is_map(fields: &Map<String, Value>) -> bool {
    let mut keys = fields.keys();
    keys.all(|key| key.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A snapshot has some of the fields of a message.
pub(super) fn settle_snapshot(snapshot: &mut Value) {
    if let Some(message) = snapshot.get_mut("message") {
        only(message, "MinimalContentMessageResponse");
    }
}

/// What a webhook tells of where it is from; no less than an id.
fn part(value: &mut Value, object: &str) {
    only(value, object);
    if *value == json!({}) {
        set(value, "id", "5");
    }
}

/// Keeps of a part of an object, or of each in a list, what the table of the OpenAPI file has of it.
pub(super) fn only(part: &mut Value, object: &str) {
    elements(part).for_each(|part| only(part, object));
    let Some(Schema::Object { fields, .. }) = Oracle::embedded().schema(object) else {
        panic!("the tables have no object {object}");
    };
    if let Some(part) = part.as_object_mut() {
        part.retain(|key, _| key == EXTRA || fields.iter().any(|field| field.name == *key));
    }
}

/// Sets a field; what is no object becomes one.
pub(crate) fn set(value: &mut Value, key: &str, to: impl Into<Value>) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(fields) = value {
        fields.insert(key.to_owned(), to.into());
    }
}

/// Visits each object in the value.
pub(crate) fn for_each_object(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            visit(fields);
            fields.iter_mut().for_each(|(key, field)| {
                if key != EXTRA {
                    for_each_object(field, visit);
                }
            });
        }
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| for_each_object(element, visit)),
        _ => {}
    }
}
