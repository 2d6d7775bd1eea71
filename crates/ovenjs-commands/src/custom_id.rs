//! Custom ids as types: what a button carries through restarts and releases.

use std::fmt;

use ovenjs_types::{Button, Id, Select};

use crate::{Call, Error, Failure, Text};

/// A custom id: fields that a component or modal carries and that come back when it is used.
///
/// Nothing about it is kept in the process, so a button of last year's process works too. On the
/// wire it reads `name.version:field:field`, e.g. `give_feedback.1:80351110224678912`.
///
/// Derive it. The name is the type's in snake case; `#[custom_id(name = "gf", version = 2)]` says
/// otherwise. Fields are ids, integers, `bool`, `Text<MIN, MAX>`, enums with `#[derive(Choices)]`
/// and `Option` of these; that they fit into Discord's 100 characters is checked when the bot is
/// compiled. `String` has no bound, so it is not among them.
///
/// When the fields change, raise the version. A field with `#[custom_id(since = 2)]` has its
/// default in an id of version 1. For greater changes keep the old type, under the same name, and
/// say `was = OldType`; `From<OldType>` then makes the new of the old.
///
/// ```
/// use ovenjs_commands::CustomId;
/// use ovenjs_types::{Id, marker::UserMarker};
///
/// #[derive(CustomId)]
/// #[custom_id(version = 2)]
/// struct GiveFeedback {
///     asker: Id<UserMarker>,
///     #[custom_id(since = 2)]
///     anonymous: bool,
/// }
///
/// let id = GiveFeedback { asker: Id::new(80), anonymous: true };
/// let button = id.button("Give feedback");
/// assert_eq!(button.custom_id.as_deref(), Some("give_feedback.2:80:1"));
///
/// let old = GiveFeedback::decode("give_feedback.1:80").unwrap();
/// assert!(!old.anonymous);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a custom id",
    note = "derive it: `#[derive(CustomId)]`"
)]
pub trait CustomId: Sized + Send + 'static {
    /// By which the router finds the handler. It never changes, or old buttons die.
    const NAME: &'static str;

    /// The version of the fields.
    const VERSION: u16;

    /// The most characters that one can have on the wire.
    const LENGTH_MAX: usize;

    /// The id as Discord keeps it.
    fn encode(&self) -> String;

    /// Reads what [`encode`](Self::encode) wrote, in this version or an earlier one.
    ///
    /// # Errors
    ///
    /// [`Stale`] when the name, version or fields are none of this type's.
    fn decode(wire: &str) -> Result<Self, Stale>;

    /// A primary button that carries the id.
    fn button(&self, label: impl Into<ovenjs_types::Text>) -> Button {
        Button::new(self.encode(), label)
    }

    /// A menu of these choices, each as value and label, that carries the id.
    fn select<V: Into<ovenjs_types::Text>, L: Into<ovenjs_types::Text>>(
        &self,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Select {
        Select::strings(self.encode(), choices)
    }
}

/// A custom id that no type reads any more, or never did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    name: &'static str,
    wire: Box<str>,
}

impl Stale {
    /// The custom id `wire` is not one that `name` reads.
    #[must_use]
    pub fn new(name: &'static str, wire: &str) -> Self {
        let wire = wire.into();
        Self { name, wire }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wire } = self;
        write!(
            f,
            "custom id `{wire}` is none that `{name}` reads: raise its version when its fields change, and keep what reads the old ones"
        )
    }
}

impl std::error::Error for Stale {}

/// A type that a [`CustomId`] can have as field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a custom id",
    note = "fields are ids, integers, `bool`, `Text<MIN, MAX>`, enums with `#[derive(Choices)]` and `Option` of these",
    note = "`String` has no bound, and a custom id has: use `Text<0, 40>`"
)]
pub trait Field: Sized {
    /// The most characters that it can take.
    const LENGTH_MAX: usize;

    /// Appends it to a custom id.
    fn write(&self, wire: &mut String);

    /// Reads it from the front of `wire`, which is left with what follows.
    fn read(wire: &mut &str) -> Option<Self>;
}

/// Reads a custom id piece by piece. What the derive writes calls it.
#[derive(Debug)]
pub struct Reader<'a> {
    name: &'static str,
    whole: &'a str,
    rest: &'a str,
    version: u16,
}

impl<'a> Reader<'a> {
    /// Reads name and version.
    ///
    /// # Errors
    ///
    /// [`Stale`] when the name is not `name`, or the version is above `newest`.
    pub fn new(name: &'static str, newest: u16, whole: &'a str) -> Result<Self, Stale> {
        let begin = || {
            let rest = whole.strip_prefix(name)?.strip_prefix('.')?;
            let (version, rest) = match rest.split_once(':') {
                Some((version, _)) => (version, rest.strip_prefix(version)?),
                None => (rest, ""),
            };
            let version = version.parse().ok().filter(|version| *version <= newest)?;
            Some(Self {
                name,
                whole,
                rest,
                version,
            })
        };
        begin().ok_or_else(|| Stale::new(name, whole))
    }

    /// The version in which the id was written.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// Reads the next field.
    ///
    /// # Errors
    ///
    /// [`Stale`] when there is none, or it does not fit.
    pub fn field<T>(&mut self, read: fn(&mut &str) -> Option<T>) -> Result<T, Stale> {
        let mut rest = self.rest.strip_prefix(':');
        let field = rest.as_mut().and_then(read);
        self.rest = rest.unwrap_or_default();
        field.ok_or_else(|| self.stale())
    }

    /// Reads the next field, or takes the default where the id is older than the field.
    ///
    /// # Errors
    ///
    /// [`Stale`] when the id is new enough and there is none, or it does not fit.
    pub fn field_since<T: Default>(
        &mut self,
        since: u16,
        read: fn(&mut &str) -> Option<T>,
    ) -> Result<T, Stale> {
        if self.version < since {
            return Ok(T::default());
        }
        self.field(read)
    }

    /// Takes the end in.
    ///
    /// # Errors
    ///
    /// [`Stale`] when there is more than was read.
    pub fn end(self) -> Result<(), Stale> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.stale())
        }
    }

    fn stale(&self) -> Stale {
        Stale::new(self.name, self.whole)
    }
}

/// Begins a custom id.
#[must_use]
pub fn begin(name: &str, version: u16) -> String {
    format!("{name}.{version}")
}

/// The length of a custom id without its fields.
#[must_use]
pub const fn head_length(name: &str, version: u16) -> usize {
    // The name is ASCII: the derive sees to it.
    name.len() + 1 + digits(version)
}

/// Whether a custom id `new` can take the place of `old`: each as name and version. Under another
/// name the old ones would reach no handler; with the same version, new ones would be read as old.
#[must_use]
pub const fn supersedes(new: (&str, u16), old: (&str, u16)) -> bool {
    let (mut one, mut other) = (new.0.as_bytes(), old.0.as_bytes());
    while let ([a, more @ ..], [b, others @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (more, others);
    }
    one.is_empty() && other.is_empty() && old.1 < new.1
}

const fn digits(mut number: u16) -> usize {
    let mut digits = 1;
    while number >= 10 {
        number /= 10;
        digits += 1;
    }
    digits
}

/// The most characters that Discord allows a custom id.
pub const CUSTOM_ID_MAX: usize = 100;

/// Takes the custom id of the call as a `T`.
#[expect(clippy::missing_errors_doc, reason = "for generated code alone")]
pub fn extract<S, T: CustomId>(call: &Call<S>) -> Result<T, Failure> {
    let wire = call.custom_id().ok_or_else(|| {
        let text = "a custom id comes with components, and with modals that carry one";
        Error::absent(text)
    })?;
    Ok(T::decode(wire)?)
}

impl<M: 'static> Field for Id<M> {
    /// The greatest id has 20 digits.
    const LENGTH_MAX: usize = 20;

    fn write(&self, wire: &mut String) {
        wire.push_str(&self.to_string());
    }

    fn read(wire: &mut &str) -> Option<Self> {
        word(wire).parse().ok().and_then(Self::new_checked)
    }
}

macro_rules! integers {
    ($($int:ident $length:literal),+) => {$(
        impl Field for $int {
            const LENGTH_MAX: usize = $length;

            fn write(&self, wire: &mut String) {
                wire.push_str(&self.to_string());
            }

            fn read(wire: &mut &str) -> Option<Self> {
                word(wire).parse().ok()
            }
        }
    )+};
}

integers! { u8 3, u16 5, u32 10, u64 20, i8 4, i16 6, i32 11, i64 20 }

impl Field for bool {
    const LENGTH_MAX: usize = 1;

    fn write(&self, wire: &mut String) {
        wire.push(if *self { '1' } else { '0' });
    }

    fn read(wire: &mut &str) -> Option<Self> {
        match word(wire) {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        }
    }
}

/// The number of characters comes first, since the text may hold anything.
impl<const MIN: u16, const MAX: u16> Field for Text<MIN, MAX> {
    #[expect(clippy::as_conversions, reason = "u16 to usize; `From` is not const")]
    const LENGTH_MAX: usize = digits(MAX) + 1 + MAX as usize;

    fn write(&self, wire: &mut String) {
        wire.push_str(&self.chars().count().to_string());
        wire.push('-');
        wire.push_str(self);
    }

    fn read(wire: &mut &str) -> Option<Self> {
        let (length, rest) = wire.split_once('-')?;
        let length: usize = length.parse().ok()?;
        let end = match rest.char_indices().nth(length) {
            Some((end, _)) => end,
            None if rest.chars().count() == length => rest.len(),
            None => return None,
        };
        let (text, rest) = rest.split_at_checked(end)?;
        *wire = rest;
        Self::new(text).ok()
    }
}

/// A sign says whether there is one.
impl<T: Field> Field for Option<T> {
    const LENGTH_MAX: usize = 1 + T::LENGTH_MAX;

    fn write(&self, wire: &mut String) {
        match self {
            Some(value) => {
                wire.push('+');
                value.write(wire);
            }
            None => wire.push('-'),
        }
    }

    fn read(wire: &mut &str) -> Option<Self> {
        if let Some(rest) = wire.strip_prefix('+') {
            *wire = rest;
            return T::read(wire).map(Some);
        }
        *wire = wire.strip_prefix('-')?;
        Some(None)
    }
}

/// The front of `wire` up to the next colon.
pub fn word<'a>(wire: &mut &'a str) -> &'a str {
    let end = wire.find(':').unwrap_or(wire.len());
    let (word, rest) = wire.split_at_checked(end).unwrap_or((wire, ""));
    *wire = rest;
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_reads_what_it_wrote() {
        round(&Id::<ovenjs_types::marker::UserMarker>::new(u64::MAX));
        round(&u64::MAX);
        round(&i64::MIN);
        round(&u16::MAX);
        round(&i8::MIN);
        round(&true);
        round(&Some(false));
        round(&None::<u8>);
        round(&Text::<0, 12>::new("a:b-c+ü.🙂").unwrap());
        round(&Text::<0, 12>::new("").unwrap());
    }

    #[test]
    fn an_id_takes_the_place_of_an_older_one_of_its_name() {
        assert!(supersedes(("vote", 2), ("vote", 1)));
        assert!(!supersedes(("vote", 1), ("vote", 1)));
        assert!(!supersedes(("vote", 2), ("votes", 1)));
        assert!(!supersedes(("votes", 2), ("vote", 1)));
        assert!(!supersedes(("vote", 2), ("note", 1)));
    }

    #[test]
    fn what_nobody_wrote_is_not_read() {
        for wire in [
            "",
            "x",
            "9-short",
            "-1-x",
            "99999999999999999999999-x",
            "1-",
        ] {
            assert_eq!(Text::<0, 5>::read(&mut &*wire), None, "{wire}");
        }
        assert_eq!(u8::read(&mut "256"), None);
        assert_eq!(bool::read(&mut "2"), None);
        assert_eq!(Id::<ovenjs_types::marker::UserMarker>::read(&mut "0"), None);
        assert_eq!(Option::<u8>::read(&mut "5"), None);
    }

    /// What is written fits the length announced, reads back, and leaves what follows alone.
    fn round<T: Field + PartialEq + fmt::Debug>(field: &T) {
        let mut wire = String::new();
        field.write(&mut wire);
        assert!(wire.chars().count() <= T::LENGTH_MAX, "{wire}");
        wire.push_str(":next");
        let mut rest = &*wire;
        assert_eq!(T::read(&mut rest).as_ref(), Some(field));
        assert_eq!(rest, ":next");
    }
}
