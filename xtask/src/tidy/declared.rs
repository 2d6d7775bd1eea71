//! Dependencies are used where they are declared, under the kind that fits.
//!
//! What is used and not declared does not compile; what is declared and not used costs every
//! user's build and is what this rule finds.

use super::Report;
use super::tree::{Tree, mentions};
use crate::metadata::{Dependency, Package};

/// Dependencies that the code does not name: `(crate, dependency, reason)`.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("ovenjs-cache", "base64", SHARED),
    ("ovenjs-cache", "rcgen", SHARED),
    ("ovenjs-cache", "rustix", SHARED),
    ("ovenjs-gateway", "rcgen", SHARED),
    ("ovenjs-gateway", "rustix", SHARED),
    ("ovenjs-gateway", "tempfile", SHARED),
    ("ovenjs-rest", "rustix", SHARED),
    ("ovenjs-rest", "tempfile", SHARED),
];

const SHARED: &str =
    "its tests share servers to be killed and their certificates with those of ovenjs-net, by path";

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut looked_at = 0;
    for package in &tree.packages {
        for dependency in &package.dependencies {
            looked_at += 1;
            let excepted = UNNAMED
                .iter()
                .any(|(from, to, _)| *from == package.name && *to == dependency.name);
            if !excepted && let Some(broken) = unused(tree, package, dependency) {
                report.findings.push(format!(
                    "{}: {} {broken}",
                    package.manifest_path.display(),
                    dependency.name
                ));
            }
        }
    }
    report.looked_at = format!("{looked_at} dependencies");
    report
}

fn unused(tree: &Tree, package: &Package, dependency: &Dependency) -> Option<&'static str> {
    let name = dependency
        .rename
        .as_ref()
        .unwrap_or(&dependency.name)
        .replace('-', "_");
    let folder = package.folder().display().to_string();
    let anywhere = || {
        tree.rust_below(&folder)
            .any(|file| has_word(&file.text, &name))
    };
    match dependency.kind.as_deref() {
        None => {
            let named = tree
                .rust_below(&folder)
                .filter(|file| !file.is_test() && !file.path.ends_with("/build.rs"))
                .filter_map(|file| file.syntax.as_ref())
                .any(|syntax| {
                    mentions(syntax)
                        .iter()
                        .any(|found| first_part(&found.path) == name)
                });
            match (named, anywhere()) {
                (true, _) => None,
                (false, true) => Some("is used by tests only: a dev-dependency"),
                (false, false) => Some("is not used"),
            }
        }
        Some("build") => {
            let script = tree.file(&format!("{folder}/build.rs"));
            let named = script.is_some_and(|file| has_word(&file.text, &name));
            (!named).then_some("is a build-dependency that build.rs does not use")
        }
        // Tests, doc tests in comments and examples all count.
        Some(_) => (!anywhere()).then_some("is a dev-dependency that no test uses"),
    }
}

fn first_part(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

fn has_word(text: &str, word: &str) -> bool {
    let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::{File, sample};
    use super::*;
    use serde_json::json;

    fn findings(dependency: serde_json::Value, file: &str, text: &str) -> Vec<String> {
        let packages = vec![sample::package("x", &[dependency])];
        check(&Tree {
            packages,
            files: vec![File::new(file, text)],
        })
        .findings
    }

    #[test]
    fn a_dependency_that_nothing_names_is_seen() {
        let lib = "crates/x/src/lib.rs";
        let bytes = || json!({"name": "simd-json"});
        assert_eq!(findings(bytes(), lib, "// simd_json\nfn f() {}").len(), 1);
        assert!(findings(bytes(), lib, "use simd_json::to_vec;").is_empty());
        assert!(findings(bytes(), lib, "fn f() { println!(\"{}\", simd_json::x()) }").is_empty());
    }

    #[test]
    fn a_dependency_of_tests_alone_has_the_wrong_kind() {
        let text = "#[cfg(test)] mod tests { use proptest::prelude::*; }";
        let lib = "crates/x/src/lib.rs";
        let found = findings(json!({"name": "proptest"}), lib, text);
        assert!(found[0].contains("dev-dependency"), "{found:?}");
        assert!(findings(json!({"name": "proptest", "kind": "dev"}), lib, text).is_empty());
        assert_eq!(
            findings(json!({"name": "trybuild", "kind": "dev"}), lib, text).len(),
            1
        );
    }

    #[test]
    fn a_renamed_dependency_is_looked_for_under_its_new_name() {
        let dependency = json!({"name": "ovenjs-core", "rename": "oven"});
        assert!(findings(dependency, "crates/x/src/lib.rs", "use oven::Bot;").is_empty());
    }
}
