//! All buckets, each in a place of its own that stays where it is.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{Major, bucket::Bucket, clock::Local, facts::Hints};

/// The buckets by route and resource. A place is a number that stays valid while permits are out.
///
/// Buckets lie in blocks which never move, so that a million of them cost what they hold and no more:
/// the index beside them has four bytes for each.
#[derive(Debug, Default)]
pub(crate) struct Table {
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    blocks: Vec<Vec<Entry>>,
    /// Places that were left.
    free: Vec<u32>,
    /// Where the search for a bucket to forget goes on.
    hand: u32,
}

#[derive(Debug)]
struct Entry {
    template: u32,
    is_used: bool,
    major: Major,
    bucket: Bucket,
}

/// Entries of one block.
const BLOCK: usize = 1_024;

/// So many buckets are looked at to find one that can be forgotten.
const SWEEP: u32 = 64;

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, template: u32, major: Major) -> Option<u32> {
        let hash = self.hasher.hash_one((template, major));
        self.index
            .find(hash, |place| self.is_at(*place, template, major))
            .copied()
    }

    /// A new bucket; there must be none yet.
    pub(crate) fn insert(&mut self, template: u32, major: Major, hints: Option<&Hints>) -> u32 {
        let entry = Entry {
            template,
            is_used: true,
            major,
            bucket: Bucket::new(hints),
        };
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(old) = self.entry_mut(place) {
                    *old = entry;
                }
                place
            }
            None => self.push(entry),
        };
        let hash = self.hasher.hash_one((template, major));
        let Self {
            index,
            hasher,
            blocks,
            ..
        } = self;
        index.insert_unique(hash, place, |place| {
            at(blocks, *place).map_or(0, |entry| hasher.hash_one((entry.template, entry.major)))
        });
        place
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Bucket> {
        self.entry_mut(place).map(|entry| &mut entry.bucket)
    }

    pub(crate) fn get(&self, place: u32) -> Option<&Bucket> {
        at(&self.blocks, place).map(|entry| &entry.bucket)
    }

    /// Template, resource and bucket of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Major, &Bucket)> {
        let entries = self.blocks.iter().flatten().filter(|entry| entry.is_used);
        entries.map(|entry| (entry.template, entry.major, &entry.bucket))
    }

    /// Forgets one bucket: an idle one, else the one of a few that would be idle soonest. One with
    /// permits out is never forgotten.
    pub(crate) fn forget_one(&mut self, now: Local) -> bool {
        let all = u32::try_from(self.blocks.iter().map(Vec::len).sum::<usize>()).unwrap_or(0);
        let mut soonest = None;
        for step in 0..all {
            let place = self.hand.checked_rem(all).unwrap_or(0);
            self.hand = place + 1;
            let Some(entry) = at(&self.blocks, place).filter(|entry| entry.is_used) else {
                continue;
            };
            if entry.bucket.is_idle(now) {
                soonest = Some((now, place));
                break;
            }
            if !entry.bucket.is_held() {
                let candidate = (entry.bucket.quiet_at(), place);
                soonest = Some(soonest.map_or(candidate, |best| candidate.min(best)));
            }
            if step >= SWEEP && soonest.is_some() {
                break;
            }
        }
        soonest.is_some_and(|(_, place)| self.remove(place))
    }

    fn remove(&mut self, place: u32) -> bool {
        let Some(entry) = self.entry_mut(place) else {
            return false;
        };
        entry.is_used = false;
        entry.bucket = Bucket::new(None);
        let key = (entry.template, entry.major);
        let hash = self.hasher.hash_one(key);
        if let Ok(found) = self.index.find_entry(hash, |other| *other == place) {
            found.remove();
        }
        self.free.push(place);
        true
    }

    fn push(&mut self, entry: Entry) -> u32 {
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let full = (self.blocks.len() - 1) * BLOCK;
        let Some(block) = self.blocks.last_mut() else {
            return 0;
        };
        let place = full + block.len();
        block.push(entry);
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    fn is_at(&self, place: u32, template: u32, major: Major) -> bool {
        at(&self.blocks, place)
            .is_some_and(|entry| entry.template == template && entry.major == major)
    }

    fn entry_mut(&mut self, place: u32) -> Option<&mut Entry> {
        let place = usize::try_from(place).ok()?;
        self.blocks.get_mut(place / BLOCK)?.get_mut(place % BLOCK)
    }
}

fn at(blocks: &[Vec<Entry>], place: u32) -> Option<&Entry> {
    let place = usize::try_from(place).ok()?;
    blocks.get(place / BLOCK)?.get(place % BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_buckets_take_less_than_two_hundred_megabytes() {
        // Beside each entry the index has four bytes and one, for at most 2^21 places.
        let entries = 1_000_000 * size_of::<Entry>();
        let index = (1 << 21) * 5;
        assert!(entries + index <= 200_000_000, "{}", entries + index);
    }

    #[test]
    fn places_are_used_again_and_what_is_held_stays() {
        let mut table = Table::default();
        let places: Vec<_> = (0..3_000_u64)
            .map(|n| table.insert(0, Major::of(n), None))
            .collect();
        for place in places.iter().skip(2_990) {
            table.get_mut(*place).unwrap().start();
        }
        for _ in 0..2_990 {
            assert!(table.forget_one(1));
        }
        assert!(!table.forget_one(1));
        assert_eq!(table.len(), 10);
        assert_eq!(table.find(0, Major::of(2_999_u64)), places.last().copied());
        assert_eq!(table.find(0, Major::of(1_u64)), None);
        let place = table.insert(0, Major::of(1_u64), None);
        assert!(places.contains(&place));
        assert_eq!(table.find(0, Major::of(1_u64)), Some(place));
        assert_eq!(table.iter().count(), 11);
    }
}
