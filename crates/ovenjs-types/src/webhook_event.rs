//! Webhook events: what Discord tells an application over HTTP.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error};
use serde_json::Value;

use crate::{
    Channel, Entitlement, Guild, Id, InstallContext, JsonValue, LobbyMessage, Message, OAuth2Scope,
    Timestamp, User,
    marker::{ApplicationMarker, GenericMarker, MessageMarker},
};

/// What Discord posts to the address for webhook events.
///
/// It is answered with 204 within three seconds, a ping as well.
///
/// Source: Discord, "Webhook Event Payloads".
///
/// ```
/// use ovenjs_types::{WebhookEventData, WebhookEventPayload, json};
/// let text = br#"{"version":1,"application_id":"3","type":1,"event":{"type":"LOBBY_MESSAGE_DELETE",
///     "timestamp":"2025-08-05T21:44:09.412957","data":{"id":"1","lobby_id":"2"}}}"#;
/// let payload: WebhookEventPayload = json::decode(text, &mut Default::default()).unwrap();
/// let event = payload.event.unwrap();
/// assert!(matches!(event.data, Some(WebhookEventData::LobbyMessageDelete(gone)) if gone.id.get() == 1));
///
/// let ping = br#"{"version":1,"application_id":"3","type":0}"#;
/// let ping: WebhookEventPayload = json::decode(ping, &mut Default::default()).unwrap();
/// assert!(ping.is_ping());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WebhookEventPayload {
    /// The version of this form: 1.
    #[serde(default)]
    pub version: u32,
    /// The application.
    pub application_id: Id<ApplicationMarker>,
    /// Whether it is a ping or an event.
    #[serde(rename = "type")]
    pub kind: WebhookPayloadType,
    /// The event; absent in a ping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<WebhookEvent>,
}

impl WebhookEventPayload {
    /// Whether Discord only asks if somebody is there.
    #[must_use]
    pub fn is_ping(&self) -> bool {
        self.kind == WebhookPayloadType::Ping
    }
}

open_int! {
    /// What Discord posts.
    pub enum WebhookPayloadType: u32 {
        Ping = 0,
        Event = 1,
    }
}

/// Something that happened.
///
/// Source: Discord, "Event Body Object".
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// What happened.
    pub kind: WebhookEventType,
    /// When it happened.
    pub timestamp: Timestamp,
    /// To what; absent where the type says it all.
    pub data: Option<WebhookEventData>,
}

/// A line reads: variant, Discord's name, payload; `raw` is left as JSON, since Discord does not
/// say what it is.
macro_rules! webhook_events {
    ($( $variant:ident $name:literal $payload:tt )+) => {
        open_str! {
            /// The type of a webhook event.
            ///
            /// Source: Discord, "Webhook Event Types".
            pub enum WebhookEventType {
                $( $variant = $name, )+
            }
        }

        /// What a webhook event is about.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum WebhookEventData {
            $( #[doc = concat!("`", $name, "`")] $variant(webhook_events!(@type $payload)), )+
            /// An event whose type this version does not know, or which its type does not fit.
            Other(JsonValue),
        }

        impl WebhookEventData {
            fn read(kind: &WebhookEventType, data: JsonValue) -> Self {
                let read = match kind {
                    $( WebhookEventType::$variant => read(&data).map(Self::$variant), )+
                    WebhookEventType::Unknown(_) => None,
                };
                read.unwrap_or(Self::Other(data))
            }
        }

        impl Serialize for WebhookEventData {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(data) => data.serialize(serializer), )+
                    Self::Other(data) => data.serialize(serializer),
                }
            }
        }
    };
    (@type raw) => { JsonValue };
    (@type $payload:ident) => { Box<$payload> };
}

webhook_events! {
    ApplicationAuthorized "APPLICATION_AUTHORIZED" ApplicationAuthorized
    ApplicationDeauthorized "APPLICATION_DEAUTHORIZED" ApplicationDeauthorized
    EntitlementCreate "ENTITLEMENT_CREATE" Entitlement
    EntitlementUpdate "ENTITLEMENT_UPDATE" Entitlement
    EntitlementDelete "ENTITLEMENT_DELETE" Entitlement
    QuestUserEnrollment "QUEST_USER_ENROLLMENT" raw
    LobbyMessageCreate "LOBBY_MESSAGE_CREATE" LobbyMessage
    LobbyMessageUpdate "LOBBY_MESSAGE_UPDATE" LobbyMessage
    LobbyMessageDelete "LOBBY_MESSAGE_DELETE" LobbyMessageDelete
    GameDirectMessageCreate "GAME_DIRECT_MESSAGE_CREATE" GameDirectMessage
    GameDirectMessageUpdate "GAME_DIRECT_MESSAGE_UPDATE" GameDirectMessage
    GameDirectMessageDelete "GAME_DIRECT_MESSAGE_DELETE" GameDirectMessage
}

fn read<T: DeserializeOwned>(data: &JsonValue) -> Option<T> {
    data.decode()
}

/// The payload of `APPLICATION_AUTHORIZED`: somebody added the application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationAuthorized {
    /// How it was added; absent where it was only allowed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_type: Option<InstallContext>,
    /// Who did it.
    pub user: User,
    /// What was allowed.
    #[serde(default)]
    pub scopes: Vec<OAuth2Scope>,
    /// The guild it was added to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<Box<Guild>>,
}

/// The payload of `APPLICATION_DEAUTHORIZED`: somebody took back what was allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationDeauthorized {
    /// Who did it.
    pub user: User,
}

/// The payload of `LOBBY_MESSAGE_DELETE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LobbyMessageDelete {
    /// The message.
    pub id: Id<MessageMarker>,
    /// Its lobby.
    pub lobby_id: Id<GenericMarker>,
}

/// A direct message between two players of a game.
///
/// Source: Discord, "Message Object" and "SDK DM Message Object" of the webhook events.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GameDirectMessage {
    /// The message. Where one side has no account of Discord's, it has few fields.
    pub message: Box<Message>,
    /// The channel, with its recipients.
    pub channel: Option<Box<Channel>>,
    /// The lobby, for a message out of one.
    pub lobby_id: Option<Id<GenericMarker>>,
    /// A message between the accounts of a game names its channel by the object alone; the message
    /// here has the id all the same.
    is_named_by_channel: bool,
}

impl Serialize for GameDirectMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |part: Result<Value, serde_json::Error>| part.map_err(S::Error::custom);
        let mut whole = value(serde_json::to_value(&self.message))?;
        if let Value::Object(fields) = &mut whole {
            if self.is_named_by_channel {
                fields.remove("channel_id");
            }
            if let Some(channel) = &self.channel {
                fields.insert("channel".into(), value(serde_json::to_value(channel))?);
            }
            if let Some(lobby) = &self.lobby_id {
                fields.insert("lobby_id".into(), value(serde_json::to_value(lobby))?);
            }
        }
        whole.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for GameDirectMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        #[derive(Deserialize)]
        struct Beside {
            #[serde(default)]
            channel: Option<Box<Channel>>,
            #[serde(default)]
            lobby_id: Option<Id<GenericMarker>>,
        }
        let mut whole = Value::deserialize(deserializer)?;
        let Beside { channel, lobby_id } = Beside::deserialize(&whole).map_err(D::Error::custom)?;
        let mut is_named_by_channel = false;
        if let (Value::Object(fields), Some(channel)) = (&mut whole, &channel) {
            fields.entry("channel_id").or_insert_with(|| {
                is_named_by_channel = true;
                channel.id.to_string().into()
            });
        }
        Ok(Self {
            message: Deserialize::deserialize(whole).map_err(D::Error::custom)?,
            channel,
            lobby_id,
            is_named_by_channel,
        })
    }
}

impl Serialize for WebhookEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(rename = "type")]
            kind: &'a WebhookEventType,
            timestamp: Timestamp,
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a WebhookEventData>,
        }
        let (kind, timestamp) = (&self.kind, self.timestamp);
        let data = self.data.as_ref();
        Wire {
            kind,
            timestamp,
            data,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WebhookEvent {
    /// What the type of the event does not fit stays JSON, so that it is answered all the same:
    /// Discord switches off an address that refuses.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "type")]
            kind: WebhookEventType,
            timestamp: Timestamp,
            #[serde(default)]
            data: Option<JsonValue>,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            data: wire
                .data
                .map(|data| WebhookEventData::read(&wire.kind, data)),
            kind: wire.kind,
            timestamp: wire.timestamp,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    fn read(event: &str) -> WebhookEvent {
        json::decode(event.as_bytes(), &mut Scratch::new()).unwrap()
    }

    fn written(event: &WebhookEvent) -> Value {
        serde_json::from_slice(&json::encode(event)).unwrap()
    }

    #[test]
    fn an_event_of_tomorrow_is_kept() {
        let text = r#"{"type":"MOON_RISE","timestamp":"2026-01-31T12:00:00.000000+00:00","data":{"full":true}}"#;
        let event = read(text);
        assert_eq!(event.kind, WebhookEventType::Unknown("MOON_RISE".into()));
        assert_eq!(
            written(&event),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn data_that_its_type_does_not_fit_is_kept() {
        let event = read(
            r#"{"type":"APPLICATION_DEAUTHORIZED","timestamp":"2026-01-31T12:00:00Z","data":{"user":{}}}"#,
        );
        let Some(WebhookEventData::Other(data)) = event.data else {
            panic!("{event:?}")
        };
        assert_eq!(data.to_string(), r#"{"user":{}}"#);
    }

    #[test]
    fn a_message_between_players_has_its_channel_by_object_or_by_id() {
        let event = read(
            r#"{"type":"GAME_DIRECT_MESSAGE_CREATE","timestamp":"2026-01-31T12:00:00Z","data":{
                "id":"1","type":0,"content":"hi","flags":0,"author":{"id":"4","username":"ann"},
                "lobby_id":"6","channel":{"id":"5","type":1}}}"#,
        );
        let Some(WebhookEventData::GameDirectMessageCreate(data)) = &event.data else {
            panic!("{event:?}")
        };
        assert_eq!(data.message.channel_id, Id::new(5));
        let back = written(&event);
        assert_eq!(back["data"]["channel"]["id"], "5");
        assert_eq!(back["data"].get("channel_id"), None);
        assert_eq!(back["data"]["lobby_id"], "6");
        assert_eq!(back["data"]["content"], "hi");
    }
}
