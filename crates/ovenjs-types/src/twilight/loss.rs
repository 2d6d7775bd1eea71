//! What one model wrote against what the other kept of it.

use serde_json::{Number, Value};

use crate::{Text, Timestamp};

/// The paths of what `came` and is not in `kept`, or not as it came.
///
/// What says nothing may be absent or take another form of nothing; what only `kept` has is a
/// default of that side.
pub(super) fn of(came: &Value, kept: &Value) -> Vec<Text> {
    let mut lost = Vec::new();
    compare("", came, kept, &mut lost);
    lost
}

fn compare(path: &str, came: &Value, kept: &Value, lost: &mut Vec<Text>) {
    match (came, kept) {
        (Value::Object(came), Value::Object(kept)) => {
            for (key, value) in came {
                let path = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                match kept.get(key) {
                    Some(there) => compare(&path, value, there, lost),
                    None if says_nothing(value) => {}
                    None => lost.push(path.into()),
                }
            }
        }
        (Value::Array(came), Value::Array(kept)) if came.len() == kept.len() => {
            for (place, (came, kept)) in came.iter().zip(kept).enumerate() {
                compare(&format!("{path}[{place}]"), came, kept, lost);
            }
        }
        _ if is_same(path, came, kept) || (says_nothing(came) && says_nothing(kept)) => {}
        _ if path.is_empty() => lost.push(".".into()),
        _ => lost.push(path.into()),
    }
}

/// Whether two forms say the same: a time with more or fewer digits, an id as a number or a text, a
/// colour in capitals.
fn is_same(path: &str, came: &Value, kept: &Value) -> bool {
    match (came, kept) {
        (Value::Number(came), Value::Number(kept)) => is_same_number(came, kept),
        (Value::String(came), Value::String(kept)) => {
            let times = (came.parse::<Timestamp>(), kept.parse::<Timestamp>());
            came == kept
                || matches!(times, (Ok(came), Ok(kept)) if came == kept)
                || (path.ends_with("discriminator") && is_same_discriminator(came, kept))
                || (came.starts_with('#') && came.eq_ignore_ascii_case(kept))
        }
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => number.to_string() == *text,
        _ => came == kept,
    }
}

fn is_same_number(came: &Number, kept: &Number) -> bool {
    came == kept
        // A whole number of one side may have a point on the other.
        || ((came.is_f64() || kept.is_f64()) && came.as_f64() == kept.as_f64())
}

fn is_same_discriminator(came: &str, kept: &str) -> bool {
    came.parse::<u16>()
        .is_ok_and(|came| kept.parse() == Ok(came))
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_in_another_form_is_not_lost() {
        let came = json!({"id": 7, "at": "2026-01-31T12:00:00Z", "n": 1, "tts": false, "x": null,
            "flags": 0, "list": [], "user": {"discriminator": "0000"}});
        let kept = json!({"id": "7", "at": "2026-01-31T12:00:00.000000+00:00", "n": 1.0,
            "user": {"discriminator": "0", "bot": true}});
        assert_eq!(of(&came, &kept), Vec::<Text>::new());
    }

    #[test]
    fn what_is_gone_or_other_is_named() {
        let came = json!({"flags": 3, "sky": {"deep": [1]}, "a": [{"b": 1}, {"b": 2}], "l": [1, 2],
            "big": 18_446_744_073_709_551_615_u64, "name": "x"});
        let kept = json!({"flags": 1, "a": [{"b": 1}, {"b": 3}], "l": [1],
            "big": 18_446_744_073_709_551_614_u64, "name": "y"});
        let lost = ["a[1].b", "big", "flags", "l", "name", "sky"];
        assert_eq!(of(&came, &kept), lost);
        assert_eq!(of(&json!(3), &json!(1)), ["."]);
    }
}
