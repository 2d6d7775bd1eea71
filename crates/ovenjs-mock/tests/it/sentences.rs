//! Steps and expectations of a test: how they read, and what they tell when they fail.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use ovenjs_mock::{Answer, Config, Discord};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::raw::{Socket, call, send};

#[tokio::test]
async fn expectations_follow_each_other() {
    let (discord, answer) = asked().await;
    let ann = discord.user("ann").id();

    answer
        .says("for <@")
        .says("Today's bread")
        .conceals("rye")
        .mentions(ann)
        .shows_button("Bake")
        .shows_button("bake")
        .shows_embed("Menu")
        .is_ephemeral();

    discord
        .expect_no_request("DELETE", "/channels/{channel_id}")
        .expect_no_violations();
    let asked = discord
        .expect_request(
            "POST",
            "/interactions/{interaction_id}/{interaction_token}/callback",
        )
        .await;
    assert_eq!(asked.status, 204);
}

#[tokio::test]
async fn an_expectation_that_is_not_met_tells_what_was_shown() {
    let (discord, answer) = asked().await;
    let stranger = discord.user("ben").id();
    type Expectation<'a> = &'a dyn Fn(&Answer);
    let unmet: [(Expectation<'_>, &str); 7] = [
        (
            &|answer| {
                answer.says("rye");
            },
            "should say \"rye\"",
        ),
        (
            &|answer| {
                answer.conceals("bread");
            },
            "should not say \"bread\"",
        ),
        (
            &|answer| {
                answer.mentions(stranger);
            },
            "should mention <@",
        ),
        (
            &|answer| {
                answer.shows_button("Eat");
            },
            "should show the button \"Eat\"",
        ),
        (
            &|answer| {
                answer.shows_embed("Wine");
            },
            "should show the embed \"Wine\"",
        ),
        (
            &|answer| {
                answer.is_public();
            },
            "should be a message for everybody",
        ),
        (
            &|answer| {
                answer.opens("Form");
            },
            "should open the modal \"Form\"",
        ),
    ];
    for (expectation, wanted) in unmet {
        let told = catch_unwind(AssertUnwindSafe(|| expectation(&answer))).unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        for part in [
            wanted,
            "sentences.rs:",
            "with the buttons Bake",
            "Today's bread",
            "/callback → 204",
        ] {
            assert!(told.contains(part), "no {part} in: {told}");
        }
    }
}

#[tokio::test]
async fn a_step_that_cannot_be_done_tells_its_line_and_what_was_shown() {
    let (_discord, answer) = asked().await;
    let line = line!() + 2;
    let mut steps = JoinSet::new();
    steps.spawn(async move { answer.click("Eat").await });
    let told = steps.join_next().await.unwrap().unwrap_err().into_panic();
    let told = told.downcast_ref::<String>().unwrap();
    for part in [
        &format!("sentences.rs:{line}:"),
        "no button Eat: there is Bake",
        "Today's bread",
    ] {
        assert!(told.contains(part), "no {part} in: {told}");
    }
}

#[tokio::test]
async fn a_snapshot_is_the_same_in_every_run() {
    let (_first, first) = asked().await;
    let (_second, second) = asked().await;
    assert_eq!(first.snapshot(), second.snapshot());
    let shown: Value = serde_json::from_str(&first.snapshot()).unwrap();
    assert_eq!(shown["content"], "for <@<id 1>>");
    assert_eq!(shown["ephemeral"], true);
    assert_eq!(shown["embeds"][0]["title"], "Menu");
    let button = &shown["components"][0]["components"][0];
    assert_eq!(
        (&button["label"], &button["custom_id"]),
        (&json!("Bake"), &json!("<custom id 1>"))
    );
}

/// A box in which ann has asked for the menu, and what she got.
async fn asked() -> (Discord, Answer) {
    let discord = Discord::start(Config::default()).await.unwrap();
    let commands = format!("/applications/{}/commands", discord.application_id());
    let menu = json!([{ "name": "menu", "description": "What there is" }]);
    assert_eq!(
        call(&discord, "PUT", &commands, Some(menu)).await.status,
        200
    );
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", 1).await;
    discord.expect_ready(1).await;
    let ann = discord.user("ann");
    let (answer, ()) = tokio::join!(ann.slash("/menu"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        let (id, token) = (
            event["id"].as_str().unwrap(),
            event["token"].as_str().unwrap(),
        );
        let body = json!({ "type": 4, "data": {
            "content": format!("for <@{}>", ann.id()),
            "flags": 64,
            "embeds": [{ "title": "Menu", "description": "Today's bread" }],
            "components": [{ "type": 1, "components": [
                { "type": 2, "style": 1, "label": "Bake", "custom_id": "bake" },
            ]}],
        }});
        let path = format!("/api/v10/interactions/{id}/{token}/callback");
        let body = Some((body.to_string(), "application/json"));
        let answered = send(discord.address(), "POST", &path, &[], body).await;
        assert_eq!(answered.status, 204, "{}", answered.body);
    });
    (discord, answer)
}

#[tokio::test]
async fn a_route_that_discord_does_not_have_is_neither_awaited_nor_absent() {
    let discord = Discord::start(Config::default()).await.unwrap();
    for (route, repair) in [
        (
            "/channel/{channel_id}/messages",
            "Discord has no POST /channel/",
        ),
        (
            "/channels/{id}/messages",
            "write /channels/{channel_id}/messages",
        ),
        (
            "/channels/80/messages",
            "write /channels/{channel_id}/messages",
        ),
    ] {
        let told = discord.wait_for_request("POST", route).await.unwrap_err();
        assert!(told.to_string().contains(repair), "{told}");
        let absent = AssertUnwindSafe(|| {
            discord.expect_no_request("POST", route);
        });
        let told = catch_unwind(absent).unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        assert!(told.contains(repair), "{told}");
    }
    discord.expect_no_request("POST", "/channels/{channel_id}/messages");
    let told = discord.wait_for_operations(1, "make_message").await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("no operation make_message"), "{told}");
}

#[tokio::test]
async fn a_wait_in_vain_tells_that_nobody_is_there() {
    let config = Config::default().patience(Duration::from_millis(1));
    let discord = Discord::start(config).await.unwrap();
    let told = discord.next_bot_message().await.unwrap_err().to_string();
    assert!(told.contains("no bot is connected"), "{told}");
}

#[tokio::test]
async fn a_wait_in_vain_tells_what_the_bot_does_not_hear() {
    let config = || Config::default().patience(Duration::from_millis(50));
    for (intents, why) in [
        (
            1,
            Some("not told of \"!hi\", since it connected without the intent GUILD_MESSAGES"),
        ),
        (
            1 | 1 << 9,
            Some("without its text, since it connected without the intent MESSAGE_CONTENT"),
        ),
        (1 | 1 << 9 | 1 << 15, None),
    ] {
        let discord = Discord::start(config()).await.unwrap();
        let (_socket, _) = Socket::identified(&discord, "v=10&encoding=json", intents).await;
        discord.expect_ready(1).await;
        discord.user("ann").says("!hi").await;
        let told = discord.next_bot_message().await.unwrap_err().to_string();
        match why {
            Some(why) => assert!(told.contains(why), "{told}"),
            None => assert_eq!(told, "waited in vain for a message of the bot"),
        }
    }
}

#[test]
#[should_panic(expected = "write `#[tokio::test]`")]
fn a_box_outside_of_a_runtime_names_the_repair() {
    drop(Discord::in_process(Config::default()));
}
