//! Why there is no connection, or no longer one, and what to check.

use std::{fmt, io, time::Duration};

use ovenjs_types::Fault;

use crate::Target;

/// A connection that did not come about, or that ended.
///
/// The text names the target, the step that failed and what to check. It holds no password and no
/// path of a URL.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    target: Option<String>,
    note: &'static str,
    status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<io::Error>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration or the address asked for something that cannot be.
    Config,
    /// A plain connection to another machine, which nobody allowed.
    Plain,
    /// A step failed.
    Failed(Step),
    /// A step did not end in its time.
    Deadline(Step),
    /// The proxy wants other credentials.
    ProxyAuth,
    /// An open connection ended.
    Ended,
    /// An open connection takes nothing any more.
    Stalled,
    /// The other side broke the protocol that is spoken over the connection.
    Protocol,
    /// The other side sent more at once than it may.
    TooLarge,
    /// A Redis did not do what it was asked.
    #[cfg(feature = "redis")]
    Redis(RedisFault),
}

/// What went wrong with a Redis that could be spoken to before, or that is not spoken to yet.
#[cfg(feature = "redis")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedisFault {
    /// The last attempt to connect failed a moment ago; the next one is not due yet.
    Down,
    /// No answer in time. Whether the command was carried out is not known.
    Deadline,
    /// The connection ended before the answer. Whether the command was carried out is not known.
    Lost,
    /// User or password were refused.
    Auth,
    /// The server cannot serve yet: it loads its data, runs a long script or changes its master.
    Busy,
    /// The server refused the command.
    Refused,
    /// The server answered something that the command never answers.
    Answer,
}

/// The steps of a connection, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The name is looked up.
    Dns,
    /// The TCP connection is made, to the target or to the proxy.
    Tcp,
    /// The proxy opens the way to the target.
    Proxy,
    /// TLS is negotiated.
    Tls,
    /// The server is asked for a websocket.
    Upgrade,
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status with which the proxy or the server refused, where one did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// A TLS handshake that somebody else made and that failed.
    #[must_use]
    pub fn tls(target: &Target, source: io::Error) -> Self {
        Self::failed(Step::Tls, target, source)
    }

    /// A step that did not end in its time.
    #[must_use]
    pub fn deadline(step: Step, target: &Target) -> Self {
        Self::at(ErrorKind::Deadline(step), target, None)
    }

    pub(crate) fn config(note: &'static str) -> Self {
        Self::nowhere(ErrorKind::Config, note, None)
    }

    /// No connection can be made from the address that was given.
    pub(crate) fn bind(source: io::Error) -> Self {
        let note = "`bind` is no address of this machine that connections can be made from; set it to one that is";
        Self::nowhere(ErrorKind::Config, note, Some(source))
    }

    pub(crate) fn plain(target: &Target) -> Self {
        Self::at(ErrorKind::Plain, target, None)
    }

    pub(crate) fn failed(step: Step, target: &Target, source: io::Error) -> Self {
        Self::at(ErrorKind::Failed(step), target, Some(source))
    }

    /// A failure on the way to `proxy` is one on the way to `target`, and says which it was.
    pub(crate) fn through(mut self, proxy: &Target, target: &Target) -> Self {
        self.0.target = Some(format!("{target} through the proxy {proxy}"));
        self
    }

    pub(crate) fn proxy_refused(target: &Target, status: u16) -> Self {
        let kind = if status == 407 {
            ErrorKind::ProxyAuth
        } else {
            ErrorKind::Failed(Step::Proxy)
        };
        let mut error = Self::at(kind, target, None);
        error.0.status = Some(status);
        error
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis(fault: RedisFault, target: &Target, said: Option<String>) -> Self {
        Self::at(ErrorKind::Redis(fault), target, said.map(io::Error::other))
    }

    /// The same for another one who waited for the same thing.
    #[cfg(feature = "redis")]
    pub(crate) fn again(&self) -> Self {
        let source = self.0.source.as_ref().map(|source| {
            let code = source.raw_os_error().map(io::Error::from_raw_os_error);
            code.unwrap_or_else(|| io::Error::new(source.kind(), source.to_string()))
        });
        let (target, note) = (self.0.target.clone(), self.0.note);
        Self(Box::new(Inner {
            target,
            note,
            source,
            ..*self.0
        }))
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis_down(target: &Target, wait: Duration) -> Self {
        let mut error = Self::at(ErrorKind::Redis(RedisFault::Down), target, None);
        error.0.retry_after = Some(wait);
        error
    }

    /// The server's answer was no websocket: what was wrong with it, or its status.
    #[cfg(feature = "websocket")]
    pub(crate) fn upgrade_refused(
        target: &Target,
        note: &'static str,
        status: Option<u16>,
        retry_after: Option<Duration>,
    ) -> Self {
        let mut error = Self::at(ErrorKind::Failed(Step::Upgrade), target, None);
        error.0.note = note;
        error.0.status = status;
        error.0.retry_after = retry_after;
        error
    }

    /// The other side ended an open connection.
    #[cfg(feature = "websocket")]
    pub(crate) fn ended() -> Self {
        Self::nowhere(ErrorKind::Ended, "", None)
    }

    /// An open connection broke.
    #[cfg(feature = "websocket")]
    pub(crate) fn broken_off(source: io::Error) -> Self {
        Self::nowhere(ErrorKind::Ended, "", Some(source))
    }

    /// An open connection takes nothing any more.
    #[cfg(feature = "websocket")]
    pub(crate) fn stalled() -> Self {
        Self::nowhere(ErrorKind::Stalled, "", None)
    }

    /// The other side does not keep to the websocket's rules.
    #[cfg(feature = "websocket")]
    pub(crate) fn broke_the_rules(broken: crate::websocket::Broken) -> Self {
        let kind = match broken {
            crate::websocket::Broken::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Protocol,
        };
        Self::nowhere(kind, broken.text(), None)
    }

    fn at(kind: ErrorKind, target: &Target, source: Option<io::Error>) -> Self {
        let mut error = Self::nowhere(kind, "", source);
        error.0.target = Some(target.to_string());
        error
    }

    /// One that is about no target, or about the one that is open.
    fn nowhere(kind: ErrorKind, note: &'static str, source: Option<io::Error>) -> Self {
        Self(Box::new(Inner {
            kind,
            target: None,
            note,
            status: None,
            retry_after: None,
            source,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            target,
            note,
            status,
            ..
        } = &*self.0;
        let target = target.as_deref().unwrap_or_default();
        match kind {
            ErrorKind::Config => f.write_str(note),
            ErrorKind::Plain => write!(
                f,
                "refused to send plain text to {target}: use https or wss, or set `allow_plain`"
            ),
            ErrorKind::Failed(Step::Dns) => write!(
                f,
                "cannot reach {target}: the name was not found; check its spelling, DNS and the network"
            ),
            ErrorKind::Failed(Step::Tcp) => write!(
                f,
                "cannot reach {target}: the TCP connection failed; check the address, the network and the firewall"
            ),
            ErrorKind::Failed(Step::Proxy) => {
                write!(f, "cannot reach {target}: the proxy did not open the way")?;
                if let Some(status) = status {
                    write!(f, " (status {status})")?;
                }
                f.write_str("; check the proxy's address and its rules")
            }
            ErrorKind::Failed(Step::Tls) => write!(
                f,
                "cannot reach {target}: TLS failed; check the host name, the clock and the extra roots"
            ),
            ErrorKind::Failed(Step::Upgrade) => {
                write!(f, "cannot reach {target}: the server opened no websocket")?;
                match (status, *note) {
                    (Some(status), _) => write!(f, ", its status was {status}")?,
                    (None, "") => {}
                    (None, note) => write!(f, ", {note}")?,
                }
                f.write_str("; check the address")
            }
            ErrorKind::Ended => f.write_str("the connection ended; connect again"),
            ErrorKind::Stalled => {
                f.write_str("the other side takes nothing any more; connect again")
            }
            ErrorKind::Protocol | ErrorKind::TooLarge => {
                write!(f, "the other side broke the websocket protocol: {note}")
            }
            ErrorKind::Deadline(step) => write!(
                f,
                "cannot reach {target}: {} did not end in time; check {} or raise its deadline",
                step.deed(),
                step.culprit()
            ),
            ErrorKind::ProxyAuth => write!(
                f,
                "cannot reach {target}: the proxy refused the credentials; set the proxy's user and password"
            ),
            #[cfg(feature = "redis")]
            ErrorKind::Redis(fault) => write!(f, "the redis at {target} {}", fault.repair()),
        }
    }
}

#[cfg(feature = "redis")]
impl RedisFault {
    const fn repair(self) -> &'static str {
        match self {
            Self::Down => {
                "is down since a moment ago, and is tried again shortly: start it or check its address"
            }
            Self::Deadline => {
                "did not answer in time; check that it is not stopped or overloaded, or raise the deadline"
            }
            Self::Lost => "hung up before it answered; check its log for why it ended connections",
            Self::Auth => "refused user or password; set those of its ACL in the address",
            Self::Busy => {
                "cannot serve yet: it loads its data, runs a long script or changes its master"
            }
            Self::Refused => "refused the command; its own words are the cause of this error",
            Self::Answer => {
                "gave an answer of an unknown form; check that it is a redis 6.2 or newer"
            }
        }
    }
}

impl Step {
    const fn deed(self) -> &'static str {
        match self {
            Self::Dns => "the name lookup",
            Self::Tcp => "the TCP connection",
            Self::Proxy => "the proxy's answer",
            Self::Tls => "the TLS handshake",
            Self::Upgrade => "the websocket upgrade",
        }
    }

    const fn culprit(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Tcp => "the network and the firewall",
            Self::Proxy => "the proxy",
            Self::Tls => "that the port speaks TLS",
            Self::Upgrade => "that the server speaks websocket",
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("target", &self.0.target)
            .field("status", &self.0.status)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_ref()?;
        Some(source)
    }
}

impl Fault for Error {
    fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Failed(_)
            | ErrorKind::Deadline(_)
            | ErrorKind::Ended
            | ErrorKind::Stalled => true,
            ErrorKind::Config
            | ErrorKind::Plain
            | ErrorKind::ProxyAuth
            | ErrorKind::Protocol
            | ErrorKind::TooLarge => false,
            #[cfg(feature = "redis")]
            ErrorKind::Redis(fault) => matches!(
                fault,
                RedisFault::Down | RedisFault::Deadline | RedisFault::Lost | RedisFault::Busy
            ),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    fn is_auth(&self) -> bool {
        match self.0.kind {
            #[cfg(feature = "redis")]
            ErrorKind::Redis(fault) => fault == RedisFault::Auth,
            _ => false,
        }
    }
}
