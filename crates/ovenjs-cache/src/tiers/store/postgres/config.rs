//! How a store in a Postgres is set up.

use std::{fmt, sync::Arc, time::Duration};

use ovenjs_net::{Clock, SystemClock};

/// How a [`PostgresStore`](super::PostgresStore) is set up.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_cache::tiers::{PostgresConfig, PostgresStore};
///
/// let config = PostgresConfig::new("postgres://ann:secret@db.example/bots", "my_bot")
///     .replica("postgres://ann:secret@near.example/bots")
///     .lag(Duration::from_secs(2));
/// assert!(!format!("{config:?}").contains("secret"));
/// let store = PostgresStore::build(config)?;
/// assert_eq!(store.stats().replicas.len(), 1);
/// # Ok::<(), ovenjs_cache::tiers::StoreError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// Where the primary is, as `postgres://user:password@host:port/database`, of which the password, the port
    /// (then 5432) and `?sslmode=` (then `prefer`) may be left out. Neither the variables of libpq nor its file of
    /// passwords say anything.
    pub address: String,
    /// The bot's name, of `a`–`z`, `0`–`9` and `_`, and of at most [`NAME_BYTES_MAX`](super::super::NAME_BYTES_MAX).
    pub name: String,
    /// Where replicas are that answer reads, at most [`REPLICAS_MAX`]. Default: none, and the primary answers all.
    pub replicas: Vec<String>,
    /// How much older than the primary's a replica's answer may be. One that is further behind is not asked. At most
    /// [`LAG_MAX`], and at least a second, since it is measured twice a second. Default: 5 s.
    pub lag: Duration,
    /// How long a replica is waited for before the primary is asked in its place: less than a third of
    /// `TieredConfig::third_deadline`, or nobody is left to ask it. Default: 75 ms.
    pub replica_deadline: Duration,
    /// The clock by which lag is measured. Default: the machine's.
    pub clock: Arc<dyn Clock>,
}

impl PostgresConfig {
    /// A primary alone, for the bot of this name.
    #[must_use]
    pub fn new(address: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            name: name.into(),
            replicas: Vec::new(),
            lag: Duration::from_secs(5),
            replica_deadline: Duration::from_millis(75),
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds a replica, by an address like the primary's.
    #[must_use]
    pub fn replica(mut self, address: impl Into<String>) -> Self {
        self.replicas.push(address.into());
        self
    }

    /// Sets how much older than the primary's a replica's answer may be.
    #[must_use]
    pub const fn lag(mut self, lag: Duration) -> Self {
        self.lag = lag;
        self
    }

    /// Sets how long a replica is waited for.
    #[must_use]
    pub const fn replica_deadline(mut self, deadline: Duration) -> Self {
        self.replica_deadline = deadline;
        self
    }

    /// Sets the clock by which lag is measured.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses hold passwords.
        f.debug_struct("PostgresConfig")
            .field("name", &self.name)
            .field("replicas", &self.replicas.len())
            .field("lag", &self.lag)
            .field("replica_deadline", &self.replica_deadline)
            .finish_non_exhaustive()
    }
}

/// How a [`PostgresStore`](super::PostgresStore)'s servers fare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresStats {
    /// Records that the primary was asked for.
    pub primary_reads: u64,
    /// The replicas, in the order of [`PostgresConfig::replicas`].
    pub replicas: Vec<ReplicaStats>,
}

/// How a replica fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaStats {
    /// Records that it was asked for.
    pub reads: u64,
    /// How often it did not answer, or not in time, and the primary was asked in its place.
    pub failed: u64,
    /// How old its answers are at most; nothing where that is not known, and then it is not asked.
    pub age: Option<Duration>,
    /// Whether it is left alone at present, because it did not answer.
    pub is_away: bool,
}

/// How many replicas a store has at most: a connection or two to each from each process is what a small server has.
pub const REPLICAS_MAX: usize = 8;

/// How far a replica may be behind at most: half of [`GONE_KEPT`](super::super::super::GONE_KEPT), so that what was
/// deleted is gone there too before it is forgotten that it was.
pub const LAG_MAX: Duration = Duration::from_secs(30);

/// A lag below this would be over before it is measured again.
pub(super) const LAG_MIN: Duration = Duration::from_secs(1);
