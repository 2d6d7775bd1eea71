//! The second pass over a payload: what in it no type knows.
//!
//! The model keeps what it does not know, so the difference between what came and what is written
//! back is what it has no place for; and unknown values say so to the serializer by the name of
//! their newtype, which JSON does not show.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    mem::discriminant,
};

use bytes::Bytes;
use serde::{
    Serialize,
    de::{DeserializeOwned, value::Error},
    ser::{self, Serializer},
};
use serde_json::Value;

use super::{Deviation, Scratch};
use crate::{
    Event, EventKind,
    component::holds_components,
    open::{UNKNOWN_BITS, UNKNOWN_FIELD, UNKNOWN_VALUE},
};

/// Tells each deviation, however many there are.
pub(super) fn deviations(name: &str, raw: &Bytes, tell: &mut dyn FnMut(Deviation)) {
    let mut scratch = Scratch::that_keeps_all();
    let event = Event::decode(EventKind::from_name(name), name, raw, &mut scratch);
    let left_out = scratch.take_drift();
    left_out.iter().cloned().for_each(&mut *tell);
    match &event {
        Event::Unknown(_) => tell(Deviation {
            path: ".".to_owned(),
            reason: "unknown event".to_owned(),
        }),
        Event::Malformed(malformed) => tell(malformed.error.deviation().clone()),
        event => compare(event, raw, &left_out, tell),
    }
}

/// Tells each deviation from one type, however many there are.
pub(super) fn deviations_from<T: DeserializeOwned + Serialize>(
    raw: &[u8],
    tell: &mut dyn FnMut(Deviation),
) {
    let mut scratch = Scratch::that_keeps_all();
    let value: Result<T, _> = super::decode_tolerant(raw, &mut scratch);
    let left_out = scratch.take_drift();
    left_out.iter().cloned().for_each(&mut *tell);
    match value {
        Ok(value) => compare(&value, raw, &left_out, tell),
        Err(error) => tell(error.deviation().clone()),
    }
}

/// Tells what of a payload is not in its value, and what of that is unknown.
fn compare<T: Serialize>(
    value: &T,
    raw: &[u8],
    left_out: &[Deviation],
    tell: &mut dyn FnMut(Deviation),
) {
    let mut finder = Finder {
        path: String::new(),
        tell: &mut *tell,
    };
    // It fails for nothing that the model holds, and what it has told stays told.
    let _: Result<(), Error> = value.serialize(&mut finder);
    let came: Value = serde_json::from_slice(raw).unwrap_or_default();
    let kept = serde_json::to_value(value).unwrap_or_default();
    let left_out: BTreeSet<&str> = left_out.iter().map(|known| &*known.path).collect();
    unknown_fields(&mut String::new(), &came, &kept, &left_out, tell);
}

/// Tells fields that came with a value and are not kept, and what is kept as something else: a list
/// is read where an object is wanted, by its order. What was left out is known already.
fn unknown_fields(
    path: &mut String,
    came: &Value,
    kept: &Value,
    left_out: &BTreeSet<&str>,
    tell: &mut dyn FnMut(Deviation),
) {
    let length = path.len();
    match (came, kept) {
        (Value::Object(came), Value::Object(kept)) => {
            for (key, value) in came {
                step(path, key);
                match kept.get(key) {
                    Some(kept) => unknown_fields(path, value, kept, left_out, tell),
                    None if says_nothing(value) => {}
                    None if left_out.contains(path.as_str()) => {}
                    None => tell(Deviation {
                        path: path.clone(),
                        reason: "unknown field".to_owned(),
                    }),
                }
                path.truncate(length);
            }
        }
        // Where an element was taken out, the others stand in other places.
        (Value::Array(came), Value::Array(kept)) if came.len() == kept.len() => {
            for (index, (came, kept)) in came.iter().zip(kept).enumerate() {
                // Writing to a string cannot fail.
                _ = write!(path, "[{index}]");
                unknown_fields(path, came, kept, left_out, tell);
                path.truncate(length);
            }
        }
        (Value::Array(_), Value::Array(_)) => {}
        _ if is_alike(came, kept) || left_out.contains(path.as_str()) => {}
        _ => tell(Deviation {
            path: path.clone(),
            reason: format!("invalid type: {}, kept as {}", type_of(came), type_of(kept)),
        }),
    }
}

/// Whether both are of one type, or two forms of one thing: an id as a number or a text, an empty
/// field as `null` or as its default.
fn is_alike(came: &Value, kept: &Value) -> bool {
    match (came, kept) {
        (Value::Number(_), Value::String(_)) | (Value::String(_), Value::Number(_)) => true,
        (Value::Null, _) => true,
        (came, Value::Null) => says_nothing(came),
        _ => discriminant(came) == discriminant(kept),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "sequence",
        Value::Object(_) => "map",
    }
}

/// Whether absence says the same, so that a known field may have been left out in writing.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
        _ => false,
    }
}

fn step(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Walks through a value of the model and notes what calls itself unknown.
struct Finder<'f> {
    path: String,
    tell: &'f mut dyn FnMut(Deviation),
}

impl Finder<'_> {
    fn note(&mut self, reason: String) {
        (self.tell)(Deviation {
            path: self.path.clone(),
            reason,
        });
    }

    fn within<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        let length = self.path.len();
        step(&mut self.path, key);
        value.serialize(&mut *self)?;
        self.path.truncate(length);
        Ok(())
    }
}

/// The elements of a list, or the fields of an object.
struct Inside<'i, 'f> {
    finder: &'i mut Finder<'f>,
    index: usize,
    key: String,
}

impl<'i, 'f> Inside<'i, 'f> {
    fn of(finder: &'i mut Finder<'f>) -> Result<Self, Error> {
        Ok(Self {
            finder,
            index: 0,
            key: String::new(),
        })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let length = self.finder.path.len();
        // Writing to a string cannot fail.
        _ = write!(self.finder.path, "[{}]", self.index);
        self.index += 1;
        value.serialize(&mut *self.finder)?;
        self.finder.path.truncate(length);
        Ok(())
    }
}

/// Whether a component stands here.
fn is_component(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    holds_components(last.split('[').next().unwrap_or_default())
}

macro_rules! says_nothing_of {
    ($($name:ident $of:ty),+) => {
        $( fn $name(self, _: $of) -> Result<(), Error> { Ok(()) } )+
    };
}

impl<'i, 'f> Serializer for &'i mut Finder<'f> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Inside<'i, 'f>;
    type SerializeTuple = Inside<'i, 'f>;
    type SerializeTupleStruct = Inside<'i, 'f>;
    type SerializeTupleVariant = Inside<'i, 'f>;
    type SerializeMap = Inside<'i, 'f>;
    type SerializeStruct = Inside<'i, 'f>;
    type SerializeStructVariant = Inside<'i, 'f>;

    says_nothing_of! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_f32 f32, serialize_f64 f64, serialize_char char,
        serialize_str &str, serialize_bytes &[u8], serialize_unit_struct &'static str
    }

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match name {
            UNKNOWN_FIELD => {
                self.note(name.to_owned());
                Ok(())
            }
            UNKNOWN_VALUE | UNKNOWN_BITS => {
                let value = serde_json::to_value(value).unwrap_or_default();
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                self.note(format!("{name} {value}"));
                Ok(())
            }
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.within(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Inside<'i, 'f>, Error> {
        Inside::of(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! elements {
    ($($kind:ident $element:ident),+) => {
        $( impl ser::$kind for Inside<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        } )+
    };
}

elements! {
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($kind:ident),+) => {
        $( impl ser::$kind for Inside<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.finder.within(key, value)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        } )+
    };
}

fields! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Inside<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        // The value of an enum may be a key.
        key.serialize(&mut *self.finder)?;
        let key = serde_json::to_value(key).unwrap_or_default();
        self.key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        // A component is written as a struct, unless no struct is for its type.
        if key == "type" && is_component(&self.finder.path) {
            let kind = serde_json::to_value(value).unwrap_or_default();
            self.finder.note(format!("unknown component {kind}"));
        }
        self.finder.within(&key, value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}
