//! Why a mirror could not be read.

use std::fmt;

use ovenjs_types::Fault;

/// Why bytes are not the mirror they should be. The message names the repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(ErrorKind);

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
        self.0
    }

    pub(crate) const fn foreign() -> Self {
        Self(ErrorKind::Foreign)
    }

    pub(crate) const fn version() -> Self {
        Self(ErrorKind::Version)
    }

    pub(crate) const fn damaged() -> Self {
        Self(ErrorKind::Damaged)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            ErrorKind::Foreign => "this is no mirror: check where it was to be read from",
            ErrorKind::Version => {
                "the mirror is of another version of ovenjs: begin with an empty one"
            }
            ErrorKind::Damaged => "the mirror is damaged: begin with an empty one",
        })
    }
}

impl std::error::Error for Error {}

impl Fault for Error {}
