//! Many runs: over all processors, in the order of their seeds, and what came of them.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    plan::Plan,
    simulation::{Broken, Outcome, run},
};

/// What many runs did together.
#[derive(Debug)]
pub(crate) struct Sum {
    outcomes: Vec<(u64, Outcome)>,
    twice: u64,
    took: Duration,
    threads: usize,
}

/// A seed that breaks.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) plan: Plan,
    pub(crate) broken: Broken,
    /// How many runs there were until then.
    pub(crate) runs: u64,
}

/// Plays one seed.
pub(crate) fn play(plan: &Plan, begun: Instant, tells: bool) -> Result<Outcome, Broken> {
    match catch_unwind(AssertUnwindSafe(|| run(plan, begun, tells))) {
        Ok(done) => done,
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Broken {
                at: Duration::ZERO,
                what: format!("panics: {}", words.unwrap_or("without words")),
                story: std::collections::VecDeque::new(),
            })
        }
    }
}

/// Plays seeds until the first that breaks, and every fiftieth of them twice. `until` ends it early.
pub(crate) fn many(
    seeds: &[u64],
    threads: usize,
    until: impl Fn() -> bool + Sync,
) -> Result<Sum, Box<Found>> {
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let results = Mutex::new((Vec::new(), None::<(u64, Broken)>));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let seed = usize::try_from(place).ok().and_then(|at| seeds.get(at));
                    // Places are given out in order, so all before a broken one are played.
                    let is_broken = || {
                        let results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results.1.is_some()
                    };
                    let Some(seed) = seed.filter(|_| !is_broken() && !until()) else {
                        return;
                    };
                    let done = once_or_twice(*seed, begun);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    match done {
                        Ok(outcome) => results.0.push((place, *seed, outcome)),
                        Err(broken) => {
                            if results.1.as_ref().is_none_or(|(first, _)| place < *first) {
                                results.1 = Some((place, broken));
                            }
                        }
                    }
                }
            });
        }
    });
    let (mut outcomes, broken) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((place, broken)) = broken {
        let seed = usize::try_from(place).ok().and_then(|at| seeds.get(at));
        return Err(Box::new(Found {
            plan: Plan::from_seed(seed.copied().unwrap_or_default()),
            broken,
            runs: place + 1,
        }));
    }
    outcomes.sort_unstable_by_key(|(place, ..)| *place);
    let outcomes: Vec<(u64, Outcome)> = outcomes
        .into_iter()
        .map(|(_, seed, outcome)| (seed, outcome))
        .collect();
    let twice = outcomes.iter().filter(|(seed, _)| is_twice(*seed)).count();
    Ok(Sum {
        twice: u64::try_from(twice).unwrap_or(u64::MAX),
        outcomes,
        took: begun.elapsed(),
        threads,
    })
}

fn once_or_twice(seed: u64, begun: Instant) -> Result<Outcome, Broken> {
    let plan = Plan::from_seed(seed);
    let outcome = play(&plan, begun, false)?;
    if is_twice(seed) && play(&plan, begun, false)? != outcome {
        return Err(Broken {
            at: Duration::ZERO,
            what: "the second run is another than the first".to_owned(),
            story: std::collections::VecDeque::new(),
        });
    }
    Ok(outcome)
}

impl Sum {
    /// One number for the traces of all runs.
    pub(crate) fn trace(&self) -> u64 {
        self.outcomes.iter().fold(0, |sum: u64, (seed, outcome)| {
            (sum.rotate_left(5) ^ outcome.trace).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed
        })
    }

    pub(crate) fn runs(&self) -> usize {
        self.outcomes.len()
    }

    /// What to print.
    pub(crate) fn words(&self) -> String {
        let sum = |number: fn(&Outcome) -> u64| -> u64 {
            self.outcomes
                .iter()
                .map(|(_, outcome)| number(outcome))
                .sum()
        };
        let time: f64 = self
            .outcomes
            .iter()
            .map(|(_, outcome)| outcome.took.as_secs_f64())
            .sum();
        let mut recovered: Vec<Duration> = self
            .outcomes
            .iter()
            .map(|(_, outcome)| outcome.recovered)
            .collect();
        recovered.sort_unstable();
        let at = |percent: usize| {
            let place = (recovered.len() * percent / 100).min(recovered.len().saturating_sub(1));
            let span = recovered.get(place).copied().unwrap_or_default();
            span.as_secs_f64()
        };
        format!(
            "{} runs ({} of them twice), {:.1} h of virtual time in {:.1} s on {} threads: {:.0} times as \
             fast as real time\n\
             {} steps; {} connections, {} identifies, {} resumes, {} processes replaced\n\
             {} events delivered once and in order, {} again after a kill; {} lost with {} sessions that \
             Discord ended, each told\n\
             {} questions answered, {} not in time\n\
             {} times the number of shards changed, {} times that was taken back; {} events may have come \
             twice\n\
             {} things happened in guilds beside, and {} guilds are in the mirror as they are at Discord\n\
             connected again after peace: median {:.1} s, 99 of 100 within {:.1} s, all within {:.1} s\n\
             trace {:016x}",
            self.runs(),
            self.twice,
            time / 3600.0,
            self.took.as_secs_f64(),
            self.threads,
            time / self.took.as_secs_f64(),
            sum(|outcome| outcome.steps),
            sum(|outcome| outcome.connects),
            sum(|outcome| outcome.identifies),
            sum(|outcome| outcome.resumes),
            sum(|outcome| outcome.replacements),
            sum(|outcome| outcome.delivered),
            sum(|outcome| outcome.again),
            sum(|outcome| outcome.lost),
            sum(|outcome| outcome.gaps),
            sum(|outcome| outcome.answered),
            sum(|outcome| outcome.unanswered),
            sum(|outcome| outcome.reshards),
            sum(|outcome| outcome.rolled_back),
            sum(|outcome| outcome.doubles),
            sum(|outcome| outcome.happenings),
            sum(|outcome| outcome.mirrored),
            at(50),
            at(99),
            at(100),
            self.trace(),
        )
    }
}

/// Tells the traces of the first seeds, one a line, for another build to be held against.
pub(crate) fn tell_traces() -> Result<(), Broken> {
    for seed in 0..TRACES {
        let trace = play(&Plan::from_seed(seed), Instant::now(), false)?.trace;
        println!("trace of {seed}: {trace:016x}");
    }
    Ok(())
}

/// Seeds that found something once.
pub(crate) fn regressions() -> Vec<u64> {
    let lines = include_str!("../regressions.txt").lines();
    let seeds = lines.filter_map(|line| line.split('#').next()?.trim().parse().ok());
    seeds.collect()
}

/// Processor time of this process. Where the system does not tell, it is real time.
pub(crate) fn processor_time(begun: Instant) -> Duration {
    let ticks = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| {
        let fields = stat.rsplit(')').next()?.split_whitespace();
        let ticks = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>());
        ticks.sum::<Result<u64, _>>().ok()
    });
    ticks.map_or_else(
        || begun.elapsed(),
        |ticks| Duration::from_millis(ticks.saturating_mul(1_000 / TICKS_PER_SECOND)),
    )
}

const fn is_twice(seed: u64) -> bool {
    seed.is_multiple_of(TWICE)
}

/// How many seeds tell their traces.
const TRACES: u64 = 20;

/// One in so many seeds is played twice.
const TWICE: u64 = 50;

/// Linux counts processor time for programs in hundredths.
const TICKS_PER_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_seeds_hold_and_the_same_seed_gives_the_same_trace() {
        let seeds: Vec<u64> = (0..12).chain(regressions()).collect();
        let once = many(&seeds, 2, || false).unwrap();
        let again = many(&seeds, 1, || false).unwrap();
        assert_eq!(once.outcomes, again.outcomes);
        assert_eq!(once.trace(), again.trace());
        let delivered: u64 = once
            .outcomes
            .iter()
            .map(|(_, outcome)| outcome.delivered)
            .sum();
        assert!(delivered > 1_000, "{}", once.words());
    }

    /// `cargo xtask sim --builds` holds what this says against what the optimised build says.
    #[test]
    fn the_first_seeds_tell_their_traces() {
        println!();
        tell_traces().unwrap();
    }

    #[test]
    fn other_seeds_give_other_traces() {
        let begun = Instant::now();
        let trace = |seed| play(&Plan::from_seed(seed), begun, false).unwrap().trace;
        assert_ne!(trace(0), trace(1));
    }
}
