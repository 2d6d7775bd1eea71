//! Why a mirror could not be read.

use std::{error::Error as StdError, fmt};

use ovenjs_types::{Fault, json::DecodeError};

/// Why bytes are not the mirror they should be. The message names the repair.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    source: Option<DecodeError>,
}

/// What is wrong with the bytes of a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// They are none.
    Foreign,
    /// They are those of another version of this crate.
    Version,
    /// They were cut short or changed.
    Damaged,
}

impl Error {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) const fn foreign() -> Self {
        Self::new(ErrorKind::Foreign)
    }

    pub(crate) const fn version() -> Self {
        Self::new(ErrorKind::Version)
    }

    pub(crate) const fn damaged() -> Self {
        Self::new(ErrorKind::Damaged)
    }

    const fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn with_source(mut self, source: DecodeError) -> Self {
        self.source = Some(source);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Foreign => "this is no mirror: check where it was to be read from",
            ErrorKind::Version => {
                "the mirror is of another version of ovenjs: begin with an empty one"
            }
            ErrorKind::Damaged => "the mirror is damaged: begin with an empty one",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_ref();
        source.map(|source| {
            let source: &(dyn StdError + 'static) = source;
            source
        })
    }
}

impl Fault for Error {}
