//! Where the servers' programs are, and under whom they run.

use crate::shell;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user under whom a server runs that must not be root.
#[derive(Debug)]
pub(super) enum Person {
    Ourselves,
    Other { name: String, user: u32, group: u32 },
}

impl Person {
    /// Whoever we are, or where that is root the user that the server's package made.
    pub(super) fn of(server: &str) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let accounts = std::fs::read_to_string("/etc/passwd")
            .with_context(|| format!("failed to look for a user to run {server} as"))?;
        [server, "nobody"]
            .into_iter()
            .find_map(|name| account(&accounts, name))
            .map(|(name, user, group)| Self::Other { name, user, group })
            .with_context(|| {
                format!("{server} refuses to run as root, and there is no user {server} or nobody")
            })
    }

    pub(super) fn give(&self, folder: &Path) -> Result<()> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Other { user, group, .. } => {
                std::os::unix::fs::chown(folder, Some(*user), Some(*group))
                    .with_context(|| format!("failed to give {} away", folder.display()))
            }
        }
    }

    pub(super) fn command(&self, program: &Path) -> Command {
        let Self::Other { name, user, group } = self else {
            return Command::new(program);
        };
        if shell::on_path("setpriv").is_some() {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={group}"))
                .arg("--clear-groups")
                .arg(program);
            command
        } else if shell::on_path("runuser").is_some() {
            let mut command = Command::new("runuser");
            command.args(["-u", name, "--"]).arg(program);
            command
        } else {
            // `su` wants one shell line; `exec "$0" "$@"` hands the words through unquoted.
            let mut command = Command::new("su");
            command
                .args(["-s", "/bin/sh", name, "-c", "exec \"$0\" \"$@\"", "--"])
                .arg(program);
            command
        }
    }
}

fn account(accounts: &str, name: &str) -> Option<(String, u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some((name.to_owned(), user, group))
    })
}

/// The Redis server's program; Valkey speaks the same protocol and is what some systems ship.
pub(super) fn find_redis() -> Option<PathBuf> {
    ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(shell::on_path)
}

/// The NATS server's program, which Debian puts where only root looks.
pub(super) fn find_nats() -> Option<PathBuf> {
    let aside = Path::new("/usr/sbin/nats-server").to_path_buf();
    shell::on_path("nats-server").or_else(|| Some(aside).filter(|path| shell::is_program(path)))
}

/// The folder that holds both `initdb` and `postgres`. Systems with several versions side by side
/// keep them off `PATH`.
pub(super) fn find_postgres() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_basebackup"]
            .iter()
            .all(|p| shell::is_program(&folder.join(p)))
    };
    let on_path = shell::on_path("initdb").and_then(|p| p.parent().map(Path::to_path_buf));
    let configured = shell::on_path("pg_config").and_then(|program| {
        let output = Command::new(program).arg("--bindir").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    });
    on_path
        .into_iter()
        .chain(versions_under("/usr/lib/postgresql", "bin"))
        .chain(versions_under("/usr/libexec", ""))
        .chain(versions_under("/opt/homebrew/opt", "bin"))
        .chain(configured)
        .find(complete)
}

/// The programs of a MariaDB.
#[derive(Debug)]
pub(super) struct MySql {
    /// Makes a folder of data.
    pub(super) install: PathBuf,
    pub(super) server: PathBuf,
}

/// MariaDB's programs, of which some systems put the server where only root looks.
pub(super) fn find_mysql() -> Option<MySql> {
    let aside = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"];
    let aside = aside.into_iter().map(PathBuf::from);
    Some(MySql {
        install: shell::on_path("mariadb-install-db")?,
        server: shell::on_path("mariadbd")
            .or_else(|| aside.into_iter().find(|path| shell::is_program(path)))?,
    })
}

/// The folders `parent/*/below`, the highest version first.
fn versions_under(parent: &str, below: &str) -> Vec<PathBuf> {
    let mut folders: Vec<_> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join(below))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders.reverse();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_table_of_users() {
        let table = "root:x:0:0:root:/:/bin/sh\npostgres:x:101:103:db:/nowhere:/bin/sh\n";
        assert_eq!(
            account(table, "postgres"),
            Some(("postgres".to_owned(), 101, 103))
        );
        assert_eq!(account(table, "nobody"), None);
    }
}
