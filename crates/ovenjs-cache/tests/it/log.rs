//! One suite for the logs of stores, and what a log on a Redis goes through.

use std::time::Duration;

use ovenjs_cache::tiers::{Body, Heard, Place, Record, Span, Store, Tag, Told, Version};

use crate::rooms::{NOW, Room, get, key, put, space, value, version};

macro_rules! suite {
    ($($kind:ident: $open:expr),* $(,)?) => {$(
        mod $kind {
            suite!(@stories $open =>
                what_is_kept_is_told_in_its_order_and_what_is_not_is_not,
                who_waits_is_told_at_once,
                many_are_heard_in_parts_and_again,
            );
        }
    )*};
    (@stories $open:expr => $($story:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $story() {
            super::$story($open).await;
        }
    )*};
}

suite! {
    memory: crate::rooms::memory(),
    parts: crate::rooms::parts(),
}

#[cfg(feature = "redis")]
suite! {
    needs_redis: crate::rooms::redis(),
    needs_redis_cluster: crate::rooms::redis_cluster(),
}

async fn what_is_kept_is_told_in_its_order_and_what_is_not_is_not(room: Room) {
    let (ours, theirs) = (&*room.ours, &*room.theirs);
    put(ours, &key("before"), value(1, "rye")).await;
    let begin = end(theirs).await;
    put(ours, &key("rye"), value(5, "rye")).await;
    put(theirs, &key("rye"), value(4, "late")).await;
    let loaded = Record {
        hard_ms: NOW + 60_000,
        version: Version::loaded(NOW),
        ..value(0, "x")
    };
    put(theirs, &key("a:*\u{0}é"), loaded).await;
    put(
        ours,
        &key("rye"),
        Record {
            body: Body::Gone,
            ..value(6, "")
        },
    )
    .await;
    let tag = Tag::new("guild: 1").unwrap();
    ours.generations(NOW, std::slice::from_ref(&tag))
        .await
        .unwrap();
    let generation = ours.bump(NOW, std::slice::from_ref(&tag)).await.unwrap()[0];
    let erased = Told::Erased {
        span: Span {
            space: space(),
            scope: Some(7),
        },
        pattern: Some("a*".into()),
        by: u64::MAX,
    };
    ours.log().unwrap().tell(&erased).await.unwrap();
    let written = |id, version, hard_ms| Told::Written {
        key: key(id),
        version,
        hard_ms,
    };
    let forever = value(1, "").hard_ms;
    let expected = [
        written("rye", version(5), forever),
        written("a:*\u{0}é", Version::loaded(NOW), NOW + 60_000),
        written("rye", version(6), forever),
        Told::Bumped { tag, generation },
        erased,
    ];
    let expected = of_each(ours, expected.to_vec());
    assert_eq!(of_each(theirs, all(theirs, &begin, 5).await), expected);
    // Whoever was cut off hears it again, from wherever he was.
    assert_eq!(of_each(ours, all(ours, &begin, 5).await), expected);
    assert_eq!(get(ours, &key("rye")).await.unwrap().body, Body::Gone);
}

async fn who_waits_is_told_at_once(room: Room) {
    let place = end(&*room.theirs).await;
    let log = room.theirs.log().unwrap();
    let rye = key("rye");
    let (heard, _) = tokio::join!(
        log.listen(Some(&place), Duration::from_secs(60)),
        put(&*room.ours, &rye, value(1, "rye")),
    );
    assert_eq!(heard.unwrap().told.len(), 1);
    let place = end(&*room.theirs).await;
    let nothing = after(&*room.theirs, &place).await;
    assert_eq!((nothing.told, nothing.next), (Vec::new(), Some(place)));
}

async fn many_are_heard_in_parts_and_again(room: Room) {
    let begin = end(&*room.ours).await;
    let entries: Vec<_> = (0..2_500)
        .map(|number| (key(&number.to_string()), value(1, "x")))
        .collect();
    room.ours.write(NOW, &entries).await.unwrap();
    let (mut place, mut told) = (begin, Vec::new());
    while told.len() < entries.len() {
        let heard = after(&*room.theirs, &place).await;
        assert!(heard.told.len() <= 1_000 * room.theirs.parts());
        told.extend(heard.told);
        place = heard.next.unwrap();
    }
    let expected = entries.into_iter().map(|(key, record)| Told::Written {
        key,
        version: record.version,
        hard_ms: record.hard_ms,
    });
    let ours = &*room.ours;
    assert_eq!(of_each(ours, told), of_each(ours, expected.collect()));
}

/// What is told after a place, which may be heard in several answers.
async fn all(store: &dyn Store, place: &Place, count: usize) -> Vec<Told> {
    let (mut place, mut told) = (place.clone(), Vec::new());
    while told.len() < count {
        let heard = after(store, &place).await;
        told.extend(heard.told);
        place = heard.next.unwrap();
    }
    told
}

/// The same, in an order in which a store in parts and one that is whole tell it: that of each thing is kept.
fn of_each(store: &dyn Store, mut told: Vec<Told>) -> Vec<Told> {
    if store.parts() > 1 {
        told.sort_by_key(|one| match one {
            Told::Written { key, .. } => format!("{key:?}"),
            other => format!("{other:?}"),
        });
    }
    told
}

async fn end(store: &dyn Store) -> Place {
    let heard = store.log().unwrap().listen(None, Duration::ZERO).await;
    heard.unwrap().next.unwrap()
}

async fn after(store: &dyn Store, place: &Place) -> Heard {
    let log = store.log().unwrap();
    log.listen(Some(place), Duration::from_millis(1))
        .await
        .unwrap()
}

#[cfg(feature = "redis")]
mod redis {
    use std::sync::Arc;

    use ovenjs_cache::tiers::{
        Keyspace, KeyspaceConfig, RedisStore, Tiered, TieredConfig, TieredStats,
    };
    use ovenjs_net::RedisScript;
    use tokio::task::JoinSet;

    use super::*;
    use crate::{
        rooms::{fresh, shared_redis},
        server::Server,
    };

    #[tokio::test]
    async fn needs_redis_what_was_cut_off_or_emptied_or_is_not_understood_is_a_gap() {
        static CUT: RedisScript =
            RedisScript::once("return redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[1])");
        let (link, name) = (shared_redis(), fresh());
        let store = RedisStore::new(&link, &name);
        let log = format!("ovenjs:cache:{name}:log");
        for (sequence, kept) in [(1, b"1"), (3, b"0")] {
            let place = end(&store).await;
            put(&store, &key("rye"), value(sequence, "rye")).await;
            put(&store, &key("rye"), value(sequence + 1, "rye")).await;
            assert_eq!(after(&store, &place).await.told.len(), 2);
            link.run(&CUT, &[&log], &[kept]).await.unwrap();
            assert_eq!(after(&store, &place).await, Heard::default());
        }
        let place = end(&store).await;
        link.stream_add(&log, 100, &[("e", b"z: what a later version tells")])
            .await
            .unwrap();
        assert_eq!(after(&store, &place).await, Heard::default());
        let place = end(&store).await;
        put(&store, &key("rye"), value(5, "rye")).await;
        assert_eq!(after(&store, &place).await.told.len(), 1, "and it goes on");
        let foreign = other_place().await;
        let error = store
            .log()
            .unwrap()
            .listen(Some(&foreign), Duration::ZERO)
            .await;
        assert!(error.is_err());
    }

    async fn other_place() -> Place {
        end(&ovenjs_cache::tiers::Memory::new(1)).await
    }

    #[tokio::test]
    async fn needs_redis_what_is_written_is_seen_whatever_becomes_of_the_server() {
        let mut server = Server::redis(&[]);
        let (one, other) = (process(&server).await, process(&server).await);
        let mut value = 0;
        let mut pass = async |what: &str| {
            value += 1;
            one.space.put(&1, value).await.unwrap();
            // Written later where the server is away, and heard whenever that is.
            until(what, async || {
                other.space.get(&1).await.unwrap().as_deref() == Some(&value)
            })
            .await;
        };
        pass("it is well").await;
        server.freeze();
        one.space.put(&2, 1).await.unwrap();
        server.thaw();
        pass("it was frozen").await;
        server.kill();
        one.space.put(&2, 2).await.unwrap();
        server.restart();
        pass("it was killed").await;
        let link = crate::rooms::link(&format!("redis://127.0.0.1:{}/0", server.port));
        static FLUSH: RedisScript = RedisScript::once("return redis.call('FLUSHALL')");
        let gaps = |process: &Process| log_of(process).gaps;
        let before = gaps(&other);
        link.run(&FLUSH, &[], &[]).await.unwrap();
        pass("it was emptied").await;
        until("a gap is found", async || gaps(&other) > before).await;
        assert!(log_of(&other).is_current);
    }

    struct Process {
        tiers: Tiered,
        space: Keyspace<u64, u64>,
        /// Served until this is dropped.
        _served: JoinSet<()>,
    }

    async fn process(server: &Server) -> Process {
        let link = crate::rooms::link(&format!("redis://127.0.0.1:{}/0", server.port));
        link.ready().await.unwrap();
        let store = Arc::new(RedisStore::new(&link, "bot"));
        let tiers = Tiered::build(TieredConfig::new().second(store));
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
        until("the log is followed", async || log_of(&process).is_current).await;
        process
    }

    fn log_of(process: &Process) -> ovenjs_cache::tiers::LogStats {
        let TieredStats { log, .. } = process.tiers.stats();
        log.unwrap()
    }

    /// Asks until it is so; the run's own bound on a test is the only one.
    async fn until(_what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    }
}
