use ovenjs_commands::{Answer, Cx, command};

/// Greets twice
#[command]
async fn greet(cx: Cx) -> Answer {
    cx.reply("Hello").await?;
    cx.reply("Hello").await
}

/// Does not answer
#[command]
async fn forget(cx: Cx) -> ovenjs_commands::Result {
    let _ = cx;
    Ok(())
}

fn main() {}
