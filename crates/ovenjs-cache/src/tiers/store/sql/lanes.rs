//! A few connections to a database, of our own keeping.

use std::sync::{Arc, Mutex, PoisonError};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use tokio::{sync::oneshot, task::JoinSet};

/// Connections that are kept when a call ended well, and closed with a call that did not or that was dropped, so
/// that no answer is ever another call's. A pool that takes such connections back waits for them to answer.
#[derive(Debug)]
pub(crate) struct Lanes<C> {
    room: Arc<Room<C>>,
    /// Those who connect, at most one for each lane. They end with the lanes.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    opening: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Room<C> {
    free: Mutex<Vec<C>>,
    permits: Arc<Semaphore>,
}

pub(crate) struct Lane<C> {
    pub(crate) connection: C,
    room: Arc<Room<C>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<C> Lanes<C> {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            room: Arc::new(Room {
                free: Mutex::new(Vec::with_capacity(count)),
                permits: Arc::new(Semaphore::new(count)),
            }),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            opening: Mutex::default(),
        }
    }

    /// A connection: one that is free, or the one that `open` makes.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn enter<E>(
        &self,
        open: impl Future<Output = Result<C, E>>,
    ) -> Result<Lane<C>, E> {
        let permit = self.permit().await;
        let connection = match self.room.free() {
            Some(connection) => connection,
            None => open.await?,
        };
        Ok(self.lane(connection, permit))
    }

    /// Closes those that are free: a server that went away took all of them along.
    pub(crate) fn close(&self) {
        lock(&self.room.free).clear();
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        // It fails where the semaphore is closed, which nobody does.
        Arc::clone(&self.room.permits).acquire_owned().await.ok()
    }

    fn lane(&self, connection: C, permit: Option<OwnedSemaphorePermit>) -> Lane<C> {
        Lane {
            connection,
            room: Arc::clone(&self.room),
            _permit: permit,
        }
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl<C: Send + 'static> Lanes<C> {
    /// The same where a connection may take longer to make than who needs it can wait: what `open` makes, while its
    /// caller goes away, is there for the next one.
    pub(crate) async fn enter_beside<F, E>(&self, open: impl Fn() -> F) -> Result<Lane<C>, E>
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
        E: Send + 'static,
    {
        loop {
            let permit = self.permit().await;
            if let Some(connection) = self.room.free() {
                return Ok(self.lane(connection, permit));
            }
            // It fails where it took too long, or was dropped with its runtime: once more.
            if let Ok(opened) = self.open_beside(open(), permit).await {
                return opened;
            }
        }
    }

    fn open_beside<E: Send + 'static>(
        &self,
        open: impl Future<Output = Result<C, E>> + Send + 'static,
        permit: Option<OwnedSemaphorePermit>,
    ) -> oneshot::Receiver<Result<Lane<C>, E>> {
        let (hand, handed) = oneshot::channel();
        let room = Arc::clone(&self.room);
        let mut opening = lock(&self.opening);
        while opening.try_join_next().is_some() {}
        opening.spawn(async move {
            let Ok(opened) = tokio::time::timeout(OPENED_WITHIN, open).await else {
                return;
            };
            let lane = opened.map(|connection| Lane {
                connection,
                room,
                _permit: permit,
            });
            if let Err(Ok(lane)) = hand.send(lane) {
                lane.keep();
            }
        });
        handed
    }
}

impl<C> Room<C> {
    fn free(&self) -> Option<C> {
        lock(&self.free).pop()
    }
}

impl<C> Lane<C> {
    /// Keeps the connection for the next call.
    pub(crate) fn keep(self) {
        lock(&self.room.free).push(self.connection);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long it may take to make a connection beside: a lost SYN costs one second, a server that recovers from a crash
/// may hold who knocks for a while.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const OPENED_WITHIN: Duration = Duration::from_secs(3);

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use std::{
        convert::Infallible,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_longer_than_anyone_waits_is_made_once_and_kept() {
        let (lanes, opened) = (Lanes::new(1), Arc::new(AtomicU32::new(0)));
        let patience = Duration::from_millis(50);
        let mut waited = 0;
        let lane = loop {
            let enter = enter(&lanes, &opened, Duration::from_millis(220));
            match tokio::time::timeout(patience, enter).await {
                Ok(lane) => break lane,
                Err(_) => waited += 1,
            }
        };
        assert_eq!((waited, lane.connection), (4, 1));
        lane.keep();
        let lane = enter(&lanes, &opened, Duration::ZERO).await;
        assert_eq!(lane.connection, 1, "the same again");
        drop(lane);
        assert_eq!(enter(&lanes, &opened, Duration::ZERO).await.connection, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_never_made_is_given_up() {
        let (lanes, opened) = (Lanes::new(1), Arc::new(AtomicU32::new(0)));
        let never = enter(&lanes, &opened, Duration::from_secs(1_000_000));
        let (patience, moment) = (Duration::from_millis(50), Duration::from_millis(1));
        assert!(tokio::time::timeout(patience, never).await.is_err());
        let next = || enter(&lanes, &opened, Duration::ZERO);
        let too_soon = OPENED_WITHIN - patience - moment;
        assert!(tokio::time::timeout(too_soon, next()).await.is_err());
        let lane = tokio::time::timeout(2 * moment, next()).await.unwrap();
        assert_eq!(lane.connection, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_never_more_than_lanes_and_their_makers_end_with_them() {
        let (lanes, opened) = (Lanes::new(2), Arc::new(AtomicU32::new(0)));
        let long = Duration::from_secs(2);
        for _ in 0..10 {
            let enter = enter(&lanes, &opened, long);
            let late = tokio::time::timeout(Duration::from_millis(50), enter).await;
            assert!(late.is_err());
        }
        assert_eq!(opened.load(Ordering::Relaxed), 2);
        let room = Arc::downgrade(&lanes.room);
        drop(lanes);
        tokio::task::yield_now().await;
        assert!(room.upgrade().is_none());
    }

    async fn enter(lanes: &Lanes<u32>, opened: &Arc<AtomicU32>, takes: Duration) -> Lane<u32> {
        let open = || {
            let number = opened.fetch_add(1, Ordering::Relaxed) + 1;
            async move {
                tokio::time::sleep(takes).await;
                Ok::<_, Infallible>(number)
            }
        };
        let Ok(lane) = lanes.enter_beside(open).await;
        lane
    }
}
