//! What a user does with the examples.

use ovenjs_mock::{Config, Discord, Recording, Scenario};

use crate::program::{self, Program};

#[tokio::test]
async fn ping_is_answered() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let bot = Program::start(program::ping(&discord));
    discord.wait_for_ready(1).await.unwrap();

    let answer = discord.user("ann").slash("/ping").await;

    assert_eq!(answer.content(), "Pong!");
    let ended = bot.stop().await;
    assert!(ended.status.success(), "{}", ended.output);
    ended.holds_no_secret(&discord);
    assert!(
        discord.violations().is_empty(),
        "{:?}",
        discord.violations()
    );
}

#[tokio::test]
async fn feedback_goes_from_command_to_button_to_form_to_answer() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let bot = Program::start(program::feedback(&discord));
    discord.expect_ready(1).await;
    let ann = discord.user("ann");

    let answer = ann.slash("/feedback topic:docs score:5").await;
    answer.says("docs").says("5").shows_button("Give feedback");
    let form = answer.click("Give feedback").await;
    let thanks = form.fill("text", "more examples").await;
    thanks.says("more examples").mentions(ann.id());

    assert!(bot.stop().await.status.success());
    discord.expect_no_violations();
}

#[tokio::test]
async fn the_story_in_the_file_is_what_feedback_does() {
    let story: Scenario = toml::from_str(include_str!("../../feedback.toml")).unwrap();
    let discord = Discord::start(story.config()).await.unwrap();
    let recorder = discord.record();
    let bot = Program::start(program::feedback(&discord));
    discord.expect_ready(1).await;
    let mut performance = discord.performance();
    for step in &story.step {
        let played = performance.perform(step).await;
        played.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    bot.stop().await;

    let recording = Recording::read(&recorder.next().await).unwrap();
    let discord = Discord::start(recording.config()).await.unwrap();
    let _bot = Program::start(program::feedback(&discord));
    discord.expect_ready(1).await;
    let replay = discord.replay(&recording).await.unwrap();
    assert_eq!(replay.differences, Vec::<String>::new());
}

#[tokio::test]
async fn a_button_of_a_former_process_still_works() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let former = Program::start(program::feedback(&discord));
    discord.expect_ready(1).await;
    let answer = discord.user("ann").slash("/feedback topic:docs").await;
    former.stop().await;
    discord.wait_for_silence().await.unwrap();

    let _bot = Program::start(program::feedback(&discord));
    discord.expect_ready(1).await;
    let form = answer.click("Give feedback").await;

    form.fill("text", "still here").await.says("still here");
}

#[tokio::test]
async fn a_bot_tells_what_it_is_without_running() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut command = program::feedback(&discord);
    command.env("OVENJS_DESCRIBE", "1");

    let ended = Program::start(command).ended().await;

    assert!(ended.status.success(), "{}", ended.output);
    ended.holds_no_secret(&discord);
    for part in [
        "\"name\":\"feedback\"",
        "\"topic\"",
        "\"intents\"",
        "\"OVENJS_BASE_URL\"",
    ] {
        assert!(ended.output.contains(part), "no {part} in {}", ended.output);
    }
    assert!(discord.requests().is_empty());
}
