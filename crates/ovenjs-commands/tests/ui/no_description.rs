use ovenjs_commands::{Answer, Cx, Routes, command, routes};

/// Asks for feedback
#[command]
async fn feedback(cx: Cx, topic: String, score: Option<i64>) -> Answer {
    cx.reply(format!("{topic} {score:?}")).await
}

#[command]
async fn unspoken(cx: Cx) -> Answer {
    cx.reply("…").await
}

struct Mine;

/// Takes something of one's own
#[command]
async fn mine(cx: Cx, mine: Mine) -> Answer {
    let Mine = mine;
    cx.reply("…").await
}

fn main() {
    let _: Routes<()> = routes![mine];
}
