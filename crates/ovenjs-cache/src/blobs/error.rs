//! Why a blob is not there.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use ovenjs_types::Fault;

use crate::tiers::{StoreError, TierError, TierErrorKind};

/// What could not be had, and what to do about it. Cloning is cheap: all who waited for one fetch are told. It
/// carries no address: a CDN's holds a signature.
#[derive(Clone, Debug)]
pub struct BlobError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: BlobErrorKind,
    note: String,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlobErrorKind {
    /// The address is none, or of a host that is not allowed.
    Address,
    /// The blob is larger than it may be.
    TooLarge,
    /// Its origin does not answer, or not in time. It may be back in a moment.
    Away,
    /// Its origin refused, or led elsewhere too often.
    Refused,
    /// The address has ended, and could not be refreshed.
    Ended,
    /// There is no room for more of the bot's own.
    Full,
    /// The store or the index failed.
    Store,
    /// What was read is not what was written.
    Damaged,
}

impl BlobError {
    pub(super) fn new(kind: BlobErrorKind, note: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            note: note.into(),
            retry_after: None,
            source: None,
        }))
    }

    pub(super) fn with_source(
        kind: BlobErrorKind,
        note: &str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
        retry_after: Option<Duration>,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            note: note.to_owned(),
            retry_after,
            source: Some(source.into()),
        }))
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> BlobErrorKind {
        self.0.kind
    }
}

impl From<StoreError> for BlobError {
    fn from(error: StoreError) -> Self {
        let note = "the blobs' store failed; its own words are the cause";
        let wait = error.retry_after();
        Self::with_source(BlobErrorKind::Store, note, error, wait)
    }
}

impl From<TierError> for BlobError {
    fn from(error: TierError) -> Self {
        // What the fetch failed with, which went through the tiers as a loader's failure.
        let fetch = error.source().and_then(|source| source.downcast_ref());
        if let Some(fetch) = fetch {
            return Self::clone(fetch);
        }
        if error.kind() == TierErrorKind::Late {
            let note = "the blob was not fetched within the index's load deadline: ask again, and set the index up by \
                        `BlobsConfig::index`, with more time than the origin has";
            return Self::with_source(BlobErrorKind::Away, note, error, None);
        }
        let note = "the blobs' index failed; its own words are the cause";
        Self::with_source(BlobErrorKind::Store, note, error, None)
    }
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.note)
    }
}

impl Error for BlobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

impl Fault for BlobError {
    fn is_retryable(&self) -> bool {
        matches!(self.0.kind, BlobErrorKind::Away | BlobErrorKind::Damaged)
            || self.0.source.as_ref().is_some_and(|source| {
                let store = source.downcast_ref::<StoreError>();
                let tier = source.downcast_ref::<TierError>();
                store.is_some_and(Fault::is_retryable) || tier.is_some_and(Fault::is_retryable)
            })
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}
