//! What is done for the stores beside: what waits is written, with what follows where one has something newer, and what
//! is over is swept.

use std::time::Duration;

use super::{Key, LENT, StoreError, Version, held::lent, tier::Tier, tiered::Shared};

impl Shared {
    /// Writes what waits for this store as it becomes due, for ever.
    pub(crate) async fn write_behind(&self, tier: Option<&Tier>) {
        let Some(tier) = tier else { return };
        loop {
            let Some(deadline) = tier.deadline() else {
                tier.woken.notified().await;
                continue;
            };
            let wait = deadline.saturating_duration_since(self.clock.now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            if self.write_batch(tier, false).await.is_err() {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Has the stores give back the room of what is over, for ever.
    pub(crate) async fn sweep_stores(&self) {
        // Many processes that start at once do not sweep at once.
        let mut wait = SWEPT_EACH.mul_f64(self.entropy.fraction());
        loop {
            tokio::time::sleep(wait).await;
            wait = SWEPT_EACH;
            for tier in self.stores() {
                for _ in 0..SWEEPS_MAX {
                    let (clock, now_ms) = (&*self.clock, self.now_ms());
                    let ask = tier.ask_patiently(clock, |store| store.sweep(now_ms, SWEPT_MAX));
                    // A store that is away keeps its room until it is back.
                    let swept = ask.await.unwrap_or_default();
                    if usize::try_from(swept).is_ok_and(|swept| swept < SWEPT_MAX) {
                        break;
                    }
                }
            }
        }
    }

    /// Writes all that waits for this store.
    ///
    /// # Errors
    ///
    /// What it said that did not take it.
    pub(crate) async fn write_all(&self, tier: &Tier) -> Result<(), StoreError> {
        let mut failed = 0;
        loop {
            // Before it is looked at: who settles in between is heard.
            let settled = tier.settled.notified();
            if tier.waiting() == 0 {
                return Ok(());
            }
            let Err(error) = self.write_batch(tier, true).await else {
                failed = 0;
                // Its own batch has, or it waits for somebody else's.
                settled.await;
                continue;
            };
            failed += 1;
            if failed == FLUSH_TRIES || tier.is_away() {
                return Err(error);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn write_batch(&self, tier: &Tier, at_once: bool) -> Result<(), StoreError> {
        let clock = &*self.clock;
        let (overtaken, outcome) = tier.write_batch(clock, self.now_ms(), at_once).await;
        let newer = overtaken
            .into_iter()
            .filter(|(key, newer)| self.overtaken(key, *newer));
        let keys: Vec<Key> = newer.map(|(key, _)| key).collect();
        let is_third = self.third.as_ref().is_some_and(|it| std::ptr::eq(it, tier));
        if is_third {
            // Where nobody has the keyspace any more, it is a journal's, and may have been written there.
            let is_in_second = |key: &Key| {
                let mut listeners = self.listeners(key.space()).into_iter();
                listeners.all(|listener| listener.is_in_second())
            };
            let keys: Vec<Key> = keys.into_iter().filter(is_in_second).collect();
            if !keys.is_empty() {
                self.lend(&keys).await;
            }
        }
        outcome
    }

    /// A store has this version of something of which an older one was to be written; whether it is newer than
    /// all that this process knows.
    fn overtaken(&self, key: &Key, newer: Version) -> bool {
        let mut is_newer = true;
        for listener in self.listeners(key.space()) {
            is_newer &= listener.overtaken(key, newer);
        }
        is_newer
    }

    /// What the third store has of these is copied to the second: there may be the older ones that this process
    /// has written.
    pub(crate) async fn lend(&self, keys: &[Key]) {
        let (Some(second), Some(third)) = (&self.second, &self.third) else {
            return;
        };
        let (clock, now_ms) = (&*self.clock, self.now_ms());
        let asked = third.ask(clock, |store| store.read(now_ms, keys)).await;
        for (key, record) in keys.iter().zip(asked.unwrap_or_default()) {
            if let Some(record) = record {
                second
                    .copy_later(clock, key, &lent(&record, now_ms, LENT))
                    .await;
            }
        }
    }
}

/// How often it is looked for what is over, and how much of it goes at once and each time: five hundred a second, which
/// is more than come, without a statement that others wait for.
const SWEPT_EACH: Duration = Duration::from_secs(60);
const SWEPT_MAX: usize = 1_000;
const SWEEPS_MAX: usize = 30;

/// How many batches may fail one after the other before it is said that what waits cannot be written: one that was
/// late or met a connection that had ended says nothing of the store yet.
const FLUSH_TRIES: u32 = 3;

/// How long after a batch that could not be written the next is tried. The breaker spares the store most of
/// these.
const RETRY: Duration = Duration::from_millis(100);
