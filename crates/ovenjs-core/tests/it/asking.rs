//! Handlers that ask Discord about a guild.

use ovenjs_core::{
    Answer, Bot, Cx, Failure, On, Text, command, event,
    gateway::{AskGuild, ErrorKind, Fleet, Reply},
    rest::Client,
    routes,
    types::{ChannelInfoField, Id, Intents, MessageCreate, RequestGuildMembers},
};
use ovenjs_mock::Discord;

/// Finds members
#[command]
async fn find(
    cx: Cx,
    guild: AskGuild,
    /// How their names begin
    name: Text<1, 32>,
) -> Answer {
    let found = guild.members().named(&*name).limit(10).await?;
    let mut names: Vec<_> = found
        .iter()
        .filter_map(|member| member.user.as_ref())
        .map(|user| user.username.clone())
        .collect();
    names.sort();
    cx.reply(format!("found: {}", names.join(", "))).await
}

#[event]
async fn ask(message: On<MessageCreate>, guild: AskGuild, client: Client) -> Result<(), Failure> {
    let ann = message.author.id;
    let text = match message.content.as_str() {
        "!me" => {
            let one = guild.member(ann).await?;
            let nobody = guild.member(Id::new(1)).await?;
            format!("me: {}, nobody: {}", one.is_some(), nobody.is_some())
        }
        "!all" => {
            // As it comes, for those who do not want to hold them all.
            let mut replies = guild.members().stream()?;
            let mut chunks = 0;
            while let Some(reply) = replies.next().await {
                match reply? {
                    Reply::Chunk(_) => chunks += 1,
                    _ => chunks = 0,
                }
            }
            let all = guild.members().users([ann, Id::new(1)]).await?;
            format!("chunks: {chunks}, of two: {}", all.len())
        }
        "!more" => {
            let sounds = guild.soundboard_sounds().await?;
            let fields = [ChannelInfoField::VoiceStartTime, ChannelInfoField::Status];
            let channels = guild.channel_info(fields).await?;
            format!("sounds: {}, channels: {}", sounds.len(), channels.len())
        }
        _ => return Ok(()),
    };
    client
        .create_message(message.channel_id)
        .content(text)
        .await?;
    Ok(())
}

fn bot() -> Bot {
    let intents = Intents::MESSAGE_CONTENT | Intents::GUILD_MEMBERS | Intents::GUILD_MESSAGES;
    Bot::new().routes(routes![find, ask]).intents(intents)
}

#[tokio::test(start_paused = true)]
async fn a_handler_asks_about_the_guild_it_was_called_in() {
    let mut guild = ovenjs_mock::Guild::default();
    guild.members = 2_500;
    let mut world = ovenjs_mock::Config::default();
    world.guilds = vec![guild];
    let discord = Discord::in_process(world);
    let bot = bot().in_process(discord.token(), discord.door());
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;
    let ann = discord.user("ann");
    for (asked, answer) in [
        ("!me", "me: true, nobody: false"),
        ("!all", "chunks: 3, of two: 1"),
        ("!more", "sounds: 0, channels: "),
    ] {
        ann.says(asked).await;
        discord.expect_bot_message().await.says(answer);
    }
    ann.slash("/find name:an").await.says("found: ann");
    ann.slash("/find name:nobody-is-called-so")
        .await
        .says("found:");
    bot.stop().await.unwrap();
    discord.expect_no_violations();
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_question_is_its_answer() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let bot = bot().in_process(discord.token(), discord.door());
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;
    let fleet: &Fleet = bot.fleet();
    let guild = fleet.guild(discord.guild_id());
    assert_eq!(guild.id(), discord.guild_id());
    let error = guild.members().named("a").limit(101).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Command, "{error}");
    let error = guild.channel_info([]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Command, "{error}");
    let sounds = fleet.soundboard_sounds([]).await.unwrap();
    assert!(sounds.is_empty());
    let same = RequestGuildMembers::named(discord.guild_id(), "ann", 100);
    let plain = fleet.members(same).unwrap().members().await.unwrap();
    assert_eq!(guild.members().named("ann").await.unwrap(), plain);
    bot.stop().await.unwrap();
}
