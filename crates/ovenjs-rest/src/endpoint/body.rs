//! What a request carries.

use std::{borrow::Cow, fmt};

use ovenjs_types::{InteractionResponse, Upload, Valid, Validate, json};
use serde::Serialize;

use crate::{Call, Endpoint};

/// What a request carries.
pub enum Body<'a> {
    /// Nothing.
    None,
    /// JSON text.
    Json(Vec<u8>),
    /// JSON text and files beside it.
    Multipart(Vec<u8>, &'a [Upload]),
    /// The fields of a form, each in a part of its own.
    Form(Vec<(&'static str, Part<'a>)>),
    /// The fields of a form as a query has them.
    Urlencoded(Vec<(&'static str, String)>),
}

/// It may hold secrets, so that only its size is shown.
impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Json(text) => write!(f, "Json({} bytes)", text.len()),
            Self::Multipart(_, files) => write!(f, "Multipart({} files)", files.len()),
            Self::Form(parts) => write!(f, "Form({} parts)", parts.len()),
            Self::Urlencoded(pairs) => write!(f, "Urlencoded({} fields)", pairs.len()),
        }
    }
}

/// A part of a [`Body::Form`].
#[derive(Debug)]
pub enum Part<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A file.
    File(&'a Upload),
}

/// A value that can be a request's body.
pub trait Payload: Serialize + Validate {
    /// Files that travel beside the JSON.
    fn files(&self) -> &[Upload] {
        &[]
    }

    /// The body that carries it.
    fn body(&self) -> Body<'_> {
        let text = json::encode(self);
        match self.files() {
            [] => Body::Json(text),
            files => Body::Multipart(text, files),
        }
    }
}

/// An operation with a body, whose setters its [`Call`] has.
pub trait Carries: Endpoint {
    /// What is sent.
    type Body: Payload;

    /// The same operation with its body changed.
    #[must_use]
    fn map_body(self, change: impl FnOnce(Self::Body) -> Self::Body) -> Self;
}

/// What a call sends: a draft, which is checked before it goes out, or one that was checked already
/// and is not checked again.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent<T> {
    /// Not checked yet.
    Draft(T),
    /// Known to keep Discord's limits.
    Valid(Valid<T>),
}

impl<T> Sent<T> {
    /// The value, and whether it is known to keep the limits.
    pub(crate) fn split(self) -> (T, bool) {
        match self {
            Self::Draft(draft) => (draft, false),
            Self::Valid(valid) => (valid.into_inner(), true),
        }
    }

    /// Tells a call that sends a `T` whether it need not be checked.
    pub(crate) fn tell<E: Endpoint>(call: Call<'_, E, T>, is_valid: bool) -> Call<'_, E, T> {
        call.known_valid(is_valid)
    }
}

impl<T> From<T> for Sent<T> {
    fn from(draft: T) -> Self {
        Self::Draft(draft)
    }
}

/// What plainly becomes a body need not be turned into it by hand.
macro_rules! sent_as {
    ($($from:ty => $to:ty),* $(,)?) => {$(
        impl From<$from> for $crate::Sent<$to> {
            fn from(value: $from) -> Self {
                Self::Draft(value.into())
            }
        }
    )*};
}
pub(crate) use sent_as;

impl<T> From<Valid<T>> for Sent<T> {
    fn from(valid: Valid<T>) -> Self {
        Self::Valid(valid)
    }
}

impl Payload for InteractionResponse {
    fn files(&self) -> &[Upload] {
        match self {
            Self::Message(draft) => &draft.files,
            Self::Update(edit) => &edit.files,
            _ => &[],
        }
    }
}

/// Repeats the setters of a form on the calls that send it, so that
/// `client.create_message(channel).content("hi")` reads as a sentence.
///
/// The list comes from where the form is declared.
macro_rules! setters_of {
    // What a webhook sends has a message in it, and its setters too.
    (MessageDraft { $($setters:tt)* }) => {
        setters_of! { @repeat MessageDraft [] { $($setters)* } }
        setters_of! { @repeat WebhookMessage [message] { $($setters)* } }
    };
    ($body:ident { $($setters:tt)* }) => {
        setters_of! { @repeat $body [] { $($setters)* } }
    };
    (@repeat $body:ident $part:tt {
        $( $(#[doc = $doc:literal])* fn $setter:ident($($arg:ident: $ty:ty),*); )*
    }) => {
        impl<E: $crate::Carries<Body = $body>> $crate::Call<'_, E, $body> {
            $( setters_of! { @one $part $(#[doc = $doc])* fn $setter($($arg: $ty),*); } )*
        }
    };
    (@one [] $(#[doc = $doc:literal])* fn $setter:ident($($arg:ident: $ty:ty),*);) => {
        $(#[doc = $doc])*
        pub fn $setter(self, $($arg: $ty),*) -> Self {
            self.map_body(|body| body.$setter($($arg),*))
        }
    };
    (@one [$part:ident] $(#[doc = $doc:literal])* fn $setter:ident($($arg:ident: $ty:ty),*);) => {
        $(#[doc = $doc])*
        pub fn $setter(self, $($arg: $ty),*) -> Self {
            self.map_body(|mut body| {
                body.$part = body.$part.$setter($($arg),*);
                body
            })
        }
    };
}
pub(crate) use setters_of;

/// Declares the form of a body beside the line of its operation: see [`ovenjs_types::form`].
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident $($rest:tt)*) => {
        ovenjs_types::form! {
            setters_of =>
            $(#[$meta])*
            pub struct $name $($rest)*
        }

        impl $crate::Payload for $name {}
    };
}
pub(crate) use body;
