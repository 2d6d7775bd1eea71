//! The one way from bytes to types and back.
//!
//! simd-json rewrites its input while it parses, so [`decode`] works on a copy in a reused
//! [`Scratch`]; the caller's bytes are never touched. Reading is strict first and fast. Only when
//! that fails a second, slower pass looks for the place: [`decode_tolerant`] takes what does not fit
//! out, notes a [`Deviation`], and reads on.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use simd_json::{Buffers, INPUT_PADDING, Tape};

mod repair;
mod second_pass;
mod tape;

/// Buffers that are reused from one decode to the next. One per task; not shared.
pub struct Scratch {
    text: Vec<u8>,
    buffers: Buffers,
    /// Where the parser lays out what it met; kept for its room alone.
    tape: Option<Tape<'static>>,
    drift: Vec<Deviation>,
    /// Whether more than [`DRIFT_MAX`] deviations are kept, by who counts them and forgets them.
    keeps_all: bool,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// Empty buffers; they grow to the size of the largest payload met.
    #[must_use]
    pub fn new() -> Self {
        Self {
            text: Vec::new(),
            // simd-json looks at the depth while it parses, and goes as deep as it likes by itself:
            // what reads itself level by level would run out of stack.
            buffers: Buffers::with_max_depth(0, DEPTH_MAX),
            tape: None,
            drift: Vec::new(),
            keeps_all: false,
        }
    }

    /// The deviations met since the last call, at most [`DRIFT_MAX`] of them.
    pub fn take_drift(&mut self) -> Vec<Deviation> {
        std::mem::take(&mut self.drift)
    }

    /// Gives the memory of its buffers back; they grow anew with the next payload.
    pub fn release(&mut self) {
        let Self {
            text,
            buffers,
            tape,
            ..
        } = Self::new();
        (self.text, self.buffers, self.tape) = (text, buffers, tape);
    }

    fn that_keeps_all() -> Self {
        Self {
            keeps_all: true,
            ..Self::new()
        }
    }

    fn note(&mut self, deviations: Vec<Deviation>) {
        let most = if self.keeps_all {
            usize::MAX
        } else {
            DRIFT_MAX
        };
        let room = most.saturating_sub(self.drift.len());
        self.drift.extend(deviations.into_iter().take(room));
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("capacity", &self.text.capacity())
            .finish_non_exhaustive()
    }
}

/// Decodes `bytes` strictly.
///
/// # Errors
///
/// [`DecodeError`] with the path of the first error when the bytes are not JSON or do not fit `T`.
///
/// ```
/// use ovenjs_types::{json, User};
/// let mut scratch = json::Scratch::new();
/// let user: User = json::decode(br#"{"id":"1","username":"ann"}"#, &mut scratch).unwrap();
/// assert_eq!(user.username, "ann");
/// let error = json::decode::<User>(br#"{"id":"1","username":5}"#, &mut scratch).unwrap_err();
/// assert_eq!(error.path(), "username");
/// ```
pub fn decode<T: DeserializeOwned>(bytes: &[u8], scratch: &mut Scratch) -> Result<T, DecodeError> {
    fast(bytes, scratch).ok_or(()).or_else(|()| {
        let mut text = serde_json::Deserializer::from_slice(bytes);
        serde_path_to_error::deserialize(&mut text).map_err(DecodeError::from_path)
    })
}

/// Decodes `bytes`, leaving out what does not fit: a field, or where something cannot do without that
/// field, this as a whole. What was left out is noted in `scratch`.
///
/// # Errors
///
/// [`DecodeError`] when the bytes are not JSON, or when what does not fit cannot be done without.
pub fn decode_tolerant<T: DeserializeOwned>(
    bytes: &[u8],
    scratch: &mut Scratch,
) -> Result<T, DecodeError> {
    if let Some(value) = fast(bytes, scratch) {
        return Ok(value);
    }
    let (value, deviations) = repair::repair(bytes)?;
    scratch.note(deviations);
    Ok(value)
}

/// Encodes a value of the model.
///
/// # Panics
///
/// Never for types of this crate: their maps have string keys and their `Serialize` cannot fail.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "serialising to memory fails only for maps without string keys, which the model has not"
    )]
    serde_json::to_vec(value).expect("a value of the model has string keys only")
}

/// Something in a payload that did not fit and was left out, or that no type knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Where, e.g. `members[3].user.id`.
    pub path: String,
    /// What was expected and what came.
    pub reason: String,
}

/// All that deviates in the payload of an event from what this version knows: what does not fit,
/// unknown fields, values, bits, components and events. At most [`DRIFT_MAX`] of them.
///
/// This is a pass of its own over the payload, several times as dear as decoding it: for samples
/// and for tests, not for each event. [`Drift::inspect`](crate::Drift::inspect) counts what it
/// finds.
///
/// ```
/// use ovenjs_types::json;
/// let raw = br#"{"id":"2","channel_id":"3","author":{"id":"4","username":"ann"},"type":250,"sky":1}"#;
/// let found = json::deviations("MESSAGE_CREATE", &raw[..].into());
/// let found: Vec<_> = found.iter().map(|d| (&*d.path, &*d.reason)).collect();
/// assert_eq!(found, [("type", "unknown value 250"), ("sky", "unknown field")]);
/// ```
#[must_use]
pub fn deviations(name: &str, raw: &bytes::Bytes) -> Vec<Deviation> {
    let mut found = Vec::new();
    each_deviation(name, raw, &mut |deviation| {
        if found.len() < DRIFT_MAX {
            found.push(deviation);
        }
    });
    found
}

/// Tells every one of them, for those who count.
pub(crate) fn each_deviation(name: &str, raw: &bytes::Bytes, tell: &mut dyn FnMut(Deviation)) {
    second_pass::deviations(name, raw, tell);
}

/// The same for a payload of one type.
pub(crate) fn each_deviation_from<T: DeserializeOwned + Serialize>(
    raw: &[u8],
    tell: &mut dyn FnMut(Deviation),
) {
    second_pass::deviations_from::<T>(raw, tell);
}

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<Deviation>);

impl DecodeError {
    /// Where the first error is, e.g. `author.id`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The first error as a deviation, as [`Drift::add`](crate::Drift::add) takes it.
    #[must_use]
    pub fn deviation(&self) -> &Deviation {
        &self.0
    }

    fn from_path(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = error.path().to_string();
        Self(Box::new(Deviation {
            path,
            reason: error.into_inner().to_string(),
        }))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "payload does not fit at {}: {}",
            self.0.path, self.0.reason
        )
    }
}

impl std::error::Error for DecodeError {}

/// The most deviations kept between two calls of [`Scratch::take_drift`]: a payload that is wrong
/// throughout must not fill memory with the news of it.
pub const DRIFT_MAX: usize = 256;

/// A payload that has grown beyond this is not kept as scratch, so that one huge guild does not
/// hold its size for ever.
const SCRATCH_KEEP_MAX: usize = 4 << 20;

fn fast<T: DeserializeOwned>(bytes: &[u8], scratch: &mut Scratch) -> Option<T> {
    let text = &mut scratch.text;
    text.clear();
    text.reserve(bytes.len() + INPUT_PADDING);
    text.extend_from_slice(bytes);
    text.resize(bytes.len() + INPUT_PADDING, 0);
    let mut tape = scratch.tape.take().map_or_else(Tape::null, Tape::reset);
    let parsed = simd_json::fill_tape_padded(text, bytes.len(), &mut scratch.buffers, &mut tape);
    let value = parsed
        .ok()
        .and_then(|()| T::deserialize(&mut tape::Reader::new(&tape)).ok());
    scratch.tape = Some(tape.reset());
    if scratch.text.capacity() > SCRATCH_KEEP_MAX {
        scratch.release();
    }
    value
}

/// The levels that serde_json reads; Discord's payloads have about ten.
const DEPTH_MAX: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    #[test]
    fn the_callers_bytes_are_left_alone() {
        let bytes =
            br#"{"id":"1","channel_id":"2","content":"a\nb","author":{"id":"3","username":"x"}}"#
                .to_vec();
        let before = bytes.clone();
        let message: Message = decode(&bytes, &mut Scratch::new()).unwrap();
        assert_eq!(message.content, "a\nb");
        assert_eq!(bytes, before);
    }

    #[test]
    fn what_an_element_cannot_do_without_costs_the_element() {
        let bytes = br#"{"id":"1","channel_id":"2","author":{"id":"3","username":"x"},
            "mentions":[{"id":"4","username":"a"},{"id":"zero"},{"id":"6","username":"b"}]}"#;
        let mut scratch = Scratch::new();
        let message: Message = decode_tolerant(bytes, &mut scratch).unwrap();
        assert_eq!(message.mentions.len(), 2);
        let drift = scratch.take_drift();
        assert_eq!(drift.len(), 1);
        assert!(drift[0].path.starts_with("mentions[1]"), "{drift:?}");
        assert!(scratch.take_drift().is_empty());
    }

    #[test]
    fn a_bad_optional_field_costs_that_field() {
        let bytes =
            br#"{"id":"1","channel_id":"2","author":{"id":"3","username":"x"},"tts":"maybe"}"#;
        let mut scratch = Scratch::new();
        let message: Message = decode_tolerant(bytes, &mut scratch).unwrap();
        assert!(!message.tts);
        assert_eq!(scratch.take_drift()[0].path, "tts");
    }

    #[test]
    fn what_cannot_be_done_without_is_an_error_with_its_path() {
        let bytes = br#"{"id":"none","channel_id":"2","author":{"id":"3","username":"x"}}"#;
        let error = decode_tolerant::<Message>(bytes, &mut Scratch::new()).unwrap_err();
        assert_eq!(error.path(), "id");
        assert!(decode_tolerant::<Message>(b"{nope", &mut Scratch::new()).is_err());

        // What could be done without is not blamed for what could not.
        let bytes =
            br#"{"tts":"maybe","id":"1","channel_id":"2","author":{"id":"x","username":"x"}}"#;
        let error = decode_tolerant::<Message>(bytes, &mut Scratch::new()).unwrap_err();
        assert_eq!(error.path(), "author.id");
        let error = decode_tolerant::<Message>(br#"{"tts":"maybe","id":"1"}"#, &mut Scratch::new());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("missing field `channel_id`")
        );
    }

    #[test]
    fn a_payload_nested_without_end_is_an_error_and_no_overflow() {
        let nest = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let message = |field: &str, value: &str| {
            format!(
                r#"{{"id":"1","channel_id":"2","author":{{"id":"3","username":"x"}},"{field}":{value}}}"#
            )
        };
        for field in ["junk", "components", "embeds"] {
            for value in [&*nest, &*format!(r#"[{{"type":99,"x":{nest}}}]"#)] {
                let bytes = message(field, value);
                let _ = decode_tolerant::<Message>(bytes.as_bytes(), &mut Scratch::new());
            }
        }
        // These the types follow, level by level.
        let answers = message("referenced_message", "?");
        let (open, close) = answers.split_once('?').unwrap();
        for (open, close) in [(open, close), (r#"{"type":17,"components":["#, "]}")] {
            let nest = format!("{}{}{}", open.repeat(50_000), "null", close.repeat(50_000));
            for field in ["referenced_message", "components"] {
                let value = if field == "components" {
                    format!("[{nest}]")
                } else {
                    nest.clone()
                };
                let bytes = message(field, &value);
                assert!(decode_tolerant::<Message>(bytes.as_bytes(), &mut Scratch::new()).is_err());
            }
        }
        // Brackets in texts are no levels, and many side by side are none either.
        let text = message("content", &format!("\"{}\\\"{{\"", "[".repeat(1000)));
        assert!(decode::<Message>(text.as_bytes(), &mut Scratch::new()).is_ok());
        let flat = message("junk", &format!("[{}[]]", "[],".repeat(1000)));
        assert!(fast::<Message>(flat.as_bytes(), &mut Scratch::new()).is_some());
    }

    #[test]
    fn what_is_deeper_than_the_bound_is_left_to_the_reader_that_counts() {
        for (levels, is_read) in [(DEPTH_MAX, true), (DEPTH_MAX + 1, false)] {
            // The object around it is a level as well.
            let nest = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
            let bytes = format!(r#"{{"id":"1","username":"x","junk":{nest}}}"#);
            let mut scratch = Scratch::new();
            let user = fast::<crate::User>(bytes.as_bytes(), &mut scratch);
            assert_eq!(user.is_some(), is_read, "{levels}");
            // It passes over what no type knows without going down into it.
            assert!(decode::<crate::User>(bytes.as_bytes(), &mut scratch).is_ok());
        }
    }

    #[test]
    fn what_came_twice_is_told() {
        let bytes = br#"{"id":"1","channel_id":"2","author":{"id":"3","username":"x"},"content":"a","content":"b"}"#;
        let mut scratch = Scratch::new();
        let message: Message = decode_tolerant(bytes, &mut scratch).unwrap();
        assert_eq!(message.content, "b");
        let drift = scratch.take_drift();
        assert_eq!(drift.len(), 1);
        assert!(
            drift[0].reason.starts_with("duplicate field `content`"),
            "{drift:?}"
        );
    }

    #[test]
    fn a_fault_that_all_elements_have_costs_none_of_them() {
        let members: Vec<String> = (1..=1000)
            .map(|id| {
                format!(r#"{{"user":{{"id":"{id}","username":"x"}},"nick":"n{id}","flags":{{"new":1}}}}"#)
            })
            .collect();
        let bytes = format!(r#"{{"id":"1","members":[{}]}}"#, members.join(","));
        let mut scratch = Scratch::new();
        let guild: crate::Guild = decode_tolerant(bytes.as_bytes(), &mut scratch).unwrap();
        let written = serde_json::to_value(&guild).unwrap();
        assert_eq!(written["members"].as_array().unwrap().len(), 1000);
        assert_eq!(written["members"][999]["nick"], "n1000");
        let drift = scratch.take_drift();
        assert_eq!(drift.len(), DRIFT_MAX);
        assert_eq!(drift[99].path, "members[99].flags");
    }

    #[test]
    fn elements_that_are_left_out_are_named_by_where_they_stood() {
        let users: Vec<String> = (0..40)
            .map(|place| match place % 4 {
                1 => r#"{"id":"x"}"#.to_owned(),
                2 => r#"{"username":"nobody"}"#.to_owned(),
                3 => "7".to_owned(),
                _ => format!(r#"{{"id":"{}","username":"u"}}"#, place + 1),
            })
            .collect();
        let bytes = format!(
            r#"{{"id":"1","channel_id":"2","author":{{"id":"3","username":"x"}},"mentions":[{}]}}"#,
            users.join(",")
        );
        let mut scratch = Scratch::new();
        let message: Message = decode_tolerant(bytes.as_bytes(), &mut scratch).unwrap();
        assert_eq!(message.mentions.len(), 10);
        let told = scratch.take_drift();
        let mut paths: Vec<&str> = told.iter().map(|deviation| &*deviation.path).collect();
        paths.sort_unstable();
        let mut expected: Vec<String> = (0..40)
            .filter(|place| place % 4 != 0)
            .map(|place| {
                format!(
                    "mentions[{place}]{}",
                    if place % 4 == 1 { ".id" } else { "" }
                )
            })
            .collect();
        expected.sort_unstable();
        assert_eq!(paths, expected);
    }

    #[test]
    fn an_odd_component_costs_itself_and_not_the_tree_it_stands_in() {
        let bytes =
            br#"{"id":"1","channel_id":"2","author":{"id":"3","username":"x"},"components":[
            {"type":17,"components":[{"type":10,"content":"stays"},{"type":1,"components":[
                {"type":2,"style":"neon","custom_id":"a","label":"goes"},
                {"type":2,"style":1,"custom_id":"b","label":["goes"]}]}]}]}"#;
        let mut scratch = Scratch::new();
        let message: Message = decode_tolerant(bytes, &mut scratch).unwrap();
        assert_eq!(
            serde_json::to_string(&message.components).unwrap(),
            r#"[{"type":17,"components":[{"type":10,"content":"stays"},{"type":1,"components":[{"type":2,"style":1,"custom_id":"b"}]}]}]"#
        );
        let told = scratch.take_drift();
        let paths: Vec<&str> = told.iter().map(|deviation| &*deviation.path).collect();
        assert_eq!(
            paths,
            [
                "components[0].components[1].components[0].style",
                "components[0].components[1].components[1].label",
            ]
        );
    }

    #[test]
    fn a_payload_that_is_wrong_throughout_ends() {
        let bad: Vec<String> = (0..500)
            .map(|place| format!(r#"{{"id":"x{place}"}}"#))
            .collect();
        let bad = format!("[{}]", bad.join(","));
        assert!(decode_tolerant::<Vec<Message>>(bad.as_bytes(), &mut Scratch::new()).is_err());
    }
}
