//! `cargo xtask ci`: every lane in CI's order, with its minutes.
//!
//! Each lane is a process that runs the command a person would type. A failing lane does not hide
//! the ones after it; the exit code does not forget it. The test runner's summary comes last.
//!
//! Compiling is most of it, so what is compiled is shared: see the profile `sim` of the root
//! `Cargo.toml`, and `shell::built_as_for_tests`.

use crate::shell::{self, Workspace};
use crate::test;
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The lanes, the quick judges first. Those of one line run side by side: they compile in different
/// profiles, each leaves a processor idle for much of its time, and neither looks at a clock.
const LANES: &[&[&[&str]]] = &[
    &[&["setup"]],
    &[&["codegen", "--check"]],
    &[&["lint"]],
    &[&["test"]],
    // What the tests tell, they have told.
    &[&["spec", "--sources"]],
    &[&["interop"]],
    &[&["autobahn"]],
    &[&["bench", "gate"], &["build"]],
    &[&["sim", "--seeds", "20000"]],
    &[&["sim", "ratelimit"]],
    // No 429 of our own making in ten million requests.
    &[&["sim", "ratelimit", "--requests", "10000000"]],
    &[&["sim", "cache", "--histories", "100000"]],
    &[&["heartbeats"]],
    // Fewer than a person's run kills: each takes half a second.
    &[&["restarts", "--", "--kills", "60"]],
    &[&["docs"]],
    &[&["semver"]],
    &[&["package"]],
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
        fs::remove_file(&note).context("failed to remove the last summary")?;
    }
    let begun = Instant::now();
    let mut lanes = Vec::new();
    for line in LANES {
        lanes.extend(side_by_side(workspace, line)?);
    }
    println!("\n{}", table(&lanes, begun.elapsed()));
    match fs::read_to_string(&note) {
        Ok(summary) => println!("cargo xtask test:\n{summary}"),
        Err(_) => println!("cargo xtask test left no summary"),
    }
    if lanes.iter().all(|lane| lane.passed) {
        Ok(())
    } else {
        bail!("a lane failed, see the table")
    }
}

/// Runs the lanes at once. The first speaks as it goes; what the others say is kept until all have
/// ended.
fn side_by_side(workspace: &Workspace, lanes: &[&[&str]]) -> Result<Vec<Lane>> {
    let mut running = Vec::new();
    for words in lanes {
        let mut lane = Running::of(workspace, words);
        if running.is_empty() {
            println!("\n=== {} ===", lane.title());
        } else {
            lane.keeps_its_words(workspace)?;
        }
        running.push(lane.start()?);
    }
    let mut ended = Vec::new();
    while !running.is_empty() {
        // The kept words of a lane come after those of the first, which is waited for first.
        let (lane, mut child, begun) = running.remove(0);
        let status = child.wait().context("failed to wait for a lane")?;
        let took = begun.elapsed();
        lane.tell()?;
        ended.push(Lane {
            name: lane.words.join(" "),
            took,
            passed: status.success(),
        });
    }
    Ok(ended)
}

/// A lane that is to run.
#[derive(Debug)]
struct Running {
    words: Vec<String>,
    command: Command,
    /// Where its words are kept.
    log: Option<PathBuf>,
}

impl Running {
    fn of(workspace: &Workspace, words: &[&str]) -> Self {
        let mut command = workspace.cargo(["xtask"]);
        // What incremental builds leave for the next build costs time, and here is none.
        command.args(words).env("CARGO_INCREMENTAL", "0");
        command.env("CI", "true").stdin(Stdio::null());
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            words,
            command,
            log: None,
        }
    }

    fn title(&self) -> String {
        format!("cargo xtask {}", self.words.join(" "))
    }

    fn keeps_its_words(&mut self, workspace: &Workspace) -> Result<()> {
        let log = workspace
            .notes()?
            .join(format!("{}.log", self.words.join("-")));
        let file = File::create(&log).context("failed to keep a lane's words")?;
        let errors = file.try_clone().context("failed to keep a lane's words")?;
        self.command.stdout(file).stderr(errors);
        self.log = Some(log);
        Ok(())
    }

    fn start(mut self) -> Result<(Self, Child, Instant)> {
        let child = self.command.spawn();
        let child =
            child.with_context(|| format!("failed to start {}", shell::shown(&self.command)))?;
        Ok((self, child, Instant::now()))
    }

    fn tell(&self) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let words = fs::read(log).context("failed to read a lane's words")?;
        println!(
            "\n=== {} ===\n{}",
            self.title(),
            String::from_utf8_lossy(&words)
        );
        Ok(())
    }
}

fn table(lanes: &[Lane], whole: Duration) -> String {
    let mut text = String::from("lane              minutes\n");
    for lane in lanes {
        let verdict = if lane.passed { "" } else { "  FAILED" };
        text.push_str(&format!(
            "{:<17} {:>7.1}{verdict}\n",
            lane.name,
            minutes(lane.took)
        ));
    }
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
        let lanes = [lane("lint", 90, true), lane("test", 30, false)];
        let text = table(&lanes, Duration::from_secs(110));
        assert!(text.contains("lint                  1.5\n"), "{text}");
        assert!(
            text.contains("test                  0.5  FAILED\n"),
            "{text}"
        );
        assert!(text.contains("together              1.8\n"), "{text}");
    }

    #[test]
    fn ci_calls_the_test_command_of_the_readme() {
        assert!(LANES.contains(&[["test"].as_slice()].as_slice()));
    }
}
