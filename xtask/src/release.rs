//! `cargo xtask semver` and `cargo xtask package`: what a release promises and contains.

use crate::metadata::Metadata;
use crate::shell::{self, Workspace};
use anyhow::Result;
use std::process::Command;

/// The version of the interface checker.
const SEMVER_CHECKS: &str = "0.51.0";

/// Compares the public interfaces with the last release, where there is one.
pub(crate) fn semver(workspace: &Workspace) -> Result<()> {
    let tags = shell::capture(Command::new("git").current_dir(&workspace.root).args([
        "tag",
        "--list",
        "v*",
        "--sort=-v:refname",
    ]))?;
    let Some(tag) = tags.lines().next() else {
        println!("there is no release yet (no tag v*): nothing to compare the interfaces with");
        return Ok(());
    };
    let program = workspace.tools().join("bin").join("cargo-semver-checks");
    if !shell::is_program(&program) {
        println!(
            "cargo-semver-checks {SEMVER_CHECKS} is not installed; building it into the target folder"
        );
        shell::run(
            workspace
                .cargo(["install", "--quiet", "--locked", "cargo-semver-checks"])
                .args(["--version", SEMVER_CHECKS, "--root"])
                .arg(workspace.tools()),
        )?;
    }
    shell::run(Command::new(program).current_dir(&workspace.root).args([
        "semver-checks",
        "--workspace",
        "--baseline-rev",
        tag,
    ]))
}

/// Assembles the archives that would be published. Nothing leaves this machine, and the build of
/// each crate alone is `cargo xtask build`'s work.
pub(crate) fn package(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo(["package", "--no-verify", "--allow-dirty"]);
    for package in Metadata::read(workspace)?.crates() {
        command.args(["--package", &package.name]);
    }
    shell::run(&mut command)
}
