//! What a store in a Redis Cluster goes through: a slot that moves, a node that is killed or frozen.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ovenjs_cache::tiers::{
    Cursor, Key, Keyspace, KeyspaceConfig, LogStats, Parts, RedisStore, Span, Store, StoreError,
    StoreFault, TierStats, Tiered, TieredConfig, Told, Version, Written,
};
use tokio::task::JoinSet;

use crate::{
    cluster::{nodes, order},
    rooms::{NOW, cluster, get, key, space, value, version},
    server::Server,
};

#[tokio::test(flavor = "multi_thread")]
async fn needs_redis_cluster_a_slot_that_moves_under_writers_loses_nothing_that_was_kept() {
    let mut world = World::new();
    let keys: Vec<Key> = (0..40).map(|number| key(&number.to_string())).collect();
    let [writing, hearing] = [(); 2].map(|()| Arc::new(world.open()));
    let log = hearing.log().unwrap();
    let begin = log.listen(None, Duration::ZERO).await.unwrap().next;

    let is_over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for keys in keys.chunks(10) {
        let (store, keys, is_over) = (Arc::clone(&writing), keys.to_vec(), Arc::clone(&is_over));
        writers.spawn(async move {
            let mut sequence = 0;
            while !is_over.load(Ordering::SeqCst) {
                sequence += 1;
                for key in &keys {
                    write(&store, key, sequence).await;
                }
            }
            let last = move |key| (key, sequence);
            keys.into_iter().map(last).collect::<HashMap<Key, u64>>()
        });
    }
    // Each part goes to the next node, and then to the one after that.
    let moving = tokio::task::spawn_blocking({
        let keys = keys.clone();
        move || {
            for part in (0..PARTS).chain(0..PARTS) {
                let to = (world.owners[part] + 1) % 3;
                world.begin_move(part, to);
                // Half of it for a while.
                world.migrate(part, to, &keys[..20]);
                world.migrate(part, to, &keys);
                world.end_move(part, to);
            }
            world
        }
    });
    let _world = moving.await.unwrap();
    is_over.store(true, Ordering::SeqCst);
    let mut last = HashMap::new();
    while let Some(written) = writers.join_next().await {
        last.extend(written.unwrap());
    }

    for (key, sequence) in &last {
        assert!(*sequence > 1, "they wrote while the slots moved");
        let keys = [key.clone()];
        let found = answered(async || hearing.read(NOW, &keys).await).await;
        assert_eq!(found, [Some(value(*sequence, "rye"))]);
    }
    // All of it was told, and no slot has left its log behind.
    let kept = last.iter().flat_map(|(key, last)| {
        let each = 1..=*last;
        each.map(move |sequence| (key.clone(), version(sequence)))
    });
    let kept: HashSet<(Key, Version)> = kept.collect();
    let (mut heard, mut place) = (HashSet::new(), begin.unwrap());
    while !kept.is_subset(&heard) {
        let news = answered(async || log.listen(Some(&place), HOLD).await).await;
        for told in news.told {
            let Told::Written { key, version, .. } = told else {
                panic!("{told:?}");
            };
            heard.insert((key, version));
        }
        place = news.next.expect("no gap");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn needs_redis_cluster_what_is_told_while_a_slot_moves_is_read_as_new_as_that() {
    let mut world = World::new();
    let [writing, hearing] = [(); 2].map(|()| Arc::new(world.open()));
    let log = hearing.log().unwrap();
    let mut place = log.listen(None, HOLD).await.unwrap().next.unwrap();
    let (keys, last) = ([key("rye")], 300);
    let part = hearing.part(&keys[0]);
    let mut busy = JoinSet::new();
    busy.spawn(async move {
        for sequence in 1..=last {
            write(&writing, &key("rye"), sequence).await;
        }
    });
    let to = (world.owners[part] + 1) % 3;
    let moved = keys.clone();
    let moving = tokio::task::spawn_blocking(move || {
        world.begin_move(part, to);
        world.migrate(part, to, &moved);
        world.end_move(part, to);
        world
    });
    let mut newest = 0;
    while newest < last {
        let news = answered(async || log.listen(Some(&place), HOLD).await).await;
        for told in news.told {
            let Told::Written { version, .. } = told else {
                panic!("{told:?}");
            };
            newest = newest.max(version.sequence);
        }
        place = news.next.expect("no gap");
        if newest > 0 {
            let found = answered(async || hearing.read(NOW, &keys).await).await;
            let found = found[0].as_ref().unwrap().version.sequence;
            assert!(found >= newest, "{found} after {newest}");
        }
    }
    busy.join_all().await;
    moving.await.unwrap();
}

#[tokio::test]
async fn needs_redis_cluster_a_scan_and_an_erasure_follow_a_slot_that_moves() {
    let mut world = World::new();
    let store = world.open();
    let keys: Vec<Key> = (0..60).map(|number| key(&number.to_string())).collect();
    let entries: Vec<_> = keys
        .iter()
        .map(|key| (key.clone(), value(1, "rye")))
        .collect();
    store.write(NOW, &entries).await.unwrap();
    let span = Span {
        space: space(),
        scope: None,
    };
    let (mut found, mut next): (HashSet<Key>, Option<Cursor>) = (HashSet::new(), None);
    let mut pages = 0;
    loop {
        let page = store.scan(NOW, &span, next.as_ref(), 3).await.unwrap();
        found.extend(page.records.into_iter().map(|(key, _)| key));
        next = page.next;
        if next.is_none() {
            break;
        }
        // The first part in its middle, and each of the others once.
        if pages < PARTS {
            let to = (world.owners[pages] + 1) % 3;
            world.begin_move(pages, to);
            world.migrate(pages, to, &keys);
            world.end_move(pages, to);
        }
        pages += 1;
    }
    assert_eq!(found.len(), keys.len());

    // While half of it is here and half of it there, an erasure says so and is not taken for done.
    let part = store.part(&keys[0]);
    let to = (world.owners[part] + 1) % 3;
    world.begin_move(part, to);
    world.migrate(part, to, &keys[..1]);
    let error = store.erase(&span).await.unwrap_err();
    assert_eq!(error.fault(), StoreFault::PartAway, "{error:?}");
    // Nor is it written to, its log being there and the record here; and what is asked for by itself is found.
    let mut others = keys.iter().skip(1);
    let left = others.find(|key| store.part(key) == part).unwrap();
    let entries = [(left.clone(), value(2, "rye"))];
    for _ in 0..9 {
        let error = store.write(NOW, &entries).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::PartAway, "{error:?}");
    }
    let found = store.read(NOW, std::slice::from_ref(left)).await;
    assert!(found.is_ok(), "{found:?}");
    world.migrate(part, to, &keys);
    world.end_move(part, to);
    answered(async || store.erase(&span).await).await;
    let left = store.read(NOW, &keys).await.unwrap();
    assert!(left.iter().all(Option::is_none));
}

#[tokio::test]
async fn needs_redis_cluster_a_node_that_is_killed_takes_its_parts_along_and_no_others() {
    let mut world = World::new();
    let store = world.open();
    let (here, there) = (process(world.open()).await, process(world.open()).await);
    let names = 0..60_u64;
    for id in names.clone() {
        here.space.put(&id, 1).await.unwrap();
    }
    here.tiers.flush().await.unwrap();
    let gone = world.owners[0];
    let is_gone = |id: &u64| world.owners[store.part(&named(*id))] == gone;
    let (away, others): (Vec<u64>, Vec<u64>) = names.clone().partition(is_gone);
    assert!(!away.is_empty() && !others.is_empty());
    let before = get(&store, &named(others[0])).await.unwrap().version;

    world.nodes[gone].kill();
    for id in names.clone() {
        here.space.put(&id, 2).await.unwrap();
    }
    // What the others have a place for is written, and the rest waits.
    until(async || here.second().behind.waiting <= away.len()).await;
    for id in &others {
        let kept = get(&store, &named(*id)).await.unwrap();
        assert!(kept.version.sequence > before.sequence, "{id}");
    }
    let keys: Vec<Key> = names.clone().map(named).collect();
    let error = store.read(NOW, &keys).await.unwrap_err();
    assert_eq!(error.fault(), StoreFault::PartAway, "{error:?}");
    assert!(!here.second().is_away && !there.second().is_away);
    until(async || !there.log().is_current).await;

    world.nodes[gone].restart();
    until(async || here.second().behind.waiting == 0).await;
    until(async || there.log().is_current).await;
    for id in names {
        until(async || there.space.get(&id).await.unwrap().as_deref() == Some(&2)).await;
    }
    answered(async || store.read(NOW, &keys).await).await;
}

#[tokio::test]
async fn needs_redis_cluster_a_node_that_is_frozen_is_not_taken_for_one_with_nothing_to_tell() {
    let world = World::new();
    let store = world.open();
    let (here, there) = (process(world.open()).await, process(world.open()).await);
    let frozen = world.owners[0];
    let mut names = 0..;
    let other = names.find(|id| world.owners[store.part(&named(*id))] != frozen);
    let other = other.unwrap();
    world.nodes[frozen].freeze();
    // However much the others tell.
    let mut number = 0;
    until(async || {
        number += 1;
        here.space.put(&other, number).await.unwrap();
        !there.log().is_current
    })
    .await;
    assert!(!here.second().is_away, "the others are asked");
    world.nodes[frozen].thaw();
    until(async || there.log().is_current).await;
    let seen = async || there.space.get(&other).await.unwrap().as_deref() == Some(&number);
    until(seen).await;
}

/// A cluster, and which node has which part.
struct World {
    nodes: Vec<Server>,
    owners: Vec<usize>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            nodes: nodes(),
            owners: Vec::new(),
        };
        let owner = |part| {
            let slot: u16 = world.slot(part).parse().unwrap();
            usize::from(slot > 5_460) + usize::from(slot > 10_922)
        };
        let owners = (0..PARTS).map(owner).collect();
        world.owners = owners;
        world
    }

    /// The store, as one process sees it.
    fn open(&self) -> Parts {
        let at = format!("redis://127.0.0.1:{}", self.nodes[0].port);
        let parts = u8::try_from(PARTS).unwrap();
        RedisStore::in_cluster(&cluster(&at), "bot", parts)
    }

    fn slot(&self, part: usize) -> String {
        let asked = format!("CLUSTER KEYSLOT {}", prefix(part));
        order(self.nodes[0].port, &asked)
    }

    fn begin_move(&self, part: usize, to: usize) {
        let (from, slot) = (self.owners[part], self.slot(part));
        let [from_id, to_id] = [from, to].map(|node| self.order(node, "CLUSTER MYID"));
        self.order(to, &format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}"));
        self.order(from, &format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}"));
    }

    /// Moves the log and these records, where the part has them and has not moved them yet.
    fn migrate(&self, part: usize, to: usize, keys: &[Key]) {
        let port = self.nodes[to].port;
        let records = keys.iter().map(|key| {
            let id = std::str::from_utf8(key.id()).unwrap();
            format!("r:{}:{}:{id}", key.space().as_str(), key.scope())
        });
        for name in records.chain(["log".to_owned()]) {
            let name = format!("{}{name}", prefix(part));
            let words = format!("MIGRATE 127.0.0.1 {port} {name} 0 5000");
            self.order(self.owners[part], &words);
        }
    }

    fn end_move(&mut self, part: usize, to: usize) {
        let slot = self.slot(part);
        let id = self.order(to, "CLUSTER MYID");
        // Who takes it over first: then nobody is sent to a node that does not have it.
        let rest = (0..3).filter(|node| *node != to);
        for node in std::iter::once(to).chain(rest) {
            self.order(node, &format!("CLUSTER SETSLOT {slot} NODE {id}"));
        }
        self.owners[part] = to;
    }

    fn order(&self, node: usize, words: &str) -> String {
        order(self.nodes[node].port, words)
    }
}

/// What the names of a part's keys begin with.
fn prefix(part: usize) -> String {
    format!("ovenjs:cache:{{bot:{part}}}:")
}

struct Process {
    tiers: Tiered,
    space: Keyspace<u64, u64>,
    /// Served until this is dropped.
    _served: JoinSet<()>,
}

impl Process {
    fn second(&self) -> TierStats {
        self.tiers.stats().second.unwrap()
    }

    fn log(&self) -> LogStats {
        self.tiers.stats().log.unwrap()
    }
}

async fn process(store: Parts) -> Process {
    let tiers = Tiered::build(TieredConfig::new().second(Arc::new(store)));
    // Fresh for longer than any test lasts: what is seen is seen by the log.
    let config = KeyspaceConfig::new("bread", 1)
        .lifetimes(Duration::from_secs(7_200), Duration::from_secs(14_400));
    let space = tiers.keyspace(config).unwrap();
    let serving = tiers.clone();
    let mut served = JoinSet::new();
    served.spawn(async move {
        serving.serve().await;
    });
    let process = Process {
        tiers,
        space,
        _served: served,
    };
    until(async || process.log().is_current).await;
    process
}

/// The key of a value in a keyspace of numbers.
fn named(id: u64) -> Key {
    Key::new(&space(), 0, id.to_be_bytes()).unwrap()
}

/// Writes until it is acknowledged.
async fn write(store: &Parts, key: &Key, sequence: u64) {
    let entries = [(key.clone(), value(sequence, "rye"))];
    loop {
        match store.write(NOW, &entries).await {
            Ok(written) => return assert_eq!(written, [Written::Kept]),
            Err(error) => assert!(is_away(&error), "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Asks again while a part is away; the run's own bound on a test is the only one.
async fn answered<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(is_away(&error), "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
}

fn is_away(error: &StoreError) -> bool {
    matches!(error.fault(), StoreFault::PartAway | StoreFault::Away)
}

/// Asks until it is so; the run's own bound on a test is the only one.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

/// Fewer than the default, so that each has some of the keys.
const PARTS: usize = 8;

/// How long a log is listened to at once.
const HOLD: Duration = Duration::from_millis(100);
