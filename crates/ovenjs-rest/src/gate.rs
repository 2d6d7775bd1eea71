//! The queue in front of the limiter: who asks first leaves first.
//!
//! Each route and resource has a turnstile through which its callers pass one at a time; the one
//! inside asks the limiter until it may leave. Whoever is stopped by the global limit joins a second
//! turnstile, shared by all. Both are fair locks, so a caller that is dropped while waiting simply
//! leaves the line.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use ovenjs_net::Clock;
use ovenjs_ratelimit::{Ask, Limiter, Obstacle, Permit, Reservation, RouteKey, Stop, Verdict};
use tokio::{
    sync::{Mutex as Turnstile, Notify},
    time::timeout_at,
};

pub(crate) struct Gate {
    limiter: Limiter,
    clock: Arc<dyn Clock>,
    lines: Mutex<HashMap<RouteKey, Arc<Line>>>,
    global: Turnstile<()>,
    global_waiters: AtomicUsize,
    /// Somebody gave a place of the global limit back.
    global_moved: Notify,
    waiters: AtomicUsize,
}

/// Why a request did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too many wait already.
    Full,
    /// Its turn comes after its deadline; where known, when.
    Late(Option<Instant>),
    /// The limiter lets nothing out any more.
    Stopped(Stop),
}

/// A permit that tells the next in line when it is over.
pub(crate) struct Pass {
    permit: Option<Permit>,
    gate: Arc<Gate>,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    turnstile: Turnstile<()>,
    /// A permit of this line came back.
    moved: Notify,
    waiters: AtomicUsize,
}

/// The most requests that wait over all lines. Each holds its body; at a few KiB each this is what
/// a bot can lose to a standstill of Discord's.
const WAITERS_MAX: usize = 50_000;

impl Gate {
    pub(crate) fn new(limiter: Limiter, clock: Arc<dyn Clock>) -> Self {
        Self {
            limiter,
            clock,
            lines: Mutex::default(),
            global: Turnstile::new(()),
            global_waiters: AtomicUsize::new(0),
            global_moved: Notify::new(),
            waiters: AtomicUsize::new(0),
        }
    }

    /// Waits until the request may leave. Dropping the future leaves the line.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        ask: &Ask,
        line_max: usize,
        deadline: Instant,
    ) -> Result<Pass, Refusal> {
        let place = Place::take(self, ask.key, line_max)?;
        let line = &place.line;
        let limit = tokio::time::Instant::from_std(deadline);
        let late = |_| Refusal::Late(None);
        let turn = timeout_at(limit, line.turnstile.lock())
            .await
            .map_err(late)?;
        let mut global_turn = None;
        loop {
            let crowded = self.global_waiters.load(Ordering::Acquire) > 0;
            if crowded && !ask.exempt_from_global && global_turn.is_none() {
                // Others wait for the global limit: no overtaking.
                global_turn = Some(
                    timeout_at(limit, GlobalTurn::take(self))
                        .await
                        .map_err(late)?,
                );
            }
            let (until, moved) = match self.limiter.reserve(self.clock.now(), ask) {
                Reservation::Ready(permit) => {
                    drop(global_turn);
                    drop(turn);
                    let line = Arc::clone(line);
                    return Ok(Pass {
                        permit: Some(permit),
                        gate: Arc::clone(self),
                        line,
                    });
                }
                Reservation::Stopped(stop) => return Err(Refusal::Stopped(stop)),
                Reservation::Wait {
                    until,
                    on: Obstacle::Bucket,
                } => {
                    global_turn = None;
                    (until, &line.moved)
                }
                Reservation::Wait {
                    until,
                    on: Obstacle::Global,
                } => {
                    if global_turn.is_none() {
                        let turn = timeout_at(limit, GlobalTurn::take(self)).await;
                        global_turn = Some(turn.map_err(late)?);
                        continue;
                    }
                    (until, &self.global_moved)
                }
            };
            if until.is_some_and(|until| until > deadline) {
                return Err(Refusal::Late(until));
            }
            let until = until.map_or(limit, tokio::time::Instant::from_std);
            // Either something came back or the time has come; both mean: ask again.
            if timeout_at(until, moved.notified()).await.is_err() && self.clock.now() >= deadline {
                return Err(Refusal::Late(None));
            }
        }
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.load(Ordering::Relaxed)
    }

    pub(crate) const fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<RouteKey, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a line in which nobody stands and of which no permit is out.
    fn forget(&self, key: RouteKey, line: &Arc<Line>) {
        let mut lines = self.lines();
        // The map's and the caller's: nobody else can come by one without the lock.
        if Arc::strong_count(line) == 2 {
            lines.remove(&key);
        }
    }
}

impl Pass {
    /// The request is leaving.
    pub(crate) const fn sent(&mut self) {
        if let Some(permit) = &mut self.permit {
            permit.sent();
        }
    }

    /// Tells what became of it.
    pub(crate) fn settle(mut self, verdict: Verdict) {
        if let Some(permit) = self.permit.take() {
            let key = permit.ask().key;
            self.gate
                .limiter
                .settle(self.gate.clock.now(), permit, verdict);
            self.over(key);
        }
    }

    fn over(&self, key: RouteKey) {
        self.line.moved.notify_one();
        self.gate.global_moved.notify_one();
        self.gate.forget(key, &self.line);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let key = permit.ask().key;
            drop(permit);
            self.over(key);
        }
    }
}

/// A place in a line, left on drop.
struct Place<'g> {
    gate: &'g Gate,
    key: RouteKey,
    line: Arc<Line>,
}

impl<'g> Place<'g> {
    fn take(gate: &'g Gate, key: RouteKey, line_max: usize) -> Result<Self, Refusal> {
        if gate.waiters.fetch_add(1, Ordering::AcqRel) >= WAITERS_MAX {
            gate.waiters.fetch_sub(1, Ordering::AcqRel);
            return Err(Refusal::Full);
        }
        let line = Arc::clone(gate.lines().entry(key).or_default());
        let before = line.waiters.fetch_add(1, Ordering::AcqRel);
        let place = Self { gate, key, line };
        if before >= line_max.max(1) {
            Err(Refusal::Full)
        } else {
            Ok(place)
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.waiters.fetch_sub(1, Ordering::AcqRel);
        self.gate.waiters.fetch_sub(1, Ordering::AcqRel);
        self.gate.forget(self.key, &self.line);
    }
}

/// A turn at the global limit, with the count of those who wait for one.
struct GlobalTurn<'g> {
    gate: &'g Gate,
    _turn: Option<tokio::sync::MutexGuard<'g, ()>>,
}

impl<'g> GlobalTurn<'g> {
    async fn take(gate: &'g Gate) -> Self {
        gate.global_waiters.fetch_add(1, Ordering::AcqRel);
        let mut waiting = Self { gate, _turn: None };
        waiting._turn = Some(gate.global.lock().await);
        waiting
    }
}

impl Drop for GlobalTurn<'_> {
    fn drop(&mut self) {
        self.gate.global_waiters.fetch_sub(1, Ordering::AcqRel);
    }
}
