//! What is brought in before somebody asks for it: by whoever has it at hand, and out of the stores.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashSet;

use super::{BATCH_MAX, Inner, Keyspace, State, check, weight};
use crate::tiers::{
    Body, Extra, Key, KeyError, Named, Record, Tag, TierError, Version, Writes, held::Held,
    tier::Wrote,
};

/// What became of the values that a keyspace was [warmed](Keyspace::warm) with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warmed {
    /// Those that are there now, in memory and where else the keyspace writes.
    pub kept: u64,
    /// Those of which a tier or this process knew something already, be it that they were deleted: that stays.
    pub known: u64,
}

impl<K: Named, V: Send + Sync + 'static> Keyspace<K, V> {
    /// Puts many values that somebody has at hand, before they are asked for and without a loader: those of a query, of
    /// a file. They fill what is not there, and replace nothing: where a tier has something already, or this process
    /// has seen, written or deleted it, that stays and is in memory afterwards.
    ///
    /// They are written as the keyspace says, in batches of some hundred, so that an iterator of any length is fine. Let
    /// it read what it gives when it is asked for it, or shortly before: what is invalidated or written after that counts,
    /// and what was before is not known of a value that is held back.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ovenjs_cache::tiers::{KeyspaceConfig, Memory, Tiered, TieredConfig};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let tiers = Tiered::build(TieredConfig::new().second(Arc::new(Memory::new(1_000))));
    /// let prefixes = tiers.keyspace::<u64, String>(KeyspaceConfig::new("prefixes", 1))?;
    /// prefixes.put(&1, "?".to_owned()).await?;
    /// let rows = (1..=100).map(|guild| (guild, "!".to_owned()));
    /// let warmed = prefixes.warm(rows).await?;
    /// assert_eq!((warmed.kept, warmed.known), (99, 1));
    /// assert_eq!(*prefixes.get(&2).await?.unwrap(), "!");
    /// assert_eq!(*prefixes.get(&1).await?.unwrap(), "?", "what was put is newer");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name that is none, a value that the codec has no form for: what came before it is there. No store's: what one
    /// does not take is in memory.
    pub async fn warm(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Warmed, TierError> {
        self.warm_with(entries, &Extra::new()).await
    }

    /// The same with tags, lifetimes and a priority, for all of them; a version is not heeded, for these have none.
    ///
    /// # Errors
    ///
    /// As [`warm`](Self::warm), and too many tags.
    pub async fn warm_with(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
        extra: &Extra,
    ) -> Result<Warmed, TierError> {
        check(extra)?;
        let inner = &self.inner;
        let mut warmed = Warmed::default();
        let mut entries = entries.into_iter();
        loop {
            // Before they are read, as with a loader: what is invalidated or written since is newer.
            let version = Version::loaded(inner.shared.now_ms());
            let tags = inner.stamped(&extra.tags).await;
            let mut batch = Vec::new();
            let mut failed = None;
            for (name, value) in entries.by_ref().take(BATCH_MAX) {
                match self.key(&name).map_err(TierError::from).and_then(|key| {
                    let bytes = inner.codec.encode(&value)?;
                    Ok((key, Arc::new(value), bytes))
                }) {
                    Ok(entry) => batch.push(entry),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            let is_last = batch.len() < BATCH_MAX;
            inner.warm(version, batch, extra, tags, &mut warmed).await;
            if let Some(error) = failed {
                return Err(error);
            }
            if is_last {
                return Ok(warmed);
            }
        }
    }

    /// Reads these into memory from the stores, before somebody asks for them and without a loader; how many the
    /// stores knew. They are asked for some hundred at a time.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub async fn warm_keys(&self, names: &[K]) -> Result<usize, TierError> {
        let keys: Result<Vec<Key>, KeyError> = names.iter().map(|name| self.key(name)).collect();
        let keys = keys?;
        let mut known = 0;
        for batch in keys.chunks(BATCH_MAX) {
            known += self.inner.fetch(batch, |_| None).await;
        }
        Ok(known)
    }
}

impl<V: Send + Sync + 'static> Inner<V> {
    async fn warm(
        &self,
        version: Version,
        batch: Vec<(Key, Arc<V>, Bytes)>,
        extra: &Extra,
        tags: Vec<(Tag, u64)>,
        warmed: &mut Warmed,
    ) {
        let whole = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let mut once = HashSet::new();
        let is_unknown = |key: &Key| self.floor(key).is_none();
        let fresh = batch.into_iter();
        let mut fresh: Vec<_> = fresh
            .filter(|(key, ..)| is_unknown(key) && once.insert(key.clone()))
            .collect();
        let keys: Vec<Key> = fresh.iter().map(|(key, ..)| key.clone()).collect();
        self.fetch(&keys, |_| None).await;
        fresh.retain(|(key, ..)| is_unknown(key));
        let now_ms = self.shared.now_ms();
        let entries = fresh.into_iter().map(|(key, value, bytes)| {
            let record = self.record(version, Body::Value(bytes), now_ms, extra, tags.clone());
            (key, value, record)
        });
        let mut entries: Vec<(Key, Arc<V>, Record)> = entries.collect();
        // First to where others look: what they have written counts.
        for (tier, writes) in self.tiers().filter(|(_, writes)| *writes != Writes::Not) {
            let records = entries.iter();
            let records: Vec<_> = records
                .map(|(key, _, record)| {
                    self.note_given(tier, key, now_ms);
                    (key.clone(), self.of_tier(tier, record, now_ms))
                })
                .collect();
            let clock = &*self.shared.clock;
            let is_later = writes == Writes::Behind;
            let wrote = tier.write_many(clock, now_ms, &records, is_later).await;
            let mut wrote = wrote.into_iter();
            entries.retain(|(key, ..)| {
                let Some(Wrote::Older(newer)) = wrote.next() else {
                    return true;
                };
                self.overtaken(key, self.hash(key), version, newer, now_ms);
                false
            });
        }
        let stamp = self.shared.ear.stamp();
        let mut kept = 0;
        for (key, value, record) in entries {
            let held = Held::new(&record, State::Value(value), stamp).worth(extra.priority);
            let is_taken = self.take_loaded(&key, &Arc::new(held), weight(&record), None, now_ms);
            kept += u64::from(is_taken);
        }
        warmed.kept += kept;
        warmed.known += whole - kept;
    }
}
