//! Why something is not in the tiers, or could not be put there.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use ovenjs_types::Fault;

use super::{CodecError, KeyError, StoreError, StoreFault};

/// What a keyspace could not do, and what to do about it. Cloning is cheap: those who waited for one load are
/// all told.
#[derive(Clone, Debug)]
pub struct TierError(Arc<Cause>);

#[derive(Debug)]
enum Cause {
    Key(KeyError),
    Codec(CodecError),
    Store(StoreError),
    Loader(Box<dyn Error + Send + Sync>),
    Late,
    Overtaken,
    Memory { wanted: u64, left: u64, most: u64 },
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TierErrorKind {
    /// The key, the name of the keyspace or a tag is none.
    Key,
    /// The value has no bytes in this codec.
    Codec,
    /// A store did not take what has to be kept, and there is no room to let it wait.
    Store,
    /// The loader failed.
    Loader,
    /// The loader took longer than it may.
    Late,
    /// While it was loaded it was written, each time: it changes faster than it can be loaded.
    Overtaken,
    /// All keyspaces together may not take so much [memory](super::TieredConfig::memory).
    Memory,
}

impl TierError {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> TierErrorKind {
        match &*self.0 {
            Cause::Key(_) => TierErrorKind::Key,
            Cause::Codec(_) => TierErrorKind::Codec,
            Cause::Store(_) => TierErrorKind::Store,
            Cause::Loader(_) => TierErrorKind::Loader,
            Cause::Late => TierErrorKind::Late,
            Cause::Overtaken => TierErrorKind::Overtaken,
            Cause::Memory { .. } => TierErrorKind::Memory,
        }
    }

    /// Whether it is the value's, so that others fare better.
    pub(crate) fn is_of_value(&self) -> bool {
        match &*self.0 {
            Cause::Codec(_) => true,
            Cause::Store(error) => error.fault() == StoreFault::TooLarge,
            _ => false,
        }
    }

    pub(crate) fn loader(source: Box<dyn Error + Send + Sync>) -> Self {
        Self(Arc::new(Cause::Loader(source)))
    }

    pub(crate) fn late() -> Self {
        Self(Arc::new(Cause::Late))
    }

    pub(crate) fn overtaken() -> Self {
        Self(Arc::new(Cause::Overtaken))
    }

    pub(crate) fn memory(wanted: u64, left: u64, most: u64) -> Self {
        Self(Arc::new(Cause::Memory { wanted, left, most }))
    }
}

impl From<KeyError> for TierError {
    fn from(error: KeyError) -> Self {
        Self(Arc::new(Cause::Key(error)))
    }
}

impl From<CodecError> for TierError {
    fn from(error: CodecError) -> Self {
        Self(Arc::new(Cause::Codec(error)))
    }
}

impl From<StoreError> for TierError {
    fn from(error: StoreError) -> Self {
        Self(Arc::new(Cause::Store(error)))
    }
}

impl fmt::Display for TierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Key(error) => error.fmt(f),
            Cause::Codec(error) => error.fmt(f),
            Cause::Store(error) => error.fmt(f),
            Cause::Loader(_) => f.write_str("the loader failed; its own words are the cause"),
            Cause::Late => f.write_str(
                "the loader did not end in time: make it faster, or give the keyspace a longer load deadline",
            ),
            Cause::Overtaken => f.write_str(
                "the key was written each time while it was loaded: ask again, or put what is written into it",
            ),
            Cause::Memory { wanted, left, most } => write!(
                f,
                "the keyspace wants {wanted} bytes of memory, and {left} are left of the {most} that all together \
                 may take: give it less, or them more"
            ),
        }
    }
}

impl Error for TierError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.0 {
            Cause::Key(error) => error.source(),
            Cause::Codec(error) => error.source(),
            Cause::Store(error) => error.source(),
            Cause::Loader(error) => {
                let error: &(dyn Error + 'static) = &**error;
                Some(error)
            }
            Cause::Late | Cause::Overtaken | Cause::Memory { .. } => None,
        }
    }
}

impl Fault for TierError {
    fn is_retryable(&self) -> bool {
        match &*self.0 {
            Cause::Store(error) => error.is_retryable(),
            Cause::Late | Cause::Overtaken => true,
            Cause::Key(_) | Cause::Codec(_) | Cause::Loader(_) | Cause::Memory { .. } => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &*self.0 {
            Cause::Store(error) => error.retry_after(),
            _ => None,
        }
    }

    fn is_auth(&self) -> bool {
        matches!(&*self.0, Cause::Store(error) if error.is_auth())
    }
}
