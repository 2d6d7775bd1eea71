//! Real sockets against a Discord in a box.

#[cfg(any(feature = "redis", feature = "nats"))]
mod bridge;
mod broken;
mod bus;
mod cancel;
#[cfg(any(feature = "redis", feature = "nats"))]
#[path = "../../../ovenjs-net/tests/it/certificate.rs"]
mod certificate;
mod consumers;
mod hand_over;
mod life;
#[path = "../../../ovenjs-net/tests/it/polled.rs"]
mod polled;
#[cfg(feature = "redis")]
mod ports;
mod pressure;
mod requests;
mod reshard;
#[cfg(any(feature = "redis", feature = "nats"))]
#[path = "../../../ovenjs-net/tests/it/server.rs"]
mod server;
#[cfg(all(feature = "redis", feature = "nats"))]
mod tls;
mod turns;
mod watch;
mod wire;

use std::time::Duration;

use ovenjs_gateway::{Compression, Config, Delivery, Events, Fleet, ShardStats, Wiring};
use ovenjs_mock::Discord;
use ovenjs_net::{Connector, Dialer};
use ovenjs_types::{Dispatch, Intents};
use polled::polled;

/// A configuration for this box that loses no time between attempts.
fn config(discord: &Discord) -> Config {
    Config::new(
        discord.token(),
        Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT,
    )
    .gateway_url(discord.gateway_url())
    .backoff(Duration::from_millis(1), Duration::from_millis(2))
}

/// The next delivery. It fails rather than waits for ever.
async fn next(events: &mut Events) -> Delivery {
    tokio::time::timeout(Duration::from_secs(20), events.next())
        .await
        .expect("something is delivered in time")
        .expect("the shards have not ended")
}

/// The next event of this name; what comes before is passed over, gaps and ends are not.
async fn next_named(events: &mut Events, name: &str) -> Dispatch {
    loop {
        match next(events).await {
            Delivery::Dispatch(dispatch) if dispatch.name() == name => return dispatch,
            Delivery::Dispatch(_) => {}
            other => panic!("{other:?} instead of {name}"),
        }
    }
}

/// Emits events which [`number`] tells apart.
fn emit_counted(discord: &Discord, numbers: std::ops::RangeInclusive<usize>) {
    let all: Vec<usize> = numbers.collect();
    discord
        .emit_many(all.iter().map(|n| ("COUNTED", n)))
        .expect("the events can be written");
}

/// The error with which the only shard gave up.
async fn fatal(events: &mut Events) -> ovenjs_gateway::Error {
    loop {
        if let Delivery::Stopped { error, .. } = next(events).await {
            assert!(
                events.next().await.is_none(),
                "after the last shard there is nothing"
            );
            return error.expect("the shard gave up");
        }
    }
}

fn start(config: Config) -> (Fleet, Events) {
    Fleet::start(config).expect("the gateway starts")
}

/// Starts shards in the test's own time, which runs as fast as nothing happens. They end with their
/// handles, as hard as in a process that is killed.
fn start_here(
    discord: &Discord,
    config: Config,
    wire: impl FnOnce(Wiring) -> Wiring,
) -> (Fleet, Events) {
    let door = discord.door();
    let mut net = ovenjs_net::Config::new();
    net.dialer = Some(Dialer::new(move |_| door()));
    let wiring = Wiring::new(Connector::build(net).expect("the connector is built"));
    let wiring = wire(wiring.own_thread(false));
    Fleet::start_with(config.gateway_url("ws://localhost"), wiring).expect("the fleet starts")
}

/// How the only shard is.
fn only(gateway: &Fleet) -> ShardStats {
    gateway
        .stats()
        .shards
        .first()
        .cloned()
        .expect("there is a shard")
}

/// The field `n` of a counted event.
fn number(dispatch: &Dispatch) -> usize {
    let text = std::str::from_utf8(&dispatch.raw).expect("text");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

const ALL: &[Compression] = Compression::ALL;

/// The Redis that all tests of a run share.
#[cfg(feature = "redis")]
fn shared_redis() -> ovenjs_net::RedisLink {
    redis_at(&address("OVENJS_TEST_REDIS_URL"))
}

#[cfg(feature = "redis")]
fn redis_at(address: &str) -> ovenjs_net::RedisLink {
    let address = ovenjs_net::RedisAddress::parse(address).expect("an address");
    let connector = Connector::build(ovenjs_net::Config::new()).expect("a connector");
    ovenjs_net::RedisLink::build(ovenjs_net::RedisConfig::new(address), connector)
}

/// A NATS of a test's own, which keeps streams.
#[cfg(feature = "nats")]
fn nats_server() -> server::Server {
    let (folder, port) = (server::folder(), server::free_port());
    let words = ["--addr", "127.0.0.1", "--jetstream", "--port"];
    let mut arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    arguments.push(port.to_string());
    arguments.extend([
        "--store_dir".to_owned(),
        folder.path().display().to_string(),
    ]);
    server::Server::start("nats-server", arguments, port, folder)
}

/// The NATS that all tests of a run share.
#[cfg(feature = "nats")]
async fn shared_nats() -> ovenjs_gateway::NatsLink {
    nats_at(&address("OVENJS_TEST_NATS_URL")).await
}

/// A link to a server that may be about to start.
#[cfg(feature = "nats")]
async fn nats_at(address: &str) -> ovenjs_gateway::NatsLink {
    nats_over(address, ovenjs_net::Config::new()).await
}

#[cfg(feature = "nats")]
async fn nats_over(address: &str, net: ovenjs_net::Config) -> ovenjs_gateway::NatsLink {
    let connector = Connector::build(net).expect("a connector");
    let connected = async {
        loop {
            let config = ovenjs_gateway::NatsConfig::parse(address).expect("an address");
            if let Ok(link) = ovenjs_gateway::NatsLink::connect(config, &connector).await {
                return link;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), connected)
        .await
        .expect("nats answers in time")
}

#[cfg(any(feature = "redis", feature = "nats"))]
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by a variable where their server is"
)]
fn address(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: `cargo xtask test` starts the servers"))
}
