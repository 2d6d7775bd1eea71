//! The parts of an address: the path's parameters and the query's.

use std::{borrow::Cow, fmt, fmt::Write as _, ops::RangeInclusive};

use ovenjs_ratelimit::Major;
use ovenjs_types::{Id, Listed, ReactionEmoji, Report, Secret, Text, Timestamp, form::number};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A part of a path.
pub(crate) trait PathPart {
    fn part(&self) -> Cow<'_, str>;
}

impl<M> PathPart for Id<M> {
    fn part(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl PathPart for Secret {
    fn part(&self) -> Cow<'_, str> {
        utf8_percent_encode(self.expose(), PATH_SET).into()
    }
}

impl PathPart for Text {
    fn part(&self) -> Cow<'_, str> {
        utf8_percent_encode(self, PATH_SET).into()
    }
}

impl PathPart for u16 {
    fn part(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl PathPart for ReactionEmoji {
    fn part(&self) -> Cow<'_, str> {
        let text = self.route_text().to_string();
        utf8_percent_encode(&text, PATH_SET).to_string().into()
    }
}

/// What stays readable in a path; the colon of `name:id` may stand as it is.
const PATH_SET: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

/// A part of a path by which Discord counts.
pub(crate) trait MajorPart {
    fn major(&self) -> Major;
}

impl<M> MajorPart for Id<M> {
    fn major(&self) -> Major {
        Major::of(self.get())
    }
}

impl MajorPart for Secret {
    fn major(&self) -> Major {
        Major::of(self.expose())
    }
}

/// A query parameter's value.
pub(crate) trait QueryValue {
    /// Appends it under its name.
    fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>);

    /// Holds it to its range; what has no length has none.
    fn check(&self, _: &'static str, _: RangeInclusive<usize>, _: &mut Report) {}
}

/// The name of a parameter on the wire: `kind` stands for `type`, which Rust keeps to itself.
pub(crate) const fn wire_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        b"kind" => "type",
        _ => name,
    }
}

/// Values that write themselves.
macro_rules! query_values {
    ($($ty:ty),* $(,)?) => {$(
        impl $crate::endpoint::QueryValue for $ty {
            fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
                query.push((name, self.to_string()));
            }
        }
    )*};
}

pub(crate) use query_values;

query_values!(Timestamp, bool);

/// Enums over integers, which write their number.
macro_rules! query_codes {
    ($($ty:ty),* $(,)?) => {$(
        impl $crate::endpoint::QueryValue for $ty {
            fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
                query.push((name, self.value().to_string()));
            }
        }
    )*};
}
pub(crate) use query_codes;

impl<M> QueryValue for Id<M> {
    fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
        query.push((name, self.to_string()));
    }
}

/// Numbers, which have a range.
macro_rules! query_numbers {
    ($($ty:ty),*) => {$(
        impl QueryValue for $ty {
            fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
                query.push((name, self.to_string()));
            }

            fn check(&self, name: &'static str, range: RangeInclusive<usize>, report: &mut Report) {
                number(range)(report, name, self);
            }
        }
    )*};
}

query_numbers!(u16, u32, u64);

impl QueryValue for Text {
    fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
        query.push((name, self.to_string()));
    }

    fn check(&self, name: &'static str, range: RangeInclusive<usize>, report: &mut Report) {
        report.length(name, self, range);
    }
}

/// Several values repeat the name.
impl<T: QueryValue> QueryValue for Vec<T> {
    fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
        for value in self {
            value.write(name, query);
        }
    }

    fn check(&self, name: &'static str, range: RangeInclusive<usize>, report: &mut Report) {
        report.amount(name, self.len(), range, "values");
    }
}

impl<T: fmt::Display> QueryValue for Listed<T> {
    fn write(&self, name: &'static str, query: &mut Vec<(&'static str, String)>) {
        let texts: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        query.push((name, texts.join(",")));
    }

    fn check(&self, name: &'static str, range: RangeInclusive<usize>, report: &mut Report) {
        report.amount(name, self.0.len(), range, "values");
    }
}

/// Writes a query string from its pairs, with its question mark; nothing where there are none.
pub(crate) fn query_string(pairs: &[(&'static str, String)]) -> String {
    pairs
        .iter()
        .enumerate()
        .fold(String::new(), |mut text, (place, (name, value))| {
            let separator = if place == 0 { '?' } else { '&' };
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{name}={value}");
            text
        })
}
