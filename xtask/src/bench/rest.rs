//! `cargo xtask bench rest`: our REST beside other libraries', at the same messages, against Discord in a
//! box.
//!
//! What it prints is for people: a ratio never fails it.

use super::race::Race;
use crate::shell::{self, Workspace};
use anyhow::Result;
use std::process::Command;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// How many messages are posted where limits are off.
    #[arg(long, default_value_t = 20_000)]
    posts: usize,
    /// How often each contestant posts them; the median counts. At 0 none does.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Round trips in ms under which 600 messages are posted where limits are on, with three models of
    /// the limit of all; none where it is empty. A round trip takes about a minute and a half.
    #[arg(long, default_value = "0,100,300")]
    round_trips: String,
    /// Only those whose name has one of these parts, joined by commas, e.g. `ours,twilight bare`.
    /// Programs that none of them names are not built.
    #[arg(long)]
    only: Option<String>,
}

pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let race = Race::new(workspace, options.only.as_deref());
    let programs = ["ours", "serenity", "twilight"];
    let programs = programs.into_iter().filter(|program| race.wants(program));
    let packages: Vec<String> = programs
        .chain(["course"])
        .map(|program| format!("rest-{program}"))
        .collect();
    race.build(workspace, packages.iter().map(String::as_str))?;
    let mut course = Command::new(race.programs.join("rest-course"));
    course
        .args(["--posts", &options.posts.to_string()])
        .args(["--rounds", &options.rounds.to_string()])
        .args(["--round-trips", &options.round_trips])
        .arg("--notes")
        .arg(workspace.notes()?)
        .arg("--programs")
        .arg(&race.programs);
    race.tell_node(&mut course)?;
    if let Some(only) = race.only {
        course.args(["--only", only]);
    }
    shell::run(&mut course)
}
