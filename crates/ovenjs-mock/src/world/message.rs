//! Messages: written, changed, deleted, pinned.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use super::{World, component, reaction::Reaction};

/// One message as it is kept; [`World::message`] shows it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) object: Object,
    pub(crate) reactions: Vec<Reaction>,
    /// The one user who sees an ephemeral message.
    pub(crate) only_for: Option<u64>,
}

/// A message about to be written.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) author: u64,
    pub(crate) channel: u64,
    /// The fields of the request: content, embeds, components and so on.
    pub(crate) body: Object,
    pub(crate) files: Vec<File>,
    /// Fields that only Discord can set: type, interaction metadata, webhook.
    pub(crate) stamp: Object,
    pub(crate) only_for: Option<u64>,
    /// The "is thinking" message of a deferred answer, which alone may be empty.
    pub(crate) loading: bool,
}

/// An uploaded file.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// The `n` of `files[n]`.
    pub(crate) place: u64,
    pub(crate) name: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: bytes::Bytes,
}

impl World {
    /// Writes a message, tells of it, and gives its id.
    pub(crate) fn post(&mut self, draft: Draft) -> Result<u64, Failure> {
        self.channel(draft.channel)?;
        if !draft.loading {
            check(&draft.body, !draft.files.is_empty())?;
        }
        let reference = self.reference(&draft)?;
        let id = self.next_id();
        let Draft {
            author,
            channel,
            body,
            files,
            stamp,
            only_for,
            loading,
        } = draft;
        let guild = self.channel_guild(channel);
        let content = body.text("content").unwrap_or_default().to_owned();
        let mut flags = body.int("flags").unwrap_or(0) & KEPT_FLAGS;
        if only_for.is_some() {
            flags |= EPHEMERAL;
        }
        if loading {
            flags |= LOADING;
        }
        let mut message = object(json!({
            "id": id.to_string(),
            "type": if reference.is_some() { 19 } else { 0 },
            "channel_id": channel.to_string(),
            "author": self.user(author),
            "content": content,
            "timestamp": self.timestamp(),
            "edited_timestamp": null,
            "tts": body.flag("tts").unwrap_or(false),
            "mention_everyone": content.contains("@everyone") || content.contains("@here"),
            "mentions": self.mentioned_users(&content),
            "mention_roles": self.mentioned_roles(guild, &content),
            "attachments": self.keep_files(channel, &body, files, only_for.is_some()),
            "embeds": embeds(&body),
            "components": self.settled(body.list("components")),
            "pinned": false,
            "flags": flags,
        }));
        if let Some(nonce) = body.get("nonce").filter(|nonce| !nonce.is_null()) {
            message.set("nonce", nonce.clone());
        }
        if let Some(reference) = reference {
            message.set("message_reference", reference);
        }
        message.extend(stamp);
        let kept = Message {
            object: message,
            reactions: Vec::new(),
            only_for,
        };
        if let Some(room) = self.channels.get_mut(&channel) {
            room.object.set("last_message_id", id.to_string());
            for counter in ["message_count", "total_message_sent"] {
                if let Some(number) = room.object.int(counter) {
                    room.object.set(counter, number + 1);
                }
            }
            room.messages.insert(id, kept);
            while room.messages.len() > MAX_KEPT_MESSAGES {
                room.messages.pop_first();
            }
        }
        if only_for.is_none() {
            self.tell("MESSAGE_CREATE", channel, id);
        }
        Ok(id)
    }

    /// Changes a message by the fields that the request names, and tells of it.
    pub(crate) fn edit(
        &mut self,
        channel: u64,
        id: u64,
        body: &Object,
        files: Vec<File>,
    ) -> Result<(), Failure> {
        let guild = self.channel_guild(channel);
        let kept = self.kept(channel, id)?;
        let only_for = kept.only_for;
        let mut next = kept.object.clone();
        let was_loading = next.int("flags").unwrap_or(0) & LOADING != 0;
        if let Some(content) = body.get("content") {
            let content = content.as_str().unwrap_or_default();
            next.set("content", content);
            next.set("mentions", self.mentioned_users(content));
            next.set("mention_roles", self.mentioned_roles(guild, content));
        }
        if body.contains_key("embeds") {
            next.set("embeds", embeds(body));
        }
        if body.contains_key("components") {
            let components = self.settled(body.list("components"));
            next.set("components", components);
        }
        if body.contains_key("attachments") || !files.is_empty() {
            let staying: Vec<u64> = body
                .list("attachments")
                .iter()
                .filter_map(|a| snowflake(a.get("id")?))
                .collect();
            let mut attachments: Vec<Value> = next
                .list("attachments")
                .iter()
                .filter(|old| {
                    let id = old.get("id").and_then(snowflake).unwrap_or_default();
                    !body.contains_key("attachments") || staying.contains(&id)
                })
                .cloned()
                .collect();
            attachments.extend(self.keep_files(channel, body, files, only_for.is_some()));
            next.set("attachments", attachments);
        }
        let asked = body.int("flags");
        let old_flags = next.int("flags").unwrap_or(0) & !LOADING;
        let flags = asked.map_or(old_flags, |bits| {
            (bits & EDITABLE_FLAGS) | (old_flags & (EPHEMERAL | IS_COMPONENTS_V2))
        });
        next.set("flags", flags);
        let mut as_request = next.clone();
        as_request.remove("id");
        check(&as_request, !next.list("attachments").is_empty())?;
        if !was_loading {
            next.set("edited_timestamp", self.timestamp());
        }
        if let Some(message) = self.kept_mut(channel, id) {
            message.object = next;
        }
        if only_for.is_none() {
            self.tell("MESSAGE_UPDATE", channel, id);
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, channel: u64, id: u64) -> Result<(), Failure> {
        let room = self
            .channels
            .get_mut(&channel)
            .ok_or_else(|| Failure::unknown(10003))?;
        let gone = room
            .messages
            .remove(&id)
            .ok_or_else(|| Failure::unknown(10008))?;
        room.pins.retain(|(pinned, _)| *pinned != id);
        if gone.only_for.is_none() {
            let guild = room.guild;
            let mut data =
                object(json!({ "id": id.to_string(), "channel_id": channel.to_string() }));
            if let Some(guild) = guild {
                data.set("guild_id", guild.to_string());
            }
            self.emit("MESSAGE_DELETE", guild, Value::Object(data));
        }
        Ok(())
    }

    pub(crate) fn set_pinned(
        &mut self,
        channel: u64,
        id: u64,
        pinned: bool,
    ) -> Result<(), Failure> {
        let at = self.timestamp();
        let room = self
            .channels
            .get_mut(&channel)
            .ok_or_else(|| Failure::unknown(10003))?;
        let message = room
            .messages
            .get_mut(&id)
            .ok_or_else(|| Failure::unknown(10008))?;
        if message.object.flag("pinned") == Some(pinned) {
            return Ok(());
        }
        message.object.set("pinned", pinned);
        if pinned {
            room.pins.push((id, at.clone()));
            if room.object.contains_key("last_pin_timestamp") {
                room.object.set("last_pin_timestamp", at);
            }
        } else {
            room.pins.retain(|(other, _)| *other != id);
        }
        let guild = room.guild;
        let last = room.pins.last().map(|(_, at)| at.clone());
        let mut data = object(json!({
            "channel_id": channel.to_string(),
            "last_pin_timestamp": last,
        }));
        if let Some(guild) = guild {
            data.set("guild_id", guild.to_string());
        }
        self.emit("CHANNEL_PINS_UPDATE", guild, Value::Object(data));
        self.tell("MESSAGE_UPDATE", channel, id);
        Ok(())
    }

    /// The message as REST shows it to the bot.
    pub(crate) fn message(&self, channel: u64, id: u64) -> Result<Value, Failure> {
        let mut shown = self.plain_message(channel, id)?;
        let reference = shown.get("message_reference").and_then(Value::as_object);
        if let Some(reference) = reference.filter(|r| r.int("type").unwrap_or(0) == 0) {
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

    fn tell(&mut self, event: &str, channel: u64, id: u64) {
        let data = self.message_event(channel, id);
        self.emit(event, self.channel_guild(channel), data);
    }

    fn plain_message(&self, channel: u64, id: u64) -> Result<Object, Failure> {
        let message = self.kept(channel, id)?;
        let mut shown = message.object.clone();
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

    fn reference(&self, draft: &Draft) -> Result<Option<Value>, Failure> {
        let Some(asked) = draft
            .body
            .get("message_reference")
            .and_then(Value::as_object)
        else {
            return Ok(None);
        };
        let Some(message) = asked.key("message_id") else {
            return Ok(None);
        };
        let channel = asked.key("channel_id").unwrap_or(draft.channel);
        if self.kept(channel, message).is_err() {
            if asked.flag("fail_if_not_exists") == Some(false) {
                return Ok(None);
            }
            return Err(Failure::form(
                &["message_reference"],
                "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
                "Unknown message",
            ));
        }
        let mut reference = object(json!({
            "type": 0,
            "channel_id": channel.to_string(),
            "message_id": message.to_string(),
        }));
        if let Some(guild) = self.channel_guild(channel) {
            reference.set("guild_id", guild.to_string());
        }
        Ok(Some(Value::Object(reference)))
    }

    fn mentioned_users(&self, content: &str) -> Vec<Value> {
        let ids = mentions(content, "<@").filter(|id| self.users.contains_key(id));
        let mut seen = Vec::new();
        ids.filter(|id| {
            let new = !seen.contains(id);
            seen.push(*id);
            new
        })
        .map(|id| self.user(id))
        .collect()
    }

    fn mentioned_roles(&self, guild: Option<u64>, content: &str) -> Vec<Value> {
        let room = guild.and_then(|guild| self.guilds.get(&guild));
        mentions(content, "<@&")
            .filter(|id| room.is_some_and(|room| room.roles.contains_key(id)))
            .map(|id| Value::String(id.to_string()))
            .collect()
    }

    pub(super) fn settled(&mut self, components: &[Value]) -> Vec<Value> {
        component::settle(components, &mut || self.next_id())
    }

    /// Keeps uploads and gives their attachment objects.
    fn keep_files(
        &mut self,
        channel: u64,
        body: &Object,
        files: Vec<File>,
        ephemeral: bool,
    ) -> Vec<Value> {
        files
            .into_iter()
            .map(|file| {
                let id = self.next_id();
                let asked = body
                    .list("attachments")
                    .iter()
                    .filter_map(Value::as_object)
                    .find(|asked| asked.key("id") == Some(file.place));
                let name = asked
                    .and_then(|asked| asked.text("filename"))
                    .unwrap_or(&file.name)
                    .to_owned();
                let url = format!("{}/attachments/{channel}/{id}/{name}", self.origin);
                let mut attachment = object(json!({
                    "id": id.to_string(),
                    "filename": name,
                    "size": file.bytes.len(),
                    "url": url,
                    "proxy_url": url,
                }));
                if let Some(description) = asked.and_then(|asked| asked.text("description")) {
                    attachment.set("description", description);
                }
                if let Some(kind) = &file.content_type {
                    attachment.set("content_type", kind.clone());
                }
                if ephemeral {
                    attachment.set("ephemeral", true);
                }
                self.files.insert(id, file);
                let bytes = |files: &BTreeMap<u64, File>| -> usize {
                    files.values().map(|file| file.bytes.len()).sum()
                };
                while self.files.len() > MAX_KEPT_FILES || bytes(&self.files) > MAX_KEPT_BYTES {
                    self.files.pop_first();
                }
                Value::Object(attachment)
            })
            .collect()
    }
}

/// What Discord refuses and its schema does not say.
pub(super) fn check(body: &Object, has_files: bool) -> Result<(), Failure> {
    let content = body.text("content").unwrap_or_default();
    let components = body.list("components");
    // Discord cuts white space off the ends before it looks.
    let something = !content.trim().is_empty()
        || has_files
        || !components.is_empty()
        || ["embeds", "sticker_ids"]
            .iter()
            .any(|key| !body.list(key).is_empty())
        || body.get("poll").is_some_and(|poll| !poll.is_null());
    component::check(body, components)?;
    if !something {
        return Err(Failure::empty_message());
    }
    if content.chars().count() > MAX_CONTENT {
        return Err(Failure::form(
            &["content"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 2000 or fewer in length.",
        ));
    }
    let embeds = body.list("embeds");
    if embeds.len() > MAX_EMBEDS {
        return Err(Failure::form(
            &["embeds"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 10 or fewer in length.",
        ));
    }
    if embeds.iter().map(embed_length).sum::<usize>() > MAX_EMBED_TEXT {
        return Err(Failure::form(
            &["embeds"],
            "MAX_EMBED_SIZE_EXCEEDED",
            "Embed size exceeds maximum size of 6000",
        ));
    }
    Ok(())
}

fn embed_length(embed: &Value) -> usize {
    let length = |pointer: &str| {
        embed
            .pointer(pointer)
            .and_then(Value::as_str)
            .map_or(0, |text| text.chars().count())
    };
    let fields = embed
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let in_fields: usize = fields
        .flat_map(|field| [field.get("name"), field.get("value")])
        .flatten()
        .filter_map(Value::as_str)
        .map(|text| text.chars().count())
        .sum();
    length("/title")
        + length("/description")
        + length("/footer/text")
        + length("/author/name")
        + in_fields
}

/// Embeds as Discord gives them back: with a type, and each field with its `inline`.
fn embeds(body: &Object) -> Vec<Value> {
    body.list("embeds")
        .iter()
        .filter_map(Value::as_object)
        .map(|asked| {
            let mut embed: Object = asked
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect();
            embed.set("type", "rich");
            if let Some(Value::Array(fields)) = embed.get_mut("fields") {
                for field in fields.iter_mut().filter_map(Value::as_object_mut) {
                    field.entry("inline").or_insert(json!(false));
                }
            }
            Value::Object(embed)
        })
        .collect()
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The ids in `<@123>`, `<@!123>` or `<@&123>`, by the opening given.
fn mentions<'a>(content: &'a str, opening: &'static str) -> impl Iterator<Item = u64> + 'a {
    content.split(opening).skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('>')?;
        inside.strip_prefix('!').unwrap_or(inside).parse().ok()
    })
}

const EPHEMERAL: u64 = 1 << 6;
pub(crate) const LOADING: u64 = 1 << 7;
pub(crate) const IS_COMPONENTS_V2: u64 = 1 << 15;

/// SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS and IS_COMPONENTS_V2: what a bot may set on a message.
const KEPT_FLAGS: u64 = (1 << 2) | (1 << 12) | IS_COMPONENTS_V2;
const EDITABLE_FLAGS: u64 = (1 << 2) | IS_COMPONENTS_V2;

const MAX_CONTENT: usize = 2000;
const MAX_EMBEDS: usize = 10;
const MAX_EMBED_TEXT: usize = 6000;

/// A channel forgets its oldest messages beyond this, so that a long run stays small.
const MAX_KEPT_MESSAGES: usize = 10_000;

/// Uploads stay readable at their URL until this many newer ones have come.
const MAX_KEPT_FILES: usize = 64;

/// … or until they weigh more than this together: room for the files of one full message and more.
const MAX_KEPT_BYTES: usize = 256 * 1024 * 1024;
