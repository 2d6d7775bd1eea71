//! Which crate of this house may depend on which.

use super::Report;
use super::tree::Tree;
use crate::metadata::Dependency;

/// The only edges there are. A crate of one layer never depends on its neighbour; what two of
/// them share lies in `ovenjs-types`, and only `ovenjs-core` knows them all.
const EDGES: &[(&str, &[&str])] = &[
    ("ovenjs-types", &[]),
    ("ovenjs-ratelimit", &[]),
    ("ovenjs-macros", &[]),
    ("ovenjs-net", &["ovenjs-types"]),
    (
        "ovenjs-rest",
        &["ovenjs-types", "ovenjs-ratelimit", "ovenjs-net"],
    ),
    (
        "ovenjs-gateway",
        &["ovenjs-types", "ovenjs-ratelimit", "ovenjs-net"],
    ),
    ("ovenjs-cache", &["ovenjs-types", "ovenjs-net"]),
    ("ovenjs-commands", &["ovenjs-types", "ovenjs-macros"]),
    ("ovenjs-plugins", &["ovenjs-types", "ovenjs-net"]),
    ("ovenjs-voice", &["ovenjs-types", "ovenjs-net"]),
    (
        "ovenjs-monitoring",
        &[
            "ovenjs-types",
            "ovenjs-ratelimit",
            "ovenjs-rest",
            "ovenjs-gateway",
            "ovenjs-cache",
            "ovenjs-commands",
            "ovenjs-plugins",
            "ovenjs-voice",
        ],
    ),
    (
        "ovenjs-core",
        &[
            "ovenjs-types",
            "ovenjs-ratelimit",
            "ovenjs-macros",
            "ovenjs-net",
            "ovenjs-rest",
            "ovenjs-gateway",
            "ovenjs-cache",
            "ovenjs-commands",
            "ovenjs-plugins",
            "ovenjs-voice",
            "ovenjs-monitoring",
        ],
    ),
    ("ovenjs-cli", &["ovenjs-core", "ovenjs-mock"]),
    ("ovenjs-mock", &["ovenjs-types"]),
];

/// Edges for tests alone, beside the one to the mock that everybody may have.
const TEST_EDGES: &[(&str, &str, &str)] = &[
    (
        "ovenjs-macros",
        "ovenjs-commands",
        "an attribute is tested by a program that uses it",
    ),
    (
        "ovenjs-macros",
        "ovenjs-core",
        "the attributes find their crate through core as well",
    ),
    (
        "ovenjs-commands",
        "ovenjs-core",
        "the attributes are tested with core renamed",
    ),
    (
        "ovenjs-mock",
        "ovenjs-gateway",
        "the mock is the gateway's referee in simulations",
    ),
];

/// Packages that are not part of the layers.
const FREE: &[&str] = &[
    "xtask",
    "ovenjs-benches",
    "ovenjs-box-benches",
    "ovenjs-examples",
    "ovenjs-fuzz-harness",
    "ovenjs-interop",
    "ovenjs-cache-sim",
    "ovenjs-ratelimit-sim",
    "ovenjs-sim",
];

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut edges = 0;
    for package in &tree.packages {
        let name = package.name.as_str();
        if FREE.contains(&name) || package.folder().starts_with("examples") {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(from, _)| *from == name) else {
            report.findings.push(format!(
                "{}: {name} has no place in the layers; give it one in xtask/src/tidy/edges.rs",
                package.manifest_path.display()
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| d.name.starts_with("ovenjs-"))
        {
            edges += 1;
            let broken = if dependency.kind.as_deref() == Some("dev") {
                test_edge_broken(name, dependency)
            } else if allowed.contains(&dependency.name.as_str()) {
                None
            } else {
                Some("this edge is not among the allowed ones")
            };
            if let Some(broken) = broken {
                report.findings.push(format!(
                    "{}: {name} -> {}: {broken}",
                    package.manifest_path.display(),
                    dependency.name
                ));
            }
        }
    }
    report.looked_at = format!("{} packages, {edges} edges", tree.packages.len());
    report
}

fn test_edge_broken(from: &str, dependency: &Dependency) -> Option<&'static str> {
    let listed = dependency.name == "ovenjs-mock"
        || TEST_EDGES
            .iter()
            .any(|(a, b, _)| *a == from && *b == dependency.name);
    if !listed {
        Some("this edge is not allowed, not even for tests")
    } else if dependency.path.is_none() || dependency.req != "*" {
        Some("a crate of ours is a dev-dependency by path alone, so that no release waits for it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;
    use serde_json::json;

    fn findings(name: &str, dependency: serde_json::Value) -> Vec<String> {
        let packages = vec![sample::package(name, &[dependency])];
        check(&Tree {
            packages,
            files: Vec::new(),
        })
        .findings
    }

    #[test]
    fn neighbours_may_not_know_each_other() {
        let found = findings(
            "ovenjs-rest",
            json!({"name": "ovenjs-gateway", "req": "^0.1"}),
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            findings(
                "ovenjs-rest",
                json!({"name": "ovenjs-types", "req": "^0.1"})
            )
            .is_empty()
        );
    }

    #[test]
    fn a_build_dependency_is_an_edge_too() {
        let edge = json!({"name": "ovenjs-core", "req": "^0.1", "kind": "build"});
        assert_eq!(findings("ovenjs-types", edge).len(), 1);
    }

    #[test]
    fn tests_reach_the_mock_by_path_alone() {
        let by_path = json!({"name": "ovenjs-mock", "kind": "dev", "req": "*", "path": "/x"});
        assert!(findings("ovenjs-rest", by_path).is_empty());
        let versioned = json!({"name": "ovenjs-mock", "kind": "dev", "req": "^0.1", "path": "/x"});
        assert_eq!(findings("ovenjs-rest", versioned).len(), 1);
        let other = json!({"name": "ovenjs-core", "kind": "dev", "req": "*", "path": "/x"});
        assert_eq!(findings("ovenjs-rest", other).len(), 1);
    }

    #[test]
    fn an_unknown_crate_has_no_place() {
        let packages = vec![sample::package("ovenjs-attic", &[])];
        assert_eq!(
            check(&Tree {
                packages,
                files: Vec::new()
            })
            .findings
            .len(),
            1
        );
    }

    #[test]
    fn the_layers_have_no_circle() {
        for (at, (_, below)) in EDGES.iter().enumerate() {
            for name in *below {
                let place = EDGES.iter().position(|(from, _)| from == name).unwrap();
                assert!(
                    place < at || *name == "ovenjs-mock",
                    "{name} stands below its user"
                );
            }
        }
    }
}
