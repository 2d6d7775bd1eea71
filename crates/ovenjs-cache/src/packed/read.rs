//! From packed objects to the types of the model.
//!
//! What is read was written by [`pack`](super::write), so nothing here is foreign; all the same, bytes that
//! are wrong end the reading and nothing else.

use std::{io::Write, str};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{Error, StrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    Form, Object, Shape, mark,
    object::{Fields, Value, Values, sized, unzigzag, varint},
};

impl<'a> Value<'a> {
    fn read<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let bytes = self.bytes;
        let number = || varint(bytes).map(|(number, _)| number).ok_or_else(broken);
        match self.form {
            Form::Flag => visitor.visit_bool(true),
            Form::There | Form::Passed => visitor.visit_unit(),
            Form::Bool => visitor.visit_bool(bytes == [1]),
            Form::U32 | Form::U64 => visitor.visit_u64(number()?),
            Form::I64 => visitor.visit_i64(unzigzag(number()?)),
            Form::F64 => visitor.visit_f64(real(bytes)?),
            Form::Id => visitor.visit_u64(self.id().ok_or_else(broken)?),
            Form::Text => visitor.visit_borrowed_str(text(bytes)?),
            Form::Time => {
                let time = self.time().ok_or_else(broken)?;
                let mut text = [0; TIME_BYTES];
                write!(&mut text[..], "{time}").map_err(|_| broken())?;
                visitor.visit_str(utf8(&text)?)
            }
            Form::Hash => visitor.visit_str(&self.hash().ok_or_else(broken)?),
            Form::Word(_) => visitor.visit_borrowed_str(self.text().ok_or_else(broken)?),
            Form::List(form) => {
                let (rest, _) = sized(bytes).ok_or_else(broken)?;
                visitor.visit_seq(Values { form, rest })
            }
            Form::Object(_) => {
                let object = self.object().ok_or_else(broken)?;
                visitor.visit_map(Members::of(object, &[], true))
            }
            Form::Any => self.read_any(visitor),
        }
    }

    fn read_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let (mark, rest) = self.bytes.split_first().ok_or_else(broken)?;
        let number = || varint(rest).map(|(number, _)| number).ok_or_else(broken);
        match *mark {
            mark::NULL => visitor.visit_unit(),
            mark::FALSE => visitor.visit_bool(false),
            mark::TRUE => visitor.visit_bool(true),
            mark::UNSIGNED => visitor.visit_u64(number()?),
            mark::SIGNED => visitor.visit_i64(unzigzag(number()?)),
            mark::REAL => visitor.visit_f64(real(rest)?),
            mark::TEXT => visitor.visit_borrowed_str(text(rest)?),
            mark::LIST => {
                let (rest, _) = sized(rest).ok_or_else(broken)?;
                let form = &Form::Any;
                visitor.visit_seq(Values { form, rest })
            }
            mark::MAP => {
                let (rest, _) = sized(rest).ok_or_else(broken)?;
                visitor.visit_map(Entries { rest, value: None })
            }
            _ => Err(broken()),
        }
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.read(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

impl<'de> SeqAccess<'de> for Values<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let value = self.next();
        value.map(|value| seed.deserialize(value)).transpose()
    }
}

/// A packed object and what is known of it from elsewhere, for the types of the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) object: Object<'a>,
    pub(crate) beside: &'a [(&'static str, Beside<'a>)],
}

/// A field that is known from elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beside<'a> {
    Id(u64),
    Flag,
    Number(u64),
    Record(&'a Record<'a>),
    Records(&'a [Record<'a>]),
}

impl<'a> Record<'a> {
    /// The object as a type of the model. Something deep that does not fit it costs what is deep.
    pub(crate) fn read<T: Deserialize<'a>>(self) -> Option<T> {
        let with_deep = |deep| Whole { record: self, deep };
        let whole = T::deserialize(with_deep(true));
        whole.or_else(|_| T::deserialize(with_deep(false))).ok()
    }
}

/// A record, with or without what is [`Any`](Form::Any) in it.
#[derive(Clone, Copy)]
struct Whole<'a> {
    record: Record<'a>,
    deep: bool,
}

impl<'de> Deserializer<'de> for Whole<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Members::of(
            self.record.object,
            self.record.beside,
            self.deep,
        ))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// What is known from elsewhere, then the fields.
struct Members<'a> {
    shape: &'static Shape,
    beside: std::slice::Iter<'a, (&'static str, Beside<'a>)>,
    fields: Fields<'a>,
    next: Option<Either<'a>>,
    deep: bool,
}

enum Either<'a> {
    Beside(Beside<'a>),
    Value(Value<'a>),
}

impl<'a> Members<'a> {
    fn of(object: Object<'a>, beside: &'a [(&'static str, Beside<'a>)], deep: bool) -> Self {
        Self {
            shape: object.shape(),
            beside: beside.iter(),
            fields: object.fields(),
            next: None,
            deep,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let (name, next) = if let Some((name, beside)) = self.beside.next() {
            (*name, Either::Beside(*beside))
        } else {
            let deep = self.deep;
            let kept = |value: &Value<'_>| deep || !value.is_deep();
            let Some((place, value, _)) = self.fields.find(|(_, value, _)| kept(value)) else {
                return Ok(None);
            };
            let field = self.shape.field(place).ok_or_else(broken)?;
            (field.name, Either::Value(value))
        };
        self.next = Some(next);
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next.take().ok_or_else(broken)? {
            Either::Value(value) => seed.deserialize(value),
            Either::Beside(beside) => seed.deserialize(Known(beside, self.deep)),
        }
    }
}

impl Value<'_> {
    fn is_deep(&self) -> bool {
        matches!(self.form, Form::Any | Form::List(Form::Any))
    }
}

/// A field that is known from elsewhere, for serde.
struct Known<'a>(Beside<'a>, bool);

impl<'de> Deserializer<'de> for Known<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self(beside, deep) = self;
        match beside {
            Beside::Id(number) | Beside::Number(number) => visitor.visit_u64(number),
            Beside::Flag => visitor.visit_bool(true),
            Beside::Record(record) => {
                let record = *record;
                Whole { record, deep }.deserialize_any(visitor)
            }
            Beside::Records(records) => {
                let records = records.iter().map(|record| Whole {
                    record: *record,
                    deep,
                });
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(records))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Whole<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A map whose keys are spelled out.
struct Entries<'a> {
    rest: &'a [u8],
    value: Option<Value<'a>>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (key, rest) = sized(self.rest).ok_or_else(broken)?;
        let length = Form::Any.length(rest).ok_or_else(broken)?;
        let (bytes, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        self.rest = rest;
        let form = &Form::Any;
        self.value = Some(Value { form, bytes });
        let key: StrDeserializer<'_, Error> = utf8(key)?.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value.take().ok_or_else(broken)?)
    }
}

/// `2026-01-31T12:00:00.000000+00:00`
const TIME_BYTES: usize = 32;

fn text(bytes: &[u8]) -> Result<&str, Error> {
    utf8(sized(bytes).ok_or_else(broken)?.0)
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    str::from_utf8(bytes).map_err(|_| broken())
}

fn real(bytes: &[u8]) -> Result<f64, Error> {
    let bytes = bytes.first_chunk().ok_or_else(broken)?;
    Ok(f64::from_le_bytes(*bytes))
}

fn broken() -> Error {
    Error::custom("a packed object is broken")
}
