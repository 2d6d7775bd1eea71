//! The port to what tells other processes of each write.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{Asked, Span};
use crate::tiers::{Key, Space, Tag, Version};

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

/// Its bytes in a log that keeps bytes. A script writes the first two kinds as well; see `store/redis.rs`.
pub(super) fn to_bytes(told: &Told) -> Bytes {
    let mut out = BytesMut::new();
    match told {
        Told::Written {
            key,
            version,
            hard_ms,
        } => {
            out.put_u8(b'w');
            out.put_u32(version.source);
            out.put_u64(version.epoch);
            out.put_u64(version.sequence);
            out.put_u64(*hard_ms);
            out.put_slice(format!("{}:{}:", key.space().as_str(), key.scope()).as_bytes());
            out.put_slice(key.id());
        }
        Told::Bumped { tag, generation } => {
            out.put_u8(b't');
            out.put_slice(format!("{generation}:{}", tag.as_str()).as_bytes());
        }
        Told::Erased { span, pattern, by } => {
            out.put_u8(if pattern.is_some() { b'p' } else { b'e' });
            out.put_u64(*by);
            let scope = span.scope.map(|scope| scope.to_string());
            let scope = scope.unwrap_or_default();
            out.put_slice(format!("{}:{scope}:", span.space.as_str()).as_bytes());
            out.put_slice(pattern.as_deref().unwrap_or_default());
        }
    }
    out.freeze()
}

/// What [`to_bytes`] wrote; nothing where it is another's.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Told> {
    let (kind, rest) = bytes.split_first()?;
    match kind {
        b'w' => {
            let (source, rest) = rest.split_first_chunk()?;
            let (epoch, rest) = rest.split_first_chunk()?;
            let (sequence, rest) = rest.split_first_chunk()?;
            let (hard_ms, place) = rest.split_first_chunk()?;
            let version = Version {
                source: u32::from_be_bytes(*source),
                epoch: u64::from_be_bytes(*epoch),
                sequence: u64::from_be_bytes(*sequence),
            };
            Some(Told::Written {
                key: key(place)?,
                version,
                hard_ms: u64::from_be_bytes(*hard_ms),
            })
        }
        b't' => {
            let text = std::str::from_utf8(rest).ok()?;
            let (generation, tag) = text.split_once(':')?;
            Some(Told::Bumped {
                tag: Tag::new(tag).ok()?,
                generation: generation.parse().ok()?,
            })
        }
        b'e' | b'p' => {
            let (by, place) = rest.split_first_chunk()?;
            let (space, scope, pattern) = parts(place)?;
            let scope = match scope {
                "" => None,
                scope => Some(scope.parse().ok()?),
            };
            Some(Told::Erased {
                span: Span { space, scope },
                pattern: (*kind == b'p').then(|| Bytes::copy_from_slice(pattern)),
                by: u64::from_be_bytes(*by),
            })
        }
        _ => None,
    }
}

/// The key that is written `space:scope:id`.
pub(super) fn key(place: &[u8]) -> Option<Key> {
    let (space, scope, id) = parts(place)?;
    Key::new(&space, scope.parse().ok()?, id.to_vec()).ok()
}

fn parts(place: &[u8]) -> Option<(Space, &str, &[u8])> {
    let mut parts = place.splitn(3, |byte| *byte == b':');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let space = Space::parse(text()?).ok()?;
    let scope = text()?;
    Some((space, scope, parts.next()?))
}

/// How many entries a log keeps: what a busy bot of a thousand writes a second makes in a minute and a half, longer
/// than a server needs to restart. At some hundred bytes each, 10 MB.
pub(super) const LOG_KEPT: usize = 100_000;

/// How many are heard at once.
pub(super) const HEARD_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn what_is_told_is_heard(scope: Option<u64>, id in prop::collection::vec(any::<u8>(), 0..40), a: u64, b: u64, tag in "[a-z:]{1,9}") {
            let space = Space::new("bread", 3).unwrap();
            let version = Version { source: 7, epoch: a, sequence: b };
            let key = Key::new(&space, a, id.clone()).unwrap();
            let span = Span { space, scope };
            for told in [
                Told::Written { key, version, hard_ms: b },
                Told::Bumped { tag: Tag::new(&tag).unwrap(), generation: a },
                Told::Erased { span: span.clone(), pattern: None, by: b },
                Told::Erased { span, pattern: Some(id.into()), by: b },
            ] {
                prop_assert_eq!(from_bytes(&to_bytes(&told)), Some(told));
            }
        }

        #[test]
        fn foreign_entries_do_no_harm(kind in prop::sample::select(b"wtepx".to_vec()), rest: Vec<u8>) {
            let bytes = [vec![kind], rest].concat();
            if let Some(told) = from_bytes(&bytes) {
                prop_assert_eq!(from_bytes(&to_bytes(&told)), Some(told));
            }
        }
    }
}
