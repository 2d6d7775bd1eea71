//! What was acknowledged is there after a process was killed.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use ovenjs_cache::tiers::{
    Journal, Keyspace, KeyspaceConfig, Memory, Put, Store, Tiered, TieredConfig, Writes,
};
use ovenjs_types::{Id, marker::GuildMarker};

type Bread = Keyspace<(Id<GuildMarker>, u64), u64>;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_process_was_killed() {
    if let Some(path) = given() {
        return put_for_ever(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bread.journal");
    let mut acknowledged = 0;
    for _ in 0..3 {
        acknowledged = killed(&path, acknowledged);
        let third: Arc<dyn Store> = Arc::new(Memory::new(100_000));
        let (tiers, bread) = open(&path, &third);
        for name in 0..=acknowledged {
            let found = bread.get(&(Id::new(1), name)).await.unwrap();
            assert_eq!(found.as_deref(), Some(&name), "of {acknowledged}");
        }
        let before = tiers.stats().third.unwrap().journal.unwrap();
        assert!(before.damaged <= 1, "the last frame at most: {before:?}");
        if acknowledged > 400 {
            // Once it is written the file says so.
            tiers.flush().await.unwrap();
            let after = tiers.stats().third.unwrap().journal.unwrap();
            assert!(after.bytes < 100, "{after:?}");
            drop((tiers, bread));
            let (tiers, bread) = open(&path, &third);
            assert_eq!(tiers.stats().third.unwrap().behind.waiting, 0);
            let found = bread.get(&(Id::new(1), acknowledged)).await.unwrap();
            assert_eq!(found.as_deref(), Some(&acknowledged), "from the store");
            return;
        }
    }
    panic!("only {acknowledged} writes of three processes");
}

#[tokio::test]
async fn what_was_erased_or_written_meanwhile_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bread.journal");
    let third: Arc<dyn Store> = Arc::new(Memory::new(1_000));
    let (tiers, bread) = open(&path, &third);
    for (guild, name) in [(1, 1), (1, 2), (2, 1)] {
        bread.put(&(Id::new(guild), name), 10).await.unwrap();
    }
    bread.erase(Some(1)).await.unwrap();
    bread.put(&(Id::new(1), 2), 11).await.unwrap();
    drop((tiers, bread));
    let (tiers, bread) = open(&path, &third);
    assert_eq!(tiers.stats().third.unwrap().behind.waiting, 2);
    let mut found = Vec::new();
    for (guild, name) in [(1, 1), (1, 2), (2, 1)] {
        let value = bread.get(&(Id::new(guild), name)).await.unwrap();
        found.push(value.as_deref().copied());
    }
    assert_eq!(found, [None, Some(11), Some(10)]);
}

#[tokio::test]
async fn a_journal_that_is_handed_over_is_the_next_process_s_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bread.journal");
    let third: Arc<dyn Store> = Arc::new(Memory::new(1_000));
    let (tiers, bread) = open(&path, &third);
    bread.put(&(Id::new(1), 1), 10).await.unwrap();
    tiers.hand_over();

    // The former process is still there.
    let (next, known) = open(&path, &third);
    let found = known.get(&(Id::new(1), 1)).await.unwrap();
    assert_eq!(found.as_deref(), Some(&10), "what waited waits here");
    bread.put(&(Id::new(1), 2), 20).await.unwrap();
    assert_eq!(tiers.stats().third.unwrap().behind.waiting, 1);
    let found = known.get(&(Id::new(1), 2)).await.unwrap();
    assert_eq!(found.as_deref(), Some(&20), "written at once");
    known.put(&(Id::new(1), 1), 11).await.unwrap();
    // The former writes what it still has, and neither it nor the file is disturbed.
    tiers.flush().await.unwrap();
    drop((tiers, bread, next, known));
    let (_, last) = open(&path, &third);
    let found = last.get(&(Id::new(1), 1)).await.unwrap();
    assert_eq!(found.as_deref(), Some(&11));
}

#[tokio::test]
async fn a_full_journal_lets_writers_wait_for_the_store_and_one_file_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bread.journal");
    let third: Arc<dyn Store> = Arc::new(Memory::new(1_000));
    let journal = Journal::open(&path).unwrap().bytes_max(400);
    let tiers = Tiered::build(
        TieredConfig::new()
            .third(Arc::clone(&third))
            .third_journal(journal),
    );
    let bread: Bread = tiers.keyspace(config()).unwrap();
    for name in 0..20 {
        let put = bread.put(&(Id::new(1), name), name).await.unwrap();
        assert_eq!(put, Put::Kept);
    }
    let stats = tiers.stats().third.unwrap();
    let journal = stats.journal.unwrap();
    assert!(journal.bytes <= 400 && journal.refused > 10, "{journal:?}");
    assert_eq!(
        u64::try_from(stats.behind.waiting).unwrap() + journal.refused,
        20
    );
    assert!(Journal::open(&path).is_err(), "it is somebody's");
    drop((tiers, bread));
    let (_tiers, bread) = open(&path, &third);
    for name in 0..20 {
        let found = bread.get(&(Id::new(1), name)).await.unwrap();
        assert_eq!(found.as_deref(), Some(&name));
    }
    let other = folder.path().join("diary.txt");
    std::fs::write(&other, "a diary").unwrap();
    assert!(Journal::open(&other).is_err());
    assert_eq!(
        std::fs::read(&other).unwrap(),
        b"a diary",
        "it is left alone"
    );
}

#[tokio::test]
async fn what_waits_for_the_disk_is_written_down_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bread.journal");
    let third: Arc<dyn Store> = Arc::new(Memory::new(1_000));
    let config = TieredConfig::new().third(Arc::clone(&third));
    let journal = Journal::open(&path).unwrap().synced();
    let tiers = Tiered::build(config.third_journal(journal));
    let bread: Bread = tiers.keyspace(self::config()).unwrap();
    bread.put(&(Id::new(1), 1), 10).await.unwrap();
    drop((tiers, bread));
    let (_tiers, bread) = open(&path, &third);
    let found = bread.get(&(Id::new(1), 1)).await.unwrap();
    assert_eq!(found.as_deref(), Some(&10));
}

/// Puts, in a process of its own, more than `from`, and kills it on the way; up to where it was acknowledged.
fn killed(path: &Path, from: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("journal::what_was_acknowledged_is_there_after_the_process_was_killed")
        .env(GIVEN, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let numbers = lines.map_while(Result::ok).filter_map(|line| {
        let number = line.strip_prefix("acknowledged ")?;
        number.parse::<u64>().ok()
    });
    let mut last = 0;
    for number in numbers {
        last = number;
        if number == from + 500 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    last
}

async fn put_for_ever(path: &Path) {
    let third: Arc<dyn Store> = Arc::new(Memory::new(100_000));
    let (_tiers, bread) = open(path, &third);
    // Nobody serves: nothing is written but to the journal.
    for name in 0_u64.. {
        bread.put(&(Id::new(1), name), name).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {name}").unwrap();
    }
}

fn open(path: &Path, third: &Arc<dyn Store>) -> (Tiered, Bread) {
    let journal = Journal::open(path).unwrap();
    let tiers = TieredConfig::new()
        .third(Arc::clone(third))
        .third_journal(journal);
    let tiers = Tiered::build(tiers);
    let bread = tiers.keyspace(config()).unwrap();
    (tiers, bread)
}

fn config() -> KeyspaceConfig {
    KeyspaceConfig::new("bread", 1).writes(Writes::Not, Writes::Behind)
}

/// Where the journal is, in the process that is to be killed.
const GIVEN: &str = "OVENJS_TEST_JOURNAL";

#[expect(
    clippy::disallowed_methods,
    reason = "a process that is to be killed is told so by a variable"
)]
fn given() -> Option<String> {
    std::env::var(GIVEN).ok()
}
