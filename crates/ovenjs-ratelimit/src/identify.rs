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
mod tests;
