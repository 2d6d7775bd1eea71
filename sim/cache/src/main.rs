//! Processes, a network and two stores on a virtual clock, and whether the cache's promises hold.
//!
//! `cargo xtask sim cache` plays 100,000 histories; `--histories 7` so many, `--from 7` those from that seed on,
//! `--story 7` that of one seed, and tells it. The same seed is the same history.
//!
//! # What is played
//!
//! What is shipped: `Tiered`, its memory, its queues and its port to stores, three processes of it on tokio's
//! paused clock. Between them and two stores lies a network that delays each question and each answer by a
//! random time, so that they overtake each other, loses some, is slow or cut for a while between one process and
//! one store. What has left a process arrives although who asked gave up or was killed. Processes are killed and
//! begin anew with nothing; the second store forgets all, as a Redis that is started anew. Who tells events is
//! deposed, and goes on for a while as if it were not. In one history of three the keyspace is warmed: values are
//! brought up, leave the second store and are brought in by who has them at hand, and now and then a minute passes.
//! In one history of four all goes well, in another one clocks are up to a second apart.
//!
//! # What is judged
//!
//! Each value says which state of which key it is, and by which load it came. Of each process and key:
//!
//! - *monotonic*: a read that begins after another one ended gives nothing older. Of events the order is that of
//!   their versions, of a row which state was true when; of what is put without a version there is one order,
//!   whatever it is, which nobody sees reversed. What was loaded here is newer than what others put or loaded more
//!   than a second before: nearer than that their order is the clocks';
//! - *own writes*: it gives nothing older than what the process wrote before it began;
//! - *no resurrection*: for a minute after a deletion was written, nothing from before it is given out;
//! - *shards*: what one shard told is never replaced by what another one told in the same epoch;
//! - *loads*: what a load brings was true when it began or later, a process loads a key once at a time, and where
//!   that is asked for all processes together do, as long as nothing is lost;
//! - *found*: where all goes well and nobody has deleted it, what a process knew it finds;
//! - *nothing from nowhere*: a value is what somebody wrote or loaded, of this key;
//! - *flushed*: what was kept when a process has written all is in the last store;
//! - *at rest*, which one history of four comes to, with all mended and everything written out, and a minute
//!   later where the second store had forgotten, a process that begins finds the newest event that somebody alive
//!   was told is kept, and what is given out of rows is true. What is written then all have seen within seconds.
//!
//! # What is not
//!
//! moka evicts by a clock of its own, so that values leave memory here by the queue of `Eviction::Fifo` and by
//! sweeping. The log of others' writes and the journal are not there. Real stores are played by the stores' own
//! tests.

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

mod deeds;
mod history;
mod judge;
mod network;
#[cfg(test)]
mod tests;

use history::Played;
use std::{
    collections::HashMap,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = HashMap::new();
    for pair in arguments.chunks(2) {
        let number = pair.get(1).and_then(|number| number.parse::<u64>().ok());
        let (true, Some(number)) = (FLAGS.contains(&pair[0].as_str()), number) else {
            eprintln!("usage: ovenjs-cache-sim [{} NUMBER]...", FLAGS.join("|"));
            return ExitCode::FAILURE;
        };
        numbers.insert(pair[0].as_str(), number);
    }
    let number = |flag: &str| -> Option<u64> { numbers.get(flag).copied() };
    if let Some(seed) = number("--story") {
        let played = history::play(seed, true, None);
        for line in &played.story {
            println!("{line}");
        }
        return judged(played.violations.is_empty());
    }
    if let Some(seconds) = number("--hunt") {
        return hunt(seconds);
    }
    let histories = number("--histories").unwrap_or(HISTORIES);
    let from = number("--from").unwrap_or_default();
    let (next, tallies) = (AtomicU64::new(from), Tallies::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(histories) {
                        break;
                    }
                    tallies.add(seed, &history::play(seed, false, None));
                }
            });
        }
    });
    tallies.tell(histories);
    judged(tallies.broken.into_inner() == 0)
}

const FLAGS: [&str; 4] = ["--histories", "--from", "--story", "--hunt"];

/// Looks for a history that breaks a promise, for so many seconds: one of the tiers' rules is wrong.
#[expect(
    clippy::disallowed_methods,
    reason = "how long to look is a matter of real time"
)]
fn hunt(seconds: u64) -> ExitCode {
    let begun = Instant::now();
    for seed in 0.. {
        if begun.elapsed().as_secs() >= seconds {
            println!("not found in {seed} histories");
            break;
        }
        if let Some(first) = history::play(seed, false, None).violations.first() {
            println!("found by seed {seed}: {first}");
            break;
        }
    }
    ExitCode::SUCCESS
}

fn judged(holds: bool) -> ExitCode {
    if holds {
        ExitCode::SUCCESS
    } else {
        eprintln!("a promise is broken: cargo xtask sim cache --story SEED tells how");
        ExitCode::FAILURE
    }
}

#[derive(Default)]
struct Tallies {
    reads: AtomicU64,
    found: AtomicU64,
    writes: AtomicU64,
    failed: AtomicU64,
    lost: AtomicU64,
    kills: AtomicU64,
    cuts: AtomicU64,
    emptied: AtomicU64,
    deposed: AtomicU64,
    moved: AtomicU64,
    broken: AtomicU64,
}

impl Tallies {
    fn add(&self, seed: u64, played: &Played) {
        let counters = [
            (&self.reads, played.reads),
            (&self.found, played.found),
            (&self.writes, played.writes),
            (&self.failed, played.failed),
            (&self.lost, played.lost),
            (&self.kills, played.kills),
            (&self.cuts, played.cuts),
            (&self.emptied, played.emptied),
            (&self.deposed, played.deposed),
            (&self.moved, played.moved),
        ];
        for (counter, more) in counters {
            counter.fetch_add(more, Ordering::Relaxed);
        }
        if let Some(first) = played.violations.first()
            && self.broken.fetch_add(1, Ordering::Relaxed) < TOLD_MAX
        {
            eprintln!("seed {seed}: {first}");
        }
    }

    fn tell(&self, histories: u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        println!(
            "{histories} histories: {} reads, of which {} found something, {} writes, {} of both told of a failure; \
             {} messages lost, {} kills, {} cuts and slow lines, the second store emptied {} times, {} deposed, \
             {} values moved between the tiers; \
             {} histories broke a promise",
            count(&self.reads),
            count(&self.found),
            count(&self.writes),
            count(&self.failed),
            count(&self.lost),
            count(&self.kills),
            count(&self.cuts),
            count(&self.emptied),
            count(&self.deposed),
            count(&self.moved),
            count(&self.broken),
        );
    }
}

/// How many are played where nobody says otherwise.
const HISTORIES: u64 = 100_000;

/// How many that broke a promise are named.
const TOLD_MAX: u64 = 20;
