//! `cargo xtask test`: every test of the workspace, with the servers they need.
//!
//! A test that needs a server says so in its name: `needs_redis`, `needs_nats`,
//! `needs_postgres`, `needs_mysql`. There is no other list of them.

use crate::metadata::Metadata;
use crate::services::Services;
use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

/// The words in a test's name that say which server it needs.
const NEEDS: [&str; 4] = ["needs_redis", "needs_nats", "needs_postgres", "needs_mysql"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave out the tests that need Redis, NATS, Postgres or MariaDB, and say how many that is.
    #[arg(long)]
    no_services: bool,
    /// Names to look for, and further arguments of the test runner, after `--`.
    #[arg(last = true)]
    filter: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let note = summary_note(workspace)?;
    if note.exists() {
        std::fs::remove_file(&note).context("failed to remove the last summary")?;
    }
    let runner = Runner::find(workspace);
    let watch = SignalWatch::start()?;

    let services = if options.no_services {
        let left_out = runner.count_needing_services(workspace, options)?;
        println!(
            "--no-services: {left_out} tests that need Redis, NATS, Postgres or MariaDB are left out"
        );
        None
    } else {
        Some(Services::start()?)
    };
    let outcome = run_tests(workspace, options, runner, services.as_ref(), &watch);
    // The servers go first, then the verdict: its summary stays the last thing on the screen.
    let stopped = services.map_or(Ok(()), Services::stop);
    let verdict = outcome.map(|outcome| {
        let text = outcome.summary.join("\n");
        println!("\n{text}");
        std::fs::write(&note, text).map(|()| outcome.passed)
    });
    stopped?;
    if let Some(signal) = watch.received() {
        bail!("stopped by signal {signal}");
    }
    if verdict?.context("failed to note the summary")? {
        Ok(())
    } else {
        bail!("tests failed")
    }
}

/// The file in which the last run's summary lies, for `cargo xtask ci` to repeat.
pub(crate) fn summary_note(workspace: &Workspace) -> Result<PathBuf> {
    Ok(workspace.notes()?.join("test-summary.txt"))
}

#[derive(Debug)]
struct Outcome {
    passed: bool,
    summary: Vec<String>,
}

fn run_tests(
    workspace: &Workspace,
    options: &Options,
    runner: Runner,
    services: Option<&Services>,
    watch: &SignalWatch,
) -> Result<Outcome> {
    let prepare = |mut command: Command| {
        if let Some(services) = services {
            for (service, address) in &services.addresses {
                command.env(service.variable(), address);
            }
        }
        command
    };
    let mut doctests = Watched::default();
    let mut ran_doctests = false;
    let main = match runner {
        Runner::Nextest => {
            let main = watch.run(prepare(runner.nextest(workspace, options)), Stream::Error)?;
            ran_doctests = watch.received().is_none() && has_library(workspace, &options.filter)?;
            if ran_doctests {
                let mut command = workspace.cargo(["test", "--doc", "--all-features"]);
                command.args(scope(&options.filter)).args(&options.filter);
                doctests = watch.run(prepare(command), Stream::Output)?;
            }
            main
        }
        Runner::CargoTest => {
            println!("cargo-nextest is not installed: the same tests run under `cargo test`");
            watch.run(
                prepare(runner.cargo_test(workspace, options)),
                Stream::Output,
            )?
        }
    };
    let passed = main.success && (doctests.success || !ran_doctests);
    let mut summary = Vec::new();
    if ran_doctests {
        summary.push(format!("  doc tests: {}", libtest_total(&doctests.lines)));
    }
    match runner {
        Runner::Nextest => summary.extend(nextest_summary(&main.lines)),
        Runner::CargoTest => {
            summary.push(format!("test result: {}", libtest_total(&main.lines)));
        }
    }
    Ok(Outcome { passed, summary })
}

#[derive(Debug, Clone, Copy)]
enum Runner {
    Nextest,
    CargoTest,
}

impl Runner {
    fn find(workspace: &Workspace) -> Self {
        if shell::succeeds(&mut workspace.cargo(["nextest", "--version"])) {
            Self::Nextest
        } else {
            Self::CargoTest
        }
    }

    fn nextest(self, workspace: &Workspace, options: &Options) -> Command {
        let profile = if std::env::var_os("CI").is_some() {
            "ci"
        } else {
            "default"
        };
        let color = if std::io::stderr().is_terminal() {
            "always"
        } else {
            "never"
        };
        let mut command = workspace.cargo(["nextest", "run", "--all-features"]);
        // One more for each two processors than nextest's one for each: many tests wait for servers.
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let at_once = (processors + processors / 2).to_string();
        command
            .args(["--profile", profile, "--color", color])
            .args(["--test-threads", &at_once])
            .args(scope(&options.filter));
        if options.no_services {
            command.args(["--filterset", &format!("not ({})", needing_services())]);
        }
        if !options.filter.is_empty() {
            // The name may belong to a doc test.
            command.arg("--no-tests=warn").args(&options.filter);
        }
        command
    }

    fn cargo_test(self, workspace: &Workspace, options: &Options) -> Command {
        let mut command = workspace.cargo(["test", "--all-features", "--no-fail-fast"]);
        command.args(scope(&options.filter)).args(&options.filter);
        if options.no_services {
            command
                .arg("--")
                .args(NEEDS.iter().flat_map(|word| ["--skip", word]));
        }
        command
    }

    fn count_needing_services(self, workspace: &Workspace, options: &Options) -> Result<usize> {
        match self {
            Self::Nextest => {
                let mut command =
                    workspace.cargo(["nextest", "list", "--all-features", "--color", "never"]);
                command
                    .args([
                        "--message-format",
                        "json",
                        "--filterset",
                        &needing_services(),
                    ])
                    .args(scope(&options.filter))
                    .args(&options.filter);
                listed_by_nextest(&shell::capture(&mut command)?)
            }
            Self::CargoTest => {
                // Doc tests have no names of their own, so they are not looked through.
                let mut command = workspace.cargo(["test", "--all-features", "--quiet", "--tests"]);
                command.args(scope(&options.filter));
                for package in asked_packages(&options.filter) {
                    command.args(["--package", package]);
                }
                command.args(["--", "--list"]).args(NEEDS);
                let list = shell::capture(&mut command)?;
                Ok(list.lines().filter(|line| line.ends_with(": test")).count())
            }
        }
    }
}

/// Whether any of the packages asked for has a library: cargo refuses to look for doc tests in a
/// program.
fn has_library(workspace: &Workspace, filter: &[String]) -> Result<bool> {
    let packages = Metadata::read(workspace)?.packages;
    let asked = asked_packages(filter);
    Ok(packages.iter().any(|package| {
        package.is_library() && (asked.is_empty() || asked.contains(&package.name.as_str()))
    }))
}

/// The packages that the runner's arguments name.
fn asked_packages(filter: &[String]) -> Vec<&str> {
    let mut words = filter.iter().map(String::as_str);
    let mut asked = Vec::new();
    while let Some(word) = words.next() {
        if word == "-p" || word == "--package" {
            asked.extend(words.next());
        } else if let Some(name) = word
            .strip_prefix("--package=")
            .or_else(|| word.strip_prefix("-p"))
        {
            asked.push(name);
        }
    }
    asked
}

/// `--workspace`, unless a package was asked for.
fn scope(filter: &[String]) -> Option<&'static str> {
    asked_packages(filter).is_empty().then_some("--workspace")
}

fn needing_services() -> String {
    NEEDS.map(|word| format!("test({word})")).join(" or ")
}

fn listed_by_nextest(json: &str) -> Result<usize> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct List {
        rust_suites: BTreeMap<String, Suite>,
    }
    #[derive(Deserialize)]
    struct Suite {
        testcases: BTreeMap<String, Case>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Case {
        filter_match: Match,
    }
    #[derive(Deserialize)]
    struct Match {
        status: String,
    }
    let list: List = serde_json::from_str(json).context("failed to read nextest's list")?;
    Ok(list
        .rust_suites
        .values()
        .flat_map(|suite| suite.testcases.values())
        .filter(|case| case.filter_match.status == "matches")
        .count())
}

/// The runner's own last words: its summary line and the failures listed after it.
fn nextest_summary(lines: &[String]) -> Vec<String> {
    match lines
        .iter()
        .rposition(|line| line.contains("Summary") && line.contains(" run: "))
    {
        Some(at) => lines.iter().skip(at).cloned().collect(),
        None => {
            vec!["the test runner printed no summary: it did not get as far as running".to_owned()]
        }
    }
}

/// The sum of libtest's `test result:` lines, in its own words.
fn libtest_total(lines: &[String]) -> String {
    let mut totals = [
        ("passed", 0_u64),
        ("failed", 0),
        ("ignored", 0),
        ("filtered out", 0),
    ];
    let mut binaries = 0_u64;
    for line in lines.iter().filter(|line| line.starts_with("test result:")) {
        binaries += 1;
        for part in line.split([';', '.']) {
            for (word, total) in &mut totals {
                let count = part
                    .trim()
                    .strip_suffix(*word)
                    .and_then(|n| n.trim().parse::<u64>().ok());
                *total += count.unwrap_or(0);
            }
        }
    }
    let failed = totals
        .iter()
        .any(|(word, total)| *word == "failed" && *total > 0);
    let parts: Vec<_> = totals
        .iter()
        .map(|(word, total)| format!("{total} {word}"))
        .collect();
    let verdict = match (binaries, failed) {
        (0, _) => "nothing ran",
        (_, true) => "FAILED",
        (_, false) => "ok",
    };
    format!("{verdict}. {} ({binaries} binaries)", parts.join("; "))
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Output,
    Error,
}

/// What a watched program printed to the watched stream, which was shown as it came.
#[derive(Debug, Default)]
struct Watched {
    success: bool,
    lines: Vec<String>,
}

/// Hands signals on to the running test runner, so that this program outlives it and can stop the
/// servers in order.
#[derive(Debug)]
struct SignalWatch {
    /// The runner's process, or 0.
    runner: Arc<AtomicI32>,
    /// The first signal, or 0.
    signal: Arc<AtomicI32>,
}

impl SignalWatch {
    fn start() -> Result<Self> {
        let runner = Arc::new(AtomicI32::new(0));
        let signal = Arc::new(AtomicI32::new(0));
        let mut signals = signal_hook::iterator::Signals::new([
            signal_hook::consts::SIGINT,
            signal_hook::consts::SIGTERM,
            signal_hook::consts::SIGHUP,
        ])
        .context("failed to listen for signals")?;
        let (seen_runner, seen_signal) = (Arc::clone(&runner), Arc::clone(&signal));
        thread::spawn(move || {
            for number in signals.forever() {
                seen_signal.store(number, Ordering::SeqCst);
                end(seen_runner.load(Ordering::SeqCst));
            }
        });
        Ok(Self { runner, signal })
    }

    fn received(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|number| *number != 0)
    }

    fn run(&self, mut command: Command, stream: Stream) -> Result<Watched> {
        if let Some(signal) = self.received() {
            bail!("stopped by signal {signal}");
        }
        println!("$ {}", shell::shown(&command));
        command.stdin(Stdio::null());
        match stream {
            Stream::Output => command.stdout(Stdio::piped()),
            Stream::Error => command.stderr(Stdio::piped()),
        };
        let mut child = command
            .spawn()
            .with_context(|| format!("failed to start {}", shell::shown(&command)))?;
        self.runner
            .store(i32::try_from(child.id()).unwrap_or(0), Ordering::SeqCst);
        if self.received().is_some() {
            end(self.runner.load(Ordering::SeqCst));
        }
        let mut lines = Vec::new();
        let mut show = |line: String, to_error: bool| {
            if to_error {
                eprintln!("{line}");
            } else {
                println!("{line}");
            }
            lines.push(line);
        };
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                show(
                    text_of(line.context("failed to read the runner's output")?),
                    false,
                );
            }
        }
        if let Some(errors) = child.stderr.take() {
            for line in BufReader::new(errors).split(b'\n') {
                show(
                    text_of(line.context("failed to read the runner's output")?),
                    true,
                );
            }
        }
        let status = child.wait().context("failed to wait for the test runner")?;
        self.runner.store(0, Ordering::SeqCst);
        Ok(Watched {
            success: status.success(),
            lines,
        })
    }
}

/// A test may print anything; what is not UTF-8 is shown with replacement characters.
fn text_of(line: Vec<u8>) -> String {
    String::from_utf8_lossy(&line).into_owned()
}

fn end(process: i32) {
    if let Some(process) = rustix::process::Pid::from_raw(process) {
        // A runner that has just left needs no signal.
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_runners_summary_is_kept_with_the_failures_below_it() {
        let output = lines(
            "        PASS [   0.004s] a b\n------------\n     Summary [   0.010s] 2 tests run: 1 passed, 1 failed, 3 skipped\n        FAIL [   0.002s] a c",
        );
        let summary = nextest_summary(&output);
        assert_eq!(summary.len(), 2);
        assert!(summary[0].contains("2 tests run: 1 passed, 1 failed, 3 skipped"));
        assert!(summary[1].contains("FAIL"));
    }

    #[test]
    fn a_run_that_never_started_says_so() {
        let summary = nextest_summary(&lines("error: could not compile `ovenjs-types`"));
        assert!(summary[0].contains("no summary"));
    }

    #[test]
    fn libtest_results_are_added_up() {
        let output = lines(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s\n\
             test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s",
        );
        assert_eq!(
            libtest_total(&output),
            "FAILED. 7 passed; 2 failed; 1 ignored; 2 filtered out (2 binaries)"
        );
        assert!(libtest_total(&[]).starts_with("nothing ran"));
    }

    #[test]
    fn a_named_package_narrows_the_scope() {
        assert_eq!(scope(&[]), Some("--workspace"));
        assert_eq!(scope(&["session".to_owned()]), Some("--workspace"));
        assert_eq!(scope(&["-p".to_owned(), "ovenjs-types".to_owned()]), None);
        let words = ["-pa", "--package=b", "--package", "c", "name"].map(str::to_owned);
        assert_eq!(asked_packages(&words), ["a", "b", "c"]);
    }

    #[test]
    fn nextests_list_is_counted_by_what_matches() {
        let json = r#"{"rust-suites": {"x": {"testcases": {
            "a::needs_redis_x": {"kind": "test", "ignored": false, "filter-match": {"status": "matches"}},
            "a::other": {"kind": "test", "ignored": false, "filter-match": {"status": "mismatch", "reason": "expression"}}
        }}}}"#;
        assert_eq!(listed_by_nextest(json).unwrap(), 1);
    }
}
