//! `cargo xtask heartbeats`: what only real time and real processes can show of the gateway.

use crate::shell::{self, Workspace};
use anyhow::Result;
use std::process::Command;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Arguments of the program: --seconds and --rate, each with a number; without them the workers
    /// are held for 60 seconds in each of two cases, while 2,000 events arrive a second.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Late heartbeats of a bot whose own code holds every worker thread.
pub(crate) fn heartbeats(workspace: &Workspace, options: &Options) -> Result<()> {
    let build = ["build", "--quiet", "--release"];
    let what = ["--package", "ovenjs-box-benches", "--bin", "heartbeats"];
    shell::run(workspace.cargo(build).args(what))?;
    let program = workspace.target.join("release").join("heartbeats");
    shell::run(Command::new(program).args(&options.arguments))
}
