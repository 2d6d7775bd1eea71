//! What can go wrong, and what to do about it.

use std::{borrow::Cow, fmt};

use ovenjs_types::Fault;

/// An error of the gateway. Its text names the repair; it never contains the token.
///
/// Lost connections are not errors: a shard reconnects and resumes by itself. Only what no
/// reconnecting can mend stops a shard.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    text: Cow<'static, str>,
    close_code: Option<u16>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Discord refused the token.
    Token,
    /// Discord refused the intents: unknown ones, or privileged ones that are not switched on.
    Intents,
    /// Discord refused the number of shards, or wants more than one.
    Sharding,
    /// Discord no longer speaks the API version of this release.
    ApiVersion,
    /// The gateway's address cannot be used.
    Url,
    /// The configuration contradicts itself.
    Config,
    /// A command breaks one of Discord's rules for it, e.g. 4096 bytes at most.
    Command,
    /// Too many commands wait to be sent; try again later.
    CommandQueueFull,
    /// Discord did not answer a request, or not wholly, in time.
    Unanswered,
    /// The shard does not run in this process.
    NoSuchShard,
    /// The shard or the whole gateway has stopped.
    Stopped,
    /// The peer broke the protocol.
    Protocol,
    /// The gateway's thread could not be started.
    Thread,
    /// A state of a former process cannot be used.
    State,
    /// A state is of another version of this crate, which can still use it.
    StateVersion,
    /// A Redis or NATS between processes could not be reached, or failed.
    Link,
    /// A message is larger than what carries it.
    TooLarge,
    /// A message cannot be written as JSON.
    Message,
    /// Too many requests wait for their answers; try again later.
    Busy,
    /// A shard's task panicked: a hook did, or there is a mistake in this crate.
    Panicked,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            text: text.into(),
            close_code: None,
            source: None,
        }))
    }

    pub(crate) fn with_close_code(mut self, code: u16) -> Self {
        self.0.close_code = Some(code);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// A Redis that failed, in its own words.
    #[cfg(feature = "redis")]
    pub(crate) fn link(source: ovenjs_net::Error) -> Self {
        Self::new(ErrorKind::Link, source.to_string()).with_source(source)
    }

    #[cfg(feature = "net")]
    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The code with which Discord closed the connection, where that is the cause, e.g. 4004.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        self.0.close_code
    }
}

impl Fault for Error {
    fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::CommandQueueFull | ErrorKind::Link | ErrorKind::Busy
        )
    }

    fn is_auth(&self) -> bool {
        self.0.kind == ErrorKind::Token
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)?;
        match self.0.close_code {
            Some(code) => write!(f, " (close code {code})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &self.0.text)
            .field("close_code", &self.0.close_code)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}
