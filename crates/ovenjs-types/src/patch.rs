//! Three-valued fields of PATCH bodies.

use serde::{Serialize, Serializer};

/// A field of a PATCH body: left alone, cleared, or set.
///
/// Discord tells an absent field (keep what is there) from `null` (clear it). Declare the field
/// with `#[serde(skip_serializing_if = "Patch::is_keep")]`.
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
