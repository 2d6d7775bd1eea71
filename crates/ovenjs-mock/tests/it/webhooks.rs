use ovenjs_mock::{Config, Discord, Guild};
use serde_json::{Value, json};

use crate::{
    raw::{call, send},
    stage::{Stage, fault},
};

/// A webhook of the bot's, and the path to speak through it.
fn webhook(stage: &mut Stage) -> (String, String) {
    let path = format!("{}/webhooks", stage.channel());
    let made = stage.post(&path, json!({ "name": "Oven" })).good();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/webhooks/{id}/{}", made["token"].as_str().unwrap());
    (id, path)
}

#[test]
fn a_webhook_is_made_changed_and_deleted() {
    let plan = Guild::named("The Bakery").channels(["general", "shop"]);
    let mut stage = Stage::new(Config::default().guilds([plan]));
    let (id, path) = webhook(&mut stage);
    let names: Vec<String> = stage.names();
    assert_eq!(names, ["WEBHOOKS_UPDATE"]);
    assert_eq!(stage.logged()["action_type"], 50);
    let one = format!("/webhooks/{id}");
    assert_eq!(
        stage.get(&one).good()["user"]["id"],
        stage.discord.bot_id().to_string()
    );
    assert_eq!(stage.get(&path).good()["user"], Value::Null);
    let channels = stage.get(&format!("{}/channels", stage.guild())).good();
    let shop = channels
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "shop")
        .unwrap()["id"]
        .clone();
    let moved = stage
        .call(
            "PATCH",
            &one,
            json!({ "name": "Stove", "channel_id": shop }),
        )
        .good();
    assert_eq!(
        (&moved["name"], &moved["channel_id"]),
        (&json!("Stove"), &shop)
    );
    assert_eq!(stage.logged()["action_type"], 51);
    stage
        .call("PATCH", &path, json!({ "name": "Grill" }))
        .good();
    let listed = stage.get(&format!("{}/webhooks", stage.guild())).good();
    assert_eq!(listed[0]["name"], "Grill");
    assert_eq!(
        stage.get(&format!("{}/webhooks", stage.channel())).good(),
        json!([])
    );
    let wrong = stage.get(&format!("/webhooks/{id}/wrong"));
    assert_eq!((wrong.status, wrong.code()), (401, Some(50027)));
    stage.call("DELETE", &one, Value::Null).good();
    assert_eq!(stage.logged()["action_type"], 52);
    for gone in [
        stage.get(&one),
        stage.get(&path),
        stage.post(&path, json!({ "content": "a" })),
    ] {
        assert_eq!((gone.status, gone.code()), (404, Some(10015)));
    }
    stage.end();
}

#[test]
fn names_and_numbers_of_webhooks_are_limited() {
    let mut stage = Stage::new(Config::default());
    let path = format!("{}/webhooks", stage.channel());
    let refused = stage.post(&path, json!({ "name": "Discord News" }));
    assert_eq!(fault(&refused, "/name"), "USERNAME_INVALID_CONTAINS");
    let picture = stage.post(
        &path,
        json!({ "name": "a", "avatar": "data:text/plain;base64,AA==" }),
    );
    fault(&picture, "/avatar");
    for number in 0..15 {
        stage
            .post(&path, json!({ "name": format!("hook {number}") }))
            .good();
    }
    assert_eq!(
        stage.post(&path, json!({ "name": "one more" })).code(),
        Some(30007)
    );
    stage.end();

    let plan = Guild::named("Strict").bot_permissions(1 << 10 | 1 << 11);
    let mut stage = Stage::new(Config::default().guilds([plan]));
    let path = format!("{}/webhooks", stage.channel());
    assert_eq!(
        stage.post(&path, json!({ "name": "a" })).code(),
        Some(50013)
    );
    stage.end();
}

#[test]
fn what_is_said_through_a_webhook_can_be_changed_through_it() {
    let mut stage = Stage::new(Config::default());
    let (id, path) = webhook(&mut stage);
    assert_eq!(
        stage.post(&path, json!({ "content": "silent" })).status,
        204
    );
    stage.events();
    let body = json!({ "content": "fresh", "username": "Baker", "avatar_url": "https://example.org/a.png" });
    let said = stage.post(&format!("{path}?wait=true"), body).good();
    assert_eq!(
        (&said["author"]["username"], &said["webhook_id"]),
        (&json!("Baker"), &json!(id))
    );
    assert_eq!(stage.heard("MESSAGE_CREATE")["author"]["bot"], true);
    let one = format!("{path}/messages/{}", said["id"].as_str().unwrap());
    assert_eq!(stage.get(&one).good()["content"], "fresh");
    let edited = stage
        .call("PATCH", &one, json!({ "content": "stale" }))
        .good();
    assert_eq!(edited["content"], "stale");
    let theirs = stage.say("ann", "not yours");
    assert_eq!(
        stage.get(&format!("{path}/messages/{theirs}")).code(),
        Some(10008)
    );
    assert_eq!(stage.post(&path, json!({})).code(), Some(50006));
    stage.call("DELETE", &one, Value::Null).good();
    assert_eq!(stage.heard("MESSAGE_DELETE")["id"], said["id"]);
    assert_eq!(stage.get(&one).code(), Some(10008));

    let thread = stage
        .post(
            &format!("{}/threads", stage.channel()),
            json!({ "name": "t", "type": 11 }),
        )
        .good();
    let thread = thread["id"].as_str().unwrap().to_owned();
    let inside = stage
        .post(
            &format!("{path}?wait=true&thread_id={thread}"),
            json!({ "content": "in" }),
        )
        .good();
    assert_eq!(inside["channel_id"], json!(thread));
    let one = format!("{path}/messages/{}", inside["id"].as_str().unwrap());
    assert_eq!(stage.get(&one).code(), Some(10008));
    stage.get(&format!("{one}?thread_id={thread}")).good();
    let elsewhere = stage.post(&format!("{path}?thread_id=1"), json!({ "content": "in" }));
    assert_eq!(elsewhere.code(), Some(10003));
    let named = stage.post(&path, json!({ "content": "a", "thread_name": "b" }));
    assert_eq!(named.code(), Some(220_003));
    stage.end();
}

#[test]
fn a_webhook_in_a_forum_says_where() {
    let mut stage = Stage::new(Config::default());
    let channels = format!("{}/channels", stage.guild());
    let forum = stage
        .post(&channels, json!({ "name": "recipes", "type": 15 }))
        .good();
    let made = format!("/channels/{}/webhooks", forum["id"].as_str().unwrap());
    let made = stage.post(&made, json!({ "name": "Oven" })).good();
    let path = format!(
        "/webhooks/{}/{}",
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap()
    );
    assert_eq!(
        stage.post(&path, json!({ "content": "a" })).code(),
        Some(220_001)
    );
    let both = stage.post(
        &format!("{path}?thread_id=1"),
        json!({ "content": "a", "thread_name": "b" }),
    );
    assert_eq!(both.code(), Some(220_002));
    let post = json!({ "content": "a", "thread_name": "Buns" });
    let post = stage.post(&format!("{path}?wait=true"), post).good();
    assert_eq!(post["id"], post["channel_id"]);
    let slack = stage.post(&format!("{path}/slack"), json!({ "text": "a" }));
    assert_eq!(slack.code(), Some(220_004));
    let thread = post["channel_id"].as_str().unwrap().to_owned();
    stage
        .post(
            &format!("{path}?thread_id={thread}"),
            json!({ "content": "more" }),
        )
        .good();
    let gone = format!("/channels/{}", forum["id"].as_str().unwrap());
    stage.call("DELETE", &gone, Value::Null).good();
    assert_eq!(
        stage.get(&path).code(),
        Some(10015),
        "the webhook went with its channel"
    );
    stage.end();
}

#[test]
fn slack_and_github_are_understood() {
    let mut stage = Stage::new(Config::default());
    let (_, path) = webhook(&mut stage);
    let slack = json!({ "text": "hello", "username": "Slacker", "attachments": [
        { "title": "Loaf", "text": "rye", "color": "#ff0000", "ts": 1_600_000_000 },
    ]});
    assert_eq!(
        stage.post(&format!("{path}/slack"), slack).good(),
        json!("ok")
    );
    let newest = format!("{}?limit=1", stage.messages());
    let said = stage.get(&newest).good()[0].clone();
    assert_eq!(
        (&said["content"], &said["author"]["username"]),
        (&json!("hello"), &json!("Slacker"))
    );
    assert_eq!(
        (&said["embeds"][0]["title"], &said["embeds"][0]["color"]),
        (&json!("Loaf"), &json!(0xff_0000))
    );

    let user = json!({ "id": 1, "login": "ann", "avatar_url": "https://example.org/a", "html_url": "https://example.org/b" });
    let event = json!({ "action": "opened", "sender": user,
        "repository": { "id": 1, "name": "oven", "full_name": "ann/oven", "html_url": "https://example.org/c" },
        "issue": { "id": 1, "number": 7, "title": "too hot", "body": "burnt", "html_url": "https://example.org/d", "user": user },
    });
    assert_eq!(stage.post(&format!("{path}/github"), event).status, 204);
    let said = stage.get(&newest).good()[0].clone();
    assert_eq!(
        said["embeds"][0]["title"],
        "[ann/oven] Issue #7: too hot opened"
    );
    let quiet = json!({ "sender": user, "action": "started" });
    assert_eq!(stage.post(&format!("{path}/github"), quiet).status, 204);
    assert_eq!(stage.get(&newest).good()[0]["id"], said["id"]);
    stage.end();
}

#[tokio::test]
async fn a_persons_webhook_shows_components_only_when_asked_to() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let made = discord.user("ann").makes_webhook("News");
    let path = format!(
        "/api/v10/webhooks/{}/{}",
        made.text("/id").unwrap(),
        made.text("/token").unwrap()
    );
    let say = async |query: &str, body: Value| {
        let path = format!("{path}?wait=true{query}");
        let body = Some((body.to_string(), "application/json"));
        send(discord.address(), "POST", &path, &[], body).await
    };
    let row = |button: Value| json!({ "content": "a", "components": [{ "type": 1, "components": [button] }] });
    let link = row(json!({ "type": 2, "style": 5, "label": "a", "url": "https://example.org" }));
    let press = row(json!({ "type": 2, "style": 1, "label": "a", "custom_id": "a" }));
    assert_eq!(say("", link.clone()).await.body["components"], json!([]));
    assert_eq!(
        say("&with_components=true", link).await.body["components"][0]["type"],
        1
    );
    assert_eq!(
        say("&with_components=true", press).await.code(),
        Some(50035)
    );
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[test]
fn an_announcement_is_published_to_those_who_follow() {
    let administrator = 1 << 3;
    let plan = Guild::named("The Bakery").bot_permissions(administrator);
    let mut stage = Stage::new(Config::default().guilds([plan]));
    let (guild, place) = (stage.guild(), stage.discord.channel_id().to_string());
    let community = json!({
        "features": ["COMMUNITY"], "rules_channel_id": place, "public_updates_channel_id": place,
        "verification_level": 1, "explicit_content_filter": 2,
    });
    stage.call("PATCH", &guild, community).good();
    let channels = format!("{guild}/channels");
    let news = stage
        .post(&channels, json!({ "name": "news", "type": 5 }))
        .good();
    let path = format!("/channels/{}", news["id"].as_str().unwrap());
    let target = stage.discord.channel_id().to_string();
    let body = json!({ "webhook_channel_id": target });
    stage
        .post(&format!("{path}/followers"), body.clone())
        .good();
    let here = format!("{}/followers", stage.channel());
    assert_eq!(stage.post(&here, body).code(), Some(50024));
    let said = stage
        .post(&format!("{path}/messages"), json!({ "content": "We open" }))
        .good();
    let one = format!("{path}/messages/{}/crosspost", said["id"].as_str().unwrap());
    assert_eq!(stage.post(&one, Value::Null).good()["flags"], 1);
    assert_eq!(stage.post(&one, Value::Null).code(), Some(40033));
    let carried = stage.get(&format!("{}?limit=1", stage.messages())).good()[0].clone();
    assert_eq!(
        (&carried["content"], &carried["flags"]),
        (&json!("We open"), &json!(2))
    );
    assert_eq!(carried["message_reference"]["message_id"], said["id"]);
    stage.end();
}

#[tokio::test]
async fn a_reason_stands_in_the_log() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let token = format!("Bot {}", discord.token());
    let path = format!("/api/v10/channels/{}/webhooks", discord.channel_id());
    let headers = [
        ("authorization", token.as_str()),
        ("x-audit-log-reason", "fresh%20bread"),
    ];
    let body = Some((json!({ "name": "Oven" }).to_string(), "application/json"));
    assert_eq!(
        send(discord.address(), "POST", &path, &headers, body)
            .await
            .status,
        200
    );
    let log = format!("/guilds/{}/audit-logs?limit=1", discord.guild_id());
    let log = call(&discord, "GET", &log, None).await;
    assert_eq!(log.body["audit_log_entries"][0]["reason"], "fresh bread");
    assert_eq!(discord.violations(), Vec::<String>::new());
}
