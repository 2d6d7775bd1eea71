//! What waits for a store is written, and what follows where the store has something newer.

use std::time::Duration;

use super::{Key, LENT, Version, held::lent, tier::Tier, tiered::Shared};

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
            if !self.write_batch(tier, false).await {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Writes all that waits for this store; whether it is.
    pub(crate) async fn write_all(&self, tier: &Tier) -> bool {
        let mut failed = 0;
        loop {
            // Before it is looked at: who settles in between is heard.
            let settled = tier.settled.notified();
            if tier.stats().behind.waiting == 0 {
                return true;
            }
            if self.write_batch(tier, true).await {
                failed = 0;
                // Its own batch has, or it waits for somebody else's.
                settled.await;
                continue;
            }
            failed += 1;
            if failed == FLUSH_TRIES || tier.stats().is_away {
                return false;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn write_batch(&self, tier: &Tier, at_once: bool) -> bool {
        let clock = &*self.clock;
        let Some(overtaken) = tier.write_batch(clock, self.now_ms(), at_once).await else {
            return false;
        };
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
        true
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

/// How many batches may fail one after the other before it is said that what waits cannot be written: one that was
/// late or met a connection that had ended says nothing of the store yet.
const FLUSH_TRIES: u32 = 3;

/// How long after a batch that could not be written the next is tried. The breaker spares the store most of
/// these.
const RETRY: Duration = Duration::from_millis(100);
