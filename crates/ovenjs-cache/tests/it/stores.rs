//! One suite for the stores, run for each kind; long because it is all that they have in common.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ovenjs_cache::tiers::{
    BODY_BYTES_MAX, Body, Cursor, FOREVER_MS, GONE_KEPT, ID_BYTES_MAX, Key, Record, Space, Span,
    Store, StoreFault, TAGS_MAX, Tag, Version, Written,
};
use tokio::task::JoinSet;

use crate::{
    polled::polled,
    rooms::{NOW, Room, get, get_at, key, put, put_at, record, space, value, version},
};

/// The suite: what a store of any kind does.
macro_rules! suite {
    ($($kind:ident: $open:expr),* $(,)?) => {$(
        mod $kind {
            suite!(@stories $open =>
                the_newest_stays_whoever_writes_when,
                the_same_version_may_be_written_again,
                a_deleted_thing_does_not_come_back,
                another_source_needs_a_higher_epoch,
                what_was_loaded_fills_what_is_absent_and_nothing_else,
                what_is_over_is_not_there,
                tags_have_generations_that_never_come_back,
                many_tags_are_asked_for_in_one_call,
                one_of_many_holds_a_key,
                a_span_is_scanned_in_pages,
                a_span_is_erased_and_the_others_stay,
                what_is_over_is_swept_and_the_rest_stays,
                what_exceeds_a_bound_is_refused_whole,
                the_longest_key_and_a_large_body_fit,
                many_keys_are_asked_for_in_one_call,
                nothing_is_asked_for_nothing,
                calls_that_are_dropped_leave_a_store_that_works,
            );

            #[tokio::test]
            async fn it_is_the_same_as_the_model() {
                for seed in 0..12 {
                    let room = $open.await;
                    crate::model::the_same(&*room.ours, seed).await;
                }
            }
        }
    )*};
    (@stories $open:expr => $($story:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $story() {
            super::$story($open.await).await;
        }
    )*};
}

suite! {
    memory: async { crate::rooms::memory() },
}

#[cfg(feature = "sqlite")]
suite! {
    sqlite: async { crate::rooms::sqlite() },
}

#[cfg(feature = "postgres")]
suite! {
    needs_postgres: async { crate::rooms::postgres() },
}

#[cfg(feature = "postgres")]
suite! {
    needs_postgres_with_a_replica: async { crate::rooms::postgres_with_a_replica() },
}

#[cfg(feature = "mysql")]
suite! {
    needs_mysql: async { crate::rooms::mysql() },
}

#[cfg(feature = "redis")]
suite! {
    needs_redis: async { crate::rooms::redis() },
}

#[cfg(feature = "redis")]
suite! {
    needs_redis_cluster: async { crate::rooms::redis_cluster() },
}

#[cfg(any(feature = "tiers", feature = "redis"))]
suite! {
    parts: async { crate::rooms::parts() },
}

async fn the_newest_stays_whoever_writes_when(room: Room) {
    let mut writers = JoinSet::new();
    for writer in 0..8_u64 {
        let store = Arc::clone(if writer % 2 == 0 {
            &room.ours
        } else {
            &room.theirs
        });
        writers.spawn(async move {
            let mut kept = 0;
            // Each writer has its own order: 0..40 multiplied by what has no divisor with 41.
            for step in 1..41 {
                let sequence = step * (writer + 2) % 41;
                match put(&*store, &key("rye"), value(sequence, "rye")).await {
                    Written::Kept => kept += 1,
                    Written::Older(held) => {
                        assert!(held.sequence > sequence, "{held:?} {sequence}")
                    }
                }
            }
            kept
        });
    }
    let reader = Arc::clone(&room.theirs);
    let mut last = 0;
    while last < 40 {
        if let Some(record) = get(&*reader, &key("rye")).await {
            assert!(
                record.version.sequence >= last,
                "what was read once is not taken back"
            );
            last = record.version.sequence;
        }
        tokio::task::yield_now().await;
    }
    let kept: u64 = writers.join_all().await.into_iter().sum();
    assert!(kept >= 8, "each writer wrote the newest once");
    assert_eq!(get(&*room.ours, &key("rye")).await, Some(value(40, "rye")));
}

async fn the_same_version_may_be_written_again(room: Room) {
    let store = &*room.ours;
    assert_eq!(
        put(store, &key("rye"), value(3, "rye")).await,
        Written::Kept
    );
    let again = Record {
        soft_ms: NOW + 5,
        lent_ms: NOW + 6,
        ..value(3, "rye")
    };
    assert_eq!(put(store, &key("rye"), again.clone()).await, Written::Kept);
    assert_eq!(get(&*room.theirs, &key("rye")).await, Some(again));
}

async fn a_deleted_thing_does_not_come_back(room: Room) {
    let store = &*room.ours;
    put(store, &key("rye"), value(5, "rye")).await;
    let kept_ms = u64::try_from(GONE_KEPT.as_millis()).unwrap();
    let gone = Record {
        hard_ms: NOW + kept_ms,
        ..record(version(7), Body::Gone)
    };
    assert_eq!(put(store, &key("rye"), gone.clone()).await, Written::Kept);
    // One that was on its way since before, and a request's answer.
    assert_eq!(
        put(&*room.theirs, &key("rye"), value(6, "rye")).await,
        Written::Older(version(7))
    );
    let loaded = record(Version::loaded(NOW), Body::Value("rye".into()));
    assert_eq!(
        put(store, &key("rye"), loaded).await,
        Written::Older(version(7))
    );
    assert_eq!(get(store, &key("rye")).await, Some(gone));
    assert_eq!(get_at(store, NOW + kept_ms, &key("rye")).await, None);
    assert_eq!(
        put_at(store, NOW + kept_ms, &key("rye"), value(6, "rye")).await,
        Written::Kept
    );
}

async fn another_source_needs_a_higher_epoch(room: Room) {
    let store = &*room.ours;
    let held = Version {
        source: 3,
        epoch: 5,
        sequence: 1,
    };
    put(store, &key("rye"), record(held, Body::Gone)).await;
    for refused in [
        Version {
            source: 4,
            epoch: 5,
            sequence: u64::MAX,
        },
        Version {
            source: 2,
            epoch: 5,
            sequence: 2,
        },
        Version {
            source: 4,
            epoch: 4,
            sequence: 2,
        },
        Version {
            source: 3,
            epoch: 4,
            sequence: u64::MAX,
        },
        Version {
            source: 3,
            epoch: 5,
            sequence: 0,
        },
    ] {
        let written = put(store, &key("rye"), record(refused, Body::Absent)).await;
        assert_eq!(written, Written::Older(held), "{refused:?}");
    }
    for taken in [
        Version {
            source: 4,
            epoch: 6,
            sequence: 0,
        },
        Version {
            source: 4,
            epoch: 6,
            sequence: 1 << 40,
        },
        Version {
            source: 0,
            epoch: 1 << 63,
            sequence: 0,
        },
        Version {
            source: u32::MAX,
            epoch: u64::MAX,
            sequence: u64::MAX,
        },
    ] {
        let body = Body::Value(format!("{taken:?}").into());
        assert_eq!(
            put(store, &key("rye"), record(taken, body.clone())).await,
            Written::Kept
        );
        assert_eq!(get(store, &key("rye")).await, Some(record(taken, body)));
    }
}

async fn what_was_loaded_fills_what_is_absent_and_nothing_else(room: Room) {
    let store = &*room.ours;
    let loaded = |now_ms| record(Version::loaded(now_ms), Body::Value("loaded".into()));
    assert_eq!(put(store, &key("rye"), loaded(NOW)).await, Written::Kept);
    assert_eq!(
        put(store, &key("rye"), loaded(NOW + 1)).await,
        Written::Kept,
        "a later one"
    );
    let older = put(store, &key("rye"), loaded(NOW)).await;
    assert_eq!(older, Written::Older(Version::loaded(NOW + 1)));
    assert_eq!(
        put(store, &key("rye"), value(1, "told")).await,
        Written::Kept
    );
    assert_eq!(
        put(store, &key("rye"), loaded(NOW + 2)).await,
        Written::Older(version(1))
    );
    assert_eq!(get(store, &key("rye")).await, Some(value(1, "told")));
}

async fn what_is_over_is_not_there(room: Room) {
    let store = &*room.ours;
    let short = Record {
        hard_ms: NOW + 60_000,
        ..value(9, "rye")
    };
    put(store, &key("rye"), short.clone()).await;
    assert_eq!(get_at(store, NOW + 59_999, &key("rye")).await, Some(short));
    assert_eq!(get_at(store, NOW + 60_000, &key("rye")).await, None);
    // It keeps nobody out either, whatever its version was.
    let written = put_at(store, NOW + 60_000, &key("rye"), value(1, "next")).await;
    assert_eq!(written, Written::Kept);
    assert_eq!(
        get_at(store, NOW + 60_000, &key("rye")).await,
        Some(value(1, "next"))
    );
    // One that is over when it is written replaces all the same.
    let over = Record {
        hard_ms: NOW,
        ..value(2, "late")
    };
    assert_eq!(put(store, &key("rye"), over).await, Written::Kept);
    assert_eq!(get(store, &key("rye")).await, None);
}

async fn tags_have_generations_that_never_come_back(room: Room) {
    let tags = [Tag::new("guild 1").unwrap(), Tag::new("guïld: *").unwrap()];
    let first = room.ours.generations(NOW, &tags).await.unwrap();
    assert_eq!(
        first,
        [NOW, NOW],
        "one that is not known begins with the time"
    );
    assert_eq!(
        room.theirs.generations(NOW + 9, &tags).await.unwrap(),
        first
    );
    // In the same millisecond, and by a clock that is behind.
    let mut last = NOW;
    for now_ms in [NOW, NOW, NOW - 5_000, NOW + 50] {
        let bumped = room.theirs.bump(now_ms, &tags[..1]).await.unwrap();
        assert!(bumped[0] > last, "{bumped:?} after {last}");
        last = bumped[0];
        assert_eq!(
            room.ours.generations(NOW, &tags).await.unwrap(),
            [last, NOW]
        );
    }
    assert_eq!(last, NOW + 50);
    // Of those who bump at once each makes one of its own.
    let mut bumps = JoinSet::new();
    for number in 0..8 {
        let (store, tag) = (Arc::clone(&room.ours), tags[1].clone());
        bumps.spawn(async move { store.bump(NOW - number, &[tag]).await.unwrap()[0] });
    }
    let mut made = bumps.join_all().await;
    made.sort_unstable();
    assert_eq!(made, (1..=8).map(|later| NOW + later).collect::<Vec<_>>());
}

async fn many_tags_are_asked_for_in_one_call(room: Room) {
    let tags: Vec<_> = (0..700)
        .map(|tag| Tag::new(&format!("tag {tag}")).unwrap())
        .collect();
    let bumped = room.ours.bump(NOW, &tags[..300]).await.unwrap();
    assert_eq!(bumped, vec![NOW; 300]);
    let twice = [tags[1].clone(), tags[0].clone(), tags[1].clone()];
    assert_eq!(
        room.ours.bump(NOW, &twice).await.unwrap(),
        [NOW + 1, NOW + 1, NOW + 2]
    );
    let mut expected = vec![NOW; 300];
    expected[..2].copy_from_slice(&[NOW + 1, NOW + 2]);
    expected.resize(700, NOW + 7);
    assert_eq!(
        room.theirs.generations(NOW + 7, &tags).await.unwrap(),
        expected
    );
    let same = [tags[0].clone(), tags[0].clone()];
    assert_eq!(
        room.ours.generations(NOW, &same).await.unwrap(),
        [NOW + 1; 2]
    );
}

async fn one_of_many_holds_a_key(room: Room) {
    let (ours, theirs) = (&*room.ours, &*room.theirs);
    let minute = Duration::from_secs(60);
    put(ours, &key("rye"), value(1, "rye")).await;
    assert!(
        ours.claim(NOW, &key("rye"), u64::MAX, minute)
            .await
            .unwrap()
    );
    assert!(
        !theirs
            .claim(NOW + 59_999, &key("rye"), 2, minute)
            .await
            .unwrap()
    );
    assert!(theirs.claim(NOW, &key("spelt"), 2, minute).await.unwrap());
    assert!(
        ours.claim(NOW + 1, &key("rye"), u64::MAX, minute)
            .await
            .unwrap(),
        "whose it is"
    );
    theirs.release(&key("rye"), 2).await.unwrap();
    assert!(
        !theirs
            .claim(NOW + 60_000, &key("rye"), 2, minute)
            .await
            .unwrap()
    );
    ours.release(&key("rye"), u64::MAX).await.unwrap();
    assert!(theirs.claim(NOW, &key("rye"), 2, minute).await.unwrap());
    // One that died.
    assert!(
        ours.claim(NOW + 60_000, &key("rye"), 3, minute)
            .await
            .unwrap()
    );
    assert_eq!(
        get(ours, &key("rye")).await,
        Some(value(1, "rye")),
        "the record is another thing"
    );
    let mut claims = JoinSet::new();
    for holder in 0..16 {
        let store = Arc::clone(if holder % 2 == 0 {
            &room.ours
        } else {
            &room.theirs
        });
        claims.spawn(async move {
            store
                .claim(NOW, &key("wheat"), holder, minute)
                .await
                .unwrap()
        });
    }
    let held = claims.join_all().await;
    assert_eq!(held.iter().filter(|held| **held).count(), 1);
}

async fn a_span_is_scanned_in_pages(room: Room) {
    let store = &*room.ours;
    let mut entries = Vec::new();
    let mut expected = BTreeMap::new();
    for scope in [0, 1, 1 << 63, u64::MAX] {
        for number in 0..40_u8 {
            // Ids that a pattern, a separator or a text would stumble over.
            let key = Key::new(&space(), scope, [b':', number, b'*', 0, 0xff]).unwrap();
            entries.push((key.clone(), value(1, "rye")));
            expected.insert(key, value(1, "rye"));
        }
    }
    let over = Record {
        hard_ms: NOW,
        ..value(1, "over")
    };
    entries.push((Key::new(&space(), 1, "over").unwrap(), over));
    for near in ["bread2", "brea", "bread-"] {
        let space = Space::new(near, 1).unwrap();
        entries.push((Key::new(&space, 1, "other").unwrap(), value(1, "other")));
    }
    let schema = Space::new("bread", 11).unwrap();
    entries.push((Key::new(&schema, 1, "other").unwrap(), value(1, "other")));
    store.write(NOW, &entries).await.unwrap();

    for limit in [1, 7, 40, 10_000] {
        let all = Span {
            space: space(),
            scope: None,
        };
        assert_eq!(scanned(store, &all, limit).await, expected, "{limit}");
    }
    for scope in [0, 1, u64::MAX] {
        let span = Span {
            space: space(),
            scope: Some(scope),
        };
        let mut part = expected.clone();
        part.retain(|key, _| key.scope() == scope);
        assert_eq!(part.len(), 40);
        assert_eq!(scanned(store, &span, 9).await, part, "{scope}");
    }
    let nothing = Span {
        space: space(),
        scope: Some(10),
    };
    assert_eq!(scanned(store, &nothing, 9).await, BTreeMap::new());
}

async fn scanned(store: &dyn Store, span: &Span, limit: usize) -> BTreeMap<Key, Record> {
    let mut found = BTreeMap::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store.scan(NOW, span, after.as_ref(), limit).await.unwrap();
        found.extend(page.records);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn a_span_is_erased_and_the_others_stay(room: Room) {
    let store = &*room.ours;
    let other = Space::new("rolls", 1).unwrap();
    let keys: Vec<_> = [&space(), &other]
        .into_iter()
        .flat_map(|space| {
            (0..6).map(|number: u8| Key::new(space, u64::from(number % 3), [b'0', number]).unwrap())
        })
        .collect();
    let entries: Vec<_> = keys
        .iter()
        .map(|key| (key.clone(), value(4, "x")))
        .collect();
    store.write(NOW, &entries).await.unwrap();
    let erased = store
        .erase(&Span {
            space: space(),
            scope: Some(1),
        })
        .await
        .unwrap();
    assert_eq!(erased, 2);
    let left = |gone: fn(&Key) -> bool| -> Vec<_> {
        keys.iter().filter(|key| !gone(key)).cloned().collect()
    };
    let there = async |keys: &[Key]| {
        let found = store.read(NOW, keys).await.unwrap();
        let there = keys.iter().zip(found).filter(|(_, found)| found.is_some());
        there.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        there(&keys).await,
        left(|key| key.space().as_str() == "bread.1" && key.scope() == 1)
    );
    // What was erased is forgotten with its version.
    assert_eq!(put(store, &keys[1], value(1, "older")).await, Written::Kept);
    assert_eq!(
        store
            .erase(&Span {
                space: space(),
                scope: None
            })
            .await
            .unwrap(),
        5
    );
    assert_eq!(
        there(&keys).await,
        left(|key| key.space().as_str() == "bread.1")
    );
    assert_eq!(
        store
            .erase(&Span {
                space: space(),
                scope: None
            })
            .await
            .unwrap(),
        0
    );
}

async fn what_is_over_is_swept_and_the_rest_stays(room: Room) {
    let store = &*room.ours;
    let keys: Vec<_> = (0..30)
        .map(|number| key(&format!("loaf {number}")))
        .collect();
    let entries: Vec<_> = keys
        .iter()
        .zip(0..)
        .map(|(key, number)| {
            let hard_ms = if number < 20 {
                NOW + 60_000
            } else {
                FOREVER_MS
            };
            (
                key.clone(),
                Record {
                    hard_ms,
                    ..value(1, "rye")
                },
            )
        })
        .collect();
    store.write(NOW, &entries).await.unwrap();
    assert_eq!(store.sweep(NOW + 59_999, 100).await.unwrap(), 0);
    assert!(store.sweep(NOW + 60_000, 7).await.unwrap() <= 7);
    while store.sweep(NOW + 60_000, 7).await.unwrap() > 0 {}
    let found = store.read(NOW + 60_000, &keys).await.unwrap();
    let there: Vec<_> = found.iter().map(Option::is_some).collect();
    assert_eq!(
        there,
        (0..30).map(|number| number >= 20).collect::<Vec<_>>()
    );
}

async fn what_exceeds_a_bound_is_refused_whole(room: Room) {
    let store = &*room.ours;
    let large = record(version(1), Body::Value(vec![0; BODY_BYTES_MAX + 1].into()));
    let tag = (Tag::new("guild").unwrap(), 1);
    let tagged = Record {
        tags: vec![tag; TAGS_MAX + 1],
        ..value(1, "rye")
    };
    for refused in [large, tagged] {
        let entries = [(key("rye"), value(1, "rye")), (key("spelt"), refused)];
        let error = store.write(NOW, &entries).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::TooLarge);
        assert!(!error.is_away());
        assert_eq!(get(store, &key("rye")).await, None, "all of them or none");
    }
}

async fn the_longest_key_and_a_large_body_fit(room: Room) {
    let space = Space::new(&"s".repeat(62), 9).unwrap();
    let key = Key::new(&space, u64::MAX, vec![0xfe; ID_BYTES_MAX]).unwrap();
    let body: Vec<u8> = (0..5_000_000_u32)
        .map(|at| at.wrapping_mul(0x9e37_79b9).to_be_bytes()[0])
        .collect();
    let tags = (0..16)
        .map(|tag| (Tag::new(&"t".repeat(100 + tag)).unwrap(), u64::MAX))
        .collect();
    let large = Record {
        tags,
        ..record(version(1), Body::Value(body.into()))
    };
    let entries = [
        (key.clone(), large.clone()),
        (self::key("rye"), value(1, "rye")),
    ];
    assert_eq!(
        room.ours.write(NOW, &entries).await.unwrap(),
        [Written::Kept; 2]
    );
    assert_eq!(get(&*room.theirs, &key).await, Some(large));
    assert_eq!(
        get(&*room.theirs, &self::key("rye")).await,
        Some(value(1, "rye"))
    );
}

async fn many_keys_are_asked_for_in_one_call(room: Room) {
    let keys: Vec<_> = (0..1_500)
        .map(|number| key(&format!("loaf {number}")))
        .collect();
    let mut entries: Vec<_> = keys
        .iter()
        .map(|key| (key.clone(), value(2, "first")))
        .collect();
    // The same keys again: some newer, some older, in one call.
    for (number, key) in keys.iter().enumerate().take(600) {
        entries.push((
            key.clone(),
            value(if number % 2 == 0 { 3 } else { 1 }, "second"),
        ));
    }
    let written = room.ours.write(NOW, &entries).await.unwrap();
    assert_eq!(written.len(), 2_100);
    assert_eq!(written[..1_500], [Written::Kept; 1_500]);
    for (number, written) in written[1_500..].iter().enumerate() {
        let expected = if number % 2 == 0 {
            Written::Kept
        } else {
            Written::Older(version(2))
        };
        assert_eq!(*written, expected, "{number}");
    }
    let asked: Vec<_> = keys
        .iter()
        .flat_map(|known| [known.clone(), key("unknown"), known.clone()])
        .collect();
    let found = room.theirs.read(NOW, &asked).await.unwrap();
    assert_eq!(found.len(), 4_500);
    for (number, found) in found.chunks(3).enumerate() {
        let newer = number < 600 && number % 2 == 0;
        let expected = if newer {
            value(3, "second")
        } else {
            value(2, "first")
        };
        assert_eq!(
            found,
            [Some(expected.clone()), None, Some(expected)],
            "{number}"
        );
    }
}

async fn nothing_is_asked_for_nothing(room: Room) {
    let store = &*room.ours;
    assert_eq!(store.read(NOW, &[]).await.unwrap(), []);
    assert_eq!(store.write(NOW, &[]).await.unwrap(), []);
    assert!(store.generations(NOW, &[]).await.unwrap().is_empty());
    assert!(store.bump(NOW, &[]).await.unwrap().is_empty());
}

async fn calls_that_are_dropped_leave_a_store_that_works(room: Room) {
    let store = &*room.ours;
    let keys: Vec<_> = (0..40)
        .map(|number| key(&format!("loaf {number}")))
        .collect();
    let entries = |sequence| -> Vec<_> {
        keys.iter()
            .map(|key| (key.clone(), value(sequence, "rye")))
            .collect()
    };
    let tags = [Tag::new("guild").unwrap()];
    let span = Span {
        space: space(),
        scope: None,
    };
    let mut last = NOW;
    for times in 1..40 {
        let batch = entries(u64::try_from(times).unwrap());
        polled(times, store.write(NOW, &batch)).await;
        polled(times, store.read(NOW, &keys)).await;
        polled(times, store.scan(NOW, &span, None, 10)).await;
        polled(times, store.bump(NOW, &tags)).await;
        polled(times, store.claim(NOW, &keys[0], 1, Duration::from_secs(1))).await;
        // Whatever became of them, the next call is answered, and with its own answer.
        let found = store.read(NOW, &keys).await.unwrap();
        for (key, found) in keys.iter().zip(found) {
            let written = found.map_or(0, |record| record.version.sequence);
            assert!(written <= u64::try_from(times).unwrap(), "{key:?}");
        }
        let generation = store.generations(NOW, &tags).await.unwrap()[0];
        assert!(generation >= last);
        last = generation;
    }
    assert_eq!(
        store.write(NOW, &entries(100)).await.unwrap(),
        [Written::Kept; 40]
    );
    let found = store.read(NOW, &keys).await.unwrap();
    assert!(found.iter().all(|found| *found == Some(value(100, "rye"))));
    assert_eq!(store.damaged(), 0);
}
