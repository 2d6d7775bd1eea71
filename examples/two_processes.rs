//! A bot of two processes: each runs half of the shards, and a Redis holds their sessions and the queue
//! in which they identify. Both are this program. The configuration of the one is
//! `two_processes/0.toml`, of the other `two_processes/1.toml`: they differ in shards, state and member,
//! and one of them alone registers the commands.
//!
//! ```console
//! $ export DISCORD_TOKEN=… OVENJS_REDIS=redis://127.0.0.1
//! $ cargo build -p ovenjs-examples --features redis --bin two_processes
//! $ OVENJS_CONFIG=examples/two_processes/0.toml target/debug/two_processes &
//! $ OVENJS_CONFIG=examples/two_processes/1.toml target/debug/two_processes
//! ```

use ovenjs_core::{
    Answer, Bot, Cx, Failure, On, Result, command, event,
    gateway::{
        Fleet,
        bus::{Bus, Message},
    },
    routes,
    types::MessageCreate,
};

/// What one process tells the others.
#[derive(serde::Serialize, serde::Deserialize)]
struct Heard(String);

impl Message for Heard {
    const TOPIC: &'static str = "heard";
}

/// Tells every process what was said in a guild of this one.
#[event]
async fn pass_on(message: On<MessageCreate>, bus: Bus) -> Result<(), Failure> {
    bus.broadcast(&Heard(message.content.to_string())).await?;
    Ok(())
}

/// Which process answers
#[command]
async fn whereabouts(cx: Cx, fleet: Fleet) -> Answer {
    let here: Vec<String> = fleet.shards().map(|shard| shard.to_string()).collect();
    cx.reply(format!("A process with {}.", here.join(", ")))
        .await
}

fn main() -> Result {
    Bot::new().routes(routes![pass_on, whereabouts]).run()
}
