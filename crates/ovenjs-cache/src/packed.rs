//! Objects of Discord in few bytes.
//!
//! A [`Shape`] says which fields of an object are kept and in which [`Form`] each is written. [`pack`]
//! reads JSON and writes those fields alone; a field that does not fit its form is left out, and an object
//! without a field that it must have is left out as a whole. [`Object`] looks into what was written, and
//! [`Record`] hands it to serde, so that the types of the model read it as if it were JSON. There is no
//! second model: what a kind keeps is a table in [`shapes`].
//!
//! An object is its fields back to back: the field's place in the table (one byte) and its value.

mod object;
mod read;
pub(crate) mod shapes;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use object::{Object, varint};
pub(crate) use read::{Beside, Record};
pub(crate) use write::{Packed, Shaped, put_varint};

/// The kept fields of an object; at most 64.
#[derive(Debug)]
pub(crate) struct Shape(pub(crate) &'static [Field]);

/// A field that is kept.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    form: Form,
    must: bool,
}

impl Field {
    /// A field without which the object says nothing.
    pub(crate) const fn must(name: &'static str, form: Form) -> Self {
        Self {
            name,
            form,
            must: true,
        }
    }

    /// A field that may be absent; `null` is absent as well.
    pub(crate) const fn may(name: &'static str, form: Form) -> Self {
        Self {
            name,
            form,
            must: false,
        }
    }
}

/// How a value is written.
#[derive(Debug)]
pub(crate) enum Form {
    /// `true`; `false` is absent. No byte.
    Flag,
    /// `true` or `false`, where an absent one is neither.
    Bool,
    /// That it stands there, if only as `null`; `false` is absent. No byte.
    There,
    /// A number from 0 to 2³²−1, as many bytes as it needs.
    U32,
    /// A number from 0 to 2⁶⁴−1, or a text that is one, as bit sets are.
    U64,
    /// A number that may be negative.
    I64,
    /// A number with a fraction: eight bytes.
    F64,
    /// A snowflake: eight bytes.
    Id,
    /// A text and its length.
    Text,
    /// The hash of an image: a byte, and sixteen where it is 32 digits.
    Hash,
    /// A time in ISO 8601: about six bytes.
    Time,
    /// One of these texts in one byte, or another one.
    Word(&'static [&'static str]),
    /// Values of one form.
    List(&'static Self),
    /// An object with a shape of its own.
    Object(&'static Shape),
    /// Anything, with its keys spelled out: what is rare and deep.
    Any,
}

/// A number that another table does not have, with what came before: for bytes that outlive the process.
pub(crate) fn fingerprint(before: u64, shape: &'static Shape) -> u64 {
    shape.0.iter().fold(before, |before, field| {
        let mixed = mix(before, field.name.as_bytes());
        field.form.fingerprint(mix(mixed, &[u8::from(field.must)]))
    })
}

impl Form {
    fn fingerprint(&self, before: u64) -> u64 {
        let (kind, before) = match self {
            Self::Flag => (0, before),
            Self::Bool => (1, before),
            Self::There => (2, before),
            Self::U32 => (3, before),
            Self::U64 => (4, before),
            Self::I64 => (5, before),
            Self::F64 => (6, before),
            Self::Id => (7, before),
            Self::Text => (8, before),
            Self::Hash => (9, before),
            Self::Time => (10, before),
            Self::Word(words) => {
                let words = words.iter();
                (
                    11,
                    words.fold(before, |before, word| mix(before, word.as_bytes())),
                )
            }
            Self::List(form) => (12, form.fingerprint(before)),
            Self::Object(shape) => (13, fingerprint(before, shape)),
            Self::Any => (14, before),
        };
        mix(before, &[kind])
    }
}

/// FNV-1a, which is the same in every process and version.
fn mix(before: u64, bytes: &[u8]) -> u64 {
    let ended = bytes.iter().chain(&[0xff]);
    ended.fold(before ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The first millisecond of 2015, from which times are counted: those of Discord are near it.
const EPOCH_MILLIS: i64 = 1_420_070_400_000;

/// Of a word that no list has; also of a hash that is no hash.
const OTHER: u8 = u8::MAX;

/// What stands before a value of the form [`Any`](Form::Any).
mod mark {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const UNSIGNED: u8 = 3;
    pub(super) const SIGNED: u8 = 4;
    pub(super) const REAL: u8 = 5;
    pub(super) const TEXT: u8 = 6;
    pub(super) const LIST: u8 = 7;
    pub(super) const MAP: u8 = 8;
}
