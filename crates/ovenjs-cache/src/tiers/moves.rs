//! Keyspaces that move values between the tiers by themselves, each when it is due.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    lock,
    tiered::{Errand, Shared},
};

/// A keyspace that is warmed.
pub(crate) trait Moves: Send + Sync {
    /// When it has something to do, by the wall's clock.
    fn due_ms(&self, now_ms: u64) -> u64;

    /// Does it.
    fn pass(self: Arc<Self>) -> Errand;

    /// Writes down what the next process is to know.
    fn save(self: Arc<Self>) -> Errand;
}

/// All of them, as long as somebody has them.
#[derive(Default)]
pub(crate) struct AllMoves {
    each: Mutex<Vec<Weak<dyn Moves>>>,
    came: Notify,
}

impl AllMoves {
    pub(crate) fn add(&self, one: Weak<dyn Moves>) {
        let mut each = lock(&self.each);
        each.retain(|one| one.strong_count() > 0);
        each.push(one);
        drop(each);
        self.came.notify_one();
    }

    fn all(&self) -> Vec<Arc<dyn Moves>> {
        lock(&self.each).iter().filter_map(Weak::upgrade).collect()
    }
}

impl std::fmt::Debug for AllMoves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AllMoves").finish_non_exhaustive()
    }
}

impl Shared {
    /// One pass after the other as they become due, for ever.
    pub(crate) async fn run_moves(&self) {
        loop {
            let now_ms = self.now_ms();
            let mut due_ms = u64::MAX;
            for one in self.moves.all() {
                if one.due_ms(now_ms) <= now_ms {
                    Arc::clone(&one).pass().await;
                }
                due_ms = due_ms.min(one.due_ms(self.now_ms()));
            }
            let wait = Duration::from_millis(due_ms.saturating_sub(self.now_ms()));
            let came = self.moves.came.notified();
            // Clocks of walls are put forward too.
            let _whichever_is_first = tokio::time::timeout(wait.min(LOOK_AGAIN), came).await;
        }
    }

    /// Each keyspace writes down what the next process is to know.
    pub(crate) async fn save_moves(&self) {
        for one in self.moves.all() {
            one.save().await;
        }
    }
}

/// How long nobody looks at the clock at most.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
