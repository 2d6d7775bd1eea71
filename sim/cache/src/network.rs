//! What lies between a process and a store.

use crate::history::lock;
use ovenjs_cache::tiers::{
    Asked, Cursor, Key, Memory, Page, Record, Span, Store, StoreError, StoreFault, Tag, Written,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// Where a store stands, which another one takes the place of when it is started anew.
#[derive(Debug, Clone)]
pub(crate) struct Home(Arc<Mutex<Arc<Memory>>>);

impl Home {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Arc::new(Memory::new(RECORDS_MAX)))))
    }

    pub(crate) fn store(&self) -> Arc<Memory> {
        Arc::clone(&lock(&self.0))
    }

    /// Records, generations of tags and claims are gone.
    pub(crate) fn forget(&self) {
        *lock(&self.0) = Arc::new(Memory::new(RECORDS_MAX));
    }
}

/// A store as one process sees it. Each question and each answer takes its time, so that they overtake each
/// other, and some never arrive. A question that has left is on its way, whatever becomes of who asked.
pub(crate) struct Line {
    store: Home,
    way: Arc<Way>,
    bug: Option<Bug>,
}

/// What happens on the way.
pub(crate) struct Way {
    pub(crate) is_cut: AtomicBool,
    pub(crate) is_slow: AtomicBool,
    lost: AtomicU64,
    /// Of a thousand messages, so many are lost.
    loss: u32,
    /// How long one of ten may take.
    late: u64,
    dice: Mutex<fastrand::Rng>,
}

/// What may be wrong with a store, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// One write in eight is said to be kept and is not.
    Amnesia,
    /// The first of a key stays, and those after it are said to be kept.
    FirstStays,
    /// Whoever asks for a key is told that it is theirs.
    EverybodysClaim,
    /// One read in eight is given the record of another key.
    CrossedAnswers,
    /// A tag that becomes invalid keeps its generation.
    DeafTags,
    /// A deletion is kept as if nothing had been there, over at once.
    NoTombstones,
}

impl Bug {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::Amnesia,
        Self::FirstStays,
        Self::EverybodysClaim,
        Self::CrossedAnswers,
        Self::DeafTags,
        Self::NoTombstones,
    ];
}

impl Line {
    pub(crate) fn new(store: Home, seed: u64, (loss, late): (u32, u64), bug: Option<Bug>) -> Self {
        let way = Way {
            is_cut: AtomicBool::new(false),
            is_slow: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            loss,
            late,
            dice: Mutex::new(fastrand::Rng::with_seed(seed)),
        };
        Self {
            store,
            way: Arc::new(way),
            bug,
        }
    }

    pub(crate) fn way(&self) -> &Way {
        &self.way
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// There, done, and back.
    fn carry<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Arc<Memory>) -> Asked<'static, T> + Send + 'static,
    ) -> Asked<'static, T> {
        let (home, way) = (self.store.clone(), Arc::clone(&self.way));
        let (told, hears) = oneshot::channel();
        #[expect(
            clippy::disallowed_methods,
            reason = "what has left a process arrives, whatever becomes of who asked; it ends with the runtime"
        )]
        tokio::spawn(async move {
            if !way.travel().await {
                return;
            }
            let answer = ask(home.store()).await;
            if way.travel().await {
                // Who asked may have gone.
                let _heard = told.send(answer);
            }
        });
        Box::pin(async move {
            let lost = || StoreError::new("line", StoreFault::Away);
            hears.await.unwrap_or_else(|_| Err(lost()))
        })
    }
}

impl Way {
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn mend(&self) {
        self.is_cut.store(false, Ordering::Relaxed);
        self.is_slow.store(false, Ordering::Relaxed);
    }

    /// Whether the message arrives.
    async fn travel(&self) -> bool {
        let is_slow = self.is_slow.load(Ordering::Relaxed);
        let (wait, is_lost) = {
            let mut dice = lock(&self.dice);
            // Most are quick, some are slower than who waits, unless all goes well.
            let wait = match dice.u32(..100) {
                _ if is_slow => dice.u64(20..200),
                0..90 => dice.u64(0..6),
                _ => dice.u64(0..self.late),
            };
            (wait, dice.u32(..1_000) < self.loss)
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if !is_lost && !self.is_cut.load(Ordering::Relaxed) {
            return true;
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        if wait.is_multiple_of(2) {
            // Nobody hears of it: the deadline does.
            std::future::pending::<()>().await;
        }
        false
    }

    fn one_in_eight(&self) -> bool {
        let mut dice = lock(&self.dice);
        dice.u32(..8) == 0
    }
}

impl Store for Line {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        let mut keys = keys.to_vec();
        if self.has(Bug::CrossedAnswers) && self.way.one_in_eight() {
            for key in &mut keys {
                let mut id = key.id().to_vec();
                if let Some(last) = id.last_mut() {
                    *last ^= 1;
                }
                *key = Key::new(key.space(), key.scope(), id).unwrap_or_else(|_| key.clone());
            }
        }
        self.carry(move |store| Box::pin(async move { store.read(now_ms, &keys).await }))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        let mut entries = entries.to_vec();
        let forgets = self.has(Bug::Amnesia) && self.way.one_in_eight();
        let first_stays = self.has(Bug::FirstStays);
        if self.has(Bug::NoTombstones) {
            let gone = entries
                .iter_mut()
                .filter(|(_, record)| record.body == ovenjs_cache::tiers::Body::Gone);
            gone.for_each(|(_, record)| record.hard_ms = now_ms);
        }
        self.carry(move |store| {
            Box::pin(async move {
                let kept = vec![Written::Kept; entries.len()];
                if forgets {
                    return Ok(kept);
                }
                if first_stays {
                    let keys: Vec<Key> = entries.iter().map(|(key, _)| key.clone()).collect();
                    let there = store.read(now_ms, &keys).await?;
                    let mut there = there.iter();
                    entries.retain(|_| there.next().is_none_or(Option::is_none));
                    store.write(now_ms, &entries).await?;
                    return Ok(kept);
                }
                store.write(now_ms, &entries).await
            })
        })
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        let tags = tags.to_vec();
        self.carry(move |store| Box::pin(async move { store.generations(now_ms, &tags).await }))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        if self.has(Bug::DeafTags) {
            return self.generations(now_ms, tags);
        }
        let tags = tags.to_vec();
        self.carry(move |store| Box::pin(async move { store.bump(now_ms, &tags).await }))
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        let (key, is_everybodys) = (key.clone(), self.has(Bug::EverybodysClaim));
        self.carry(move |store| {
            Box::pin(async move {
                let is_theirs = store.claim(now_ms, &key, holder, lifetime).await?;
                Ok(is_theirs || is_everybodys)
            })
        })
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        let key = key.clone();
        self.carry(move |store| Box::pin(async move { store.release(&key, holder).await }))
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        let (span, after) = (span.clone(), after.cloned());
        self.carry(move |store| {
            Box::pin(async move { store.scan(now_ms, &span, after.as_ref(), limit).await })
        })
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        let span = span.clone();
        self.carry(move |store| Box::pin(async move { store.erase(&span).await }))
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        self.carry(move |store| Box::pin(async move { store.sweep(now_ms, limit).await }))
    }

    fn damaged(&self) -> u64 {
        self.store.store().damaged()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("is_cut", &self.way.is_cut)
            .finish_non_exhaustive()
    }
}

/// More than a history has keys, tags and claims.
const RECORDS_MAX: usize = 1_000;
