//! `cargo xtask bench peers`: our gateway beside other libraries', on one stream of events.
//!
//! Contestants and course are a workspace of their own under `benches/peers/`, which this builds and
//! starts. What it prints is for people: a ratio never fails it.

use crate::interop;
use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::process::Command;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// How many events the stream has.
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// How often each contestant runs; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Only those whose name has one of these parts, joined by commas, e.g. `ours,twilight decode`.
    /// Programs that none of them names are not built.
    #[arg(long)]
    only: Option<String>,
}

pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let folder = workspace.target.join("peers");
    let race = Race {
        source: workspace.root.join("benches").join("peers"),
        programs: folder.join("release"),
        folder,
        only: options.only.as_deref(),
    };
    race.build(workspace)?;
    let mut course = Command::new(race.programs.join("course"));
    course
        .args(["--events", &options.events.to_string()])
        .args(["--rounds", &options.rounds.to_string()])
        .arg("--streams")
        .arg(race.folder.join("streams"))
        .arg("--programs")
        .arg(&race.programs);
    if let Some(node) = race.node()? {
        course.arg("--node").arg(node);
    }
    if let Some(only) = race.only {
        course.args(["--only", only]);
    }
    shell::run(&mut course)
}

struct Race<'a> {
    source: PathBuf,
    folder: PathBuf,
    programs: PathBuf,
    only: Option<&'a str>,
}

impl Race<'_> {
    fn build(&self, workspace: &Workspace) -> Result<()> {
        if self.wants("serenity-cache") {
            // The cache is on or off for a whole program, so serenity is built twice.
            let cache = ["--package", "ovenjs-peers-serenity", "--features", "cache"];
            shell::run(self.cargo(workspace).args(cache))?;
            let from = self.programs.join("serenity");
            std::fs::copy(from, self.programs.join("serenity-cache"))
                .context("failed to put serenity with its cache aside")?;
        }
        let mut build = self.cargo(workspace);
        build.args(["--package", "ovenjs-peers-course"]);
        for program in ["ours", "serenity", "twilight"] {
            if self.wants(program) {
                build.args(["--package", &format!("ovenjs-peers-{program}")]);
            }
        }
        shell::run(&mut build)
    }

    /// The target folder is one of its own: nothing is shared with the project's own builds.
    fn cargo(&self, workspace: &Workspace) -> Command {
        let mut command = workspace.cargo(["build", "--quiet", "--release", "--locked"]);
        command.current_dir(&self.source);
        command.env("CARGO_TARGET_DIR", &self.folder);
        command
    }

    /// The folder of the bot on discord.js, filled.
    fn node(&self) -> Result<Option<PathBuf>> {
        if !self.wants("discord.js") {
            return Ok(None);
        }
        let folder = self.folder.join("discord-js");
        interop::fill_node(&self.source.join("discord-js"), &folder, &["bot.js"])?;
        Ok(Some(folder))
    }

    fn wants(&self, program: &str) -> bool {
        wants(self.only, program)
    }
}

/// Whether a part may name this program: parts are of `stream program work`.
fn wants(only: Option<&str>, program: &str) -> bool {
    only.is_none_or(|only| {
        let named = |part: &str| part.split(' ').any(|word| word == program);
        only.split(',').any(named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn parts_name_the_programs_that_are_built() {
        assert!(wants(None, "twilight"));
        assert!(wants(Some("ours,twilight decode"), "twilight"));
        assert!(wants(Some("events ours"), "ours"));
        assert!(!wants(Some("ours"), "serenity"));
    }

    #[test]
    fn the_race_has_a_lock_file_of_its_own_and_the_project_none_of_its_peers() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let theirs = std::fs::read_to_string(root.join("benches/peers/Cargo.lock")).unwrap();
        let ours = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
        for peer in ["twilight-cache-inmemory", "ovenjs-peers-course"] {
            let line = format!("name = \"{peer}\"");
            assert!(theirs.contains(&line) && !ours.contains(&line), "{peer}");
        }
    }
}
