//! Linked roles: what the application knows of users elsewhere, and the records that say what it can
//! know.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time,
    world::World,
};

use super::{Call, Done, commands, done, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let own = || commands::is_own(call, world);
    Some(match call.operation.as_str() {
        "get_application_role_connections_metadata" => {
            own().and_then(|()| ok(world.role_connection_metadata.clone().into()))
        }
        "update_application_role_connections_metadata" => {
            own().and_then(|()| set_metadata(call, world))
        }
        "get_application_user_role_connection" => of_user(call, world).and_then(|user| {
            let known = world.role_connections.get(&user).cloned();
            ok(Value::Object(known.unwrap_or_else(unlinked)))
        }),
        "update_application_user_role_connection" => connect(call, world),
        "delete_application_user_role_connection" => of_user(call, world).and_then(|user| {
            world.role_connections.remove(&user);
            done()
        }),
        _ => return None,
    })
}

fn of_user(call: &Call, world: &World) -> Result<u64, Failure> {
    commands::is_own(call, world)?;
    call.bearer("role_connections.write")
}

fn set_metadata(call: &Call, world: &mut World) -> Done {
    let records = call.body.as_array().cloned().unwrap_or_default();
    let mut kept = Vec::new();
    let mut keys = BTreeSet::new();
    for (place, record) in records.iter().filter_map(Value::as_object).enumerate() {
        let place = place.to_string();
        let key = record.text("key").unwrap_or_default();
        let lawful = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !key.chars().all(lawful) {
            return Err(Failure::form(
                &[&place, "key"],
                "STRING_TYPE_REGEX",
                "String value did not match validation regex.",
            ));
        }
        if !keys.insert(key.to_owned()) {
            return Err(Failure::form(
                &[&place, "key"],
                "APPLICATION_ROLE_CONNECTION_METADATA_KEY_DUPLICATE",
                "The keys of records have to be unique",
            ));
        }
        let record: Object = RECORD
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), record.get(key)?.clone())))
            .filter(|(_, value)| !value.is_null())
            .collect();
        kept.push(Value::Object(record));
    }
    world.role_connection_metadata.clone_from(&kept);
    ok(kept.into())
}

fn connect(call: &Call, world: &mut World) -> Done {
    let user = of_user(call, world)?;
    let asked = call.fields();
    let mut after = world
        .role_connections
        .get(&user)
        .cloned()
        .unwrap_or_else(unlinked);
    for key in ["platform_name", "platform_username"] {
        if let Some(value) = asked.get(key) {
            after.set(key, value.clone());
        }
    }
    if after.get("platform_name").is_some_and(Value::is_null) {
        after.remove("platform_name");
    }
    if let Some(metadata) = asked.get("metadata").and_then(Value::as_object) {
        let mut known = Object::new();
        for record in &world.role_connection_metadata {
            let record = object(record.clone());
            let key = record.text("key").unwrap_or_default();
            if let Some(value) = metadata.text(key) {
                known.set(key, checked(&record, key, value)?);
            }
        }
        after.set("metadata", Value::Object(known));
    }
    world.role_connections.insert(user, after.clone());
    ok(Value::Object(after))
}

/// A value in the form that its record asks for: a number, a time, a truth value.
fn checked<'a>(record: &Object, key: &str, value: &'a str) -> Result<&'a str, Failure> {
    let (fits, code, message) = match record.int("type") {
        Some(1..=4) => (
            value.parse::<i64>().is_ok(),
            "NUMBER_TYPE_COERCE",
            format!("Value \"{value}\" is not int."),
        ),
        Some(5 | 6) => (
            time::unix_ms_of(value).is_some(),
            "DATE_TIME_TYPE_PARSE",
            format!("Could not parse {value}. Should be ISO8601."),
        ),
        _ => (
            matches!(value, "0" | "1"),
            "BASE_TYPE_CHOICES",
            "Value must be one of {'0', '1'}.".to_owned(),
        ),
    };
    if fits {
        Ok(value)
    } else {
        Err(Failure::form(&["metadata", key], code, &message))
    }
}

/// A user of whom the application knows nothing.
fn unlinked() -> Object {
    object(json!({ "platform_username": null, "metadata": {} }))
}

/// The fields of a record.
const RECORD: [&str; 6] = [
    "type",
    "key",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
];
