//! `GUARANTEES.md` names tests that exist.

use super::Report;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let page = tree
        .file("GUARANTEES.md")
        .map_or("", |file| file.text.as_str());
    let mut named = 0;
    for (line, name) in tests_named(page) {
        named += 1;
        let head = format!("fn {name}");
        let exists = tree
            .files
            .iter()
            .filter(|file| file.path.ends_with(".rs"))
            .any(|file| {
                let heads = file.text.match_indices(&head);
                let mut rests = heads.filter_map(|(at, _)| file.text.get(at + head.len()..));
                // The rest of the name would be another's.
                rests.any(|rest| rest.starts_with(['(', '<']))
            });
        if !exists {
            report.findings.push(format!(
                "GUARANTEES.md:{line}: there is no test {name}; name another, or take the promise back"
            ));
        }
    }
    report.looked_at = format!("{named} tests");
    report
}

/// The words between backticks that look like a test's: a sentence, which has three joints at least.
fn tests_named(page: &str) -> impl Iterator<Item = (usize, &str)> {
    page.lines().enumerate().flat_map(|(at, line)| {
        let quoted = line.split('`').skip(1).step_by(2);
        let is_test = |word: &&str| {
            let fits =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            word.bytes().all(fits) && word.matches('_').count() >= 3
        };
        quoted.filter(is_test).map(move |word| (at + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_seen() {
        let page = ("GUARANTEES.md", "`at_least_once`\n`a_loaf_is_baked_once`");
        let found = check(&sample::tree(&[page])).findings;
        assert!(
            found.len() == 1 && found[0].contains("GUARANTEES.md:2"),
            "{found:?}"
        );
        let longer = ("tests/it.rs", "fn a_loaf_is_baked_once_more() {}");
        assert_eq!(check(&sample::tree(&[page, longer])).findings.len(), 1);
        let there = ("tests/it.rs", "async fn a_loaf_is_baked_once() {}");
        assert!(check(&sample::tree(&[page, there])).findings.is_empty());
    }
}
