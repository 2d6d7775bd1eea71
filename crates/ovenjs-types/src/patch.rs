//! Three-valued fields: absent, `null` or a value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of a PATCH body: left alone, cleared, or set.
///
/// Discord tells an absent field (keep what is there) from `null` (clear it). Declare the field
/// with `#[serde(default, skip_serializing_if = "Patch::is_keep")]`.
///
/// The few fields of received objects where `null` says something else than absence have this type
/// as well: a message whose `referenced_message` is `null` replies to a deleted one.
///
/// ```
/// use ovenjs_types::{MessageEdit, Patch};
///
/// let edit = MessageEdit::new().content("new");
/// assert_eq!(ovenjs_types::json::encode(&edit), br#"{"content":"new"}"#);
/// let cleared = MessageEdit { content: Patch::Clear, ..MessageEdit::new() };
/// assert_eq!(ovenjs_types::json::encode(&cleared), br#"{"content":null}"#);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field is not sent: Discord keeps the present value.
    #[default]
    Keep,
    /// The field is sent as `null`: Discord clears it.
    Clear,
    /// The field is sent with this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field is left out of the body.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Whether the field is `null`.
    pub const fn is_clear(&self) -> bool {
        matches!(self, Self::Clear)
    }

    /// The value, where there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A body declares `skip_serializing_if`, so `Keep` is only met outside of one.
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    /// An absent field is never asked: the field's `#[serde(default)]` makes it [`Patch::Keep`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_null_and_a_value_are_three_things_both_ways() {
        #[derive(Serialize, Deserialize)]
        struct Tags {
            #[serde(default, skip_serializing_if = "Patch::is_keep")]
            premium: Patch<u8>,
        }
        for (text, patch) in [
            ("{}", Patch::Keep),
            (r#"{"premium":null}"#, Patch::Clear),
            (r#"{"premium":3}"#, Patch::Set(3)),
        ] {
            let tags: Tags = serde_json::from_str(text).unwrap();
            assert_eq!(tags.premium, patch);
            assert_eq!(serde_json::to_string(&tags).unwrap(), text);
        }
    }
}
