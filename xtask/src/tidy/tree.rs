//! The tree that the rules look at: packages and files, read once.

use crate::metadata::{Metadata, Package};
use crate::shell::Workspace;
use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::Path;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Folders that hold what programs made.
const SKIPPED_FOLDERS: &[&str] = &["target", "node_modules"];

/// What git keeps is not of the tree: a folder, or in a worktree a file that says where the folder is.
const GIT: &str = ".git";

#[derive(Default)]
pub(super) struct Tree {
    pub(super) packages: Vec<Package>,
    pub(super) files: Vec<File>,
}

pub(super) struct File {
    /// From the root of the workspace, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
    /// The syntax, for Rust files that can be parsed. What cannot be parsed is the compiler's to
    /// report.
    pub(super) syntax: Option<syn::File>,
}

impl Tree {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let mut packages = Metadata::read(workspace)?.packages;
        for package in &mut packages {
            let inside = package.manifest_path.strip_prefix(&workspace.root);
            package.manifest_path = inside
                .context("a package of the workspace lies outside of it")?
                .to_path_buf();
        }
        let mut files = Vec::new();
        read_folder(&workspace.root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { packages, files })
    }

    /// The Rust files below a folder.
    pub(super) fn rust_below(&self, folder: &str) -> impl Iterator<Item = &File> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        self.files
            .iter()
            .filter(move |file| file.path.starts_with(&prefix) && file.path.ends_with(".rs"))
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The library crates people depend on: `(name, folder)`.
    pub(super) fn libraries(&self) -> impl Iterator<Item = (&str, String)> {
        self.packages
            .iter()
            .filter(|package| package.is_library() && package.folder().starts_with("crates"))
            .map(|package| {
                (
                    package.name.as_str(),
                    package.folder().display().to_string(),
                )
            })
    }
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let syntax = if path.ends_with(".rs") {
            syn::parse_file(text).ok()
        } else {
            None
        };
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            syntax,
        }
    }

    /// Whether the file holds nothing but tests, by its place.
    pub(super) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

fn read_folder(folder: &Path, inside: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("failed to look into {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("failed to look into {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if inside.is_empty() {
            name.clone()
        } else {
            format!("{inside}/{name}")
        };
        let kind = entry.file_type().context("failed to look at a file")?;
        if name == GIT {
            continue;
        }
        if kind.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                read_folder(&entry.path(), &path, files)?;
            }
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.push(File::new(&path, &text));
        }
    }
    Ok(())
}

/// Whether one of the attributes is `#[cfg(test)]`.
pub(super) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

/// The attributes of an item.
pub(super) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// A path as it stands in the code, such as `std::net::TcpStream`, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) path: String,
    pub(super) line: usize,
}

/// All paths of a file outside of its tests: uses flattened, types, expressions, and what stands
/// inside of macros.
pub(super) fn mentions(syntax: &syn::File) -> Vec<Mention> {
    let mut collector = Mentions { found: Vec::new() };
    collector.visit_file(syntax);
    collector.found
}

struct Mentions {
    found: Vec<Mention>,
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        flatten(
            &item.tree,
            String::new(),
            item.span().start().line,
            &mut self.found,
        );
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.found.push(Mention {
            path: item.ident.to_string(),
            line: item.span().start().line,
        });
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let text = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect::<Vec<_>>()
            .join("::");
        self.found.push(Mention {
            path: text,
            line: path.span().start().line,
        });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.visit_path(&invocation.path);
        in_tokens(invocation.tokens.clone(), &mut self.found);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.visit_path(attribute.path());
        if let syn::Meta::List(list) = &attribute.meta {
            in_tokens(list.tokens.clone(), &mut self.found);
        }
    }
}

fn flatten(tree: &syn::UseTree, before: String, line: usize, found: &mut Vec<Mention>) {
    let join = |name: &syn::Ident| {
        if before.is_empty() {
            name.to_string()
        } else {
            format!("{before}::{name}")
        }
    };
    match tree {
        syn::UseTree::Path(part) => flatten(&part.tree, join(&part.ident), line, found),
        syn::UseTree::Name(part) => found.push(Mention {
            path: join(&part.ident),
            line,
        }),
        syn::UseTree::Rename(part) => found.push(Mention {
            path: join(&part.ident),
            line,
        }),
        syn::UseTree::Glob(_) => found.push(Mention { path: before, line }),
        syn::UseTree::Group(group) => {
            for part in &group.items {
                flatten(part, before.clone(), line, found);
            }
        }
    }
}

fn in_tokens(tokens: TokenStream, found: &mut Vec<Mention>) {
    let mut path = String::new();
    let mut line = 0;
    let mut colons = 0;
    let mut end = |path: &mut String, line: usize| {
        if !path.is_empty() {
            found.push(Mention {
                path: std::mem::take(path),
                line,
            });
        }
    };
    let mut groups = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons == 2 && !path.is_empty() {
                    path.push_str("::");
                } else {
                    end(&mut path, line);
                    line = name.span().start().line;
                }
                path.push_str(&name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && colons == 2 => {
                // A use tree inside of a macro: each name below is one path.
                let before = std::mem::take(&mut path);
                let mut inner = Vec::new();
                in_tokens(group.stream(), &mut inner);
                groups.extend(inner.into_iter().map(|mention| Mention {
                    path: format!("{before}::{}", mention.path),
                    line: mention.line,
                }));
                colons = 0;
            }
            TokenTree::Group(group) => {
                end(&mut path, line);
                in_tokens(group.stream(), &mut groups);
                colons = 0;
            }
            _ => {
                end(&mut path, line);
                colons = 0;
            }
        }
    }
    end(&mut path, line);
    found.append(&mut groups);
}

#[cfg(test)]
pub(super) mod sample {
    //! Small trees for the rules' own tests.

    use super::*;

    pub(in crate::tidy) fn tree(files: &[(&str, &str)]) -> Tree {
        let packages = files
            .iter()
            .filter_map(|(path, _)| path.strip_prefix("crates/")?.split('/').next())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|name| package(name, &[]))
            .collect();
        Tree {
            packages,
            files: files
                .iter()
                .map(|(path, text)| File::new(path, text))
                .collect(),
        }
    }

    pub(in crate::tidy) fn package(name: &str, dependencies: &[serde_json::Value]) -> Package {
        serde_json::from_value(serde_json::json!({
            "name": name,
            "manifest_path": format!("crates/{name}/Cargo.toml"),
            "dependencies": dependencies,
            "targets": [{"kind": ["lib"]}],
        }))
        .unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        mentions(&syn::parse_file(text).unwrap())
            .into_iter()
            .map(|found| found.path)
            .collect()
    }

    #[test]
    fn grouped_uses_are_flattened() {
        let found = paths("use std::{net::{self, TcpStream as S}, fmt::*};");
        assert_eq!(found, ["std::net::self", "std::net::TcpStream", "std::fmt"]);
    }

    #[test]
    fn paths_inside_of_macros_are_seen() {
        let found = paths("fn f() { select! { _ = tokio::time::sleep(d) => {} } }");
        assert!(
            found.contains(&"tokio::time::sleep".to_owned()),
            "{found:?}"
        );
        let found = paths("make! { use std::{net::TcpStream}; }");
        assert!(
            found.contains(&"std::net::TcpStream".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn tests_comments_and_strings_are_not_seen() {
        let found = paths(
            "//! tokio\n/// tokio\nfn f() { g(\"tokio::spawn\") }\n#[cfg(test)]\nmod tests { use tokio::x; }",
        );
        assert!(
            !found.iter().any(|path| path.contains("tokio")),
            "{found:?}"
        );
    }
}
