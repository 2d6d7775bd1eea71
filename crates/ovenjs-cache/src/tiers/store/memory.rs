//! A store in the process itself.

#[cfg(feature = "tiers")]
mod book;

use std::{
    collections::BTreeMap,
    future::ready,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[cfg(feature = "tiers")]
use super::Log;
use super::{Asked, Cursor, Page, Span, Store, StoreError, StoreFault, Written, until};
use crate::tiers::{Key, Record, Tag};

/// A [`Store`] that forgets everything with the process: for tests, and to see what a bot does with one.
///
/// It answers at once and is never away, and keeps a log of as many writes as it has room for records. When it has no room it refuses what is new, as a Redis does that is
/// told to evict nothing.
#[derive(Debug)]
pub struct Memory {
    records_max: usize,
    kept: Mutex<Kept>,
    #[cfg(feature = "tiers")]
    book: book::Book,
}

#[derive(Debug, Default)]
struct Kept {
    records: BTreeMap<Key, Record>,
    generations: BTreeMap<Tag, u64>,
    /// Who holds a key, and until when.
    claims: BTreeMap<Key, (u64, u64)>,
}

impl Memory {
    /// An empty one for so many records, and as many tags and claims.
    #[must_use]
    pub fn new(records_max: usize) -> Self {
        Self {
            records_max,
            kept: Mutex::default(),
            #[cfg(feature = "tiers")]
            book: book::Book::new(records_max),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(
        &self,
        now_ms: u64,
        entries: &[(Key, Record)],
    ) -> Result<Vec<Written>, StoreError> {
        for (_, record) in entries {
            record
                .check()
                .map_err(|error| StoreError::too_large(NAME, error))?;
        }
        let mut kept = self.kept();
        let mut written = Vec::with_capacity(entries.len());
        for (key, record) in entries {
            match kept.records.get(key).filter(|held| !held.is_over(now_ms)) {
                Some(held) if !record.version.may_replace(&held.version) => {
                    written.push(Written::Older(held.version));
                    continue;
                }
                Some(_) => {}
                None => room(&kept.records, key, self.records_max)?,
            }
            kept.records.insert(key.clone(), record.clone());
            #[cfg(feature = "tiers")]
            self.book.written(key, record);
            written.push(Written::Kept);
        }
        Ok(written)
    }

    fn generations_of(
        &self,
        tags: &[Tag],
        next: impl Fn(Option<u64>) -> u64,
    ) -> Result<Vec<u64>, StoreError> {
        let mut kept = self.kept();
        let mut found = Vec::with_capacity(tags.len());
        for tag in tags {
            room(&kept.generations, tag, self.records_max)?;
            let generation = next(kept.generations.get(tag).copied());
            kept.generations.insert(tag.clone(), generation);
            found.push(generation);
        }
        Ok(found)
    }

    fn page(
        &self,
        now_ms: u64,
        span: &Span,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let first = Key::new(&span.space, span.scope.unwrap_or(0), "").map_err(|_| foreign())?;
        let begin = match after {
            None => Bound::Included(first),
            Some(after) => Bound::Excluded(place(span, after)?),
        };
        let limit = limit.max(1);
        let kept = self.kept();
        let mut page = Page::default();
        let within = kept.records.range((begin, Bound::Unbounded));
        for (key, record) in within.take_while(|(key, _)| span.has(key)) {
            if page.records.len() == limit {
                page.next = page.records.last().map(|(last, _)| cursor(last));
                break;
            }
            if !record.is_over(now_ms) {
                page.records.push((key.clone(), record.clone()));
            }
        }
        Ok(page)
    }
}

#[cfg(all(test, feature = "tiers"))]
impl Memory {
    /// Loses all that it has, as a server does that was started anew.
    pub(crate) fn lose(&self) {
        *self.kept() = Kept::default();
        self.book.lose();
    }
}

impl Store for Memory {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        let kept = self.kept();
        let record = |key| kept.records.get(key).filter(|held| !held.is_over(now_ms));
        let found = keys.iter().map(|key| record(key).cloned()).collect();
        Box::pin(ready(Ok(found)))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        Box::pin(ready(self.write_all(now_ms, entries)))
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        Box::pin(ready(
            self.generations_of(tags, |held| held.unwrap_or(now_ms)),
        ))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        let next =
            |held: Option<u64>| held.map_or(now_ms, |held| now_ms.max(held.saturating_add(1)));
        let bumped = self.generations_of(tags, next);
        #[cfg(feature = "tiers")]
        if let Ok(generations) = &bumped {
            self.book.bumped(tags, generations);
        }
        Box::pin(ready(bumped))
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        let mut kept = self.kept();
        kept.claims.retain(|_, (_, until)| *until > now_ms);
        let is_his = kept.claims.get(key).is_none_or(|(held, _)| *held == holder);
        let outcome = room(&kept.claims, key, self.records_max).map(|()| {
            if is_his {
                kept.claims
                    .insert(key.clone(), (holder, until(now_ms, lifetime)));
            }
            is_his
        });
        Box::pin(ready(outcome))
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        let mut kept = self.kept();
        if kept
            .claims
            .get(key)
            .is_some_and(|(held, _)| *held == holder)
        {
            kept.claims.remove(key);
        }
        Box::pin(ready(Ok(())))
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        Box::pin(ready(self.page(now_ms, span, after, limit)))
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        let mut kept = self.kept();
        let before = kept.records.len();
        kept.records.retain(|key, _| !span.has(key));
        Box::pin(ready(Ok(count(before - kept.records.len()))))
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        let mut kept = self.kept();
        let over = kept
            .records
            .iter()
            .filter(|(_, record)| record.is_over(now_ms));
        let over: Vec<_> = over.take(limit).map(|(key, _)| key.clone()).collect();
        for key in &over {
            kept.records.remove(key);
        }
        Box::pin(ready(Ok(count(over.len()))))
    }

    fn damaged(&self) -> u64 {
        0
    }

    #[cfg(feature = "tiers")]
    fn log(&self) -> Option<&dyn Log> {
        Some(&self.book)
    }
}

fn room<K: Ord, V>(kept: &BTreeMap<K, V>, key: &K, max: usize) -> Result<(), StoreError> {
    if kept.len() < max || kept.contains_key(key) {
        Ok(())
    } else {
        Err(StoreError::new(NAME, StoreFault::Full))
    }
}

/// A place is the scope and the id of the last key.
fn cursor(last: &Key) -> Cursor {
    Cursor([&last.scope().to_be_bytes(), last.id()].concat().into())
}

fn place(span: &Span, cursor: &Cursor) -> Result<Key, StoreError> {
    let (scope, id) = cursor.0.split_first_chunk().ok_or_else(foreign)?;
    let scope = u64::from_be_bytes(*scope);
    Key::new(&span.space, scope, id).map_err(|_| foreign())
}

fn foreign() -> StoreError {
    StoreError::new(NAME, StoreFault::Refused)
        .with_source("the place to go on from is another store's")
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}

const NAME: &str = "memory";
