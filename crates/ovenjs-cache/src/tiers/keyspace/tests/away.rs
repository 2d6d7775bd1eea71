//! Stores that do not answer.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_holds_nobody_up_and_is_given_what_it_missed() {
    let clock = Wall::new();
    let store = Arc::new(Troubled::default());
    let tiers = Tiered::build(bot(&clock, 1).second(Arc::<Troubled>::clone(&store)));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    store.go_away();
    let began = clock.now();
    for name in 0..100 {
        assert_eq!(space.put(&name, name).await.unwrap(), Put::Kept);
        assert_eq!(space.get(&name).await.unwrap().as_deref(), Some(&name));
    }
    // Three were waited for, then the breaker saw to it.
    assert!(clock.now() - began < Duration::from_millis(500));
    let second = tiers.stats().second.unwrap();
    assert!(second.is_away && second.behind.waiting == 100, "{second:?}");
    assert!(tiers.flush().await.is_err());

    store.come_back();
    let _never_ends = tokio::time::timeout(Duration::from_secs(10), tiers.serve()).await;
    let second = tiers.stats().second.unwrap();
    assert!(!second.is_away && second.behind.waiting == 0, "{second:?}");
    // Another process finds them.
    let other = super::space(&bot(&clock, 2).second(store), settings());
    assert_eq!(other.get(&99).await.unwrap().as_deref(), Some(&99));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_keeps_nothing_that_waits_from_the_other() {
    let clock = Wall::new();
    let second = Arc::new(Troubled::default());
    let third = memory();
    let config = bot(&clock, 1).second(Arc::<Troubled>::clone(&second));
    let tiers = Tiered::build(config.third(Arc::clone(&third)));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    second.go_away();
    assert_eq!(space.put(&1, 10).await.unwrap(), Put::Kept);
    assert!(tiers.flush().await.is_err());
    let waiting = tiers.stats();
    assert_eq!(waiting.second.unwrap().behind.waiting, 1);
    assert_eq!(waiting.third.unwrap().behind.waiting, 0);
    let next = super::space(&bot(&clock, 2).third(third), settings());
    assert_eq!(next.get(&1).await.unwrap().as_deref(), Some(&10));
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_the_batch_that_is_under_way() {
    let clock = Wall::new();
    let store = Arc::new(Troubled::default());
    let tiers = Tiered::build(bot(&clock, 1).second(Arc::<Troubled>::clone(&store)));
    let settings = settings().writes(Writes::Behind, Writes::Not);
    let space: Keyspace<u64, u64> = tiers.keyspace(settings).unwrap();
    let served = tiers.clone();
    let mut serves = tokio::task::JoinSet::new();
    serves.spawn(async move { served.serve().await });
    store.go_away();
    assert_eq!(space.put(&1, 10).await.unwrap(), Put::Kept);
    let returns = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        store.come_back();
    };
    let flushes = async {
        // The batch has left by then, and is given up at its deadline.
        tokio::time::sleep(Duration::from_millis(10)).await;
        tiers.flush().await
    };
    let (flushed, ()) = join(flushes, returns).await;
    flushed.unwrap();
    serves.abort_all();
    let other = super::space(&bot(&clock, 2).second(store), super::settings());
    assert_eq!(other.get(&1).await.unwrap().as_deref(), Some(&10));
}

#[tokio::test(start_paused = true)]
async fn who_writes_behind_does_not_spin_while_somebody_flushes() {
    let clock = Wall::new();
    let store = Arc::new(Troubled::default());
    let tiers = Tiered::build(bot(&clock, 1).second(Arc::<Troubled>::clone(&store)));
    let settings = settings().writes(Writes::Behind, Writes::Not);
    let space: Keyspace<u64, u64> = tiers.keyspace(settings).unwrap();
    store.go_away();
    space.put(&1, 10).await.unwrap();
    let writes = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        space.put(&2, 20).await.unwrap();
        // Longer than a batch waits, shorter than the store's deadline for one.
        tokio::time::sleep(Duration::from_millis(20)).await;
        store.come_back();
    };
    let serves = tokio::time::timeout(Duration::from_secs(1), tiers.serve());
    let (flushed, ((), served)) = join(tiers.flush(), join(writes, serves)).await;
    // Its batch was given up, and then both were written.
    assert!(flushed.is_ok() && served.is_err());
    assert_eq!(tiers.stats().second.unwrap().behind.waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_fails_is_told_to_all_who_waited_and_asked_again_by_the_next() {
    let clock = Wall::new();
    let space = space(&bot(&clock, 1), settings());
    let failing = || async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Err::<Option<u64>, _>(io::Error::other("the database is gone"))
    };
    let all = (0..100).map(|_| space.get_or_load(&1, failing));
    for found in join_all(all).await {
        let error = found.unwrap_err();
        assert_eq!(error.kind(), crate::tiers::TierErrorKind::Loader);
        assert!(
            Error::source(&error)
                .unwrap()
                .to_string()
                .contains("database")
        );
    }
    assert_eq!(space.stats().loads, 1);
    let late = || async { std::future::pending::<Result<Option<u64>, io::Error>>().await };
    let error = space.get_or_load(&1, late).await.unwrap_err();
    assert_eq!(error.kind(), crate::tiers::TierErrorKind::Late);
    let found = space
        .get_or_load(&1, || async { Ok::<_, io::Error>(Some(1)) })
        .await;
    assert_eq!(found.unwrap().as_deref(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn what_the_second_tier_has_is_believed_while_the_third_is_away() {
    let (clock, second) = (Wall::new(), memory());
    let third = Arc::new(Troubled::default());
    let bot = |seed| {
        let stores = bot(&clock, seed).second(Arc::clone(&second));
        stores.third(Arc::<Troubled>::clone(&third))
    };
    let tiers = Tiered::build(bot(1));
    let writer: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    writer.put(&1, 10).await.unwrap();
    tiers.flush().await.unwrap();
    let reader = space(&bot(2), settings());
    assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&10));
    third.go_away();
    tokio::time::sleep(Duration::from_secs(300)).await;
    let fresh = space(&bot(3), settings());
    for _ in 0..10 {
        assert_eq!(reader.get(&1).await.unwrap().as_deref(), Some(&10));
        assert_eq!(fresh.get(&1).await.unwrap().as_deref(), Some(&10));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_process_wrote_is_seen_when_it_is_no_longer_fresh() {
    // A store without a log.
    let (clock, second): (_, Arc<dyn Store>) = (Wall::new(), Arc::new(Troubled::default()));
    let one = space(&bot(&clock, 1).second(Arc::clone(&second)), settings());
    let tiers = Tiered::build(bot(&clock, 2).second(second));
    let other: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    let of_shard = |sequence| {
        Extra::new().version(Version {
            source: 1,
            epoch: 1,
            sequence,
        })
    };
    one.put(&1, 10).await.unwrap();
    one.put_with(&2, 20, &of_shard(1)).await.unwrap();
    let read = || async {
        let (own, told) = join(other.get(&1), other.get(&2)).await;
        (
            own.unwrap().map(|own| *own),
            told.unwrap().map(|told| *told),
        )
    };
    let _served = served(&tiers);
    tokio::task::yield_now().await;
    assert_eq!(read().await, (Some(10), Some(20)));
    one.put(&1, 11).await.unwrap();
    one.put_with(&2, 21, &of_shard(2)).await.unwrap();
    assert_eq!(
        read().await,
        (Some(10), Some(20)),
        "without a log nobody tells"
    );
    tokio::time::sleep(Duration::from_secs(70)).await;
    let asked = || tiers.stats().second.unwrap().asked;
    let before = asked();
    for _ in 0..100 {
        assert_eq!(read().await, (Some(10), Some(20)), "nobody waits");
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(read().await, (Some(11), Some(21)));
    assert_eq!(asked(), before + 2, "one question for each");
    // The new ones are fresh, and then asked for once in each such while.
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        read().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Beside what is swept each minute.
    assert!(
        asked() <= before + 2 + 2 * 6 + 6,
        "{} more",
        asked() - before
    );
}
