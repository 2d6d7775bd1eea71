//! The text of the model.

use std::{
    borrow::{Borrow, Cow},
    convert::Infallible,
    fmt,
    ops::Deref,
    str::FromStr,
};

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text of the model: owned, 24 bytes, and without an allocation where it is no longer than that.
///
/// It is a [`str`] to read, and comes from and goes to a [`String`]. Names, most of what people type,
/// and what Discord calls things are short: most texts of an event cost no allocation. See
/// `docs/decisions/0003-text.md`.
///
/// ```
/// use ovenjs_types::Text;
///
/// let name = Text::from("rye bread");
/// assert!(name.starts_with("rye") && name == "rye bread");
/// let text: String = name.into();
/// assert_eq!(text.len(), 9);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(CompactString);

impl Text {
    /// An empty text.
    #[must_use]
    pub const fn new() -> Self {
        Self(CompactString::const_new(""))
    }

    /// The text to read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a text.
    pub fn push_str(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Appends a character.
    pub fn push(&mut self, character: char) {
        self.0.push(character);
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A map with such keys is asked with a `str`.
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CompactString::deserialize(deserializer).map(Self)
    }
}

impl FromStr for Text {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

macro_rules! from_text {
    ($($from:ty)*) => {
        $(impl From<$from> for Text {
            fn from(text: $from) -> Self {
                Self(text.into())
            }
        })*
    };
}

from_text! { &str String &String Box<str> Cow<'_, str> }

/// What one has of a text that is still needed.
impl From<&Self> for Text {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.into_string()
    }
}

impl From<Text> for Cow<'_, str> {
    fn from(text: Text) -> Self {
        Cow::Owned(text.into())
    }
}

impl FromIterator<char> for Text {
    fn from_iter<I: IntoIterator<Item = char>>(characters: I) -> Self {
        Self(characters.into_iter().collect())
    }
}

macro_rules! compared {
    ($($other:ty)*) => {
        $(
            impl PartialEq<$other> for Text {
                fn eq(&self, other: &$other) -> bool {
                    let other: &str = other.as_ref();
                    self.as_str() == other
                }
            }

            impl PartialEq<Text> for $other {
                fn eq(&self, other: &Text) -> bool {
                    other == self
                }
            }
        )*
    };
}

compared! { str &str String Cow<'_, str> }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_wherever_it_is_kept() {
        // At 24 bytes it moves to the heap.
        for length in [0, 1, 23, 24, 25, 4000] {
            let string = "ü".repeat(length / 2) + &"a".repeat(length % 2);
            let text = Text::from(&string);
            assert_eq!(text, string);
            assert_eq!(text.len(), length);
            assert_eq!(
                serde_json::to_string(&text).unwrap(),
                format!("\"{string}\"")
            );
            let read: Text = serde_json::from_str(&format!("\"{string}\"")).unwrap();
            assert_eq!((&read, String::from(text)), (&read, string));
        }
    }

    #[test]
    fn it_costs_no_more_than_a_string_where_there_is_none() {
        assert_eq!(size_of::<Text>(), size_of::<String>());
        assert_eq!(size_of::<Option<Text>>(), size_of::<Text>());
    }

    #[test]
    fn it_is_a_key_like_a_str() {
        let map = std::collections::HashMap::from([(Text::from("rye"), 3)]);
        assert_eq!(map.get("rye"), Some(&3));
    }
}
