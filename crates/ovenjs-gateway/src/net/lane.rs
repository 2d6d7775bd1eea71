//! Which lane an event goes into.

use std::borrow::Cow;

use ovenjs_types::{Dispatch, EventKind};
use serde::Deserialize;

use super::Delivery;

/// The lane of a delivery: by its guild, and the first for all that is of none.
pub(super) fn lane_of(delivery: &Delivery, lanes: usize) -> usize {
    let Delivery::Dispatch(dispatch) = delivery else {
        return 0;
    };
    let lanes = u64::try_from(lanes).unwrap_or(u64::MAX).max(1);
    // Shifted, since the low bits of an id are a count that mostly stays at nought.
    guild_of(dispatch)
        .and_then(|guild| usize::try_from((guild >> 22) % lanes).ok())
        .unwrap_or(0)
}

/// The guild that an event is of, as far as its payload says so at its top.
fn guild_of(dispatch: &Dispatch) -> Option<u64> {
    #[derive(Deserialize)]
    struct Top<'a> {
        #[serde(borrow, default)]
        guild_id: Option<Cow<'a, str>>,
    }
    #[derive(Deserialize)]
    struct Guild<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }
    match dispatch.kind {
        EventKind::GuildCreate | EventKind::GuildUpdate | EventKind::GuildDelete => {
            let guild: Guild<'_> = serde_json::from_slice(&dispatch.raw).ok()?;
            guild.id.parse().ok()
        }
        _ => {
            let top: Top<'_> = serde_json::from_slice(&dispatch.raw).ok()?;
            top.guild_id?.parse().ok()
        }
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
    }
}
