//! What readers and writers notice of a server that is killed, frozen, slow or full, or out of reach.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use ovenjs_cache::tiers::{
    Journal, Keyspace, KeyspaceConfig, PostgresStore, Store, Tiered, TieredConfig, Writes,
};

use crate::{
    Dice,
    processes::Processes,
    redis_at,
    relay::{Link, Relay},
    service::Server,
    shown,
};

/// Plays each fault for so long; whether all goals were met by each.
pub(crate) async fn tell(long: Duration, only: Option<&str>) -> bool {
    println!(
        "{:<26} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>6}",
        "", "before", "meanwhile", "after", "longest", "a put", "full in", "lost"
    );
    let mut holds = true;
    let is_wanted = |what: &str| only.is_none_or(|only| what.contains(only));
    let mut server = Server::redis(&[]);
    let full = Server::redis(&["--maxmemory", "8mb", "--maxmemory-policy", "noeviction"]);
    let place = |server: &Server| format!("127.0.0.1:{}", server.port);
    let redis = |place: &str| redis_at(&format!("redis://{place}/0"), &fresh());

    let what = "Redis, SIGSTOP";
    if is_wanted(what) {
        let stores = (redis(&place(&server)), postgres(None));
        holds &= play(what, long, stores, async |is_well| {
            if is_well {
                server.thaw();
            } else {
                server.freeze();
            }
        })
        .await;
    }
    let what = "Redis, SIGKILL";
    if is_wanted(what) {
        let stores = (redis(&place(&server)), postgres(None));
        holds &= play(what, long, stores, async |is_well| {
            if is_well {
                server.restart();
            } else {
                server.kill();
            }
        })
        .await;
    }
    let what = "Redis, full";
    if is_wanted(what) {
        let redis = redis(&place(&full));
        let stores = (Arc::clone(&redis), postgres(None));
        holds &= play(what, long, stores, async move |is_well| {
            fill(&redis, is_well).await;
        })
        .await;
    }
    if let Some(processes) = Processes::of_postgres() {
        let what = "Postgres, SIGSTOP";
        if is_wanted(what) {
            let stores = (redis(&place(&server)), postgres(None));
            holds &= play(what, long, stores, async |is_well| {
                if is_well {
                    processes.thaw();
                } else {
                    processes.freeze();
                }
            })
            .await;
        }
        let what = "Postgres, SIGKILL";
        if is_wanted(what) {
            let stores = (redis(&place(&server)), postgres(None));
            holds &= play(what, long, stores, async |is_well| {
                if is_well {
                    processes.thaw();
                } else {
                    processes.kill_all_but_the_first();
                }
            })
            .await;
        }
    }
    for (how, link) in [
        ("slow", Link::Slow(64)),
        ("silent", Link::Silent),
        ("dead", Link::Dead),
        ("cut off", Link::Cut),
    ] {
        let what = format!("Redis, {how}");
        if is_wanted(&what) {
            let relay = Relay::to(place(&server)).await;
            let stores = (redis(&relay.address.to_string()), postgres(None));
            holds &= play(&what, long, stores, async |is_well| {
                relay.set(if is_well { Link::Whole } else { link });
            })
            .await;
        }
        let what = format!("Postgres, {how}");
        if is_wanted(&what) {
            let relay = Relay::to(postgres_place()).await;
            let stores = (redis(&place(&server)), postgres(Some(&relay)));
            holds &= play(&what, long, stores, async |is_well| {
                relay.set(if is_well { Link::Whole } else { link });
            })
            .await;
        }
    }
    println!(
        "goals: meanwhile at most twice what it was before, or {FLOOR:?} where that is more; full again within \
         {FULL_WITHIN:?}; nothing lost"
    );
    holds
}

/// Readers and a writer for some seconds before, during and after, and what of that which was acknowledged is not in
/// both stores in the end; whether the goals are met.
async fn play(
    what: &str,
    long: Duration,
    (redis, postgres): (Arc<dyn Store>, Arc<dyn Store>),
    mut set: impl AsyncFnMut(bool),
) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let journal = |name| Journal::open(folder.path().join(name)).unwrap();
    let config = TieredConfig::new()
        .second(Arc::clone(&redis))
        .second_journal(journal("second"))
        .third(Arc::clone(&postgres))
        .third_journal(journal("third"));
    let tiers = Tiered::build(config);
    let readers = Readers {
        hot: tiers.keyspace(config_of(16 << 20)).unwrap(),
        cold: tiers.keyspace(config_of(1 << 10)).unwrap(),
        unknown: AtomicU64::new(10_000_000),
    };
    for name in 0..COLD {
        readers.cold.put(&name, name).await.unwrap();
    }
    settled(&tiers).await;
    let serving = tiers.clone();
    let served = tokio::spawn(async move { serving.serve().await });
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = write(readers.hot.clone(), Arc::clone(&is_over));
    let writer = tokio::spawn(writing);
    // The first reads load what is hot.
    readers.read(SOME / 3).await;
    let before = readers.read(SOME).await;
    set(false).await;
    let meanwhile = readers.read(long).await;
    set(true).await;
    let back = Instant::now();
    let is_full = || {
        let stats = tiers.stats();
        let is_back =
            |tier: ovenjs_cache::tiers::TierStats| !tier.is_away && tier.behind.waiting < 32;
        stats.second.is_some_and(is_back)
            && stats.third.is_some_and(is_back)
            && stats.log.is_some_and(|log| log.is_current)
    };
    let mut full = None;
    let mut after = Vec::new();
    while full.is_none() && back.elapsed() < GIVEN_UP {
        after.extend(readers.read(Duration::from_millis(50)).await);
        full = is_full().then(|| back.elapsed());
    }
    after.extend(readers.read(SOME).await);
    is_over.store(true, Ordering::Relaxed);
    let (acknowledged, mut puts) = writer.await.unwrap();
    if tiers.flush().await.is_err() {
        println!("{what}: what waits could not be written");
    }
    served.abort();
    let lost = lost(&acknowledged, redis).await + lost(&acknowledged, postgres).await;
    let (before, _) = p99(before);
    let (meanwhile, longest) = p99(meanwhile);
    let is_quick = meanwhile <= FLOOR.max(2 * before);
    let is_full = full.is_some_and(|full| full <= FULL_WITHIN);
    let holds = is_quick && is_full && lost == 0;
    let verdict = if holds { "" } else { "  MISSED" };
    let (after, _) = p99(after);
    puts.sort_unstable();
    let full = full.map_or_else(
        || "never".to_owned(),
        |full| format!("{:.1} s", full.as_secs_f64()),
    );
    println!(
        "{what:<26} {:>9} {:>9} {:>9} {:>9} {:>9} {full:>8} {lost:>6}{verdict}",
        shown(before),
        shown(meanwhile),
        shown(after),
        shown(longest),
        shown(puts[puts.len() * 99 / 100]),
    );
    holds
}

/// Waits until the stores have all that was put: where they make their tables first, that takes some tries.
async fn settled(tiers: &Tiered) {
    let begun = Instant::now();
    while let Err(error) = tiers.flush().await {
        assert!(begun.elapsed() < GIVEN_UP, "nothing is written: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Handlers that read: nearly all of it from memory, one in fifty from what the stores alone have, so that the p99 is
/// that of the way there, and one in five hundred what nobody knows.
struct Readers {
    hot: Keyspace<u64, u64>,
    cold: Keyspace<u64, u64>,
    unknown: AtomicU64,
}

impl Readers {
    /// Reads for so long.
    async fn read(&self, time: Duration) -> Vec<Duration> {
        let all = (0..4).map(|seed| self.read_one_by_one(seed, time));
        join_all(all).await.concat()
    }

    async fn read_one_by_one(&self, seed: u64, time: Duration) -> Vec<Duration> {
        let (mut dice, begun) = (Dice(seed), Instant::now());
        let mut took = Vec::new();
        while begun.elapsed() < time {
            for _ in 0..10 {
                let (space, name) = match dice.of(500) {
                    0 => (&self.hot, self.unknown.fetch_add(1, Ordering::Relaxed)),
                    1..=10 => (&self.cold, dice.of(COLD)),
                    _ => (&self.hot, 1_000_000 + dice.of(1_000)),
                };
                let asked = Instant::now();
                let load = move || async move { Ok::<_, std::io::Error>(Some(name)) };
                let found = space.get_or_load(&name, load).await.unwrap();
                took.push(asked.elapsed());
                assert_eq!(found.as_deref(), Some(&name));
            }
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        took
    }
}

/// Writes some names again and again, two hundred times a second; what was acknowledged last of each, and how long
/// each put took.
async fn write(
    space: Keyspace<u64, u64>,
    is_over: Arc<AtomicBool>,
) -> (HashMap<u64, u64>, Vec<Duration>) {
    let (mut acknowledged, mut took) = (HashMap::new(), Vec::new());
    let mut value = 0;
    while !is_over.load(Ordering::Relaxed) {
        let (name, asked) = (2_000_000 + value % 3_000, Instant::now());
        if space.put(&name, value).await.is_ok() {
            acknowledged.insert(name, value);
        }
        took.push(asked.elapsed());
        value += 1;
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    (acknowledged, took)
}

/// How much of it another process does not find in the store, with a memory of its own.
async fn lost(acknowledged: &HashMap<u64, u64>, store: Arc<dyn Store>) -> u64 {
    let second = Duration::from_secs(2);
    let other = TieredConfig::new().second(store).second_deadline(second);
    let other: Keyspace<u64, u64> = Tiered::build(other).keyspace(config_of(16 << 20)).unwrap();
    let mut lost = 0;
    for (name, value) in acknowledged {
        let found = other.get(name).await.unwrap();
        // A later one may have arrived though nobody was told.
        lost += u64::from(found.is_none_or(|found| *found < *value));
    }
    lost
}

fn p99(mut took: Vec<Duration>) -> (Duration, Duration) {
    took.sort_unstable();
    (took[took.len() * 99 / 100], took[took.len() - 1])
}

/// Fills it until it refuses, or empties it of that.
async fn fill(store: &Arc<dyn Store>, is_well: bool) {
    let tiers = Tiered::build(TieredConfig::new().second(Arc::clone(store)));
    let crumbs: Keyspace<u64, Vec<u8>> = tiers.keyspace(KeyspaceConfig::new("crumbs", 1)).unwrap();
    if is_well {
        crumbs.erase(None).await.unwrap();
        return;
    }
    for name in 0.. {
        crumbs.put(&name, vec![7; 20_000]).await.unwrap();
        if tiers.stats().second.unwrap().behind.waiting > 0 {
            return;
        }
    }
}

/// Through the relay, where there is one; what it acknowledges is to outlive its processes.
fn postgres(relay: Option<&Relay>) -> Arc<dyn Store> {
    let (place, head) = (postgres_place(), postgres_address());
    let through = match relay {
        Some(relay) => head.replace(&place, &relay.address.to_string()),
        None => head,
    };
    let address = format!("{through}?options[synchronous_commit]=on");
    Arc::new(PostgresStore::new(&address, &fresh()).unwrap())
}

fn postgres_address() -> String {
    std::env::var("OVENJS_TEST_POSTGRES_URL").unwrap()
}

fn postgres_place() -> String {
    let address = postgres_address();
    let (_, tail) = address.split_once('@').unwrap();
    let (place, _) = tail.split_once('/').unwrap();
    place.to_owned()
}

/// A bot's name that nobody had before.
fn fresh() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!("faults{}_{number}", std::process::id())
}

fn config_of(memory: u64) -> KeyspaceConfig {
    let hour = Duration::from_secs(3_600);
    KeyspaceConfig::new("faults", 1)
        .lifetimes(hour, hour)
        .memory(memory)
        .writes(Writes::Through, Writes::Behind)
}

/// So many names are in the stores, and next to none of them in memory.
const COLD: u64 = 5_000;

/// For so long without a fault, before and after.
const SOME: Duration = Duration::from_secs(3);

/// What a reader may wait at the 99th percentile whatever it was before: an answer of the third tier in place of the
/// second's, on a machine that does something else beside.
const FLOOR: Duration = Duration::from_millis(1);

/// How long after the fault all is to be as before.
const FULL_WITHIN: Duration = Duration::from_secs(10);

/// Who is not full again by then never is.
const GIVEN_UP: Duration = Duration::from_secs(30);
