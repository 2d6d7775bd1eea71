//! What is to be kept for hours, months or years, in four tiers: hot, warm, cold and backup.
//!
//! An [`Entry`] is something that happened: a warning, a changed setting. It has a time, users whom it is about, and
//! bytes, as a [`Codec`](crate::tiers::Codec) makes them. A [`Policy`] for each class of them says up to which age they
//! are in which tier:
//!
//! | tier | is | until |
//! |---|---|---|
//! | hot | a copy in a Redis | an hour |
//! | warm | a database, in partitions of a week; what is there lasts | 90 days |
//! | cold | compressed volumes, with their hashes | 365 days |
//! | backup | encrypted archives of volumes | seven years |
//!
//! The [mover](Retention::run) carries weeks from tier to tier. It writes, reads back, compares, and only then forgets;
//! what is broken off anywhere is done again. What people wrote on Discord is kept nowhere, unless a policy
//! [says why](Policy::with_message_content). [`Retention::erase_user`] reaches every tier of the retention, and nothing
//! else that a bot keeps.
//!
//! What this is not: a cache. Nothing is loaded, and nothing is evicted that a policy does not name.
//!
//! ```
//! use std::{sync::Arc, time::{Duration, SystemTime, Instant}};
//! use ovenjs_cache::{
//!     blobs::MemoryBlobs,
//!     retention::{Entry, EntryId, Keys, MemoryWarm, Policy, Retention, Tier},
//! };
//! use ovenjs_net::Clock;
//! use ovenjs_types::{Id, Secret};
//!
//! # #[derive(Debug, Default)]
//! # struct Calendar(std::sync::atomic::AtomicU64);
//! # impl Calendar {
//! #     fn days(&self, days: u64) {
//! #         self.0.fetch_add(days, std::sync::atomic::Ordering::Relaxed);
//! #     }
//! # }
//! # impl Clock for Calendar {
//! #     fn now(&self) -> Instant { ovenjs_net::SystemClock.now() }
//! #     fn wall(&self) -> SystemTime {
//! #         let days = self.0.load(std::sync::atomic::Ordering::Relaxed);
//! #         SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400 + days * 86_400)
//! #     }
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! // A clock that the example turns. Tiers that end with the process, where a bot has a database and folders.
//! let calendar = Arc::new(Calendar::default());
//! let kept = Retention::builder(MemoryWarm::new())
//!     .cold(MemoryBlobs::new())
//!     .backup(MemoryBlobs::new(), Keys::new("2026", &Secret::new("07".repeat(32)))?)
//!     .class("moderation", Policy::new())
//!     .clock(calendar.clone())
//!     .build()?;
//!
//! let id = EntryId { at_ms: 20_000 * 86_400_000, tie: 1 };
//! kept.put("moderation", Entry::new(id, "warned").about([Id::new(7)])).await?;
//!
//! // Two years later it is in the backup alone, and still found.
//! calendar.days(2 * 365);
//! assert_eq!(kept.run().await?.failures, [""; 0]);
//! let report = kept.report().await?;
//! assert_eq!(report.lines.iter().map(|line| line.tier).collect::<Vec<_>>(), [Tier::Backup]);
//! assert_eq!(kept.get("moderation", id).await?.unwrap().body(), "warned");
//!
//! // What is about a user can be erased wherever it is.
//! let erased = kept.erase_user(Id::new(7)).await?;
//! assert!(erased.is_complete());
//! assert_eq!(kept.get("moderation", id).await?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod backup;
mod build;
mod entry;
mod erase;
mod erasure;
mod error;
mod hot;
mod library;
mod mover;
mod plan;
mod policy;
mod reads;
mod report;
#[cfg(test)]
mod tests;
mod title;
mod volume;
mod warm;

pub use archive::{KEY_ID_BYTES_MAX, Keys};
pub use backup::Checked;
pub use build::{Retention, RetentionBuilder};
pub use entry::{CLASS_BYTES_MAX, Class, ENTRY_BYTES_MAX, Entry, EntryId, Place, SUBJECTS_MAX};
pub use erasure::{ErasedIn, Erasure, ErasureReport};
pub use error::{RetentionError, RetentionErrorKind};
#[cfg(feature = "redis")]
pub use hot::RedisHot;
pub use hot::{Hot, HotHeld, MemoryHot};
pub use mover::Moved;
pub use plan::Violation;
pub use policy::{Beyond, Policy, Tier};
pub use reads::{Entries, PAGE_BYTES_MAX, PAGE_MAX};
pub use report::{Line, Report};
#[cfg(feature = "postgres")]
pub use warm::PostgresWarm;
#[cfg(feature = "sqlite")]
pub use warm::SqliteWarm;
pub use warm::{MemoryWarm, Partition, Stamp, Warm};
