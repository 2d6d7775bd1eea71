//! Why something could not be kept, found, moved or restored.

use std::{error::Error, fmt, time::Duration};

use ovenjs_types::Fault;

use crate::tiers::StoreError;

/// What could not be done, and what to do about it. It names files and keys by their ids and holds no secret.
#[derive(Debug)]
pub struct RetentionError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: RetentionErrorKind,
    note: String,
    source: Option<StoreError>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetentionErrorKind {
    /// The class has no name, or no policy.
    Class,
    /// A policy contradicts itself, or asks for a tier that is not there.
    Policy,
    /// An entry is too large, or about too many users.
    TooLarge,
    /// An entry is older than its class keeps any.
    TooOld,
    /// An entry is dated later than now.
    NotYet,
    /// An entry holds what somebody wrote, and its class may not keep that.
    MessageContent,
    /// An entry is about a user whose entries of that time were erased.
    Erased,
    /// A tier did not do what it was asked.
    Tier,
    /// A file was changed or cut short, or is another program's.
    Damaged,
    /// A file was encrypted with a key that is not known, or with another one of the same id.
    Key,
}

impl RetentionError {
    pub(crate) fn new(kind: RetentionErrorKind, note: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            note: note.into(),
            source: None,
        }))
    }

    pub(crate) fn damaged(file: &str, what: &str) -> Self {
        Self::new(
            RetentionErrorKind::Damaged,
            format!("{file} {what}: restore it from the backup or another copy, or remove it"),
        )
    }

    /// What kind of failure it was.
    #[must_use]
    pub const fn kind(&self) -> RetentionErrorKind {
        self.0.kind
    }
}

impl From<StoreError> for RetentionError {
    fn from(error: StoreError) -> Self {
        Self(Box::new(Inner {
            kind: RetentionErrorKind::Tier,
            note: error.to_string(),
            source: Some(error),
        }))
    }
}

impl fmt::Display for RetentionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.note)
    }
}

impl Error for RetentionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().and_then(Error::source)
    }
}

impl Fault for RetentionError {
    fn is_retryable(&self) -> bool {
        self.0.source.as_ref().is_some_and(Fault::is_retryable)
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.source.as_ref().and_then(Fault::retry_after)
    }

    fn is_auth(&self) -> bool {
        self.0.source.as_ref().is_some_and(Fault::is_auth)
    }
}
