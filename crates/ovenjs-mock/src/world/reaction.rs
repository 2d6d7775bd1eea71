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
    /// Those who put it there as a super reaction, which bots cannot.
    pub(crate) bursts: BTreeSet<u64>,
}

/// An emoji as a route or an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    pub(crate) id: Option<u64>,
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
            "count": self.users.len() + self.bursts.len(),
            "count_details": { "burst": self.bursts.len(), "normal": self.users.len() },
            "burst_colors": if self.bursts.is_empty() { json!([]) } else { burst_colors() },
            "me_burst": self.bursts.contains(&viewer),
            "burst_me": self.bursts.contains(&viewer),
            "burst_count": self.bursts.len(),
            "me": self.users.contains(&viewer),
        })
    }
}

impl World {
    /// Puts an emoji under a message, as a super reaction if `burst` says so.
    pub(crate) fn react(
        &mut self,
        channel: u64,
        id: u64,
        user: u64,
        emoji: &Emoji,
        burst: bool,
    ) -> Result<(), Failure> {
        let kept = self.kept(channel, id)?;
        if kept.only_for.is_some_and(|only| only != user) {
            return Err(Failure::unknown(10008));
        }
        let already_there = kept
            .reactions
            .iter()
            .any(|reaction| reaction.emoji == *emoji);
        if user == self.bot {
            let mut bits = permission::READ_MESSAGE_HISTORY;
            if !already_there {
                bits |= permission::ADD_REACTIONS;
            }
            self.bot_may(channel, bits)?;
            if burst {
                return Err(Failure::new(403, 90002, "User cannot use burst reactions"));
            }
        }
        self.not_archived(channel)?;
        if !already_there {
            self.knows_emoji(channel, user, emoji)?;
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
                bursts: BTreeSet::new(),
            });
        }
        let place = place.unwrap_or(message.reactions.len() - 1);
        let Some(reaction) = message.reactions.get_mut(place) else {
            return Ok(());
        };
        let users = if burst {
            &mut reaction.bursts
        } else {
            &mut reaction.users
        };
        if !users.insert(user) {
            return Ok(());
        }
        let mut data = object(self.reaction_event(channel, id, emoji));
        data.set("user_id", user.to_string());
        data.set("burst", burst);
        data.set("type", u8::from(burst));
        if burst {
            data.set("burst_colors", burst_colors());
        }
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
        self.not_archived(channel)?;
        self.kept(channel, id)?;
        let message = self
            .kept_mut(channel, id)
            .ok_or_else(|| Failure::unknown(10008))?;
        let reaction = message
            .reactions
            .iter_mut()
            .find(|reaction| reaction.emoji == *emoji);
        // Discord knows the emojis of a message by what stands under it.
        let reaction = reaction.ok_or_else(|| Failure::unknown(10014))?;
        let removed = [
            (reaction.users.remove(&user), false),
            (reaction.bursts.remove(&user), true),
        ];
        message
            .reactions
            .retain(|reaction| !reaction.users.is_empty() || !reaction.bursts.is_empty());
        for (_, burst) in removed.into_iter().filter(|(removed, _)| *removed) {
            let mut data = object(self.reaction_event(channel, id, emoji));
            data.set("user_id", user.to_string());
            data.set("burst", burst);
            data.set("type", u8::from(burst));
            let guild = self.channel_guild(channel);
            self.emit("MESSAGE_REACTION_REMOVE", guild, Value::Object(data));
        }
        Ok(())
    }

    /// Takes away all reactions, or all of one emoji.
    pub(crate) fn clear_reactions(
        &mut self,
        channel: u64,
        id: u64,
        only: Option<&Emoji>,
    ) -> Result<(), Failure> {
        self.not_archived(channel)?;
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

    /// Refuses a custom emoji that no guild has, and one of another guild from who may not use it.
    fn knows_emoji(&self, channel: u64, user: u64, emoji: &Emoji) -> Result<(), Failure> {
        let Some(id) = emoji.id else { return Ok(()) };
        // An application may use its own emojis everywhere.
        if user == self.bot && self.application_emojis.contains_key(&id) {
            return Ok(());
        }
        let owner = self.guilds.iter().find_map(|(guild, room)| {
            let mut emojis = room.object.list("emojis").iter();
            emojis
                .any(|known| known.get("id").and_then(snowflake) == Some(id))
                .then_some(*guild)
        });
        let here = self.channel_guild(channel);
        let foreign =
            self.channel_permissions(channel, user) & permission::USE_EXTERNAL_EMOJIS != 0;
        match owner {
            Some(_) if owner == here || foreign => Ok(()),
            Some(_) => Err(Failure::missing_permissions()),
            None => Err(Failure::unknown(10014)),
        }
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

/// Discord takes them from the emoji; one colour is enough to see that they come.
fn burst_colors() -> Value {
    json!(["#f9d71c"])
}

/// Different emojis under one message.
const MAX_REACTIONS: usize = 20;
