//! Names that say that the thing is not understood yet.

use super::Report;
use super::tree::{File, Tree};
use syn::visit::{self, Visit};

/// Refused wherever they are one word of a module's or type's name.
const ANYWHERE: &[&str] = &[
    "manager",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "misc",
    "processor",
];

/// Refused as the whole name only: `BaseUrl` says something, `base` does not.
const ALONE: &[&str] = &["common", "base"];

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut looked_at = 0;
    for file in tree.rust() {
        let mut names = Names {
            file,
            found: Vec::new(),
            looked_at: 1,
        };
        names.judge(stem(&file.path), 1);
        if let Some(syntax) = &file.syntax {
            names.visit_file(syntax);
        }
        looked_at += names.looked_at;
        report.findings.append(&mut names.found);
    }
    report.looked_at = format!("{looked_at} modules and types");
    report
}

/// The module's name as the file system gives it.
fn stem(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    match parts.next() {
        Some("mod.rs") => parts.next().unwrap_or(""),
        Some(name) => name.trim_end_matches(".rs"),
        None => "",
    }
}

struct Names<'tree> {
    file: &'tree File,
    found: Vec<String>,
    looked_at: usize,
}

impl Names<'_> {
    fn judge(&mut self, name: &str, line: usize) {
        self.looked_at += 1;
        let words = words(name);
        let bad = words.iter().any(|word| ANYWHERE.contains(&word.as_str()))
            || matches!(words.as_slice(), [word] if ALONE.contains(&word.as_str()));
        if bad {
            self.found.push(format!(
                "{}:{line}: {name} is not a name that teaches",
                self.file.path
            ));
        }
    }

    fn judge_ident(&mut self, name: &syn::Ident) {
        self.judge(&name.to_string(), name.span().start().line);
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // A module in a file of its own was judged by the file's name.
        if item.content.is_some() {
            self.judge_ident(&item.ident);
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.judge_ident(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.judge_ident(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.judge_ident(&item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.judge_ident(&item.ident);
    }
}

/// `CamelCase` and `snake_case` into lower-case words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let before_word = letters.peek().is_some_and(|next| next.is_lowercase());
        let separator = letter == '_' || letter == '-';
        if separator || (letter.is_uppercase() && (before_lower || before_word)) {
            words.push(String::new());
        }
        if !separator && let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        before_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&sample::tree(&[(path, text)])).findings.len()
    }

    #[test]
    fn empty_names_are_refused() {
        assert_eq!(found("crates/x/src/utils.rs", ""), 1);
        assert_eq!(found("crates/x/src/common/mod.rs", ""), 1);
        assert_eq!(found("crates/x/src/lib.rs", "struct ShardManager;"), 1);
        assert_eq!(
            found(
                "crates/x/src/lib.rs",
                "mod test_helper { pub trait EventProcessor {} }"
            ),
            2
        );
    }

    #[test]
    fn names_that_say_something_are_fine() {
        assert_eq!(
            found(
                "crates/x/src/shard.rs",
                "struct BaseUrl; enum Utilisation {}"
            ),
            0
        );
    }

    #[test]
    fn words_are_taken_apart() {
        assert_eq!(
            words("RestAPIHelper_x"),
            ["rest", "api", "helper", "x"].map(str::to_owned)
        );
        assert_eq!(words("test_helper"), ["test", "helper"].map(str::to_owned));
    }
}
