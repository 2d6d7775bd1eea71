//! What a member itself uses of a limit whose places are divided; and a bot of one that it leaves in part.

use std::collections::VecDeque;

use crate::{
    bucket::STRAGGLE,
    clock::{Clock, Local, Server},
};

/// A member's own requests in one limit: at most so many of them in any stretch as long as a window.
///
/// Members who keep that together keep the limit, wherever windows begin, and if there are none but a
/// bucket that leaks: no stretch holds more than the sum of their places.
#[derive(Debug, Default)]
pub(crate) struct Stint {
    out: u32,
    /// When requests arrived, or may at the latest have arrived; in order.
    arrivals: VecDeque<Server>,
    /// Permits that were dropped since the last `now`.
    dropped: u32,
    era: u16,
    is_server_time: bool,
}

/// Rounding of both numbers that tell an arrival.
const ROUNDING: i64 = 2_000;

impl Stint {
    /// Whether one more may leave with so many places: else when to ask again, `None` for after an
    /// answer.
    pub(crate) fn room(
        &mut self,
        now: Local,
        clock: &Clock,
        places: u32,
        period: i64,
    ) -> Result<(), Option<Local>> {
        self.keep_time(now, clock, period);
        let over = last_counted(&self.arrivals, self.out, places)
            .ok_or(None)?
            .map(|at| at.saturating_add(period));
        match over.filter(|over| *over > clock.arrival(now)) {
            Some(over) => Err(Some(clock.departure(over, now).max(now + 1))),
            None => Ok(()),
        }
    }

    /// Places that a window may still count, by whichever way is fastest from here to Discord.
    pub(crate) fn held(&mut self, now: Local, clock: &Clock, period: i64) -> u32 {
        self.keep_time(now, clock, period);
        let shown = clock.shown_least(now);
        let old = self
            .arrivals
            .partition_point(|at| at.saturating_add(period) <= shown);
        let recent = u32::try_from(self.arrivals.len() - old).unwrap_or(u32::MAX);
        self.out.saturating_add(recent)
    }

    pub(crate) const fn out(&self) -> u32 {
        self.out
    }

    pub(crate) const fn start(&mut self) {
        self.out = self.out.saturating_add(1);
    }

    pub(crate) const fn give_back(&mut self) {
        self.out = self.out.saturating_sub(1);
    }

    /// A permit was dropped after its request left.
    pub(crate) const fn drop_sent(&mut self) {
        self.give_back();
        self.dropped = self.dropped.saturating_add(1);
    }

    /// An answer, which told the moment of its arrival or did not.
    pub(crate) fn answered(
        &mut self,
        now: Local,
        clock: &Clock,
        arrived: Option<Server>,
        period: i64,
    ) {
        self.give_back();
        self.keep_time(now, clock, period);
        let latest = clock.latest_arrival(now);
        let at = arrived.map_or(latest, |at| {
            at.saturating_add(ROUNDING / 2).min(latest + ROUNDING)
        });
        self.note(at);
    }

    pub(crate) fn lost(&mut self, now: Local, clock: &Clock, period: i64) {
        self.drop_sent();
        self.keep_time(now, clock, period);
    }

    fn note(&mut self, at: Server) {
        let place = self.arrivals.partition_point(|arrived| *arrived <= at);
        self.arrivals.insert(place, at);
    }

    fn keep_time(&mut self, now: Local, clock: &Clock, period: i64) {
        let latest = clock.latest_arrival(now);
        if (self.era, self.is_server_time) != (clock.era, clock.is_known()) {
            self.era = clock.era;
            self.is_server_time = clock.is_known();
            self.arrivals.iter_mut().for_each(|at| *at = latest);
        }
        for _ in 0..std::mem::take(&mut self.dropped) {
            self.note(latest.saturating_add(STRAGGLE));
        }
        let gone = clock.shown_least(now).saturating_sub(period);
        while self.arrivals.front().is_some_and(|at| *at <= gone)
            || self.arrivals.len() > ARRIVALS_MAX
        {
            self.arrivals.pop_front();
        }
    }
}

/// Of arrivals, in order, the one that must be gone before another request may come, if `out` more have no
/// answer yet and there are so many places; `Some(None)` where there is a place in any case, `None` where
/// those without an answer take all of them.
pub(crate) fn last_counted<T: Copy>(
    arrivals: &VecDeque<T>,
    out: u32,
    places: u32,
) -> Option<Option<T>> {
    let free = places.checked_sub(out).filter(|free| *free > 0)?;
    let free = usize::try_from(free).unwrap_or(usize::MAX);
    let last = arrivals.len().checked_sub(free);
    Some(last.and_then(|last| arrivals.get(last).copied()))
}

/// More than any limit of one route.
const ARRIVALS_MAX: usize = 10_000;
