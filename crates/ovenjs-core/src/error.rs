//! What can stop a bot.

use std::{error::Error as StdError, fmt, time::Duration};

use ovenjs_types::{Fault, Permissions};

/// Why a bot did not start or had to stop. The message names the repair.
///
/// `Debug` writes the same sentence as `Display`, followed by its sources: `main` prints errors
/// with `Debug`, and a user should not have to read a struct. `{:#}` does so too.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Source>,
}

type Source = Box<dyn Fault + Send + Sync>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration cannot be used: file, environment or code.
    Configuration,
    /// The handlers contradict one another or Discord's rules.
    Routes,
    /// A request to Discord failed while the bot started.
    Rest,
    /// The gateway gave up.
    Gateway,
    /// One process did not take over from the other.
    HandOver,
    /// The operating system refused a thread, a runtime or a signal handler.
    System,
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message, None)
    }

    pub(crate) fn routes(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Routes, message.to_string(), None)
    }

    pub(crate) fn hand_over(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::HandOver, message, None)
    }

    pub(crate) fn system(what: &str, error: &std::io::Error) -> Self {
        Self::new(ErrorKind::System, format!("{what}: {error}"), None)
    }

    /// An error of a crate below, with what was being done.
    pub(crate) fn below(
        kind: ErrorKind,
        doing: &str,
        source: impl Fault + Send + Sync + 'static,
    ) -> Self {
        Self::new(kind, doing.to_owned(), Some(Box::new(source)))
    }

    fn new(kind: ErrorKind, message: impl Into<String>, source: Option<Source>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source,
        }))
    }

    fn fault(&self) -> Option<&Source> {
        self.0.source.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.alternate() {
            true => fmt::Debug::fmt(self, f),
            false => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sentence = self.0.message.clone();
        let mut source = self.source();
        while let Some(error) = source {
            // An error of a library between two of ours repeats what ours has said.
            let text = error.to_string();
            if !sentence.contains(&text) {
                sentence.push_str(": ");
                sentence.push_str(&text);
            }
            source = error.source();
        }
        f.write_str(&sentence)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| {
            let source: &(dyn StdError + 'static) = source.as_ref();
            source
        })
    }
}

impl Fault for Error {
    fn is_retryable(&self) -> bool {
        self.fault().is_some_and(|fault| fault.is_retryable())
    }

    fn retry_after(&self) -> Option<Duration> {
        self.fault().and_then(|fault| fault.retry_after())
    }

    fn is_auth(&self) -> bool {
        self.fault().is_some_and(|fault| fault.is_auth())
    }

    fn missing_permission(&self) -> Option<Permissions> {
        self.fault().and_then(|fault| fault.missing_permission())
    }

    fn discord_code(&self) -> Option<u32> {
        self.fault().and_then(|fault| fault.discord_code())
    }
}
