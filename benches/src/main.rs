//! The hot paths of OvenJS, one by one.
//!
//! `list` names them, `run <path> <iterations>` runs one so that callgrind can count it (see
//! `cargo xtask bench gate`), `time` shows how long each takes here, `memory` what a million buckets of the
//! REST limiter take, `traces [folder]` what is found in memory on traces of others' caches, `bound <seconds>`
//! how far memory exceeds its bound under writers that never rest. A path asserts what it did, so
//! that a path which broke is not measured as a fast one.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a stopwatch reads the clock, and the pure crates are given a time to begin with"
)]

#[expect(clippy::as_conversions, reason = "shares for people to read")]
mod bound;
mod memory;
mod paths;
#[expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "it plays with tables of its own making, and tells shares for people to read"
)]
mod traces;

use paths::{HotPath, PATHS};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often each path is timed; the median of an odd number is one of them.
const ROUNDS: usize = 21;

/// The iterations of one timing: enough that what a path does once counts little, few enough to be
/// undisturbed.
const TIMED: u32 = 20_000;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => PATHS.iter().for_each(|path| println!("{}", path.name)),
        ["time"] => time(),
        ["memory"] if memory::tell() => {}
        ["memory"] => return failed("buckets take more than they may"),
        ["traces", folder @ ..] if folder.len() <= 1 => {
            match traces::tell(folder.first().map(Path::new)) {
                Ok(true) => {}
                Ok(false) => return failed("a goal is missed"),
                Err(error) => return failed(&error),
            }
        }
        ["bound", seconds] if bound::tell(seconds.parse().unwrap_or(1)) => {}
        ["bound", _] => return failed("memory exceeds its bound"),
        ["run", name, iterations] => {
            let path = PATHS.iter().find(|path| path.name == *name);
            let (Some(path), Ok(iterations)) = (path, iterations.parse()) else {
                eprintln!("error: no path {name}, or {iterations} is not a number of iterations");
                return ExitCode::FAILURE;
            };
            (path.run)(iterations);
        }
        _ => {
            return failed(
                "usage: ovenjs-benches list | time | memory | traces [folder] | bound <seconds> | \
                 run <path> <iterations>",
            );
        }
    }
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::FAILURE
}

/// Times the paths in turns, so that a machine that slows down slows all of them.
fn time() {
    let mut rounds: Vec<(&HotPath, Vec<Duration>)> = PATHS
        .iter()
        .map(|path| (path, Vec::with_capacity(ROUNDS)))
        .collect();
    for _ in 0..ROUNDS {
        for (path, times) in &mut rounds {
            times.push(per_iteration(path));
        }
    }
    println!(
        "{:<24} {:>10} {:>10} {:>10}",
        "path", "median", "least", "most"
    );
    for (path, mut times) in rounds {
        times.sort_unstable();
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        println!(
            "{:<24} {:>10} {:>10} {:>10}",
            path.name,
            shown(at(ROUNDS / 2)),
            shown(at(0)),
            shown(at(ROUNDS - 1))
        );
    }
}

/// The difference of a long and a short run, so that setting up is not timed.
fn per_iteration(path: &HotPath) -> Duration {
    let timed = |iterations| {
        let begun = Instant::now();
        (path.run)(iterations);
        begun.elapsed()
    };
    let short = timed(TIMED / 10);
    let long = timed(TIMED + TIMED / 10);
    long.saturating_sub(short) / TIMED
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    format!("{micros:.2} µs")
}
