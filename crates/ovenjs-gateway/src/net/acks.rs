//! What the consumer has handled, on its way to the shard.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use ovenjs_types::Version;
use tokio::sync::Notify;

use crate::session::UNHANDLED_MAX;

/// Versions that were handled and that the shard has not yet heard of.
///
/// The shard is not woken for each: it looks whenever it wakes anyhow, and its heartbeats and its
/// saves are the only ones that want to know.
#[derive(Debug, Default)]
pub(super) struct Acks {
    list: Mutex<Vec<Version>>,
    /// Whether the shard holds events back until something is handled.
    urgent: AtomicBool,
    nudge: Notify,
}

impl Acks {
    /// This one is handled. More than can be open at a time are made up, and forgotten.
    pub(super) fn push(&self, version: Version) {
        let mut list = self.list();
        if list.len() < UNHANDLED_MAX {
            list.push(version);
        }
        let many = list.len() >= MANY;
        drop(list);
        if many || self.urgent.load(Ordering::Acquire) {
            self.nudge.notify_one();
        }
    }

    pub(super) fn take(&self) -> Vec<Version> {
        std::mem::take(&mut *self.list())
    }

    /// Says whether the shard waits for what comes next.
    pub(super) fn is_urgent(&self, urgent: bool) {
        let before = self.urgent.swap(urgent, Ordering::AcqRel);
        // What came before it was said would lie here unseen.
        if urgent && !before && !self.list().is_empty() {
            self.nudge.notify_one();
        }
    }

    /// Waits until it is worth looking.
    pub(super) async fn nudged(&self) {
        self.nudge.notified().await;
    }

    fn list(&self) -> MutexGuard<'_, Vec<Version>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Few enough that the list stays small, many enough that waking costs nothing.
const MANY: usize = 256;
