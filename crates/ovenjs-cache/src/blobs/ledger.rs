//! What is kept, and who goes where there is no room.

use std::collections::{BTreeMap, HashMap};

use super::Hash;

/// The blobs of a store in the order in which they were last read, and how many bytes they are. Pure: it is told.
#[derive(Debug)]
pub(super) struct Ledger {
    bound: u64,
    bytes: u64,
    turn: u64,
    known: HashMap<Hash, Entry>,
    order: BTreeMap<u64, Hash>,
}

#[derive(Debug)]
struct Entry {
    turn: u64,
    weight: u64,
}

impl Ledger {
    pub(super) fn new(bound: u64) -> Self {
        Self {
            bound,
            bytes: 0,
            turn: 0,
            known: HashMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// This one was written or read.
    pub(super) fn touch(&mut self, hash: Hash, bytes: u64) {
        self.forget(&hash);
        self.turn += 1;
        let weight = bytes.max(WEIGHT_MIN);
        let turn = self.turn;
        self.bytes = self.bytes.saturating_add(weight);
        self.order.insert(turn, hash);
        self.known.insert(hash, Entry { turn, weight });
    }

    /// This one was there before anything was read.
    pub(super) fn found(&mut self, hash: Hash, bytes: u64) {
        if !self.known.contains_key(&hash) {
            self.touch(hash, bytes);
        }
    }

    pub(super) fn forget(&mut self, hash: &Hash) {
        if let Some(entry) = self.known.remove(hash) {
            self.order.remove(&entry.turn);
            self.bytes -= entry.weight;
        }
    }

    /// The one that has to go: the oldest, while there is more than there may be. It counts until it is
    /// [forgotten](Self::forget).
    pub(super) fn over(&self) -> Option<Hash> {
        let oldest = self.order.first_key_value().map(|(_, hash)| *hash);
        oldest.filter(|_| self.bytes > self.bound)
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

/// What a blob counts for at least: a block of a disk, which bounds the number of blobs, and with it this list.
pub(super) const WEIGHT_MIN: u64 = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_read_longest_ago_goes_first_and_no_more_go_than_have_to() {
        let mut ledger = Ledger::new(30_000);
        let hash = |number| [number; 32];
        for number in 0..3 {
            ledger.touch(hash(number), 10_000);
            assert_eq!(ledger.over(), None);
        }
        ledger.touch(hash(0), 10_000);
        assert_eq!(
            (ledger.bytes(), ledger.len()),
            (30_000, 3),
            "read twice, counted once"
        );
        ledger.touch(hash(3), 12_000);
        for gone in [1, 2] {
            assert_eq!(ledger.over(), Some(hash(gone)));
            assert_eq!(ledger.over(), Some(hash(gone)), "until it is gone");
            ledger.forget(&hash(gone));
        }
        assert_eq!(ledger.over(), None);
        assert_eq!((ledger.bytes(), ledger.len()), (22_000, 2));
        ledger.found(hash(0), 10_000);
        ledger.touch(hash(4), 9_000);
        assert_eq!(
            ledger.over(),
            Some(hash(0)),
            "to be found is not to be read"
        );
    }

    #[test]
    fn small_ones_have_a_bound_too() {
        let mut ledger = Ledger::new(1 << 20);
        for number in 0..10_000_u32 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            ledger.touch(hash, 1);
            while let Some(gone) = ledger.over() {
                ledger.forget(&gone);
            }
        }
        assert_eq!(ledger.len(), 256);
    }
}
