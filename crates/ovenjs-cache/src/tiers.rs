//! What is kept behind memory: keyed records in one or two stores, with versions, tags and lifetimes.
//!
//! A [`Record`] under a [`Key`] says which [`Version`] of a thing it is, and a [`Store`] replaces it only by
//! one that is not older, so that processes that write at once, late or twice leave the newest behind.
//!
//! Times are milliseconds since 1970 and come in as arguments: other processes read what is stored, so it is
//! the wall clock's, and the clocks of the processes should agree to within a second.

#[cfg(feature = "tiers")]
mod choice;
#[cfg(feature = "tiers")]
mod foretelling;
#[cfg(feature = "tiers")]
mod ghost;
mod key;
mod record;
#[cfg(feature = "tiers")]
mod residents;
mod store;
mod version;

#[cfg(feature = "tiers")]
pub use choice::{Choice, Policy};
#[cfg(feature = "tiers")]
pub use foretelling::{Foretelling, ForetellingStats, Foretold, Source};
pub use key::{ID_BYTES_MAX, Key, KeyError, SPACE_BYTES_MAX, Space, TAG_BYTES_MAX, Tag};
pub use record::{BODY_BYTES_MAX, Body, FOREVER_MS, GONE_KEPT, Record, RecordError, TAGS_MAX};
#[cfg(feature = "tiers")]
pub use residents::{Eviction, Residents, ResidentsConfig, ResidentsStats};
#[cfg(feature = "redis")]
pub use store::RedisStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{Asked, Cursor, Memory, Page, Span, Store, StoreError, StoreFault, Written};
#[cfg(feature = "postgres")]
pub use store::{NAME_BYTES_MAX, PostgresStore};
pub use version::Version;
