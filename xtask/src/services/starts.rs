//! How each server is started, on a port that is free.

use super::Instance;
use super::programs::{Person, find_mysql, find_nats, find_postgres, find_redis};
use crate::wire;
use anyhow::{Context as _, Result, anyhow, bail};
use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

pub(super) fn redis(folder: &Path) -> Result<(Instance, String)> {
    let program = find_redis().context("redis-server is not installed; run `cargo xtask test`")?;
    let place = folder.join("redis");
    std::fs::create_dir(&place).context("failed to create Redis' folder")?;
    let log = folder.join("redis.log");
    with_free_port("redis-server", &log, |port| {
        let mut command = Command::new(&program);
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--dir")
            .arg(&place);
        let url = format!("redis://127.0.0.1:{port}/0");
        let mut instance = Instance::start("redis-server", &mut command, &log)?;
        instance.wait_until(|| match wire::redis(&url, &["PING"])?.as_str() {
            "PONG" => Ok(()),
            other => bail!("Redis answers PING with {other}"),
        })?;
        Ok((instance, url))
    })
}

/// Three nodes on this machine; the address is the first one's.
pub(super) fn redis_cluster(folder: &Path) -> Result<(Instance, String)> {
    let program = find_redis().context("redis-server is not installed; run `cargo xtask test`")?;
    let mut nodes = Vec::new();
    for slots in [["0", "5460"], ["5461", "10922"], ["10923", "16383"]] {
        let name = format!("redis-cluster-{}", slots.concat());
        let (place, log) = (folder.join(&name), folder.join(format!("{name}.log")));
        std::fs::create_dir(&place).context("failed to create a node's folder")?;
        let node = with_free_port("redis-server", &log, |port| {
            // By default ten thousand above the other one, which may be too high or taken.
            with_free_port("redis-server", &log, |bus| {
                let mut command = Command::new(&program);
                command
                    .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
                    .args([
                        "--cluster-enabled",
                        "yes",
                        "--cluster-port",
                        &bus.to_string(),
                    ])
                    .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
                    .arg("--dir")
                    .arg(&place);
                let url = format!("redis://127.0.0.1:{port}");
                let mut instance = Instance::start("redis-server", &mut command, &log)?;
                instance.wait_until(|| wire::redis(&url, &["PING"]).map(drop))?;
                Ok((instance, url, port.to_string(), bus.to_string()))
            })
        })?;
        wire::redis(&node.1, &["CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1]])?;
        nodes.push(node);
    }
    let mut nodes = nodes.into_iter();
    let (mut first, url, ..) = nodes.next().context("a cluster has a first node")?;
    let mut urls = vec![url.clone()];
    for (node, of_node, port, bus) in nodes {
        wire::redis(&url, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus])?;
        first.others.push(node);
        urls.push(of_node);
    }
    first.wait_until(|| urls.iter().try_for_each(|url| knows_all_slots(url)))?;
    Ok((first, url))
}

fn knows_all_slots(url: &str) -> Result<()> {
    let info = wire::redis(url, &["CLUSTER", "INFO"])?;
    let is_whole = ["cluster_state:ok", "cluster_size:3"];
    if is_whole.iter().all(|told| info.contains(told)) {
        return Ok(());
    }
    bail!("a node of the Redis Cluster does not know the others yet")
}

pub(super) fn nats(folder: &Path) -> Result<(Instance, String)> {
    let program = find_nats().context("nats-server is not installed; run `cargo xtask test`")?;
    let place = folder.join("nats");
    std::fs::create_dir(&place).context("failed to create NATS' folder")?;
    let log = folder.join("nats.log");
    with_free_port("nats-server", &log, |port| {
        let mut command = Command::new(&program);
        command
            .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
            .args(["--jetstream", "--store_dir"])
            .arg(&place);
        let url = format!("nats://127.0.0.1:{port}");
        let mut instance = Instance::start("nats-server", &mut command, &log)?;
        instance.wait_until(|| wire::nats(&url))?;
        Ok((instance, url))
    })
}

pub(super) fn postgres(folder: &Path) -> Result<(Instance, String)> {
    let programs = find_postgres()
        .context("PostgreSQL's server programs are not installed; run `cargo xtask test`")?;
    let person = Person::of("postgres")?;
    let place = folder.join("postgres");
    std::fs::create_dir(&place).context("failed to create Postgres' folder")?;
    person.give(&place)?;
    let data = place.join("data");
    let made = person
        .command(&programs.join("initdb"))
        .args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .arg("--pgdata")
        .arg(&data)
        .current_dir(&place)
        .stdin(Stdio::null())
        .output()
        .context("failed to start initdb")?;
    if !made.status.success() {
        bail!(
            "initdb ended with {}: {}",
            made.status,
            String::from_utf8_lossy(&made.stderr)
        );
    }
    run_postgres(&person, &programs, &place, &folder.join("postgres.log"))
}

/// The replica whose replay a commit waits for, where its connection asks for `remote_apply`.
pub(super) const AWAITED: &str = "awaited";

/// A replica of the Postgres of this address, under a name of its own.
pub(super) fn postgres_replica(
    folder: &Path,
    name: &str,
    primary: &str,
) -> Result<(Instance, String)> {
    let programs = find_postgres()
        .context("PostgreSQL's server programs are not installed; run `cargo xtask test`")?;
    let person = Person::of("postgres")?;
    let place = folder.join(format!("postgres-{name}"));
    std::fs::create_dir(&place).context("failed to create the replica's folder")?;
    person.give(&place)?;
    let separator = if primary.contains('?') { '&' } else { '?' };
    let copied = person
        .command(&programs.join("pg_basebackup"))
        .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf"])
        .arg(format!(
            "--dbname={primary}{separator}application_name={name}"
        ))
        .arg(option("--pgdata", &place.join("data")))
        .current_dir(&place)
        .stdin(Stdio::null())
        .output()
        .context("failed to start pg_basebackup")?;
    if !copied.status.success() {
        bail!(
            "pg_basebackup ended with {}: {}",
            copied.status,
            String::from_utf8_lossy(&copied.stderr)
        );
    }
    let log = folder.join(format!("postgres-{name}.log"));
    let (mut instance, url) = run_postgres(&person, &programs, &place, &log)?;
    // It answers before it follows.
    instance.wait_until(|| {
        let followers =
            format!("SELECT count(*) FROM pg_stat_replication WHERE application_name = '{name}'");
        match wire::postgres(primary, &followers)?.as_str() {
            "0" => bail!("the replica {name} does not follow yet"),
            _ => Ok(()),
        }
    })?;
    Ok((instance, url))
}

fn run_postgres(
    person: &Person,
    programs: &Path,
    place: &Path,
    log: &Path,
) -> Result<(Instance, String)> {
    with_free_port("postgres", log, |port| {
        let mut command = person.command(&programs.join("postgres"));
        command
            .arg("-D")
            .arg(place.join("data"))
            .args(["-p", &port.to_string()])
            .current_dir(place);
        // Durability is worth nothing to a folder that is about to be removed.
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            // Or what one replica still has to hear is forgotten while another is made.
            "wal_keep_size=64MB",
        ] {
            command.args(["-c", setting]);
        }
        // Nobody waits for it who does not ask for that.
        command.args(["-c", &format!("synchronous_standby_names={AWAITED}")]);
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut instance = Instance::start("postgres", &mut command, log)?;
        instance.wait_until(|| wire::postgres(&url, "SELECT 1").map(drop))?;
        Ok((instance, url))
    })
}

pub(super) fn mysql(folder: &Path) -> Result<(Instance, String)> {
    let programs = find_mysql()
        .context("MariaDB's server programs are not installed; run `cargo xtask test`")?;
    let person = Person::of("mysql")?;
    let place = folder.join("mysql");
    std::fs::create_dir(&place).context("failed to create MariaDB's folder")?;
    let begin = place.join("begin.sql");
    std::fs::write(&begin, "CREATE DATABASE IF NOT EXISTS bots;\n")
        .context("failed to write MariaDB's first statement")?;
    person.give(&place)?;
    let data = place.join("data");
    let made = person
        .command(&programs.install)
        .args(["--no-defaults", "--skip-test-db"])
        .arg("--auth-root-authentication-method=normal")
        .arg(option("--datadir", &data))
        .current_dir(&place)
        .stdin(Stdio::null())
        .output()
        .context("failed to start mariadb-install-db")?;
    if !made.status.success() {
        bail!(
            "mariadb-install-db ended with {}: {}{}",
            made.status,
            String::from_utf8_lossy(&made.stdout),
            String::from_utf8_lossy(&made.stderr)
        );
    }
    let log = folder.join("mysql.log");
    with_free_port("mariadbd", &log, |port| {
        let mut command = person.command(&programs.server);
        command
            .args(["--no-defaults", "--bind-address=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(option("--datadir", &data))
            .arg(option("--socket", &place.join("socket")))
            .arg(option("--pid-file", &place.join("process")))
            .arg(option("--init-file", &begin))
            .current_dir(&place);
        // Durability is worth nothing to a folder that is about to be removed.
        command.args([
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--innodb-flush-method=nosync",
            "--innodb-fast-shutdown=2",
        ]);
        let url = format!("mysql://root@127.0.0.1:{port}/bots");
        let mut instance = Instance::start("mariadbd", &mut command, &log)?;
        // It leaves on nothing else.
        instance.farewell = rustix::process::Signal::TERM;
        instance.wait_until(|| wire::mysql(&url))?;
        Ok((instance, url))
    })
}

fn option(name: &str, path: &Path) -> OsString {
    let mut word = OsString::from(name);
    word.push("=");
    word.push(path);
    word
}

/// Picks a port that is free now and starts the server on it; tries again when it was taken
/// meanwhile. After the last attempt the error carries the end of the server's log.
pub(super) fn with_free_port<T>(
    name: &str,
    log: &Path,
    mut start: impl FnMut(u16) -> Result<T>,
) -> Result<T> {
    let mut last = anyhow!("{name} was never started");
    for _ in 0..PORT_ATTEMPTS {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .context("failed to find a free port")?
            .port();
        match start(port) {
            Ok(started) => return Ok(started),
            Err(error) => last = error,
        }
    }
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(12).collect();
    let tail = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(last.context(format!(
        "failed to start {name}; the end of its log:\n{tail}\n"
    )))
}

/// How often a server is started anew because another process took its port in between.
const PORT_ATTEMPTS: u32 = 3;
