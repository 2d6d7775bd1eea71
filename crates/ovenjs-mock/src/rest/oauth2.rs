//! OAuth2: tokens given, told of and taken back.

use serde_json::{Value, json};

use crate::{
    json::{Fields, object},
    time,
    world::{World, grant},
};

use super::{Asker, Call, Done, application, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "token_url" => token(call, world),
        "token_revocation_url" => revoke(call, world),
        "get_my_oauth2_authorization" => authorization(call, world),
        "get_openid_connect_userinfo" => user_info(call, world),
        _ => return None,
    })
}

fn token(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let kind = asked.text("grant_type").unwrap_or_default();
    if !matches!(
        kind,
        "authorization_code" | "refresh_token" | "client_credentials"
    ) {
        let why = format!("Grant type {kind} is not supported");
        return refusal(400, "unsupported_grant_type", &why);
    }
    if !is_client(call, world) {
        return refusal(401, "invalid_client", "");
    }
    let given = |key: &str| asked.text(key).unwrap_or_default();
    let issued = match kind {
        "authorization_code" => world.exchange(given("code")),
        "refresh_token" => world.refresh(given("refresh_token")),
        _ => {
            let scopes: Vec<String> = given("scope")
                .split_whitespace()
                .map(str::to_owned)
                .collect();
            if scopes.is_empty() {
                return refusal(400, "invalid_scope", "The requested scope is missing.");
            }
            Some(world.issue_to_owner(scopes))
        }
    };
    let Some(issued) = issued else {
        let key = match kind {
            "refresh_token" => "refresh_token",
            _ => "code",
        };
        return refusal(
            400,
            "invalid_grant",
            &format!("Invalid \"{key}\" in request."),
        );
    };
    let mut answer = object(json!({
        "token_type": "Bearer",
        "access_token": issued.access,
        "expires_in": grant::LIFE_MS / 1000,
        "scope": issued.scopes.join(" "),
    }));
    if let Some(refresh) = issued.refresh {
        answer.set("refresh_token", refresh);
    }
    ok(Value::Object(answer))
}

/// Takes a token back; one that is unknown is as good as taken back.
fn revoke(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let Some(token) = asked.text("token") else {
        return refusal(400, "invalid_request", "Missing \"token\" in request.");
    };
    if !is_client(call, world) {
        return refusal(401, "invalid_client", "");
    }
    world.revoke_grant(token);
    ok(json!({}))
}

/// Whether the application says its secret, in the header or in the form.
fn is_client(call: &Call, world: &World) -> bool {
    let asked = call.fields();
    call.asker == Asker::Application
        || (asked.key("client_id") == Some(world.application_id())
            && asked.text("client_secret") == Some(world.client_secret().as_str()))
}

fn authorization(call: &Call, world: &World) -> Done {
    let Some(grant) = call.asker.bearer() else {
        return Err(crate::failure::Failure::unauthorized());
    };
    let mut answer = object(json!({
        "application": application::public(world),
        "scopes": grant.scopes(),
        "expires": time::iso8601(grant.expires_ms),
    }));
    if grant.allows("identify") {
        answer.set("user", world.user(grant.user));
    }
    ok(Value::Object(answer))
}

fn user_info(call: &Call, world: &World) -> Done {
    let user = call.bearer("openid")?;
    let known = object(world.user(user));
    let mut answer = object(json!({ "sub": user.to_string() }));
    let may = |scope| call.bearer(scope).is_ok();
    if may("identify") {
        answer.set("preferred_username", known.text("username"));
        answer.set("nickname", known.text("global_name"));
        answer.set("locale", "en-US");
    }
    if may("email") {
        answer.set("email", Value::Null);
        answer.set("email_verified", false);
    }
    ok(Value::Object(answer))
}

/// OAuth2's own form of a refusal.
fn refusal(status: u16, error: &str, why: &str) -> Done {
    let mut body = object(json!({ "error": error }));
    if !why.is_empty() {
        body.set("error_description", why);
    }
    Ok((status, Some(Value::Object(body))))
}
