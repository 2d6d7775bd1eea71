//! `cargo xtask spec`: how much of Discord's surface the crates have, counted
//! against the tables of `specs/`.

#[path = "../../crates/ovenjs-mock/src/oracle/table.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the reader belongs to the mock's oracle; it is compiled here too, so that the tables \
              can be written and checked while the mock does not build"
)]
pub(crate) mod table;
#[path = "../../crates/ovenjs-mock/src/oracle/tables.rs"]
pub(crate) mod tables;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::shell::{self, Workspace};
use table::Texts;
use tables::Tables;

/// Prints how much of each table the crates have; fails where they lack or contradict something
/// that a table has. What the REST client does not send yet is counted and no fault.
///
/// With `sources_alone`, what the tests tell is left out: where they have just run, that shows nothing
/// new.
pub(crate) fn run(sources_alone: bool) -> Result<()> {
    let root = root();
    let tables = load(&root)?;
    let mut report = Report::default();
    let rest = sources(&root, "crates/ovenjs-rest/src")?;
    let types = sources(&root, "crates/ovenjs-types/src")?;
    let gateway = sources(&root, "crates/ovenjs-gateway/src")?;
    let file = |all: &[Source], end: &str| -> Result<String> {
        let found = all.iter().find(|source| source.path.ends_with(end));
        Ok(found
            .with_context(|| format!("there is no {end}"))?
            .text
            .clone())
    };
    let endpoints: Vec<_> = rest
        .iter()
        .filter(|source| source.path.to_string_lossy().contains("endpoints"))
        .collect();
    operations(&tables, &endpoints, &mut report);
    events(&tables, &file(&types, "event.rs")?, &mut report);
    intents(&tables, &file(&types, "intents.rs")?, &mut report);
    opcodes(&tables, &gateway, &mut report);
    close_codes(&tables, &file(&gateway, "close.rs")?, &mut report);
    error_codes(&tables, rest.iter().chain(&types), &mut report);
    if !sources_alone {
        told_by_tests(&mut report)?;
    }
    report.print()
}

/// One row for each list, and everything that contradicts a table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    rows: Vec<(&'static str, usize, usize)>,
    /// Rows that tests printed.
    told: Vec<(String, usize, usize)>,
    faults: Vec<String>,
}

impl Report {
    fn row(&mut self, list: &'static str, have: usize, all: usize) {
        self.rows.push((list, have, all));
    }

    fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    fn print(&self) -> Result<()> {
        println!("{:<36}{:>8}{:>8}", "", "have", "all");
        for (list, have, all) in &self.rows {
            println!("{list:<36}{have:>8}{all:>8}");
        }
        for (list, have, all) in &self.told {
            println!("{list:<36}{have:>8}{all:>8}");
        }
        if self.faults.is_empty() {
            return Ok(());
        }
        for fault in &self.faults {
            println!("  {fault}");
        }
        bail!("{} lacks and contradictions with specs/", self.faults.len())
    }
}

/// A file of ours without its tests.
struct Source {
    path: PathBuf,
    text: String,
}

/// Takes over the rows `spec: list | have | all` of the tests that compare the types, the operations
/// and the box with the tables; they fail, and name it, where something is lacking.
///
/// The tests know serde's view of the types and what the box really does, which no reading of
/// sources gives, and this program does not link them: it has to work while they do not build. What
/// the sources show is told though a test fails.
fn told_by_tests(report: &mut Report) -> Result<()> {
    let workspace = Workspace::find()?;
    let has_nextest = shell::succeeds(&mut workspace.cargo(["nextest", "--version"]));
    for (of, filter, chosen) in TESTS {
        let mut tests = if has_nextest {
            // All of the workspace with all features: what `cargo xtask test` builds.
            let all = ["nextest", "run", "--workspace", "--all-features"];
            let mut command = workspace.cargo(all.iter().chain(&["-E", filter]));
            // Several at a time; what they print is shown when they have ended.
            command.args(["--success-output", "immediate", "--color", "never"]);
            command
        } else {
            let arguments = ["test", "-q", "-p"].iter().chain(chosen);
            workspace.cargo(arguments.chain(&["--nocapture", "--test-threads=1"]))
        };
        let (status, printed) = shell::printed_anywhere(&mut tests)?;
        let rows = report.told.len();
        report.told.extend(printed.lines().filter_map(told));
        if !status.success() {
            report.fault(format!(
                "{of} lack what stands above, in the failures of their tests"
            ));
        } else if report.told.len() == rows {
            report.fault(format!("the tests of {of} told nothing"));
        }
    }
    Ok(())
}

/// What is told of, and the tests that tell: for cargo-nextest, and for `cargo test`.
const TESTS: [(&str, &str, &[&str]); 3] = [
    (
        "the operations of the box",
        "package(ovenjs-mock) & kind(lib) & test(/^rest::tests::canned/)",
        &["ovenjs-mock", "--lib", "rest::tests::canned", "--"],
    ),
    (
        "the operations of rest",
        "package(ovenjs-rest) & kind(test) & test(/^surface::/)",
        &["ovenjs-rest", "--test", "it", "surface::", "--"],
    ),
    (
        "the types",
        "package(ovenjs-types) & kind(test)",
        &["ovenjs-types", "--test", "it", "--"],
    ),
];

/// List, count and total of a row; it may stand behind the mark of a test that passed.
fn told(line: &str) -> Option<(String, usize, usize)> {
    let (_, row) = line.split_once("spec: ")?;
    let mut parts = row.split(" | ");
    let list = parts.next()?.to_owned();
    Some((
        list,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    ))
}

/// Counts the lines `Post "/channels/{channel_id}/messages" as …` of the endpoint tables.
fn operations(tables: &Tables, endpoints: &[&Source], report: &mut Report) {
    let known: BTreeMap<_, _> = tables
        .operations
        .iter()
        .map(|operation| {
            (
                (operation.method.clone(), nameless(&operation.path)),
                operation,
            )
        })
        .collect();
    let mut have = BTreeSet::new();
    for source in endpoints {
        for (method, path) in source.text.lines().filter_map(endpoint) {
            let key = (method, nameless(path));
            if known.contains_key(&key) {
                have.insert(key);
            } else {
                report.fault(format!(
                    "{}: Discord has no {} {path}",
                    source.path.display(),
                    key.0
                ));
            }
        }
    }
    report.row("operations sent by rest", have.len(), known.len());
    let is_for_bots = |key: &(String, String)| {
        known.get(key).is_some_and(|operation| {
            matches!(
                operation.usable_by.as_str(),
                "bot" | "token-in-path" | "anyone"
            )
        })
    };
    let all = known.keys().filter(|key| is_for_bots(key)).count();
    report.row(
        "  usable by bots",
        have.iter().filter(|key| is_for_bots(key)).count(),
        all,
    );
}

/// Method and path of an endpoint line.
fn endpoint(line: &str) -> Option<(String, &str)> {
    let (method, rest) = line.trim_start().split_once(' ')?;
    if !matches!(method, "Get" | "Post" | "Put" | "Patch" | "Delete") {
        return None;
    }
    let path = rest.trim_start().strip_prefix('"')?.split('"').next()?;
    path.starts_with('/').then(|| (method.to_uppercase(), path))
}

/// A path template whose parameters have no names: ours may differ from Discord's.
fn nameless(path: &str) -> String {
    let parts: Vec<_> = path
        .split('/')
        .map(|part| match (part.find('{'), part.rfind('}')) {
            (Some(open), Some(close)) if open < close => {
                let (before, _) = part.split_at(open);
                let (_, after) = part.split_at(close);
                format!("{before}{{{after}")
            }
            _ => part.to_owned(),
        })
        .collect();
    parts.join("/")
}

/// Compares the lines `MessageCreate "MESSAGE_CREATE" [GUILD_MESSAGES | DIRECT_MESSAGES] …`; each
/// dispatch has to be there, with the intents that bring it.
fn events(tables: &Tables, text: &str, report: &mut Report) {
    let ours: BTreeMap<_, _> = text
        .lines()
        .filter_map(event)
        .map(|(name, intents, raw)| (name, (intents, raw)))
        .collect();
    let dispatches: Vec<_> = tables
        .gateway
        .events
        .iter()
        .filter(|event| event.op == 0)
        .collect();
    let (mut have, mut typed) = (0, 0);
    for event in &dispatches {
        let Some((intents, raw)) = ours.get(event.name.as_str()) else {
            report.fault(format!("the events table lacks {}", event.name));
            continue;
        };
        have += 1;
        typed += usize::from(!raw);
        if *raw {
            report.fault(format!("{} has no typed payload", event.name));
        }
        let wanted: BTreeSet<_> = event.intents.iter().map(String::as_str).collect();
        if *intents != wanted {
            report.fault(format!(
                "{} comes with {wanted:?}, not {intents:?}",
                event.name
            ));
        }
    }
    for name in ours.keys() {
        if !dispatches.iter().any(|event| event.name == *name) {
            report.fault(format!("Discord dispatches no {name}"));
        }
    }
    report.row("dispatch events", have, dispatches.len());
    report.row("  with a typed payload", typed, dispatches.len());
}

/// Name, intents and whether the payload is left raw.
fn event(line: &str) -> Option<(&str, BTreeSet<&str>, bool)> {
    let line = line.trim();
    let (variant, rest) = line.split_once(" \"")?;
    let (name, rest) = rest.split_once("\" [")?;
    let (intents, form) = rest.split_once(']')?;
    let is_variant = variant.starts_with(char::is_uppercase)
        && variant.chars().all(|c| c.is_ascii_alphanumeric());
    let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let intents = intents
        .split('|')
        .map(str::trim)
        .filter(|intent| !intent.is_empty())
        .collect();
    (is_variant && is_name).then_some((name, intents, form.trim() == "raw"))
}

/// Compares the lines `GUILDS = 0,`.
fn intents(tables: &Tables, text: &str, report: &mut Report) {
    let ours: BTreeMap<_, _> = text.lines().filter_map(numbered).collect();
    let all = &tables.gateway.intents;
    for intent in all {
        match ours.get(intent.name.as_str()) {
            None => report.fault(format!("there is no intent {}", intent.name)),
            Some(bit) if *bit != u32::from(intent.bit) => {
                report.fault(format!("the intent {} is bit {}", intent.name, intent.bit));
            }
            Some(_) => {}
        }
    }
    for name in ours
        .keys()
        .filter(|name| !all.iter().any(|intent| intent.name == **name))
    {
        report.fault(format!("Discord has no intent {name}"));
    }
    let have = all
        .iter()
        .filter(|intent| ours.contains_key(intent.name.as_str()))
        .count();
    report.row("intents", have, all.len());
}

/// Name and number of a line `NAME = 1,`.
fn numbered(line: &str) -> Option<(&str, u32)> {
    let (name, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name
        .then_some(name)
        .zip(number.replace('_', "").parse().ok())
}

/// Counts opcodes that are written, `frame(2, …`, named by a constant, or matched on, `10 => …`.
fn opcodes(tables: &Tables, gateway: &[Source], report: &mut Report) {
    let all = &tables.gateway.opcodes;
    let is_there = |opcode: &&table::Opcode| {
        let written = format!("frame({},", opcode.code);
        let named = format!(" = {};", opcode.code);
        let matched = ["=>", "|", "if"].map(|next| format!("{} {next} ", opcode.code));
        gateway
            .iter()
            .flat_map(|source| source.text.lines())
            .map(str::trim)
            .any(|line| {
                line.contains(&written)
                    || (line.contains("const ") && line.ends_with(&named))
                    || matched.iter().any(|arm| line.starts_with(arm.as_str()))
            })
    };
    let (have, lacking): (Vec<_>, Vec<_>) = all.iter().partition(is_there);
    for opcode in lacking {
        report.fault(format!(
            "there is no opcode {} ({})",
            opcode.code, opcode.name
        ));
    }
    report.row("gateway opcodes", have.len(), all.len());
}

/// Compares the lines `4004 "…" => GiveUp(…`; every other reaction connects again.
fn close_codes(tables: &Tables, text: &str, report: &mut Report) {
    let all = &tables.gateway.close_codes;
    let (mut have, mut said) = (BTreeSet::new(), BTreeSet::new());
    for (code, reconnects) in text.lines().filter_map(close_code) {
        said.insert(code);
        match all.iter().find(|close| close.code == code) {
            None => report.fault(format!("Discord has no close code {code}")),
            Some(close) if close.reconnect == Some(reconnects) => {
                have.insert(code);
            }
            Some(_) if reconnects => {
                report.fault(format!("after close code {code} nobody may reconnect"));
            }
            Some(_) => report.fault(format!("after close code {code} a client may reconnect")),
        }
    }
    for close in all.iter().filter(|close| !said.contains(&close.code)) {
        report.fault(format!("there is no close code {}", close.code));
    }
    report.row("close codes", have.len(), all.len());
}

fn close_code(line: &str) -> Option<(u16, bool)> {
    let (code, rest) = line.trim().split_once(" \"")?;
    let (_, reaction) = rest.split_once("\" => ")?;
    Some((code.parse().ok()?, !reaction.starts_with("GiveUp")))
}

/// Counts the error codes that have a name: lines `UnknownChannel = 10003,`.
fn error_codes<'a>(
    tables: &Tables,
    sources: impl Iterator<Item = &'a Source>,
    report: &mut Report,
) {
    let named: BTreeSet<_> = sources
        .flat_map(|source| source.text.lines())
        .filter_map(numbered)
        .map(|(_, number)| number)
        .collect();
    // Below the first there is only 0, which every list of numbers has.
    let all: Vec<_> = tables
        .errors
        .keys()
        .filter(|code| **code >= FIRST_ERROR_CODE)
        .collect();
    let (have, lacking): (Vec<&u32>, Vec<&u32>) = all.iter().partition(|code| named.contains(code));
    for code in lacking {
        report.fault(format!("the error code {code} has no name"));
    }
    report.row("error codes", have.len(), all.len());
}

/// The first of the codes that name something unknown.
const FIRST_ERROR_CODE: u32 = 10_000;

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Reads and checks the tables of the tree.
pub(crate) fn load(root: &Path) -> Result<Tables> {
    let folder = root.join("specs");
    parse(|name| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    })
}

/// Reads and checks the tables whose texts `file` gives by name.
pub(crate) fn parse(file: impl Fn(&str) -> Result<String>) -> Result<Tables> {
    let texts = Texts {
        operations: &file("operations.txt")?,
        schemas: &file("schemas.txt")?,
        objects: &file("objects.txt")?,
        gateway: &file("gateway.txt")?,
        limits: &file("limits.txt")?,
        errors: &file("errors.txt")?,
    };
    Ok(Tables::parse(texts)?)
}

fn sources(root: &Path, folder: &str) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path)?;
                let text = text
                    .split("#[cfg(test)]")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(check: impl FnOnce(&Tables, &mut Report)) -> Report {
        let mut report = Report::default();
        check(&load(&root()).unwrap(), &mut report);
        report
    }

    #[test]
    fn an_endpoint_has_to_be_one_of_discords() {
        let count = |text: &str| {
            let source = Source {
                path: "x.rs".into(),
                text: text.to_owned(),
            };
            report(|tables, report| operations(tables, &[&source], report))
        };
        let good =
            count("    Post \"/channels/{id}/messages\" as CreateMessage -> Message\n// Get\n");
        assert_eq!(
            (good.rows[0], good.faults.len()),
            (("operations sent by rest", 1, 247), 0)
        );
        assert_eq!(good.rows[1].1, 1);
        let bad = count("Put \"/channels/{id}/messages\" as X\nGet \"/channel/{id}\" as Y\n");
        assert_eq!(bad.rows[0].1, 0);
        assert!(bad.faults[0].contains("no PUT /channels/{id}/messages"));
        assert!(bad.faults[1].contains("no GET /channel/{id}"));
    }

    #[test]
    fn an_event_has_to_have_its_intents() {
        let line =
            "    MessageCreate \"MESSAGE_CREATE\" [GUILD_MESSAGES | DIRECT_MESSAGES] (Message)";
        let intents = BTreeSet::from(["DIRECT_MESSAGES", "GUILD_MESSAGES"]);
        assert_eq!(event(line), Some(("MESSAGE_CREATE", intents, false)));
        assert_eq!(
            event("Resumed \"RESUMED\" [] raw"),
            Some(("RESUMED", BTreeSet::new(), true))
        );
        assert_eq!(event("/// a \"READY\" [] line"), None);
        let bad = report(|tables, report| {
            events(
                tables,
                "Ready \"READY\" [GUILDS] {}\nNews \"NEWS\" [] raw",
                report,
            );
        });
        assert_eq!(bad.rows[0], ("dispatch events", 1, 79));
        let said = |words: &str| bad.faults.iter().any(|fault| fault.contains(words));
        assert!(said("READY comes with {}") && said("no NEWS") && said("lacks MESSAGE_CREATE"));
    }

    #[test]
    fn a_row_of_a_test_is_taken_over() {
        let row = Some(("enum values".to_owned(), 3, 4));
        assert_eq!(told("spec: enum values | 3 | 4"), row);
        assert_eq!(told(".spec: enum values | 3 | 4"), row);
        assert_eq!(told("spec: enum values | few | 4"), None);
        assert_eq!(told("examples: 3 typed"), None);
    }

    #[test]
    fn a_number_has_to_be_discords() {
        let bad = report(|tables, report| {
            intents(tables, "GUILDS = 0,\nGUILD_MEMBERS = 2,\nCATS = 9,", report);
            let codes = "4004 \"x\" => Resume;\n4009 \"y\" => Identify;\n4006 \"z\" => Resume;";
            close_codes(tables, codes, report);
        });
        assert_eq!(bad.rows, [("intents", 2, 21), ("close codes", 1, 14)]);
        let is_lack = |fault: &&String| fault.starts_with("there is no ");
        let (lacks, wrong): (Vec<_>, Vec<_>) = bad.faults.iter().partition(is_lack);
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert_eq!(lacks.len(), 19 + 12, "{lacks:?}");
    }

    #[test]
    fn an_opcode_or_an_error_that_is_lacking_is_named() {
        let bad = report(|tables, report| {
            opcodes(tables, &[], report);
            error_codes(tables, [].into_iter(), report);
        });
        assert_eq!(
            bad.rows,
            [("gateway opcodes", 0, 13), ("error codes", 0, 239)]
        );
        let said = |words: &str| bad.faults.iter().any(|fault| fault.contains(words));
        assert!(said("no opcode 10 (") && said("error code 10003 has no name"));
        assert_eq!(bad.faults.len(), 13 + 239);
    }
}
