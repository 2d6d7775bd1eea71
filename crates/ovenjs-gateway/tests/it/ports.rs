//! The ports of a fleet over a real Redis.

#![expect(
    clippy::unwrap_used,
    reason = "the stories and their helpers fail by panicking"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ovenjs_gateway::{
    FleetState, IdentifyAsk, IdentifyPort, IdentifyTurn, RedisSessions, RedisTurns, SessionStore,
};
use ovenjs_net::{Clock as _, RedisLink, RedisScript, SystemClock};
use ovenjs_ratelimit::Hold;
use ovenjs_types::{SessionStartLimit, ShardId};

use crate::{bus::fresh, redis_at, server::Server, shared_redis};

#[tokio::test]
async fn needs_redis_processes_of_a_bot_identify_one_after_the_other() {
    let (link, name) = (shared_redis(), fresh());
    let begun = SystemClock.now();
    let processes = [0, 1, 2].map(|_| Arc::new(port(&link, &name, LIMIT)));
    let mut tasks = tokio::task::JoinSet::new();
    for (number, port) in (0..).zip(&processes) {
        for round in 0..2 {
            let port = Arc::clone(port);
            tasks.spawn(async move {
                let turn = turn(&port, number + round * 3).await;
                let at = SystemClock.now();
                turn.spend();
                at
            });
        }
    }
    let mut turns: Vec<Instant> = Vec::new();
    while let Some(at) = tasks.join_next().await {
        turns.push(at.unwrap());
    }
    turns.sort_unstable();
    assert_eq!(turns.len(), 6);
    assert!(
        turns[0] - begun >= PERIOD - SLACK,
        "a redis that is new to it waits first"
    );
    for pair in turns.windows(2) {
        assert!(
            pair[1] - pair[0] >= PERIOD - SLACK,
            "{:?}",
            pair[1] - pair[0]
        );
    }
    let left = processes
        .iter()
        .filter_map(|port| port.left())
        .map(|left| left.remaining);
    assert_eq!(left.min(), Some(994));
}

#[tokio::test]
async fn needs_redis_lanes_do_not_wait_for_one_another() {
    let (link, name) = (shared_redis(), fresh());
    let limit = SessionStartLimit {
        max_concurrency: 16,
        ..LIMIT
    };
    let port = port(&link, &name, limit);
    let mut out = Vec::new();
    for shard in 0..16 {
        // All of them are out at a time.
        out.push(turn(&port, shard).await);
    }
    let next = tokio::time::timeout(PERIOD, port.turn(ask(16))).await;
    assert!(next.is_err(), "shard 16 has the lane of shard 0");
}

#[tokio::test]
async fn needs_redis_a_turn_that_was_not_used_is_the_next_ones_at_once_and_costs_nothing() {
    let (link, name) = (shared_redis(), fresh());
    let limit = SessionStartLimit {
        total: 20,
        remaining: 4,
        ..LIMIT
    };
    let (one, two) = (port(&link, &name, limit), port(&link, &name, limit));
    for _ in 0..5 {
        drop(turn(&one, 0).await);
        drop(turn(&two, 1).await);
    }
    // One that only waited leaves the queue as well.
    let held = turn(&one, 0).await;
    drop(tokio::time::timeout(Duration::from_millis(50), two.turn(ask(1))).await);
    held.spend();
    turn(&one, 2).await.spend();
    assert_eq!(one.left().map(|left| left.remaining), Some(2));
    let none = tokio::time::timeout(PERIOD * 4, two.turn(ask(3))).await;
    assert!(none.is_err(), "the rest of the day's budget is kept back");
}

#[tokio::test]
async fn needs_redis_the_turn_of_a_process_that_died_comes_back() {
    let (link, name) = (shared_redis(), fresh());
    let (dies, lives) = (port(&link, &name, LIMIT), port(&link, &name, LIMIT));
    let lost = turn(&dies, 0).await;
    let taken = SystemClock.now();
    // Nobody tells the server.
    std::mem::forget(lost);
    drop(dies);
    drop(turn(&lives, 1).await);
    let waited = SystemClock.now() - taken;
    assert!(
        waited >= PERIOD * 12,
        "it may have identified at the last moment: {waited:?}"
    );
}

#[tokio::test]
async fn needs_redis_while_it_is_away_nobody_identifies() {
    let mut server = Server::redis(&[]);
    let link = redis_at(&format!("redis://127.0.0.1:{}", server.port));
    link.ready().await.unwrap();
    let port = port(&link, "bot", LIMIT);
    turn(&port, 0).await.spend();
    // The end of the turn is told before the next question is answered.
    drop(turn(&port, 5).await);
    server.kill();
    let none = tokio::time::timeout(PERIOD * 5, port.turn(ask(1))).await;
    assert!(none.is_err());
    server.restart();
    link.ready().await.unwrap();
    turn(&port, 1).await.spend();
    let left = port.left().unwrap();
    assert!(left.remaining >= 997, "{left:?}");
}

#[tokio::test]
async fn needs_redis_one_that_lost_its_data_waits_and_is_told_the_budget_again() {
    let server = Server::redis(&[]);
    let link = redis_at(&format!("redis://127.0.0.1:{}", server.port));
    link.ready().await.unwrap();
    let port = port(&link, "bot", LIMIT);
    turn(&port, 0).await.spend();
    drop(turn(&port, 1).await);
    let flush = RedisScript::once("return redis.call('FLUSHALL')");
    link.run(&flush, &[], &[]).await.unwrap();
    let lost = SystemClock.now();
    drop(turn(&port, 2).await);
    let waited = SystemClock.now() - lost;
    assert!(waited >= PERIOD - SLACK, "{waited:?}");
    let left = port.left().unwrap().remaining;
    assert!((996..999).contains(&left), "{left}");
}

#[tokio::test]
async fn needs_redis_sessions_are_remembered_and_damage_is_told() {
    let (link, place) = (shared_redis(), fresh());
    let store = RedisSessions::new(&link, &place).unwrap();
    assert!(store.load().await.unwrap().is_none());
    let mut state = FleetState::default();
    state.put("cache", b"what it holds".as_slice());
    store.save(state.clone()).await.unwrap();
    assert!(store.load().await.unwrap() == Some(state));
    link.set(&format!("ovenjs:sessions:{place}"), b"rye", None)
        .await
        .unwrap();
    assert!(store.load().await.is_err());
    assert!(RedisSessions::new(&link, "a b").is_err());
}

#[tokio::test]
async fn what_discord_just_said_of_session_starts_counts_before_the_server_hears_of_it() {
    let turns = RedisTurns::start_with(&nobody(), "bot", PERIOD).unwrap();
    assert_eq!(turns.left(), None);
    turns.learn(LIMIT);
    assert_eq!(turns.left(), Some(LIMIT));
}

#[tokio::test]
async fn what_holds_a_shard_back_is_told_once() {
    // Nothing is left but the reserve.
    let limit = SessionStartLimit {
        total: 20,
        remaining: 2,
        ..LIMIT
    };
    let port = port(&nobody(), "bot", limit);
    assert_eq!(held(&port, 0, PERIOD * 3).await, [Hold::Reserve]);
}

#[tokio::test]
async fn needs_redis_what_others_have_used_up_is_told_as_well() {
    let (link, name) = (shared_redis(), fresh());
    let limit = SessionStartLimit {
        total: 20,
        remaining: 3,
        ..LIMIT
    };
    let (one, two) = (port(&link, &name, limit), port(&link, &name, limit));
    turn(&one, 0).await.spend();
    assert_eq!(held(&two, 1, PERIOD * 8).await, [Hold::Reserve]);
}

/// What a shard is told while it waits for a turn that does not come.
async fn held(port: &RedisTurns, shard: u32, time: Duration) -> Vec<Hold> {
    let (told, hears) = std::sync::mpsc::sync_channel(9);
    let ask = ask(shard).on_held(move |hold, wait| {
        assert!(wait > Duration::from_secs(60), "{wait:?}");
        told.send(hold).unwrap();
    });
    let none = tokio::time::timeout(time, port.turn(ask)).await;
    assert!(none.is_err());
    hears.try_iter().collect()
}

/// A server that is not there.
fn nobody() -> RedisLink {
    redis_at("redis://127.0.0.1:1")
}

const LIMIT: SessionStartLimit = SessionStartLimit {
    total: 1000,
    remaining: 1000,
    reset_after: 60_000_000,
    max_concurrency: 1,
};

const PERIOD: Duration = Duration::from_millis(150);

/// The server counts in whole milliseconds.
const SLACK: Duration = Duration::from_millis(2);

fn port(link: &RedisLink, name: &str, limit: SessionStartLimit) -> RedisTurns {
    let turns = RedisTurns::start_with(link, name, PERIOD).unwrap();
    turns.learn(limit);
    turns
}

fn ask(number: u32) -> IdentifyAsk {
    IdentifyAsk::new(ShardId { number, total: 64 })
}

async fn turn(port: &RedisTurns, shard: u32) -> IdentifyTurn {
    tokio::time::timeout(Duration::from_secs(20), port.turn(ask(shard)))
        .await
        .expect("the turn comes in time")
}
