//! What something was before an event.

use std::sync::Arc;

use ovenjs_core::{
    Before, Bot, Config, Failure, Keep, On, State, event, routes,
    types::{Channel, ChannelUpdate, Intents, Member, Message, MessageDelete, MessageUpdate},
};
use ovenjs_mock::Discord;
use serde_json::json;
use tokio::sync::mpsc;

type Told = Arc<mpsc::Sender<String>>;

#[event]
async fn edited(
    now: On<MessageUpdate>,
    Before(before): Before<Message>,
    State(told): State<Told>,
) -> Result<(), Failure> {
    let before = before.map(|message| message.content.to_string());
    told.send(format!("{before:?} becomes {}", now.content))
        .await?;
    Ok(())
}

#[event]
async fn deleted(
    _: On<MessageDelete>,
    before: Before<Message>,
    // What the event has nothing to do with.
    channel: Before<Channel>,
    State(told): State<Told>,
) -> Result<(), Failure> {
    assert!(channel.is_none());
    let before = before
        .as_deref()
        .map(|message| (&*message.author.username, &*message.content));
    told.send(format!("{before:?} is deleted")).await?;
    Ok(())
}

#[event]
async fn renamed(
    now: On<ChannelUpdate>,
    before: Before<Channel>,
    State(told): State<Told>,
) -> Result<(), Failure> {
    let before = before.as_deref().and_then(|channel| channel.name.clone());
    told.send(format!("{before:?} becomes {:?}", now.name))
        .await?;
    Ok(())
}

#[event]
async fn dressed(_: On<MessageUpdate>, _: Before<Member>) -> Result<(), Failure> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_told_what_was_there_before() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (told, mut hears) = mpsc::channel(10);
    let mut config = Config::in_process(discord.token(), discord.door());
    config.mirror = Keep::new().messages(10);
    let bot = Bot::with_state(Arc::new(told)).routes(routes![edited, deleted, renamed]);
    let bot = bot.intents(Intents::MESSAGE_CONTENT);
    let bot = bot.config(config).start().await.unwrap();
    discord.expect_ready(1).await;
    let (guild, channel) = (discord.guild_id(), discord.channel_id());
    let update = json!({ "id": channel, "type": 0, "guild_id": guild, "name": "bread" });
    discord.emit("CHANNEL_UPDATE", &update).unwrap();
    assert_eq!(
        hears.recv().await.unwrap(),
        r#"Some("general") becomes Some("bread")"#
    );

    let author = json!({ "id": "80", "username": "ann", "discriminator": "0", "avatar": null });
    let message = |id: &str, content: &str| {
        json!({
            "id": id, "channel_id": channel, "guild_id": guild, "author": author, "content": content,
            "timestamp": "2026-01-02T03:04:05.000000+00:00", "edited_timestamp": null, "tts": false,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [],
            "embeds": [], "pinned": false, "type": 0,
        })
    };
    discord
        .emit("MESSAGE_CREATE", &message("500", "a loaf"))
        .unwrap();
    discord
        .emit("MESSAGE_UPDATE", &message("500", "two loaves"))
        .unwrap();
    assert_eq!(
        hears.recv().await.unwrap(),
        r#"Some("a loaf") becomes two loaves"#
    );
    let gone = |id: &str| json!({ "id": id, "channel_id": channel, "guild_id": guild });
    discord.emit("MESSAGE_DELETE", &gone("500")).unwrap();
    assert_eq!(
        hears.recv().await.unwrap(),
        r#"Some(("ann", "two loaves")) is deleted"#
    );
    // Older than the bot.
    discord
        .emit("MESSAGE_UPDATE", &message("400", "crumbs"))
        .unwrap();
    assert_eq!(hears.recv().await.unwrap(), "None becomes crumbs");
    discord.emit("MESSAGE_DELETE", &gone("401")).unwrap();
    assert_eq!(hears.recv().await.unwrap(), "None is deleted");
    bot.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_what_is_not_kept_is_told_before_the_start() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut config = Config::in_process(discord.token(), discord.door());
    config.mirror = Keep::new();
    let bot = Bot::new().routes(routes![dressed]).config(config);
    let error = bot.start().await.unwrap_err().to_string();
    assert!(
        error.contains("`dressed` wants what was there before"),
        "{error}"
    );
    assert!(error.contains("set `members` of `mirror`"), "{error}");
}
