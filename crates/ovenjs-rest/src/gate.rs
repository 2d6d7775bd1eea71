//! The gate in front of the transport: a thin shell over [`Line`], which decides who goes when.
//!
//! Each caller waits for its pass. One of them, whichever came first of those who still wait, also
//! keeps the time for all: it sleeps until the line wants to be asked again. When it is through, or is
//! dropped, the next one takes that over, so there is no task that could outlive its client.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use ovenjs_net::Clock;
use ovenjs_ratelimit::{
    self as ratelimit, Ask, Deed, Entry, Lease, LeaseDeed, LeaseNews, LeaseStats, Limiter, Line,
    Permit, Stop, Ticket, Turn, Verdict, Why,
};
use tokio::{
    sync::{Mutex as Turnstile, Notify, oneshot},
    time::{sleep_until, timeout_at},
};

pub(crate) struct Gate {
    limiter: Limiter,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held by the caller who keeps the time.
    timekeeper: Turnstile<()>,
    /// The line wants to be asked earlier than the timekeeper knows.
    moved: Notify,
    /// The same of the lease, and of the task that keeps it.
    lease_moved: Notify,
}

/// What is next for whoever keeps the lease.
pub(crate) enum Step {
    Do(LeaseDeed),
    /// Until then, where it is known, or until [`lease_moved`](Gate::lease_moved).
    Wait(Option<Instant>),
    /// It has left, and the store knows.
    Left,
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

/// A permit that lets the next in line go when it is over.
pub(crate) struct Pass {
    /// The permit, until it is over.
    permit: Option<Permit>,
    gate: Arc<Gate>,
}

struct State {
    line: Line,
    callers: HashMap<Ticket, oneshot::Sender<Result<Pass, Refusal>>>,
    /// Until when the timekeeper sleeps.
    armed: Option<Instant>,
    /// Where limits are shared with other processes.
    leased: Option<Leased>,
}

struct Leased {
    lease: Lease,
    /// Until when the lease's task sleeps.
    armed: Option<Instant>,
    is_leaving: bool,
}

/// Whoever keeps the time may be a future that nobody polls for a while, such as one branch of a `select!`
/// while another one is handled. So often each of the others looks whether the line should have been
/// asked: more seldom where many wait, so that all together look a thousand times a second at most.
const RESCUE_MIN: Duration = Duration::from_millis(20);
const RESCUE_MAX: Duration = Duration::from_secs(1);
const RESCUE_EACH: Duration = Duration::from_millis(1);

impl Gate {
    pub(crate) fn new(limiter: Limiter, clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Mutex::new(State {
                line: Line::new(limiter.clone()),
                callers: HashMap::new(),
                armed: None,
                leased: None,
            }),
            limiter,
            clock,
            timekeeper: Turnstile::new(()),
            moved: Notify::new(),
            lease_moved: Notify::new(),
        }
    }

    /// Waits until the request may leave. Dropping the future leaves the line.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        ask: &Ask,
        line_max: usize,
        deadline: Instant,
    ) -> Result<Pass, Refusal> {
        let (place, passed) = {
            let mut state = self.state();
            let now = self.clock.now();
            match state.line.join(now, ask, deadline, line_max)? {
                Entry::Go(permit) => return Ok(self.over(permit)),
                Entry::Wait(ticket) => {
                    let (sender, passed) = oneshot::channel();
                    state.callers.insert(ticket, sender);
                    (Place { gate: self, ticket }, passed)
                }
            }
        };
        self.advance();
        let result = self.wait(passed, deadline).await;
        drop(place);
        result
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().line.stats().waiting.iter().sum()
    }

    /// What those wait for who have waited longest, at most so many.
    pub(crate) fn why(&self, most: usize) -> Vec<Why> {
        let state = self.state();
        let now = self.clock.now();
        let mut waiting: Vec<Ticket> = state.callers.keys().copied().collect();
        waiting.sort_unstable();
        let first = waiting.into_iter().take(most);
        first
            .filter_map(|ticket| state.line.why(now, ticket))
            .collect()
    }

    pub(crate) const fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    async fn wait(
        self: &Arc<Self>,
        passed: oneshot::Receiver<Result<Pass, Refusal>>,
        deadline: Instant,
    ) -> Result<Pass, Refusal> {
        let mut passed = pin!(passed);
        let keeps = AtomicBool::new(false);
        let mut keeping = pin!(self.keep_time(&keeps));
        loop {
            let look = if keeps.load(Ordering::Relaxed) {
                deadline
            } else {
                deadline.min(self.clock.now() + self.rescue())
            };
            let mut look = pin!(sleep_until(look.into()));
            let turn = poll_fn(|cx| {
                if let Poll::Ready(turn) = passed.as_mut().poll(cx) {
                    return Poll::Ready(Some(turn));
                }
                let Poll::Pending = keeping.as_mut().poll(cx);
                look.as_mut().poll(cx).map(|()| None)
            });
            match turn.await {
                Some(Ok(turn)) => return turn,
                // The line forgot the caller: it cannot get through.
                Some(Err(_)) => return Err(Refusal::Late(None)),
                None => self.advance(),
            }
        }
    }

    /// Asks the line whenever it wants to be asked, once it is this caller's turn to do so.
    async fn keep_time(self: &Arc<Self>, keeps: &AtomicBool) -> Infallible {
        let _turn = self.timekeeper.lock().await;
        keeps.store(true, Ordering::Relaxed);
        loop {
            let at = {
                let mut state = self.state();
                state.armed = state.line.deadline();
                state.armed
            };
            let moved = self.moved.notified();
            match at {
                // Either way the line is asked: what it waits for may have come.
                Some(at) => timeout_at(at.into(), moved).await.unwrap_or_default(),
                None => moved.await,
            }
            self.advance();
        }
    }

    fn rescue(&self) -> Duration {
        let waiting = u32::try_from(self.waiting()).unwrap_or(u32::MAX);
        RESCUE_EACH
            .saturating_mul(waiting)
            .clamp(RESCUE_MIN, RESCUE_MAX)
    }

    /// Hands passes to those whose turn it is.
    fn advance(self: &Arc<Self>) {
        let mut state = self.state();
        let now = self.clock.now();
        while let Some(turn) = state.line.poll(now) {
            let (ticket, turn) = match turn {
                Turn::Go(ticket, permit) => (ticket, Ok(self.over(permit))),
                Turn::Refused(ticket, refusal) => (ticket, Err(refusal.into())),
            };
            let unheard = match state.callers.remove(&ticket) {
                Some(caller) => caller.send(turn).err(),
                None => Some(turn),
            };
            // Whoever left in this moment spends nothing.
            if let Some(permit) = unheard.and_then(Result::ok).and_then(Pass::into_permit) {
                state.line.give_back(now, permit);
            }
        }
        let next = state.line.deadline();
        if next.is_some_and(|next| state.armed.is_none_or(|armed| next < armed)) {
            self.moved.notify_one();
        }
        // Whoever waits for a place of a bucket has put it on the lease's list.
        if let Some(leased) = &state.leased
            && let Some(next) = leased.lease.deadline(now)
            && leased.armed.is_none_or(|armed| next < armed)
        {
            self.lease_moved.notify_one();
        }
    }

    fn over(self: &Arc<Self>, permit: Permit) -> Pass {
        Pass {
            permit: Some(permit),
            gate: Arc::clone(self),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the task asks which keeps the lease.
impl Gate {
    /// Shares the limits with other processes from now on, as `member`.
    pub(crate) fn lease(&self, member: u64) {
        let now = self.clock.now();
        let lease = self.limiter.lease(now, member);
        self.state().leased = Some(Leased {
            lease,
            armed: None,
            is_leaving: false,
        });
    }

    /// What is next.
    pub(crate) fn step(self: &Arc<Self>) -> Step {
        self.with_lease(|leased, now| {
            if let Some(deed) = leased.lease.poll(now) {
                leased.armed = leased.lease.deadline(now);
                return Step::Do(deed);
            }
            leased.armed = leased.lease.deadline(now);
            if leased.is_leaving && leased.armed.is_none() {
                return Step::Left;
            }
            Step::Wait(leased.armed)
        })
        .unwrap_or(Step::Left)
    }

    /// What came of the last deed.
    pub(crate) fn hear(self: &Arc<Self>, news: LeaseNews) {
        self.with_lease(|leased, now| leased.lease.handle(now, news));
    }

    /// When the lease ends, while a deed is under way.
    pub(crate) fn lease_end(&self) -> Option<Instant> {
        let state = self.state();
        let leased = state.leased.as_ref()?;
        leased.lease.deadline(self.clock.now())
    }

    /// It may have ended.
    pub(crate) fn lapse(self: &Arc<Self>) {
        self.with_lease(|leased, now| {
            // Nothing is to be done while something is under way.
            let _ = leased.lease.poll(now);
        });
    }

    /// Something is to be done earlier than [`step`](Self::step) has said.
    pub(crate) async fn lease_moved(&self) {
        self.lease_moved.notified().await;
    }

    /// Gives everything back, as soon as the task has come to it.
    pub(crate) fn leave(self: &Arc<Self>) {
        self.with_lease(|leased, now| {
            leased.is_leaving = true;
            leased.lease.leave(now);
        });
        self.lease_moved.notify_one();
    }

    pub(crate) fn lease_stats(&self) -> Option<LeaseStats> {
        let state = self.state();
        let leased = state.leased.as_ref()?;
        Some(leased.lease.stats(self.clock.now()))
    }

    /// Those who wait go on where the lease has come to allow more, or less.
    fn with_lease<R>(self: &Arc<Self>, deed: impl FnOnce(&mut Leased, Instant) -> R) -> Option<R> {
        let mut state = self.state();
        let now = self.clock.now();
        let State { line, leased, .. } = &mut *state;
        let leased = leased.as_mut()?;
        let done = deed(leased, now);
        if leased.lease.take_changed() {
            line.stir_all(now);
            drop(state);
            self.advance();
        }
        Some(done)
    }
}

impl Pass {
    /// The request leaves at `now`.
    pub(crate) const fn sent(&mut self, now: Instant) {
        if let Some(permit) = &mut self.permit {
            permit.sent(now);
        }
    }

    /// Says what was done, for a refusal to be remembered.
    pub(crate) const fn deed(&mut self, deed: Deed) {
        if let Some(permit) = &mut self.permit {
            permit.deed(deed);
        }
    }

    /// Tells what became of it.
    pub(crate) fn settle(mut self, verdict: Verdict) {
        if let Some(permit) = self.permit.take() {
            let now = self.gate.clock.now();
            self.gate.state().line.settle(now, permit, verdict);
            self.gate.advance();
        }
    }

    fn into_permit(mut self) -> Option<Permit> {
        self.permit.take()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let now = self.gate.clock.now();
            self.gate.state().line.give_back(now, permit);
            self.gate.advance();
        }
    }
}

impl From<ratelimit::Refusal> for Refusal {
    fn from(refusal: ratelimit::Refusal) -> Self {
        match refusal {
            ratelimit::Refusal::Full => Self::Full,
            ratelimit::Refusal::Stopped(stop) => Self::Stopped(stop),
            ratelimit::Refusal::WouldExceedDeadline { eta } => Self::Late(eta),
            _ => Self::Late(None),
        }
    }
}

/// A caller's place in the line, left on drop.
struct Place<'g> {
    gate: &'g Gate,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let now = self.gate.clock.now();
        let mut state = self.gate.state();
        state.callers.remove(&self.ticket);
        state.line.leave(now, self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use ovenjs_net::SystemClock;
    use ovenjs_ratelimit::{Config, Headers, Major, Priority, RouteKey};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn passes_go_by_class_and_then_in_order_and_a_dropped_caller_leaves_no_trace() {
        let gate = gate();
        let first = gate.pass(&ask(), 10, far(&gate)).await.ok().unwrap();
        let bulk = ask().priority(Priority::Bulk);
        let answer = ask().priority(Priority::Interactive);
        let order = Mutex::new(Vec::new());
        let call = |ask, name| {
            let (gate, order) = (&gate, &order);
            async move {
                let pass = gate.pass(&ask, 10, far(gate)).await.ok().unwrap();
                order.lock().unwrap().push(name);
                pass.settle(told(0));
            }
        };
        let normal = ask();
        let mut gone = Box::pin(gate.pass(&normal, 10, far(&gate)));
        assert!(poll_once(gone.as_mut()).is_pending());
        let calls = [
            call(bulk, "bulk"),
            call(ask(), "one"),
            call(ask(), "two"),
            call(answer, "answer"),
        ];
        let mut calls = Box::pin(futures_util::future::join_all(calls));
        assert!(poll_once(calls.as_mut()).is_pending());
        assert_eq!(gate.waiting(), 5);
        drop(gone);
        assert_eq!(gate.waiting(), 4);
        first.settle(told(0));
        calls.await;
        let order = order.lock().unwrap().clone();
        assert_eq!(order, ["answer", "one", "bulk", "two"]);
        assert_eq!((gate.waiting(), gate.state().callers.len()), (0, 0));
        assert_eq!(gate.limiter().stats(gate.clock.now()).permits, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timekeeper_that_nobody_polls_holds_nobody_up_for_long() {
        let gate = gate();
        let normal = ask();
        let first = gate.pass(&normal, 10, far(&gate)).await.ok().unwrap();
        first.settle(told(0));
        // It keeps the time from its first poll on, and is not polled again.
        let mut lazy = Box::pin(gate.pass(&normal, 10, far(&gate)));
        assert!(poll_once(lazy.as_mut()).is_pending());
        let began = gate.clock.now();
        let other = Ask::new(RouteKey::new("GET /other", Major::NONE));
        let probe = gate.pass(&other, 10, far(&gate)).await.ok().unwrap();
        probe.settle(told(0));
        let pass = gate.pass(&other, 10, far(&gate)).await.ok().unwrap();
        let waited = gate.clock.now() - began;
        assert!(waited < WINDOW + 2 * RESCUE_MIN, "{waited:?}");
        drop((pass, lazy));
        assert_eq!(gate.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hopeless_deadline_is_refused_at_once() {
        let gate = gate();
        let first = gate.pass(&ask(), 10, far(&gate)).await.ok().unwrap();
        first.settle(told(0));
        let began = gate.clock.now();
        let deadline = began + Duration::from_millis(100);
        let refused = gate.pass(&ask(), 10, deadline).await;
        assert!(matches!(refused.err(), Some(Refusal::Late(Some(eta))) if eta > began));
        assert_eq!(gate.clock.now(), began);
    }

    fn gate() -> Arc<Gate> {
        Arc::new(Gate::new(
            Limiter::new(Config::new()),
            Arc::new(SystemClock),
        ))
    }

    fn ask() -> Ask {
        Ask::new(RouteKey::new("GET /", Major::NONE))
    }

    fn far(gate: &Gate) -> Instant {
        gate.clock.now() + Duration::from_secs(60)
    }

    /// As [`told`] says it.
    const WINDOW: Duration = Duration::from_millis(500);

    fn told(remaining: u32) -> Verdict {
        let remaining = remaining.to_string();
        Verdict::Counted(Headers::read(|name| match name {
            "x-ratelimit-limit" => Some("1"),
            "x-ratelimit-remaining" => Some(&remaining),
            "x-ratelimit-reset-after" => Some("0.5"),
            _ => None,
        }))
    }

    fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }
}
