//! Private instances of Redis, NATS, Postgres and MariaDB for the tests.
//!
//! The servers belong to a process of their own, `cargo xtask services`, which stops them and
//! removes their folder as soon as its standard input ends. The kernel closes that pipe however
//! the owner of its other end dies, SIGKILL included, so nothing stays behind; and because the
//! process leads its own group, a Ctrl-C in the terminal reaches it only through that pipe.

mod programs;
mod starts;

use crate::packages::{self, Need};
use anyhow::{Context as _, Result, bail};
use programs::{find_mysql, find_nats, find_postgres, find_redis};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The variable through which tests learn the address of Redis.
pub(crate) const REDIS_URL: &str = "OVENJS_TEST_REDIS_URL";
/// The variable through which tests learn the address of a node of a Redis Cluster.
pub(crate) const REDIS_CLUSTER_URL: &str = "OVENJS_TEST_REDIS_CLUSTER_URL";
/// The variable through which tests learn the address of NATS.
pub(crate) const NATS_URL: &str = "OVENJS_TEST_NATS_URL";
/// The variable through which tests learn the address of Postgres.
pub(crate) const POSTGRES_URL: &str = "OVENJS_TEST_POSTGRES_URL";
/// The variables through which tests learn the addresses of its two replicas.
pub(crate) const POSTGRES_REPLICA_URL: &str = "OVENJS_TEST_POSTGRES_REPLICA_URL";
pub(crate) const POSTGRES_LAGGARD_URL: &str = "OVENJS_TEST_POSTGRES_LAGGARD_URL";
/// The variable through which tests learn the address of MariaDB, or of a MySQL.
pub(crate) const MYSQL_URL: &str = "OVENJS_TEST_MYSQL_URL";

/// A server that tests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Redis,
    /// Three nodes, each of which has a third of the slots.
    RedisCluster,
    Nats,
    Postgres,
    /// A replica of that one, for which a write waits where its connection wants it.
    PostgresReplica,
    /// Another one, for which nobody waits and which one test may hold up.
    PostgresLaggard,
    MySql,
}

impl Service {
    pub(crate) const ALL: [Self; 7] = [
        Self::Redis,
        Self::RedisCluster,
        Self::Nats,
        Self::Postgres,
        Self::PostgresReplica,
        Self::PostgresLaggard,
        Self::MySql,
    ];

    /// The variable that holds its address.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Redis => REDIS_URL,
            Self::RedisCluster => REDIS_CLUSTER_URL,
            Self::Nats => NATS_URL,
            Self::Postgres => POSTGRES_URL,
            Self::PostgresReplica => POSTGRES_REPLICA_URL,
            Self::PostgresLaggard => POSTGRES_LAGGARD_URL,
            Self::MySql => MYSQL_URL,
        }
    }

    fn is_installed(self) -> bool {
        match self {
            Self::Redis | Self::RedisCluster => find_redis().is_some(),
            Self::Nats => find_nats().is_some(),
            Self::Postgres | Self::PostgresReplica | Self::PostgresLaggard => {
                find_postgres().is_some()
            }
            Self::MySql => find_mysql().is_some(),
        }
    }

    const fn package(self) -> Need {
        match self {
            Self::Redis | Self::RedisCluster => Need::Redis,
            Self::Nats => Need::Nats,
            Self::Postgres | Self::PostgresReplica | Self::PostgresLaggard => Need::Postgres,
            Self::MySql => Need::MySql,
        }
    }

    /// Starts it; a replica, once the Postgres is there which it is one of.
    fn start(self, folder: &Path, postgres: &Promise) -> Result<(Instance, String)> {
        match self {
            Self::Redis => starts::redis(folder),
            Self::RedisCluster => starts::redis_cluster(folder),
            Self::Nats => starts::nats(folder),
            Self::Postgres => {
                let started = starts::postgres(folder);
                postgres.tell(started.as_ref().ok().map(|(_, url)| url.clone()));
                started
            }
            Self::PostgresReplica => {
                starts::postgres_replica(folder, starts::AWAITED, &postgres.wait()?)
            }
            Self::PostgresLaggard => starts::postgres_replica(folder, "laggard", &postgres.wait()?),
            Self::MySql => starts::mysql(folder),
        }
    }
}

/// The address of Postgres, once it is known; none, where it did not start.
#[derive(Debug, Default)]
struct Promise(OnceLock<Option<String>>);

impl Promise {
    fn tell(&self, url: Option<String>) {
        // Nobody else tells.
        let _ = self.0.set(url);
    }

    fn wait(&self) -> Result<String> {
        let url = self.0.wait().clone();
        url.context("there is no Postgres to be a replica of")
    }
}

/// How long a server may take until it answers: a warm one takes two seconds, a cold disk on a
/// shared machine ten times that.
const START_BOUND: Duration = Duration::from_secs(60);
/// How long a server may take to leave after it was asked, before it is killed.
const STOP_BOUND: Duration = Duration::from_secs(10);
/// The pause between two questions whether a server answers or has left.
const POLL_PAUSE: Duration = Duration::from_millis(20);

/// The servers of one test run: private ones, or those a person named in the environment.
#[derive(Debug)]
pub(crate) struct Services {
    /// The addresses that tests use.
    pub(crate) addresses: BTreeMap<Service, String>,
    private: Option<Private>,
}

#[derive(Debug)]
struct Private {
    owner: Child,
    lifeline: Option<ChildStdin>,
    folder: PathBuf,
    servers: Vec<(Option<Service>, u32)>,
}

impl Services {
    /// Takes the servers named in the environment, or starts the missing ones.
    pub(crate) fn start() -> Result<Self> {
        let mut addresses = BTreeMap::new();
        for service in Service::ALL {
            if let Ok(address) = std::env::var(service.variable()) {
                addresses.insert(service, address);
            }
        }
        let missing: Vec<_> = Service::ALL
            .into_iter()
            .filter(|service| !addresses.contains_key(service))
            .collect();
        if missing.is_empty() {
            println!("services: all addresses are given, none is started");
            return Ok(Self {
                addresses,
                private: None,
            });
        }
        install_missing(&missing)?;

        let begun = Instant::now();
        let program = std::env::current_exe().context("failed to find this program's own file")?;
        let mut owner = Command::new(program)
            .arg("services")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("failed to start the owner of the test services")?;
        let lifeline = owner.stdin.take();
        let announcements = owner.stdout.take().context("the owner's output is piped")?;
        let mut private = Private {
            owner,
            lifeline,
            folder: PathBuf::new(),
            servers: Vec::new(),
        };
        let mut last = None;
        let mut ready = false;
        for line in BufReader::new(announcements).lines() {
            let line = line.context("failed to read from the owner of the test services")?;
            match line.split_once('=') {
                Some(("folder", folder)) => private.folder = PathBuf::from(folder),
                Some(("process", id)) => {
                    let id = id.parse().ok();
                    private.servers.extend(id.map(|id| (last, id)));
                }
                Some((variable, url)) => {
                    let told = Service::ALL
                        .into_iter()
                        .find(|service| service.variable() == variable);
                    match told {
                        Some(service) => drop(addresses.insert(service, url.to_owned())),
                        None => println!("{line}"),
                    }
                    last = told;
                }
                _ if line == "ready" => {
                    ready = true;
                    break;
                }
                _ => println!("{line}"),
            }
        }
        if !ready {
            bail!("the test services did not start; the reason stands above");
        }
        println!(
            "services: ready after {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        Ok(Self {
            addresses,
            private: Some(private),
        })
    }

    /// The process of this server, if it was started here: to be killed and frozen.
    pub(crate) fn process(&self, service: Service) -> Option<u32> {
        let servers = &self.private.as_ref()?.servers;
        servers
            .iter()
            .find_map(|(of, id)| (*of == Some(service)).then_some(*id))
    }

    /// Stops what was started, and fails when anything of it is left.
    pub(crate) fn stop(mut self) -> Result<()> {
        let Some(mut private) = self.private.take() else {
            return Ok(());
        };
        private.release()?;
        if private.folder.exists() {
            bail!(
                "the services' folder is still there: {}",
                private.folder.display()
            );
        }
        if let Some((_, id)) = private.servers.iter().find(|(_, id)| is_alive(*id)) {
            bail!("a test service is still running as process {id}");
        }
        println!("services: stopped, their folder is removed");
        Ok(())
    }
}

impl Private {
    fn release(&mut self) -> Result<()> {
        drop(self.lifeline.take());
        let status = self
            .owner
            .wait()
            .context("failed to wait for the services' owner")?;
        if status.success() {
            Ok(())
        } else {
            bail!("the services' owner ended with {status}")
        }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if self.lifeline.is_some()
            && let Err(error) = self.release()
        {
            eprintln!("error: {error:#}");
        }
    }
}

/// Starts the servers, announces them, and stops them when standard input ends or a signal asks.
pub(crate) fn serve() -> Result<()> {
    let (end, ended) = std::sync::mpsc::sync_channel::<()>(2);
    let at_signal = end.clone();
    let mut signals = signal_hook::iterator::Signals::new([
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ])
    .context("failed to listen for signals")?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            // The receiver is gone when everything has ended already.
            let _ = at_signal.try_send(());
        }
    });
    thread::spawn(move || {
        let mut sink = [0; 64];
        while matches!(std::io::stdin().read(&mut sink), Ok(read) if read > 0) {}
        let _ = end.try_send(());
    });

    let folder = tempfile::Builder::new()
        .prefix("ovenjs-test-")
        .tempdir()
        .context("failed to create a folder for the test services")?;
    open_to_other_users(folder.path())?;
    println!("folder={}", folder.path().display());
    let mut instances = Vec::new();
    for (service, started) in start_missing(folder.path()) {
        let (instance, url) = started?;
        println!("{}={url}", service.variable());
        println!("process={}", instance.child.id());
        for other in &instance.others {
            println!("process={}", other.child.id());
        }
        instances.push(instance);
    }
    println!("ready");
    ended
        .recv()
        .context("the watchers of standard input and signals are gone")?;
    drop(instances);
    folder
        .close()
        .context("failed to remove the services' folder")
}

/// Starts those that nobody named, at once: each waits for its disk for most of the time.
fn start_missing(folder: &Path) -> Vec<(Service, Result<(Instance, String)>)> {
    let missing = Service::ALL
        .into_iter()
        .filter(|service| std::env::var_os(service.variable()).is_none());
    let postgres = &Promise::default();
    if let Ok(given) = std::env::var(POSTGRES_URL) {
        postgres.tell(Some(given));
    }
    thread::scope(|scope| {
        let starting: Vec<_> = missing
            .map(|service| {
                (
                    service,
                    scope.spawn(move || service.start(folder, postgres)),
                )
            })
            .collect();
        let started = starting.into_iter().map(|(service, start)| {
            let started = start
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (service, started)
        });
        started.collect()
    })
}

/// Installs those servers that are not installed.
pub(crate) fn install_missing(wanted: &[Service]) -> Result<()> {
    let mut needs: Vec<_> = wanted
        .iter()
        .filter(|service| !service.is_installed())
        .map(|service| service.package())
        .collect();
    needs.dedup();
    packages::install(&needs)
        .context("the tests which need services cannot run (`--no-services` leaves them out)")
}

/// A running server. Dropping it stops the whole process group and waits until it is gone.
#[derive(Debug)]
pub(crate) struct Instance {
    name: &'static str,
    child: Child,
    /// What it is asked to leave by.
    farewell: rustix::process::Signal,
    /// What is one server together with it, and leaves after it.
    others: Vec<Self>,
}

impl Instance {
    fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let log = std::fs::File::create(log)
            .with_context(|| format!("failed to create {}", log.display()))?;
        let log_too = log.try_clone().context("failed to share the log")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too)
            .process_group(0)
            .spawn()
            .with_context(|| format!("failed to start {name}"))?;
        // SIGINT is Postgres' fast shutdown; Redis and NATS leave on it as well.
        let farewell = rustix::process::Signal::INT;
        Ok(Self {
            name,
            child,
            farewell,
            others: Vec::new(),
        })
    }

    /// Asks until the server answers, has ended, or the time is up.
    fn wait_until(&mut self, answers: impl Fn() -> Result<()>) -> Result<()> {
        let begun = Instant::now();
        loop {
            let Err(reason) = answers() else {
                return Ok(());
            };
            if let Some(status) = self
                .child
                .try_wait()
                .context("failed to look at the server")?
            {
                bail!("{} ended with {status}", self.name);
            }
            if begun.elapsed() > START_BOUND {
                return Err(reason.context(format!(
                    "{} does not answer after {} s",
                    self.name,
                    START_BOUND.as_secs()
                )));
            }
            thread::sleep(POLL_PAUSE);
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // A group that has left already needs no signal.
            let _ = rustix::process::kill_process_group(id, signal);
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.signal(self.farewell);
        let asked = Instant::now();
        while asked.elapsed() < STOP_BOUND {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            thread::sleep(POLL_PAUSE);
        }
        // Also after an orderly end: a child of the server may have outlived it.
        self.signal(rustix::process::Signal::KILL);
        if let Err(error) = self.child.wait() {
            eprintln!("error: failed to wait for {}: {error}", self.name);
        }
    }
}

fn open_to_other_users(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // Postgres' user must pass through, and needs to see nothing.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))
        .context("failed to open the services' folder to Postgres' user")
}

fn is_alive(id: u32) -> bool {
    i32::try_from(id)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|id| rustix::process::test_kill_process(id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::starts::with_free_port;
    use super::*;
    use crate::wire;

    fn address(variable: &str) -> String {
        std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} is not set: run the tests with `cargo xtask test`, which starts the servers")
        })
    }

    #[test]
    fn needs_redis_the_private_server_answers_and_remembers() {
        let url = address(REDIS_URL);
        assert_eq!(wire::redis(&url, &["PING"]).unwrap(), "PONG");
        let key = format!("ovenjs-harness-{}", std::process::id());
        assert_eq!(
            wire::redis(&url, &["SET", &key, "sourdough"]).unwrap(),
            "OK"
        );
        assert_eq!(wire::redis(&url, &["GET", &key]).unwrap(), "sourdough");
        assert_eq!(wire::redis(&url, &["DEL", &key]).unwrap(), "1");
        let error = wire::redis(&url, &["NOTACOMMAND"]).unwrap_err().to_string();
        assert!(error.starts_with("Redis refuses"), "{error}");
    }

    #[test]
    fn needs_nats_the_private_server_keeps_streams() {
        wire::nats(&address(NATS_URL)).unwrap();
    }

    #[test]
    fn needs_postgres_the_private_server_answers_a_query() {
        let url = address(POSTGRES_URL);
        assert_eq!(wire::postgres(&url, "SELECT 1").unwrap(), "1");
        let error = wire::postgres(&url, "SELECT nonsense")
            .unwrap_err()
            .to_string();
        assert!(error.contains("nonsense"), "{error}");
    }

    #[test]
    fn needs_postgres_the_private_replicas_follow_it() {
        for variable in [POSTGRES_REPLICA_URL, POSTGRES_LAGGARD_URL] {
            let is_replica = wire::postgres(&address(variable), "SELECT pg_is_in_recovery()");
            assert_eq!(is_replica.unwrap(), "t", "{variable}");
        }
        let followers = "SELECT count(*) FROM pg_stat_replication";
        let followers = wire::postgres(&address(POSTGRES_URL), followers);
        assert_eq!(followers.unwrap(), "2");
    }

    #[test]
    fn needs_mysql_the_private_server_answers() {
        wire::mysql(&address(MYSQL_URL)).unwrap();
    }

    #[test]
    fn a_dropped_instance_takes_its_whole_process_group_along() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("grandchild");
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "sleep 600 & echo $! > \"$0\".part; mv \"$0\".part \"$0\"; wait",
            ])
            .arg(&note);
        let mut instance = Instance::start("sh", &mut command, &folder.path().join("log")).unwrap();
        instance
            .wait_until(|| note.metadata().map(drop).context("no note yet"))
            .unwrap();
        let grandchild: u32 = std::fs::read_to_string(&note)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let child = instance.child.id();
        assert!(
            is_alive(child) && is_alive(grandchild),
            "both run before the drop"
        );

        drop(instance);

        assert!(!is_alive(child), "the server is gone");
        assert!(leaves(grandchild), "what it started is gone");
    }

    #[test]
    fn a_server_that_ends_at_once_is_reported_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let error = with_free_port("sh", &log, |_| {
            let mut command = Command::new("sh");
            command.args(["-c", "echo the disk is full; exit 7"]);
            let mut instance = Instance::start("sh", &mut command, &log)?;
            instance.wait_until(|| bail!("nothing answers"))
        })
        .unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("the disk is full"), "{text}");
        assert!(text.contains("exit status: 7"), "{text}");
    }

    /// Waits until the process has left or is a zombie: the kernel ends it some time after the
    /// signal, and in a container without an init process nobody reaps an orphan.
    fn leaves(id: u32) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < STOP_BOUND {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let state = stat.rsplit(')').next().unwrap_or("").trim();
            if !is_alive(id) || state.starts_with(['Z', 'X']) {
                return true;
            }
            thread::sleep(POLL_PAUSE);
        }
        false
    }
}
