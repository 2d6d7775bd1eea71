//! Where the events of two generations of shards become one stream.
//!
//! Shards put what they deliver through the seam. While it is closed, which is nearly always, that
//! costs one look at a flag. While it is open, [`Reshard`] says what becomes of each event; the shell's
//! part is told here.
//!
//! The old generation goes first: what the new one has heard [ripens](super::ripening::Ripening) for a moment, so that
//! the old one, which leads until it is retired, has brought it by then, and a guild's events keep their
//! order. And the rule knows lag between connections, not a consumer that is slow: the new generation
//! delivers nothing while any old shard holds events back, and the rule's time stands still while
//! anybody does, or while a shard has no connection. That lasts as long as
//! [`PATIENCE`] lets it; then the old generation goes on alone.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ovenjs_types::{EventKind, Interest, Origin, ShardId};
use tokio::sync::Notify;

use super::{Delivery, queue::Queue};
use crate::{
    Cut, Error, ErrorKind, OVERLAP, Reshard, ReshardReport, ReshardStage, ReshardTime, Resharding,
    SessionGap, Side,
};

#[derive(Debug)]
pub(super) struct Seam {
    queue: Arc<Queue>,
    is_open: AtomicBool,
    sewing: Mutex<Option<Sewing>>,
    /// Something has happened that whoever conducts the re-sharding should look at.
    changed: Notify,
    /// No old shard holds events back any more.
    old_is_through: Notify,
    closed: Notify,
}

#[derive(Debug)]
struct Sewing {
    rule: Reshard,
    time: ReshardTime,
    /// How many shards the old generation has; it tells whose a shard is.
    from: u32,
    to: u32,
    wanted: Interest,
    /// Shards whose consumer has not taken what they hold.
    held: BTreeSet<ShardId>,
    /// Shards of either generation without a connection: what the one has not brought the other may have
    /// dropped.
    away: BTreeSet<ShardId>,
    /// Of the last loss of each old shard that spared guilds, why these may be missing something after all.
    doubts: BTreeMap<ShardId, Doubt>,
    steps: VecDeque<Step>,
    /// Ends of old shards, which matter only where the old generation goes on.
    ends: Vec<Delivery>,
    failure: Option<Error>,
    give_up_at: Instant,
    /// When it is to be over at the latest, since the fleet is stopped.
    close_by: Option<Instant>,
}

/// Guilds that had gone over were spared by the gap of an old session. Where all is given up before the
/// new generation has brought what that one did not, nobody brings it.
#[derive(Debug)]
struct Doubt {
    gap: SessionGap,
    /// Shards of the new generation that were away just then, and have not told since that they are back.
    away: BTreeSet<ShardId>,
    /// Until when what the others had heard may not have been passed on, in the rule's time.
    until: Instant,
}

/// What whoever conducts a re-sharding is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Stop the old shards.
    Retire,
    /// Stop the new shards.
    Abandon,
    /// Nothing more.
    Done,
}

/// How a re-sharding ended.
#[derive(Debug)]
pub(super) struct Sewn {
    pub(super) report: ReshardReport,
    pub(super) failure: Option<Error>,
    /// Ends of old shards that the consumer has not heard of.
    pub(super) ends: Vec<Delivery>,
}

/// The shards' side.
impl Seam {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            is_open: AtomicBool::new(false),
            sewing: Mutex::default(),
            changed: Notify::new(),
            old_is_through: Notify::new(),
            closed: Notify::new(),
        }
    }

    /// Whether two generations are at work.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// What the consumer is to get of this. What is gone counts as handled.
    pub(super) fn pass(
        &self,
        now: Instant,
        shard: ShardId,
        delivery: Delivery,
    ) -> Option<Delivery> {
        if !self.is_open() {
            return Some(delivery);
        }
        let mut sewing = self.lock();
        let Some(sewing) = sewing.as_mut() else {
            return Some(delivery);
        };
        let (side, deadline) = (sewing.side(shard), sewing.rule.deadline());
        let passed = match delivery {
            Delivery::Dispatch(dispatch) => sewing.event(now, side, dispatch),
            Delivery::Gap(gap) => match side {
                Side::Old => Some(sewing.old_gap(now, gap)),
                Side::New => {
                    let still_old = sewing.rule.lose_new(shard);
                    still_old.map(|guilds| Delivery::Gap(gap.sparing(guilds)))
                }
            },
            delivery => Some(delivery),
        };
        if !sewing.steps.is_empty() || sewing.rule.deadline() != deadline {
            self.changed.notify_one();
        }
        passed
    }

    /// A shard has ended, after the event `last_seq`. What the consumer is to hear of it now.
    pub(super) fn ended(
        &self,
        now: Instant,
        shard: ShardId,
        error: Option<Error>,
        last_seq: u64,
    ) -> Option<Delivery> {
        let stopped = |error| Some(Delivery::Stopped { shard, error });
        if !self.is_open() {
            return stopped(error);
        }
        let mut sewing = self.lock();
        let Some(sewing) = sewing.as_mut() else {
            return stopped(error);
        };
        self.changed.notify_one();
        let time = sewing.time.of(now);
        let passed = match sewing.side(shard) {
            // It was told to, or the new generation does without it.
            Side::Old if sewing.rule.stage() >= ReshardStage::Closing => {
                match sewing.rule.report().abandoned {
                    true => stopped(error),
                    false => None,
                }
            }
            Side::Old => {
                let is_lost = error.is_some();
                sewing.ends.extend(stopped(error));
                if is_lost {
                    sewing.rule.lose(time, shard);
                }
                // It is no end as long as the new ones can take over, but until then something is missing.
                is_lost.then(|| sewing.old_gap(now, SessionGap::new(shard, last_seq)))
            }
            Side::New if sewing.rule.give_up(time) => {
                if let Some(error) = error {
                    sewing.failure.get_or_insert(error);
                }
                None
            }
            Side::New => stopped(error),
        };
        sewing.report(now, shard, false, true);
        sewing.take_steps(now, &self.queue);
        if !sewing.old_holds() {
            self.old_is_through.notify_waiters();
        }
        passed
    }

    /// How a shard is: whether its consumer has not taken what it holds, and whether it is connected.
    pub(super) fn report(&self, now: Instant, shard: ShardId, is_held: bool, is_connected: bool) {
        if !self.is_open() {
            return;
        }
        if let Some(sewing) = self.lock().as_mut()
            && sewing.report(now, shard, is_held, is_connected)
        {
            self.changed.notify_one();
            if !sewing.old_holds() {
                self.old_is_through.notify_waiters();
            }
        }
    }

    /// Whether a shard has to let others deliver first.
    pub(super) fn must_wait(&self, shard: ShardId) -> bool {
        self.is_open()
            && self
                .lock()
                .as_ref()
                .is_some_and(|sewing| sewing.side(shard) == Side::New && sewing.old_holds())
    }

    /// Whether what a shard has heard is to [ripen](Ripening).
    pub(super) fn lets_others_first(&self, shard: ShardId) -> bool {
        self.is_open()
            && self.lock().as_ref().is_some_and(|sewing| {
                sewing.side(shard) == Side::New && sewing.rule.stage() < ReshardStage::Closing
            })
    }

    /// Waits until it need not.
    pub(super) async fn turn(&self, shard: ShardId) {
        loop {
            let mut through = std::pin::pin!(self.old_is_through.notified());
            through.as_mut().enable();
            if !self.must_wait(shard) {
                return;
            }
            through.await;
        }
    }

    /// What a shard has to bring, beside what is wanted of it, for the generations to be told apart.
    pub(super) fn interest(&self, shard: ShardId, wanted: Interest) -> Interest {
        if !self.is_open() {
            return wanted;
        }
        let is_new = |sewing: &Sewing| sewing.side(shard) == Side::New;
        match self.lock().as_ref().is_some_and(is_new) {
            true => sewn(wanted),
            false => wanted,
        }
    }
}

/// The side of the handle, and of whoever conducts the re-sharding.
impl Seam {
    /// From now on both generations are heard.
    pub(super) fn open(&self, now: Instant, rule: Reshard, [from, to]: [u32; 2], wanted: Interest) {
        let give_up_at = rule.deadline().unwrap_or(now) + PATIENCE;
        // The old ones say so themselves.
        let away = (0..to).map(|number| ShardId { number, total: to });
        *self.lock() = Some(Sewing {
            rule,
            time: ReshardTime::default(),
            from,
            to,
            wanted,
            held: BTreeSet::new(),
            away: away.collect(),
            doubts: BTreeMap::new(),
            steps: VecDeque::new(),
            ends: Vec::new(),
            failure: None,
            give_up_at,
            close_by: None,
        });
        self.is_open.store(true, Ordering::Release);
    }

    /// What is to be done.
    pub(super) fn poll(&self, now: Instant) -> Option<Step> {
        let mut sewing = self.lock();
        let sewing = sewing.as_mut()?;
        if now >= sewing.give_up_at && sewing.rule.stage() < ReshardStage::Closing {
            let text = "the new shards or the consumer of their events did not keep up";
            sewing.give_up(now, Error::new(ErrorKind::Sharding, text), &self.queue);
        }
        sewing.take_steps(now, &self.queue);
        let is_late = sewing.close_by.is_some_and(|by| now >= by);
        let step = sewing.steps.pop_front();
        step.or_else(|| is_late.then_some(Step::Done))
    }

    /// When to poll again although nothing changed.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let sewing = self.lock();
        let sewing = sewing.as_ref()?;
        let of_rule = sewing.rule.deadline().and_then(|at| sewing.time.back(at));
        let patient = sewing.rule.stage() < ReshardStage::Closing;
        let give_up_at = patient.then_some(sewing.give_up_at);
        let moments = [of_rule, give_up_at, sewing.close_by];
        moments.into_iter().flatten().min()
    }

    /// A shard has ended, or the like.
    pub(super) fn nudge(&self) {
        if self.is_open() {
            self.changed.notify_one();
        }
    }

    /// Gives the new generation up, unless the old one was told to stop, and waits until there is one
    /// generation again: [`OVERLAP`] at most.
    pub(super) async fn hurry(&self, now: Instant) {
        loop {
            let mut closed = std::pin::pin!(self.closed.notified());
            closed.as_mut().enable();
            match self.lock().as_mut() {
                None => return,
                Some(sewing) => {
                    let text = "the fleet is stopped";
                    sewing.give_up(now, Error::new(ErrorKind::Stopped, text), &self.queue);
                    sewing.close_by.get_or_insert(now + OVERLAP);
                }
            }
            self.changed.notify_one();
            closed.await;
        }
    }

    /// Waits until it is worth polling.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The consumer wants other kinds from now on.
    pub(super) fn wants(&self, interest: Interest) {
        if let Some(sewing) = self.lock().as_mut() {
            sewing.wanted = interest;
        }
    }

    /// Closes it.
    pub(super) fn close(&self) -> Option<Sewn> {
        self.is_open.store(false, Ordering::Release);
        let sewing = self.lock().take()?;
        self.old_is_through.notify_waiters();
        self.closed.notify_waiters();
        Some(Sewn {
            report: sewing.rule.report(),
            failure: sewing.failure,
            ends: sewing.ends,
        })
    }

    /// How far it is.
    pub(super) fn progress(&self) -> Option<Resharding> {
        let sewing = self.lock();
        let sewing = sewing.as_ref()?;
        Some(Resharding {
            from: sewing.from,
            to: sewing.to,
            stage: sewing.rule.stage(),
            ready: sewing.rule.ready_shards(),
            awaited: sewing.rule.awaited(),
            report: sewing.rule.report(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Sewing>> {
        self.sewing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sewing {
    const fn side(&self, shard: ShardId) -> Side {
        if shard.total == self.from {
            Side::Old
        } else {
            Side::New
        }
    }

    fn event(
        &mut self,
        now: Instant,
        side: Side,
        dispatch: ovenjs_types::Dispatch,
    ) -> Option<Delivery> {
        // What time alone brings about is met by `take_steps`, while no shard is amid its deliveries.
        let time = self.time.of_event(now, self.rule.deadline());
        if let (Origin::Gateway(shard), EventKind::Ready | EventKind::Resumed) =
            (dispatch.origin, dispatch.kind)
        {
            // Its gap came before this, or what it had missed.
            for doubt in self.doubts.values_mut() {
                doubt.away.remove(&shard);
            }
        }
        self.rule.handle(time, side, dispatch);
        let mut passed = None;
        // Of one event comes one at most.
        while let Some(delivery) = self.next_delivery(time) {
            passed = Some(delivery);
        }
        self.refresh(now);
        let is_wanted = |delivery: &Delivery| {
            let event = delivery.event();
            event.is_none_or(|event| self.wanted.wants(event.kind))
        };
        passed.filter(is_wanted)
    }

    /// The gap of an old session, which spares what the new generation has brought.
    fn old_gap(&mut self, now: Instant, gap: SessionGap) -> Delivery {
        let over = self.rule.gone_over(gap.shard);
        let mut away: BTreeSet<ShardId> = over
            .iter()
            .map(|guild| ShardId::of_guild(*guild, self.to))
            .filter(|shard| self.away.contains(shard))
            .collect();
        if !over.is_empty() {
            if let Some(former) = self.doubts.remove(&gap.shard) {
                away.extend(former.away);
            }
            let doubt = Doubt {
                gap: gap.clone(),
                away,
                until: self.time.of(now) + OVERLAP,
            };
            self.doubts.insert(gap.shard, doubt);
        }
        Delivery::Gap(gap.sparing(over))
    }

    fn take_steps(&mut self, now: Instant, queue: &Queue) {
        let time = self.time.of(now);
        let mut owed = Vec::new();
        while let Some(delivery) = self.next_delivery(time) {
            owed.push(delivery);
        }
        if self.rule.report().abandoned {
            // Before what is brought anew. All guilds of the shard: the old one tells them no more apart.
            let doubts = std::mem::take(&mut self.doubts).into_values();
            let doubts = doubts.filter(|doubt| !doubt.away.is_empty() || time < doubt.until);
            let gaps = doubts.map(|doubt| Delivery::Gap(doubt.gap));
            owed.splice(0..0, gaps);
        }
        // Before the old generation brings more.
        queue.put_all(owed);
        self.refresh(now);
    }

    /// What the rule says next that is for the consumer; steps before it are noted.
    fn next_delivery(&mut self, time: Instant) -> Option<Delivery> {
        loop {
            let step = match self.rule.poll(time)? {
                Cut::Deliver(dispatch) => return Some(Delivery::Dispatch(dispatch)),
                Cut::Late(dispatch) => return Some(Delivery::Late(dispatch)),
                Cut::Fresh(dispatch) => return Some(Delivery::Fresh(dispatch)),
                Cut::Retire => Step::Retire,
                Cut::Abandon => Step::Abandon,
                Cut::Done(_) => Step::Done,
            };
            self.steps.push_back(step);
        }
    }

    fn give_up(&mut self, now: Instant, why: Error, queue: &Queue) {
        if self.rule.give_up(self.time.of(now)) {
            self.failure.get_or_insert(why);
        }
        self.take_steps(now, queue);
    }

    /// Says whether anything has changed by it.
    fn report(&mut self, now: Instant, shard: ShardId, is_held: bool, is_connected: bool) -> bool {
        let held = match is_held {
            true => self.held.insert(shard),
            false => self.held.remove(&shard),
        };
        let away = match is_connected {
            true => self.away.remove(&shard),
            false => self.away.insert(shard),
        };
        if held || away {
            self.refresh(now);
        }
        held || away
    }

    fn old_holds(&self) -> bool {
        let mut held = self.held.iter();
        held.any(|shard| self.side(*shard) == Side::Old)
    }

    /// Whether the rule's time may go on.
    fn refresh(&mut self, now: Instant) {
        let settles = self.rule.stage() == ReshardStage::Settling;
        let stands = !self.held.is_empty() || (settles && !self.away.is_empty());
        self.time.stand(now, stands);
    }
}

/// What is wanted, and what the cut-over goes by.
pub(super) fn sewn(wanted: Interest) -> Interest {
    SEWN_BY.iter().fold(wanted, |all, kind| all.with(*kind))
}

/// What the cut-over goes by.
const SEWN_BY: &[EventKind] = &[
    EventKind::Ready,
    EventKind::Resumed,
    EventKind::GuildCreate,
    EventKind::GuildDelete,
];

/// How long, beyond the time in which new shards get their sessions, a re-sharding may take: a few
/// minutes where all goes well. A consumer that is behind for so long, or a new shard that cannot
/// connect, is no reason to keep two generations.
const PATIENCE: Duration = Duration::from_mins(15);
