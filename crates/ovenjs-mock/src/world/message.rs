//! Messages: written, changed, deleted, shown.

mod attachment;
mod embed;
mod judge;
mod mention;
mod permit;
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use self::reference::Reference;
use super::{World, auto_moderation::Writer, component, poll, reaction::Reaction, thread};

pub(super) use attachment::file_hash;
pub(crate) use attachment::{File, dimensions};
pub(super) use mention::named;

/// One message as it is kept; [`World::message`] shows it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) object: Object,
    pub(crate) reactions: Vec<Reaction>,
    /// The one user who sees an ephemeral message.
    pub(crate) only_for: Option<u64>,
    /// Where it holds a poll: who has voted for which answer.
    pub(crate) votes: BTreeMap<u64, BTreeSet<u64>>,
}

/// A message about to be written.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) author: u64,
    pub(crate) channel: u64,
    /// The fields of the request: content, embeds, components and so on.
    pub(crate) body: Object,
    pub(crate) files: Vec<File>,
    /// Fields that only Discord can set: type, interaction metadata, webhook. An author here stands
    /// in front of the user's own.
    pub(crate) stamp: Object,
    pub(crate) only_for: Option<u64>,
    /// The "is thinking" message of a deferred answer, which alone may be empty.
    pub(crate) loading: bool,
    /// Written by Discord itself, which judges others only.
    pub(crate) system: bool,
    /// The first message of a post has the id of its thread.
    pub(crate) id: Option<u64>,
}

impl Message {
    pub(crate) fn author(&self) -> Option<u64> {
        self.object.get("author")?.get("id").and_then(snowflake)
    }

    pub(crate) fn flags(&self) -> u64 {
        self.object.int("flags").unwrap_or(0)
    }

    fn kind(&self) -> u64 {
        self.object.int("type").unwrap_or(0)
    }

    /// Whether Discord wrote it: a pin, a thread, a boost.
    pub(crate) fn is_system(&self) -> bool {
        !matches!(self.kind(), 0 | 19 | 20 | 23)
    }

    /// A few kinds of system messages stay for good.
    pub(crate) fn is_indelible(&self) -> bool {
        matches!(self.kind(), 1..=5 | 21)
    }

    /// The webhook that wrote it. Answers to interactions have the application's id in that place.
    pub(crate) fn webhook(&self) -> Option<u64> {
        let by_interaction = self.object.contains_key("interaction_metadata");
        self.object.key("webhook_id").filter(|_| !by_interaction)
    }

    pub(crate) fn has_poll(&self) -> bool {
        self.object.contains_key("poll")
    }
}

impl World {
    /// Writes a message, tells of it, and gives its id.
    pub(crate) fn post(&mut self, draft: Draft) -> Result<u64, Failure> {
        self.channel(draft.channel)?;
        if !draft.system && !draft.loading {
            self.judge(&draft)?;
        }
        let found = if draft.system || draft.loading || draft.only_for.is_some() {
            Vec::new()
        } else {
            let writer = Writer::of(draft.author, draft.channel, &draft.stamp);
            let content = draft.body.text("content").unwrap_or_default();
            self.moderate(writer, content.trim())?
        };
        let reference = self.reference(&draft)?;
        if !draft.system {
            self.wake(draft.channel);
        }
        let id = draft.id.unwrap_or_else(|| self.next_id());
        let Draft {
            author,
            channel,
            body,
            files,
            stamp,
            only_for,
            loading,
            ..
        } = draft;
        let mut flags = body.int("flags").unwrap_or(0) & KEPT_FLAGS;
        if only_for.is_some() {
            flags |= EPHEMERAL;
        }
        if loading {
            flags |= LOADING;
        }
        if matches!(reference, Reference::Forward { .. }) {
            flags |= HAS_SNAPSHOT;
        }
        let mentions = self.mentions(channel, author, &stamp, &body, reference.author());
        let mut uploads = self.keep_files(channel, &body, files, only_for.is_some());
        let mut embeds = embed::settled(&body);
        let mut components = self.settled(body.list("components"));
        uploads.resolve(&mut embeds, &mut components);
        let mut message = object(json!({
            "id": id.to_string(),
            "type": if matches!(reference, Reference::Reply { .. }) { 19 } else { 0 },
            "channel_id": channel.to_string(),
            "author": self.user(author),
            // Discord cuts white space off the ends.
            "content": body.text("content").unwrap_or_default().trim(),
            "timestamp": self.timestamp(),
            "edited_timestamp": null,
            "tts": body.flag("tts").unwrap_or(false),
            "mention_everyone": mentions.everyone,
            "mentions": mentions.users(self),
            "mention_roles": mentions.roles(),
            "attachments": uploads.attachments(),
            "embeds": embeds,
            "components": components,
            "pinned": false,
            "flags": flags,
        }));
        if let Some(nonce) = body.get("nonce").filter(|nonce| !nonce.is_null()) {
            message.set("nonce", nonce.clone());
        }
        let stickers = self.sticker_items(&body);
        if !stickers.is_empty() {
            message.set("sticker_items", stickers);
        }
        if let Some(theme) = body.get("shared_client_theme").and_then(Value::as_object) {
            let mut theme = theme.clone();
            if theme.int("base_theme").is_none() {
                theme.set("base_theme", 0);
            }
            message.set("shared_client_theme", Value::Object(theme));
        }
        if let Some(poll) = body.get("poll").and_then(Value::as_object) {
            message.set("poll", self.open_poll(channel, id, poll));
        }
        reference.stamp(&mut message);
        message.extend(stamp);
        if let Some(position) = self.thread_position(channel) {
            message.set("position", position);
        }
        let kept = Message {
            object: message,
            only_for,
            ..Message::default()
        };
        let is_webhook = kept.webhook().is_some();
        self.keep(channel, id, kept);
        if only_for.is_none() {
            if !is_webhook {
                self.has_spoken(channel, author, &mentions.people());
            }
            self.tell("MESSAGE_CREATE", channel, id);
        }
        self.answer_offence(&found, Some(id));
        Ok(id)
    }

    /// Writes what Discord itself has to say in a channel, in the name of a user.
    pub(crate) fn note(&mut self, channel: u64, author: u64, kind: u64, fields: Object) {
        let mut stamp = fields;
        stamp.set("type", kind);
        let draft = Draft {
            author,
            channel,
            stamp,
            system: true,
            ..Draft::default()
        };
        // Its channel is there: that is where the thing happened.
        let _ = self.post(draft);
    }

    fn keep(&mut self, channel: u64, id: u64, kept: Message) {
        let counts = !kept.is_system() && id != channel;
        let Some(room) = self.channels.get_mut(&channel) else {
            return;
        };
        room.object.set("last_message_id", id.to_string());
        for counter in ["message_count", "total_message_sent"] {
            if let Some(number) = room.object.int(counter).filter(|_| counts) {
                room.object.set(counter, number + 1);
            }
        }
        room.messages.insert(id, kept);
        while room.messages.len() > MAX_KEPT_MESSAGES {
            room.messages.pop_first();
        }
    }

    /// Changes a message by the fields that the request names, and tells of it.
    pub(crate) fn edit(
        &mut self,
        channel: u64,
        id: u64,
        body: &Object,
        files: Vec<File>,
    ) -> Result<(), Failure> {
        self.not_archived(channel)?;
        let kept = self.kept(channel, id)?;
        let only_for = kept.only_for;
        let old_flags = kept.flags() & !LOADING;
        let was_loading = kept.flags() & LOADING != 0;
        let mut next = kept.object.clone();
        self.judge_edit(kept, body, &files)?;
        if let Some(content) = body.get("content") {
            next.set("content", content.as_str().unwrap_or_default().trim());
        }
        // A poll cannot be changed, but a deferred answer may turn out to be one.
        let poll = body
            .get("poll")
            .and_then(Value::as_object)
            .filter(|_| was_loading);
        if let Some(poll) = poll {
            next.set("poll", self.open_poll(channel, id, poll));
        }
        let mut uploads = self.kept_uploads(&next, body);
        uploads.extend(self.keep_files(channel, body, files, only_for.is_some()));
        if body.contains_key("embeds") {
            next.set("embeds", embed::settled(body));
        }
        if body.contains_key("components") {
            let components = self.settled(body.list("components"));
            next.set("components", components);
        }
        let mut embeds = next.list("embeds").to_vec();
        let mut components = next.list("components").to_vec();
        uploads.resolve(&mut embeds, &mut components);
        next.set("embeds", embeds);
        next.set("components", components);
        next.set("attachments", uploads.attachments());
        let flags = body.int("flags").map_or(old_flags, |bits| {
            // The new layout cannot be left again, nor what Discord itself has set be taken away.
            (bits & EDITABLE_FLAGS) | (old_flags & !SUPPRESS_EMBEDS)
        });
        next.set("flags", flags);
        if ["content", "components", "allowed_mentions"]
            .iter()
            .any(|key| body.contains_key(*key))
        {
            let mut texts = next.clone();
            if let Some(allowed) = body.get("allowed_mentions") {
                texts.set("allowed_mentions", allowed.clone());
            }
            let author = self.kept(channel, id)?.author().unwrap_or_default();
            let replied = self.replied_author(&next);
            let mentions = self.mentions(channel, author, &next, &texts, replied);
            next.set("mention_everyone", mentions.everyone);
            next.set("mentions", mentions.users(self));
            next.set("mention_roles", mentions.roles());
        }
        self.judge_edited(&next)?;
        let mut found = Vec::new();
        if body.contains_key("content") && only_for.is_none() {
            let author = self.kept(channel, id)?.author().unwrap_or_default();
            let writer = Writer::of(author, channel, &next);
            found = self.moderate(writer, next.text("content").unwrap_or_default())?;
        }
        if !was_loading {
            next.set("edited_timestamp", self.timestamp());
        }
        if let Some(message) = self.kept_mut(channel, id) {
            message.object = next;
        }
        if only_for.is_none() {
            self.tell("MESSAGE_UPDATE", channel, id);
        }
        self.answer_offence(&found, Some(id));
        Ok(())
    }

    /// Hides or shows the embeds of a message, which those who manage messages may do to any.
    pub(crate) fn suppress_embeds(
        &mut self,
        channel: u64,
        id: u64,
        suppressed: bool,
    ) -> Result<(), Failure> {
        self.not_archived(channel)?;
        self.kept(channel, id)?;
        self.set_flag(channel, id, SUPPRESS_EMBEDS, suppressed);
        self.tell("MESSAGE_UPDATE", channel, id);
        Ok(())
    }

    /// Publishes a message of an announcement channel to those who follow it.
    pub(crate) fn crosspost(&mut self, channel: u64, id: u64) {
        self.set_flag(channel, id, CROSSPOSTED, true);
        self.tell("MESSAGE_UPDATE", channel, id);
        self.carry_on(channel, id);
    }

    pub(super) fn set_flag(&mut self, channel: u64, id: u64, bit: u64, on: bool) {
        if let Some(message) = self.kept_mut(channel, id) {
            let flags = message.flags();
            let flags = if on { flags | bit } else { flags & !bit };
            message.object.set("flags", flags);
        }
    }

    pub(crate) fn delete(&mut self, channel: u64, id: u64) -> Result<(), Failure> {
        self.kept(channel, id)?;
        let public = self.drop_message(channel, id);
        if public {
            let guild = self.channel_guild(channel);
            let mut data =
                object(json!({ "id": id.to_string(), "channel_id": channel.to_string() }));
            if let Some(guild) = guild {
                data.set("guild_id", guild.to_string());
            }
            self.emit("MESSAGE_DELETE", guild, Value::Object(data));
        }
        Ok(())
    }

    /// Deletes many at once, and gives those that were there.
    pub(crate) fn delete_many(&mut self, channel: u64, wanted: &[u64]) -> Vec<u64> {
        let gone: Vec<u64> = wanted
            .iter()
            .copied()
            .filter(|id| self.kept(channel, *id).is_ok_and(|m| m.only_for.is_none()))
            .collect();
        for id in &gone {
            self.drop_message(channel, *id);
        }
        let guild = self.channel_guild(channel);
        if !gone.is_empty() {
            let ids: Vec<String> = gone.iter().map(u64::to_string).collect();
            let mut data = object(json!({ "ids": ids, "channel_id": channel.to_string() }));
            if let Some(guild) = guild {
                data.set("guild_id", guild.to_string());
            }
            self.emit("MESSAGE_DELETE_BULK", guild, Value::Object(data));
        }
        gone
    }

    /// Takes a message out of its channel; tells whether others than one user had seen it.
    fn drop_message(&mut self, channel: u64, id: u64) -> bool {
        let Some(room) = self.channels.get_mut(&channel) else {
            return false;
        };
        let Some(gone) = room.messages.remove(&id) else {
            return false;
        };
        room.pins.retain(|(pinned, _)| *pinned != id);
        if let Some(number) = room.object.int("message_count")
            && !gone.is_system()
            && id != channel
        {
            room.object.set("message_count", number.saturating_sub(1));
        }
        gone.only_for.is_none()
    }

    /// The message as REST shows it to the bot.
    pub(crate) fn message(&self, channel: u64, id: u64) -> Result<Value, Failure> {
        let mut shown = self.plain_message(channel, id)?;
        // Pins and new threads point at something as well, and show it to nobody.
        let quotes = matches!(shown.int("type"), Some(19 | 21 | 23));
        let reference = shown.get("message_reference").and_then(Value::as_object);
        if let Some(reference) = reference.filter(|_| quotes) {
            let there = reference.key("channel_id").zip(reference.key("message_id"));
            let referenced = there.and_then(|(channel, id)| self.plain_message(channel, id).ok());
            let referenced = referenced.map(|mut message| {
                message.remove("reactions");
                Value::Object(message)
            });
            shown.set("referenced_message", referenced);
        }
        Ok(Value::Object(shown))
    }

    pub(crate) fn kept(&self, channel: u64, id: u64) -> Result<&Message, Failure> {
        self.channel(channel)?
            .messages
            .get(&id)
            .ok_or_else(|| Failure::unknown(10008))
    }

    pub(super) fn kept_mut(&mut self, channel: u64, id: u64) -> Option<&mut Message> {
        self.channels.get_mut(&channel)?.messages.get_mut(&id)
    }

    /// The message as an event: with guild and member beside it.
    pub(crate) fn message_event(&self, channel: u64, id: u64) -> Value {
        let mut data = object(self.message(channel, id).unwrap_or_default());
        if let Some(guild) = self.channel_guild(channel) {
            data.set("guild_id", guild.to_string());
            let author = data
                .get("author")
                .and_then(|author| author.get("id"))
                .and_then(snowflake);
            if let Some(member) = author.and_then(|author| self.partial_member(guild, author)) {
                data.set("member", Value::Object(member));
            }
            let mentions: Vec<Value> = data
                .list("mentions")
                .iter()
                .map(|user| {
                    let mut user = object(user.clone());
                    let member = user.key("id").and_then(|id| self.partial_member(guild, id));
                    if let Some(member) = member {
                        user.set("member", Value::Object(member));
                    }
                    Value::Object(user)
                })
                .collect();
            data.set("mentions", mentions);
        }
        if let Some(kind) = self
            .channels
            .get(&channel)
            .and_then(|room| room.object.int("type"))
        {
            data.set("channel_type", kind);
        }
        Value::Object(data)
    }

    pub(super) fn tell(&mut self, event: &str, channel: u64, id: u64) {
        let data = self.message_event(channel, id);
        self.emit(event, self.channel_guild(channel), data);
    }

    fn plain_message(&self, channel: u64, id: u64) -> Result<Object, Failure> {
        let message = self.kept(channel, id)?;
        let mut shown = message.object.clone();
        if message.flags() & SUPPRESS_EMBEDS != 0 {
            shown.set("embeds", json!([]));
        }
        if message.flags() & thread::HAS_THREAD != 0
            && let Some(thread) = self.channels.get(&id)
        {
            shown.set("thread", Value::Object(thread.object.clone()));
        }
        if let Some(Value::Object(poll)) = shown.get_mut("poll") {
            poll.set("results", poll::results(poll, &message.votes, self.bot));
        }
        if !message.reactions.is_empty() {
            let reactions: Vec<Value> = message
                .reactions
                .iter()
                .map(|reaction| reaction.shown(self.bot))
                .collect();
            shown.set("reactions", reactions);
        }
        Ok(shown)
    }

    pub(super) fn settled(&mut self, components: &[Value]) -> Vec<Value> {
        component::settle(components, &mut || self.next_id())
    }

    fn sticker_items(&self, body: &Object) -> Vec<Value> {
        body.list("sticker_ids")
            .iter()
            .filter_map(|id| self.sticker(snowflake(id)?))
            .map(|sticker| {
                json!({
                    "id": sticker.get("id"),
                    "name": sticker.get("name"),
                    "format_type": sticker.get("format_type"),
                })
            })
            .collect()
    }
}

pub(crate) const CROSSPOSTED: u64 = 1;
pub(super) const IS_CROSSPOST: u64 = 1 << 1;
const SUPPRESS_EMBEDS: u64 = 1 << 2;
pub(crate) const EPHEMERAL: u64 = 1 << 6;
pub(crate) const LOADING: u64 = 1 << 7;
const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
const IS_VOICE_MESSAGE: u64 = 1 << 13;
const HAS_SNAPSHOT: u64 = 1 << 14;
pub(crate) const IS_COMPONENTS_V2: u64 = 1 << 15;

/// What a bot may set on a new message.
const KEPT_FLAGS: u64 =
    SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_VOICE_MESSAGE | IS_COMPONENTS_V2;
const EDITABLE_FLAGS: u64 = SUPPRESS_EMBEDS | IS_COMPONENTS_V2;

/// A channel forgets its oldest messages beyond this, so that a long run stays small.
const MAX_KEPT_MESSAGES: usize = 10_000;
