//! The one way from bytes to types and back.
//!
//! simd-json rewrites its input while it parses, so [`decode`] works on a copy in a reused
//! [`Scratch`]; the caller's bytes are never touched. Reading is strict first and fast. Only when
//! that fails a second, slower pass looks for the place: [`decode_tolerant`] takes the offending
//! list element or optional field out, notes a [`Deviation`], and reads on.

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

mod second_pass;

/// Buffers that are reused from one decode to the next. One per task; not shared.
#[derive(Default)]
pub struct Scratch {
    text: Vec<u8>,
    buffers: simd_json::Buffers,
    drift: Vec<Deviation>,
}

impl Scratch {
    /// Empty buffers; they grow to the size of the largest payload met.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The deviations met since the last call, at most [`DRIFT_MAX`] of them.
    pub fn take_drift(&mut self) -> Vec<Deviation> {
        std::mem::take(&mut self.drift)
    }

    fn note(&mut self, deviations: Vec<Deviation>) {
        let room = DRIFT_MAX.saturating_sub(self.drift.len());
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

/// Decodes `bytes`, leaving out list elements and optional fields that do not fit.
///
/// What was left out is noted in `scratch`.
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
    let (value, deviations) = repair(bytes)?;
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

    /// The field that serde's words say is missing.
    fn missing_field(&self) -> Option<&str> {
        self.0
            .reason
            .strip_prefix("missing field `")?
            .strip_suffix('`')
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

/// The most places mended in one payload before it counts as malformed: each costs a whole pass.
const REPAIRS_MAX: usize = 64;

/// A payload that has grown beyond this is not kept as scratch, so that one huge guild does not
/// hold its size for ever.
const SCRATCH_KEEP_MAX: usize = 4 << 20;

fn fast<T: DeserializeOwned>(bytes: &[u8], scratch: &mut Scratch) -> Option<T> {
    scratch.text.clear();
    scratch.text.extend_from_slice(bytes);
    let value =
        simd_json::serde::from_slice_with_buffers(&mut scratch.text, &mut scratch.buffers).ok();
    if scratch.text.capacity() > SCRATCH_KEEP_MAX {
        scratch.text = Vec::new();
        scratch.buffers = simd_json::Buffers::default();
    }
    value
}

fn repair<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, Vec<Deviation>), DecodeError> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let mut tree: Value =
        serde_path_to_error::deserialize(&mut text).map_err(DecodeError::from_path)?;
    let mut deviations = Vec::new();
    // A field that is missing because it was taken out did not fit in the first place.
    let mut causes: BTreeMap<String, DecodeError> = BTreeMap::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&tree) {
            Ok(value) => return Ok((value, deviations)),
            Err(error) => error,
        };
        let steps: Vec<Step> = error.path().iter().filter_map(Step::from_segment).collect();
        let error = DecodeError::from_path(error);
        let cause = error
            .missing_field()
            .and_then(|field| causes.get(field))
            .unwrap_or(&error)
            .clone();
        if deviations.len() == REPAIRS_MAX || !take_out(&mut tree, &steps) {
            return Err(cause);
        }
        deviations.push(*error.0);
        if let Some(Step::Field(field)) = steps.into_iter().next_back() {
            causes.insert(field, cause);
        }
    }
}

enum Step {
    Field(String),
    Element(usize),
}

impl Step {
    fn from_segment(segment: &serde_path_to_error::Segment) -> Option<Self> {
        match segment {
            serde_path_to_error::Segment::Map { key } => Some(Self::Field(key.clone())),
            serde_path_to_error::Segment::Seq { index } => Some(Self::Element(*index)),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => {
                None
            }
        }
    }
}

/// Removes the innermost list element on the way to `steps`; the last field where there is no list.
fn take_out(tree: &mut Value, steps: &[Step]) -> bool {
    let cut = steps
        .iter()
        .rposition(|step| matches!(step, Step::Element(_)))
        .or_else(|| steps.len().checked_sub(1));
    let Some((way, Some(last))) = cut.and_then(|cut| Some((steps.get(..cut)?, steps.get(cut))))
    else {
        return false;
    };
    let parent = way.iter().try_fold(tree, |node, step| match step {
        Step::Field(key) => node.get_mut(key),
        Step::Element(index) => node.get_mut(index),
    });
    match (parent, last) {
        (Some(Value::Array(list)), Step::Element(index)) if *index < list.len() => {
            list.remove(*index);
            true
        }
        (Some(Value::Object(map)), Step::Field(key)) => map.remove(key).is_some(),
        _ => false,
    }
}

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
    fn a_bad_element_costs_that_element() {
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
        for field in ["junk", "components", "embeds"] {
            let bytes = format!(
                r#"{{"id":"1","channel_id":"2","author":{{"id":"3","username":"x"}},"{field}":{nest}}}"#
            );
            let _ = decode_tolerant::<Message>(bytes.as_bytes(), &mut Scratch::new());
            let bytes = bytes.replace(&nest, &format!(r#"[{{"type":99,"x":{nest}}}]"#));
            let _ = decode_tolerant::<Message>(bytes.as_bytes(), &mut Scratch::new());
        }
    }

    #[test]
    fn a_payload_that_is_wrong_throughout_ends() {
        let bad = format!("[{}]", vec![r#"{"id":"x"}"#; 500].join(","));
        assert!(decode_tolerant::<Vec<Message>>(bad.as_bytes(), &mut Scratch::new()).is_err());
    }
}
