//! Stories of values in memory and two stores, on a clock of tokio's that stands until all wait.

mod away;
mod bounds;
mod heard;
mod lost;
mod warm;

use super::*;
use crate::tiers::{
    Memory, Priority, Store, StoreFault, Tiered, TieredConfig, store::troubled::Troubled,
};
use futures_util::future::{join, join_all};
use ovenjs_net::{Clock, SeededEntropy};
use ovenjs_types::Fault as _;
use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

#[tokio::test(start_paused = true)]
async fn ten_thousand_who_miss_at_once_load_once() {
    let bots: Vec<_> = (0..4).map(|_| ()).collect();
    let store: Arc<dyn Store> = Arc::new(Memory::new(100));
    let clock = Wall::new();
    let loads = Arc::new(AtomicU64::new(0));
    let spaces: Vec<Keyspace<u64, u64>> = bots
        .iter()
        .zip(1..)
        .map(|((), seed)| {
            space(
                &bot(&clock, seed).second(Arc::clone(&store)),
                settings().loaded_once(),
            )
        })
        .collect();
    let all = spaces.iter().flat_map(|space| {
        let loads = &loads;
        (0..2_500).map(move |_| {
            let loads = Arc::clone(loads);
            space.get_or_load(&7, move || {
                let loads = Arc::clone(&loads);
                async move {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Ok::<_, io::Error>(Some(loads.fetch_add(1, Ordering::Relaxed) + 1))
                }
            })
        })
    });
    for found in join_all(all).await {
        assert_eq!(found.unwrap().as_deref(), Some(&1));
    }
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn what_one_process_puts_another_finds() {
    let (clock, store) = (Wall::new(), memory());
    let one = space(&bot(&clock, 1).second(Arc::clone(&store)), settings());
    let other = space(&bot(&clock, 2).second(store), settings());
    assert_eq!(one.put(&1, 10).await.unwrap(), Put::Kept);
    assert_eq!(other.get(&1).await.unwrap().as_deref(), Some(&10));
    assert_eq!(other.stats().from_first_store, 1);
    other.get(&1).await.unwrap();
    assert_eq!(other.stats().from_memory, 1);
    // And nobody brings back what was deleted, though another one's memory still has it for now.
    one.remove(&1).await.unwrap();
    let loaded = one
        .get_or_load(&1, || async { Ok::<_, io::Error>(Some(11)) })
        .await;
    assert_eq!(loaded.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_a_write_overtook_does_not_count() {
    let (clock, store) = (Wall::new(), memory());
    let one = space(&bot(&clock, 1).second(Arc::clone(&store)), settings());
    let other = space(&bot(&clock, 2).second(store), settings());
    let slow = |value| {
        move || async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok::<_, io::Error>(Some(value))
        }
    };
    let write = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        other.put(&1, 20).await
    };
    let (loaded, written) = join(one.get_or_load(&1, slow(10)), write).await;
    assert_eq!(written.unwrap(), Put::Kept);
    assert_eq!(
        loaded.unwrap().as_deref(),
        Some(&20),
        "what was written since"
    );
    assert_eq!(one.stats().overtaken, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_fresh_is_given_out_and_loaded_beside() {
    let clock = Wall::new();
    let tiers = Tiered::build(bot(&clock, 1));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    let next = Arc::new(AtomicU64::new(1));
    let load = || {
        let next = Arc::clone(&next);
        space.get_or_load(&1, move || {
            let next = Arc::clone(&next);
            async move { Ok::<_, io::Error>(Some(next.fetch_add(1, Ordering::Relaxed))) }
        })
    };
    let _served = served(&tiers);
    assert_eq!(load().await.unwrap().as_deref(), Some(&1));
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(load().await.unwrap().as_deref(), Some(&1), "nobody waits");
    assert_eq!(
        load().await.unwrap().as_deref(),
        Some(&1),
        "and one is sent, once"
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(load().await.unwrap().as_deref(), Some(&2));
    assert_eq!(next.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_fresh_is_loaded_anew_by_one_of_all_processes() {
    let (clock, store, loads) = (Wall::new(), memory(), Arc::new(AtomicU64::new(0)));
    let tiers: Vec<Tiered> = (1..=3)
        .map(|seed| Tiered::build(bot(&clock, seed).second(Arc::clone(&store))))
        .collect();
    let spaces: Vec<Keyspace<u64, u64>> = tiers
        .iter()
        .map(|tiers| tiers.keyspace(settings().loaded_once()).unwrap())
        .collect();
    let all = || async {
        for space in &spaces {
            let loads = Arc::clone(&loads);
            let load = move || {
                let loads = Arc::clone(&loads);
                async move {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Ok::<_, io::Error>(Some(loads.fetch_add(1, Ordering::Relaxed) + 1))
                }
            };
            assert!(space.get_or_load(&1, load).await.unwrap().is_some());
        }
    };
    let _served: Vec<_> = tiers.iter().map(served).collect();
    all().await;
    tokio::time::sleep(Duration::from_secs(70)).await;
    all().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(loads.load(Ordering::Relaxed), 2);
    for space in &spaces {
        assert_eq!(space.get(&1).await.unwrap().as_deref(), Some(&2));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_for_a_while_and_until_it_is_written() {
    let clock = Wall::new();
    let space = space(&bot(&clock, 1), settings());
    let loads = Arc::new(AtomicU64::new(0));
    let load = |name: u64| {
        let loads = Arc::clone(&loads);
        let space = space.clone();
        async move {
            let found = space.get_or_load(&name, move || {
                loads.fetch_add(1, Ordering::Relaxed);
                async { Ok::<_, io::Error>(None) }
            });
            found.await.unwrap().as_deref().copied()
        }
    };
    assert_eq!(load(1).await, None);
    assert_eq!(load(1).await, None);
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(load(1).await, None);
    assert_eq!(loads.load(Ordering::Relaxed), 2);
    space.put(&1, 5).await.unwrap();
    assert_eq!(load(1).await, Some(5));
}

#[tokio::test(start_paused = true)]
async fn a_tag_makes_stale_what_stands_under_it_in_all_processes() {
    let (clock, store) = (Wall::new(), memory());
    let tiers = Tiered::build(bot(&clock, 1).second(Arc::clone(&store)));
    let one: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    let other = space(&bot(&clock, 2).second(store), settings());
    let tag = Tag::new("guild 1").unwrap();
    let extra = Extra::new().tag(tag.clone());
    one.put_with(&1, 10, &extra).await.unwrap();
    one.put(&2, 20).await.unwrap();
    assert_eq!(other.get(&1).await.unwrap().as_deref(), Some(&10));
    tiers.invalidate(&tag).await.unwrap();
    assert_eq!(one.get(&1).await.unwrap(), None);
    assert_eq!(one.get(&2).await.unwrap().as_deref(), Some(&20));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(other.get(&1).await.unwrap(), None);
    // A load replaces what is stale, though that was written.
    let loaded = other
        .get_or_load_with(&1, extra, || async { Ok::<_, io::Error>(Some(11)) })
        .await;
    assert_eq!(loaded.unwrap().as_deref(), Some(&11));
    assert_eq!(one.get(&1).await.unwrap().as_deref(), Some(&11));
}

#[tokio::test(start_paused = true)]
async fn who_asks_after_a_tag_became_invalid_is_not_given_what_was_loaded_before() {
    let clock = Wall::new();
    let tiers = Tiered::build(bot(&clock, 1));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings()).unwrap();
    let (row, tag) = (Arc::new(AtomicU64::new(10)), Tag::new("rows").unwrap());
    let load = || {
        let row = Arc::clone(&row);
        let extra = Extra::new().tag(tag.clone());
        space.get_or_load_with(&1, extra, move || {
            let read = row.load(Ordering::Relaxed);
            async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok::<_, io::Error>(Some(read))
            }
        })
    };
    let changes_and_asks = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        row.store(11, Ordering::Relaxed);
        tiers.invalidate(&tag).await.unwrap();
        load().await
    };
    let (before, after) = join(load(), changes_and_asks).await;
    assert_eq!(before.unwrap().as_deref(), Some(&10));
    assert_eq!(after.unwrap().as_deref(), Some(&11));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_of_a_value_is_stale_with_it() {
    let clock = Wall::new();
    let tiers = Tiered::build(bot(&clock, 1));
    let roles: Keyspace<u64, u64> = tiers
        .keyspace(KeyspaceConfig::new("roles", 1).with_dependents())
        .unwrap();
    let pages: Keyspace<u64, u64> = tiers.keyspace(KeyspaceConfig::new("pages", 1)).unwrap();
    roles.put(&1, 1).await.unwrap();
    let made_of = Extra::new().depends_on(&roles, &1).unwrap();
    pages.put_with(&9, 90, &made_of).await.unwrap();
    assert_eq!(pages.get(&9).await.unwrap().as_deref(), Some(&90));
    roles.put(&2, 2).await.unwrap();
    assert_eq!(
        pages.get(&9).await.unwrap().as_deref(),
        Some(&90),
        "of another"
    );
    roles.put(&1, 3).await.unwrap();
    assert_eq!(pages.get(&9).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn who_puts_what_others_are_made_of_is_told_where_it_has_to_wait() {
    let (clock, store) = (Wall::new(), Arc::new(Troubled::default()));
    let open = |seed| {
        let tiers = Tiered::build(bot(&clock, seed).second(Arc::<Troubled>::clone(&store)));
        let roles: Keyspace<u64, u64> = tiers.keyspace(settings().with_dependents()).unwrap();
        let pages = KeyspaceConfig::new("pages", 1);
        let pages: Keyspace<u64, u64> = tiers.keyspace(pages).unwrap();
        (tiers, roles, pages)
    };
    let ((_here, roles, pages), (_there, others_roles, others_pages)) = (open(1), open(2));
    roles.put(&1, 1).await.unwrap();
    // The tag is counted, and the value is not taken for now.
    store.refuse(&1_u64.to_be_bytes(), StoreFault::PartAway);
    let error = roles.put(&1, 2).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let made = others_roles.get(&1).await.unwrap();
    let made_of = Extra::new().depends_on(&others_roles, &1).unwrap();
    others_pages
        .put_with(&9, *made.unwrap(), &made_of)
        .await
        .unwrap();
    // Whoever was told puts it again, and what was made meanwhile is stale.
    store.refuse(&[], StoreFault::PartAway);
    assert_eq!(roles.put(&1, 2).await.unwrap(), Put::Kept);
    assert_eq!(pages.get(&9).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_behind_is_found_before_and_arrives() {
    let (clock, third) = (Wall::new(), memory());
    let tiers = Tiered::build(bot(&clock, 1).third(Arc::clone(&third)));
    // So little memory that nothing stays in it.
    let config = settings().memory(1);
    let space: Keyspace<u64, u64> = tiers.keyspace(config).unwrap();
    for value in 0..10 {
        space.put(&1, value).await.unwrap();
        assert_eq!(space.get(&1).await.unwrap().as_deref(), Some(&value));
    }
    let key = space.key(&1).unwrap();
    let kept = || async {
        third
            .read(clock.now_ms(), std::slice::from_ref(&key))
            .await
            .unwrap()
    };
    assert_eq!(kept().await, [None]);
    tiers.flush().await.unwrap();
    assert!(kept().await.first().is_some_and(Option::is_some));
    let behind = tiers.stats().third.unwrap().behind;
    assert_eq!((behind.waiting, behind.coalesced), (0, 9));
    assert_eq!(space.get(&1).await.unwrap().as_deref(), Some(&9));
}

#[tokio::test(start_paused = true)]
async fn events_have_an_order_of_their_own_and_loads_change_nothing_about_it() {
    let clock = Wall::new();
    let space = space(&bot(&clock, 1), settings());
    let of = |sequence| {
        Extra::new().version(Version {
            source: 1,
            epoch: 4,
            sequence,
        })
    };
    space.put_with(&1, 10, &of(10)).await.unwrap();
    let put = space.put_with(&1, 9, &of(9)).await.unwrap();
    assert_eq!(put, Put::Older(of(10).version.unwrap()));
    // No longer fresh, but the gateway would have told: nobody loads it.
    tokio::time::sleep(Duration::from_secs(120)).await;
    let loaded = space
        .get_or_load(&1, || async { Ok::<_, io::Error>(Some(0)) })
        .await;
    assert_eq!(loaded.unwrap().as_deref(), Some(&10));
    space.remove_with(&1, &of(11)).await.unwrap();
    assert_eq!(
        space.put_with(&1, 10, &of(10)).await.unwrap(),
        Put::Older(of(11).version.unwrap())
    );
    assert_eq!(space.get(&1).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn forgetting_a_guild_reaches_all_tiers_and_what_waits() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let tiers = Tiered::build(bot(&clock, 1).second(second).third(third));
    let space: Keyspace<(ovenjs_types::Id<ovenjs_types::marker::GuildMarker>, u64), u64> =
        tiers.keyspace(settings()).unwrap();
    let name = |guild, member| (ovenjs_types::Id::new(guild), member);
    for (guild, member) in [(1, 1), (1, 2), (2, 1)] {
        space.put(&name(guild, member), 1).await.unwrap();
    }
    assert_eq!(space.erase(Some(1)).await.unwrap(), 2);
    tiers.flush().await.unwrap();
    assert_eq!(space.get(&name(1, 1)).await.unwrap(), None);
    assert_eq!(space.get(&name(1, 2)).await.unwrap(), None);
    assert_eq!(space.get(&name(2, 1)).await.unwrap().as_deref(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn what_is_read_together_is_fetched_ahead_from_the_stores() {
    let (clock, second) = (Wall::new(), memory());
    let filler = space(&bot(&clock, 1).second(Arc::clone(&second)), settings());
    for name in 0..40 {
        filler.put(&name, name).await.unwrap();
    }
    let tiers = Tiered::build(bot(&clock, 2).second(second));
    let space: Keyspace<u64, u64> = tiers.keyspace(settings().foretelling(1_024)).unwrap();
    let _served = served(&tiers);
    tokio::task::yield_now().await;
    for round in 0..3 {
        space.get(&1).await.unwrap();
        space.get(&2).await.unwrap();
        for other in 0..8 {
            space.get(&(10 + round * 8 + other)).await.unwrap();
        }
        space.sweep(|_| true);
    }
    let before = space.stats().from_first_store;
    space.get(&1).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(space.get(&2).await.unwrap().as_deref(), Some(&2));
    let stats = space.stats();
    assert_eq!(stats.from_first_store, before + 1, "2 was there already");
    assert!(stats.residents.foretelling.unwrap().used >= 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_worth_more_is_in_memory_after_a_flood() {
    let clock = Wall::new();
    let space = space(&bot(&clock, 1), settings().memory(64 << 10));
    let high = Extra::new().priority(Priority::High);
    space.put_with(&1, 10, &high).await.unwrap();
    let load = || async { Ok::<_, io::Error>(Some(20)) };
    space.get_or_load_with(&2, high, load).await.unwrap();
    for name in 100..1_100 {
        space.put(&name, name).await.unwrap();
    }
    // What changes is worth as much as before.
    space.put(&1, 11).await.unwrap();
    let before = space.stats().from_memory;
    assert_eq!(space.get(&1).await.unwrap().as_deref(), Some(&11));
    assert_eq!(space.get(&2).await.unwrap().as_deref(), Some(&20));
    let stats = space.stats();
    assert_eq!(stats.from_memory, before + 2);
    assert!(stats.residents.evicted > 800 && stats.residents.set_apart > 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_swept_is_what_is_meant_now() {
    let (clock, second, third) = (Wall::new(), memory(), memory());
    let config = || {
        bot(&clock, 1)
            .second(Arc::clone(&second))
            .third(Arc::clone(&third))
    };
    let through = || settings().writes(Writes::Through, Writes::Through);
    let one = space(&config(), through());
    for name in 0..600 {
        one.put(&name, name % 3).await.unwrap();
    }
    // The third tier has not heard of these: what it has is meant no more.
    let alone = space(&bot(&clock, 2).second(Arc::clone(&second)), through());
    for name in [0, 3, 6] {
        alone.put(&name, 1).await.unwrap();
    }
    let other = space(&config(), through());
    assert_eq!(
        other
            .forget_where(None, |_, value| *value == 0)
            .await
            .unwrap(),
        197
    );
    let fresh = space(&config(), through());
    for name in 0..600 {
        let value = fresh.get(&name).await.unwrap().as_deref().copied();
        let expected = if [0, 3, 6].contains(&name) {
            Some(1)
        } else {
            Some(name % 3)
        };
        assert_eq!(value, expected.filter(|value| *value != 0), "{name}");
    }
}

fn settings() -> KeyspaceConfig {
    KeyspaceConfig::new("settings", 1)
}

fn memory() -> Arc<dyn Store> {
    Arc::new(Memory::new(1_000))
}

/// Serves until this is dropped.
fn served(tiers: &Tiered) -> tokio::task::JoinSet<()> {
    let mut serves = tokio::task::JoinSet::new();
    let tiers = tiers.clone();
    serves.spawn(async move {
        tiers.serve().await;
    });
    serves
}

fn space(config: &TieredConfig, keyspace: KeyspaceConfig) -> Keyspace<u64, u64> {
    Tiered::build(config.clone()).keyspace(keyspace).unwrap()
}

/// A process of its own.
fn bot(clock: &Arc<Wall>, seed: u64) -> TieredConfig {
    let clock: Arc<dyn Clock> = Arc::<Wall>::clone(clock);
    TieredConfig::new()
        .clock(clock)
        .entropy(Arc::new(SeededEntropy::new(seed)))
}

/// tokio's clock, that of the wall too.
#[derive(Debug)]
struct Wall {
    began: Instant,
}

impl Wall {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            began: ovenjs_net::SystemClock.now(),
        })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.wall().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
    }
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        ovenjs_net::SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        let since = self.now().saturating_duration_since(self.began);
        UNIX_EPOCH + Duration::from_secs(1_700_000_000) + since
    }
}
