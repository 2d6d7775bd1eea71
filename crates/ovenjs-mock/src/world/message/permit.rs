//! Who may say what where.

use serde_json::Value;

use crate::{
    failure::Failure,
    json::{Fields, Object, snowflake},
};

use super::super::permission;
use super::{IS_VOICE_MESSAGE, World, reference::FORWARD};

impl World {
    /// Refuses as Discord does when a user or bot may not write this message in a channel.
    pub(crate) fn may_say(
        &self,
        author: u64,
        channel: u64,
        body: &Object,
        has_files: bool,
    ) -> Result<(), Failure> {
        let room = self.channel(channel)?;
        match room.object.int("type") {
            Some(15 | 16) => {
                let message = "Cannot send messages in a forum channel";
                return Err(Failure::new(400, 40058, message));
            }
            Some(4 | 14) => {
                let message = "Cannot send messages in a non-text channel";
                return Err(Failure::new(400, 50008, message));
            }
            _ => {}
        }
        if room.guild.is_none() {
            return self.may_write_to(channel, author);
        }
        let has = self.channel_permissions(channel, author);
        if has & permission::VIEW_CHANNEL == 0 {
            return Err(Failure::missing_access());
        }
        if let Some(reference) = body.get("message_reference").and_then(Value::as_object) {
            self.may_refer(author, has, channel, reference)?;
        }
        let flags = body.int("flags").unwrap_or(0);
        if flags & IS_VOICE_MESSAGE != 0 && has & permission::SEND_VOICE_MESSAGES == 0 {
            let message = "You cannot send voice messages in this channel.";
            return Err(Failure::new(403, 50173, message));
        }
        let thread = room.thread_parent().is_some();
        let wanted = [
            (thread, permission::SEND_MESSAGES_IN_THREADS),
            (!thread, permission::SEND_MESSAGES),
            (has_files, permission::ATTACH_FILES),
            (!body.list("embeds").is_empty(), permission::EMBED_LINKS),
            (
                body.flag("tts") == Some(true),
                permission::SEND_TTS_MESSAGES,
            ),
            (
                body.get("poll").is_some_and(Value::is_object),
                permission::SEND_POLLS,
            ),
        ];
        let bits = wanted
            .iter()
            .filter(|(asked, _)| *asked)
            .fold(0, |bits, (_, bit)| bits | bit);
        if has & bits != bits {
            return Err(Failure::missing_permissions());
        }
        if self.is_locked(channel) && has & permission::MANAGE_THREADS == 0 {
            return Err(Failure::new(403, 160_005, "Thread is locked"));
        }
        self.may_use_stickers(has, room.guild, body)?;
        self.is_not_too_soon(author, has, channel)
    }

    fn may_refer(
        &self,
        author: u64,
        has: u64,
        channel: u64,
        reference: &Object,
    ) -> Result<(), Failure> {
        let source = reference.key("channel_id").unwrap_or(channel);
        if reference.int("type") == Some(FORWARD) {
            let there = self.channel_permissions(source, author);
            if there & permission::VIEW_CHANNEL == 0
                || there & permission::READ_MESSAGE_HISTORY == 0
            {
                return Err(Failure::missing_access());
            }
        } else if has & permission::READ_MESSAGE_HISTORY == 0 {
            let message = "Cannot reply without permission to read message history";
            return Err(Failure::new(403, 160_002, message));
        }
        Ok(())
    }

    /// Whether a bot's direct message would reach its user.
    fn may_write_to(&self, channel: u64, author: u64) -> Result<(), Failure> {
        let room = self.channel(channel)?;
        if author != self.bot || room.object.int("type") != Some(DIRECT) {
            return Ok(());
        }
        let recipients = room.object.list("recipients").iter();
        for user in recipients.filter_map(|user| user.get("id").and_then(snowflake)) {
            if self.closed_to_bot.contains(&user) {
                return Err(Failure::new(
                    403,
                    50007,
                    "Cannot send messages to this user",
                ));
            }
            let shared = self
                .guilds
                .values()
                .any(|guild| guild.members.contains_key(&user));
            if !shared {
                let message = "Cannot send messages to this user due to having no mutual guilds";
                return Err(Failure::new(403, 50278, message));
            }
        }
        Ok(())
    }

    fn may_use_stickers(&self, has: u64, guild: Option<u64>, body: &Object) -> Result<(), Failure> {
        for id in body.list("sticker_ids").iter().filter_map(snowflake) {
            // A standard sticker is nobody's, and so at home everywhere.
            let home = self.sticker(id).and_then(|sticker| sticker.key("guild_id"));
            let elsewhere = home.is_some_and(|home| Some(home) != guild);
            if elsewhere && has & permission::USE_EXTERNAL_STICKERS == 0 {
                let message = "You do not have permission to send this sticker.";
                return Err(Failure::new(403, 50600, message));
            }
        }
        Ok(())
    }

    /// Slow mode holds for people, not for bots nor for those who may pass by it.
    fn is_not_too_soon(&self, author: u64, has: u64, channel: u64) -> Result<(), Failure> {
        let room = self.channel(channel)?;
        let span = room.object.int("rate_limit_per_user").unwrap_or(0) * 1000;
        let is_bot = self
            .users
            .get(&author)
            .is_some_and(|user| user.flag("bot") == Some(true));
        if span == 0 || is_bot || has & permission::BYPASS_SLOWMODE != 0 {
            return Ok(());
        }
        match room.spoke.get(&author) {
            Some(last) if self.now_ms < last + span => Err(Failure::new(
                429,
                20016,
                "This action cannot be performed due to slowmode rate limit.",
            )),
            _ => Ok(()),
        }
    }

    /// Remembers that a user spoke, and takes it and those it named into the thread.
    pub(super) fn has_spoken(&mut self, channel: u64, author: u64, named: &[u64]) {
        let now = self.now_ms;
        if let Some(room) = self.channels.get_mut(&channel)
            && room.object.int("rate_limit_per_user").unwrap_or(0) != 0
        {
            room.spoke.insert(author, now);
        }
        let people: Vec<u64> = std::iter::once(author)
            .chain(named.iter().copied())
            .collect();
        self.draw_in(channel, &people);
    }
}

/// The type of a channel between two.
const DIRECT: u64 = 1;
