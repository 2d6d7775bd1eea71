//! How blobs are set up, and who gives addresses anew.

use std::{error::Error, fmt, pin::Pin, sync::Arc, time::Duration};

use ovenjs_net::{Clock, SystemClock};

use super::{Asset, Blob, BlobStore, OriginConfig};
use crate::tiers::{Keyspace, KeyspaceConfig};

/// How [`Blobs`](super::Blobs) are set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlobsConfig {
    /// Where the bytes lie: a folder, a bucket, or a prefix of one, which nothing else is in.
    pub store: Arc<dyn BlobStore>,
    /// What is where: a keyspace of [this configuration](Self::index).
    pub index: Keyspace<Asset, Blob>,
    /// Where they come from.
    pub origin: OriginConfig,
    /// Who gives addresses anew that have ended. Default: nobody, and they are asked as they are.
    pub refresh: Option<Arc<dyn Refresh>>,
    /// How many bytes of what can be fetched again the store may have, where a blob counts for at least 4 KiB.
    /// Default: 1 GiB.
    pub bytes: u64,
    /// How many bytes of the bot's [own](Asset::named) it may have beside, counted alike. More are refused. Default:
    /// 1 GiB.
    pub own_bytes: u64,
    /// The clock. Default: the machine's.
    pub clock: Arc<dyn Clock>,
}

impl BlobsConfig {
    /// How the keyspace of this name is set up that is the index: fresh for thirty days and there for a year, as what
    /// is no longer fresh is fetched anew, and what is at an address hardly ever changes; and with 50 s for a load,
    /// which is a fetch that may be led elsewhere, and waits its turn before. Give it a
    /// [`load_deadline`](KeyspaceConfig::load_deadline) of its own where the [origin's](OriginConfig::deadline) is
    /// another.
    ///
    /// ```
    /// use ovenjs_cache::blobs::{BlobsConfig, OriginConfig};
    ///
    /// assert!(BlobsConfig::index("blobs").load_deadline > 2 * OriginConfig::new().deadline);
    /// ```
    #[must_use]
    pub fn index(name: impl Into<String>) -> KeyspaceConfig {
        KeyspaceConfig::new(name, SCHEMA)
            .lifetimes(30 * DAY, 365 * DAY)
            .load_deadline(LOAD_DEADLINE)
    }

    /// The defaults named at each field.
    #[must_use]
    pub fn new(store: Arc<dyn BlobStore>, index: Keyspace<Asset, Blob>) -> Self {
        Self {
            store,
            index,
            origin: OriginConfig::new(),
            refresh: None,
            bytes: 1 << 30,
            own_bytes: 1 << 30,
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets where they come from.
    #[must_use]
    pub fn origin(mut self, origin: OriginConfig) -> Self {
        self.origin = origin;
        self
    }

    /// Sets who gives addresses anew.
    #[must_use]
    pub fn refresh(mut self, refresh: Arc<dyn Refresh>) -> Self {
        self.refresh = Some(refresh);
        self
    }

    /// Sets how many bytes of what can be fetched again the store may have.
    #[must_use]
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets how many bytes of the bot's own it may have.
    #[must_use]
    pub const fn own_bytes(mut self, bytes: u64) -> Self {
        self.own_bytes = bytes;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

/// Who gives attachments' addresses anew: Discord does, at `POST /attachments/refresh-urls`.
pub trait Refresh: fmt::Debug + Send + Sync {
    /// The address of each, in its place; nothing, where there is none any more. Never more than
    /// [`REFRESHED_AT_ONCE`].
    fn refresh<'a>(&'a self, addresses: &'a [String]) -> Refreshing<'a>;
}

/// What a [`Refresh`] was asked.
pub type Refreshing<'a> = Pin<
    Box<dyn Future<Output = Result<Vec<Option<String>>, Box<dyn Error + Send + Sync>>> + Send + 'a>,
>;

/// How many addresses are refreshed in one request: Discord takes no more.
pub const REFRESHED_AT_ONCE: usize = 50;

/// The version of the form that the index's values have.
const SCHEMA: u32 = 1;

const DAY: Duration = Duration::from_secs(86_400);

/// How long a fetch may take as a whole, under the minute that a keyspace allows a loader.
const LOAD_DEADLINE: Duration = Duration::from_secs(50);
