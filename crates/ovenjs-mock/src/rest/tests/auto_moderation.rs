use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    config::{Config, Guild},
    json::object,
    world::{Draft, permission as may},
};

use super::{REASON, Stage};

#[test]
fn a_rule_is_made_changed_and_taken_away() {
    let mut stage = Stage::new();
    let path = rules(&stage);
    let made = stage.call("POST", &path, keyword(&["rye*"], json!([{ "type": 1 }])));
    assert_eq!((made.status, &made.body["enabled"]), (200, &json!(true)));
    let whole = json!({ "keyword_filter": ["rye*"], "regex_patterns": [], "allow_list": [] });
    assert_eq!(made.body["trigger_metadata"], whole);
    let id: u64 = made.text("/id").parse().unwrap();
    let one = format!("{path}/{id}");
    let renamed = stage.call("PATCH", &one, json!({ "name": "No rye", "enabled": null }));
    assert_eq!(
        (renamed.text("/name"), &renamed.body["enabled"]),
        ("No rye".to_owned(), &json!(true))
    );
    assert_eq!(stage.get(&path).body, json!([renamed.body]));
    let log = stage.get(&format!("/guilds/{}/audit-logs", stage.guild()));
    assert_eq!(log.body["auto_moderation_rules"], json!([renamed.body]));
    assert_eq!(stage.get(&one).body, renamed.body);
    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.get(&one).status, 404);
    let mut names = stage.names();
    names.retain(|name| name.starts_with("AUTO"));
    let told = ["CREATE", "UPDATE", "DELETE"].map(|deed| format!("AUTO_MODERATION_RULE_{deed}"));
    assert_eq!(names, told);
    let log = stage.log(3);
    assert_eq!(
        log,
        [142, 141, 140].map(|action| (action, id, REASON.to_owned()))
    );
    stage.end();
}

#[test]
fn a_rule_is_refused_for_its_form_and_its_number() {
    let mut stage = Stage::new();
    let path = rules(&stage);
    let block = json!([{ "type": 1 }]);
    let with = |key: &str, value: Value| {
        let mut body = object(keyword(&["rye"], json!([{ "type": 1 }])));
        body.insert(key.to_owned(), value);
        Value::Object(body)
    };
    let many: Vec<String> = (0..1001).map(|number| format!("rye {number}")).collect();
    let refused = [
        (with("event_type", json!(2)), "event_type"),
        (with("name", json!(" ")), "name"),
        (with("actions", json!(null)), "actions"),
        (with("actions", json!([{ "type": 4 }])), "actions"),
        (
            with(
                "actions",
                json!([{ "type": 2, "metadata": { "channel_id": "7" } }]),
            ),
            "actions",
        ),
        (
            with("exempt_roles", (1..22).map(|id| id.to_string()).collect()),
            "exempt_roles",
        ),
        (
            with("trigger_metadata", json!({ "keyword_filter": many })),
            "trigger_metadata",
        ),
        (
            with("trigger_metadata", json!({ "regex_patterns": ["(b|c"] })),
            "trigger_metadata",
        ),
    ];
    for (body, place) in refused {
        let answer = stage.call("POST", &path, body);
        assert_eq!(answer.refusal(), (400, 50035), "{place}: {}", answer.body);
        assert!(
            answer.body["errors"].get(place).is_some(),
            "{place}: {}",
            answer.body
        );
    }
    let one = stage.call("POST", &path, keyword(&["rye"], block.clone()));
    let one = format!("{path}/{}", one.text("/id"));
    let longer = [
        json!({ "keyword_filter": many }),
        json!({ "keyword_filter": ["r".repeat(61)] }),
        json!({ "regex_patterns": ["r".repeat(261)] }),
        json!({ "allow_list": many[..101] }),
    ];
    for metadata in longer {
        let body = json!({ "trigger_metadata": metadata });
        assert_eq!(stage.call("PATCH", &one, body).refusal(), (400, 50035));
    }
    let other = json!({ "trigger_type": 4 });
    assert_eq!(stage.call("PATCH", &one, other).refusal(), (400, 50035));
    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    let spam = json!({
        "name": "Spam", "event_type": 1, "trigger_type": 3,
        "actions": [{ "type": 3, "metadata": { "duration_seconds": 60 } }],
    });
    assert_eq!(
        stage.call("POST", &path, spam).refusal(),
        (400, 50035),
        "no timeout for spam"
    );
    for _ in 0..6 {
        assert_eq!(
            stage
                .call("POST", &path, keyword(&["rye"], block.clone()))
                .status,
            200
        );
    }
    let one_more = stage.call("POST", &path, keyword(&["rye"], block));
    assert_eq!(one_more.refusal(), (400, 50035));
    let code = "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED";
    assert_eq!(one_more.text("/errors/_errors/0/code"), code);
    stage.end();

    let mut stage = Stage::with(may::ALL_BUT_ADMINISTRATOR & !may::MODERATE_MEMBERS);
    let path = rules(&stage);
    let silence = json!([{ "type": 3, "metadata": { "duration_seconds": 60 } }]);
    assert_eq!(
        stage
            .call("POST", &path, keyword(&["rye"], silence))
            .refusal(),
        (403, 50013)
    );
    let mut stage = Stage::with(may::ALL_BUT_ADMINISTRATOR & !may::MANAGE_GUILD);
    let path = rules(&stage);
    assert_eq!(stage.get(&path).refusal(), (403, 50013));
    stage.end();
}

#[test]
fn a_message_is_blocked_alerted_to_and_its_writer_silenced() {
    let mut stage = Stage::new();
    let (path, orders, ann) = (
        rules(&stage),
        channel_named(&mut stage, "orders"),
        stage.user("ann"),
    );
    let actions = json!([
        { "type": 1, "metadata": { "custom_message": "no rye here" } },
        { "type": 2, "metadata": { "channel_id": orders.to_string() } },
        { "type": 3, "metadata": { "duration_seconds": 60 } },
    ]);
    let rule = stage
        .call("POST", &path, keyword(&["rye*"], actions))
        .text("/id");
    stage.heard();
    let refused = stage.says(ann, "Fresh RYEbread").unwrap_err();
    assert_eq!((refused.status, refused.code), (400, 200_000));
    assert!(refused.message.contains("no rye here"), "{refused}");
    let channel = stage.channel();
    assert_eq!(
        stage.get(&format!("/channels/{channel}/messages")).body,
        json!([])
    );

    let heard = stage.heard();
    let done: Vec<&Value> = heard
        .iter()
        .filter(|(name, _)| name == "AUTO_MODERATION_ACTION_EXECUTION")
        .map(|(_, data)| data)
        .collect();
    let kinds: Vec<&Value> = done.iter().map(|data| &data["action"]["type"]).collect();
    assert_eq!(kinds, [&json!(1), &json!(2), &json!(3)]);
    assert_eq!(done[0]["rule_id"], json!(rule));
    assert_eq!(done[0]["matched_keyword"], "rye*");
    assert_eq!(done[0]["matched_content"], "RYE");
    assert_eq!(done[0].get("message_id"), None, "it was blocked");
    let alerts = stage.get(&format!("/channels/{orders}/messages"));
    assert_eq!(alerts.body[0]["id"], done[1]["alert_system_message_id"]);
    assert_eq!(alerts.body[0]["type"], 24);
    assert_eq!(alerts.body[0]["embeds"][0]["description"], "Fresh RYEbread");
    let log: Vec<u64> = stage
        .log(3)
        .into_iter()
        .map(|(action, ..)| action)
        .collect();
    assert_eq!(log, [145, 144, 143]);

    assert_eq!(
        stage.says(ann, "sorry").unwrap_err().code,
        50013,
        "she is silent"
    );
    stage.pass(Duration::from_secs(61));
    assert!(stage.says(ann, "sorry").is_ok());
    stage.end();
}

#[test]
fn an_alert_alone_lets_a_message_appear_and_an_edit_is_looked_at_too() {
    let mut stage = Stage::new();
    let (path, orders, ann) = (
        rules(&stage),
        channel_named(&mut stage, "orders"),
        stage.user("ann"),
    );
    let alert = json!([{ "type": 2, "metadata": { "channel_id": orders.to_string() } }]);
    stage.call("POST", &path, keyword(&["rye"], alert));
    stage.call("POST", &path, keyword(&["*oats*"], json!([{ "type": 1 }])));
    stage.heard();
    let message = stage.says(ann, "rye").unwrap();
    let heard = stage.heard();
    let names: Vec<&str> = heard.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "MESSAGE_CREATE",
            "MESSAGE_CREATE",
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            "AUTO_MODERATION_ACTION_EXECUTION",
        ]
    );
    assert_eq!(heard[3].1["message_id"], json!(message.to_string()));
    let channel = stage.channel();
    let edit = object(json!({ "content": "rolled oats" }));
    let refused = stage.world(|world| world.edit(channel, message, &edit, Vec::new()));
    assert_eq!(refused.unwrap_err().code, 200_000);
    let kept = stage.get(&format!("/channels/{channel}/messages/{message}"));
    assert_eq!(kept.text("/content"), "rye");
    stage.end();
}

#[test]
fn roles_channels_and_those_in_charge_are_exempt() {
    let mut stage = Stage::new();
    let (path, orders, ann) = (
        rules(&stage),
        channel_named(&mut stage, "orders"),
        stage.user("ann"),
    );
    let guild = stage.guild();
    let baker = stage.role("Baker", 0, 0);
    let chief = stage.role("Chief", 0, may::MANAGE_GUILD);
    let mut body = object(keyword(&["rye"], json!([{ "type": 1 }])));
    body.insert("exempt_roles".to_owned(), json!([baker.to_string()]));
    body.insert("exempt_channels".to_owned(), json!([orders.to_string()]));
    let one = stage.call("POST", &path, Value::Object(body)).text("/id");
    assert!(stage.says(ann, "rye").is_err());
    for role in [baker, chief] {
        stage
            .world(|world| world.set_role(guild, ann, role, true))
            .unwrap();
        assert!(stage.says(ann, "rye").is_ok());
        stage
            .world(|world| world.set_role(guild, ann, role, false))
            .unwrap();
    }
    let draft = || Draft {
        author: ann,
        channel: orders,
        body: object(json!({ "content": "rye" })),
        ..Draft::default()
    };
    assert!(stage.world(|world| world.post(draft())).is_ok());
    let (channel, own) = (stage.channel(), json!({ "content": "rye" }));
    let own = stage.call("POST", &format!("/channels/{channel}/messages"), own);
    assert_eq!(own.status, 200, "bots are passed over");
    stage.call(
        "PATCH",
        &format!("{path}/{one}"),
        json!({ "enabled": false }),
    );
    assert!(stage.says(ann, "rye").is_ok());
    stage.end();
}

#[test]
fn presets_mentions_and_repetitions_break_rules() {
    let mut stage = Stage::new();
    let (path, ann) = (rules(&stage), stage.user("ann"));
    let rule = |trigger: u64, metadata: Value| {
        json!({
            "name": "A rule", "event_type": 1, "trigger_type": trigger, "enabled": true,
            "trigger_metadata": metadata, "actions": [{ "type": 1 }],
        })
    };
    let made = [
        rule(3, json!({})),
        rule(
            4,
            json!({ "presets": [1, 3], "allow_list": ["mock-slur really"] }),
        ),
        rule(5, json!({ "mention_total_limit": 2 })),
    ];
    for body in made {
        let answer = stage.call("POST", &path, body.clone());
        assert_eq!(answer.status, 200, "{}", answer.body);
        let again = stage.call("POST", &path, body);
        assert_eq!(again.refusal(), (400, 50035), "one of a kind");
    }
    assert!(stage.says(ann, "a mock-profanity").is_err());
    assert!(stage.says(ann, "a mock-sexual-content").is_ok());
    assert!(stage.says(ann, "a mock-slur really").is_ok());
    assert!(stage.says(ann, "<@1> <@1> <@&2> <@!2>").is_ok());
    assert!(stage.says(ann, "<@1> <@&2> <@3>").is_err());
    for _ in 0..4 {
        assert!(stage.says(ann, "buy bread").is_ok());
    }
    assert_eq!(stage.says(ann, "buy bread").unwrap_err().code, 200_000);
    stage.pass(Duration::from_secs(61));
    assert!(stage.says(ann, "buy bread").is_ok());
    stage.end();
}

#[test]
fn a_bad_name_is_quarantined_until_it_is_better() {
    let mut stage = Stage::new();
    let (path, ann, guild) = (rules(&stage), stage.user("ann"), stage.guild());
    let body = json!({
        "name": "Names", "event_type": 2, "trigger_type": 6, "enabled": true,
        "trigger_metadata": { "keyword_filter": ["*rye*"] }, "actions": [{ "type": 4 }],
    });
    assert_eq!(stage.call("POST", &path, body).status, 200);
    stage.heard();
    stage
        .world(|world| world.rename_self(guild, ann, Some("Ryebread")))
        .unwrap();
    let heard = stage.heard();
    let (name, told) = heard.last().unwrap();
    assert_eq!(name, "AUTO_MODERATION_ACTION_EXECUTION");
    assert_eq!(
        (&told["content"], told.get("channel_id")),
        (&json!("Ryebread"), None)
    );
    let member = stage.get(&format!("/guilds/{guild}/members/{ann}"));
    assert_eq!(member.body["flags"], 1 << 7);
    assert_eq!(stage.says(ann, "hi").unwrap_err().code, 50013);
    stage
        .world(|world| world.rename_self(guild, ann, None))
        .unwrap();
    assert!(stage.says(ann, "hi").is_ok());
    stage.end();
}

#[test]
fn a_bot_meets_the_code_where_the_box_is_told_to() {
    let bits = may::ALL_BUT_ADMINISTRATOR;
    let guild = Guild::named("The Bakery").bot_permissions(bits);
    let mut stage = Stage::of(Config::default().guilds([guild]).moderate_bots(true));
    let path = rules(&stage);
    stage.call("POST", &path, keyword(&["rye"], json!([{ "type": 1 }])));
    let channel = stage.channel();
    let hook = stage.call(
        "POST",
        &format!("/channels/{channel}/webhooks"),
        json!({ "name": "Oven" }),
    );
    let hook = format!("/webhooks/{}/{}", hook.text("/id"), hook.text("/token"));
    let body = json!({ "content": "dark rye" });
    assert_eq!(
        stage.call("POST", &hook, body.clone()).refusal(),
        (400, 200_000)
    );
    let own = stage.call("POST", &format!("/channels/{channel}/messages"), body);
    assert_eq!(own.status, 200, "the bot itself manages the guild");
    let forum = stage.open(15, "recipes", json!({}));
    let hook = stage.call(
        "POST",
        &format!("/channels/{forum}/webhooks"),
        json!({ "name": "Oven" }),
    );
    let hook = format!("/webhooks/{}/{}", hook.text("/id"), hook.text("/token"));
    let titled = json!({ "content": "bread", "thread_name": "dark rye" });
    assert_eq!(stage.call("POST", &hook, titled).refusal(), (400, 200_001));
    stage.end();
}

#[test]
fn what_was_written_is_for_those_with_the_content_intent() {
    const MESSAGE_CONTENT: u64 = 1 << 15;
    let mut stage = Stage::of(Config::default().disallow_intents(MESSAGE_CONTENT));
    let (path, ann) = (rules(&stage), stage.user("ann"));
    stage.call("POST", &path, keyword(&["rye"], json!([{ "type": 1 }])));
    stage.heard();
    assert!(stage.says(ann, "dark rye").is_err());
    let heard = stage.heard();
    let (name, told) = heard.last().unwrap();
    assert_eq!(name, "AUTO_MODERATION_ACTION_EXECUTION");
    assert_eq!(
        (&told["content"], &told["matched_content"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(told["matched_keyword"], "rye");
    stage.end();
}

fn rules(stage: &Stage) -> String {
    format!("/guilds/{}/auto-moderation/rules", stage.guild())
}

fn keyword(words: &[&str], actions: Value) -> Value {
    json!({
        "name": "Rye", "event_type": 1, "trigger_type": 1, "enabled": true,
        "trigger_metadata": { "keyword_filter": words }, "actions": actions,
    })
}

fn channel_named(stage: &mut Stage, name: &str) -> u64 {
    stage.world(|world| {
        let mut channels = world.channels.iter();
        let found = channels.find(|(_, room)| room.object["name"] == name);
        *found.unwrap().0
    })
}
