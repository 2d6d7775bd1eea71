//! The port to what keeps records behind memory, and what it may answer.

mod log;
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(any(feature = "tiers", feature = "redis"))]
mod parts;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(any(feature = "postgres", feature = "sqlite", feature = "mysql"))]
pub(crate) mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "tiers")]
#[cfg(test)]
pub(super) mod troubled;

use std::{error::Error, fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use ovenjs_types::Fault;

use super::{Key, Record, RecordError, Space, Tag, Version};
pub use log::{Heard, Log, Place, Told, fits};
pub use memory::Memory;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(any(feature = "tiers", feature = "redis"))]
pub use parts::Parts;
#[cfg(feature = "postgres")]
pub use postgres::{
    LAG_MAX, PostgresConfig, PostgresStats, PostgresStore, REPLICAS_MAX, ReplicaStats,
};
#[cfg(feature = "redis")]
pub use redis::{PARTS, PARTS_MAX, RedisStore};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub use sql::NAME_BYTES_MAX;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// What keeps records where other processes, or the next one, find them.
///
/// - Each key by itself is atomic, the keys of a call together are not.
/// - What is over at `now_ms` is as if it were not there, whether or not it has been swept. Each call is given
///   the time of whoever asks.
/// - Bytes that are no record any more are as if they were not there, and are counted.
/// - No call waits for ever, but who has less time than the store's own deadline drops the call: nothing leaks,
///   and what was asked may be done or not.
/// - A write can be repeated when its answer did not come, since the same version may be written again.
///
/// ```
/// use ovenjs_cache::tiers::{Body, FOREVER_MS, Key, Memory, Record, Space, Store, Version, Written};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = Memory::new(1_000);
/// let key = Key::new(&Space::new("settings", 1)?, 1, "prefix")?;
/// let record = |sequence, text: &'static str| Record {
///     version: Version { source: 1, epoch: 1, sequence },
///     body: Body::Value(text.into()),
///     soft_ms: FOREVER_MS,
///     hard_ms: FOREVER_MS,
///     lent_ms: FOREVER_MS,
///     tags: Vec::new(),
/// };
/// let now_ms = 1_700_000_000_000;
/// let (newer, older) = (record(8, "!"), record(7, "?"));
/// store.write(now_ms, &[(key.clone(), newer.clone())]).await?;
/// // A write that was on its way for long changes nothing, and is told why.
/// let written = store.write(now_ms, &[(key.clone(), older)]).await?;
/// assert_eq!(written, [Written::Older(newer.version)]);
/// assert_eq!(store.read(now_ms, &[key]).await?, [Some(newer)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Every call: [`StoreFault`] says what to do. What became of the call is not known then, but for
/// [`StoreFault::TooLarge`], where nothing was done.
pub trait Store: fmt::Debug + Send + Sync {
    /// The records of these keys, each in its place.
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>>;

    /// Writes each record unless its key has one that it [may not replace](Version::may_replace). A key that
    /// comes twice is written twice, in this order.
    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>>;

    /// The generations of these tags. One that is not known begins with the time, so that one that was lost
    /// never has the generation again that it once had.
    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>>;

    /// Gives these tags a later generation, and tells it: whatever was made of them is stale.
    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>>;

    /// Takes `key` for `holder`, so that one of many processes loads what all of them miss; whether it is his.
    /// It is nobody's again after `lifetime`, or when it is [released](Self::release). Who holds it may take it
    /// again. It says nothing about the record.
    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool>;

    /// Gives `key` back, if it is `holder`'s.
    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()>;

    /// Some records of the span: go on with [`Page::next`] until there is none. Each that is there all the
    /// while comes at least once, in no order; what is written meanwhile may come or not. A page may have more
    /// or fewer than `limit` records, and may be empty before the last.
    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page>;

    /// Forgets all records of the span and how many those were. What is written meanwhile may stay.
    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64>;

    /// Gives back the room of up to `limit` records that are over; how many those were. A store that does so
    /// by itself has nothing to do.
    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64>;

    /// How many records were met since it was opened that are damaged or another key's.
    fn damaged(&self) -> u64;

    /// Something newer of this key than it has answered may be where it writes, or of any key: what is read after
    /// this is asked for there. Whether that makes a difference. Default: none, for a store that always reads where
    /// it writes.
    fn overtaken(&self, _key: Option<&Key>) -> bool {
        false
    }

    /// In how many parts it lies that may be away while the others are not. Default: 1.
    fn parts(&self) -> usize {
        1
    }

    /// In which of its [parts](Self::parts) the key lies, counted from 0.
    fn part(&self, _key: &Key) -> usize {
        0
    }

    /// The log of what is written to it, where it keeps one. Default: none.
    fn log(&self) -> Option<&dyn Log> {
        None
    }
}

/// What a [`Store`] was asked.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What became of a record that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Written {
    /// It is kept.
    Kept,
    /// The key has one of this version, which it may not replace.
    Older(Version),
}

/// Keys that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The space.
    pub space: Space,
    /// The guild in it, or the whole space.
    pub scope: Option<u64>,
}

impl Span {
    /// Whether the key is one of them.
    #[must_use]
    pub fn has(&self, key: &Key) -> bool {
        *key.space() == self.space && self.scope.is_none_or(|scope| scope == key.scope())
    }
}

/// Some records of a [`Span`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<(Key, Record)>,
    /// Where to go on; nowhere after the last.
    pub next: Option<Cursor>,
}

/// A place within a [`Store::scan`]. It means something to the store that gave it, and to no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub(crate) Bytes);

/// Why a store did not do what it was asked. The text names the store and the repair, and holds no password.
#[derive(Debug)]
pub struct StoreError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    store: &'static str,
    fault: StoreFault,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreFault {
    /// It does not answer, or not in time. It may be back in a moment.
    Away,
    /// A [part](Store::parts) of it does not answer, and others do. It may be back in a moment.
    PartAway,
    /// It has no room.
    Full,
    /// User or password were refused.
    Auth,
    /// It refused what it was asked: a right is missing, or it is not what it should be.
    Refused,
    /// What it keeps is of a later version of this crate.
    Schema,
    /// A record or its tags exceed their bound.
    TooLarge,
}

impl StoreError {
    /// A failure of the store that is called so, for a store of one's own.
    #[must_use]
    pub fn new(store: &'static str, fault: StoreFault) -> Self {
        Self(Box::new(Inner {
            store,
            fault,
            retry_after: None,
            source: None,
        }))
    }

    /// The same, and what it came from. Its text must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same, and how long to wait before the store is asked again.
    #[must_use]
    pub const fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// What kind of failure it was.
    #[must_use]
    pub const fn fault(&self) -> StoreFault {
        self.0.fault
    }

    /// Whether the store is as good as not there, so that others have to do without it for now.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self.0.fault, StoreFault::Away)
    }

    #[cfg(any(feature = "tiers", feature = "redis"))]
    pub(crate) fn with_fault(mut self, fault: StoreFault) -> Self {
        self.0.fault = fault;
        self
    }

    pub(crate) fn too_large(store: &'static str, source: RecordError) -> Self {
        Self::new(store, StoreFault::TooLarge).with_source(source)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repair = match self.0.fault {
            StoreFault::Away => "does not answer: check that it runs, its address and the network",
            StoreFault::PartAway => {
                "has a part that does not answer: check that each of its nodes runs and is reached, and has its slots"
            }
            StoreFault::Full => {
                "has no room: give it more memory or disk, or keep records for less long"
            }
            StoreFault::Auth => "refused user or password: set those that it knows",
            StoreFault::Refused => {
                "refused what it was asked; its own words are the cause of this error"
            }
            StoreFault::Schema => {
                "keeps records of a later version of ovenjs: update, or give this bot a name or database of its own"
            }
            StoreFault::TooLarge => "was given a record that exceeds a bound: keep it in parts",
        };
        write!(f, "the cache's {} {repair}", self.0.store)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

impl Fault for StoreError {
    fn is_retryable(&self) -> bool {
        matches!(
            self.0.fault,
            StoreFault::Away | StoreFault::PartAway | StoreFault::Full
        )
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    fn is_auth(&self) -> bool {
        self.0.fault == StoreFault::Auth
    }
}

/// An entry with its record as bytes.
#[cfg(any(
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "mysql"
))]
type Encoded<'a> = (&'a Key, &'a Record, Bytes);

/// The entries with their bytes, all of them or none.
#[cfg(any(
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "mysql"
))]
fn encoded<'a>(
    store: &'static str,
    entries: &'a [(Key, Record)],
) -> Result<Vec<Encoded<'a>>, StoreError> {
    let each = entries.iter().map(|(key, record)| {
        let bytes = record.to_bytes(key);
        bytes
            .map(|bytes| (key, record, bytes))
            .map_err(|error| StoreError::too_large(store, error))
    });
    each.collect()
}

/// The version in the first bytes of a record.
#[cfg(feature = "redis")]
fn version_of(record: &[u8]) -> Option<Version> {
    let rest = record.get(1..)?;
    let (source, rest) = rest.split_first_chunk()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    let (sequence, _) = rest.split_first_chunk()?;
    Some(Version {
        source: u32::from_be_bytes(*source),
        epoch: u64::from_be_bytes(*epoch),
        sequence: u64::from_be_bytes(*sequence),
    })
}

/// When a claim ends.
fn until(now_ms: u64, lifetime: Duration) -> u64 {
    now_ms.saturating_add(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX))
}
