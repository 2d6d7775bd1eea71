//! `cargo xtask build`: each crate alone in its feature profiles, then the whole.
//!
//! A workspace build unites the features of all crates and so hides a crate that only compiles
//! because its neighbour asked for something. Here each crate stands alone.

use crate::metadata::{Metadata, Package};
use crate::shell::{self, Workspace};
use anyhow::{Result, bail};
use std::collections::BTreeSet;

/// The crate whose rules must build without the network, and the crate that proves it.
const PURE_WITHOUT_DEFAULTS: &[(&str, &str)] = &[
    ("ovenjs-gateway", "tokio"),
    ("ovenjs-types", "tokio"),
    ("ovenjs-ratelimit", "tokio"),
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let metadata = Metadata::read(workspace)?;
    for package in metadata.crates() {
        for profile in profiles(package) {
            let mut command = workspace.cargo(["check", "--quiet", "--package", &package.name]);
            command.args(profile);
            shell::run(&mut command)?;
        }
    }
    for (package, forbidden) in PURE_WITHOUT_DEFAULTS {
        let tree = shell::capture(&mut workspace.cargo([
            "tree",
            "--package",
            package,
            "--no-default-features",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ]))?;
        if names_in_tree(&tree).contains(forbidden) {
            bail!("{package} without default features depends on {forbidden}");
        }
        println!("{package} without default features is free of {forbidden}");
    }
    shell::run(&mut workspace.cargo(["check", "--workspace"]))
}

/// The arguments for: nothing but defaults; no defaults; and each feature that is not on by
/// default, alone on top of the defaults.
fn profiles(package: &Package) -> Vec<Vec<String>> {
    let mut profiles = vec![Vec::new()];
    let default = package.features.get("default");
    if default.is_some_and(|features| !features.is_empty()) {
        profiles.push(vec!["--no-default-features".to_owned()]);
    }
    let on: BTreeSet<_> = default.into_iter().flatten().collect();
    for feature in package.features.keys() {
        if feature != "default" && !on.contains(feature) {
            profiles.push(vec!["--features".to_owned(), feature.clone()]);
        }
    }
    profiles
}

fn names_in_tree(tree: &str) -> BTreeSet<&str> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_built_with_without_and_beyond_its_defaults() {
        let package: Package = serde_json::from_str(
            r#"{"name": "ovenjs-x", "manifest_path": "/x/Cargo.toml", "dependencies": [],
                "features": {"default": ["net"], "net": [], "zstd": []}}"#,
        )
        .unwrap();
        let shown: Vec<_> = profiles(&package)
            .iter()
            .map(|profile| profile.join(" "))
            .collect();
        assert_eq!(shown, ["", "--no-default-features", "--features zstd"]);
    }

    #[test]
    fn a_tree_gives_the_names_of_its_packages() {
        let names =
            names_in_tree("ovenjs-gateway v0.1.0 (…)\ntokio v1.54.0\ntokio-rustls v0.26.6 (*)\n");
        assert!(names.contains("tokio"));
        assert!(!names.contains("rustls"));
    }
}
