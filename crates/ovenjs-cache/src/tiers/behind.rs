//! What is to be written to a store later: the newest record of each key, in the order in which keys came.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use hashbrown::{HashMap, HashSet};

use super::{Body, Key, Record, Span};

/// A queue that holds each key once.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    waiting: HashMap<Key, Record>,
    order: VecDeque<(Instant, Key)>,
    /// What was taken and is being written: a read must find it until it is.
    leaving: HashMap<Key, Record>,
    /// Of these what was erased since.
    erased: HashSet<Key>,
    /// What all of it takes.
    bytes: usize,
    coalesced: u64,
    refused: u64,
    too_large: u64,
}

impl Behind {
    /// Takes a record; whether there was room. An older one of the same key is written no more, a newer one
    /// stays.
    pub(crate) fn push(&mut self, now: Instant, key: &Key, record: Record) -> bool {
        if !self.has_room(key, &record) {
            self.refused += 1;
            return false;
        }
        if let Some(waiting) = self.waiting.get_mut(key) {
            if record.version.may_replace(&waiting.version) {
                self.bytes = self.bytes + size(key, &record) - size(key, waiting);
                *waiting = record;
            }
            self.coalesced += 1;
            return true;
        }
        self.enter(key.clone(), record);
        self.order.push_back((now, key.clone()));
        true
    }

    /// Whether there is room for this: also the largest record has, where nothing else waits.
    pub(crate) fn has_room(&self, key: &Key, record: &Record) -> bool {
        let (count, before) = match self.waiting.get(key) {
            Some(waiting) => (0, size(key, waiting)),
            None => (1, 0),
        };
        self.waiting.len() + self.leaving.len() + count <= WAITING_MAX
            && self.bytes - before + size(key, record) <= WAITING_BYTES_MAX
    }

    /// What the last process left waits again, however much that is.
    pub(crate) fn restore(&mut self, now: Instant, left: Vec<(Key, Record)>) {
        for (key, record) in left {
            self.order.push_back((now, key.clone()));
            self.enter(key, record);
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

    /// How it went with each that was taken; one of which nothing is said waits again. Unless a newer one of its key
    /// came meanwhile, or it was erased.
    pub(crate) fn settle(&mut self, now: Instant, ends: &[(Key, End)]) {
        let ends: HashMap<&Key, End> = ends.iter().map(|(key, end)| (key, *end)).collect();
        let erased = std::mem::take(&mut self.erased);
        for (key, record) in std::mem::take(&mut self.leaving) {
            self.bytes -= size(&key, &record);
            let end = ends.get(&key).copied().unwrap_or(End::Waits);
            self.too_large += u64::from(end == End::TooLarge);
            if matches!(end, End::Written | End::TooLarge) || erased.contains(&key) {
                continue;
            }
            match self.waiting.get(&key) {
                Some(newer) if !record.version.may_replace(&newer.version) => continue,
                Some(_) => {}
                // Others need not wait behind what the store did not like.
                None if end == End::Refused => self.order.push_back((now, key.clone())),
                None => self.order.push_front((now, key.clone())),
            }
            self.enter(key, record);
        }
    }

    /// What waits of these keys waits no more, and what is being written does not again.
    pub(crate) fn forget(&mut self, span: &Span) {
        let leaving = self.leaving.keys().filter(|key| span.has(key));
        self.erased.extend(leaving.cloned());
        let bytes = &mut self.bytes;
        self.waiting.retain(|key, record| {
            let is_kept = !span.has(key);
            if !is_kept {
                *bytes -= size(key, record);
            }
            is_kept
        });
        self.order.retain(|(_, key)| !span.has(key));
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len() + self.leaving.len()
    }

    pub(crate) fn stats(&self, now: Instant) -> BehindStats {
        let oldest = self.order.front();
        BehindStats {
            waiting: self.waiting(),
            bytes: self.bytes,
            oldest: oldest.map_or(Duration::ZERO, |(since, _)| {
                now.saturating_duration_since(*since)
            }),
            coalesced: self.coalesced,
            refused: self.refused,
            too_large: self.too_large,
        }
    }

    fn enter(&mut self, key: Key, record: Record) {
        self.bytes += size(&key, &record);
        if let Some(former) = self.waiting.insert(key.clone(), record) {
            self.bytes -= size(&key, &former);
        }
    }
}

/// What became of a record that was taken to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The store has it, or something newer.
    Written,
    /// It will never have it.
    TooLarge,
    /// It waits on, in its turn.
    Waits,
    /// It waits on behind the others, for the store refused it by itself, or its part of the store is away.
    Refused,
}

/// What a record takes while it waits: its bytes, and what holds them.
fn size(key: &Key, record: &Record) -> usize {
    let body = match &record.body {
        Body::Value(bytes) => bytes.len(),
        Body::Gone | Body::Absent => 0,
    };
    body + key.id().len() + WAITING_BYTES
}

/// What a store has not been given yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BehindStats {
    /// Records that wait to be written.
    pub waiting: usize,
    /// What those take, in bytes.
    pub bytes: usize,
    /// For how long the one that is next has waited, since it came or since a write of it failed.
    pub oldest: Duration,
    /// Records that were never written, since a newer one of their key came before.
    pub coalesced: u64,
    /// Records for which there was no room, whose writers waited for the store themselves.
    pub refused: u64,
    /// Records that the store has no place for, whatever is done, and that were given up.
    pub too_large: u64,
}

/// How many records wait at most, and what they take at most: a store that is away for a minute at a thousand writes of a
/// kilobyte each second. As much as a [journal](super::Journal) has room for.
const WAITING_MAX: usize = 65_536;
const WAITING_BYTES_MAX: usize = 64 << 20;

/// What a record and its places in the queue take beside its value and its name.
const WAITING_BYTES: usize = 256;

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
        behind.settle(now, &[(key(1), End::Written)]);
        assert_eq!(behind.record(&key(1)), None);
        assert_eq!(behind.stats(now).coalesced, 2);
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
        behind.settle(now, &[]);
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

    #[test]
    fn it_takes_no_more_bytes_than_its_bound_and_gives_them_back() {
        let (mut behind, now) = (Behind::default(), beginning());
        let pages = (0..100).filter(|id| behind.push(now, &key(*id), page(1, 1 << 20)));
        assert_eq!(
            pages.count(),
            63,
            "and not quite 64, since each takes a little more"
        );
        let full = behind.stats(now).bytes;
        assert!(full <= WAITING_BYTES_MAX);
        assert!(
            !behind.push(now, &key(0), page(2, 8 << 20)),
            "a larger one of its key"
        );
        assert!(behind.push(now, &key(0), page(2, 10)), "a smaller one");
        assert!(behind.stats(now).bytes < full);
        let batch = behind.take(now, true);
        let ends: Vec<_> = batch
            .into_iter()
            .map(|(key, _)| (key, End::Written))
            .collect();
        behind.settle(now, &ends);
        assert_eq!((behind.stats(now).bytes, behind.is_empty()), (0, true));
        assert!(
            behind.push(now, &key(1), page(1, 32 << 20)),
            "the largest there is"
        );
    }

    #[test]
    fn what_was_erased_while_it_was_written_waits_no_more() {
        let (mut behind, now) = (Behind::default(), beginning());
        behind.push(now, &key(1), record(1));
        assert_eq!(behind.take(now, true).len(), 1);
        let span = Span {
            space: Space::new("settings", 1).unwrap(),
            scope: None,
        };
        behind.forget(&span);
        behind.push(now, &key(2), record(1));
        behind.settle(now, &[]);
        assert_eq!(
            behind.take(now, true),
            [(key(2), record(1))],
            "only what came since"
        );
        behind.settle(now, &[(key(2), End::Written)]);
        assert_eq!(behind.stats(now).bytes, 0);
    }

    #[test]
    fn what_is_refused_by_itself_lets_the_others_go_first() {
        let (mut behind, now) = (Behind::default(), beginning());
        for id in 1..=600 {
            behind.push(now, &key(id), record(1));
        }
        let mut batch = behind.take(now, true);
        assert_eq!(batch.len(), BATCH_MAX);
        batch.sort_by_key(|(key, _)| key.clone());
        let end = |at| match at {
            0 => End::TooLarge,
            1 => End::Refused,
            _ => End::Written,
        };
        let ends: Vec<_> = (0..)
            .map(end)
            .zip(batch)
            .map(|(end, (key, _))| (key, end))
            .collect();
        behind.settle(now, &ends);
        assert_eq!(behind.stats(now).too_large, 1);
        assert_eq!(behind.stats(now).waiting, 600 - BATCH_MAX + 1);
        assert_eq!(behind.order.back().map(|(_, key)| key), Some(&key(2)));
    }

    fn key(id: u32) -> Key {
        let space = Space::new("settings", 1).unwrap();
        Key::new(&space, 0, id.to_be_bytes()).unwrap()
    }

    fn page(sequence: u64, bytes: usize) -> Record {
        Record {
            body: Body::Value(vec![0; bytes].into()),
            ..record(sequence)
        }
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
