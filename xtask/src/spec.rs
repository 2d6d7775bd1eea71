//! `cargo xtask spec`: how much of Discord's surface the crates cover, counted
//! against the tables of `specs/`.

#[path = "../../crates/ovenjs-mock/src/oracle/table.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the reader belongs to the mock's oracle; it is compiled here too, so that the tables \
              can be written and checked while the mock does not build"
)]
pub(crate) mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use table::{Tables, Texts};

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Reads and checks the tables of the tree.
pub(crate) fn load(root: &Path) -> Result<Tables> {
    let folder = root.join("specs");
    parse(|name| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    })
}

/// Reads and checks the tables whose texts `file` gives by name.
pub(crate) fn parse(file: impl Fn(&str) -> Result<String>) -> Result<Tables> {
    let texts = Texts {
        operations: &file("operations.txt")?,
        schemas: &file("schemas.txt")?,
        objects: &file("objects.txt")?,
        gateway: &file("gateway.txt")?,
        limits: &file("limits.txt")?,
        errors: &file("errors.txt")?,
    };
    Ok(Tables::parse(texts)?)
}
pub(crate) fn run() -> Result<()> {
    load(&root()).map(|_| ())
}
