//! The bot's application: what it says of itself, its uploads and its activities.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    world::World,
};

use super::{Call, Done, commands, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let own = || commands::is_own(call, world);
    Some(match call.operation.as_str() {
        "get_my_application" | "get_my_oauth2_application" => ok(whole(world)),
        "get_application" => own().and_then(|()| ok(whole(world))),
        "update_my_application" => update(call, world),
        "update_application" => own().and_then(|()| update(call, world)),
        "applications_get_activity_instance" => own().and_then(|()| activity(call, world)),
        "upload_application_attachment" => own().and_then(|()| upload(call, world)),
        _ => return None,
    })
}

/// The application as its owner sees it.
fn whole(world: &World) -> Value {
    let mut application = world.application.clone();
    application.set("bot", world.user(world.bot));
    application.set("approximate_guild_count", world.guilds.len());
    // A field of old that some clients still read, and the schema has dropped.
    application.remove("summary");
    Value::Object(application)
}

/// The application as everyone sees it.
pub(super) fn public(world: &World) -> Value {
    let fields = [
        "id",
        "name",
        "icon",
        "description",
        "type",
        "flags",
        "flags_new",
        "verify_key",
        "bot_public",
        "bot_require_code_grant",
        "tags",
    ];
    let known = &world.application;
    let shown: Object = fields
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), known.get(key)?.clone())))
        .collect();
    Value::Object(shown)
}

fn update(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    let mut after = world.application.clone();
    for (key, value) in &asked {
        match key.as_str() {
            "description" => after.set(key, value.as_str().unwrap_or_default()),
            // A picture that is not there is left out of the answer, the icon alone is null.
            "cover_image" => set_or_remove(&mut after, key, fields::image(key, value)?),
            "icon" => after.set(key, fields::image(key, value)?),
            "flags" => {
                let wanted = snowflake(value).unwrap_or(0) & CHANGEABLE_FLAGS;
                let kept = after.int("flags").unwrap_or(0) & !CHANGEABLE_FLAGS;
                after.set("flags", kept | wanted);
                after.set("flags_new", (kept | wanted).to_string());
            }
            "tags" => after.set(key, tags(value)?),
            "install_params" => {
                let params = install_params(&[key], value, true)?;
                set_or_remove(&mut after, key, params);
            }
            "integration_types_config" => after.set(key, integration_types(value)?),
            "custom_install_url" => set_or_remove(&mut after, key, value.clone()),
            "interactions_endpoint_url"
            | "role_connections_verification_url"
            | "event_webhooks_url"
            | "max_participants"
            | "type" => after.set(key, value.clone()),
            "explicit_content_filter" => after.set(key, value.as_u64().unwrap_or(0)),
            "event_webhooks_status" => after.set(key, value.as_u64().unwrap_or(1)),
            "event_webhooks_types" => after.set(key, value.as_array().cloned().unwrap_or_default()),
            // An application goes to a team by its owner's hand alone.
            "team_id" if !value.is_null() => return Err(Failure::missing_access()),
            _ => {}
        }
    }
    let listens = after.int("event_webhooks_status") == Some(ENABLED);
    if listens && after.text("event_webhooks_url").is_none() {
        return Err(fields::required("event_webhooks_url"));
    }
    world.application = after;
    ok(whole(world))
}

fn set_or_remove(after: &mut Object, key: &str, value: Value) {
    if value.is_null() {
        after.remove(key);
    } else {
        after.set(key, value);
    }
}

fn tags(value: &Value) -> Result<Value, Failure> {
    let tags = value.as_array().into_iter().flatten();
    let mut kept = Vec::new();
    for (place, tag) in tags.filter_map(Value::as_str).enumerate() {
        if tag.trim().is_empty() {
            return Err(Failure::form(
                &["tags", &place.to_string()],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        kept.push(tag.trim().to_owned());
    }
    Ok(kept.into())
}

/// Where the application can be installed, and how: in guilds (`0`), by users (`1`).
fn integration_types(value: &Value) -> Result<Value, Failure> {
    let mut kept = Object::new();
    for (kind, config) in value.as_object().into_iter().flatten() {
        if !matches!(kind.as_str(), "0" | "1") {
            return Err(Failure::form(
                &["integration_types_config", kind],
                "ENUM_TYPE_COERCE",
                &format!("Value \"{kind}\" is not a valid enum value."),
            ));
        }
        let key = "oauth2_install_params";
        let params = config.get(key).cloned().unwrap_or_default();
        let path = ["integration_types_config", kind, key];
        let params = install_params(&path, &params, kind == "0")?;
        let mut config = Object::new();
        set_or_remove(&mut config, key, params);
        kept.set(kind, Value::Object(config));
    }
    Ok(Value::Object(kept))
}

/// Scopes and permissions of an installation; only a guild can take in a bot.
fn install_params(path: &[&str], value: &Value, into_guild: bool) -> Result<Value, Failure> {
    let Some(params) = value.as_object() else {
        return Ok(Value::Null);
    };
    let scopes = params.list("scopes");
    if !into_guild && scopes.iter().any(|scope| scope == "bot") {
        let path: Vec<&str> = path.iter().copied().chain(["scopes"]).collect();
        return Err(Failure::form(
            &path,
            "APPLICATION_INSTALL_PARAMS_SCOPES_INVALID",
            "The bot scope is not for installations by users",
        ));
    }
    Ok(json!({
        "scopes": scopes,
        "permissions": fields::bits(params, "permissions").to_string(),
    }))
}

/// An activity that somebody has launched.
fn activity(call: &Call, world: &World) -> Done {
    let known = world.activities.get(call.text("instance_id"));
    ok(Value::Object(
        known.cloned().ok_or_else(Failure::no_such_route)?,
    ))
}

/// Keeps a picture for an activity.
fn upload(call: &Call, world: &mut World) -> Done {
    let Some(file) = call.files.first().cloned() else {
        return Err(fields::required("file"));
    };
    let attachment = world.keep_upload(file)?;
    ok(json!({ "attachment": object(attachment) }))
}

/// The flags that say which privileged intents an application has below the size from which Discord
/// asks for a review.
const CHANGEABLE_FLAGS: u64 = (1 << 13) | (1 << 15) | (1 << 19);

/// The status of webhook events that are sent.
const ENABLED: u64 = 2;
