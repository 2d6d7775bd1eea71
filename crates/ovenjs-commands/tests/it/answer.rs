//! One first answer, whoever gives it: the handler in time, or the router for a slow one.

use std::time::Duration;

use ovenjs_commands::{
    Answer, CustomId, Cx, Modal, ModalCx, State, command, component, routes, submit,
};
use ovenjs_types::{MessageDraft, Upload};

use crate::discord::{Door, MESSAGE, Refused, Story, interaction};

/// Ping
#[command]
async fn ping(cx: Cx) -> Answer {
    cx.reply("Pong!").await
}

/// Slow
#[command]
async fn slow(cx: Cx, door: State<Door>) -> Answer {
    door.pass().await;
    cx.reply("done").await
}

#[test]
fn a_command_is_answered() {
    let story = Story::new(routes![ping]);
    let answers = story.interact(2, &run("ping"));
    assert_eq!(
        answers,
        [r#"callback {"type":4,"data":{"content":"Pong!"}}"#]
    );
}

#[test]
fn a_slow_handler_is_deferred_and_its_reply_takes_the_place() {
    let story = Story::new(routes![slow]);
    let raw = interaction(2, &run("slow"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_millis(1999));
    assert!(!call.poll());
    assert!(story.discord.take().is_empty());

    story.wait(Duration::from_millis(1));
    assert!(!call.poll());
    assert_eq!(story.discord.take(), [r#"callback {"type":5}"#]);

    story.app.door.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        [r#"edit {"content":"done","embeds":[],"components":[]}"#]
    );
}

#[test]
fn files_of_a_deferred_reply_go_with_the_edit() {
    /// Slow file
    #[command]
    async fn file(cx: Cx) -> Answer {
        let cx = cx.defer().await?;
        cx.reply(MessageDraft::new().file(Upload::new("a.txt", &b"a"[..])))
            .await
    }
    let story = Story::new(routes![file]);
    let answers = story.interact(2, &run("file"));
    assert_eq!(answers[0], r#"callback {"type":5}"#);
    assert!(
        answers[1].contains(r#""attachments":[{"id":0,"filename":"a.txt"}]"#),
        "{answers:?}"
    );
}

#[test]
fn an_ephemeral_command_is_so_in_time_and_late() {
    /// Secret
    #[command(ephemeral)]
    async fn secret(cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        cx.reply("psst").await
    }
    let story = Story::new(routes![secret]);
    story.app.door.open();
    let answers = story.interact(2, &run("secret"));
    assert_eq!(
        answers,
        [r#"callback {"type":4,"data":{"content":"psst","flags":64}}"#]
    );

    let story = Story::new(routes![secret]);
    let raw = interaction(2, &run("secret"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    assert_eq!(
        story.discord.take(),
        [r#"callback {"type":5,"data":{"flags":64}}"#]
    );
    story.app.door.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        [r#"edit {"content":"psst","embeds":[],"components":[]}"#]
    );
}

/// Discord shows an edit to all who see "thinking", and makes one of the first follow-up.
#[test]
fn an_ephemeral_reply_after_a_public_deferral_shows_to_nobody_else() {
    /// Secret
    #[command]
    async fn secret(cx: Cx) -> Answer {
        let cx = cx.defer().await?;
        cx.reply(MessageDraft::from("psst").ephemeral()).await
    }
    let story = Story::new(routes![secret]);
    assert_eq!(
        story.interact(2, &run("secret")),
        [
            r#"callback {"type":5}"#,
            "delete",
            r#"follow_up {"content":"psst","flags":64}"#
        ]
    );
}

#[test]
fn a_reply_waits_for_the_deferral_on_its_way() {
    let story = Story::new(routes![slow]);
    let line = Door::default();
    *story.discord.line.lock().unwrap() = Some(line.clone());
    let raw = interaction(2, &run("slow"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    assert_eq!(story.discord.take(), [r#"callback {"type":5}"#]);

    // The handler has its reply while the deferral is not yet home.
    story.app.door.open();
    assert!(!call.poll());
    assert!(story.discord.take().is_empty());
    line.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        [r#"edit {"content":"done","embeds":[],"components":[]}"#]
    );
}

#[test]
fn a_reply_on_its_way_is_not_deferred() {
    let story = Story::new(routes![ping]);
    let line = Door::default();
    *story.discord.line.lock().unwrap() = Some(line.clone());
    let raw = interaction(2, &run("ping"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    line.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        [r#"callback {"type":4,"data":{"content":"Pong!"}}"#]
    );
}

/// The deferral reached Discord, but its receipt did not reach us.
#[test]
fn a_deferral_whose_receipt_was_lost_still_counts() {
    let story = Story::new(routes![slow]);
    let raw = interaction(2, &run("slow"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    // Taken from the end: first the lost receipt, then Discord's "already acknowledged".
    *story.discord.refusals.lock().unwrap() = vec![Refused(40060), Refused(0)];
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    story.app.door.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        [
            r#"callback {"type":5}"#,
            r#"callback {"type":4,"data":{"content":"done"}}"#,
            r#"edit {"content":"done","embeds":[],"components":[]}"#
        ]
    );
    assert!(story.failures().is_empty());
}

#[test]
fn what_follows_the_reply_reaches_discord() {
    /// Chatty
    #[command]
    async fn chatty(cx: Cx) -> Answer {
        assert_eq!(cx.user().username, "ann");
        assert_eq!((cx.user_id().get(), cx.locale()), (80, Some("de")));
        assert_eq!(cx.guild_id().map(|id| id.get()), Some(70));
        assert_eq!(cx.channel_id().map(|id| id.get()), Some(60));
        assert!(cx.member().is_some() && cx.message().is_none());
        let cx = cx.reply("one").await?;
        let two = cx.follow_up("two").await?;
        cx.edit("eins").await?;
        cx.edit_follow_up(two.id, "zwei").await?;
        cx.delete_follow_up(two.id).await?;
        cx.delete_reply().await?;
        Ok(cx)
    }
    let story = Story::new(routes![chatty]);
    assert_eq!(
        story.interact(2, &run("chatty")),
        [
            r#"callback {"type":4,"data":{"content":"one"}}"#,
            r#"follow_up {"content":"two"}"#,
            r#"edit {"content":"eins"}"#,
            r#"edit_follow_up 9 {"content":"zwei"}"#,
            "delete_follow_up 9",
            "delete",
        ]
    );
}

/// A late reply to a component is a message of its own, so what follows must not touch the message
/// in which the component stands.
#[test]
fn what_follows_a_late_reply_is_about_the_reply() {
    #[component(id = "late")]
    async fn late(cx: Cx) -> Answer {
        let cx = cx.defer().await?.reply("beside").await?;
        cx.edit("changed").await?;
        cx.delete_reply().await?;
        Ok(cx)
    }
    /// Secret
    #[command]
    async fn secret(cx: Cx) -> Answer {
        let cx = cx.defer().await?;
        let cx = cx.reply(MessageDraft::from("psst").ephemeral()).await?;
        cx.edit("changed").await?;
        Ok(cx)
    }
    let story = Story::new(routes![late, secret]);
    assert_eq!(
        story.press("late"),
        [
            r#"callback {"type":6}"#,
            r#"follow_up {"content":"beside"}"#,
            r#"edit_follow_up 9 {"content":"changed"}"#,
            "delete_follow_up 9",
        ]
    );
    let answers = story.interact(2, &run("secret"));
    let changed = r#"edit_follow_up 9 {"content":"changed"}"#;
    assert_eq!(answers.last().map(String::as_str), Some(changed));
}

#[derive(CustomId)]
struct Ask {
    round: u8,
}

/// Question
#[derive(Modal)]
struct Question {
    /// What is it?
    text: String,
}

#[component]
async fn ask(cx: ModalCx, id: Ask, door: State<Door>) -> Answer {
    door.pass().await;
    cx.open(Question::modal().carry(id)).await
}

#[submit]
async fn asked(cx: Cx, form: Question, id: Ask) -> Answer {
    cx.reply(format!("{} in round {}", form.text, id.round))
        .await
}

#[test]
fn a_handler_that_may_open_a_modal_is_never_deferred() {
    let story = Story::new(routes![ask, asked]);
    let data = r#"{"custom_id":"ask.1:3","component_type":2}"#;
    let raw = interaction(3, data, MESSAGE);
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(60));
    assert!(!call.poll());
    assert!(story.discord.take().is_empty());
    story.app.door.open();
    assert!(call.poll());
    let answers = story.discord.take();
    assert_eq!(
        answers,
        [concat!(
            r#"callback {"type":9,"data":{"custom_id":"question:ask.1:3","title":"Question","#,
            r#""components":[{"type":18,"label":"What is it?","#,
            r#""component":{"type":4,"custom_id":"text","style":1}}]}}"#
        )]
    );

    // And back it comes, by another process if need be.
    let submitted = r#"{"custom_id":"question:ask.1:3","components":[{"type":18,"component":
        {"type":4,"custom_id":"text","value":"Why?"}}]}"#;
    assert_eq!(
        story.interact(5, submitted),
        [r#"callback {"type":4,"data":{"content":"Why? in round 3"}}"#]
    );
}

fn run(name: &str) -> String {
    format!(r#"{{"id":"3","name":"{name}","type":1}}"#)
}
