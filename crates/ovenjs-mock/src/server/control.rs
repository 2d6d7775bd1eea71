//! The control interface under `/_mock/`: how the page, or a person with curl, plays a user.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    error::Error,
    faults::FaultMenu,
    json::{Fields, Object, object, snowflake},
    play::{Faults, acts},
    shared::Shared,
    world::{
        World,
        interaction::{Outcome, Response as Answer},
        modal,
    },
};

use super::body::Payload;

pub(super) async fn answer(
    shared: &Arc<Shared>,
    method: &Method,
    path: &str,
    query: &str,
    body: &Bytes,
) -> Response<Payload> {
    let channel = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("channel_id="))
        .and_then(|id| id.parse::<u64>().ok());
    let fields: Object = match serde_json::from_slice(body) {
        Ok(fields) => fields,
        Err(_) if method == Method::GET => Object::new(),
        Err(error) => {
            let text = format!("the body is no JSON object: {error}");
            return json_answer(StatusCode::BAD_REQUEST, &json!({ "error": text }));
        }
    };
    let done = match (method, path) {
        (&Method::GET, "/_mock/state") => Ok(state(shared, channel)),
        (&Method::GET, "/_mock/violations") => Ok(shared.look(|backend| {
            json!({ "violations": backend.journal.violations, "warnings": backend.journal.warnings })
        })),
        (&Method::GET, "/_mock/events") => return events(shared),
        (&Method::GET, "/_mock/faults") => shared
            .look(|backend| serde_json::to_value(backend.faults.menu))
            .map_err(|error| Error::shape(&error)),
        (&Method::POST, "/_mock/faults") => trouble(shared, &fields),
        (&Method::POST, "/_mock/say") => say(shared, &fields),
        (&Method::POST, "/_mock/react") => react(shared, &fields),
        (&Method::POST, "/_mock/slash") => slash(shared, &fields).await,
        (&Method::POST, "/_mock/click") => click(shared, &fields).await,
        (&Method::POST, "/_mock/submit") => submit(shared, &fields).await,
        _ => return super::plain(StatusCode::NOT_FOUND, "the control interface has no such door"),
    };
    match done {
        Ok(value) => json_answer(StatusCode::OK, &value),
        Err(error) => json_answer(
            StatusCode::BAD_REQUEST,
            &json!({ "error": error.to_string() }),
        ),
    }
}

/// `{"seed": 7}` or `{"menu": {"lose_ack": 200}}` lets things go wrong by chance, and `{"act":
/// "drop_connections"}` at once ([`Trouble`]); `{"act": "calm"}` ends it.
fn trouble(shared: &Shared, fields: &Object) -> Result<Value, Error> {
    let faults = Faults::new(shared);
    let shape = |error: serde_json::Error| Error::shape(&error);
    let _switched = if fields.contains_key("act") {
        let trouble = serde_json::from_value(Value::Object(fields.clone())).map_err(shape)?;
        faults.cause(&trouble)?
    } else {
        let menu = match (fields.int("seed"), fields.get("menu")) {
            (_, Some(menu)) => serde_json::from_value(menu.clone()).map_err(shape)?,
            (Some(seed), None) => FaultMenu::from_seed(seed),
            (None, None) => return Err(missing("act")),
        };
        faults.serve(menu)
    };
    let menu = shared.look(|backend| backend.faults.menu);
    serde_json::to_value(menu).map_err(shape)
}

fn state(shared: &Shared, channel: Option<u64>) -> Value {
    shared.look(|backend| {
        let world = &backend.world;
        let channel = channel.unwrap_or(world.default_channel);
        let guilds: Vec<Value> = world
            .guilds
            .iter()
            .map(|(id, guild)| json!({ "id": id.to_string(), "name": guild.object.get("name") }))
            .collect();
        let channels: Vec<Value> = world
            .channels
            .iter()
            .map(|(id, room)| {
                json!({
                    "id": id.to_string(),
                    "name": room.object.get("name"),
                    "type": room.object.get("type"),
                    "guild_id": room.guild.map(|guild| guild.to_string()),
                })
            })
            .collect();
        let commands: Vec<Value> = world
            .commands
            .iter()
            .map(|command| command.shown(false))
            .collect();
        let messages: Vec<Value> = world.channels.get(&channel).map_or_else(Vec::new, |room| {
            let mut newest: Vec<Value> = room
                .messages
                .keys()
                .rev()
                .take(SHOWN)
                .map(|id| shown(world, channel, *id))
                .collect();
            newest.reverse();
            newest
        });
        json!({
            "channel_id": channel.to_string(),
            "guilds": guilds,
            "channels": channels,
            "commands": commands,
            "messages": messages,
            "bot": world.user(world.bot),
            "connections": backend.gateway.ready(),
            "violations": backend.journal.violations.len(),
        })
    })
}

/// A message as the page wants it: the whole, and who alone sees it.
fn shown(world: &World, channel: u64, id: u64) -> Value {
    let mut message = object(world.message(channel, id).unwrap_or_default());
    let only_for = world.kept(channel, id).ok().and_then(|kept| kept.only_for);
    message.set("only_for", only_for.map(|user| world.display_name(user)));
    Value::Object(message)
}

fn say(shared: &Shared, fields: &Object) -> Result<Value, Error> {
    let (user, channel) = actor(shared, fields)?;
    let content = fields.text("content").unwrap_or_default();
    let id = acts::say(shared, user, channel, content, &acts::Along::default())?;
    Ok(json!({ "message_id": id.to_string() }))
}

fn react(shared: &Shared, fields: &Object) -> Result<Value, Error> {
    let (user, channel) = actor(shared, fields)?;
    let message = fields
        .key("message_id")
        .ok_or_else(|| missing("message_id"))?;
    acts::react(
        shared,
        user,
        channel,
        message,
        fields.text("emoji").unwrap_or_default(),
        false,
    )?;
    Ok(json!({}))
}

async fn slash(shared: &Shared, fields: &Object) -> Result<Value, Error> {
    let (user, channel) = actor(shared, fields)?;
    let text = fields.text("text").ok_or_else(|| missing("text"))?;
    let (id, outcome) = acts::slash(shared, user, channel, text).await?;
    Ok(told(shared, id, &outcome))
}

async fn click(shared: &Shared, fields: &Object) -> Result<Value, Error> {
    let (user, channel) = actor(shared, fields)?;
    let message = fields
        .key("message_id")
        .ok_or_else(|| missing("message_id"))?;
    let custom_id = fields
        .text("custom_id")
        .ok_or_else(|| missing("custom_id"))?;
    let values: Vec<String> = fields
        .list("values")
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let (id, outcome) = acts::press(shared, user, channel, message, custom_id, &values).await?;
    Ok(told(shared, id, &outcome))
}

async fn submit(shared: &Shared, fields: &Object) -> Result<Value, Error> {
    let opener = fields
        .key("interaction_id")
        .ok_or_else(|| missing("interaction_id"))?;
    let entered = object(fields.get("fields").cloned().unwrap_or_default());
    let entered: Vec<(String, String)> = entered
        .into_iter()
        .map(|(id, value)| {
            (
                id,
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .collect();
    let (id, outcome) = acts::submit(shared, opener, &entered).await?;
    Ok(told(shared, id, &outcome))
}

fn told(shared: &Shared, id: u64, outcome: &Outcome) -> Value {
    let id_text = id.to_string();
    match outcome {
        Outcome::Shown(message) => {
            json!({ "interaction_id": id_text, "outcome": "message", "message_id": message.to_string() })
        }
        Outcome::Choices => json!({ "interaction_id": id_text, "outcome": "choices" }),
        Outcome::Activity => json!({ "interaction_id": id_text, "outcome": "activity" }),
        Outcome::Modal => shared.look(|backend| {
            let response = backend
                .world
                .interactions
                .get(&id)
                .and_then(|i| i.response.clone());
            let Some(Answer::Modal(modal)) = response else {
                return json!({});
            };
            json!({
                "interaction_id": id_text,
                "outcome": "modal",
                "title": modal.get("title"),
                "custom_id": modal.get("custom_id"),
                "fields": modal::fields(&modal),
            })
        }),
    }
}

fn actor(shared: &Shared, fields: &Object) -> Result<(u64, u64), Error> {
    let name = fields
        .text("user")
        .filter(|name| !name.trim().is_empty())
        .unwrap_or("you")
        .trim();
    let channel = match fields.get("channel_id").filter(|id| !id.is_null()) {
        Some(id) => Some(snowflake(id).ok_or_else(|| missing("channel_id as an id"))?),
        None => None,
    };
    Ok(shared.with(|backend, now| {
        let user = backend.play(now, |world| world.user_named(name));
        (user, channel.unwrap_or(backend.world.default_channel))
    }))
}

fn events(shared: &Shared) -> Response<Payload> {
    let mut response = Response::new(Payload::News(shared.watch()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Payload> {
    let mut response = Response::new(Payload::from(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

fn missing(field: &str) -> Error {
    Error::refused(format!("the field {field} is missing"))
}

/// Messages of the channel that the page is shown.
const SHOWN: usize = 100;
