//! Violations in Discord's own words: the codes and sentences of form errors.

use serde_json::{Map, Value, json};

use super::{FormError, Rule, Violation, table::Range, violation::kind_of};

/// Discord's code for a form that is not right.
const INVALID_FORM_BODY: u32 = 50035;

pub(super) fn errors(violations: &[Violation]) -> Value {
    let mut root = Map::new();
    for violation in violations.iter().filter(|violation| violation.is_refusal()) {
        let error = match &violation.form {
            Some(form) => json!({ "code": form.code, "message": form.message }),
            None => json!({ "code": "BASE_TYPE_BAD_VALUE", "message": violation.to_string() }),
        };
        plant(&mut root, &violation.path, error);
    }
    json!({ "code": INVALID_FORM_BODY, "message": "Invalid Form Body", "errors": root })
}

/// Puts an error into the tree of a form's errors. Discord tells either of a place or of what is
/// inside it; here it is whichever was named first.
pub(crate) fn plant(tree: &mut Map<String, Value>, path: &[impl ToString], error: Value) {
    match path.split_first() {
        Some((step, rest)) => {
            if tree.contains_key(ERRORS) {
                return;
            }
            let inside = tree.entry(step.to_string()).or_insert_with(|| json!({}));
            if let Value::Object(inside) = inside {
                plant(inside, rest, error);
            }
        }
        None if tree.is_empty() || tree.contains_key(ERRORS) => {
            let known = tree.entry(ERRORS).or_insert_with(|| json!([]));
            if let Value::Array(known) = known {
                known.push(error);
            }
        }
        None => {}
    }
}

/// The key under which the errors of a place stand.
const ERRORS: &str = "_errors";

fn violation(
    rule: Rule,
    wanted: String,
    got: &Value,
    code: &'static str,
    message: String,
) -> Violation {
    Violation {
        form: Some(FormError { code, message }),
        ..Violation::new(rule, wanted)
    }
    .with_got(kind_of(got))
}

pub(super) fn required() -> Violation {
    let message = "This field is required".to_owned();
    Violation {
        form: Some(FormError {
            code: "BASE_TYPE_REQUIRED",
            message,
        }),
        ..Violation::new(Rule::Required, "a value")
    }
}

/// Null where nothing allows it; Discord answers as if the field were absent.
pub(super) fn null() -> Violation {
    Violation {
        rule: Rule::Type,
        wanted: "no null".to_owned(),
        got: "null".to_owned(),
        ..required()
    }
}

/// `wanted` is Discord's word for the type.
pub(super) fn wrong_type(wanted: &'static str, value: &Value) -> Violation {
    if value.is_null() {
        return Violation {
            wanted: wanted.to_owned(),
            ..null()
        };
    }
    let (code, message) = match wanted {
        "boolean" => (
            "BOOLEAN_TYPE_CONVERT",
            "Must be either true or false.".to_owned(),
        ),
        "object" => (
            "MODEL_TYPE_CONVERT",
            "Only dictionaries may be used in a ModelType".to_owned(),
        ),
        "array" => (
            "LIST_TYPE_CONVERT",
            "Only iterables may be used in a ListType".to_owned(),
        ),
        "string" => (
            "STRING_TYPE_CONVERT",
            format!("Could not interpret {} as string.", kind_of(value)),
        ),
        number => (
            "NUMBER_TYPE_COERCE",
            format!("Value {} is not {number}.", kind_of(value)),
        ),
    };
    violation(Rule::Type, wanted.to_owned(), value, code, message)
}

pub(super) fn bad_length(length: Range, count: i128) -> Violation {
    let (code, message) = match (length.min, length.max) {
        (Some(min), Some(max)) if min > 0 => (
            "BASE_TYPE_BAD_LENGTH",
            format!("Must be between {min} and {max} in length."),
        ),
        (_, Some(max)) => (
            "BASE_TYPE_MAX_LENGTH",
            format!("Must be {max} or fewer in length."),
        ),
        (min, None) => (
            "BASE_TYPE_MIN_LENGTH",
            format!("Must be {} or more in length.", min.unwrap_or_default()),
        ),
    };
    violation(
        Rule::Length,
        format!("a length of {length}"),
        &Value::Null,
        code,
        message,
    )
    .with_got(count.to_string())
}

/// `over` tells which bound was crossed.
pub(super) fn out_of_bounds(kind: &str, range: Range, over: bool, value: &Value) -> Violation {
    let crossed = if over { range.max } else { range.min }.unwrap_or_default();
    let (code, side) = if over {
        ("NUMBER_TYPE_MAX", "less")
    } else {
        ("NUMBER_TYPE_MIN", "greater")
    };
    let message = format!("{kind} value should be {side} than or equal to {crossed}.");
    violation(
        Rule::Bound,
        format!("a number in {range}"),
        value,
        code,
        message,
    )
}

pub(super) fn choice<'a>(values: impl Iterator<Item = &'a str>, value: &Value) -> Violation {
    let values: Vec<_> = values.collect();
    let message = format!("Value must be one of {{{}}}.", values.join(", "));
    let wanted = format!("one of {}", values.join(", "));
    violation(Rule::Choice, wanted, value, "BASE_TYPE_CHOICES", message)
}

/// A fixed field whose value none of a union's branches has.
pub(super) fn union_choice<'a>(
    key: &str,
    values: impl Iterator<Item = &'a str>,
    value: &Value,
) -> Violation {
    let values: Vec<_> = values.collect();
    let message = format!(
        "Value of field \"{key}\" must be one of ({}).",
        values.join(", ")
    );
    let wanted = format!("one of {}", values.join(", "));
    violation(Rule::Choice, wanted, value, "UNION_TYPE_CHOICES", message)
}

pub(super) fn repeated(value: &Value) -> Violation {
    let message = "The set already contains this value".to_owned();
    violation(
        Rule::Unique,
        "each value once".to_owned(),
        value,
        "SET_TYPE_ALREADY_CONTAINS_VALUE",
        message,
    )
}

pub(super) fn bad_date(value: &Value) -> Violation {
    let message = format!("Could not parse {}. Should be ISO8601.", kind_of(value));
    violation(
        Rule::Format,
        "an ISO 8601 time".to_owned(),
        value,
        "DATE_TIME_TYPE_PARSE",
        message,
    )
}

pub(super) fn bad_uri(value: &Value) -> Violation {
    let message = "Not a well formed URL.".to_owned();
    violation(
        Rule::Format,
        "a URL".to_owned(),
        value,
        "URL_TYPE_INVALID_URL",
        message,
    )
}

pub(super) fn bad_colour(value: &Value) -> Violation {
    let message = "String value did not match validation regex.".to_owned();
    violation(
        Rule::Format,
        "a colour like #ff0000".to_owned(),
        value,
        "STRING_TYPE_REGEX",
        message,
    )
}
