//! How the shards are, for those who look on.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ovenjs_types::ShardId;

use crate::{Resume, ShardState, session::Counts};

/// How a fleet is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The shards of this process.
    pub shards: Vec<ShardStats>,
}

/// How a shard is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardStats {
    /// The shard.
    pub shard: ShardId,
    /// What it is doing.
    pub state: ShardState,
    /// How long Discord took to acknowledge the last heartbeat of this connection.
    pub latency: Option<Duration>,
    /// How many bytes of events wait for the consumer.
    pub backlog_bytes: usize,
    /// How often things happened.
    pub counts: Counts,
    /// Why the last connection failed or ended, where it did not end by the rules.
    pub last_failure: Option<Arc<str>>,
}

impl ShardStats {
    fn new(shard: ShardId) -> Self {
        Self {
            shard,
            state: ShardState::Idle,
            latency: None,
            backlog_bytes: 0,
            counts: Counts::default(),
            last_failure: None,
        }
    }
}

/// Where a shard pins up how it is. Its own thread writes, anyone reads.
#[derive(Clone)]
pub(super) struct Board(Arc<Mutex<Posted>>);

pub(super) struct Posted {
    pub(super) stats: ShardStats,
    pub(super) resume: Option<Resume>,
}

impl Board {
    pub(super) fn new(shard: ShardId, resume: Option<Resume>) -> Self {
        Self(Arc::new(Mutex::new(Posted {
            stats: ShardStats::new(shard),
            resume,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
