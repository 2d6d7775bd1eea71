//! Message components as Discord gives them back: numbered, and with their defaults written out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object},
};

/// Numbers the components in the order of reading and writes out what the request left to default.
pub(super) fn settle(components: &[Value], ids: &mut dyn FnMut() -> u64) -> Vec<Value> {
    let taken: BTreeSet<u64> = given_ids(components);
    let mut next = 0;
    components
        .iter()
        .map(|component| settle_one(component, &taken, &mut next, ids))
        .collect()
}

/// Refuses what the schema cannot say: twice the same custom id, and mixtures of old and new layout.
pub(super) fn check(body: &Object, components: &[Value]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = first_duplicate(components, &mut seen) {
        return Err(Failure::form(
            &["components", &twice],
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        ));
    }
    let new_layout = body.int("flags").unwrap_or(0) & super::message::IS_COMPONENTS_V2 != 0;
    if new_layout {
        for (field, name) in [
            ("content", "content"),
            ("embeds", "embeds"),
            ("poll", "poll"),
        ] {
            let used = match body.get(field) {
                None | Some(Value::Null) => false,
                Some(Value::String(text)) => !text.is_empty(),
                Some(Value::Array(items)) => !items.is_empty(),
                Some(_) => true,
            };
            if used {
                return Err(Failure::form(
                    &[name],
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    &format!(
                        "The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                    ),
                ));
            }
        }
        if count(components) > MAX_COMPONENTS_V2 {
            return Err(Failure::form(
                &["components"],
                "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                "The total number of components cannot exceed 40",
            ));
        }
        return Ok(());
    }
    if components.len() > MAX_ROWS {
        return Err(Failure::form(
            &["components"],
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        ));
    }
    for (place, component) in components.iter().enumerate() {
        let kind = component.get("type").and_then(Value::as_u64);
        if kind != Some(ACTION_ROW) {
            return Err(Failure::form(
                &["components", &place.to_string()],
                "UNION_TYPE_CHOICES",
                "Value of field \"type\" must be one of (1,).",
            ));
        }
        let inner = component
            .get("components")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        if inner == 0 || inner > MAX_ROWS {
            return Err(Failure::form(
                &["components", &place.to_string(), "components"],
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 5 in length.",
            ));
        }
    }
    Ok(())
}

/// The first component with this custom id, wherever it hangs.
pub(crate) fn with_custom_id<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Object> {
    components
        .iter()
        .filter_map(Value::as_object)
        .find_map(|component| {
            if component.text("custom_id") == Some(custom_id) {
                return Some(component);
            }
            children(component).find_map(|inner| with_custom_id(inner, custom_id))
        })
}

/// All components, in the order of reading.
pub(crate) fn walk<'a>(components: &'a [Value], visit: &mut dyn FnMut(&'a Object)) {
    for component in components.iter().filter_map(Value::as_object) {
        visit(component);
        for inner in children(component) {
            walk(inner, visit);
        }
    }
}

fn children(component: &Object) -> impl Iterator<Item = &[Value]> {
    let single = |key: &str| component.get(key).map(std::slice::from_ref);
    [
        Some(component.list("components")),
        single("accessory"),
        single("component"),
    ]
    .into_iter()
    .flatten()
}

fn given_ids(components: &[Value]) -> BTreeSet<u64> {
    let mut taken = BTreeSet::new();
    walk(components, &mut |component| {
        taken.extend(component.int("id"))
    });
    taken
}

fn count(components: &[Value]) -> usize {
    let mut number = 0;
    walk(components, &mut |_| number += 1);
    number
}

fn first_duplicate(components: &[Value], seen: &mut BTreeSet<String>) -> Option<String> {
    components
        .iter()
        .enumerate()
        .find_map(|(place, component)| {
            let mut twice = false;
            walk(std::slice::from_ref(component), &mut |inner| {
                if let Some(custom_id) = inner.text("custom_id") {
                    twice |= !seen.insert(custom_id.to_owned());
                }
            });
            twice.then(|| place.to_string())
        })
}

fn settle_one(
    component: &Value,
    taken: &BTreeSet<u64>,
    next: &mut u64,
    ids: &mut dyn FnMut() -> u64,
) -> Value {
    let Some(given) = component.as_object() else {
        return component.clone();
    };
    let mut settled: Object = given
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    if settled.int("id").unwrap_or(0) == 0 {
        *next += 1;
        while taken.contains(next) {
            *next += 1;
        }
        settled.set("id", *next);
    }
    match settled.int("type") {
        Some(3 | 5..=8) => {
            settled.entry("min_values").or_insert(json!(1));
            settled.entry("max_values").or_insert(json!(1));
        }
        Some(4) => {
            for key in ["label", "min_length", "max_length"] {
                settled.entry(key).or_insert(Value::Null);
            }
        }
        Some(11) => settle_media(&mut settled, "media", ids),
        Some(12) => {
            let items = settled.list("items").to_vec();
            let items: Vec<Value> = items
                .into_iter()
                .map(|item| {
                    let mut item = crate::json::object(item);
                    settle_media(&mut item, "media", ids);
                    Value::Object(item)
                })
                .collect();
            settled.set("items", items);
        }
        Some(13) => {
            settle_media(&mut settled, "file", ids);
            settled.remove("description");
            settled.entry("name").or_insert(Value::Null);
            settled.entry("size").or_insert(Value::Null);
        }
        Some(14) => {
            settled.entry("spacing").or_insert(json!(1));
            settled.entry("divider").or_insert(json!(true));
        }
        Some(17) => {
            settled.entry("accent_color").or_insert(Value::Null);
            settled.entry("spoiler").or_insert(json!(false));
        }
        _ => {}
    }
    if let Some(Value::Array(inner)) = settled.get("components") {
        let inner: Vec<Value> = inner
            .iter()
            .map(|one| settle_one(one, taken, next, ids))
            .collect();
        settled.set("components", inner);
    }
    if let Some(accessory) = settled.get("accessory") {
        let accessory = settle_one(accessory, taken, next, ids);
        settled.set("accessory", accessory);
    }
    Value::Object(settled)
}

fn settle_media(holder: &mut Object, key: &str, ids: &mut dyn FnMut() -> u64) {
    let url = holder
        .get(key)
        .and_then(|media| media.get("url"))
        .cloned()
        .unwrap_or_default();
    holder.set(
        key,
        json!({ "id": ids().to_string(), "url": url, "proxy_url": url }),
    );
    holder.entry("description").or_insert(Value::Null);
    holder.entry("spoiler").or_insert(json!(false));
}

const ACTION_ROW: u64 = 1;

/// Rows in a message, and buttons in a row.
const MAX_ROWS: usize = 5;

/// Components in one message of the new layout, all depths counted.
const MAX_COMPONENTS_V2: usize = 40;
