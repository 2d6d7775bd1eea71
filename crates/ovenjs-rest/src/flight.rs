//! Calls that ask the same at the same time share one request.
//!
//! Who comes first sends; the others wait for its answer with it, and for theirs alone when it is dropped.
//! A read that begins after one of our own writes has ended never joins a read from before, so
//! whoever writes and then reads sees what they wrote.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use http::{HeaderValue, Method, header::IF_NONE_MATCH};
use ovenjs_ratelimit::Priority;

use crate::{
    Error, ErrorKind, Reply, Request,
    delivery::lock,
    errand::{Errand, Work},
};

/// The reads under way. There are at most as many as there are calls.
#[derive(Default)]
pub(crate) struct Flights {
    /// Each with how many sit in it.
    flights: Mutex<HashMap<Key, (Arc<Flight>, usize)>>,
    writes: AtomicU64,
    joined: AtomicU64,
}

/// What makes two requests the same. It has no `Debug`: the path may hold a token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    path: String,
    /// The mark of the answer that is known.
    etag: Option<HeaderValue>,
    /// A bulk read must not keep an interactive one waiting.
    priority: Priority,
    /// How many of our writes had ended.
    writes: u64,
}

type Flight = Errand<Result<Reply, Error>>;

impl Flights {
    /// The key of a request that others may share; none for writes, for reads that layers have given
    /// headers, and for whoever wants an answer of their own.
    pub(crate) fn key(&self, request: &Request) -> Option<Key> {
        let parts = &*request.0;
        let is_shared = parts.method == Method::GET
            && !parts.is_fresh
            // Only the bot's own token is the same for all.
            && parts.ask.with_token
            && parts.headers.keys().all(|name| name == IF_NONE_MATCH)
            && parts.body.is_empty();
        is_shared.then(|| Key {
            path: parts.path.clone(),
            etag: parts.headers.get(IF_NONE_MATCH).cloned(),
            priority: parts.ask.priority,
            writes: self.writes.load(Ordering::Acquire),
        })
    }

    /// A write of ours has ended, whichever way.
    pub(crate) fn written(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// Calls since the start that got the answer to another call's request.
    pub(crate) fn joined(&self) -> u64 {
        self.joined.load(Ordering::Relaxed)
    }

    /// Shares `deed` with whoever asks the same.
    pub(crate) async fn share(
        &self,
        key: Key,
        route: &'static str,
        deadline: Instant,
        deed: impl Fn() -> Work<Result<Reply, Error>>,
    ) -> Result<Reply, Error> {
        let has_flown = AtomicBool::new(false);
        let landed = loop {
            let seat = Seat::take(self, key.clone());
            let flying = seat.flight.end(|| {
                has_flown.store(true, Ordering::Relaxed);
                deed()
            });
            let Ok(landed) = tokio::time::timeout_at(deadline.into(), flying).await else {
                let text = "no answer in time; check the network, or raise `answer` or `deadline`";
                break Err(Error::new(ErrorKind::Deadline, route, text));
            };
            // Whoever asks from now on wants to know what is now.
            seat.land();
            match landed {
                Ok(reply) => break Ok(reply.clone()),
                // It was another call's own failure: those who are left fly again.
                Err(error) if is_own(error) && !has_flown.load(Ordering::Relaxed) => {}
                Err(error) => break Err(error.share()),
            }
        };
        if !has_flown.into_inner() {
            self.joined.fetch_add(1, Ordering::Relaxed);
        }
        landed
    }
}

/// Whether an error says more of the call than of Discord: others may have more time.
fn is_own(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Deadline | ErrorKind::Overloaded | ErrorKind::Limited | ErrorKind::Open
    )
}

/// A seat in a flight, left on drop.
struct Seat<'a> {
    flights: &'a Flights,
    key: Key,
    flight: Arc<Flight>,
}

impl<'a> Seat<'a> {
    fn take(flights: &'a Flights, key: Key) -> Self {
        let flight = {
            let under_way = &mut lock(&flights.flights);
            let (flight, seats) = under_way.entry(key.clone()).or_default();
            *seats += 1;
            Arc::clone(flight)
        };
        Self {
            flights,
            key,
            flight,
        }
    }

    /// Nobody joins any more.
    fn land(&self) {
        self.leave(|_| true);
    }

    fn leave(&self, is_over: impl FnOnce(&mut usize) -> bool) {
        let flights = &mut lock(&self.flights.flights);
        if let Some((flight, seats)) = flights.get_mut(&self.key)
            && Arc::ptr_eq(flight, &self.flight)
            && is_over(seats)
        {
            flights.remove(&self.key);
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.leave(|seats| {
            *seats -= 1;
            *seats == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Poll, time::Duration};

    use tokio::sync::Notify;

    use super::*;

    fn key(flights: &Flights) -> Key {
        Key {
            path: "/users/@me".to_owned(),
            etag: None,
            priority: Priority::Normal,
            writes: flights.writes.load(Ordering::Acquire),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test's clock is tokio's, and stands"
    )]
    fn deadline() -> Instant {
        tokio::time::Instant::now().into_std() + Duration::from_secs(60)
    }

    struct Story {
        flights: Flights,
        sent: Arc<AtomicU64>,
        answer: Arc<Notify>,
    }

    impl Story {
        fn begin() -> Self {
            Self {
                flights: Flights::default(),
                sent: Arc::default(),
                answer: Arc::default(),
            }
        }

        async fn call(&self) -> Result<Reply, Error> {
            let deed = || -> Work<_> {
                let (sent, answer) = (Arc::clone(&self.sent), Arc::clone(&self.answer));
                Box::pin(async move {
                    let number = sent.fetch_add(1, Ordering::Relaxed) + 1;
                    answer.notified().await;
                    Ok(Reply::new(200, number.to_string()))
                })
            };
            self.flights
                .share(key(&self.flights), "GET /", deadline(), deed)
                .await
        }

        fn is_empty(&self) -> bool {
            lock(&self.flights.flights).is_empty()
        }
    }

    macro_rules! poll {
        ($future:expr) => {
            std::future::poll_fn(|cx| Poll::Ready($future.as_mut().poll(cx))).await
        };
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_come_meanwhile_share_and_those_who_come_later_do_not() {
        let story = Story::begin();
        let (mut one, mut two) = (pin!(story.call()), pin!(story.call()));
        assert!(poll!(one).is_pending() && poll!(two).is_pending());
        story.answer.notify_one();
        assert_eq!(one.await.unwrap().body(), "1");
        // The second has its answer, though it has not looked yet; a third asks anew.
        let mut three = pin!(story.call());
        assert!(poll!(three).is_pending());
        assert_eq!(two.await.unwrap().body(), "1");
        story.answer.notify_one();
        assert_eq!(three.await.unwrap().body(), "2");
        assert_eq!(
            (story.sent.load(Ordering::Relaxed), story.flights.joined()),
            (2, 1)
        );
        assert!(lock(&story.flights.flights).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_first_is_dropped_the_others_go_on_with_its_request() {
        let story = Story::begin();
        let mut one = Box::pin(story.call());
        let mut two = Box::pin(story.call());
        let mut three = pin!(story.call());
        assert!(poll!(one).is_pending() && poll!(two).is_pending() && poll!(three).is_pending());
        drop(one);
        drop(two);
        story.answer.notify_one();
        assert_eq!(three.await.unwrap().body(), "1");
        assert!(story.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_one_that_nobody_polls_holds_nobody_up() {
        let story = Story::begin();
        let mut lazy = Box::pin(story.call());
        let mut two = pin!(story.call());
        assert!(poll!(lazy).is_pending() && poll!(two).is_pending());
        story.answer.notify_one();
        assert_eq!(two.await.unwrap().body(), "1");
        assert_eq!(lazy.await.unwrap().body(), "1");
        assert_eq!(story.sent.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_after_a_write_joins_no_read_from_before() {
        let story = Story::begin();
        let mut before = Box::pin(story.call());
        assert!(poll!(before).is_pending());
        story.flights.written();
        let mut after = Box::pin(story.call());
        assert!(poll!(after).is_pending());
        assert_eq!(story.sent.load(Ordering::Relaxed), 2);
        drop((before, after));
        assert!(story.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_discord_says_is_shared_and_what_concerns_one_call_is_not() {
        let flights = Flights::default();
        let sent = Arc::new(AtomicU64::new(0));
        for (kind, requests) in [(ErrorKind::NotFound, 1), (ErrorKind::Deadline, 3)] {
            sent.store(0, Ordering::Relaxed);
            let call = || async {
                let deed = || -> Work<_> {
                    let sent = Arc::clone(&sent);
                    Box::pin(async move {
                        sent.fetch_add(1, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                        Err(Error::new(kind, "GET /", "no"))
                    })
                };
                flights
                    .share(key(&flights), "GET /", deadline(), deed)
                    .await
            };
            let (one, two, three) = tokio::join!(call(), call(), call());
            for error in [one, two, three] {
                assert_eq!(error.unwrap_err().kind(), kind);
            }
            assert_eq!(sent.load(Ordering::Relaxed), requests);
        }
    }
}
