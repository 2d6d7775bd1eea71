//! What the processes of a bot share, and what is said where there is nothing to share it by.

use std::time::Duration;

use ovenjs_core::{
    Bot, Config, ErrorKind,
    gateway::bus::{Listener, Message},
};
use ovenjs_mock::Discord;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::replaced::{config, start};

#[derive(Serialize, Deserialize)]
struct Heard(String);

impl Message for Heard {
    const TOPIC: &'static str = "heard";
}

#[tokio::test]
async fn a_setting_without_its_server_is_named() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    for (asked, names) in [
        (config(&discord).state_in_redis("one"), "OVENJS_REDIS"),
        (config(&discord).identify_by_redis("bot"), "OVENJS_REDIS"),
        (config(&discord).limits_by_redis("bot"), "[rest] limits"),
        (config(&discord).bus_over_redis("bot", "one"), "[bus]"),
        (config(&discord).bus_over_nats("bot", "one"), "OVENJS_NATS"),
        (config(&discord).shard_range(0..1), "set shards"),
        (config(&discord).shards(2).shard_range(1..3), "shard_range"),
    ] {
        told(asked, &[names]).await;
    }
    assert_eq!(discord.identifies(), 0);
}

#[cfg(not(all(feature = "redis", feature = "nats")))]
#[tokio::test]
async fn a_build_without_the_feature_says_which_one() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    #[cfg(not(feature = "redis"))]
    told(
        config(&discord).redis("redis://127.0.0.1"),
        &["feature `redis`"],
    )
    .await;
    #[cfg(not(feature = "nats"))]
    told(
        config(&discord).nats("nats://127.0.0.1"),
        &["feature `nats`"],
    )
    .await;
}

async fn told(config: Config, words: &[&str]) {
    let error = Bot::new().config(config).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:#}");
    for word in words {
        assert!(
            format!("{error:#}").contains(word),
            "no {word} in {error:#}"
        );
    }
    assert!(!format!("{error:#}").contains("canary"), "{error:#}");
}

#[tokio::test]
async fn a_bot_alone_has_a_bus_as_well() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (seen, _hears) = mpsc::channel(10);
    let bot = start(config(&discord), &seen).await;
    let mut ear = bot.bus().listen::<Heard>(8).unwrap();
    bot.bus().broadcast(&Heard("oven".into())).await.unwrap();
    assert_eq!(said(&mut ear).await, "oven");
    bot.stop().await.unwrap();
}

async fn said(ear: &mut Listener<Heard>) -> String {
    let said = tokio::time::timeout(Duration::from_secs(20), ear.next()).await;
    said.expect("it is said in time").unwrap().message.0
}

#[cfg(feature = "redis")]
mod with_redis {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        },
        time::Duration,
    };

    use ovenjs_core::{
        Bot, Config, Failure, On, Running, State, event,
        gateway::bus::Bus,
        routes,
        types::{Intents, MessageCreate},
    };
    use ovenjs_mock::Discord;
    use tokio::sync::mpsc;

    use super::{Heard, said, told};
    use crate::replaced::{config, heard};

    /// Tells all processes what one of them heard.
    #[event]
    async fn pass_on(
        message: On<MessageCreate>,
        bus: Bus,
        State(own): State<Arc<mpsc::Sender<String>>>,
    ) -> Result<(), Failure> {
        own.send(message.content.to_string()).await?;
        bus.broadcast(&Heard(message.content.to_string())).await?;
        Ok(())
    }

    #[tokio::test]
    async fn needs_redis_two_processes_share_a_bot() {
        let name = fresh();
        // One lane for both: who identifies without the other's queue is refused.
        let world = ovenjs_mock::Config::default().shards(2).max_concurrency(1);
        let world = world.identify_interval(Duration::from_secs(5));
        let discord = Discord::start(world).await.unwrap();
        let (own, mut owned) = mpsc::channel(100);
        let process = |number: u32| {
            let config = config(&discord)
                .redis(address())
                .shards(2)
                .shard_range(number..number + 1)
                .identify_by_redis(&name)
                .limits_by_redis(&name)
                .state_in_redis(format!("{name}-{number}"))
                .bus_over_redis(&name, format!("process-{number}"));
            let bot = Bot::with_state(Arc::new(own.clone())).routes(routes![pass_on]);
            bot.intents(Intents::MESSAGE_CONTENT).config(config).start()
        };
        let (one, two) = (process(0).await.unwrap(), process(1).await.unwrap());
        let mut ears = [&one, &two].map(|bot| bot.bus().listen::<Heard>(8).unwrap());
        // The queue lets the first one wait five seconds, and the second five more.
        discord.wait_for_ready(1).await.unwrap();
        discord.wait_for_ready(2).await.unwrap();
        discord.user("ann").says("bread").await;
        for ear in &mut ears {
            assert_eq!(said(ear).await, "bread");
        }
        assert_eq!(heard(&mut owned).await, "bread", "one of them hears it");
        let sessions = |bot: &Running| bot.fleet().shards().map(|s| s.number).collect::<Vec<_>>();
        assert_eq!((sessions(&one), sessions(&two)), (vec![0], vec![1]));
        for bot in [&one, &two] {
            assert_eq!(bot.client().stats().lease.unwrap().members, 2);
        }
        one.stop().await.unwrap();
        two.stop().await.unwrap();

        // Both go on where they were, from what the Redis remembers.
        discord.user("ann").says("rolls").await;
        let (one, two) = (process(0).await.unwrap(), process(1).await.unwrap());
        assert_eq!(heard(&mut owned).await, "rolls");
        assert_eq!(discord.identifies(), 2);
        one.stop().await.unwrap();
        two.stop().await.unwrap();
        assert!(owned.try_recv().is_err(), "nothing comes twice");
        discord.expect_no_violations();
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_used_is_told_without_its_password() {
        let discord = Discord::start(ovenjs_mock::Config::default())
            .await
            .unwrap();
        let set = |address: &str| Config::redis(config(&discord), address);
        told(set("http://:canary@redis"), &["OVENJS_REDIS", "rediss://"]).await;
        told(set("redis://:canary@192.0.2.1"), &["OVENJS_REDIS", "plain"]).await;
    }

    fn fresh() -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("core-{}-{count}", std::process::id())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told by a variable where their server is"
    )]
    fn address() -> String {
        std::env::var("OVENJS_TEST_REDIS_URL")
            .expect("OVENJS_TEST_REDIS_URL is set: `cargo xtask test` starts the server")
    }
}
