//! Nothing in the tree names a place that exists on one machine only.

use super::Report;
use super::tree::Tree;

/// Written in two parts, so that this file does not find itself.
const MACHINE_PLACES: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tm", "p/"),
];

/// Files that programs write.
const MADE: &[&str] = &["Cargo.lock"];

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    for file in tree
        .files
        .iter()
        .filter(|file| !MADE.contains(&file.path.as_str()))
    {
        for (at, line) in file.text.lines().enumerate() {
            for place in MACHINE_PLACES.iter().filter(|place| names(line, place)) {
                report
                    .findings
                    .push(format!("{}:{}: names {place}", file.path, at + 1));
            }
        }
    }
    report.looked_at = format!("{} files", tree.files.len());
    report
}

/// Whether the place stands there as an absolute path, and not as a part of a longer one.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|letter| {
            letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '}' | '>')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn an_absolute_path_is_seen_and_a_part_of_one_is_not() {
        let bad = format!("see {}notes", MACHINE_PLACES[0]);
        assert_eq!(
            check(&sample::tree(&[("README.md", &bad)])).findings.len(),
            1
        );
        let good = format!("GET https://discord.example{}feed", MACHINE_PLACES[2]);
        assert!(
            check(&sample::tree(&[("README.md", &good)]))
                .findings
                .is_empty()
        );
    }
}
