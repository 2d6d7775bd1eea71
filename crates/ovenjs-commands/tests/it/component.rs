//! Buttons, selects and modals, through restarts and releases.

use std::time::Duration;

use ovenjs_commands::{
    Answer, Choices, CustomId, Cx, Int, Modal, State, Text, Values, component, routes, submit,
};
use ovenjs_types::{Id, marker::UserMarker};

use crate::discord::{Door, MESSAGE, Story, interaction};

#[derive(Choices, Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Good,
    #[choice(value = "b")]
    Bad,
}

#[derive(CustomId, Debug, PartialEq, Eq)]
#[custom_id(name = "v", version = 3, was = OldVote)]
struct Vote {
    voter: Id<UserMarker>,
    note: Text<0, 20>,
    #[custom_id(since = 2)]
    mood: Option<Mood>,
}

/// Version 0 knew the user's number alone.
#[derive(CustomId)]
#[custom_id(name = "v", version = 0)]
struct OldVote {
    voter: u64,
}

impl From<OldVote> for Vote {
    fn from(old: OldVote) -> Self {
        Self {
            voter: Id::new(old.voter.max(1)),
            note: Text::new("old").unwrap_or_else(|_| unreachable!("three letters fit")),
            mood: None,
        }
    }
}

#[component]
async fn vote(cx: Cx, id: Vote) -> Answer {
    cx.update(format!("{} {} {:?}", id.voter, &*id.note, id.mood))
        .await
}

#[test]
fn a_custom_id_comes_back_as_it_was() {
    let id = Vote {
        voter: Id::new(80),
        note: Text::new("a:b.c-ü").unwrap(),
        mood: Some(Mood::Bad),
    };
    assert_eq!(id.encode(), "v.3:80:7-a:b.c-ü:+b");
    assert_eq!(Vote::decode(&id.encode()).unwrap(), id);
    assert_eq!(Vote::LENGTH_MAX, 3 + 21 + 24 + 6);
    assert_eq!(id.button("Go").custom_id.unwrap(), id.encode());
}

#[test]
fn buttons_of_earlier_versions_work() {
    let story = Story::new(routes![vote]);
    let update = |text: &str| {
        [format!(
            r#"callback {{"type":7,"data":{{"content":"{text}","embeds":[],"components":[]}}}}"#
        )]
    };
    assert_eq!(story.press("v.3:80:1-x:+good"), update("80 x Some(Good)"));
    assert_eq!(story.press("v.2:80:1-x:-"), update("80 x None"));
    assert_eq!(story.press("v.1:80:1-x"), update("80 x None"));
    assert_eq!(story.press("v.0:81"), update("81 old None"));
}

#[test]
fn a_custom_id_that_nobody_wrote_is_a_failure_not_a_panic() {
    let story = Story::new(routes![vote]);
    for wire in [
        "v.4:80:1-x:-",
        "v.3",
        "v.3:80",
        "v.3:80:1-x:-:9",
        "v.3:0:1-x:-",
        "v.",
        "v.3:80:99-x:-",
    ] {
        let answers = story.press(wire);
        assert!(
            answers[0].contains("Something went wrong"),
            "{wire} {answers:?}"
        );
        assert_eq!(story.failures().len(), 1, "{wire}");
    }
}

#[test]
fn a_component_is_acknowledged_without_a_trace() {
    #[component(id = "plain-words")]
    async fn nothing(cx: Cx) -> Answer {
        cx.acknowledge().await
    }
    let story = Story::new(routes![nothing]);
    assert_eq!(story.press("plain-words"), [r#"callback {"type":6}"#]);
}

#[test]
fn a_select_gives_its_values() {
    #[component(id = "pick")]
    async fn pick(cx: Cx, values: Values) -> Answer {
        cx.reply(values.0.join("+")).await
    }
    let story = Story::new(routes![pick]);
    let data = r#"{"custom_id":"pick","component_type":3,"values":["a","b"]}"#;
    let answers = story.send("INTERACTION_CREATE", &interaction(3, data, MESSAGE));
    assert_eq!(answers, [r#"callback {"type":4,"data":{"content":"a+b"}}"#]);
}

/// After a deferral the component's message is still there to update, or to reply beside.
#[test]
fn a_slow_component_is_deferred_without_a_trace() {
    #[component(id = "update")]
    async fn update(cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        cx.update("new").await
    }
    #[component(id = "reply")]
    async fn reply(cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        cx.reply("beside").await
    }
    #[component(id = "acknowledge")]
    async fn acknowledge(cx: Cx, door: State<Door>) -> Answer {
        door.pass().await;
        cx.acknowledge().await
    }
    let expected = [
        (
            "update",
            Some(r#"edit {"content":"new","embeds":[],"components":[]}"#),
        ),
        ("reply", Some(r#"follow_up {"content":"beside"}"#)),
        ("acknowledge", None),
    ];
    for (id, answer) in expected {
        let story = Story::new(routes![update, reply, acknowledge]);
        let data = format!(r#"{{"custom_id":"{id}","component_type":2}}"#);
        let raw = interaction(3, &data, MESSAGE);
        let mut call = story.begin("INTERACTION_CREATE", &raw);
        assert!(!call.poll());
        story.wait(Duration::from_secs(2));
        assert!(!call.poll());
        assert_eq!(story.discord.take(), [r#"callback {"type":6}"#]);
        story.app.door.open();
        assert!(call.poll());
        assert_eq!(story.discord.take(), Vec::from_iter(answer), "{id}");
    }
}

/// Order
///
/// Not shown.
#[derive(Modal)]
#[modal(name = "o")]
struct Order {
    /// How many?
    ///
    /// At most ten.
    #[input(placeholder = "3")]
    count: Int<1, 10>,
    /// Any wishes?
    #[input(paragraph)]
    wishes: Option<Text<1, 200>>,
}

#[submit(ephemeral)]
async fn order(cx: Cx, form: Order) -> Answer {
    cx.reply(format!("{} {:?}", form.count, form.wishes.as_deref()))
        .await
}

#[test]
fn a_form_is_asked_for_and_read() {
    let modal = ovenjs_types::Modal::from(Order::modal());
    let sent = String::from_utf8(ovenjs_types::json::encode(&modal)).unwrap();
    assert_eq!(
        sent,
        concat!(
            r#"{"custom_id":"o","title":"Order","components":["#,
            r#"{"type":18,"label":"How many?","description":"At most ten.","component":"#,
            r#"{"type":4,"custom_id":"count","style":1,"placeholder":"3"}},"#,
            r#"{"type":18,"label":"Any wishes?","component":{"type":4,"custom_id":"wishes","#,
            r#""style":2,"min_length":1,"max_length":200,"required":false}}]}"#
        )
    );
    let story = Story::new(routes![order]);
    let reply = |text: &str| {
        let text = text.replace('"', "\\\"");
        [format!(
            r#"callback {{"type":4,"data":{{"content":"{text}","flags":64}}}}"#
        )]
    };
    assert_eq!(story.interact(5, &filled("4", "")), reply("4 None"));
    assert_eq!(
        story.interact(5, &filled(" 4", "rare")),
        reply("4 Some(\"rare\")")
    );
    assert_eq!(
        story.interact(5, &filled("40", "")),
        reply("“How many?” must be from 1 to 10, got 40.")
    );
    assert_eq!(
        story.interact(5, &filled("many", "")),
        reply("“How many?” must be a whole number.")
    );
    assert!(
        story.failures().is_empty(),
        "a user's slip is no failure of the bot"
    );
}

fn filled(count: &str, wishes: &str) -> String {
    format!(
        r#"{{"custom_id":"o","components":[
        {{"type":18,"component":{{"type":4,"custom_id":"count","value":"{count}"}}}},
        {{"type":18,"component":{{"type":4,"custom_id":"wishes","value":"{wishes}"}}}}]}}"#
    )
}
