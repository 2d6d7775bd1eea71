//! Why something failed: [`Error`] for this crate's own doings, [`Failure`] for a handler's.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use ovenjs_types::{Fault, Permissions};

/// Why routes are not valid, or an answer did not reach Discord.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    text: Cow<'static, str>,
    source: Option<Box<dyn Fault + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Handlers were declared in a way that cannot work; the text names the handler.
    Declaration,
    /// A port failed: the answer or the count did not reach the other side.
    Port,
    /// The handler asked for something that this event or interaction does not have.
    Absent,
    /// Discord sent something that its documentation does not allow.
    Peer,
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The failure of a port's adapter. What `fault` says about retries, permissions and codes is
    /// passed on. `deed` says what was tried, e.g. `answer the interaction`.
    #[must_use]
    pub fn port(deed: &'static str, fault: impl Fault + Send + Sync + 'static) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Port,
            text: deed.into(),
            source: Some(Box::new(fault)),
        }))
    }

    /// The handler wants what is not there. For extractors outside of this crate.
    #[must_use]
    pub fn absent(text: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(ErrorKind::Absent, text)
    }

    /// The bot cannot work as it is declared, for [`Extract::check`](crate::Extract::check) outside of this crate:
    /// what is missing, and where to give it.
    #[must_use]
    pub fn declaration(text: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(ErrorKind::Declaration, text)
    }

    pub(crate) fn peer(text: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(ErrorKind::Peer, text)
    }

    fn plain(kind: ErrorKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            text: text.into(),
            source: None,
        }))
    }
}

impl Fault for Error {
    fn is_retryable(&self) -> bool {
        self.0
            .source
            .as_ref()
            .is_some_and(|fault| fault.is_retryable())
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.source.as_ref().and_then(|fault| fault.retry_after())
    }

    fn is_auth(&self) -> bool {
        self.0.source.as_ref().is_some_and(|fault| fault.is_auth())
    }

    fn missing_permission(&self) -> Option<Permissions> {
        self.0
            .source
            .as_ref()
            .and_then(|fault| fault.missing_permission())
    }

    fn discord_code(&self) -> Option<u32> {
        self.0
            .source
            .as_ref()
            .and_then(|fault| fault.discord_code())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0.text;
        match self.0.kind {
            ErrorKind::Port => write!(f, "could not {text}"),
            ErrorKind::Declaration | ErrorKind::Absent | ErrorKind::Peer => f.write_str(text),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &self.0.text)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let fault: &(dyn Fault + Send + Sync) = self.0.source.as_deref()?;
        Some(fault)
    }
}

/// Why a handler failed: any error, or a refusal that the user is to read.
///
/// `?` turns every error into one. It has no `std::error::Error` of its own, since that is what
/// lets it take in all others; [`fault`](Self::fault) and [`refusal`](Self::refusal) say more.
///
/// ```
/// use ovenjs_commands::Failure;
///
/// fn parse(text: &str) -> Result<i32, Failure> {
///     let number: i32 = text.parse()?;
///     if number < 0 {
///         return Err(Failure::refuse("pick a number above zero"));
///     }
///     Ok(number)
/// }
///
/// assert_eq!(parse("7").unwrap(), 7);
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(parse("-1").unwrap_err().refusal(), Some("pick a number above zero"));
/// ```
pub struct Failure(Box<Cause>);

enum Cause {
    Refused(Cow<'static, str>),
    Text(Cow<'static, str>),
    Error(Box<dyn StdError + Send + Sync>),
}

impl Failure {
    /// Not a fault but a no: the user reads `text`, seen by nobody else, and nothing is logged as
    /// an error.
    #[must_use]
    pub fn refuse(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Cause::Refused(text.into())))
    }

    /// A fault described by `text`, which goes to the log. The user reads the configured apology.
    #[must_use]
    pub fn because(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Cause::Text(text.into())))
    }

    /// What the user is to read, where this is a refusal.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match &*self.0 {
            Cause::Refused(text) => Some(text),
            Cause::Text(_) | Cause::Error(_) => None,
        }
    }

    /// The error behind it, where there is one.
    #[must_use]
    pub fn error(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        match &*self.0 {
            Cause::Error(error) => Some(&**error),
            Cause::Refused(_) | Cause::Text(_) => None,
        }
    }

    /// What to do about it, where the error behind it is this crate's.
    #[must_use]
    pub fn fault(&self) -> Option<&dyn Fault> {
        let error: &Error = self.error()?.downcast_ref()?;
        Some(error)
    }

    /// The error's text with those of all its sources, joined by `: `.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.error().and_then(StdError::source);
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        text
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(Cause::Error(Box::new(error))))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Refused(text) | Cause::Text(text) => f.write_str(text),
            Cause::Error(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Refused(text) => f.debug_tuple("Refused").field(text).finish(),
            Cause::Text(text) => f.debug_tuple("Because").field(text).finish(),
            Cause::Error(error) => error.fmt(f),
        }
    }
}
