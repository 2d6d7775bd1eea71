//! The box under its lock, with the clock and the bell that rings when something has changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, watch};

use crate::{
    backend::Backend,
    config::Config,
    courier::{Courier, Post},
    error::Error,
    protocol::{Input, Output},
    time::millis,
};

/// What the server's tasks and the in-process interface share.
#[derive(Debug)]
pub(crate) struct Shared {
    backend: Mutex<Backend>,
    /// Rings after every deed. Its number means nothing.
    changed: watch::Sender<u64>,
    /// The bells of the sockets.
    bells: Mutex<HashMap<u64, Arc<Notify>>>,
    /// Rings when a deadline may have come nearer.
    pub(crate) hurried: Notify,
    /// Rings when there is something to post.
    pub(crate) posting: Notify,
    /// Those who watch the news, as lines for `text/event-stream`.
    watchers: Mutex<Vec<mpsc::Sender<Bytes>>>,
    pub(crate) patience: Duration,
    pub(crate) interaction_deadline: Duration,
    /// Longer than any question to an endpoint may take.
    check_patience: Duration,
}

impl Shared {
    pub(crate) fn new(config: Config, origin: String) -> Self {
        let (patience, interaction_deadline) = (config.patience, config.interaction_deadline);
        let check_patience = config.endpoints.answer_within * 2 + Duration::from_secs(1);
        let mut backend = Backend::new(config, clock(), calendar());
        backend.world.origin = origin;
        Self {
            backend: Mutex::new(backend),
            changed: watch::Sender::new(0),
            bells: Mutex::new(HashMap::new()),
            hurried: Notify::new(),
            posting: Notify::new(),
            watchers: Mutex::new(Vec::new()),
            patience,
            interaction_deadline,
            check_patience,
        }
    }

    /// Does something to the box and tells everyone who waits or watches.
    pub(crate) fn with<T>(&self, deed: impl FnOnce(&mut Backend, Instant) -> T) -> T {
        let now = clock();
        let (done, news, woken, is_hurried, has_posts) = {
            let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
            let done = deed(&mut backend, now);
            let news = std::mem::take(&mut backend.journal.news);
            let is_hurried = backend.take_hurry();
            let has_posts = backend.courier.has_posts();
            let woken = backend.gateway.take_woken();
            (done, news, woken, is_hurried, has_posts)
        };
        self.spread(&news);
        self.wake(&woken, is_hurried);
        if has_posts {
            self.posting.notify_one();
        }
        self.changed
            .send_modify(|number| *number = number.wrapping_add(1));
        done
    }

    /// Takes something out of the box that nobody else waits for.
    pub(crate) fn quietly<T>(&self, deed: impl FnOnce(&mut Backend) -> T) -> T {
        deed(&mut self.backend.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the box.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Backend) -> T) -> T {
        look(&self.backend.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens a connection, and gives the bell that rings when its socket has something to do.
    pub(crate) fn open(&self, path: &str, query: &str) -> (u64, Arc<Notify>) {
        let bell = Arc::new(Notify::new());
        let id = self.with(|backend, now| {
            let id = backend.open(now, path, query);
            let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
            bells.insert(id, Arc::clone(&bell));
            id
        });
        (id, bell)
    }

    /// The socket of a connection is gone.
    pub(crate) fn close(&self, connection: u64, code: Option<u16>) {
        {
            let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
            bells.remove(&connection);
        }
        self.with(|backend, now| backend.handle(now, connection, Input::Closed(code)));
    }

    /// The next things a socket is to do. Only an end is news to others; if each poll rang the
    /// bell, the sockets would wake each other for ever.
    pub(crate) fn poll(&self, connection: u64) -> Vec<Output> {
        let now = clock();
        let mut bytes = 0;
        let (outputs, woken, is_hurried) = {
            let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
            let mut outputs = Vec::new();
            while bytes < BATCH
                && let Some(output) = backend.poll(now, connection)
            {
                bytes += match &output {
                    Output::Send(frame) => frame.bytes().len(),
                    // What is not simply sent is a thing of its own.
                    _ => BATCH,
                };
                outputs.push(output);
            }
            let is_hurried = backend.take_hurry();
            (outputs, backend.gateway.take_woken(), is_hurried)
        };
        self.wake(&woken, is_hurried);
        let ended = |output: &Output| !matches!(output, Output::Send(_) | Output::Pong(_));
        if outputs.last().is_some_and(ended) {
            self.with(|_, _| ());
        }
        outputs
    }

    /// What is to be posted to the application's endpoints now.
    pub(crate) fn posts(&self) -> Vec<Post> {
        let now = clock();
        let (posts, is_hurried) = {
            let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
            let posts = backend.posts(now);
            (posts, backend.take_hurry())
        };
        self.wake(&[], is_hurried);
        posts
    }

    /// Waits until an endpoint has been asked who it is; its deadline makes that end.
    pub(crate) async fn end_of_check(&self, check: u64) -> Result<(), Error> {
        let what = "an endpoint of the application that says who it is";
        self.until(what, self.check_patience, |backend| {
            backend.courier.is_over(check).then_some(())
        })
        .await
    }

    /// Rings for the sockets that have something to do, and for the timer.
    fn wake(&self, woken: &[u64], is_hurried: bool) {
        if !woken.is_empty() {
            let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
            for bell in woken.iter().filter_map(|id| bells.get(id)) {
                bell.notify_one();
            }
        }
        if is_hurried {
            self.hurried.notify_one();
        }
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
            .unwrap_or_else(|_| Err(Error::timed_out(self.in_vain(what))))
    }

    /// What was waited for, and whether there is anybody who could have done it.
    fn in_vain(&self, what: &str) -> String {
        let nobody = |backend: &Backend| {
            backend.gateway.ready() == 0 && !Courier::takes_interactions(&backend.world)
        };
        match self.look(nobody) {
            true => {
                format!(
                    "{what}; no bot is connected: it was not started, has ended, or was dropped"
                )
            }
            false => what.to_owned(),
        }
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

/// The one place where the box reads a clock: tokio's, so that a test which pauses it drives the box
/// as well. The calendar is asked once, and goes on with that clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's edge is where real time comes in"
)]
fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server's edge is where real time comes in"
)]
fn calendar() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    millis(since)
}

/// Bytes that one write may take together.
const BATCH: usize = 64 * 1024;

/// News that may wait for a slow watcher.
const MAX_UNREAD_NEWS: usize = 4096;

/// Pages that may watch at once.
const MAX_WATCHERS: usize = 32;
