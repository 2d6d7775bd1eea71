//! Discord's limits, checked before anything is sent.
//!
//! [`Validate::validate`] turns a draft into [`Valid`], which is never checked again, or into
//! [`Invalid`], which lists everything that Discord would refuse, each with its place.

use std::{borrow::Cow, fmt, fmt::Write as _, ops::Deref, ops::RangeInclusive};

use serde::{Serialize, Serializer};

use crate::Text;

/// What can be checked against Discord's limits before it is sent.
///
/// A type says in [`check`](Self::check) what holds for it; parts are checked by their own `check`
/// under the place where they stand.
///
/// ```
/// use ovenjs_types::{Report, Validate};
///
/// struct Nick(String);
/// impl Validate for Nick {
///     fn check(&self, report: &mut Report) {
///         report.length("nick", &self.0, 1..=32);
///     }
/// }
/// assert_eq!(Nick("ann".into()).validate().unwrap().0, "ann");
/// assert_eq!(
///     Nick("a".repeat(40)).validate().map(drop).unwrap_err().to_string(),
///     "Discord would refuse this: nick has 40 characters, but Discord takes 1 to 32: shorten it by 8"
/// );
/// ```
pub trait Validate: Sized {
    /// Notes in `report` whatever Discord would refuse.
    fn check(&self, report: &mut Report);

    /// The same value, known to keep Discord's documented limits.
    ///
    /// # Errors
    ///
    /// [`Invalid`] with everything that Discord would refuse, in the order of the fields.
    fn validate(self) -> Result<Valid<Self>, Invalid> {
        let mut report = Report::new();
        self.check(&mut report);
        match report.into_result() {
            Ok(()) => Ok(Valid(self)),
            Err(invalid) => Err(invalid),
        }
    }
}

/// A value that keeps Discord's documented limits. It is made by [`Validate::validate`] alone and
/// cannot be changed, so it is never checked again. It is written as the value itself.
///
/// ```compile_fail,E0594
/// // Nothing hands the value out for change.
/// # use ovenjs_types::{Report, Valid, Validate};
/// # struct Nick(String);
/// # impl Validate for Nick { fn check(&self, _: &mut Report) {} }
/// let mut nick: Valid<Nick> = Nick("ann".into()).validate().unwrap();
/// nick.0 = "no longer checked".into();
/// ```
///
/// ```compile_fail,E0423
/// // Nor can it be made in another way.
/// # use ovenjs_types::Valid;
/// let unchecked = Valid("never checked");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Valid<T>(T);

impl<T> Valid<T> {
    /// The value, free to be changed again.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> AsRef<T> for Valid<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for Valid<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Everything that Discord would refuse about a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    violations: Vec<Violation>,
    unlisted: usize,
}

impl Invalid {
    /// What is wrong, in the order of the fields; at least one and at most [`VIOLATIONS_MAX`].
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Discord would refuse this: ")?;
        for (place, violation) in self.violations.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        if self.unlisted > 0 {
            write!(f, "; and {} more", self.unlisted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// One thing that Discord would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where, as Discord's own form errors say it: `components[0].components[2].label`. Empty for
    /// the whole.
    pub path: Text,
    /// What was measured against which limit, where a number is broken.
    pub measure: Option<Measure>,
    /// What is wrong, where it is no number, and what to do.
    pub repair: Cow<'static, str>,
}

impl fmt::Display for Violation {
    /// For example `embeds[3].title has 300 characters, but Discord takes at most 256: shorten it by 44`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() {
            "the whole"
        } else {
            &self.path
        })?;
        match &self.measure {
            Some(measure) => write!(f, " {measure}: {}", self.repair),
            None => write!(f, " {}", self.repair),
        }
    }
}

/// A number that is outside of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The number found.
    pub value: u64,
    /// The least number allowed.
    pub least: u64,
    /// The greatest number allowed.
    pub most: u64,
    /// What is counted, e.g. `characters`; empty where the number is itself the value.
    pub unit: &'static str,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            least,
            most,
            unit,
        } = self;
        match unit.is_empty() {
            true => write!(f, "is {value}, but Discord takes ")?,
            false => write!(f, "has {value} {unit}, but Discord takes ")?,
        }
        match (*least, *most) {
            (0, most) => write!(f, "at most {most}"),
            (least, u64::MAX) => write!(f, "at least {least}"),
            (least, most) if least == most => write!(f, "{least}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// The most violations listed: a draft that is wrong throughout must not fill a log line without end.
pub const VIOLATIONS_MAX: usize = 50;

/// Collects violations, and knows the place that is looked at.
///
/// ```
/// use ovenjs_types::Report;
///
/// let mut report = Report::new();
/// report.each("embeds", ["fine", "far too long"], |report, title| {
///     report.length("title", title, 1..=8);
/// });
/// let invalid = report.into_result().unwrap_err();
/// assert_eq!(invalid.violations()[0].path, "embeds[1].title");
/// assert_eq!(invalid.violations()[0].measure.unwrap().value, 12);
/// ```
#[derive(Debug, Default)]
pub struct Report {
    path: String,
    violations: Vec<Violation>,
    unlisted: usize,
    /// Whether limits are noted that are kept.
    notes_limits: bool,
}

impl Report {
    /// A report at the root, with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A report that notes each limit of a number or a measure, whether it is kept or not: so a form
    /// tells what it holds its fields to.
    ///
    /// ```
    /// use ovenjs_types::{MessageDraft, Report, Validate as _};
    ///
    /// let mut report = Report::of_limits();
    /// MessageDraft::from("bread").check(&mut report);
    /// let limits = report.into_result().unwrap_err();
    /// let content = limits.violations().iter().find(|limit| limit.path == "content").unwrap();
    /// assert_eq!(content.measure.unwrap().most, 2000);
    /// ```
    #[must_use]
    pub fn of_limits() -> Self {
        Self {
            notes_limits: true,
            ..Self::default()
        }
    }

    /// What was found, as a result.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where anything was noted.
    pub fn into_result(self) -> Result<(), Invalid> {
        if self.violations.is_empty() {
            return Ok(());
        }
        Err(Invalid {
            violations: self.violations,
            unlisted: self.unlisted,
        })
    }

    /// Looks into the field `name`.
    pub fn field(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        let here = self.enter(name);
        look(self);
        self.path.truncate(here);
    }

    /// Looks into every element of the list `name`; the list itself where `name` is empty.
    pub fn each<I: IntoIterator>(
        &mut self,
        name: &str,
        elements: I,
        mut look: impl FnMut(&mut Self, I::Item),
    ) {
        let here = self.enter(name);
        let list = self.path.len();
        for (place, element) in elements.into_iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(self.path, "[{place}]");
            look(self, element);
            self.path.truncate(list);
        }
        self.path.truncate(here);
    }

    /// Notes that `field` is wrong in a way that is no number; the words follow the path, e.g.
    /// "is missing: …". Where `field` is empty, the place looked at is meant.
    pub fn note(&mut self, field: &str, repair: impl Into<Cow<'static, str>>) {
        self.push(field, None, repair.into());
    }

    /// The characters of `field` must lie within `range`.
    ///
    /// Characters are Unicode code points: Discord's documentation says no more than "characters",
    /// but its OpenAPI file states the same limits as JSON Schema's `maxLength`, which counts code
    /// points (not bytes, UTF-16 units or what looks like one letter).
    pub fn length(&mut self, field: &str, text: &str, range: RangeInclusive<usize>) {
        // Bytes are never fewer than characters, and most texts are far below their limit.
        let surely_enough = *range.start() <= usize::from(!text.is_empty());
        if surely_enough && text.len() <= *range.end() && !self.notes_limits {
            return;
        }
        self.amount(field, characters(text), range, "characters");
    }

    /// As [`length`](Self::length), where the text may be absent.
    pub fn length_of(&mut self, field: &str, text: Option<&Text>, range: RangeInclusive<usize>) {
        if let Some(text) = text {
            self.length(field, text, range);
        }
    }

    /// So many of `unit` in `field` must lie within `range`.
    pub fn amount(
        &mut self,
        field: &str,
        value: usize,
        range: RangeInclusive<usize>,
        unit: &'static str,
    ) {
        let (least, most) = range.into_inner();
        let repair: Cow<'static, str> = if value > most && unit == "characters" {
            format!("shorten it by {}", value - most).into()
        } else if value > most {
            format!("take {} away", value - most).into()
        } else if value < least && value == 0 && unit == "characters" {
            "write something".into()
        } else if value < least {
            format!("add {}", least - value).into()
        } else if self.notes_limits {
            "".into()
        } else {
            return;
        };
        let measure = Measure {
            value: widen(value),
            least: widen(least),
            most: widen(most),
            unit,
        };
        self.push(field, Some(measure), repair);
    }

    /// The number `field` itself must lie within `range`.
    pub fn number(&mut self, field: &str, value: impl Into<u64>, range: RangeInclusive<u64>) {
        let value = value.into();
        if range.contains(&value) && !self.notes_limits {
            return;
        }
        let (least, most) = range.into_inner();
        let nearest = value.clamp(least, most);
        let measure = Measure {
            value,
            least,
            most,
            unit: "",
        };
        self.push(field, Some(measure), format!("set {nearest}").into());
    }

    /// As [`number`](Self::number), where the number may be absent.
    pub fn number_of<N: Into<u64>>(
        &mut self,
        field: &str,
        value: Option<N>,
        range: RangeInclusive<u64>,
    ) {
        if let Some(value) = value {
            self.number(field, value, range);
        }
    }

    fn push(&mut self, field: &str, measure: Option<Measure>, repair: Cow<'static, str>) {
        if self.violations.len() == VIOLATIONS_MAX && !self.notes_limits {
            self.unlisted += 1;
            return;
        }
        let here = self.enter(field);
        self.violations.push(Violation {
            path: self.path.as_str().into(),
            measure,
            repair,
        });
        self.path.truncate(here);
    }

    /// Appends a field to the path and gives the length to which it is cut again.
    fn enter(&mut self, field: &str) -> usize {
        let here = self.path.len();
        if here > 0 && !field.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(field);
        here
    }
}

/// The characters of a text as Discord counts them: see [`Report::length`].
#[must_use]
pub(crate) fn characters(text: &str) -> usize {
    text.chars().count()
}

fn widen(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_is_told_with_its_place() {
        let mut report = Report::new();
        report.length("title", "", 1..=5);
        report.each("rows", [1, 6], |report, buttons| {
            report.amount("buttons", buttons, 1..=5, "buttons");
            report.field("first", |report| report.note("", "is missing: add it"));
        });
        report.number("max_values", 26_u8, 1..=25);
        let told = report.into_result().unwrap_err();
        let told: Vec<String> = told.violations().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "title has 0 characters, but Discord takes 1 to 5: write something",
                "rows[0].first is missing: add it",
                "rows[1].buttons has 6 buttons, but Discord takes 1 to 5: take 1 away",
                "rows[1].first is missing: add it",
                "max_values is 26, but Discord takes 1 to 25: set 25",
            ]
        );
    }

    #[test]
    fn characters_are_code_points() {
        let mut report = Report::new();
        report.length("umlauts", &"ü".repeat(80), 1..=80);
        report.length("emoji", &"👍".repeat(80), 1..=80);
        assert_eq!(report.into_result(), Ok(()));

        let mut report = Report::new();
        // A family of four is one picture and seven code points.
        report.length("family", "👨‍👩‍👧‍👦", 1..=6);
        let told = report.into_result().unwrap_err();
        assert_eq!(told.violations()[0].measure.unwrap().value, 7);
    }

    #[test]
    fn the_list_ends() {
        let mut report = Report::new();
        for _ in 0..VIOLATIONS_MAX + 3 {
            report.note("x", "is wrong");
        }
        let told = report.into_result().unwrap_err();
        assert_eq!(told.violations().len(), VIOLATIONS_MAX);
        assert!(told.to_string().ends_with("; and 3 more"));
    }
}
