//! A look into packed objects, without reading them whole.

use ovenjs_types::{Text, Timestamp};

use super::{
    EPOCH_MILLIS, Form, OTHER, Shape, mark, put_varint,
    starts::{Starts, first_of},
    write::HASH_BYTES,
};

/// A look into a packed object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'a> {
    shape: &'static Shape,
    bytes: &'a [u8],
    /// Where its fields begin; where that is not known they are looked for.
    starts: Option<&'a Starts>,
}

/// An object whose id is known from elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pointed<'a> {
    pub(crate) id: u64,
    /// All but the id: what stands before it, and after it.
    pub(crate) rest: [&'a [u8]; 2],
}

impl<'a> Object<'a> {
    pub(crate) const fn new(shape: &'static Shape, bytes: &'a [u8]) -> Self {
        Self {
            shape,
            bytes,
            starts: None,
        }
    }

    pub(super) const fn indexed(
        shape: &'static Shape,
        bytes: &'a [u8],
        starts: &'a Starts,
    ) -> Self {
        Self {
            shape,
            bytes,
            starts: Some(starts),
        }
    }

    /// The same object, to be asked for several fields.
    pub(crate) fn with_starts<T>(self, then: impl FnOnce(Object<'_>) -> T) -> T {
        if self.starts.is_some() {
            return then(self);
        }
        let starts = Starts::of(self);
        then(Object::indexed(self.shape, self.bytes, &starts))
    }

    pub(super) const fn shape(self) -> &'static Shape {
        self.shape
    }

    pub(crate) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn value(self, name: &str) -> Option<Value<'a>> {
        self.at(self.shape.place(name.as_bytes())?.0)
    }

    /// The value of the field at a [place](Shape::at).
    #[inline]
    pub(crate) fn at(self, place: u8) -> Option<Value<'a>> {
        let Some(starts) = self.starts else {
            let mut fields = self.fields();
            return fields.find_map(|(key, value, _)| (key == place).then_some(value));
        };
        let bytes = self.bytes.get(starts.start(place)?..)?;
        let form = &self.shape.field(place)?.form;
        let bytes = bytes.get(..form.length(bytes)?)?;
        Some(Value { form, bytes })
    }

    pub(crate) fn id_at(self, place: u8) -> Option<u64> {
        self.at(place)?.id()
    }

    /// The object in a field, where the first field of its table is an id.
    pub(crate) fn pointed_at(self, place: u8) -> Option<Pointed<'a>> {
        let object = self.at(place)?.object()?;
        let first = match self.starts {
            Some(starts) => starts.first(place),
            None => first_of(object),
        }?;
        let (before, from) = object.bytes.split_at_checked(first)?;
        let (id, after) = from.split_first_chunk()?;
        let (_, before) = before.split_last()?;
        let is_id = matches!(object.shape.field(0)?.form, Form::Id);
        is_id.then_some(Pointed {
            id: u64::from_le_bytes(*id),
            rest: [before, after],
        })
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(crate) fn id(self, name: &str) -> Option<u64> {
        self.value(name)?.id()
    }

    pub(crate) fn number(self, name: &str) -> Option<u64> {
        self.value(name)?.number()
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.value(name)?.text()
    }

    pub(crate) fn time(self, name: &str) -> Option<Timestamp> {
        self.value(name)?.time()
    }

    pub(crate) fn object(self, name: &str) -> Option<Self> {
        self.value(name)?.object()
    }

    pub(crate) fn list(self, name: &str) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.value(name).into_iter().flat_map(Value::values)
    }

    pub(crate) fn objects(self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.list(name).filter_map(Value::object)
    }

    /// The object without some fields, as it is kept where these are known from elsewhere.
    pub(crate) fn copy_without(self, names: &[&str], out: &mut Vec<u8>) {
        self.copy_but(self.shape.places(names), out);
    }

    /// The same where the fields are said by the [bits](Shape::bits) of their places.
    pub(crate) fn copy_but(self, left_out: u64, out: &mut Vec<u8>) {
        if let Some(starts) = self.starts
            && self.copy_around(starts, left_out, out).is_some()
        {
            return;
        }
        for (place, _, bytes) in self.fields() {
            if left_out >> place & 1 == 0 {
                out.extend(bytes);
            }
        }
    }

    /// Copies what stands between the fields that are left out, unless these are many.
    fn copy_around(self, starts: &Starts, mut left_out: u64, out: &mut Vec<u8>) -> Option<()> {
        let mut gaps = [(0, 0); GAPS];
        let mut count = 0;
        while left_out != 0 {
            let [place, ..] = left_out.trailing_zeros().to_le_bytes();
            left_out &= left_out - 1;
            if let Some(start) = starts.start(place) {
                let length = self.at(place)?.bytes.len();
                *gaps.get_mut(count)? = (start - 1, start + length);
                count += 1;
            }
        }
        let gaps = gaps.get_mut(..count)?;
        gaps.sort_unstable();
        let mut from = 0;
        for (start, end) in gaps {
            out.extend_from_slice(self.bytes.get(from..*start).unwrap_or_default());
            from = *end;
        }
        out.extend_from_slice(self.bytes.get(from..).unwrap_or_default());
        Some(())
    }

    /// Copies one field, if it is there, as this object has it.
    pub(crate) fn copy_field(self, name: &str, out: &mut Vec<u8>) {
        let place = self.shape.places(&[name]);
        let mut fields = self.fields();
        if let Some((_, _, bytes)) = fields.find(|(key, _, _)| place >> key & 1 == 1) {
            out.extend(bytes);
        }
    }

    /// The same of the field at a [place](Shape::at).
    pub(crate) fn copy_at(self, place: u8, out: &mut Vec<u8>) {
        if let Some(value) = self.at(place) {
            out.push(place);
            out.extend(value.bytes);
        }
    }

    /// Copies one field into an object of another shape that has it in the same form.
    pub(crate) fn copy_field_as(self, name: &str, shape: &'static Shape, out: &mut Vec<u8>) {
        if let Some(value) = self.value(name) {
            put_place(shape, name, out);
            out.extend(value.bytes);
        }
    }

    /// Writes a field of a number's form.
    pub(crate) fn put_number(shape: &'static Shape, name: &str, number: u64, out: &mut Vec<u8>) {
        put_place(shape, name, out);
        put_varint(out, number);
    }

    /// Writes a field that says all by standing there.
    pub(crate) fn put_flag(shape: &'static Shape, name: &str, out: &mut Vec<u8>) {
        put_place(shape, name, out);
    }

    /// Writes a field of an id's form.
    pub(crate) fn put_id(shape: &'static Shape, name: &str, id: u64, out: &mut Vec<u8>) {
        put_place(shape, name, out);
        out.extend(id.to_le_bytes());
    }

    /// Writes a field of a list's form, if the list has [elements](Self::put_element).
    pub(crate) fn put_list(shape: &'static Shape, name: &str, elements: &[u8], out: &mut Vec<u8>) {
        if !elements.is_empty() {
            Self::put_object(shape, name, elements, out);
        }
    }

    /// Writes an object into a list of such.
    pub(crate) fn put_element(fields: &[u8], out: &mut Vec<u8>) {
        put_varint(out, u64::try_from(fields.len()).unwrap_or(u64::MAX));
        out.extend(fields);
    }

    /// Writes a field of an object's form.
    pub(crate) fn put_object(shape: &'static Shape, name: &str, fields: &[u8], out: &mut Vec<u8>) {
        put_place(shape, name, out);
        Self::put_element(fields, out);
    }

    /// A number and the object after it.
    pub(crate) fn after_number(shape: &'static Shape, bytes: &'a [u8]) -> Option<(u64, Self)> {
        let (number, length) = varint(bytes)?;
        Some((number, Self::new(shape, bytes.get(length..)?)))
    }

    /// Place, value, and the bytes of both.
    pub(crate) fn fields(self) -> Fields<'a> {
        Fields {
            shape: self.shape,
            rest: self.bytes,
        }
    }
}

pub(crate) struct Fields<'a> {
    shape: &'static Shape,
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u8, Value<'a>, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (place, after) = self.rest.split_first()?;
        let field = self.shape.field(*place)?;
        let length = field.form.length(after)?;
        let (whole, rest) = self.rest.split_at_checked(length.checked_add(1)?)?;
        let (_, bytes) = whole.split_first()?;
        self.rest = rest;
        let form = &field.form;
        Some((*place, Value { form, bytes }, whole))
    }
}

pub(super) struct Values<'a> {
    pub(super) form: &'static Form,
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (bytes, rest) = self.rest.split_at_checked(self.form.length(self.rest)?)?;
        self.rest = rest;
        let form = self.form;
        Some(Value { form, bytes })
    }
}

impl Form {
    /// How many of these bytes a value of this form takes.
    #[inline]
    pub(super) fn length(&self, bytes: &[u8]) -> Option<usize> {
        let number = |bytes: &[u8]| Some(varint(bytes)?.1);
        let text = |bytes: &[u8]| {
            let (length, head) = varint(bytes)?;
            usize::try_from(length).ok()?.checked_add(head)
        };
        match self {
            Self::Flag | Self::There | Self::Passed => Some(0),
            Self::Bool => Some(1),
            Self::U32 | Self::U64 | Self::I64 | Self::Time => number(bytes),
            Self::F64 | Self::Id => Some(8),
            Self::Text | Self::List(_) | Self::Object(_) => text(bytes),
            Self::Hash | Self::Word(_) => match (bytes.split_first()?, self) {
                ((&OTHER, rest), _) => text(rest)?.checked_add(1),
                (_, Self::Hash) => Some(1 + HASH_BYTES),
                _ => Some(1),
            },
            Self::Any => {
                let (mark, rest) = bytes.split_first()?;
                let length = match *mark {
                    mark::UNSIGNED | mark::SIGNED => number(rest)?,
                    mark::REAL => 8,
                    mark::TEXT | mark::LIST | mark::MAP => text(rest)?,
                    _ => 0,
                };
                length.checked_add(1)
            }
        }
    }
}

/// A value and its form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    pub(super) form: &'static Form,
    pub(super) bytes: &'a [u8],
}

impl<'a> Value<'a> {
    pub(crate) fn id(self) -> Option<u64> {
        let is_id = matches!(self.form, Form::Id);
        Some(u64::from_le_bytes(
            *is_id.then_some(self.bytes)?.first_chunk()?,
        ))
    }

    /// Whether it is a `null` that was kept, as it is of the form [`Any`](Form::Any).
    pub(crate) fn is_null(self) -> bool {
        matches!(self.form, Form::Any) && self.bytes == [mark::NULL]
    }

    /// The elements of a list.
    pub(crate) fn values(self) -> impl Iterator<Item = Self> + use<'a> {
        let list = match self.form {
            Form::List(form) => sized(self.bytes).map(|(rest, _)| Values { form, rest }),
            _ => None,
        };
        list.into_iter().flatten()
    }

    pub(crate) fn number(self) -> Option<u64> {
        let is_number = matches!(self.form, Form::U32 | Form::U64);
        is_number
            .then(|| varint(self.bytes))?
            .map(|(number, _)| number)
    }

    /// A text, or a word.
    pub(crate) fn text(self) -> Option<&'a str> {
        let text = |bytes| str::from_utf8(sized(bytes)?.0).ok();
        match (self.form, self.bytes.split_first()?) {
            (Form::Text, _) => text(self.bytes),
            (Form::Word(_), (&OTHER, rest)) => text(rest),
            (Form::Word(words), (place, _)) => words.get(usize::from(*place)).copied(),
            _ => None,
        }
    }

    /// The place of a word among those of its list.
    pub(crate) fn word(self) -> Option<u8> {
        let is_word = matches!(self.form, Form::Word(_));
        is_word.then_some(self.bytes)?.first().copied()
    }

    /// The hash of an image.
    pub(crate) fn hash(self) -> Option<Text> {
        let is_hash = matches!(self.form, Form::Hash);
        let (moves, bytes) = is_hash.then(|| self.bytes.split_first())??;
        if *moves == OTHER {
            return Some(str::from_utf8(sized(bytes)?.0).ok()?.into());
        }
        let mut hash = [b'_'; 2 + 2 * HASH_BYTES];
        let [first, _, digits @ ..] = &mut hash;
        *first = b'a';
        let (pairs, _) = digits.as_chunks_mut();
        for (pair, byte) in pairs.iter_mut().zip(bytes) {
            *pair = [digit(byte >> 4), digit(byte & 0xf)];
        }
        let begin = if *moves == 1 { 0 } else { 2 };
        Some(str::from_utf8(hash.get(begin..)?).ok()?.into())
    }

    /// A number that is even for whole milliseconds, odd for microseconds.
    pub(crate) fn time(self) -> Option<Timestamp> {
        if !matches!(self.form, Form::Time) {
            return None;
        }
        let number = unzigzag(varint(self.bytes)?.0);
        let micros = if number & 1 == 0 {
            number / 2 * 1_000
        } else {
            (number - 1) / 2
        };
        let since = EPOCH_MILLIS * 1_000;
        Some(Timestamp::from_unix_micros(micros.saturating_add(since)))
    }

    pub(crate) fn object(self) -> Option<Object<'a>> {
        match self.form {
            Form::Object(shape) => Some(Object::new(shape, sized(self.bytes)?.0)),
            _ => None,
        }
    }
}

/// More than what hot events leave out.
const GAPS: usize = 6;

const fn digit(half: u8) -> u8 {
    if half < 10 {
        b'0' + half
    } else {
        b'a' + half - 10
    }
}

/// Writes which field follows. The names are this crate's own, and stand in their tables.
fn put_place(shape: &Shape, name: &str, out: &mut Vec<u8>) {
    let place = shape.place(name.as_bytes());
    debug_assert!(place.is_some(), "{name} stands in no such table");
    out.push(place.map_or(OTHER, |(place, _)| place));
}

/// A number and how many bytes it takes.
#[inline]
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    // Most are short.
    match bytes {
        [low @ ..0x80, ..] => Some((u64::from(*low), 1)),
        bytes => long_varint(bytes),
    }
}

fn long_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, place + 1));
        }
    }
    None
}

/// What a length stands before, and what follows it.
pub(super) fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, head) = varint(bytes)?;
    bytes
        .get(head..)?
        .split_at_checked(usize::try_from(length).ok()?)
}

pub(super) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
