//! How the shards are, for those who look on.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ovenjs_types::{ShardId, Version};

use crate::{
    Pulse, Resume, ShardState,
    session::{Counts, Session},
};

/// How a fleet is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The shards of this process.
    pub shards: Vec<ShardStats>,
    /// How many deliveries lie between the shards and whoever reads.
    pub queue_deliveries: usize,
    /// How many bytes they hold.
    pub queue_bytes: usize,
    /// How often the state could not be saved.
    pub saves_failed: u64,
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
    /// How often things happened, since the shard was last restarted.
    pub counts: Counts,
    /// How often the shard was restarted, after a panic or when asked to.
    pub restarts: u64,
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
            restarts: 0,
            last_failure: None,
        }
    }
}

/// Where a shard pins up how it is. Its own thread writes, anyone reads.
#[derive(Clone)]
pub(super) struct Board(Arc<Mutex<Posted>>);

pub(super) struct Posted {
    pub(super) stats: ShardStats,
    pub(super) pulse: Pulse,
    pub(super) resume: Option<Resume>,
    /// Whether that stays as it is, since what the shard has passed over may not be handled elsewhere.
    pub(super) is_frozen: bool,
    /// As of which version a store has saved it, while the shard has not heard of that.
    pub(super) saved: Option<Version>,
    /// The highest epoch that was used.
    pub(super) epoch: u64,
    /// The session of a shard that has ended: what is handled after that counts all the same.
    pub(super) ended: Option<Box<Session>>,
}

impl Posted {
    /// Brings what another process needs to go on up to date. Says whether that has changed, and then
    /// whether another session has begun, which is urgent. Of a session without an event nothing can be
    /// said yet: what was needed before stays.
    pub(super) fn renew(&mut self, session: &Session) -> Option<bool> {
        let mark = session.mark().filter(|_| !self.is_frozen)?;
        match &mut self.resume {
            Some(resume) if resume.version() == mark => None,
            Some(resume) if resume.version().epoch == mark.epoch => {
                resume.advance(mark);
                Some(false)
            }
            resume => {
                *resume = session.resume();
                Some(true)
            }
        }
    }

    /// The shard has ended with this session, as it is now.
    pub(super) fn conclude(&mut self, session: Box<Session>) {
        if !self.is_frozen {
            self.resume = session.resume().or_else(|| self.resume.take());
        }
        self.ended = Some(session);
    }
}

impl Board {
    pub(super) fn new(session: &Session) -> Self {
        Self(Arc::new(Mutex::new(Posted {
            stats: ShardStats::new(session.shard()),
            pulse: session.pulse(),
            resume: session.resume(),
            is_frozen: false,
            saved: None,
            epoch: session.epoch(),
            ended: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
