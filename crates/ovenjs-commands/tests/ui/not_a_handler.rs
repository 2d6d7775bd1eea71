use ovenjs_commands::{Answer, Cx, command, component, event};

/// Waits for nothing
#[command]
fn blocking(cx: Cx) -> Answer {
    cx.reply("…")
}

/// Knows too much
#[command(hidden)]
async fn hidden(cx: Cx) -> Answer {
    cx.reply("…").await
}

/// Says nothing
#[command]
async fn silent(cx: Cx) {
    drop(cx);
}

#[component]
async fn borrowed(cx: &Cx) -> Answer {
    todo!()
}

#[event]
struct NoFunction;

fn main() {}
