//! A link to a real Redis: one that works, one that is killed, one that is frozen.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ovenjs_net::{
    Clock as _, Config, Connector, ErrorKind, RedisAddress, RedisConfig, RedisDeadlines,
    RedisFault, RedisHeard, RedisLink, RedisReply, RedisScript, SystemClock,
};
use ovenjs_types::Fault as _;
use tokio::task::JoinSet;

use crate::{certificate::Certificate, server::Server};

#[tokio::test]
async fn needs_redis_keys_are_set_read_and_forgotten() {
    let link = shared();
    let key = fresh("key");
    assert_eq!(link.get(&key).await.unwrap(), None);
    link.set(&key, b"a\0b", None).await.unwrap();
    assert_eq!(
        link.get(&key).await.unwrap().as_deref(),
        Some(b"a\0b".as_slice())
    );
    assert!(!link.set_if_absent(&key, b"c", None).await.unwrap());
    link.delete(&key).await.unwrap();
    let minute = Some(Duration::from_secs(60));
    assert!(link.set_if_absent(&key, b"c", minute).await.unwrap());
    link.set(&key, b"d", minute).await.unwrap();
    let lifetime = RedisScript::repeatable("return redis.call('PTTL', KEYS[1])");
    let left = link
        .run(&lifetime, &[&key], &[])
        .await
        .unwrap()
        .int()
        .unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    assert_eq!(link.stats().connects, 1);
}

#[tokio::test]
async fn needs_redis_a_script_is_loaded_where_it_is_unknown() {
    let server = Server::redis(&[]);
    let link = ready(&server).await;
    let script = RedisScript::once("return {ARGV[1], redis.call('INCR', KEYS[1])}");
    for round in 1..=2 {
        let reply = link.run(&script, &["n"], &[b"x"]).await.unwrap().list();
        assert_eq!(
            reply,
            [RedisReply::Bytes("x".into()), RedisReply::Int(round)]
        );
    }
    // The server forgets it, as one that was restarted has.
    let flush = RedisScript::once("return redis.call('SCRIPT', 'FLUSH')");
    let refused = link.run(&flush, &[], &[]).await;
    assert!(
        refused.is_err(),
        "a script may not flush scripts, and the refusal is told"
    );
    assert_eq!(
        link.run(&script, &["n"], &[b"x"]).await.unwrap().list()[1],
        RedisReply::Int(3)
    );
}

#[tokio::test]
async fn needs_redis_what_is_published_is_heard_and_what_is_too_much_is_counted() {
    let link = shared();
    let (one, two) = (fresh("one"), fresh("two"));
    let mut heard = link.subscribe(&[&one, &two], 2).await.unwrap();
    assert_eq!(link.publish(&two, b"hi").await.unwrap(), 1);
    assert_eq!(link.publish(&fresh("three"), b"hi").await.unwrap(), 0);
    assert_eq!(next(&mut heard).await, message(&two, "hi"));
    for word in ["1", "2", "3", "4"] {
        link.publish(&one, word.as_bytes()).await.unwrap();
    }
    // The last one is in the queue or counted once a message of a second listener is there.
    let mut witness = link.subscribe(&[&one], 1).await.unwrap();
    link.publish(&one, b"5").await.unwrap();
    assert_eq!(next(&mut witness).await, message(&one, "5"));
    assert_eq!(next(&mut heard).await, message(&one, "1"));
    assert_eq!(next(&mut heard).await, message(&one, "2"));
    assert!(heard.lagged() >= 2, "{}", heard.lagged());
}

#[tokio::test]
async fn needs_redis_a_stream_is_read_by_a_group_and_what_is_not_acknowledged_is_claimed() {
    let link = shared();
    let key = fresh("stream");
    link.stream_group(&key, "g").await.unwrap();
    link.stream_group(&key, "g").await.unwrap();
    for number in [b"1", b"2", b"3"] {
        link.stream_add(&key, 100, &[("n", number)]).await.unwrap();
    }
    let now = Duration::ZERO;
    let mine = link.stream_read(&key, "g", "ann", 2, now).await.unwrap();
    let yours = link.stream_read(&key, "g", "bob", 9, now).await.unwrap();
    assert_eq!((mine.len(), yours.len()), (2, 1));
    assert_eq!(yours[0].field("n").unwrap().as_ref(), b"3");
    assert_eq!(link.stream_ack(&key, "g", &[&mine[0].id]).await.unwrap(), 1);
    assert_eq!(link.stream_ack(&key, "g", &[&mine[0].id]).await.unwrap(), 0);
    let (claimed, rest) = link
        .stream_claim(&key, "g", "cat", now, None, 10)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 2);
    assert_eq!((&claimed[0].id, rest), (&mine[1].id, None));
    // Nothing more comes, and the wait for it has an end.
    let waited = link.another();
    let none = waited
        .stream_read(&key, "g", "ann", 1, Duration::from_millis(20))
        .await;
    assert_eq!(none.unwrap(), []);
    assert_eq!(link.stream_len(&key).await.unwrap(), 3);
    link.delete(&key).await.unwrap();
}

#[tokio::test]
async fn needs_redis_a_stream_is_read_without_a_group_and_waited_for() {
    let link = shared();
    let (key, ear) = (fresh("log"), link.another());
    let first = link.stream_add(&key, 100, &[("n", b"1")]).await.unwrap();
    let hold = Duration::from_millis(1);
    assert!(!ear.stream_wait(&key, &first, hold).await.unwrap());
    let (heard, second) = tokio::join!(
        ear.stream_wait(&key, &first, Duration::from_secs(60)),
        link.stream_add(&key, 100, &[("n", b"2")]),
    );
    assert!(heard.unwrap(), "who waits is told at once");
    let entries = link.stream_range(&key, &first, 10).await.unwrap();
    let found: Vec<_> = entries
        .iter()
        .map(|entry| (&entry.id, entry.field("n")))
        .collect();
    let (one, two) = ("1".into(), "2".into());
    let second = second.unwrap();
    assert_eq!(found, [(&first, Some(&one)), (&second, Some(&two))]);
    // With the place from which on it follows.
    let (followed, third) = tokio::join!(
        ear.stream_follow(&key, &second, 10, Duration::from_secs(60)),
        link.stream_add(&key, 100, &[("n", b"3")]),
    );
    let followed: Vec<_> = followed.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(followed, [second.clone(), third.unwrap()]);
    let last = followed[1].clone();
    let quiet = ear.stream_follow(&key, &last, 10, hold).await.unwrap();
    assert_eq!(quiet.len(), 1, "it is where it was");
    // Nothing was taken, and a part is enough.
    assert_eq!(
        link.stream_range(&key, &first, 1).await.unwrap(),
        entries[..1]
    );
    link.delete(&key).await.unwrap();
    assert_eq!(link.stream_range(&key, &first, 10).await.unwrap(), []);
}

#[tokio::test]
async fn needs_redis_many_keys_are_read_at_once_and_need_be_no_texts() {
    let link = shared();
    let name = fresh("many");
    let places: Vec<Vec<u8>> = [&b"\xff\0a"[..], b"absent", b"\xff\0b"]
        .iter()
        .map(|end| [name.as_bytes(), end].concat())
        .collect();
    let keep = RedisScript::repeatable("return redis.call('SET', KEYS[1], ARGV[1], 'PX', 60000)");
    for (place, value) in [(0, b"rye".as_slice()), (2, b"\0\xff")] {
        link.run_on(&keep, &places[place..=place], &[value])
            .await
            .unwrap();
    }
    let found = link.get_many(&places).await.unwrap();
    let expected = [Some("rye".into()), None, Some(b"\0\xff".as_slice().into())];
    assert_eq!(found, expected);
    assert_eq!(link.get_many::<&str>(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn needs_redis_a_wrong_password_is_named_and_not_repeated() {
    let server = Server::redis(&["--requirepass", "sesame"]);
    let right = to(&format!("redis://:sesame@127.0.0.1:{}", server.port));
    right.ready().await.unwrap();
    let wrong = to(&format!("redis://:tahini@127.0.0.1:{}", server.port));
    let error = wrong.ready().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redis(RedisFault::Auth));
    assert!(error.is_auth() && !error.is_retryable());
    let text = format!("{error} {error:?} {wrong:?}");
    assert!(
        !text.contains("tahini") && text.contains("user or password"),
        "{text}"
    );
    let none = to(&format!("redis://127.0.0.1:{}", server.port));
    let error = none.ready().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Redis(RedisFault::Auth),
        "{error:?}"
    );
}

#[tokio::test]
async fn needs_redis_a_frozen_server_costs_the_deadline_and_mends_itself() {
    let server = Server::redis(&[]);
    let link = ready(&server).await;
    link.set("k", b"v", None).await.unwrap();
    let count = RedisScript::once("return redis.call('INCR', KEYS[1])");
    link.run(&count, &["warm"], &[]).await.unwrap();

    server.freeze();
    let before = SystemClock.now();
    let (read, counted) = tokio::join!(link.get("k"), link.run(&count, &["n"], &[]));
    let waited = SystemClock.now() - before;
    assert!(waited < TIGHT.total * 2, "{waited:?}");
    for error in [read.unwrap_err(), counted.unwrap_err()] {
        assert!(error.is_retryable(), "{error:?}");
    }

    server.thaw();
    link.ready().await.unwrap();
    assert_eq!(
        link.get("k").await.unwrap().as_deref(),
        Some(b"v".as_slice())
    );
    // Sent once, and perhaps carried out after the thaw; never twice.
    let done = link.get("n").await.unwrap();
    assert!(matches!(done.as_deref(), None | Some(b"1")), "{done:?}");
}

#[tokio::test]
async fn needs_redis_no_reply_is_another_callers_while_the_server_dies_and_freezes() {
    let mut server = Server::redis(&[]);
    let link = ready(&server).await;
    for number in 0..50 {
        let (key, value) = (format!("k{number}"), format!("v{number}"));
        link.set(&key, value.as_bytes(), None).await.unwrap();
    }
    let mut askers = JoinSet::new();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    for number in 0..50 {
        let (link, stopped) = (link.clone(), stopped.clone());
        askers.spawn(async move {
            let (key, value) = (format!("k{number}"), format!("v{number}"));
            let (mut right, mut failed) = (0_u64, 0_u64);
            // Those who give up early leave their answers behind, for nobody.
            let patience = Duration::from_millis(if number % 5 == 0 { 1 } else { 60_000 });
            while !*stopped.borrow() || right == 0 && number % 5 != 0 {
                match tokio::time::timeout(patience, link.get(&key)).await {
                    Ok(Ok(reply)) => {
                        assert_eq!(reply.as_deref(), Some(value.as_bytes()));
                        right += 1;
                    }
                    Ok(Err(error)) => {
                        assert!(error.is_retryable(), "{error:?}");
                        failed += 1;
                        // A link that is down fails at once.
                        tokio::task::yield_now().await;
                    }
                    Err(_) => failed += 1,
                }
            }
            (right, failed)
        });
    }
    let witness = to(&format!("redis://127.0.0.1:{}", server.port));
    for _ in 0..3 {
        server.kill();
        server.restart();
        witness.ready().await.unwrap();
        link.ready().await.unwrap();
    }
    server.freeze();
    assert!(link.ping().await.is_err());
    server.thaw();
    link.ready().await.unwrap();
    stop.send_replace(true);
    let mut right = 0;
    while let Some(asker) = askers.join_next().await {
        right += asker.unwrap().0;
    }
    assert!(right >= 40, "{right}");
    assert!(link.stats().connects >= 4, "{:?}", link.stats());
}

#[tokio::test]
async fn needs_redis_a_subscription_outlives_its_server_and_says_that_it_missed_something() {
    let mut server = Server::redis(&[]);
    let link = ready(&server).await;
    let mut heard = link.subscribe(&["c"], 8).await.unwrap();
    server.kill();
    server.restart();
    assert_eq!(next(&mut heard).await, RedisHeard::Interrupted);
    link.ready().await.unwrap();
    assert_eq!(link.publish("c", b"again").await.unwrap(), 1);
    assert_eq!(next(&mut heard).await, message("c", "again"));
}

#[tokio::test]
async fn needs_redis_where_nothing_listens_the_place_is_named_and_the_next_try_waits() {
    let mut server = Server::redis(&[]);
    server.kill();
    let link = to(&format!("redis://127.0.0.1:{}", server.port));
    let first = link.ping().await.unwrap_err();
    assert_eq!(first.kind(), ErrorKind::Failed(ovenjs_net::Step::Tcp));
    let second = link.ping().await.unwrap_err();
    assert_eq!(second.kind(), ErrorKind::Redis(RedisFault::Down));
    assert!(
        second
            .retry_after()
            .is_some_and(|wait| wait <= Duration::from_millis(50))
    );
    assert!(
        second.to_string().contains(&server.port.to_string()),
        "{second}"
    );
    server.restart();
    link.ready().await.unwrap();
}

#[tokio::test]
async fn needs_redis_over_tls_it_is_the_same_and_back_after_its_server_was_killed() {
    let certificate = Certificate::new();
    let mut server = Server::redis_over_tls(&certificate);
    let link = over_tls(&server, Config::new().extra_root(certificate.der));
    link.ready().await.unwrap();
    link.set("loaf", b"rye", None).await.unwrap();
    assert_eq!(
        link.get("loaf").await.unwrap().as_deref(),
        Some(&b"rye"[..])
    );
    let large = vec![b'x'; 3 << 20];
    link.set("large", &large, None).await.unwrap();
    assert_eq!(link.get("large").await.unwrap(), Some(large.into()));
    let mut heard = link.subscribe(&["c"], 8).await.unwrap();
    link.publish("c", b"hi").await.unwrap();
    assert_eq!(next(&mut heard).await, message("c", "hi"));
    server.kill();
    server.restart();
    assert_eq!(next(&mut heard).await, RedisHeard::Interrupted);
    link.ready().await.unwrap();
    link.publish("c", b"again").await.unwrap();
    assert_eq!(next(&mut heard).await, message("c", "again"));
}

#[tokio::test]
async fn needs_redis_over_tls_nobody_is_trusted_whom_nobody_vouches_for() {
    let certificate = Certificate::new();
    let server = Server::redis_over_tls(&certificate);
    let known = over_tls(&server, Config::new().extra_root(certificate.der));
    known.ready().await.unwrap();
    for config in [
        Config::new(),
        Config::new().extra_root(Certificate::new().der),
    ] {
        let error = over_tls(&server, config).ping().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed(ovenjs_net::Step::Tls));
    }
    // Plain text meets a server that speaks TLS alone.
    let plain = to(&format!("redis://127.0.0.1:{}", server.port));
    assert!(plain.ping().await.is_err());
}

fn over_tls(server: &Server, config: Config) -> RedisLink {
    let address = format!("rediss://localhost:{}", server.port);
    let redis = RedisConfig::new(RedisAddress::parse(&address).unwrap()).deadlines(TIGHT);
    RedisLink::build(redis, Connector::build(config).unwrap())
}

/// Long enough for a busy machine, short enough for a test to wait for it.
const TIGHT: RedisDeadlines = RedisDeadlines {
    connect: Duration::from_secs(1),
    answer: Duration::from_secs(1),
    total: Duration::from_secs(3),
};

fn to(address: &str) -> RedisLink {
    let config = RedisConfig::new(RedisAddress::parse(address).unwrap()).deadlines(TIGHT);
    RedisLink::build(config, Connector::build(Config::new()).unwrap())
}

async fn ready(server: &Server) -> RedisLink {
    let link = to(&format!("redis://127.0.0.1:{}", server.port));
    link.ready().await.unwrap();
    link
}

/// The server that all tests of a run share.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by a variable where their server is"
)]
fn shared() -> RedisLink {
    let address = std::env::var("OVENJS_TEST_REDIS_URL")
        .expect("OVENJS_TEST_REDIS_URL is set: `cargo xtask test` starts the servers");
    to(&address)
}

/// A name that no other test of the shared server uses.
fn fresh(word: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("ovenjs-net-{}-{word}-{count}", std::process::id())
}

async fn next(heard: &mut ovenjs_net::RedisSubscription) -> RedisHeard {
    tokio::time::timeout(Duration::from_secs(20), heard.next())
        .await
        .expect("something is heard in time")
        .expect("the subscription goes on")
}

fn message(channel: &str, payload: &str) -> RedisHeard {
    RedisHeard::Message {
        channel: channel.to_owned(),
        payload: payload.to_owned().into(),
    }
}
