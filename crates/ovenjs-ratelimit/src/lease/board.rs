//! What all processes share, and for how long it is true.

use super::{
    holding::Measure,
    page::{LIMIT_MAX, PERIOD_MAX_MS},
    pot::Stake,
};

/// What all members share: who they are, and how the global limit is divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Board {
    /// When it was first written, by the store's clock: its name, after which cells are known to be
    /// of the same age.
    pub(super) born_ms: u64,
    /// Grows with each writing, so that a store that has fallen back to old data is found out.
    pub(super) turns: u64,
    /// Until then nothing changes hands, unless all who are awaited are here before.
    pub(super) settles_ms: u64,
    pub(super) seats: Vec<Seat>,
    /// Who waits for places of which cell.
    pub(super) wants: Vec<(u64, u64)>,
    /// Who was a member before the store lost its data, and has not come again.
    pub(super) awaited: Vec<u64>,
}

/// One member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// When its lease ends, by the store's clock.
    pub(super) ends_ms: u64,
    /// What it may use of the global limit without a lease.
    pub(super) floor: u32,
    /// Its invalid requests of the last ten minutes.
    pub(super) invalid: u32,
    /// Whether all that it holds is in cells of this board's age.
    pub(super) is_ready: bool,
    pub(super) stake: Stake,
}

/// How one bucket's limit is divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// The board's name.
    pub(super) born_ms: u64,
    pub(super) limit: u32,
    /// The longest time to a reset that anyone was told.
    pub(super) period_ms: u64,
    /// If places come back one by one, at most this is the time in which all do.
    pub(super) refill_ms: u64,
    pub(super) stakes: Vec<Stake>,
}

impl Seat {
    pub(super) const fn new(member: u64) -> Self {
        Self {
            ends_ms: 0,
            floor: 0,
            invalid: 0,
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
    pub(super) fn learn(&mut self, own: &Measure) {
        if own.limit == 0 {
            return;
        }
        let millis = |micros: i64| micros.max(0).unsigned_abs().div_ceil(1_000);
        let millis = |micros: i64| millis(micros).min(PERIOD_MAX_MS);
        let limit = own.limit.min(LIMIT_MAX);
        if self.limit != limit {
            self.limit = limit;
            self.refill_ms = 0;
        }
        self.period_ms = self.period_ms.max(millis(own.period));
        let refill = millis(own.refill);
        if refill > 0 && (self.refill_ms == 0 || refill < self.refill_ms) {
            self.refill_ms = refill;
        }
    }

    /// What is known of it.
    pub(super) fn measure(&mut self) -> Measure {
        self.limit = self.limit.max(1);
        let micros = |millis: u64| i64::try_from(millis).unwrap_or(0).saturating_mul(1_000);
        Measure {
            limit: self.limit,
            period: micros(self.period_ms),
            refill: micros(self.refill_ms),
            is_free: false,
        }
    }
}

impl Board {
    pub(super) fn seat(&self, member: u64) -> Option<usize> {
        let mut seats = self.seats.iter();
        seats.position(|seat| seat.stake.member == member)
    }

    /// How many have a floor or are about to.
    pub(super) fn sharers(&self) -> usize {
        let seats = self.seats.iter();
        seats
            .filter(|seat| seat.stake.is_alive || seat.floor > 0)
            .count()
    }

    /// What may still be promised to a member as its floor.
    pub(super) fn unpromised(&self, limit: u32, member: u64) -> u32 {
        let others = self.seats.iter().filter(|seat| seat.stake.member != member);
        let promised = others.fold(0_u32, |sum, seat| sum.saturating_add(seat.floor));
        (limit / FLOORS_PART).saturating_sub(promised)
    }

    /// Makes room for one more at the cost of who died first. Whether there is room.
    pub(super) fn make_room(&mut self, most: usize) -> bool {
        if self.seats.len() < most {
            return true;
        }
        let seats = self.seats.iter().enumerate();
        let dead = seats.filter(|(_, seat)| !seat.stake.is_alive && seat.stake.reserve == 0);
        let first = dead.min_by_key(|(_, seat)| seat.ends_ms).map(|(at, _)| at);
        if let Some(first) = first {
            let gone = self.seats.remove(first);
            // What it caused counts on, in the seat of another one that is gone.
            let dead = self.seats.iter_mut().filter(|seat| !seat.stake.is_alive);
            if let Some(heir) = dead.max_by_key(|seat| seat.ends_ms) {
                heir.invalid = heir.invalid.saturating_add(gone.invalid);
            }
        }
        first.is_some()
    }

    pub(super) fn is_alive(&self, member: u64, now_ms: u64) -> bool {
        let seat = self.seat(member).and_then(|at| self.seats.get(at));
        seat.is_some_and(|seat| now_ms < seat.ends_ms)
    }

    /// Whether places may change hands.
    pub(super) fn is_settled(&self, now_ms: u64) -> bool {
        let all_here = self.awaited.is_empty() && self.seats.iter().all(|seat| seat.is_ready);
        // Where somebody knew who was there, those are waited for and nobody else.
        now_ms >= self.settles_ms
            || now_ms >= self.born_ms + SETTLE_MS && all_here && !self.seats.is_empty()
    }

    /// Whose lease has ended has its floor only, once its last requests have been counted; and nothing
    /// after [`VANISHED_MS`].
    pub(super) fn tidy(&mut self, now_ms: u64) {
        self.seats.retain_mut(|seat| {
            seat.stake.is_alive = now_ms < seat.ends_ms;
            seat.stake.is_alive || now_ms - seat.ends_ms < VANISHED_MS
        });
        for seat in (self.seats.iter_mut()).filter(|seat| !seat.stake.is_alive) {
            seat.stake.want = 0;
            if now_ms - seat.ends_ms > QUARANTINE_MS + 1_000 {
                seat.stake.reserve = seat.stake.reserve.min(seat.floor);
                seat.stake.held = 0;
            }
        }
        let Self { seats, wants, .. } = self;
        wants.retain(|(_, member)| {
            let seat = seats.iter().find(|seat| seat.stake.member == *member);
            seat.is_some_and(|seat| seat.stake.is_alive)
        });
    }
}

/// How long after the end of a lease its last requests may arrive.
pub(super) const QUARANTINE_MS: u64 = 2_000;

/// What a member without a lease may use is kept for it so long.
pub(super) const VANISHED_MS: u64 = 600_000;

/// This part of the global limit is promised at most in floors: what is promised is kept for those who
/// cannot be asked, and a process that dies again and again takes a seat each time.
const FLOORS_PART: u32 = 3;

/// Within what time all have found a store again that is back: to connect in vain takes three seconds, to
/// wait for an answer two, and the pause between them half of one.
pub(super) const FOUND_MS: u64 = 6_000;

/// How long a store without data waits for members of which nobody knows.
pub(super) const SETTLE_MS: u64 = 1_000;
