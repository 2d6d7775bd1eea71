//! Whether the shards should be more, or lie elsewhere, with the reasons, pure. It advises; it does
//! nothing.

use std::{collections::BTreeMap, fmt};

use ovenjs_types::ShardId;

/// What a shard has to carry: `Stats::loads` of a fleet makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardLoad {
    /// The shard.
    pub shard: ShardId,
    /// The process in which it runs, by any number.
    pub process: u32,
    /// How many guilds it has.
    pub guilds: u32,
    /// How many events it brought in some stretch of time, the same for all.
    pub events: u64,
}

/// One piece of advice, with its reason. Its `Display` is a sentence with the numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Advice {
    /// Run more shards: where all of them run in one process, `Fleet::reshard` does it without a
    /// restart.
    Reshard {
        /// How many.
        to: u32,
        /// Why.
        because: TooFew,
    },
    /// Run a shard in another process. No call does it: both are started again with other ranges of
    /// shards; with a `state` that both can read its session goes on.
    Move {
        /// The shard.
        shard: ShardId,
        /// From which process.
        from: u32,
        /// To which.
        to: u32,
        /// How many times the mean the fuller process carries, before and after.
        times: [f64; 2],
    },
    /// One shard carries much more than the others, and moving shards does not help it.
    Hot {
        /// The shard.
        shard: ShardId,
        /// How many times the mean it carries.
        times: f64,
    },
}

/// Why there are too few shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooFew {
    /// A shard has more guilds than Discord allows in one: the next identify is refused with 4011, and
    /// the shard gives up. Its session lives until then, and so re-sharding still works.
    OverLimit {
        /// The shard.
        shard: ShardId,
        /// How many guilds it has.
        guilds: u32,
    },
    /// A shard comes near that.
    NearLimit {
        /// The shard.
        shard: ShardId,
        /// How many guilds it has.
        guilds: u32,
    },
    /// Discord recommends more, by `GET /gateway/bot`.
    Recommended {
        /// How many there are now.
        now: u32,
    },
}

impl Advice {
    /// What is to be done about these shards, the most urgent first; nothing where all is well.
    ///
    /// `recommended` is the number of shards from `GET /gateway/bot`, where it is known. Shards of
    /// other processes may be missing: they are taken to be like the others.
    ///
    /// ```
    /// use ovenjs_gateway::{Advice, ShardLoad};
    /// use ovenjs_types::ShardId;
    ///
    /// let load = |number, guilds| ShardLoad {
    ///     shard: ShardId { number, total: 2 },
    ///     process: 0,
    ///     guilds,
    ///     events: 1_000,
    /// };
    /// assert_eq!(Advice::of(&[load(0, 1_100), load(1, 900)], None), []);
    /// let advice = Advice::of(&[load(0, 2_100), load(1, 1_900)], None);
    /// assert_eq!(
    ///     advice[0].to_string(),
    ///     "run 4 shards: shard 0/2 has 2100 guilds, and above 2500 Discord refuses it",
    /// );
    /// ```
    #[must_use]
    pub fn of(loads: &[ShardLoad], recommended: Option<u32>) -> Vec<Self> {
        let mut advice = Vec::new();
        advice.extend(reshard(loads, recommended));
        advice.extend(movement(loads));
        advice.extend(hot(loads));
        advice
    }
}

fn reshard(loads: &[ShardLoad], recommended: Option<u32>) -> Option<Advice> {
    let fullest = loads.iter().max_by_key(|load| load.guilds)?;
    let (shard, guilds) = (fullest.shard, fullest.guilds);
    let total = shard.total.max(1);
    let because = if guilds > GUILDS_MAX {
        TooFew::OverLimit { shard, guilds }
    } else if guilds > GUILDS_HIGH {
        TooFew::NearLimit { shard, guilds }
    } else if recommended.is_some_and(|recommended| recommended / 2 >= total) {
        TooFew::Recommended { now: total }
    } else {
        return None;
    };
    let seen: u64 = loads.iter().map(|load| u64::from(load.guilds)).sum();
    let known = u64::try_from(loads.len()).unwrap_or(u64::MAX);
    let all = (seen * u64::from(total)).div_ceil(known.max(1));
    let wanted = u32::try_from(all.div_ceil(GUILDS_GOOD)).unwrap_or(u32::MAX);
    let to = wanted.max(recommended.unwrap_or(0));
    // One full shard among many empty ones: the mean does not tell, so halve it.
    let to = if to > total {
        to
    } else {
        total.saturating_mul(2)
    };
    Some(Advice::Reshard { to, because })
}

/// The one move from the fullest process to the emptiest that leaves the fuller of both the least.
fn movement(loads: &[ShardLoad]) -> Option<Advice> {
    let mut processes: BTreeMap<u32, u64> = BTreeMap::new();
    for load in loads {
        *processes.entry(load.process).or_default() += load.events;
    }
    let (from, most) = processes.iter().max_by_key(|(_, events)| **events)?;
    let (to, least) = processes.iter().min_by_key(|(_, events)| **events)?;
    let (from, to, most, least) = (*from, *to, *most, *least);
    let amount = u64::try_from(processes.len()).unwrap_or(u64::MAX);
    let mean = processes.values().sum::<u64>() / amount.max(1);
    if most < EVENTS_MIN || times(most, mean) < UNEVEN {
        return None;
    }
    let candidates = loads.iter().filter(|load| load.process == from);
    let after = |load: &ShardLoad| (most - load.events).max(least + load.events);
    let best = candidates.min_by_key(|load| after(load))?;
    (after(best) < most).then(|| Advice::Move {
        shard: best.shard,
        from,
        to,
        times: [times(most, mean), times(after(best), mean)],
    })
}

fn hot(loads: &[ShardLoad]) -> Option<Advice> {
    let hottest = loads.iter().max_by_key(|load| load.events)?;
    let amount = u64::try_from(loads.len()).unwrap_or(u64::MAX);
    let mean = loads.iter().map(|load| load.events).sum::<u64>() / amount.max(1);
    let times = times(hottest.events, mean);
    (hottest.events >= EVENTS_MIN && times >= HOT).then_some(Advice::Hot {
        shard: hottest.shard,
        times,
    })
}

fn times(part: u64, mean: u64) -> f64 {
    let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(mean.max(1))
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reshard { to, because } => write!(f, "run {to} shards: {because}"),
            Self::Move {
                shard,
                from,
                to,
                times: [before, after],
            } => write!(
                f,
                "run shard {shard} in process {to} instead of {from}: that one carries {before:.1} times the mean, and would carry {after:.1} times",
            ),
            Self::Hot { shard, times } => write!(
                f,
                "give shard {shard} a process of its own, or run more shards: it carries {times:.1} times the mean",
            ),
        }
    }
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverLimit { shard, guilds } => write!(
                f,
                "shard {shard} has {guilds} guilds, and Discord refuses the next session of one above {GUILDS_MAX}",
            ),
            Self::NearLimit { shard, guilds } => write!(
                f,
                "shard {shard} has {guilds} guilds, and above {GUILDS_MAX} Discord refuses it",
            ),
            Self::Recommended { now } => {
                write!(f, "Discord recommends at least twice the {now} of now")
            }
        }
    }
}

/// Discord's limit on the guilds of a shard.
const GUILDS_MAX: u32 = 2_500;

/// From here on there is time to act, but not for ever.
const GUILDS_HIGH: u32 = 2_000;

/// About what Discord's own recommendation comes to.
const GUILDS_GOOD: u64 = 1_000;

/// A process that carries this many times the mean is worth a move, a shard this many a place of
/// its own.
const UNEVEN: f64 = 1.5;
const HOT: f64 = 4.0;

/// With fewer events in the stretch nothing can be said.
const EVENTS_MIN: u64 = 1_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn load(number: u32, process: u32, guilds: u32, events: u64) -> ShardLoad {
        let shard = ShardId { number, total: 8 };
        ShardLoad {
            shard,
            process,
            guilds,
            events,
        }
    }

    #[test]
    fn too_many_guilds_ask_for_more_shards() {
        let of = |guilds: u32, recommended| {
            let loads: Vec<_> = (0..8).map(|n| load(n, 0, guilds, 10)).collect();
            Advice::of(&loads, recommended)
        };
        assert_eq!(of(2_000, Some(15)), []);
        let to = |advice: Vec<Advice>| match &advice[..] {
            [Advice::Reshard { to, because }] => (*to, *because),
            other => panic!("{other:?}"),
        };
        let shard = ShardId {
            number: 7,
            total: 8,
        };
        let guilds = 2_001;
        assert_eq!(
            to(of(guilds, None)),
            (17, TooFew::NearLimit { shard, guilds })
        );
        let guilds = 2_501;
        assert_eq!(
            to(of(guilds, Some(32))),
            (32, TooFew::OverLimit { shard, guilds })
        );
        assert_eq!(to(of(10, Some(16))), (16, TooFew::Recommended { now: 8 }));
        // Only one shard of eight runs here, and it is full.
        let one = to(Advice::of(&[load(3, 0, 2_600, 0)], None));
        assert_eq!(one.0, 21);
        let mut uneven = vec![load(0, 0, 2_600, 0)];
        uneven.extend((1..8).map(|n| load(n, 0, 10, 0)));
        assert_eq!(to(Advice::of(&uneven, None)).0, 16);
    }

    #[test]
    fn one_busy_shard_is_named() {
        let mut loads: Vec<_> = (0..8).map(|n| load(n, 0, 10, 1_000)).collect();
        assert_eq!(Advice::of(&loads, None), []);
        loads[5].events = 30_000;
        let advice = Advice::of(&loads, None);
        assert!(matches!(&advice[..], [Advice::Hot { shard, .. }] if shard.number == 5));
        assert!(advice[0].to_string().contains("6.5 times"), "{}", advice[0]);
    }

    proptest! {
        #[test]
        fn following_the_advice_evens_processes_out_and_ends(
            events in prop::collection::vec((0_u32..4, 0_u64..100_000), 1..40),
        ) {
            let mut loads: Vec<_> = (0..).zip(events).map(|(n, (process, events))| load(n, process, 1, events)).collect();
            let fullest = |loads: &[ShardLoad]| {
                let mut sums = BTreeMap::new();
                for load in loads {
                    *sums.entry(load.process).or_insert(0_u64) += load.events;
                }
                let mut sums: Vec<u64> = sums.into_values().collect();
                sums.sort_unstable_by(|one, other| other.cmp(one));
                sums
            };
            for _ in 0..200 {
                let advice = Advice::of(&loads, None);
                let Some((shard, to)) = advice.iter().find_map(|advice| match advice {
                    Advice::Move { shard, to, .. } => Some((*shard, *to)),
                    _ => None,
                }) else {
                    return Ok(());
                };
                let before = fullest(&loads);
                loads.iter_mut().filter(|load| load.shard == shard).for_each(|load| load.process = to);
                prop_assert!(fullest(&loads) < before);
            }
            prop_assert!(false, "it never ends");
        }
    }
}
