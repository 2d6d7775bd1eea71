//! `cargo xtask setup`: what a fresh machine lacks, installed and named.

use crate::packages::{self, Need};
use crate::shell::{self, Workspace};
use crate::{interop, lint, services};
use anyhow::Result;

/// Installs servers, the instruction counter, foreign runtimes and the dependency checker.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    services::install_missing(&services::Service::ALL)?;
    println!(
        "redis-server, nats-server and the server programs of PostgreSQL and MariaDB are installed"
    );
    if shell::on_path("valgrind").is_none() {
        packages::install(&[Need::Valgrind])?;
    }
    println!("valgrind is installed");
    interop::install_missing()?;
    println!("Node.js with npm and Python with venv are installed");
    let deny = lint::cargo_deny(workspace)?;
    println!(
        "cargo-deny {} is installed as {}",
        lint::CARGO_DENY,
        deny.display()
    );
    if shell::succeeds(
        workspace
            .cargo(["nextest", "--version"])
            .env_remove("RUSTFLAGS"),
    ) {
        println!("cargo-nextest is installed");
    } else {
        println!(
            "cargo-nextest is not installed: tests run under `cargo test`. \
             For the faster runner: cargo install --locked cargo-nextest"
        );
    }
    Ok(())
}
