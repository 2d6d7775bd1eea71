//! What stands beside a payload: its shard, its version, its name. Pure.

use std::borrow::Cow;

use bytes::Bytes;
use ovenjs_types::{Dispatch, Id, Origin, ShardId, Version, marker::ApplicationMarker};

/// The words beside a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope<'a> {
    /// `0/1` for shard 0 of 1, `http` for what came by HTTP.
    pub(super) origin: String,
    /// Epoch and sequence with leading zeros, so that their texts compare as they do.
    pub(super) version: String,
    /// Discord's name of the event.
    pub(super) name: Cow<'a, str>,
}

impl<'a> Envelope<'a> {
    pub(super) fn of(dispatch: &'a Dispatch) -> Self {
        let name = dispatch.name();
        // Discord's names are words; what is none must not break a header.
        let name = if name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(name.escape_default().to_string())
        };
        Self {
            origin: match dispatch.origin {
                Origin::Gateway(shard) => shard.to_string(),
                _ => HTTP.to_owned(),
            },
            version: format!(
                "{:020}.{:020}",
                dispatch.version.epoch, dispatch.version.seq
            ),
            name,
        }
    }

    /// The dispatch that these words and this payload are; nothing where the words are foreign.
    pub(super) fn open(origin: &str, version: &str, name: &str, raw: Bytes) -> Option<Dispatch> {
        let origin = match origin.split_once('/') {
            _ if origin == HTTP => Origin::Http,
            Some((number, total)) => {
                Origin::Gateway(ShardId::new(number.parse().ok()?, total.parse().ok()?)?)
            }
            None => return None,
        };
        let (epoch, seq) = version.split_once('.')?;
        let version = Version {
            epoch: epoch.parse().ok()?,
            seq: seq.parse().ok()?,
        };
        (!name.is_empty()).then(|| Dispatch::new(origin, version, name, raw))
    }

    /// The id by which JetStream knows that it has this event; none where it came by HTTP and so has
    /// no version.
    #[cfg_attr(
        not(any(feature = "nats", test)),
        expect(dead_code, reason = "a Redis needs no ids")
    )]
    pub(super) fn message_id(&self, bot: Id<ApplicationMarker>) -> Option<String> {
        (self.origin != HTTP).then(|| format!("{bot}/{}/{}", self.origin, self.version))
    }
}

pub(super) const HTTP: &str = "http";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_comes_out_as_it_went_in() {
        let shard = Origin::Gateway(ShardId::new(3, 16).unwrap());
        for (origin, name) in [
            (shard, "MESSAGE_CREATE"),
            (Origin::Http, "ENTITLEMENT_CREATE"),
            (shard, "NEW_THING"),
        ] {
            let version = Version {
                epoch: 7,
                seq: u64::MAX,
            };
            let sent = Dispatch::new(origin, version, name, Bytes::from_static(b"{}"));
            let words = Envelope::of(&sent);
            let read = Envelope::open(&words.origin, &words.version, &words.name, sent.raw.clone())
                .unwrap();
            assert_eq!(
                (read.origin, read.version, read.name(), read.kind),
                (origin, version, name, sent.kind)
            );
        }
    }

    #[test]
    fn versions_compare_as_their_texts_do() {
        let text = |epoch, seq| {
            let dispatch = Dispatch::new(Origin::default(), Version { epoch, seq }, "X", "");
            Envelope::of(&dispatch).version
        };
        let rising = [
            text(0, 0),
            text(0, 9),
            text(0, 10),
            text(1, 0),
            text(10, 2),
            text(u64::MAX, 1),
        ];
        assert!(rising.is_sorted_by(|one, two| one < two), "{rising:?}");
    }

    #[test]
    fn an_id_is_the_events_own_and_http_has_none() {
        let id = |origin, seq| {
            let dispatch = Dispatch::new(origin, Version { epoch: 1, seq }, "X", "");
            Envelope::of(&dispatch).message_id(Id::new(5))
        };
        let shard = |number| Origin::Gateway(ShardId::new(number, 2).unwrap());
        let ids = [id(shard(0), 1), id(shard(0), 2), id(shard(1), 1)].map(Option::unwrap);
        assert!(
            ids[0] != ids[1] && ids[0] != ids[2] && ids[0].starts_with("5/0/2/"),
            "{ids:?}"
        );
        assert_eq!(id(Origin::Http, 1), None);
    }

    #[test]
    fn foreign_words_are_no_dispatch_and_an_odd_name_breaks_nothing() {
        for (origin, version, name) in [
            ("", "1.1", "X"),
            ("2/2", "1.1", "X"),
            ("0/1", "1", "X"),
            ("0/1", "a.b", "X"),
            ("0/1", "1.1", ""),
            ("0", "1.1", "X"),
            ("0/1", "1.99999999999999999999", "X"),
        ] {
            assert!(
                Envelope::open(origin, version, name, Bytes::new()).is_none(),
                "{origin} {version} {name}"
            );
        }
        let odd = Dispatch::new(Origin::default(), Version::default(), "A\r\nB: c", "");
        assert!(
            Envelope::of(&odd)
                .name
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~'))
        );
    }
}
