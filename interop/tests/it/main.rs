//! The story with a bot in this process.

mod front_door;
mod log;
mod poise;
mod serenity;
mod twilight;

use anyhow::{Context as _, Result, bail};
use ovenjs_interop::exemption;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::task::JoinSet;
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Shard, ShardId};
use twilight_http::Client;

#[tokio::test]
async fn a_bot_on_twilight_lives_through_the_story() -> Result<()> {
    let discord = ovenjs_interop::discord().await?;
    let http = Client::builder()
        .token(discord.token())
        .proxy(discord.address().to_string(), true)
        .build();
    let intents = Intents::GUILDS
        | Intents::GUILD_MEMBERS
        | Intents::GUILD_MESSAGES
        | Intents::MESSAGE_CONTENT;
    let config = ConfigBuilder::new(discord.token(), intents)
        .proxy_url(discord.gateway_url())
        .build();
    let shard = Shard::with_config(ShardId::ONE, config);
    let sender = shard.sender();
    let mut bot = JoinSet::new();
    let leaving = Arc::new(AtomicBool::new(false));
    bot.spawn(twilight::run(shard, http, Arc::clone(&leaving)));

    let told = |step: &str| println!("{step}");
    let story = async {
        ovenjs_interop::play(&discord, "zlib-stream", told).await?;
        ovenjs_interop::works(&discord, told).await?;
        ovenjs_interop::counts(&discord, told).await?;
        ovenjs_interop::endures(&discord, told).await
    };
    tokio::select! {
        outcome = story => outcome?,
        ended = bot.join_next() => bail!("the bot ended early: {ended:?}"),
    }
    leaving.store(true, Ordering::SeqCst);
    sender.close(CloseFrame::NORMAL)?;
    ovenjs_interop::leaves(&discord, told).await?;
    bot.join_next().await.context("the bot is there")???;
    ovenjs_interop::keeps_to_the_rules(&discord, 37, exemption::TWILIGHT)
}
