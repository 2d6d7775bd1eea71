//! What the measurements share: how they are started and end, the box as a process of its own,
//! numbered events, and what a process has used, as Linux tells it.

pub mod news;
pub mod served;

use std::{fs, process::ExitCode, str::FromStr, time::Duration};

use ovenjs_types::SessionStartLimit;

/// What goes wrong in a measurement is told to the person who runs it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number behind a flag: the default where the flag is not given, or is given no number.
#[must_use]
pub fn number<N: FromStr>(words: &[String], flag: &str, default: N) -> N {
    let place = words.iter().position(|word| word == flag);
    let given = place.and_then(|place| words.get(place + 1)?.parse().ok());
    given.unwrap_or(default)
}

/// How a measurement ends: says why, where it failed.
#[must_use]
#[expect(
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]
pub fn end(done: Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the box allows: sixteen shards begin at once, so that no measurement waits for its start.
pub const STARTS: SessionStartLimit = SessionStartLimit {
    total: 1000,
    remaining: 1000,
    reset_after: 86_400_000,
    max_concurrency: 16,
};

/// CPU time of a process and all its threads so far, in user space and in the kernel.
///
/// # Errors
///
/// When `/proc` cannot be read.
pub fn cpu_time(process: u32) -> std::io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program stands in parentheses and may hold spaces.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u32 = fields
        .split_whitespace()
        .skip(UTIME)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u32>().ok())
        .sum();
    Ok(Duration::from_secs(1) / TICKS_PER_SECOND * ticks)
}

/// The most memory that a process has held at once, in bytes.
///
/// # Errors
///
/// When `/proc` cannot be read.
pub fn peak_memory(process: u32) -> std::io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or_default();
    Ok(kib * 1024)
}

/// The place of `utime` behind the program's name; `stime` follows.
const UTIME: usize = 11;

/// `USER_HZ`, which is part of Linux' interface.
const TICKS_PER_SECOND: u32 = 100;
