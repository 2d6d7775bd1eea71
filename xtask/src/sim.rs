//! `cargo xtask sim`: plays the gateway's rules against the Discord in a box under faults that follow
//! from seeds; `sim bugs` puts old bugs back and looks whether they are found.
//!
//! The bugs are patches in `fuzz/bugs`, so that no switch for them is in the product. They are
//! applied to a copy of the tree under the target folder, one at a time, and built there.

use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

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
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Put each bug of `fuzz/bugs` back into a copy of the tree, and find it.
    Bugs {
        /// Those alone whose names hold this.
        #[arg(long)]
        only: Option<String>,
    },
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    match (&options.task, options.seed) {
        (Some(Task::Bugs { only }), _) => bugs(workspace, only.as_deref().unwrap_or_default()),
        (None, Some(seed)) => play(workspace, &["--seed".to_owned(), seed.to_string()]),
        (None, None) => {
            let (from, seeds) = (options.from.to_string(), options.seeds.to_string());
            play(
                workspace,
                &["--from".to_owned(), from, "--seeds".to_owned(), seeds],
            )
        }
    }
}

fn play(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    shell::run(&mut build(workspace, "ovenjs-sim"))?;
    let mut command = Command::new(workspace.target.join(PROGRAM));
    shell::run(command.current_dir(&workspace.root).args(arguments))
}

/// Builds a program that plays with the gateway: a simulation, or one in real time.
///
/// The profile is one of its own: quick runs from a cheap build. All that use it name the same
/// packages, so that the crates below them have the same features and are built once.
pub(crate) fn build(workspace: &Workspace, program: &str) -> Command {
    let mut command = workspace.cargo(["build", "--profile", "sim"]);
    let packages = ["--package", "ovenjs-sim", "--package", "ovenjs-box-benches"];
    command.args(packages).args(["--bin", program]);
    command
}

/// A patch that puts a bug back.
#[derive(Debug)]
struct Bug {
    name: String,
    /// The row of the list of bugs that others had.
    row: String,
    patch: PathBuf,
}

fn bugs(workspace: &Workspace, only: &str) -> Result<()> {
    let bugs: Vec<Bug> = arsenal(workspace)?
        .into_iter()
        .filter(|bug| bug.name.contains(only))
        .collect();
    let scratch = Scratch::make(workspace)?;
    println!("{:<34} {:>4}  found", "bug", "row");
    let mut found = 0;
    for bug in &bugs {
        let told = match scratch.hunt(bug) {
            Ok(told) => told,
            Err(error) => format!("{error:#}"),
        };
        found += usize::from(told.starts_with("found"));
        println!("{:<34} {:>4}  {told}", bug.name, bug.row);
    }
    println!("{found} of {} found", bugs.len());
    if found == bugs.len() && found > 0 {
        Ok(())
    } else {
        bail!("not every bug is found, see the table")
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
    fn make(workspace: &Workspace) -> Result<Self> {
        // What is built here already need not be built again: times and places stay as they are.
        shell::run(&mut build(workspace, "ovenjs-sim"))?;
        let folder = workspace.target.join("bugs");
        let (root, target) = (folder.join("tree"), folder.join("target"));
        for old in [&root, &target] {
            if old.exists() {
                fs::remove_dir_all(old)
                    .with_context(|| format!("failed to remove {}", old.display()))?;
            }
        }
        fs::create_dir_all(&target)
            .with_context(|| format!("failed to create {}", target.display()))?;
        let built = workspace.target.join("sim");
        shell::run(Command::new("cp").arg("-a").arg(built).arg(&target))?;
        let files = shell::capture(Command::new("git").current_dir(&workspace.root).args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        for file in files.lines() {
            copy(&workspace.root.join(file), &root.join(file))?;
        }
        Ok(Self {
            tree: Workspace { root, target },
        })
    }

    /// Puts the bug back, hunts it, and takes it out again. What the hunt says.
    fn hunt(&self, bug: &Bug) -> Result<String> {
        self.apply(bug, &[])?;
        let hunted = self.build_and_hunt();
        self.apply(bug, &["--reverse"])?;
        hunted
    }

    fn build_and_hunt(&self) -> Result<String> {
        let mut build = build(&self.tree, "ovenjs-sim");
        build
            .arg("--quiet")
            .env("CARGO_TARGET_DIR", &self.tree.target);
        let built = build.output().context("failed to start cargo")?;
        if !built.status.success() {
            let words = String::from_utf8_lossy(&built.stderr);
            let first = words.lines().find(|line| line.starts_with("error"));
            bail!("does not compile: {}", first.unwrap_or_default());
        }
        let program = self.tree.target.join(PROGRAM);
        let mut hunt = Command::new(program);
        let hunted = hunt
            .args(["--hunt", HUNT_SECONDS])
            .output()
            .context("failed to start the simulation")?;
        let words = String::from_utf8_lossy(&hunted.stdout);
        let last = words.lines().last().unwrap_or("it ended without a word");
        Ok(last.to_owned())
    }

    fn apply(&self, bug: &Bug, how: &[&str]) -> Result<()> {
        let mut git = Command::new("git");
        // The copy lies in a folder of the repository, but it is none of its files.
        git.current_dir(&self.tree.root)
            .env("GIT_CEILING_DIRECTORIES", self.tree.root.join(".."))
            .arg("apply")
            .args(how)
            .arg(&bug.patch);
        shell::run(&mut git).with_context(|| format!("{} does not apply", bug.name))
    }
}

/// Copies a file with its time, by which cargo tells what has changed.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("failed to copy {}", from.display());
    // A file that was removed is still listed until that is committed.
    let Ok(facts) = fs::metadata(from) else {
        return Ok(());
    };
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    fs::copy(from, to).with_context(failed)?;
    let copy = File::options().append(true).open(to).with_context(failed)?;
    let time = facts.modified().with_context(failed)?;
    copy.set_modified(time).with_context(failed)
}

/// Where the patches are.
const FOLDER: &str = "fuzz/bugs";

/// What that makes, below the target folder.
const PROGRAM: &str = "sim/ovenjs-sim";

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
