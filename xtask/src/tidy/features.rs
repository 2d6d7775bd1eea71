//! Each feature of a crate has a comment above it that says what it adds.

use super::Report;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut features = 0;
    for file in tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml"))
    {
        let (seen, bare) = bare_features(&file.text);
        features += seen;
        for (line, name) in bare {
            report.findings.push(format!(
                "{}:{line}: the feature {name} has no comment above it",
                file.path
            ));
        }
    }
    report.looked_at = format!("{features} features");
    report
}

/// How many features there are, and those without a comment on the line above.
fn bare_features(manifest: &str) -> (usize, Vec<(usize, &str)>) {
    let mut inside = false;
    let mut list_open = false;
    let mut commented = false;
    let mut seen = 0;
    let mut bare = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') && !list_open {
            inside = line == "[features]";
        } else if inside {
            if list_open {
                list_open = !line.contains(']');
            } else if let Some((name, value)) = line.split_once('=')
                && !line.starts_with('#')
            {
                seen += 1;
                if !commented {
                    bare.push((at + 1, name.trim()));
                }
                list_open = !value.contains(']');
            }
        }
        commented = line.starts_with('#');
    }
    (seen, bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_without_a_comment_is_seen() {
        let manifest = "[features]\n# All of it.\ndefault = [\n  \"net\",\n]\nnet = []\n\n[dependencies]\nbytes = \"1\"\n";
        assert_eq!(bare_features(manifest), (2, vec![(6, "net")]));
    }

    #[test]
    fn a_commented_feature_is_fine() {
        assert_eq!(
            bare_features("[features]\n# The shell.\nnet = []\n"),
            (1, Vec::new())
        );
    }
}
