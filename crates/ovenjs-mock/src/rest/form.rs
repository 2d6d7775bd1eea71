//! The body of a request, read before the box is locked: a large upload must not hold up the rest.

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{failure::Failure, json::Object, world::File};

use super::multipart;

/// What a body says, or why it cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) content_type: String,
    pub(crate) read: Result<(Option<Value>, Vec<File>), Failure>,
}

impl Form {
    pub(crate) fn read(content_type: Option<&str>, body: &Bytes) -> Self {
        // Some clients name a content type for no content; what is not there has none.
        let content_type = content_type
            .filter(|_| !body.is_empty())
            .unwrap_or("application/json");
        Self {
            content_type: content_type.to_owned(),
            read: read(content_type, body),
        }
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::read(None, &Bytes::new())
    }
}

fn read(content_type: &str, body: &Bytes) -> Result<(Option<Value>, Vec<File>), Failure> {
    if body.is_empty() {
        return Ok((None, Vec::new()));
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("multipart/form-data") {
        let parts = multipart::read(content_type, body)?;
        let form = with_payload(parts.payload.as_deref(), parts.fields)?;
        return Ok((Some(form), parts.files));
    }
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let text = std::str::from_utf8(body).map_err(|_| unreadable("it is no UTF-8"))?;
        let mut payload = None;
        let mut fields = Object::new();
        for (name, value) in read_query(text) {
            if name == "payload_json" {
                payload = Some(value);
            } else {
                fields.insert(name, Value::String(value));
            }
        }
        let payload = payload.as_ref().map(String::as_bytes);
        return Ok((Some(with_payload(payload, fields)?), Vec::new()));
    }
    Ok((Some(parse(body)?), Vec::new()))
}

/// Read, JSON takes many times the room that it takes on the wire, so its size and the number of its
/// values have bounds.
fn parse(text: &[u8]) -> Result<Value, Failure> {
    let begins_one = |byte: &&u8| matches!(**byte, b'{' | b'[' | b',');
    if text.len() > MAX_JSON || text.iter().filter(begins_one).count() > MAX_VALUES {
        return Err(Failure::too_large());
    }
    serde_json::from_slice(text).map_err(|_| Failure::bad_json())
}

/// `payload_json` stands for the whole form; without it the text fields are the form.
fn with_payload(payload: Option<&[u8]>, fields: Object) -> Result<Value, Failure> {
    match payload {
        Some(text) => parse(text),
        None => Ok(Value::Object(fields)),
    }
}

/// The pairs of a query, or of a form that is written like one.
pub(super) fn read_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decode(&name.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        })
        .collect()
}

pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The form as the description of a multipart body has it: files are fields of it, but for those of
/// messages, which are told apart by number.
pub(super) fn with_files(body: Option<&Value>, files: &[File]) -> Option<Value> {
    let mut form = body?.clone();
    if let Value::Object(fields) = &mut form {
        let named = files
            .iter()
            .filter(|file| !file.field.starts_with("files["));
        for file in named {
            fields.entry(&file.field).or_insert_with(|| "".into());
        }
    }
    Some(form)
}

/// Discord's largest image, 10 MiB, as a data URI, and some text around it.
const MAX_JSON: usize = 16 * 1024 * 1024;

/// Much more than all commands of an application have in all of Discord's languages; in memory, where
/// each is a small object, about a hundred megabytes.
const MAX_VALUES: usize = 300_000;

pub(super) fn unreadable(why: &str) -> Failure {
    Failure::form(
        &[],
        "CONTENT_TYPE_INVALID",
        &format!("The body is not of its content type: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_content_has_no_type() {
        let form = Form::read(Some("application/octet-stream"), &Bytes::new());
        assert_eq!(form.content_type, "application/json");
    }

    #[test]
    fn a_form_may_be_json_or_fields_or_both() {
        let read = |content_type, body: &'static str| {
            Form::read(Some(content_type), &Bytes::from_static(body.as_bytes()))
                .read
                .map(|(body, _)| body.unwrap_or_default()["content"].clone())
        };
        let fields = "application/x-www-form-urlencoded";
        assert_eq!(
            read("application/json", r#"{"content":"a"}"#),
            Ok("a".into())
        );
        assert_eq!(
            read(fields, "content=fresh+bread%21"),
            Ok("fresh bread!".into())
        );
        assert_eq!(
            read(fields, "payload_json=%7B%22content%22%3A%22a%22%7D"),
            Ok("a".into())
        );
        assert_eq!(read("application/json", "{").unwrap_err().code, 50109);
    }

    #[test]
    fn json_has_its_bounds() {
        let code = |body: String| {
            let read = Form::read(None, &body.into()).read;
            read.err().map(|failure| (failure.status, failure.code))
        };
        let text = |length: usize| format!("{{\"avatar\":\"{}\"}}", "a".repeat(length));
        let list = |length: usize| format!("[0{}]", ",0".repeat(length));
        assert_eq!(code(text(14 * 1024 * 1024)), None);
        assert_eq!(code(text(16 * 1024 * 1024)), Some((413, 40005)));
        assert_eq!(code(list(MAX_VALUES - 1)), None);
        assert_eq!(code(list(MAX_VALUES)), Some((413, 40005)));
    }
}
