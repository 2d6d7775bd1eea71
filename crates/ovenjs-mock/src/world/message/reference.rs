//! What a message points at: one that it answers, or one that it carries on.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::{Draft, Message, World};

/// What a new message points at.
#[derive(Debug)]
pub(super) enum Reference {
    Nothing,
    Reply {
        reference: Object,
        author: Option<u64>,
    },
    Forward {
        reference: Object,
        snapshot: Object,
    },
}

impl Reference {
    /// Whom a reply answers.
    pub(super) const fn author(&self) -> Option<u64> {
        match self {
            Self::Reply { author, .. } => *author,
            Self::Nothing | Self::Forward { .. } => None,
        }
    }

    pub(super) fn stamp(self, message: &mut Object) {
        match self {
            Self::Nothing => {}
            Self::Reply { reference, .. } => {
                message.set("message_reference", Value::Object(reference));
            }
            Self::Forward {
                reference,
                snapshot,
            } => {
                message.set("message_reference", Value::Object(reference));
                message.set("message_snapshots", json!([{ "message": snapshot }]));
            }
        }
    }
}

impl World {
    pub(super) fn reference(&self, draft: &Draft) -> Result<Reference, Failure> {
        let Some(asked) = draft
            .body
            .get("message_reference")
            .and_then(Value::as_object)
        else {
            return Ok(Reference::Nothing);
        };
        let Some(message) = asked.key("message_id") else {
            return Ok(Reference::Nothing);
        };
        let forwards = asked.int("type") == Some(FORWARD);
        let channel = asked.key("channel_id").unwrap_or(draft.channel);
        if forwards && !asked.contains_key("channel_id") {
            return Err(Failure::form(
                &["message_reference", "channel_id"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        let kept = self.kept(channel, message);
        let Some(kept) = kept.ok().filter(|kept| kept.only_for.is_none()) else {
            if asked.flag("fail_if_not_exists") == Some(false) && !forwards {
                return Ok(Reference::Nothing);
            }
            return Err(refused("UNKNOWN_MESSAGE", "Unknown message"));
        };
        let mut reference = object(json!({
            "type": asked.int("type").unwrap_or(0),
            "channel_id": channel.to_string(),
            "message_id": message.to_string(),
        }));
        if let Some(guild) = self.channel_guild(channel) {
            reference.set("guild_id", guild.to_string());
        }
        if forwards {
            if kept.is_system() || kept.has_poll() {
                return Err(Failure::new(400, 50068, "Invalid message type"));
            }
            let snapshot = snapshot(kept);
            return Ok(Reference::Forward {
                reference,
                snapshot,
            });
        }
        if channel != draft.channel {
            return Err(refused(
                "OTHER_CHANNEL",
                "Cannot reply to a message in a different channel",
            ));
        }
        if kept.is_system() {
            return Err(refused(
                "SYSTEM_MESSAGE",
                "Cannot reply to a system message",
            ));
        }
        Ok(Reference::Reply {
            reference,
            author: kept.author().filter(|_| kept.webhook().is_none()),
        })
    }

    /// Whom a message that stands there answers.
    pub(in crate::world) fn replied_author(&self, message: &Object) -> Option<u64> {
        let reference = message.get("message_reference")?.as_object()?;
        if message.int("type") != Some(19) {
            return None;
        }
        let place = (reference.key("channel_id")?, reference.key("message_id")?);
        let kept = self.kept(place.0, place.1).ok()?;
        kept.author().filter(|_| kept.webhook().is_none())
    }
}

/// The part of a message that a forward takes along: what it said, not who said it.
fn snapshot(kept: &Message) -> Object {
    let fields = [
        "type",
        "content",
        "embeds",
        "attachments",
        "timestamp",
        "edited_timestamp",
        "flags",
        "mentions",
        "mention_roles",
        "components",
        "sticker_items",
    ];
    // A forward of a forward carries the first message on.
    let first = kept
        .object
        .list("message_snapshots")
        .first()
        .and_then(|first| first.get("message")?.as_object());
    let source = first.unwrap_or(&kept.object);
    source
        .iter()
        .filter(|(key, _)| fields.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn refused(code: &str, message: &str) -> Failure {
    let code = match code {
        "UNKNOWN_MESSAGE" => "MESSAGE_REFERENCE_UNKNOWN_MESSAGE".to_owned(),
        other => format!("REPLIES_CANNOT_REFERENCE_{other}"),
    };
    Failure::form(&["message_reference"], &code, message)
}

/// The `type` of a reference that forwards.
pub(super) const FORWARD: u64 = 1;
