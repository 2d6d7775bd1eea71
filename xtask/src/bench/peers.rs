//! `cargo xtask bench peers`: our gateway beside other libraries', on one stream of events.
//!
//! What it prints is for people: a ratio never fails it.

use super::race::Race;
use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result};
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
    let race = Race::new(workspace, options.only.as_deref());
    if race.wants("serenity-cache") {
        // The cache is on or off for a whole program, so serenity is built twice.
        let cache = ["--package", "ovenjs-peers-serenity", "--features", "cache"];
        shell::run(race.cargo(workspace).args(cache))?;
        let from = race.programs.join("serenity");
        std::fs::copy(from, race.programs.join("serenity-cache"))
            .context("failed to put serenity with its cache aside")?;
    }
    let programs = ["ours", "serenity", "twilight"];
    let programs = programs.into_iter().filter(|program| race.wants(program));
    race.build(workspace, programs.chain(["course"]))?;
    let mut course = Command::new(race.programs.join("course"));
    course
        .args(["--events", &options.events.to_string()])
        .args(["--rounds", &options.rounds.to_string()])
        .arg("--streams")
        .arg(race.folder.join("streams"))
        .arg("--programs")
        .arg(&race.programs);
    race.tell_node(&mut course)?;
    if let Some(only) = race.only {
        course.args(["--only", only]);
    }
    shell::run(&mut course)
}
