//! What other processes' writes do to what is in memory.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;

use super::{Inner, Put, Writes};
use crate::tiers::{
    Body, Extra, GONE_KEPT, Key, Span, TierError, Told, Version, fits,
    held::{Held, Look, State, jittered},
    lock,
    log::Listener,
    warming::Erased,
};

impl<V: Send + Sync + 'static> Listener for Inner<V> {
    fn written(self: Arc<Self>, written: &[(&Key, Version, u64)]) -> usize {
        let now_ms = self.shared.now_ms();
        let (mut dropped, mut hot) = (0, Vec::new());
        if let Some(moving) = &self.moving {
            moving.heard(written, now_ms);
        }
        for (key, version, hard_ms) in written {
            self.shared.ear.note(key);
            let mut was_held = false;
            self.residents.remove_if(key, |held| {
                was_held = *version != held.version && version.may_replace(&held.version);
                if was_held && held.was_read() {
                    hot.push((*key).clone());
                }
                was_held
            });
            dropped += usize::from(was_held);
            let hash = self.hash(key);
            let mut floors = lock(&self.floors);
            // Of what this process has never read it need not remember how new it is.
            if was_held || floors.of(hash, now_ms).is_some() {
                floors.saw(hash, *version, now_ms, *hard_ms);
            }
        }
        if !hot.is_empty() {
            let own = Arc::clone(&self);
            let fetch = async move {
                for batch in hot.chunks(super::BATCH_MAX) {
                    own.fetch(batch, |_| None).await;
                }
            };
            // Where there is no room for it, whoever reads next fetches it.
            self.shared.send(Box::pin(fetch));
        }
        dropped
    }

    fn overtaken(&self, key: &Key, newer: Version) -> bool {
        let (hash, now_ms) = (self.hash(key), self.shared.now_ms());
        {
            let mut floors = lock(&self.floors);
            // What was loaded since that was written is as new, though it has no place among versions.
            if !floors.allows(hash, &newer, now_ms) {
                return false;
            }
            let kept_ms = jittered(self.config.kept, 1.0);
            floors.saw(hash, newer, now_ms, now_ms.saturating_add(kept_ms));
        }
        self.counts.overtaken();
        self.residents.remove_if(key, |held| {
            held.version != newer && newer.may_replace(&held.version)
        });
        true
    }

    fn is_in_second(&self) -> bool {
        self.config.second != Writes::Not
    }

    fn erased(&self, span: &Span, pattern: Option<&[u8]>) {
        self.note_erased();
        self.forget_heat(span, pattern);
        let dropped = self
            .residents
            .sweep(|key, _| span.has(key) && pattern.is_none_or(|pattern| fits(pattern, key.id())));
        self.shared.ear.note_dropped(dropped);
    }
}

impl<V: Send + Sync + 'static> Inner<V> {
    /// Asks the stores whether they know something newer than what is in memory since before a gap of the log.
    /// Where none of them does, it is as good as new; where one is away, it stays as it is and is asked for
    /// again by the next.
    pub(super) async fn verify(&self, key: &Key, held: &Held<V>) -> Option<Look<V>> {
        let (stamp, now_ms) = (self.shared.ear.stamp(), self.shared.now_ms());
        for (tier, _) in self.tiers().filter(|(_, writes)| *writes != Writes::Not) {
            let keys = [key.clone()];
            let ask = tier.ask(&*self.shared.clock, |store| store.read(now_ms, &keys));
            let kept = ask.await.ok()?.pop().flatten();
            let Some(record) = tier.newer(now_ms, key, kept) else {
                continue;
            };
            if record.version == held.version {
                break;
            }
            if record.version.may_replace(&held.version) {
                held.stamp.store(stamp, Ordering::Relaxed);
                return Some(self.take_in(key, &record, None, stamp).await);
            }
        }
        held.stamp.store(stamp, Ordering::Relaxed);
        None
    }

    /// See [`Keyspace::forget_like`](super::Keyspace::forget_like).
    pub(super) async fn forget_like(
        &self,
        scope: Option<u64>,
        pattern: &[u8],
    ) -> Result<u64, TierError> {
        let span = Span {
            space: self.space.clone(),
            scope,
        };
        let is_meant = |key: &Key| span.has(key) && fits(pattern, key.id());
        let here = RefCell::new(Vec::new());
        self.residents.sweep(|key, _| {
            if is_meant(key) {
                here.borrow_mut().push(key.clone());
            }
            false
        });
        let here = here.into_inner();
        let mut most = 0;
        let mut forgotten_here = 0;
        for key in &here {
            forgotten_here += u64::from(self.forget(key).await? == Put::Kept);
        }
        for tier in self.shared.stores() {
            let (mut fit, mut after) = (0, None);
            loop {
                let now_ms = self.shared.now_ms();
                let ask = tier.ask(&*self.shared.clock, |store| {
                    store.scan(now_ms, &span, after.as_ref(), PAGE)
                });
                let page = ask.await?;
                for (key, record) in page.records.iter().filter(|(key, _)| is_meant(key)) {
                    let is_forgotten =
                        record.body == Body::Absent || self.forget(key).await? == Put::Kept;
                    fit += u64::from(is_forgotten);
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            most = most.max(fit);
        }
        self.tell_erased(span, Some(Bytes::copy_from_slice(pattern)))
            .await?;
        Ok(most.max(forgotten_here))
    }

    /// See [`Keyspace::forget_where`](super::Keyspace::forget_where).
    pub(super) async fn forget_where(
        &self,
        scope: Option<u64>,
        is_meant: &(dyn Fn(&Key, &V) -> bool + Send + Sync),
    ) -> Result<u64, TierError> {
        let span = Span {
            space: self.space.clone(),
            scope,
        };
        let mut forgotten = 0;
        let here = RefCell::new(Vec::new());
        self.residents.sweep(|key, held| {
            if let State::Value(value) = &held.state
                && span.has(key)
                && is_meant(key, value)
            {
                here.borrow_mut().push(key.clone());
            }
            false
        });
        for key in here.into_inner() {
            forgotten += u64::from(self.forget(&key).await? == Put::Kept);
        }
        for tier in self.shared.stores() {
            let mut after = None;
            loop {
                let now_ms = self.shared.now_ms();
                let ask = tier.ask(&*self.shared.clock, |store| {
                    store.scan(now_ms, &span, after.as_ref(), PAGE)
                });
                let page = ask.await?;
                for (key, record) in &page.records {
                    let Body::Value(bytes) = &record.body else {
                        continue;
                    };
                    let may_be = self.codec.decode(bytes);
                    if !may_be.is_ok_and(|value| is_meant(key, &value)) {
                        continue;
                    }
                    // What this store has may be an older one: the newest counts.
                    let newest = self.read(key).await?.value;
                    if newest.is_some_and(|value| is_meant(key, &value)) {
                        forgotten += u64::from(self.forget(key).await? == Put::Kept);
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    /// See [`Keyspace::forget`](super::Keyspace::forget).
    pub(super) async fn forget(&self, key: &Key) -> Result<Put, TierError> {
        let kept = self.config.kept.max(GONE_KEPT);
        let extra = Extra::new().lifetimes(Duration::ZERO, kept);
        self.put(key, State::Absent, Body::Absent, &extra).await
    }

    /// What was erased is not remembered as having been read either.
    fn forget_heat(&self, span: &Span, pattern: Option<&[u8]>) {
        if let Some(moving) = &self.moving {
            moving.forget(&Erased {
                span: span.clone(),
                pattern: pattern.map(Bytes::copy_from_slice),
            });
        }
    }

    pub(super) async fn tell_erased(
        &self,
        span: Span,
        pattern: Option<Bytes>,
    ) -> Result<(), TierError> {
        self.forget_heat(&span, pattern.as_deref());
        self.write_down().await;
        let by = self.shared.holder;
        let told = Told::Erased { span, pattern, by };
        Ok(self.shared.tell(&told).await?)
    }

    /// Tells of a write that the store with the log has not been given.
    pub(super) async fn tell_of(&self, key: &Key, version: Version, hard_ms: u64) {
        let is_told = self
            .tiers()
            .next()
            .is_none_or(|(_, writes)| writes != Writes::Not);
        if !is_told {
            let told = Told::Written {
                key: key.clone(),
                version,
                hard_ms,
            };
            // Others see it when what they have is no longer fresh, as without a log.
            let _later = self.shared.tell(&told).await;
        }
    }
}

/// How many records of a store are looked at at once.
const PAGE: usize = 512;
