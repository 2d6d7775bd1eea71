//! Reading the box's JSON: a view for those who look in from outside, and short accessors for the
//! rooms inside.

use std::str::FromStr;

use ovenjs_types::{Id, marker::GenericMarker};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON document that the box saw or sent, read by JSON pointer (`/embeds/0/title`).
///
/// The box's world is JSON by design, so that it shares no type, and hence no mistake, with the
/// code under test; this is the one form in which it shows that world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Json(pub(crate) Value);

impl Json {
    /// The text at `pointer`, if there is one.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }

    /// The whole number at `pointer`, if there is one.
    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer)?.as_i64()
    }

    /// The truth value at `pointer`, if there is one.
    #[must_use]
    pub fn flag(&self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer)?.as_bool()
    }

    /// The id at `pointer`, if there is one.
    #[must_use]
    pub fn id<T>(&self, pointer: &str) -> Option<Id<T>> {
        self.text(pointer)?
            .parse::<Id<GenericMarker>>()
            .ok()
            .map(Id::cast)
    }

    /// How many elements the array or object at `pointer` has; 0 where there is none.
    #[must_use]
    pub fn len(&self, pointer: &str) -> usize {
        match self.0.pointer(pointer) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(fields)) => fields.len(),
            _ => 0,
        }
    }

    /// Whether something other than null stands at `pointer`.
    #[must_use]
    pub fn has(&self, pointer: &str) -> bool {
        self.0
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    }

    /// The part at `pointer` as a document of its own.
    #[must_use]
    pub fn part(&self, pointer: &str) -> Option<Self> {
        self.0.pointer(pointer).cloned().map(Self)
    }

    /// Reads the document into a type of the caller's.
    ///
    /// # Errors
    ///
    /// When the document does not have the shape of `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, crate::Error> {
        T::deserialize(&self.0).map_err(|source| crate::Error::shape(&source))
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) type Object = Map<String, Value>;

/// The fields of a `json!({…})` literal.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(fields) => fields,
        _ => Object::new(),
    }
}

/// Short readers over an object's fields.
pub(crate) trait Fields {
    fn text(&self, key: &str) -> Option<&str>;
    fn int(&self, key: &str) -> Option<u64>;
    fn flag(&self, key: &str) -> Option<bool>;
    fn key(&self, key: &str) -> Option<u64>;
    fn list(&self, key: &str) -> &[Value];
    fn set(&mut self, key: &str, value: impl Into<Value>);
}

impl Fields for Object {
    fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    fn int(&self, key: &str) -> Option<u64> {
        whole(self.get(key)?)
    }

    fn flag(&self, key: &str) -> Option<bool> {
        // A form field can only be a text.
        let value = self.get(key)?;
        value.as_bool().or_else(|| value.as_str()?.parse().ok())
    }

    fn key(&self, key: &str) -> Option<u64> {
        snowflake(self.get(key)?)
    }

    fn list(&self, key: &str) -> &[Value] {
        self.get(key)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.insert(key.to_owned(), value.into());
    }
}

/// A whole number. Discord takes a number's digits for the number, which is all a form field can be,
/// and one with a point behind which there is nothing.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    let digits = || value.as_str()?.parse().ok();
    let rounded = || without_point(value);
    value.as_u64().or_else(digits).or_else(rounded)
}

/// A number with a point behind which there is nothing.
pub(crate) fn without_point<N: FromStr>(value: &Value) -> Option<N> {
    let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
    float.to_string().parse().ok()
}

/// About how many bytes a value takes in memory, for those who keep values under a bound.
pub(crate) fn weight(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => {
            let texts = fields
                .iter()
                .map(|(key, value)| key.len() + weight(value) - size_of::<Value>());
            texts.sum::<usize>() + fields.len().div_ceil(IN_A_NODE) * NODE
        }
    };
    size_of::<Value>() + inside
}

/// Fields that the standard library's tree map keeps in one piece of memory.
const IN_A_NODE: usize = 11;

/// That piece: keys, values, and the tree's own pointers. A small object takes a whole one.
const NODE: usize = IN_A_NODE * (size_of::<String>() + size_of::<Value>()) + 16;

/// Discord takes an id as text or as a number.
pub(crate) fn snowflake(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}
