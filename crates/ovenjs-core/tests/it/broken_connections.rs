//! Events are handled exactly once and in order, however often the connection breaks.

use std::{sync::Arc, time::Duration};

use ovenjs_core::{
    Bot, Compression, Config, Failure, On, Register, State, event, routes,
    types::{Id, MessageCreate, marker::MessageMarker},
};
use ovenjs_mock::Discord;
use tokio::sync::mpsc;

type MessageId = Id<MessageMarker>;

/// How many events a run has.
const EVENTS: usize = 200;

#[tokio::test]
async fn uncompressed() {
    survives_every_kth_frame(Compression::None).await;
}

#[cfg(feature = "zlib")]
#[tokio::test]
async fn zlib_stream() {
    survives_every_kth_frame(Compression::Zlib).await;
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn zstd_stream() {
    survives_every_kth_frame(Compression::Zstd).await;
}

async fn survives_every_kth_frame(compression: Compression) {
    for k in 1..=20 {
        let (sent, handled) = run(compression, k).await;
        assert_eq!(
            handled, sent,
            "dropped after every {k} frames with {compression:?}"
        );
    }
}

/// A user says 200 things while the connection is cut after every `k`-th frame: the messages that
/// were said, and those that the bot's handler was called for.
async fn run(compression: Compression, k: u64) -> (Vec<MessageId>, Vec<MessageId>) {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (seen, mut handled) = mpsc::channel(EVENTS * 2);
    let bot = Bot::with_state(Arc::new(seen))
        .routes(routes![note])
        .config(
            Config::new()
                .token(discord.token())
                .base_url(discord.base_url())
                .register(Register::Off)
                .compression(compression)
                .backoff(Duration::from_millis(1), Duration::from_millis(2)),
        );
    let running = bot.start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    discord.faults().drop_after_frames(k);

    let ann = discord.user("ann");
    let mut sent = Vec::new();
    for number in 0..EVENTS {
        sent.push(ann.says(&number.to_string()).await.id());
    }

    let mut met = Vec::new();
    while met.len() < EVENTS {
        let next = tokio::time::timeout(Duration::from_secs(20), handled.recv()).await;
        let Ok(Some(message)) = next else { break };
        met.push(message);
    }
    running.stop().await.unwrap();
    // What came beyond the expected number would be an event handled twice.
    while let Ok(message) = handled.try_recv() {
        met.push(message);
    }
    discord.stop().await;
    (sent, met)
}

#[event]
async fn note(
    message: On<MessageCreate>,
    State(seen): State<Arc<mpsc::Sender<MessageId>>>,
) -> Result<(), Failure> {
    Ok(seen.try_send(message.id)?)
}
