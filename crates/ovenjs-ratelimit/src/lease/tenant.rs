//! One member's side: what it has leased, and its exchanges with the store.
//!
//! It is long because an exchange begins with what requests met and ends with what they may do, and
//! no half of that could be judged alone.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::{
    LEASE, LeaseDeed, LeaseNews, LeaseStats, LeaseWrite,
    page::{Board, Cell, Seat, Unreadable},
    pot::{ALL, Report, Stake, Terms, divide, floor},
    stint::Stint,
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

/// A bucket that the process uses.
#[derive(Debug, Default)]
struct Holding {
    /// What our own answers told; nought where they told nothing.
    own: Measure,
    /// What the cell says.
    shared: Measure,
    places: u32,
    /// Nobody else has a part in it: its own rules are enough.
    is_alone: bool,
    stint: Stint,
    is_queued: bool,
    is_returning: bool,
    starved_at: Option<Local>,
    used_at: Local,
    written_at: Option<Local>,
    /// The board's name when it was last written.
    born_ms: u64,
}

/// What is known of a bucket's limit; nought where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) limit: u32,
    /// The longest time to a reset that was told.
    pub(crate) period: i64,
    /// If places come back one by one, at most this is the time in which all do.
    pub(crate) refill: i64,
}

#[derive(Debug)]
enum Step {
    Idle,
    Reading { sent: Local, cells: Vec<u64> },
    Writing { draft: Draft, is_sent: bool },
}

/// What takes effect once the store has taken the writes.
#[derive(Debug)]
struct Draft {
    sent: Local,
    cells: Vec<u64>,
    writes: Vec<LeaseWrite>,
    renewal: Option<Renewal>,
    told: Vec<Told>,
    returned: Vec<u64>,
    born_ms: u64,
    turns: u64,
    wanted: Vec<u64>,
}

#[derive(Debug)]
struct Renewal {
    places: u32,
    floor: u32,
    peers: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    cell: u64,
    places: u32,
    is_alone: bool,
    shared: Measure,
}

/// By how much sooner than the store a member takes its lease for ended: what may pass between a
/// permit and the wire.
const MARGIN: i64 = 500_000;

/// How often the lease is renewed and shares are looked at, and how soon after a failure.
const SYNC: i64 = 250_000;

const SECOND: i64 = 1_000_000;

/// After so many renewals in which requests waited it wants one place more, and after so many again
/// twice as many.
const PATIENCE: u32 = 6;

/// How long those keep the odd places who have them.
const TURN_MS: u64 = 10_000;

/// How long after the end of a lease its last requests may arrive.
const QUARANTINE_MS: u64 = 2_000;

/// How much later than ours the leases of others may end where all lost the store at once, and their
/// last requests arrive.
const CALM: i64 = 4 * SECOND;

/// What a member without a lease may use is kept for it so long.
const VANISHED_MS: u64 = 600_000;

/// How long a store without data waits for members of which nobody knows.
const SETTLE_MS: u64 = 1_000;

/// Cells of one exchange.
const BATCH: usize = 64;

/// More processes share no token; each member reads all of it four times a second.
const MEMBERS_MAX: usize = 256;

/// Wants that the board has room for; who finds none asks again.
const WANTS_MAX: usize = 256;

/// A bucket that was not used for so long is returned.
const IDLE: i64 = 30 * SECOND;
const SWEEP: i64 = 5 * SECOND;

/// A cell is written again before the store forgets it.
const TOUCH: i64 = 300 * SECOND;

/// Assumed of a bucket of which nothing is known.
const PERIOD_UNSAID: i64 = 5 * SECOND;

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
            self.floor
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
        if measure.limit > 0 {
            holding.own = measure;
        }
        if is_leased && holding.is_alone {
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
            Err(rises)
        } else {
            holding.stint.room(now, clock, places, holding.length())
        };
        if room.is_err() {
            holding.starved_at = Some(now);
            if holding.written_at.is_none() && !holding.is_queued {
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

    pub(crate) fn lost(&mut self, now: Local, clock: &Clock, cell: u64) {
        if let Some(holding) = self.holdings.get_mut(&cell) {
            let period = holding.length();
            holding.stint.lost(now, clock, period);
        }
    }

    /// Gives up all that it has, with the next exchange.
    pub(crate) const fn leave(&mut self, now: Local) {
        self.is_leaving = true;
        self.due = now;
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
                self.floor
            },
            buckets: self.holdings.len(),
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
                let cells: Vec<u64> = if self.is_leaving {
                    Vec::new()
                } else {
                    let most = self.queue.len().min(BATCH);
                    self.queue.drain(..most).collect()
                };
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
                    Err(Unreadable::Damaged | Unreadable::OfAnotherVersion) => {
                        self.fail(now, &cells);
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
                self.fail(now, &draft.cells);
            }
            (Step::Reading { cells, .. }, LeaseNews::Failed | LeaseNews::Written(_)) => {
                self.fail(now, &cells);
            }
            (Step::Idle, _) => {}
        }
    }

    /// Reckons what is to be written, and gives up at once what it takes away.
    #[expect(clippy::too_many_arguments, reason = "all that was read, and when")]
    fn draft(
        &mut self,
        now: Local,
        clock: &Clock,
        sent: Local,
        now_ms: u64,
        held: u32,
        limit: u32,
        page: Option<Vec<u8>>,
        cells: &[u64],
        pages: Vec<Option<Vec<u8>>>,
    ) -> Result<Draft, Unreadable> {
        let read = match page.as_deref().map(Board::read) {
            Some(Err(Unreadable::OfAnotherVersion)) => return Err(Unreadable::OfAnotherVersion),
            Some(Ok(board)) if board.born_ms != self.born_ms || board.turns >= self.turns => {
                Some(board)
            }
            // Lost, damaged, or fallen back to what it was some time ago.
            Some(Ok(_) | Err(Unreadable::Damaged)) | None => None,
        };
        let mut board = read.unwrap_or_else(|| Board {
            // A name that it has not had before.
            born_ms: now_ms.max(self.born_ms + 1),
            settles_ms: now_ms + SETTLE_MS,
            ..Board::default()
        });
        if board.born_ms != self.born_ms {
            self.meet(now, now_ms, &mut board);
        } else if self.lapsed_at != NEVER {
            self.wait_for_peers(now, now_ms, &mut board);
        }
        self.is_ready = self.is_ready
            || (self.holdings.values()).all(|holding| {
                holding.born_ms == board.born_ms || holding.places == 0 && !holding.is_alone
            });
        board.tidy(now_ms);
        let is_new = board.seat(self.member).is_none();
        if is_new && board.seats.len() >= MEMBERS_MAX {
            return Err(Unreadable::OfAnotherVersion);
        }
        let is_due = now >= self.due || is_new || self.is_leaving;
        let renewal = is_due.then(|| self.renew(now, now_ms, held, limit, &mut board));
        let settled = board.is_settled(now_ms);
        let mut draft = Draft {
            sent,
            cells: cells.to_vec(),
            writes: Vec::new(),
            renewal,
            told: Vec::new(),
            returned: Vec::new(),
            born_ms: board.born_ms,
            turns: board.turns,
            wanted: Vec::new(),
        };
        for (cell, page) in cells.iter().zip(pages) {
            let read = match page.as_deref().map(Cell::read) {
                Some(Ok(read)) if read.born_ms == board.born_ms => Some(read),
                _ => None,
            };
            let mut told = read.unwrap_or_default();
            told.born_ms = board.born_ms;
            self.divide_cell(
                now, now_ms, clock, *cell, &mut told, &mut board, settled, &mut draft,
            );
            // Written also where it stays as it is: the store forgets what nobody writes.
            draft.writes.push(LeaseWrite {
                cell: Some(*cell),
                from: page,
                to: told.write(),
            });
        }
        if self.lapsed_at != NEVER && !std::mem::replace(&mut self.is_back, true) {
            // Even if no answer comes, others may have been told of what it says here and of nothing else.
            self.lapsed_at = now;
        }
        draft.wanted = (board.wants.iter())
            .filter(|(_, member)| *member != self.member)
            .map(|(cell, _)| *cell)
            .collect();
        let same = page.as_deref() == Some(board.write().as_slice());
        if !same {
            board.turns = board.turns.wrapping_add(1);
        }
        draft.turns = board.turns;
        // The board is compared also where it stays as it is: whatever was reckoned holds for none
        // but this one.
        draft.writes.push(LeaseWrite {
            cell: None,
            from: page,
            to: board.write(),
        });
        Ok(draft)
    }

    /// A board that it does not know: the store has lost its data, or this is the first one.
    fn meet(&mut self, now: Local, now_ms: u64, board: &mut Board) {
        self.is_ready = false;
        self.turns = 0;
        let mut cells: Vec<u64> = (self.holdings.iter_mut())
            .filter(|(_, holding)| !holding.is_queued)
            .map(|(cell, holding)| {
                holding.is_queued = true;
                *cell
            })
            .collect();
        cells.sort_unstable();
        self.queue.extend(cells);
        if self.contact != NEVER {
            self.wait_for_peers(now, now_ms, board);
        }
    }

    /// Those who were there and are not may have their leases still, or use what is theirs without one
    /// until they have found the store again.
    fn wait_for_peers(&self, now: Local, now_ms: u64, board: &mut Board) {
        let missing: Vec<u64> = (self.peers.iter().copied())
            .filter(|peer| *peer != self.member && !board.is_alive(*peer, now_ms))
            .collect();
        if missing.is_empty() {
            return;
        }
        let age = now.saturating_sub(self.contact).max(0).unsigned_abs() / 1_000;
        let lease = u64::try_from(LEASE.as_millis()).unwrap_or(0);
        let left = lease.saturating_sub(age);
        board.settles_ms = board
            .settles_ms
            .max(now_ms + left + SETTLE_MS + QUARANTINE_MS);
        for peer in missing {
            if !board.awaited.contains(&peer) {
                board.awaited.push(peer);
            }
        }
        board.awaited.truncate(MEMBERS_MAX);
    }

    fn renew(
        &mut self,
        now: Local,
        now_ms: u64,
        held: u32,
        limit: u32,
        board: &mut Board,
    ) -> Renewal {
        let lease = u64::try_from(LEASE.as_millis()).unwrap_or(0);
        let is_settled = board.is_settled(now_ms);
        let member = self.member;
        if self.is_leaving {
            if let Some(own) = board.seat(member)
                && let Some(seat) = board.seats.get_mut(own)
            {
                // Its last requests are on their way.
                (seat.ends_ms, seat.floor) = (seat.ends_ms.min(now_ms), 0);
            }
            board.wants.retain(|(_, other)| *other != member);
            return Renewal {
                places: 0,
                floor: 0,
                peers: Vec::new(),
            };
        }
        let own = board.seat(member).unwrap_or_else(|| {
            board.seats.push(Seat::new(member));
            board.seats.len() - 1
        });
        board.awaited.retain(|other| *other != member);
        if let Some(seat) = board.seats.get_mut(own) {
            seat.ends_ms = now_ms + lease;
            seat.is_ready = self.is_ready;
            seat.stake.is_alive = true;
        }
        let leased = now < self.until;
        let report = Report {
            applied: if leased { self.places } else { self.floor },
            held,
            want: self.want(now, held, limit),
        };
        let floor = floor(limit, board.seats.len());
        let terms = Terms {
            limit,
            floor,
            turn: now_ms / TURN_MS,
            is_frozen: !is_settled,
        };
        let mut stakes: Vec<Stake> = board.seats.iter().map(|seat| seat.stake).collect();
        let places = divide(terms, &mut stakes, own, report);
        for (seat, stake) in board.seats.iter_mut().zip(stakes) {
            seat.stake = stake;
        }
        let floor = floor.min(places);
        if let Some(seat) = board.seats.get_mut(own) {
            seat.floor = floor.max(self.floor);
        }
        // What is taken away is given up before the store knows of it.
        self.places = self.places.min(places);
        self.floor = self.floor.min(places);
        if !leased {
            self.places = self.floor;
        }
        let seats = board.seats.iter();
        Renewal {
            places,
            floor,
            peers: seats
                .filter(|seat| seat.stake.is_alive)
                .map(|seat| seat.stake.member)
                .collect(),
        }
    }

    /// What it could make use of: what it holds, and more the longer requests have had to wait. A burst
    /// that waits for a moment needs no place more.
    fn want(&mut self, now: Local, held: u32, limit: u32) -> u32 {
        // Whoever waits asks again at the latest a second later.
        if now.saturating_sub(self.starved_at) > SECOND + SYNC {
            self.starved_for = 0;
            return held;
        }
        let more = 1_u32.checked_shl(self.starved_for / PATIENCE);
        let more = more.map_or(limit, |more| more / 2);
        self.starved_for = (self.starved_for + 1).min(PATIENCE * u32::BITS);
        held.saturating_add(more).min(limit)
    }

    #[expect(clippy::too_many_arguments, reason = "one cell, and all around it")]
    fn divide_cell(
        &mut self,
        now: Local,
        now_ms: u64,
        clock: &Clock,
        key: u64,
        cell: &mut Cell,
        board: &mut Board,
        is_settled: bool,
        draft: &mut Draft,
    ) {
        let member = self.member;
        let is_unleased = now >= self.until && self.contact != NEVER;
        let period_ms = cell.period_ms.max(cell.refill_ms);
        let period_ms = if period_ms > 0 {
            period_ms
        } else {
            PERIOD_UNSAID.unsigned_abs() / 1_000
        };
        cell.stakes.retain_mut(|stake| {
            let Some(seat) = board.seat(stake.member).and_then(|at| board.seats.get(at)) else {
                return stake.member == member;
            };
            stake.is_alive = seat.stake.is_alive;
            stake.is_alive
                || seat.ends_ms + period_ms + QUARANTINE_MS > now_ms
                || !is_settled && board.awaited.contains(&stake.member)
        });
        let Some(holding) = self.holdings.get_mut(&key) else {
            return;
        };
        cell.learn(&holding.own);
        let shared = cell.measure();
        holding.shared = shared;
        let period = holding.length();
        let held = holding.stint.held(now, clock, period);
        if std::mem::take(&mut holding.is_returning) && held == 0 {
            cell.stakes.retain(|stake| stake.member != member);
            board.wants.retain(|want| *want != (key, member));
            holding.places = 0;
            holding.is_alone = false;
            draft.returned.push(key);
            return;
        }
        let own = cell.stakes.iter().position(|stake| stake.member == member);
        let own = own.unwrap_or_else(|| {
            cell.stakes.push(Stake {
                member,
                reserve: 0,
                held: 0,
                want: 0,
                is_alive: true,
            });
            cell.stakes.len() - 1
        });
        if let Some(stake) = cell.stakes.get_mut(own) {
            stake.is_alive = true;
        }
        let is_hungry = holding.is_hungry(now);
        let applied = if is_unleased {
            let fraction = fraction(&self.peers, member, key, holding.known_limit());
            holding.unleased(now, self.lapsed_at, fraction).0
        } else if holding.is_alone {
            cell.limit
        } else {
            holding.places
        };
        let terms = Terms {
            limit: cell.limit,
            floor: 0,
            turn: now_ms / (period.unsigned_abs() / 1_000).saturating_mul(8).max(1),
            is_frozen: !is_settled,
        };
        let report = Report {
            applied,
            held,
            want: if is_hungry { cell.limit } else { held },
        };
        let places = divide(terms, &mut cell.stakes, own, report);
        let is_alone = cell.stakes.len() == 1 && places == cell.limit;
        if is_alone && let Some(stake) = cell.stakes.get_mut(own) {
            stake.reserve = ALL;
        }
        let want = (key, member);
        let wants = is_hungry && cell.stakes.len() > 1 && places < cell.limit;
        if !wants {
            board.wants.retain(|other| *other != want);
        } else if !board.wants.contains(&want) && board.wants.len() < WANTS_MAX {
            board.wants.push(want);
        }
        holding.places = applied.min(places);
        holding.is_alone &= is_alone;
        draft.told.push(Told {
            cell: key,
            places,
            is_alone,
            shared,
        });
    }

    /// The store has taken it.
    fn take_over(&mut self, now: Local, draft: Draft) {
        self.stats.exchanges += 1;
        self.is_cut_off = false;
        if self.born_ms != draft.born_ms {
            self.stats.boards += 1;
        }
        (self.born_ms, self.turns) = (draft.born_ms, draft.turns);
        if self.is_leaving {
            self.due = Local::MAX;
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

    fn fail(&mut self, now: Local, cells: &[u64]) {
        self.stats.failures += 1;
        self.is_cut_off = true;
        self.again(cells);
        self.due = now + SYNC;
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
        let mut cells = Vec::new();
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
            if !holding.is_queued {
                holding.is_queued = true;
                cells.push(*cell);
            }
        }
        self.peers = peers;
        cells.sort_unstable();
        self.queue.extend(cells);
    }
}

/// A member's equal part of a bucket's limit, where nobody can be asked. What is left over by whole
/// numbers is given to those who come first for this bucket, in an order that all reckon alike.
fn fraction(peers: &[u64], member: u64, cell: u64, limit: u32) -> u32 {
    let count = u32::try_from(peers.len()).unwrap_or(u32::MAX).max(1);
    let weight = |member: u64| (mix(member ^ mix(cell)), member);
    let own = weight(member);
    let before = peers.iter().filter(|peer| weight(**peer) > own).count();
    let before = u32::try_from(before).unwrap_or(u32::MAX);
    limit / count + u32::from(before < limit % count)
}

/// Spreads a number over all others of its size.
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

impl Holding {
    /// How many places it has without a lease, and when it has more: who had the rest may use it for a while
    /// yet.
    fn unleased(&self, now: Local, lapsed_at: Local, fraction: u32) -> (u32, Option<Local>) {
        let calm = lapsed_at.saturating_add(CALM + self.length());
        if now < calm && self.places < fraction {
            (self.places, Some(calm))
        } else {
            (fraction, None)
        }
    }

    /// The stretch in which no more arrive than there are places.
    fn length(&self) -> i64 {
        let period = self.own.period.max(self.shared.period);
        let refills = [self.own.refill, self.shared.refill].into_iter();
        let refill = refills.filter(|refill| *refill > 0).min().unwrap_or(0);
        let told = period.max(refill);
        if told > 0 { told } else { PERIOD_UNSAID }
    }

    fn known_limit(&self) -> u32 {
        let own = self.own.limit;
        if own > 0 {
            own
        } else {
            self.shared.limit.max(1)
        }
    }

    /// Whether requests wait for a place: those that do ask again at the latest a window later.
    fn is_hungry(&self, now: Local) -> bool {
        let since = self.starved_at.map(|at| now.saturating_sub(at));
        since.is_some_and(|since| since <= self.length().max(SECOND))
    }
}

impl Seat {
    const fn new(member: u64) -> Self {
        Self {
            ends_ms: 0,
            floor: 0,
            is_ready: false,
            stake: Stake {
                member,
                reserve: 0,
                held: 0,
                want: 0,
                is_alive: true,
            },
        }
    }
}

impl Cell {
    /// Takes in what a member's own answers told.
    fn learn(&mut self, own: &Measure) {
        if own.limit == 0 {
            return;
        }
        let millis = |micros: i64| micros.max(0).unsigned_abs().div_ceil(1_000);
        if self.limit != own.limit {
            self.limit = own.limit;
            self.refill_ms = 0;
        }
        self.period_ms = self.period_ms.max(millis(own.period));
        let refill = millis(own.refill);
        if refill > 0 && (self.refill_ms == 0 || refill < self.refill_ms) {
            self.refill_ms = refill;
        }
    }

    /// What is known of it.
    fn measure(&mut self) -> Measure {
        self.limit = self.limit.max(1);
        let micros = |millis: u64| i64::try_from(millis).unwrap_or(0).saturating_mul(1_000);
        Measure {
            limit: self.limit,
            period: micros(self.period_ms),
            refill: micros(self.refill_ms),
        }
    }
}

impl Board {
    fn seat(&self, member: u64) -> Option<usize> {
        let mut seats = self.seats.iter();
        seats.position(|seat| seat.stake.member == member)
    }

    fn is_alive(&self, member: u64, now_ms: u64) -> bool {
        let seat = self.seat(member).and_then(|at| self.seats.get(at));
        seat.is_some_and(|seat| now_ms < seat.ends_ms)
    }

    /// Whether places may change hands.
    fn is_settled(&self, now_ms: u64) -> bool {
        let all_here = self.awaited.is_empty() && self.seats.iter().all(|seat| seat.is_ready);
        // Where somebody knew who was there, those are waited for and nobody else.
        now_ms >= self.settles_ms
            || now_ms >= self.born_ms + SETTLE_MS && all_here && !self.seats.is_empty()
    }

    /// Whose lease has ended has its floor only, once its last requests have been counted; and nothing
    /// after [`VANISHED_MS`].
    fn tidy(&mut self, now_ms: u64) {
        self.seats.retain_mut(|seat| {
            seat.stake.is_alive = now_ms < seat.ends_ms;
            if seat.stake.is_alive {
                return true;
            }
            let since = now_ms - seat.ends_ms;
            seat.stake.want = 0;
            if since > QUARANTINE_MS + 1_000 {
                seat.stake.reserve = seat.stake.reserve.min(seat.floor);
                seat.stake.held = 0;
            }
            since < VANISHED_MS
        });
        let Self { seats, wants, .. } = self;
        wants.retain(|(_, member)| {
            let seat = seats.iter().find(|seat| seat.stake.member == *member);
            seat.is_some_and(|seat| seat.stake.is_alive)
        });
    }
}
