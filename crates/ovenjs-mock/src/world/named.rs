//! What a user names, somebody, a role, a channel, a file: found, and told of in `resolved`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::{File, World};

/// What was named in one interaction.
#[derive(Debug, Default)]
pub(super) struct Resolved(Object);

impl Resolved {
    pub(super) fn add(&mut self, kind: &str, id: u64, value: Value) {
        let place = self.0.entry(kind.to_owned()).or_insert_with(|| json!({}));
        if let Value::Object(place) = place {
            place.insert(id.to_string(), value);
        }
    }

    /// Puts it where the bot reads it; nothing where nothing was named.
    pub(super) fn write(self, data: &mut Object) {
        if !self.0.is_empty() {
            data.set("resolved", Value::Object(self.0));
        }
    }
}

impl World {
    /// The first guild of this name.
    pub(crate) fn guild_named(&self, name: &str) -> Option<u64> {
        let mut guilds = self.guilds.iter();
        let found = guilds.find(|(_, guild)| guild.object.text("name") == Some(name));
        found.map(|(id, _)| *id)
    }

    /// Somebody by name, id or mention.
    pub(super) fn name_user(
        &self,
        guild: Option<u64>,
        text: &str,
        resolved: &mut Resolved,
    ) -> Option<u64> {
        let wanted = bare(text).to_lowercase();
        let (user, shown) = self.users.iter().find(|(id, user)| {
            id.to_string() == wanted
                || user
                    .text("username")
                    .is_some_and(|name| name.to_lowercase() == wanted)
        })?;
        resolved.add("users", *user, Value::Object(shown.clone()));
        if let Some(member) = guild.and_then(|guild| self.resolved_member(guild, *user)) {
            resolved.add("members", *user, member);
        }
        Some(*user)
    }

    /// A role of the guild by name, id or mention.
    pub(super) fn name_role(
        &self,
        guild: Option<u64>,
        text: &str,
        resolved: &mut Resolved,
    ) -> Option<u64> {
        let wanted = bare(text);
        let room = self.guilds.get(&guild?)?;
        let (id, role) = room.roles.iter().find(|(id, role)| {
            role.text("name")
                .is_some_and(|name| name.trim_start_matches('@') == wanted)
                || id.to_string() == wanted
        })?;
        resolved.add("roles", *id, Value::Object(role.clone()));
        Some(*id)
    }

    /// A channel of the guild by name, id or mention; of one of these types, where there are any.
    pub(super) fn name_channel(
        &self,
        guild: Option<u64>,
        text: &str,
        types: &[Value],
        resolved: &mut Resolved,
    ) -> Option<u64> {
        let wanted = bare(text);
        let (id, _) = self.channels.iter().find(|(id, channel)| {
            let kind = channel.object.get("type");
            channel.guild == guild
                && (types.is_empty() || kind.is_some_and(|kind| types.contains(kind)))
                && (channel.object.text("name") == Some(wanted) || id.to_string() == wanted)
        })?;
        resolved.add("channels", *id, self.partial_channel(*id, self.bot));
        Some(*id)
    }

    /// A file at hand by its name.
    pub(super) fn name_file(&self, text: &str, resolved: &mut Resolved) -> Option<u64> {
        let attachment = self.at_hand.get(text)?;
        let id = attachment.key("id")?;
        resolved.add("attachments", id, Value::Object(attachment.clone()));
        Some(id)
    }

    /// Puts a file at hand, for users to name it.
    pub(crate) fn put_at_hand(&mut self, name: &str, bytes: Bytes) -> Result<(), Failure> {
        let file = File {
            field: "files[0]".to_owned(),
            name: name.to_owned(),
            content_type: None,
            bytes,
        };
        let attachment = object(self.keep_upload(file)?);
        self.at_hand.insert(name.to_owned(), attachment);
        while self.at_hand.len() > MAX_AT_HAND {
            self.at_hand.pop_first();
        }
        Ok(())
    }

    /// The bytes of a file at hand, to be attached to a message.
    pub(crate) fn file_at_hand(&self, name: &str) -> Option<File> {
        let id = self.at_hand.get(name)?.key("id")?;
        self.files.get(&id).cloned()
    }
}

/// `<@1>`, `<@&1>`, `<#1>`, `@name` and `#name` without what says of which kind it is.
fn bare(text: &str) -> &str {
    let text = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(text);
    text.trim_start_matches(['@', '#', '!', '&'])
}

/// Files at hand; a test names a few.
const MAX_AT_HAND: usize = 100;
