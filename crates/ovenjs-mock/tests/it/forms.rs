//! What a form may hold, and what it costs the box to say no.

use ovenjs_mock::Config;
use serde_json::json;

use crate::stage::{Stage, fault};

#[test]
fn a_long_list_costs_no_more_than_telling_that_it_is_long() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let many: Vec<String> = (1..150_000_u64).map(|id| id.to_string()).collect();
    let refused = stage.post(&format!("{path}/bulk-delete"), json!({ "messages": many }));
    assert_eq!(fault(&refused, "/messages"), "BASE_TYPE_BAD_LENGTH");
    // Of a list and what is in it one is told, as Discord's own description of errors wants it.
    let users = vec!["1"; 101];
    let twice = json!({ "content": "a", "allowed_mentions": { "users": users } });
    let refused = stage.post(&path, twice);
    assert_eq!(
        fault(&refused, "/allowed_mentions/users"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let many: Vec<u32> = vec![0; 350_000];
    let refused = stage.post(&path, json!({ "content": "a", "many": many }));
    assert_eq!((refused.status, refused.code()), (413, Some(40005)));
    stage.end();
}

#[test]
fn a_number_may_have_a_point_and_a_region_may_be_left_to_discord() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let message = stage
        .post(&path, json!({ "content": "a", "flags": 4096.0 }))
        .good();
    assert_eq!(message["flags"], 4096);
    let guild = stage.guild();
    let guild = stage
        .call("PATCH", &guild, json!({ "region": null }))
        .good();
    assert!(guild["region"].is_string());
    stage.end();
}

#[test]
fn fields_of_a_form_are_texts() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let form = "application/x-www-form-urlencoded";
    let message = stage.send("POST", &path, form, b"content=true&tts=true&flags=4");
    let message = message.good();
    assert_eq!(
        (&message["tts"], &message["flags"]),
        (&json!(true), &json!(4))
    );
    assert_eq!(message["content"], "true");
    let refused = stage.send("POST", &path, form, b"content=a&tts=perhaps");
    assert_eq!(fault(&refused, "/tts"), "BOOLEAN_TYPE_CONVERT");
    stage.end();
}
