//! The limiter of REST requests.

pub(crate) mod state;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{Ask, Config, Deed, Live, RouteKey, Snapshot, Strategy, Verdict};
use state::{Start, State};

/// Decides which request may leave now, and learns from every answer.
///
/// Cloning is cheap and shares everything. No call blocks, waits or does IO. One limiter is for one
/// token and one host: it learns that host's clock, and from it when requests arrive.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ovenjs_ratelimit::{Ask, Config, Headers, Limiter, Major, Reservation, RouteKey, Verdict};
///
/// # #[expect(clippy::disallowed_methods)]
/// let mut now = Instant::now();
/// let limiter = Limiter::new(Config::new());
/// let ask = Ask::new(RouteKey::new("POST /channels/{channel_id}/messages", Major::of(1_u64)));
///
/// // A hundred requests that take 200 ms each, to a server whose windows are one second long.
/// let ms = Duration::from_millis;
/// let (began, mut end) = (now, Duration::ZERO);
/// for _ in 0..100 {
///     let mut permit = loop {
///         match limiter.reserve(now, &ask) {
///             Reservation::Ready(permit) => break permit,
///             Reservation::Wait { until, .. } => now = until.unwrap(),
///             _ => unreachable!(),
///         }
///     };
///     permit.sent(now);
///     let arrived = now.duration_since(began) + ms(100);
///     // No request ever arrives before the window's end.
///     assert!(arrived >= end);
///     end = arrived + ms(1_000);
///     now += ms(200);
///     let headers = Headers::read(|name| match name {
///         "x-ratelimit-limit" => Some("1"),
///         "x-ratelimit-remaining" => Some("0"),
///         "x-ratelimit-reset-after" => Some("1.000"),
///         _ => None,
///     });
///     // The server's clock is decades away from ours, which does not matter.
///     let headers = headers.with_reset(Duration::from_secs(1_800_000_000) + end);
///     limiter.settle(now, permit, Verdict::Counted(headers));
/// }
/// // Each window costs hardly more than its length, where waiting for `Reset-After` costs 1.2 s.
/// assert!(now - began < ms(100 * 1_050));
/// ```
#[derive(Clone)]
pub struct Limiter(Arc<Mutex<State>>);

/// The answer to an [`Ask`].
#[derive(Debug)]
#[must_use]
pub enum Reservation {
    /// The request may leave now.
    Ready(Permit),
    /// It may not.
    Wait {
        /// When to ask again; `None` when only an answer to another request can help. In both cases
        /// asking again after any settled or dropped permit may help sooner.
        until: Option<Instant>,
        /// What is in the way.
        on: Obstacle,
    },
    /// Nothing of this kind leaves any more.
    Stopped(Stop),
}

/// Why there is no permit: a [`Reservation`] without one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hindrance {
    Wait {
        until: Option<Instant>,
        on: Obstacle,
    },
    Stopped(Stop),
}

/// What is in the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// The route's own limit on this resource.
    Bucket,
    /// A limit that no header tells, on fields which the request changes.
    Hidden,
    /// The route's limit on this resource is divided among several processes, and this one has used its
    /// part.
    Lease,
    /// The limit over all routes, or the number of buckets that can be remembered.
    Global,
}

/// Why nothing leaves any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The bot's token was refused. [`Limiter::forgive`] after it was replaced.
    Unauthorized,
    /// Too many invalid requests within ten minutes.
    Invalid {
        /// When their number begins to fall.
        until: Instant,
    },
    /// The webhook, or the interaction's token, was answered with 404: it is gone.
    Gone,
    /// Discord has refused exactly this for want of a permission, and the permissions are the same.
    Denied {
        /// When it is tried once more.
        until: Instant,
    },
}

/// The right to send one request.
///
/// Dropping it settles it: before [`sent`](Self::sent) the slot is given back, afterwards the
/// request counts as spent, since it may have arrived.
pub struct Permit {
    limiter: Limiter,
    ask: Ask,
    start: Start,
    stage: Stage,
}

/// A snapshot of the limiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Buckets remembered.
    pub buckets: usize,
    /// Permits out, over all buckets.
    pub permits: u32,
    /// Permits out that count in the global limit.
    pub global_in_flight: u32,
    /// Invalid requests of the last ten minutes.
    pub invalid: u32,
    /// Own-fault 429s of a bucket since the start.
    pub limited_user: u64,
    /// Of those, the ones that no header explains: limits that Discord does not tell.
    pub limited_hidden: u64,
    /// 429s of the global limit since the start.
    pub limited_global: u64,
    /// 429s of a shared resource since the start.
    pub limited_shared: u64,
    /// Whether a 429 has told where the global limit's seconds begin.
    pub global_phase_known: bool,
    /// How much earlier than it may arrive a request is never sent, in microseconds: what protects
    /// against ways that are faster than any seen.
    pub guard_micros: u64,
}

/// How full a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pressure {
    /// Which bucket.
    pub key: RouteKey,
    /// How much of its limit is in use, in thousandths.
    pub thousandths: u32,
}

impl Limiter {
    /// A limiter that knows nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Mutex::new(State::new(&config))))
    }

    /// Asks whether a request may leave at `now`.
    pub fn reserve(&self, now: Instant, ask: &Ask) -> Reservation {
        match self.state().reserve(now, ask) {
            Ok(start) => Reservation::Ready(Permit {
                limiter: self.clone(),
                ask: *ask,
                start,
                stage: Stage::Reserved,
            }),
            Err(hindrance) => hindrance.into(),
        }
    }

    /// Tells what became of the request that `permit` let out. `now` is when its answer was received.
    pub fn settle(&self, now: Instant, mut permit: Permit, verdict: Verdict) {
        let sent = match permit.stage {
            Stage::Sent(at) => Some(at),
            Stage::Reserved | Stage::Settled => None,
        };
        permit.stage = Stage::Settled;
        let mut state = self.state();
        state.settle(now, sent.unwrap_or(now), &permit.ask, permit.start, verdict);
    }

    /// When a request like this could leave at the earliest if `ahead` others of its key and
    /// `ahead_global` others in all went first; `None` where its limit is not known.
    #[must_use]
    pub fn predict(
        &self,
        now: Instant,
        ask: &Ask,
        ahead: u64,
        ahead_global: u64,
    ) -> Option<Instant> {
        self.state().predict(now, ask, ahead, ahead_global)
    }

    /// Takes new bounds over and returns the former ones.
    pub fn apply(&self, live: Live) -> Live {
        self.state().apply(live)
    }

    /// Sets how a route is treated, beside Discord's limits; the default again by
    /// `Strategy::new()`. For all resources of the route.
    pub fn set_strategy(&self, route: &'static str, strategy: Strategy) {
        self.state().set_strategy(route, strategy);
    }

    /// Lets requests with the bot's token leave again, after the token was replaced.
    pub fn forgive(&self) {
        self.state().forgive();
    }

    /// A snapshot at `now`.
    #[must_use]
    pub fn stats(&self, now: Instant) -> Stats {
        self.state().stats(now)
    }

    /// The fullest buckets at `now`, the fullest first, at most so many. It looks at all buckets.
    #[must_use]
    pub fn pressure(&self, now: Instant, most: usize) -> Vec<Pressure> {
        self.state().pressure(now, most)
    }

    /// What was learned about routes, for the next process. `now_ms` is wall time in milliseconds
    /// since 1970.
    #[must_use]
    pub fn snapshot(&self, now: Instant, now_ms: u64) -> Snapshot {
        self.state().snapshot(now, now_ms)
    }

    /// Begins with what another process learned. What is known here already prevails. What is older
    /// than a day is a hint: half of each limit is used until an answer confirms it.
    pub fn restore(&self, snapshot: Snapshot, now_ms: u64) {
        self.state().restore(snapshot, now_ms);
    }

    /// A panic elsewhere leaves counters at worst too high; going on is right.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Hindrance> for Reservation {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Wait { until, on } => Self::Wait { until, on },
            Hindrance::Stopped(stop) => Self::Stopped(stop),
        }
    }
}

impl From<Stop> for Hindrance {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl Permit {
    /// The request leaves at `now`: from here on it counts as spent unless its answer tells
    /// otherwise.
    pub const fn sent(&mut self, now: Instant) {
        self.stage = Stage::Sent(now);
    }

    /// Says what is done, where that was not worth while until it was refused: a
    /// [`Verdict::Denied`] remembers it.
    pub const fn deed(&mut self, deed: Deed) {
        self.ask.deed = Some(deed);
    }

    /// What was asked for.
    #[must_use]
    pub const fn ask(&self) -> &Ask {
        &self.ask
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.stage {
            Stage::Reserved => self.limiter.state().give_back(&self.ask, self.start),
            Stage::Sent(_) => self.limiter.state().drop_sent(&self.ask, self.start),
            Stage::Settled => {}
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("ask", &self.ask)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Reserved,
    Sent(Instant),
    Settled,
}

#[cfg(test)]
mod course;
#[cfg(test)]
mod referee;
#[cfg(test)]
pub(crate) mod tests;
