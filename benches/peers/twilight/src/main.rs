//! A bot on twilight, written as its documentation shows.

use std::env;

use twilight_cache_inmemory::DefaultInMemoryCache;
use twilight_gateway::{
    ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let work = env::args().nth(1).unwrap_or_default();
    let address = env::var("COURSE_WS").expect("the course tells its address");
    let mark: u64 = env::var("COURSE_MARK")
        .expect("the course tells its mark")
        .parse()
        .expect("a number");

    let config = ConfigBuilder::new("token".to_owned(), Intents::all())
        .proxy_url(address)
        .build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    let wanted = match &*work {
        "messages" => EventTypeFlags::INTERACTION_CREATE | EventTypeFlags::MESSAGE_CREATE,
        "interactions" => EventTypeFlags::INTERACTION_CREATE,
        _ => EventTypeFlags::all(),
    };
    let cache = (work == "cache").then(DefaultInMemoryCache::new);
    let (mut seen, mut failed) = (0_u64, 0_u64);
    while let Some(item) = shard.next_event(wanted).await {
        let event = match item {
            Ok(event) => event,
            Err(error) => {
                if failed == 0 {
                    eprintln!("twilight: {error:?}");
                }
                failed += 1;
                continue;
            }
        };
        if matches!(
            event,
            Event::GatewayHello(_) | Event::GatewayClose(_) | Event::GatewayHeartbeatAck
        ) {
            continue;
        }
        seen += 1;
        if let Some(cache) = &cache {
            cache.update(&event);
        }
        if let Event::InteractionCreate(interaction) = &event
            && interaction.id.get() == mark
        {
            break;
        }
    }
    println!("{seen} {failed}");
    // Ending is not part of the work: a bot does it once.
    std::process::exit(0);
}
