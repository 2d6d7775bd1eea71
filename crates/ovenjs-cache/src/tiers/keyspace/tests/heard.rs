//! What other processes write, as it is heard in the log.

use super::*;
use crate::tiers::Tag;
use tokio::task::JoinSet;

#[tokio::test(start_paused = true)]
async fn what_one_process_writes_another_sees_though_it_had_it_in_memory() {
    let (clock, second) = (Wall::new(), memory());
    let (one, other) = two(&clock, &second).await;
    one.space.put(&1, 10).await.unwrap();
    assert_eq!(get(&other, 1).await, Some(10));
    one.space.put(&1, 11).await.unwrap();
    settle().await;
    assert_eq!(get(&other, 1).await, Some(11));
    one.space.remove(&1).await.unwrap();
    settle().await;
    assert_eq!(get(&other, 1).await, None);
    // What it wrote itself it is told too, and keeps.
    let log = one.tiers.stats().log.unwrap();
    assert_eq!((log.is_current, log.entries, log.dropped), (true, 3, 0));
    assert_eq!(other.tiers.stats().log.unwrap().dropped, 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_fetched_again_and_what_was_not_is_left_to_who_asks() {
    let (clock, second) = (Wall::new(), memory());
    let (one, other) = two(&clock, &second).await;
    for name in [1, 2] {
        one.space.put(&name, 10).await.unwrap();
    }
    assert_eq!(other.space.warm_keys(&[1, 2]).await.unwrap(), 2);
    assert_eq!(get(&other, 1).await, Some(10));
    for name in [1, 2] {
        one.space.put(&name, 11).await.unwrap();
    }
    settle().await;
    let asked = || other.tiers.stats().second.unwrap().asked;
    let before = asked();
    assert_eq!(get(&other, 1).await, Some(11));
    assert_eq!(asked(), before, "it was there already");
    assert_eq!(get(&other, 2).await, Some(11));
    assert_eq!(asked(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn tags_are_known_without_asking_and_at_once() {
    let (clock, second) = (Wall::new(), memory());
    let (one, other) = two(&clock, &second).await;
    let tag = Tag::new("guild 1").unwrap();
    let extra = Extra::new().tag(tag.clone());
    one.space.put_with(&1, 10, &extra).await.unwrap();
    assert_eq!(get(&other, 1).await, Some(10));
    let asked = || other.tiers.stats().second.unwrap().asked;
    let before = asked();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(get(&other, 1).await, Some(10));
    }
    assert_eq!(asked(), before, "nobody bumped it, and that is known");
    one.tiers.invalidate(&tag).await.unwrap();
    settle().await;
    assert_eq!(get(&other, 1).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_guild_is_erased_and_a_pattern_forgotten_in_all_memories() {
    let (clock, second) = (Wall::new(), memory());
    let (one, other) = two(&clock, &second).await;
    for name in [1, 2, 0x0201] {
        one.space.put(&name, 10).await.unwrap();
        assert_eq!(get(&other, name).await, Some(10));
    }
    // Ids are eight bytes, the most significant first.
    assert_eq!(one.space.forget_like(None, b"*\x02?").await.unwrap(), 1);
    settle().await;
    for space in [&one, &other] {
        assert_eq!(get(space, 0x0201).await, None);
        assert_eq!(get(space, 2).await, Some(10));
    }
    assert_eq!(one.space.erase(None).await.unwrap(), 3);
    // Its own erasing is no news to it.
    one.space.put(&2, 12).await.unwrap();
    settle().await;
    assert_eq!(other.space.stats().residents.entries, 0);
    assert_eq!(one.space.stats().residents.entries, 1);
    assert_eq!(
        (get(&other, 1).await, get(&other, 2).await),
        (None, Some(12))
    );
}

#[tokio::test(start_paused = true)]
async fn what_only_memories_keep_is_told_as_well() {
    let (clock, second) = (Wall::new(), memory());
    let config = settings().writes(Writes::Not, Writes::Not);
    let (one, other) = two_with(&clock, &second, &config).await;
    one.space.put(&1, 10).await.unwrap();
    settle().await;
    other.space.put(&1, 11).await.unwrap();
    settle().await;
    assert_eq!((get(&one, 1).await, get(&other, 1).await), (None, Some(11)));
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_each_value_is_asked_for_again_and_stays_where_no_store_knows_better() {
    let (clock, second) = (Wall::new(), Arc::new(Troubled::with_log()));
    let store: Arc<dyn Store> = Arc::<Troubled>::clone(&second);
    let (one, other) = two(&clock, &store).await;
    for name in [1, 2, 3] {
        one.space.put(&name, 10).await.unwrap();
        assert_eq!(get(&other, name).await, Some(10));
    }
    second.is_deaf.store(true, Ordering::Relaxed);
    one.space.put(&1, 11).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(get(&other, 1).await, Some(10), "nobody told it");
    assert!(!other.tiers.stats().log.unwrap().is_current);
    // A server that lost all that it had, log and records.
    second.store.lose();
    one.space.put(&2, 12).await.unwrap();
    second.is_deaf.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(other.tiers.stats().log.unwrap().gaps, 2);
    assert_eq!(get(&other, 2).await, Some(12));
    assert_eq!(get(&other, 3).await, Some(10), "it is all that is known");
    let asked = || other.tiers.stats().second.unwrap().asked;
    let before = asked();
    assert_eq!(
        (get(&other, 2).await, get(&other, 3).await),
        (Some(12), Some(10))
    );
    assert_eq!(asked(), before, "once is enough");
}

#[tokio::test(start_paused = true)]
async fn what_was_told_while_nobody_could_hear_is_heard_then() {
    let (clock, second) = (Wall::new(), Arc::new(Troubled::with_log()));
    let store: Arc<dyn Store> = Arc::<Troubled>::clone(&second);
    let (one, other) = two(&clock, &store).await;
    one.space.put(&1, 10).await.unwrap();
    assert_eq!(get(&other, 1).await, Some(10));
    second.is_deaf.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    one.space.put(&1, 11).await.unwrap();
    second.is_deaf.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&other, 1).await, Some(11));
    assert_eq!(
        other.tiers.stats().log.unwrap().gaps,
        1,
        "the beginning alone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_that_was_on_its_way_while_another_wrote_is_not_believed_for_long() {
    let (clock, second) = (Wall::new(), Arc::new(Troubled::with_log()));
    let store: Arc<dyn Store> = Arc::<Troubled>::clone(&second);
    let (one, other) = two(&clock, &store).await;
    one.space.put(&1, 10).await.unwrap();
    second.way_back_ms.store(10, Ordering::Relaxed);
    let write = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        one.space.put(&1, 11).await.unwrap();
    };
    let (found, ()) = join(get(&other, 1), write).await;
    assert_eq!(found, Some(10), "as it was when it was asked for");
    second.way_back_ms.store(0, Ordering::Relaxed);
    settle().await;
    assert_eq!(get(&other, 1).await, Some(11));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_a_write_overtakes_on_its_way_finds_what_was_written_and_not_nothing() {
    let (clock, second) = (Wall::new(), Arc::new(Troubled::with_log()));
    let store: Arc<dyn Store> = Arc::<Troubled>::clone(&second);
    let (one, other) = two(&clock, &store).await;
    one.space.put(&1, 10).await.unwrap();
    assert_eq!(get(&other, 1).await, Some(10));
    second.way_back_ms.store(10, Ordering::Relaxed);
    for value in [11, 12] {
        // What was read stays known when it leaves memory: 10 is older than what the log tells then.
        other.space.sweep(|_| true);
        let write = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            one.space.put(&1, value).await.unwrap();
        };
        let read = async {
            if value == 11 {
                return get(&other, 1).await;
            }
            let load = || async { Ok::<_, io::Error>(Some(99)) };
            let found = other.space.get_or_load(&1, load).await.unwrap();
            found.as_deref().copied()
        };
        let (found, ()) = join(read, write).await;
        assert_eq!(found, Some(value));
        settle().await;
    }
    assert_eq!(other.space.stats().loads, 0);
}

#[tokio::test(start_paused = true)]
async fn a_loader_is_not_called_again_because_the_log_tells_of_its_own_load() {
    let (clock, second, third) = (Wall::new(), memory(), Arc::new(Troubled::with_log()));
    third.way_back_ms.store(10, Ordering::Relaxed);
    let third: Arc<dyn Store> = third;
    let config = bot(&clock, 1).second(second).third(third);
    let space = settings().writes(Writes::Through, Writes::Through);
    let one = process(&config, &space).await;
    for round in 1..=3 {
        let load = move || async move { Ok::<_, io::Error>(Some(round)) };
        let loaded = one.space.get_or_load(&1, load).await.unwrap();
        assert_eq!(loaded.as_deref(), Some(&round));
        one.space.forget(&1).await.unwrap();
    }
    let stats = one.space.stats();
    assert_eq!((stats.loads, stats.overtaken), (3, 0));
}

struct Process {
    tiers: Tiered,
    space: Keyspace<u64, u64>,
    /// Served until this is dropped.
    _served: JoinSet<()>,
}

async fn two(clock: &Arc<Wall>, second: &Arc<dyn Store>) -> (Process, Process) {
    two_with(clock, second, &settings()).await
}

/// Two processes that follow the log. Their values are fresh for longer than the stories last.
async fn two_with(
    clock: &Arc<Wall>,
    second: &Arc<dyn Store>,
    config: &KeyspaceConfig,
) -> (Process, Process) {
    let of = |seed| bot(clock, seed).second(Arc::clone(second));
    (process(&of(1), config).await, process(&of(2), config).await)
}

async fn process(config: &TieredConfig, keyspace: &KeyspaceConfig) -> Process {
    let tiers = Tiered::build(config.clone());
    let space = tiers.keyspace(keyspace.clone()).unwrap();
    let serving = tiers.clone();
    let mut served = JoinSet::new();
    served.spawn(async move {
        serving.serve().await;
    });
    settle().await;
    assert!(tiers.stats().log.unwrap().is_current);
    Process {
        tiers,
        space,
        _served: served,
    }
}

async fn get(process: &Process, name: u64) -> Option<u64> {
    process.space.get(&name).await.unwrap().as_deref().copied()
}

/// Lets everybody do what there is to do.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
