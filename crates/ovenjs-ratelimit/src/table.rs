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
