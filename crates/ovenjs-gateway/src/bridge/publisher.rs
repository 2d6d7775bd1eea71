//! From a fleet into a stream.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use ovenjs_types::Dispatch;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinSet,
};

use super::{BridgeConfig, Pauses};
use crate::{Error, ErrorKind};

/// Puts dispatches into a stream, in the order in which they are given.
///
/// Dropping it drops what has not been stored yet: [`flush`](Self::flush) first.
///
/// For a fleet that delivers [at least once](crate::Config::at_least_once) an event is handled when
/// it is stored:
///
/// ```no_run
/// use ovenjs_gateway::{Delivery, Error, Events, Fleet, bridge::Publisher};
/// use tokio::task::JoinSet;
///
/// async fn pass_on(fleet: Fleet, mut events: Events, publisher: Publisher) -> Result<(), Error> {
///     let mut on_their_way = JoinSet::new();
///     while let Some(delivery) = events.next().await {
///         if let Delivery::Dispatch(dispatch) | Delivery::Late(dispatch) = delivery {
///             let receipt = fleet.receipt(&dispatch);
///             // Waits while the stream takes nothing.
///             let stored = publisher.publish(dispatch).await?;
///             on_their_way.spawn(async move {
///                 // What is too large for the server never will be stored: it is done with as well.
///                 match stored.await {
///                     Err(error) if error.kind() == ovenjs_gateway::ErrorKind::Stopped => {}
///                     _ => receipt.handled(),
///                 }
///             });
///         }
///         while on_their_way.try_join_next().is_some() {}
///     }
///     publisher.flush().await?;
///     while on_their_way.join_next().await.is_some() {}
///     Ok(())
/// }
/// ```
///
/// Without that, an event counts as delivered once [`Events`](crate::Events) has given it out, and the
/// receipts can be dropped.
pub struct Publisher {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
    _task: JoinSet<()>,
}

/// What a publisher has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublisherStats {
    /// Events that the server has stored, or had stored before.
    pub stored: u64,
    /// Events that were too large for the server and were not stored: their receipts say so.
    pub refused: u64,
    /// How often the server was away or full, and what was sent had to be sent again.
    pub retries: u64,
    /// What the server or the way to it said last, where something failed.
    pub last_failure: Option<String>,
}

/// Resolves once the event is stored. Dropping it changes nothing.
#[derive(Debug)]
#[must_use = "a receipt tells when the event is stored, and whether it could be"]
pub struct Receipt(oneshot::Receiver<Result<(), Error>>);

impl Future for Receipt {
    /// [`ErrorKind::TooLarge`] where the server takes no event of this size; [`ErrorKind::Stopped`]
    /// where the publisher went before.
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(told.unwrap_or_else(|_| Err(stopped())))
    }
}

/// An event on its way, or a wait for all before it.
pub(super) struct Job {
    pub(super) dispatch: Option<Dispatch>,
    done: oneshot::Sender<Result<(), Error>>,
    _room: Option<OwnedSemaphorePermit>,
}

/// What became of a batch.
pub(super) struct Stored {
    /// So many from its beginning are stored.
    pub(super) count: usize,
    /// Why the next one is not.
    pub(super) stop: Option<Stop>,
}

pub(super) enum Stop {
    /// This event will never be taken.
    #[cfg_attr(
        not(any(feature = "nats", test)),
        expect(dead_code, reason = "a Redis takes events of every size")
    )]
    Refused(Error),
    /// Not now.
    Later(String),
}

/// A server's stream. `store` gives up after a deadline of its own.
pub(super) trait Store: Send + 'static {
    fn store(&mut self, batch: &[Job]) -> impl Future<Output = Stored> + Send;
}

#[derive(Debug, Default)]
struct Counts {
    stored: AtomicU64,
    refused: AtomicU64,
    retries: AtomicU64,
    last_failure: Mutex<Option<String>>,
}

impl Publisher {
    /// A publisher to a stream of a Redis, at the key `ovenjs:bridge:<name>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the stream's name is none.
    #[cfg(feature = "redis")]
    pub fn to_redis(link: &ovenjs_net::RedisLink, config: &BridgeConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self::start(
            super::redis::RedisStore::new(link, config),
            config,
        ))
    }

    /// A publisher to a stream of NATS JetStream, `ovenjs_<name>`, which is made where it is missing.
    /// Its subjects are `ovenjs.bridge.<name>.<shard>.<event>`. A stream that exists is used with the
    /// limits that it has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the stream's name is none, [`ErrorKind::Link`] where JetStream
    /// does not answer or refuses the stream.
    #[cfg(feature = "nats")]
    pub async fn to_nats(link: &crate::NatsLink, config: &BridgeConfig) -> Result<Self, Error> {
        config.check()?;
        let store = super::nats::NatsStore::open(link, config).await?;
        Ok(Self::start(store, config))
    }

    fn start(store: impl Store, config: &BridgeConfig) -> Self {
        let window = config.window.max(1);
        let (jobs, waiting) = mpsc::channel(window);
        let counts = Arc::new(Counts::default());
        let mut task = JoinSet::new();
        task.spawn(drain(store, waiting, window, Arc::clone(&counts)));
        Self {
            jobs,
            room: Arc::new(Semaphore::new(ROOM)),
            counts,
            _task: task,
        }
    }

    /// Takes an event over. Waits while too many are on their way, for as long as the server is away
    /// or its stream full. **Dropping the wait gives the event up**: it is in nobody's hands then, and
    /// comes again only under [at least once](crate::Config::at_least_once), after a restart.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Stopped`] where the publisher's task has ended, which is a mistake of this crate.
    pub async fn publish(&self, dispatch: Dispatch) -> Result<Receipt, Error> {
        let kilobytes = dispatch.raw.len().div_ceil(1024).clamp(1, ROOM);
        let kilobytes = u32::try_from(kilobytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(kilobytes).await;
        self.give(Some(dispatch), Some(room.map_err(|_| stopped())?))
            .await
    }

    /// Waits until everything given before is stored or refused.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub async fn flush(&self) -> Result<(), Error> {
        self.give(None, None).await?.await
    }

    async fn give(
        &self,
        dispatch: Option<Dispatch>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<Receipt, Error> {
        let (done, told) = oneshot::channel();
        let job = Job {
            dispatch,
            done,
            _room: room,
        };
        self.jobs.send(job).await.map_err(|_| stopped())?;
        Ok(Receipt(told))
    }

    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> PublisherStats {
        let counts = &self.counts;
        let last_failure = counts.last_failure.lock();
        PublisherStats {
            stored: counts.stored.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
            retries: counts.retries.load(Ordering::Relaxed),
            last_failure: last_failure.unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Stores batches in their order. What a batch left behind begins the next: nothing overtakes it.
async fn drain(
    mut store: impl Store,
    mut waiting: mpsc::Receiver<Job>,
    window: usize,
    counts: Arc<Counts>,
) {
    let mut batch: Vec<Job> = Vec::new();
    let mut pauses = Pauses::new();
    loop {
        if batch.is_empty() && waiting.recv_many(&mut batch, window).await == 0 {
            return;
        }
        let outcome = store.store(&batch).await;
        let mut settled = batch.drain(..outcome.count.min(batch.len()));
        for job in settled.by_ref() {
            let real = u64::from(job.dispatch.is_some());
            counts.stored.fetch_add(real, Ordering::Relaxed);
            // Whoever dropped the receipt does not want to know.
            drop(job.done.send(Ok(())));
        }
        drop(settled);
        match outcome.stop {
            None => pauses = Pauses::new(),
            Some(Stop::Refused(error)) => {
                counts.refused.fetch_add(1, Ordering::Relaxed);
                counts.note(error.to_string());
                tracing::error!(%error, "an event cannot be passed on");
                if !batch.is_empty() {
                    drop(batch.remove(0).done.send(Err(error)));
                }
            }
            Some(Stop::Later(reason)) => {
                counts.retries.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(reason, "events wait for the bridge");
                counts.note(reason);
                tokio::time::sleep(pauses.next()).await;
            }
        }
    }
}

impl Counts {
    fn note(&self, failure: String) {
        let mut last = self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(failure);
    }
}

fn stopped() -> Error {
    Error::new(
        ErrorKind::Stopped,
        "the publisher has stopped: flush it before it is dropped",
    )
}

/// The kilobytes of payloads that may be on their way: 16 MB, as much as a shard holds by itself.
const ROOM: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use ovenjs_types::{Id, Origin, Version};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_sent_again_before_what_follows() {
        let script = [Some(2), None, Some(0), Some(1)];
        let (seen, publisher) = start(script, 4);
        let mut receipts = Vec::new();
        for seq in 0..8 {
            receipts.push(publisher.publish(event(seq)).await.unwrap());
        }
        publisher.flush().await.unwrap();
        for receipt in receipts {
            receipt.await.unwrap();
        }
        let stored = seen.lock().unwrap().clone();
        assert_eq!(stored, (0..8).collect::<Vec<u64>>(), "each once, in order");
        let stats = publisher.stats();
        assert_eq!((stats.stored, stats.refused), (8, 0));
        assert!(
            stats.retries >= 2 && stats.last_failure.as_deref() == Some("full"),
            "{stats:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_told_and_does_not_stand_in_the_way() {
        let (seen, publisher) = start([], 4);
        let large = publisher.publish(event(REFUSED)).await.unwrap();
        let small = publisher.publish(event(1)).await.unwrap();
        assert_eq!(large.await.unwrap_err().kind(), ErrorKind::TooLarge);
        small.await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [1]);
        assert_eq!(publisher.stats().refused, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_stream_holds_its_publisher_back_and_loses_nothing() {
        // It takes nothing for a hundred attempts.
        let (seen, publisher) = start(vec![Some(0); 100], 2);
        let given = Arc::new(AtomicU64::new(0));
        let publisher = Arc::new(publisher);
        let mut task = JoinSet::new();
        let (count, bridge) = (Arc::clone(&given), Arc::clone(&publisher));
        task.spawn(async move {
            for seq in 0..20 {
                drop(bridge.publish(event(seq)).await.unwrap());
                count.fetch_add(1, Ordering::Relaxed);
            }
            bridge.flush().await.unwrap();
        });
        tokio::time::advance(std::time::Duration::from_secs(5)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let taken = given.load(Ordering::Relaxed);
        assert!(
            (2..=5).contains(&taken),
            "a window and what is on its way: {taken}"
        );
        task.join_next().await.unwrap().unwrap();
        assert_eq!(*seen.lock().unwrap(), (0..20).collect::<Vec<u64>>());
    }

    #[tokio::test]
    async fn a_receipt_of_a_dropped_publisher_says_so() {
        let (_, publisher) = start(vec![Some(0); 9], 2);
        let receipt = publisher.publish(event(1)).await.unwrap();
        drop(publisher);
        assert_eq!(receipt.await.unwrap_err().kind(), ErrorKind::Stopped);
    }

    /// A server that takes as many of each batch as its script says, and everything after.
    struct Scripted {
        script: VecDeque<Option<usize>>,
        seen: Arc<Mutex<Vec<u64>>>,
    }

    const REFUSED: u64 = 99;

    impl Store for Scripted {
        async fn store(&mut self, batch: &[Job]) -> Stored {
            tokio::task::yield_now().await;
            let most = self.script.pop_front().flatten().unwrap_or(usize::MAX);
            for (count, job) in batch.iter().enumerate() {
                if count >= most {
                    let stop = Some(Stop::Later("full".to_owned()));
                    return Stored { count, stop };
                }
                match job.dispatch.as_ref().map(|dispatch| dispatch.version.seq) {
                    Some(REFUSED) => {
                        let error = Error::new(ErrorKind::TooLarge, "too large");
                        let stop = Some(Stop::Refused(error));
                        return Stored { count, stop };
                    }
                    Some(seq) => self.seen.lock().unwrap().push(seq),
                    None => {}
                }
            }
            let count = batch.len();
            Stored { count, stop: None }
        }
    }

    fn start(
        script: impl Into<VecDeque<Option<usize>>>,
        window: usize,
    ) -> (Arc<Mutex<Vec<u64>>>, Publisher) {
        let seen = Arc::default();
        let store = Scripted {
            script: script.into(),
            seen: Arc::clone(&seen),
        };
        let config = BridgeConfig::new("x", Id::new(1)).window(window);
        (seen, Publisher::start(store, &config))
    }

    fn event(seq: u64) -> Dispatch {
        Dispatch::new(Origin::default(), Version { epoch: 1, seq }, "X", "{}")
    }
}
