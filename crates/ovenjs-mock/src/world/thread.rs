//! Threads: opened, joined, put to sleep and woken.
//!
//! The file is long because a thread has members, sleep and posts, which have one state.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    time,
};

use super::{Channel, Draft, World, auto_moderation, due::Due, message::File, permission};

/// A thread about to be opened.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) parent: u64,
    pub(crate) owner: u64,
    /// The message that it hangs on.
    pub(crate) message: Option<u64>,
    /// The fields of the request: name, type, tags.
    pub(crate) body: Object,
}

impl World {
    /// Opens a thread in a text or announcement channel and gives its id.
    pub(crate) fn open_thread(&mut self, opening: &Opening) -> Result<u64, Failure> {
        let Opening {
            parent,
            owner,
            message,
            body,
        } = opening;
        let kind = self.thread_kind(*parent, *message, body)?;
        if let Some(message) = message {
            let kept = self.kept(*parent, *message)?;
            if kept.is_system() {
                return Err(Failure::new(
                    403,
                    50021,
                    "Cannot execute action on a system message",
                ));
            }
            if self.channels.contains_key(message) {
                let text = "A thread has already been created for this message";
                return Err(Failure::new(400, 160_004, text));
            }
        }
        self.room_for_thread(*parent)?;
        self.moderate_title(opening)?;
        let id = match message {
            Some(message) => *message,
            None => self.next_id(),
        };
        self.add_thread(id, kind, opening);
        self.tell_opened(id);
        let reference = |world: &Self, channel: u64, message: Option<u64>| {
            let mut reference = object(json!({ "type": 0, "channel_id": channel.to_string() }));
            if let Some(guild) = world.channel_guild(channel) {
                reference.set("guild_id", guild.to_string());
            }
            if let Some(message) = message {
                reference.set("message_id", message.to_string());
            }
            object(json!({ "message_reference": reference }))
        };
        if let Some(message) = message {
            self.set_flag(*parent, *message, HAS_THREAD, true);
            self.tell("MESSAGE_UPDATE", *parent, *message);
            let fields = reference(self, *parent, Some(*message));
            self.note(id, *owner, THREAD_STARTER_MESSAGE, fields);
        } else if kind != PRIVATE_THREAD {
            let mut fields = reference(self, id, None);
            fields.set("content", body.text("name").unwrap_or_default());
            self.note(*parent, *owner, THREAD_CREATED, fields);
        }
        Ok(id)
    }

    /// Opens a post in a forum or media channel. The stamp is that of its first message.
    pub(crate) fn open_post(
        &mut self,
        opening: &Opening,
        message: Object,
        files: Vec<File>,
        stamp: Object,
    ) -> Result<u64, Failure> {
        self.check_tags(
            opening.parent,
            opening.owner,
            opening.body.get("applied_tags"),
        )?;
        self.room_for_thread(opening.parent)?;
        self.moderate_title(opening)?;
        let id = self.next_id();
        self.add_thread(id, PUBLIC_THREAD, opening);
        let before = self.emissions.len();
        let posted = self.post(Draft {
            author: opening.owner,
            channel: id,
            body: message,
            files,
            stamp,
            id: Some(id),
            ..Draft::default()
        });
        if let Err(failure) = posted {
            self.channels.remove(&id);
            // What auto-moderation did it did, though to a post that never was.
            if failure.code != auto_moderation::BLOCKED {
                self.emissions.truncate(before);
            }
            return Err(failure);
        }
        self.tell_opened(id);
        // The thread is heard of before its first message.
        let told = self.emissions.len().saturating_sub(before + 1);
        if let Some(new) = self.emissions.get_mut(before..) {
            new.rotate_left(told);
        }
        Ok(id)
    }

    /// Which type of thread a request may open in a channel.
    fn thread_kind(
        &self,
        parent: u64,
        message: Option<u64>,
        body: &Object,
    ) -> Result<u64, Failure> {
        let refused = || Failure::new(400, 50024, "Cannot execute action on this channel type");
        let room = self.channel(parent)?;
        match (room.object.int("type"), message, body.int("type")) {
            (Some(0), Some(_), _) => Ok(PUBLIC_THREAD),
            // Without a type Discord opens a private thread.
            (Some(0), None, None) => Ok(PRIVATE_THREAD),
            (Some(0), None, Some(kind @ (PUBLIC_THREAD | PRIVATE_THREAD))) => Ok(kind),
            (Some(5), Some(_), _) | (Some(5), None, None | Some(ANNOUNCEMENT_THREAD)) => {
                Ok(ANNOUNCEMENT_THREAD)
            }
            _ => Err(refused()),
        }
    }

    fn room_for_thread(&self, parent: u64) -> Result<(), Failure> {
        let guild = self.channel_guild(parent);
        let active = self
            .channels
            .values()
            .filter(|room| room.guild == guild && room.is_active_thread())
            .count();
        if active < MAX_ACTIVE_THREADS {
            Ok(())
        } else {
            let message = "Maximum number of active threads reached";
            Err(Failure::new(400, 160_006, message))
        }
    }

    fn add_thread(&mut self, id: u64, kind: u64, opening: &Opening) {
        let Opening {
            parent,
            owner,
            body,
            ..
        } = opening;
        let Some(room) = self.channels.get(parent) else {
            return;
        };
        let guild = room.guild;
        let of_parent = |key: &str| room.object.int(key);
        let duration = body
            .int("auto_archive_duration")
            .or_else(|| of_parent("default_auto_archive_duration"))
            .unwrap_or(4320);
        let pause = body
            .int("rate_limit_per_user")
            .or_else(|| of_parent("default_thread_rate_limit_per_user"))
            .unwrap_or(0);
        let forum = room.is_forum();
        let mut metadata = object(json!({
            "archived": false,
            "archive_timestamp": self.timestamp(),
            "auto_archive_duration": duration,
            "locked": false,
            "create_timestamp": self.timestamp(),
        }));
        if kind == PRIVATE_THREAD {
            metadata.set("invitable", body.flag("invitable").unwrap_or(true));
        }
        let mut thread = object(json!({
            "id": id.to_string(),
            "type": kind,
            "guild_id": guild.unwrap_or_default().to_string(),
            "parent_id": parent.to_string(),
            "name": body.text("name").unwrap_or_default(),
            "owner_id": owner.to_string(),
            "last_message_id": null,
            "flags": 0,
            "rate_limit_per_user": pause,
            "message_count": 0,
            "member_count": 0,
            "total_message_sent": 0,
            "thread_metadata": metadata,
        }));
        if forum {
            let tags: Vec<String> = ids(body.get("applied_tags"));
            thread.set("applied_tags", tags);
        }
        if let Some(parent) = self.channels.get_mut(parent) {
            parent.object.set(
                "last_message_id",
                if forum {
                    json!(id.to_string())
                } else {
                    parent
                        .object
                        .get("last_message_id")
                        .cloned()
                        .unwrap_or_default()
                },
            );
        }
        self.channels.insert(id, Channel::new(thread, guild));
        // A webhook is nobody who could be in a thread.
        if self.users.contains_key(owner) {
            self.enter(id, *owner);
        }
        self.schedule_sleep(id);
    }

    fn tell_opened(&mut self, thread: u64) {
        let mut data = object(self.thread(thread).unwrap_or_default());
        data.set("newly_created", true);
        self.emit_if_seen("THREAD_CREATE", thread, Value::Object(data));
    }

    /// The thread with the bot's own membership.
    pub(crate) fn thread(&self, id: u64) -> Result<Value, Failure> {
        let room = self.channel(id)?;
        let mut shown = room.object.clone();
        if let Some(member) = self.thread_member(id, self.bot, false) {
            shown.set("member", member);
        }
        Ok(Value::Object(shown))
    }

    pub(crate) fn thread_member(&self, thread: u64, user: u64, whole: bool) -> Option<Value> {
        let room = self.channels.get(&thread)?;
        let mut member = room.members.get(&user)?.clone();
        member.set("id", thread.to_string());
        member.set("user_id", user.to_string());
        if let Some(inner) = room.guild.and_then(|guild| self.member(guild, user))
            && whole
        {
            member.set("member", inner);
        }
        Some(Value::Object(member))
    }

    /// Takes users into a thread and tells of it.
    pub(crate) fn draw_in(&mut self, thread: u64, users: &[u64]) {
        let Some(room) = self.channels.get(&thread) else {
            return;
        };
        let (Some(_), Some(guild)) = (room.thread_parent(), room.guild) else {
            return;
        };
        let seen_before = self.is_seen(thread);
        let new: Vec<u64> = users
            .iter()
            .copied()
            .filter(|user| {
                let members = self.guilds.get(&guild).map(|guild| &guild.members);
                members.is_some_and(|members| members.contains_key(user))
                    && !room.members.contains_key(user)
            })
            .collect();
        for user in &new {
            self.enter(thread, *user);
        }
        if new.is_empty() {
            return;
        }
        if !seen_before && new.contains(&self.bot) {
            let data = self.thread(thread).unwrap_or_default();
            self.emit_if_seen("THREAD_CREATE", thread, data);
        }
        let added: Vec<Value> = new
            .iter()
            .filter_map(|user| {
                let mut member = object(self.thread_member(thread, *user, true)?);
                member.set("presence", self.presence(guild, *user));
                Some(Value::Object(member))
            })
            .collect();
        let mut data = self.members_update(thread);
        data.set("added_members", added);
        self.emit_if_seen("THREAD_MEMBERS_UPDATE", thread, Value::Object(data));
    }

    /// Takes a user out of a thread and tells of it; tells whether it was in it.
    pub(crate) fn drive_out(&mut self, thread: u64, user: u64) -> bool {
        let seen = self.is_seen(thread);
        let Some(room) = self.channels.get_mut(&thread) else {
            return false;
        };
        if room.members.remove(&user).is_none() {
            return false;
        }
        room.object
            .set("member_count", room.members.len().min(SHOWN_MEMBERS));
        let mut data = self.members_update(thread);
        data.set("removed_member_ids", json!([user.to_string()]));
        if seen {
            let guild = self.channel_guild(thread);
            self.emit("THREAD_MEMBERS_UPDATE", guild, Value::Object(data));
        }
        true
    }

    fn enter(&mut self, thread: u64, user: u64) {
        let at = self.timestamp();
        if let Some(room) = self.channels.get_mut(&thread)
            && room.members.len() < MAX_MEMBERS
        {
            let member = object(json!({ "join_timestamp": at, "flags": 0 }));
            room.members.insert(user, member);
            room.object
                .set("member_count", room.members.len().min(SHOWN_MEMBERS));
        }
    }

    fn members_update(&self, thread: u64) -> Object {
        let room = self.channels.get(&thread);
        let guild = room.and_then(|room| room.guild).unwrap_or_default();
        let count = room.and_then(|room| room.object.int("member_count"));
        object(json!({
            "id": thread.to_string(),
            "guild_id": guild.to_string(),
            "member_count": count.unwrap_or(0),
        }))
    }

    pub(crate) fn is_full(&self, thread: u64) -> bool {
        self.channels
            .get(&thread)
            .is_some_and(|room| room.members.len() >= MAX_MEMBERS)
    }

    /// Sets fields of a thread and tells of it; those of `metadata` are the ones inside
    /// `thread_metadata`.
    pub(crate) fn change_thread(&mut self, thread: u64, fields: Object, metadata: Object) {
        let was_archived = self.is_archived(thread);
        let at = self.timestamp();
        let Some(room) = self.channels.get_mut(&thread) else {
            return;
        };
        room.object.extend(fields);
        if let Some(Value::Object(inner)) = room.object.get_mut("thread_metadata") {
            inner.extend(metadata);
            if inner.flag("archived") != Some(was_archived) {
                inner.set("archive_timestamp", at);
            }
        }
        if !self.is_archived(thread) {
            self.schedule_sleep(thread);
        }
        let data = self.thread(thread).unwrap_or_default();
        self.emit_if_seen("THREAD_UPDATE", thread, data);
    }

    pub(crate) fn delete_thread(&mut self, thread: u64) {
        let seen = self.is_seen(thread);
        let Some(room) = self.channels.remove(&thread) else {
            return;
        };
        if seen {
            let mut data = Object::new();
            for key in ["id", "guild_id", "parent_id", "type"] {
                data.set(key, room.object.get(key).cloned().unwrap_or_default());
            }
            self.emit("THREAD_DELETE", room.guild, Value::Object(data));
        }
    }

    /// Speaking in an archived thread opens it again.
    pub(super) fn wake(&mut self, channel: u64) {
        if self.is_archived(channel) {
            let metadata = object(json!({ "archived": false }));
            self.change_thread(channel, Object::new(), metadata);
        }
    }

    /// Archives a thread in which nobody has spoken for long enough.
    pub(super) fn put_to_sleep(&mut self, thread: u64) {
        if self
            .channels
            .get(&thread)
            .is_none_or(|room| !room.is_active_thread())
        {
            return;
        }
        if self.sleeps_at(thread).is_some_and(|at| at <= self.now_ms) {
            let metadata = object(json!({ "archived": true }));
            self.change_thread(thread, Object::new(), metadata);
        } else {
            self.schedule_sleep(thread);
        }
    }

    fn schedule_sleep(&mut self, thread: u64) {
        if let Some(at) = self.sleeps_at(thread) {
            self.schedule(at, Due::Thread(thread));
        }
    }

    fn sleeps_at(&self, thread: u64) -> Option<u64> {
        let room = self.channels.get(&thread)?;
        let metadata = room.object.get("thread_metadata")?.as_object()?;
        let minutes = metadata.int("auto_archive_duration")?;
        let opened = metadata
            .text("archive_timestamp")
            .and_then(time::unix_ms_of);
        let spoken = room
            .messages
            .keys()
            .next_back()
            .map(|id| time::snowflake_ms(*id));
        Some(opened.max(spoken)? + minutes * 60_000)
    }

    pub(crate) fn is_archived(&self, channel: u64) -> bool {
        self.metadata_flag(channel, "archived")
    }

    pub(crate) fn is_locked(&self, channel: u64) -> bool {
        self.metadata_flag(channel, "locked")
    }

    fn metadata_flag(&self, channel: u64, key: &str) -> bool {
        self.channels
            .get(&channel)
            .and_then(|room| room.object.get("thread_metadata")?.as_object()?.flag(key))
            .unwrap_or(false)
    }

    /// Refuses what an archived thread does not let be done to what stands in it.
    pub(crate) fn not_archived(&self, channel: u64) -> Result<(), Failure> {
        if self.is_archived(channel) {
            Err(Failure::new(400, 50083, "Thread is archived"))
        } else {
            Ok(())
        }
    }

    /// How many messages were written in a thread before; `None` for what is no thread.
    pub(super) fn thread_position(&self, channel: u64) -> Option<u64> {
        let room = self.channels.get(&channel)?;
        room.thread_parent()?;
        room.object.int("total_message_sent")
    }

    /// Refuses tags that the channel does not have, too few, or such as the user may not set.
    pub(crate) fn check_tags(
        &self,
        parent: u64,
        user: u64,
        applied: Option<&Value>,
    ) -> Result<(), Failure> {
        let room = self.channel(parent)?;
        let manages = self.channel_permissions(parent, user) & permission::MANAGE_THREADS != 0;
        let tags = room.object.list("available_tags").iter();
        let tags: BTreeMap<u64, &Object> = tags
            .filter_map(Value::as_object)
            .filter_map(|tag| Some((tag.key("id")?, tag)))
            .collect();
        let applied = applied.and_then(Value::as_array);
        let applied: Vec<u64> = applied
            .into_iter()
            .flatten()
            .filter_map(snowflake)
            .collect();
        for id in &applied {
            let tag = tags
                .get(id)
                .ok_or_else(|| Failure::new(404, 10087, "Unknown Tag"))?;
            if tag.flag("moderated") == Some(true) && !manages {
                return Err(Failure::missing_permissions());
            }
        }
        let required = room.object.int("flags").unwrap_or(0) & REQUIRE_TAG != 0;
        if required && applied.is_empty() {
            let open = tags.values().any(|tag| tag.flag("moderated") != Some(true));
            return Err(if open || manages {
                let message = "A tag is required to create a forum post in this channel";
                Failure::new(400, 40067, message)
            } else {
                let message = "There are no tags available that can be set by non-moderators";
                Failure::new(400, 40066, message)
            });
        }
        Ok(())
    }

    /// Tells the bot of the threads in channels that it has just come to see.
    pub(crate) fn sync_threads(&mut self, guild: u64, channels: &[u64]) {
        let gained: Vec<u64> = channels
            .iter()
            .copied()
            .filter(|channel| self.is_seen(*channel))
            .collect();
        if gained.is_empty() {
            return;
        }
        let found: Vec<u64> = self
            .channels
            .iter()
            .filter(|(id, room)| {
                room.is_active_thread()
                    && room
                        .thread_parent()
                        .is_some_and(|parent| gained.contains(&parent))
                    && self.is_seen(**id)
            })
            .map(|(id, _)| *id)
            .collect();
        let threads: Vec<Value> = found
            .iter()
            .filter_map(|id| self.thread(*id).ok())
            .collect();
        let members: Vec<Value> = found
            .iter()
            .filter_map(|id| self.thread_member(*id, self.bot, false))
            .collect();
        let channels: Vec<String> = gained.iter().map(u64::to_string).collect();
        let data = json!({
            "guild_id": guild.to_string(),
            "channel_ids": channels,
            "threads": threads,
            "members": members,
        });
        self.emit("THREAD_LIST_SYNC", Some(guild), data);
    }

    /// Whether the bot sees a channel.
    pub(crate) fn is_seen(&self, channel: u64) -> bool {
        self.channel_permissions(channel, self.bot) & permission::VIEW_CHANNEL != 0
    }

    fn emit_if_seen(&mut self, event: &str, thread: u64, data: Value) {
        if self.is_seen(thread) {
            self.emit(event, self.channel_guild(thread), data);
        }
    }
}

impl Channel {
    pub(crate) fn is_forum(&self) -> bool {
        matches!(self.object.int("type"), Some(15 | 16))
    }

    pub(crate) fn is_active_thread(&self) -> bool {
        let metadata = self
            .object
            .get("thread_metadata")
            .and_then(Value::as_object);
        self.thread_parent().is_some()
            && metadata.is_some_and(|metadata| metadata.flag("archived") != Some(true))
    }
}

/// The ids of a list as text.
pub(crate) fn ids(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    let ids = list.into_iter().flatten().filter_map(snowflake);
    ids.map(|id| id.to_string()).collect()
}

pub(crate) const ANNOUNCEMENT_THREAD: u64 = 10;
pub(crate) const PUBLIC_THREAD: u64 = 11;
pub(crate) const PRIVATE_THREAD: u64 = 12;

/// Types of messages that Discord writes about threads.
const THREAD_CREATED: u64 = 18;
const THREAD_STARTER_MESSAGE: u64 = 21;

/// The flag of a message on which a thread hangs.
pub(super) const HAS_THREAD: u64 = 1 << 5;

/// Flags of forum channels and of their threads.
pub(crate) const PINNED: u64 = 1 << 1;
const REQUIRE_TAG: u64 = 1 << 4;

const MAX_ACTIVE_THREADS: usize = 1000;
const MAX_MEMBERS: usize = 1000;

/// Discord stops counting a thread's members here.
const SHOWN_MEMBERS: usize = 50;
