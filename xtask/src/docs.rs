//! `cargo xtask docs`: the documentation, with every warning an error.

use crate::shell::{self, Workspace};
use anyhow::Result;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    shell::run(
        workspace
            .cargo(["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}
