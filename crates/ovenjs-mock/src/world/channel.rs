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
    /// Of a thread: who is in it, as thread members without their ids.
    pub(crate) members: BTreeMap<u64, Object>,
    /// When people last spoke, in milliseconds since 1970, where slow mode asks for it.
    pub(crate) spoke: BTreeMap<u64, u64>,
}

impl Channel {
    pub(super) fn new(object: Object, guild: Option<u64>) -> Self {
        Self {
            object,
            guild,
            messages: BTreeMap::new(),
            pins: Vec::new(),
            voice_status: None,
            members: BTreeMap::new(),
            spoke: BTreeMap::new(),
        }
    }

    /// The channel that this thread hangs on; `None` for what is no thread.
    pub(crate) fn thread_parent(&self) -> Option<u64> {
        matches!(self.object.int("type"), Some(10..=12)).then(|| self.object.key("parent_id"))?
    }
}

impl World {
    /// Tells that somebody types.
    pub(crate) fn type_in(&mut self, channel: u64, user: u64) {
        let guild = self.channel_guild(channel);
        let mut data = object(json!({
            "channel_id": channel.to_string(),
            "user_id": user.to_string(),
            "timestamp": self.now_ms / 1000,
        }));
        if let Some(guild) = guild {
            data.set("guild_id", guild.to_string());
            data.set("member", self.member(guild, user).unwrap_or_default());
        }
        self.emit("TYPING_START", guild, Value::Object(data));
    }

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
            let alone = channel.object.int("type") == Some(1);
            alone
                && recipients
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

    pub(crate) fn channel(&self, id: u64) -> Result<&Channel, Failure> {
        self.channels
            .get(&id)
            .ok_or_else(|| Failure::unknown(10003))
    }

    pub(crate) fn channel_guild(&self, id: u64) -> Option<u64> {
        self.channels.get(&id)?.guild
    }
}
