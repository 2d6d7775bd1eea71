//! The identify queue, where several shards can wait for it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use ovenjs_net::Clock;
use tokio::sync::Notify;

use crate::session::{Generation, IdentifyTurns, Turn};

/// The turns of all shards of this process.
pub(super) struct Turns {
    queue: Mutex<IdentifyTurns>,
    changed: Notify,
    clock: Arc<dyn Clock>,
}

impl Turns {
    pub(super) fn new(queue: IdentifyTurns, clock: Arc<dyn Clock>) -> Self {
        Self {
            queue: Mutex::new(queue),
            changed: Notify::new(),
            clock,
        }
    }

    fn queue(&self) -> MutexGuard<'_, IdentifyTurns> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shard's place in the queue, given up when it is dropped.
pub(super) struct Ticket {
    turns: Arc<Turns>,
    shard: u32,
    pub(super) generation: Generation,
    /// Whether it was said that no session starts are left: waits are begun anew all the time.
    warned: AtomicBool,
}

impl Ticket {
    pub(super) fn new(turns: &Arc<Turns>, shard: u32, generation: Generation) -> Self {
        turns.queue().join(shard);
        Self {
            turns: Arc::clone(turns),
            shard,
            generation,
            warned: AtomicBool::new(false),
        }
    }

    /// Waits for the turn. Dropping this wait keeps the place; the turn is taken as it returns.
    pub(super) async fn granted(&self) {
        loop {
            let changed = self.turns.changed.notified();
            let now = self.turns.clock.now();
            let turn = self.turns.queue().turn(self.shard, now);
            let hopeless = turn != Turn::Now && self.turns.queue().remaining() == 0;
            if hopeless && !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    shard = self.shard,
                    "no session starts are left: waiting for discord's new count, since going on would cost the token",
                );
            }
            match turn {
                Turn::Now => {
                    self.turns.changed.notify_waiters();
                    return;
                }
                Turn::At(at) => {
                    let wait = tokio::time::sleep(at.saturating_duration_since(now));
                    tokio::select! {
                        () = wait => {}
                        () = changed => {}
                    }
                }
                Turn::Behind => changed.await,
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.turns.queue().leave(self.shard);
        self.turns.changed.notify_waiters();
    }
}
