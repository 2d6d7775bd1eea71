//! Many small records by their ids, in no order, each found in one step.

use super::{Ends, Page, Run, compose, length_bytes};
use std::slice;

/// Records of bytes, spread over bins by what is mixed from their ids.
///
/// A bin is a page as on a [shelf](super::Shelf), an allocation of exactly its size. There are as many as give
/// `BIN_BYTES` to each on average: with more bytes one bin is parted in two, with half as many two become one,
/// each in its turn (linear hashing). So nothing is ever spread anew as a whole, and a bin that is not parted
/// yet is longer for a while and wastes nothing.
#[derive(Debug, Default)]
pub(crate) struct Bins {
    bins: Vec<Box<[u8]>>,
    /// The bytes of all bins.
    page_bytes: usize,
    count: usize,
}

impl Bins {
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The bytes that they hold on the heap, as they asked the allocator for them.
    pub(crate) const fn bytes(&self) -> usize {
        self.page_bytes + self.bins.capacity() * size_of::<Box<[u8]>>()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&[u8]> {
        let page = Page::of(self.bins.get(self.bin(id))?);
        Some(page.record(page.find(id).ok()?))
    }

    /// The record to be changed in place: its length stays.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut [u8]> {
        let at = self.bin(id);
        let bytes = self.bins.get_mut(at)?;
        let page = Page::of(bytes);
        let place = page.place(page.find(id).ok()?);
        bytes.get_mut(place)
    }

    /// Puts a record there, in place of one with this id.
    pub(crate) fn put(&mut self, id: u64, record: &[u8]) {
        if self.bins.is_empty() {
            self.bins = vec![Box::default()];
        }
        let at = self.bin(id);
        let (head, end) = (id.to_le_bytes(), length_bytes(record));
        let new = Page {
            ids: slice::from_ref(&head),
            ends: Ends::Wide(slice::from_ref(&end)),
            records: record,
        };
        let Some(page) = self.bins.get(at).map(|bin| Page::of(bin)) else {
            return;
        };
        let replaced = match page.find(id) {
            Ok(found) => found..found + 1,
            Err(place) => {
                self.count += 1;
                place..place
            }
        };
        let before = page.run(0..replaced.start);
        let after = page.run(replaced.end..page.len());
        let whole = compose(&[before, new.all(), after]);
        self.set(at, whole);
        while self.page_bytes > self.bins.len() * BIN_BYTES {
            self.part();
        }
    }

    pub(crate) fn remove(&mut self, id: u64) {
        let at = self.bin(id);
        let Some(page) = self.bins.get(at).map(|bin| Page::of(bin)) else {
            return;
        };
        let Ok(found) = page.find(id) else {
            return;
        };
        let left = match page.len() {
            1 => Box::default(),
            all => compose(&[page.run(0..found), page.run(found + 1..all)]),
        };
        self.count -= 1;
        self.set(at, left);
        while self.bins.len() > 1 && self.page_bytes < self.bins.len() * BIN_BYTES / 2 {
            self.join();
        }
        if self.count == 0 {
            self.bins = Vec::new();
        }
    }

    /// The bin in which an id stands or would stand: of those that a power of two has, or of half as many where
    /// there are not that many yet.
    fn bin(&self, id: u64) -> usize {
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32;
        let mask = self.bins.len().next_power_of_two() - 1;
        let at = usize::try_from(mixed).unwrap_or_default() & mask;
        if at < self.bins.len() {
            at
        } else {
            at & (mask >> 1)
        }
    }

    /// One bin more, with part of what stands in the one before whose turn it is.
    fn part(&mut self) {
        let new = self.bins.len();
        if new == self.bins.capacity() {
            self.bins.reserve_exact(new / GROWTH + 1);
        }
        self.bins.push(Box::default());
        let at = twin(new);
        let old = self.take(at);
        let page = Page::of(&old);
        let (mut stay, mut go) = (Vec::new(), Vec::new());
        for place in 0..page.len() {
            let goes = self.bin(page.id(place)) == new;
            let side = if goes { &mut go } else { &mut stay };
            side.push(page.run(place..place + 1));
        }
        self.set(at, page_of(&stay));
        self.set(new, page_of(&go));
    }

    /// The last bin goes into the one from which it was parted.
    fn join(&mut self) {
        let last = self.bins.len() - 1;
        let at = twin(last);
        let (upper, lower) = (self.take(last), self.take(at));
        self.bins.pop();
        let mut runs: Vec<(u64, Run<'_>)> = Vec::new();
        for page in [Page::of(&lower), Page::of(&upper)] {
            let places = 0..page.len();
            runs.extend(places.map(|place| (page.id(place), page.run(place..place + 1))));
        }
        runs.sort_unstable_by_key(|(id, _)| *id);
        let runs: Vec<_> = runs.into_iter().map(|(_, run)| run).collect();
        self.set(at, page_of(&runs));
        if self.bins.len() < self.bins.capacity() / 2 {
            self.bins.shrink_to_fit();
        }
    }

    fn take(&mut self, at: usize) -> Box<[u8]> {
        let bin = self.bins.get_mut(at).map(std::mem::take);
        let bin = bin.unwrap_or_default();
        self.page_bytes -= bin.len();
        bin
    }

    fn set(&mut self, at: usize, page: Box<[u8]>) {
        if let Some(bin) = self.bins.get_mut(at) {
            self.page_bytes = self.page_bytes - bin.len() + page.len();
            *bin = page;
        }
    }
}

/// The bin from which this one was parted: without its highest bit. The first has none.
const fn twin(bin: usize) -> usize {
    match bin.checked_ilog2() {
        Some(bit) => bin ^ (1 << bit),
        None => 0,
    }
}

/// An empty bin takes nothing.
fn page_of(runs: &[Run<'_>]) -> Box<[u8]> {
    if runs.is_empty() {
        Box::default()
    } else {
        compose(runs)
    }
}

/// Four lines of a processor's cache.
const BIN_BYTES: usize = 256;

/// The part by which the list of bins grows.
const GROWTH: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_take_little_beside_themselves() {
        let mut bins = Bins::default();
        for id in 1..=10_000_u64 {
            bins.put(id << 22, &[7; 53]);
        }
        assert!(bins.bytes() <= 10_000 * (53 + 10 + 8), "{}", bins.bytes());
        let longest = bins.bins.iter().map(|bin| bin.len()).max();
        assert!(longest <= Some(1_600), "{longest:?}");
        for id in 1..=10_000_u64 {
            bins.remove(id << 22);
        }
        assert_eq!((bins.len(), bins.bytes()), (0, 0));
    }

    proptest! {
        #[test]
        fn they_are_a_map(steps in prop::collection::vec((any::<bool>(), 0_u64..300, 0_usize..90), 0..600)) {
            let mut bins = Bins::default();
            let mut map = BTreeMap::new();
            for (number, (puts, id, length)) in steps.into_iter().enumerate() {
                let record = vec![u8::try_from(number % 251).unwrap(); length];
                if puts || length % 3 == 0 {
                    bins.put(id, &record);
                    map.insert(id, record);
                } else {
                    bins.remove(id);
                    map.remove(&id);
                }
                if let Some(record) = bins.get_mut(id) {
                    record.fill(9);
                }
                map.entry(id).and_modify(|record| record.fill(9));
                prop_assert_eq!(bins.get(id), map.get(&id).map(|record| &**record));
                prop_assert_eq!(bins.len(), map.len());
            }
            for id in 0..300 {
                prop_assert_eq!(bins.get(id), map.get(&id).map(|record| &**record));
            }
            prop_assert_eq!(bins.page_bytes, bins.bins.iter().map(|bin| bin.len()).sum::<usize>());
        }
    }
}
