//! Plays the gateway's rules against the Discord in a box, on a virtual clock, under faults that
//! follow from a seed.
//!
//! `cargo xtask sim --seeds 20000` plays so many runs and prints what they did; `--seed 7` plays one
//! again and tells its story. The same seed gives the same trace, in every build: `--traces` tells
//! those of the first seeds. `--hunt 60` plays until something breaks, or for so many seconds of
//! processor time.
//!
//! `simulation/seam` changes the number of shards on the way, and asks what became of each event between
//! the two generations.
//!
//! `plan` says what a run is like, `simulation` plays it. `ledger` and `witness` are the oracles:
//! what the consumer gets, and what is said on the wire. `runs` plays many.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "virtual time begins somewhere, and a stopwatch reads the clock"
)]
mod dice;
mod ledger;
mod plan;
mod runs;
mod simulation;
mod wire;
mod witness;

use std::{
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use plan::Plan;
use runs::Found;
use simulation::Broken;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |flag: &str| -> Option<u64> {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1)?.parse().ok()
    };
    if arguments.iter().any(|argument| argument == "--traces") {
        return match runs::tell_traces() {
            Ok(()) => ExitCode::SUCCESS,
            Err(broken) => {
                eprintln!("{}", broken.what);
                ExitCode::FAILURE
            }
        };
    }
    let from = number("--from").unwrap_or(0);
    let done = match (number("--seed"), number("--hunt")) {
        (Some(seed), _) => one(seed),
        (None, Some(seconds)) => hunt(from, Duration::from_secs(seconds)),
        (None, None) => many(from, number("--seeds").unwrap_or(200)),
    };
    if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays one seed and tells of it.
fn one(seed: u64) -> bool {
    let plan = Plan::from_seed(seed);
    println!("{plan:#?}");
    match runs::play(&plan, Instant::now(), true) {
        Ok(outcome) => {
            println!("{outcome:#?}");
            true
        }
        Err(broken) => {
            tell(&plan, &broken);
            false
        }
    }
}

/// Plays what found something once, and then many seeds, up to the first that breaks.
fn many(from: u64, count: u64) -> bool {
    let seeds: Vec<u64> = runs::regressions()
        .into_iter()
        .chain(from..from.saturating_add(count))
        .collect();
    match runs::many(&seeds, threads(), || false) {
        Ok(sum) => {
            println!("{}", sum.words());
            true
        }
        Err(found) => {
            again(&found);
            false
        }
    }
}

/// Plays until something breaks, and says after how much.
fn hunt(from: u64, budget: Duration) -> bool {
    let begun = Instant::now();
    let seeds: Vec<u64> = (from..from.saturating_add(HUNT_MAX)).collect();
    let is_over = || runs::processor_time(begun) >= budget;
    let hunted = runs::many(&seeds, threads(), is_over);
    let took = runs::processor_time(begun).as_secs_f64();
    match hunted {
        Ok(sum) => {
            println!("nothing in {} runs and {took:.1} s", sum.runs());
            true
        }
        Err(found) => {
            let Found { plan, broken, runs } = *found;
            println!(
                "found after {runs} runs and {took:.1} s by seed {}: {}",
                plan.seed, broken.what
            );
            false
        }
    }
}

/// Plays a broken seed once more, to tell its story.
fn again(found: &Found) {
    match runs::play(&found.plan, Instant::now(), true) {
        Err(broken) => tell(&found.plan, &broken),
        Ok(_) => tell(&found.plan, &found.broken),
    }
}

fn tell(plan: &Plan, broken: &Broken) {
    for line in &broken.story {
        eprintln!("{line}");
    }
    eprintln!("{plan:#?}");
    eprintln!(
        "seed {} breaks after {:.3} s: {}\nplay it again: cargo xtask sim --seed {}",
        plan.seed,
        broken.at.as_secs_f64(),
        broken.what,
        plan.seed,
    );
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// More seeds than any hunt gets to.
const HUNT_MAX: u64 = 1_000_000;
