//! Events in one process, handlers in others: `bridge publish` puts what Discord tells into a stream of
//! a Redis, `bridge work <name>` answers, in as many processes as there is work for. An event is handled
//! at least once, whichever of them is killed. `OVENJS_REDIS` says where the Redis is.

use std::sync::Arc;

use ovenjs_core::{
    Config,
    gateway::{
        self, Delivery, ErrorKind, Fleet, RedisSessions, SessionStore, Wiring,
        bridge::{BridgeConfig, Consumer, Publisher},
    },
    net::{self, Connector, Proxy, RedisAddress, RedisConfig, RedisLink},
    rest::{self, Client},
    types::{Event, Intents, json::Scratch},
};
use tokio::task::JoinSet;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let config = Config::load()?;
    let token = config.token.ok_or("set DISCORD_TOKEN")?;
    let address = config.redis.ok_or("set OVENJS_REDIS")?;
    let mut to_discord = net::Config::new();
    if let Some(proxy) = &config.proxy {
        to_discord = to_discord.proxy(Proxy::parse(proxy.expose())?);
    }
    // A Redis of one's own is not behind the proxy, and may have certificates of one's own.
    let mut to_redis = net::Config::new().allow_plain(config.allow_plain);
    if let Some(roots) = &config.roots {
        to_redis = to_redis.extra_roots_pem(roots)?;
    }
    let address = RedisAddress::parse(address.expose())?;
    let connector = Connector::build(to_redis)?;
    connector.check(&address.target)?;
    let link = RedisLink::build(RedisConfig::new(address), connector);
    let client = Client::builder(token.clone()).base_url(config.base_url);
    let client = client.net(to_discord.clone()).build()?;
    let stream = BridgeConfig::new("events", client.current_application().await?.id);

    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["publish"] => {
            let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
            let discord = client.bot_gateway().await?;
            let settings = gateway::Config::new(token, intents).bot_gateway(&discord);
            let sessions = Arc::new(RedisSessions::new(&link, "publisher")?);
            let publisher = Publisher::to_redis(&link, &stream)?;
            let wiring = Wiring::new(Connector::build(to_discord)?);
            publish(settings, wiring, sessions, publisher).await
        }
        ["work", name] => work(Consumer::of_redis(&link, &stream, "workers", name)?, client).await,
        _ => Err("say `publish`, or `work` and a name that no other worker has".into()),
    }
}

async fn publish(
    mut settings: gateway::Config,
    wiring: Wiring,
    sessions: Arc<RedisSessions>,
    publisher: Publisher,
) -> Result {
    settings = settings.at_least_once(true);
    if let Some(former) = sessions.load().await? {
        settings = settings.resume_from(&former)?;
    }
    let (fleet, mut events) = Fleet::start_with(settings, wiring.store(sessions))?;
    let mut on_their_way = JoinSet::new();
    while let Some(delivery) = events.next().await {
        match delivery {
            Delivery::Dispatch(dispatch) | Delivery::Late(dispatch) => {
                let receipt = fleet.receipt(&dispatch);
                let stored = publisher.publish(dispatch).await?;
                // Handled is what is stored; what is too large for the server never will be.
                on_their_way.spawn(async move {
                    match stored.await {
                        Err(error) if error.kind() == ErrorKind::Stopped => {}
                        _ => receipt.handled(),
                    }
                });
            }
            Delivery::Stopped {
                error: Some(error), ..
            } => return Err(error.into()),
            _ => {}
        }
        while on_their_way.try_join_next().is_some() {}
    }
    Ok(())
}

async fn work(mut consumer: Consumer, client: Client) -> Result {
    let mut scratch = Scratch::new();
    loop {
        let received = consumer.next().await?;
        if let Event::MessageCreate(message) = received.dispatch.decode(&mut scratch)
            && message.content == "!ping"
        {
            let answer = client.create_message(message.channel_id);
            match answer.content("Pong!").await {
                Ok(_) => {}
                // With this token nothing is ever answered. What waits is for a worker with another.
                Err(error) if error.kind() == rest::ErrorKind::Unauthorized => {
                    return Err(error.into());
                }
                Err(error) if may_pass(&error) => {
                    tracing::warn!(%error, "not answered; the event comes again");
                    continue;
                }
                Err(error) => tracing::warn!(%error, "not answered, and never will be"),
            }
        }
        received.ack();
    }
}

/// Whether the same call may do later.
fn may_pass(error: &rest::Error) -> bool {
    use rest::ErrorKind::{Deadline, Edge, Limited, Network, Overloaded, Server, Stopped};
    matches!(
        error.kind(),
        Deadline | Edge | Limited | Network | Overloaded | Server | Stopped
    )
}
