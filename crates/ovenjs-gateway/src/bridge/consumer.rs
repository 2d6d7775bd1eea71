//! From a stream to a worker.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ovenjs_types::Dispatch;
use tokio::{sync::mpsc, task::JoinSet};

use super::{BridgeConfig, Pauses, handled::Handled};
use crate::Error;

/// One worker of a group: it is given events which no other of the group is given, unless one was not
/// acknowledged in time.
///
/// ```no_run
/// use ovenjs_gateway::bridge::Consumer;
/// use ovenjs_types::json::Scratch;
///
/// async fn work(mut consumer: Consumer) -> Result<(), ovenjs_gateway::Error> {
///     let mut scratch = Scratch::default();
///     loop {
///         let received = consumer.next().await?;
///         let event = received.dispatch.decode(&mut scratch);
///         // … handle it, and only then:
///         received.ack();
///     }
/// }
/// ```
pub struct Consumer {
    ready: mpsc::Receiver<Result<Received, Error>>,
    desk: Arc<Desk>,
    _tasks: JoinSet<()>,
}

/// What a consumer has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerStats {
    /// Events that were given out, those given again included.
    pub given: u64,
    /// Events that were given again, since someone had not acknowledged them in time.
    pub redelivered: u64,
    /// Events that came again although this consumer had acknowledged them, and were not given out.
    pub doubles: u64,
    /// Entries of the stream that are no events, and were acknowledged away.
    pub foreign: u64,
    /// Acknowledgements that found no room: their events come again.
    pub acks_dropped: u64,
    /// How often the server was away or refused.
    pub failures: u64,
}

/// An event to be handled. Dropping it without [`ack`](Self::ack) has it given again, to whichever
/// worker, after [`BridgeConfig::redelivery`].
#[must_use = "an event that is not acknowledged comes again"]
pub struct Received {
    /// The event.
    pub dispatch: Dispatch,
    /// Whether it was given to someone before.
    pub redelivered: bool,
    ticket: Ticket,
    desk: Arc<Desk>,
}

/// By what a server knows an event that it gave out.
pub(super) enum Ticket {
    #[cfg(feature = "redis")]
    Redis(ovenjs_net::RedisEntryId),
    #[cfg(feature = "nats")]
    Nats(Box<async_nats::jetstream::message::Acker>),
}

/// What comes out of a stream.
pub(super) struct Fetched {
    pub(super) dispatch: Option<Dispatch>,
    pub(super) redelivered: bool,
    pub(super) ticket: Ticket,
}

/// A server's stream, read by a group. Both give up after a deadline of their own.
pub(super) trait Fetch: Send + 'static {
    /// The next events, in their order; none where none came for a while.
    fn fetch(&mut self) -> impl Future<Output = Result<Vec<Fetched>, Error>> + Send;
}

pub(super) trait Settle: Send + 'static {
    /// Acknowledges. What fails is told again.
    fn settle(&mut self, tickets: &[Ticket]) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What a consumer shares with the events it has given out.
struct Desk {
    acks: mpsc::Sender<Ticket>,
    handled: Mutex<Handled>,
    given: AtomicU64,
    redelivered: AtomicU64,
    doubles: AtomicU64,
    foreign: AtomicU64,
    acks_dropped: AtomicU64,
    failures: AtomicU64,
}

impl Consumer {
    /// A worker of `group` on a stream of a Redis. `worker` is its name: one that is restarted under
    /// its name is given what it left, after the same time as others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where a name is none.
    #[cfg(feature = "redis")]
    pub fn of_redis(
        link: &ovenjs_net::RedisLink,
        config: &BridgeConfig,
        group: &str,
        worker: &str,
    ) -> Result<Self, Error> {
        config.check()?;
        crate::bus::checked_name(group, false)?;
        crate::bus::checked_name(worker, false)?;
        let fetch = super::redis::RedisFetch::new(link, config, group, worker);
        let settle = super::redis::RedisSettle::new(link, config, group);
        Ok(Self::start(fetch, settle))
    }

    /// A worker of `group` on a stream of NATS JetStream: a durable pull consumer of this name. The
    /// stream must be there, by its publisher.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where a name is none.
    #[cfg(feature = "nats")]
    pub fn of_nats(
        link: &crate::NatsLink,
        config: &BridgeConfig,
        group: &str,
    ) -> Result<Self, Error> {
        config.check()?;
        crate::bus::checked_name(group, false)?;
        let fetch = super::nats::NatsFetch::new(link, config, group);
        Ok(Self::start(fetch, super::nats::NatsSettle::new(link)))
    }

    fn start(fetch: impl Fetch, settle: impl Settle) -> Self {
        // One is enough: whoever fetches holds the rest, and fetches no more until they are taken.
        let (given, ready) = mpsc::channel(1);
        let (acks, waiting) = mpsc::channel(ACKS);
        let desk = Arc::new(Desk {
            acks,
            handled: Mutex::default(),
            given: AtomicU64::new(0),
            redelivered: AtomicU64::new(0),
            doubles: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            acks_dropped: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(supply(fetch, given, Arc::clone(&desk)));
        tasks.spawn(acknowledge(settle, waiting, Arc::downgrade(&desk)));
        Self {
            ready,
            desk,
            _tasks: tasks,
        }
    }

    /// The next event. Waits for as long as none comes or the server is away. May be dropped at any
    /// time without losing one.
    ///
    /// # Errors
    ///
    /// What no waiting mends: a user who may not read, a group that contradicts what the stream keeps.
    pub async fn next(&mut self) -> Result<Received, Error> {
        match self.ready.recv().await {
            Some(received) => received,
            None => Err(Error::new(
                crate::ErrorKind::Stopped,
                "the consumer has stopped after the error it told: mend that and build another",
            )),
        }
    }

    /// What it has seen so far.
    #[must_use]
    pub fn stats(&self) -> ConsumerStats {
        let desk = &self.desk;
        ConsumerStats {
            given: desk.given.load(Ordering::Relaxed),
            redelivered: desk.redelivered.load(Ordering::Relaxed),
            doubles: desk.doubles.load(Ordering::Relaxed),
            foreign: desk.foreign.load(Ordering::Relaxed),
            acks_dropped: desk.acks_dropped.load(Ordering::Relaxed),
            failures: desk.failures.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Received {
    /// The event is handled. Told to the server soon, and until then not sure: one that was handled
    /// just before a crash may come again.
    pub fn ack(self) {
        self.desk.handled().remember(&self.dispatch);
        self.desk.ack(self.ticket);
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("dispatch", &self.dispatch)
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}

impl Desk {
    fn ack(&self, ticket: Ticket) {
        if self.acks.try_send(ticket).is_err() {
            self.acks_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn handled(&self) -> MutexGuard<'_, Handled> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches and gives out, until nobody takes any more.
async fn supply(
    mut fetch: impl Fetch,
    given: mpsc::Sender<Result<Received, Error>>,
    desk: Arc<Desk>,
) {
    let mut pauses = Pauses::new();
    loop {
        let fetched = match fetch.fetch().await {
            Ok(fetched) => fetched,
            Err(error) => {
                desk.failures.fetch_add(1, Ordering::Relaxed);
                if !ovenjs_types::Fault::is_retryable(&error) {
                    // Nobody may be there to hear it any more.
                    drop(given.send(Err(error)).await);
                    return;
                }
                tracing::debug!(%error, "events are waited for");
                tokio::time::sleep(pauses.next()).await;
                continue;
            }
        };
        pauses = Pauses::new();
        for Fetched {
            dispatch,
            redelivered,
            ticket,
        } in fetched
        {
            let Some(dispatch) = dispatch else {
                desk.foreign.fetch_add(1, Ordering::Relaxed);
                desk.ack(ticket);
                continue;
            };
            if redelivered && desk.handled().knows(&dispatch) {
                desk.doubles.fetch_add(1, Ordering::Relaxed);
                desk.ack(ticket);
                continue;
            }
            desk.given.fetch_add(1, Ordering::Relaxed);
            desk.redelivered
                .fetch_add(u64::from(redelivered), Ordering::Relaxed);
            let received = Received {
                dispatch,
                redelivered,
                ticket,
                desk: Arc::clone(&desk),
            };
            if given.send(Ok(received)).await.is_err() {
                return;
            }
        }
    }
}

/// Tells the server what was acknowledged, as much at a time as there is.
async fn acknowledge(
    mut settle: impl Settle,
    mut waiting: mpsc::Receiver<Ticket>,
    desk: std::sync::Weak<Desk>,
) {
    let mut batch = Vec::new();
    let mut pauses = Pauses::new();
    while !batch.is_empty() || waiting.recv_many(&mut batch, ACKS_AT_ONCE).await > 0 {
        match settle.settle(&batch).await {
            Ok(()) => {
                batch.clear();
                pauses = Pauses::new();
            }
            Err(error) => {
                tracing::debug!(%error, "acknowledgements are kept back");
                if let Some(desk) = desk.upgrade() {
                    desk.failures.fetch_add(1, Ordering::Relaxed);
                }
                tokio::time::sleep(pauses.next()).await;
            }
        }
    }
}

/// What may be acknowledged while the server is away: two seconds of a busy worker.
const ACKS: usize = 4_096;

/// What one command carries.
const ACKS_AT_ONCE: usize = 256;
