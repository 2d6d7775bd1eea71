//! Stories of what is too much, too long or no longer there.

use super::*;
use crate::tiers::{StoreFault, Tag, TierErrorKind};

#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_large_takes_nothing_with_it() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let config = bot(&clock, 1).second(second).third(Arc::clone(&third));
    let tiers = Tiered::build(config);
    let pages: Keyspace<u64, String> = tiers.keyspace(settings()).unwrap();
    pages.put(&1, "small".to_owned()).await.unwrap();
    let refused = pages.put(&2, "x".repeat(33 << 20)).await.unwrap_err();
    assert_eq!(refused.kind(), TierErrorKind::Store);
    assert!(refused.to_string().contains("in parts"), "{refused}");
    assert_eq!(
        pages.get(&2).await.unwrap(),
        None,
        "nor does memory have it"
    );
    tiers.flush().await.unwrap();
    let behind = tiers.stats().third.unwrap().behind;
    assert_eq!((behind.waiting, behind.too_large), (0, 0));
    let next = Tiered::build(bot(&clock, 2).third(third));
    let next: Keyspace<u64, String> = next.keyspace(settings()).unwrap();
    assert_eq!(
        next.get(&1).await.unwrap().as_deref(),
        Some(&"small".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_a_store_refuses_keeps_nobody_from_being_written() {
    let (clock, picky) = (Wall::new(), Arc::new(Troubled::default()));
    picky.refuse(&7_u64.to_be_bytes(), StoreFault::Refused);
    let tiers = Tiered::build(bot(&clock, 1).third(Arc::<Troubled>::clone(&picky)));
    let counts: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    for id in 0..600 {
        counts.put(&id, id).await.unwrap();
    }
    let refused = tiers.flush().await.unwrap_err();
    assert_eq!(refused.kind(), TierErrorKind::Store);
    assert_eq!(
        tiers.stats().third.unwrap().behind.waiting,
        1,
        "the one waits on"
    );
    let next = Tiered::build(bot(&clock, 2).third(picky));
    let next: Keyspace<u64, u64> = next.keyspace(settings()).unwrap();
    let mut found = 0;
    for id in 0..600 {
        found += u32::from(next.get(&id).await.unwrap().is_some());
    }
    assert_eq!(found, 599);

    // And one that it will never take is given up.
    let picky = Troubled::default();
    picky.refuse(&7_u64.to_be_bytes(), StoreFault::TooLarge);
    let tiers = Tiered::build(bot(&clock, 3).third(Arc::new(picky)));
    let counts: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    for id in 0..20 {
        counts.put(&id, id).await.unwrap();
    }
    tiers.flush().await.unwrap();
    let behind = tiers.stats().third.unwrap().behind;
    assert_eq!((behind.waiting, behind.too_large), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_store_a_tag_is_as_it_is_until_somebody_says_otherwise() {
    let clock = Wall::new();
    let tiers = Tiered::build(bot(&clock, 1));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    let menu = Tag::new("menu").unwrap();
    let tagged = Extra::new().tag(menu.clone());
    space.put_with(&1, 10, &tagged).await.unwrap();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(space.get(&1).await.unwrap().as_deref(), Some(&10));
    }
    tiers.invalidate(&menu).await.unwrap();
    assert_eq!(space.get(&1).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_for_ever_is() {
    let clock = Wall::new();
    let for_ever = settings()
        .lifetimes(Duration::MAX, Duration::MAX)
        .load_deadline(Duration::MAX);
    let space = space(&bot(&clock, 1).second(memory()), for_ever.loaded_once());
    space.put(&1, 10).await.unwrap();
    tokio::time::sleep(Duration::from_secs(100 * 365 * 24 * 3_600)).await;
    let load = || async { Ok::<_, io::Error>(Some(20)) };
    assert_eq!(
        space.get_or_load(&1, load).await.unwrap().as_deref(),
        Some(&10)
    );
    assert_eq!(
        space.get_or_load(&2, load).await.unwrap().as_deref(),
        Some(&20)
    );
    space.remove(&1).await.unwrap();
    assert_eq!(space.get(&1).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_was_put_before_a_deletion_and_arrives_after_a_minute_does_not_come_back() {
    let (clock, store) = (Wall::new(), memory());
    let behind = settings().writes(Writes::Behind, Writes::Not);
    // Nobody serves the one: what it puts waits.
    let slow_tiers = Tiered::build(bot(&clock, 1).second(Arc::clone(&store)));
    let slow: Keyspace<u64, u64> = slow_tiers.keyspace(behind).unwrap();
    slow.put(&1, 10).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let other = space(&bot(&clock, 2).second(Arc::clone(&store)), settings());
    other.remove(&1).await.unwrap();
    let load = || async { Ok::<_, io::Error>(Some(30)) };
    assert_eq!(
        other.get_or_load(&2, load).await.unwrap().as_deref(),
        Some(&30)
    );
    assert_eq!(
        other.get_or_load(&1, load).await.unwrap(),
        None,
        "nor is it loaded"
    );
    tokio::time::sleep(Duration::from_secs(600)).await;
    slow_tiers.flush().await.unwrap();
    assert_eq!(slow.get(&1).await.unwrap(), None);
    let third = space(&bot(&clock, 3).second(Arc::clone(&store)), settings());
    assert_eq!(third.get(&1).await.unwrap(), None);
    // After a minute loaders are asked again.
    assert_eq!(
        third.get_or_load(&1, load).await.unwrap().as_deref(),
        Some(&30)
    );
    assert_eq!(third.warm_keys(&[1]).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_over_leaves_the_stores() {
    let (clock, kept) = (Wall::new(), Arc::new(Memory::new(10_000)));
    let store: Arc<dyn Store> = Arc::<Memory>::clone(&kept);
    let tiers = Tiered::build(bot(&clock, 1).third(store));
    let short = settings().lifetimes(Duration::from_secs(5), Duration::from_secs(10));
    let space: Keyspace<u64, u64> = tiers.keyspace(short).unwrap();
    for id in 0..5_000 {
        space.put(&id, id).await.unwrap();
    }
    let served = tokio::time::timeout(Duration::from_secs(200), tiers.serve()).await;
    assert!(served.is_err(), "it never ends by itself");
    assert_eq!(
        kept.sweep(u64::MAX, 10_000).await.unwrap(),
        0,
        "nothing is left"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_off_while_nobody_serves_keeps_nothing_alive() {
    let clock = Wall::new();
    let tiers = Tiered::build(bot(&clock, 1));
    let value = Arc::new(());
    let space: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    let load = || {
        let held = Arc::clone(&value);
        space.get_or_load(&1, move || {
            let held = Arc::clone(&held);
            async move {
                drop(held);
                Ok::<_, io::Error>(Some(1))
            }
        })
    };
    load().await.unwrap();
    tokio::time::sleep(Duration::from_secs(70)).await;
    load().await.unwrap();
    let served = tokio::time::timeout(Duration::from_millis(1), tiers.serve()).await;
    assert!(served.is_err());
    load().await.unwrap();
    drop((tiers, space));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_while_he_loads_gives_his_claim_back() {
    let (clock, store) = (Wall::new(), memory());
    let tiers = Tiered::build(bot(&clock, 1).second(Arc::clone(&store)));
    let one: Keyspace<u64, u64> = tiers.keyspace(settings().loaded_once()).unwrap();
    let other = space(&bot(&clock, 2).second(store), settings().loaded_once());
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok::<_, io::Error>(Some(1))
    };
    let _served = served(&tiers);
    tokio::task::yield_now().await;
    let late = tokio::time::timeout(Duration::from_millis(50), one.get_or_load(&1, slow)).await;
    assert!(late.is_err());
    let began = clock.now();
    let load = || async { Ok::<_, io::Error>(Some(2)) };
    assert_eq!(
        other.get_or_load(&1, load).await.unwrap().as_deref(),
        Some(&2)
    );
    assert!(clock.now() - began < Duration::from_millis(100));
}
