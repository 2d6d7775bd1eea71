//! The peers race of REST. `cargo xtask bench rest` builds and starts it.
//!
//! Discord in a box is served by a process of its own over the loopback, a new one for each run; each
//! contestant is a process that posts messages to it and ends. With limits off its CPU time counts
//! (user and system), less that of a run with one message per connection; with limits on, how long
//! it takes and how often it was refused.

mod judge;
mod serve;

use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((word, words)) if word == "serve" => serve::run(words),
        _ => judge::Plan::read(&words).and_then(|plan| judge::run(&plan)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
