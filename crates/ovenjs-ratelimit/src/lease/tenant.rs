//! One member's side: what it has leased, and its exchanges with the store.
//!
//! What requests meet and when the store is asked stands here; what is reckoned from its answer, in
//! `draft`.

mod draft;

use std::collections::VecDeque;

use hashbrown::HashMap;

use self::draft::Draft;
pub(crate) use self::draft::MEMBERS_MAX;
use super::{
    LEASE, LeaseDeed, LeaseNews, LeaseStats,
    board::VANISHED_MS,
    holding::{Holding, Measure, fraction},
};
use crate::{
    bucket::NEVER,
    clock::{Clock, Local, Server, micros},
    global::Global,
};

/// What one process has of the limits that it shares.
#[derive(Debug)]
pub(crate) struct Tenant {
    member: u64,
    step: Step,
    /// When the lease is to be renewed.
    due: Local,
    /// When the last exchange began that the store has taken in.
    contact: Local,
    /// The end of the lease, by our own clock.
    until: Local,
    /// Since when there is none, where there was one.
    lapsed_at: Local,
    /// Whether the store has been found again since.
    is_back: bool,
    /// Of the global limit.
    places: u32,
    floor: u32,
    /// Invalid requests of the last ten minutes: its own, and those of the others.
    invalid: u32,
    invalid_elsewhere: u32,
    starved_at: Local,
    /// In how many renewals in a row requests had to wait.
    starved_for: u32,
    /// The board's name, how often it had been written, and who was a member.
    born_ms: u64,
    turns: u64,
    peers: Vec<u64>,
    /// Whether all holdings are in cells of the board's age.
    is_ready: bool,
    is_leaving: bool,
    /// The store did not answer last time.
    is_cut_off: bool,
    holdings: HashMap<u64, Holding>,
    /// Cells to be looked at; each has a holding that says so.
    queue: VecDeque<u64>,
    swept_at: Local,
    /// What changed since it was last asked.
    is_changed: bool,
    stats: LeaseStats,
}

#[derive(Debug)]
enum Step {
    Idle,
    Reading { sent: Local, cells: Vec<u64> },
    Writing { draft: Draft, is_sent: bool },
}

/// By how much sooner than the store a member takes its lease for ended: what may pass between a
/// permit and the wire.
const MARGIN: i64 = 500_000;

/// How long after the end of a lease its floor is kept for a member, by its own clock, which may be
/// somewhat slower.
const VANISHED: i64 = VANISHED_MS.cast_signed() * 1_000 - 2 * SECOND;

/// How often the lease is renewed and shares are looked at, and how soon after a failure.
const SYNC: i64 = 250_000;

const SECOND: i64 = 1_000_000;

/// How long Discord counts an invalid request.
const INVALID_KEPT: i64 = 600 * SECOND;

/// Cells of one exchange.
const BATCH: usize = 64;

/// A bucket that was not used for so long is returned.
const IDLE: i64 = 30 * SECOND;
const SWEEP: i64 = 5 * SECOND;

/// A cell is written again before the store forgets it.
const TOUCH: i64 = 300 * SECOND;

impl Tenant {
    pub(crate) fn new(now: Local, member: u64) -> Self {
        Self {
            member,
            step: Step::Idle,
            due: now,
            contact: NEVER,
            until: NEVER,
            lapsed_at: NEVER,
            is_back: false,
            places: 0,
            floor: 0,
            invalid: 0,
            invalid_elsewhere: 0,
            starved_at: NEVER,
            starved_for: 0,
            born_ms: 0,
            turns: 0,
            peers: Vec::new(),
            is_ready: true,
            is_leaving: false,
            is_cut_off: false,
            holdings: HashMap::new(),
            queue: VecDeque::new(),
            swept_at: now,
            is_changed: false,
            stats: LeaseStats::default(),
        }
    }

    /// How many requests of the global limit are this process's.
    pub(crate) fn global(&mut self, now: Local) -> u32 {
        self.lapse(now);
        if self.is_leaving {
            0
        } else if now < self.until {
            self.places
        } else {
            self.unleased(now)
        }
    }

    /// What it has of the global limit without a lease: its floor, as long as that is kept for it. Then others
    /// may have it, and one place is what a bot cannot do without.
    fn unleased(&self, now: Local) -> u32 {
        if now < self.until.saturating_add(VANISHED) {
            self.floor
        } else {
            self.floor.min(1)
        }
    }

    /// Its own invalid requests of the last ten minutes.
    pub(crate) const fn report_invalid(&mut self, count: u32) {
        self.invalid = count;
    }

    /// Those of the others, until nobody can know of them any more.
    pub(crate) const fn invalid_elsewhere(&self, now: Local) -> u32 {
        if self.contact == NEVER || now.saturating_sub(self.contact) > INVALID_KEPT {
            0
        } else {
            self.invalid_elsewhere
        }
    }

    /// A request waited for the global limit.
    pub(crate) const fn starve(&mut self, now: Local) {
        self.starved_at = now;
    }

    /// Whether a request may leave as far as others use the same bucket: else when to ask again.
    pub(crate) fn ready(
        &mut self,
        now: Local,
        clock: &Clock,
        cell: u64,
        measure: Measure,
    ) -> Result<(), Option<Local>> {
        self.lapse(now);
        let is_leased = now < self.until && !self.is_leaving;
        let is_stranger = self.contact == NEVER || self.is_leaving;
        let holding = self.holdings.entry(cell).or_default();
        holding.used_at = now;
        holding.learn(measure);
        if is_leased && holding.is_alone || holding.is_free() && !is_stranger {
            return Ok(());
        }
        let (places, rises) = if is_leased {
            (holding.places, None)
        } else if is_stranger {
            (0, None)
        } else {
            let fraction = fraction(&self.peers, self.member, cell, holding.known_limit());
            holding.unleased(now, self.lapsed_at, fraction)
        };
        let room = if places == 0 {
            // Asking again is what keeps its hunger known: who has its places may need long to give them up.
            Err(rises.or_else(|| Some(now.saturating_add(SECOND))))
        } else {
            holding.stint.room(now, clock, places, holding.length())
        };
        if room.is_err() {
            holding.starved_at = Some(now);
            if holding.written_at.is_none() && !holding.is_queued && !self.is_leaving {
                holding.is_queued = true;
                self.queue.push_back(cell);
            }
        }
        room
    }

    pub(crate) fn start(&mut self, cell: u64) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            holding.stint.start();
        }
    }

    pub(crate) fn give_back(&mut self, cell: u64) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            holding.stint.give_back();
        }
    }

    pub(crate) fn drop_sent(&mut self, cell: u64) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            holding.stint.drop_sent();
        }
    }

    pub(crate) fn answered(
        &mut self,
        now: Local,
        clock: &Clock,
        cell: u64,
        arrived: Option<Server>,
    ) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            let period = holding.length();
            holding.stint.answered(now, clock, arrived, period);
        }
    }

    /// What answers have told of its limit.
    pub(crate) fn learn(&mut self, cell: u64, measure: Measure) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            holding.learn(measure);
        }
    }

    pub(crate) fn lost(&mut self, now: Local, clock: &Clock, cell: u64) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            let period = holding.length();
            holding.stint.lost(now, clock, period);
        }
    }

    /// Gives up all that it has, with the next exchanges.
    pub(crate) fn leave(&mut self, now: Local) {
        self.is_leaving = true;
        self.queue_all();
        self.due = now;
    }

    /// Every cell is to be looked at.
    fn queue_all(&mut self) {
        let mut cells = Vec::new();
        for (cell, holding) in &mut self.holdings {
            if !std::mem::replace(&mut holding.is_queued, true) {
                cells.push(*cell);
            }
        }
        cells.sort_unstable();
        self.queue.extend(cells);
    }

    /// Whether what may leave has changed since it was last asked.
    pub(crate) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.is_changed, false)
    }

    pub(crate) fn stats(&self, now: Local) -> LeaseStats {
        LeaseStats {
            is_leased: now < self.until,
            members: self.peers.len(),
            places: if now < self.until {
                self.places
            } else {
                self.unleased(now)
            },
            buckets: self.holdings.len(),
            invalid_elsewhere: self.invalid_elsewhere(now),
            ..self.stats
        }
    }

    pub(crate) fn deadline(&self) -> Option<Local> {
        match &self.step {
            Step::Idle if self.is_leaving && self.due == Local::MAX => None,
            Step::Writing { is_sent: false, .. } => Some(0),
            Step::Idle if !self.queue.is_empty() && self.may_hurry() => Some(0),
            Step::Idle => Some(self.due),
            // What it has ends also while it waits for the store.
            Step::Reading { .. } | Step::Writing { .. } => {
                (self.until != NEVER && self.lapsed_at == NEVER).then_some(self.until)
            }
        }
    }

    /// What is to be done with the store.
    pub(crate) fn poll(&mut self, now: Local) -> Option<LeaseDeed> {
        self.lapse(now);
        let is_due = now >= self.due || !self.queue.is_empty() && self.may_hurry();
        match &mut self.step {
            Step::Writing { draft, is_sent } if !*is_sent => {
                *is_sent = true;
                Some(LeaseDeed::Write(draft.writes.clone()))
            }
            Step::Idle if is_due => {
                let most = self.queue.len().min(BATCH);
                let cells: Vec<u64> = self.queue.drain(..most).collect();
                for cell in &cells {
                    if let Some(holding) = self.holdings.get_mut(cell) {
                        holding.is_queued = false;
                    }
                }
                self.step = Step::Reading {
                    sent: now,
                    cells: cells.clone(),
                };
                Some(LeaseDeed::Read(cells))
            }
            Step::Idle | Step::Reading { .. } | Step::Writing { .. } => None,
        }
    }

    /// What came of it.
    pub(crate) fn handle(
        &mut self,
        now: Local,
        clock: &Clock,
        global: &mut Global,
        limit: u32,
        news: LeaseNews,
    ) {
        self.lapse(now);
        match (std::mem::replace(&mut self.step, Step::Idle), news) {
            (
                Step::Reading { sent, cells },
                LeaseNews::Read {
                    now_ms,
                    board,
                    cells: pages,
                },
            ) => {
                let held = global.held(now, clock);
                let drafted =
                    self.draft(now, clock, sent, now_ms, held, limit, board, &cells, pages);
                match drafted {
                    Ok(draft) => {
                        self.step = Step::Writing {
                            draft,
                            is_sent: false,
                        };
                    }
                    Err(trouble) => {
                        self.fail(now, clock, &cells);
                        self.stats.trouble = Some(trouble);
                    }
                }
            }
            (Step::Writing { draft, .. }, LeaseNews::Written(true)) => self.take_over(now, draft),
            (Step::Writing { draft, .. }, LeaseNews::Written(false)) => {
                self.stats.conflicts += 1;
                self.again(&draft.cells);
                self.due = now;
            }
            (Step::Writing { draft, .. }, LeaseNews::Failed | LeaseNews::Read { .. }) => {
                self.fail(now, clock, &draft.cells);
            }
            (Step::Reading { cells, .. }, LeaseNews::Failed | LeaseNews::Written(_)) => {
                self.fail(now, clock, &cells);
            }
            (Step::Idle, _) => {}
        }
    }

    /// The store has taken it.
    fn take_over(&mut self, now: Local, draft: Draft) {
        self.stats.exchanges += 1;
        self.is_cut_off = false;
        self.stats.trouble = None;
        if self.born_ms != draft.born_ms {
            self.stats.boards += 1;
        }
        (self.born_ms, self.turns) = (draft.born_ms, draft.turns);
        if self.is_leaving {
            // What was under way when it began to leave gave nothing back.
            self.due = if draft.is_leave { Local::MAX } else { now };
            return;
        }
        let until = draft.sent + micros(LEASE) - MARGIN;
        if let Some(renewal) = draft.renewal
            && now < until
        {
            self.until = until;
            self.contact = draft.sent;
            self.is_changed |= self.places < renewal.places || self.lapsed_at != NEVER;
            self.lapsed_at = NEVER;
            (self.places, self.floor) = (renewal.places, renewal.floor);
            self.invalid_elsewhere = renewal.invalid_elsewhere;
            self.peers = renewal.peers;
            self.due = draft.sent.max(now - SYNC) + SYNC;
            self.look_around(now, &draft.wanted);
        }
        let leased = now < self.until;
        for told in draft.told {
            let Some(holding) = self.holdings.get_mut(&told.cell) else {
                continue;
            };
            (holding.written_at, holding.born_ms) = (Some(now), draft.born_ms);
            holding.shared = told.shared;
            if leased {
                self.is_changed |= told.places > holding.places;
                (holding.places, holding.is_alone) = (told.places, told.is_alone);
            }
        }
        for cell in draft.returned {
            let gone = self.holdings.get(&cell);
            if gone.is_some_and(|holding| holding.starved_at.is_none_or(|at| now - at > IDLE)) {
                self.holdings.remove(&cell);
            }
        }
        // What has not been registered with this board is next.
        if !self.is_ready && self.queue.is_empty() {
            self.due = now;
        }
    }

    /// Which cells the next exchange is about: those that others want, those that starve, and those
    /// that are not used any more.
    fn look_around(&mut self, now: Local, wanted: &[u64]) {
        let mut cells = wanted.to_vec();
        if now.saturating_sub(self.swept_at) >= SWEEP {
            self.swept_at = now;
            for (cell, holding) in &mut self.holdings {
                let is_idle = now.saturating_sub(holding.used_at) >= IDLE.max(holding.length())
                    && holding.stint.out() == 0;
                holding.is_returning = is_idle;
                let is_old = holding.written_at.is_none_or(|at| now - at >= TOUCH);
                if is_idle || is_old {
                    cells.push(*cell);
                }
            }
        }
        for (cell, holding) in &self.holdings {
            if holding.is_hungry(now) && !holding.is_alone {
                cells.push(*cell);
            }
        }
        cells.sort_unstable();
        for cell in cells {
            if let Some(holding) = self.holdings.get_mut(&cell)
                && !holding.is_queued
            {
                holding.is_queued = true;
                self.queue.push_back(cell);
            }
        }
    }

    fn fail(&mut self, now: Local, clock: &Clock, cells: &[u64]) {
        self.stats.failures += 1;
        self.stats.trouble = None;
        self.is_cut_off = true;
        self.again(cells);
        self.due = now + SYNC;
        self.sweep(now, clock);
    }

    /// While the store is away, what it knows nothing of is forgotten where it is not used any more.
    fn sweep(&mut self, now: Local, clock: &Clock) {
        if now.saturating_sub(self.swept_at) < SWEEP {
            return;
        }
        self.swept_at = now;
        self.holdings.retain(|_, holding| {
            holding.written_at.is_some()
                || now.saturating_sub(holding.used_at) < IDLE.max(holding.length())
                || holding.held(now, clock) > 0
        });
        let holdings = &self.holdings;
        self.queue.retain(|cell| holdings.contains_key(cell));
    }

    fn again(&mut self, cells: &[u64]) {
        for cell in cells.iter().rev() {
            if let Some(holding) = self.holdings.get_mut(cell)
                && !holding.is_queued
            {
                holding.is_queued = true;
                self.queue.push_front(*cell);
            }
        }
    }

    /// While the lease runs a cell is asked for at once; without one it waits for the store.
    const fn may_hurry(&self) -> bool {
        self.until != NEVER && self.lapsed_at == NEVER && !self.is_cut_off
    }

    /// Gives up what the lease gave, once it has ended.
    fn lapse(&mut self, now: Local) {
        if self.until == NEVER || now < self.until || self.lapsed_at != NEVER {
            return;
        }
        self.lapsed_at = self.until;
        self.is_back = false;
        self.places = self.floor;
        self.is_changed = true;
        self.stats.lapses += 1;
        let (peers, member) = (std::mem::take(&mut self.peers), self.member);
        for (cell, holding) in &mut self.holdings {
            let limit = holding.known_limit();
            let places = if holding.is_alone {
                limit
            } else {
                holding.places
            };
            holding.places = places.min(fraction(&peers, member, *cell, limit));
            holding.is_alone = false;
        }
        self.peers = peers;
        self.queue_all();
    }
}
