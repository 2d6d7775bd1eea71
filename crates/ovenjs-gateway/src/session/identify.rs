//! Whose turn it is to identify.
//!
//! Discord lets `max_concurrency` shards identify within 5 seconds: one for each remainder of
//! `shard number % max_concurrency`, a *lane*; and it wants the *buckets*, `max_concurrency` shards
//! each, started in order. Out of turn it answers with an invalid session, which costs another
//! identify; above the daily number it resets the token. The numbers are kept by
//! [`ovenjs_ratelimit::IdentifyBudget`]; here is who comes first.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use ovenjs_ratelimit::{Held, Hold, IdentifyBudget, IdentifyRules};
use ovenjs_types::{SessionStartLimit, ShardId};

/// Gives shards their turns: the lowest bucket first, and in a lane the lowest shard. A pure rule:
/// `now` is an argument.
///
/// Connecting takes its time, and Discord counts from identify to identify. So a turn is taken with
/// [`turn`](Self::turn), before the connection is opened, and [spent](Self::spend) when the identify
/// leaves; in between nobody else of the lane has one. A shard that [leaves](Self::leave) gives its
/// turn back.
///
/// A shard that the budget holds back stands in nobody's way meanwhile.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::session::{IdentifyTurns, Turn};
/// use ovenjs_ratelimit::{Hold, IdentifyBudget};
/// use ovenjs_types::{SessionStartLimit, ShardId};
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let wall_ms = 1_800_000_000_000;
/// let limit = SessionStartLimit { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 2 };
/// let mut turns = IdentifyTurns::new(IdentifyBudget::new(), now, wall_ms);
/// turns.learn(limit, now);
/// let shard = |number| ShardId { number, total: 4 };
/// for number in [3, 0, 1, 2] {
///     turns.join(shard(number));
/// }
/// assert_eq!(turns.turn(shard(3), now), Turn::Behind);
/// assert_eq!(turns.turn(shard(0), now), Turn::Now);
/// assert_eq!(turns.turn(shard(1), now), Turn::Now);
/// assert_eq!(turns.turn(shard(2), now), Turn::Behind);
/// turns.spend(shard(0), now);
/// let Turn::Held { until, hold: Hold::Lane } = turns.turn(shard(2), now) else { panic!() };
/// assert!(until >= now + Duration::from_secs(5));
/// assert_eq!(turns.budget().remaining(wall_ms), 999);
/// ```
#[derive(Clone, Debug)]
pub struct IdentifyTurns {
    rules: IdentifyRules,
    budget: IdentifyBudget,
    waiting: BTreeSet<ShardId>,
    /// Who has its turn and has not identified yet: one of each lane, unless there were more lanes before.
    out: BTreeSet<ShardId>,
    /// The same moment on both clocks; the wall clock may jump later.
    origin: (Instant, u64),
}

/// The answer to a shard that asks whether it may identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes; the turn is taken with this answer.
    Now,
    /// Not before this moment, as it looks now.
    Held {
        /// When to ask again.
        until: Instant,
        /// Why.
        hold: Hold,
    },
    /// Others are first; ask again when one of them has gone.
    Behind,
}

impl IdentifyTurns {
    /// The turns by what is remembered of former ones. `now` and `wall_ms`, in milliseconds since
    /// 1970, are the same moment.
    ///
    /// Until [`learn`](Self::learn) one shard in 5 seconds identifies, 1,000 times a day.
    #[must_use]
    pub const fn new(budget: IdentifyBudget, now: Instant, wall_ms: u64) -> Self {
        Self {
            rules: IdentifyRules::new(1),
            budget,
            waiting: BTreeSet::new(),
            out: BTreeSet::new(),
            origin: (now, wall_ms),
        }
    }

    /// How much of the budget, in percent, is kept back. Default: 10.
    #[must_use]
    pub const fn reserve_percent(mut self, percent: u32) -> Self {
        self.rules = self.rules.reserve_percent(percent);
        self
    }

    /// Takes in what `GET /gateway/bot` answers at `now`. Turns that are out stay out.
    pub fn learn(&mut self, limit: SessionStartLimit, now: Instant) {
        let reserve = self.rules.reserve_percent;
        self.rules = IdentifyRules::new(limit.max_concurrency).reserve_percent(reserve);
        let now_ms = self.wall_ms(now);
        self.budget
            .report(now_ms, limit.total, limit.remaining, limit.reset_after);
    }

    /// Takes in what other processes have written down.
    pub fn merge(&mut self, budget: &IdentifyBudget) {
        self.budget.merge(budget);
    }

    /// A shard wants to identify. Joining twice is the same as once.
    pub fn join(&mut self, shard: ShardId) {
        self.waiting.insert(shard);
    }

    /// A shard no longer wants to identify. It costs the others no time and no identify.
    pub fn leave(&mut self, shard: ShardId) {
        self.waiting.remove(&shard);
        self.out.remove(&shard);
    }

    /// Whether a shard that has joined may identify. One that has not joined is behind everyone.
    pub fn turn(&mut self, shard: ShardId, now: Instant) -> Turn {
        if !self.waiting.contains(&shard) {
            return Turn::Behind;
        }
        let now_ms = self.wall_ms(now);
        let held = self.budget.ask(now_ms, shard.number, &self.rules).err();
        // The budget's own reasons come before any order among those who may.
        if let Some(held) = held.filter(|held| held.hold != Hold::Lane) {
            return held_at(held, now, now_ms);
        }
        let lane = self.rules.lane(shard.number);
        let mut out = self.out.iter();
        let is_taken = out.any(|out| self.rules.lane(out.number) == lane);
        if is_taken || self.must_wait_for_those_out(shard, now_ms) {
            return Turn::Behind;
        }
        let bucket = self.rules.bucket(shard.number);
        let is_before = |other: &ShardId| {
            self.rules.bucket(other.number) < bucket || self.rules.lane(other.number) == lane
        };
        let may_go = |other: &ShardId| match self.budget.ask(now_ms, other.number, &self.rules) {
            Ok(()) => true,
            Err(held) => held.hold == Hold::Lane,
        };
        let mut others = self.waiting.range(..shard);
        if others.any(|other| is_before(other) && may_go(other)) {
            return Turn::Behind;
        }
        if let Some(held) = held {
            return held_at(held, now, now_ms);
        }
        self.waiting.remove(&shard);
        self.out.insert(shard);
        Turn::Now
    }

    /// Turns that are out are not counted yet: together with them the budget must not be overdrawn,
    /// and shards whose sessions do not hold go one by one.
    fn must_wait_for_those_out(&self, shard: ShardId, now_ms: u64) -> bool {
        let out = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        let spare = self.budget.spare(now_ms, &self.rules);
        out > 0 && (out >= spare || self.budget.begun_in_vain(shard.number) > 0)
    }

    /// A shard that has its turn identifies. Without one this changes nothing.
    ///
    /// The start is noted in the [`budget`](Self::budget), which is to be written down before
    /// identify is sent.
    pub fn spend(&mut self, shard: ShardId, now: Instant) {
        if self.out.remove(&shard) {
            let now_ms = self.wall_ms(now);
            self.budget.start(now_ms, shard.number);
        }
    }

    /// A shard's session has held: see [`Notice::Held`](crate::Notice::Held).
    pub fn held(&mut self, shard: ShardId) {
        self.budget.held(shard.number);
    }

    /// What is to be remembered.
    #[must_use]
    pub const fn budget(&self) -> &IdentifyBudget {
        &self.budget
    }

    /// How many sessions may still be started before they are counted anew, the reserve included.
    #[must_use]
    pub fn remaining(&self, now: Instant) -> u32 {
        self.budget.remaining(self.wall_ms(now))
    }

    /// What is left at `now`, in the form in which Discord says it.
    #[must_use]
    pub fn left(&self, now: Instant) -> SessionStartLimit {
        let now_ms = self.wall_ms(now);
        SessionStartLimit {
            total: self.budget.total(),
            remaining: self.budget.remaining(now_ms),
            reset_after: self.budget.resets_at_ms(now_ms).saturating_sub(now_ms),
            max_concurrency: self.rules.max_concurrency,
        }
    }

    fn wall_ms(&self, now: Instant) -> u64 {
        let (then, wall_ms) = self.origin;
        let passed = now.saturating_duration_since(then).as_millis();
        wall_ms.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

fn held_at(held: Held, now: Instant, now_ms: u64) -> Turn {
    let wait = Duration::from_millis(held.until_ms.saturating_sub(now_ms)).min(WAIT_MAX);
    Turn::Held {
        until: now + wait,
        hold: held.hold,
    }
}

/// A clock that was wrong by years when the budget was written must not hold anyone for as long.
const WAIT_MAX: Duration = Duration::from_hours(25);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::session::tests::start;

    const WALL: u64 = 1_800_000_000_000;

    fn turns(max_concurrency: u32, remaining: u32) -> IdentifyTurns {
        let mut turns = IdentifyTurns::new(IdentifyBudget::new(), start(), WALL);
        let limit = SessionStartLimit {
            total: 1000,
            remaining,
            reset_after: 3_600_000,
            max_concurrency,
        };
        turns.learn(limit, turns.origin.0);
        turns
    }

    const fn shard(number: u32) -> ShardId {
        ShardId {
            number,
            total: u32::MAX,
        }
    }

    /// Takes the turn and identifies at once.
    fn go(turns: &mut IdentifyTurns, number: u32, now: Instant) -> Turn {
        let turn = turns.turn(shard(number), now);
        turns.spend(shard(number), now);
        turn
    }

    /// Lets all of `shards` identify; returns who did, and when.
    fn all(turns: &mut IdentifyTurns, shards: &[u32]) -> Vec<(u32, Instant)> {
        shards.iter().for_each(|number| turns.join(shard(*number)));
        let mut waiting = shards.to_vec();
        let mut now = turns.origin.0;
        let mut went = Vec::new();
        while !waiting.is_empty() {
            let mut next = None::<Instant>;
            let before = went.len();
            waiting.retain(|number| match go(turns, *number, now) {
                Turn::Now => {
                    went.push((*number, now));
                    false
                }
                Turn::Held { until, .. } => {
                    assert!(until > now);
                    next = Some(next.map_or(until, |next| next.min(until)));
                    true
                }
                Turn::Behind => true,
            });
            // Who went made room for those behind; ask again before time passes.
            if went.len() == before {
                now = next.expect("somebody who is not behind");
            }
        }
        went
    }

    #[test]
    fn buckets_start_in_order_and_no_lane_identifies_twice_within_five_seconds() {
        for max_concurrency in [1, 2, 3, 16, 64, 100] {
            // Whatever order they come in.
            for step in [1, 37, 127] {
                let shards: Vec<u32> = (0..128).map(|n| n * step % 128).collect();
                let mut turns = turns(max_concurrency, 1000);
                let begin = turns.origin.0;
                let went = all(&mut turns, &shards);
                let mut last: BTreeMap<u32, Instant> = BTreeMap::new();
                for (shard, at) in &went {
                    let before = last.insert(shard % max_concurrency, *at);
                    assert!(before.is_none_or(|before| *at >= before + Duration::from_secs(5)));
                }
                let buckets: Vec<u32> = went.iter().map(|(s, _)| s / max_concurrency).collect();
                assert!(buckets.is_sorted(), "{max_concurrency}: {buckets:?}");
                let took = went.last().unwrap().1 - begin;
                let rounds = 128_u32.div_ceil(max_concurrency) - 1;
                assert_eq!(
                    took,
                    IdentifyBudget::PERIOD * rounds,
                    "and no time is wasted"
                );
            }
        }
    }

    #[test]
    fn a_shard_that_leaves_costs_no_time_and_no_identify() {
        let mut turns = turns(1, 1000);
        let now = turns.origin.0;
        (0..100).for_each(|number| turns.join(shard(number)));
        assert_eq!(turns.turn(shard(0), now), Turn::Now);
        assert_eq!(turns.turn(shard(99), now), Turn::Behind);
        // The first has its turn, the others only wait.
        (0..99).for_each(|number| turns.leave(shard(number)));
        assert_eq!(turns.remaining(now), 1000);
        assert_eq!(go(&mut turns, 99, now), Turn::Now);
        assert_eq!(turns.remaining(now), 999);
        assert_eq!(go(&mut turns, 99, now), Turn::Behind, "it has had its turn");
    }

    #[test]
    fn with_nothing_left_but_the_reserve_everyone_waits_for_the_new_count() {
        let mut turns = turns(1, 101);
        let now = turns.origin.0;
        turns.join(shard(0));
        assert_eq!(go(&mut turns, 0, now), Turn::Now);
        turns.join(shard(0));
        let later = now + Duration::from_mins(1);
        let until = now + Duration::from_hours(1);
        let hold = Hold::Reserve;
        assert_eq!(turns.turn(shard(0), later), Turn::Held { until, hold });
        assert_eq!(turns.left(later).reset_after, 3_540_000);
        assert_eq!(turns.turn(shard(0), until), Turn::Now);
    }

    #[test]
    fn a_shard_whose_sessions_do_not_hold_is_in_nobodys_way() {
        let mut turns = turns(1, 1000);
        let mut now = turns.origin.0;
        for _ in 0..6 {
            turns.join(shard(0));
            while go(&mut turns, 0, now) != Turn::Now {
                now += Duration::from_secs(1);
            }
        }
        now += IdentifyBudget::PERIOD;
        turns.join(shard(0));
        turns.join(shard(7));
        let Turn::Held {
            hold: Hold::Breaker,
            ..
        } = turns.turn(shard(0), now)
        else {
            panic!()
        };
        assert_eq!(go(&mut turns, 7, now), Turn::Now);
        now += IdentifyBudget::PERIOD;
        turns.held(shard(0));
        assert_eq!(go(&mut turns, 0, now), Turn::Now);
    }

    #[test]
    fn the_next_process_goes_on_with_what_was_written_down() {
        let mut former = turns(1, 1000);
        let now = former.origin.0;
        former.join(shard(0));
        assert_eq!(go(&mut former, 0, now), Turn::Now);
        let written = serde_json::to_string(former.budget()).unwrap();
        let budget = serde_json::from_str(&written).unwrap();
        let mut next = IdentifyTurns::new(budget, now, WALL + 1_000);
        assert_eq!(next.remaining(now), 999);
        next.join(shard(5));
        let until = now + Duration::from_millis(4_250);
        let hold = Hold::Lane;
        assert_eq!(next.turn(shard(5), now), Turn::Held { until, hold });
    }

    #[test]
    fn the_largest_numbers_of_discord_do_not_overflow() {
        let now = start();
        let mut turns = IdentifyTurns::new(IdentifyBudget::new(), now, u64::MAX / 2);
        let limit = SessionStartLimit {
            total: u32::MAX,
            remaining: u32::MAX,
            reset_after: u64::MAX,
            max_concurrency: u32::MAX,
        };
        turns.learn(limit, now);
        turns.join(shard(u32::MAX - 1));
        assert_eq!(go(&mut turns, u32::MAX - 1, now), Turn::Now);
    }

    #[test]
    fn a_turn_that_is_out_holds_the_lane() {
        let mut turns = turns(1, 1000);
        let now = turns.origin.0;
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
        turns.join(old);
        turns.join(new);
        assert_eq!(turns.turn(old, now), Turn::Now);
        let later = now + Duration::from_mins(1);
        assert_eq!(turns.turn(new, later), Turn::Behind);
        turns.spend(old, later);
        let Turn::Held {
            until,
            hold: Hold::Lane,
        } = turns.turn(new, later)
        else {
            panic!()
        };
        assert_eq!(until, later + IdentifyBudget::PERIOD);
        turns.spend(new, later);
        assert_eq!(turns.remaining(later), 999, "who has no turn spends none");
    }

    #[test]
    fn turns_that_are_out_count_also_where_there_are_fewer_lanes_by_then() {
        let mut turns = turns(2, 1000);
        let now = turns.origin.0;
        let limit = SessionStartLimit {
            max_concurrency: 1,
            ..turns.left(now)
        };
        (0..3).for_each(|number| turns.join(shard(number)));
        assert_eq!(turns.turn(shard(0), now), Turn::Now);
        assert_eq!(turns.turn(shard(1), now), Turn::Now);
        turns.learn(limit, now);
        turns.spend(shard(0), now);
        assert_eq!(turns.turn(shard(2), now), Turn::Behind, "the other is out");
        let later = now + Duration::from_secs(2);
        turns.spend(shard(1), later);
        assert_eq!(turns.remaining(later), 998);
        let until = later + IdentifyBudget::PERIOD;
        let hold = Hold::Lane;
        assert_eq!(turns.turn(shard(2), later), Turn::Held { until, hold });
    }

    #[test]
    fn turns_that_are_out_do_not_overdraw_the_budget_together() {
        let mut turns = turns(16, 103);
        let now = turns.origin.0;
        (0..16).for_each(|number| turns.join(shard(number)));
        let out = (0..16).filter(|number| turns.turn(shard(*number), now) == Turn::Now);
        assert_eq!(out.count(), 3, "a hundred are the reserve");
    }

    #[test]
    fn what_discord_says_later_counts_and_nobody_loses_its_place() {
        let mut turns = turns(1, 0);
        let now = turns.origin.0;
        let limit = |max_concurrency, remaining| SessionStartLimit {
            total: 1000,
            remaining,
            reset_after: 3_600_000,
            max_concurrency,
        };
        turns.join(shard(3));
        assert!(matches!(
            turns.turn(shard(3), now),
            Turn::Held {
                hold: Hold::Reserve,
                ..
            }
        ));
        turns.learn(limit(1, 500), now);
        assert_eq!(turns.turn(shard(3), now), Turn::Now);
        turns.join(shard(1));
        turns.learn(limit(2, 500), now);
        assert_eq!(
            turns.turn(shard(1), now),
            Turn::Behind,
            "the turn is still out"
        );
        turns.spend(shard(3), now);
        assert!(matches!(turns.turn(shard(1), now), Turn::Held { .. }));
        assert_eq!(turns.left(now), limit(2, 499));
    }
}
