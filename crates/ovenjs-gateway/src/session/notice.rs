//! What a shard tells those who look on.

use std::{fmt, time::Duration};

use ovenjs_ratelimit::Hold;
use ovenjs_types::Pressure;

use super::{Generation, Reaction, SessionGap, ShardState};
use crate::ErrorKind;

/// One step in the life of a shard, for logs, dashboards and people: the typed debug stream.
///
/// It changes nothing and can be ignored. Events of Discord's are not among it. Its `Display` is a
/// line for the log, without secrets.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::{Notice, ShardState, session::{Loss, Reaction}};
///
/// let lost = Notice::Lost {
///     cause: Loss::Closed { code: Some(4000) },
///     reaction: Reaction::Resume,
///     wait: Duration::from_millis(250),
/// };
/// assert_eq!(lost.state(), Some(ShardState::Disconnected));
/// assert_eq!(lost.to_string(), "lost: closed with 4000; to be resumed in 0.2 s");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A connection is being opened.
    Connecting {
        /// Which one.
        generation: Generation,
        /// Where it goes.
        host: String,
        /// Whether a session is to be resumed there.
        resume: bool,
    },
    /// The websocket is open; Discord's hello is awaited.
    Opened {
        /// Which connection.
        generation: Generation,
    },
    /// A session is to be begun; the turn to identify is awaited.
    Queued,
    /// The turn to identify does not come yet.
    IdentifyHeld {
        /// For how long from now, as it looks now.
        wait: Duration,
        /// Why.
        hold: Hold,
    },
    /// Identify was sent; READY is awaited.
    Identifying,
    /// A session has begun.
    Ready {
        /// The epoch of its versions.
        epoch: u64,
    },
    /// Resume was sent; what was missed comes now, and RESUMED behind it.
    Resuming {
        /// After which number.
        seq: u64,
    },
    /// The session goes on.
    Resumed {
        /// How many events had been missed.
        replayed: u64,
    },
    /// The session has held: it was resumed, or its connection has lived for five minutes. Told once
    /// for each session; who counts crash loops forgives its start.
    Held,
    /// The connection is over.
    Lost {
        /// Why.
        cause: Loss,
        /// What is done about it.
        reaction: Reaction,
        /// How long until the next attempt.
        wait: Duration,
    },
    /// A session was lost, and events with it. The consumer is told in its place in the order.
    Gap(SessionGap),
    /// Discord left sequence numbers out within a session.
    Skipped {
        /// The last number before the hole.
        after: u64,
        /// The first number behind it.
        before: u64,
    },
    /// The backlog is full: the shard stops reading, and asks nothing of the peer meanwhile.
    Paused {
        /// How many bytes of events wait for the consumer.
        backlog_bytes: usize,
    },
    /// The consumer has caught up: the shard reads again.
    Unpaused,
    /// Memory is short, or no longer: the shard holds other amounts from now on.
    Pressed {
        /// How short.
        pressure: Pressure,
        /// How many bytes of events are held for a slow consumer before the shard stops reading.
        backlog_bytes_max: usize,
    },
    /// Commands wait, since Discord takes no more of them for now.
    CommandsHeld {
        /// For how long from now.
        wait: Duration,
        /// How many.
        waiting: usize,
    },
    /// The shard's driver begins anew with what the session had delivered: after a panic, or because
    /// it was asked to.
    Restarted {
        /// Whether it was a panic.
        panicked: bool,
    },
    /// The shard was told to stop.
    Stopped,
    /// The shard has stopped for good: what happened would happen again.
    GaveUp {
        /// What sort of failure it is; the whole error comes with the last delivery.
        kind: ErrorKind,
        /// The code with which Discord closed the connection, where that is the cause.
        close_code: Option<u16>,
    },
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// It could not be opened: the network's fault.
    Unopened,
    /// The server answered that it does not want it.
    Refused,
    /// It ended: by a close frame with a code, or just so.
    Closed {
        /// The code, where there was one.
        code: Option<u16>,
    },
    /// It did not get on in time.
    Overdue {
        /// What it was doing.
        state: ShardState,
    },
    /// Nothing came after a heartbeat: a zombie.
    Silent,
    /// Discord asked for a new connection.
    ReconnectAsked,
    /// Discord called the session invalid.
    Invalidated {
        /// Whether it may be resumed all the same.
        resumable: bool,
    },
    /// A message was no message of Discord's, or was damaged.
    Broken {
        /// What was wrong with it.
        reason: &'static str,
    },
}

impl Notice {
    /// The state that the shard enters with it, where it does.
    #[must_use]
    pub const fn state(&self) -> Option<ShardState> {
        match self {
            Self::Connecting { .. } => Some(ShardState::Connecting),
            Self::Queued => Some(ShardState::Queued),
            Self::Identifying => Some(ShardState::Identifying),
            Self::Resuming { .. } => Some(ShardState::Resuming),
            Self::Ready { .. } | Self::Resumed { .. } => Some(ShardState::Connected),
            Self::Lost { .. } => Some(ShardState::Disconnected),
            Self::Stopped | Self::GaveUp { .. } => Some(ShardState::Stopped),
            Self::Opened { .. }
            | Self::IdentifyHeld { .. }
            | Self::Held
            | Self::Gap(_)
            | Self::Skipped { .. }
            | Self::Paused { .. }
            | Self::Unpaused
            | Self::Pressed { .. }
            | Self::CommandsHeld { .. }
            | Self::Restarted { .. } => None,
        }
    }

    /// Whether somebody should know: events may be missing, or something is held back or broken.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        match self {
            Self::Gap(_) | Self::Skipped { .. } | Self::Paused { .. } | Self::GaveUp { .. } => true,
            Self::Restarted { panicked } => *panicked,
            Self::Pressed { pressure, .. } => !matches!(pressure, Pressure::Low),
            Self::IdentifyHeld { hold, .. } => !matches!(hold, Hold::Lane),
            Self::Lost { cause, .. } => matches!(
                cause,
                Loss::Broken { .. } | Loss::Silent | Loss::Refused | Loss::Overdue { .. }
            ),
            Self::Connecting { .. }
            | Self::Opened { .. }
            | Self::Queued
            | Self::Identifying
            | Self::Ready { .. }
            | Self::Resuming { .. }
            | Self::Resumed { .. }
            | Self::Held
            | Self::Unpaused
            | Self::CommandsHeld { .. }
            | Self::Stopped => false,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { host, resume, .. } => {
                let aim = if *resume { "resume" } else { "begin" };
                write!(f, "connecting to {host} to {aim} a session")
            }
            Self::Opened { .. } => f.write_str("connection open"),
            Self::Queued => f.write_str("waiting for the turn to identify"),
            Self::IdentifyHeld { wait, hold } => {
                write!(f, "identify held for {:.1} s: {hold}", wait.as_secs_f64())
            }
            Self::Identifying => f.write_str("identifying"),
            Self::Ready { epoch } => write!(f, "session {epoch} has begun"),
            Self::Resuming { seq } => write!(f, "resuming after {seq}"),
            Self::Resumed { replayed } => write!(f, "resumed; {replayed} events had been missed"),
            Self::Held => f.write_str("the session has held"),
            Self::Lost {
                cause,
                reaction,
                wait,
            } => {
                let next = match reaction {
                    Reaction::Resume => "to be resumed",
                    Reaction::Identify => "a new session is begun",
                    Reaction::GiveUp => return write!(f, "lost: {cause}"),
                };
                write!(f, "lost: {cause}; {next} in {:.1} s", wait.as_secs_f64())
            }
            Self::Gap(gap) => write!(
                f,
                "the session was lost; events after {} may be missing",
                gap.last_seq
            ),
            Self::Skipped { after, before } => {
                write!(
                    f,
                    "discord left the numbers between {after} and {before} out"
                )
            }
            Self::Paused { backlog_bytes } => write!(
                f,
                "reading no more until the consumer has taken some of {backlog_bytes} bytes"
            ),
            Self::Unpaused => f.write_str("reading again"),
            Self::Pressed {
                pressure,
                backlog_bytes_max,
            } => write!(
                f,
                "memory pressure is {pressure}: at most {backlog_bytes_max} bytes of events are held"
            ),
            Self::CommandsHeld { wait, waiting } => {
                write!(f, "{waiting} commands wait for {:.1} s", wait.as_secs_f64())
            }
            Self::Restarted { panicked: true } => f.write_str("restarted after a panic"),
            Self::Restarted { panicked: false } => f.write_str("restarted"),
            Self::Stopped => f.write_str("stopped"),
            Self::GaveUp { kind, close_code } => match close_code {
                Some(code) => write!(f, "given up: {kind:?}, close code {code}"),
                None => write!(f, "given up: {kind:?}"),
            },
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unopened => f.write_str("it could not be opened"),
            Self::Refused => f.write_str("the server refused it"),
            Self::Closed { code: Some(code) } => write!(f, "closed with {code}"),
            Self::Closed { code: None } => f.write_str("it ended without a close code"),
            Self::Overdue { state } => write!(f, "nothing came in time while {state}"),
            Self::Silent => f.write_str("no answer to a heartbeat"),
            Self::ReconnectAsked => f.write_str("discord asked for a new connection"),
            Self::Invalidated { resumable: true } => {
                f.write_str("discord called the session invalid but resumable")
            }
            Self::Invalidated { resumable: false } => {
                f.write_str("discord called the session invalid")
            }
            Self::Broken { reason } => write!(f, "a message was dropped: {reason}"),
        }
    }
}
