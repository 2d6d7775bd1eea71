//! Where the fields of an object begin, so that they need not be looked for.

use super::{FIRST, Form, Object, Shape};

/// Where the fields of a packed object have their values, counted from its beginning: never 0, as the place of
/// the field stands before.
#[derive(Clone, Debug)]
pub(crate) struct Starts {
    fields: [u32; FIRST],
    /// Of fields that are objects, where in these the first field of their table has its value.
    firsts: [u32; FIRST],
}

impl Starts {
    pub(super) const fn none() -> Self {
        Self {
            fields: [0; FIRST],
            firsts: [0; FIRST],
        }
    }

    /// Looks for them all.
    pub(super) fn of(object: Object<'_>) -> Self {
        let mut starts = Self::none();
        let mut at = 0;
        for (place, value, bytes) in object.fields() {
            let first = match value.form {
                Form::Object(_) => value.object().and_then(first_of).unwrap_or_default(),
                _ => 0,
            };
            starts.note(place, at + 1, first);
            at += bytes.len();
        }
        starts
    }

    #[inline]
    pub(super) fn note(&mut self, place: u8, start: usize, first: usize) {
        let place = usize::from(place);
        if let (Some(field), Some(of_object)) =
            (self.fields.get_mut(place), self.firsts.get_mut(place))
        {
            // No payload is as long as four bytes can say.
            *field = u32::try_from(start).unwrap_or_default();
            *of_object = u32::try_from(first).unwrap_or_default();
        }
    }

    #[inline]
    pub(super) fn start(&self, place: u8) -> Option<usize> {
        found(&self.fields, place)
    }

    #[inline]
    pub(super) fn first(&self, place: u8) -> Option<usize> {
        found(&self.firsts, place)
    }
}

#[inline]
fn found(starts: &[u32; FIRST], place: u8) -> Option<usize> {
    let start = usize::try_from(*starts.get(usize::from(place))?).ok()?;
    (start != 0).then_some(start)
}

/// Where the first field of its table has its value in an object.
pub(super) fn first_of(object: Object<'_>) -> Option<usize> {
    let mut at = 0;
    for (place, _, bytes) in object.fields() {
        if place == 0 {
            return Some(at + 1);
        }
        at += bytes.len();
    }
    None
}

impl Shape {
    /// Some fields as bits: of those that are in the table, the places are known while it is compiled.
    pub(crate) const fn bits<const N: usize>(&self, names: [&str; N]) -> u64 {
        let mut bits = 0;
        let mut names = names.as_slice();
        while let [name, rest @ ..] = names {
            bits |= 1 << self.at(name);
            names = rest;
        }
        bits
    }
}
