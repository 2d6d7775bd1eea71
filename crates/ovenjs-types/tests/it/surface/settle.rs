//! What the tables cannot say about a value: that a string is a bit set, how objects hang together.

use serde_json::{Map, Value};

/// Mends what each instance has: bit sets that the tables call strings, and bounds that hold for
/// what a bot sends alone.
pub(crate) fn settle(value: &mut Value) {
    for_each_object(value, &mut |fields| {
        for (key, value) in fields.iter_mut() {
            if BIT_SETS.contains(&key.as_str()) && value.is_string() {
                // A bit of today and one of tomorrow.
                *value = "4611686018427389952".into();
            }
            // What a command may ask for is bounded where it is made, and no longer where it is
            // shown.
            if matches!(key.as_str(), "min_length" | "max_length") && value.is_number() {
                *value = 6000.into();
            }
        }
    });
}

const BIT_SETS: &[&str] = &[
    "permissions",
    "permissions_new",
    "app_permissions",
    "default_member_permissions",
    "allow",
    "deny",
];

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
                if key != super::EXTRA {
                    for_each_object(field, visit)
                }
            });
        }
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| for_each_object(element, visit)),
        _ => {}
    }
}
