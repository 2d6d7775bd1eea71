//! Objects of Discord in few bytes.
//!
//! A [`Shape`] says which fields of an object are kept and in which [`Form`] each is written. [`Packed`]
//! reads JSON and writes those fields alone; a field that does not fit its form is left out, and an object
//! without a field that it must have is left out as a whole. [`Object`] looks into what was written, and
//! [`Record`] hands it to serde, so that the types of the model read it as if it were JSON. There is no
//! second model: what a kind keeps is a table in [`shapes`].
//!
//! An object is its fields back to back: the field's place in the table (one byte) and its value.

mod object;
mod read;
mod scan;
pub(crate) mod shapes;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use object::{Object, Value, varint};
pub(crate) use read::{Beside, Record};
pub(crate) use write::{Packed, Shaped, put_varint};

/// The kept fields of an object; at most 64.
#[derive(Debug)]
pub(crate) struct Shape {
    fields: &'static [Field],
    /// The places of fields by their names: see [`slot`].
    index: [u8; SLOTS],
    /// The places of those that must be there, as bits.
    musts: u64,
}

impl Shape {
    #[expect(
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "it runs while it is compiled, and there are fewer fields than slots"
    )]
    pub(crate) const fn of(fields: &'static [Field]) -> Self {
        let mut index = [OTHER; SLOTS];
        let (mut place, mut musts) = (0, 0);
        while place < fields.len() {
            let mut at = slot(fields[place].name.as_bytes());
            while index[at] != OTHER {
                at = (at + 1) % SLOTS;
            }
            index[at] = place as u8;
            if fields[place].must {
                musts |= 1 << place;
            }
            place += 1;
        }
        Self {
            fields,
            index,
            musts,
        }
    }

    /// Where a field stands in the table. A name that is in none does not compile.
    #[expect(
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "it runs while it is compiled"
    )]
    pub(crate) const fn at(&self, name: &str) -> u8 {
        let mut place = 0;
        while !is_same(self.fields[place].name.as_bytes(), name.as_bytes()) {
            place += 1;
        }
        place as u8
    }

    pub(crate) fn field(&self, place: u8) -> Option<&'static Field> {
        self.fields.get(usize::from(place))
    }

    /// Where a field stands in the table.
    fn place(&self, name: &[u8]) -> Option<(u8, &'static Field)> {
        let mut at = slot(name);
        loop {
            let place = *self.index.get(at)?;
            let field = self.field(place)?;
            if field.name.as_bytes() == name {
                return Some((place, field));
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// The places of some fields, as bits; none of a name that no field has.
    pub(crate) fn places(&self, names: &[&str]) -> u64 {
        let places = names.iter().filter_map(|name| self.place(name.as_bytes()));
        places.fold(0, |places, (place, _)| places | 1 << place)
    }
}

const fn is_same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([first, rest @ ..], [second, others @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

/// Where the search for a name begins: of most names there is no other field, and mostly none at all.
#[expect(
    clippy::as_conversions,
    reason = "a byte is an index, and this runs while it is compiled as well"
)]
const fn slot(name: &[u8]) -> usize {
    let word = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(23)
        }
        _ => match (name.first_chunk(), name.last_chunk()) {
            (Some([a, b, c, d]), Some([e, f, g, h])) => {
                u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
            }
            _ => match name {
                [a, b, c] => u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 0]),
                [a, b] => u64::from_le_bytes([*a, *b, 0, 0, 0, 0, 0, 0]),
                [a] => u64::from_le_bytes([*a, 0, 0, 0, 0, 0, 0, 0]),
                _ => 0,
            },
        },
    };
    let [.., mixed] = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    mixed as usize
}

/// As many as a byte has values.
const SLOTS: usize = 256;

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
    shape.fields.iter().fold(before, |before, field| {
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
