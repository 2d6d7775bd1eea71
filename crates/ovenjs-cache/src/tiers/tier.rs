//! One store behind memory: asked within a deadline, left alone while it is away, written to now or later.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hashbrown::HashMap;
use ovenjs_net::Clock;
use tokio::sync::Notify;

use super::{
    Asked, Journal, JournalStats, Key, Log, Record, Span, Store, StoreError, StoreFault, Version,
    Written,
    behind::{Behind, BehindStats, End},
    breaker::Breaker,
    latency::Latencies,
    lock,
};

/// A store and all that is known about it.
#[derive(Debug)]
pub(crate) struct Tier {
    store: Arc<dyn Store>,
    deadline: Duration,
    breaker: Mutex<Breaker>,
    behind: Mutex<Behind>,
    /// Where it is written down what waits.
    journal: Option<Arc<Journal>>,
    /// Somebody has put something behind, or a batch is under way no more.
    pub(crate) woken: Notify,
    /// A batch has arrived or has not.
    pub(crate) settled: Notify,
    asked: AtomicU64,
    failed: AtomicU64,
    passed_over: AtomicU64,
    latencies: Mutex<Latencies>,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    Kept,
    /// It waits to be written.
    Waits,
    Older(Version),
}

impl Tier {
    pub(crate) fn new(store: Arc<dyn Store>, deadline: Duration) -> Self {
        Self {
            store,
            deadline,
            breaker: Mutex::default(),
            behind: Mutex::default(),
            journal: None,
            woken: Notify::new(),
            settled: Notify::new(),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
            latencies: Mutex::default(),
        }
    }

    /// The same, with what the last process left in the journal waiting.
    pub(crate) fn journalled(mut self, now: Instant, journal: Option<Arc<Journal>>) -> Self {
        if let Some(journal) = &journal {
            lock(&self.behind).restore(now, journal.recovered());
        }
        self.journal = journal;
        self
    }

    /// Asks the store, unless it is away.
    pub(crate) async fn ask<'a, T>(
        &'a self,
        clock: &dyn Clock,
        question: impl FnOnce(&'a dyn Store) -> Asked<'a, T>,
    ) -> Result<T, StoreError> {
        self.ask_within(clock, self.deadline, true, question).await
    }

    /// The same of something that has so many bytes. What is large is waited for longer; and where it is late, that says
    /// nothing of the store.
    pub(crate) async fn ask_for<'a, T>(
        &'a self,
        clock: &dyn Clock,
        bytes: usize,
        question: impl FnOnce(&'a dyn Store) -> Asked<'a, T>,
    ) -> Result<T, StoreError> {
        if bytes <= SMALL_BYTES {
            return self.ask(clock, question).await;
        }
        let deadline = self.deadline.saturating_mul(BATCH_PATIENCE);
        self.ask_within(clock, deadline, false, question).await
    }

    /// The same of what is much work for it, and that nobody waits for.
    pub(crate) async fn ask_patiently<'a, T>(
        &'a self,
        clock: &dyn Clock,
        question: impl FnOnce(&'a dyn Store) -> Asked<'a, T>,
    ) -> Result<T, StoreError> {
        let deadline = self.deadline.saturating_mul(BATCH_PATIENCE);
        self.ask_within(clock, deadline, true, question).await
    }

    /// `is_telling`: whether how long it takes tells how the store is.
    async fn ask_within<'a, T>(
        &'a self,
        clock: &dyn Clock,
        deadline: Duration,
        is_telling: bool,
        question: impl FnOnce(&'a dyn Store) -> Asked<'a, T>,
    ) -> Result<T, StoreError> {
        let began = clock.now();
        if !lock(&self.breaker).lets_through(began) {
            self.passed_over.fetch_add(1, Ordering::Relaxed);
            return Err(self.away());
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = tokio::time::timeout(deadline, question(&*self.store)).await;
        let is_late = answer.is_err();
        let answer = answer.unwrap_or_else(|_| Err(self.late()));
        let ended = clock.now();
        if is_telling || !is_late {
            let is_away = answer.as_ref().is_err_and(StoreError::is_away);
            lock(&self.breaker).settle(ended, is_away);
        }
        if answer.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        } else if is_telling {
            lock(&self.latencies).note(ended.saturating_duration_since(began));
        }
        answer
    }

    /// Somebody may have written something newer of this key, or of any key.
    pub(crate) fn overtaken(&self, key: Option<&Key>) {
        self.store.overtaken(key);
    }

    /// The log of what is written to it, where it keeps one.
    pub(crate) fn log(&self) -> Option<&dyn Log> {
        self.store.log()
    }

    /// Asks the log, unless the store is away or keeps none.
    pub(crate) async fn ask_log<'a, T>(
        &'a self,
        clock: &dyn Clock,
        question: impl FnOnce(&'a dyn Log) -> Asked<'a, T>,
    ) -> Result<T, StoreError> {
        let Some(log) = self.log() else {
            return Err(self.away());
        };
        self.ask(clock, |_| question(log)).await
    }

    /// Writes now, or lets it wait where the store is away; where there is no room for that either, the error.
    pub(crate) async fn write(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        key: &Key,
        record: &Record,
    ) -> Result<Wrote, StoreError> {
        let entries = [(key.clone(), record.clone())];
        let written = self.ask(clock, |store| store.write(now_ms, &entries)).await;
        match written.as_deref() {
            Ok([Written::Older(version)]) => Ok(Wrote::Older(*version)),
            Ok(_) => Ok(Wrote::Kept),
            Err(error)
                if may_pass(error.fault()) && self.put_behind(clock, key, record, true).await =>
            {
                Ok(Wrote::Waits)
            }
            Err(_) => written.map(|_| Wrote::Kept),
        }
    }

    /// Writes many, now or later as it does one; what became of each. What cannot wait either, nobody has.
    pub(crate) async fn write_many(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        entries: &[(Key, Record)],
        is_later: bool,
    ) -> Vec<Wrote> {
        if entries.is_empty() {
            return Vec::new();
        }
        let mut may_wait = is_later;
        if !is_later {
            let write = self.ask_patiently(clock, |store| store.write(now_ms, entries));
            match write.await {
                Ok(written) => {
                    let wrote = written.into_iter().map(|written| match written {
                        Written::Kept => Wrote::Kept,
                        Written::Older(newer) => Wrote::Older(newer),
                    });
                    return wrote.collect();
                }
                Err(error) => may_wait = may_pass(error.fault()),
            }
        }
        if may_wait {
            for (key, record) in entries {
                self.put_behind(clock, key, record, true).await;
            }
        }
        vec![Wrote::Waits; entries.len()]
    }

    /// Lets it wait; writes now where there is no room.
    pub(crate) async fn write_later(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        key: &Key,
        record: &Record,
    ) -> Result<Wrote, StoreError> {
        if self.put_behind(clock, key, record, true).await {
            Ok(Wrote::Waits)
        } else {
            self.write(clock, now_ms, key, record).await
        }
    }

    /// Lets a copy of what another store has wait, where there is room. It is missed by nobody.
    pub(crate) async fn copy_later(&self, clock: &dyn Clock, key: &Key, record: &Record) {
        self.put_behind(clock, key, record, false).await;
    }

    async fn put_behind(
        &self,
        clock: &dyn Clock,
        key: &Key,
        record: &Record,
        is_missed: bool,
    ) -> bool {
        // What was loaded can be loaded again.
        let journal = self.journal.as_ref();
        let journal = journal.filter(|_| is_missed && record.version.epoch > 0);
        if record.check().is_err() {
            // Neither the journal nor the store would ever take it.
            return false;
        }
        {
            let mut behind = lock(&self.behind);
            let is_noted = !behind.has_room(key, record)
                || journal.is_none_or(|journal| journal.waits(key, record, || behind.all()));
            if !is_noted || !behind.push(clock.now(), key, record.clone()) {
                return false;
            }
        }
        self.woken.notify_one();
        match journal.filter(|journal| journal.is_synced()) {
            Some(journal) => {
                let journal = Arc::clone(journal);
                let synced = tokio::task::spawn_blocking(move || journal.sync()).await;
                synced.is_ok_and(|synced| synced.is_ok())
            }
            None => true,
        }
    }

    /// The newest of what is on its way to the store and what it has; of this version or newer, where it has that
    /// anywhere.
    /// The error, where nothing is on its way and the store does not answer.
    pub(crate) async fn read(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        key: &Key,
        floor: Option<Version>,
    ) -> Result<Option<Record>, StoreError> {
        let keys = [key.clone()];
        // The store may be asked before it is given this, and answer after it was.
        let waiting = self.newer(now_ms, key, None);
        let mut kept = self.ask(clock, |store| store.read(now_ms, &keys)).await;
        let is_older = |kept: &Option<Record>| {
            let kept = kept.as_ref().map(|kept| kept.version);
            floor.is_some_and(|floor| kept.is_none_or(|kept| !kept.may_replace(&floor)))
        };
        if kept.as_ref().is_ok_and(|kept| kept.iter().all(is_older))
            && self.store.overtaken(Some(key))
        {
            kept = self.ask(clock, |store| store.read(now_ms, &keys)).await;
        }
        let kept = kept.map(|mut records| newer_of(records.pop().flatten(), waiting.clone()));
        match kept {
            Ok(kept) => Ok(self.newer(now_ms, key, kept)),
            Err(error) => self.newer(now_ms, key, waiting).map(Some).ok_or(error),
        }
    }

    pub(crate) fn newer(&self, now_ms: u64, key: &Key, kept: Option<Record>) -> Option<Record> {
        let behind = lock(&self.behind);
        let waiting = behind.record(key).filter(|record| !record.is_over(now_ms));
        newer_of(kept, waiting.cloned())
    }

    /// Writes one batch of what waits, where one is due: of what the store has something newer, and that one's
    /// version; and why it waits on, where nothing of it was written.
    pub(crate) async fn write_batch(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        at_once: bool,
    ) -> (Vec<(Key, Version)>, Result<(), StoreError>) {
        let batch = lock(&self.behind).take(clock.now(), at_once);
        if batch.is_empty() {
            return (Vec::new(), Ok(()));
        }
        // Also where this is dropped on the way the batch waits again.
        let mut under_way = UnderWay {
            tier: self,
            clock,
            batch: &batch,
            ends: Vec::with_capacity(batch.len()),
        };
        let mut overtaken = Vec::new();
        let written = self.write_some(clock, now_ms, &batch, &mut under_way.ends, &mut overtaken);
        let mut outcome = written.await;
        if outcome.as_ref().is_err_and(is_of_a_part) {
            let each = self.write_parts(clock, now_ms, &batch, &mut under_way.ends, &mut overtaken);
            outcome = each.await;
        } else if outcome.as_ref().is_err_and(is_of_some) {
            // Which ones it is that the store does not take, each by itself tells.
            let each = self.write_each(clock, now_ms, &batch, &mut under_way.ends, &mut overtaken);
            outcome = each.await;
        }
        if under_way.ends.iter().any(|(_, end)| *end == End::Written) {
            // What of it waits on keeps nobody from writing the next.
            outcome = Ok(());
        }
        (overtaken, outcome)
    }

    /// Writes these in one call.
    async fn write_some(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        batch: &[(Key, Record)],
        ends: &mut Vec<(Key, End)>,
        overtaken: &mut Vec<(Key, Version)>,
    ) -> Result<(), StoreError> {
        let write = self.ask_patiently(clock, |store| store.write(now_ms, batch));
        for ((key, _), written) in batch.iter().zip(write.await?) {
            ends.push((key.clone(), End::Written));
            if let Written::Older(newer) = written {
                overtaken.push((key.clone(), newer));
            }
        }
        Ok(())
    }

    /// Writes these part by part, until the whole store is away. What a part does not take that is away waits behind
    /// the others.
    async fn write_parts(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        batch: &[(Key, Record)],
        ends: &mut Vec<(Key, End)>,
        overtaken: &mut Vec<(Key, Version)>,
    ) -> Result<(), StoreError> {
        let mut parts: HashMap<usize, Vec<(Key, Record)>> = HashMap::new();
        for (key, record) in batch {
            let part = parts.entry(self.store.part(key)).or_default();
            part.push((key.clone(), record.clone()));
        }
        let mut failed = None;
        for part in parts.values() {
            let mut written = self.write_some(clock, now_ms, part, ends, overtaken).await;
            if written.as_ref().is_err_and(is_of_some) {
                written = self.write_each(clock, now_ms, part, ends, overtaken).await;
            }
            match written {
                Err(error) if is_of_a_part(&error) => {
                    ends.extend(part.iter().map(|(key, _)| (key.clone(), End::Refused)));
                    failed = Some(error);
                }
                Err(error) if is_of_some(&error) => failed = Some(error),
                written => written?,
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Writes these one by one, until the store is away or has refused several. What it has no place for is given up.
    async fn write_each(
        &self,
        clock: &dyn Clock,
        now_ms: u64,
        batch: &[(Key, Record)],
        ends: &mut Vec<(Key, End)>,
        overtaken: &mut Vec<(Key, Version)>,
    ) -> Result<(), StoreError> {
        let mut refused = Vec::new();
        for one in batch.chunks(1) {
            let written = self.write_some(clock, now_ms, one, ends, overtaken).await;
            let Err(error) = written else { continue };
            if !is_of_some(&error) {
                return Err(error);
            }
            let end = match error.fault() {
                StoreFault::TooLarge => End::TooLarge,
                _ => End::Refused,
            };
            ends.extend(one.iter().map(|(key, _)| (key.clone(), end)));
            if end == End::Refused {
                refused.push(error);
            }
            if refused.len() == REFUSED_MAX {
                break;
            }
        }
        refused.pop().map_or(Ok(()), Err)
    }

    /// What waits to be written of these is written no more.
    pub(crate) fn forget(&self, span: &Span) {
        let mut behind = lock(&self.behind);
        behind.forget(span);
        if let Some(journal) = &self.journal {
            journal.erased(span);
        }
    }

    /// Gives the journal to the next process.
    pub(crate) fn close_journal(&self) {
        // No record may be between its queue and the file.
        let _behind = lock(&self.behind);
        if let Some(journal) = &self.journal {
            journal.close();
        }
    }

    /// That it is away.
    pub(crate) fn away(&self) -> StoreError {
        StoreError::new("store", StoreFault::Away)
    }

    /// That it did not answer in time. Of a store in parts one of them did not, and it is the store that counts that.
    pub(crate) fn late(&self) -> StoreError {
        match self.store.parts() {
            0 | 1 => self.away(),
            _ => StoreError::new("store", StoreFault::PartAway),
        }
    }

    /// How long it takes at most until it is known whether it answers.
    pub(crate) const fn patience(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        lock(&self.behind).deadline()
    }

    pub(crate) fn is_away(&self) -> bool {
        lock(&self.breaker).is_open()
    }

    /// How many records wait to be written to it.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.behind).waiting()
    }

    pub(crate) fn stats(&self, now: Instant) -> TierStats {
        let breaker = lock(&self.breaker);
        let [latency_p50, latency_p99] = {
            let latencies = lock(&self.latencies);
            [50, 99].map(|percent| latencies.percentile(percent))
        };
        TierStats {
            asked: self.asked.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            passed_over: self.passed_over.load(Ordering::Relaxed),
            latency_p50,
            latency_p99,
            is_away: breaker.is_open(),
            times_away: breaker.opened(),
            damaged: self.store.damaged(),
            behind: lock(&self.behind).stats(now),
            journal: self.journal.as_ref().map(|journal| journal.stats()),
        }
    }
}

/// A batch on its way: whatever becomes of it is told to the queue.
struct UnderWay<'a> {
    tier: &'a Tier,
    clock: &'a dyn Clock,
    batch: &'a [(Key, Record)],
    ends: Vec<(Key, End)>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut behind = lock(&self.tier.behind);
        behind.settle(self.clock.now(), &self.ends);
        if let Some(journal) = &self.tier.journal {
            let ends: HashMap<&Key, End> = self.ends.iter().map(|(key, end)| (key, *end)).collect();
            let is_over = |key| matches!(ends.get(key), Some(End::Written | End::TooLarge));
            let over = self.batch.iter().filter(|(key, _)| is_over(key));
            let over: Vec<_> = over
                .map(|(key, record)| (key.clone(), record.version))
                .collect();
            if !over.is_empty() {
                journal.written(&over, behind.is_empty());
            }
        }
        drop(behind);
        self.tier.settled.notify_waiters();
        // Somebody else's batch may have been what was waited for.
        self.tier.woken.notify_one();
    }
}

/// How many times as long as a question may take what is much work: hundreds of records, or megabytes. By
/// default 0.4 and 2 seconds, so that it is over when the breaker lets the next one try.
const BATCH_PATIENCE: u32 = 8;

/// What any store that answers moves within a deadline: at 1 MB/s, a quarter of a second.
const SMALL_BYTES: usize = 256 << 10;

/// How many of a batch are refused one by one before the rest waits: the store is then at odds with more than these.
const REFUSED_MAX: usize = 8;

/// What waits for a store, unless the store has something newer.
fn newer_of(kept: Option<Record>, waiting: Option<Record>) -> Option<Record> {
    match (kept, waiting) {
        (Some(kept), Some(waiting)) if !waiting.version.may_replace(&kept.version) => Some(kept),
        (kept, waiting) => waiting.or(kept),
    }
}

/// Whether it may be for the sake of some records of a batch, and not of all.
fn is_of_some(error: &StoreError) -> bool {
    matches!(error.fault(), StoreFault::TooLarge | StoreFault::Refused)
}

/// Whether it is for the sake of those records whose part is away.
fn is_of_a_part(error: &StoreError) -> bool {
    error.fault() == StoreFault::PartAway
}

/// Whether the same write may succeed later.
const fn may_pass(fault: StoreFault) -> bool {
    !matches!(fault, StoreFault::TooLarge)
}

/// What a store behind memory has done, and how it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierStats {
    /// Questions that it was asked.
    pub asked: u64,
    /// Questions that it did not answer, not in time, or with a refusal.
    pub failed: u64,
    /// Questions that it was spared while it was away.
    pub passed_over: u64,
    /// What half of the recent answers did not exceed, by a half too long at most. Some thousand answers are recent.
    pub latency_p50: Duration,
    /// What 99 in a hundred of them did not exceed, as exactly.
    pub latency_p99: Duration,
    /// Whether it is left alone at present, because it did not answer.
    pub is_away: bool,
    /// How often it went away.
    pub times_away: u64,
    /// Records in it that were damaged or another key's.
    pub damaged: u64,
    /// What waits to be written to it.
    pub behind: BehindStats,
    /// Where that is written down, if it is.
    pub journal: Option<JournalStats>,
}
