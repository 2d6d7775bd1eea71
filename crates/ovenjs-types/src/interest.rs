//! Which kinds of events somebody wants.

use crate::{EventKind, Intents};

/// A set of event kinds: what handlers, cache and plugins want to see.
///
/// The union of all interests gives the gateway [`intents`](Self::intents) and decides which
/// payloads are decoded at all.
///
/// ```
/// use ovenjs_types::{EventKind, Intents, Interest};
///
/// let interest = Interest::none().with(EventKind::MessageCreate);
/// assert!(interest.wants(EventKind::MessageCreate) && !interest.wants(EventKind::TypingStart));
/// assert_eq!(interest.intents(), Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest(u128);

impl Interest {
    /// Nothing is wanted.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// Every kind is wanted, [`EventKind::Unknown`] included.
    #[must_use]
    pub fn all() -> Self {
        EventKind::ALL
            .iter()
            .fold(Self::none().with(EventKind::Unknown), |all, kind| {
                all.with(*kind)
            })
    }

    /// This set and one kind more.
    #[must_use]
    pub const fn with(self, kind: EventKind) -> Self {
        Self(self.0 | 1 << kind.index())
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether this kind is wanted.
    #[must_use]
    pub const fn wants(self, kind: EventKind) -> bool {
        self.0 >> kind.index() & 1 == 1
    }

    /// The intents under which Discord sends the wanted kinds.
    ///
    /// Privileged intents are included where a kind is sent under no other; a kind that an
    /// unprivileged intent brings as well gets only the unprivileged ones.
    #[must_use]
    pub fn intents(self) -> Intents {
        EventKind::ALL
            .iter()
            .filter(|kind| self.wants(**kind))
            .fold(Intents::empty(), |sum, kind| {
                let unprivileged = kind.intents() - Intents::PRIVILEGED;
                sum | if unprivileged.is_empty() {
                    kind.intents()
                } else {
                    unprivileged
                }
            })
    }
}

impl FromIterator<EventKind> for Interest {
    fn from_iter<I: IntoIterator<Item = EventKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::none(), Self::with)
    }
}
