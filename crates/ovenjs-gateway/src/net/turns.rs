//! The identify queue of one process.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use ovenjs_net::Clock;
use ovenjs_ratelimit::{Hold, IdentifyBudget};
use ovenjs_types::{SessionStartLimit, ShardId};
use tokio::sync::Notify;

use super::port::{IdentifyAsk, IdentifyPort, IdentifyTurn, Settled, Waiting};
use crate::session::{IdentifyTurns, Turn};

/// The turns of all shards of this process, as [`IdentifyTurns`] gives them. Clones share them, so
/// that several fleets of one bot can.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_gateway::{IdentifyPort, LocalTurns};
/// use ovenjs_net::SystemClock;
/// use ovenjs_types::SessionStartLimit;
///
/// let limit = SessionStartLimit { total: 1000, remaining: 7, reset_after: 60_000, max_concurrency: 1 };
/// let turns = LocalTurns::new(limit, Arc::new(SystemClock));
/// assert_eq!(turns.left().map(|left| left.remaining), Some(7));
/// ```
#[derive(Clone, Debug)]
pub struct LocalTurns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<IdentifyTurns>,
    changed: Notify,
    clock: Arc<dyn Clock>,
}

impl LocalTurns {
    /// The turns by what Discord said of session starts.
    #[must_use]
    pub fn new(limit: SessionStartLimit, clock: Arc<dyn Clock>) -> Self {
        let turns = Self::remembering(IdentifyBudget::new(), clock);
        turns.learn(limit);
        turns
    }

    /// The turns by what is remembered of former ones.
    #[must_use]
    pub fn remembering(budget: IdentifyBudget, clock: Arc<dyn Clock>) -> Self {
        let since = clock.wall().duration_since(SystemTime::UNIX_EPOCH);
        let wall_ms = u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
        Self(Arc::new(Shared {
            queue: Mutex::new(IdentifyTurns::new(budget, clock.now(), wall_ms)),
            changed: Notify::new(),
            clock,
        }))
    }
}

impl IdentifyPort for LocalTurns {
    fn turn(&self, ask: IdentifyAsk) -> Waiting<'_, IdentifyTurn> {
        let place = Place::join(&self.0, ask.shard);
        Box::pin(async move {
            let shared = &self.0;
            shared.granted(&ask).await;
            IdentifyTurn::new(move |settled| place.settle(settled))
        })
    }

    fn learn(&self, limit: SessionStartLimit) {
        self.0.queue().learn(limit, self.0.clock.now());
        self.0.changed.notify_waiters();
    }

    fn held(&self, shard: ShardId) {
        self.0.queue().held(shard);
        self.0.changed.notify_waiters();
    }

    fn remember(&self, budget: &IdentifyBudget) {
        self.0.queue().merge(budget);
        self.0.changed.notify_waiters();
    }

    fn budget(&self) -> Option<IdentifyBudget> {
        Some(self.0.queue().budget().clone())
    }

    fn left(&self) -> Option<SessionStartLimit> {
        Some(self.0.queue().left(self.0.clock.now()))
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, IdentifyTurns> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn granted(&self, ask: &IdentifyAsk) {
        let mut told = None;
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // What changes between asking and waiting must not be missed.
            changed.as_mut().enable();
            let now = self.clock.now();
            let turn = self.queue().turn(ask.shard, now);
            if let Turn::Held { until, hold } = turn
                && hold != Hold::Lane
                && told.replace(hold) != Some(hold)
            {
                ask.held(hold, until.saturating_duration_since(now));
            }
            match turn {
                Turn::Now => {
                    // Those of the next bucket may have waited for this one.
                    self.changed.notify_waiters();
                    return;
                }
                Turn::Held { until, .. } => {
                    let wait = until.saturating_duration_since(now).max(TICK);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = changed => {}
                    }
                }
                Turn::Behind => changed.await,
            }
        }
    }
}

/// A shard's place in the queue, and then its turn. Given up when it is dropped.
struct Place {
    shared: Arc<Shared>,
    shard: ShardId,
}

impl Place {
    fn join(shared: &Arc<Shared>, shard: ShardId) -> Self {
        shared.queue().join(shard);
        Self {
            shared: Arc::clone(shared),
            shard,
        }
    }

    fn settle(self, settled: Settled) {
        if settled == Settled::Spent {
            let now = self.shared.clock.now();
            self.shared.queue().spend(self.shard, now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.queue().leave(self.shard);
        self.shared.changed.notify_waiters();
    }
}

/// Timers are not exact; asking a thousand times a second is often enough.
const TICK: Duration = Duration::from_millis(1);
