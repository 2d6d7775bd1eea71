//! What the box has seen: messages, requests, connections, payloads.

use std::time::Duration;

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, MessageMarker},
};
use serde_json::Value;

use crate::{
    json::Json,
    protocol::Seen,
    rest::Record,
    world::{World, message::LOADING},
};

/// A message as it was when it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub(super) channel: u64,
    pub(super) id: u64,
    pub(super) json: Json,
    pub(super) ephemeral: bool,
}

impl Message {
    pub(crate) fn of(world: &World, channel: u64, id: u64) -> Self {
        Self {
            channel,
            id,
            json: Json(world.message(channel, id).unwrap_or_default()),
            ephemeral: world
                .kept(channel, id)
                .is_ok_and(|kept| kept.only_for.is_some()),
        }
    }

    /// Its id.
    ///
    /// # Panics
    ///
    /// Never: messages have ids.
    #[must_use]
    pub const fn id(&self) -> Id<MessageMarker> {
        Id::new(self.id)
    }

    /// Where it stands.
    ///
    /// # Panics
    ///
    /// Never: messages stand in channels.
    #[must_use]
    pub const fn channel_id(&self) -> Id<ChannelMarker> {
        Id::new(self.channel)
    }

    /// Its text.
    #[must_use]
    pub fn content(&self) -> &str {
        self.json.text("/content").unwrap_or_default()
    }

    /// The name of who wrote it.
    #[must_use]
    pub fn author(&self) -> &str {
        self.json.text("/author/username").unwrap_or_default()
    }

    /// Its embeds.
    #[must_use]
    pub fn embeds(&self) -> Vec<Json> {
        self.parts("embeds")
    }

    /// Its reactions, as REST shows them to the bot.
    #[must_use]
    pub fn reactions(&self) -> Vec<Json> {
        self.parts("reactions")
    }

    /// Its attachments.
    #[must_use]
    pub fn attachments(&self) -> Vec<Json> {
        self.parts("attachments")
    }

    /// The labels of its buttons and selects, in the order of reading; what has no label shows its
    /// custom id.
    #[must_use]
    pub fn buttons(&self) -> Vec<String> {
        let mut labels = Vec::new();
        buttons(self.json.0.get("components"), &mut |button| {
            let text = |key: &str| button.get(key).and_then(Value::as_str).map(str::to_owned);
            labels.extend(text("label").or_else(|| text("custom_id")));
        });
        labels
    }

    /// The whole message.
    #[must_use]
    pub const fn json(&self) -> &Json {
        &self.json
    }

    /// The custom id of the button or select with this label, placeholder or custom id. What bots
    /// write into custom ids differs from run to run, so the beginning of one suffices, up to a mark
    /// such as `.` or `:`, where only one begins so.
    pub(super) fn custom_id(&self, wanted: &str) -> Option<String> {
        let mut found = None;
        let mut akin = Vec::new();
        buttons(self.json.0.get("components"), &mut |button| {
            let text = |key: &str| button.get(key).and_then(Value::as_str);
            let is_it =
                [text("label"), text("custom_id"), text("placeholder")].contains(&Some(wanted));
            if is_it && found.is_none() {
                found = text("custom_id").map(str::to_owned);
            }
            akin.extend(
                text("custom_id")
                    .filter(|id| begins_with(id, wanted))
                    .map(str::to_owned),
            );
        });
        found.or_else(|| akin.pop().filter(|_| akin.is_empty()))
    }

    /// What can be pressed or chosen here, for who named something else.
    pub(super) fn pressable(&self) -> Vec<String> {
        let mut names = Vec::new();
        buttons(self.json.0.get("components"), &mut |button| {
            let text = |key: &str| button.get(key).and_then(Value::as_str).map(str::to_owned);
            let is_button = button.get("type").and_then(Value::as_u64) == Some(BUTTON);
            names.extend(match is_button {
                true => text("label").or_else(|| text("custom_id")),
                false => text("placeholder")
                    .or_else(|| text("custom_id"))
                    .map(|name| format!("the select {name}")),
            });
        });
        names
    }

    /// What else names the button or select with this custom id.
    pub(super) fn labels(&self, custom_id: &str) -> Vec<String> {
        let mut labels = Vec::new();
        buttons(self.json.0.get("components"), &mut |button| {
            let text = |key: &str| button.get(key).and_then(Value::as_str).map(str::to_owned);
            if text("custom_id").as_deref() == Some(custom_id) {
                labels.extend([text("label"), text("placeholder")].into_iter().flatten());
            }
        });
        labels
    }

    /// Whether it stands for a deferred answer that has not come.
    pub(super) fn is_thinking(&self) -> bool {
        let flags = self.json.0.get("flags").and_then(Value::as_u64);
        flags.is_some_and(|flags| flags & LOADING != 0)
    }

    fn parts(&self, key: &str) -> Vec<Json> {
        let list = self.json.0.get(key).and_then(Value::as_array);
        list.into_iter().flatten().cloned().map(Json).collect()
    }
}

/// Whether `custom_id` is `name` and more after a mark.
fn begins_with(custom_id: &str, name: &str) -> bool {
    let rest = custom_id.strip_prefix(name).filter(|_| !name.is_empty());
    rest.and_then(|rest| rest.chars().next())
        .is_some_and(|mark| !mark.is_alphanumeric() && mark != '_')
}

/// The type of a button among components.
const BUTTON: u64 = 2;

/// Visits what can be pressed or chosen, in the order of reading.
fn buttons(components: Option<&Value>, visit: &mut dyn FnMut(&Value)) {
    for component in components.and_then(Value::as_array).into_iter().flatten() {
        if matches!(
            component.get("type").and_then(Value::as_u64),
            Some(2 | 3 | 5..=8)
        ) {
            visit(component);
        }
        buttons(component.get("components"), visit);
        if let Some(accessory) = component.get("accessory") {
            buttons(Some(&Value::Array(vec![accessory.clone()])), visit);
        }
    }
}

/// A request that the box has answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The method, `POST`.
    pub method: String,
    /// The route's template, `/channels/{channel_id}/messages`; empty where there is no such route.
    pub route: String,
    /// Discord's name of the operation, `create_message`.
    pub operation: String,
    /// The path without version; tokens in it stay placeholders.
    pub path: String,
    /// The query as it came.
    pub query: String,
    /// The JSON body, of a multipart request too.
    pub body: Json,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub answer: Json,
    /// The reason for the audit log, as it came.
    pub reason: Option<String>,
    /// Names and sizes in bytes of the uploaded files.
    pub files: Vec<(String, usize)>,
}

impl Request {
    pub(super) fn of((record, status, answer): &(Record, u16, Value)) -> Self {
        Self {
            method: record.method.clone(),
            route: record.route.clone(),
            operation: record.operation.clone(),
            path: record.path.clone(),
            query: record.query.clone(),
            body: Json(record.body.clone()),
            status: *status,
            answer: Json(answer.clone()),
            reason: record.reason.clone(),
            files: record.files.clone(),
        }
    }
}

/// A gateway connection of the moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Its number; connections are counted from 1.
    pub number: u64,
    /// Its session, once there is one.
    pub session: Option<String>,
    /// The shard and the number of shards.
    pub shard: Option<(u32, u32)>,
    /// The intents as bits.
    pub intents: u64,
    /// The sequence of the last event.
    pub sequence: u64,
    /// `none`, `zlib-stream` or `zstd-stream`.
    pub compression: &'static str,
    /// How many heartbeats have come.
    pub heartbeats: u64,
    /// By how much the latest heartbeat of all came after its time, which is an interval after the
    /// one before it. Zero where none was late.
    pub lateness: Duration,
}

impl Connection {
    pub(crate) fn of(seen: Seen) -> Self {
        Self {
            number: seen.connection,
            session: seen.session,
            shard: seen.shard,
            intents: seen.intents,
            sequence: seen.seq,
            compression: seen.compress,
            heartbeats: seen.heartbeats,
            lateness: seen.lateness,
        }
    }
}

/// A payload that a client has sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Payload {
    /// The number of its connection.
    pub connection: u64,
    /// The opcode.
    pub op: u64,
    /// The field `d`.
    pub data: Json,
}

impl Payload {
    pub(super) fn of((connection, op, data): &(u64, u64, Value)) -> Self {
        Self {
            connection: *connection,
            op: *op,
            data: Json(data.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Json, Message};

    #[test]
    fn a_custom_id_is_found_by_its_beginning_where_only_one_begins_so() {
        let button = |id: &str| json!({ "type": 2, "style": 1, "label": "Go", "custom_id": id });
        let select = json!({ "type": 3, "custom_id": "topping.1:80", "options": [] });
        let rows = json!([
            { "type": 1, "components": [button("turn:1"), button("turn:2"), button("gone")] },
            { "type": 1, "components": [select] },
        ]);
        let message = Message {
            channel: 1,
            id: 2,
            json: Json(json!({ "components": rows })),
            ephemeral: false,
        };
        let found = |name: &str| message.custom_id(name);
        assert_eq!(found("topping").as_deref(), Some("topping.1:80"));
        assert_eq!(found("topping.1").as_deref(), Some("topping.1:80"));
        assert_eq!(found("gone").as_deref(), Some("gone"));
        for ambiguous_or_none in ["turn", "top", "", "go"] {
            assert_eq!(found(ambiguous_or_none), None, "{ambiguous_or_none}");
        }
    }
}
