//! `cargo xtask tidy`: the house rules that a program can check.
//!
//! Each rule is one file below this one: a function from the tree to its findings, and tests that
//! show it goes red on a bad sample. A rule's exceptions are a constant beside it, each with its
//! reason, so that a new one is a reviewed line.

mod architecture;
mod declared;
mod edges;
mod exemptions;
mod features;
mod guarantees;
mod length;
mod names;
mod places;
mod pure;
mod tree;
mod untyped;

use crate::shell::Workspace;
use anyhow::{Result, bail};
use tree::Tree;

/// One rule's answer: what it looked at, and what it found.
#[derive(Debug, Default)]
struct Report {
    /// What was looked at, for the line that is printed, as in `31 dependencies`.
    looked_at: String,
    /// Sentences that begin with a file and, where there is one, a line.
    findings: Vec<String>,
}

/// A rule's name and the function that applies it.
type Rule = (&'static str, fn(&Tree) -> Report);

const RULES: &[Rule] = &[
    ("crate edges", edges::check),
    ("pure folders", pure::check),
    ("names", names::check),
    ("architecture page", architecture::check),
    ("guarantees", guarantees::check),
    ("untyped escapes", untyped::check),
    ("declared and used", declared::check),
    ("exemptions", exemptions::check),
    ("feature comments", features::check),
    ("file length", length::check),
    ("machine places", places::check),
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace)?;
    let mut broken = 0;
    for (name, check) in RULES {
        let report = check(&tree);
        let verdict = match report.findings.len() {
            0 => "ok".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        };
        println!("tidy: {name}: {verdict} ({})", report.looked_at);
        for finding in &report.findings {
            println!("  {finding}");
        }
        broken += report.findings.len();
    }
    if broken == 0 {
        Ok(())
    } else {
        bail!("tidy: {broken} findings")
    }
}
