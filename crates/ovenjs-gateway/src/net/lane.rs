//! Which lane an event goes into.

use std::fmt;

use ovenjs_types::{Dispatch, EventKind};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Delivery;

/// What all deliveries of a guild have in common, and those of none; the lane is this modulo their
/// number.
///
/// It reads the payload up to where the guild stands, which in messages is near the end: about a
/// microsecond for each kilobyte. Nobody should hold a lock meanwhile.
pub(super) fn key_of(delivery: &Delivery) -> u64 {
    let Some(dispatch) = delivery.event() else {
        return 0;
    };
    // Shifted, since the low bits of an id are a count that mostly stays at nought.
    guild_of(dispatch).map_or(0, |guild| guild >> 22)
}

/// The guild that an event is of, as far as its payload says so at its top.
fn guild_of(dispatch: &Dispatch) -> Option<u64> {
    let key = match dispatch.kind {
        EventKind::GuildCreate | EventKind::GuildUpdate | EventKind::GuildDelete => "id",
        _ => "guild_id",
    };
    let mut found = None;
    let find = Find {
        key,
        found: &mut found,
    };
    // Who stops in the middle is told that something follows.
    let _ = serde_json::Deserializer::from_slice(&dispatch.raw).deserialize_map(find);
    found
}

/// Goes through an object as far as one id, and no further.
struct Find<'a> {
    key: &'static str,
    found: &'a mut Option<u64>,
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(is_it) = map.next_key_seed(Is(self.key))? {
            if is_it {
                *self.found = map.next_value_seed(Id)?;
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Whether a text is this one, without keeping it.
struct Is(&'static str);

impl<'de> DeserializeSeed<'de> for Is {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Is {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}

/// The id that a text is, or nothing.
struct Id;

impl<'de> DeserializeSeed<'de> for Id {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<u64>, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for Id {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<u64>, E> {
        Ok(text.parse().ok())
    }

    fn visit_unit<E>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use ovenjs_types::{Origin, Version};

    use super::*;

    fn guild(name: &str, raw: &'static str) -> Option<u64> {
        let raw = raw.as_bytes();
        guild_of(&Dispatch::new(
            Origin::default(),
            Version::default(),
            name,
            raw,
        ))
    }

    #[test]
    fn the_guild_is_read_at_the_top_and_nowhere_else() {
        let nested = r#"{"message_reference":{"guild_id":"1"},"guild_id":"2","id":"3"}"#;
        assert_eq!(guild("MESSAGE_CREATE", nested), Some(2));
        assert_eq!(
            guild("MESSAGE_CREATE", r#"{"member":{"guild_id":"1"}}"#),
            None
        );
        assert_eq!(
            guild(
                "GUILD_CREATE",
                r#"{"id":"7","channels":[{"guild_id":"7"}]}"#
            ),
            Some(7)
        );
        assert_eq!(guild("GUILD_ROLE_CREATE", r#"{"guild_id":null}"#), None);
        assert_eq!(guild("ANYTHING", "[1]"), None);
        // What is behind it is not looked at, and what is before it may be anything.
        assert_eq!(
            guild("A", r#"{"a":[{}],"b":"\\","guild_id":"5",!"#),
            Some(5)
        );
        assert_eq!(guild("A", r#"{"guild_id":{"id":"5"},"x":1}"#), None);
        assert_eq!(guild("A", r#"{"guild_id":5}"#), None);
    }
}
