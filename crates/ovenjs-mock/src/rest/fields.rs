//! What several forms ask of one field, beyond Discord's schemas.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Object, snowflake},
    time,
};

/// Permission bits as text or number.
pub(super) fn bits(fields: &Object, key: &str) -> u64 {
    fields.get(key).and_then(snowflake).unwrap_or(0)
}

/// A text of at most `max` characters.
pub(super) fn text_within(path: &[&str], text: &str, max: usize) -> Result<(), Failure> {
    if text.chars().count() <= max {
        return Ok(());
    }
    Err(Failure::form(
        path,
        "BASE_TYPE_MAX_LENGTH",
        &format!("Must be {max} or fewer in length."),
    ))
}

/// A name that is more than white space. Its length is a matter of the schema.
pub(super) fn name_not_blank(name: Option<&str>) -> Result<(), Failure> {
    if name.is_none_or(|name| name.trim().is_empty()) {
        let message = "Must be between 1 and 100 in length.";
        return Err(Failure::form(&["name"], "BASE_TYPE_BAD_LENGTH", message));
    }
    Ok(())
}

/// A number of at most `max`.
pub(super) fn number_within(path: &[&str], number: u64, max: u64) -> Result<(), Failure> {
    if number <= max {
        return Ok(());
    }
    Err(Failure::form(
        path,
        "NUMBER_TYPE_MAX",
        &format!("int value should be less than or equal to {max}."),
    ))
}

/// The hash by which Discord names an image that came as data URI; null takes the image away.
pub(super) fn image(key: &str, value: &Value) -> Result<Value, Failure> {
    let Some(text) = value.as_str() else {
        return Ok(Value::Null);
    };
    let known = ["jpeg", "jpg", "png", "gif", "webp", "avif"]
        .iter()
        .any(|kind| text.starts_with(&format!("data:image/{kind};base64,")));
    if !known {
        return Err(Failure::form(
            &[key],
            "IMAGE_INVALID",
            "Invalid image data, expected a data URI of a JPEG, PNG, GIF, WebP or AVIF.",
        ));
    }
    // Two runs of FNV-1a make a text of Discord's length that depends on the image alone.
    let hash = |start: u64| {
        text.bytes().fold(start, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let prefix = if text.starts_with("data:image/gif") {
        "a_"
    } else {
        ""
    };
    Ok(format!(
        "{prefix}{:016x}{:016x}",
        hash(0xcbf2_9ce4_8422_2325),
        hash(0x8422_2325_cbf2_9ce4)
    )
    .into())
}

/// A time at most `longest` milliseconds from now, in Discord's form; null stays null.
pub(super) fn time_within(
    key: &str,
    value: &Value,
    now_ms: u64,
    longest: u64,
) -> Result<Value, Failure> {
    let Some(text) = value.as_str() else {
        return Ok(Value::Null);
    };
    let at = time::unix_ms_of(text).ok_or_else(|| {
        Failure::form(
            &[key],
            "DATE_TIME_TYPE_PARSE",
            &format!("Could not parse {text}. Should be ISO8601."),
        )
    })?;
    if at > now_ms.saturating_add(longest) {
        return Err(Failure::form(
            &[key],
            "DATE_TIME_TYPE_MAX",
            &format!(
                "Value must be at most {} from now.",
                match longest / 86_400_000 {
                    1 => "1 day".to_owned(),
                    days => format!("{days} days"),
                }
            ),
        ));
    }
    Ok(time::iso8601(at).into())
}

/// A choice that Discord does not offer here.
pub(super) fn no_choice(key: &str, offered: &str) -> Failure {
    Failure::form(
        &[key],
        "BASE_TYPE_CHOICES",
        &format!("Value must be one of {{{offered}}}."),
    )
}

/// Something that Discord needs and the form does not have.
pub(super) fn required(key: &str) -> Failure {
    Failure::form(&[key], "BASE_TYPE_REQUIRED", "This field is required")
}

/// The emoji of a tag, prompt or welcome channel: a custom one by id, or a plain one by name.
pub(super) fn emoji(fields: &Object) -> Value {
    let id = fields.get("emoji_id").cloned().unwrap_or_default();
    let name = if id.is_null() {
        fields.get("emoji_name").cloned().unwrap_or_default()
    } else {
        Value::Null
    };
    json!({ "emoji_id": id, "emoji_name": name })
}
