//! Forms: what is sent to Discord, with each field said once.
//!
//! [`form!`](crate::form) makes of one list of fields the struct, its setters, its limits and the
//! list of its setters, from which `ovenjs-rest` repeats them on calls.

use std::{collections::BTreeMap, ops::RangeInclusive};

use crate::{DataUri, Patch, Report, Secret, Text, Validate};

/// What a setter takes: the value itself, or what plainly becomes it.
///
/// A field that may be absent takes the value, `Some` of it or `None`; one of a change takes the
/// value or [`Patch::Clear`]; a text takes whatever is one, a list takes an array.
///
/// ```
/// use ovenjs_types::{Given, Patch, Text};
///
/// fn set<T>(value: impl Given<T>) -> T {
///     value.given()
/// }
/// assert_eq!(set::<Option<u32>>(60), Some(60));
/// assert_eq!(set::<Option<u32>>(None), None);
/// assert_eq!(set::<Patch<Text>>("rye"), Patch::Set("rye".into()));
/// assert_eq!(set::<Patch<Text>>(Patch::Clear), Patch::Clear);
/// assert_eq!(set::<Vec<u8>>([1, 2]), vec![1, 2]);
/// ```
pub trait Given<T> {
    /// The value of the field.
    fn given(self) -> T;
}

impl<T> Given<T> for T {
    fn given(self) -> T {
        self
    }
}

impl<T> Given<Option<T>> for T {
    fn given(self) -> Option<T> {
        Some(self)
    }
}

impl<T> Given<Patch<T>> for T {
    fn given(self) -> Patch<T> {
        Patch::Set(self)
    }
}

impl<T> Given<Box<T>> for T {
    fn given(self) -> Box<T> {
        Box::new(self)
    }
}

impl<T> Given<Option<Box<T>>> for T {
    fn given(self) -> Option<Box<T>> {
        Some(Box::new(self))
    }
}

impl<T, const N: usize> Given<Vec<T>> for [T; N] {
    fn given(self) -> Vec<T> {
        self.into()
    }
}

impl<T, const N: usize> Given<Option<Vec<T>>> for [T; N] {
    fn given(self) -> Option<Vec<T>> {
        Some(self.into())
    }
}

impl<T, const N: usize> Given<Patch<Vec<T>>> for [T; N] {
    fn given(self) -> Patch<Vec<T>> {
        Patch::Set(self.into())
    }
}

/// Several values of a query in one text, with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<T>(pub Vec<T>);

impl<T> Given<Option<Listed<T>>> for Vec<T> {
    fn given(self) -> Option<Listed<T>> {
        Some(Listed(self))
    }
}

impl<T, const N: usize> Given<Option<Listed<T>>> for [T; N] {
    fn given(self) -> Option<Listed<T>> {
        Some(Listed(self.into()))
    }
}

/// Whatever is a text becomes one.
macro_rules! texts {
    ($($from:ty => $to:ty),* $(,)?) => {$(
        impl Given<$to> for $from {
            fn given(self) -> $to {
                self.into()
            }
        }

        impl Given<Option<$to>> for $from {
            fn given(self) -> Option<$to> {
                Some(self.into())
            }
        }

        impl Given<Patch<$to>> for $from {
            fn given(self) -> Patch<$to> {
                Patch::Set(self.into())
            }
        }
    )*};
}

texts! {
    &str => Text, String => Text, &String => Text, &Text => Text,
    &str => Secret, String => Secret,
}

/// A field that may be left out of what is sent.
pub trait Field {
    /// What it is when it is there.
    type Value;

    /// What it is, where it is there.
    fn value(&self) -> Option<&Self::Value>;

    /// Whether it is left out.
    fn is_absent(&self) -> bool;
}

impl<T> Field for Option<T> {
    type Value = T;

    fn value(&self) -> Option<&T> {
        self.as_ref()
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Field for Patch<T> {
    type Value = T;

    fn value(&self) -> Option<&T> {
        Self::value(self)
    }

    fn is_absent(&self) -> bool {
        self.is_keep()
    }
}

/// An empty list is left out; a list that may be sent empty is `Option<Vec<_>>`.
impl<T> Field for Vec<T> {
    type Value = Self;

    fn value(&self) -> Option<&Self> {
        Some(self)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// An empty text is left out; one that may be sent empty is `Option<Text>`.
impl Field for Text {
    type Value = Self;

    fn value(&self) -> Option<&Self> {
        Some(self)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// An empty map is left out.
impl<K, V> Field for BTreeMap<K, V> {
    type Value = Self;

    fn value(&self) -> Option<&Self> {
        Some(self)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// `false` is left out; what is true by default is `Option<bool>`.
impl Field for bool {
    type Value = Self;

    fn value(&self) -> Option<&Self> {
        Some(self)
    }

    fn is_absent(&self) -> bool {
        !self
    }
}

/// The limit of a text, in characters.
pub fn length(range: RangeInclusive<usize>) -> impl Fn(&mut Report, &str, &Text) {
    move |report, field, text| report.length(field, text, range.clone())
}

/// The limit of a number.
pub fn number<N: Copy + Into<u64>>(range: RangeInclusive<usize>) -> impl Fn(&mut Report, &str, &N) {
    let wide = |number| u64::try_from(number).unwrap_or(u64::MAX);
    let (least, most) = (wide(*range.start()), wide(*range.end()));
    move |report, field, value| report.number(field, *value, least..=most)
}

/// The limit of a list, in so many of `unit`.
pub fn amount<T>(
    range: RangeInclusive<usize>,
    unit: &'static str,
) -> impl Fn(&mut Report, &str, &Vec<T>) {
    move |report, field, list| report.amount(field, list.len(), range.clone(), unit)
}

/// The limit of a list whose elements have limits of their own.
pub fn each<T: Validate>(
    range: RangeInclusive<usize>,
    unit: &'static str,
) -> impl Fn(&mut Report, &str, &Vec<T>) {
    move |report, field, list| {
        report.amount(field, list.len(), range.clone(), unit);
        report.each(field, list, |report, element| element.check(report));
    }
}

/// The types that a picture may be of.
pub fn picture(report: &mut Report, field: &str, uri: &DataUri) {
    media(report, field, uri, "a picture", &PICTURES);
}

/// The same, and the limit of its size, in bytes before they are written as text.
pub fn picture_within(most: usize) -> impl Fn(&mut Report, &str, &DataUri) {
    move |report, field, uri| {
        picture(report, field, uri);
        report.amount(field, uri.size(), 1..=most, "bytes");
    }
}

/// The types that a sound may be of, and the limit of its size.
pub fn sound_within(most: usize) -> impl Fn(&mut Report, &str, &DataUri) {
    move |report, field, uri| {
        media(report, field, uri, "a sound", &SOUNDS);
        report.amount(field, uri.size(), 1..=most, "bytes");
    }
}

/// What Discord reads of pictures, and of sounds. Source: Discord, "Image Data" and "Create Guild
/// Soundboard Sound".
const PICTURES: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
];
const SOUNDS: [&str; 2] = ["audio/mpeg", "audio/ogg"];

fn media(report: &mut Report, field: &str, uri: &DataUri, what: &str, types: &[&str]) {
    let kind = uri.media_type();
    if !types.contains(&kind) {
        let types = types.join(", ");
        report.note(
            field,
            format!("is of the type {kind:?}: send {what} of one of {types}"),
        );
    }
}

/// The limit of how loud something is.
pub fn volume(report: &mut Report, field: &str, volume: &f64) {
    if !(0.0..=1.0).contains(volume) {
        report.note(field, "is not from 0 to 1: set 1 for the loudest");
    }
}

/// The limits of what stands in the field.
pub fn inside<T: Validate>(report: &mut Report, field: &str, value: &T) {
    report.field(field, |report| value.check(report));
}

/// Declares a form: a struct of `must` fields, which are always sent, and `may` fields, which are
/// left out where they say nothing ([`Field::is_absent`]).
///
/// Of this list come the struct, `new` with the `must` fields, a setter for each field
/// ([`Given`] says what it takes), and [`Validate`](crate::Validate) from the rules after `=`
/// ([`length`], [`number`], [`amount`], [`picture`], [`sound_within`], [`volume`], [`each`], [`inside`]) and from `also`,
/// which looks at the whole. The setters' list goes to the macro named first.
#[doc(hidden)]
#[macro_export]
macro_rules! form {
    (
        $then:ident $($export:ident)? =>
        $(#[$meta:meta])*
        pub struct $name:ident
        $(must {
            $(
                $(#[doc = $mdoc:literal])*
                $(#[serde($($mserde:tt)*)])*
                $must:ident: $mty:ty $(= $mrule:expr)?
            ),+ $(,)?
        })?
        $(may {
            $(
                $(#[doc = $doc:literal])*
                $(#[serde($($serde:tt)*)])*
                $may:ident: $ty:ty $(= $rule:expr)?
            ),+ $(,)?
        })?
        $(also $also:expr;)?
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($(
                $(#[doc = $mdoc])*
                $(#[serde($($mserde)*)])*
                pub $must: $mty,
            )+)?
            $($(
                $(#[doc = $doc])*
                #[serde(skip_serializing_if = "ovenjs_types::Field::is_absent")]
                $(#[serde($($serde)*)])*
                pub $may: $ty,
            )+)?
        }

        impl $name {
            $($(
                $(#[doc = $mdoc])*
                #[must_use]
                pub fn $must(mut self, $must: impl $crate::Given<$mty>) -> Self {
                    self.$must = $must.given();
                    self
                }
            )+)?

            $($(
                $(#[doc = $doc])*
                #[must_use]
                pub fn $may(mut self, $may: impl $crate::Given<$ty>) -> Self {
                    self.$may = $may.given();
                    self
                }
            )+)?
        }

        $crate::form!(@new $name [$($($must: $mty,)+)?] [$($($may)+)?]);

        impl $crate::Validate for $name {
            fn check(&self, report: &mut $crate::Report) {
                _ = &report;
                $($($( ($mrule)(report, stringify!($must), &self.$must); )?)+)?
                $($($(
                    if let Some(value) = $crate::Field::value(&self.$may) {
                        ($rule)(report, stringify!($may), value);
                    }
                )?)+)?
                $(
                    let also: fn(&Self, &mut $crate::Report) = $also;
                    also(self, report);
                )?
            }
        }

        $then! {
            $($export)? $name {
                $($( $(#[doc = $mdoc])* fn $must($must: impl $crate::Given<$mty>); )+)?
                $($( $(#[doc = $doc])* fn $may($may: impl $crate::Given<$ty>); )+)?
            }
        }
    };
    (@new $name:ident [] [$($may:ident)*]) => {};
    (@new $name:ident [$($must:ident: $mty:ty,)+] [$($may:ident)*]) => {
        impl $name {
            /// What it cannot do without, and nothing else.
            #[must_use]
            pub fn new($($must: impl $crate::Given<$mty>),+) -> Self {
                Self {
                    $($must: $must.given(),)+
                    $($may: ::core::default::Default::default(),)*
                }
            }
        }
    };
}

/// Leaves the list of a form's setters as a macro of the name given, which gives it to the
/// `setters_of!` in whose scope it is called: the calls of `ovenjs-rest` repeat them so.
macro_rules! exported {
    ($export:ident $name:ident { $($setters:tt)* }) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $export {
            () => { setters_of! { $name { $($setters)* } } };
        }
    };
}

/// Leaves no list, for forms which only stand in others: no call sends them by themselves.
macro_rules! part {
    ($name:ident { $($setters:tt)* }) => {};
}

/// The setters of a form that is more than a list of fields, with their bodies.
macro_rules! setters {
    (
        exported $export:ident => impl $name:ident {
            $(
                $(#[doc = $doc:literal])*
                pub fn $setter:ident(mut $self:ident $(, $arg:ident: $ty:ty)* $(,)?) -> Self
                    $body:block
            )+
        }
    ) => {
        impl $name {
            $(
                $(#[doc = $doc])*
                #[must_use]
                pub fn $setter(mut $self $(, $arg: $ty)*) -> Self $body
            )+
        }

        exported! { $export $name { $( $(#[doc = $doc])* fn $setter($($arg: $ty),*); )+ } }
    };
}
