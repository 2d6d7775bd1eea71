//! Pinned messages.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object},
};

use super::World;

impl World {
    /// Pins a message or takes its pin away, tells of it, and says whether anything changed.
    pub(crate) fn set_pinned(
        &mut self,
        channel: u64,
        id: u64,
        user: u64,
        pinned: bool,
    ) -> Result<bool, Failure> {
        self.not_archived(channel)?;
        let at = self.timestamp();
        let kept = self.kept(channel, id)?;
        if kept.only_for.is_some() {
            return Err(Failure::unknown(10008));
        }
        if kept.is_system() {
            return Err(Failure::new(
                403,
                50021,
                "Cannot execute action on a system message",
            ));
        }
        if kept.object.flag("pinned") == Some(pinned) {
            return Ok(false);
        }
        let Some(room) = self.channels.get_mut(&channel) else {
            return Ok(false);
        };
        if pinned && room.pins.len() >= MAX_PINS {
            let message = "Maximum number of pins reached for the channel (250)";
            return Err(Failure::new(400, 30003, message));
        }
        if let Some(message) = room.messages.get_mut(&id) {
            message.object.set("pinned", pinned);
        }
        if pinned {
            room.pins.push((id, at));
        } else {
            room.pins.retain(|(other, _)| *other != id);
        }
        let last = room.pins.last().map(|(_, at)| at.clone());
        if room.object.contains_key("last_pin_timestamp") || last.is_some() {
            room.object.set("last_pin_timestamp", last.clone());
        }
        let guild = room.guild;
        let mut data = object(json!({
            "channel_id": channel.to_string(),
            "last_pin_timestamp": last,
        }));
        let mut reference = object(json!({
            "type": 0,
            "channel_id": channel.to_string(),
            "message_id": id.to_string(),
        }));
        if let Some(guild) = guild {
            data.set("guild_id", guild.to_string());
            reference.set("guild_id", guild.to_string());
        }
        self.emit("CHANNEL_PINS_UPDATE", guild, Value::Object(data));
        self.tell("MESSAGE_UPDATE", channel, id);
        if pinned {
            let fields = object(json!({ "message_reference": reference }));
            self.note(channel, user, CHANNEL_PINNED_MESSAGE, fields);
        }
        Ok(true)
    }
}

/// The type of the message about a pin.
const CHANNEL_PINNED_MESSAGE: u64 = 6;

/// Pins of one channel.
const MAX_PINS: usize = 250;
