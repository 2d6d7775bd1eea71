//! The shortest complete bot.

use ovenjs_core::{Answer, Bot, Cx, Result, command, routes};

/// Ping
#[command]
async fn ping(cx: Cx) -> Answer {
    cx.reply("Pong!").await
}

fn main() -> Result {
    Bot::new().routes(routes![ping]).run()
}
