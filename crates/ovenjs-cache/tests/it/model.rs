//! Any store beside the one in memory: the same calls, the same answers.

use std::{collections::BTreeMap, time::Duration};

use ovenjs_cache::tiers::{
    Body, FOREVER_MS, Key, Memory, Record, Space, Span, Store, Tag, Version,
};

use crate::rooms::NOW;

/// Plays some calls that the seed chooses.
pub(crate) async fn the_same(store: &dyn Store, seed: u64) {
    let model = Memory::new(10_000);
    let mut dice = Dice(seed);
    let mut now_ms = NOW;
    for step in 0..60 {
        let what = format!("seed {seed}, step {step}");
        match dice.of(10) {
            0..4 => {
                let entries: Vec<_> = (0..dice.of(6))
                    .map(|_| (dice.key(), dice.record(now_ms)))
                    .collect();
                let written = store.write(now_ms, &entries).await.unwrap();
                assert_eq!(
                    written,
                    model.write(now_ms, &entries).await.unwrap(),
                    "{what}: {entries:?}"
                );
            }
            4 | 5 => {
                let keys: Vec<_> = (0..dice.of(6)).map(|_| dice.key()).collect();
                let found = store.read(now_ms, &keys).await.unwrap();
                assert_eq!(
                    found,
                    model.read(now_ms, &keys).await.unwrap(),
                    "{what}: {keys:?}"
                );
            }
            6 => {
                let span = dice.span();
                assert_eq!(
                    all(store, now_ms, &span).await,
                    all(&model, now_ms, &span).await,
                    "{what}"
                );
            }
            7 => {
                let tags: Vec<_> = (0..dice.of(4)).map(|_| dice.tag()).collect();
                let bumped = store.bump(now_ms, &tags).await.unwrap();
                assert_eq!(bumped, model.bump(now_ms, &tags).await.unwrap(), "{what}");
                let tags = [dice.tag(), dice.tag()];
                let found = store.generations(now_ms, &tags).await.unwrap();
                assert_eq!(
                    found,
                    model.generations(now_ms, &tags).await.unwrap(),
                    "{what}"
                );
            }
            8 => {
                let (key, holder) = (dice.key(), dice.of(3));
                if dice.of(3) == 0 {
                    store.release(&key, holder).await.unwrap();
                    model.release(&key, holder).await.unwrap();
                }
                let lifetime = Duration::from_millis(60_000 + dice.of(3));
                let held = store.claim(now_ms, &key, holder, lifetime).await.unwrap();
                assert_eq!(
                    held,
                    model.claim(now_ms, &key, holder, lifetime).await.unwrap(),
                    "{what}"
                );
            }
            _ => {
                // Minutes, so that a server which counts time itself has not come to an end meanwhile.
                now_ms += 60_000 * dice.of(3);
                store.sweep(now_ms, 100).await.unwrap();
                model.sweep(now_ms, 100).await.unwrap();
                if dice.of(8) == 0 {
                    let span = dice.span();
                    store.erase(&span).await.unwrap();
                    model.erase(&span).await.unwrap();
                }
            }
        }
    }
    assert_eq!(store.damaged(), 0);
}

async fn all(store: &dyn Store, now_ms: u64, span: &Span) -> BTreeMap<Key, Record> {
    let mut found = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.scan(now_ms, span, after.as_ref(), 100).await.unwrap();
        found.extend(page.records);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// SplitMix64: the same for a seed, on every machine.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn key(&mut self) -> Key {
        Key::new(&self.space(), self.of(2), self.of(4).to_string()).unwrap()
    }

    fn space(&mut self) -> Space {
        Space::new(["bread", "rolls"][usize::from(self.of(4) == 0)], 1).unwrap()
    }

    fn span(&mut self) -> Span {
        let scope = [None, Some(0), Some(1)][usize::try_from(self.of(3)).unwrap()];
        Span {
            space: self.space(),
            scope,
        }
    }

    fn tag(&mut self) -> Tag {
        Tag::new(&format!("tag {}", self.of(3))).unwrap()
    }

    fn record(&mut self, now_ms: u64) -> Record {
        let source = u32::try_from(self.of(3)).unwrap();
        let version = Version {
            source,
            epoch: self.of(3),
            sequence: self.of(1 << 20),
        };
        let body = match self.of(4) {
            0 => Body::Gone,
            1 => Body::Absent,
            _ => Body::Value(self.of(1_000_000).to_string().into()),
        };
        let hard_ms = match self.of(5) {
            0 => now_ms,
            1 => now_ms + 60_000,
            2 => now_ms + 120_000,
            _ => FOREVER_MS,
        };
        let tags = (0..self.of(3)).map(|_| (self.tag(), self.of(9))).collect();
        Record {
            version,
            body,
            soft_ms: now_ms,
            hard_ms,
            lent_ms: hard_ms,
            tags,
        }
    }
}
