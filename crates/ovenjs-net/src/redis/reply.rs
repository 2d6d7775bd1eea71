//! What a Redis answers.

use bytes::Bytes;
use redis::Value;

use crate::{Error, RedisFault, Target};

/// An answer whose form depends on what was asked: of a [`RedisScript`](crate::RedisScript).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisReply {
    /// Nothing.
    Nil,
    /// A whole number.
    Int(i64),
    /// Bytes, or a text.
    Bytes(Bytes),
    /// Several answers.
    List(Vec<Self>),
}

impl RedisReply {
    /// The number, where it is one or is written as one.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// The bytes, where it is bytes.
    #[must_use]
    pub fn bytes(self) -> Option<Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Nil | Self::Int(_) | Self::List(_) => None,
        }
    }

    /// The elements; nothing where it is not a list.
    #[must_use]
    pub fn list(self) -> Vec<Self> {
        match self {
            Self::List(list) => list,
            Self::Nil | Self::Int(_) | Self::Bytes(_) => Vec::new(),
        }
    }

    /// The text, where it is bytes that are one.
    pub(super) fn text(self) -> Option<String> {
        String::from_utf8(self.bytes()?.into()).ok()
    }
}

/// What became of a command.
pub(super) fn outcome(
    answer: Result<Value, redis::RedisError>,
    target: &Target,
) -> Result<RedisReply, Error> {
    let value = answer.and_then(Value::extract_error);
    words(value.map_err(|error| broken(&error, target))?)
        .ok_or_else(|| Error::redis(RedisFault::Answer, target, None))
}

/// A value in our words.
pub(super) fn words(value: Value) -> Option<RedisReply> {
    Some(match value {
        Value::Nil => RedisReply::Nil,
        Value::Int(number) => RedisReply::Int(number),
        Value::Boolean(yes) => RedisReply::Int(i64::from(yes)),
        Value::BulkString(bytes) => RedisReply::Bytes(bytes.into()),
        Value::SimpleString(text) => RedisReply::Bytes(text.into()),
        Value::Okay => RedisReply::Bytes(Bytes::from_static(b"OK")),
        Value::Array(list) | Value::Set(list) => {
            RedisReply::List(list.into_iter().map(words).collect::<Option<_>>()?)
        }
        Value::Map(pairs) => RedisReply::List(
            pairs
                .into_iter()
                .flat_map(|(key, value)| [words(key), words(value)])
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

/// An error of the client in our words.
pub(super) fn broken(error: &redis::RedisError, target: &Target) -> Error {
    let code = error.code().unwrap_or_default();
    let fault = match error.kind() {
        redis::ErrorKind::AuthenticationFailed => RedisFault::Auth,
        _ if matches!(code, "NOAUTH" | "WRONGPASS" | "NOPERM") => RedisFault::Auth,
        _ if BUSY.contains(&code) => RedisFault::Busy,
        redis::ErrorKind::Io | redis::ErrorKind::Parse => RedisFault::Lost,
        _ => RedisFault::Refused,
    };
    let said = match (fault, error.detail()) {
        // The words of a refused login may repeat what was sent.
        (RedisFault::Auth, _) => code.to_owned(),
        (RedisFault::Refused, Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    };
    Error::redis(fault, target, Some(said))
}

/// The words of a server that will serve later.
const BUSY: [&str; 6] = [
    "LOADING",
    "BUSY",
    "MASTERDOWN",
    "READONLY",
    "TRYAGAIN",
    "CLUSTERDOWN",
];
