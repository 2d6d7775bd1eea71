//! What is to be written to a store later: the newest record of each key, in the order in which keys came.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use hashbrown::HashMap;

use super::{Key, Record, Span};

/// A queue that holds each key once.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    waiting: HashMap<Key, Record>,
    order: VecDeque<(Instant, Key)>,
    /// What was taken and is being written: a read must find it until it is.
    leaving: HashMap<Key, Record>,
    coalesced: u64,
    refused: u64,
}

impl Behind {
    /// Takes a record; whether there was room. An older one of the same key is written no more, a newer one
    /// stays.
    pub(crate) fn push(&mut self, now: Instant, key: &Key, record: Record) -> bool {
        if let Some(waiting) = self.waiting.get_mut(key) {
            if record.version.may_replace(&waiting.version) {
                *waiting = record;
            }
            self.coalesced += 1;
            return true;
        }
        if !self.has_room(key) {
            self.refused += 1;
            return false;
        }
        self.waiting.insert(key.clone(), record);
        self.order.push_back((now, key.clone()));
        true
    }

    /// Whether there is room for this key.
    pub(crate) fn has_room(&self, key: &Key) -> bool {
        self.waiting.contains_key(key) || self.waiting.len() + self.leaving.len() < WAITING_MAX
    }

    /// What the last process left waits again, however much that is.
    pub(crate) fn restore(&mut self, now: Instant, left: Vec<(Key, Record)>) {
        for (key, record) in left {
            self.order.push_back((now, key.clone()));
            self.waiting.insert(key, record);
        }
    }

    /// All that is not in the store yet.
    pub(crate) fn all(&self) -> Vec<(Key, Record)> {
        let all = self.leaving.iter().chain(&self.waiting);
        all.map(|(key, record)| (key.clone(), record.clone()))
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.leaving.is_empty()
    }

    /// What is on its way to the store under this key.
    pub(crate) fn record(&self, key: &Key) -> Option<&Record> {
        match (self.waiting.get(key), self.leaving.get(key)) {
            (Some(waiting), Some(leaving)) if !waiting.version.may_replace(&leaving.version) => {
                Some(leaving)
            }
            (waiting, leaving) => waiting.or(leaving),
        }
    }

    /// When a batch is due; at no time while one is under way.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.leaving.is_empty() {
            return None;
        }
        let (since, _) = self.order.front()?;
        let is_full = self.order.len() >= BATCH_MAX;
        Some(if is_full { *since } else { *since + BATCH_WAIT })
    }

    /// A batch that is due, oldest first; everything, where nobody wants to wait. Tell by
    /// [`settle`](Self::settle) how it went before the next.
    pub(crate) fn take(&mut self, now: Instant, at_once: bool) -> Vec<(Key, Record)> {
        let is_due = at_once || self.deadline().is_some_and(|deadline| deadline <= now);
        if !is_due || !self.leaving.is_empty() {
            return Vec::new();
        }
        while self.leaving.len() < BATCH_MAX {
            let Some((_, key)) = self.order.pop_front() else {
                break;
            };
            if let Some(record) = self.waiting.remove(&key) {
                self.leaving.insert(key, record);
            }
        }
        let batch = self.leaving.iter();
        batch
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect()
    }

    /// What was taken is written; or it is not, and waits again, unless a newer one of its key came meanwhile.
    pub(crate) fn settle(&mut self, now: Instant, is_written: bool) {
        for (key, record) in self.leaving.drain() {
            if is_written {
                continue;
            }
            match self.waiting.get_mut(&key) {
                Some(newer) if !record.version.may_replace(&newer.version) => {}
                Some(older) => *older = record,
                None => {
                    self.waiting.insert(key.clone(), record);
                    self.order.push_front((now, key));
                }
            }
        }
    }

    /// What waits of these keys waits no more.
    pub(crate) fn forget(&mut self, span: &Span) {
        self.waiting.retain(|key, _| !span.has(key));
        self.order.retain(|(_, key)| !span.has(key));
    }

    pub(crate) fn stats(&self) -> BehindStats {
        BehindStats {
            waiting: self.waiting.len() + self.leaving.len(),
            coalesced: self.coalesced,
            refused: self.refused,
        }
    }
}

/// What a store has not been given yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BehindStats {
    /// Records that wait to be written.
    pub waiting: usize,
    /// Records that were never written, since a newer one of their key came before.
    pub coalesced: u64,
    /// Records for which there was no room, whose writers waited for the store themselves.
    pub refused: u64,
}

/// How many records wait at most. With a kilobyte each, 64 MB.
const WAITING_MAX: usize = 65_536;

/// How many go at once: a statement of a database takes so many rows well.
const BATCH_MAX: usize = 512;

/// How long the first waits for more.
const BATCH_WAIT: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiers::{Body, FOREVER_MS, Space, Version};

    #[test]
    fn the_newest_of_a_key_is_written_once_and_found_until_then() {
        let (mut behind, now) = (Behind::default(), beginning());
        assert!(behind.push(now, &key(1), record(1)));
        assert!(behind.push(now, &key(1), record(3)));
        assert!(
            behind.push(now, &key(1), record(2)),
            "an older one changes nothing"
        );
        assert_eq!(behind.take(now, false), [], "it waits for more");
        assert_eq!(behind.take(now + BATCH_WAIT, false), [(key(1), record(3))]);
        assert_eq!(
            behind.record(&key(1)),
            Some(&record(3)),
            "while it is written"
        );
        behind.settle(now, true);
        assert_eq!(behind.record(&key(1)), None);
        assert_eq!(behind.stats().coalesced, 2);
    }

    #[test]
    fn what_could_not_be_written_waits_on_unless_a_newer_one_came() {
        let (mut behind, now) = (Behind::default(), beginning());
        behind.push(now, &key(1), record(1));
        behind.push(now, &key(2), record(2));
        assert_eq!(behind.take(now, true).len(), 2);
        behind.push(now, &key(1), record(9));
        assert_eq!(behind.take(now, true), [], "one batch at a time");
        assert_eq!(behind.deadline(), None, "nor is one due");
        behind.settle(now, false);
        let mut batch = behind.take(now, true);
        batch.sort_by_key(|(key, _)| key.clone());
        assert_eq!(batch, [(key(1), record(9)), (key(2), record(2))]);
    }

    #[test]
    fn it_takes_no_more_than_its_bound() {
        let (mut behind, now) = (Behind::default(), beginning());
        let all = (0..100_000).filter(|id| behind.push(now, &key(*id), record(1)));
        assert_eq!(all.count(), WAITING_MAX);
        assert_eq!(behind.take(now, false).len(), BATCH_MAX);
    }

    fn key(id: u32) -> Key {
        let space = Space::new("settings", 1).unwrap();
        Key::new(&space, 0, id.to_be_bytes()).unwrap()
    }

    fn record(sequence: u64) -> Record {
        Record {
            version: Version {
                source: 1,
                epoch: 1,
                sequence,
            },
            body: Body::Absent,
            soft_ms: FOREVER_MS,
            hard_ms: FOREVER_MS,
            lent_ms: FOREVER_MS,
            tags: Vec::new(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
    fn beginning() -> Instant {
        Instant::now()
    }
}
