//! Fields that stand in a table and that nobody wants.

use super::{
    Form, Object, Shape, Value,
    write::{close, open},
};

/// Which fields of which tables are not kept, wherever such an object stands: they are passed over as those that
/// are in no table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unwanted([u64; NUMBERS]);

impl Unwanted {
    /// A field that an object must have is wanted all the same, and so are those of a table without a number.
    pub(crate) fn add(&mut self, shape: &'static Shape, names: &[&str]) {
        let places = shape.places(names) & !shape.musts;
        let place = self.0.get_mut(usize::from(shape.number));
        if let Some(unwanted) = place.filter(|_| shape.number != 0) {
            *unwanted |= places;
        }
    }

    /// As bits of places.
    #[inline]
    pub(super) fn of(&self, shape: &Shape) -> u64 {
        let unwanted = self.0.get(usize::from(shape.number));
        unwanted.copied().unwrap_or_default()
    }
}

impl Shape {
    /// Lets fields of this table be unwanted. Each such table has a number of its own.
    pub(super) const fn numbered(mut self, number: u8) -> Self {
        self.number = number;
        self
    }
}

impl Object<'_> {
    /// The object as it is kept where some fields are unwanted, here and in what it holds.
    pub(crate) fn copy_wanted(self, unwanted: &Unwanted, out: &mut Vec<u8>) {
        let left_out = unwanted.of(self.shape());
        for (place, value, bytes) in self.fields() {
            if left_out >> place & 1 == 1 {
                continue;
            }
            match value.form {
                Form::Object(_) | Form::List(_) => {
                    out.push(place);
                    value.copy_wanted(unwanted, out);
                }
                _ => out.extend(bytes),
            }
        }
    }
}

impl Value<'_> {
    fn copy_wanted(self, unwanted: &Unwanted, out: &mut Vec<u8>) {
        match self.form {
            Form::Object(_) => {
                let begin = open(out);
                if let Some(object) = self.object() {
                    object.copy_wanted(unwanted, out);
                }
                close(out, begin);
            }
            Form::List(_) => {
                let begin = open(out);
                for value in self.values() {
                    value.copy_wanted(unwanted, out);
                }
                close(out, begin);
            }
            _ => out.extend(self.bytes),
        }
    }
}

/// One for each table that has a number, and one for those that have none.
const NUMBERS: usize = 11;
