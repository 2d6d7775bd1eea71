//! The limit over all routes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::bucket::STRAGGLE;

/// At most n arrivals in any second of Discord's, whose phase nobody tells.
///
/// A request arrives somewhere between its sending and its answer. It therefore holds a place from
/// its reservation until one second after its answer: whatever arrived in the same second as a new
/// request still holds one, wherever that second begins. The price is n / (1 s + round trip)
/// instead of n per second.
#[derive(Debug, Default)]
pub(crate) struct Global {
    in_flight: u32,
    /// When each of the last second's requests was answered, oldest first.
    answered: VecDeque<Instant>,
    blocked_until: Option<Instant>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Global {
    /// Whether a request may start: else when to ask again, `None` for after an answer.
    pub(crate) fn ready(&mut self, now: Instant, limit: u32) -> Result<(), Option<Instant>> {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Err(Some(until));
        }
        while self.answered.front().is_some_and(|at| *at + SECOND <= now) {
            self.answered.pop_front();
        }
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let in_flight = usize::try_from(self.in_flight).unwrap_or(usize::MAX);
        let used = in_flight.saturating_add(self.answered.len());
        let Some(excess) = used.checked_sub(limit) else {
            return Ok(());
        };
        Err(self.answered.get(excess).map(|at| *at + SECOND))
    }

    pub(crate) fn start(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    pub(crate) fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(crate) fn answered(&mut self, now: Instant) {
        self.give_back();
        let place = self.answered.partition_point(|answered| *answered <= now);
        self.answered.insert(place, now);
    }

    /// A request of unknown fate: it may arrive for some time yet.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.give_back();
        let at = now + STRAGGLE;
        let place = self.answered.partition_point(|answered| *answered <= at);
        self.answered.insert(place, at);
    }

    pub(crate) fn block(&mut self, until: Instant) {
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    pub(crate) const fn in_flight(&self) -> u32 {
        self.in_flight
    }
}
