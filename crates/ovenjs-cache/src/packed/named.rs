//! Whether somebody is named in what is kept.

use super::{Form, Object, Value};

/// An id that is looked for, as a number and as the digits that texts have.
#[derive(Debug)]
pub(crate) struct Named {
    id: u64,
    digits: String,
}

impl Named {
    pub(crate) fn new(id: u64) -> Self {
        let digits = id.to_string();
        Self { id, digits }
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    /// Whether its digits stand in these bytes, with no others beside them.
    pub(crate) fn is_in(&self, bytes: &[u8]) -> bool {
        let is_digit = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at))
                .is_some_and(u8::is_ascii_digit)
        };
        let length = self.digits.len();
        let mut windows = bytes.windows(length).enumerate();
        windows.any(|(at, window)| {
            window == self.digits.as_bytes()
                && !is_digit(at.checked_sub(1))
                && !is_digit(at.checked_add(length))
        })
    }

    /// Whether an object has it, in whatever depth.
    pub(crate) fn is_in_object(&self, object: Object<'_>) -> bool {
        object.fields().any(|(_, value, _)| self.is_in_value(value))
    }

    fn is_in_value(&self, value: Value<'_>) -> bool {
        match value.form {
            Form::Id => value.id() == Some(self.id),
            Form::List(_) => value.values().any(|value| self.is_in_value(value)),
            Form::Object(_) => value
                .object()
                .is_some_and(|object| self.is_in_object(object)),
            Form::Text => value.text().is_some_and(|text| self.is_in(text.as_bytes())),
            // What stands before a text may look like a digit.
            Form::Any => {
                let mut windows = value.bytes.windows(self.digits.len());
                windows.any(|window| window == self.digits.as_bytes())
            }
            _ => false,
        }
    }
}
