//! `cargo xtask bench tiers`: how fast the tiers are on real servers, and what becomes of their readers when one of
//! those is killed, frozen, slow or full.
//!
//! Times are this machine's and are told beside their goals. What does not depend on the machine, and fails the
//! run, is counted: how often a loader is called, what is found, what is lost.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a program that measures: it reads the clock and its arguments, tells people, and fails by panicking"
)]

#[path = "../../../ovenjs-net/tests/it/certificate.rs"]
#[expect(dead_code, reason = "no server here speaks TLS")]
mod certificate;
mod faults;
mod processes;
mod relay;
mod retention;
#[path = "../../../ovenjs-net/tests/it/server.rs"]
#[expect(dead_code, reason = "no server here speaks TLS")]
mod service;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ovenjs_cache::tiers::{
    Keyspace, KeyspaceConfig, Memory, PostgresStore, RedisStore, SqliteStore, Store, Tiered,
    TieredConfig, Writes,
};
use ovenjs_net::{Config, Connector, RedisAddress, RedisConfig, RedisLink};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let holds = runtime.block_on(async {
        match words.as_slice() {
            ["child", "misses", bot] => miss(bot).await,
            ["child", "hears", bot] => hear(bot).await,
            ["faults", seconds, only @ ..] => {
                let seconds = seconds.parse().expect("a number of seconds");
                faults::tell(Duration::from_secs(seconds), only.first().copied()).await
            }
            ["retention"] => retention::tell(&bot()).await,
            _ => tell().await,
        }
    });
    if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn tell() -> bool {
    println!("{:<44} {:>10} {:>10}   goal of p99", "", "p50", "p99");
    let bot = bot();
    let folder = tempfile::tempdir().unwrap();
    in_memory().await;
    let sqlite = Arc::new(SqliteStore::new(folder.path().join("bench.db")));
    let stores: [(&str, Arc<dyn Store>, Duration); 3] = [
        ("read from Redis", redis(&bot), Duration::from_millis(1)),
        ("read from SQLite", sqlite, Duration::from_millis(10)),
        (
            "read from Postgres",
            postgres(&bot),
            Duration::from_millis(10),
        ),
    ];
    for (what, store, goal) in stores {
        from_store(what, store, goal).await;
    }
    heard(&bot).await;
    let rate = hit_rate().await;
    println!(
        "{:<44} {:>9.2}%              > 95 %",
        "hits where the hot fifth fits",
        rate * 100.0
    );
    entities().await;
    let loads = misses(&bot);
    println!(
        "{:<44} {loads:>10}              1",
        "loads for 10,000 misses on 4 processes"
    );
    loads == 1 && rate > 0.95
}

/// Ten thousand entities, read at random.
async fn in_memory() {
    let space = space(&Tiered::build(TieredConfig::new()), 256 << 20);
    for name in 0..10_000 {
        space.put(&name, body(name)).await.unwrap();
    }
    let mut dice = Dice(7);
    let mut took = Vec::with_capacity(200_000);
    for _ in 0..200_000 {
        let name = dice.of(10_000);
        let begun = Instant::now();
        let found = space.get(&name).await.unwrap();
        took.push(begun.elapsed());
        assert!(found.is_some());
    }
    row("read from memory", &mut took, Duration::from_micros(2));
}

async fn from_store(what: &str, store: Arc<dyn Store>, goal: Duration) {
    let second = Duration::from_secs(1);
    let tiers = TieredConfig::new().second(store).second_deadline(second);
    let space = space(&Tiered::build(tiers), 64 << 20);
    for name in 0..2_000 {
        space.put(&name, body(name)).await.unwrap();
    }
    space.sweep(|_| true);
    let mut took = Vec::new();
    for name in 0..2_000 {
        let begun = Instant::now();
        assert!(space.get(&name).await.unwrap().is_some());
        took.push(begun.elapsed());
    }
    row(what, &mut took, goal);
}

/// How long after a write began three other processes see it, each of which has the value in memory and looks
/// four times a millisecond.
async fn heard(bot: &str) {
    let tiers = both(bot);
    let space = space(&tiers, 64 << 20);
    let serving = tiers.clone();
    let served = tokio::spawn(async move { serving.serve().await });
    space.put(&STAMPED, stamp()).await.unwrap();
    let mut children: Vec<_> = (0..3).map(|_| child("hears", bot)).collect();
    for child in &mut children {
        child.line();
    }
    for _ in 0..HEARD {
        tokio::time::sleep(Duration::from_millis(10)).await;
        space.put(&STAMPED, stamp()).await.unwrap();
    }
    space.put(&STAMPED, body(0)).await.unwrap();
    let mut took = Vec::new();
    for child in &mut children {
        loop {
            let line = child.line();
            match line.parse() {
                Ok(micros) => took.push(Duration::from_micros(micros)),
                Err(_) => break,
            }
        }
    }
    served.abort();
    row(
        "seen by 3 other processes, over both tiers",
        &mut took,
        Duration::from_millis(5),
    );
}

const HEARD: u32 = 300;

/// What is written again and again, until it is no time any more: a name that nobody else uses.
const STAMPED: u64 = 1_000_000;

async fn hear(bot: &str) -> bool {
    let tiers = both(bot);
    let space = space(&tiers, 64 << 20);
    let serving = tiers.clone();
    tokio::spawn(async move { serving.serve().await });
    while !tiers.stats().log.is_some_and(|log| log.is_current) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut last = space.get(&STAMPED).await.unwrap().unwrap();
    println!("ready");
    loop {
        // The runtime's own clock counts whole milliseconds.
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_micros(200)))
            .await
            .unwrap();
        let now = space.get(&STAMPED).await.unwrap().unwrap();
        if now != last {
            let Some(at) = of_stamp(&now) else { break };
            println!("{}", micros().saturating_sub(at));
            last = now;
        }
    }
    println!("end");
    true
}

/// Nearly all reads are of a fifth of the names.
async fn hit_rate() -> f64 {
    let store: Arc<dyn Store> = Arc::new(Memory::new(200_000));
    let filler = space(
        &Tiered::build(TieredConfig::new().second(Arc::clone(&store))),
        1 << 20,
    );
    for name in 0..NAMES {
        filler.put(&name, body(name)).await.unwrap();
    }
    // Room for three tenths.
    let space = space(
        &Tiered::build(TieredConfig::new().second(store)),
        3 * NAMES / 10 * 620,
    );
    let mut dice = Dice(3);
    for _ in 0..20 * NAMES {
        let name = if dice.of(100) < 97 {
            dice.of(NAMES / 5)
        } else {
            dice.of(NAMES)
        };
        assert!(space.get(&name).await.unwrap().is_some());
    }
    space.stats().hit_rate()
}

const NAMES: u64 = 20_000;

async fn entities() {
    let before = resident();
    let space = space(&Tiered::build(TieredConfig::new()), 1 << 30);
    for name in 0..100_000 {
        space.put(&name, vec![7; 64]).await.unwrap();
    }
    assert_eq!(space.stats().residents.entries, 100_000);
    let (Some(before), Some(after)) = (before, resident()) else {
        println!(
            "{:<44} this system does not tell",
            "100,000 entities of 64 bytes, grown RSS"
        );
        return;
    };
    let taken = after.saturating_sub(before) / 1_000_000;
    println!(
        "{:<44} {taken:>7} MB              40 MB",
        "100,000 entities of 64 bytes, grown RSS"
    );
}

/// Four processes of 2,500 readers each; how often the loader was called in all.
fn misses(bot: &str) -> usize {
    let mut children: Vec<_> = (0..4).map(|_| child("misses", bot)).collect();
    for child in &mut children {
        assert_eq!(child.line(), "ready");
    }
    for child in &mut children {
        writeln!(child.process.stdin.as_mut().unwrap(), "go").unwrap();
    }
    let mut loads = 0;
    for child in &mut children {
        loop {
            match child.line().as_str() {
                "load" => loads += 1,
                "end" => break,
                other => panic!("{other}"),
            }
        }
    }
    loads
}

async fn miss(bot: &str) -> bool {
    let config = KeyspaceConfig::new("misses", 1).loaded_once();
    let space: Keyspace<u64, u64> = both(bot).keyspace(config).unwrap();
    // The connection is there.
    space.get(&1).await.unwrap();
    println!("ready");
    let mut go = String::new();
    std::io::stdin().read_line(&mut go).unwrap();
    let all = (0..2_500).map(|_| {
        space.get_or_load(&0, || async {
            println!("load");
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok::<_, std::io::Error>(Some(9))
        })
    });
    for found in futures_util::future::join_all(all).await {
        assert_eq!(found.unwrap().as_deref(), Some(&9));
    }
    println!("end");
    true
}

struct Other {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn child(what: &str, bot: &str) -> Other {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["child", what, bot])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    Other { process, lines }
}

pub(crate) fn row(what: &str, took: &mut [Duration], goal: Duration) {
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    let verdict = if at(99) <= goal { "" } else { "  MISSED" };
    println!(
        "{what:<44} {:>10} {:>10}   < {goal:?}{verdict}",
        shown(at(50)),
        shown(at(99))
    );
}

pub(crate) fn shown(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// Patient: where other programs hold the processors, a late answer is to be counted and not to be given up.
fn both(bot: &str) -> Tiered {
    let patience = Duration::from_secs(2);
    let tiers = TieredConfig::new()
        .second(redis(bot))
        .second_deadline(patience)
        .third(postgres(bot))
        .third_deadline(patience);
    Tiered::build(tiers)
}

fn space(tiers: &Tiered, memory: u64) -> Keyspace<u64, Vec<u8>> {
    let hour = Duration::from_secs(3_600);
    let config = KeyspaceConfig::new("entities", 1)
        .memory(memory)
        .lifetimes(hour, hour)
        .writes(Writes::Through, Writes::Behind);
    tiers.keyspace(config).unwrap()
}

fn redis(bot: &str) -> Arc<dyn Store> {
    Arc::new(RedisStore::new(&link(), bot))
}

pub(crate) fn redis_at(address: &str, bot: &str) -> Arc<dyn Store> {
    Arc::new(RedisStore::new(&link_to(address), bot))
}

pub(crate) fn link() -> RedisLink {
    link_to(&std::env::var("OVENJS_TEST_REDIS_URL").unwrap())
}

fn link_to(address: &str) -> RedisLink {
    let config = RedisConfig::new(RedisAddress::parse(address).unwrap());
    RedisLink::build(config, Connector::build(Config::new()).unwrap())
}

/// A name that no other run has.
fn bot() -> String {
    format!("bench{}", std::process::id())
}

fn postgres(bot: &str) -> Arc<dyn Store> {
    let address = std::env::var("OVENJS_TEST_POSTGRES_URL").unwrap();
    Arc::new(PostgresStore::new(&address, bot).unwrap())
}

fn body(name: u64) -> Vec<u8> {
    name.to_be_bytes().repeat(25)
}

/// When it is written, for others on this machine.
fn stamp() -> Vec<u8> {
    micros().to_be_bytes().to_vec()
}

fn of_stamp(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

pub(crate) fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

/// The bytes of this process that lie in memory, as Linux tells them.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn of(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}
