//! Whose turn it is to identify, where time is the test's.

use std::sync::Arc;

use ovenjs_gateway::{IdentifyPort, LocalTurns, Wiring};
use ovenjs_net::{Connector, Dialer, SystemClock};
use ovenjs_types::SessionStartLimit;

use super::*;

const LIMIT: SessionStartLimit = SessionStartLimit {
    total: 1000,
    remaining: 1000,
    reset_after: 60_000_000,
    max_concurrency: 1,
};

/// Starts shards in the test's own time, which runs as fast as nothing happens.
fn start_here(discord: &Discord, config: Config, turns: &LocalTurns) -> (Fleet, Events) {
    let door = discord.door();
    let mut net = ovenjs_net::Config::new();
    net.dialer = Some(Dialer::new(move |_| door()));
    let wiring = Wiring::new(Connector::build(net).unwrap())
        .own_thread(false)
        .identify(Arc::new(turns.clone()));
    Fleet::start_with(config.gateway_url("ws://localhost"), wiring).unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_fleets_of_one_bot_share_the_turns() {
    let mut strict = ovenjs_mock::Config::default().shards(6);
    strict.identify_interval = Duration::from_secs(5);
    let discord = Discord::in_process(strict);
    let turns = LocalTurns::new(LIMIT, Arc::new(SystemClock));
    let halves = [0..3, 3..6].map(|range| {
        let config = config(&discord).shard_range(range, 6);
        start_here(&discord, config, &turns)
    });
    for (_, mut events) in halves {
        for _ in 0..3 {
            tokio::time::timeout(Duration::from_secs(120), async {
                while !matches!(events.next().await, Some(Delivery::Dispatch(d)) if d.name() == "READY") {}
            })
            .await
            .expect("each shard gets its turn");
        }
    }
    assert_eq!(discord.identifies(), 6, "none was refused");
    assert_eq!(turns.left().map(|left| left.remaining), Some(994));
}
