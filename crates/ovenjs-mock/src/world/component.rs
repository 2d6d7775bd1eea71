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

/// Refuses what the schema cannot say: what is given twice or contradicts itself, and mixtures of old
/// and new layout. Each fault is named at its place.
pub(super) fn check(body: &Object, components: &[Value]) -> Result<(), Failure> {
    let new_layout = body.int("flags").unwrap_or(0) & super::message::IS_COMPONENTS_V2 != 0;
    if new_layout {
        check_new_layout(body, components)?;
    }
    let mut faults = Faults::default();
    let mut path = vec!["components".to_owned()];
    if !new_layout && components.len() > MAX_ROWS {
        faults.add(
            &path,
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        );
    }
    let mut seen = Seen::default();
    for (place, component) in components.iter().enumerate() {
        path.push(place.to_string());
        let kind = component.get("type").and_then(Value::as_u64);
        if !new_layout && kind != Some(ACTION_ROW) {
            let message = "Value of field \"type\" must be one of (1,).";
            faults.add(&path, "UNION_TYPE_CHOICES", message);
        } else if let Some(component) = component.as_object() {
            check_one(component, &mut path, &mut seen, &mut faults);
        }
        path.pop();
    }
    faults.refused()
}

/// Refuses the parts of a modal that contradict each other, each at its place.
pub(super) fn check_parts(components: &[Value]) -> Result<(), Failure> {
    let mut faults = Faults::default();
    let mut path = vec!["data".to_owned(), "components".to_owned()];
    let mut seen = Seen::default();
    for (place, component) in components.iter().enumerate() {
        path.push(place.to_string());
        if let Some(component) = component.as_object() {
            check_one(component, &mut path, &mut seen, &mut faults);
        }
        path.pop();
    }
    faults.refused()
}

fn check_new_layout(body: &Object, components: &[Value]) -> Result<(), Failure> {
    for name in ["content", "embeds", "poll", "sticker_ids"] {
        let used = match body.get(name) {
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
    if components.is_empty() {
        return Err(Failure::empty_message());
    }
    if count(components) > MAX_COMPONENTS_V2 {
        return Err(Failure::form(
            &["components"],
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            "The total number of components cannot exceed 40",
        ));
    }
    let mut length = 0;
    walk(components, &mut |part| {
        if part.int("type") == Some(TEXT_DISPLAY) {
            length += part.text("content").map_or(0, |text| text.chars().count());
        }
    });
    if length > MAX_TEXT_V2 {
        return Err(Failure::form(
            &["components"],
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            &format!("The total displayable text size ({length}) exceeds the maximum size of 4000"),
        ));
    }
    Ok(())
}

/// What may occur once in a message.
#[derive(Debug, Default)]
struct Seen {
    custom_ids: BTreeSet<String>,
    ids: BTreeSet<u64>,
}

#[derive(Debug, Default)]
struct Faults(Vec<(Vec<String>, &'static str, String)>);

impl Faults {
    fn add(&mut self, path: &[String], code: &'static str, message: &str) {
        self.0.push((path.to_vec(), code, message.to_owned()));
    }

    fn add_at(&mut self, path: &[String], key: &str, code: &'static str, message: &str) {
        let mut path = path.to_vec();
        path.push(key.to_owned());
        self.0.push((path, code, message.to_owned()));
    }

    fn refused(&self) -> Result<(), Failure> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Failure::forms(&self.0))
        }
    }
}

fn check_one(part: &Object, path: &mut Vec<String>, seen: &mut Seen, faults: &mut Faults) {
    if let Some(id) = part.int("id").filter(|id| *id != 0)
        && !seen.ids.insert(id)
    {
        faults.add_at(
            path,
            "id",
            "COMPONENT_ID_DUPLICATED",
            "Component id cannot be duplicated",
        );
    }
    if let Some(custom_id) = part.text("custom_id")
        && !seen.custom_ids.insert(custom_id.to_owned())
    {
        faults.add_at(
            path,
            "custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        );
    }
    match part.int("type") {
        Some(ACTION_ROW) => check_row(part, path, faults),
        Some(BUTTON) => check_button(part, path, faults),
        Some(STRING_SELECT | 5..=8) => check_select(part, path, faults),
        _ => {}
    }
    path.push("components".to_owned());
    for (place, inner) in part.list("components").iter().enumerate() {
        path.push(place.to_string());
        if let Some(inner) = inner.as_object() {
            check_one(inner, path, seen, faults);
        }
        path.pop();
    }
    path.pop();
    for key in ["accessory", "component"] {
        if let Some(inner) = part.get(key).and_then(Value::as_object) {
            path.push(key.to_owned());
            check_one(inner, path, seen, faults);
            path.pop();
        }
    }
}

/// A row is five wide; a button takes one place, a select all of them.
fn check_row(row: &Object, path: &[String], faults: &mut Faults) {
    let inner = row.list("components");
    if inner.is_empty() {
        let message = "Must be between 1 and 5 in length.";
        faults.add_at(path, "components", "BASE_TYPE_BAD_LENGTH", message);
        return;
    }
    let width: usize = inner
        .iter()
        .map(|one| match one.get("type").and_then(Value::as_u64) {
            Some(BUTTON) => 1,
            _ => MAX_ROWS,
        })
        .sum();
    if width > MAX_ROWS {
        let message = "The specified component exceeds the maximum width";
        faults.add_at(
            path,
            "components",
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            message,
        );
    }
}

fn check_button(button: &Object, path: &[String], faults: &mut Faults) {
    let has = |key: &str| button.get(key).is_some_and(|value| !value.is_null());
    const REQUIRED: (&str, &str) = ("BASE_TYPE_REQUIRED", "This field is required");
    match button.int("style") {
        Some(LINK) => {
            if !has("url") {
                faults.add_at(path, "url", REQUIRED.0, REQUIRED.1);
            }
            if has("custom_id") {
                faults.add_at(
                    path,
                    "custom_id",
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                );
            }
        }
        Some(PREMIUM) => {
            if !has("sku_id") {
                faults.add_at(path, "sku_id", REQUIRED.0, REQUIRED.1);
            }
            // Discord writes on it what is sold.
            for key in ["custom_id", "label", "url", "emoji"] {
                if has(key) {
                    faults.add_at(
                        path,
                        key,
                        "BUTTON_COMPONENT_PREMIUM_FIELD_INVALID",
                        "A premium button has a sku_id and nothing to show",
                    );
                }
            }
            return;
        }
        _ => {
            if has("url") {
                faults.add_at(
                    path,
                    "url",
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                );
            }
            if !has("custom_id") {
                faults.add_at(
                    path,
                    "custom_id",
                    "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED",
                    "A custom id is required",
                );
            }
        }
    }
    let labelled = button.text("label").is_some_and(|label| !label.is_empty());
    if !labelled && !has("emoji") {
        faults.add_at(path, "label", REQUIRED.0, REQUIRED.1);
    }
}

fn check_select(select: &Object, path: &[String], faults: &mut Faults) {
    let least = select.int("min_values").unwrap_or(1);
    let most = select.int("max_values").unwrap_or(1);
    if least > most {
        let message = format!("Must be less than or equal to max_values ({most}).");
        faults.add_at(
            path,
            "min_values",
            "SELECT_COMPONENT_MIN_VALUES_EXCEEDS_MAX",
            &message,
        );
    }
    if select.int("type") != Some(STRING_SELECT) {
        return;
    }
    let options = select.list("options");
    let offered = u64::try_from(options.len()).unwrap_or(u64::MAX);
    if most > offered {
        let message = format!("Must be less than or equal to the number of options ({offered}).");
        faults.add_at(
            path,
            "max_values",
            "SELECT_COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS",
            &message,
        );
    }
    let mut values = BTreeSet::new();
    for (place, option) in options.iter().enumerate() {
        let value = option
            .get("value")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !values.insert(value) {
            let mut path = path.to_vec();
            path.extend(["options".to_owned(), place.to_string()]);
            faults.add_at(
                &path,
                "value",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            );
        }
    }
    let chosen = options
        .iter()
        .filter(|option| option.get("default") == Some(&Value::Bool(true)))
        .count();
    if u64::try_from(chosen).unwrap_or(u64::MAX) > most {
        let message = format!("At most {most} options may be chosen by default.");
        faults.add_at(
            path,
            "options",
            "SELECT_COMPONENT_TOO_MANY_DEFAULTS",
            &message,
        );
    }
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
    if let Some(emoji) = settled.get("emoji").cloned() {
        settled.set("emoji", settle_emoji(emoji));
    }
    match settled.int("type") {
        Some(3 | 5..=8) => {
            if settled.contains_key("options") {
                let options = settled.list("options").iter().cloned().map(|option| {
                    let mut option = crate::json::object(option);
                    if let Some(emoji) = option.remove("emoji") {
                        option.set("emoji", settle_emoji(emoji));
                    }
                    Value::Object(option)
                });
                let options: Vec<Value> = options.collect();
                settled.set("options", options);
            }
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

/// An emoji that is no guild's has no id; some clients write null for it.
fn settle_emoji(emoji: Value) -> Value {
    let mut emoji = crate::json::object(emoji);
    emoji.retain(|_, value| !value.is_null());
    emoji.into()
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
const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
pub(super) const TEXT_DISPLAY: u64 = 10;

/// Styles of buttons that have no custom id.
const LINK: u64 = 5;
const PREMIUM: u64 = 6;

/// Rows in a message, and buttons in a row.
const MAX_ROWS: usize = 5;

/// Components in one message of the new layout, all depths counted.
const MAX_COMPONENTS_V2: usize = 40;

/// Characters of all text displays of one message together.
const MAX_TEXT_V2: usize = 4000;
