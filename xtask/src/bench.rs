//! `cargo xtask bench`: times of the hot paths; `bench gate`: their instruction counts against
//! `benches/baseline.toml`; `bench peers` and `bench rest`: our gateway and our REST beside
//! other libraries'; `bench mirror`: what a mirror takes beside another's; `bench traces` and
//! `bench bound`: what memory finds and holds; `bench tiers` and `bench retention`: the cache's tiers on
//! real servers; `bench stories` and `bench load`: what the Discord in a box costs.
//!
//! Times are for people and differ from machine to machine. Instruction counts are for the gate:
//! the same program on the same input executes the same instructions.

mod peers;
mod race;
mod rest;

use crate::packages::{self, Need};
use crate::services::{Service, Services};
use crate::shell::{self, Workspace};
use crate::sim;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program of the hot paths.
const PATHS: &str = "ovenjs-benches";

/// How much a hot path may grow before the gate closes, in percent.
const TOLERANCE_PERCENT: u64 = 5;

/// The two numbers of iterations whose difference is measured, so that start-up, warm-up and
/// one-time tables cancel out. Callgrind is some fifty times slower than the bare machine: a few
/// thousand iterations of the slowest path stay within seconds.
const FEW: u32 = 200;
const MANY: u32 = 1_200;

/// What of the processor decides which code runs: simd-json and the C library choose at run time.
const DECIDING_CPU_FLAGS: &[&str] = &["sse4_2", "pclmulqdq", "avx2", "bmi2", "erms", "asimd"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Debug, clap::Subcommand)]
enum Mode {
    /// Compare instruction counts with the baseline; fails when a path grew by more than 5 %.
    Gate {
        /// Write what was counted as the new baseline.
        #[arg(long)]
        update: bool,
    },
    /// Race other libraries on the same stream of events: CPU time, as ratios beside the goals.
    Peers(peers::Options),
    /// Race other libraries at posting messages: CPU time where limits are off, time and refusals
    /// where they are on.
    Rest(rest::Options),
    /// Run a thousand tests of a bot author: in one process, in debug and in release, and each in a
    /// process of its own.
    Stories,
    /// Measure what a million buckets of the REST limiter take; fails above 200 MB.
    Memory,
    /// Measure what a mirror of 250,000 members takes, beside twilight's cache; fails where a goal is missed.
    Mirror,
    /// Print what is found in memory on traces of others' caches, beside others' policies, and on made days with
    /// warming and without; fails where a goal is missed. Reads the folder that OVENJS_TRACES names; a made trace stands in without.
    Traces,
    /// Measure the cache's tiers on a private Redis and Postgres, and by four processes; fails where a loader is
    /// called twice or too little is found and, with `--faults`, where a goal of these is missed.
    Tiers {
        /// Instead, what readers notice of servers that are killed, frozen, slow, full and out of reach.
        #[arg(long)]
        faults: bool,
        /// How many seconds each fault lasts.
        #[arg(long, default_value_t = 30)]
        seconds: u32,
        /// Those faults alone whose name holds this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Measure how fast an entry of seven years is found in each tier of the cache's retention; fails where one is
    /// missing.
    Retention,
    /// Let four writers put without rest, and see how far memory exceeds its bound; fails above 1.05.
    Bound {
        /// For how long by the default policy; each other one has a tenth of it.
        #[arg(long, default_value_t = 300)]
        seconds: u32,
    },
    /// Measure the share of a core that an idle bot with 1,000 guilds uses.
    Idle,
    /// Put many shards and events a second on the mock, with and without compression.
    Load {
        /// Arguments of the program: --shards, --guilds, --rate, --steps, --seconds, each with a
        /// number; without them 100 shards of 1,000 guilds, and 20,000 events a second, doubled
        /// three times.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    match &options.mode {
        None => shell::run(Command::new(built(workspace)?).arg("time")),
        Some(Mode::Gate { update }) => gate(workspace, &built(workspace)?, *update),
        Some(Mode::Peers(options)) => peers::run(workspace, options),
        Some(Mode::Rest(options)) => rest::run(workspace, options),
        Some(Mode::Stories) => stories(workspace),
        Some(Mode::Memory) => shell::run(Command::new(built(workspace)?).arg("memory")),
        Some(Mode::Mirror) => mirror(workspace),
        Some(Mode::Traces) => {
            let mut traces = Command::new(built(workspace)?);
            traces.arg("traces").args(std::env::var_os("OVENJS_TRACES"));
            shell::run(&mut traces)
        }
        Some(Mode::Bound { seconds }) => {
            let mut bound = Command::new(built(workspace)?);
            shell::run(bound.args(["bound".to_owned(), seconds.to_string()]))
        }
        Some(Mode::Tiers { faults: false, .. }) => tiers(workspace, &[]),
        Some(Mode::Tiers { seconds, only, .. }) => {
            let mut words = vec!["faults".to_owned(), seconds.to_string()];
            words.extend(only.clone());
            tiers(workspace, &words)
        }
        Some(Mode::Retention) => tiers(workspace, &["retention".to_owned()]),
        Some(Mode::Idle) => idle(workspace),
        Some(Mode::Load { arguments }) => load(workspace, arguments),
    }
}

/// In debug first, since that is how tests are run.
fn stories(workspace: &Workspace) -> Result<()> {
    let bench = ["--package", "ovenjs-box-benches", "--bench", "stories"];
    shell::run(workspace.cargo(["test", "--quiet"]).args(bench))?;
    if shell::succeeds(&mut workspace.cargo(["nextest", "--version"])) {
        let quiet = ["--status-level", "fail", "--final-status-level", "slow"];
        let mut command = workspace.cargo(["nextest", "run", "--test-threads", "2"]);
        shell::run(command.args(quiet).args(bench))?;
    } else {
        println!("cargo-nextest is not installed: no story ran in a process of its own");
    }
    shell::run(
        workspace
            .cargo(["test", "--quiet", "--profile", "sim"])
            .args(bench),
    )
}

/// On servers of its own, as the tests have them.
fn tiers(workspace: &Workspace, words: &[String]) -> Result<()> {
    let package = ["--package", "ovenjs-cache", "--all-features"];
    let bench = ["--bench", "tiers"];
    let mut command = workspace.cargo(["test", "--quiet", "--profile", "sim"]);
    command.args(package).args(bench);
    // Before there are servers, since it takes long.
    shell::run(command.arg("--no-run"))?;

    let services = Services::start()?;
    let mut command = workspace.cargo(["test", "--quiet", "--profile", "sim"]);
    command.args(package).args(bench).arg("--").args(words);
    for (service, address) in &services.addresses {
        command.env(service.variable(), address);
    }
    if let Some(process) = services.process(Service::Postgres) {
        command.env("OVENJS_TEST_POSTGRES_PROCESS", process.to_string());
    }
    let outcome = shell::run(&mut command);
    services.stop()?;
    outcome
}

/// In the workspace of the races, since twilight's cache is in it.
fn mirror(workspace: &Workspace) -> Result<()> {
    let race = race::Race::new(workspace, None);
    race.build(workspace, ["mirror"])?;
    let program = race.programs.join("mirror");
    shell::run(&mut Command::new(&program))?;
    if shell::on_path("valgrind").is_none() {
        println!("valgrind is not installed: instructions are not counted");
        return Ok(());
    }
    // What the clock says depends on what else runs; this does not.
    println!(
        "\n{:<28} {:>10} {:>10}",
        "instructions each", "ours", "twilight"
    );
    let counts = count_all(workspace, &program)?;
    for (path, ours) in &counts {
        let Some(name) = path.strip_suffix("/ours") else {
            continue;
        };
        let Some(theirs) = counts.get(&format!("{name}/twilight")) else {
            continue;
        };
        let ratio = exact(*theirs) / exact(*ours).max(1.0);
        println!("{name:<28} {ours:>10} {theirs:>10} {ratio:>6.1}×");
    }
    Ok(())
}

fn load(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let build = ["build", "--quiet", "--release"];
    let what = ["--package", "ovenjs-box-benches", "--bin", "load"];
    shell::run(workspace.cargo(build).args(what))?;
    let program = workspace.target.join("release").join("load");
    shell::run(Command::new(&program).args(arguments))?;
    shell::run(Command::new(&program).args(arguments).arg("--zlib"))
}

/// The bot and its Discord are processes of their own, started by the program itself.
fn idle(workspace: &Workspace) -> Result<()> {
    let bench = ["--package", "ovenjs-box-benches", "--bench", "idle"];
    shell::run(
        workspace
            .cargo(["test", "--quiet", "--profile", "sim"])
            .args(bench),
    )
}

fn built(workspace: &Workspace) -> Result<PathBuf> {
    shell::run(&mut sim::build(workspace, PATHS))?;
    Ok(sim::program(workspace, PATHS))
}

/// What was counted, and under which circumstances.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
struct Baseline {
    rustc: String,
    cpu: Vec<String>,
    instructions: BTreeMap<String, u64>,
}

impl Baseline {
    fn to_toml(&self) -> String {
        let flags: Vec<_> = self.cpu.iter().map(|flag| format!("\"{flag}\"")).collect();
        let mut text = format!(
            "# Instructions per iteration of each hot path, counted by callgrind.\n\
             # Written by `cargo xtask bench gate --update`.\n\
             rustc = \"{}\"\ncpu = [{}]\n\n[instructions]\n",
            self.rustc,
            flags.join(", ")
        );
        for (path, count) in &self.instructions {
            text.push_str(&format!("{path} = {count}\n"));
        }
        text
    }
}

fn gate(workspace: &Workspace, program: &Path, update: bool) -> Result<()> {
    if shell::on_path("valgrind").is_none() {
        packages::install(&[Need::Valgrind])?;
    }
    let now = Baseline {
        rustc: shell::capture(
            Command::new("rustc")
                .current_dir(&workspace.root)
                .arg("--version"),
        )?
        .trim()
        .to_owned(),
        cpu: cpu_flags(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        instructions: count_all(workspace, program)?,
    };
    let file = workspace.root.join("benches").join("baseline.toml");
    if update {
        std::fs::write(&file, now.to_toml()).context("failed to write the baseline")?;
        println!("wrote {}", file.display());
        return Ok(());
    }
    let text = std::fs::read_to_string(&file)
        .context("there is no baseline; make one with `cargo xtask bench gate --update`")?;
    let before: Baseline = toml::from_str(&text).context("failed to read the baseline")?;
    let verdict = compare(&before, &now);
    for line in &verdict.lines {
        println!("{line}");
    }
    if before.rustc != now.rustc {
        println!(
            "note: the baseline was counted with {}, this with {}",
            before.rustc, now.rustc
        );
    }
    if !verdict.strangers.is_empty() {
        bail!(
            "the baseline and the paths differ in {}; when that is meant, `cargo xtask bench gate \
             --update` and say why in the commit",
            verdict.strangers.join(", ")
        );
    }
    if before.cpu != now.cpu {
        println!("=====================================================================");
        println!("THE GATE DID NOT JUDGE: the baseline comes from a processor with");
        println!("{:?}, this one has {:?};", before.cpu, now.cpu);
        println!("JSON and memory routines choose their code by that.");
        println!("=====================================================================");
        return Ok(());
    }
    if verdict.closed {
        bail!(
            "a hot path grew by more than {TOLERANCE_PERCENT} %; when that is meant, \
             `cargo xtask bench gate --update` and say why in the commit"
        );
    }
    Ok(())
}

#[derive(Debug)]
struct Verdict {
    lines: Vec<String>,
    /// Whether a path grew too much.
    closed: bool,
    /// Paths that only one of the two sides knows, which no processor excuses.
    strangers: Vec<String>,
}

fn compare(before: &Baseline, now: &Baseline) -> Verdict {
    let mut lines = Vec::new();
    let mut closed = false;
    let mut strangers = Vec::new();
    for (path, count) in &now.instructions {
        let Some(old) = before.instructions.get(path) else {
            lines.push(format!("{path:<28} {count:>10}   not in the baseline"));
            strangers.push(path.clone());
            continue;
        };
        let change = (exact(*count) / exact(*old).max(1.0) - 1.0) * 100.0;
        let grown = count.saturating_mul(100) > old.saturating_mul(100 + TOLERANCE_PERCENT);
        closed |= grown;
        let mark = if grown { "  GREW" } else { "" };
        lines.push(format!(
            "{path:<28} {count:>10}   {change:>+6.1} % of {old}{mark}"
        ));
    }
    for path in before
        .instructions
        .keys()
        .filter(|path| !now.instructions.contains_key(*path))
    {
        lines.push(format!(
            "{path:<28}          -   in the baseline, but no longer there"
        ));
        strangers.push(path.clone());
    }
    Verdict {
        lines,
        closed,
        strangers,
    }
}

/// Counts are far below 2^32 per iteration; a larger one would be a fault of the measurement.
fn exact(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn count_all(workspace: &Workspace, program: &Path) -> Result<BTreeMap<String, u64>> {
    let list = shell::capture(Command::new(program).arg("list"))?;
    let mut counts = BTreeMap::new();
    for path in list.lines().filter(|line| !line.is_empty()) {
        let few = count(workspace, program, path, FEW)?;
        let many = count(workspace, program, path, MANY)?;
        let difference = many
            .checked_sub(few)
            .with_context(|| format!("{path} took fewer instructions for more iterations"))?;
        counts.insert(path.to_owned(), difference / u64::from(MANY - FEW));
    }
    Ok(counts)
}

fn count(workspace: &Workspace, program: &Path, path: &str, iterations: u32) -> Result<u64> {
    let note = workspace.notes()?.join("callgrind.out");
    let mut out_file = std::ffi::OsString::from("--callgrind-out-file=");
    out_file.push(&note);
    shell::capture(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet"])
            .arg(out_file)
            .arg(program)
            .args(["run", path, &iterations.to_string()]),
    )?;
    let text = std::fs::read_to_string(&note).context("callgrind wrote no counts")?;
    total(&text).context("callgrind's counts have no total")
}

fn total(counts: &str) -> Option<u64> {
    counts
        .lines()
        .find_map(|line| {
            line.strip_prefix("summary: ")
                .or_else(|| line.strip_prefix("totals: "))
        })
        .and_then(|number| number.trim().parse().ok())
}

fn cpu_flags(cpuinfo: &str) -> Vec<String> {
    let flags = cpuinfo
        .lines()
        .find(|line| line.starts_with("flags") || line.starts_with("Features"))
        .and_then(|line| line.split_once(':'))
        .map_or("", |(_, flags)| flags);
    DECIDING_CPU_FLAGS
        .iter()
        .filter(|flag| flags.split_whitespace().any(|word| word == **flag))
        .map(|flag| (*flag).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(paths: &[(&str, u64)]) -> Baseline {
        Baseline {
            rustc: "rustc 1".to_owned(),
            cpu: vec!["avx2".to_owned()],
            instructions: paths
                .iter()
                .map(|(path, n)| ((*path).to_owned(), *n))
                .collect(),
        }
    }

    #[test]
    fn the_gate_closes_above_five_percent_only() {
        let before = counted(&[("decode", 1000)]);
        assert!(!compare(&before, &counted(&[("decode", 1050)])).closed);
        assert!(compare(&before, &counted(&[("decode", 1051)])).closed);
        assert!(!compare(&before, &counted(&[("decode", 10)])).closed);
    }

    #[test]
    fn a_path_that_appears_or_vanishes_closes_the_gate() {
        let before = counted(&[("decode", 1000)]);
        assert_eq!(compare(&before, &counted(&[])).strangers, ["decode"]);
        assert_eq!(compare(&counted(&[]), &before).strangers, ["decode"]);
        assert!(compare(&before, &before).strangers.is_empty());
    }

    #[test]
    fn a_baseline_survives_its_own_file() {
        let baseline = counted(&[("decode", 1000), ("route", 7)]);
        assert_eq!(
            toml::from_str::<Baseline>(&baseline.to_toml()).unwrap(),
            baseline
        );
    }

    #[test]
    fn callgrinds_total_is_found() {
        assert_eq!(
            total("version: 1\nevents: Ir\nsummary: 12345\n"),
            Some(12345)
        );
        assert_eq!(total("version: 1\n"), None);
    }

    #[test]
    fn only_deciding_cpu_flags_are_recorded() {
        assert_eq!(
            cpu_flags("flags\t\t: fpu sse4_2 avx2 ht\n"),
            ["sse4_2", "avx2"]
        );
    }
}
