//! A load on the Discord in a box: many shards with many guilds each, and many events a second.
//!
//! `cargo xtask bench load` runs it. The box is a process of its own (`load serve …`), which emits
//! the events and tells what it used; this process opens the sessions, counts what arrives and how
//! late, and prints one line for each rate.

#![expect(
    clippy::print_stdout,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock; both processes compare the same calendar"
)]

mod client;
mod serve;

use std::{
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use ovenjs_box_benches::{end, number};

/// The size of the load.
#[derive(Clone, Copy, Debug)]
struct Plan {
    shards: u32,
    guilds_each: u32,
    /// Events in one second, doubled from step to step.
    rate: u32,
    steps: u32,
    /// How long each step takes, in seconds.
    seconds: u32,
    compression: Compression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Zlib,
}

impl Plan {
    fn read(words: &[String]) -> Self {
        let at_least_one = |flag: &str, default: u32| number(words, flag, default).max(1);
        Self {
            shards: at_least_one("--shards", 100),
            guilds_each: at_least_one("--guilds", 1000),
            rate: at_least_one("--rate", 20_000),
            steps: at_least_one("--steps", 4),
            seconds: at_least_one("--seconds", 5),
            compression: match words.iter().any(|word| word == "--zlib") {
                true => Compression::Zlib,
                false => Compression::None,
            },
        }
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let plan = Plan::read(&words);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) if words.first().is_some_and(|word| word == "serve") => {
            runtime.block_on(serve::run(plan))
        }
        Ok(runtime) => runtime.block_on(client::run(plan, &words)),
        Err(error) => Err(error.into()),
    };
    end(done)
}

/// Microseconds since 1970, which both processes read from the same clock.
fn unix_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
}
