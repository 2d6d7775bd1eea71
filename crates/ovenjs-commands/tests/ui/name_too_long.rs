use ovenjs_commands::{Answer, Cx, command};

/// Has a long name
#[command]
async fn a_name_of_thirty_three_characters(cx: Cx) -> Answer {
    cx.reply("…").await
}

/// Shouts
#[command(name = "Loud", cooldown = "often")]
async fn loud(
    cx: Cx,
    /// A description that goes on and on and says little about the option, until it has more than a hundred characters
    long: String,
) -> Answer {
    cx.reply(long).await
}

fn main() {}
