//! What the next process is told of the keys that are read most, as bytes.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::heat::Hours;
use crate::tiers::{ID_BYTES_MAX, Key, Space};

/// All of it.
pub(super) struct List {
    pub(super) saved_ms: u64,
    /// For how many minutes things stay in memory.
    pub(super) stays: f32,
    /// At most [`KEYS_MAX`].
    pub(super) keys: Vec<Left>,
}

/// What is known of a key.
pub(super) struct Left {
    pub(super) key: Key,
    /// Reads a minute.
    pub(super) rate: f32,
    pub(super) hours: Hours,
}

impl List {
    pub(super) fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(FORM);
        out.put_u64(self.saved_ms);
        out.put_f32(self.stays);
        for left in self.keys.iter().take(KEYS_MAX) {
            let id = left.key.id();
            // Of ID_BYTES_MAX at most.
            let length = u16::try_from(id.len()).unwrap_or_default();
            out.put_u64(left.key.scope());
            out.put_u16(length);
            out.put_slice(id);
            out.put_f32(left.rate);
            out.put_slice(&left.hours);
        }
        out.freeze()
    }

    /// What these bytes say, as far as they can be read.
    pub(super) fn from_bytes(space: &Space, mut bytes: &[u8]) -> Option<Self> {
        if bytes.try_get_u8().ok()? != FORM {
            return None;
        }
        let saved_ms = bytes.try_get_u64().ok()?;
        // What is no number is nothing.
        let stays = bytes.try_get_f32().ok()?.max(0.0);
        let mut keys = Vec::new();
        while keys.len() < KEYS_MAX
            && let Some(entry) = entry(space, &mut bytes)
        {
            keys.push(entry);
        }
        Some(Self {
            saved_ms,
            stays,
            keys,
        })
    }
}

fn entry(space: &Space, rest: &mut &[u8]) -> Option<Left> {
    let scope = rest.try_get_u64().ok()?;
    let length = usize::from(rest.try_get_u16().ok()?);
    let (id, after) = rest.split_at_checked(length.min(ID_BYTES_MAX))?;
    *rest = after;
    let rate = rest.try_get_f32().ok()?;
    let (hours, after) = rest.split_first_chunk()?;
    *rest = after;
    let rate = if rate.is_finite() { rate.max(0.0) } else { 0.0 };
    Some(Left {
        key: Key::new(space, scope, id).ok()?,
        rate,
        hours: *hours,
    })
}

/// How many keys the next process is told of: with ids of a snowflake 46 KB, read once and written each few minutes.
pub(super) const KEYS_MAX: usize = 1_024;

/// Changes with the form.
const FORM: u8 = 1;

#[cfg(test)]
mod tests {
    use super::{super::heat::Heat, *};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_list_is_read_as_it_was_written(ids in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..200), 0..20), now_ms: u64) {
            let space = Space::new("bread", 1).unwrap();
            let mut heat = Heat::new(1_024, 0);
            for id in &ids {
                heat.restore(&Key::new(&space, 7, id).unwrap(), 1.5, [3; 24]);
            }
            let list = List { saved_ms: now_ms, stays: 7.5, keys: heat.best(KEYS_MAX) };
            let read = List::from_bytes(&space, &list.to_bytes()).unwrap();
            prop_assert_eq!((read.saved_ms, read.stays.to_bits()), (now_ms, 7.5_f32.to_bits()));
            prop_assert_eq!(read.keys.len(), ids.len());
            for Left { key, rate, hours } in read.keys {
                prop_assert!(ids.contains(key.id()));
                prop_assert_eq!((rate.to_bits(), hours), (1.5_f32.to_bits(), [3; 24]));
            }
        }

        #[test]
        fn whatever_the_bytes_are_nothing_breaks(bytes: Vec<u8>) {
            let space = Space::new("bread", 1).unwrap();
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = FORM;
            }
            if let Some(read) = List::from_bytes(&space, &bytes) {
                prop_assert!(read.keys.len() <= bytes.len() / 38 && read.stays >= 0.0);
                prop_assert!(read.keys.iter().all(|left| left.rate >= 0.0));
            }
        }
    }
}
