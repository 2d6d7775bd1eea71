//! When a shard may identify: the lanes, the daily budget, and what keeps a crash loop from burning
//! it.
//!
//! The budget is remembered as the list of the starts themselves. All else follows from it, so that
//! it can be written down, read by the next process, and merged with what another process knows.

use std::{collections::BTreeMap, fmt, time::Duration};

/// The identifies of the last day, over all shards, processes and restarts. A value: `now_ms` is
/// wall-clock time in milliseconds since 1970, given by the caller.
///
/// Whoever identifies asks first, notes the [`start`](Self::start) and writes the budget down
/// *before* it sends; and notes that the session [`held`](Self::held) once it has. With feature
/// `serde` it can be written and read.
///
/// ```
/// use ovenjs_ratelimit::{Hold, IdentifyBudget, IdentifyRules};
///
/// let rules = IdentifyRules::new(1);
/// let mut budget = IdentifyBudget::new();
/// let now = 1_800_000_000_000;
/// budget.report(now, 1_000, 998, 3_600_000);
///
/// assert!(budget.ask(now, 0, &rules).is_ok());
/// budget.start(now, 0);
/// assert_eq!(budget.remaining(now), 997);
/// // Shard 1 is in the same lane.
/// assert_eq!(budget.ask(now, 1, &rules).unwrap_err().hold, Hold::Lane);
///
/// // A shard whose sessions do not hold waits longer and longer.
/// let mut now = now + 10_000;
/// for _ in 0..2 {
///     budget.start(now, 0);
///     now += 10_000;
/// }
/// budget.start(now, 0);
/// let wait = budget.ask(now, 0, &rules).unwrap_err();
/// assert_eq!((wait.hold, wait.until_ms), (Hold::Breaker, now + 40_000));
/// budget.held(0);
/// assert_eq!(budget.ask(now, 0, &rules).unwrap_err().hold, Hold::Lane);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct IdentifyBudget {
    /// Oldest first.
    starts: Vec<Start>,
    report: Option<Report>,
}

/// One identify: when in milliseconds, which shard, and whether its session held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Start(u64, u32, bool);

/// What Discord said last about the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Report {
    at_ms: u64,
    total: u32,
    remaining: u32,
    resets_at_ms: u64,
}

/// How an [`IdentifyBudget`] is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentifyRules {
    /// How many shards may identify within five seconds: one for each remainder of
    /// `shard % max_concurrency`.
    pub max_concurrency: u32,
    /// How much of the budget, in percent, is never spent: it is for a person who repairs things.
    /// Default: 10.
    pub reserve_percent: u32,
}

/// The answer to who may not identify yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// When to ask again. It may have become sooner by then, e.g. where a session has held.
    pub until_ms: u64,
    /// Why.
    pub hold: Hold,
}

/// Why an identify has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// Another shard of the same lane has just identified, or is first.
    Lane,
    /// What is left of the budget is kept back.
    Reserve,
    /// The budget runs low and sessions do not hold: what is left is spread over the time until it
    /// is renewed.
    Pace,
    /// The shard's last sessions did not hold: a crash loop must not burn the budget.
    Breaker,
}

impl IdentifyRules {
    /// The rules with the `max_concurrency` of `GET /gateway/bot`; nought counts as one.
    #[must_use]
    pub const fn new(max_concurrency: u32) -> Self {
        Self {
            max_concurrency: if max_concurrency == 0 {
                1
            } else {
                max_concurrency
            },
            reserve_percent: RESERVE_PERCENT,
        }
    }

    /// Keeps this much of the budget back, in percent.
    #[must_use]
    pub const fn reserve_percent(mut self, percent: u32) -> Self {
        self.reserve_percent = percent;
        self
    }

    /// The lane of a shard: Discord's `rate_limit_key`.
    #[must_use]
    pub const fn lane(&self, shard: u32) -> u32 {
        match shard.checked_rem(self.max_concurrency) {
            Some(lane) => lane,
            None => 0,
        }
    }

    /// The bucket of a shard. Discord wants them started in order.
    #[must_use]
    pub const fn bucket(&self, shard: u32) -> u32 {
        match shard.checked_div(self.max_concurrency) {
            Some(bucket) => bucket,
            None => shard,
        }
    }
}

impl IdentifyBudget {
    /// How long a lane rests after an identify: Discord's five seconds, and a quarter of one since
    /// the second packet may travel faster than the first.
    pub const PERIOD: Duration = Duration::from_millis(5_250);

    /// A session that lived this long has held, as has one that was resumed.
    pub const HELD_AFTER: Duration = Duration::from_mins(5);

    /// A budget of which nothing is known: Discord's least, 1,000 a day.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            starts: Vec::new(),
            report: None,
        }
    }

    /// Whether `shard` may identify.
    ///
    /// # Errors
    ///
    /// When to ask again, and why not now.
    pub fn ask(&self, now_ms: u64, shard: u32, rules: &IdentifyRules) -> Result<(), Held> {
        let total = self.total();
        let spare = self.spare(now_ms, rules);
        let resets_at_ms = self.resets_at_ms(now_ms);
        if spare == 0 {
            return Err(Held {
                until_ms: resets_at_ms,
                hold: Hold::Reserve,
            });
        }
        let in_vain = self.in_vain(shard);
        let breaker = in_vain.last_ms.map(|last_ms| {
            let until_ms = last_ms.min(now_ms) + millis(breaker_wait(in_vain.count));
            (until_ms, Hold::Breaker)
        });
        let low = if in_vain.count >= FREE_STARTS {
            total / 2
        } else {
            total / 4
        };
        let pace = (in_vain.count > 0 && spare <= low).then(|| {
            let gap_ms = resets_at_ms.saturating_sub(now_ms) / u64::from(spare);
            self.last(|_| true)
                .map(|last_ms| (last_ms.min(now_ms) + gap_ms, Hold::Pace))
        });
        let lane = self
            .last(|other| rules.lane(other) == rules.lane(shard))
            .map(|last_ms| (last_ms.min(now_ms) + millis(Self::PERIOD), Hold::Lane));
        let longest = [breaker, pace.flatten(), lane]
            .into_iter()
            .flatten()
            .max_by_key(|(until_ms, _)| *until_ms);
        match longest {
            Some((until_ms, hold)) if until_ms > now_ms => Err(Held { until_ms, hold }),
            _ => Ok(()),
        }
    }

    /// A shard identifies now.
    pub fn start(&mut self, now_ms: u64, shard: u32) {
        self.starts.push(Start(now_ms, shard, false));
        self.tidy(now_ms);
    }

    /// The last session of a shard has lived for [`HELD_AFTER`](Self::HELD_AFTER), or was resumed.
    pub fn held(&mut self, shard: u32) {
        let of_shard = |start: &&mut Start| start.1 == shard;
        if let Some(start) = self.starts.iter_mut().rev().find(of_shard) {
            start.2 = true;
        }
    }

    /// Discord said how many starts there are in all, how many are left, and in how many
    /// milliseconds they are counted anew. Where that is less than what is remembered, it holds;
    /// where it is more, it does not.
    pub fn report(&mut self, now_ms: u64, total: u32, remaining: u32, reset_after_ms: u64) {
        self.report = Some(Report {
            at_ms: now_ms,
            total: total.max(1),
            remaining: remaining.min(total.max(1)),
            resets_at_ms: now_ms.saturating_add(reset_after_ms.min(DAY_MS)),
        });
        self.tidy(now_ms);
    }

    /// Adds what another process remembers. Merging in any order, or twice, gives the same.
    pub fn merge(&mut self, other: &Self) {
        let mut all = BTreeMap::new();
        for Start(at_ms, shard, held) in self.starts.iter().chain(&other.starts) {
            *all.entry((*at_ms, *shard)).or_insert(false) |= held;
        }
        self.starts = all
            .into_iter()
            .map(|((at_ms, shard), held)| Start(at_ms, shard, held))
            .collect();
        let order = |report: &Report| {
            (
                report.at_ms,
                report.resets_at_ms,
                std::cmp::Reverse((report.remaining, report.total)),
            )
        };
        self.report = self
            .report
            .into_iter()
            .chain(other.report)
            .max_by_key(order);
        let newest = self.starts.last().map_or(0, |start| start.0);
        self.tidy(newest);
    }

    /// Forgets that sessions did not hold: a person has repaired what was wrong, and the breaker
    /// need not wait. The budget is as it was.
    pub fn forgive(&mut self) {
        self.starts.iter_mut().for_each(|start| start.2 = true);
    }

    /// How many starts are left until [`resets_at_ms`](Self::resets_at_ms), the reserve included.
    #[must_use]
    pub fn remaining(&self, now_ms: u64) -> u32 {
        let Some(report) = self.report else {
            let since = now_ms.saturating_sub(DAY_MS);
            return TOTAL_LEAST.saturating_sub(self.since(since));
        };
        let since = self.resets_at_ms(now_ms).saturating_sub(DAY_MS);
        let own = self.since(since);
        let remaining = report.total.saturating_sub(own);
        if now_ms < report.resets_at_ms {
            let later = self.since(report.at_ms);
            remaining.min(report.remaining.saturating_sub(later))
        } else {
            remaining
        }
    }

    /// How many starts are left beside the reserve.
    #[must_use]
    pub fn spare(&self, now_ms: u64, rules: &IdentifyRules) -> u32 {
        let reserve = share(self.total(), rules.reserve_percent);
        self.remaining(now_ms).saturating_sub(reserve)
    }

    /// How many sessions of a shard were begun since the last one that held.
    #[must_use]
    pub fn begun_in_vain(&self, shard: u32) -> u32 {
        self.in_vain(shard).count
    }

    /// When starts are counted anew.
    #[must_use]
    pub fn resets_at_ms(&self, now_ms: u64) -> u64 {
        match self.report {
            Some(report) => {
                let past = now_ms.saturating_sub(report.resets_at_ms);
                let windows = if now_ms < report.resets_at_ms {
                    0
                } else {
                    past / DAY_MS + 1
                };
                report.resets_at_ms.saturating_add(windows * DAY_MS)
            }
            // Without knowing when Discord's day begins, any day counts: the next place is free
            // when the oldest start is a day old.
            None => {
                let first = self
                    .starts
                    .partition_point(|start| start.0 < now_ms.saturating_sub(DAY_MS));
                let oldest = self.starts.get(first).map_or(now_ms, |start| start.0);
                oldest.min(now_ms) + DAY_MS + 1
            }
        }
    }

    /// How many starts Discord allows a day.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.report.map_or(TOTAL_LEAST, |report| report.total)
    }

    /// The starts of a shard since the last one that held.
    fn in_vain(&self, shard: u32) -> InVain {
        let mut in_vain = InVain::default();
        let of_shard = self.starts.iter().rev().filter(|start| start.1 == shard);
        for start in of_shard.take_while(|start| !start.2) {
            in_vain.last_ms.get_or_insert(start.0);
            in_vain.count += 1;
        }
        in_vain
    }

    fn last(&self, wanted: impl Fn(u32) -> bool) -> Option<u64> {
        let mut latest = self.starts.iter().rev();
        latest.find(|start| wanted(start.1)).map(|start| start.0)
    }

    /// How many starts there were at this moment and after it.
    fn since(&self, since_ms: u64) -> u32 {
        let before = self.starts.partition_point(|start| start.0 < since_ms);
        u32::try_from(self.starts.len().saturating_sub(before)).unwrap_or(u32::MAX)
    }

    fn tidy(&mut self, now_ms: u64) {
        self.starts.sort_by_key(|start| (start.0, start.1));
        let too_old = now_ms.saturating_sub(DAY_MS);
        let old = self.starts.partition_point(|start| start.0 < too_old);
        let too_many = self.starts.len().saturating_sub(STARTS_MAX);
        self.starts.drain(..old.max(too_many));
    }
}

#[derive(Default)]
struct InVain {
    count: u32,
    last_ms: Option<u64>,
}

/// The first starts of a shard are free: bots are restarted by hand as well. Then waits double.
fn breaker_wait(starts: u32) -> Duration {
    match starts.checked_sub(FREE_STARTS) {
        Some(more) => BREAKER_BASE
            .saturating_mul(2_u32.saturating_pow(more))
            .min(BREAKER_MAX),
        None => Duration::ZERO,
    }
}

fn share(total: u32, percent: u32) -> u32 {
    let share = (u64::from(total) * u64::from(percent.min(100))).div_ceil(100);
    u32::try_from(share).unwrap_or(total)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lane => "one shard of a lane in five seconds",
            Self::Reserve => {
                "no session starts are left but the reserve; going on would cost the token"
            }
            Self::Pace => "few session starts are left, so they are spread until their renewal",
            Self::Breaker => "the last sessions of this shard did not hold",
        })
    }
}

/// After which Discord counts session starts anew.
const DAY_MS: u64 = 86_400_000;

/// What Discord gives every bot.
const TOTAL_LEAST: u32 = 1_000;

/// Enough for a person to repair and restart a bot of a hundred shards.
const RESERVE_PERCENT: u32 = 10;

/// More are remembered for no bot: some 250 KiB when written down. The oldest are forgotten first;
/// what Discord reports holds all the same.
const STARTS_MAX: usize = 10_000;

/// How many sessions of a shard may fail before the breaker opens.
const FREE_STARTS: u32 = 3;

/// The breaker's first wait, and its longest: who has repaired the bot waits no longer than that.
const BREAKER_BASE: Duration = Duration::from_secs(20);
const BREAKER_MAX: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    /// A bot that crashes for a day: every `life_ms` all its shards begin anew, where they may.
    /// Returns how many identifies Discord saw, and in how many of 24 hours there was one.
    fn crash_loop(shards: u32, crashes: u64, total: u32, max_concurrency: u32) -> (u32, usize) {
        let rules = IdentifyRules::new(max_concurrency);
        let mut written = IdentifyBudget::new();
        written.report(NOW, total, total, DAY_MS);
        let life_ms = DAY_MS / crashes;
        let ask = |budget: &IdentifyBudget, now, shard, taken: &std::collections::BTreeSet<u32>| {
            let free = !taken.contains(&rules.lane(shard));
            free.then(|| budget.ask(now, shard, &rules))
        };
        let (mut seen, mut hours) = (0, std::collections::BTreeSet::new());
        for crash in 0..crashes {
            let born = NOW + crash * life_ms;
            // The next process knows what was written down and nothing else.
            let mut budget = written.clone();
            let mut now = born;
            let mut waiting: Vec<u32> = (0..shards).collect();
            while !waiting.is_empty() && now < born + life_ms {
                let end = born + life_ms;
                let mut next = end;
                let mut taken = std::collections::BTreeSet::new();
                waiting.retain(|shard| match ask(&budget, now, *shard, &taken) {
                    None => true,
                    Some(Ok(())) => {
                        budget.start(now, *shard);
                        taken.insert(rules.lane(*shard));
                        next = next.min(now + 5_250);
                        written = budget.clone();
                        seen += 1;
                        hours.insert((now - NOW) / 3_600_000);
                        false
                    }
                    Some(Err(held)) => {
                        assert!(held.until_ms > now);
                        next = next.min(held.until_ms);
                        if held.hold == Hold::Lane {
                            taken.insert(rules.lane(*shard));
                        }
                        held.until_ms < end
                    }
                });
                now = next;
            }
        }
        (seen, hours.len())
    }

    #[test]
    fn two_thousand_crashes_in_a_day_leave_the_reserve_and_the_bot_is_tried_all_day() {
        for (shards, max_concurrency) in [(1, 1), (2, 1), (16, 1), (16, 16), (48, 16)] {
            let (seen, hours) = crash_loop(shards, 2_000, 1_000, max_concurrency);
            assert!(seen <= 900, "{shards} shards: {seen} identifies");
            assert!(hours >= 23, "{shards} shards: tried in {hours} of 24 hours");
        }
        let (seen, _) = crash_loop(1, 2_000, 1_000, 1);
        assert!((250..400).contains(&seen), "{seen}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

        #[test]
        fn no_crash_loop_touches_the_reserve(
            shards in 1_u32..60,
            crashes in 1_u64..200,
            total in prop::sample::select(vec![1_000_u32, 2_000]),
            max_concurrency in prop::sample::select(vec![1_u32, 2, 16, 64]),
        ) {
            let (seen, _) = crash_loop(shards, crashes, total, max_concurrency);
            prop_assert!(seen <= total - total / 10, "{} identifies", seen);
        }

        #[test]
        fn merging_is_a_union(
            one in prop::collection::vec((0_u64..50, 0_u32..3, any::<bool>()), 0..20),
            other in prop::collection::vec((0_u64..50, 0_u32..3, any::<bool>()), 0..20),
            reports in prop::collection::vec(prop::option::of((0_u64..5, 0_u32..100)), 2),
        ) {
            let make = |starts: &[(u64, u32, bool)], report: Option<(u64, u32)>| {
                let mut budget = IdentifyBudget::new();
                for (at, shard, held) in starts {
                    budget.merge(&IdentifyBudget {
                        starts: vec![Start(NOW + at, *shard, *held)],
                        report: None,
                    });
                }
                if let Some((at, remaining)) = report {
                    budget.report(NOW + at, 1_000, remaining, 1_000);
                }
                budget
            };
            let (one, other) = (make(&one, reports[0]), make(&other, reports[1]));
            let (mut forth, mut back) = (one.clone(), other.clone());
            forth.merge(&other);
            back.merge(&one);
            prop_assert_eq!(&forth, &back);
            let before = forth.clone();
            forth.merge(&one);
            prop_assert_eq!(&forth, &before);
            prop_assert!(forth.remaining(NOW + 50) <= one.remaining(NOW + 50).min(other.remaining(NOW + 50)) || one.report != other.report);
        }

        #[test]
        fn whatever_was_written_down_nothing_panics(
            starts in prop::collection::vec((any::<u64>(), any::<u32>(), any::<bool>()), 0..20),
            report in prop::option::of((any::<u64>(), any::<u32>(), any::<u32>(), any::<u64>())),
            now in 0_u64..u64::MAX / 4,
            max_concurrency in any::<u32>(),
        ) {
            let starts = starts.into_iter().map(|(at, shard, held)| Start(at / 4, shard, held)).collect();
            let mut budget = IdentifyBudget { starts, report: None };
            if let Some((at, total, remaining, reset)) = report {
                budget.report(at / 4, total, remaining, reset);
            }
            let rules = IdentifyRules::new(max_concurrency).reserve_percent(max_concurrency);
            if let Err(held) = budget.ask(now, 7, &rules) {
                prop_assert!(held.until_ms > now, "{held:?} at {now}");
                // A clock that ran ahead once holds nobody longer than a day.
                prop_assert!(held.until_ms <= now + DAY_MS + 1 || held.hold == Hold::Reserve);
            }
            budget.merge(&budget.clone());
            budget.start(now, 7);
        }
    }

    #[test]
    fn the_smaller_of_what_is_remembered_and_what_is_reported_holds() {
        let mut budget = IdentifyBudget::new();
        (0..400).for_each(|n| budget.start(NOW + n, 0));
        assert_eq!(budget.remaining(NOW + 1_000), 600);
        // Another program has used the token as well.
        budget.report(NOW + 1_000, 1_000, 500, 3_600_000);
        assert_eq!(budget.remaining(NOW + 1_000), 500);
        // The answer is older than the last starts.
        budget.report(NOW + 1_000, 1_000, 990, 3_600_000);
        assert_eq!(budget.remaining(NOW + 1_000), 600);
        let later = NOW + 1_000 + 3_600_000;
        assert_eq!(budget.remaining(later - 1), 600);
        assert_eq!(budget.remaining(later), 1_000, "counted anew");
        assert_eq!(budget.resets_at_ms(later), later + DAY_MS);
        assert_eq!(budget.remaining(later + 5 * DAY_MS), 1_000);
    }

    #[test]
    fn the_reserve_is_for_people() {
        let mut budget = IdentifyBudget::new();
        budget.report(NOW, 1_000, 100, 60_000);
        let rules = IdentifyRules::new(16);
        let held = budget.ask(NOW, 0, &rules).unwrap_err();
        assert_eq!((held.until_ms, held.hold), (NOW + 60_000, Hold::Reserve));
        assert!(budget.ask(NOW, 0, &rules.reserve_percent(0)).is_ok());
        assert!(budget.ask(NOW + 60_000, 0, &rules).is_ok());
    }

    #[test]
    fn a_session_that_held_closes_the_breaker_as_does_a_person() {
        let rules = IdentifyRules::new(1);
        let mut budget = IdentifyBudget::new();
        let mut now = NOW;
        for _ in 0..12 {
            budget.start(now, 4);
            now += 6_000;
        }
        let held = budget.ask(now, 4, &rules).unwrap_err();
        assert_eq!(
            (held.until_ms, held.hold),
            (now - 6_000 + 300_000, Hold::Breaker)
        );
        assert!(
            budget.ask(now, 5, &rules).is_ok(),
            "another shard is not to blame"
        );
        let mut forgiven = budget.clone();
        forgiven.forgive();
        assert!(forgiven.ask(now, 4, &rules).is_ok());
        budget.held(4);
        assert!(budget.ask(now, 4, &rules).is_ok());
    }

    #[test]
    fn a_large_bot_that_is_restarted_in_health_is_not_slowed() {
        let rules = IdentifyRules::new(16);
        let mut budget = IdentifyBudget::new();
        budget.report(NOW, 1_000, 1_000, DAY_MS);
        let mut now = NOW;
        for _ in 0..3 {
            for shard in 0..256 {
                while let Err(held) = budget.ask(now, shard, &rules) {
                    assert_eq!(held.hold, Hold::Lane);
                    now = held.until_ms;
                }
                budget.start(now, shard);
            }
            (0..256).for_each(|shard| budget.held(shard));
        }
        assert!(now - NOW < 3 * 17 * 5_250, "{} ms", now - NOW);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_for_long() {
        let rules = IdentifyRules::new(1);
        let mut budget = IdentifyBudget::new();
        (0..9).for_each(|n| budget.start(NOW + 3 * DAY_MS + n, 0));
        let held = budget.ask(NOW, 0, &rules).unwrap_err();
        assert_eq!(held.until_ms, NOW + 300_000);
    }
}
