//! The mark by which a sender knows its message again.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Text;

/// The mark by which a sender knows its message again: a number or a text.
///
/// ```
/// use ovenjs_types::{Nonce, json};
/// let read = |text: &[u8]| json::decode::<Nonce>(text, &mut Default::default()).unwrap();
/// assert_eq!(read(b"7"), Nonce::from(7));
/// assert_eq!(read(br#""7""#), Nonce::from("7"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Nonce {
    /// A whole number.
    Number(i64),
    /// A text of at most 25 characters.
    Text(Text),
}

impl From<i64> for Nonce {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Nonce {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Nonce {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Mark;

        impl de::Visitor<'_> for Mark {
            type Value = Nonce;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a text")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Nonce, E> {
                Ok(Nonce::Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Nonce, E> {
                i64::try_from(number).map(Nonce::Number).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Nonce, E> {
                Ok(Nonce::from(text))
            }
        }

        deserializer.deserialize_any(Mark)
    }
}
