//! Reactions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, object, snowflake},
};

use super::{World, permission};

/// One emoji under a message and who put it there.
#[derive(Debug)]
pub(crate) struct Reaction {
    pub(crate) emoji: Emoji,
    pub(crate) users: BTreeSet<u64>,
}

/// An emoji as a route or an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    id: Option<u64>,
    name: String,
}

impl Emoji {
    /// Reads `🍞` or `name:id`.
    ///
    /// # Errors
    ///
    /// Unknown Emoji for what is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if let Some((name, id)) = text.rsplit_once(':') {
            let id = id.parse().map_err(|_| Failure::unknown(10014))?;
            return Ok(Self {
                id: Some(id),
                name: name.to_owned(),
            });
        }
        // Every emoji of Unicode has at least one character beyond ASCII, the keycaps included.
        if text.is_ascii() {
            return Err(Failure::unknown(10014));
        }
        Ok(Self {
            id: None,
            name: text.to_owned(),
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "id": self.id.map(|id| id.to_string()), "name": self.name })
    }
}

impl Reaction {
    pub(super) fn shown(&self, viewer: u64) -> Value {
        json!({
            "emoji": self.emoji.json(),
            "count": self.users.len(),
            "count_details": { "burst": 0, "normal": self.users.len() },
            "burst_colors": [],
            "me_burst": false,
            "burst_me": false,
            "burst_count": 0,
            "me": self.users.contains(&viewer),
        })
    }
}

impl World {
    pub(crate) fn react(
        &mut self,
        channel: u64,
        id: u64,
        user: u64,
        emoji: &Emoji,
    ) -> Result<(), Failure> {
        let already_there = self
            .kept(channel, id)?
            .reactions
            .iter()
            .any(|reaction| reaction.emoji == *emoji);
        if user == self.bot {
            let mut bits = permission::READ_MESSAGE_HISTORY;
            if !already_there {
                bits |= permission::ADD_REACTIONS;
            }
            self.bot_may(channel, bits)?;
        }
        let message = self
            .kept_mut(channel, id)
            .ok_or_else(|| Failure::unknown(10008))?;
        let author = message
            .object
            .get("author")
            .and_then(|a| snowflake(a.get("id")?));
        let place = message
            .reactions
            .iter()
            .position(|reaction| reaction.emoji == *emoji);
        if place.is_none() {
            if message.reactions.len() >= MAX_REACTIONS {
                return Err(Failure::new(
                    400,
                    30010,
                    "Maximum number of reactions reached (20)",
                ));
            }
            message.reactions.push(Reaction {
                emoji: emoji.clone(),
                users: BTreeSet::new(),
            });
        }
        let place = place.unwrap_or(message.reactions.len() - 1);
        let Some(reaction) = message.reactions.get_mut(place) else {
            return Ok(());
        };
        if !reaction.users.insert(user) {
            return Ok(());
        }
        let mut data = object(self.reaction_event(channel, id, emoji));
        data.set("user_id", user.to_string());
        data.set("burst", false);
        data.set("type", 0);
        if let Some(author) = author {
            data.set("message_author_id", author.to_string());
        }
        let guild = self.channel_guild(channel);
        if let Some(member) = guild.and_then(|guild| self.member(guild, user)) {
            data.set("member", member);
        }
        self.emit("MESSAGE_REACTION_ADD", guild, Value::Object(data));
        Ok(())
    }

    pub(crate) fn unreact(
        &mut self,
        channel: u64,
        id: u64,
        user: u64,
        emoji: &Emoji,
    ) -> Result<(), Failure> {
        self.kept(channel, id)?;
        let message = self
            .kept_mut(channel, id)
            .ok_or_else(|| Failure::unknown(10008))?;
        let removed = message
            .reactions
            .iter_mut()
            .find(|reaction| reaction.emoji == *emoji)
            .is_some_and(|reaction| reaction.users.remove(&user));
        message
            .reactions
            .retain(|reaction| !reaction.users.is_empty());
        if !removed {
            return Ok(());
        }
        let mut data = object(self.reaction_event(channel, id, emoji));
        data.set("user_id", user.to_string());
        data.set("burst", false);
        data.set("type", 0);
        self.emit(
            "MESSAGE_REACTION_REMOVE",
            self.channel_guild(channel),
            Value::Object(data),
        );
        Ok(())
    }

    /// Takes away all reactions, or all of one emoji.
    pub(crate) fn clear_reactions(
        &mut self,
        channel: u64,
        id: u64,
        only: Option<&Emoji>,
    ) -> Result<(), Failure> {
        self.kept(channel, id)?;
        let guild = self.channel_guild(channel);
        if let Some(message) = self.kept_mut(channel, id) {
            message
                .reactions
                .retain(|reaction| only.is_some_and(|only| reaction.emoji != *only));
        }
        match only {
            Some(emoji) => {
                let data = self.reaction_event(channel, id, emoji);
                self.emit("MESSAGE_REACTION_REMOVE_EMOJI", guild, data);
            }
            None => {
                let mut data = object(json!({
                    "channel_id": channel.to_string(),
                    "message_id": id.to_string(),
                }));
                if let Some(guild) = guild {
                    data.set("guild_id", guild.to_string());
                }
                self.emit("MESSAGE_REACTION_REMOVE_ALL", guild, Value::Object(data));
            }
        }
        Ok(())
    }

    fn reaction_event(&self, channel: u64, id: u64, emoji: &Emoji) -> Value {
        let mut data = object(json!({
            "channel_id": channel.to_string(),
            "message_id": id.to_string(),
            "emoji": emoji.json(),
        }));
        if let Some(guild) = self.channel_guild(channel) {
            data.set("guild_id", guild.to_string());
        }
        Value::Object(data)
    }
}

/// Different emojis under one message.
const MAX_REACTIONS: usize = 20;
