//! What goes wrong, and who hears of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ovenjs_commands::{
    Answer, BoxFuture, Counters, Cx, Error, Failure, Live, ModalCx, State, Taken, command,
    component, routes,
};

use crate::discord::{Door, MESSAGE, Refused, Story, interaction};

const APOLOGY: &str = r#"callback {"type":4,"data":{"content":"Something went wrong. Please try again later.","flags":64}}"#;

/// Fails
#[command]
async fn fails(cx: Cx) -> Answer {
    let _: u8 = cx.user().username.parse()?;
    cx.reply("never").await
}

/// Panics
#[command]
async fn panics(_cx: Cx) -> Answer {
    panic!("oh {}", "no")
}

/// Refuses
#[command]
async fn refuses(_cx: Cx) -> Answer {
    Err(Failure::refuse("Not on Sundays."))
}

#[test]
fn the_user_hears_an_apology_and_the_hook_the_reason() {
    let story = Story::new(routes![fails, panics, refuses]);
    assert_eq!(story.interact(2, &run("fails")), [APOLOGY]);
    assert_eq!(story.failures(), ["fails: invalid digit found in string"]);
    assert_eq!(story.interact(2, &run("panics")), [APOLOGY]);
    assert_eq!(story.failures(), ["panics: panicked: oh no"]);
    let refusal = r#"callback {"type":4,"data":{"content":"Not on Sundays.","flags":64}}"#;
    assert_eq!(story.interact(2, &run("refuses")), [refusal]);
    assert!(story.failures().is_empty());
}

#[test]
fn after_the_answer_no_apology_follows() {
    /// Fails late
    #[command]
    async fn late(cx: Cx) -> Answer {
        let _cx = cx.reply("so far").await?;
        Err(Failure::because("then it broke"))
    }
    let story = Story::new(routes![late]);
    let answers = story.interact(2, &run("late"));
    assert_eq!(
        answers,
        [r#"callback {"type":4,"data":{"content":"so far"}}"#]
    );
    assert_eq!(story.failures(), ["late: then it broke"]);
}

/// "Thinking" does not stay for ever, and the apology is for the user alone.
#[test]
fn after_a_deferral_the_apology_takes_the_place() {
    /// Slow to fail
    #[command]
    async fn slow(_cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        Err(Failure::because("tired"))
    }
    let story = Story::new(routes![slow]);
    let raw = interaction(2, &run("slow"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    story.app.door.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        [
            r#"callback {"type":5}"#,
            "delete",
            r#"follow_up {"content":"Something went wrong. Please try again later.","flags":64}"#
        ]
    );
}

#[test]
fn a_failure_waits_for_the_deferral_on_its_way() {
    /// Slow to fail
    #[command]
    async fn slow(_cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        Err(Failure::refuse("Not today."))
    }
    let story = Story::new(routes![slow]);
    let line = Door::default();
    *story.discord.line.lock().unwrap() = Some(line.clone());
    let raw = interaction(2, &run("slow"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    story.app.door.open();
    assert!(!call.poll());
    assert_eq!(story.discord.take(), [r#"callback {"type":5}"#]);
    line.open();
    assert!(call.poll());
    assert_eq!(
        story.discord.take(),
        ["delete", r#"follow_up {"content":"Not today.","flags":64}"#]
    );
}

#[test]
fn an_answer_that_does_not_arrive_is_reported_with_its_cause() {
    /// Ping
    #[command]
    async fn ping(cx: Cx) -> Answer {
        let failure = cx.reply("Pong!").await.unwrap_err();
        assert_eq!(failure.fault().unwrap().discord_code(), Some(10062));
        Err(failure)
    }
    let story = Story::new(routes![ping]);
    *story.discord.refusals.lock().unwrap() = vec![Refused(10062), Refused(10062)];
    assert_eq!(
        story.interact(2, &run("ping")).len(),
        2,
        "the reply and an apology were tried"
    );
    assert_eq!(
        story.failures(),
        ["ping: could not answer the interaction: discord code 10062"]
    );
}

#[test]
fn what_nobody_handles_is_answered_only_if_so_configured() {
    let story = Story::new(routes![fails]);
    assert!(story.interact(2, &run("unknown")).is_empty());
    assert!(story.press("unknown.1:5").is_empty());

    story
        .router
        .apply(Live::new().gone("This is no longer available."))
        .unwrap();
    let gone =
        r#"callback {"type":4,"data":{"content":"This is no longer available.","flags":64}}"#;
    assert_eq!(story.interact(2, &run("unknown")), [gone]);
    assert_eq!(story.press("unknown.1:5"), [gone]);
    assert_eq!(
        story.interact(5, r#"{"custom_id":"unknown:x","components":[]}"#),
        [gone]
    );
    assert!(
        story.interact(4, &run("unknown")).is_empty(),
        "there is nothing to say while typing"
    );
}

#[test]
fn a_configuration_that_cannot_work_changes_nothing() {
    let story = Story::new(routes![fails]);
    let late = Live::new()
        .defer_after(Duration::from_secs(3))
        .apology("sorry");
    let error = story.router.apply(late).unwrap_err();
    assert!(error.to_string().contains("set at most 2.9s"), "{error}");
    let mute = Live::new().apology("");
    let error = story.router.apply(mute).unwrap_err();
    let text = "apology has 0 characters, but Discord takes 1 to 2000";
    assert_eq!(error.to_string(), text);
    assert_eq!(story.interact(2, &run("fails")), [APOLOGY]);
}

#[test]
fn foreign_input_is_survived() {
    let story = Story::new(routes![fails]);
    let nobody = r#"{"id":"1","application_id":"2","type":2,"token":"secret","data":{"id":"3","name":"fails","type":1}}"#;
    assert!(story.send("INTERACTION_CREATE", nobody).is_empty());
    let empty = r#"{"id":"1","application_id":"2","type":2,"token":"secret","user":{"id":"80","username":"ann"}}"#;
    assert!(story.send("INTERACTION_CREATE", empty).is_empty());
    let future = r#"{"id":"1","application_id":"2","type":77,"token":"secret","user":{"id":"80","username":"ann"}}"#;
    assert!(story.send("INTERACTION_CREATE", future).is_empty());
    assert!(story.interact(77, &run("fails")).is_empty());
    let ping = r#"{"id":"1","application_id":"2","type":1,"token":"secret"}"#;
    assert_eq!(
        story.send("INTERACTION_CREATE", ping),
        [r#"callback {"type":1}"#]
    );
    assert!(story.failures().is_empty());
}

#[test]
fn there_is_one_context() {
    /// Two
    #[command]
    async fn two(cx: Cx, _other: ModalCx) -> Answer {
        cx.reply("never").await
    }
    let story = Story::new(routes![two]);
    assert_eq!(story.interact(2, &run("two")), [APOLOGY]);
    assert_eq!(
        story.failures(),
        ["two: an interaction is answered once: take one `Cx` or `ModalCx`, not two"]
    );
}

#[test]
fn a_command_has_no_message_to_update() {
    /// Updates
    #[command]
    async fn updates(cx: Cx) -> Answer {
        cx.update("what?").await
    }
    let story = Story::new(routes![updates]);
    assert_eq!(story.interact(2, &run("updates")), [APOLOGY]);
    assert!(story.failures()[0].contains("use reply"));
}

#[test]
fn a_cooldown_turns_away_until_it_is_over() {
    /// Once
    #[command(cooldown = "1/10s")]
    async fn once(cx: Cx) -> Answer {
        cx.reply("ok").await
    }
    let story = Story::new(routes![once]);
    let ok = r#"callback {"type":4,"data":{"content":"ok"}}"#;
    assert_eq!(story.interact(2, &run("once")), [ok]);
    story.wait(Duration::from_millis(2500));
    let wait = r#"callback {"type":4,"data":{"content":"Too fast. Try again in 8 s.","flags":64}}"#;
    assert_eq!(story.interact(2, &run("once")), [wait]);
    story.wait(Duration::from_millis(7500));
    assert_eq!(story.interact(2, &run("once")), [ok]);
}

#[test]
fn commands_of_two_modules_have_cooldowns_of_their_own() {
    mod one {
        use super::*;
        /// One
        #[command(name = "one", cooldown = "1/10s")]
        pub(super) async fn set(cx: Cx) -> Answer {
            cx.reply("one").await
        }
    }
    mod two {
        use super::*;
        /// Two
        #[command(name = "two", cooldown = "1/10s")]
        pub(super) async fn set(cx: Cx) -> Answer {
            cx.reply("two").await
        }
    }
    let story = Story::new(routes![one::set, two::set]);
    for name in ["one", "two"] {
        let reply = format!(r#"callback {{"type":4,"data":{{"content":"{name}"}}}}"#);
        assert_eq!(story.interact(2, &run(name)), [reply]);
    }
}

#[test]
fn while_a_cooldown_is_counted_the_interaction_is_deferred() {
    #[derive(Debug)]
    struct Far(Door);
    impl Counters for Far {
        fn take<'a>(
            &'a self,
            _: &'a str,
            _: u32,
            _: Duration,
            _: Instant,
        ) -> BoxFuture<'a, Result<Taken, Error>> {
            Box::pin(async {
                self.0.pass().await;
                Ok(Taken::Allowed)
            })
        }
    }
    /// Once
    #[command(cooldown = "1/10s")]
    async fn once(cx: Cx) -> Answer {
        cx.reply("ok").await
    }
    let mut story = Story::new(routes![once]);
    let door = story.app.door.clone();
    story.router = story.router.counters(Arc::new(Far(door)));
    let raw = interaction(2, &run("once"), "");
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    story.wait(Duration::from_secs(2));
    assert!(!call.poll());
    assert_eq!(story.discord.take(), [r#"callback {"type":5}"#]);
    story.app.door.open();
    assert!(call.poll());
    assert_eq!(story.discord.take().len(), 1);
}

#[test]
fn a_dropped_call_leaves_nothing_behind() {
    #[component(id = "wait")]
    async fn wait(cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        cx.reply("never").await
    }
    let story = Story::new(routes![wait]);
    let raw = interaction(3, r#"{"custom_id":"wait","component_type":2}"#, MESSAGE);
    let mut call = story.begin("INTERACTION_CREATE", &raw);
    assert!(!call.poll());
    drop(call);
    story.app.door.open();
    story.wait(Duration::from_secs(5));
    assert!(story.discord.take().is_empty());
}

fn run(name: &str) -> String {
    format!(r#"{{"id":"3","name":"{name}","type":1}}"#)
}
