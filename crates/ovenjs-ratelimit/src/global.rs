//! The limit over all routes.

mod second;

use std::collections::VecDeque;

use self::second::{Arrival, Second, Span};
use crate::{
    bucket::{NEVER, STRAGGLE},
    clock::{Clock, Local, Server},
    stint::last_counted,
};

/// At most n arrivals in any second of Discord's, about which no answer tells anything: neither what
/// is left, nor where the seconds begin, nor whether there are seconds at all.
///
/// What is known is when each request arrived. While that is all, no stretch of one second holds more
/// than n arrivals, wherever it begins: a place is free again one second after the arrival that took
/// it, and requests without an answer hold theirs. This is right for whole seconds of any phase, for
/// seconds that begin with a request, and for a bucket that leaks. It costs what requests arrive later
/// than the fastest, about one hundredth.
///
/// A 429 tells the rest: its `Retry-After` leads to the end of a second, or, where it is short, perhaps to
/// the next place of a leaky bucket. Requests keep all readings that no 429 has contradicted, which costs
/// next to nothing. A bot that has lived at the limit for [`SATURATED`] tries one request more than n
/// behind a burst, once, to be told; whoever would rather lose the hundredth switches it off.
#[derive(Debug)]
pub(crate) struct Global {
    in_flight: u32,
    /// The requests of the last seconds, in order.
    arrivals: VecDeque<Arrival>,
    /// The second under way before the first of them, if seconds begin with requests.
    before: Second,
    /// When the last requests left, as many as the limit allows in a second.
    starts: VecDeque<Local>,
    blocked_until: Local,
    /// Seconds begin in this span, and each second after it; or else a second begins with the first request
    /// after the last one's end.
    grid: Option<Span>,
    /// Seconds do not begin with requests.
    is_aligned: bool,
    /// When a second began that a 429 told of, while not all are answered that may have begun it.
    begun: Option<Begun>,
    /// Or the limit is a leaky bucket.
    leaky: Option<Leaky>,
    era: u16,
    is_server_time: bool,
    /// Since when requests had to wait, without a pause of [`PAUSE`], and the last that had to.
    saturated_since: Local,
    refused_at: Local,
    /// One request more than n is on its way.
    probing: bool,
    probes: u32,
    /// How often what a 429 had told turned out to be wrong.
    contradictions: u32,
}

/// What a request may start as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// There is room, or the limit does not count it.
    Free,
    /// It is one more than there may be room for, to be told where seconds begin.
    Probe,
}

/// A second began within this span. It may have begun with one of those who had no answer at `heard`.
#[derive(Clone, Copy, Debug)]
struct Begun {
    span: Span,
    heard: Local,
    unanswered: u32,
}

/// A place comes back each nth of a second; the bucket is full at `full`, which holds all that arrived
/// until `told`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leaky {
    full: Server,
    told: Server,
}

const SECOND: i64 = 1_000_000;

/// How long a bot is at the limit before a hundredth more is worth a 429.
const SATURATED: i64 = 3 * SECOND;

/// Requests further apart than this were not held up by one another.
const PAUSE: i64 = 3 * SECOND / 2;

/// The last n requests left within this time: a burst, which lies within one second of Discord's most
/// likely.
const BURST: i64 = SECOND / 2;

/// Where more than n passed so often in a row, a second of Discord's may begin within each burst: the
/// next begins when the last would have been over.
const PROBES_SHIFT: u32 = 2;

/// Where more than n went on passing, no second began there either: the limit is a leaky bucket, or is
/// higher than what was set.
const PROBES_MAX: u32 = 4;

/// After so many contradictions nothing is supposed any more.
const CONTRADICTIONS_MAX: u32 = 3;

/// Both numbers of an answer are rounded to milliseconds.
const ROUNDING: i64 = 2_000;

/// Arrivals are remembered for so long.
const REMEMBERED: i64 = 3 * SECOND;

impl Default for Global {
    fn default() -> Self {
        Self {
            in_flight: 0,
            arrivals: VecDeque::new(),
            before: Second::UNKNOWN,
            starts: VecDeque::new(),
            blocked_until: NEVER,
            grid: None,
            is_aligned: false,
            begun: None,
            leaky: None,
            era: 0,
            is_server_time: false,
            saturated_since: NEVER,
            refused_at: NEVER,
            probing: false,
            probes: 0,
            contradictions: 0,
        }
    }
}

impl Global {
    /// Whether a request may start: else when to ask again, `None` for after an answer.
    pub(crate) fn ready(
        &mut self,
        now: Local,
        clock: &Clock,
        limit: u32,
        probe: bool,
    ) -> Result<Place, Option<Local>> {
        if self.blocked_until > now {
            return Err(Some(self.blocked_until));
        }
        self.keep_time(now, clock);
        let limit = limit.max(1);
        let arrival = clock.arrival(now);
        let free = self.ready_anywhere(arrival, limit).or_else(|anywhere| {
            if !self.is_phase_known() {
                return Err(anywhere);
            }
            let known = self.ready_in_grid(arrival, limit);
            let known = known.and_then(|()| self.ready_in_leaky(arrival, limit));
            known.map_err(|at| at.into_iter().chain(anywhere).min())
        });
        free.map(|()| Place::Free).or_else(|at| {
            if self.probes_now(now, clock, limit, probe) {
                return Ok(Place::Probe);
            }
            let at = at.map(|at| clock.departure(at, now).max(now + 1));
            Err(at)
        })
    }

    pub(crate) fn start(&mut self, now: Local, limit: u32, place: Place) {
        if place == Place::Probe {
            self.probing = true;
            self.probes += 1;
        }
        self.in_flight = self.in_flight.saturating_add(1);
        while self.starts.len() >= usize::try_from(limit.max(1)).unwrap_or(usize::MAX) {
            self.starts.pop_front();
        }
        self.starts.push_back(now);
    }

    pub(crate) fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The request did not leave, or nobody knows what became of it: a probe has told nothing.
    pub(crate) fn withdraw(&mut self, place: Place) {
        if place == Place::Probe && std::mem::take(&mut self.probing) {
            self.probes -= 1;
        }
    }

    /// An answer to a request of `sent`, which told the moment of its arrival or did not.
    pub(crate) fn answered(
        &mut self,
        now: Local,
        sent: Local,
        clock: &Clock,
        arrived: Option<Server>,
        limit: u32,
    ) {
        self.give_back();
        self.keep_time(now, clock);
        let latest = clock.latest_arrival(now);
        let at = arrived.map_or(latest, |at| {
            at.saturating_add(ROUNDING / 2).min(latest + ROUNDING)
        });
        let is_told = arrived.is_some();
        self.note(Arrival { at, is_told }, clock.arrival(now), limit);
        self.hear(sent);
        self.judge(now, clock, limit);
    }

    /// A request of unknown fate: it may arrive for some time yet.
    pub(crate) fn lost(&mut self, now: Local, clock: &Clock, limit: u32) {
        self.give_back();
        self.begun = None;
        self.keep_time(now, clock);
        let at = clock.latest_arrival(now).saturating_add(STRAGGLE);
        let is_told = false;
        self.note(Arrival { at, is_told }, clock.arrival(now), limit);
    }

    /// A global 429 to a request that was sent at `sent` and counted in the limit, unless it was
    /// exempt.
    pub(crate) fn limited(
        &mut self,
        now: Local,
        sent: Local,
        clock: &mut Clock,
        wait: i64,
        limit: u32,
    ) {
        self.hear(sent);
        self.block(now.saturating_add(wait));
        self.keep_time(now, clock);
        self.probing = false;
        if wait > SECOND + ROUNDING || !clock.is_settled() {
            // Longer than a second: not this limit's doing, but the edge's.
            return;
        }
        let (arrived, arrived_latest) = clock.arrived(sent, now);
        let (earliest, latest) = (arrived + wait - ROUNDING, arrived_latest + wait);
        let grid = Span { earliest, latest };
        // The wait is until the next second, or, where that is short, until the next place.
        let place = SECOND / i64::from(limit.max(1));
        let leaky = (wait <= place + ROUNDING).then(|| Leaky {
            full: latest + place * (i64::from(limit.max(1)) - 1),
            told: arrived,
        });
        // A way of this one may have been faster than all before. To take nothing for proven by that costs
        // nothing.
        let doubt = ROUNDING + clock.guard();
        self.begun = Some(Begun {
            span: Span {
                earliest: earliest - SECOND - doubt,
                latest: latest - SECOND + doubt,
            },
            heard: now,
            unanswered: self.in_flight,
        });
        self.find_second();
        let was_known = self.is_phase_known();
        self.leaky = self.leaky.and(leaky);
        self.grid = match self.grid {
            Some(ours) => ours.told(grid),
            // Nothing had told that it leaks, but that requests passed.
            None => self.leaky.map(|_| grid),
        };
        if self.is_phase_known() {
            clock.early();
            return;
        }
        self.contradictions += u32::from(was_known);
        self.is_aligned &= !was_known;
        if self.contradictions < CONTRADICTIONS_MAX {
            (self.grid, self.leaky) = (Some(grid), leaky);
        }
    }

    pub(crate) fn block(&mut self, until: Local) {
        self.blocked_until = self.blocked_until.max(until);
    }

    pub(crate) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Places that a second of Discord's may still count, by whichever way is fastest from here to it.
    pub(crate) fn held(&mut self, now: Local, clock: &Clock) -> u32 {
        self.keep_time(now, clock);
        let shown = clock.shown_least(now);
        let old = self
            .arrivals
            .partition_point(|other| other.at.saturating_add(SECOND) <= shown);
        self.used(old)
    }

    pub(crate) const fn is_phase_known(&self) -> bool {
        self.grid.is_some() || self.leaky.is_some()
    }

    /// When the request after `ahead` others could start at the earliest.
    pub(crate) fn predict(&self, now: Local, clock: &Clock, ahead: u64, limit: u32) -> Local {
        let limit = u64::from(limit.max(1));
        let since = clock.arrival(now).saturating_sub(SECOND);
        let recent = self.arrivals.len() - self.arrivals.partition_point(|other| other.at <= since);
        let used = u64::from(self.in_flight) + u64::try_from(recent).unwrap_or(u64::MAX);
        let place = used.saturating_add(ahead);
        let at = if place < limit {
            now
        } else {
            let seconds = i64::try_from((place - limit) / limit).unwrap_or(i64::MAX);
            let first = self
                .arrivals
                .get(self.arrivals.len() - recent)
                .map_or(now, |first| {
                    clock.departure(first.at.saturating_add(SECOND), now)
                });
            first
                .max(now)
                .saturating_add(seconds.saturating_mul(SECOND))
        };
        at.max(self.blocked_until)
    }

    /// No stretch of a second may hold more than the limit.
    fn ready_anywhere(&self, arrival: Server, limit: u32) -> Result<(), Option<Server>> {
        let over = last_counted(&self.arrivals, self.in_flight, limit)
            .ok_or(None)?
            .map(|last| last.at.saturating_add(SECOND));
        match over.filter(|over| *over > arrival) {
            Some(over) => Err(Some(over)),
            None => Ok(()),
        }
    }

    /// Seconds begin on a grid, or with the first request after the last one's end.
    fn ready_in_grid(&self, arrival: Server, limit: u32) -> Result<(), Option<Server>> {
        let Some(Span { earliest, latest }) = self.grid else {
            return Ok(());
        };
        let second = arrival.saturating_sub(latest).div_euclid(SECOND) * SECOND;
        self.ready_in_second(earliest + second, latest + second + SECOND, limit)?;
        if self.is_aligned {
            return Ok(());
        }
        let under_way = self.second_of_last();
        let began = under_way.began.ok_or(None)?;
        let end = began.latest.saturating_add(SECOND);
        let next_end = under_way.last.saturating_add(SECOND);
        match under_way.at_end {
            _ if arrival < end => self.ready_in_second(began.earliest, end, limit),
            Some(next) if arrival < next_end => self.ready_in_second(next, next_end, limit),
            Some(_) | None => self.ready_in_second(arrival, arrival.saturating_add(SECOND), limit),
        }
    }

    /// The arrivals since `begin` count until `end`.
    fn ready_in_second(
        &self,
        begin: Server,
        end: Server,
        limit: u32,
    ) -> Result<(), Option<Server>> {
        let old = self.arrivals.partition_point(|other| other.at < begin);
        if self.used(old) < limit {
            Ok(())
        } else if self.in_flight >= limit {
            Err(None)
        } else {
            Err(Some(end))
        }
    }

    /// A place comes back each nth of a second.
    fn ready_in_leaky(&self, arrival: Server, limit: u32) -> Result<(), Option<Server>> {
        let Some(Leaky { full, .. }) = self.leaky else {
            return Ok(());
        };
        let Some(spare) = limit.checked_sub(self.in_flight + 1) else {
            return Err(None);
        };
        let at = full - i64::from(spare) * (SECOND / i64::from(limit));
        if at <= arrival { Ok(()) } else { Err(Some(at)) }
    }

    /// Arrivals from the `old`th on, and requests without an answer.
    fn used(&self, old: usize) -> u32 {
        let recent = self.arrivals.len().saturating_sub(old);
        self.in_flight
            .saturating_add(u32::try_from(recent).unwrap_or(u32::MAX))
    }

    /// The second in which the last arrival lies, if seconds begin with a request.
    fn second_of_last(&self) -> Second {
        let arrivals = self.arrivals.iter().copied();
        arrivals.fold(self.before, Second::then)
    }

    /// One of those is answered that may have begun a second.
    fn hear(&mut self, sent: Local) {
        if let Some(begun) = &mut self.begun
            && sent <= begun.heard
        {
            begun.unanswered = begun.unanswered.saturating_sub(1);
            self.find_second();
        }
    }

    /// If seconds begin with requests, one began in the span that a 429 has told.
    fn find_second(&mut self) {
        let Some(Begun { span, .. }) = self.begun.take_if(|begun| begun.unanswered == 0) else {
            return;
        };
        let Span { earliest, latest } = span;
        let end = earliest.saturating_add(SECOND);
        let arrivals = self.arrivals.iter().copied();
        let second = arrivals
            .take_while(|other| other.at < end)
            .fold(self.before, Second::then);
        if let Some(began) = second.began {
            let is_other = began.earliest > latest || began.latest < earliest;
            self.is_aligned |= is_other && second.at_end.is_none();
            return;
        }
        let mut between =
            (self.arrivals.iter()).filter(|other| (earliest..=latest).contains(&other.at));
        let only = between
            .next()
            .filter(|only| only.is_told && between.next().is_none());
        self.before = only.map_or(Second::UNKNOWN, |only| Second::beginning(only.at));
    }

    /// Whether this is the end of a burst behind which one more is sent, to be told where seconds begin.
    fn probes_now(&mut self, now: Local, clock: &Clock, limit: u32, allowed: bool) -> bool {
        if now.saturating_sub(self.refused_at) > PAUSE {
            self.saturated_since = now;
        }
        self.refused_at = now;
        let n = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_burst = self.starts.len() >= n
            && self
                .starts
                .front()
                .is_some_and(|at| now.saturating_sub(*at) <= BURST);
        allowed
            && is_burst
            && !self.is_phase_known()
            && !self.probing
            && self.probes < PROBES_MAX
            && self.contradictions == 0
            && clock.is_settled()
            && now.saturating_sub(self.saturated_since) >= SATURATED
    }

    /// A probe that passed has something to tell once all beside it are answered.
    fn judge(&mut self, now: Local, clock: &Clock, limit: u32) {
        if self.in_flight > 0 || !std::mem::take(&mut self.probing) {
            return;
        }
        if !self.was_exceeded(limit) {
            // Some of the burst were late, or were not told: there may have been room.
            self.probes -= 1;
        } else {
            let last = self.arrivals.back().map_or(NEVER / 2, |last| last.at);
            let full = last.saturating_add(SECOND);
            if self.probes == PROBES_SHIFT {
                self.block(clock.departure(full, now));
            } else if self.probes >= PROBES_MAX {
                // It is full again within a second, however empty it is.
                self.leaky = Some(Leaky { full, told: last });
            }
        }
    }

    /// Whether more than the limit passed last, all within a second.
    fn was_exceeded(&self, limit: u32) -> bool {
        let over = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let mut passed = self.arrivals.iter().rev().take(over);
        let Some(last) = passed.next() else {
            return false;
        };
        let since = last.at.saturating_sub(SECOND - 2 * ROUNDING);
        let is_near = |other: &&Arrival| other.is_told && other.at > since;
        last.is_told && passed.filter(is_near).count() + 1 == over
    }

    /// Notes an arrival, and forgets what is long gone.
    fn note(&mut self, arrival: Arrival, now: Server, limit: u32) {
        let at = arrival.at;
        if let Some(Leaky { full, told }) = &mut self.leaky
            && at > *told
        {
            let place = SECOND / i64::from(limit.max(1));
            *full = at.max(*full) + place;
        }
        // Answers come about in the order of arrivals.
        let mut place = self.arrivals.len();
        while place > 0
            && self
                .arrivals
                .get(place - 1)
                .is_some_and(|other| other.at > at)
        {
            place -= 1;
        }
        self.arrivals.insert(place, arrival);
        while let Some(first) = self.arrivals.front().copied() {
            if first.at.saturating_add(REMEMBERED) > now {
                break;
            }
            self.before = self.before.then(first);
            self.arrivals.pop_front();
        }
    }

    /// Where Discord's clock becomes known, or jumps, arrivals by the former one are taken as late as
    /// can be.
    fn keep_time(&mut self, now: Local, clock: &Clock) {
        if self.era == clock.era && self.is_server_time == clock.is_known() {
            return;
        }
        self.era = clock.era;
        self.is_server_time = clock.is_known();
        let latest = clock.latest_arrival(now);
        let (at, is_told) = (latest, false);
        self.arrivals
            .iter_mut()
            .for_each(|arrival| *arrival = Arrival { at, is_told });
        (self.grid, self.leaky, self.begun) = (None, None, None);
        self.before = Second::UNKNOWN;
    }
}

#[cfg(test)]
mod tests;
