//! The channels of a guild: made, changed, ordered, removed, and their permission overwrites.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use super::{Channel, World};

/// The numbers of Discord's channel types.
pub(crate) mod kind {
    pub(crate) const TEXT: u64 = 0;
    pub(crate) const VOICE: u64 = 2;
    pub(crate) const GROUP_DM: u64 = 3;
    pub(crate) const CATEGORY: u64 = 4;
    pub(crate) const ANNOUNCEMENT: u64 = 5;
    pub(crate) const STAGE: u64 = 13;
    pub(crate) const FORUM: u64 = 15;
    pub(crate) const MEDIA: u64 = 16;
}

impl World {
    /// The channels of a guild without its threads, by position and age.
    pub(crate) fn guild_channels(&self, guild: u64) -> Vec<u64> {
        let mut channels: Vec<(u64, u64)> = self
            .channels
            .of_guild(guild)
            .filter(|(_, room)| room.thread_parent().is_none())
            .map(|(id, room)| (room.object.int("position").unwrap_or(0), id))
            .collect();
        channels.sort_unstable();
        channels.into_iter().map(|(_, id)| id).collect()
    }

    /// Makes a channel of these fields and tells of it.
    pub(crate) fn open_channel(&mut self, guild: u64, mut channel: Object) -> u64 {
        let id = self.next_id();
        channel.set("id", id.to_string());
        self.channels
            .insert(id, Channel::new(channel.clone(), Some(guild)));
        self.emit("CHANNEL_CREATE", Some(guild), Value::Object(channel));
        id
    }

    /// Gives a channel its new fields and tells of it, if anything is new.
    pub(crate) fn change_channel(&mut self, id: u64, after: Object) {
        if self.channel(id).is_ok_and(|room| room.object == after) {
            return;
        }
        let seen_before = self.is_seen(id);
        let Some(room) = self.channels.get_mut(&id) else {
            return;
        };
        room.object = after.clone();
        let guild = room.guild;
        self.emit("CHANNEL_UPDATE", guild, Value::Object(after));
        if let Some(guild) = guild.filter(|_| !seen_before) {
            self.sync_threads(guild, &[id]);
        }
    }

    /// Removes a channel with its threads. What points at it, points nowhere afterwards: the
    /// children of a category, the places that the guild names, those who speak in it.
    pub(crate) fn close_channel(&mut self, id: u64) {
        let Some(room) = self.channels.remove(&id) else {
            return;
        };
        self.channels
            .retain(|_, other| other.thread_parent() != Some(id));
        self.forget_webhooks();
        let Some(guild) = room.guild else {
            return;
        };
        for user in self.voices_in(guild, id) {
            self.leave_voice(guild, user);
        }
        self.end_stage(guild, id);
        self.forget_events_in(guild, id);
        let lost: Vec<String> = self.guilds.get(&guild).map_or_else(Vec::new, |room| {
            let invites = room.invites.iter();
            let lost = invites.filter(|(_, invite)| super::channel_of(invite) == id);
            lost.map(|(code, _)| code.clone()).collect()
        });
        for code in lost {
            self.revoke_invite(guild, &code);
        }
        self.emit("CHANNEL_DELETE", Some(guild), Value::Object(room.object));
        let orphans: Vec<u64> = self
            .channels
            .iter()
            .filter(|(_, other)| other.object.key("parent_id") == Some(id))
            .map(|(orphan, _)| *orphan)
            .collect();
        for orphan in orphans {
            if let Ok(mut after) = self.channel(orphan).map(|room| room.object.clone()) {
                after.set("parent_id", Value::Null);
                self.change_channel(orphan, after);
            }
        }
        let Some(mut after) = self.guilds.get(&guild).map(|room| room.object.clone()) else {
            return;
        };
        for place in NAMED_PLACES {
            if after.key(place) == Some(id) {
                after.set(place, Value::Null);
            }
        }
        self.change_guild(guild, after);
    }

    /// Puts an overwrite into a channel, in the place of one for the same role or member; gives that.
    pub(crate) fn put_overwrite(
        &mut self,
        channel: u64,
        overwrite: Object,
    ) -> Result<Option<Object>, Failure> {
        let mut after = self.channel(channel)?.object.clone();
        let id = overwrite.key("id");
        let mut overwrites = after.list("permission_overwrites").to_vec();
        let place = overwrites
            .iter()
            .position(|old| old.get("id").and_then(snowflake) == id);
        let old = place.map(|place| object(overwrites.remove(place)));
        if old.is_none() && overwrites.len() >= MAX_OVERWRITES {
            return Err(Failure::new(
                400,
                30060,
                "Maximum number of channel permission overwrites reached (1000)",
            ));
        }
        overwrites.insert(place.unwrap_or(overwrites.len()), Value::Object(overwrite));
        after.set("permission_overwrites", overwrites);
        self.change_channel(channel, after);
        Ok(old)
    }

    /// Takes the overwrite for a role or member out of a channel, and gives it.
    pub(crate) fn take_overwrite(&mut self, channel: u64, id: u64) -> Result<Object, Failure> {
        let mut after = self.channel(channel)?.object.clone();
        let mut overwrites = after.list("permission_overwrites").to_vec();
        let place = overwrites
            .iter()
            .position(|old| old.get("id").and_then(snowflake) == Some(id))
            .ok_or_else(|| Failure::unknown(10009))?;
        let old = overwrites.remove(place);
        after.set("permission_overwrites", overwrites);
        self.change_channel(channel, after);
        Ok(object(old))
    }

    /// The group direct message of the bot and these users.
    pub(crate) fn open_group(&mut self, users: &BTreeSet<u64>) -> Result<u64, Failure> {
        let groups = self
            .channels
            .values()
            .filter(|room| room.object.int("type") == Some(kind::GROUP_DM));
        if groups.count() >= MAX_GROUPS {
            return Err(Failure::new(
                400,
                30011,
                "Maximum number of group DMs reached (10)",
            ));
        }
        if users.len() >= MAX_RECIPIENTS {
            return Err(too_many_recipients());
        }
        let id = self.next_id();
        let recipients: Vec<Value> = users.iter().map(|user| self.user(*user)).collect();
        let channel = object(json!({
            "id": id.to_string(),
            "type": kind::GROUP_DM,
            "last_message_id": null,
            "flags": 0,
            "recipients": recipients,
            "name": null,
            "icon": null,
            "owner_id": self.bot.to_string(),
            "application_id": self.application_id().to_string(),
            "managed": true,
        }));
        self.channels.insert(id, Channel::new(channel, None));
        Ok(id)
    }

    /// Adds a user to a group, or takes it out; tells whether that changed anything.
    pub(crate) fn set_recipient(
        &mut self,
        channel: u64,
        user: u64,
        inside: bool,
    ) -> Result<bool, Failure> {
        let mut after = self.channel(channel)?.object.clone();
        let mut recipients = after.list("recipients").to_vec();
        let place = recipients
            .iter()
            .position(|known| known.get("id").and_then(snowflake) == Some(user));
        match (place, inside) {
            (None, true) if recipients.len() + 1 >= MAX_RECIPIENTS => {
                return Err(too_many_recipients());
            }
            (None, true) => recipients.push(self.user(user)),
            (Some(place), false) => drop(recipients.remove(place)),
            (Some(_), true) | (None, false) => return Ok(false),
        }
        after.set("recipients", recipients);
        if let Some(room) = self.channels.get_mut(&channel) {
            room.object = after;
        }
        Ok(true)
    }
}

fn too_many_recipients() -> Failure {
    Failure::new(400, 30004, "Maximum number of recipients reached (10)")
}

/// Where a guild names one of its channels.
const NAMED_PLACES: [&str; 6] = [
    "system_channel_id",
    "afk_channel_id",
    "widget_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
];

/// Discord's bound on the overwrites of one channel.
const MAX_OVERWRITES: usize = 1000;

/// Discord's bound on the group direct messages of one bot.
const MAX_GROUPS: usize = 10;

/// Discord's bound on the people in a group, the bot among them.
const MAX_RECIPIENTS: usize = 10;
