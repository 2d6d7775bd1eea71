//! Tokens and passwords.

use std::fmt;

use zeroize::Zeroizing;

/// A token or password that never prints itself and is wiped from memory when dropped.
///
/// It has no `Display` and no `Serialize`, so it cannot slip into a log line, an error or a file.
/// The one way to its text is [`expose`](Self::expose), which is easy to search for.
///
/// ```
/// use ovenjs_types::Secret;
///
/// let token = Secret::new("MTk4.Q1.x");
/// assert_eq!(token.expose(), "MTk4.Q1.x");
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in. Surrounding white space is removed, since files end with a newline.
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// The text itself, for the header or frame that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer).map(Self::new)
    }
}

/// Writes the text back into a payload, for fields with `serialize_with`: a payload that is written
/// back would be another one without its token.
pub(crate) fn write<S: serde::Serializer>(
    secret: &Secret,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// The same for a field that may be absent.
#[expect(
    clippy::ref_option,
    reason = "serde hands a reference to the field to serialize_with"
)]
pub(crate) fn write_option<S: serde::Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose()),
        None => serializer.serialize_none(),
    }
}
