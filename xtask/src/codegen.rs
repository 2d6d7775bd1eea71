//! `cargo xtask codegen`: distils the corpus of Discord's own files into the
//! fact tables of `specs/`.
//!
//! The corpus is where `OVENJS_CORPUS` says, or at `../shared/discord`. It is
//! not part of the project; the tables are. What they hold and how they are
//! written is in `specs/README.md`, and the reader of the format, which both
//! sides share, is [`crate::spec::table`].

#![expect(
    clippy::indexing_slicing,
    reason = "only JSON values are indexed here, and they answer null for what they lack"
)]

mod docs;
mod error_name;
mod openapi;
mod render;
mod rust;
mod structures;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::spec::{self, tables::Tables};

/// Writes the tables, or with `check` compares them with what is there.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = spec::root();
    let Some(corpus) = corpus(&root) else {
        ensure!(
            check,
            "Discord's files are not here: set OVENJS_CORPUS to the folder that has openapi.json"
        );
        let tables = spec::load(&root)?;
        println!(
            "codegen: THE CORPUS IS NOT HERE (set OVENJS_CORPUS), so the tables were not compared \
             with it; they are well-formed: {} operations, {} schemas, {} events",
            tables.operations.len(),
            tables.schemas.len(),
            tables.gateway.events.len()
        );
        return Ok(());
    };
    let files = distil(&Corpus::read(&corpus)?)?;
    for (path, text) in &files {
        let (name, path) = (path, root.join(path));
        if check {
            let there = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            compare(name, &there, text)?;
        } else {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    println!(
        "codegen: {} files, {} KiB, {}",
        files.len(),
        bytes / 1024,
        if check {
            "as the corpus gives them"
        } else {
            "written"
        }
    );
    Ok(())
}

/// The parsed files of the corpus.
struct Corpus {
    openapi: Value,
    operations: Value,
    structures: Value,
    gateway: Value,
    limits: Value,
    errors: Value,
}

impl Corpus {
    fn read(folder: &Path) -> Result<Self> {
        let file = |name: &str| -> Result<Value> {
            let path = folder.join(name);
            let text = fs::read(&path).with_context(|| path.display().to_string())?;
            serde_json::from_slice(&text).with_context(|| path.display().to_string())
        };
        Ok(Self {
            openapi: file("openapi.json")?,
            operations: file("operations.json")?,
            structures: file("docs-structures.json")?,
            gateway: file("gateway-events.json")?,
            limits: file("rate-limits.json")?,
            errors: file("json-error-codes.json")?,
        })
    }
}

fn corpus(root: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("OVENJS_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root.join("../shared/discord"));
    folder.join("openapi.json").is_file().then_some(folder)
}

/// The tables as files; what is written is read back and has to be the same.
fn distil(corpus: &Corpus) -> Result<Vec<(String, String)>> {
    let mut tables = Tables::default();
    let docs = structures::Structures::read(&corpus.structures)?;
    openapi::schemas(&corpus.openapi, &mut tables)?;
    openapi::operations(&corpus.openapi, &corpus.operations, &docs, &mut tables)?;
    docs.objects(&mut tables)?;
    docs::gateway(&corpus.gateway, &docs, &mut tables)?;
    docs::limits(&corpus.limits, &mut tables)?;
    docs::errors(&corpus.errors, &corpus.limits, &mut tables)?;
    let files = render::files(&tables);
    let again = spec::parse(|name| {
        files
            .iter()
            .find(|(file, _)| *file == name)
            .map(|(_, text)| text.clone())
            .with_context(|| name.to_owned())
    })?;
    ensure!(
        again == tables,
        "the tables do not say what was written into them"
    );
    let tree = |folder: &'static str| {
        move |(name, text): (&str, String)| (format!("{folder}/{name}"), text)
    };
    let specs = files.into_iter().map(tree("specs"));
    let rust = rust::files(&tables)?.into_iter().map(tree(rust::FOLDER));
    Ok(specs.chain(rust).collect())
}

fn compare(name: &str, there: &str, wanted: &str) -> Result<()> {
    if there == wanted {
        return Ok(());
    }
    let mut there = there.lines();
    let mut wanted = wanted.lines();
    let mut line = 0;
    loop {
        line += 1;
        match (there.next(), wanted.next()) {
            (None, None) => {
                bail!("{name} differs in its line ends; run `cargo xtask codegen`")
            }
            (a, b) if a == b => {}
            (a, b) => bail!(
                "{name}:{line} is\n  {}\nbut the corpus gives\n  {}\nrun `cargo xtask codegen`",
                a.unwrap_or("(nothing)"),
                b.unwrap_or("(nothing)")
            ),
        }
    }
}

/// A value's text; empty for what is no text.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value's elements; none for what is no list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts of a list.
fn texts(value: &Value) -> Vec<String> {
    list(value)
        .iter()
        .map(|word| text(word).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_file_the_line_and_both_texts() {
        assert!(compare("a.txt", "one\ntwo\n", "one\ntwo\n").is_ok());
        let fault = compare("a.txt", "one\ntwo\n", "one\nthree\n")
            .unwrap_err()
            .to_string();
        assert!(fault.contains("a.txt:2") && fault.contains("two") && fault.contains("three"));
        let fault = compare("a.txt", "one\n", "one\ntwo\n")
            .unwrap_err()
            .to_string();
        assert!(fault.contains("(nothing)"));
        assert!(compare("a.txt", "one", "one\n").is_err());
    }
}
