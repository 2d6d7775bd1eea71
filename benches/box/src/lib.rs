//! What the measurements share: the box as a process of its own, and what a process has used, as
//! Linux tells it.

pub mod served;

use std::{fs, time::Duration};

/// What goes wrong in a measurement is told to the person who runs it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

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
