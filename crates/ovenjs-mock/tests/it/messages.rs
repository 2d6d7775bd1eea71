//! What happens to a message: sent, edited, deleted.

use std::time::Duration;

use ovenjs_mock::{Config, Discord, Guild};
use serde_json::{Value, json};

use crate::{
    raw::call,
    stage::{Stage, fault},
};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn mentions_count_as_far_as_they_are_allowed() {
    let mut stage = Stage::new(Config::default());
    let asked = stage.say("ann", "bread?");
    let ann = stage.get(&format!("{}/{asked}", stage.messages())).good()["author"]["id"].clone();
    let text = format!("<@{}> @everyone", ann.as_str().unwrap());
    let path = stage.messages();
    let mut named = |extra: Value| {
        let mut body = json!({ "content": text });
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let message = stage.post(&path, body).good();
        (
            message["mentions"].as_array().unwrap().len(),
            message["mention_everyone"] == true,
        )
    };
    assert_eq!(named(json!({})), (1, true));
    assert_eq!(
        named(json!({ "allowed_mentions": { "parse": [] } })),
        (0, false)
    );
    assert_eq!(
        named(json!({ "allowed_mentions": { "users": [ann] } })),
        (1, false)
    );
    assert_eq!(
        named(json!({ "allowed_mentions": { "parse": ["everyone"] } })),
        (0, true)
    );

    let reply = |allowed: Value| {
        json!({ "content": "yes", "message_reference": { "message_id": asked },
            "allowed_mentions": allowed })
    };
    let message = stage.post(&path, reply(Value::Null)).good();
    assert_eq!(message["mentions"][0]["id"], ann);
    let message = stage
        .post(&path, reply(json!({ "replied_user": false })))
        .good();
    assert_eq!(message["mentions"], json!([]));

    let both =
        json!({ "content": "a", "allowed_mentions": { "parse": ["users"], "users": [ann] } });
    let refused = stage.post(&path, both);
    assert_eq!(
        fault(&refused, "/allowed_mentions"),
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
    );
    stage.end();
}

#[test]
fn components_are_refused_where_they_are_wrong() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let row = |inner: Value| json!({ "components": [{ "type": 1, "components": inner }] });
    let button = json!({ "type": 2, "style": 1, "label": "a", "custom_id": "a" });
    let select = json!({ "type": 3, "custom_id": "s", "options": [
        { "label": "a", "value": "x" }, { "label": "b", "value": "x" },
    ]});
    let cases = [
        (
            row(json!([{ "type": 2, "style": 1, "label": "a" }])),
            "/components/0/components/0/custom_id",
        ),
        (
            row(json!([{ "type": 2, "style": 5, "label": "a" }])),
            "/components/0/components/0/url",
        ),
        (
            row(json!([{ "type": 2, "style": 1, "custom_id": "a" }])),
            "/components/0/components/0/label",
        ),
        (
            row(json!([button, button])),
            "/components/0/components/1/custom_id",
        ),
        (row(json!([button, select])), "/components/0/components"),
        (
            row(json!([select])),
            "/components/0/components/0/options/1/value",
        ),
        (
            json!({ "components": [{ "type": 10, "content": "a" }] }),
            "/components/0",
        ),
    ];
    for (body, place) in cases {
        let refused = stage.post(&path, body);
        fault(&refused, place);
    }
    let new = |components: Value| json!({ "flags": 1 << 15, "components": components });
    let text = json!({ "type": 10, "content": "x".repeat(2001) });
    let long = stage.post(&path, new(json!([text, text])));
    assert_eq!(
        fault(&long, "/components"),
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"
    );
    let many = vec![json!({ "type": 14 }); 40];
    let many = stage.post(&path, new(json!([{ "type": 17, "components": many }])));
    assert_eq!(
        fault(&many, "/components"),
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"
    );
    let mut mixed = new(json!([{ "type": 10, "content": "a" }]));
    mixed["content"] = json!("b");
    assert_eq!(
        fault(&stage.post(&path, mixed), "/content"),
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    );

    let good = stage.post(&path, new(json!([{ "type": 10, "content": "a" }])));
    let one = format!("{path}/{}", good.id());
    good.good();
    let flags = stage.call("PATCH", &one, json!({ "flags": 0 })).good()["flags"].clone();
    assert_eq!(flags, 1 << 15, "the new layout stays");
    let refused = stage.call("PATCH", &one, json!({ "content": "b" }));
    fault(&refused, "/content");
    stage.end();
}

#[test]
fn a_message_is_carried_on_into_another_channel() {
    let plan = Guild::named("The Bakery").channels(["general", "news"]);
    let mut stage = Stage::new(Config::default().guilds([plan]));
    let said = stage.say("ann", "fresh bread");
    let forward = json!({ "message_reference": {
        "type": 1, "message_id": said, "channel_id": stage.discord.channel_id().to_string(),
    }});
    let path = stage.messages();
    let message = stage.post(&path, forward).good();
    assert_eq!(
        message["message_snapshots"][0]["message"]["content"],
        "fresh bread"
    );
    assert_eq!(
        (&message["type"], &message["flags"]),
        (&json!(0), &json!(1 << 14))
    );
    assert_eq!(message["referenced_message"], Value::Null);
    stage.end();
}

#[test]
fn replies_have_their_conditions() {
    let plan = Guild::named("Strict").bot_permissions(1 << 10 | 1 << 11);
    let mut stage = Stage::new(Config::default().guilds([plan]));
    let said = stage.say("ann", "hello");
    let path = stage.messages();
    let reply = json!({ "content": "a", "message_reference": { "message_id": said } });
    let refused = stage.post(&path, reply);
    assert_eq!((refused.status, refused.code()), (403, Some(160_002)));
    assert_eq!(
        stage.get(&path).good(),
        json!([]),
        "nothing of before is shown"
    );

    let mut stage = Stage::new(Config::default());
    let said = stage.say("ann", "hello");
    let path = stage.messages();
    stage
        .call("PUT", &format!("{path}/pins/{said}"), Value::Null)
        .good();
    let note = stage.get(&format!("{path}?limit=1")).good()[0].clone();
    assert_eq!(note["type"], 6);
    let reply = json!({ "content": "a", "message_reference": { "message_id": note["id"] } });
    let refused = stage.post(&path, reply);
    assert_eq!(
        fault(&refused, "/message_reference"),
        "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE"
    );
    stage.end();
}

#[test]
fn embeds_of_others_may_be_hidden_but_nothing_else_changed() {
    let mut stage = Stage::new(Config::default());
    let said = stage.say("ann", "https://example.org");
    let one = format!("{}/{said}", stage.messages());
    stage.events();
    let hidden = stage.call("PATCH", &one, json!({ "flags": 4 })).good();
    assert_eq!(hidden["flags"], 4);
    assert_eq!(stage.heard("MESSAGE_UPDATE")["flags"], 4);
    assert_eq!(
        stage.call("PATCH", &one, json!({ "content": "x" })).code(),
        Some(50005)
    );

    let embed = json!({ "embeds": [{ "title": "Loaf" }], "flags": 4 });
    let path = stage.messages();
    let own = stage.post(&path, embed).good();
    assert_eq!(own["embeds"], json!([]));
    let one = format!("{path}/{}", own["id"].as_str().unwrap());
    let shown = stage.call("PATCH", &one, json!({ "flags": 0 })).good();
    assert_eq!(shown["embeds"][0]["title"], "Loaf");
    stage.end();
}

#[test]
fn many_messages_go_at_once_if_they_are_young() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let (old, ann) = (stage.say("ann", "old"), stage.say("ann", "older"));
    stage.pass(14 * DAY);
    stage.events();
    let (a, b) = (stage.say("ann", "a"), stage.say("ann", "b"));
    let delete = format!("{path}/bulk-delete");
    let refused = stage.post(&delete, json!({ "messages": [old, a] }));
    assert_eq!((refused.status, refused.code()), (400, Some(50034)));
    let unknown = (a.parse::<u64>().unwrap() + 1).to_string();
    stage
        .post(&delete, json!({ "messages": [a, b, unknown] }))
        .good();
    let gone = stage.heard("MESSAGE_DELETE_BULK");
    assert_eq!(gone["ids"], json!([a, b]));
    let entry = stage.logged();
    assert_eq!(
        (&entry["action_type"], &entry["options"]["count"]),
        (&json!(73), &json!("2"))
    );
    let one = stage.post(&delete, json!({ "messages": [ann] }));
    assert_eq!(fault(&one, "/messages"), "BASE_TYPE_BAD_LENGTH");

    let theirs = stage.say("ann", "spam");
    stage
        .call("DELETE", &format!("{path}/{theirs}"), Value::Null)
        .good();
    assert_eq!(stage.logged()["action_type"], 72);
    stage.end();
}

#[test]
fn pins_are_paged_noted_and_counted() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let ids: Vec<String> = (0..3)
        .map(|number| stage.say("ann", &format!("{number}")))
        .collect();
    stage.events();
    for id in &ids {
        stage
            .call("PUT", &format!("{path}/pins/{id}"), Value::Null)
            .good();
    }
    assert_eq!(
        stage.names().get(..3),
        Some(
            ["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", "MESSAGE_CREATE"]
                .map(str::to_owned)
                .as_slice()
        )
    );
    assert_eq!(stage.logged()["action_type"], 74);
    let page = stage.get(&format!("{path}/pins?limit=2")).good();
    assert_eq!(page["has_more"], true);
    assert_eq!(page["items"][0]["message"]["id"], json!(ids[2]));
    let before = page["items"][1]["pinned_at"]
        .as_str()
        .unwrap()
        .replace('+', "%2B");
    let rest = stage.get(&format!("{path}/pins?before={before}")).good();
    assert_eq!(rest["items"][0]["message"]["id"], json!(ids[0]));
    stage
        .call(
            "DELETE",
            &format!("{}/pins/{}", stage.channel(), ids[0]),
            Value::Null,
        )
        .good();
    let old = stage.get(&format!("{}/pins", stage.channel())).good();
    assert_eq!(old.as_array().unwrap().len(), 2);
    for number in 2..250 {
        let id = stage.say("ann", &format!("{number}"));
        stage
            .call("PUT", &format!("{path}/pins/{id}"), Value::Null)
            .good();
    }
    let last = stage.say("ann", "one too many");
    assert_eq!(
        stage
            .call("PUT", &format!("{path}/pins/{last}"), Value::Null)
            .code(),
        Some(30003)
    );
    stage.end();
}

#[test]
fn reactions_are_listed_by_kind_and_cleared() {
    let mut stage = Stage::new(Config::default());
    let said = stage.say("ann", "bread");
    let one = format!("{}/{said}", stage.messages());
    let bread = format!("{one}/reactions/%F0%9F%8D%9E");
    stage
        .call("PUT", &format!("{bread}/@me"), Value::Null)
        .good();
    stage.events();
    assert_eq!(stage.get(&format!("{bread}?type=1")).good(), json!([]));
    assert_eq!(stage.get(&bread).good().as_array().unwrap().len(), 1);
    let unknown = stage.call(
        "PUT",
        &format!("{one}/reactions/loaf:12345/@me"),
        Value::Null,
    );
    assert_eq!((unknown.status, unknown.code()), (400, Some(10014)));
    stage.call("DELETE", &bread, Value::Null).good();
    assert_eq!(stage.names(), ["MESSAGE_REACTION_REMOVE_EMOJI"]);
    let emojis = [
        "🍎", "🍐", "🍊", "🍋", "🍌", "🍉", "🍇", "🍓", "🍈", "🍒", "🍑", "🍍", "🥝", "🍅", "🍆",
        "🥑", "🥦", "🥒", "🌶", "🌽",
    ];
    for emoji in emojis {
        stage
            .call(
                "PUT",
                &format!("{one}/reactions/{}/@me", encoded(emoji)),
                Value::Null,
            )
            .good();
    }
    let more = stage.call("PUT", &format!("{bread}/@me"), Value::Null);
    assert_eq!(more.code(), Some(30010));
    stage
        .call("DELETE", &format!("{one}/reactions"), Value::Null)
        .good();
    assert_eq!(
        stage.names().last().map(String::as_str),
        Some("MESSAGE_REACTION_REMOVE_ALL")
    );
    stage.end();
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_poll_is_voted_on_and_ends() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let poll = json!({ "poll": {
        "question": { "text": "Which?" }, "duration": 2,
        "answers": [{ "poll_media": { "text": "rye" } }, { "poll_media": { "text": "spelt" } }],
    }});
    let message = stage.post(&path, poll.clone()).good();
    assert_eq!(message["poll"]["answers"][1]["answer_id"], 2);
    let id = message["id"].as_str().unwrap().to_owned();
    let one = format!("{path}/{id}");
    assert_eq!(
        stage.call("PATCH", &one, json!({ "content": "x" })).code(),
        Some(520_003)
    );
    let voters = format!("{}/polls/{id}/answers/1", stage.channel());
    assert_eq!(stage.get(&voters).good()["users"], json!([]));
    let plain = stage.say("ann", "no poll");
    let expire = |id: &str| format!("/polls/{id}/expire");
    let channel = stage.channel();
    assert_eq!(
        stage
            .post(&format!("{channel}{}", expire(&plain)), Value::Null)
            .code(),
        Some(520_006)
    );
    stage.events();

    stage.pass(Duration::from_secs(2 * 3600));
    assert_eq!(stage.names(), ["MESSAGE_UPDATE", "MESSAGE_CREATE"]);
    let ended = stage.get(&one).good();
    assert_eq!(ended["poll"]["results"]["is_finalized"], true);
    assert_eq!(
        stage
            .post(&format!("{channel}{}", expire(&id)), Value::Null)
            .code(),
        Some(520_001)
    );
    let result = stage.get(&format!("{path}?limit=1")).good();
    assert_eq!(
        (&result[0]["type"], &result[0]["embeds"][0]["type"]),
        (&json!(46), &json!("poll_result"))
    );

    let second = stage.post(&path, poll).good()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ended = stage
        .post(&format!("{channel}{}", expire(&second)), Value::Null)
        .good();
    assert_eq!(ended["poll"]["results"]["is_finalized"], true);
    stage.end();
}

#[tokio::test]
async fn people_vote_edit_and_delete_as_they_may() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let messages = format!("/channels/{}/messages", discord.channel_id());
    let poll = json!({ "poll": { "question": { "text": "Which?" },
        "answers": [{ "poll_media": { "text": "rye" } }, { "poll_media": { "text": "spelt" } }] } });
    assert_eq!(
        call(&discord, "POST", &messages, Some(poll)).await.status,
        200
    );
    let poll = discord.next_bot_message().await.unwrap();
    let (ann, bob) = (discord.user("ann"), discord.user("bob"));
    ann.votes(&poll, 1);
    ann.votes(&poll, 2);
    bob.votes(&poll, 2);
    bob.unvotes(&poll, 2);
    assert!(bob.attempt().votes(&poll, 3).is_err());
    let now = call(&discord, "GET", &format!("{messages}/{}", poll.id()), None).await;
    assert_eq!(
        now.body["poll"]["results"]["answer_counts"],
        json!([{ "id": 2, "count": 1, "me_voted": false }]),
        "one answer each, and a vote may be taken back"
    );
    ann.super_reacts(&poll, "🍞");
    let now = call(&discord, "GET", &format!("{messages}/{}", poll.id()), None).await;
    assert_eq!(
        now.body["reactions"][0]["count_details"],
        json!({ "burst": 1, "normal": 0 })
    );

    let said = ann.says("loaf").await;
    assert_eq!(ann.edits(&said, "toast").content(), "toast");
    assert!(
        bob.attempt()
            .edits(&said, "mine")
            .unwrap_err()
            .to_string()
            .contains("50005")
    );
    assert!(
        bob.attempt()
            .deletes(&said)
            .unwrap_err()
            .to_string()
            .contains("50013")
    );
    ann.deletes(&said);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_closed_door_and_a_slow_channel_hold_messages_back() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let ann = discord.user("ann");
    let body = json!({ "recipient_id": ann.id().to_string() });
    let dm = call(&discord, "POST", "/users/@me/channels", Some(body)).await;
    let path = format!("/channels/{}/messages", dm.body["id"].as_str().unwrap());
    let hello = || Some(json!({ "content": "hello" }));
    assert_eq!(call(&discord, "POST", &path, hello()).await.status, 200);
    ann.closes_direct_messages(true);
    let refused = call(&discord, "POST", &path, hello()).await;
    assert_eq!((refused.status, refused.code()), (403, Some(50007)));
    ann.closes_direct_messages(false);
    let member = format!("/guilds/{}/members/{}", discord.guild_id(), ann.id());
    assert_eq!(call(&discord, "DELETE", &member, None).await.status, 204);
    assert_eq!(
        call(&discord, "POST", &path, hello()).await.code(),
        Some(50278)
    );
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[test]
fn an_embed_that_shows_nothing_or_leads_nowhere_is_refused() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let required = "BASE_TYPE_REQUIRED";
    let scheme = "URL_TYPE_INVALID_SCHEME";
    for (embed, place, code) in [
        (json!({}), "description", required),
        (json!({ "title": " ", "color": 5 }), "description", required),
        (
            json!({ "fields": [{ "name": "a", "value": "b" }, { "name": "", "value": "b" }] }),
            "fields/1/name",
            required,
        ),
        (
            json!({ "fields": [{ "name": "a", "value": " " }] }),
            "fields/0/value",
            required,
        ),
        (
            json!({ "title": "a", "url": "javascript:a" }),
            "url",
            scheme,
        ),
        (
            json!({ "title": "a", "url": "attachment://a.png" }),
            "url",
            scheme,
        ),
        (
            json!({ "title": "a", "thumbnail": { "url": "file:///a" } }),
            "thumbnail/url",
            scheme,
        ),
    ] {
        let refused = stage.post(&path, json!({ "content": "a", "embeds": [embed] }));
        assert_eq!(
            fault(&refused, &format!("/embeds/0/{place}")),
            code,
            "{embed}"
        );
    }
    // A part without what it is about is left out.
    let embed = json!({ "title": "a", "thumbnail": {}, "provider": { "url": "https://a.b" } });
    let message = stage
        .post(&path, json!({ "content": " a\n", "embeds": [embed] }))
        .good();
    assert_eq!(message["embeds"], json!([{ "type": "rich", "title": "a" }]));
    assert_eq!(message["content"], "a");
    stage.end();
}

#[test]
fn a_page_of_pins_ends_at_a_moment_and_not_at_a_spelling() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    for _ in 0..2 {
        let id = stage.post(&path, json!({ "content": "a" })).id();
        let pinned = stage.call("PUT", &format!("{path}/pins/{id}"), Value::Null);
        assert_eq!(pinned.status, 204);
    }
    let all = stage.get(&format!("{path}/pins")).good();
    let newest = all["items"][0]["pinned_at"].as_str().unwrap();
    let moment = newest.split_once('+').unwrap().0;
    for before in [
        format!("{moment}%2B00:00"),
        format!("{moment}Z"),
        format!("{moment}000%2B00:00"),
    ] {
        let page = stage.get(&format!("{path}/pins?before={before}")).good();
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{before}");
    }
    stage.end();
}
