use std::time::Duration;

use serde_json::{Value, json};

use crate::{config::Config, time::iso8601, world::permission as may};

use super::{REASON, Stage};

#[test]
fn a_member_is_named_given_roles_and_silenced() {
    let mut stage = Stage::new();
    let (guild, ann) = (stage.guild(), stage.user("ann"));
    let baker = stage.role("Baker", 0, 0);
    let path = format!("/guilds/{guild}/members/{ann}");
    let body = json!({ "nick": " Annie ", "roles": [baker.to_string()] });
    let changed = stage.call("PATCH", &path, body);
    assert_eq!(changed.text("/nick"), "Annie");
    assert_eq!(
        stage.names(),
        [
            "GUILD_MEMBER_UPDATE",
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            "GUILD_AUDIT_LOG_ENTRY_CREATE"
        ]
    );
    let log = stage.get(&format!("/guilds/{guild}/audit-logs?target_id={ann}"));
    assert_eq!(log.body["audit_log_entries"][0]["action_type"], 25);
    assert_eq!(
        log.body["audit_log_entries"][0]["changes"],
        json!([{ "key": "$add", "new_value": [{ "id": baker.to_string(), "name": "Baker" }] }])
    );
    let users: Vec<_> = log.body["users"].as_array().unwrap().iter().collect();
    assert!(users.iter().any(|user| user["username"] == "ann"));

    let day = Duration::from_hours(24);
    let now = stage.world(|world| world.now_ms);
    let until =
        |days: u64| json!({ "communication_disabled_until": iso8601(now + days * 86_400_000) });
    assert_eq!(stage.call("PATCH", &path, until(1)).status, 200);
    let (channel, sends) = (stage.channel(), may::SEND_MESSAGES);
    assert_eq!(
        stage.world(|world| world.channel_permissions(channel, ann)) & sends,
        0
    );
    stage.pass(day);
    assert_eq!(
        stage.world(|world| world.channel_permissions(channel, ann)) & sends,
        sends
    );
    assert_eq!(
        stage.call("PATCH", &path, until(30)).refusal(),
        (400, 50035)
    );
    let wrong = json!({ "communication_disabled_until": "tomorrow" });
    assert_eq!(stage.call("PATCH", &path, wrong).refusal(), (400, 50035));
    stage.end();
}

#[test]
fn hierarchy_and_permissions_protect_members() {
    let mut stage = Stage::new();
    let (guild, ann, bob) = (stage.guild(), stage.user("ann"), stage.user("bob"));
    let owner = stage.world(|world| world.owner);
    let chief = stage.role("Chief", 5, 0);
    let admin = stage.role("Admin", 0, may::ADMINISTRATOR);
    let own = stage.world(|world| {
        world.set_role(guild, ann, chief, true).unwrap();
        world.set_role(guild, bob, admin, true).unwrap();
        *world.guilds[&guild].roles.keys().nth(1).unwrap()
    });
    let path = |user: u64| format!("/guilds/{guild}/members/{user}");
    for user in [ann, owner] {
        let named = stage.call("PATCH", &path(user), json!({ "nick": "x" }));
        assert_eq!(named.refusal(), (403, 50013));
        assert_eq!(
            stage.call("DELETE", &path(user), Value::Null).refusal(),
            (403, 50013)
        );
    }
    let later = iso8601(stage.world(|world| world.now_ms) + 1000);
    let silence = json!({ "communication_disabled_until": later });
    assert_eq!(
        stage.call("PATCH", &path(bob), silence).refusal(),
        (403, 50013)
    );
    let role = |id: u64| format!("{}/roles/{id}", path(bob));
    assert_eq!(
        stage.call("PUT", &role(chief), Value::Null).refusal(),
        (403, 50013)
    );
    assert_eq!(
        stage.call("PUT", &role(own), Value::Null).refusal(),
        (400, 50028)
    );
    assert_eq!(
        stage.call("PUT", &role(1), Value::Null).refusal(),
        (404, 10011)
    );
    assert_eq!(
        stage.call("DELETE", &path(1), Value::Null).refusal(),
        (404, 10007)
    );
    // A role may be given to those above.
    let baker = stage.role("Baker", 0, 0);
    let give = format!("{}/roles/{baker}", path(ann));
    assert_eq!(stage.call("PUT", &give, Value::Null).status, 204);
    stage.end();

    let mut weak = Stage::with(may::VIEW_CHANNEL | may::VIEW_AUDIT_LOG);
    let ann = weak.user("ann");
    let path = format!("/guilds/{}/members/{ann}", weak.guild());
    for body in [
        json!({ "nick": "x" }),
        json!({ "roles": [] }),
        json!({ "mute": true }),
        json!({ "deaf": true }),
        json!({ "channel_id": null }),
        json!({ "flags": 4 }),
        json!({ "communication_disabled_until": null }),
    ] {
        assert_eq!(
            weak.call("PATCH", &path, body.clone()).refusal(),
            (403, 50013),
            "{body}"
        );
    }
    let own = format!("/guilds/{}/members/@me", weak.guild());
    assert_eq!(
        weak.call("PATCH", &own, json!({ "nick": "x" })).refusal(),
        (403, 50013)
    );
    weak.end();
}

#[test]
fn a_member_is_added_kicked_found_and_listed() {
    let mut stage = Stage::new();
    let (guild, ann) = (stage.guild(), stage.user("ann"));
    let path = format!("/guilds/{guild}/members/{ann}");
    assert_eq!(stage.call("DELETE", &path, Value::Null).status, 204);
    stage.heard();
    assert_eq!(stage.log(1), [(20, ann, REASON.to_owned())]);
    let body = json!({ "access_token": format!("access-{ann}"), "nick": "Annie" });
    let added = stage.call("PUT", &path, body.clone());
    assert_eq!((added.status, added.text("/nick").as_str()), (201, "Annie"));
    assert_eq!(stage.names(), ["GUILD_MEMBER_ADD"]);
    assert_eq!(stage.call("PUT", &path, body.clone()).status, 204);
    let wrong = json!({ "access_token": "guessed" });
    assert_eq!(stage.call("PUT", &path, wrong).refusal(), (403, 50025));
    stage.world(|world| world.ban(guild, ann, None));
    assert_eq!(stage.call("PUT", &path, body).refusal(), (403, 40007));

    let (bob, _) = (stage.user("bob"), stage.user("carl"));
    stage.world(|world| {
        world
            .change_member(guild, bob, |member| {
                member.insert("nick".to_owned(), json!("Dough"));
            })
            .unwrap()
    });
    let found = stage.get(&format!("/guilds/{guild}/members/search?query=dou&limit=5"));
    assert_eq!(found.body[0]["user"]["username"], "bob");
    let page = stage.get(&format!("/guilds/{guild}/members?limit=1&after={bob}"));
    assert_eq!(page.body[0]["user"]["username"], "carl");
    stage.end();
}

#[test]
fn the_bot_changes_how_it_looks() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/members/@me", stage.guild());
    let image = "data:image/png;base64,iVBORw0KGgo=";
    let changed = stage.call("PATCH", &path, json!({ "nick": "Oven", "avatar": image }));
    assert_eq!(changed.text("/nick"), "Oven");
    assert_eq!(changed.text("/avatar").len(), 32);
    assert_eq!(
        stage.names(),
        ["GUILD_MEMBER_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    );
    let wrong = json!({ "avatar": "data:text/plain;base64,aGk=" });
    assert_eq!(stage.call("PATCH", &path, wrong).refusal(), (400, 50035));
    let nick = stage.call("PATCH", &format!("{path}/nick"), json!({ "nick": "Stove" }));
    assert_eq!(nick.body, json!({ "nick": "Stove" }));
    stage.heard();
    let me = stage.call("PATCH", "/users/@me", json!({ "username": "Baker" }));
    assert_eq!(me.text("/username"), "Baker");
    assert_eq!(stage.names(), ["USER_UPDATE"]);
    let named = stage.call("PATCH", "/users/@me", json!({ "username": "Everyone" }));
    assert_eq!(named.refusal(), (400, 50035));
    assert_eq!(stage.get("/users/@me/connections").status, 403);
    stage.end();
}

#[test]
fn members_are_muted_moved_and_disconnected() {
    let mut stage = Stage::new();
    let (guild, ann) = (stage.guild(), stage.user("ann"));
    let (oven, fridge) = (
        stage.open(2, "Oven", json!({})),
        stage.open(2, "Fridge", json!({})),
    );
    let path = format!("/guilds/{guild}/members/{ann}");
    let mute = json!({ "mute": true });
    assert_eq!(
        stage.call("PATCH", &path, mute.clone()).refusal(),
        (400, 40032)
    );
    let state = format!("/guilds/{guild}/voice-states/{ann}");
    assert_eq!(stage.get(&state).refusal(), (404, 10065));
    stage.world(|world| world.enter_voice(guild, ann, oven, "s"));
    assert_eq!(stage.get(&state).text("/channel_id"), oven.to_string());
    stage.heard();

    assert_eq!(stage.call("PATCH", &path, mute).status, 200);
    let heard = stage.heard();
    assert_eq!(
        (heard[0].0.as_str(), heard[1].0.as_str()),
        ("GUILD_MEMBER_UPDATE", "VOICE_STATE_UPDATE")
    );
    assert_eq!(heard[1].1["mute"], true);
    let to = |channel: Value| json!({ "channel_id": channel });
    assert_eq!(
        stage
            .call("PATCH", &path, to(json!(fridge.to_string())))
            .status,
        200
    );
    let heard = stage.heard();
    assert_eq!(heard[0].1["channel_id"], fridge.to_string());
    assert_eq!(heard[0].1["session_id"], "s");
    assert_eq!(stage.log(1)[0].0, 26);
    let text = to(json!(stage.channel().to_string()));
    assert_eq!(stage.call("PATCH", &path, text).refusal(), (400, 50035));
    assert_eq!(stage.call("PATCH", &path, to(Value::Null)).status, 200);
    assert_eq!(stage.heard()[0].1["channel_id"], Value::Null);
    assert_eq!(stage.log(1)[0].0, 27);

    stage.world(|world| world.enter_voice(guild, ann, oven, "s"));
    stage.heard();
    let gone = format!("/channels/{oven}");
    assert_eq!(stage.call("DELETE", &gone, Value::Null).status, 200);
    assert_eq!(stage.names()[0], "VOICE_STATE_UPDATE");
    assert_eq!(stage.get(&state).refusal(), (404, 10065));
    stage.end();
}

#[test]
fn on_a_stage_one_asks_for_the_word() {
    let mut stage = Stage::with(may::ALL);
    let (guild, bot, ann) = (stage.guild(), stage.bot(), stage.user("ann"));
    super::settings::become_community(&mut stage);
    let hall = stage.open(13, "Hall", json!({}));
    stage.world(|world| {
        world.enter_voice(guild, bot, hall, "bot");
        world.enter_voice(guild, ann, hall, "ann");
    });
    stage.heard();
    let own = format!("/guilds/{guild}/voice-states/@me");
    assert_eq!(stage.get(&own).body["suppress"], true);
    let ask = json!({ "channel_id": hall.to_string(), "request_to_speak_timestamp": "2027-02-01T00:00:00Z" });
    assert_eq!(stage.call("PATCH", &own, ask).status, 204);
    assert!(stage.heard()[0].1["request_to_speak_timestamp"].is_string());
    let past = json!({ "request_to_speak_timestamp": "2020-01-01T00:00:00Z" });
    assert_eq!(stage.call("PATCH", &own, past).refusal(), (400, 50035));
    let speak = json!({ "channel_id": hall.to_string(), "suppress": false });
    let others = format!("/guilds/{guild}/voice-states/{ann}");
    assert_eq!(stage.call("PATCH", &others, speak).status, 204);
    assert_eq!(stage.heard()[0].1["suppress"], false);
    let elsewhere = json!({ "channel_id": stage.channel().to_string(), "suppress": false });
    assert_eq!(
        stage.call("PATCH", &others, elsewhere).refusal(),
        (400, 50035)
    );
    stage.end();
}

#[test]
fn without_the_members_intent_nobody_is_listed() {
    let mut stage = Stage::of(Config::default().disallow_intents(1 << 1));
    let path = format!("/guilds/{}/members", stage.guild());
    assert_eq!(stage.get(&path).refusal(), (403, 50001));
    let own = format!("{path}/{}", stage.bot());
    assert_eq!(stage.get(&own).status, 200);
    stage.end();
}
