//! The box under its lock, with the clock and the bell that rings when something has changed.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::{backend::Backend, config::Config, error::Error, protocol::Output, time::millis};

/// What the server's tasks and the in-process interface share.
#[derive(Debug)]
pub(crate) struct Shared {
    backend: Mutex<Backend>,
    /// Rings after every deed. Its number means nothing.
    changed: watch::Sender<u64>,
    /// Those who watch the news, as lines for `text/event-stream`.
    watchers: Mutex<Vec<mpsc::Sender<Bytes>>>,
    pub(crate) patience: Duration,
    pub(crate) interaction_deadline: Duration,
}

impl Shared {
    pub(crate) fn new(config: Config, origin: String) -> Self {
        let (patience, interaction_deadline) = (config.patience, config.interaction_deadline);
        let (now, unix_ms) = clock();
        let mut backend = Backend::new(config, now, unix_ms);
        backend.world.origin = origin;
        Self {
            backend: Mutex::new(backend),
            changed: watch::Sender::new(0),
            watchers: Mutex::new(Vec::new()),
            patience,
            interaction_deadline,
        }
    }

    /// Does something to the box and tells everyone who waits or watches.
    pub(crate) fn with<T>(&self, deed: impl FnOnce(&mut Backend, Instant) -> T) -> T {
        let (now, _) = clock();
        let (done, news) = {
            let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
            let done = deed(&mut backend, now);
            (done, std::mem::take(&mut backend.journal.news))
        };
        self.spread(&news);
        self.changed
            .send_modify(|number| *number = number.wrapping_add(1));
        done
    }

    /// Looks at the box.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Backend) -> T) -> T {
        look(&self.backend.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next thing a socket is to do. Only an end is news to others; if each poll rang the bell,
    /// the sockets would wake each other for ever.
    pub(crate) fn poll(&self, connection: u64) -> Option<Output> {
        let (now, _) = clock();
        let output = {
            let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
            backend.poll(now, connection)
        };
        if matches!(output, Some(Output::Close(..) | Output::Abort)) {
            self.with(|_, _| ());
        }
        output
    }

    /// The bell.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until `find` finds something, for as long as `patience`.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        patience: Duration,
        mut find: impl FnMut(&mut Backend) -> Option<T>,
    ) -> Result<T, Error> {
        let mut changes = self.changes();
        let search = async {
            loop {
                changes.mark_unchanged();
                let found = {
                    let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
                    find(&mut backend)
                };
                if let Some(found) = found {
                    return Ok(found);
                }
                if changes.changed().await.is_err() {
                    return Err(Error::timed_out(what));
                }
            }
        };
        tokio::time::timeout(patience, search)
            .await
            .unwrap_or_else(|_| Err(Error::timed_out(what)))
    }

    /// A new watcher of the news.
    pub(crate) fn watch(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(MAX_UNREAD_NEWS);
        self.with(|backend, _| backend.journal.watched = true);
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| !watcher.is_closed());
        if watchers.len() < MAX_WATCHERS {
            watchers.push(sender);
        }
        receiver
    }

    fn spread(&self, news: &[serde_json::Value]) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if watchers.is_empty() {
            return;
        }
        for item in news {
            let line = Bytes::from(format!("data: {item}\n\n"));
            // Who does not keep up is let go; a page connects again and reads the state anew.
            watchers.retain(|watcher| watcher.try_send(line.clone()).is_ok());
        }
    }
}

/// The one place where the box reads a clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's edge is where real time comes in"
)]
fn clock() -> (Instant, u64) {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (Instant::now(), millis(since))
}

/// News that may wait for a slow watcher.
const MAX_UNREAD_NEWS: usize = 4096;

/// Pages that may watch at once.
const MAX_WATCHERS: usize = 32;
