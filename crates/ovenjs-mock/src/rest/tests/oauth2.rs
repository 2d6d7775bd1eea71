use std::time::Duration;

use serde_json::json;

use super::Stage;

fn form(stage: &mut Stage, more: &str) -> String {
    let secret = stage.world(|world| world.client_secret());
    format!("client_id={}&client_secret={secret}&{more}", stage.bot())
}

#[test]
fn a_code_is_exchanged_renewed_and_taken_back() {
    let mut stage = Stage::new();
    let ann = stage.user("ann");
    let scopes = ["identify".to_owned()];
    let code = stage.world(|world| world.agree(ann, &scopes));
    let exchange = form(
        &mut stage,
        &format!("grant_type=authorization_code&code={code}"),
    );
    let first = stage.call_as("", "POST", "/oauth2/token", json!(exchange));
    assert_eq!(
        (first.status, first.text("/scope")),
        (200, "identify".to_owned())
    );
    let bearer = format!("Bearer {}", first.text("/access_token"));
    let me = stage.call_as(&bearer, "GET", "/oauth2/@me", json!(null));
    assert_eq!(me.text("/user/username"), "ann");
    assert_eq!(me.body["scopes"], json!(["identify"]));
    let user = stage.call_as(&bearer, "GET", "/users/@me", json!(null));
    assert_eq!(
        (user.text("/username"), user.body.get("email")),
        ("ann".to_owned(), None)
    );
    // A code is good for once, and a token for its scopes alone.
    let again = stage.call_as("", "POST", "/oauth2/token", json!(exchange));
    assert_eq!(
        (again.status, again.text("/error")),
        (400, "invalid_grant".to_owned())
    );
    let own = format!("/applications/{}", stage.bot());
    for path in [
        "/users/@me/connections".to_owned(),
        format!("{own}/commands"),
        format!("{own}/entitlements"),
        format!("{own}/guilds/{}/commands/permissions", stage.guild()),
    ] {
        let beyond = stage.call_as(&bearer, "GET", &path, json!(null));
        assert_eq!(beyond.refusal(), (403, 50026), "{path}");
    }

    let refresh = first.text("/refresh_token");
    let renew = form(
        &mut stage,
        &format!("grant_type=refresh_token&refresh_token={refresh}"),
    );
    let second = stage.call_as("", "POST", "/oauth2/token", json!(renew));
    assert_eq!(second.status, 200);
    assert_eq!(
        stage
            .call_as(&bearer, "GET", "/users/@me", json!(null))
            .status,
        401
    );
    let token = second.text("/access_token");
    let bearer = format!("Bearer {token}");
    assert_eq!(
        stage
            .call_as(&bearer, "GET", "/users/@me", json!(null))
            .status,
        200
    );
    let revoke = form(&mut stage, &format!("token={token}"));
    assert_eq!(
        stage
            .call_as("", "POST", "/oauth2/token/revoke", json!(revoke))
            .status,
        200
    );
    assert_eq!(
        stage
            .call_as(&bearer, "GET", "/users/@me", json!(null))
            .status,
        401
    );
    stage.end();
}

#[test]
fn the_application_gets_a_token_of_its_owner_for_a_week() {
    let mut stage = Stage::new();
    let basic = stage.world(|world| format!("Basic {}", world.basic_authorization()));
    let asked = json!("grant_type=client_credentials&scope=identify%20connections");
    let given = stage.call_as(&basic, "POST", "/oauth2/token", asked.clone());
    assert_eq!(given.body["expires_in"], json!(604_800));
    assert_eq!(given.text("/scope"), "identify connections");
    assert_eq!(given.body.get("refresh_token"), None);
    let bearer = format!("Bearer {}", given.text("/access_token"));
    let me = stage.call_as(&bearer, "GET", "/users/@me", json!(null));
    assert_eq!(me.text("/username"), "owner");
    let connections = stage.call_as(&bearer, "GET", "/users/@me/connections", json!(null));
    assert_eq!(connections.body, json!([]));
    stage.pass(Duration::from_secs(604_800));
    assert_eq!(
        stage
            .call_as(&bearer, "GET", "/users/@me", json!(null))
            .status,
        401
    );

    let refused = [
        ("Basic bm9ib2R5OjE=", asked, (401, "invalid_client")),
        (
            &basic,
            json!("grant_type=password"),
            (400, "unsupported_grant_type"),
        ),
        (
            &basic,
            json!("grant_type=client_credentials"),
            (400, "invalid_scope"),
        ),
        (
            &basic,
            json!("grant_type=authorization_code&code=x"),
            (400, "invalid_grant"),
        ),
    ];
    for (authorization, body, (status, error)) in refused {
        let answer = stage.call_as(authorization, "POST", "/oauth2/token", body);
        assert_eq!(
            (answer.status, answer.text("/error")),
            (status, error.to_owned())
        );
    }
    stage.end();
}

#[test]
fn a_bot_is_no_bearer_and_a_bearer_no_bot() {
    let mut stage = Stage::new();
    let ann = stage.user("ann");
    for path in ["/oauth2/@me", "/oauth2/userinfo", "/users/@me/connections"] {
        assert_eq!(stage.get(path).refusal(), (403, 20001), "{path}");
        assert_eq!(
            stage.as_user(ann, "GET", path, json!(null)).status,
            200,
            "{path}"
        );
    }
    assert_eq!(
        stage
            .as_user(ann, "GET", "/gateway/bot", json!(null))
            .status,
        401
    );
    assert_eq!(
        stage
            .call_as("Bearer x", "GET", "/oauth2/@me", json!(null))
            .status,
        401
    );
    stage.end();
}

#[test]
fn scopes_are_asked_for_where_a_user_is_added() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let ann = stage.world(|world| world.add_user("ann", false));
    let scopes = ["identify".to_owned()];
    let code = stage.world(|world| world.agree(ann, &scopes));
    let exchange = form(
        &mut stage,
        &format!("grant_type=authorization_code&code={code}"),
    );
    let token = stage
        .call_as("", "POST", "/oauth2/token", json!(exchange))
        .text("/access_token");
    let path = format!("/guilds/{guild}/members/{ann}");
    let added = stage.call("PUT", &path, json!({ "access_token": token }));
    assert_eq!(added.refusal(), (403, 50026));
    stage.end();
}
