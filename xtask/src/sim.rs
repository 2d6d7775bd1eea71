//! `cargo xtask sim`: plays the gateway's rules against the Discord in a box under faults that follow
//! from seeds; `sim bugs` puts old bugs back and looks whether they are found; `sim ratelimit` plays
//! schedulers of REST requests against a Discord that limits; `sim cache` plays processes and stores of a
//! cache.
//!
//! The bugs are patches in `fuzz/bugs`, so that no switch for them is in the product. They are
//! applied to a copy of the tree under the target folder, one at a time, and built there. The copy
//! stays, so that the next time only what has changed is built.

use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    task: Option<Task>,
    /// How many seeds to play.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this one alone, and tell its story.
    #[arg(long)]
    seed: Option<u64>,
    /// See also that the first seeds give the same traces in the build of the tests.
    #[arg(long)]
    builds: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Put each bug of `fuzz/bugs` back into a copy of the tree, and find it.
    Bugs {
        /// Those alone whose names hold this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Play processes, a network and two stores, and see that the cache keeps its promises.
    Cache {
        /// How many histories to play.
        #[arg(long)]
        histories: Option<u64>,
        /// The seed of the first of them.
        #[arg(long)]
        from: Option<u64>,
        /// Play the history of this seed alone, and tell it.
        #[arg(long)]
        story: Option<u64>,
    },
    /// Print what schedulers of REST requests make of Discord's limits, and look at the goals.
    Ratelimit(Ratelimit),
}

#[derive(Debug, Args)]
struct Ratelimit {
    /// How many seeds to play for each case.
    #[arg(long)]
    seeds: Option<u64>,
    /// Play this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Play the cases alone whose names hold this.
    #[arg(long)]
    case: Option<String>,
    /// Play worlds of every kind until so many requests have left: no 429 may be our own fault.
    #[arg(long)]
    requests: Option<u64>,
    /// Play every combination of delays, clocks, limits and faults once, and print where a 429 was our
    /// own fault.
    #[arg(long)]
    grid: bool,
    /// Tell what led to the first 429 by our own fault in the world of this seed.
    #[arg(long)]
    story: Option<u64>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    match (&options.task, options.seed) {
        (Some(Task::Bugs { only }), _) => bugs(workspace, only.as_deref().unwrap_or_default()),
        (
            Some(Task::Cache {
                histories,
                from,
                story,
            }),
            _,
        ) => {
            let numbers = [
                ("--histories", *histories),
                ("--from", *from),
                ("--story", *story),
            ];
            cache(workspace, &numbers)
        }
        (Some(Task::Ratelimit(options)), _) => ratelimit(workspace, options),
        (None, Some(seed)) => play(workspace, &["--seed".to_owned(), seed.to_string()]),
        (None, None) => {
            let (from, seeds) = (options.from.to_string(), options.seeds.to_string());
            play(
                workspace,
                &["--from".to_owned(), from, "--seeds".to_owned(), seeds],
            )?;
            if options.builds {
                compare_builds(workspace)?;
            }
            Ok(())
        }
    }
}

fn cache(workspace: &Workspace, numbers: &[(&str, Option<u64>)]) -> Result<()> {
    shell::run(&mut build(workspace, CACHE))?;
    let mut play = Command::new(program(workspace, CACHE));
    for (flag, number) in numbers {
        if let Some(number) = number {
            play.args([(*flag).to_owned(), number.to_string()]);
        }
    }
    shell::run(&mut play)
}

/// Its program needs one crate and is built alone.
fn ratelimit(workspace: &Workspace, options: &Ratelimit) -> Result<()> {
    let mut build = workspace.cargo(["build", "--profile", "sim"]);
    shell::run(build.args(["--package", RATELIMIT]))?;
    let mut play = Command::new(program(workspace, RATELIMIT));
    let numbers = [
        ("--seeds", options.seeds),
        ("--seed", options.seed),
        ("--requests", options.requests),
        ("--story", options.story),
    ];
    for (flag, number) in numbers {
        if let Some(number) = number {
            play.args([flag.to_owned(), number.to_string()]);
        }
    }
    if options.grid {
        play.arg("--grid");
    }
    if let Some(case) = &options.case {
        play.args(["--case", case]);
    }
    shell::run(&mut play)
}

/// A trace that depended on the build could be played again nowhere else.
fn compare_builds(workspace: &Workspace) -> Result<()> {
    let optimised = shell::capture(Command::new(program(workspace, PROGRAM)).arg("--traces"))?;
    // Of the whole workspace, so that it is the build of the tests' own.
    let mut tests = workspace.cargo(["test", "--workspace", "--all-features"]);
    tests.args(["--bin", "ovenjs-sim", "--quiet"]);
    tests.args(["--", "--nocapture", "--exact", TRACES_TEST]);
    let debug = shell::capture(&mut tests)?;
    let traces = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("trace of "));
        lines.map(str::to_owned).collect()
    };
    let (optimised, debug) = (traces(&optimised), traces(&debug));
    if optimised.is_empty() || optimised != debug {
        bail!("the builds play differently: {optimised:#?} here, {debug:#?} in the tests");
    }
    println!("{} seeds give the same traces in both builds", debug.len());
    Ok(())
}

fn play(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    shell::run(&mut build(workspace, PROGRAM))?;
    let mut command = Command::new(program(workspace, PROGRAM));
    shell::run(command.current_dir(&workspace.root).args(arguments))
}

/// Builds a program that CI runs optimised: a simulation, one in real time, or the counted paths.
///
/// All of them name the same packages, so that the crates below have the same features and are
/// built once.
pub(crate) fn build(workspace: &Workspace, program: &str) -> Command {
    let mut command = workspace.cargo(["build", "--profile", "sim"]);
    for package in [PROGRAM, CACHE, "ovenjs-box-benches", "ovenjs-benches"] {
        command.args(["--package", package]);
    }
    command.args(["--bin", program]);
    command
}

/// Where [`build`] puts it.
pub(crate) fn program(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join("sim").join(name)
}

/// A patch that puts a bug back.
#[derive(Debug)]
struct Bug {
    name: String,
    /// The row of the list of bugs that others had.
    row: String,
    patch: PathBuf,
}

impl Bug {
    /// What plays with it.
    fn program(&self) -> &'static str {
        if self.name.starts_with("cache-") {
            CACHE
        } else {
            PROGRAM
        }
    }
}

fn bugs(workspace: &Workspace, only: &str) -> Result<()> {
    let bugs: Vec<Bug> = arsenal(workspace)?
        .into_iter()
        .filter(|bug| bug.name.contains(only))
        .collect();
    let scratch = Scratch::make(workspace, &bugs)?;
    let begun = Instant::now();
    println!("{:<34} {:>8}  build  hunt", "bug", "row");
    let (mut found, mut missed) = (0, Vec::new());
    for bug in &bugs {
        let (built, told) = match scratch.hunt(bug) {
            Ok(hunted) => hunted,
            Err(error) => (Duration::ZERO, format!("{error:#}")),
        };
        if told.starts_with("found") {
            found += 1;
        } else {
            missed.push(bug.name.as_str());
        }
        let built = built.as_secs_f64();
        println!("{:<34} {:>8} {built:>4.0} s  {told}", bug.name, bug.row);
    }
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    println!("{found} of {} found, in {minutes:.1} minutes", bugs.len());
    if missed.is_empty() && found > 0 {
        Ok(())
    } else {
        bail!("not found: {}", missed.join(", "))
    }
}

/// All patches, by name.
fn arsenal(workspace: &Workspace) -> Result<Vec<Bug>> {
    let folder = workspace.root.join(FOLDER);
    let mut bugs = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {FOLDER}"))? {
        let patch = entry?.path();
        if patch
            .extension()
            .is_none_or(|extension| extension != "patch")
        {
            continue;
        }
        let text = fs::read_to_string(&patch)
            .with_context(|| format!("failed to read {}", patch.display()))?;
        let row = text.lines().find_map(|line| line.strip_prefix("Row: "));
        let name = patch.file_stem().unwrap_or_default().to_string_lossy();
        bugs.push(Bug {
            row: row
                .with_context(|| format!("{name} does not say its row"))?
                .to_owned(),
            name: name.into_owned(),
            patch,
        });
    }
    bugs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(bugs)
}

/// A copy of the tree, and a target folder of its own beside it.
struct Scratch {
    tree: Workspace,
}

impl Scratch {
    fn make(workspace: &Workspace, bugs: &[Bug]) -> Result<Self> {
        let folder = workspace.target.join("bugs");
        let (root, target) = (folder.join("tree"), folder.join("target"));
        fs::create_dir_all(&target)
            .with_context(|| format!("failed to create {}", target.display()))?;
        let files = shell::capture(Command::new("git").current_dir(&workspace.root).args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        for file in files.lines() {
            copy(&workspace.root.join(file), &root.join(file))?;
        }
        let scratch = Self {
            tree: Workspace { root, target },
        };
        // Once without a bug, so that the time of the first one is its own.
        let mut programs: Vec<_> = bugs.iter().map(Bug::program).collect();
        programs.sort_unstable();
        programs.dedup();
        for program in programs {
            if let Some(error) = scratch.build(program)? {
                bail!("the tree itself does not compile: {error}");
            }
        }
        Ok(scratch)
    }

    /// Puts the bug back, hunts it, and takes it out again. How long the build took, and what the
    /// hunt says.
    fn hunt(&self, bug: &Bug) -> Result<(Duration, String)> {
        self.apply(bug, &[])?;
        let hunted = self.build_and_hunt(bug.program());
        self.apply(bug, &["--reverse"])?;
        hunted
    }

    fn build_and_hunt(&self, name: &str) -> Result<(Duration, String)> {
        let begun = Instant::now();
        if let Some(error) = self.build(name)? {
            return Ok((begun.elapsed(), format!("does not compile: {error}")));
        }
        let built = begun.elapsed();
        let mut hunt = Command::new(program(&self.tree, name));
        let hunted = hunt
            .args(["--hunt", HUNT_SECONDS])
            .output()
            .context("failed to start the simulation")?;
        let words = String::from_utf8_lossy(&hunted.stdout);
        let last = words.lines().last().unwrap_or("it ended without a word");
        Ok((built, last.to_owned()))
    }

    /// Builds one simulation alone, without the wires of the gateway, and does not optimise what is
    /// built again for each bug: most are found within a few runs. Those of the cache take thousands,
    /// and what they play is small. What the compiler says first, where it says no.
    fn build(&self, name: &str) -> Result<Option<String>> {
        let mut build = self.tree.cargo(["build", "--profile", "sim", "--quiet"]);
        let level = if name == CACHE { 1 } else { 0 };
        for package in ["ovenjs-gateway", "ovenjs-ratelimit", "ovenjs-cache", name] {
            let barely = format!("profile.sim.package.{package}.opt-level={level}");
            build.args(["--config", &barely]);
        }
        build.args(["--config", "profile.sim.incremental=true"]);
        build
            .args(["--package", name])
            .env("CARGO_TARGET_DIR", &self.tree.target);
        let built = build.output().context("failed to start cargo")?;
        if built.status.success() {
            return Ok(None);
        }
        let words = String::from_utf8_lossy(&built.stderr);
        let first = words.lines().find(|line| line.starts_with("error"));
        Ok(Some(first.unwrap_or_default().to_owned()))
    }

    fn apply(&self, bug: &Bug, how: &[&str]) -> Result<()> {
        let mut git = Command::new("git");
        // The copy lies in a folder of the repository, but it is none of its files.
        git.current_dir(&self.tree.root)
            .env("GIT_CEILING_DIRECTORIES", self.tree.root.join(".."))
            .arg("apply")
            .args(how)
            .arg(&bug.patch);
        shell::capture(&mut git)
            .map(drop)
            .with_context(|| format!("{} does not apply", bug.name))
    }
}

/// Copies a file with its time where the copy is not the same: by that cargo tells what has changed.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("failed to copy {}", from.display());
    // What a package borrows from the workspace, `specs`, is a link to a folder.
    if from.is_symlink() {
        return link(from, to).with_context(failed);
    }
    // A file that was removed is still listed until that is committed.
    if !from.is_file() {
        return Ok(());
    }
    let content = fs::read(from).with_context(failed)?;
    if fs::read(to).is_ok_and(|copy| copy == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    fs::write(to, content).with_context(failed)?;
    let time = fs::metadata(from).and_then(|facts| facts.modified());
    let copy = File::options().append(true).open(to).with_context(failed)?;
    copy.set_modified(time.with_context(failed)?)
        .with_context(failed)
}

/// Makes the same link beside the copy, where there is none.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    if to.is_symlink() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

/// Where the patches are.
const FOLDER: &str = "fuzz/bugs";

/// What plays.
const PROGRAM: &str = "ovenjs-sim";

/// What plays schedulers of REST requests.
const RATELIMIT: &str = "ovenjs-ratelimit-sim";

/// What plays processes and stores of a cache.
const CACHE: &str = "ovenjs-cache-sim";

/// The test that tells the traces of the first seeds.
const TRACES_TEST: &str = "runs::tests::the_first_seeds_tell_their_traces";

/// Processor time after which a bug counts as not found.
const HUNT_SECONDS: &str = "60";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_still_applies() {
        let workspace = Workspace::find().unwrap();
        let bugs = arsenal(&workspace).unwrap();
        assert!(bugs.len() >= 20, "{} bugs", bugs.len());
        for bug in bugs {
            let checked = Command::new("git")
                .current_dir(&workspace.root)
                .args(["apply", "--check"])
                .arg(&bug.patch)
                .output()
                .unwrap();
            let words = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success(), "{}: {words}", bug.name);
        }
    }
}
