//! A store whose answers take what a test says, and a wall clock that goes with tokio's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ovenjs_core::{
    cache::tiers::{Asked, Cursor, Key, Memory, Page, Record, Span, Store, Tag, Written},
    net::{Clock, SystemClock},
};

/// Cloning shares what is in it.
#[derive(Clone, Debug)]
pub(super) struct Fickle {
    inner: Arc<Memory>,
    pub(super) delay_ms: Arc<AtomicU64>,
}

/// Longer than anybody waits.
pub(super) const NEVER: u64 = 1 << 40;

impl Fickle {
    pub(super) fn new() -> Self {
        Self {
            inner: Arc::new(Memory::new(100_000)),
            delay_ms: Arc::default(),
        }
    }

    pub(super) fn port(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }

    pub(super) fn answers_after(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap();
        self.delay_ms.store(delay, Ordering::Relaxed);
    }

    fn late<'a, T: Send + 'a>(&'a self, asked: Asked<'a, T>) -> Asked<'a, T> {
        Box::pin(async move {
            let delay = Duration::from_millis(self.delay_ms.load(Ordering::Relaxed));
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            asked.await
        })
    }
}

impl Store for Fickle {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        self.late(self.inner.read(now_ms, keys))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        // Not before it is late: a write that nobody waits for any more was not done.
        self.late(Box::pin(
            async move { self.inner.write(now_ms, entries).await },
        ))
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.late(self.inner.generations(now_ms, tags))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.late(self.inner.bump(now_ms, tags))
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        self.late(self.inner.claim(now_ms, key, holder, lifetime))
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        self.late(self.inner.release(key, holder))
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        self.late(self.inner.scan(now_ms, span, after, limit))
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        self.late(self.inner.erase(span))
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        self.late(self.inner.sweep(now_ms, limit))
    }

    fn damaged(&self) -> u64 {
        self.inner.damaged()
    }
}

/// A wall clock that goes as tokio's does.
#[derive(Debug)]
pub(super) struct Wall(Instant);

impl Wall {
    pub(super) fn new() -> Self {
        Self(SystemClock.now())
    }
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        let since = self.now().saturating_duration_since(self.0);
        UNIX_EPOCH + Duration::from_secs(1_700_000_000) + since
    }
}
