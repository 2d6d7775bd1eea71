//! How a session is, for those who look on.

use std::fmt;

/// What a shard is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShardState {
    /// Not started.
    #[default]
    Idle,
    /// Opening a connection, or waiting for Discord's hello.
    Connecting,
    /// Waiting for its turn to identify.
    Queued,
    /// Waiting for READY.
    Identifying,
    /// Receiving what was missed, up to RESUMED.
    Resuming,
    /// Receiving events as they happen.
    Connected,
    /// Waiting to connect again.
    Disconnected,
    /// Ended for good.
    Stopped,
}

impl ShardState {
    /// The state in one word, e.g. `connected`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Queued => "queued",
            Self::Identifying => "identifying",
            Self::Resuming => "resuming",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for ShardState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often things happened in the life of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Connections attempted.
    pub connects: u64,
    /// Identifies sent.
    pub identifies: u64,
    /// Resumes sent.
    pub resumes: u64,
    /// Resumes that Discord confirmed.
    pub resumed: u64,
    /// New sessions that followed a lost one.
    pub gaps: u64,
    /// Events delivered.
    pub delivered: u64,
    /// Events that nobody wanted and that were dropped by name.
    pub unwanted: u64,
    /// Events that came again after a resume and were dropped.
    pub duplicates: u64,
    /// Sequence numbers that Discord left out within a session.
    pub skipped: u64,
    /// Messages that were no messages of Discord's, or were damaged.
    pub broken: u64,
    /// Connections that went silent.
    pub zombies: u64,
    /// Heartbeats sent.
    pub heartbeats: u64,
    /// Inputs of connections that were over.
    pub stale: u64,
}
