//! A bot that greets as each server likes it: settings in memory, before a file of SQLite.

use std::time::Duration;

use ovenjs_core::cache::tiers::{Keyspace, KeyspaceConfig};
use ovenjs_core::types::{Id, marker::GuildMarker};
use ovenjs_core::{Answer, Bot, Config, Cx, Failure, Result, State, Text, command, routes};
use serde::{Deserialize, Serialize};

/// What each server likes.
type Settings = Keyspace<Id<GuildMarker>, Greeting>;

#[derive(Serialize, Deserialize)]
struct Greeting {
    text: String,
}

/// Set how this server greets
#[command]
async fn greeting(
    cx: Cx,
    /// The words
    text: Text<1, 100>,
    State(settings): State<Settings>,
) -> Answer {
    let text = text.to_string();
    settings.put(&guild(&cx)?, Greeting { text }).await?;
    cx.reply("So it shall be.").await
}

/// Greet
#[command]
async fn greet(cx: Cx, State(settings): State<Settings>) -> Answer {
    let found = settings.get(&guild(&cx)?).await?;
    let text = found.map_or_else(|| "Hello!".to_owned(), |greeting| greeting.text.clone());
    cx.reply(text).await
}

fn guild(cx: &Cx) -> Result<Id<GuildMarker>, Failure> {
    let refused = || Failure::refuse("This works in servers only.");
    cx.guild_id().ok_or_else(refused)
}

pub(crate) fn bot() -> Bot<Settings> {
    // Of version 1 of `Greeting`: with another number nothing is found of this one.
    let settings = KeyspaceConfig::new("settings", 1).lifetimes(DAY, 3_650 * DAY);
    Bot::with_tiers(|tiers| tiers.keyspace(settings)).routes(routes![greeting, greet])
}

fn main() -> Result {
    let config = Config::load()?
        .tiers_in_file("settings.db")
        // What waits for the file survives a kill.
        .tiers_journal("settings.waits");
    bot().config(config).run()
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[cfg(test)]
mod tests {
    use ovenjs_mock::Discord;

    // In memory alone: the bot is the same.
    #[tokio::test(start_paused = true)]
    async fn a_server_is_greeted_as_it_likes() {
        let start = |d: &Discord| super::bot().in_process(d.token(), d.door()).start();
        let (discord, _bot) = Discord::with_bot(start).await;
        let ann = discord.user("ann");
        ann.slash("/greet").await.says("Hello!");
        ann.slash("/greeting text:Moin")
            .await
            .says("So it shall be.");
        discord.user("bob").slash("/greet").await.says("Moin");
        discord.expect_no_violations();
    }
}
