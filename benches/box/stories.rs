//! What a bot author's test costs: a box, a bot, a command, its button, its form.
//!
//! `cargo xtask bench stories` runs a thousand of them as a test runner would, two at a time, each
//! with a Discord, a bot and a runtime of its own. The program also answers to the arguments of
//! `cargo nextest`, which runs each in a process of its own.

#![expect(
    clippy::print_stdout,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a stopwatch reads the clock, and a failed start has no one to tell but the screen"
)]

/// The bot that is tested, an ordinary one on `ovenjs_core`.
#[expect(
    dead_code,
    unused_imports,
    reason = "neither the example's own main nor its own test is run"
)]
#[path = "../../examples/feedback.rs"]
mod feedback;

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use feedback::bot;
use ovenjs_box_benches::{cpu_time, end, number, peak_memory};

/// The example's own test, word by word; a test of the examples compares the two.
mod tests {
    use ovenjs_mock::Discord;

    pub(super) async fn feedback_is_heard() {
        let start = |d: &Discord| super::bot().in_process(d.token(), d.door()).start();
        let (discord, _bot) = Discord::with_bot(start).await;
        let answer = discord.user("ann").slash("/feedback topic:docs").await;
        let form = answer.says("docs").click("Give feedback").await;
        form.fill("text", "more").await.says("more");
        discord.expect_no_violations();
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let count = |flag: &str, default: usize| number(&arguments, flag, default);
    if has("--list") {
        if !has("--ignored") {
            (1..=STORIES).for_each(|story| println!("story_{story:04}: test"));
        }
    } else if has("--exact") {
        let _ = one();
    } else {
        let (stories, at_a_time) = (count("--stories", STORIES), count("--at-a-time", 2));
        let measured = measure(stories, at_a_time);
        return end(measured
            .map_err(|error| format!("what the process has used cannot be read: {error}").into()));
    }
    ExitCode::SUCCESS
}

fn measure(stories: usize, at_a_time: usize) -> Result<(), std::io::Error> {
    let begun = Instant::now();
    // The first reads the tables of Discord's facts, once for the process.
    let first = one();
    let left = AtomicUsize::new(stories.saturating_sub(1));
    let times = Mutex::new(vec![first]);
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                let take = |left: usize| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
                {
                    let time = one();
                    let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                    times.push(time);
                }
            });
        }
    });
    let wall = begun.elapsed();
    let mut times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
    times.sort_unstable();
    let at = |place: usize| shown(times.get(place).copied().unwrap_or_default());
    let process = std::process::id();
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    println!(
        "{stories} stories, {at_a_time} at a time, {build} build: wall {}, CPU {}, one: median {}, \
         worst {}, the process' first {}; peak memory {} MB",
        shown(wall),
        shown(cpu_time(process)?),
        at(times.len() / 2),
        at(times.len().saturating_sub(1)),
        shown(first),
        peak_memory(process)? / 1_000_000,
    );
    Ok(())
}

/// One story from the making of its runtime to the end of it, as `#[tokio::test]` does it.
fn one() -> Duration {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(tests::feedback_is_heard()),
        Err(error) => panic!("the system gives no runtime: {error}"),
    }
    begun.elapsed()
}

fn shown(time: Duration) -> String {
    if time >= Duration::from_secs(1) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }
}

/// How many there are.
const STORIES: usize = 1000;
