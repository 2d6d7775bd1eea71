//! A bot on serenity, written as its documentation shows.

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use serenity::{all::*, async_trait};

struct Handler {
    mark: u64,
    seen: AtomicU64,
}

#[async_trait]
impl EventHandler for Handler {
    async fn message(&self, _: Context, _: Message) {
        self.seen.fetch_add(1, Relaxed);
    }

    async fn presence_update(&self, _: Context, _: Presence) {
        self.seen.fetch_add(1, Relaxed);
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        let seen = self.seen.fetch_add(1, Relaxed);
        if interaction.id().get() == self.mark {
            println!("{seen} 0");
            std::process::exit(0);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = env::var("COURSE_HTTP").expect("the course tells its address");
    let mark = env::var("COURSE_MARK")
        .expect("the course tells its mark")
        .parse()
        .expect("a number");
    let http = HttpBuilder::new("token")
        .proxy(address)
        .ratelimiter_disabled(true)
        .build();
    let handler = Handler {
        mark,
        seen: AtomicU64::new(0),
    };
    let mut client = ClientBuilder::new_with_http(http, GatewayIntents::all())
        .event_handler(handler)
        .await
        .expect("the client is built");
    client.start().await.expect("the bot runs to the mark");
}
