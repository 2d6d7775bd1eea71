//! A second tier that has forgotten what it knew.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_is_lent_to_it_from_before_is_over_within_a_minute() {
    let (clock, second, third) = (Wall::new(), Arc::new(Memory::new(100)), memory());
    let bot = |seed| {
        let second = Arc::<Memory>::clone(&second);
        bot(&clock, seed).second(second).third(Arc::clone(&third))
    };
    let tiers = Tiered::build(bot(1));
    let writer: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    writer.put(&1, 10).await.unwrap();
    tiers.flush().await.unwrap();
    // The third tier is still to hear of this one when the second forgets it.
    writer.put(&1, 11).await.unwrap();
    second.lose();
    let reading = Tiered::build(bot(2));
    let reader: Keyspace<u64, u64> = reading.keyspace(settings()).unwrap();
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&10));
    reading.flush().await.unwrap();
    tiers.flush().await.unwrap();
    assert_eq!(
        space(&bot(3), settings()).get(&1).await.unwrap().as_deref(),
        Some(&10)
    );
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(
        space(&bot(4), settings()).get(&1).await.unwrap().as_deref(),
        Some(&11)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_written_to_it_late_gives_way_to_what_the_third_knows() {
    let (clock, second, third) = (Wall::new(), Arc::new(Memory::new(100)), memory());
    let bot = |seed| {
        let second = Arc::<Memory>::clone(&second);
        bot(&clock, seed).second(second).third(Arc::clone(&third))
    };
    let behind = || settings().writes(Writes::Behind, Writes::Behind);
    let slow = Tiered::build(bot(1));
    let slow_space: Keyspace<u64, u64> = slow.keyspace(behind()).unwrap();
    slow_space.put(&1, 10).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let quick = Tiered::build(bot(2));
    let quick_space: Keyspace<u64, u64> = quick.keyspace(behind()).unwrap();
    quick_space.put(&1, 11).await.unwrap();
    quick.flush().await.unwrap();
    second.lose();
    // The second tier takes the older one, and the third says what is newer.
    slow.flush().await.unwrap();
    slow.flush().await.unwrap();
    assert_eq!(slow_space.get(&1).await.unwrap().as_deref(), Some(&11));
    assert_eq!(
        space(&bot(3), settings()).get(&1).await.unwrap().as_deref(),
        Some(&11)
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_is_remembered_for_longer_than_it_is_lent() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let bot = |seed| {
        let stores = bot(&clock, seed).second(Arc::clone(&second));
        stores.third(Arc::clone(&third))
    };
    let third_alone = settings().writes(Writes::Not, Writes::Through);
    space(&bot(1), third_alone).put(&1, 11).await.unwrap();
    let lender = Tiered::build(bot(2));
    let lending: Keyspace<u64, u64> = lender.keyspace(settings()).unwrap();
    lending.get(&1).await.unwrap();
    lender.flush().await.unwrap();
    let reader = space(&bot(3), settings());
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&11));
    assert_eq!(reader.stats().from_first_store, 1);
    tokio::time::sleep(Duration::from_secs(90)).await;
    let hash = reader.inner.hash(&reader.key(&1).unwrap());
    let known = lock(&reader.inner.floors).of(hash, clock.now_ms());
    assert!(known.is_some());
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&11));
}

#[tokio::test(start_paused = true)]
async fn what_was_forgotten_by_a_clock_that_is_ahead_is_loaded_by_all() {
    let (clock, second) = (Wall::new(), memory());
    let ahead = Arc::new(Wall {
        began: clock.began.checked_sub(Duration::from_millis(900)).unwrap(),
    });
    let forgetting = space(&bot(&ahead, 1).second(Arc::clone(&second)), settings());
    let reader = space(&bot(&clock, 2).second(second), settings());
    forgetting.put(&1, 10).await.unwrap();
    forgetting.forget(&1).await.unwrap();
    let loaded = reader
        .get_or_load(&1, || async { Ok::<_, io::Error>(Some(11)) })
        .await;
    assert_eq!(loaded.unwrap().as_deref(), Some(&11));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_remembered_for_a_whole_minute() {
    for seed in 0..8 {
        let (clock, second) = (Wall::new(), memory());
        let space = space(&bot(&clock, seed).second(second), settings());
        space.put(&1, 10).await.unwrap();
        space.remove(&1).await.unwrap();
        tokio::time::sleep(Duration::from_secs(59)).await;
        let loaded = space
            .get_or_load(&1, || async { Ok::<_, io::Error>(Some(10)) })
            .await;
        assert_eq!(loaded.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_when_it_forgot_is_believed_for_a_minute() {
    let (clock, second, third) = (Wall::new(), Arc::new(Memory::new(100)), memory());
    let bot = |seed| {
        let second = Arc::<Memory>::clone(&second);
        bot(&clock, seed).second(second).third(Arc::clone(&third))
    };
    let tiers = Tiered::build(bot(1));
    let writer: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    writer.put(&1, 10).await.unwrap();
    let key = [writer.key(&1).unwrap()];
    let written = second.read(clock.now_ms(), &key).await.unwrap();
    let late = written.into_iter().flatten().next().unwrap();
    writer.put(&1, 11).await.unwrap();
    tiers.flush().await.unwrap();
    second.lose();
    // The same write again, whose writer is no more: it finds nothing that is newer.
    let [key] = key;
    second.write(clock.now_ms(), &[(key, late)]).await.unwrap();
    let reader = space(&bot(2), settings());
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&10));
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&11));
    assert_eq!(
        space(&bot(3), settings()).get(&1).await.unwrap().as_deref(),
        Some(&11)
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_writer_left_in_the_third_tier_alone_keeps_no_loader_busy() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let bot = |seed| {
        let stores = bot(&clock, seed).second(Arc::clone(&second));
        stores.third(Arc::clone(&third))
    };
    let reading = Tiered::build(bot(1));
    let settings = || settings().lifetimes(Duration::from_millis(100), Duration::from_secs(3_600));
    let through = settings().writes(Writes::Through, Writes::Through);
    let reader: Keyspace<u64, u64> = reading.keyspace(through).unwrap();
    reader.put(&1, 10).await.unwrap();
    reading.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    // It could not reach the second tier, and is no more.
    let third_alone = settings().writes(Writes::Not, Writes::Through);
    space(&bot(2), third_alone).put(&1, 11).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let loads = Arc::new(AtomicU64::new(0));
    let _served = served(&reading);
    tokio::task::yield_now().await;
    let load = || {
        let loads = Arc::clone(&loads);
        reader.get_or_load(&1, move || {
            loads.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, io::Error>(Some(12)) }
        })
    };
    assert_eq!(load().await.unwrap().as_deref(), Some(&10));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(load().await.unwrap().as_deref(), Some(&12));
    assert_eq!(
        loads.load(Ordering::Relaxed),
        2,
        "one was overtaken by what it had not heard of"
    );
}
