//! Who may speak where, and how often.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{json::object, world::permission as may};

use super::Stage;

#[test]
fn a_slow_channel_holds_people_back_for_a_while_and_bots_not_at_all() {
    let mut stage = Stage::new();
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    let path = format!("/channels/{}", stage.channel());
    let slow = stage.call("PATCH", &path, json!({ "rate_limit_per_user": 10 }));
    assert_eq!(slow.status, 200, "{}", slow.body);
    assert!(stage.says(ann, "one").is_ok());
    stage.pass(Duration::from_millis(9_999));
    let refused = stage.says(ann, "two").unwrap_err();
    assert_eq!((refused.status, refused.code), (429, 20016));
    // It is each one's own time, and a refusal does not begin it anew.
    assert!(stage.says(bob, "one").is_ok());
    stage.pass(Duration::from_millis(1));
    assert!(stage.says(ann, "two").is_ok());
    assert_eq!(stage.says(ann, "three").unwrap_err().code, 20016);

    let messages = format!("{path}/messages");
    for _ in 0..2 {
        assert_eq!(
            stage
                .call("POST", &messages, json!({ "content": "hi" }))
                .status,
            200
        );
    }
    let guild = stage.guild();
    let hasty = stage.role("Hasty", 0, may::BYPASS_SLOWMODE);
    stage
        .world(|world| world.set_role(guild, ann, hasty, true))
        .unwrap();
    assert!(stage.says(ann, "three").is_ok());
    let late = stage.call("PATCH", &path, json!({ "rate_limit_per_user": 21_601 }));
    assert_eq!(late.refusal(), (400, 50035));
    stage.end();
}

#[test]
fn reading_aloud_takes_a_permission() {
    let body = json!({ "content": "hear, hear", "tts": true });
    let bits = may::ALL_BUT_ADMINISTRATOR;
    for (bits, status) in [(bits, 200), (bits & !may::SEND_TTS_MESSAGES, 403)] {
        let mut stage = Stage::with(bits);
        let messages = format!("/channels/{}/messages", stage.channel());
        let said = stage.call("POST", &messages, body.clone());
        assert_eq!(said.status, status, "{}", said.body);
        if status == 200 {
            assert_eq!(said.body["tts"], json!(true));
        } else {
            assert_eq!(said.refusal(), (403, 50013));
        }
        stage.end();
    }
}

#[test]
fn a_guild_has_room_for_a_thousand_threads_that_are_awake() {
    let mut stage = Stage::new();
    let path = format!("/channels/{}/threads", stage.channel());
    let body = json!({ "name": "crumbs", "type": 11, "auto_archive_duration": 60 });
    let first = stage.call("POST", &path, body.clone());
    let (first, channel) = (first.text("/id"), stage.channel());
    let owner = stage.world(|world| world.owner);
    stage.world(|world| {
        for _ in 1..1000 {
            let opening = crate::world::thread::Opening {
                parent: channel,
                owner,
                message: None,
                body: object(body.clone()),
            };
            world.open_thread(&opening).unwrap();
        }
        world.emissions.clear();
    });
    assert_eq!(
        stage.call("POST", &path, body.clone()).refusal(),
        (400, 160_006)
    );
    // A thread that sleeps makes room, and who wakes it takes the room.
    let one = format!("/channels/{first}");
    assert_eq!(
        stage
            .call("PATCH", &one, json!({ "archived": true }))
            .status,
        200
    );
    assert_eq!(
        stage
            .call("PATCH", &one, json!({ "name": "rest" }))
            .refusal(),
        (400, 50083)
    );
    assert_eq!(stage.call("POST", &path, body.clone()).status, 201);
    let messages = format!("{one}/messages");
    stage.heard();
    assert_eq!(
        stage
            .call("POST", &messages, json!({ "content": "up!" }))
            .status,
        200
    );
    let heard = stage.heard();
    let woken = heard
        .iter()
        .find(|(name, _)| name == "THREAD_UPDATE")
        .unwrap();
    assert_eq!(woken.1["thread_metadata"]["archived"], json!(false));
    stage.end();
}

#[test]
fn a_group_is_not_the_conversation_with_one_of_it_and_has_ten_places() {
    let mut stage = Stage::new();
    let ann = stage.user("ann");
    let token = |user: u64| format!("access-{user}");
    let body = json!({ "access_tokens": [token(ann)] });
    let group = stage.call("POST", "/users/@me/channels", body).text("/id");
    let body = json!({ "recipient_id": ann.to_string() });
    let alone = stage.call("POST", "/users/@me/channels", body);
    assert_eq!(alone.body["type"], json!(1));
    assert_ne!(alone.text("/id"), group);
    let mut join = |number: u64| {
        let user = stage.user(&format!("guest-{number}"));
        let path = format!("/channels/{group}/recipients/{user}");
        stage.call("PUT", &path, json!({ "access_token": token(user) }))
    };
    for number in 0..8 {
        assert_eq!(join(number).status, 201);
    }
    assert_eq!(join(8).refusal(), (400, 30004));
    let said = stage.call(
        "POST",
        &format!("/channels/{group}/messages"),
        json!({ "content": "hi" }),
    );
    assert_eq!(said.status, 200, "{}", said.body);
    let (name, heard) = stage.heard().pop().unwrap();
    assert_eq!(
        (name.as_str(), heard.get("guild_id")),
        ("MESSAGE_CREATE", None::<&Value>)
    );
    let stranger = format!("/channels/{group}/recipients/7");
    assert_eq!(
        stage.call("DELETE", &stranger, json!(null)).refusal(),
        (404, 10013)
    );
    stage.end();
}
