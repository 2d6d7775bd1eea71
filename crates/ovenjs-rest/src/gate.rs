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
    /// The permit and the line it came through, until it is over.
    held: Option<(Permit, Arc<Line>)>,
    gate: Arc<Gate>,
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
        let Some(line) = &place.line else {
            return Err(Refusal::Full);
        };
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
                        held: Some((permit, line)),
                        gate: Arc::clone(self),
                    });
                }
                Reservation::Stopped(stop) => return Err(Refusal::Stopped(stop)),
                Reservation::Wait {
                    until,
                    on: Obstacle::Bucket | Obstacle::Hidden,
                } => {
                    global_turn = None;
                    (until, &line.moved)
                }
                Reservation::Wait { until, .. } => {
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

    /// Leaves a line, which is forgotten when nobody stands in it and no permit of it is out.
    fn leave(&self, key: RouteKey, line: Arc<Line>) {
        let mut lines = self.lines();
        // Let go of under the lock, lest two who leave at once each take the other for one who stays.
        drop(line);
        if lines
            .get(&key)
            .is_some_and(|line| Arc::strong_count(line) == 1)
        {
            lines.remove(&key);
        }
    }
}

impl Pass {
    /// The request leaves at `now`.
    pub(crate) const fn sent(&mut self, now: Instant) {
        if let Some((permit, _)) = &mut self.held {
            permit.sent(now);
        }
    }

    /// Tells what became of it.
    pub(crate) fn settle(mut self, verdict: Verdict) {
        self.over(Some(verdict));
    }

    fn over(&mut self, verdict: Option<Verdict>) {
        let Some((permit, line)) = self.held.take() else {
            return;
        };
        let key = permit.ask().key;
        match verdict {
            Some(verdict) => {
                let now = self.gate.clock.now();
                self.gate.limiter.settle(now, permit, verdict);
            }
            None => drop(permit),
        }
        line.moved.notify_one();
        self.gate.global_moved.notify_one();
        self.gate.leave(key, line);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.over(None);
    }
}

/// A place in a line, left on drop.
struct Place<'g> {
    gate: &'g Gate,
    key: RouteKey,
    /// There until the drop.
    line: Option<Arc<Line>>,
}

impl<'g> Place<'g> {
    fn take(gate: &'g Gate, key: RouteKey, line_max: usize) -> Result<Self, Refusal> {
        if gate.waiters.fetch_add(1, Ordering::AcqRel) >= WAITERS_MAX {
            gate.waiters.fetch_sub(1, Ordering::AcqRel);
            return Err(Refusal::Full);
        }
        let line = Arc::clone(gate.lines().entry(key).or_default());
        let before = line.waiters.fetch_add(1, Ordering::AcqRel);
        let line = Some(line);
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
        self.gate.waiters.fetch_sub(1, Ordering::AcqRel);
        if let Some(line) = self.line.take() {
            line.waiters.fetch_sub(1, Ordering::AcqRel);
            self.gate.leave(self.key, line);
        }
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

#[cfg(test)]
mod tests {
    use ovenjs_net::SystemClock;
    use ovenjs_ratelimit::{Config, Major};

    use super::*;

    #[test]
    fn a_line_is_forgotten_when_the_last_has_left() {
        let gate = Gate::new(Limiter::new(Config::new()), Arc::new(SystemClock));
        let key = RouteKey::new("GET /", Major::NONE);
        let [one, two] = [(); 2].map(|()| Place::take(&gate, key, 2).ok());
        assert!(one.is_some() && two.is_some());
        let full = Place::take(&gate, key, 2).err();
        assert_eq!(full, Some(Refusal::Full));
        drop(one);
        assert_eq!((gate.lines().len(), gate.waiting()), (1, 1));
        drop(two);
        assert_eq!((gate.lines().len(), gate.waiting()), (0, 0));
    }
}
