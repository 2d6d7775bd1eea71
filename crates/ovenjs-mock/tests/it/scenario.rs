//! Scenarios, what is taken down of them, and what comes of playing that again.

use std::time::Duration;

use ovenjs_mock::{Config, Discord, Overwrite, Recording, Scenario, Sku};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::raw::{ALL_INTENTS, Socket, call, send};

#[tokio::test]
async fn a_story_is_played_and_expects() {
    let story = story();
    let (discord, _bot) = stage(story.config(), "pong").await;
    let mut performance = discord.performance();

    for step in &story.step {
        performance
            .perform(step)
            .await
            .unwrap_or_else(|error| panic!("{step}: {error}"));
    }

    let orders = discord.channel_named("orders").unwrap();
    assert_eq!(discord.messages(orders)[0].content(), "!ping");
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_step_that_is_not_as_expected_says_what_was_shown() {
    let patience = Duration::from_secs(1);
    let (discord, _bot) = stage(story().config().patience(patience), "pong").await;
    let cases = [
        (
            json!({ "slash": { "user": "ann", "text": "/bread kind:rye", "expect": { "says": "wheat" } } }),
            "should say \"wheat\", and is \"One rye\" with the buttons Bake",
        ),
        (
            json!({ "slash": { "user": "ann", "text": "/bread kind:rye", "expect": { "ephemeral": true } } }),
            "for this user alone",
        ),
        (
            json!({ "click": { "user": "ann", "button": "Eat" } }),
            "no message in the channel has the button or select \"Eat\"",
        ),
        (
            json!({ "fill": { "user": "ben", "fields": { "How many": "2" } } }),
            "opened no modal for ben",
        ),
        (
            json!({ "react": { "user": "ann", "emoji": "🍞", "message": 9 } }),
            "no message number 9",
        ),
        (
            json!({ "say": { "user": "ann", "text": "hi", "channel": "nowhere" } }),
            "no channel \"nowhere\"",
        ),
        (
            json!({ "bot_says": "good morning" }),
            "its last message is \"One rye\"",
        ),
        (
            json!({ "fault": { "act": "take_down", "guild": "Nowhere" } }),
            "no such guild",
        ),
    ];
    let mut performance = discord.performance();
    for (step, wanted) in cases {
        let step = serde_json::from_value(step).unwrap();
        let told = performance.perform(&step).await.unwrap_err().to_string();
        assert!(told.contains(wanted), "{step}: {told}");
    }
}

#[test]
fn a_slip_of_the_pen_is_no_step() {
    for (text, wanted) in [
        (
            r#"{ "step": [{ "slahs": {} }] }"#,
            "unknown variant `slahs`",
        ),
        (
            r#"{ "step": [{ "slash": { "user": "ann" } }] }"#,
            "missing field `text`",
        ),
        (
            r#"{ "step": [{ "wait": "soon" }] }"#,
            "\"soon\" is no span of time",
        ),
        (r#"{ "box": { "guild": [] } }"#, "unknown field `guild`"),
        (
            r#"{ "step": [{ "fault": { "act": "explode" } }] }"#,
            "unknown variant `explode`",
        ),
        (
            r#"{ "step": [{ "say": { "user": "ann", "text": "hi", "chanel": "x" } }] }"#,
            "unknown field `chanel`",
        ),
    ] {
        let told = serde_json::from_str::<Scenario>(text)
            .unwrap_err()
            .to_string();
        assert!(told.contains(wanted), "{text}: {told}");
    }
}

#[tokio::test]
async fn what_was_taken_down_can_be_played_again() {
    let recording = Recording::read(&recorded().await).unwrap();

    let (discord, _bot) = stage(recording.config(), "pong").await;
    let replay = discord.replay(&recording).await.unwrap();

    assert_eq!(replay.differences, Vec::<String>::new());
    assert_eq!(replay.steps, DEEDS);
    assert_eq!(
        replay.requests, 5,
        "the commands, three callbacks and a message"
    );
}

#[tokio::test]
async fn what_users_do_beside_talking_is_taken_down_too() {
    let shelves = async || {
        let config = Config::default().skus([Sku::consumable("Loaf"), Sku::subscription("Club")]);
        let discord = Discord::start(config).await.unwrap();
        let path = format!("/guilds/{}/channels", discord.guild_id());
        let forum = json!({ "name": "recipes", "type": 15 });
        let made = call(&discord, "POST", &path, Some(forum)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let (everyone, pins) = (discord.guild_id(), 1 << 51);
        discord.overwrite(
            discord.channel_id(),
            [Overwrite::role(everyone).allow(pins)],
        );
        discord
    };
    // What is in the box in the end, without ids and times.
    let traces = |discord: &Discord| {
        let guild = discord.guild_id();
        let channels = discord.channels(guild);
        let mut traces: Vec<String> = Vec::new();
        for (id, channel) in channels {
            let messages = discord.messages(id);
            let said = messages.iter().map(|message| {
                format!(
                    "{:?} {:?} files {} sticker {:?}",
                    message.content(),
                    message.json().flag("/pinned"),
                    message.attachments().len(),
                    message.json().text("/sticker_items/0/name"),
                )
            });
            traces.push(format!(
                "{:?} {:?}",
                channel.text("/name"),
                said.collect::<Vec<_>>()
            ));
        }
        let ann = discord.members(guild).remove(&discord.user("ann").id());
        traces.push(format!("{:?}", ann.unwrap().text("/nick")));
        traces
    };

    let discord = shelves().await;
    let packs = call(&discord, "GET", "/sticker-packs", None).await;
    let sticker = packs.body["sticker_packs"][0]["stickers"][1]["id"].as_str();
    let recorder = discord.record();
    let ann = discord.user("ann");
    discord.put_file("menu.txt", "rye, oats");
    discord.put_file("loaf.png", vec![0x89, b'P', b'N', b'G', 0xff]);
    ann.types();
    let menu = ann
        .says("the menu")
        .with_file("menu.txt")
        .with_file("loaf.png")
        .with_sticker(sticker.unwrap().parse().unwrap())
        .await;
    let other = ann.says("not this one").await;
    ann.pins(&menu);
    ann.pins(&other);
    ann.unpins(&other);
    let thread = ann.opens_thread_on(&menu, "about the menu");
    ann.in_channel(thread).says("too much rye").await;
    ann.opens_thread("free talk");
    let recipes = discord.channel_named("recipes").unwrap();
    let post = ann.in_channel(recipes).posts("Rye", "flour, water, salt");
    ann.in_channel(post).says("and time").await;
    ann.goes_by(Some("Ann the Baker"));
    ann.buys("Loaf");
    ann.is_refunded("Loaf");
    ann.buys("Club");
    ann.cancels("Club");
    let text = recorder.next().await;

    let again = shelves().await;
    let replay = again
        .replay(&Recording::read(&text).unwrap())
        .await
        .unwrap();
    assert_eq!(replay.steps, 18, "{text}");
    assert_eq!(traces(&again), traces(&discord));
    let bought = format!("/applications/{}/entitlements", again.application_id());
    let bought = call(&again, "GET", &bought, None).await.body;
    assert_eq!(bought.as_array().unwrap().len(), 1, "{bought}");
}

#[tokio::test]
async fn a_bot_that_does_otherwise_is_told_apart() {
    let recording = Recording::read(&recorded().await).unwrap();

    let (discord, _bot) = stage(recording.config(), "pang").await;
    let replay = discord.replay(&recording).await.unwrap();

    let [difference] = replay.differences.as_slice() else {
        panic!("one difference: {:?}", replay.differences)
    };
    for part in ["create_message, request 1", "\"pang\"", "\"pong\""] {
        assert!(difference.contains(part), "no {part} in {difference}");
    }
}

#[tokio::test]
async fn a_recording_tells_no_token_and_reads_line_by_line() {
    let text = recorded().await;
    assert!(!text.contains("not.to.be.told"), "{text}");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines[0]["box"].is_object());
    let kinds = |kind: &str| lines.iter().filter(|line| line.get(kind).is_some()).count();
    assert_eq!(kinds("step"), DEEDS);
    for kind in ["event", "request", "payload"] {
        assert!(kinds(kind) > 0, "{kind}");
    }

    let broken = text.replacen("\"step\"", "\"stop\"", 1);
    let told = Recording::read(&broken).unwrap_err().to_string();
    assert!(
        told.contains("line ") && told.contains("of the recording"),
        "{told}"
    );
    let headless = text.split_once('\n').unwrap().1;
    let told = Recording::read(headless).unwrap_err().to_string();
    assert!(told.contains("does not begin with its box"), "{told}");
}

/// What users do in the story, without what the bot has to show.
const DEEDS: usize = 8;

fn story() -> Scenario {
    serde_json::from_value(json!({
        "box": {
            "seed": 7,
            "token": "not.to.be.told",
            "guilds": [{ "channels": ["general", "orders"], "voice_channels": ["counter"] }],
        },
        "step": [
            { "slash": { "user": "ann", "text": "/bread kind:rye", "expect": { "says": "One rye", "shows_button": "Bake", "ephemeral": false } } },
            { "click": { "user": "ann", "button": "Bake", "expect": { "opens": "Baking" } } },
            { "fill": { "user": "ann", "fields": { "How many": "3" }, "expect": { "says": "3 for <@", "ephemeral": true } } },
            { "say": { "user": "ben", "text": "!ping", "channel": "orders" } },
            { "bot_says": "pong" },
            { "react": { "user": "ann", "emoji": "🍞", "channel": "orders" } },
            { "enter_voice": { "user": "ben", "channel": "counter" } },
            { "leave_voice": { "user": "ben" } },
            { "fault": { "act": "ask_for_heartbeats" } },
            { "requested": { "operation": "create_message" } },
            { "wait": "1ms" },
        ],
    }))
    .unwrap()
}

/// The story, taken down.
async fn recorded() -> String {
    let story = story();
    let discord = Discord::start(story.config()).await.unwrap();
    let recorder = discord.record();
    let _bot = bot(&discord, "pong").await;
    let mut performance = discord.performance();
    for step in &story.step {
        performance
            .perform(step)
            .await
            .unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    recorder.next().await
}

async fn stage(config: Config, word: &'static str) -> (Discord, JoinSet<()>) {
    let discord = Discord::start(config).await.unwrap();
    let bot = bot(&discord, word).await;
    (discord, bot)
}

/// A bakery's bot that answers `!ping` by `word`.
async fn bot(discord: &Discord, word: &'static str) -> JoinSet<()> {
    let commands = format!("/applications/{}/commands", discord.application_id());
    let bread = json!([{
        "name": "bread",
        "description": "Orders bread",
        "options": [{ "type": 3, "name": "kind", "description": "Which", "required": true }],
    }]);
    assert_eq!(
        call(discord, "PUT", &commands, Some(bread)).await.status,
        200
    );
    let (mut socket, _) = Socket::identified(discord, "v=10&encoding=json", ALL_INTENTS).await;
    let idle = json!({ "since": null, "activities": [], "status": "idle", "afk": false });
    socket.say(json!({ "op": 3, "d": idle })).await;
    let (address, token) = (discord.address(), format!("Bot {}", discord.token()));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok(payload) = socket.next().await {
            if payload["op"] == 1 {
                socket.say(json!({ "op": 1, "d": null })).await;
            }
            let Some((path, body)) = answer(&payload, word) else {
                continue;
            };
            let headers = [("authorization", token.as_str())];
            let body = Some((body.to_string(), "application/json"));
            let answer = send(address, "POST", &path, &headers, body).await;
            assert!(answer.status < 300, "{}", answer.body);
        }
    });
    tasks
}

/// The request that an event calls for.
fn answer(payload: &Value, word: &str) -> Option<(String, Value)> {
    let data = &payload["d"];
    match payload["t"].as_str()? {
        "MESSAGE_CREATE" if data["content"] == "!ping" => {
            let channel = data["channel_id"].as_str()?;
            let path = format!("/api/v10/channels/{channel}/messages");
            Some((path, json!({ "content": word })))
        }
        "INTERACTION_CREATE" => {
            let (id, token) = (data["id"].as_str()?, data["token"].as_str()?);
            let path = format!("/api/v10/interactions/{id}/{token}/callback");
            let user = &data["member"]["user"]["id"];
            Some((path, response(data, user.as_str()?)))
        }
        _ => None,
    }
}

fn response(data: &Value, user: &str) -> Value {
    match data["type"].as_u64() {
        Some(2) => {
            let kind = data["data"]["options"][0]["value"].as_str().unwrap();
            json!({ "type": 4, "data": {
                "content": format!("One {kind}"),
                "components": [{ "type": 1, "components": [
                    { "type": 2, "style": 1, "label": "Bake", "custom_id": format!("bake-{}", data["id"]) },
                ]}],
            }})
        }
        Some(3) => json!({ "type": 9, "data": {
            "title": "Baking",
            "custom_id": "baking",
            "components": [{ "type": 18, "label": "How many", "component":
                { "type": 4, "custom_id": "count", "style": 1 },
            }],
        }}),
        _ => {
            let count = &data["data"]["components"][0]["component"]["value"];
            let text = format!("{} for <@{user}>", count.as_str().unwrap());
            json!({ "type": 4, "data": { "content": text, "flags": 64 }})
        }
    }
}
