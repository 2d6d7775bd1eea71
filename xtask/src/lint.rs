//! `cargo xtask lint`: formatting, clippy, the dependency rules of `deny.toml`, the house rules.

use crate::shell::{self, Workspace};
use crate::tidy;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The version of the dependency checker; newer ones may judge differently, so it is pinned.
pub(crate) const CARGO_DENY: &str = "0.20.2";

/// How long fetching the advisory database may take. It is some ten megabytes; a machine without
/// a way out must not hold the lane.
const FETCH_BOUND: Duration = Duration::from_secs(90);
/// The pause between two looks at the fetch.
const FETCH_PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    shell::run(&mut workspace.cargo(["fmt", "--all", "--check"]))?;
    shell::run(&mut workspace.cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))?;
    dependencies(workspace)?;
    tidy::run(workspace)
}

fn dependencies(workspace: &Workspace) -> Result<()> {
    let program = cargo_deny(workspace)?;
    let deny = || {
        let mut command = Command::new(&program);
        command
            .current_dir(&workspace.root)
            .args(["--workspace", "--all-features"]);
        command
    };
    shell::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    if fetched(deny().args(["fetch", "db"]))? {
        shell::run(deny().args(["check", "--disable-fetch", "advisories"]))
    } else {
        println!("==================================================================");
        println!("ADVISORIES WERE NOT CHECKED: the RustSec database cannot be fetched");
        println!("from here. Run `cargo xtask lint` where it can.");
        println!("==================================================================");
        Ok(())
    }
}

/// The dependency checker, installed into the target folder when it is not there.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let program = workspace.tools().join("bin").join("cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    if version.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .any(|word| word == CARGO_DENY)
    }) {
        return Ok(program);
    }
    println!("cargo-deny {CARGO_DENY} is not installed; building it into the target folder");
    let begun = Instant::now();
    // Unoptimised: it is built far more often than its seconds of work are worth.
    shell::run(
        workspace
            .cargo([
                "install",
                "--quiet",
                "--locked",
                "--debug",
                "--force",
                "cargo-deny",
            ])
            .args(["--version", CARGO_DENY, "--root"])
            .arg(workspace.tools())
            .env("CARGO_PROFILE_DEV_DEBUG", "false"),
    )?;
    println!(
        "cargo-deny {CARGO_DENY} built in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(program)
}

/// Whether the fetch succeeded within its time.
fn fetched(command: &mut Command) -> Result<bool> {
    println!("$ {}", shell::shown(command));
    let mut child = command
        .stdin(std::process::Stdio::null())
        .spawn()
        .with_context(|| format!("failed to start {}", shell::shown(command)))?;
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("failed to look at the fetch")? {
            return Ok(status.success());
        }
        if begun.elapsed() > FETCH_BOUND {
            child.kill().context("failed to end the fetch")?;
            child.wait().context("failed to end the fetch")?;
            return Ok(false);
        }
        std::thread::sleep(FETCH_PAUSE);
    }
}
