//! How blobs are set up, and who gives addresses anew.

use std::{error::Error, fmt, pin::Pin, sync::Arc};

use ovenjs_net::{Clock, SystemClock};

use super::{Asset, Blob, BlobStore, OriginConfig};
use crate::tiers::Keyspace;

/// How [`Blobs`](super::Blobs) are set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlobsConfig {
    /// Where the bytes lie: a folder, a bucket, or a prefix of one, which nothing else is in.
    pub store: Arc<dyn BlobStore>,
    /// What is where.
    pub index: Keyspace<Asset, Blob>,
    /// Where they come from.
    pub origin: OriginConfig,
    /// Who gives addresses anew that have ended. Default: nobody, and they are asked as they are.
    pub refresh: Option<Arc<dyn Refresh>>,
    /// How many bytes the store may have, where a blob counts for at least 4 KiB. Default: 1 GiB.
    pub bytes: u64,
    /// The clock. Default: the machine's.
    pub clock: Arc<dyn Clock>,
}

impl BlobsConfig {
    /// The defaults named at each field.
    #[must_use]
    pub fn new(store: Arc<dyn BlobStore>, index: Keyspace<Asset, Blob>) -> Self {
        Self {
            store,
            index,
            origin: OriginConfig::new(),
            refresh: None,
            bytes: 1 << 30,
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

    /// Sets how many bytes the store may have.
    #[must_use]
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
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
