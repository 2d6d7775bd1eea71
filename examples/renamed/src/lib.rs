//! A bot that calls `ovenjs-core` by another name: the macros find it in `Cargo.toml`, or are told.

use oven::{Answer, Bot, CustomId, Cx, Modal, ModalCx, Text, command, component, routes, submit};

/// Echo
#[command]
async fn echo(
    cx: Cx,
    /// What comes back
    text: Text<1, 100>,
) -> Answer {
    cx.reply(text.to_string()).await
}

/// Told where to find it
#[command(crate = oven::commands)]
async fn told(cx: Cx) -> Answer {
    cx.reply("found").await
}

#[derive(CustomId)]
struct More {
    count: u32,
}

/// More
#[derive(Modal)]
struct Wish {
    /// What else?
    text: String,
}

#[component]
async fn more(cx: ModalCx, id: More) -> Answer {
    cx.open(Wish::modal().carry(id)).await
}

#[submit]
async fn wished(cx: Cx, form: Wish, id: More) -> Answer {
    cx.reply(format!("{} more: {}", id.count, form.text)).await
}

/// The bot.
#[must_use]
pub fn bot() -> Bot {
    Bot::new().routes(routes![echo, told, more, wished])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_macros_find_their_crate_under_another_name() {
        let commands = super::bot().commands();
        let names: Vec<&str> = commands
            .iter()
            .map(|command| command.name.as_str())
            .collect();
        assert_eq!(names, ["echo", "told"]);
    }
}
