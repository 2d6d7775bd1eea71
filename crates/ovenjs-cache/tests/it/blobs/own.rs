//! What is the bot's own, and what is to be erased.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use ovenjs_cache::{
    blobs::{Asset, BlobErrorKind, BlobStore, MemoryBlobs},
    tiers::{Asked, StoreError, StoreFault},
};
use ovenjs_types::Fault as _;

use super::{
    Room,
    server::{Answer, Server},
};

#[tokio::test]
async fn the_bots_own_stays_however_much_is_fetched_and_more_than_may_be_is_refused() {
    let cdn = Server::start(|request| Answer::new(200, request.path.repeat(5_000))).await;
    let room = Room::new();
    let bounded = |room: &Room| room.with(&cdn, |config| config.bytes(20_000).own_bytes(20_000));
    let blobs = bounded(&room);
    let (one, other) = (Asset::named("one"), Asset::named("other"));
    let large = |letter: u8| Bytes::from(vec![letter; 10_000]);
    blobs.put(&one, large(1), Some("a/b")).await.unwrap();
    for path in ["/a", "/b", "/c", "/d"] {
        let asset = Asset::at(&cdn.at(path)).unwrap();
        blobs.get(&asset).await.unwrap();
    }
    assert_eq!(blobs.stats().evicted, 2);
    assert_eq!(blobs.get(&one).await.unwrap().unwrap(), large(1));
    // To put it anew takes no more room, and to put too much changes nothing.
    blobs.put(&other, large(2), None).await.unwrap();
    blobs.put(&one, large(3), Some("a/b")).await.unwrap();
    for name in ["third", "one"] {
        let larger = Bytes::from(vec![4; 10_001]);
        let error = blobs.put(&Asset::named(name), larger, None).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), BlobErrorKind::Full, "{name}");
        assert!(error.to_string().contains("own_bytes"), "{error}");
        assert!(!error.is_retryable());
    }
    let stats = blobs.stats();
    assert_eq!((stats.own, stats.own_bytes, stats.blobs), (2, 20_000, 2));
    // The next process finds it, though the index knows of nothing.
    let next = Room {
        store: room.store.clone(),
        ..Room::new()
    };
    let next = bounded(&next);
    assert_eq!(next.get(&one).await.unwrap().unwrap(), large(3));
    let about = next.about(&one).await.unwrap().unwrap();
    assert_eq!((about.bytes, about.kind), (10_000, None));
    // And so does one whose index has not heard of what another one put.
    next.put(&one, large(5), None).await.unwrap();
    assert_eq!(blobs.get(&one).await.unwrap().unwrap(), large(5));
    next.remove(&one).await.unwrap();
    assert_eq!(blobs.get(&one).await.unwrap(), None);
    assert_eq!(room.store.names("own/").await.unwrap().len(), 1);
    next.put(&Asset::named("third"), large(6), None)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_could_not_be_erased_is_erased_by_the_next_attempt() {
    let cdn = Server::start(|_| Answer::new(200, "bread")).await;
    let room = Room::new();
    let stuck = Arc::new(Stuck {
        store: Arc::clone(&room.store),
        is_stuck: AtomicBool::new(true),
    });
    let blobs = room.with(&cdn, |mut config| {
        config.store = stuck.clone();
        config
    });
    let (fetched, own) = (Asset::at(&cdn.at("/rye")).unwrap(), Asset::named("own"));
    blobs.get(&fetched).await.unwrap();
    blobs.put(&own, "cake".into(), None).await.unwrap();
    for asset in [&fetched, &own] {
        assert!(blobs.erase(asset).await.is_err());
    }
    stuck.is_stuck.store(false, Ordering::Relaxed);
    for asset in [&fetched, &own] {
        assert!(blobs.erase(asset).await.unwrap());
    }
    assert_eq!(room.store.names("").await.unwrap(), []);
}

/// A store that forgets nothing while it is stuck.
#[derive(Debug)]
struct Stuck {
    store: Arc<MemoryBlobs>,
    is_stuck: AtomicBool,
}

impl BlobStore for Stuck {
    fn write<'a>(&'a self, name: &'a str, bytes: Bytes) -> Asked<'a, ()> {
        self.store.write(name, bytes)
    }

    fn read<'a>(&'a self, name: &'a str, from: u64, limit: usize) -> Asked<'a, Option<Bytes>> {
        self.store.read(name, from, limit)
    }

    fn names<'a>(&'a self, prefix: &'a str) -> Asked<'a, Vec<(String, u64)>> {
        self.store.names(prefix)
    }

    fn remove<'a>(&'a self, name: &'a str) -> Asked<'a, ()> {
        if self.is_stuck.load(Ordering::Relaxed) {
            let away = StoreError::new("store of the story", StoreFault::Away);
            return Box::pin(std::future::ready(Err(away)));
        }
        self.store.remove(name)
    }
}
