//! The workspace's own tasks: `cargo xtask <command>`.
//!
//! One file per command. CI runs `cargo xtask ci`, which runs the same commands that a person
//! runs; there is no second description of what CI does.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "these tasks read the environment, measure time and poll processes; no library code lives here"
)]

mod autobahn;
mod bench;
mod build;
mod ci;
mod codegen;
mod docs;
mod endurance;
mod fuzz;
mod interop;
mod lint;
mod metadata;
mod packages;
mod release;
mod services;
mod setup;
mod shell;
mod sim;
mod spec;
mod test;
mod tidy;
mod wire;

use anyhow::Result;
use clap::{Parser, Subcommand};
use shell::Workspace;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The workspace's own tasks")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what the other commands need, and say what it does.
    Setup,
    /// Run all tests, with a private Redis, NATS, Postgres and MariaDB.
    Test(test::Options),
    /// Run bots written with discord.js, discord.py and hikari against the mock.
    Interop,
    /// Run the fuzz targets; their corpora run with the tests as well.
    Fuzz(fuzz::Options),
    /// Hold the websocket client against Autobahn's test suite.
    Autobahn,
    /// Check formatting, clippy, dependencies and the house rules.
    Lint,
    /// Build the documentation with warnings denied.
    Docs,
    /// Build the workspace and each crate in its feature profiles.
    Build,
    /// Run the benchmarks, or hold instruction counts against the stored baseline.
    Bench(bench::Options),
    /// Hold every worker thread of a bot, and see how late its heartbeats leave.
    Heartbeats(endurance::Options),
    /// Replace a bot's process and kill it, and see whether an event is missed.
    Restarts(endurance::Options),
    /// Write the fact tables under `specs/` from Discord's own files, or compare them.
    Codegen {
        /// Change nothing; fail when the tables are not what the files give.
        #[arg(long)]
        check: bool,
    },
    /// Simulate the gateway under faults, or hunt for old bugs that are put back.
    Sim(sim::Options),
    /// Count how much of Discord's surface the crates cover.
    Spec {
        /// Read the sources alone, and leave out what tests tell.
        #[arg(long)]
        sources: bool,
    },
    /// Check the house rules: crate edges, pure folders, names, untyped escapes.
    Tidy,
    /// Start a private Redis, NATS, Postgres and MariaDB, print their addresses, and stop with standard input.
    Services,
    /// Compare the public interfaces with the last release.
    Semver,
    /// Assemble what would be published.
    Package,
    /// Run every check in CI's order and print the minutes of each.
    Ci,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Setup => setup::run(&workspace),
        Task::Test(options) => test::run(&workspace, &options),
        Task::Interop => interop::run(&workspace),
        Task::Fuzz(options) => fuzz::run(&workspace, &options),
        Task::Autobahn => autobahn::run(&workspace),
        Task::Lint => lint::run(&workspace),
        Task::Docs => docs::run(&workspace),
        Task::Build => build::run(&workspace),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Heartbeats(options) => endurance::heartbeats(&workspace, &options),
        Task::Restarts(options) => endurance::restarts(&workspace, &options),
        Task::Codegen { check } => codegen::run(check),
        Task::Sim(options) => sim::run(&workspace, &options),
        Task::Spec { sources } => spec::run(sources),
        Task::Tidy => tidy::run(&workspace),
        Task::Services => services::serve(),
        Task::Semver => release::semver(&workspace),
        Task::Package => release::package(&workspace),
        Task::Ci => ci::run(&workspace),
    }
}
