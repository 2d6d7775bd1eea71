//! What came against what is written back.

use ovenjs_types::Timestamp;
use serde_json::Value;

/// The key of a field that no table has; it need not be written back.
pub(crate) const EXTRA: &str = "zz_of_tomorrow";

/// Where `written` lacks or changes something that `came`, or says something that did not come.
///
/// A field is as good as absent when it says nothing: `null`, `false`, an empty list or object.
pub(crate) fn differences(came: &Value, written: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", came, written, &mut found);
    found
}

fn compare(path: &str, came: &Value, written: &Value, found: &mut Vec<String>) {
    match (came, written) {
        (Value::Object(came), Value::Object(written)) => {
            for (key, value) in came.iter().filter(|(key, _)| *key != EXTRA) {
                let path = format!("{path}.{key}");
                match written.get(key) {
                    Some(there) => compare(&path, value, there, found),
                    None if says_nothing(value) => {}
                    None => found.push(format!("{path} is lost: {}", short(value))),
                }
            }
            for (key, value) in written {
                if !came.contains_key(key) && !is_default(value) {
                    found.push(format!("{path}.{key} is invented: {}", short(value)));
                }
            }
        }
        (Value::Array(came), Value::Array(written)) => {
            if came.len() != written.len() {
                found.push(format!("{path}[] has {} of {}", written.len(), came.len()));
            }
            for (came, written) in came.iter().zip(written) {
                compare(&format!("{path}[]"), came, written, found);
            }
        }
        _ if is_same(came, written) || is_same_id(path, came, written) => {}
        (came, written) if says_nothing(came) && is_default(written) => {}
        _ => found.push(format!(
            "{path} came as {} and is written as {}",
            short(came),
            short(written)
        )),
    }
}

fn is_same(came: &Value, written: &Value) -> bool {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    came == written
        || matches!((came.as_f64(), written.as_f64()), (Some(a), Some(b)) if a == b)
        || matches!((time(came), time(written)), (Some(a), Some(b)) if a == b)
}

/// Discord writes some ids as numbers; ours are written as texts.
fn is_same_id(path: &str, came: &Value, written: &Value) -> bool {
    let is_id = path.ends_with("_id") || path.ends_with(".id");
    is_id && came.is_u64() && written.as_str() == Some(came.to_string().as_str())
}

/// Whether absence says the same.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(_) | Value::String(_) => false,
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields
            .iter()
            .all(|(key, value)| key == EXTRA || says_nothing(value)),
    }
}

/// Whether it is what a field without a value is written as.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Object(fields) => fields.values().all(is_default),
        other => says_nothing(other),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(60).collect()
}

#[test]
fn a_loss_a_change_and_an_invention_are_found() {
    use serde_json::json;
    let came = json!({"a": 1, "b": [{"c": "x"}], "t": "2026-01-31T12:00:00Z", "n": null,
        "e": [], "f": false, "i": 1.0, "id": 7, "zz_of_tomorrow": 5});
    let same = json!({"a": 1, "b": [{"c": "x", "d": 0}], "t": "2026-01-31T12:00:00.000000+00:00",
        "g": null, "i": 1, "id": "7"});
    assert_eq!(differences(&came, &same), Vec::<String>::new());
    let other = json!({"b": [{"c": "y", "d": 7}], "t": "2026-01-31T12:00:01Z", "n": 3, "i": 1,
        "id": "8"});
    assert_eq!(
        differences(&came, &other),
        [
            ".a is lost: 1",
            ".b[].c came as \"x\" and is written as \"y\"",
            ".b[].d is invented: 7",
            ".id came as 7 and is written as \"8\"",
            ".n came as null and is written as 3",
            ".t came as \"2026-01-31T12:00:00Z\" and is written as \"2026-01-31T12:00:01Z\"",
        ]
    );
}
