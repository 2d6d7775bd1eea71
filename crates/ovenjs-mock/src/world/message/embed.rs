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

/// Whether an embed shows anything.
pub(super) fn says_something(embed: &Value) -> bool {
    embed.as_object().is_some_and(|fields| {
        fields
            .iter()
            .any(|(key, value)| key != "type" && !value.is_null())
    })
}

pub(super) fn check(embeds: &[Value]) -> Result<(), Failure> {
    if embeds.len() > MAX_EMBEDS {
        return Err(Failure::form(
            &["embeds"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 10 or fewer in length.",
        ));
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
