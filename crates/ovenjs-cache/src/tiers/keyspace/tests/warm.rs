//! What is brought in before it is asked for, and what is copied up on the way.

use super::*;
use crate::tiers::{Body, Space, Warming, WarmingStats};
use ovenjs_net::Entropy as _;

#[tokio::test(start_paused = true)]
async fn a_second_tier_that_is_not_written_to_is_given_no_copies_either() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let bot = |seed| {
        bot(&clock, seed)
            .second(Arc::clone(&second))
            .third(Arc::clone(&third))
    };
    let not = || settings().writes(Writes::Not, Writes::Through);
    let one = Tiered::build(bot(1));
    let writer: Keyspace<u64, u64> = one.keyspace(not()).unwrap();
    writer.put(&1, 10).await.unwrap();
    // Read by another one, out of the third; and overtaken there, now and later.
    let two = Tiered::build(bot(2));
    let reader: Keyspace<u64, u64> = two.keyspace(not()).unwrap();
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&10));
    let event = |sequence| {
        Extra::new().version(Version {
            source: 1,
            epoch: 9,
            sequence,
        })
    };
    writer.put_with(&2, 22, &event(2)).await.unwrap();
    let late = reader.put_with(&2, 21, &event(1)).await.unwrap();
    assert!(matches!(late, Put::Older(_)));
    let behind: Keyspace<u64, u64> = Tiered::build(bot(3))
        .keyspace(settings().writes(Writes::Not, Writes::Behind))
        .unwrap();
    behind.put_with(&2, 20, &event(0)).await.unwrap();
    for tiers in [&one, &two, &Tiered(Arc::clone(&behind.inner.shared))] {
        tiers.flush().await.unwrap();
    }
    let keys = [1_u64, 2].map(|name| writer.key(&name).unwrap());
    let kept = second.read(clock.now_ms(), &keys).await.unwrap();
    assert_eq!(kept, [None, None]);
    assert_eq!(
        behind.get(&2).await.unwrap().as_deref(),
        Some(&22),
        "it was told what is newer all the same"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_at_hand_fills_what_is_not_there_and_replaces_nothing() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let bot = |seed| {
        bot(&clock, seed)
            .second(Arc::clone(&second))
            .third(Arc::clone(&third))
    };
    let other = space(&bot(1), settings());
    other.put(&1, 10).await.unwrap();
    other.remove(&2).await.unwrap();
    let tiers = Tiered::build(bot(2));
    let own: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    own.put(&3, 30).await.unwrap();
    own.sweep(|_| true);
    let warmed = own.warm((1..=600).chain([600]).map(|name| (name, 7)));
    let warmed = warmed.await.unwrap();
    assert_eq!((warmed.kept, warmed.known), (597, 4));
    let before = own.stats().from_memory;
    for (name, expected) in [(1, Some(10)), (2, None), (4, Some(7)), (600, Some(7))] {
        assert_eq!(own.get(&name).await.unwrap().as_deref().copied(), expected);
    }
    assert_eq!(own.stats().from_memory, before + 3, "all of it is there");
    assert_eq!(own.get(&3).await.unwrap().as_deref(), Some(&30));
    // It is where the keyspace writes, and a loader is not asked.
    tiers.flush().await.unwrap();
    let after = space(&bot(3), settings());
    assert_eq!(after.get(&600).await.unwrap().as_deref(), Some(&7));
    let kept = third.read(clock.now_ms(), &[own.key(&600).unwrap()]).await;
    assert!(kept.unwrap().first().unwrap().is_some());
    assert_eq!(own.stats().loads, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_ahead_is_no_older_than_what_a_reader_is_given() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let bot = |seed| {
        bot(&clock, seed)
            .second(Arc::clone(&second))
            .third(Arc::clone(&third))
    };
    let writer = Tiered::build(bot(1));
    let written: Keyspace<u64, u64> = writer.keyspace(settings()).unwrap();
    written.put(&1, 10).await.unwrap();
    writer.flush().await.unwrap();
    // The third tier has not heard of this one, and the loan of the second is over.
    written.put(&1, 11).await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    let reader = space(&bot(2), settings());
    assert_eq!(reader.warm_keys(&[1]).await.unwrap(), 1);
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&11));
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_what_was_read_most_is_there_before_it_is_asked_for() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let bot = |seed| {
        let config = bot(&clock, seed)
            .second(Arc::clone(&second))
            .third(Arc::clone(&third));
        Tiered::build(config)
    };
    let before = bot(1);
    let space: Keyspace<u64, u64> = before.keyspace(warmed()).unwrap();
    space.warm((0..200).map(|name| (name, name))).await.unwrap();
    for _ in 0..6 {
        for name in (0..10).chain(0..10).chain([50]) {
            space.get(&name).await.unwrap();
        }
        serve(&before, 60).await;
    }
    before.flush().await.unwrap();
    let after = bot(2);
    let space: Keyspace<u64, u64> = after.keyspace(warmed()).unwrap();
    serve(&after, 1).await;
    for name in 0..10 {
        assert_eq!(space.get(&name).await.unwrap().as_deref(), Some(&name));
    }
    let stats = space.stats();
    assert_eq!((stats.reads, stats.from_memory + stats.stale), (10, 10));
    let warming = stats.warming.unwrap();
    assert_eq!((warming.at_start.used, warming.at_start.wasted), (10, 0));
    // Whoever is not to be warmed begins with nothing.
    let cold: Keyspace<u64, u64> = bot(3).keyspace(settings()).unwrap();
    cold.get(&1).await.unwrap();
    assert_eq!((cold.stats().from_memory, cold.stats().warming), (0, None));
    // Who is erased is not remembered as having been asked for.
    space.erase(None).await.unwrap();
    after.flush().await.unwrap();
    let list = Key::new(&Space::new("ovenjs-warming", 1).unwrap(), 0, "settings.1:").unwrap();
    for store in [&second, &third] {
        let left = store
            .read(clock.now_ms(), std::slice::from_ref(&list))
            .await;
        let left = left.unwrap().pop().unwrap().unwrap();
        assert!(matches!(left.body, Body::Value(bytes) if bytes.len() == 13));
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_reads_leaves_the_second_tier_and_is_lost_nowhere() {
    let (clock, second, third) = (Wall::new(), memory(), Arc::new(Memory::new(1_000)));
    let config = |seed| {
        bot(&clock, seed)
            .second(Arc::clone(&second))
            .third(Arc::<Memory>::clone(&third))
    };
    let tiers = Tiered::build(config(1));
    let space: Keyspace<u64, u64> = tiers.keyspace(warmed()).unwrap();
    space.put(&1, 10).await.unwrap();
    tiers.flush().await.unwrap();
    third.lose();
    // The first one is in the second tier alone; of the second the third has what is older.
    space.put(&2, 20).await.unwrap();
    tiers.flush().await.unwrap();
    let of_second = settings().writes(Writes::Through, Writes::Not);
    let other: Keyspace<u64, u64> = Tiered::build(config(2)).keyspace(of_second).unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    other.put(&2, 21).await.unwrap();
    for name in [3, 4] {
        space.put(&name, name).await.unwrap();
    }
    let is_in_second = async |name| {
        let read = [space.key(&name).unwrap()];
        let kept = second.read(clock.now_ms(), &read).await.unwrap();
        kept.first().unwrap().is_some()
    };
    for _minute in 0..18 {
        space.get(&4).await.unwrap();
        serve(&tiers, 60).await;
    }
    for (name, stays) in [(1, true), (2, true), (3, false), (4, true)] {
        assert_eq!(is_in_second(name).await, stays, "{name}");
    }
    assert_eq!(moved(&space).out_of_second.moved, 1);
    space.sweep(|_| true);
    for (name, value) in [(2, 21), (3, 3), (4, 4)] {
        assert_eq!(space.get(&name).await.unwrap().as_deref(), Some(&value));
    }
    serve(&tiers, 1).await;
    assert!(is_in_second(3).await, "it was missed, and is back");
    let missed = moved(&space).out_of_second;
    assert_eq!((missed.used, missed.wasted), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_third_tier_is_asked_for_again_is_copied_to_the_second() {
    let (clock, second, third) = (Wall::new(), Arc::new(Memory::new(1_000)), memory());
    let config = bot(&clock, 1)
        .second(Arc::<Memory>::clone(&second))
        .third(third);
    let tiers = Tiered::build(config);
    let space: Keyspace<u64, u64> = tiers.keyspace(warmed()).unwrap();
    for name in [1, 2] {
        space.put(&name, name).await.unwrap();
    }
    tiers.flush().await.unwrap();
    second.lose();
    for names in [&[1, 2][..], &[1], &[1]] {
        space.sweep(|_| true);
        for name in names {
            assert_eq!(space.get(name).await.unwrap().as_deref(), Some(name));
        }
        serve(&tiers, 1).await;
    }
    let stats = space.stats();
    assert_eq!((stats.from_last_store, stats.from_first_store), (3, 1));
    let copied = moved(&space).to_second;
    assert_eq!((copied.moved, copied.used), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_follows_what_is_brought_up_comes_with_it() {
    let (clock, third) = (Wall::new(), memory());
    let tiers = Tiered::build(bot(&clock, 1).third(third));
    // One value at a time.
    let warming = Warming::new().passes(Duration::from_secs(10), 1);
    let space: Keyspace<u64, u64> = tiers
        .keyspace(settings().foretelling(64).warming(warming))
        .unwrap();
    space.warm((0..50).map(|name| (name, name))).await.unwrap();
    for minute in 0..40 {
        for name in [1, 2, 10 + minute % 40, 1] {
            space.get(&name).await.unwrap();
        }
        serve(&tiers, 60).await;
    }
    space.sweep(|_| true);
    serve(&tiers, 10).await;
    assert_eq!(moved(&space).by_frequency.moved, 1);
    let before = space.stats();
    for name in [1, 2] {
        assert_eq!(space.get(&name).await.unwrap().as_deref(), Some(&name));
    }
    let after = space.stats();
    let found = after.from_memory + after.stale - before.from_memory - before.stale;
    assert_eq!(found, 2);
    assert_eq!(moved(&space).by_frequency.used, 1);
}

#[tokio::test(start_paused = true)]
async fn what_two_foretell_is_fetched_and_counted_once() {
    let (clock, third) = (Wall::new(), memory());
    let tiers = Tiered::build(bot(&clock, 1).third(third));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings().foretelling(64)).unwrap();
    space.warm((0..50).map(|name| (name, name))).await.unwrap();
    for stranger in 10..40 {
        for name in [1, 2, 3, stranger] {
            space.get(&name).await.unwrap();
        }
    }
    space.sweep(|_| true);
    let keys = [1, 3].map(|name| space.key(&name).unwrap());
    let both = |most| {
        let before = space.stats().residents.foretelling.unwrap().fetched;
        let followers = space.inner.residents.follow(&keys, most);
        let counted = space.stats().residents.foretelling.unwrap().fetched - before;
        assert_eq!(counted, u64::try_from(followers.len()).unwrap());
        followers
    };
    let all = both(512);
    let names: HashSet<&Key> = all.iter().map(|one| &one.key).collect();
    assert_eq!(names.len(), all.len());
    assert!(names.contains(&space.key(&2).unwrap()) && all.len() > 1);
    assert_eq!(both(1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_erased_while_it_is_let_go_is_gone() {
    // Erased wholly between what was read and what is written of it; or so that it ends later.
    for second_ms in [0, 500] {
        let clock = Wall::new();
        let [second, third] = [(); 2].map(|()| Arc::new(Troubled::default()));
        let config = bot(&clock, 1)
            .second(Arc::<Troubled>::clone(&second))
            .third(Arc::<Troubled>::clone(&third))
            .second_deadline(Duration::from_secs(1))
            .third_deadline(Duration::from_secs(1));
        let tiers = Tiered::build(config);
        let space: Keyspace<u64, u64> = tiers.keyspace(warmed()).unwrap();
        space.put(&1, 10).await.unwrap();
        serve(&tiers, 1).await;
        tiers.flush().await.unwrap();
        tokio::time::sleep(Duration::from_secs(16 * 60)).await;
        third.way_back_ms.store(300, Ordering::Relaxed);
        let erase = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            third.way_back_ms.store(0, Ordering::Relaxed);
            second.way_back_ms.store(second_ms, Ordering::Relaxed);
            space.erase(None).await.unwrap();
        };
        let _both = join(serve(&tiers, 2), erase).await;
        let key = [space.key(&1).unwrap()];
        let kept = second.store.read(clock.now_ms(), &key).await.unwrap();
        assert_eq!(kept, [None], "{second_ms}");
    }
}

/// Guilds that are awake at different hours, more than memory has room for, and some that always are.
#[tokio::test(start_paused = true)]
async fn what_is_read_at_an_hour_is_there_when_it_begins_and_four_of_five_are_read() {
    let (clock, third): (_, Arc<dyn Store>) = (Wall::new(), Arc::new(Memory::new(10_000)));
    let play = async |warming: Option<Warming>, seed| {
        let tiers = Tiered::build(bot(&clock, seed).third(Arc::clone(&third)));
        let mut config = settings()
            .writes(Writes::Not, Writes::Through)
            .eviction(crate::tiers::Eviction::Lru)
            .lifetimes(Duration::from_secs(86_400), Duration::from_secs(864_000))
            .memory(60 * 450);
        config.warming = warming;
        let space: Keyspace<u64, u64> = tiers.keyspace(config).unwrap();
        space.warm((0..1_000).map(|name| (name, 1))).await.unwrap();
        let dice = SeededEntropy::new(7);
        let (mut found, mut reads) = (0, 0);
        // Ten minutes at a time.
        for time in 0..4 * 24 * 6_u64 {
            let (day, hour) = (time / 144, time / 6 % 24);
            let before = space.stats();
            // Those who are awake at this hour, others of them each day; some that always are; and chance.
            let awake = (0..20).map(|one| 100 + hour / 4 * 30 + one + day);
            let always = 0..8;
            let chance = [900 + dice.u64() % 100];
            for name in awake.clone().chain(always).chain(chance) {
                space.get(&name).await.unwrap();
            }
            if time % 24 == 0 && day >= 2 {
                let now = space.stats();
                found += now.from_memory + now.stale - before.from_memory - before.stale;
                reads += now.reads - before.reads;
            }
            for name in awake {
                space.get(&name).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(599)).await;
            serve(&tiers, 1).await;
        }
        (space.stats(), found, reads)
    };
    let warming = Warming::new().lead(Duration::from_secs(900));
    let (warm, found, reads) = play(Some(warming), 1).await;
    let (_, cold_found, cold_reads) = play(None, 2).await;
    let warming = warm.warming.unwrap();
    println!(
        "{found} of {reads} when an hour begins, {cold_found} of {cold_reads} without; {warming:?}"
    );
    assert!(warming.by_hour.moved >= 100, "{warming:?}");
    assert!(warming.efficiency() >= 0.8, "{warming:?}");
    assert!(found * 10 >= reads * 8, "{found} of {reads}");
    assert!(
        cold_found * 10 <= cold_reads * 5,
        "{cold_found} of {cold_reads}"
    );
    assert_eq!(warm.loads, 0);
}

fn warmed() -> KeyspaceConfig {
    settings().warming(Warming::new())
}

fn moved(space: &Keyspace<u64, u64>) -> WarmingStats {
    space.stats().warming.unwrap()
}

async fn serve(tiers: &Tiered, seconds: u64) {
    let _never_ends = tokio::time::timeout(Duration::from_secs(seconds), tiers.serve()).await;
}
