//! `cargo xtask ci`: every lane in CI's order, with its minutes.
//!
//! Each lane is a process that runs the command a person would type. A failing lane does not hide
//! the ones after it; the exit code does not forget it. The test runner's summary comes last.

use crate::shell::{self, Workspace};
use crate::test;
use anyhow::{Context as _, Result, bail};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The lanes, the quick judges first.
const LANES: &[&[&str]] = &[
    &["setup"],
    &["codegen", "--check"],
    &["lint"],
    &["test"],
    // What it needs of the tests is built by then.
    &["spec"],
    &["sim", "--seeds", "20000"],
    &["interop"],
    &["heartbeats"],
    &["restarts"],
    &["autobahn"],
    &["docs"],
    &["build"],
    &["bench", "gate"],
    &["semver"],
    &["package"],
];

#[derive(Debug)]
struct Lane {
    name: String,
    took: Duration,
    passed: bool,
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    // A summary of an earlier run must not stand for a test lane that never began.
    let note = test::summary_note(workspace)?;
    if note.exists() {
        std::fs::remove_file(&note).context("failed to remove the last summary")?;
    }
    let mut lanes = Vec::new();
    for words in LANES {
        println!("\n=== cargo xtask {} ===", words.join(" "));
        let begun = Instant::now();
        let mut command = workspace.cargo(["xtask"]);
        command.args(*words).env("CI", "true").stdin(Stdio::null());
        let status = command
            .status()
            .with_context(|| format!("failed to start {}", shell::shown(&command)))?;
        lanes.push(Lane {
            name: words.join(" "),
            took: begun.elapsed(),
            passed: status.success(),
        });
    }
    println!("\n{}", table(&lanes));
    match std::fs::read_to_string(&note) {
        Ok(summary) => println!("cargo xtask test:\n{summary}"),
        Err(_) => println!("cargo xtask test left no summary"),
    }
    if lanes.iter().all(|lane| lane.passed) {
        Ok(())
    } else {
        bail!("a lane failed, see the table")
    }
}

fn table(lanes: &[Lane]) -> String {
    let mut text = String::from("lane              minutes\n");
    for lane in lanes {
        let verdict = if lane.passed { "" } else { "  FAILED" };
        text.push_str(&format!(
            "{:<17} {:>7.1}{verdict}\n",
            lane.name,
            minutes(lane.took)
        ));
    }
    let whole = lanes.iter().map(|lane| lane.took).sum();
    text.push_str(&format!("{:<17} {:>7.1}\n", "together", minutes(whole)));
    text
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_minutes_and_failures() {
        let lane = |name: &str, seconds, passed| Lane {
            name: name.to_owned(),
            took: Duration::from_secs(seconds),
            passed,
        };
        let text = table(&[lane("lint", 90, true), lane("test", 30, false)]);
        assert!(text.contains("lint                  1.5\n"), "{text}");
        assert!(
            text.contains("test                  0.5  FAILED\n"),
            "{text}"
        );
        assert!(text.contains("together              2.0\n"), "{text}");
    }

    #[test]
    fn ci_calls_the_test_command_of_the_readme() {
        assert!(LANES.contains(&["test"].as_slice()));
    }
}
