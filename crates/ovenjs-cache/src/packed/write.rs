//! From JSON to packed objects.

use std::{fmt, marker::PhantomData};

use ovenjs_types::Timestamp;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{EPOCH_MILLIS, Form, OTHER, Object, Shape, mark};

/// Something whose payload has a shape.
pub(crate) trait Shaped {
    const SHAPE: &'static Shape;
}

/// A packed object, as the decoder of the model makes it from a payload.
pub(crate) struct Packed<S>(Vec<u8>, PhantomData<S>);

impl<S: Shaped> Packed<S> {
    pub(crate) fn object(&self) -> Object<'_> {
        Object::new(S::SHAPE, &self.0)
    }
}

impl<'de, S: Shaped> Deserialize<'de> for Packed<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut out = Vec::new();
        let fits = Fields {
            shape: S::SHAPE,
            out: &mut out,
        }
        .deserialize(deserializer)?;
        if fits {
            Ok(Self(out, PhantomData))
        } else {
            Err(D::Error::custom("a field is missing that must be there"))
        }
    }
}

/// Writes the fields of an object. Whether all are there that must be.
struct Fields<'a> {
    shape: &'static Shape,
    out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Self { shape, out } = self;
        let mut met = 0_u64;
        let mut next = 0;
        while let Some(place) = map.next_key_seed(Key { shape, next })? {
            let field = place.and_then(|place| Some((place, shape.0.get(place)?)));
            // What stands twice counts once, as the first time.
            let Some((place, field)) = field.filter(|(place, _)| met >> place & 1 == 0) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            next = place + 1;
            let begin = out.len();
            out.push(u8::try_from(place).unwrap_or(OTHER));
            let form = &field.form;
            if map.next_value_seed(Pack { form, out })? {
                met |= 1 << place;
            } else {
                out.truncate(begin);
            }
        }
        let mut fields = shape.0.iter().enumerate();
        Ok(fields.all(|(place, field)| !field.must || met >> place & 1 == 1))
    }
}

/// The place of a field in its table. Discord writes fields in one order, so the search begins where the
/// last one ended.
struct Key {
    shape: &'static Shape,
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let fields = || self.shape.0.iter().enumerate();
        let mut from_here = fields().skip(self.next).chain(fields().take(self.next));
        let found = from_here.find(|(_, field)| field.name == name);
        Ok(found.map(|(place, _)| place))
    }
}

/// Writes one value. Whether it fits; what does not may leave bytes behind.
struct Pack<'a> {
    form: &'static Form,
    out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Pack<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pack<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(match self.form {
            Form::There => true,
            Form::Any => {
                self.out.push(mark::NULL);
                true
            }
            _ => false,
        })
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(match self.form {
            Form::Flag | Form::There => value,
            Form::Bool => {
                self.out.push(value.into());
                true
            }
            Form::Any => {
                self.out.push(if value { mark::TRUE } else { mark::FALSE });
                true
            }
            _ => false,
        })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        match self.form {
            Form::U64 => put_varint(self.out, value),
            Form::U32 if u32::try_from(value).is_ok() => put_varint(self.out, value),
            Form::I64 => match i64::try_from(value) {
                Ok(value) => put_varint(self.out, zigzag(value)),
                Err(_) => return Ok(false),
            },
            Form::F64 => return self.visit_f64(real(value)),
            Form::Id if value != 0 => self.out.extend(value.to_le_bytes()),
            Form::Any => {
                self.out.push(mark::UNSIGNED);
                put_varint(self.out, value);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        if let Ok(value) = u64::try_from(value) {
            return self.visit_u64(value);
        }
        match self.form {
            Form::I64 => put_varint(self.out, zigzag(value)),
            Form::F64 => {
                let magnitude = real(value.unsigned_abs());
                return self.visit_f64(-magnitude);
            }
            Form::Any => {
                self.out.push(mark::SIGNED);
                put_varint(self.out, zigzag(value));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        match self.form {
            Form::F64 => {}
            Form::Any => self.out.push(mark::REAL),
            _ => return Ok(false),
        }
        self.out.extend(value.to_le_bytes());
        Ok(true)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        let out = self.out;
        match self.form {
            Form::Text => put_text(out, text),
            Form::Id => match text.parse() {
                Ok(0) | Err(_) => return Ok(false),
                Ok(id) => out.extend(u64::to_le_bytes(id)),
            },
            Form::U64 => match text.parse() {
                Ok(bits) => put_varint(out, bits),
                Err(_) => return Ok(false),
            },
            Form::Time => match text.parse::<Timestamp>() {
                Ok(time) => put_varint(out, time_number(time)),
                Err(_) => return Ok(false),
            },
            Form::Hash => put_hash(out, text),
            Form::Word(words) => {
                let known = words.iter().position(|word| *word == text);
                match known.and_then(|place| u8::try_from(place).ok()) {
                    Some(place) => out.push(place),
                    None => {
                        out.push(OTHER);
                        put_text(out, text);
                    }
                }
            }
            Form::Any => {
                out.push(mark::TEXT);
                put_text(out, text);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        let out = self.out;
        let form = match self.form {
            Form::List(form) => *form,
            Form::Any => {
                out.push(mark::LIST);
                &Form::Any
            }
            _ => {
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(false);
            }
        };
        let begin = open(out);
        loop {
            let end = out.len();
            match elements.next_element_seed(Pack { form, out })? {
                Some(true) => {}
                // It costs the element.
                Some(false) => out.truncate(end),
                None => break,
            }
        }
        // An empty list is as good as none.
        let fits = out.len() > begin || matches!(self.form, Form::Any);
        close(out, begin);
        Ok(fits)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let out = self.out;
        match self.form {
            Form::Object(shape) => {
                let begin = open(out);
                let fits = Fields { shape, out }.visit_map(map)?;
                close(out, begin);
                Ok(fits)
            }
            Form::Any => {
                out.push(mark::MAP);
                let begin = open(out);
                while map.next_key_seed(Spelled(out))?.is_some() {
                    let form = &Form::Any;
                    map.next_value_seed(Pack { form, out })?;
                }
                close(out, begin);
                Ok(true)
            }
            Form::There => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(true)
            }
            _ => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(false)
            }
        }
    }
}

/// Writes a key as it is.
struct Spelled<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Spelled<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Spelled<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        put_text(self.0, key);
        Ok(())
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, u64::try_from(text.len()).unwrap_or(u64::MAX));
    out.extend(text.as_bytes());
}

/// 32 lower-case digits, `a_` before them for what moves, take half the room; other texts stay texts.
fn put_hash(out: &mut Vec<u8>, text: &str) {
    let (moves, digits) = match text.strip_prefix("a_") {
        Some(digits) => (1, digits),
        None => (0, text),
    };
    let begin = out.len();
    out.push(moves);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    for [high, low] in pairs {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            break;
        };
        out.push(high << 4 | low);
    }
    if out.len() - begin != 1 + HASH_BYTES || pairs.len() != HASH_BYTES || !rest.is_empty() {
        out.truncate(begin);
        out.push(OTHER);
        put_text(out, text);
    }
}

/// The bytes of an image's hash.
pub(super) const HASH_BYTES: usize = 16;

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Most times of Discord's are whole milliseconds, which takes two bytes less.
fn time_number(time: Timestamp) -> u64 {
    let micros = time.unix_micros() - EPOCH_MILLIS * 1_000;
    let number = if micros % 1_000 == 0 {
        micros / 1_000 * 2
    } else {
        micros * 2 + 1
    };
    zigzag(number)
}

/// Small numbers of both signs to small numbers.
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// The nearest number with a fraction.
#[expect(
    clippy::as_conversions,
    reason = "there is no other way to the nearest one"
)]
const fn real(value: u64) -> f64 {
    value as f64
}

/// Leaves room for the length of what follows.
fn open(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len()
}

/// Writes the length of what was written since `begin`. Most of what is kept is shorter than 128 bytes and
/// stays where it is.
fn close(out: &mut Vec<u8>, begin: usize) {
    let length = out.len() - begin;
    match (u8::try_from(length), out.get_mut(begin - 1)) {
        (Ok(short @ ..0x80), Some(place)) => *place = short,
        _ => {
            let mut head = Vec::new();
            put_varint(&mut head, u64::try_from(length).unwrap_or(u64::MAX));
            out.splice(begin - 1..begin, head);
        }
    }
}
