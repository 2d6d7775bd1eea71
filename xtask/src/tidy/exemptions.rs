//! Lints are silenced by `#[expect(…, reason = "…")]`, which is counted, and never by `#[allow]`.

use super::Report;
use super::tree::Tree;
use std::collections::BTreeMap;
use syn::visit::Visit;

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in tree.rust() {
        let Some(syntax) = &file.syntax else { continue };
        let mut seen = Attributes::default();
        seen.visit_file(syntax);
        *counts.entry(room(&file.path)).or_default() += seen.expects;
        report.findings.extend(
            seen.broken
                .iter()
                .map(|(line, what)| format!("{}:{line}: {what}", file.path)),
        );
    }
    let counted: Vec<_> = counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(room, count)| format!("{room} {count}"))
        .collect();
    report.looked_at = format!("expectations: {}", counted.join(", "));
    report
}

/// The crate's folder name, or the top folder.
fn room(path: &str) -> &str {
    path.strip_prefix("crates/")
        .unwrap_or(path)
        .split('/')
        .next()
        .unwrap_or(path)
}

#[derive(Default)]
struct Attributes {
    expects: usize,
    broken: Vec<(usize, &'static str)>,
}

impl<'ast> Visit<'ast> for Attributes {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let tokens = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            syn::Meta::Path(_) | syn::Meta::NameValue(_) => return,
        };
        let line = attribute.pound_token.span.start().line;
        let path = attribute.path();
        if path.is_ident("allow")
            || (path.is_ident("cfg_attr") && tokens.contains("allow ("))
            || (path.is_ident("cfg_attr") && tokens.contains("allow("))
        {
            self.broken
                .push((line, "`allow` hides; use `expect` with a reason"));
        } else if path.is_ident("expect")
            || (path.is_ident("cfg_attr")
                && (tokens.contains("expect (") || tokens.contains("expect(")))
        {
            self.expects += 1;
            if !tokens.contains("reason =") {
                self.broken.push((line, "`expect` gives no reason"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn report(text: &str) -> Report {
        check(&sample::tree(&[("crates/x/src/lib.rs", text)]))
    }

    #[test]
    fn an_allow_is_refused_also_behind_a_condition() {
        assert_eq!(report("#[allow(dead_code)] fn f() {}").findings.len(), 1);
        assert_eq!(report("#![allow(dead_code)]").findings.len(), 1);
        assert_eq!(
            report("#[cfg_attr(unix, allow(dead_code))] fn f() {}")
                .findings
                .len(),
            1
        );
    }

    #[test]
    fn an_expectation_gives_its_reason_and_is_counted() {
        assert_eq!(report("#[expect(dead_code)] fn f() {}").findings.len(), 1);
        let good = report("#[expect(dead_code, reason = \"soon\")] fn f() {}");
        assert!(good.findings.is_empty());
        assert_eq!(good.looked_at, "expectations: x 1");
    }
}
