//! What travels: one line of JSON about the message, and the message.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Member, checked_name, room::Shared};
use crate::{Error, ErrorKind};

/// The line in front of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// The form of what follows; another one is not read.
    v: u8,
    pub(super) kind: Kind,
    pub(super) from: Box<str>,
    /// Where answers go.
    pub(super) inbox: Box<str>,
    pub(super) topic: Box<str>,
    /// Of a question and its answers; 0 elsewhere.
    pub(super) id: u64,
    /// Who is asked; everyone where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) to: Vec<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Say,
    Ask,
    Answer,
    Refuse,
}

impl Frame {
    pub(super) fn new(kind: Kind, shared: &Shared, topic: &str, id: u64) -> Self {
        Self {
            v: VERSION,
            kind,
            from: shared.member.as_str().into(),
            inbox: shared.wire.inbox().into(),
            topic: topic.into(),
            id,
            to: Vec::new(),
        }
    }

    /// The bytes that travel.
    pub(super) fn seal(&self, body: &[u8]) -> Result<Bytes, Error> {
        if body.len() > BODY_MAX {
            let text = format!(
                "the message has {} bytes, and the bus carries {BODY_MAX}: send what it is about, or use a store",
                body.len()
            );
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        let mut bytes = serde_json::to_vec(self).map_err(|source| {
            let text = "the message's head cannot be written as json";
            Error::new(ErrorKind::Message, text).with_source(source)
        })?;
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        Ok(bytes.into())
    }

    /// Reads what travelled; nothing where it is not of this form.
    pub(super) fn open(bytes: &Bytes) -> Option<(Self, Bytes)> {
        let end = bytes
            .iter()
            .take(HEAD_MAX)
            .position(|byte| *byte == b'\n')?;
        let head: Self = serde_json::from_slice(bytes.get(..end)?).ok()?;
        let body = bytes.slice(end + 1..);
        let named =
            checked_name(&head.from, false).is_ok() && checked_name(&head.topic, true).is_ok();
        (head.v == VERSION && named && body.len() <= BODY_MAX).then_some((head, body))
    }
}

impl Serialize for Member {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::new(&name).map_err(serde::de::Error::custom)
    }
}

const VERSION: u8 = 1;

/// Half of what a NATS takes by default, and no more than a Redis hands on at once.
const BODY_MAX: usize = 512 << 10;

/// A thousand names of those who are asked.
const HEAD_MAX: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_travels_unchanged() {
        let sent = sample();
        let bytes = sent.seal(b"{\"a\":\n1}").unwrap();
        let (read, body) = Frame::open(&bytes).unwrap();
        assert_eq!(read, sent);
        assert_eq!(body.as_ref(), b"{\"a\":\n1}");
    }

    #[test]
    fn foreign_bytes_are_not_read() {
        for foreign in [
            "",
            "\n",
            "{}\n",
            "null\n1",
            "hello",
            "{\"v\":1}\n",
            "\u{feff}\n\n",
        ] {
            assert!(Frame::open(&Bytes::from(foreign)).is_none(), "{foreign:?}");
        }
        let mut future = sample();
        future.v = 2;
        assert!(Frame::open(&future.seal(b"").unwrap()).is_none());
        let mut odd = sample();
        odd.from = "a b".into();
        assert!(Frame::open(&odd.seal(b"").unwrap()).is_none());
        let whole = sample().seal(b"1").unwrap();
        for end in 0..whole.len() - 2 {
            assert!(Frame::open(&whole.slice(..end)).is_none());
        }
    }

    #[test]
    fn a_body_has_a_bound() {
        let error = sample().seal(&vec![0; BODY_MAX + 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(sample().seal(&vec![0; BODY_MAX]).is_ok());
    }

    fn sample() -> Frame {
        Frame {
            v: VERSION,
            kind: Kind::Ask,
            from: "one".into(),
            inbox: "one-00".into(),
            topic: "guilds.count".into(),
            id: 7,
            to: vec![Member::new("two").unwrap()],
        }
    }
}
