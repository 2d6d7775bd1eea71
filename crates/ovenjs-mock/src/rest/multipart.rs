//! Reading `multipart/form-data`: the JSON part, the text fields and the files.
//!
//! A body is gone through once, however its bytes are chosen; parts, heads and the boundary have
//! their bounds.

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{failure::Failure, json::Object, world::File};

use super::form::unreadable;

/// What a multipart body holds.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The bytes of `payload_json`.
    pub(super) payload: Option<Bytes>,
    /// The parts that are no files, by name.
    pub(super) fields: Object,
    pub(super) files: Vec<File>,
}

pub(super) fn read(content_type: &str, body: &Bytes) -> Result<Parts, Failure> {
    let boundary = parameter(content_type, "boundary")
        .filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len()))
        .ok_or_else(|| unreadable("it has no boundary"))?;
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let ends_early = || unreadable("it ends early");
    let mut rest: &[u8] = match body.strip_prefix(delimiter.get(2..).unwrap_or_default()) {
        Some(rest) => rest,
        None => split(body, &delimiter).ok_or_else(ends_early)?.1,
    };
    let mut parts = Parts::default();
    for _ in 0..MAX_PARTS {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let padded = rest.trim_ascii_start().len();
        let padding = rest.len().saturating_sub(padded);
        // The line break ends the delimiter and is white space too.
        if !rest
            .get(..padding)
            .is_some_and(|line| line.contains(&b'\n'))
        {
            return Err(unreadable("a boundary does not end its line"));
        }
        let line = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let part = rest.get(line..).unwrap_or_default();
        let window = part.get(..MAX_HEAD.min(part.len())).unwrap_or_default();
        let (head, _) = split(window, b"\r\n\r\n")
            .ok_or_else(|| unreadable("a part has no head, or too long a one"))?;
        let content = part.get(head.len() + 4..).unwrap_or_default();
        // An empty part's line break is at once that of the next delimiter.
        let whole = part.get(head.len() + 2..).unwrap_or_default();
        let (content, after) = match whole.strip_prefix(delimiter.as_slice()) {
            Some(after) => (&b""[..], after),
            None => split(content, &delimiter).ok_or_else(ends_early)?,
        };
        let head = std::str::from_utf8(head).map_err(|_| unreadable("a head is no UTF-8"))?;
        parts.take(head, body.slice_ref(content))?;
        rest = after;
    }
    Err(unreadable("it has too many parts"))
}

impl Parts {
    fn take(&mut self, head: &str, content: Bytes) -> Result<(), Failure> {
        let disposition = header(head, "content-disposition").unwrap_or_default();
        let name =
            parameter(disposition, "name").ok_or_else(|| unreadable("a part has no name"))?;
        let filename = parameter(disposition, "filename*")
            .and_then(|text| {
                let encoded = text.rsplit_once('\'')?.1.to_owned();
                Some(
                    percent_decode_str(&encoded)
                        .decode_utf8_lossy()
                        .into_owned(),
                )
            })
            .or_else(|| parameter(disposition, "filename"));
        let place = name
            .strip_prefix("files[")
            .and_then(|rest| rest.strip_suffix(']'));
        if name == "payload_json" {
            self.payload = Some(content);
        } else if let (None, None) = (&filename, place) {
            let text = String::from_utf8_lossy(&content).into_owned();
            self.fields.insert(name, Value::String(text));
        } else {
            self.files.push(File {
                name: filename.unwrap_or_else(|| name.clone()),
                field: name,
                content_type: header(head, "content-type").map(str::to_owned),
                bytes: content,
            });
        }
        Ok(())
    }
}

/// What is before and after the first `at`, which begins with a line break. Every byte is looked at
/// once to find the line breaks, and a delimiter's worth again after each.
fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut from = 0;
    loop {
        let there = bytes.get(from..)?.iter().position(|byte| *byte == b'\r')?;
        let (before, rest) = bytes.split_at_checked(from + there)?;
        if let Some(after) = rest.strip_prefix(at) {
            return Some((before, after));
        }
        from += there + 1;
    }
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim())
    })
}

/// A parameter of a header's value; quotes may hold semicolons.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        let (text, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let mut text = String::new();
                let mut characters = quoted.char_indices();
                let end = loop {
                    match characters.next()? {
                        (at, '"') => break at + 1,
                        (_, '\\') => text.extend(characters.next().map(|(_, one)| one)),
                        (_, one) => text.push(one),
                    }
                };
                let next = quoted.get(end..).unwrap_or_default();
                (text, next.split_once(';').map(|(_, next)| next))
            }
            None => match after.split_once(';') {
                Some((text, next)) => (text.trim().to_owned(), Some(next)),
                None => (after.trim().to_owned(), None),
            },
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = next?;
    }
}

/// RFC 2046 gives a boundary 70 characters.
const MAX_BOUNDARY: usize = 70;

/// Ten files, a payload, and the text fields of the longest form several times over.
const MAX_PARTS: usize = 64;

/// A name, a file name and a content type, with much room.
const MAX_HEAD: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=x";

    #[test]
    fn the_json_part_the_fields_and_the_files_are_told_apart() {
        let body = Bytes::from_static(
            b"--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"content\":\"hi\"}\r\n\
              --x\r\nContent-Disposition: form-data; name=\"files[2]\"; filename=\"a;b \\\"c\\\".txt\"\r\n\
              Content-Type: text/plain\r\n\r\nbread\r\nand butter\r\n\
              --x\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\n\r\n--x--\r\n",
        );
        let parts = read(TYPE, &body).expect("it reads");
        assert_eq!(parts.payload.expect("payload"), "{\"content\":\"hi\"}");
        assert_eq!(parts.files.len(), 1);
        let file = &parts.files[0];
        assert_eq!((file.place(), file.name.as_str()), (2, "a;b \"c\".txt"));
        assert_eq!(
            (file.field.as_str(), &file.bytes[..]),
            ("files[2]", &b"bread\r\nand butter"[..])
        );
        assert_eq!(file.content_type.as_deref(), Some("text/plain"));
        assert_eq!(parts.fields["tags"], "");
    }

    #[test]
    fn a_name_may_be_encoded() {
        let body = Bytes::from_static(
            b"--x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"?\"; \
              filename*=UTF-8''br%C3%B6tchen.txt\r\n\r\n\r\n--x--",
        );
        assert_eq!(
            read(TYPE, &body).expect("it reads").files[0].name,
            "brötchen.txt"
        );
    }

    #[test]
    fn what_is_malformed_is_refused_as_a_form() {
        let many = "\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb".repeat(65);
        for (content_type, body) in [
            (
                TYPE,
                "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf",
            ),
            (
                TYPE,
                "--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--",
            ),
            (TYPE, "--x\r\nno head\r\n--x--"),
            (TYPE, "no boundary at all"),
            ("multipart/form-data", "--x--"),
            (TYPE, &format!("{many}\r\n--x--")),
        ] {
            let refused = read(content_type, &Bytes::from(body.to_owned())).expect_err(body);
            assert_eq!((refused.status, refused.code), (400, 50035), "{body}");
        }
    }
}
