//! What of a request decides, beside its route and resource, which limit counts it.

use crate::ask::number;

/// Which of a route's limits a request counts in, where Discord has several for one route.
///
/// Limits that Discord counts apart are learned apart. Where the two turn out to be one, nothing is
/// lost but parallel requests: Discord's name of the limit tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Variant {
    /// The route's one limit.
    #[default]
    Plain,
    /// Deletes a message that is younger than [`YOUNG_MS`].
    Young,
    /// Deletes a message of ordinary age.
    Middle,
    /// Deletes a message that is at least [`OLD_MS`] old.
    Old,
}

/// What a body changes, as the set of its top-level fields.
///
/// Discord limits some fields apart and tells nobody: a channel's name, twice in ten minutes. Fields
/// are kept as one of 64 bits each, so two of them can rarely look the same; the worse for it is a
/// wait, never a 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape(u64);

/// A message is young for ten seconds. Discord does not document this; many have measured it.
pub const YOUNG_MS: u64 = 10_000;

/// A message is old from the fourteenth day on, the same as for deleting many at once.
pub const OLD_MS: u64 = 14 * 86_400_000;

/// 2015-01-01, when ids begin to count, in milliseconds since 1970.
const IDS_BEGIN_MS: u64 = 1_420_070_400_000;

impl Variant {
    /// Of a request that deletes the message with this id at `now_ms`, in milliseconds since 1970.
    ///
    /// ```
    /// use ovenjs_ratelimit::Variant;
    ///
    /// let id = 1_199_000_000_000_000_000;
    /// let written_ms = (id >> 22) + 1_420_070_400_000;
    /// assert_eq!(Variant::of_message(id, written_ms + 9_999), Variant::Young);
    /// assert_eq!(Variant::of_message(id, written_ms + 10_000), Variant::Middle);
    /// assert_eq!(Variant::of_message(id, written_ms + 14 * 86_400_000), Variant::Old);
    /// // A clock that is behind: the message was only just written.
    /// assert_eq!(Variant::of_message(id, 0), Variant::Young);
    /// ```
    #[must_use]
    pub const fn of_message(snowflake: u64, now_ms: u64) -> Self {
        let age_ms = now_ms.saturating_sub((snowflake >> 22) + IDS_BEGIN_MS);
        match age_ms {
            ..YOUNG_MS => Self::Young,
            YOUNG_MS..OLD_MS => Self::Middle,
            OLD_MS.. => Self::Old,
        }
    }
}

impl Shape {
    /// Of a body whose fields matter to no limit.
    pub const NONE: Self = Self(0);

    /// Of a body with these fields.
    ///
    /// ```
    /// use ovenjs_ratelimit::Shape;
    ///
    /// assert_eq!(Shape::of(["name", "topic"]), Shape::of(["topic", "name"]));
    /// assert_ne!(Shape::of(["name"]), Shape::NONE);
    /// assert!(Shape::of(["name", "nsfw"]).includes(Shape::of(["name"])));
    /// ```
    #[must_use]
    pub fn of<'f>(fields: impl IntoIterator<Item = &'f str>) -> Self {
        Self(
            fields
                .into_iter()
                .fold(0, |set, field| set | 1 << (number(field) % 64)),
        )
    }

    /// Whether all fields of `other` are here.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The name under which a route's limit is learned: routes that Discord counts together have one.
/// All that adds or removes reactions does; reading them is counted apart.
pub(crate) fn family(route: &'static str) -> &'static str {
    let (method, path) = route.split_once(' ').unwrap_or_default();
    if matches!(method, "PUT" | "DELETE") && path.contains("/reactions") {
        "PUT, DELETE /channels/{channel_id}/messages/{message_id}/reactions"
    } else {
        route
    }
}
