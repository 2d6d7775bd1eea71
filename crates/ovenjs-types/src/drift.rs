//! How Discord differs from what this version knows.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeSeq};

use crate::{
    Text,
    json::{self, Deviation},
};

/// Counts of what deviated from this version's types, by event, place and kind.
///
/// A bot feeds it with what its decoder left out ([`add`](Self::add)) and, for a sample of its
/// events, with all that no type knows ([`inspect`](Self::inspect)); it is written as text or as
/// JSON. It holds no content of any payload: names of fields, and counts.
///
/// ```
/// use ovenjs_types::{Drift, DriftKind};
///
/// let raw = br#"{"id":"2","channel_id":"3","author":{"id":"4","username":"ann"},
///     "mentions":[{"id":"5","username":"bo","mood":7}],"tts":"maybe"}"#;
/// let mut drift = Drift::new();
/// drift.inspect("MESSAGE_CREATE", &raw[..].into());
/// let found: Vec<_> = drift.iter().map(|(place, n)| (place.path(), place.kind(), n)).collect();
/// assert_eq!(found, [
///     ("mentions[].mood", DriftKind::UnknownField, 1),
///     ("tts", DriftKind::WrongType, 1),
/// ]);
/// assert_eq!(
///     drift.to_string(),
///     "1 MESSAGE_CREATE mentions[].mood: unknown field\n1 MESSAGE_CREATE tts: wrong type\n"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    counts: BTreeMap<DriftPlace, u64>,
    overflow: u64,
}

impl Drift {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts what the decoder left out of an event, as
    /// [`Scratch::take_drift`](json::Scratch::take_drift) gives it.
    pub fn add(&mut self, event: &str, deviations: &[Deviation]) {
        for deviation in deviations {
            self.add_one(event, deviation);
        }
    }

    fn add_one(&mut self, event: &str, deviation: &Deviation) {
        let place = DriftPlace {
            event: event.chars().take(NAME_MAX).collect(),
            path: general(&deviation.path),
            kind: DriftKind::of(&deviation.reason),
        };
        self.count(place, 1);
    }

    /// Looks through the payload of an event and counts all that deviates, unknown fields and
    /// values included.
    ///
    /// This costs several times what decoding costs: do it for a sample.
    pub fn inspect(&mut self, event: &str, raw: &Bytes) {
        json::each_deviation(event, raw, &mut |deviation| {
            self.add_one(event, &deviation);
        });
    }

    /// The same for a payload of one type, under a name such as its operation's.
    ///
    /// ```
    /// use ovenjs_types::{Drift, DriftKind, User};
    ///
    /// let mut drift = Drift::new();
    /// drift.inspect_as::<User>("GET /users/@me", br#"{"id":"4","username":"ann","mood":7}"#);
    /// let (place, count) = drift.iter().next().unwrap();
    /// assert_eq!((place.event(), place.path(), count), ("GET /users/@me", "mood", 1));
    /// assert_eq!(place.kind(), DriftKind::UnknownField);
    /// ```
    pub fn inspect_as<T: DeserializeOwned + Serialize>(&mut self, name: &str, raw: &[u8]) {
        json::each_deviation_from::<T>(raw, &mut |deviation| self.add_one(name, &deviation));
    }

    /// Adds the counts of another report.
    pub fn merge(&mut self, other: Self) {
        self.overflow = self.overflow.saturating_add(other.overflow);
        for (place, count) in other.counts {
            self.count(place, count);
        }
    }

    /// Every place with its count, in the order of events and paths.
    pub fn iter(&self) -> impl Iterator<Item = (&DriftPlace, u64)> {
        self.counts.iter().map(|(place, count)| (place, *count))
    }

    /// Deviations at places beyond the first [`PLACES_MAX`](Self::PLACES_MAX).
    #[must_use]
    pub const fn overflow(&self) -> u64 {
        self.overflow
    }

    /// Whether nothing deviated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.overflow == 0
    }

    /// The most places that are told apart: some hundred bytes each, and more than a person reads.
    pub const PLACES_MAX: usize = 1024;

    fn count(&mut self, place: DriftPlace, more: u64) {
        let is_full = self.counts.len() >= Self::PLACES_MAX;
        match self.counts.get_mut(&place) {
            Some(count) => *count = count.saturating_add(more),
            None if is_full => self.overflow = self.overflow.saturating_add(more),
            None => {
                self.counts.insert(place, more);
            }
        }
    }
}

/// A line for each place; the overflow in a last one.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, count) in &self.counts {
            writeln!(f, "{count} {} {}: {}", place.event, place.path, place.kind)?;
        }
        if self.overflow > 0 {
            writeln!(f, "{} at other places", self.overflow)?;
        }
        Ok(())
    }
}

/// A list of `{event, path, kind, count}`.
impl Serialize for Drift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'l> {
            event: &'l str,
            path: &'l str,
            kind: &'l str,
            count: u64,
        }
        let mut lines = serializer.serialize_seq(None)?;
        for (place, count) in &self.counts {
            lines.serialize_element(&Line {
                event: &place.event,
                path: &place.path,
                kind: place.kind.words(),
                count: *count,
            })?;
        }
        if self.overflow > 0 {
            lines.serialize_element(&Line {
                event: "",
                path: "",
                kind: "other places",
                count: self.overflow,
            })?;
        }
        lines.end()
    }
}

/// Where something deviated, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DriftPlace {
    event: Text,
    path: Text,
    kind: DriftKind,
}

impl DriftPlace {
    /// Discord's name of the event, or the operation whose answer it was.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Where in the payload, e.g. `members[].user.id`: `[]` is any element of a list, `{}` any id
    /// that is a key, `.` the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How it deviated.
    #[must_use]
    pub const fn kind(&self) -> DriftKind {
        self.kind
    }
}

/// How a payload deviated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DriftKind {
    /// An event whose name this version does not know.
    UnknownEvent,
    /// A field that no type has.
    UnknownField,
    /// A value that an enum has no name for.
    UnknownValue,
    /// Bits that a bit set has no names for.
    UnknownBits,
    /// A component of a type that this version has no struct for.
    UnknownComponent,
    /// A field that is needed and did not come.
    Missing,
    /// `null` where a value is needed.
    Null,
    /// A value of another type, e.g. a text for a number.
    WrongType,
    /// A value of the right type that does not fit, e.g. an id of 0.
    WrongValue,
}

impl DriftKind {
    /// The kind that a [`Deviation`]'s reason is of.
    fn of(reason: &str) -> Self {
        REASONS
            .iter()
            .find(|(start, _)| reason.starts_with(start))
            .map_or(Self::WrongValue, |(_, kind)| *kind)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::UnknownEvent => "unknown event",
            Self::UnknownField => "unknown field",
            Self::UnknownValue => "unknown value",
            Self::UnknownBits => "unknown bits",
            Self::UnknownComponent => "unknown component",
            Self::Missing => "missing",
            Self::Null => "null",
            Self::WrongType => "wrong type",
            Self::WrongValue => "wrong value",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// How reasons begin: ours, and serde's words.
const REASONS: [(&str, DriftKind); 8] = [
    ("unknown event", DriftKind::UnknownEvent),
    ("unknown field", DriftKind::UnknownField),
    ("unknown value", DriftKind::UnknownValue),
    ("unknown bits", DriftKind::UnknownBits),
    ("unknown component", DriftKind::UnknownComponent),
    ("missing field", DriftKind::Missing),
    ("invalid type: null", DriftKind::Null),
    ("invalid type", DriftKind::WrongType),
];

/// Longer names are cut; Discord's longest event has 38 letters, its longest operation's template 95.
const NAME_MAX: usize = 128;

/// Longer paths are cut: what nests so deep was never documented.
const PATH_MAX: usize = 200;

/// The path without numbers: elements of lists as `[]`, ids that are keys as `{}`.
fn general(path: &str) -> Text {
    let mut out = Text::new();
    for (place, step) in path.split('.').enumerate() {
        if place > 0 {
            out.push('.');
        }
        let is_id = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        if is_id {
            out.push_str("{}");
            continue;
        }
        let mut in_brackets = false;
        for letter in step.chars() {
            in_brackets &= letter != ']';
            if !in_brackets {
                out.push(letter);
            }
            in_brackets |= letter == '[';
        }
    }
    match out.char_indices().nth(PATH_MAX) {
        Some((end, _)) => out.split_at(end).0.into(),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(path: &str, reason: &str) -> Deviation {
        Deviation {
            path: path.to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn places_are_counted_whatever_the_element() {
        let mut drift = Drift::new();
        drift.add(
            "GUILD_CREATE",
            &[
                deviation(
                    "members[3].user.id",
                    "invalid type: null, expected a string",
                ),
                deviation(
                    "members[41].user.id",
                    "invalid type: null, expected a string",
                ),
                deviation("resolved.users.123.id", "missing field `id`"),
            ],
        );
        let mut other = Drift::new();
        other.add(
            "GUILD_CREATE",
            &[deviation("members[0].user.id", "invalid type: null")],
        );
        drift.merge(other);
        assert_eq!(
            drift.to_string(),
            "3 GUILD_CREATE members[].user.id: null\n\
             1 GUILD_CREATE resolved.users.{}.id: missing\n"
        );
        let json = json::encode(&drift);
        assert!(json.starts_with(
            br#"[{"event":"GUILD_CREATE","path":"members[].user.id","kind":"null","count":3}"#
        ));
    }

    #[test]
    fn a_flood_of_places_is_bounded_and_counted() {
        let mut drift = Drift::new();
        for number in 0..Drift::PLACES_MAX + 5 {
            drift.add("X", &[deviation(&format!("a{number}"), "unknown field")]);
        }
        drift.add("X", &[deviation("a0", "unknown field")]);
        assert_eq!(drift.iter().count(), Drift::PLACES_MAX);
        assert_eq!(drift.overflow(), 5);
        assert!(drift.to_string().ends_with("5 at other places\n"));
        assert!(!drift.is_empty());
    }

    #[test]
    fn each_of_many_deviations_in_one_payload_is_counted() {
        let users = vec![r#"{"id":"5","username":"bo","mood":7}"#; 1000].join(",");
        let raw = format!(
            r#"{{"id":"2","channel_id":"3","author":{{"id":"4","username":"ann"}},"mentions":[{users}],"sky":1}}"#
        );
        let mut drift = Drift::new();
        drift.inspect("MESSAGE_CREATE", &Bytes::from(raw));
        assert_eq!(
            drift.to_string(),
            "1000 MESSAGE_CREATE mentions[].mood: unknown field\n\
             1 MESSAGE_CREATE sky: unknown field\n"
        );
    }

    #[test]
    fn an_event_and_a_component_of_tomorrow_are_counted() {
        let mut drift = Drift::new();
        drift.inspect("MOON_RISE", &Bytes::from_static(b"{}"));
        let raw = br#"{"id":"2","channel_id":"3","author":{"id":"4","username":"ann"},
            "components":[{"type":250}],"flags":9007199254740992}"#;
        drift.inspect("MESSAGE_CREATE", &Bytes::from_static(raw));
        assert_eq!(
            drift.to_string(),
            "1 MESSAGE_CREATE components[]: unknown component\n\
             1 MESSAGE_CREATE flags: unknown bits\n\
             1 MOON_RISE .: unknown event\n"
        );
    }
}
