//! Spans of time as people write them: `250ms`, `5s`, `10m`, `1h`, `1d`.
//!
//! For `#[serde(with = "crate::spelled")]`, so that a file says `"5s"` where the code says
//! [`Duration`].

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&written(*span))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
    read(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "{text:?} is no span of time: write a whole number and ms, s, m, h or d, such as \"250ms\""
        ))
    })
}

/// The largest unit that says it in whole numbers; what is finer than a millisecond is dropped.
pub(crate) fn written(span: Duration) -> String {
    let millis = span.as_millis();
    let fitting = UNITS
        .iter()
        .rev()
        .find(|(_, unit)| millis.is_multiple_of(u128::from(*unit)) && millis > 0);
    let (name, unit) = fitting.unwrap_or(&("s", 1000));
    format!("{}{name}", millis / u128::from(*unit))
}

fn read(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, name) = text.split_at_checked(end)?;
    let (_, unit) = UNITS.iter().find(|(known, _)| *known == name.trim())?;
    let millis = number.parse::<u64>().ok()?.checked_mul(*unit)?;
    Some(Duration::from_millis(millis))
}

/// The units and their milliseconds, the smallest first.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_they_are_written() {
        for (text, millis) in [
            ("250ms", 250),
            ("1500ms", 1500),
            ("5s", 5000),
            ("10m", 600_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            let span = Duration::from_millis(millis);
            assert_eq!(read(text), Some(span), "{text}");
            assert_eq!(written(span), text);
        }
        assert_eq!(read(" 2 s "), Some(Duration::from_secs(2)));
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "99999999999999999999d",
            "5 weeks",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
