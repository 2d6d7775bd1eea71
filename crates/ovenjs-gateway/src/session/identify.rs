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
use ovenjs_types::{SessionStartLimit, ShardId};

/// Gives shards their turns, in the order in which they came. A pure rule: `now` is an argument.
///
/// Connecting takes its time, and Discord counts from identify to identify. So a turn is taken with
/// [`turn`](Self::turn), before the connection is opened, and [spent](Self::spend) when the identify
/// leaves; in between nobody else of the lane has one. A shard that [leaves](Self::leave) gives its
/// turn back.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::session::{IdentifyTurns, Turn};
/// use ovenjs_types::{SessionStartLimit, ShardId};
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let limit = SessionStartLimit { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 2 };
/// let mut turns = IdentifyTurns::new(limit, now);
/// let shard = |number| ShardId { number, total: 3 };
/// for number in [0, 1, 2] {
///     turns.join(shard(number));
/// }
/// assert_eq!(turns.turn(shard(0), now), Turn::Now);
/// assert_eq!(turns.turn(shard(1), now), Turn::Now);
/// assert_eq!(turns.turn(shard(2), now), Turn::Behind);
/// turns.spend(shard(0), now);
/// let Turn::At(later) = turns.turn(shard(2), now) else { panic!() };
/// assert!(later >= now + Duration::from_secs(5));
/// ```
#[derive(Debug)]
pub struct IdentifyTurns {
    max_concurrency: u32,
    total: u32,
    lanes: BTreeMap<u32, Lane>,
    budget: IdentifyQueue,
}

#[derive(Debug, Default)]
struct Lane {
    /// First come first.
    waiting: VecDeque<ShardId>,
    /// Who has its turn and has not identified yet.
    out: Option<ShardId>,
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
        let total = limit.total.max(1);
        Self {
            max_concurrency: limit.max_concurrency.max(1),
            total,
            lanes: BTreeMap::new(),
            budget: budget.total(total),
        }
    }

    /// Takes in what `GET /gateway/bot` answers at `now`, later than at first. Turns that are out
    /// stay out.
    pub fn learn(&mut self, limit: SessionStartLimit, now: Instant) {
        if limit.max_concurrency.max(1) == self.max_concurrency && limit.total.max(1) == self.total
        {
            let resets_at = now + Duration::from_millis(limit.reset_after).min(DAY);
            self.budget.recount(limit.remaining, resets_at);
        } else {
            // Other lanes: who waits, waits in the lane that it has now.
            let Self { lanes, .. } = std::mem::replace(self, Self::new(limit, now));
            for lane in lanes.into_values() {
                for shard in lane.waiting {
                    self.join(shard);
                }
                if let Some(shard) = lane.out {
                    self.lane(shard).out = Some(shard);
                }
            }
        }
    }

    /// A shard wants to identify. Joining twice is the same as once.
    pub fn join(&mut self, shard: ShardId) {
        let lane = self.lane(shard);
        if !lane.waiting.contains(&shard) {
            lane.waiting.push_back(shard);
        }
    }

    /// A shard no longer wants to identify. It costs the others no time.
    pub fn leave(&mut self, shard: ShardId) {
        let lane = self.lane(shard);
        lane.waiting.retain(|waiting| *waiting != shard);
        lane.out = lane.out.filter(|out| *out != shard);
    }

    /// Whether a shard that has joined may identify.
    pub fn turn(&mut self, shard: ShardId, now: Instant) -> Turn {
        let lane = self.lane(shard);
        if lane.out.is_some() || lane.waiting.front() != Some(&shard) {
            return Turn::Behind;
        }
        if let Err(at) = self.budget.ready(now, shard.number) {
            return Turn::At(at);
        }
        let lane = self.lane(shard);
        lane.out = lane.waiting.pop_front();
        Turn::Now
    }

    /// A shard that has its turn identifies. Without one this changes nothing.
    pub fn spend(&mut self, shard: ShardId, now: Instant) {
        let lane = self.lane(shard);
        if lane.out == Some(shard) {
            lane.out = None;
            // It was ready when the turn was given, and nobody had one since.
            let _ = self.budget.turn(now, shard.number);
        }
    }

    /// How many sessions may still be started before the count starts again.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.budget.remaining()
    }

    /// What is left at `now`, in the form in which Discord says it.
    #[must_use]
    pub fn left(&self, now: Instant) -> SessionStartLimit {
        let reset_after = self.budget.resets_at().saturating_duration_since(now);
        SessionStartLimit {
            total: self.total,
            remaining: self.remaining(),
            reset_after: u64::try_from(reset_after.as_millis()).unwrap_or(u64::MAX),
            max_concurrency: self.max_concurrency,
        }
    }

    fn lane(&mut self, shard: ShardId) -> &mut Lane {
        let lane = shard.number % self.max_concurrency;
        self.lanes.entry(lane).or_default()
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

    const fn shard(number: u32) -> ShardId {
        ShardId {
            number,
            total: u32::MAX,
        }
    }

    #[test]
    fn no_lane_identifies_twice_within_five_seconds_however_long_connecting_takes() {
        for max_concurrency in [1, 2, 3, 16, 64, 100] {
            let mut now = start();
            let mut queue = IdentifyTurns::new(limit(max_concurrency, 1000), now);
            let mut waiting: Vec<u32> = (0..64).collect();
            waiting.iter().for_each(|number| queue.join(shard(*number)));
            let mut last: BTreeMap<u32, Instant> = BTreeMap::new();
            while !waiting.is_empty() {
                let mut next = now + DAY;
                waiting.retain(|number| match queue.turn(shard(*number), now) {
                    Turn::Now => {
                        let identified = now + Duration::from_millis(u64::from(number % 7) * 300);
                        queue.spend(shard(*number), identified);
                        let before = last.insert(number % max_concurrency, identified);
                        assert!(before.is_none_or(|before| {
                            identified >= before + Duration::from_secs(5)
                        }));
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
    fn a_shard_that_leaves_costs_no_time_whether_it_has_its_turn_or_not() {
        let now = start();
        let mut queue = IdentifyTurns::new(limit(1, 1000), now);
        (0..100).for_each(|number| queue.join(shard(number)));
        assert_eq!(queue.turn(shard(0), now), Turn::Now);
        (0..99).for_each(|number| queue.leave(shard(number)));
        assert_eq!(queue.turn(shard(99), now), Turn::Now);
        assert_eq!(queue.remaining(), 1000);
    }

    #[test]
    fn a_turn_that_is_out_holds_the_lane() {
        let now = start();
        let mut queue = IdentifyTurns::new(limit(1, 1000), now);
        // The same number in two generations of shards is two shards.
        let (old, new) = (
            ShardId {
                number: 0,
                total: 1,
            },
            ShardId {
                number: 0,
                total: 2,
            },
        );
        queue.join(old);
        queue.join(new);
        assert_eq!(queue.turn(old, now), Turn::Now);
        let later = now + Duration::from_secs(60);
        assert_eq!(queue.turn(new, later), Turn::Behind);
        queue.spend(old, later);
        assert!(
            matches!(queue.turn(new, later), Turn::At(at) if at >= later + Duration::from_secs(5))
        );
        queue.spend(new, later);
        assert_eq!(queue.remaining(), 999, "who has no turn spends none");
    }

    #[test]
    fn without_sessions_left_everyone_waits_for_the_new_count() {
        let now = start();
        let mut queue = IdentifyTurns::new(limit(1, 1), now);
        queue.join(shard(0));
        assert_eq!(queue.turn(shard(0), now), Turn::Now);
        queue.spend(shard(0), now);
        queue.join(shard(0));
        let later = now + Duration::from_secs(60);
        let reset = now + Duration::from_secs(3600);
        assert_eq!(queue.turn(shard(0), later), Turn::At(reset));
        assert_eq!(queue.left(later).reset_after, 3_540_000);
        assert_eq!(queue.turn(shard(0), reset), Turn::Now);
    }

    #[test]
    fn what_discord_says_later_counts_and_nobody_loses_its_place() {
        let now = start();
        let mut queue = IdentifyTurns::new(limit(1, 0), now);
        queue.join(shard(3));
        assert!(matches!(queue.turn(shard(3), now), Turn::At(_)));
        queue.learn(limit(1, 5), now);
        assert_eq!(queue.turn(shard(3), now), Turn::Now);
        queue.join(shard(1));
        queue.learn(limit(2, 5), now);
        assert_eq!(
            queue.turn(shard(1), now),
            Turn::Behind,
            "the turn is still out"
        );
        queue.spend(shard(3), now);
        assert!(matches!(queue.turn(shard(1), now), Turn::At(_)));
        assert_eq!(queue.left(now), limit(2, 4));
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
        queue.join(shard(u32::MAX - 1));
        assert_eq!(queue.turn(shard(u32::MAX - 1), start()), Turn::Now);
    }
}
