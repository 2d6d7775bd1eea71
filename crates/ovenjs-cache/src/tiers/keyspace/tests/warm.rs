//! What is brought in before it is asked for, and what is copied up on the way.

use super::*;

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
