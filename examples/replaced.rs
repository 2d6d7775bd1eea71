//! A bot that is replaced, and killed, without losing an event: start it again while it runs, and the
//! new process takes the sessions over at the socket while the old one ends; stop it, and the next one
//! resumes from the file; kill it, and what was not answered comes again.

use ovenjs_core::{
    Bot, Config, On, Result, commands, event,
    rest::Client,
    routes,
    types::{Intents, MessageCreate},
};

/// Says everything again.
#[event]
async fn echo(message: On<MessageCreate>, client: Client) -> commands::Result {
    if message.author.bot {
        return Ok(());
    }
    let answer = client.create_message(message.channel_id);
    answer.content(format!("{}!", message.content)).await?;
    Ok(())
}

fn main() -> Result {
    // Both lie in the working directory; `[gateway]` of oven.toml can say it as well.
    let mut config = Config::load()?
        .state("replaced.state")
        .hand_over("replaced.socket");
    config.gateway.at_least_once = true;
    let bot = Bot::new().routes(routes![echo]);
    bot.intents(Intents::MESSAGE_CONTENT).config(config).run()
}
