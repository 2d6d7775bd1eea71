//! Whose turn it is to identify, where time is the test's.

use std::sync::Arc;

use ovenjs_gateway::{IdentifyAsk, IdentifyPort, LocalTurns, Notice, ShardState};
use ovenjs_net::{Clock, SystemClock};
use ovenjs_ratelimit::Hold;
use ovenjs_types::{SessionStartLimit, ShardId};

use super::*;

const LIMIT: SessionStartLimit = SessionStartLimit {
    total: 1000,
    remaining: 1000,
    reset_after: 60_000_000,
    max_concurrency: 1,
};

#[tokio::test(start_paused = true)]
async fn two_fleets_of_one_bot_share_the_turns() {
    let mut strict = ovenjs_mock::Config::default().shards(6);
    strict.identify_interval = Duration::from_secs(5);
    let discord = Discord::in_process(strict);
    let turns = LocalTurns::new(LIMIT, Arc::new(SystemClock));
    let halves = [0..3, 3..6].map(|range| {
        let config = config(&discord).shard_range(range, 6);
        start_here(&discord, config, |wiring| {
            wiring.identify(Arc::new(turns.clone()))
        })
    });
    let mut first = true;
    for (fleet, mut events) in halves {
        for _ in 0..3 {
            ready_in_time(&mut events).await;
            if std::mem::take(&mut first) {
                let idle = |shard: &ShardStats| {
                    shard.state == ShardState::Queued && shard.counts.connects == 0
                };
                let waiting = fleet
                    .stats()
                    .shards
                    .iter()
                    .filter(|shard| idle(shard))
                    .count();
                assert_eq!(
                    waiting, 2,
                    "no connection stands idle while its shard waits"
                );
            }
        }
    }
    assert_eq!(discord.identifies(), 6, "none was refused");
    assert_eq!(turns.left().map(|left| left.remaining), Some(994));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_a_stopped_shard_had_goes_to_the_next() {
    let discord = Discord::in_process(ovenjs_mock::Config::default().shards(2));
    let turns = LocalTurns::new(LIMIT, Arc::new(SystemClock));
    let share = |wiring: Wiring| wiring.identify(Arc::new(turns.clone()));
    let (first, _first) = start_here(&discord, config(&discord).shard_range(0..1, 2), share);
    let (_second, mut events) = start_here(&discord, config(&discord).shard_range(1..2, 2), share);
    first.stop().await;
    ready_in_time(&mut events).await;
    assert!(discord.identifies() <= 2);
    assert_eq!(
        turns.left().map(|left| left.remaining),
        1000_u32.checked_sub(u32::try_from(discord.identifies()).unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn who_looks_on_is_told_that_only_the_reserve_is_left() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut limit = LIMIT;
    limit.remaining = 100;
    let turns = LocalTurns::new(limit, Arc::new(SystemClock));
    let share = |wiring: Wiring| wiring.identify(Arc::new(turns.clone()));
    let (fleet, _events) = start_here(&discord, config(&discord), share);
    let mut watch = fleet.watch();
    let held = async {
        while let Some(seen) = watch.next().await {
            if let Notice::IdentifyHeld { wait, hold } = seen.notice {
                return (wait > Duration::from_secs(3_600), hold);
            }
        }
        panic!("the watch ended");
    };
    let told = tokio::time::timeout(Duration::from_secs(60), held).await;
    assert_eq!(told.expect("it is told"), (true, Hold::Reserve));
    assert_eq!(discord.identifies(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_turn_that_is_dropped_at_any_poll_keeps_no_place() {
    for polls in 0.. {
        let turns = LocalTurns::new(LIMIT, Arc::new(SystemClock));
        let ask = |number| IdentifyAsk::new(ShardId::new(number, 3).unwrap());
        turns.turn(ask(0)).await.spend();
        let before = SystemClock.now();
        let had = polled(polls, turns.turn(ask(1))).await;
        let is_done = had.is_some();
        // One that came is given back.
        drop(had);
        turns.turn(ask(2)).await.spend();
        let waited = (SystemClock.now() - before).as_secs_f64();
        assert!((5.0..5.5).contains(&waited), "{waited} s, {polls} polls");
        assert_eq!(turns.left().map(|left| left.remaining), Some(998));
        if is_done {
            assert!(polls > 1, "there was nothing to wait for");
            break;
        }
    }
}

async fn ready_in_time(events: &mut Events) {
    let ready = async {
        loop {
            if let Some(Delivery::Dispatch(dispatch)) = events.next().await
                && dispatch.name() == "READY"
            {
                break;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), ready).await;
    waited.expect("each shard gets its turn");
}
