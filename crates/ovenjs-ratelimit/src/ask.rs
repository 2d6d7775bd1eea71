//! What is asked of the limiter.

use std::hash::{Hash, Hasher};

use crate::{Shape, Variant, variant::family};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ask {
    /// The route and the resource it is limited by.
    pub key: RouteKey,
    /// What happens first when not everything can.
    pub priority: Priority,
    /// Whether Discord counts it in the global limit. Interaction endpoints are exempt.
    pub exempt_from_global: bool,
    /// Whether the bot's token is shown. After a 401 no such request leaves.
    pub with_token: bool,
    /// What its body changes, where Discord may limit that apart without telling.
    pub shape: Shape,
    /// What exactly is done, where a refusal of it is worth remembering.
    pub deed: Option<Deed>,
}

/// What a limit is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteKey {
    /// Method and path template, e.g. `POST /channels/{channel_id}/messages`.
    pub route: &'static str,
    /// Which of the route's limits it is, where it has several.
    pub variant: Variant,
    /// The resource by which the route is limited.
    pub major: Major,
}

/// The top-level resource of a path: a channel, a guild, or a webhook with its token.
///
/// It is only ever compared, so it is kept as a number and holds no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Major(u64);

/// One deed on one thing, under the permissions as they are: what a 403 was the answer to.
///
/// Asked again before the permissions have changed it would be refused again, and count as another
/// invalid request; see [`Stop::Denied`](crate::Stop::Denied).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deed {
    /// Method and path, as a number.
    what: u64,
    /// Changes whenever the bot's permissions may have.
    permissions: u64,
}

/// What happens first when not everything can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Work that nobody waits for. Stops when half of the invalid requests are used up that Discord
    /// bears.
    Bulk,
    /// Everything else. Stops at four fifths.
    #[default]
    Normal,
    /// Answers to interactions, which expire after three seconds. Stop when all stops, shortly before
    /// Discord bans the address.
    Interactive,
}

impl Ask {
    /// An ordinary request with the bot's token.
    #[must_use]
    pub const fn new(key: RouteKey) -> Self {
        Self {
            key,
            priority: Priority::Normal,
            exempt_from_global: false,
            with_token: true,
            shape: Shape::NONE,
            deed: None,
        }
    }

    /// Sets which of the route's limits it counts in.
    #[must_use]
    pub const fn variant(mut self, variant: Variant) -> Self {
        self.key.variant = variant;
        self
    }

    /// Sets what its body changes.
    #[must_use]
    pub const fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Sets what exactly is done, so that a refusal is remembered.
    #[must_use]
    pub const fn deed(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// Sets what happens first.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets whether the global limit does not count it.
    #[must_use]
    pub const fn exempt_from_global(mut self, exempt: bool) -> Self {
        self.exempt_from_global = exempt;
        self
    }

    /// Sets whether the bot's token is shown.
    #[must_use]
    pub const fn with_token(mut self, with_token: bool) -> Self {
        self.with_token = with_token;
        self
    }
}

impl RouteKey {
    /// A key of a route that has one limit only; see [`Ask::variant`].
    #[must_use]
    pub const fn new(route: &'static str, major: Major) -> Self {
        Self {
            route,
            variant: Variant::Plain,
            major,
        }
    }

    /// The key by which Discord counts: routes of a family have one.
    pub(crate) fn counted(self) -> Self {
        Self {
            route: family(self.route),
            ..self
        }
    }
}

impl Major {
    /// A route that no resource limits.
    pub const NONE: Self = Self(0);

    /// The resource that `identity` names: an id, or an id with a token.
    #[must_use]
    pub fn of(identity: impl Hash) -> Self {
        Self(number(identity))
    }

    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

impl Deed {
    /// The deed that `identity` names, e.g. method and path, while the bot's permissions are those of
    /// the number `permissions`.
    #[must_use]
    pub fn of(identity: impl Hash, permissions: u64) -> Self {
        Self {
            what: number(identity),
            permissions,
        }
    }

    pub(crate) const fn what(self) -> u64 {
        self.what
    }
}

/// What is only ever compared, as a number: the same in every process, whichever compiler built it,
/// since processes that share limits compare with each other.
pub(crate) fn number(identity: impl Hash) -> u64 {
    let mut hasher = Fnv(0xCBF2_9CE4_8422_2325);
    identity.hash(&mut hasher);
    hasher.finish()
}

/// FNV-1a, but by words, whose upper bits are folded into the lower, and with a last step that spreads what
/// it found over all bits.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ (product >> 32);
    }

    fn finish(&self) -> u64 {
        let number = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        let number = (number ^ (number >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
        number ^ (number >> 33)
    }
}
