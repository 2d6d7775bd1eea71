//! What an operation answers.

use bytes::Bytes;
use ovenjs_types::{Drift, Id, Text, json, marker::UserMarker};
use serde::{Serialize, de::DeserializeOwned};

/// What an operation answers.
pub trait Answer: Sized + Send {
    /// Reads the body of a successful answer; none where Discord answers 204.
    ///
    /// # Errors
    ///
    /// Where the body does not fit.
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError>;

    /// Counts under the operation's name all of a body that this type has no place for. The client does
    /// so for a [sample](crate::Live::inspect_each). What keeps bodies as they are has a place for all.
    fn inspect(body: &[u8], route: &str, drift: &mut Drift) {
        _ = (body, route, drift);
    }
}

/// The answer of operations that answer nothing: 204.
impl Answer for () {
    fn read(_: &[u8], _: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        Ok(())
    }
}

/// An answer in JSON. Elements and optional fields that do not fit are left out, as in events.
macro_rules! json_answers {
    ($($ty:ty),* $(,)?) => {$(
        impl $crate::Answer for $ty {
            fn read(
                body: &[u8],
                scratch: &mut ovenjs_types::json::Scratch,
            ) -> Result<Self, ovenjs_types::json::DecodeError> {
                ovenjs_types::json::decode_tolerant(body, scratch)
            }

            fn inspect(body: &[u8], route: &str, drift: &mut ovenjs_types::Drift) {
                drift.inspect_as::<Self>(route, body);
            }
        }
    )*};
}
pub(crate) use json_answers;

json_answers! {
    ovenjs_types::Application, ovenjs_types::BotGateway, ovenjs_types::Channel,
    ovenjs_types::Command, ovenjs_types::Guild, ovenjs_types::Member, ovenjs_types::Message,
    ovenjs_types::User,
}

/// Of operations that answer with 200 or, having nothing to say, with 204.
impl<T: Answer> Answer for Option<T> {
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        if body.is_empty() {
            Ok(None)
        } else {
            T::read(body, scratch).map(Some)
        }
    }

    fn inspect(body: &[u8], route: &str, drift: &mut Drift) {
        if !body.is_empty() {
            T::inspect(body, route, drift);
        }
    }
}

impl<T: Answer + DeserializeOwned + Serialize> Answer for Vec<T> {
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        // Discord's description lets many a list be null.
        if body == b"null" {
            return Ok(Self::new());
        }
        json::decode_tolerant(body, scratch)
    }

    fn inspect(body: &[u8], route: &str, drift: &mut Drift) {
        if body != b"null" {
            drift.inspect_as::<Self>(route, body);
        }
    }
}

/// A picture, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture(pub Bytes);

impl Answer for Picture {
    fn read(body: &[u8], _: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        Ok(Self(Bytes::copy_from_slice(body)))
    }
}

/// Users as rows of text, one a line below a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(pub Text);

impl Rows {
    /// The users; lines that are no id are left out, the heading among them.
    pub fn users(&self) -> impl Iterator<Item = Id<UserMarker>> {
        let first = |line: &str| {
            line.split(',')
                .next()?
                .trim()
                .trim_matches('"')
                .parse()
                .ok()
        };
        self.0.lines().filter_map(first)
    }
}

impl Answer for Rows {
    fn read(body: &[u8], _: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        Ok(Self(String::from_utf8_lossy(body).as_ref().into()))
    }
}
