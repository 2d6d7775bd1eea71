//! `ARCHITECTURE.md` names each crate.

use super::Report;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let page = tree
        .file("ARCHITECTURE.md")
        .map_or("", |file| file.text.as_str());
    let crates: Vec<_> = tree
        .packages
        .iter()
        .filter(|p| p.folder().starts_with("crates"))
        .collect();
    for package in &crates {
        if !page.contains(&package.name) {
            report
                .findings
                .push(format!("ARCHITECTURE.md: does not name {}", package.name));
        }
    }
    report.looked_at = format!("{} crates", crates.len());
    report
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn a_crate_that_the_page_forgot_is_seen() {
        let code = ("crates/ovenjs-rest/src/lib.rs", "");
        assert_eq!(check(&sample::tree(&[code])).findings.len(), 1);
        let page = ("ARCHITECTURE.md", "`ovenjs-rest` sends.");
        assert!(check(&sample::tree(&[code, page])).findings.is_empty());
    }
}
