//! The typed debug stream: what goes on in the shards, for those who look on.

use ovenjs_types::ShardId;
use tokio::sync::{broadcast, watch};

use crate::Notice;

/// What shards do, as it happens: see [`Fleet::watch`](super::Fleet::watch).
///
/// It is bounded. Who reads too slowly loses the oldest notices, never holds a shard up, and is told
/// [how many](Self::missed).
#[derive(Debug)]
pub struct Watch {
    pub(super) notices: broadcast::Receiver<Seen>,
    pub(super) done: watch::Receiver<bool>,
    pub(super) missed: u64,
}

/// One thing that happened in a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// The shard.
    pub shard: ShardId,
    /// What happened.
    pub notice: Notice,
}

impl Watch {
    /// The next notice; nothing once all shards have ended. May be dropped at any time without losing
    /// one.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            let received = tokio::select! {
                biased;
                received = self.notices.recv() => received,
                _ = self.done.wait_for(|done| *done) => match self.notices.try_recv() {
                    Ok(seen) => Ok(seen),
                    Err(broadcast::error::TryRecvError::Lagged(missed)) => {
                        Err(broadcast::error::RecvError::Lagged(missed))
                    }
                    Err(_) => return None,
                },
            };
            match received {
                Ok(seen) => return Some(seen),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    self.missed = self.missed.saturating_add(missed);
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// How many notices were lost because they were not read in time.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }
}

/// Some ten for each reconnect: all shards of a large process may reconnect at once.
pub(super) const NOTICES_MAX: usize = 1024;
