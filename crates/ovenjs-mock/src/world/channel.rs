//! Channels: guild text channels, direct messages and threads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use super::{World, message::Message};

/// One channel with its messages.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) object: Object,
    pub(crate) guild: Option<u64>,
    pub(crate) messages: BTreeMap<u64, Message>,
    /// Pinned messages and when they were pinned, oldest first.
    pub(crate) pins: Vec<(u64, String)>,
    /// What a voice channel says of itself while people are in it.
    pub(crate) voice_status: Option<String>,
}

impl Channel {
    pub(super) fn new(object: Object, guild: Option<u64>) -> Self {
        Self {
            object,
            guild,
            messages: BTreeMap::new(),
            pins: Vec::new(),
            voice_status: None,
        }
    }

    /// The channel that this thread hangs on; `None` for what is no thread.
    pub(crate) fn thread_parent(&self) -> Option<u64> {
        matches!(self.object.int("type"), Some(10..=12)).then(|| self.object.key("parent_id"))?
    }
}

impl World {
    pub(super) fn add_text_channel(&mut self, guild: u64, name: &str) -> u64 {
        self.add_channel(guild, name, 0)
    }

    pub(super) fn add_voice_channel(&mut self, guild: u64, name: &str) -> u64 {
        let id = self.add_channel(guild, name, 2);
        if let Some(room) = self.channels.get_mut(&id) {
            for (key, value) in [("bitrate", 64_000), ("user_limit", 0)] {
                room.object.set(key, value);
            }
            room.object.set("rtc_region", Value::Null);
        }
        id
    }

    fn add_channel(&mut self, guild: u64, name: &str, kind: u8) -> u64 {
        let id = self.next_id();
        let position = self.channels.of_guild(guild).count();
        let channel = object(json!({
            "id": id.to_string(),
            "type": kind,
            "guild_id": guild.to_string(),
            "name": name,
            "topic": null,
            "position": position,
            "parent_id": null,
            "last_message_id": null,
            "last_pin_timestamp": null,
            "flags": 0,
            "nsfw": false,
            "rate_limit_per_user": 0,
            "permission_overwrites": [],
        }));
        self.channels.insert(id, Channel::new(channel, Some(guild)));
        id
    }

    /// The direct message channel of the bot and a user, made when first asked for.
    pub(crate) fn direct_channel(&mut self, user: u64) -> Result<u64, Failure> {
        if user == self.bot || !self.users.contains_key(&user) {
            return Err(Failure::new(400, 50033, "Invalid Recipient(s)"));
        }
        let known = self.channels.iter().find(|(_, channel)| {
            let recipients = channel.object.list("recipients");
            recipients
                .iter()
                .any(|r| r.get("id").and_then(snowflake) == Some(user))
        });
        if let Some((id, _)) = known {
            return Ok(*id);
        }
        let id = self.next_id();
        let channel = object(json!({
            "id": id.to_string(),
            "type": 1,
            "last_message_id": null,
            "flags": 0,
            "recipients": [self.user(user)],
        }));
        self.channels.insert(id, Channel::new(channel, None));
        Ok(id)
    }

    /// Opens a thread, on a message or by itself.
    pub(crate) fn open_thread(
        &mut self,
        parent: u64,
        message: Option<u64>,
        body: &Object,
    ) -> Result<Value, Failure> {
        let room = self
            .channels
            .get(&parent)
            .ok_or_else(|| Failure::unknown(10003))?;
        let guild = room.guild.ok_or_else(|| {
            Failure::new(400, 50024, "Cannot execute action on this channel type")
        })?;
        if room.thread_parent().is_some() {
            return Err(Failure::new(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        if let Some(message) = message {
            if !room.messages.contains_key(&message) {
                return Err(Failure::unknown(10008));
            }
            if self.channels.contains_key(&message) {
                return Err(Failure::new(
                    400,
                    160_004,
                    "A thread has already been created for this message",
                ));
            }
        }
        let id = match message {
            Some(message) => message,
            None => self.next_id(),
        };
        let private = body.int("type") == Some(12);
        let thread = object(json!({
            "id": id.to_string(),
            "type": if private { 12 } else { 11 },
            "guild_id": guild.to_string(),
            "parent_id": parent.to_string(),
            "name": body.text("name").unwrap_or_default(),
            "owner_id": self.bot.to_string(),
            "last_message_id": null,
            "flags": 0,
            "rate_limit_per_user": body.int("rate_limit_per_user").unwrap_or(0),
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "thread_metadata": {
                "archived": false,
                "archive_timestamp": self.timestamp(),
                "auto_archive_duration": body.int("auto_archive_duration").unwrap_or(4320),
                "locked": false,
                "create_timestamp": self.timestamp(),
            },
        }));
        self.channels
            .insert(id, Channel::new(thread.clone(), Some(guild)));
        let mut created = thread.clone();
        created.set("newly_created", true);
        self.emit("THREAD_CREATE", Some(guild), Value::Object(created));
        Ok(Value::Object(thread))
    }

    pub(crate) fn channel(&self, id: u64) -> Result<&Channel, Failure> {
        self.channels
            .get(&id)
            .ok_or_else(|| Failure::unknown(10003))
    }

    pub(crate) fn channel_guild(&self, id: u64) -> Option<u64> {
        self.channels.get(&id)?.guild
    }
}
