//! Entries as bytes, for a log that keeps bytes.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{Span, Told};
use crate::tiers::{Key, Space, Tag, Version};

/// Its bytes in a log that keeps bytes. A script writes the first two kinds as well; see `store/redis/scripts.rs`.
pub(in crate::tiers::store) fn to_bytes(told: &Told) -> Bytes {
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
pub(in crate::tiers::store) fn from_bytes(bytes: &[u8]) -> Option<Told> {
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
pub(in crate::tiers::store) fn key(place: &[u8]) -> Option<Key> {
    let (space, scope, id) = parts(place)?;
    Key::new(&space, scope.parse().ok()?, id).ok()
}

fn parts(place: &[u8]) -> Option<(Space, &str, &[u8])> {
    let mut parts = place.splitn(3, |byte| *byte == b':');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let space = Space::parse(text()?).ok()?;
    let scope = text()?;
    Some((space, scope, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
