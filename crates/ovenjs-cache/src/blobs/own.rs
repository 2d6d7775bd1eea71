//! What is the bot's own: nobody could fetch it again, so it lies apart, and makes no room for anything.
//!
//! A file lies under its asset and then its hash, and no two assets share one: whoever forgets an asset forgets its
//! files, and the store alone says what there is, though the index should forget.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;

use super::{
    Asset, Blob, BlobError, BlobErrorKind, Hash,
    ledger::WEIGHT_MIN,
    tier::{Inner, hash_of},
};
use crate::{
    hex::{bytes_of, digits},
    tiers::{Extra, Named as _},
};

impl Inner {
    /// Writes the bytes, then says so in the index, and then forgets what stood there before.
    pub(super) async fn put_own(
        &self,
        asset: &Asset,
        bytes: Bytes,
        kind: Option<String>,
    ) -> Result<Blob, BlobError> {
        let size = self.size_of(&bytes)?;
        let (before, others): (Vec<_>, Vec<_>) = self
            .store
            .names(OWN)
            .await?
            .into_iter()
            .partition(|(name, _)| name.starts_with(&folder(asset)));
        let weight = self.count(&others, Some(size));
        if weight > self.own_bytes {
            self.count(before.iter().chain(&others), None);
            return Err(BlobError::new(
                BlobErrorKind::Full,
                format!(
                    "with this one the bot's own blobs have {weight} bytes, and may have {}: remove some, or raise \
                     `BlobsConfig::own_bytes`",
                    self.own_bytes
                ),
            ));
        }
        let hash = hash_of(&bytes);
        let name = name_of(asset, &hash);
        self.store.write(&name, bytes).await?;
        let blob = Blob {
            hash,
            bytes: size,
            kind,
            fetched_ms: self.now_ms(),
        };
        self.index(asset, blob.clone()).await?;
        // Another process may put this asset too, and come last.
        let last = self.index.get(asset).await?;
        let last = last.map_or_else(|| name.clone(), |last| name_of(asset, &last.hash));
        for (before, _) in before {
            if before != name && before != last {
                self.store.remove(&before).await?;
            }
        }
        Ok(blob)
    }

    /// What lies there, where the index knows nothing of it any more. Of which type it is is forgotten with that.
    pub(super) async fn find_own(&self, asset: &Asset) -> Result<Option<Blob>, BlobError> {
        let found = self.store.names(&folder(asset)).await?;
        let blob = found.into_iter().find_map(|(name, bytes)| {
            let hash = bytes_of(name.strip_prefix(&folder(asset))?)?;
            let (kind, fetched_ms) = (None, 0);
            (name_of(asset, &hash) == name).then_some(Blob {
                hash,
                bytes,
                kind,
                fetched_ms,
            })
        });
        Ok(blob)
    }

    /// Forgets the bytes; whether there were any.
    pub(super) async fn remove_own(&self, asset: &Asset) -> Result<bool, BlobError> {
        let found = self.store.names(&folder(asset)).await?;
        for (name, _) in &found {
            self.store.remove(name).await?;
        }
        self.count(&self.store.names(OWN).await?, None);
        Ok(!found.is_empty())
    }

    async fn index(&self, asset: &Asset, blob: Blob) -> Result<(), BlobError> {
        let extra = Extra::new().lifetimes(FRESH, KEPT);
        self.index.put_with(asset, blob, &extra).await?;
        Ok(())
    }

    /// Notes how many these are, with one more of this size, and for how many bytes they count.
    fn count<'a>(
        &self,
        files: impl IntoIterator<Item = &'a (String, u64)>,
        more: Option<u64>,
    ) -> u64 {
        let sizes = files.into_iter().map(|(_, bytes)| *bytes).chain(more);
        let (count, weight) = sizes.fold((0, 0), |(count, weight): (u64, u64), bytes| {
            (count + 1, weight.saturating_add(bytes.max(WEIGHT_MIN)))
        });
        self.counts.own.store(count, Ordering::Relaxed);
        self.counts.own_bytes.store(weight, Ordering::Relaxed);
        weight
    }
}

/// Where the file of this hash lies.
pub(super) fn name_of(asset: &Asset, hash: &Hash) -> String {
    folder(asset) + &digits(hash)
}

fn folder(asset: &Asset) -> String {
    format!("{OWN}{}/", digits(&asset.id()))
}

/// What the names of all of them begin with; those of what can be fetched begin with two digits.
const OWN: &str = "own/";

/// For how long a process goes by what the index said, where it does not hear of what others put.
const FRESH: Duration = Duration::from_secs(60);

/// For how long the index says what is there: longer than any bot runs.
const KEPT: Duration = Duration::from_secs(100 * 365 * 86_400);
