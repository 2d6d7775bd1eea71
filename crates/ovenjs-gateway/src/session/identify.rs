//! Whose turn it is to identify.
//!
//! Discord lets `max_concurrency` shards identify within 5 seconds: one for each remainder of
//! `shard number % max_concurrency`. Above that it answers with an invalid session, which costs
//! another identify; above the daily number it resets the token. The numbers are kept by
//! [`ovenjs_ratelimit::IdentifyQueue`]; here is who comes first.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use ovenjs_ratelimit::IdentifyQueue;
use ovenjs_types::SessionStartLimit;

/// Gives the shards of one process their turns, in the order in which they came. A pure rule:
/// `now` is an argument.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::session::{IdentifyTurns, Turn};
/// use ovenjs_types::SessionStartLimit;
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let limit = SessionStartLimit { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 2 };
/// let mut turns = IdentifyTurns::new(limit, now);
/// for shard in [0, 1, 2] {
///     turns.join(shard);
/// }
/// assert_eq!(turns.turn(0, now), Turn::Now);
/// assert_eq!(turns.turn(1, now), Turn::Now);
/// let Turn::At(later) = turns.turn(2, now) else { panic!() };
/// assert!(later >= now + Duration::from_secs(5));
/// ```
#[derive(Debug)]
pub struct IdentifyTurns {
    max_concurrency: u32,
    /// Who waits in each lane, first come first.
    lanes: BTreeMap<u32, VecDeque<u32>>,
    budget: IdentifyQueue,
}

/// The answer to a shard that asks whether it may identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes; the turn is taken with this answer.
    Now,
    /// Not before this moment.
    At(Instant),
    /// Others of the same lane are first; ask again when one of them has gone.
    Behind,
}

impl IdentifyTurns {
    /// The turns by what `GET /gateway/bot` answered at `now`.
    #[must_use]
    pub fn new(limit: SessionStartLimit, now: Instant) -> Self {
        let resets_at = now + Duration::from_millis(limit.reset_after).min(DAY);
        let budget = IdentifyQueue::new(limit.max_concurrency, limit.remaining, resets_at);
        Self {
            max_concurrency: limit.max_concurrency.max(1),
            lanes: BTreeMap::new(),
            budget: budget.total(limit.total.max(1)),
        }
    }

    /// A shard wants to identify. Joining twice is the same as once.
    pub fn join(&mut self, shard: u32) {
        let lane = self.lanes.entry(shard % self.max_concurrency).or_default();
        if !lane.contains(&shard) {
            lane.push_back(shard);
        }
    }

    /// A shard no longer wants to identify. It costs the others no time.
    pub fn leave(&mut self, shard: u32) {
        if let Some(lane) = self.lanes.get_mut(&(shard % self.max_concurrency)) {
            lane.retain(|waiting| *waiting != shard);
        }
    }

    /// Whether a shard that has joined may identify.
    pub fn turn(&mut self, shard: u32, now: Instant) -> Turn {
        let lane = self.lanes.get_mut(&(shard % self.max_concurrency));
        let Some(lane) = lane.filter(|lane| lane.front() == Some(&shard)) else {
            return Turn::Behind;
        };
        match self.budget.turn(now, shard) {
            Ok(()) => {
                lane.pop_front();
                Turn::Now
            }
            Err(at) => Turn::At(at),
        }
    }

    /// How many sessions may still be started before the count starts again.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.budget.remaining()
    }
}

/// After which Discord counts session starts anew.
const DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::start;

    fn limit(max_concurrency: u32, remaining: u32) -> SessionStartLimit {
        SessionStartLimit {
            total: 1000,
            remaining,
            reset_after: 3_600_000,
            max_concurrency,
        }
    }

    #[test]
    fn no_lane_identifies_twice_within_five_seconds() {
        for max_concurrency in [1, 2, 3, 16, 64, 100] {
            let mut now = start();
            let mut queue = IdentifyTurns::new(limit(max_concurrency, 1000), now);
            let mut waiting: Vec<u32> = (0..64).collect();
            waiting.iter().for_each(|shard| queue.join(*shard));
            let mut last: BTreeMap<u32, Instant> = BTreeMap::new();
            while !waiting.is_empty() {
                let mut next = now + DAY;
                waiting.retain(|shard| match queue.turn(*shard, now) {
                    Turn::Now => {
                        let before = last.insert(shard % max_concurrency, now);
                        assert!(before.is_none_or(|before| now >= before + Duration::from_secs(5)));
                        false
                    }
                    Turn::At(at) => {
                        next = next.min(at);
                        true
                    }
                    Turn::Behind => true,
                });
                now = next;
            }
        }
    }

    #[test]
    fn a_shard_that_leaves_costs_no_time() {
        let now = start();
        let mut queue = IdentifyTurns::new(limit(1, 1000), now);
        (0..100).for_each(|shard| queue.join(shard));
        (0..99).for_each(|shard| queue.leave(shard));
        assert_eq!(queue.turn(99, now), Turn::Now);
    }

    #[test]
    fn without_sessions_left_everyone_waits_for_the_new_count() {
        let now = start();
        let mut queue = IdentifyTurns::new(limit(1, 1), now);
        queue.join(0);
        assert_eq!(queue.turn(0, now), Turn::Now);
        queue.join(0);
        let later = now + Duration::from_secs(60);
        assert_eq!(
            queue.turn(0, later),
            Turn::At(now + Duration::from_secs(3600))
        );
        assert_eq!(queue.turn(0, now + Duration::from_secs(3600)), Turn::Now);
    }

    #[test]
    fn the_largest_numbers_of_discord_do_not_overflow() {
        let limit = SessionStartLimit {
            total: u32::MAX,
            remaining: u32::MAX,
            reset_after: u64::MAX,
            max_concurrency: u32::MAX,
        };
        let mut queue = IdentifyTurns::new(limit, start());
        queue.join(u32::MAX);
        assert_eq!(queue.turn(u32::MAX, start()), Turn::Now);
    }
}
