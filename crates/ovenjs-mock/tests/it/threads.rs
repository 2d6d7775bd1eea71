use std::time::Duration;

use ovenjs_mock::{Config, Discord, Guild, Overwrite};
use serde_json::{Value, json};

use crate::{
    raw::{ALL_INTENTS, Socket, call},
    stage::Stage,
};

fn members() -> Config {
    Config::default().guilds([Guild::named("The Bakery").members(2)])
}

#[test]
fn a_thread_hangs_on_a_message() {
    let mut stage = Stage::new(members());
    let said = stage.say("ann", "bread?");
    let message = format!("{}/{said}", stage.messages());
    stage.events();
    let body = json!({ "name": "crumbs", "auto_archive_duration": 60 });
    let thread = stage.post(&format!("{message}/threads"), body.clone());
    assert_eq!(thread.status, 201);
    let thread = thread.good();
    assert_eq!((&thread["id"], &thread["type"]), (&json!(said), &json!(11)));
    assert_eq!(
        thread["member"]["user_id"],
        stage.discord.bot_id().to_string()
    );
    assert_eq!(
        stage.names(),
        ["THREAD_CREATE", "MESSAGE_UPDATE", "MESSAGE_CREATE"]
    );
    assert_eq!(stage.logged()["action_type"], 110);
    let shown = stage.get(&message).good();
    assert_eq!(
        (&shown["thread"]["name"], &shown["flags"]),
        (&json!("crumbs"), &json!(1 << 5))
    );
    let again = stage.post(&format!("{message}/threads"), body);
    assert_eq!(again.code(), Some(160_004));

    let path = format!("/channels/{said}");
    let first = stage.get(&format!("{path}/messages")).good();
    assert_eq!(
        (&first[0]["type"], &first[0]["referenced_message"]["id"]),
        (&json!(21), &json!(said))
    );
    let inside = stage
        .post(&format!("{path}/messages"), json!({ "content": "here" }))
        .good();
    assert_eq!(inside["position"], 0);
    let counted = stage.get(&path).good();
    assert_eq!(
        (&counted["message_count"], &counted["last_message_id"]),
        (&json!(1), &inside["id"])
    );
    let starter = format!("{path}/messages/{}", first[0]["id"].as_str().unwrap());
    assert_eq!(
        stage.call("DELETE", &starter, Value::Null).code(),
        Some(50021)
    );
    let gone = format!("{path}/messages/{}", inside["id"].as_str().unwrap());
    stage.call("DELETE", &gone, Value::Null).good();
    let counted = stage.get(&path).good();
    assert_eq!(
        (&counted["message_count"], &counted["total_message_sent"]),
        (&json!(0), &json!(1))
    );
    stage.end();
}

#[test]
fn a_thread_without_a_message_is_private_unless_told_otherwise() {
    let mut stage = Stage::new(members());
    let path = format!("{}/threads", stage.channel());
    let private = stage.post(&path, json!({ "name": "secret" })).good();
    assert_eq!(private["type"], 12);
    let public = stage
        .post(&path, json!({ "name": "open", "type": 11 }))
        .good();
    assert_eq!(public["type"], 11);
    let newest = stage.get(&format!("{}?limit=1", stage.messages())).good();
    assert_eq!(
        (&newest[0]["type"], &newest[0]["content"]),
        (&json!(18), &json!("open"))
    );
    let refused = stage.post(&path, json!({ "name": "news", "type": 10 }));
    assert_eq!(refused.code(), Some(50024));
    let inside = format!("/channels/{}/threads", public["id"].as_str().unwrap());
    assert_eq!(
        stage.post(&inside, json!({ "name": "deeper" })).code(),
        Some(50024)
    );
    let active = stage
        .get(&format!("{}/threads/active", stage.guild()))
        .good();
    assert_eq!(active["threads"].as_array().unwrap().len(), 2);
    assert_eq!(active["members"].as_array().unwrap().len(), 2);
    stage.end();
}

#[test]
fn members_come_and_go() {
    let mut stage = Stage::new(members());
    let path = format!("{}/threads", stage.channel());
    let thread = stage
        .post(&path, json!({ "name": "open", "type": 11 }))
        .good();
    let path = format!(
        "/channels/{}/thread-members",
        thread["id"].as_str().unwrap()
    );
    let list = stage
        .get(&format!("{}/members?limit=10", stage.guild()))
        .good();
    let other = list
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["user"]["username"] == "member-1");
    let other = other.unwrap()["user"]["id"].as_str().unwrap().to_owned();
    stage.events();
    stage
        .call("PUT", &format!("{path}/{other}"), Value::Null)
        .good();
    let update = stage.heard("THREAD_MEMBERS_UPDATE");
    assert_eq!(
        (
            &update["added_members"][0]["user_id"],
            &update["member_count"]
        ),
        (&json!(other), &json!(2))
    );
    let member = stage
        .get(&format!("{path}/{other}?with_member=true"))
        .good();
    assert_eq!(member["member"]["user"]["username"], "member-1");
    assert_eq!(stage.get(&path).good().as_array().unwrap().len(), 2);
    let page = stage
        .get(&format!("{path}?with_member=true&limit=1"))
        .good();
    assert_eq!(page.as_array().unwrap().len(), 1);
    stage
        .call("DELETE", &format!("{path}/{other}"), Value::Null)
        .good();
    assert_eq!(
        stage.heard("THREAD_MEMBERS_UPDATE")["removed_member_ids"],
        json!([other])
    );
    assert_eq!(stage.get(&format!("{path}/{other}")).code(), Some(10007));
    stage
        .call("DELETE", &format!("{path}/@me"), Value::Null)
        .good();
    stage
        .call("PUT", &format!("{path}/@me"), Value::Null)
        .good();
    assert_eq!(
        stage.call("PUT", &format!("{path}/1"), Value::Null).code(),
        Some(10013)
    );
    let general = format!("{}/thread-members/@me", stage.channel());
    assert_eq!(stage.call("PUT", &general, Value::Null).code(), Some(50024));
    stage.end();
}

#[test]
fn a_silent_thread_falls_asleep_and_wakes_when_someone_speaks() {
    let mut stage = Stage::new(members());
    let path = format!("{}/threads", stage.channel());
    let body = json!({ "name": "open", "type": 11, "auto_archive_duration": 60 });
    let thread = stage.post(&path, body).good()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let one = format!("/channels/{thread}");
    let said = stage
        .post(&format!("{one}/messages"), json!({ "content": "hi" }))
        .good();
    stage.pass(Duration::from_secs(59 * 60));
    assert_eq!(stage.get(&one).good()["thread_metadata"]["archived"], false);
    stage.events();
    stage.pass(Duration::from_secs(2 * 60));
    assert_eq!(
        stage.heard("THREAD_UPDATE")["thread_metadata"]["archived"],
        true
    );
    let said = format!("{one}/messages/{}", said["id"].as_str().unwrap());
    let refusals = [
        stage.call("PATCH", &said, json!({ "content": "x" })),
        stage.call(
            "PUT",
            &format!("{said}/reactions/%F0%9F%8D%9E/@me"),
            Value::Null,
        ),
        stage.call("PUT", &format!("{one}/thread-members/@me"), Value::Null),
        stage.call("PATCH", &one, json!({ "name": "x" })),
    ];
    for refused in refusals {
        assert_eq!((refused.status, refused.code()), (400, Some(50083)));
    }
    let archived = stage.get(&format!("{path}/archived/public")).good();
    assert_eq!(
        (&archived["threads"][0]["id"], &archived["has_more"]),
        (&json!(thread), &json!(false))
    );
    stage.events();
    stage
        .post(&format!("{one}/messages"), json!({ "content": "awake" }))
        .good();
    assert_eq!(stage.names(), ["THREAD_UPDATE", "MESSAGE_CREATE"]);

    let shut = json!({ "archived": true, "locked": true });
    stage.call("PATCH", &one, shut).good();
    assert_eq!(stage.logged()["action_type"], 111);
    stage.call("DELETE", &one, Value::Null).good();
    assert_eq!(stage.heard("THREAD_DELETE")["id"], json!(thread));
    assert_eq!(stage.logged()["action_type"], 112);
    assert_eq!(stage.get(&one).code(), Some(10003));
    stage.end();
}

#[test]
fn a_locked_thread_is_for_those_who_look_after_threads() {
    // View, send, history, public threads, speaking in threads; not MANAGE_THREADS.
    let bits = 1 << 10 | 1 << 11 | 1 << 16 | 1 << 35 | 1 << 38;
    let plan = Guild::named("Strict").bot_permissions(bits);
    let mut stage = Stage::new(Config::default().guilds([plan]));
    let path = format!("{}/threads", stage.channel());
    let thread = stage
        .post(&path, json!({ "name": "open", "type": 11 }))
        .good();
    let one = format!("/channels/{}", thread["id"].as_str().unwrap());
    stage.call("PATCH", &one, json!({ "name": "mine" })).good();
    assert_eq!(
        stage.call("PATCH", &one, json!({ "locked": true })).code(),
        Some(50013)
    );
    assert_eq!(stage.call("DELETE", &one, Value::Null).code(), Some(50013));
    stage
        .call("PATCH", &one, json!({ "archived": true }))
        .good();
    stage
        .call("PATCH", &one, json!({ "archived": false }))
        .good();
    assert_eq!(
        stage.post(&path, json!({ "name": "secret" })).code(),
        Some(50013)
    );
    let private = format!("{path}/archived/private");
    assert_eq!(stage.get(&private).code(), Some(50013));
    let own = format!("{}/users/@me/threads/archived/private", stage.channel());
    assert_eq!(stage.get(&own).good()["threads"], json!([]));
    stage.end();
}

#[test]
fn a_forum_takes_posts_with_their_tags() {
    let mut stage = Stage::new(members());
    let forum = json!({ "name": "recipes", "type": 15, "flags": 1 << 4, "available_tags": [
        { "name": "sweet" }, { "name": "official", "moderated": true },
    ]});
    let path = format!("{}/channels", stage.guild());
    let forum = stage.post(&path, forum).good();
    let sweet = forum["available_tags"][0]["id"].clone();
    let path = format!("/channels/{}", forum["id"].as_str().unwrap());
    let threads = format!("{path}/threads");
    stage.events();
    assert_eq!(
        stage
            .post(&format!("{path}/messages"), json!({ "content": "a" }))
            .code(),
        Some(40058)
    );
    let post = |tags: Value| json!({ "name": "Buns", "message": { "content": "flour" }, "applied_tags": tags });
    assert_eq!(stage.post(&threads, post(json!([]))).code(), Some(40067));
    assert_eq!(stage.post(&threads, post(json!(["1"]))).code(), Some(10087));
    let nothing = json!({ "name": "Buns", "message": {}, "applied_tags": [sweet] });
    assert_eq!(stage.post(&threads, nothing).code(), Some(50006));
    let post = stage.post(&threads, post(json!([sweet]))).good();
    assert_eq!(
        (&post["message"]["id"], &post["applied_tags"]),
        (&post["id"], &json!([sweet]))
    );
    assert_eq!(stage.names(), ["THREAD_CREATE", "MESSAGE_CREATE"]);
    assert_eq!(post["message_count"], 0, "the first message is not counted");

    let one = format!("/channels/{}", post["id"].as_str().unwrap());
    stage.call("PATCH", &one, json!({ "flags": 2 })).good();
    let second =
        json!({ "name": "Rolls", "message": { "content": "rye" }, "applied_tags": [sweet] });
    let second = stage.post(&threads, second).good();
    let two = format!("/channels/{}", second["id"].as_str().unwrap());
    assert_eq!(
        stage.call("PATCH", &two, json!({ "flags": 2 })).code(),
        Some(30047)
    );
    let found = stage
        .get(&format!(
            "{threads}/search?name=bun&tag={}",
            sweet.as_str().unwrap()
        ))
        .good();
    assert_eq!(
        (
            &found["total_results"],
            &found["first_messages"][0]["content"]
        ),
        (&json!(1), &json!("flour"))
    );
    stage.end();
}

#[tokio::test]
async fn who_comes_to_see_a_channel_is_told_of_its_threads() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let channel = discord.channel_id();
    let open = json!({ "name": "open", "type": 11 });
    let thread = call(
        &discord,
        "POST",
        &format!("/channels/{channel}/threads"),
        Some(open),
    )
    .await;
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    discord.overwrite(channel, [Overwrite::member(discord.bot_id()).deny(1 << 10)]);
    discord.overwrite(channel, []);
    let sync = socket.event("THREAD_LIST_SYNC").await;
    assert_eq!(sync["d"]["threads"][0]["id"], thread.body["id"]);
    assert_eq!(sync["d"]["channel_ids"], json!([channel.to_string()]));
    assert_eq!(discord.violations(), Vec::<String>::new());
}
