//! Attachments and assets: an index of what is where, a store of what it is, and the way to its origin.

use std::{
    fmt,
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
    Refresh, ledger::Ledger, origin::Origin,
};
use crate::tiers::{Flights, Key, Keyspace, Named as _, Space};

/// Attachments and assets, fetched once and kept. Cloning is cheap and shares all of it.
///
/// An index, which is a keyspace of the tiers, says what is at an address; the bytes lie in a [`BlobStore`] under their
/// SHA-256, so that a picture that was posted ten times lies there once.
///
/// - One fetches, however many ask; with [`loaded_once`](crate::tiers::KeyspaceConfig::loaded_once) in the index's
///   configuration one of all processes. Give the index a `load_deadline` above the origin's, and long lifetimes: what
///   is no longer fresh is fetched anew, and an attachment never changes.
/// - What is read is held against its hash. What is not what was written is counted, and fetched anew.
/// - An address that has ended, or is about to, is refreshed before it is asked, by whoever implements [`Refresh`].
/// - The store has a bound in bytes: what was read longest ago goes, and is fetched again when it is asked for. Each
///   process goes by what it has read and written itself; where several share a store, let them share the bound too.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_cache::{
///     blobs::{Asset, Blobs, BlobsConfig, MemoryBlobs},
///     tiers::{KeyspaceConfig, Tiered, TieredConfig},
/// };
/// use ovenjs_net::{Config, Connector};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let tiers = Tiered::build(TieredConfig::new());
/// let index = tiers.keyspace(KeyspaceConfig::new("blobs", 1))?;
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
pub struct Blobs(Arc<Inner>);

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
    /// How many there are, as far as this process knows.
    pub blobs: usize,
    /// How many bytes they count for.
    pub bytes: u64,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn BlobStore>,
    index: Keyspace<Asset, Blob>,
    origin: Origin,
    refresh: Option<Arc<dyn Refresh>>,
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
    /// What was there when the process began has been looked at.
    is_listed: OnceCell<()>,
    fetches: Semaphore,
    mends: Flights<Result<(), BlobError>>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    reads: AtomicU64,
    fetched: AtomicU64,
    refreshed: AtomicU64,
    damaged: AtomicU64,
    lost: AtomicU64,
    evicted: AtomicU64,
}

impl Blobs {
    /// The blobs of this configuration. Nothing is asked yet.
    #[must_use]
    pub fn build(config: BlobsConfig, connector: Connector) -> Self {
        Self(Arc::new(Inner {
            store: config.store,
            index: config.index,
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
        for _ in 0..ATTEMPTS {
            let Some(blob) = self.about(asset).await? else {
                return Ok(None);
            };
            if let Some(bytes) = self.0.read(&blob).await? {
                self.0.counts.reads.fetch_add(1, Ordering::Relaxed);
                return Ok(Some(bytes));
            }
            self.mend(asset, &blob).await?;
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
        for _ in 0..ATTEMPTS {
            let Some(blob) = self.about(asset).await? else {
                return Ok(None);
            };
            let name = name_of(&blob.hash);
            // The last byte, with none after it, says that it is there and as long as it was.
            let last = blob.bytes.saturating_sub(1);
            let end = self.0.store.read(&name, last, 2).await?;
            let is_whole = |end: Bytes| u64::try_from(end.len()) == Ok(blob.bytes.min(1));
            if end.is_some_and(is_whole) {
                lock(&self.0.ledger).touch(blob.hash, blob.bytes);
                self.0.counts.reads.fetch_add(1, Ordering::Relaxed);
                return Ok(Some(BlobReader {
                    inner: Arc::clone(&self.0),
                    asset: asset.clone(),
                    context: Context::new(&SHA256),
                    at: 0,
                    blob,
                }));
            }
            self.0.counts.lost.fetch_add(1, Ordering::Relaxed);
            self.mend(asset, &blob).await?;
        }
        Err(damaged())
    }

    /// What the index says of it, after fetching it where it is not known.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn about(&self, asset: &Asset) -> Result<Option<Blob>, BlobError> {
        if asset.address().is_none() {
            let found = self.0.index.get(asset).await?;
            return Ok(found.map(|blob| Blob::clone(&blob)));
        }
        let (inner, wanted) = (Arc::clone(&self.0), asset.clone());
        let load = move || {
            let (inner, wanted) = (Arc::clone(&inner), wanted.clone());
            async move { inner.fetch(&wanted).await }
        };
        let found = self.0.index.get_or_load(asset, load).await?;
        Ok(found.map(|blob| Blob::clone(&blob)))
    }

    /// Puts something of the bot's own, or what it uploaded itself.
    ///
    /// # Errors
    ///
    /// More bytes than [`OriginConfig::bytes`](super::OriginConfig::bytes); the store's or the index's.
    pub async fn put(
        &self,
        asset: &Asset,
        bytes: Bytes,
        kind: Option<&str>,
    ) -> Result<Blob, BlobError> {
        let blob = self.0.keep(bytes, kind.map(str::to_owned)).await?;
        self.0.index.put(asset, blob.clone()).await?;
        Ok(blob)
    }

    /// Forgets what is at this address or under this name. The bytes stay until they have to go, since another asset
    /// may have the same.
    ///
    /// # Errors
    ///
    /// The index's.
    pub async fn remove(&self, asset: &Asset) -> Result<(), BlobError> {
        self.0.index.remove(asset).await?;
        Ok(())
    }

    /// Forgets the bytes too, whoever else has the same: for what must not be kept. They come again when somebody asks
    /// for another asset that has them.
    ///
    /// # Errors
    ///
    /// The index's and the store's.
    pub async fn erase(&self, asset: &Asset) -> Result<(), BlobError> {
        let found = self.0.index.get(asset).await?;
        self.remove(asset).await?;
        if let Some(blob) = found {
            self.0.store.remove(&name_of(&blob.hash)).await?;
            lock(&self.0.ledger).forget(&blob.hash);
        }
        Ok(())
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
        }
    }

    /// Lets the next who asks fetch it anew, unless somebody has mended it meanwhile.
    async fn mend(&self, asset: &Asset, found: &Blob) -> Result<(), BlobError> {
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
    async fn read(&self, blob: &Blob) -> Result<Option<Bytes>, BlobError> {
        let limit = usize::try_from(blob.bytes).unwrap_or(usize::MAX);
        let name = name_of(&blob.hash);
        let Some(bytes) = self.store.read(&name, 0, limit.saturating_add(1)).await? else {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        if hash_of(&bytes) != blob.hash {
            self.counts.damaged.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        lock(&self.ledger).touch(blob.hash, blob.bytes);
        Ok(Some(bytes))
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
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > self.origin.bytes_max() {
            return Err(BlobError::new(
                BlobErrorKind::TooLarge,
                format!("the blob has {size} bytes: `OriginConfig::bytes` is the bound"),
            ));
        }
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

    fn now_ms(&self) -> u64 {
        let since = self.clock.wall().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }
}

/// A blob that is read piece by piece.
pub struct BlobReader {
    inner: Arc<Inner>,
    asset: Asset,
    blob: Blob,
    context: Context,
    at: u64,
}

impl BlobReader {
    /// What the index says of it.
    #[must_use]
    pub const fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The next piece, of at most 256 KiB; nothing after the last. One that was dropped is read again.
    ///
    /// # Errors
    ///
    /// The store's; [`BlobErrorKind::Damaged`] where the whole is not what was written, or went meanwhile: forget
    /// what came, and [open](Blobs::open) it again, which fetches it anew.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.at >= self.blob.bytes {
            return Ok(None);
        }
        let name = name_of(&self.blob.hash);
        let piece = self.inner.store.read(&name, self.at, PIECE_BYTES).await?;
        let piece = piece.unwrap_or_default();
        self.at = self
            .at
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.context.update(&piece);
        let is_last = self.at >= self.blob.bytes;
        let is_right = !piece.is_empty()
            && (!is_last || self.context.clone().finish().as_ref() == self.blob.hash);
        if is_right {
            return Ok(Some(piece));
        }
        self.at = self.blob.bytes;
        self.inner.counts.damaged.fetch_add(1, Ordering::Relaxed);
        let blobs = Blobs(Arc::clone(&self.inner));
        blobs.mend(&self.asset, &self.blob).await?;
        Err(damaged())
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader")
            .field("blob", &self.blob)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

fn damaged() -> BlobError {
    BlobError::new(
        BlobErrorKind::Damaged,
        "the blob is not what was written, each time: check the store's disk, and whether others write there",
    )
}

fn hash_of(bytes: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Where a blob lies: in one of 256 folders, since some file systems are slow with many files in one.
fn name_of(hash: &Hash) -> String {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = digits.get(..2).unwrap_or_default();
    format!("{folder}/{digits}")
}

fn hash_in(name: &str) -> Option<Hash> {
    let (_, digits) = name.split_once('/')?;
    let mut hash = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    // Upper-case digits are another name.
    (name_of(&hash) == name).then_some(hash)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a blob is asked for that turns out to be damaged or gone: once, and once after it was fetched anew.
const ATTEMPTS: usize = 2;

/// How much of a blob is read at a time: what a disk and a bucket give in some milliseconds.
const PIECE_BYTES: usize = 256 << 10;
