//! The parts of `cargo metadata` that the tasks look at.

use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The packages of this workspace, without those they depend on.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The name under which the crate is used, where the manifest renames it.
    #[serde(default)]
    pub(crate) rename: Option<String>,
    /// `None` for a normal dependency, else `dev` or `build`.
    #[serde(default)]
    pub(crate) kind: Option<String>,
    /// `*` for a dependency that names a folder and no version.
    #[serde(default)]
    pub(crate) req: String,
    /// The folder, for a crate of this workspace.
    #[serde(default)]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
}

impl Metadata {
    /// Asks cargo about the workspace.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let text = shell::capture(&mut workspace.cargo([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        serde_json::from_str(&text).context("failed to understand `cargo metadata`")
    }

    /// The crates that people depend on and the `oven` program: what lies under `crates/`.
    pub(crate) fn crates(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| {
            package.name.starts_with("ovenjs-")
                && package
                    .folder()
                    .parent()
                    .is_some_and(|parent| parent.ends_with("crates"))
        })
    }
}

impl Package {
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| {
            target
                .kind
                .iter()
                .any(|kind| kind == "lib" || kind == "proc-macro")
        })
    }
}
