//! A bot and the box in one process: no network, and time is the test's.

use std::time::Duration;

use ovenjs_core::{
    Answer, Bot, Config, Cx, On, command, commands, event,
    gateway::Notice,
    rest::Client,
    routes,
    types::{EventKind, Intents, MessageCreate, MessageEdit, Pressure, Status, UpdatePresence},
};
use ovenjs_mock::Discord;

/// Reminds you in ten minutes
#[command]
async fn remind(cx: Cx) -> Answer {
    let cx = cx.reply("I will.").await?;
    tokio::time::sleep(Duration::from_secs(10 * 60)).await;
    cx.follow_up("Ten minutes are over.").await?;
    tokio::time::sleep(Duration::from_secs(10 * 60)).await;
    // The token of an interaction is good for fifteen minutes.
    let late = cx.edit(MessageEdit::from("too late")).await;
    assert!(late.is_err(), "{late:?}");
    Ok(cx)
}

/// Takes its time
#[command]
async fn slow(cx: Cx) -> Answer {
    tokio::time::sleep(Duration::from_secs(60)).await;
    cx.reply("There you are.").await
}

#[tokio::test(start_paused = true)]
async fn minutes_pass_in_no_time_and_everything_in_them_happens() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = Config::in_process(discord.token(), discord.door());
    let bot = Bot::new().routes(routes![remind, slow]).config(config);
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;

    let answer = discord.user("ann").slash("/remind").await;
    answer.says("I will.");
    discord.pass(Duration::from_secs(10 * 60 + 1)).await;
    let reminder = answer.follow_up(1).await;
    reminder.says("Ten minutes are over.");
    discord.pass(Duration::from_secs(60 * 60)).await;
    answer.again().says("I will.");

    // An hour of heartbeats: the one connection is still there.
    assert_eq!((discord.identifies(), discord.resumes()), (1, 0));
    assert_eq!(discord.connections().len(), 1);
    bot.stop().await.unwrap();
    discord.expect_no_violations();
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_deferred_by_the_same_clock() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = Config::in_process(discord.token(), discord.door());
    let bot = Bot::new().routes(routes![remind, slow]).config(config);
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;

    let ann = discord.user("ann");
    let asked = ann.slash("/slow");
    let later = discord.pass(Duration::from_secs(5));
    let pending = tokio::select! { _ = asked => false, () = later => true };
    assert!(pending, "the bot thinks for a minute");
    let deferred = discord
        .requests()
        .iter()
        .any(|request| request.path.ends_with("/callback") && request.method == "POST");
    assert!(deferred, "and says so before the three seconds are over");

    discord.pass(Duration::from_secs(60)).await;
    assert_eq!(
        discord.next_bot_message().await.unwrap().content(),
        "There you are."
    );
    bot.stop().await.unwrap();
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_box_that_is_gone_is_a_broken_connection() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let config = Config::in_process(discord.token(), discord.door());
    discord.stop().await;

    let error = Bot::new().config(config).start().await.unwrap_err();

    assert!(error.to_string().contains("could not be asked"), "{error}");
}

/// Counts what is no number
#[command]
async fn count(cx: Cx) -> Answer {
    let number: u32 = "many loaves".parse()?;
    cx.reply(number.to_string()).await
}

#[tokio::test(start_paused = true)]
async fn a_handler_fails() {
    let start = |d: &Discord| {
        let bot = Bot::new().routes(routes![count]);
        bot.in_process(d.token(), d.door()).start()
    };
    let (discord, _bot) = Discord::with_bot(start).await;
    let answer = discord.user("ann").slash("/count").await;
    answer.says("Something went wrong").conceals("digit");
}

#[test]
fn why_a_handler_fails_stands_in_the_output_of_its_test() {
    let itself = std::env::current_exe().unwrap();
    let test = "in_process::a_handler_fails";
    let run = std::process::Command::new(itself)
        .args(["--exact", test, "--nocapture"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}");
    for part in [
        "ERROR",
        "a handler failed",
        "count",
        "invalid digit found in string",
    ] {
        assert!(told.contains(part), "no {part} in {told}");
    }
}

#[event]
async fn greet(message: On<MessageCreate>, client: Client) -> commands::Result {
    if message.content == "!hi" {
        let reply = client.create_message(message.channel_id);
        reply.content("Hello.").await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_messages_say_needs_an_intent_that_the_code_names() {
    let bot = || Bot::new().routes(routes![greet]);
    let start = |d: &Discord| bot().in_process(d.token(), d.door()).start();
    let (discord, _bot) = Discord::with_bot(start).await;
    discord.user("ann").says("!hi").await;
    let told = discord.next_bot_message().await.unwrap_err().to_string();
    assert!(
        told.contains("without the intent MESSAGE_CONTENT"),
        "{told}"
    );

    let start = |d: &Discord| {
        let bot = bot().intents(Intents::MESSAGE_CONTENT);
        bot.in_process(d.token(), d.door()).start()
    };
    let (discord, _bot) = Discord::with_bot(start).await;
    discord.user("ann").says("!hi").await;
    discord.expect_bot_message().await.says("Hello.");
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_refused_tells_why() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let bot = Bot::new().in_process("another token", discord.door());
    let error = bot.start().await.unwrap_err();
    assert!(!error.to_string().contains("401"), "{error}");
    assert!(format!("{error:#}").contains("401"), "{error:#}");
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_uses_more_memory_than_it_may_holds_less_and_goes_on() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut config = Config::in_process(discord.token(), discord.door());
    // No process is that small.
    config.memory_max = Some(1 << 20);
    let bot = Bot::new().routes(routes![remind]).config(config);
    let bot = bot.start().await.unwrap();
    let mut watch = bot.fleet().watch();
    let pressed = async {
        while let Some(seen) = watch.next().await {
            if let Notice::Pressed { pressure, .. } = seen.notice {
                return pressure;
            }
        }
        panic!("the shard ended")
    };
    let told = tokio::time::timeout(Duration::from_secs(60), pressed).await;
    assert_eq!(told.expect("it is told"), Pressure::Critical);
    discord.expect_ready(1).await;
    let answer = discord.user("ann").slash("/remind").await;
    answer.says("I will.");
    bot.stop().await.unwrap();
    discord.expect_no_violations();
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_while_the_bot_runs_leaves_the_rest_as_it_is() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let mut config = Config::in_process(discord.token(), discord.door());
    config.live.presence = Some(UpdatePresence::new(Status::Idle));
    let bot = Bot::new().routes(routes![remind]).config(config);
    let mut bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;

    let mut live = bot.live().clone();
    live.bot.stop_after = Duration::from_secs(30);
    live.presence = None;
    let before = bot.apply(live.clone()).unwrap();

    assert_eq!(before.bot.stop_after, Duration::from_secs(10));
    assert_eq!(*bot.live(), live);
    let told = discord.wait_for_payload(3).await.unwrap();
    assert_eq!(
        told.data.text("/status"),
        Some("online"),
        "it is taken back"
    );
    // Which events come is not a thing of this.
    let everything = ovenjs_core::gateway::Live::default();
    let in_force = bot.fleet().apply(everything).unwrap();
    assert!(in_force.interest.wants(EventKind::InteractionCreate));
    assert!(!in_force.interest.wants(EventKind::TypingStart));
    bot.stop().await.unwrap();
}
