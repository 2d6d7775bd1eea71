//! From what was read to what is to be written.

use super::{SECOND, SYNC, Tenant};
use crate::{
    bucket::NEVER,
    clock::{Clock, Local},
    lease::{
        LEASE, LeaseTrouble, LeaseWrite,
        board::{Board, Cell, FOUND_MS, QUARANTINE_MS, SETTLE_MS, Seat},
        holding::{Measure, PERIOD_UNSAID, fraction},
        page::{TIME_MAX_MS, Unreadable},
        pot::{ALL, Report, Stake, Terms, divide, floor},
    },
};

/// What takes effect once the store has taken the writes.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) sent: Local,
    pub(super) cells: Vec<u64>,
    pub(super) writes: Vec<LeaseWrite>,
    pub(super) renewal: Option<Renewal>,
    pub(super) told: Vec<Told>,
    pub(super) returned: Vec<u64>,
    pub(super) born_ms: u64,
    pub(super) turns: u64,
    pub(super) wanted: Vec<u64>,
    /// It gives the last of all back.
    pub(super) is_leave: bool,
}

#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) places: u32,
    pub(super) floor: u32,
    pub(super) invalid_elsewhere: u32,
    pub(super) peers: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) cell: u64,
    pub(super) places: u32,
    pub(super) is_alone: bool,
    pub(super) shared: Measure,
}

impl Tenant {
    /// Reckons what is to be written, and gives up at once what it takes away.
    #[expect(clippy::too_many_arguments, reason = "all that was read, and when")]
    pub(super) fn draft(
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
    ) -> Result<Draft, LeaseTrouble> {
        let now_ms = now_ms.min(TIME_MAX_MS);
        let read = match page.as_deref().map(Board::read) {
            Some(Err(Unreadable::OfAnotherVersion)) => return Err(LeaseTrouble::OtherVersion),
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
        let is_new = board.seat(self.member).is_none() && !self.is_leaving;
        if is_new && !board.make_room(MEMBERS_MAX) {
            return Err(LeaseTrouble::Full);
        }
        let is_due = now >= self.due || is_new || self.is_leaving;
        let renewal = is_due.then(|| self.renew(now, now_ms, held, limit, &mut board));
        let settled = board.is_settled(now_ms);
        if settled {
            // Who has not come by now may not come at all.
            board.awaited.clear();
        }
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
            is_leave: self.is_leaving && self.queue.is_empty(),
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
        self.queue_all();
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
        let left = lease_ms().saturating_sub(age);
        board.settles_ms = board.settles_ms.max(now_ms + left + FOUND_MS);
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
                invalid_elsewhere: 0,
                peers: Vec::new(),
            };
        }
        let own = board.seat(member).unwrap_or_else(|| {
            board.seats.push(Seat::new(member));
            board.seats.len() - 1
        });
        board.awaited.retain(|other| *other != member);
        if let Some(seat) = board.seats.get_mut(own) {
            seat.ends_ms = now_ms + lease_ms();
            seat.is_ready = self.is_ready;
            seat.invalid = self.invalid;
            seat.stake.is_alive = true;
        }
        let leased = now < self.until;
        let report = Report {
            applied: if leased {
                self.places
            } else {
                self.unleased(now)
            },
            held,
            want: self.want(now, held, limit),
        };
        let floor = floor(limit, board.sharers());
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
        let floor = floor.min(places).min(board.unpromised(limit, member));
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
        // Also of those who are gone: they are forgotten when what they caused is.
        let others = seats.clone().filter(|seat| seat.stake.member != member);
        let elsewhere = others.fold(0_u32, |sum, seat| sum.saturating_add(seat.invalid));
        Renewal {
            places,
            floor,
            invalid_elsewhere: elsewhere,
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
        let period_ms = cell.period_ms.max(cell.refill_ms.min(REFILL_KEPT_MS));
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
        let held = holding.held(now, clock);
        if (std::mem::take(&mut holding.is_returning) || self.is_leaving) && held == 0 {
            cell.stakes.retain(|stake| stake.member != member);
            board.wants.retain(|want| *want != (key, member));
            holding.places = 0;
            holding.is_alone = false;
            draft.returned.push(key);
            return;
        }
        let own = cell.stakes.iter().position(|stake| stake.member == member);
        if self.is_leaving {
            // What it has sent may be counted still; the rest is free.
            if let Some(stake) = own.and_then(|own| cell.stakes.get_mut(own)) {
                (stake.reserve, stake.held, stake.want) = (held, held, 0);
            }
            (holding.places, holding.is_alone) = (0, false);
            draft.returned.push(key);
            return;
        }
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
}

/// A lease, by the store's clock.
fn lease_ms() -> u64 {
    u64::try_from(LEASE.as_millis()).unwrap_or(0)
}

/// After so many renewals in which requests waited it wants one place more, and after so many again
/// twice as many.
const PATIENCE: u32 = 6;

/// How long those keep the odd places who have them.
const TURN_MS: u64 = 10_000;

/// More processes share no token; each member reads all of it four times a second.
pub(crate) const MEMBERS_MAX: usize = 256;

/// A bucket that was seldom used may be one that gives its places back one by one and very slowly, or one
/// that does at the end of a short window. For places whose user has died the former is held possible so
/// long, in favour of a bot that crashed and starts again.
const REFILL_KEPT_MS: u64 = 15_000;

/// Wants that the board has room for; who finds none asks again.
const WANTS_MAX: usize = 256;
