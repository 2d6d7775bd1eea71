//! A long file says why it is one file.

use super::Report;
use super::tree::Tree;

/// Above this many lines a reader asks where the cut would be.
const LONG: usize = 600;

/// The words with which a module's documentation answers.
const ANSWER: &str = "long because";

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut longest = 0;
    for file in tree.rust() {
        let lines = file.text.lines().count();
        longest = longest.max(lines);
        if lines > LONG && !answers(&file.text) {
            report.findings.push(format!(
                "{}: {lines} lines; cut it where a name would teach, or say in the module's \
                 documentation that it is {ANSWER} …",
                file.path
            ));
        }
    }
    report.looked_at = format!(
        "{} files, the longest of {longest} lines",
        tree.rust().count()
    );
    report
}

fn answers(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("//!"))
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
        .contains(ANSWER)
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn a_long_file_without_a_reason_is_seen() {
        let long = "\n".repeat(LONG + 1);
        let path = "crates/x/src/lib.rs";
        assert_eq!(check(&sample::tree(&[(path, &long)])).findings.len(), 1);
        let answered = format!("//! One table, long\n//! because Discord's is.\n{long}");
        assert!(
            check(&sample::tree(&[(path, &answered)]))
                .findings
                .is_empty()
        );
    }
}
