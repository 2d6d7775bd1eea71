//! What only a Redis does: damage, a full one, one that is killed or frozen.

use std::time::Duration;

use ovenjs_cache::tiers::{RedisStore, Space, Span, Store, StoreFault, Tag, Written};
use ovenjs_net::{
    Config, Connector, RedisAddress, RedisConfig, RedisDeadlines, RedisLink, RedisScript,
};
use ovenjs_types::Fault as _;

use crate::{
    rooms::{NOW, fresh, get, key, put, shared_redis, space, value},
    server::Server,
};

#[tokio::test]
async fn needs_redis_damage_is_as_if_nothing_were_there_and_keeps_nobody_out() {
    let (link, name) = (shared_redis(), fresh());
    let store = RedisStore::new(&link, &name);
    let place = |id: &str| format!("ovenjs:cache:{name}:r:bread.1:7:{id}");
    // A changed byte of the epoch, which makes it the newest of all; a foreign form; another key's record.
    static SPOIL: RedisScript =
        RedisScript::once("return redis.call('SETRANGE', KEYS[1], 6, string.char(255))");
    put(&store, &key("spoiled"), value(5, "rye")).await;
    link.run(&SPOIL, &[&place("spoiled")], &[]).await.unwrap();
    link.set(
        &place("foreign"),
        b"what is this, which is no record?",
        None,
    )
    .await
    .unwrap();
    put(&store, &key("other"), value(5, "rye")).await;
    let other = link.get(&place("other")).await.unwrap().unwrap();
    link.set(&place("swapped"), &other, None).await.unwrap();

    for (count, id) in (1..).zip(["spoiled", "foreign", "swapped"]) {
        assert_eq!(get(&store, &key(id)).await, None, "{id}");
        assert_eq!(store.damaged(), count);
        assert_eq!(
            put(&store, &key(id), value(1, "next")).await,
            Written::Kept,
            "{id}"
        );
        assert_eq!(get(&store, &key(id)).await, Some(value(1, "next")), "{id}");
    }
    link.set(&place("foreign"), b"again", None).await.unwrap();
    let span = Span {
        space: space(),
        scope: None,
    };
    let mut page = store.scan(NOW, &span, None, 1_000).await.unwrap();
    let mut found = page.records.len();
    while let Some(next) = page.next {
        page = store.scan(NOW, &span, Some(&next), 1_000).await.unwrap();
        found += page.records.len();
    }
    assert_eq!((found, store.damaged()), (3, 4));
}

#[tokio::test]
async fn needs_redis_bots_of_other_names_share_nothing() {
    let (link, name) = (shared_redis(), fresh());
    // Names which would be patterns of one another.
    let stores: Vec<_> = ["a", "?", "*", "[a-z]", "a:r:bread.1"]
        .iter()
        .map(|letter| RedisStore::new(&link, &format!("{name}{letter}")))
        .collect();
    let tag = [Tag::new("guild").unwrap()];
    for (store, number) in stores.iter().zip(1..) {
        put(store, &key("rye"), value(number, "rye")).await;
        assert_eq!(
            store.bump(NOW + number, &tag).await.unwrap(),
            [NOW + number]
        );
    }
    let span = Span {
        space: space(),
        scope: None,
    };
    for (at, store) in stores.iter().enumerate() {
        assert_eq!(store.erase(&span).await.unwrap(), 1, "{at}");
        for (other, number) in stores.iter().zip(1..).skip(at + 1) {
            assert_eq!(
                get(other, &key("rye")).await,
                Some(value(number, "rye")),
                "{at}"
            );
        }
    }
}

#[tokio::test]
async fn needs_redis_a_full_one_says_so_and_still_answers() {
    let server = Server::redis(&["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]);
    let link = ready(&server, Duration::from_secs(10)).await;
    let store = RedisStore::new(&link, "bot");
    let crumbs = "x".repeat(100_000);
    let mut written = 0;
    let error = loop {
        let entries = [(key(&format!("loaf {written}")), value(1, &crumbs))];
        match store.write(NOW, &entries).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "4 MB are full some time");
    };
    assert_eq!(error.fault(), StoreFault::Full, "{error:?}");
    assert!(error.is_retryable() && !error.is_away());
    assert_eq!(get(&store, &key("loaf 0")).await, Some(value(1, &crumbs)));
    // Giving room is possible.
    let span = Span {
        space: Space::new("bread", 1).unwrap(),
        scope: None,
    };
    assert_eq!(store.erase(&span).await.unwrap(), written);
    assert_eq!(
        put(&store, &key("rye"), value(1, "rye")).await,
        Written::Kept
    );
}

#[tokio::test]
async fn needs_redis_one_that_is_frozen_or_killed_is_away_and_back_by_itself() {
    let mut server = Server::redis(&[]);
    let link = ready(&server, Duration::from_millis(250)).await;
    let store = RedisStore::new(&link, "bot");
    put(&store, &key("rye"), value(1, "rye")).await;

    server.freeze();
    let keys = [key("rye")];
    let error = store.read(NOW, &keys).await.unwrap_err();
    assert!(error.is_away() && error.is_retryable(), "{error:?}");
    server.thaw();
    link.ready().await.unwrap();
    assert_eq!(get(&store, &key("rye")).await, Some(value(1, "rye")));

    server.kill();
    let entries = [(key("rye"), value(2, "rye"))];
    let error = store.write(NOW, &entries).await.unwrap_err();
    assert!(error.is_away(), "{error:?}");
    assert!(error.to_string().contains("redis"), "{error}");
    server.restart();
    link.ready().await.unwrap();
    // The scripts are known to nobody there any more.
    assert_eq!(store.write(NOW, &entries).await.unwrap(), [Written::Kept]);
    assert_eq!(get(&store, &key("rye")).await, Some(value(2, "rye")));
}

async fn ready(server: &Server, answer: Duration) -> RedisLink {
    let address = format!("redis://127.0.0.1:{}/0", server.port);
    let deadlines = RedisDeadlines {
        connect: Duration::from_secs(3),
        answer,
        total: Duration::from_secs(5),
    };
    let config = RedisConfig::new(RedisAddress::parse(&address).unwrap()).deadlines(deadlines);
    let link = RedisLink::build(config, Connector::build(Config::new()).unwrap());
    link.ready().await.unwrap();
    link
}
