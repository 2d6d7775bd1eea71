//! The peers race. `cargo xtask bench peers` builds and starts it.
//!
//! Streams of events are written once per compression; a server, which is a process of its own, sends
//! them over the loopback; each contestant is a process of its own that connects, identifies, receives
//! and ends. What is measured is the CPU time (user and system) of that process, less that of a run
//! that ends at the stream's first mark.

mod chance;
mod event;
mod judge;
mod serve;
mod stream;
mod world;

use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((word, folders)) if word == "serve" => {
            serve::run(&folders.iter().map(PathBuf::from).collect::<Vec<_>>()).map_err(Into::into)
        }
        _ => judge::Plan::read(&words).and_then(judge::run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
