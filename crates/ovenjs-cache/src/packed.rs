//! Objects of Discord in few bytes.
//!
//! A [`Shape`] says which fields of an object are kept and in which [`Form`] each is written. [`Packed`]
//! reads JSON and writes those fields alone; a field that does not fit its form is left out, and an object
//! without a field that it must have is left out as a whole. [`Object`] looks into what was written, and
//! [`Record`] hands it to serde, so that the types of the model read it as if it were JSON. There is no
//! second model: what a kind keeps is a table in [`shapes`].
//!
//! An object is its fields back to back: the field's place in the table (one byte) and its value.

mod digits;
mod escapes;
mod named;
mod object;
mod read;
mod scan;
pub(crate) mod shapes;
mod starts;
mod unwanted;
mod write;

use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use named::Named;
pub(crate) use object::{Object, Pointed, Value, varint};
pub(crate) use read::{Beside, Record};
pub(crate) use unwanted::Unwanted;
pub(crate) use write::{Packed, Shaped, put_varint};

/// The kept fields of an object; at most 64.
#[derive(Debug)]
pub(crate) struct Shape {
    fields: &'static [Field],
    /// The places of fields by their names: see [`slot`].
    index: [u8; SLOTS],
    /// The places of those that must be there, as bits.
    musts: u64,
    after: &'static After,
    /// Where [`Unwanted`] says which of its fields are; 0 where all are wanted.
    number: u8,
}

/// Which field came after that at a place when last they came, and which came first. Discord writes the fields of
/// a kind in the same order again and again; where it does not, a guess is wrong and nothing else.
#[derive(Debug)]
pub(crate) struct After([AtomicU8; FIRST + 1]);

impl After {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU8::new(OTHER) }; FIRST + 1])
    }

    #[inline]
    fn guess(&self, before: usize) -> u8 {
        let place = self.0.get(before);
        place.map_or(OTHER, |place| place.load(Ordering::Relaxed))
    }

    fn learn(&self, before: usize, place: u8) {
        if let Some(after) = self.0.get(before) {
            after.store(place, Ordering::Relaxed);
        }
    }
}

impl Shape {
    #[expect(
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "it runs while it is compiled, and there are fewer fields than slots"
    )]
    pub(crate) const fn of(after: &'static After, fields: &'static [Field]) -> Self {
        let mut index = [OTHER; SLOTS];
        let (mut place, mut musts) = (0, 0);
        while place < fields.len() {
            let mut at = slot(fields[place].words);
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
            after,
            number: 0,
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
    #[inline]
    fn place(&self, name: &[u8]) -> Option<(u8, &'static Field)> {
        let words = words(name);
        let mut at = slot(words);
        loop {
            let place = *self.index.get(at)?;
            let field = self.field(place)?;
            // Up to sixteen bytes are all there is of a name.
            if field.words == words
                && field.name.len() == name.len()
                && (name.len() <= 16 || field.name.as_bytes() == name)
            {
                return Some((place, field));
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// The field after that at `before`, as it was the last time.
    #[inline]
    fn guess(&self, before: usize) -> Option<(u8, &'static Field)> {
        let place = self.after.guess(before);
        Some((place, self.field(place)?))
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

/// The first eight bytes of a name and the last eight, which are the same ones in part where it is shorter than
/// sixteen; of one that is shorter than eight all of it, and nothing.
#[inline]
const fn words(name: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    }
    let word = match (name.first_chunk(), name.last_chunk()) {
        (Some([a, b, c, d]), Some([e, f, g, h])) => [*a, *b, *c, *d, *e, *f, *g, *h],
        _ => match name {
            [a, b, c] => [*a, *b, *c, 0, 0, 0, 0, 0],
            [a, b] => [*a, *b, 0, 0, 0, 0, 0, 0],
            [a] => [*a, 0, 0, 0, 0, 0, 0, 0],
            _ => [0; 8],
        },
    };
    [u64::from_le_bytes(word), 0]
}

/// Where the search for a name begins: of most names there is no other field, and mostly none at all.
#[inline]
#[expect(
    clippy::as_conversions,
    reason = "a byte is an index, and this runs while it is compiled as well"
)]
const fn slot([first, last]: [u64; 2]) -> usize {
    let word = first ^ last.rotate_left(23);
    let [.., mixed] = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    mixed as usize
}

/// Stands before the first field; there are at most as many fields.
const FIRST: usize = 64;

/// As many as a byte has values.
const SLOTS: usize = 256;

/// A field that is kept.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    /// Those of the name.
    words: [u64; 2],
    key: Key,
    form: Form,
    must: bool,
    /// Which values are as good as none: see [`Form::absents`].
    absents: u8,
}

impl Field {
    /// A field without which the object says nothing.
    pub(crate) const fn must(name: &'static str, form: Form) -> Self {
        Self {
            name,
            words: words(name.as_bytes()),
            key: Key::of(name.as_bytes()),
            absents: form.absents(),
            form,
            must: true,
        }
    }

    /// A field that may be absent; `null` is absent as well.
    pub(crate) const fn may(name: &'static str, form: Form) -> Self {
        Self {
            name,
            words: words(name.as_bytes()),
            key: Key::of(name.as_bytes()),
            absents: form.absents(),
            form,
            must: false,
        }
    }
}

/// The beginning of a name as Discord writes it: in quotes, and with a colon after it.
#[derive(Debug)]
struct Key {
    /// The first sixteen bytes, or as many as there are.
    head: u128,
    /// Which of them.
    mask: u128,
}

impl Key {
    #[expect(clippy::indexing_slicing, reason = "it runs while it is compiled")]
    const fn of(name: &[u8]) -> Self {
        let (mut head, mut mask) = ([0; KEY_BYTES], [0; KEY_BYTES]);
        let mut at = 0;
        while at < name.len() + KEY_MARKS && at < KEY_BYTES {
            head[at] = match at {
                0 => b'"',
                at if at <= name.len() => name[at - 1],
                at if at == name.len() + 1 => b'"',
                _ => b':',
            };
            mask[at] = u8::MAX;
            at += 1;
        }
        Self {
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
        }
    }
}

impl Field {
    /// How long the key of this field is, if it stands at the beginning of a text.
    #[inline]
    fn key_length(&self, text: &[u8]) -> Option<usize> {
        let head = u128::from_le_bytes(*text.first_chunk()?);
        if head & self.key.mask != self.key.head {
            return None;
        }
        let length = self.name.len() + KEY_MARKS;
        let is_it = length <= KEY_BYTES
            || text
                .get(1..length)
                .and_then(|text| text.strip_prefix(self.name.as_bytes()))
                == Some(b"\":");
        is_it.then_some(length)
    }
}

/// As many as are compared in one step: most names are shorter.
const KEY_BYTES: usize = 16;

/// Two quotes and a colon.
const KEY_MARKS: usize = 3;

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
    /// What comes often and is not kept, so that it is expected all the same.
    Passed,
}

impl Form {
    /// Which values stand for none, as bits: `null`, `false` and `[]`.
    const fn absents(&self) -> u8 {
        match self {
            Self::Any => 0,
            Self::There => absent::FALSE | absent::EMPTY,
            Self::Bool => absent::NULL | absent::EMPTY,
            _ => absent::NULL | absent::FALSE | absent::EMPTY,
        }
    }
}

mod absent {
    pub(super) const NULL: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const EMPTY: u8 = 4;
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
            Self::Passed => (15, before),
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
