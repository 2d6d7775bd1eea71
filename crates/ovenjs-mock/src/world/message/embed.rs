//! Embeds as Discord takes them and gives them back.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object},
};

/// Embeds as Discord gives them back: with a type, each field with its `inline`, pictures with the
/// address of its proxy.
pub(super) fn settled(body: &Object) -> Vec<Value> {
    body.list("embeds")
        .iter()
        .filter_map(Value::as_object)
        .map(|asked| {
            let mut embed: Object = asked
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect();
            embed.set("type", "rich");
            if let Some(Value::Array(fields)) = embed.get_mut("fields") {
                for field in fields.iter_mut().filter_map(Value::as_object_mut) {
                    field.entry("inline").or_insert(json!(false));
                }
            }
            // A part without what it is about is not shown.
            for (part, needed) in [
                ("image", "url"),
                ("thumbnail", "url"),
                ("video", "url"),
                ("author", "name"),
                ("footer", "text"),
                ("provider", "name"),
            ] {
                if embed
                    .get(part)
                    .is_some_and(|shown| says_nothing(shown.get(needed)))
                {
                    embed.remove(part);
                }
            }
            for (part, from, to) in [
                ("image", "url", "proxy_url"),
                ("thumbnail", "url", "proxy_url"),
                ("author", "icon_url", "proxy_icon_url"),
                ("footer", "icon_url", "proxy_icon_url"),
            ] {
                if let Some(Value::Object(picture)) = embed.get_mut(part)
                    && let Some(url) = picture.get(from).cloned()
                {
                    picture.set(to, url);
                }
            }
            Value::Object(embed)
        })
        .collect()
}

/// Discord takes an empty text for none.
fn says_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

pub(super) fn check(embeds: &[Value]) -> Result<(), Failure> {
    if embeds.len() > MAX_EMBEDS {
        return Err(Failure::form(
            &["embeds"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 10 or fewer in length.",
        ));
    }
    let mut faults = Vec::new();
    for (place, embed) in embeds.iter().enumerate() {
        for (path, fault) in faults_of(embed) {
            let path = ["embeds", &place.to_string()]
                .into_iter()
                .chain(path.split('/'))
                .map(str::to_owned)
                .collect();
            faults.push((path, fault.0, fault.1));
        }
    }
    if !faults.is_empty() {
        return Err(Failure::forms(&faults));
    }
    if embeds.iter().map(length).sum::<usize>() > MAX_EMBED_TEXT {
        return Err(Failure::form(
            &["embeds"],
            "MAX_EMBED_SIZE_EXCEEDED",
            "Embed size exceeds maximum size of 6000",
        ));
    }
    Ok(())
}

/// Where an embed is wrong, and how: code and words.
fn faults_of(embed: &Value) -> Vec<(String, (&'static str, String))> {
    let required = || {
        let message = "This field is required".to_owned();
        ("BASE_TYPE_REQUIRED", message)
    };
    let mut faults = Vec::new();
    let shows = |(key, value): (&String, &Value)| {
        !matches!(key.as_str(), "type" | "color") && !says_nothing(Some(value))
    };
    if !embed
        .as_object()
        .is_some_and(|fields| fields.iter().any(shows))
    {
        faults.push(("description".to_owned(), required()));
    }
    let fields = embed.get("fields").and_then(Value::as_array);
    for (place, field) in fields.into_iter().flatten().enumerate() {
        for key in ["name", "value"] {
            if says_nothing(field.get(key)) {
                faults.push((format!("fields/{place}/{key}"), required()));
            }
        }
    }
    for (path, is_picture) in [
        ("url", false),
        ("author/url", false),
        ("author/icon_url", true),
        ("footer/icon_url", true),
        ("image/url", true),
        ("thumbnail/url", true),
    ] {
        let url = embed.pointer(&format!("/{path}")).and_then(Value::as_str);
        let scheme = url
            .and_then(|url| url.split_once(':'))
            .map(|(scheme, _)| scheme);
        let is_known = |scheme: &str| {
            matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
                || is_picture && scheme == "attachment"
        };
        if let Some(scheme) = scheme.filter(|scheme| !is_known(scheme)) {
            let message = format!(
                "Scheme \"{scheme}\" is not supported. Scheme must be one of ('http', 'https')."
            );
            faults.push((path.to_owned(), ("URL_TYPE_INVALID_SCHEME", message)));
        }
    }
    faults
}

fn length(embed: &Value) -> usize {
    let length = |pointer: &str| {
        embed
            .pointer(pointer)
            .and_then(Value::as_str)
            .map_or(0, |text| text.chars().count())
    };
    let fields = embed
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let in_fields: usize = fields
        .flat_map(|field| [field.get("name"), field.get("value")])
        .flatten()
        .filter_map(Value::as_str)
        .map(|text| text.chars().count())
        .sum();
    length("/title")
        + length("/description")
        + length("/footer/text")
        + length("/author/name")
        + in_fields
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

const MAX_EMBEDS: usize = 10;
const MAX_EMBED_TEXT: usize = 6000;
