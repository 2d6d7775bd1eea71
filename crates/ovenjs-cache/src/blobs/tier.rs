//! Attachments and assets: an index of what is where, a store of what it is, and the way to its origin.

use std::{
    future::ready,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use ovenjs_net::{Clock, Connector};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore};

use super::{
    Asset, BlobError, BlobErrorKind, BlobStore, BlobsConfig, FETCHES_MAX, Hash, REFRESHED_AT_ONCE,
    Refresh, ledger::Ledger, origin::Origin, own, reader::BlobReader,
};
use crate::{
    hex::{bytes_of, digits},
    tiers::{Flights, Key, Keyspace, Named as _, Space},
};

/// Attachments and assets, fetched once and kept. Cloning is cheap and shares all of it.
///
/// An index, which is a keyspace of the tiers, says what is at an address; the bytes lie in a [`BlobStore`] under their
/// SHA-256, so that a picture that was posted ten times lies there once.
///
/// - One fetches, however many ask; with [`loaded_once`](crate::tiers::KeyspaceConfig::loaded_once) in the index's
///   [configuration](BlobsConfig::index) one of all processes.
/// - What is read is held against its hash. What is not what was written is counted, and fetched anew.
/// - An address that has ended, or is about to, is refreshed before it is asked, by whoever implements [`Refresh`].
/// - The store has a bound in bytes: what was read longest ago goes, and is fetched again when it is asked for. Each
///   process goes by what it has read and written itself; where several share a store, let them share the bound too.
/// - What is [the bot's own](Asset::named) nobody could fetch again. It lies apart, goes only when it is removed, and is
///   refused where it would exceed a [bound of its own](BlobsConfig::own_bytes).
/// - A blob is in memory whole while it is fetched or put, [`FETCHES_MAX`] of them at once and each within
///   [`OriginConfig::bytes`](super::OriginConfig::bytes).
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_cache::{
///     blobs::{Asset, Blobs, BlobsConfig, MemoryBlobs},
///     tiers::{Tiered, TieredConfig},
/// };
/// use ovenjs_net::{Config, Connector};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let tiers = Tiered::build(TieredConfig::new());
/// let index = tiers.keyspace(BlobsConfig::index("blobs"))?;
/// let config = BlobsConfig::new(Arc::new(MemoryBlobs::new()), index);
/// let blobs = Blobs::build(config, Connector::build(Config::new())?);
///
/// let banner = Asset::named("banner.txt");
/// assert_eq!(blobs.get(&banner).await?, None);
/// blobs.put(&banner, "fresh rye".into(), Some("text/plain")).await?;
/// assert_eq!(blobs.get(&banner).await?.unwrap(), "fresh rye");
/// // Only hosts that are allowed are asked.
/// assert!(blobs.get(&Asset::at("https://intranet.example/salaries")?).await.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Blobs(pub(super) Arc<Inner>);

/// What the index says of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Blob {
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// How many bytes it has.
    pub bytes: u64,
    /// Its type, in its origin's words, as `image/png`.
    pub kind: Option<String>,
    /// When it was fetched or put, in milliseconds since 1970.
    pub fetched_ms: u64,
}

/// What [`Blobs`] have done so far and hold now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobStats {
    /// Reads that were given a blob.
    pub reads: u64,
    /// Blobs that came from their origin.
    pub fetched: u64,
    /// Addresses that were given anew.
    pub refreshed: u64,
    /// Blobs that were not what was written.
    pub damaged: u64,
    /// Blobs that the index knows and the store has no more, or not whole.
    pub lost: u64,
    /// Blobs that had to go for others.
    pub evicted: u64,
    /// How many there are that can be fetched again, as far as this process knows.
    pub blobs: usize,
    /// How many bytes they count for.
    pub bytes: u64,
    /// How many of the bot's own there were when one was last put or removed here.
    pub own: u64,
    /// How many bytes those counted for.
    pub own_bytes: u64,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Arc<dyn BlobStore>,
    pub(super) index: Keyspace<Asset, Blob>,
    pub(super) own_bytes: u64,
    pub(super) origin: Origin,
    refresh: Option<Arc<dyn Refresh>>,
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
    /// What was there when the process began has been looked at.
    is_listed: OnceCell<()>,
    fetches: Semaphore,
    mends: Flights<Result<(), BlobError>>,
    pub(super) counts: Counts,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    fetched: AtomicU64,
    refreshed: AtomicU64,
    pub(super) damaged: AtomicU64,
    lost: AtomicU64,
    evicted: AtomicU64,
    pub(super) own: AtomicU64,
    pub(super) own_bytes: AtomicU64,
}

impl Blobs {
    /// The blobs of this configuration. Nothing is asked yet.
    #[must_use]
    pub fn build(config: BlobsConfig, connector: Connector) -> Self {
        Self(Arc::new(Inner {
            store: config.store,
            index: config.index,
            own_bytes: config.own_bytes,
            origin: Origin::new(config.origin, connector),
            refresh: config.refresh,
            clock: config.clock,
            ledger: Mutex::new(Ledger::new(config.bytes)),
            is_listed: OnceCell::new(),
            fetches: Semaphore::new(FETCHES_MAX),
            mends: Flights::default(),
            counts: Counts::default(),
        }))
    }

    /// The whole blob, from the store or its origin; nothing, where its origin has none, or where it has neither an
    /// origin nor was put.
    ///
    /// # Errors
    ///
    /// [`BlobError`] says what to do.
    pub async fn get(&self, asset: &Asset) -> Result<Option<Bytes>, BlobError> {
        let mut wrong = None;
        for _ in 0..ATTEMPTS {
            let Some(blob) = self.known(asset, wrong.as_ref()).await? else {
                return Ok(None);
            };
            if let Some(bytes) = self.0.read(asset, &blob).await? {
                self.0.counts.reads.fetch_add(1, Ordering::Relaxed);
                return Ok(Some(bytes));
            }
            self.mend(asset, &blob).await?;
            wrong = Some(blob);
        }
        Err(damaged())
    }

    /// The blob piece by piece, for what is too large for memory. A hash is known at the end alone: an error of the
    /// last piece says that all of them are wrong.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn open(&self, asset: &Asset) -> Result<Option<BlobReader>, BlobError> {
        let mut wrong = None;
        for _ in 0..ATTEMPTS {
            let Some(blob) = self.known(asset, wrong.as_ref()).await? else {
                return Ok(None);
            };
            let name = place_of(asset, &blob.hash);
            // The last byte, with none after it, says that it is there and as long as it was.
            let last = blob.bytes.saturating_sub(1);
            let end = self.0.store.read(&name, last, 2).await?;
            let is_whole = |end: Bytes| u64::try_from(end.len()) == Ok(blob.bytes.min(1));
            if end.is_some_and(is_whole) {
                self.0.touch(asset, &blob);
                self.0.counts.reads.fetch_add(1, Ordering::Relaxed);
                return Ok(Some(BlobReader::new(self, asset, blob)));
            }
            self.0.counts.lost.fetch_add(1, Ordering::Relaxed);
            self.mend(asset, &blob).await?;
            wrong = Some(blob);
        }
        Err(damaged())
    }

    /// What the index says of it, after fetching it where it is not known.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn about(&self, asset: &Asset) -> Result<Option<Blob>, BlobError> {
        self.known(asset, None).await
    }

    /// The same, where this is not what lies there.
    async fn known(&self, asset: &Asset, wrong: Option<&Blob>) -> Result<Option<Blob>, BlobError> {
        if asset.address().is_none() {
            let found = self.0.index.get(asset).await?;
            // Another process may have put it since, of which the index has not heard.
            let found = found.filter(|found| wrong.is_none_or(|wrong| wrong.hash != found.hash));
            return match found {
                Some(blob) => Ok(Some(Blob::clone(&blob))),
                None => self.0.find_own(asset).await,
            };
        }
        let (inner, wanted) = (Arc::clone(&self.0), asset.clone());
        let load = move || {
            let (inner, wanted) = (Arc::clone(&inner), wanted.clone());
            async move { inner.fetch(&wanted).await }
        };
        let found = self.0.index.get_or_load(asset, load).await?;
        Ok(found.map(|blob| Blob::clone(&blob)))
    }

    /// Puts something of the bot's [own](Asset::named), in the place of what has that name; or, at an address, what it
    /// uploaded itself, which may have to go as what was fetched from there does.
    ///
    /// # Errors
    ///
    /// [`BlobErrorKind::TooLarge`]: more bytes than [`OriginConfig::bytes`](super::OriginConfig::bytes).
    /// [`BlobErrorKind::Full`]: the bot's own would have more than [`BlobsConfig::own_bytes`]. Then nothing was put. The
    /// store's or the index's.
    pub async fn put(
        &self,
        asset: &Asset,
        bytes: Bytes,
        kind: Option<&str>,
    ) -> Result<Blob, BlobError> {
        let kind = kind.map(str::to_owned);
        if asset.address().is_none() {
            return self.0.put_own(asset, bytes, kind).await;
        }
        let blob = self.0.keep(bytes, kind).await?;
        self.0.index.put(asset, blob.clone()).await?;
        Ok(blob)
    }

    /// Forgets what is at this address; its bytes stay until they have to go, since another asset may have the same.
    /// What is the bot's own is [erased](Self::erase).
    ///
    /// # Errors
    ///
    /// The index's, and of what is the bot's own the store's.
    pub async fn remove(&self, asset: &Asset) -> Result<(), BlobError> {
        if asset.address().is_none() {
            return self.erase(asset).await.map(drop);
        }
        self.0.index.remove(asset).await?;
        Ok(())
    }

    /// Forgets the bytes too, whoever else has the same: for what must not be kept. They come again when somebody asks
    /// for another asset that has them.
    ///
    /// Whether there were any, as far as is known: where the index has forgotten what is at an address, its bytes may
    /// still lie there until they have to go. What is the bot's own is always found.
    ///
    /// # Errors
    ///
    /// The index's and the store's. Then some of it may be left: erase it again.
    pub async fn erase(&self, asset: &Asset) -> Result<bool, BlobError> {
        // The bytes first, as the index alone knows where they are.
        let was_there = if asset.address().is_none() {
            self.0.remove_own(asset).await?
        } else {
            let found = self.0.index.get(asset).await?;
            if let Some(blob) = &found {
                self.0.store.remove(&name_of(&blob.hash)).await?;
                lock(&self.0.ledger).forget(&blob.hash);
            }
            found.is_some()
        };
        self.0.index.remove(asset).await?;
        Ok(was_there)
    }

    /// Assets with addresses that hold for a minute at least, for handing them out: those that end before are
    /// refreshed, [`REFRESHED_AT_ONCE`] in one request. Nothing stands for what is there no more.
    ///
    /// # Errors
    ///
    /// [`BlobErrorKind::Ended`]: nobody was set to refresh them, or did so.
    pub async fn fresh(&self, assets: &[Asset]) -> Result<Vec<Option<Asset>>, BlobError> {
        self.0.fresh(assets).await
    }

    /// Fetches what is not there yet, some at a time, with their addresses refreshed together; how many are there then.
    ///
    /// # Errors
    ///
    /// That addresses cannot be refreshed. What cannot be fetched is left out of the number.
    pub async fn warm(&self, assets: &[Asset]) -> Result<usize, BlobError> {
        let mut there = 0;
        let mut missing = Vec::new();
        for asset in assets {
            match self.0.index.get(asset).await? {
                Some(_) => there += 1,
                None if asset.address().is_some() => missing.push(asset.clone()),
                None => {}
            }
        }
        let fresh = self.0.fresh(&missing).await?;
        let fetches = stream::iter(fresh.into_iter().flatten())
            .map(|asset| async move { matches!(self.about(&asset).await, Ok(Some(_))) })
            .buffer_unordered(FETCHES_MAX)
            .filter(|is_there| ready(*is_there));
        Ok(there + fetches.count().await)
    }

    /// What it has done so far and holds now.
    #[must_use]
    pub fn stats(&self) -> BlobStats {
        let counts = &self.0.counts;
        let ledger = lock(&self.0.ledger);
        BlobStats {
            reads: counts.reads.load(Ordering::Relaxed),
            fetched: counts.fetched.load(Ordering::Relaxed),
            refreshed: counts.refreshed.load(Ordering::Relaxed),
            damaged: counts.damaged.load(Ordering::Relaxed),
            lost: counts.lost.load(Ordering::Relaxed),
            evicted: counts.evicted.load(Ordering::Relaxed),
            blobs: ledger.len(),
            bytes: ledger.bytes(),
            own: counts.own.load(Ordering::Relaxed),
            own_bytes: counts.own_bytes.load(Ordering::Relaxed),
        }
    }

    /// Lets the next who asks fetch it anew, unless somebody has mended it meanwhile.
    pub(super) async fn mend(&self, asset: &Asset, found: &Blob) -> Result<(), BlobError> {
        // Nobody can fetch it, and what lies there may be newer than what the index said.
        if asset.address().is_none() {
            return Ok(());
        }
        // Flights go by the tiers' keys; this one is in no store.
        let space = Space::new("mends", 1).map_err(crate::tiers::TierError::from)?;
        let key = Key::new(&space, 0, asset.id()).map_err(crate::tiers::TierError::from)?;
        let mend = || async {
            let known = self.0.index.get(asset).await?;
            if known.is_some_and(|known| known.fetched_ms == found.fetched_ms) {
                self.0.store.remove(&name_of(&found.hash)).await?;
                lock(&self.0.ledger).forget(&found.hash);
                self.0.index.forget(asset).await?;
            }
            self.about(asset).await.map(drop)
        };
        self.0.mends.join(&key, mend).await
    }
}

impl Inner {
    /// The bytes, if they are what was written.
    async fn read(&self, asset: &Asset, blob: &Blob) -> Result<Option<Bytes>, BlobError> {
        let limit = usize::try_from(blob.bytes).unwrap_or(usize::MAX);
        let name = place_of(asset, &blob.hash);
        let Some(bytes) = self.store.read(&name, 0, limit.saturating_add(1)).await? else {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        if hash_of(&bytes) != blob.hash {
            self.counts.damaged.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        self.touch(asset, blob);
        Ok(Some(bytes))
    }

    /// Says that it was read, where that matters.
    fn touch(&self, asset: &Asset, blob: &Blob) {
        if asset.address().is_some() {
            lock(&self.ledger).touch(blob.hash, blob.bytes);
        }
    }

    async fn fetch(&self, asset: &Asset) -> Result<Option<Blob>, BlobError> {
        // It fails where the semaphore is closed, which nobody does.
        let _turn = self.fetches.acquire().await.ok();
        let fresh = match &self.refresh {
            Some(_) if asset.is_ending(self.now_ms()) => {
                let fresh = self.fresh(std::slice::from_ref(asset)).await?;
                let Some(fresh) = fresh.into_iter().next().flatten() else {
                    return Ok(None);
                };
                fresh
            }
            _ => asset.clone(),
        };
        let Some(address) = fresh.address() else {
            return Ok(None);
        };
        let Some(fetched) = self.origin.fetch(address).await? else {
            return Ok(None);
        };
        let blob = self.keep(fetched.bytes, fetched.kind).await?;
        self.counts.fetched.fetch_add(1, Ordering::Relaxed);
        Ok(Some(blob))
    }

    /// Writes the bytes under their hash, and makes room for them.
    async fn keep(&self, bytes: Bytes, kind: Option<String>) -> Result<Blob, BlobError> {
        let size = self.size_of(&bytes)?;
        self.is_listed.get_or_try_init(|| self.list()).await?;
        let hash = hash_of(&bytes);
        self.store.write(&name_of(&hash), bytes).await?;
        lock(&self.ledger).touch(hash, size);
        self.make_room().await;
        Ok(Blob {
            hash,
            bytes: size,
            kind,
            fetched_ms: self.now_ms(),
        })
    }

    /// How many bytes they are, if a blob may have so many.
    pub(super) fn size_of(&self, bytes: &Bytes) -> Result<u64, BlobError> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > self.origin.bytes_max() {
            return Err(BlobError::new(
                BlobErrorKind::TooLarge,
                format!("the blob has {size} bytes: `OriginConfig::bytes` is the bound"),
            ));
        }
        Ok(size)
    }

    /// What lies in the store from former processes counts, and goes before what this one reads.
    async fn list(&self) -> Result<(), BlobError> {
        let names = self.store.names("").await?;
        let mut ledger = lock(&self.ledger);
        for (name, bytes) in names {
            if let Some(hash) = hash_in(&name) {
                ledger.found(hash, bytes);
            }
        }
        Ok(())
    }

    /// A store that forgets nothing now is asked again with the next blob, and what counts still counts.
    async fn make_room(&self) {
        loop {
            let over = lock(&self.ledger).over();
            let Some(hash) = over else { return };
            if self.store.remove(&name_of(&hash)).await.is_err() {
                return;
            }
            lock(&self.ledger).forget(&hash);
            self.counts.evicted.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn fresh(&self, assets: &[Asset]) -> Result<Vec<Option<Asset>>, BlobError> {
        let now_ms = self.now_ms();
        let mut fresh: Vec<_> = assets.iter().cloned().map(Some).collect();
        let ending: Vec<_> = assets
            .iter()
            .enumerate()
            .filter(|(_, asset)| asset.is_ending(now_ms))
            .collect();
        for batch in ending.chunks(REFRESHED_AT_ONCE) {
            let ended = |note: &str| BlobError::new(BlobErrorKind::Ended, note);
            let refresh = self.refresh.as_ref().ok_or_else(|| {
                ended("an address has ended: set who refreshes it with `BlobsConfig::refresh`")
            })?;
            let addresses = batch.iter().filter_map(|(_, asset)| asset.address());
            let addresses: Vec<_> = addresses.map(str::to_owned).collect();
            let given = refresh.refresh(&addresses).await.map_err(|source| {
                let note = "an address has ended and was not given anew; the cause says why";
                BlobError::with_source(BlobErrorKind::Ended, note, source, None)
            })?;
            if given.len() != batch.len() {
                return Err(ended(
                    "of some addresses nothing was said when they were refreshed",
                ));
            }
            for ((place, asset), address) in batch.iter().zip(given) {
                let anew = address.map(|address| Asset::at(&address)).transpose()?;
                // Another thing's address would be believed for ever.
                if anew.as_ref().is_some_and(|anew| anew != *asset) {
                    return Err(ended("an address was given anew that is another thing's"));
                }
                self.counts.refreshed.fetch_add(1, Ordering::Relaxed);
                if let Some(place) = fresh.get_mut(*place) {
                    *place = anew;
                }
            }
        }
        Ok(fresh)
    }

    pub(super) fn now_ms(&self) -> u64 {
        let since = self.clock.wall().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }
}

pub(super) fn damaged() -> BlobError {
    BlobError::new(
        BlobErrorKind::Damaged,
        "the blob is not what was written, each time: check the store's disk, and whether others write there; put it \
         again if it has no address",
    )
}

pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Where the blob of an asset lies.
pub(super) fn place_of(asset: &Asset, hash: &Hash) -> String {
    match asset.address() {
        Some(_) => name_of(hash),
        None => own::name_of(asset, hash),
    }
}

/// Where a blob lies that can be fetched: in one of 256 folders, since some file systems are slow with many files in
/// one.
fn name_of(hash: &Hash) -> String {
    let digits = digits(hash);
    let folder = digits.get(..2).unwrap_or_default();
    format!("{folder}/{digits}")
}

fn hash_in(name: &str) -> Option<Hash> {
    let hash = bytes_of(name.split_once('/')?.1)?;
    // Upper-case digits are another name.
    (name_of(&hash) == name).then_some(hash)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a blob is asked for that turns out to be damaged or gone: once, and once after it was fetched anew.
const ATTEMPTS: usize = 2;
