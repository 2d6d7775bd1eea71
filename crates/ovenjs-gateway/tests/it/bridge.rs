//! One suite for the bridge, run over a Redis and over NATS JetStream, which are killed and frozen.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the stories and their helpers fail by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ovenjs_gateway::{
    ErrorKind,
    bridge::{BridgeConfig, Consumer, Keep, Publisher, Received},
};
use ovenjs_types::{Dispatch, EventKind, Id, Origin, ShardId, Version};

use crate::{bus::fresh, server::Server};

/// The suite: what a bridge over any server does.
macro_rules! suite {
    ($kind:ident: $server:ty) => {
        mod $kind {
            use super::*;

            suite!(@stories $server =>
                what_goes_in_comes_out_once_and_in_order,
                an_event_that_a_worker_left_is_given_to_another,
                a_dropped_wait_loses_no_event,
                a_group_shares_the_events_and_every_group_gets_all,
                a_full_stream_holds_its_publisher_back,
                nothing_is_lost_while_the_server_is_killed_and_frozen,
                a_stream_of_the_newest_forgets_the_oldest,
            );
        }
    };
    (@stories $server:ty => $($story:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $story() {
            super::$story::<$server>().await;
        }
    )*};
}

#[cfg(feature = "redis")]
suite!(needs_redis: overs::Redis);

#[cfg(feature = "nats")]
suite!(needs_nats: overs::Nats);

/// A server and how to reach it.
trait Over: Sized {
    /// The one that all tests share.
    async fn shared() -> Self;

    /// One that can be killed.
    async fn own() -> (Self, Server);

    async fn publisher(&self, config: &BridgeConfig) -> Publisher;

    fn consumer(&self, config: &BridgeConfig, group: &str, worker: &str) -> Consumer;
}

async fn what_goes_in_comes_out_once_and_in_order<O: Over>() {
    let (over, config) = (O::shared().await, config());
    let publisher = over.publisher(&config).await;
    let raw = "{\"content\":\"ab\\u0000c \\n\",\"n\":1.50}";
    let sent = Dispatch::new(
        shard(1),
        Version { epoch: 9, seq: 3 },
        "MESSAGE_CREATE",
        raw,
    );
    publisher
        .publish(sent.clone())
        .await
        .unwrap()
        .await
        .unwrap();
    let new = Dispatch::new(
        shard(1),
        Version { epoch: 9, seq: 4 },
        "BRAND_NEW_EVENT",
        "{}",
    );
    drop(publisher.publish(new).await.unwrap());
    for seq in 5..500 {
        drop(publisher.publish(event(1, seq)).await.unwrap());
    }
    publisher.flush().await.unwrap();
    assert_eq!(publisher.stats().stored, 497);

    let mut consumer = over.consumer(&config, "work", "one");
    let first = next(&mut consumer).await;
    assert_eq!(
        (
            first.dispatch.origin,
            first.dispatch.version,
            first.dispatch.kind
        ),
        (sent.origin, sent.version, EventKind::MessageCreate)
    );
    assert_eq!(
        (&first.dispatch.raw[..], first.redelivered),
        (raw.as_bytes(), false)
    );
    first.ack();
    let second = next(&mut consumer).await;
    assert_eq!(second.dispatch.name(), "BRAND_NEW_EVENT");
    second.ack();
    for seq in 5..500 {
        let received = next(&mut consumer).await;
        assert_eq!(received.dispatch.version.seq, seq);
        received.ack();
    }
    let stats = consumer.stats();
    assert_eq!(
        (
            stats.given,
            stats.doubles,
            stats.foreign,
            stats.acks_dropped
        ),
        (497, 0, 0, 0)
    );
}

async fn an_event_that_a_worker_left_is_given_to_another<O: Over>() {
    let over = O::shared().await;
    let config = config().redelivery(Duration::from_millis(500)).prefetch(2);
    let publisher = over.publisher(&config).await;
    for seq in 0..4 {
        drop(publisher.publish(event(0, seq)).await.unwrap());
    }
    publisher.flush().await.unwrap();
    let mut dies = over.consumer(&config, "work", "dies");
    next(&mut dies).await.ack();
    let left = next(&mut dies).await;
    assert_eq!(left.dispatch.version.seq, 1);
    // It dies in the middle of its work, perhaps before its first word was told.
    drop((left, dies));
    let mut lives = over.consumer(&config, "work", "lives");
    let mut handled = BTreeMap::new();
    while !(1..4).all(|seq| handled.contains_key(&seq)) {
        let received = next(&mut lives).await;
        let former = handled.insert(received.dispatch.version.seq, received.redelivered);
        assert_eq!(former, None, "what it has acknowledged does not come again");
        received.ack();
    }
    assert_eq!(handled.get(&1), Some(&true), "it says that it came before");
}

async fn a_dropped_wait_loses_no_event<O: Over>() {
    let (over, config) = (O::shared().await, config().prefetch(4));
    let publisher = over.publisher(&config).await;
    let mut consumer = over.consumer(&config, "work", "fickle");
    for seq in 0..30 {
        drop(publisher.publish(event(0, seq)).await.unwrap());
    }
    publisher.flush().await.unwrap();
    let mut taken = Vec::new();
    let mut polls = 0;
    while taken.len() < 30 {
        let wait = crate::polled(polls, consumer.next());
        if let Some(received) = tokio::time::timeout(LONG, wait).await.unwrap() {
            let received = received.unwrap();
            taken.push(received.dispatch.version.seq);
            received.ack();
        }
        polls = (polls + 1) % 4;
        tokio::task::yield_now().await;
    }
    assert_eq!(taken, (0..30).collect::<Vec<_>>());
    assert_eq!(consumer.stats().redelivered, 0);
}

async fn a_group_shares_the_events_and_every_group_gets_all<O: Over>() {
    let (over, config) = (O::shared().await, config().keep(Keep::Newest).prefetch(1));
    let publisher = over.publisher(&config).await;
    let mut one = over.consumer(&config, "work", "one");
    let mut two = over.consumer(&config, "work", "two");
    let mut audit = over.consumer(&config, "audit", "one");
    for seq in 0..40 {
        drop(publisher.publish(event(0, seq)).await.unwrap());
    }
    publisher.flush().await.unwrap();
    let mut shares = [BTreeSet::new(), BTreeSet::new()];
    while shares.iter().map(BTreeSet::len).sum::<usize>() < 40 {
        let (place, received) = tokio::select! {
            received = one.next() => (0, received),
            received = two.next() => (1, received),
            () = tokio::time::sleep(LONG) => panic!("events are missing: {shares:?}"),
        };
        let received = received.unwrap();
        assert!(shares[place].insert(received.dispatch.version.seq));
        received.ack();
    }
    assert!(shares[0].is_disjoint(&shares[1]));
    assert!(shares.iter().all(|share| !share.is_empty()), "both worked");
    for seq in 0..40 {
        let received = next(&mut audit).await;
        assert_eq!(received.dispatch.version.seq, seq);
        received.ack();
    }
}

async fn a_full_stream_holds_its_publisher_back<O: Over>() {
    let over = O::shared().await;
    let config = config().messages(10).window(4);
    let publisher = over.publisher(&config).await;
    let mut consumer = over.consumer(&config, "work", "one");
    let all = async {
        for seq in 0..50 {
            drop(publisher.publish(event(0, seq)).await.unwrap());
        }
        publisher.flush().await.unwrap();
    };
    let handle = async {
        // Nobody works until it is full.
        while publisher.stats().retries == 0 {
            tokio::task::yield_now().await;
        }
        assert!(publisher.stats().stored <= 10, "{:?}", publisher.stats());
        for seq in 0..50 {
            let received = next(&mut consumer).await;
            assert_eq!(
                received.dispatch.version.seq, seq,
                "none is missing, none is twice"
            );
            received.ack();
        }
    };
    tokio::time::timeout(LONG, async { tokio::join!(all, handle) })
        .await
        .expect("it goes on as room is made");
    assert_eq!(publisher.stats().stored, 50);
}

async fn nothing_is_lost_while_the_server_is_killed_and_frozen<O: Over>() {
    const EVENTS: u64 = 600;
    let (over, mut server) = O::own().await;
    let config = config()
        .redelivery(Duration::from_secs(1))
        .window(16)
        .prefetch(16);
    let publisher = over.publisher(&config).await;
    let mut consumer = over.consumer(&config, "work", "one");
    let (told, mut progress) = tokio::sync::watch::channel(0_u64);
    let publish = async {
        for seq in 0..EVENTS {
            drop(publisher.publish(event(0, seq)).await.unwrap());
        }
        publisher.flush().await.unwrap();
    };
    let handle = async {
        let mut handled: BTreeMap<u64, usize> = BTreeMap::new();
        while handled.len() < usize::try_from(EVENTS).unwrap() {
            let received = consumer.next().await.unwrap();
            *handled.entry(received.dispatch.version.seq).or_default() += 1;
            received.ack();
            told.send_replace(u64::try_from(handled.len()).unwrap());
        }
        handled
    };
    let trouble = async {
        for threshold in [50, 150] {
            progress
                .wait_for(|count| *count >= threshold)
                .await
                .unwrap();
            server.kill();
            server.restart();
        }
        progress.wait_for(|count| *count >= 250).await.unwrap();
        server.freeze();
        // As long as it takes the publisher to notice.
        let before = publisher.stats().retries;
        let noticed = async {
            while publisher.stats().retries == before && publisher.stats().stored < EVENTS {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        drop(tokio::time::timeout(Duration::from_secs(8), noticed).await);
        server.thaw();
    };
    let story = async { tokio::join!(publish, handle, trouble) };
    let ((), handled, ()) = tokio::time::timeout(Duration::from_secs(60), story)
        .await
        .unwrap_or_else(|_| panic!("{:?}", publisher.stats()));
    assert!(handled.keys().copied().eq(0..EVENTS));
    assert_eq!(publisher.stats().stored, EVENTS);
    assert_eq!(publisher.stats().refused, 0);
}

async fn a_stream_of_the_newest_forgets_the_oldest<O: Over>() {
    let over = O::shared().await;
    let config = config().keep(Keep::Newest).messages(100);
    let publisher = over.publisher(&config).await;
    for seq in 0..1_000 {
        drop(publisher.publish(event(0, seq)).await.unwrap());
    }
    publisher.flush().await.unwrap();
    let mut consumer = over.consumer(&config, "late", "one");
    let first = next(&mut consumer).await.dispatch.version.seq;
    // A Redis trims by the hundred.
    assert!((700..=900).contains(&first), "{first}");
}

#[cfg(feature = "nats")]
#[tokio::test]
async fn needs_nats_what_a_restarted_publisher_sends_again_is_stored_once() {
    let (over, config) = (overs::Nats::shared().await, config());
    for _ in 0..3 {
        let publisher = over.publisher(&config).await;
        for seq in 0..20 {
            drop(publisher.publish(event(0, seq)).await.unwrap());
        }
        // The same number of another shard is another event.
        drop(publisher.publish(event(1, 0)).await.unwrap());
        publisher.flush().await.unwrap();
    }
    let publisher = over.publisher(&config).await;
    let last = Dispatch::new(Origin::Http, Version::default(), "X", "{}");
    drop(publisher.publish(last).await.unwrap());
    publisher.flush().await.unwrap();
    let mut consumer = over.consumer(&config, "work", "one");
    let mut seen = Vec::new();
    loop {
        let received = next(&mut consumer).await;
        if received.dispatch.origin == Origin::Http {
            break;
        }
        seen.push((received.dispatch.origin, received.dispatch.version.seq));
        received.ack();
    }
    let expected = (0..20).map(|seq| (shard(0), seq)).chain([(shard(1), 0)]);
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

#[cfg(feature = "nats")]
#[tokio::test]
async fn needs_nats_an_event_larger_than_it_takes_is_refused_by_name_and_the_rest_goes_on() {
    let (over, config) = (overs::Nats::shared().await, config());
    let publisher = over.publisher(&config).await;
    let raw = format!("\"{}\"", "x".repeat(2 << 20));
    let large = Dispatch::new(shard(0), Version { epoch: 1, seq: 1 }, "GUILD_CREATE", raw);
    let large = publisher.publish(large).await.unwrap();
    let small = publisher.publish(event(0, 2)).await.unwrap();
    let error = large.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("max_payload"), "{error}");
    small.await.unwrap();
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn needs_redis_entries_of_others_are_counted_and_put_away() {
    let (over, config) = (overs::Redis::shared().await, config());
    let key = format!("ovenjs:bridge:{}", config.name);
    over.0
        .stream_add(&key, 10, &[("hello", b"there")])
        .await
        .unwrap();
    let publisher = over.publisher(&config).await;
    publisher.publish(event(0, 1)).await.unwrap().await.unwrap();
    let mut consumer = over.consumer(&config, "work", "one");
    next(&mut consumer).await.ack();
    assert_eq!(consumer.stats().foreign, 1);
}

mod overs {
    use super::*;

    #[cfg(feature = "redis")]
    pub(super) struct Redis(pub(super) ovenjs_net::RedisLink);

    #[cfg(feature = "redis")]
    impl Over for Redis {
        async fn shared() -> Self {
            Self(crate::shared_redis())
        }

        async fn own() -> (Self, Server) {
            let server = Server::redis(&[]);
            let link = crate::redis_at(&format!("redis://127.0.0.1:{}", server.port));
            link.ready().await.unwrap();
            (Self(link), server)
        }

        async fn publisher(&self, config: &BridgeConfig) -> Publisher {
            Publisher::to_redis(&self.0, config).unwrap()
        }

        fn consumer(&self, config: &BridgeConfig, group: &str, worker: &str) -> Consumer {
            Consumer::of_redis(&self.0, config, group, worker).unwrap()
        }
    }

    #[cfg(feature = "nats")]
    pub(super) struct Nats(ovenjs_gateway::NatsLink);

    #[cfg(feature = "nats")]
    impl Over for Nats {
        async fn shared() -> Self {
            Self(crate::shared_nats().await)
        }

        async fn own() -> (Self, Server) {
            let server = crate::nats_server();
            let link = crate::nats_at(&format!("nats://127.0.0.1:{}", server.port)).await;
            (Self(link), server)
        }

        async fn publisher(&self, config: &BridgeConfig) -> Publisher {
            Publisher::to_nats(&self.0, config).await.unwrap()
        }

        fn consumer(&self, config: &BridgeConfig, group: &str, _: &str) -> Consumer {
            Consumer::of_nats(&self.0, config, group).unwrap()
        }
    }
}

fn config() -> BridgeConfig {
    // JetStream sets its bytes aside: the tests of a run share one disk.
    BridgeConfig::new(fresh(), Id::new(42)).bytes(16 << 20)
}

fn shard(number: u32) -> Origin {
    Origin::Gateway(ShardId::new(number, 2).unwrap())
}

fn event(number: u32, seq: u64) -> Dispatch {
    let raw = format!("{{\"n\":{seq}}}");
    Dispatch::new(
        shard(number),
        Version { epoch: 9, seq },
        "MESSAGE_CREATE",
        raw,
    )
}

async fn next(consumer: &mut Consumer) -> Received {
    tokio::time::timeout(LONG, consumer.next())
        .await
        .expect("an event is given in time")
        .unwrap()
}

const LONG: Duration = Duration::from_secs(20);
