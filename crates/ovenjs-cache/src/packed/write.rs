//! From JSON to packed objects.

use std::{fmt, marker::PhantomData};

use ovenjs_types::{
    Timestamp,
    json::{self, Scratch},
};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{
    EPOCH_MILLIS, Field, Form, OTHER, Object, Shape, Unwanted, mark, scan::scan, starts::Starts,
};

/// Something whose payload has a shape.
pub(crate) trait Shaped {
    const SHAPE: &'static Shape;
}

/// A packed object, as the decoder of the model makes it from a payload.
pub(crate) struct Packed<S> {
    bytes: Vec<u8>,
    starts: Starts,
    shape: PhantomData<S>,
}

impl<S: Shaped> Packed<S> {
    /// Reads a payload, passing over the fields that are `unwanted`.
    ///
    /// # Errors
    ///
    /// When the payload is no JSON, or not what it should be.
    pub(crate) fn read(
        payload: &[u8],
        unwanted: &Unwanted,
        scratch: &mut Scratch,
    ) -> Result<Self, json::DecodeError> {
        // What is kept is seldom more than half of the text.
        let mut packed = Self {
            bytes: Vec::with_capacity(payload.len() / 2),
            starts: Starts::none(),
            shape: PhantomData,
        };
        let (bytes, starts) = (&mut packed.bytes, &mut packed.starts);
        match scan(payload, S::SHAPE, unwanted, bytes, starts) {
            Some(true) => Ok(packed),
            _ => json::decode(payload, scratch).map(|packed: Self| packed.without(unwanted)),
        }
    }

    /// Which fields stand at the top of a payload, whatever their values: as bits of places.
    pub(crate) fn names(payload: &[u8], scratch: &mut Scratch) -> Result<u64, json::DecodeError> {
        let named: Names<S> = json::decode(payload, scratch)?;
        Ok(named.0)
    }

    /// What the other reader has read, which knows of nothing that is unwanted.
    fn without(self, unwanted: &Unwanted) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        self.object().copy_wanted(unwanted, &mut bytes);
        Self {
            starts: Starts::of(Object::new(S::SHAPE, &bytes)),
            bytes,
            shape: PhantomData,
        }
    }

    pub(crate) const fn object(&self) -> Object<'_> {
        Object::indexed(S::SHAPE, self.bytes.as_slice(), &self.starts)
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
            Ok(Self {
                starts: Starts::of(Object::new(S::SHAPE, &out)),
                bytes: out,
                shape: PhantomData,
            })
        } else {
            Err(D::Error::custom("a field is missing that must be there"))
        }
    }
}

/// The places of the fields that an object has.
struct Names<S>(u64, PhantomData<S>);

impl<'de, S: Shaped> Deserialize<'de> for Names<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(0, PhantomData))
    }
}

impl<'de, S: Shaped> Visitor<'de> for Names<S> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(field) = map.next_key_seed(Key(S::SHAPE))? {
            self.0 |= field.map_or(0, |(place, _)| 1 << place);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(self)
    }
}

/// Writes the fields of an object. Whether all are there that must be.
pub(super) struct Fields<'a> {
    pub(super) shape: &'static Shape,
    pub(super) out: &'a mut Vec<u8>,
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
        while let Some(field) = map.next_key_seed(Key(shape))? {
            // What stands twice counts once, as the first time.
            let Some((place, field)) = field.filter(|(place, _)| met >> place & 1 == 0) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let begin = out.len();
            out.push(place);
            let form = &field.form;
            if map.next_value_seed(Pack { form, out })? {
                met |= 1 << place;
            } else {
                out.truncate(begin);
            }
        }
        Ok(shape.musts & !met == 0)
    }
}

/// A field by its name, with its place.
struct Key(&'static Shape);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<(u8, &'static Field)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<(u8, &'static Field)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.place(name.as_bytes()))
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
        Ok(put_null(self.form, self.out))
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(put_bool(self.form, value, self.out))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        Ok(put_unsigned(self.form, value, self.out))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        Ok(put_signed(self.form, value, self.out))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        Ok(put_real(self.form, value, self.out))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(put_string(self.form, text, self.out))
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

/// Each of these writes one value of JSON in a form. Whether it fits; what does not may leave bytes behind.
pub(super) fn put_null(form: &Form, out: &mut Vec<u8>) -> bool {
    match form {
        Form::There => true,
        Form::Any => {
            out.push(mark::NULL);
            true
        }
        _ => false,
    }
}

pub(super) fn put_bool(form: &Form, value: bool, out: &mut Vec<u8>) -> bool {
    match form {
        Form::Flag | Form::There => value,
        Form::Bool => {
            out.push(value.into());
            true
        }
        Form::Any => {
            out.push(if value { mark::TRUE } else { mark::FALSE });
            true
        }
        _ => false,
    }
}

pub(super) fn put_unsigned(form: &Form, value: u64, out: &mut Vec<u8>) -> bool {
    match form {
        Form::U64 => put_varint(out, value),
        Form::U32 if u32::try_from(value).is_ok() => put_varint(out, value),
        Form::I64 => match i64::try_from(value) {
            Ok(value) => put_varint(out, zigzag(value)),
            Err(_) => return false,
        },
        Form::F64 => return put_real(form, real(value), out),
        Form::Id if value != 0 => out.extend(value.to_le_bytes()),
        Form::Any => {
            out.push(mark::UNSIGNED);
            put_varint(out, value);
        }
        _ => return false,
    }
    true
}

pub(super) fn put_signed(form: &Form, value: i64, out: &mut Vec<u8>) -> bool {
    if let Ok(value) = u64::try_from(value) {
        return put_unsigned(form, value, out);
    }
    match form {
        Form::I64 => put_varint(out, zigzag(value)),
        Form::F64 => return put_real(form, -real(value.unsigned_abs()), out),
        Form::Any => {
            out.push(mark::SIGNED);
            put_varint(out, zigzag(value));
        }
        _ => return false,
    }
    true
}

fn put_real(form: &Form, value: f64, out: &mut Vec<u8>) -> bool {
    match form {
        Form::F64 => {}
        Form::Any => out.push(mark::REAL),
        _ => return false,
    }
    out.extend(value.to_le_bytes());
    true
}

pub(super) fn put_string(form: &Form, text: &str, out: &mut Vec<u8>) -> bool {
    match form {
        Form::Text => put_text(out, text),
        Form::Id => match text.parse() {
            Ok(0) | Err(_) => return false,
            Ok(id) => out.extend(u64::to_le_bytes(id)),
        },
        Form::U64 => match text.parse() {
            Ok(bits) => put_varint(out, bits),
            Err(_) => return false,
        },
        Form::Time => match text.parse::<Timestamp>() {
            Ok(time) => put_varint(out, time_number(time.unix_micros())),
            Err(_) => return false,
        },
        Form::Hash => {
            if !put_hash(text.as_bytes(), out) {
                out.push(OTHER);
                put_text(out, text);
            }
        }
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
        _ => return false,
    }
    true
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

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// The same of bytes that are a text.
#[inline]
pub(super) fn put_bytes(out: &mut Vec<u8>, text: &[u8]) {
    match u8::try_from(text.len()) {
        Ok(short @ ..0x80) => out.push(short),
        _ => put_varint(out, u64::try_from(text.len()).unwrap_or(u64::MAX)),
    }
    out.extend_from_slice(text);
}

/// 32 lower-case digits, `a_` before them for what moves, take half the room. Whether it is that; other texts
/// stay texts.
pub(super) fn put_hash(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (moves, digits) = match text.strip_prefix(b"a_") {
        Some(digits) => (1, digits),
        None => (0, text),
    };
    let Some((digits, [])) = digits.split_first_chunk::<{ 2 * HASH_BYTES }>() else {
        return false;
    };
    // All at once, without asking in between: the processor does many bytes in one step.
    let is_digit = |digit: u8| (digit.wrapping_sub(b'0') < 10) | (digit.wrapping_sub(b'a') < 6);
    if !digits
        .iter()
        .fold(true, |all, digit| all & is_digit(*digit))
    {
        return false;
    }
    let halves = digits.map(|digit| (digit & 0xf) + 9 * (digit >> 6));
    let mut hash = [moves; 1 + HASH_BYTES];
    let [_, bytes @ ..] = &mut hash;
    for ([high, low], byte) in halves.as_chunks().0.iter().zip(bytes) {
        *byte = high << 4 | low;
    }
    out.extend_from_slice(&hash);
    true
}

/// The bytes of an image's hash.
pub(super) const HASH_BYTES: usize = 16;

/// Most times of Discord's are whole milliseconds, which takes two bytes less.
pub(super) fn time_number(unix_micros: i64) -> u64 {
    let micros = unix_micros - EPOCH_MILLIS * 1_000;
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
pub(super) fn open(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len()
}

/// Writes the length of what was written since `begin`. Most of what is kept is shorter than 128 bytes and
/// stays where it is.
pub(super) fn close(out: &mut Vec<u8>, begin: usize) {
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
