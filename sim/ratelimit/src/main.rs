//! A Discord that limits, on a virtual clock, and what schedulers of REST requests make of it.
//!
//! `cargo xtask sim ratelimit` prints a table: one block for each case, in it ours and three others'
//! ways, and below them the goals. `--seeds 100` plays more, `--case global` those alone whose names
//! hold the word, `--seed 7` one seed. `--requests 10000000` plays worlds of every kind until so many
//! requests have left; a 429 by our own fault fails, and `--story 7` tells what led to it, with
//! `--case` in that row. `--grid` plays
//! every combination of delays, clocks, limits and faults once, and prints where a 429 was our own
//! fault. The same seed is the same run, in every build, but for twilight's,
//! whose limiter takes its buckets in an order left to chance. It fails where ours misses a goal.
//!
//! # What is judged
//!
//! The client has a clock of its own, which runs faster or slower than the server's, and knows what a
//! client knows: the documentation and the answers. The server counts arrivals, not departures, in
//! windows that begin with their first arrival, in windows on a grid, or in leaky buckets; it changes
//! limits on the way, has limits that no header shows, resources that others use up, and a global
//! limit by any of the three rules, whose state it never shows. Requests and answers overtake each
//! other, some are lost, some answered with 500.
//!
//! *U* is what was accepted, in percent of what a scheduler gets accepted that knows the server's
//! state, all delays and all that will be wanted, and never gets a 429. Where all there is to do is done,
//! *time* is that scheduler's time in percent of the policy's. The bound of a fixed window follows from
//! the law of delays: whoever sends so that nothing arrives early begins each window late, by as much as
//! the fastest of its requests is slower than the fastest possible.
//!
//! A 429 is *early* where it was avoidable given the answers seen when the request left. Counted apart
//! are the first hits of the global limit, of a hidden limit, of a resource that others used up and of
//! a limit that had changed or of which nothing was told, each until the first answer that tells of it is
//! received.
//!
//! # What is not
//!
//! The law of delays, the three models of the global limit and the sizes of hidden limits are
//! assumptions; Discord documents none of them. Processing at the server takes no time. Several processes
//! that share a token are played with ours alone, since no other shares limits among them. Twilight's way
//! is the limiter that its client has; the other two are re-implemented after their sources.
//! Nobody here retries what is lost. What a policy costs is measured by the benches.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "it plays with tables and numbers of its own making; whatever is off here is a bug here"
)]

mod case;
mod chaos;
mod clairvoyant;
mod clock;
mod grid;
mod judge;
mod law;
mod many;
mod policy;
mod run;
mod server;
mod table;
#[cfg(test)]
mod tests;
mod turns;
mod world;

use case::CASES;
use std::{process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |flag: &str| -> Option<&String> {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1)
    };
    let number = |flag: &str| -> Option<u64> { word(flag)?.parse().ok() };
    let only = word("--case").map(String::as_str);
    if let Some(seed) = number("--story") {
        let case = only.and_then(|only| CASES.iter().find(|case| case.name == only));
        return judged(chaos::story(seed, case));
    }
    if let Some(requests) = number("--requests") {
        return judged(chaos::tell(requests));
    }
    if arguments.iter().any(|argument| argument == "--grid") {
        return judged(grid::tell(number("--seed").unwrap_or_default()));
    }
    let seeds: Vec<u64> = match number("--seed") {
        Some(seed) => vec![seed],
        None => (0..number("--seeds").unwrap_or(SEEDS)).collect(),
    };
    judged(table::tell(only, &seeds))
}

fn judged(holds: bool) -> ExitCode {
    if holds {
        ExitCode::SUCCESS
    } else {
        eprintln!("ours misses a goal that it is to hold");
        ExitCode::FAILURE
    }
}

/// Where virtual time begins.
#[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
fn began() -> Instant {
    Instant::now()
}

/// So many runs for each row.
const SEEDS: u64 = 20;
