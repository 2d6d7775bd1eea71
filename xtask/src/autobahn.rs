//! `cargo xtask autobahn`: Autobahn's test suite against our websocket client.
//!
//! The suite is a program for Python 2.7 and is installed under the target folder once. It serves
//! its cases to `crates/ovenjs-net/examples/autobahn.rs`, and every case but those of
//! permessage-deflate, which we do not offer, must end as it strictly should.

use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What is installed, pinned to the last versions for Python 2.7.
const REQUIREMENTS: &str = include_str!("autobahn/requirements.txt");

/// Starts the suite's server without its pages.
const START: &str = "\
import sys
sys.argv = ['wstest', '-m', 'fuzzingserver', '-s', sys.argv[1], '-w', '0']
from autobahntestsuite import wstest
wstest.run()
";

/// How long the suite's server may take to listen: it loads some hundred files.
const START_BOUND: Duration = Duration::from_secs(60);

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let Some(python) = find_python() else {
        let text = "Autobahn's test suite needs Python 2.7, which is not here: put python2.7 on \
                    PATH, or `pyenv install 2.7.18`";
        if std::env::var_os("CI").is_some() {
            bail!("{text}");
        }
        println!("NOTHING WAS CHECKED. {text}");
        return Ok(());
    };
    let folder = workspace.tools().join("autobahn");
    install(&python, &folder)?;
    let client = shell::built_as_for_tests(workspace)?.join("examples/autobahn");

    let room = tempfile::tempdir().context("failed to make a folder for the reports")?;
    let reports = room.path().join("reports");
    let port = free_port()?;
    let spec = room.path().join("cases.json");
    std::fs::write(
        &spec,
        serde_json::json!({
            "url": format!("ws://127.0.0.1:{port}"),
            "outdir": reports,
            "cases": ["*"],
            "exclude-cases": ["12.*", "13.*"],
            "exclude-agent-cases": {},
        })
        .to_string(),
    )
    .context("failed to write the list of cases")?;
    let log = room.path().join("log.txt");
    let server = Server::start(&python, &folder, &spec, &log, port)?;
    let begun = Instant::now();
    let played = shell::run(Command::new(client).arg(port.to_string()));
    let took = begun.elapsed();
    drop(server);
    played.with_context(|| format!("the suite's last words: {}", last_words(&log)))?;

    let index = reports.join("index.json");
    let text = std::fs::read_to_string(&index)
        .with_context(|| format!("the suite left no report: {}", last_words(&log)))?;
    let verdict = judge(&text)?;
    println!(
        "autobahn: {} in {:.1} s",
        verdict.line(),
        took.as_secs_f64()
    );
    for finding in &verdict.findings {
        println!("  {finding}");
    }
    if verdict.findings.is_empty() {
        Ok(())
    } else {
        bail!(
            "autobahn: {} cases are not as they should be",
            verdict.findings.len()
        )
    }
}

/// A Python 2.7 on `PATH`, or one of pyenv's, which are mostly not on it.
fn find_python() -> Option<PathBuf> {
    let works = |program: &PathBuf| {
        let asked = "import sys, pip; sys.exit(sys.version_info[:2] != (2, 7))";
        shell::succeeds(Command::new(program).args(["-c", asked]))
    };
    let on_path = ["python2.7", "python2"]
        .into_iter()
        .filter_map(shell::on_path);
    on_path.chain(of_pyenv()).find(works)
}

fn of_pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let Some(versions) = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok()) else {
        return Vec::new();
    };
    versions
        .filter_map(|version| Some(version.ok()?.path()))
        .filter(|version| {
            version
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("2.7"))
        })
        .map(|version| version.join("bin").join("python2.7"))
        .collect()
}

/// Installs the suite, unless a run that ended well has done so for the same Python.
fn install(python: &Path, folder: &Path) -> Result<()> {
    let note = folder.join("filled-for.txt");
    let wanted = format!("{}\n{REQUIREMENTS}", python.display());
    if std::fs::read_to_string(&note).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let site = folder.join("site");
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("failed to empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to create {}", folder.display()))?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS).context("failed to write the requirements")?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .arg("--disable-pip-version-check")
        .arg("--target")
        .arg(&site)
        .arg("--requirement")
        .arg(&requirements);
    shell::run(&mut pip).context("Autobahn's test suite could not be installed")?;
    // Without this file Python 2 does not see the package below it.
    std::fs::write(site.join("zope").join("__init__.py"), "")
        .context("failed to mark zope as a package")?;
    std::fs::write(folder.join("start.py"), START).context("failed to write start.py")?;
    std::fs::write(&note, wanted).with_context(|| format!("failed to write {}", note.display()))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

/// The suite's server, ended with its guard.
struct Server(Child);

impl Server {
    fn start(python: &Path, folder: &Path, spec: &Path, log: &Path, port: u16) -> Result<Self> {
        let out = std::fs::File::create(log).context("failed to write a log")?;
        let child = Command::new(python)
            .arg(folder.join("start.py"))
            .arg(spec)
            .env("PYTHONPATH", folder.join("site"))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .context("failed to start the suite's server")?;
        let mut server = Self(child);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if server.0.try_wait()?.is_some() || begun.elapsed() > START_BOUND {
                bail!("the suite's server does not listen: {}", last_words(log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        if let Err(error) = self.0.wait() {
            eprintln!("error: failed to wait for the suite's server: {error}");
        }
    }
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let from = text.char_indices().rev().nth(2000).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or_default().to_owned()
}

/// What the suite says of one case.
#[derive(Debug, Deserialize)]
struct Case {
    behavior: String,
    #[serde(rename = "behaviorClose")]
    close: String,
}

#[derive(Debug, Default, PartialEq)]
struct Verdict {
    strict: usize,
    informational: usize,
    findings: Vec<String>,
}

impl Verdict {
    fn line(&self) -> String {
        format!(
            "{} cases strictly OK, {} informational, {} not as they should be",
            self.strict,
            self.informational,
            self.findings.len()
        )
    }
}

fn judge(index: &str) -> Result<Verdict> {
    let agents: BTreeMap<String, BTreeMap<String, Case>> =
        serde_json::from_str(index).context("the suite's report cannot be read")?;
    let mut verdict = Verdict::default();
    for (name, case) in agents.into_values().flatten() {
        let close_is_good = matches!(case.close.as_str(), "OK" | "INFORMATIONAL");
        match case.behavior.as_str() {
            "OK" if close_is_good => verdict.strict += 1,
            "INFORMATIONAL" if close_is_good => verdict.informational += 1,
            behavior => verdict
                .findings
                .push(format!("case {name}: {behavior}, its close {}", case.close)),
        }
    }
    // Fewer would mean that the suite ended early.
    if verdict.strict + verdict.informational + verdict.findings.len() < CASES_MIN {
        bail!(
            "the suite reports {}, and it has at least {CASES_MIN} cases",
            verdict.line()
        );
    }
    Ok(verdict)
}

/// All of the suite's 517 cases but the 216 of permessage-deflate.
const CASES_MIN: usize = 301;

#[cfg(test)]
mod tests {
    use super::*;

    fn report(odd: &[(&str, &str, &str)]) -> String {
        let mut cases: BTreeMap<String, serde_json::Value> = (0..CASES_MIN - odd.len())
            .map(|n| {
                (
                    n.to_string(),
                    serde_json::json!({"behavior": "OK", "behaviorClose": "OK"}),
                )
            })
            .collect();
        for (name, behavior, close) in odd {
            let case = serde_json::json!({"behavior": behavior, "behaviorClose": close});
            cases.insert((*name).to_owned(), case);
        }
        serde_json::json!({ "ovenjs": cases }).to_string()
    }

    #[test]
    fn only_strict_cases_pass_and_informational_ones_are_counted_apart() {
        let verdict = judge(&report(&[
            ("a", "INFORMATIONAL", "INFORMATIONAL"),
            ("b", "NON-STRICT", "OK"),
            ("c", "OK", "UNCLEAN"),
            ("d", "FAILED", "WRONG CODE"),
        ]))
        .unwrap();
        assert_eq!(verdict.strict, CASES_MIN - 4);
        assert_eq!(verdict.informational, 1);
        assert_eq!(
            verdict.findings,
            [
                "case b: NON-STRICT, its close OK",
                "case c: OK, its close UNCLEAN",
                "case d: FAILED, its close WRONG CODE"
            ]
        );
    }

    #[test]
    fn a_report_that_ends_early_is_no_report() {
        assert!(
            judge(r#"{"ovenjs": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"}}}"#).is_err()
        );
        assert!(judge("{}").is_err());
    }
}
