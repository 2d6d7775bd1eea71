//! `cargo xtask heartbeats` and `cargo xtask restarts`: what only real time and real processes can
//! show of the gateway.

use crate::shell::{self, Workspace};
use crate::sim;
use anyhow::Result;
use std::process::Command;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Arguments of the program. Of `heartbeats`: --seconds (60) for which the workers are held in
    /// both cases, which are a process each and run side by side, --rate (2000) of events. Of `restarts`: --events (100000), --rate (5000),
    /// --replacements (3), --kills (200) and their --seed (1).
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Late heartbeats of a bot whose own code holds every worker thread.
pub(crate) fn heartbeats(workspace: &Workspace, options: &Options) -> Result<()> {
    measure(workspace, "heartbeats", options)
}

/// Events missed or handled twice by a bot whose process is replaced, and killed.
pub(crate) fn restarts(workspace: &Workspace, options: &Options) -> Result<()> {
    measure(workspace, "restarts", options)
}

fn measure(workspace: &Workspace, name: &str, options: &Options) -> Result<()> {
    shell::run(&mut sim::build(workspace, name))?;
    shell::run(Command::new(sim::program(workspace, name)).args(&options.arguments))
}
