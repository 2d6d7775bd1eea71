//! A store for tests of what becomes of those who ask when a store is in trouble.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    super::{Heard, Log, Place, Told, lock},
    Asked, Cursor, Key, Memory, Page, Record, Span, Store, StoreError, StoreFault, Tag, Written,
};

/// A store in memory that a test can freeze, slow down and make particular.
#[derive(Debug)]
pub(crate) struct Troubled {
    pub(crate) store: Memory,
    /// Nothing that it is asked ever ends.
    pub(crate) is_away: AtomicBool,
    /// Whether it keeps a log.
    pub(crate) has_log: bool,
    /// The log is not heard.
    pub(crate) is_deaf: AtomicBool,
    /// How long a question is on its way to it. Who no longer waits has not been heard.
    pub(crate) way_ms: AtomicU64,
    /// How long an answer is on its way back.
    pub(crate) way_back_ms: AtomicU64,
    /// The id of a key that it does not take, and what it says of it.
    refuses: Mutex<Option<(Box<[u8]>, StoreFault)>>,
}

impl Default for Troubled {
    fn default() -> Self {
        Self {
            store: Memory::new(1_000),
            is_away: AtomicBool::default(),
            has_log: false,
            is_deaf: AtomicBool::default(),
            way_ms: AtomicU64::default(),
            way_back_ms: AtomicU64::default(),
            refuses: Mutex::default(),
        }
    }
}

impl Troubled {
    pub(crate) fn with_log() -> Self {
        Self {
            has_log: true,
            ..Self::default()
        }
    }

    pub(crate) fn go_away(&self) {
        self.is_away.store(true, Ordering::Relaxed);
    }

    pub(crate) fn come_back(&self) {
        self.is_away.store(false, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self, key: &[u8], fault: StoreFault) {
        *lock(&self.refuses) = Some((key.into(), fault));
    }

    /// The question is put once it has arrived.
    fn answer<'a, T: Send + 'a>(
        &'a self,
        ask: impl FnOnce() -> Asked<'a, T> + Send + 'a,
    ) -> Asked<'a, T> {
        Box::pin(async move {
            sleep(&self.way_ms).await;
            if self.is_away.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            let answer = ask().await;
            sleep(&self.way_back_ms).await;
            answer
        })
    }
}

impl Store for Troubled {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        self.answer(move || self.store.read(now_ms, keys))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        self.answer(move || {
            let refuses = lock(&self.refuses);
            let is_among = |id: &[u8]| entries.iter().any(|(key, _)| *key.id() == *id);
            match &*refuses {
                Some((id, fault)) if is_among(id) => {
                    let refused = StoreError::new("troubled", *fault);
                    Box::pin(std::future::ready(Err(refused)))
                }
                _ => self.store.write(now_ms, entries),
            }
        })
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.answer(move || self.store.generations(now_ms, tags))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.answer(move || self.store.bump(now_ms, tags))
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        self.answer(move || self.store.claim(now_ms, key, holder, lifetime))
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        self.answer(move || self.store.release(key, holder))
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        self.answer(move || self.store.scan(now_ms, span, after, limit))
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        self.answer(move || self.store.erase(span))
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        self.answer(move || self.store.sweep(now_ms, limit))
    }

    fn damaged(&self) -> u64 {
        self.store.damaged()
    }

    fn log(&self) -> Option<&dyn Log> {
        self.has_log.then_some(self)
    }
}

impl Log for Troubled {
    fn listen<'a>(&'a self, after: Option<&'a Place>, hold: Duration) -> Asked<'a, Heard> {
        Box::pin(async move {
            while self.is_deaf.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            // A connection that was lost meanwhile brings nothing.
            let heard = self.store.log().unwrap().listen(after, hold).await;
            if self.is_deaf.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            heard
        })
    }

    fn tell<'a>(&'a self, told: &'a Told) -> Asked<'a, ()> {
        self.store.log().unwrap().tell(told)
    }
}

async fn sleep(way_ms: &AtomicU64) {
    let way = Duration::from_millis(way_ms.load(Ordering::Relaxed));
    if !way.is_zero() {
        tokio::time::sleep(way).await;
    }
}
