//! Reads made up for a purpose, and what is foretold of them.

use super::*;
use std::collections::HashSet;

#[test]
fn what_was_read_together_twice_is_foretold() {
    let mut reads = Reads::new(1_024);
    for _ in 0..3 {
        reads.all(&[1, 2, 3]);
        // Something else in between, so that nothing but 1 leads to 2.
        reads.strangers(8);
    }
    assert_eq!(reads.foretold_by(1), HashSet::from([2, 3]));
}

#[test]
fn what_followed_once_is_not() {
    let mut reads = Reads::new(1_024);
    reads.all(&[1, 2]);
    reads.strangers(8);
    assert_eq!(reads.foretold_by(1), HashSet::new());
}

#[test]
fn a_new_habit_replaces_the_old_one() {
    let mut reads = Reads::new(1_024);
    for _ in 0..200 {
        reads.all(&[1, 2]);
        reads.strangers(4);
    }
    for _ in 0..600 {
        reads.all(&[1, 3]);
        reads.strangers(4);
    }
    assert_eq!(reads.foretold_by(1), HashSet::from([3]));
}

#[test]
fn a_source_that_is_wrong_falls_silent_and_the_others_do_not() {
    let mut reads = Reads::new(1_024);
    for _ in 0..3 {
        reads.all(&[1, 2]);
        reads.strangers(4);
        reads.all(&[10, 20]);
        reads.strangers(4);
    }
    let source = reads.sources_of(1);
    for _ in 0..4 {
        reads.model.settle(source, false);
    }
    assert_eq!(reads.foretold_by(1), HashSet::new());
    reads.strangers(4);
    assert_eq!(reads.foretold_by(10), HashSet::from([20]));
}

#[test]
fn a_model_that_does_not_pay_only_probes_until_it_pays_again() {
    let mut reads = Reads::new(1_024);
    let source = reads.sources_of(1);
    for _ in 0..200 {
        reads.model.settle(source, false);
    }
    assert!(!reads.model.stats().is_open);
    let allowed = (0..640).filter(|_| reads.model.pays()).count();
    assert_eq!(allowed, 10, "one in 64");
    for _ in 0..200 {
        reads.model.settle(source, true);
    }
    assert!(reads.model.stats().is_open);
    assert!((0..640).all(|_| reads.model.pays()));
}

#[test]
fn what_chance_foretells_is_hardly_ever_fetched() {
    let mut reads = Reads::new(4_096);
    let mut fetched = 0;
    for _ in 0..50_000 {
        let key = reads.dice() % 1_000;
        for foretold in reads.read(key) {
            if reads.model.pays() {
                fetched += 1;
                // One in two hundred is read in time by chance.
                let was_used = reads.dice().is_multiple_of(200);
                reads.model.settle(foretold.source, was_used);
            }
        }
    }
    assert!(fetched < 500, "{fetched} at 50,000 reads by chance");
}

#[test]
fn the_table_stays_within_its_bound_and_the_frequent_stay_in_it() {
    let mut reads = Reads::new(64);
    for _ in 0..200 {
        reads.all(&[1, 2]);
        reads.strangers(30);
    }
    assert!(reads.model.stats().sources <= 64);
    assert_eq!(reads.foretold_by(1), HashSet::from([2]));
}

#[test]
fn a_replaced_source_is_told_nothing_and_foretells_nothing() {
    let mut reads = Reads::new(8);
    for _ in 0..3 {
        reads.all(&[1, 2]);
    }
    let source = reads.sources_of(1);
    reads.strangers(1_000);
    assert_eq!(reads.model.slot(source).map(|slot| slot.key), None);
    reads.model.settle(source, true);
    assert_eq!(reads.model.stats().used, 1);
}

#[test]
fn a_source_is_a_number_beside_a_value_and_back() {
    let source = Source {
        slot: 0xFEDC_BA98,
        generation: 0x7654,
    };
    assert_eq!(Source::from_bits(source.to_bits()), Some(source));
    assert_eq!(Source::from_bits(0), None);
}

/// A model, and a source of keys that are never read twice.
struct Reads {
    model: Foretelling<u64>,
    stranger: u64,
    dice: u64,
}

impl Reads {
    fn new(sources: usize) -> Self {
        Self {
            model: Foretelling::new(sources),
            stranger: 1 << 32,
            dice: 0x2545_F491_4F6C_DD1D,
        }
    }

    fn read(&mut self, key: u64) -> Vec<Foretold<u64>> {
        let mut foretold = Vec::new();
        self.model.read(&key, key, &mut foretold);
        foretold
    }

    fn all(&mut self, keys: &[u64]) {
        for &key in keys {
            self.read(key);
        }
    }

    fn strangers(&mut self, count: u64) {
        for _ in 0..count {
            self.stranger += 1;
            self.read(self.stranger);
        }
    }

    fn foretold_by(&mut self, key: u64) -> HashSet<u64> {
        self.read(key).into_iter().map(|one| one.key).collect()
    }

    fn sources_of(&mut self, key: u64) -> Source {
        self.model.seat(&key, key)
    }

    fn dice(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }
}
