//! JSON of a shape which the model does not know.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Text;

/// A piece of JSON of a shape which this version does not know, kept as it came.
///
/// It stands where Discord says "any", and where a value came that the type for it does not fit.
///
/// ```
/// use ovenjs_types::{JsonValue, json};
/// let value: JsonValue = json::decode(br#"{"loaves":[1,2]}"#, &mut Default::default()).unwrap();
/// let loaves: std::collections::BTreeMap<String, Vec<u8>> = value.decode().unwrap();
/// assert_eq!(loaves["loaves"], [1, 2]);
/// assert_eq!(value.to_string(), r#"{"loaves":[1,2]}"#);
/// assert_eq!(JsonValue::from("rye").as_str(), Some("rye"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonValue(Value);

impl JsonValue {
    /// The value as a type; none where it does not fit.
    #[must_use]
    pub fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.0).ok()
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// Whether it is `null`, as the default is.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    pub(crate) const fn value(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for JsonValue {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<&str> for JsonValue {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Text> for JsonValue {
    fn from(text: Text) -> Self {
        Self(text.as_str().into())
    }
}

impl From<String> for JsonValue {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for JsonValue {
    /// Writes the JSON text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
