//! How fast an entry is found that is kept for years, in each of the four tiers, with the ages that are the default.

use std::time::{Duration, Instant};

use ovenjs_cache::blobs::Folder;
use ovenjs_cache::retention::{Entry, EntryId, Keys, Policy, PostgresWarm, RedisHot, Retention};
use ovenjs_types::{Id, Secret};

use crate::{Dice, micros, row};

/// Fills a Redis, a Postgres and two folders with what a bot has after seven years, lets it move, and reads; whether
/// all of it is found.
pub(crate) async fn tell(bot: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new("bench", &Secret::new("07".repeat(32))).unwrap();
    let warm = PostgresWarm::new(&std::env::var("OVENJS_TEST_POSTGRES_URL").unwrap(), bot).unwrap();
    let kept = Retention::builder(warm)
        .hot(RedisHot::new(&crate::link(), bot))
        .cold(Folder::new(folder.path().join("cold")))
        .backup(Folder::new(folder.path().join("backup")), keys)
        .class("moderation", Policy::new())
        .build()
        .unwrap();
    let now_ms = micros() / 1_000;
    let minutes = |count: u64| count * 60_000;
    let days = |count: u64| count * 86_400_000;
    // The backup holds what is cold too: what is read from it alone is older.
    let tiers = [
        ("hot", minutes(1)..minutes(50), 1),
        ("warm", days(1)..days(80), 50),
        ("cold", days(100)..days(355), 200),
        ("backup", days(375)..days(7 * 365 - 10), 500),
    ];
    let begun = Instant::now();
    let mut dice = Dice(11);
    let mut ids = Vec::new();
    for (_, ages, _) in &tiers {
        let id = |tie| EntryId {
            at_ms: now_ms - ages.start - dice.of(ages.end - ages.start),
            tie,
        };
        ids.push((0..ENTRIES).map(id).collect::<Vec<_>>());
    }
    for some in ids.iter().flat_map(|ids| ids.chunks(2_000)) {
        let entries = some.iter().map(|id| entry(*id)).collect();
        kept.put_all("moderation", entries).await.unwrap();
    }
    let filled = begun.elapsed();
    let moved = kept.run().await.unwrap();
    assert_eq!(moved.failures, [""; 0]);
    let report = kept.report().await.unwrap();
    println!(
        "{} entries of seven years were put in {:.1} s and moved in {:.1} s; they lie in",
        4 * ENTRIES,
        filled.as_secs_f64(),
        (begun.elapsed() - filled).as_secs_f64()
    );
    for line in &report.lines {
        println!(
            "  {:<8} {:>8} entries {:>12} bytes",
            line.tier, line.entries, line.bytes
        );
    }
    println!("{:<44} {:>10} {:>10}   goal of p99", "", "p50", "p99");
    let mut are_found = report.violations.is_empty();
    for ((tier, _, goal_ms), ids) in tiers.into_iter().zip(ids) {
        let mut took = Vec::new();
        for _ in 0..READS {
            let id = ids[usize::try_from(dice.of(ENTRIES)).unwrap()];
            let asked = Instant::now();
            let found = kept.get("moderation", id).await.unwrap();
            took.push(asked.elapsed());
            are_found &= found == Some(entry(id));
        }
        row(
            &format!("one entry, {tier}"),
            &mut took,
            Duration::from_millis(goal_ms),
        );
    }
    if !are_found {
        println!(
            "entries are missing or in the wrong tier: {:?}",
            report.violations
        );
    }
    are_found
}

fn entry(id: EntryId) -> Entry {
    let body = format!(
        "{{\"action\":\"warn\",\"number\":{},\"reason\":\"bread was late\"}}",
        id.tie
    );
    Entry::new(id, body).about([Id::new(1_000 + id.tie % 500)])
}

/// So many are put into each tier.
const ENTRIES: u64 = 20_000;

const READS: u64 = 500;
