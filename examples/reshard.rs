//! A bot that changes its number of shards while it runs. Its configuration names no number: then it
//! follows the sessions in the state, so the next process starts with the new number.
//! Whoever can call the command spends identifies: register it in a guild of your own (`OVENJS_GUILD`).

use ovenjs_core::{
    Answer, Bot, Config, Cx, Int, Result, command,
    gateway::{Fleet, ShardCount},
    rest::Client,
    routes,
};

/// Change the number of shards
#[command]
async fn reshard(
    cx: Cx,
    fleet: Fleet,
    client: Client,
    /// How many; as many as Discord recommends where nothing is said
    shards: Option<Int<1, 1000>>,
) -> Answer {
    let count = match shards {
        Some(shards) => ShardCount::from(u32::try_from(*shards)?),
        None => ShardCount::from(&client.bot_gateway().await?),
    };
    let cx = cx.reply(format!("To {} shards.", count.shards())).await?;
    // Some minutes for a large bot. Where it cannot be done the error is logged, and the old shards
    // go on.
    fleet.reshard(count).await?;
    Ok(cx)
}

pub(crate) fn bot() -> Bot {
    Bot::new().routes(routes![reshard])
}

fn main() -> Result {
    bot().config(Config::load()?.state("reshard.state")).run()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ovenjs_core::Config;
    use ovenjs_mock::Discord;

    #[tokio::test(start_paused = true)]
    async fn the_number_changes_and_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("reshard.state");
        let start = |d: &Discord| {
            let config = Config::in_process(d.token(), d.door()).state(&state);
            super::bot().config(config).start()
        };
        let (discord, bot) = Discord::with_bot(&start).await;
        let answer = discord.user("ann").slash("/reshard shards:2").await;
        answer.says("To 2 shards.");
        while bot.fleet().shards().count() == 1 || bot.fleet().resharding().is_some() {
            discord.pass(Duration::from_secs(10)).await;
        }
        bot.stop().await.unwrap();

        let bot = start(&discord).await.unwrap();
        assert_eq!(bot.fleet().shards().count(), 2);
        bot.stop().await.unwrap();
        assert_eq!(discord.identifies(), 3, "one, and two");
        discord.expect_no_violations();
    }
}
