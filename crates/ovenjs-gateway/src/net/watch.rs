//! What goes on in the shards, for those who look on: the typed debug stream, and how they are.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ovenjs_types::ShardId;
use tokio::sync::{broadcast, watch};

use super::thread::Shared;
use crate::{FleetHealth, Notice};

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

/// How a fleet is, as it changes: see [`Fleet::watch_health`](super::Fleet::watch_health).
#[derive(Debug)]
pub struct HealthWatch {
    pub(super) shared: Arc<Shared>,
    pub(super) done: watch::Receiver<bool>,
    pub(super) given: Option<(Instant, FleetHealth)>,
    pub(super) is_over: bool,
}

impl HealthWatch {
    /// How the fleet is now, as soon as that is another than what was given last: at once for the first
    /// time, and then once a second at most. Nothing is kept for who does not ask: what changed and
    /// changed back in between is not told. Nothing once all shards have ended, and that was told.
    ///
    /// Another is another condition, state, connection or generation of shards, and how far a
    /// re-sharding is. What is measured (latency, ages, backlogs) changes all the time and is as of now,
    /// but alone it is no change.
    ///
    /// It needs a tokio runtime with timers. May be dropped at any time without losing one.
    pub async fn next(&mut self) -> Option<FleetHealth> {
        loop {
            if self.is_over {
                return None;
            }
            if let Some((at, _)) = &self.given {
                let now = self.shared.wiring.clock.now();
                let wait = (*at + HEALTH_EVERY).saturating_duration_since(now);
                tokio::select! {
                    () = tokio::time::sleep(wait.max(TICK)) => {}
                    // The sender is gone where the thread has ended.
                    _ = self.done.wait_for(|done| *done) => {}
                }
            }
            self.is_over = *self.done.borrow() || self.done.has_changed().is_err();
            let now = self.shared.wiring.clock.now();
            let health = self.shared.health(now);
            match &mut self.given {
                Some((at, given)) if !health.differs(given) => *at = now,
                given => {
                    *given = Some((now, health.clone()));
                    return Some(health);
                }
            }
        }
    }
}

/// How often it is looked at how a fleet is: soon enough for a dashboard or a probe, and no work.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// Timers are not exact; looking a thousand times a second is often enough.
const TICK: Duration = Duration::from_millis(1);

/// Some ten for each reconnect: all shards of a large process may reconnect at once.
pub(super) const NOTICES_MAX: usize = 1024;
