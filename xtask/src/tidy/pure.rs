//! Pure folders: rules of Discord without clock, socket, chance or task.

use super::Report;
use super::tree::{File, Mention, Tree, mentions};

#[derive(Debug)]
struct Pure {
    /// A folder, or the beginning of file names.
    place: &'static str,
    /// Whether a `match` there must name every variant: a new opcode is met, not swallowed.
    exhaustive: Option<&'static [&'static str]>,
    /// Whether the place may be missing.
    optional: bool,
}

const PURE: &[Pure] = &[
    Pure {
        place: "crates/ovenjs-gateway/src/session",
        exhaustive: Some(&[
            "crates/ovenjs-gateway/src/session.rs",
            "crates/ovenjs-gateway/src/session/mod.rs",
        ]),
        optional: false,
    },
    Pure {
        place: "crates/ovenjs-ratelimit/src",
        exhaustive: Some(&["crates/ovenjs-ratelimit/src/lib.rs"]),
        optional: false,
    },
    Pure {
        place: "crates/ovenjs-mock/src/protocol",
        exhaustive: Some(&[
            "crates/ovenjs-mock/src/protocol.rs",
            "crates/ovenjs-mock/src/protocol/mod.rs",
        ]),
        optional: false,
    },
    Pure {
        place: "crates/ovenjs-mock/src/courier",
        exhaustive: None,
        optional: false,
    },
    Pure {
        place: "crates/ovenjs-net/src/websocket/frames",
        exhaustive: None,
        optional: false,
    },
    Pure {
        place: "crates/ovenjs-types/src",
        exhaustive: None,
        optional: false,
    },
    Pure {
        place: "crates/ovenjs-commands/src/plan",
        exhaustive: None,
        optional: true,
    },
];

/// What a pure place may not name, and what it does instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("tokio", "the shell owns tasks and timers"),
    ("std::net", "the shell owns sockets"),
    ("std::fs", "the shell reads files"),
    ("std::thread", "the shell owns threads"),
    ("rand", "chance comes in as an argument"),
    ("fastrand", "chance comes in as an argument"),
    ("getrandom", "chance comes in as an argument"),
    ("Instant::now", "`now` comes in as an argument"),
    ("SystemTime::now", "the time comes in as an argument"),
    ("thread::spawn", "the shell owns threads"),
    ("thread::sleep", "the caller waits until `deadline()`"),
];

/// The lint behind `exhaustive`.
const LINT: &str = "wildcard_enum_match_arm";

pub(super) fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    let mut looked_at = 0;
    for pure in PURE {
        let files: Vec<_> = tree
            .rust()
            .filter(|file| {
                file.path.strip_prefix(pure.place).is_some_and(|rest| {
                    pure.optional || rest.starts_with('/') || rest.starts_with('.')
                })
            })
            .collect();
        if files.is_empty() && !pure.optional {
            report
                .findings
                .push(format!("{}: the pure place is missing", pure.place));
            continue;
        }
        looked_at += files.len();
        for file in files.iter().filter(|file| !file.is_test()) {
            report.findings.extend(impurities(file));
        }
        if let Some(doors) = pure.exhaustive
            && !files
                .iter()
                .any(|file| doors.contains(&file.path.as_str()) && warns(file))
        {
            report.findings.push(format!(
                "{}: the door of this pure place says `#![warn(clippy::{LINT})]`",
                pure.place
            ));
        }
    }
    report.looked_at = format!("{looked_at} files");
    report
}

fn impurities(file: &File) -> Vec<String> {
    let Some(syntax) = &file.syntax else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for Mention { path, line } in mentions(syntax) {
        for (name, instead) in FORBIDDEN {
            if names(&path, name) {
                findings.push(format!("{}:{line}: names {path}, but {instead}", file.path));
            }
        }
    }
    findings.dedup();
    findings
}

/// Whether the path begins with the name, or, for a method of a type, ends with it.
fn names(path: &str, name: &str) -> bool {
    let begins = path
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let ends = name.contains("::")
        && path
            .strip_suffix(name)
            .is_some_and(|before| before.is_empty() || before.ends_with("::"));
    begins || ends
}

fn warns(file: &File) -> bool {
    file.syntax.as_ref().is_some_and(|syntax| {
        syntax.attrs.iter().any(|attribute| {
            let level = ["warn", "deny", "forbid"].iter().any(|l| attribute.path().is_ident(l));
            level
                && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string().contains(LINT))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn in_session(text: &str) -> Vec<String> {
        let path = "crates/ovenjs-gateway/src/session/mod.rs";
        let tree = sample::tree(&[(path, text)]);
        check(&tree)
            .findings
            .into_iter()
            .filter(|found| found.contains("gateway"))
            .collect()
    }

    const DOOR: &str = "#![warn(clippy::wildcard_enum_match_arm)]\n";

    #[test]
    fn a_clock_a_socket_a_task_and_a_dice_are_seen() {
        for bad in [
            "fn f() { let now = Instant::now(); }",
            "fn f() { let now = std::time::SystemTime::now(); }",
            "use std::{net::TcpStream};",
            "use std::{collections::BTreeMap, thread};",
            "fn f() { tokio::spawn(g()); }",
            "fn f() -> u64 { fastrand::u64(..) }",
            "fn f() { vec![rand::random()]; }",
        ] {
            assert_eq!(in_session(&format!("{DOOR}{bad}")).len(), 1, "{bad}");
        }
    }

    #[test]
    fn what_only_sounds_like_it_is_fine() {
        for good in [
            "fn f(now: Instant) {}",
            "struct S { thread: Id, rand_seed: u64 }",
            "/// Call it with `Instant::now()`.\nfn f() {}",
            "#[cfg(test)] mod tests { fn f() { let now = Instant::now(); } }",
        ] {
            assert_eq!(
                in_session(&format!("{DOOR}{good}")),
                Vec::<String>::new(),
                "{good}"
            );
        }
    }

    #[test]
    fn the_door_denies_wildcards() {
        assert_eq!(in_session("fn f() {}").len(), 1);
        assert_eq!(in_session("// wildcard_enum_match_arm\nfn f() {}").len(), 1);
    }

    #[test]
    fn a_pure_place_that_vanished_is_seen() {
        let tree = sample::tree(&[]);
        let missing = check(&tree).findings;
        assert_eq!(
            missing.len(),
            PURE.iter().filter(|pure| !pure.optional).count()
        );
    }
}
