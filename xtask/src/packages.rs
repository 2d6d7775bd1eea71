//! Programs that come from the system's package manager.

use crate::shell;
use anyhow::{Context as _, Result, bail};
use std::process::Command;

/// Something that tests or benches need and that no crate can bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A Redis server.
    Redis,
    /// A NATS server, 2.9 or newer.
    Nats,
    /// PostgreSQL's server programs.
    Postgres,
    /// MariaDB's server programs.
    MySql,
    /// The instruction counter behind `bench gate`.
    Valgrind,
    /// Node.js with npm.
    Node,
    /// Python 3 with what makes virtual environments.
    Python,
}

impl Need {
    #[cfg(test)]
    const ALL: [Self; 7] = [
        Self::Redis,
        Self::Nats,
        Self::Postgres,
        Self::MySql,
        Self::Valgrind,
        Self::Node,
        Self::Python,
    ];
}

/// How one package manager installs, and what it calls the things we need.
#[derive(Debug)]
struct Installer {
    program: &'static str,
    /// Arguments of a run that must come first, for managers whose lists start out empty.
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
    redis: &'static str,
    nats: &'static str,
    postgres: &'static str,
    mysql: &'static str,
    valgrind: &'static str,
    /// More than one package where npm or `venv` is packed on its own.
    node: &'static [&'static str],
    python: &'static [&'static str],
    /// Homebrew refuses to run as root; the others need it.
    as_root: bool,
}

const MANAGERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        refresh: Some(&["update"]),
        install: &["install", "--yes", "--no-install-recommends"],
        redis: "redis-server",
        nats: "nats-server",
        postgres: "postgresql",
        mysql: "mariadb-server",
        valgrind: "valgrind",
        node: &["nodejs", "npm"],
        python: &["python3", "python3-venv"],
        as_root: true,
    },
    Installer {
        program: "dnf",
        refresh: None,
        install: &["install", "--assumeyes"],
        redis: "redis",
        nats: "nats-server",
        postgres: "postgresql-server",
        mysql: "mariadb-server",
        valgrind: "valgrind",
        node: &["nodejs", "npm"],
        python: &["python3"],
        as_root: true,
    },
    Installer {
        program: "apk",
        refresh: None,
        install: &["add", "--no-interactive"],
        redis: "redis",
        nats: "nats-server",
        postgres: "postgresql",
        mysql: "mariadb",
        valgrind: "valgrind",
        node: &["nodejs", "npm"],
        python: &["python3"],
        as_root: true,
    },
    Installer {
        program: "pacman",
        refresh: None,
        install: &["-Sy", "--needed", "--noconfirm"],
        redis: "valkey",
        nats: "nats-server",
        postgres: "postgresql",
        mysql: "mariadb",
        valgrind: "valgrind",
        node: &["nodejs", "npm"],
        python: &["python"],
        as_root: true,
    },
    Installer {
        program: "zypper",
        refresh: None,
        install: &["--non-interactive", "install"],
        redis: "redis",
        nats: "nats-server",
        postgres: "postgresql-server",
        mysql: "mariadb",
        valgrind: "valgrind",
        node: &["nodejs-default", "npm-default"],
        python: &["python3"],
        as_root: true,
    },
    Installer {
        program: "brew",
        refresh: None,
        install: &["install"],
        redis: "redis",
        nats: "nats-server",
        postgres: "postgresql@17",
        mysql: "mariadb",
        valgrind: "valgrind",
        node: &["node"],
        python: &["python@3.13"],
        as_root: false,
    },
];

impl Installer {
    fn packages(&self, need: Need) -> &[&'static str] {
        match need {
            Need::Redis => std::slice::from_ref(&self.redis),
            Need::Nats => std::slice::from_ref(&self.nats),
            Need::Postgres => std::slice::from_ref(&self.postgres),
            Need::MySql => std::slice::from_ref(&self.mysql),
            Need::Valgrind => std::slice::from_ref(&self.valgrind),
            Need::Node => self.node,
            Need::Python => self.python,
        }
    }

    /// The runs that install the needs, as word lists without `sudo`.
    fn runs(&self, needs: &[Need]) -> Vec<Vec<&'static str>> {
        let mut runs = Vec::new();
        if let Some(refresh) = self.refresh {
            runs.push(
                std::iter::once(self.program)
                    .chain(refresh.iter().copied())
                    .collect(),
            );
        }
        let mut install = vec![self.program];
        install.extend_from_slice(self.install);
        install.extend(needs.iter().flat_map(|need| self.packages(*need)));
        runs.push(install);
        runs
    }
}

/// With which right the package manager can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Direct,
    Sudo,
    Missing,
}

/// Installs what is needed, after saying what.
///
/// # Errors
///
/// Without the right to install, the error is the one command that a person has to run.
pub(crate) fn install(needs: &[Need]) -> Result<()> {
    if needs.is_empty() {
        return Ok(());
    }
    let manager = MANAGERS
        .iter()
        .find(|manager| shell::on_path(manager.program).is_some())
        .with_context(|| {
            format!(
                "no known package manager is on PATH; install {} by hand",
                listed(needs)
            )
        })?;
    let runs = manager.runs(needs);
    let right = right_to_use(manager);
    if right == Right::Missing {
        bail!("{}", plea(needs, &runs));
    }
    println!(
        "{} missing; installing from the system's packages:",
        listed(needs)
    );
    for words in runs {
        let sudo: &[&str] = if right == Right::Sudo {
            &["sudo", "-n"]
        } else {
            &[]
        };
        let mut all = sudo.iter().copied().chain(words);
        let program = all.next().context("a run names its program")?;
        let mut command = Command::new(program);
        command.args(all).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command)?;
    }
    Ok(())
}

fn right_to_use(manager: &Installer) -> Right {
    if !manager.as_root || rustix::process::geteuid().is_root() {
        Right::Direct
    } else if shell::succeeds(Command::new("sudo").args(["-n", "true"])) {
        Right::Sudo
    } else {
        Right::Missing
    }
}

fn plea(needs: &[Need], runs: &[Vec<&str>]) -> String {
    let line = runs
        .iter()
        .map(|words| format!("sudo {}", words.join(" ")))
        .collect::<Vec<_>>()
        .join(" && ");
    format!(
        "{} missing, and there is no right to install here. Run this once:\n\n    {line}\n",
        listed(needs)
    )
}

fn listed(needs: &[Need]) -> String {
    let names: Vec<_> = needs
        .iter()
        .map(|need| match need {
            Need::Redis => "redis-server",
            Need::Nats => "nats-server",
            Need::Postgres => "PostgreSQL's server programs",
            Need::MySql => "MariaDB's server programs",
            Need::Valgrind => "valgrind",
            Need::Node => "Node.js with npm",
            Need::Python => "Python 3 with venv",
        })
        .collect();
    format!(
        "{} {}",
        names.join(" and "),
        if names.len() == 1 { "is" } else { "are" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plea_is_one_command() {
        let apt = MANAGERS.first().unwrap();
        let needs = [Need::Redis, Need::Postgres];
        let text = plea(&needs, &apt.runs(&needs));
        assert!(text.contains(
            "sudo apt-get update && sudo apt-get install --yes --no-install-recommends redis-server postgresql"
        ), "{text}");
    }

    #[test]
    fn every_manager_knows_every_need() {
        for manager in MANAGERS {
            for need in Need::ALL {
                assert!(
                    !manager.packages(need).is_empty(),
                    "{} lacks {need:?}",
                    manager.program
                );
            }
        }
    }

    #[test]
    fn nothing_is_run_when_nothing_is_needed() {
        install(&[]).unwrap();
    }
}
