use serde_json::json;

use super::Stage;

#[test]
fn an_application_is_changed_field_by_field_and_stays_so() {
    let mut stage = Stage::new();
    let by_id = format!("/applications/{}", stage.bot());
    let changed = stage.call(
        "PATCH",
        "/applications/@me",
        json!({
            "description": "Bakes bread.",
            "icon": "data:image/png;base64,AAAA",
            "tags": ["bread", " buns "],
            "install_params": { "scopes": ["bot", "applications.commands"], "permissions": "8" },
            "role_connections_verification_url": "https://bakery.example/verify",
            "integration_types_config": {
                "0": { "oauth2_install_params": { "scopes": ["bot"], "permissions": 2048 } },
                "1": {},
            },
        }),
    );
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.text("/description"), "Bakes bread.");
    assert_eq!(changed.text("/icon").len(), 32);
    assert_eq!(changed.body["tags"], json!(["bread", "buns"]));
    assert_eq!(changed.text("/install_params/permissions"), "8");
    assert_eq!(
        changed.text("/integration_types_config/0/oauth2_install_params/permissions"),
        "2048"
    );
    assert_eq!(stage.get(&by_id).body, changed.body);
    assert_eq!(stage.get("/applications/@me").body, changed.body);

    let in_words = json!({ "description": "Bakes buns.", "install_params": null });
    let again = stage.call("PATCH", &by_id, in_words);
    assert_eq!(again.text("/description"), "Bakes buns.");
    assert_eq!(again.body.get("install_params"), None);
    assert_eq!(again.body["tags"], json!(["bread", "buns"]));
    stage.end();
}

#[test]
fn an_application_is_refused_for_its_tags_its_scopes_and_its_webhook() {
    let mut stage = Stage::new();
    let refused = [
        (json!({ "tags": ["a", "b", "c", "d", "e", "f"] }), "/tags"),
        (json!({ "tags": ["a".repeat(21)] }), "/tags/0"),
        (json!({ "tags": ["bread", " "] }), "/tags/1"),
        (json!({ "icon": "icon.png" }), "/icon"),
        (json!({ "event_webhooks_status": 2 }), "/event_webhooks_url"),
        (
            json!({ "integration_types_config": { "2": {} } }),
            "/integration_types_config/2",
        ),
        (
            json!({ "integration_types_config": {
                "1": { "oauth2_install_params": { "scopes": ["bot"] } },
            }}),
            "/integration_types_config/1/oauth2_install_params/scopes",
        ),
    ];
    for (body, place) in refused {
        let answer = stage.call("PATCH", "/applications/@me", body);
        assert_eq!(answer.refusal(), (400, 50035), "{place}");
        let fault = format!("/errors{place}/_errors/0/code");
        assert!(!answer.text(&fault).is_empty(), "{}", answer.body);
    }
    assert_eq!(stage.get("/applications/7").refusal(), (403, 20012));
    stage.end();
}

#[test]
fn an_application_without_a_flag_lacks_the_intent() {
    let mut stage = Stage::new();
    let list = format!("/guilds/{}/members?limit=5", stage.guild());
    assert_eq!(stage.get(&list).status, 200);
    // Presences and message content are kept, and what no application can give itself is not taken.
    let flags = (1 << 13) | (1 << 19);
    let body = json!({ "flags": flags | 1 << 12 });
    let changed = stage.call("PATCH", "/applications/@me", body);
    assert_eq!(changed.body["flags"], json!(flags));
    assert_eq!(stage.get(&list).refusal(), (403, 50001));

    let now = stage.now;
    let connection = stage.discord.open(now, "v=10&encoding=json");
    let identify = json!({ "op": 2, "d": {
        "token": stage.discord.token(),
        "intents": 1 << 1,
        "properties": { "os": "linux", "browser": "story", "device": "story" },
    }});
    let text = identify.to_string();
    stage.discord.receive(now, connection, text.as_bytes());
    let steps = std::iter::from_fn(|| stage.discord.poll(now, connection));
    let closed = steps.last();
    assert!(
        matches!(closed, Some(crate::Step::Close(4014))),
        "{closed:?}"
    );
}

#[test]
fn an_upload_for_an_activity_gets_an_address() {
    let mut stage = Stage::new();
    let path = format!("/applications/{}/attachment", stage.bot());
    let kept = stage.upload("POST", &path, "file", "crumbs");
    assert_eq!(kept.status, 200, "{}", kept.body);
    assert_eq!(kept.body["attachment"]["size"], json!(6));
    assert!(kept.text("/attachment/url").contains("/attachments/"));
    let nothing = stage.call("POST", &path, json!({}));
    assert_eq!(nothing.status, 400);
    stage.end();
}

#[test]
fn the_bots_user_changes_without_its_name() {
    let mut stage = Stage::new();
    let body = json!({ "avatar": "data:image/png;base64,AAAA" });
    let changed = stage.call("PATCH", "/users/@me", body);
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.text("/avatar").len(), 32);
    assert_eq!(stage.names(), ["USER_UPDATE"]);
    stage.end();
}
