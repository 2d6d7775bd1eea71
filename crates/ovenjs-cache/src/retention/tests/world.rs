//! A bot, a calendar, and tiers that fail when they are told to.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use ovenjs_net::{Clock, SystemClock};
use ovenjs_types::{Id, Secret, marker::UserMarker};

use crate::{
    blobs::{BlobStore, MemoryBlobs},
    retention::{
        Entries, Entry, EntryId, Erasure, Keys, MemoryHot, MemoryWarm, Partition, Place, Policy,
        Retention, Stamp, Warm,
    },
    tiers::{Asked, StoreError, StoreFault},
};

/// A bot on a calendar that the stories turn, with tiers that fail when they are told to.
pub(super) struct World {
    pub(super) kept: Retention,
    pub(super) calendar: Arc<Calendar>,
    pub(super) calls: Arc<Calls>,
    pub(super) warm: Failing<MemoryWarm>,
    pub(super) cold: Failing<MemoryBlobs>,
    pub(super) backup: Failing<MemoryBlobs>,
    pub(super) policy: Policy,
}

impl World {
    pub(super) fn new(policy: Policy) -> Self {
        let calls = Arc::new(Calls::default());
        Self::of(
            policy,
            Arc::new(Calendar::default()),
            Failing(Arc::new(MemoryWarm::new()), Arc::clone(&calls)),
            Failing(Arc::new(MemoryBlobs::new()), Arc::clone(&calls)),
            Failing(Arc::new(MemoryBlobs::new()), calls),
            keys(),
        )
    }

    pub(super) fn of(
        policy: Policy,
        calendar: Arc<Calendar>,
        warm: Failing<MemoryWarm>,
        cold: Failing<MemoryBlobs>,
        backup: Failing<MemoryBlobs>,
        keys: Keys,
    ) -> Self {
        let kept = Retention::builder(warm.clone())
            .hot(MemoryHot::new())
            .cold(cold.clone())
            .backup(backup.clone(), keys)
            .class(CLASS, policy.clone())
            .clock(calendar.clone())
            .build()
            .unwrap();
        let calls = Arc::clone(&warm.1);
        Self {
            kept,
            calendar,
            calls,
            warm,
            cold,
            backup,
            policy,
        }
    }

    pub(super) fn with_keys(&self, keys: Keys) -> Self {
        let (cold, backup) = (self.cold.clone(), self.backup.clone());
        Self::of(
            self.policy.clone(),
            Arc::clone(&self.calendar),
            self.warm.clone(),
            cold,
            backup,
            keys,
        )
    }

    /// Another process of the bot, with a hot tier of its own.
    pub(super) fn another_process(&self) -> Self {
        self.with_keys(keys())
    }

    /// Another bot at this time, which has nothing yet.
    pub(super) fn elsewhere(&self) -> Self {
        let elsewhere = Self::new(self.policy.clone());
        Self::of(
            elsewhere.policy,
            Arc::clone(&self.calendar),
            elsewhere.warm,
            elsewhere.cold,
            elsewhere.backup,
            keys(),
        )
    }

    pub(super) fn with_new_database(self) -> Self {
        let warm = Failing(Arc::new(MemoryWarm::new()), self.calls);
        Self::of(
            self.policy,
            self.calendar,
            warm,
            self.cold,
            self.backup,
            keys(),
        )
    }

    /// Puts entries on each of these days, as the calendar turns.
    pub(super) async fn fill(&self, days: std::ops::Range<u64>, each_day: u64) -> Vec<EntryId> {
        let mut ids = Vec::new();
        for number in days {
            for tie in 0..each_day {
                ids.push(EntryId {
                    at_ms: day(number),
                    tie: number * each_day + tie,
                });
            }
            self.calendar.days(1);
        }
        let entries = ids.iter().copied().map(entry).collect();
        self.kept.put_all(CLASS, entries).await.unwrap();
        ids
    }

    /// The ids of all entries, by pages.
    pub(super) async fn all(&self) -> Vec<EntryId> {
        let mut found = Vec::new();
        let end = EntryId::at(u64::MAX);
        let mut from = Some(EntryId::default());
        while let Some(begin) = from {
            let page = self.kept.range(CLASS, begin..end, 7).await.unwrap();
            found.extend(page.entries.iter().map(Entry::id));
            from = page.next;
        }
        found
    }

    pub(super) async fn files(&self) -> Vec<String> {
        let mut names = self.cold.names("").await.unwrap();
        names.extend(self.backup.names("").await.unwrap());
        names.into_iter().map(|(name, _)| name).collect()
    }
}

pub(super) fn entry(id: EntryId) -> Entry {
    Entry::new(id, format!("entry {} of {}", id.tie, id.at_ms)).about([subject(id)])
}

pub(super) fn subject(id: EntryId) -> Id<UserMarker> {
    user(id.tie % 5)
}

pub(super) fn user(number: u64) -> Id<UserMarker> {
    Id::new(number + 100)
}

pub(super) fn keys() -> Keys {
    Keys::new("2026", &Secret::new("07".repeat(32))).unwrap()
}

pub(super) fn day(number: u64) -> u64 {
    BEGIN_MS + number * DAY
}

/// Days that pass when a story says so.
#[derive(Debug, Default)]
pub(super) struct Calendar(AtomicU64);

impl Calendar {
    pub(super) fn days(&self, days: u64) {
        self.0.fetch_add(days * DAY, Ordering::Relaxed);
    }

    pub(super) fn millis(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    pub(super) fn now_ms(&self) -> u64 {
        BEGIN_MS + self.0.load(Ordering::Relaxed)
    }
}

impl Clock for Calendar {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.now_ms())
    }
}

/// After how many calls all fail, which is what a crash leaves.
#[derive(Debug, Default)]
pub(super) struct Calls(AtomicU64);

impl Calls {
    pub(super) fn cut(&self, after: Option<u64>) {
        self.0
            .store(after.map_or(0, |after| after + 1), Ordering::Relaxed);
    }

    pub(super) fn mend(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    pub(super) fn fails(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        if left > 1 {
            self.0.store(left - 1, Ordering::Relaxed);
        }
        left == 1
    }
}

#[derive(Debug)]
pub(super) struct Failing<T>(pub(super) Arc<T>, Arc<Calls>);

impl<T> Clone for Failing<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), Arc::clone(&self.1))
    }
}

impl<T> Failing<T> {
    pub(super) fn call<'a, A: Send + 'a>(
        &'a self,
        deed: impl FnOnce(&'a T) -> Asked<'a, A>,
    ) -> Asked<'a, A> {
        if self.1.fails() {
            let error = StoreError::new("store of the story", StoreFault::Away);
            return Box::pin(ready(Err(error)));
        }
        deed(&self.0)
    }
}

impl BlobStore for Failing<MemoryBlobs> {
    fn write<'a>(&'a self, name: &'a str, bytes: Bytes) -> Asked<'a, ()> {
        self.call(|inner| inner.write(name, bytes))
    }
    fn read<'a>(&'a self, name: &'a str, from: u64, limit: usize) -> Asked<'a, Option<Bytes>> {
        self.call(|inner| inner.read(name, from, limit))
    }
    fn names<'a>(&'a self, prefix: &'a str) -> Asked<'a, Vec<(String, u64)>> {
        self.call(|inner| inner.names(prefix))
    }
    fn remove<'a>(&'a self, name: &'a str) -> Asked<'a, ()> {
        self.call(|inner| inner.remove(name))
    }
}

impl Warm for Failing<MemoryWarm> {
    fn put<'a>(&'a self, place: &'a Place, entries: &'a [Entry]) -> Asked<'a, bool> {
        self.call(|inner| inner.put(place, entries))
    }
    fn find<'a>(&'a self, place: &'a Place, id: EntryId) -> Asked<'a, Option<Entry>> {
        self.call(|inner| inner.find(place, id))
    }
    fn page<'a>(&'a self, place: &'a Place, from: EntryId, limit: usize) -> Asked<'a, Entries> {
        self.call(|inner| inner.page(place, from, limit))
    }
    fn places(&self) -> Asked<'_, Vec<Partition>> {
        self.call(Warm::places)
    }
    fn drop_place<'a>(&'a self, place: &'a Place, stamp: Stamp) -> Asked<'a, bool> {
        self.call(|inner| inner.drop_place(place, stamp))
    }
    fn erase<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64> {
        self.call(|inner| inner.erase(place, erasure))
    }
    fn covered<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64> {
        self.call(|inner| inner.covered(place, erasure))
    }
    fn remember<'a>(&'a self, erasure: &'a Erasure) -> Asked<'a, ()> {
        self.call(|inner| inner.remember(erasure))
    }
    fn erasures(&self) -> Asked<'_, Vec<Erasure>> {
        self.call(Warm::erasures)
    }
    fn forget<'a>(&'a self, user: Id<UserMarker>, until_ms: u64) -> Asked<'a, ()> {
        self.call(|inner| inner.forget(user, until_ms))
    }
    fn claim(&self, now_ms: u64, holder: u64, until_ms: u64) -> Asked<'_, bool> {
        self.call(|inner| inner.claim(now_ms, holder, until_ms))
    }
}

pub(super) const CLASS: &str = "moderation";

pub(super) const DAY: u64 = 86_400_000;

/// A day of 2026, some days into a week. Eight years of stories fit before it.
pub(super) const BEGIN_MS: u64 = 20_500 * DAY;
