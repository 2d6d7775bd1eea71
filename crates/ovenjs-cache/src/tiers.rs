//! What is kept behind memory: keyed records in one or two stores, with versions, tags and lifetimes.
//!
//! A [`Record`] under a [`Key`] says which [`Version`] of a thing it is, and a [`Store`] replaces it only by
//! one that is not older, so that processes that write at once, late or twice leave the newest behind.
//!
//! Times are milliseconds since 1970 and come in as arguments: other processes read what is stored, so it is
//! the wall clock's, and the clocks of the processes should agree to within a second.

#[cfg(feature = "tiers")]
mod arrears;
#[cfg(feature = "tiers")]
mod behind;
#[cfg(feature = "tiers")]
mod blocks;
#[cfg(any(feature = "tiers", feature = "redis", feature = "postgres"))]
mod breaker;
#[cfg(feature = "tiers")]
mod choice;
#[cfg(feature = "tiers")]
mod codec;
#[cfg(feature = "tiers")]
mod config;
#[cfg(feature = "tiers")]
mod error;
#[cfg(feature = "tiers")]
mod extra;
#[cfg(feature = "tiers")]
mod flight;
#[cfg(feature = "tiers")]
mod floors;
#[cfg(feature = "tiers")]
mod foretelling;
#[cfg(feature = "tiers")]
mod ghost;
#[cfg(feature = "tiers")]
mod held;
#[cfg(feature = "tiers")]
mod journal;
mod key;
#[cfg(feature = "tiers")]
mod keyspace;
#[cfg(feature = "tiers")]
mod latency;
#[cfg(feature = "tiers")]
mod log;
#[cfg(feature = "tiers")]
mod moves;
mod record;
#[cfg(feature = "tiers")]
mod residents;
pub(crate) mod store;
#[cfg(feature = "tiers")]
mod tier;
#[cfg(feature = "tiers")]
mod tiered;
mod version;
#[cfg(feature = "tiers")]
mod warming;

#[cfg(feature = "tiers")]
pub use behind::BehindStats;
#[cfg(feature = "tiers")]
pub use blocks::{GuildBlocks, GuildBlocksConfig, GuildBlocksStats};
#[cfg(feature = "tiers")]
pub use choice::{Choice, Policy};
#[cfg(feature = "tiers")]
pub use codec::{AsIs, Codec, CodecError, Compact, Json};
#[cfg(feature = "zstd")]
pub use codec::{Dictionary, Zstd};
#[cfg(feature = "tiers")]
pub use config::{KeyspaceConfig, Named, TieredConfig, Writes};
#[cfg(feature = "tiers")]
pub use error::{TierError, TierErrorKind};
#[cfg(feature = "tiers")]
pub use extra::Extra;
#[cfg(feature = "blobs")]
pub(crate) use flight::Flights;
#[cfg(feature = "tiers")]
pub use foretelling::{Foretelling, ForetellingStats, Foretold, Source};
#[cfg(feature = "tiers")]
pub use journal::{Journal, JournalStats};
pub use key::{ID_BYTES_MAX, Key, KeyError, SPACE_BYTES_MAX, Space, TAG_BYTES_MAX, Tag};
#[cfg(feature = "tiers")]
pub use keyspace::{Keyspace, KeyspaceStats, Put, Suggestion, Warmed};
#[cfg(feature = "tiers")]
pub use log::LogStats;
pub use record::{BODY_BYTES_MAX, Body, FOREVER_MS, GONE_KEPT, Record, RecordError, TAGS_MAX};
#[cfg(feature = "tiers")]
pub use residents::{Eviction, Priority, Residents, ResidentsConfig, ResidentsStats};
#[cfg(feature = "mysql")]
pub use store::MySqlStore;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub use store::NAME_BYTES_MAX;
#[cfg(any(feature = "tiers", feature = "redis"))]
pub use store::Parts;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{
    Asked, Cursor, Heard, Log, Memory, Page, Place, Span, Store, StoreError, StoreFault, Told,
    Written, fits,
};
#[cfg(feature = "postgres")]
pub use store::{
    LAG_MAX, PostgresConfig, PostgresStats, PostgresStore, REPLICAS_MAX, ReplicaStats,
};
#[cfg(feature = "redis")]
pub use store::{PARTS, PARTS_MAX, RedisStore};
#[cfg(feature = "tiers")]
pub use tier::TierStats;
#[cfg(feature = "tiers")]
pub use tiered::{Tiered, TieredStats};
pub use version::Version;
#[cfg(feature = "tiers")]
pub use warming::{Moved, Warming, WarmingStats};

/// A panic of a caller's leaves nothing half done behind these locks.
#[cfg(any(feature = "tiers", feature = "redis"))]
fn lock<T: ?Sized>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// For how long what the second tier has is believed before the third is asked, where a keyspace does not say
/// otherwise: as long as values are fresh by default, so that it is asked no more often than a loader would be.
#[cfg(feature = "tiers")]
pub const LENT: std::time::Duration = std::time::Duration::from_secs(60);

/// How far the clocks of two processes may be apart.
#[cfg(feature = "tiers")]
const SKEW_MS: u64 = 1_000;

/// The bits of a write's sequence below its millisecond: within one, a million writes have an order.
#[cfg(feature = "tiers")]
const SEQUENCES_A_MS: u32 = 20;
