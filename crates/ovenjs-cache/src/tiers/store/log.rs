//! The port to what tells other processes of each write.

#[cfg(any(test, feature = "redis"))]
mod form;

use std::time::Duration;

use bytes::Bytes;

use super::{Asked, Span};
use crate::tiers::{Key, Tag, Version};
#[cfg(feature = "redis")]
pub(super) use form::{from_bytes, key, to_bytes};

/// A log of what was written to a [`Store`](super::Store), in one order for all who follow it.
///
/// The store itself tells of each record that it keeps and of each tag that it bumps, in the same step, so that
/// nothing is written without being told. What is told may be told twice.
pub trait Log: Send + Sync {
    /// What was told after a place, oldest first; if there is nothing, it waits for it up to `hold`. Without
    /// a place: where the log ends now.
    fn listen<'a>(&'a self, after: Option<&'a Place>, hold: Duration) -> Asked<'a, Heard>;

    /// Tells of what the store does not know of.
    fn tell<'a>(&'a self, told: &'a Told) -> Asked<'a, ()>;
}

/// One entry of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// The key has this version now, or a newer one.
    Written {
        /// The key.
        key: Key,
        /// The version.
        version: Version,
        /// When that record is over.
        hard_ms: u64,
    },
    /// The tag has this generation now, or a later one.
    Bumped {
        /// The tag.
        tag: Tag,
        /// The generation.
        generation: u64,
    },
    /// All records of the span were erased, or those whose id fits a [pattern](fits).
    Erased {
        /// The span.
        span: Span,
        /// The pattern.
        pattern: Option<Bytes>,
        /// Who did it, a number of his own.
        by: u64,
    },
}

/// What was heard of a [`Log`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// What was told, oldest first.
    pub told: Vec<Told>,
    /// Where to go on. Nowhere, where the place is no longer known: the log has been cut beyond it or was lost,
    /// and nobody can say what was told since.
    pub next: Option<Place>,
}

/// A place in a [`Log`]. It means something to the log that gave it, and to no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place(pub(crate) Bytes);

/// Whether an id is as the pattern says: `*` stands for any bytes, `?` for one, all others for themselves.
#[must_use]
pub fn fits(pattern: &[u8], id: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    // Where the last star stood, and what it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = id.get(at) {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of + 1, at));
                of += 1;
            }
            Some(letter) if *letter == b'?' || letter == byte => (at, of) = (at + 1, of + 1),
            _ => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    (at, of) = (*taken, *after);
                }
                None => return false,
            },
        }
    }
    pattern
        .get(of..)
        .is_some_and(|rest| rest.iter().all(|letter| *letter == b'*'))
}

/// How many entries a log keeps: what a busy bot of a thousand writes a second makes in a minute and a half, longer
/// than a server needs to restart. At some hundred bytes each, 10 MB.
#[cfg(any(feature = "redis", feature = "tiers"))]
pub(super) const LOG_KEPT: usize = 100_000;

/// How many are heard at once.
#[cfg(any(feature = "redis", feature = "tiers"))]
pub(super) const HEARD_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_as_it_says() {
        for (pattern, id) in [
            ("", ""),
            ("*", ""),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a?c", "abc"),
            ("*b*b", "abab"),
        ] {
            assert!(fits(pattern.as_bytes(), id.as_bytes()), "{pattern} {id}");
        }
        for (pattern, id) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a*c", "abd"),
            ("a?", "abc"),
            ("*b*b*b", "abab"),
        ] {
            assert!(!fits(pattern.as_bytes(), id.as_bytes()), "{pattern} {id}");
        }
    }
}
