//! Webhooks: made, changed, deleted, spoken through.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::{
    Draft, World, component,
    message::{self, File},
    thread::Opening,
};

/// One webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) object: Object,
    /// A follower has none.
    pub(crate) token: Option<String>,
    pub(crate) channel: u64,
    pub(crate) guild: u64,
    /// The announcement channel whose crossposts it brings.
    pub(crate) follows: Option<u64>,
}

/// What is said through a webhook, and where.
#[derive(Debug)]
pub(crate) struct Saying {
    pub(crate) body: Object,
    pub(crate) files: Vec<File>,
    pub(crate) thread: Option<u64>,
    pub(crate) with_components: bool,
}

impl World {
    /// Makes an incoming webhook. One of the bot's own belongs to its application.
    pub(crate) fn make_webhook(
        &mut self,
        channel: u64,
        user: u64,
        name: &str,
        avatar: Option<&str>,
    ) -> Result<u64, Failure> {
        let guild = self.channel_for_webhooks(channel)?;
        check_name(name)?;
        let id = self.next_id();
        let token = self.webhook_token(id);
        let application = (user == self.bot).then(|| self.application_id().to_string());
        let webhook = object(json!({
            "id": id.to_string(),
            "type": 1,
            "guild_id": guild.to_string(),
            "channel_id": channel.to_string(),
            "name": name.trim(),
            "avatar": avatar.map(message::file_hash),
            "application_id": application,
            "user": self.user(user),
        }));
        self.webhooks.insert(
            id,
            Webhook {
                object: webhook,
                token: Some(token),
                channel,
                guild,
                follows: None,
            },
        );
        self.tell_webhooks(guild, channel);
        Ok(id)
    }

    /// Lets a channel get the crossposts of an announcement channel.
    pub(crate) fn follow(&mut self, source: u64, target: u64, user: u64) -> Result<u64, Failure> {
        let guild = self.channel_for_webhooks(target)?;
        let id = self.next_id();
        let room = self.channel(source)?;
        let source_guild = room.guild.and_then(|guild| self.guilds.get(&guild));
        let name = room.object.text("name").unwrap_or_default();
        let guild_name = source_guild.and_then(|guild| guild.object.text("name"));
        let webhook = object(json!({
            "id": id.to_string(),
            "type": 2,
            "guild_id": guild.to_string(),
            "channel_id": target.to_string(),
            "name": format!("{} #{name}", guild_name.unwrap_or_default()),
            "avatar": null,
            "application_id": null,
            "source_guild": {
                "id": room.guild.unwrap_or_default().to_string(),
                "name": guild_name.unwrap_or_default(),
                "icon": null,
            },
            "source_channel": { "id": source.to_string(), "name": name },
            "user": self.user(user),
        }));
        let content = webhook.text("name").unwrap_or_default().to_owned();
        self.webhooks.insert(
            id,
            Webhook {
                object: webhook,
                token: None,
                channel: target,
                guild,
                follows: Some(source),
            },
        );
        self.tell_webhooks(guild, target);
        let reference = json!({
            "type": 0,
            "channel_id": source.to_string(),
            "guild_id": self.channel_guild(source).unwrap_or_default().to_string(),
        });
        let fields = json!({ "content": content, "message_reference": reference });
        self.note(target, user, CHANNEL_FOLLOW_ADD, object(fields));
        Ok(id)
    }

    fn channel_for_webhooks(&self, channel: u64) -> Result<u64, Failure> {
        let room = self.channel(channel)?;
        let lawful = matches!(room.object.int("type"), Some(0 | 2 | 5 | 13 | 15 | 16));
        let Some(guild) = room.guild.filter(|_| lawful) else {
            let message = "Cannot execute action on this channel type";
            return Err(Failure::new(400, 50024, message));
        };
        let count = |wanted: &dyn Fn(&Webhook) -> bool| {
            self.webhooks.values().filter(|one| wanted(one)).count()
        };
        if count(&|one| one.channel == channel) >= MAX_PER_CHANNEL {
            let message = "Maximum number of webhooks reached (15)";
            return Err(Failure::new(400, 30007, message));
        }
        if count(&|one| one.guild == guild) >= MAX_PER_GUILD {
            let message = "Maximum number of webhooks per guild reached (1000)";
            return Err(Failure::new(400, 30058, message));
        }
        Ok(guild)
    }

    /// The webhook as REST shows it; who came by its token does not see who made it.
    pub(crate) fn webhook(&self, id: u64, by_token: bool) -> Result<Value, Failure> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Failure::unknown(10015))?;
        let mut shown = webhook.object.clone();
        if by_token {
            shown.remove("user");
        }
        if let Some(token) = &webhook.token {
            shown.set("token", token.clone());
            shown.set("url", format!("{}/api/webhooks/{id}/{token}", self.origin));
        }
        Ok(Value::Object(shown))
    }

    /// Refuses a webhook that is gone, and a token that is not its own.
    pub(crate) fn webhook_by_token(&self, id: u64, token: &str) -> Result<&Webhook, Failure> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Failure::unknown(10015))?;
        if webhook.token.as_deref() == Some(token) {
            Ok(webhook)
        } else {
            Err(Failure::new(401, 50027, "Invalid Webhook Token"))
        }
    }

    /// Changes name, avatar and channel, as far as they are named.
    pub(crate) fn change_webhook(&mut self, id: u64, body: &Object) -> Result<(), Failure> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Failure::unknown(10015))?;
        let (guild, from) = (webhook.guild, webhook.channel);
        let to = body.key("channel_id").unwrap_or(from);
        if to != from && self.channel_for_webhooks(to)? != guild {
            return Err(Failure::unknown(10003));
        }
        if let Some(name) = body.text("name") {
            check_name(name)?;
        }
        if let Some(webhook) = self.webhooks.get_mut(&id) {
            if let Some(name) = body.text("name") {
                webhook.object.set("name", name.trim());
            }
            if let Some(avatar) = body.get("avatar") {
                webhook
                    .object
                    .set("avatar", avatar.as_str().map(message::file_hash));
            }
            webhook.object.set("channel_id", to.to_string());
            webhook.channel = to;
        }
        for channel in [from, to].into_iter().take(if from == to { 1 } else { 2 }) {
            self.tell_webhooks(guild, channel);
        }
        Ok(())
    }

    pub(crate) fn delete_webhook(&mut self, id: u64) -> Result<Webhook, Failure> {
        let gone = self
            .webhooks
            .remove(&id)
            .ok_or_else(|| Failure::unknown(10015))?;
        self.tell_webhooks(gone.guild, gone.channel);
        Ok(gone)
    }

    /// The webhooks of channels that are gone go with them.
    pub(super) fn forget_webhooks(&mut self) {
        let channels = &self.channels;
        self.webhooks
            .retain(|_, webhook| channels.contains_key(&webhook.channel));
    }

    /// Says something through a webhook; gives channel and id of the message.
    pub(crate) fn execute(&mut self, id: u64, saying: Saying) -> Result<(u64, u64), Failure> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Failure::unknown(10015))?;
        let Saying {
            body,
            files,
            thread,
            with_components,
        } = saying;
        let channel = webhook.channel;
        let forum = self.channel(channel)?.is_forum();
        let name = body.text("thread_name").filter(|name| !name.is_empty());
        let name = name.map(str::to_owned);
        match (forum, thread, &name) {
            (true, None, None) => {
                let message =
                    "Webhooks posted to forum channels must have a thread_name or thread_id";
                return Err(Failure::new(400, 220_001, message));
            }
            (true, Some(_), Some(_)) => {
                let message = "Webhooks posted to forum channels cannot have both a thread_name and thread_id";
                return Err(Failure::new(400, 220_002, message));
            }
            (false, _, Some(_)) => {
                let message = "Webhooks can only create threads in forum channels";
                return Err(Failure::new(400, 220_003, message));
            }
            _ => {}
        }
        let stamp = self.webhook_stamp(webhook, &body)?;
        let body = self.without_foreign_components(id, body, with_components)?;
        if let Some(thread) = thread {
            let inside = self
                .channels
                .get(&thread)
                .and_then(|room| room.thread_parent());
            if inside != Some(channel) {
                return Err(Failure::unknown(10003));
            }
        }
        if let Some(name) = name {
            let mut fields = object(json!({ "name": name }));
            if let Some(tags) = body.get("applied_tags") {
                fields.set("applied_tags", tags.clone());
            }
            let opening = Opening {
                parent: channel,
                owner: id,
                message: None,
                body: fields,
            };
            let post = self.open_post(&opening, body, files, stamp)?;
            return Ok((post, post));
        }
        let channel = thread.unwrap_or(channel);
        let posted = self.post(Draft {
            author: id,
            channel,
            body,
            files,
            stamp,
            ..Draft::default()
        })?;
        Ok((channel, posted))
    }

    /// Channel and id of a message that this webhook wrote.
    pub(crate) fn webhook_message(
        &self,
        id: u64,
        thread: Option<u64>,
        message: u64,
    ) -> Result<(u64, u64), Failure> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Failure::unknown(10015))?;
        let channel = match thread {
            None => webhook.channel,
            Some(thread) => {
                let room = self.channel(thread)?;
                if room.thread_parent() != Some(webhook.channel) {
                    return Err(Failure::unknown(10003));
                }
                thread
            }
        };
        let own = self
            .kept(channel, message)
            .is_ok_and(|kept| kept.webhook() == Some(id));
        if own {
            Ok((channel, message))
        } else {
            Err(Failure::unknown(10008))
        }
    }

    /// Components of an edit through a webhook, as of an execution.
    pub(crate) fn edit_through_webhook(
        &mut self,
        id: u64,
        place: (u64, u64),
        body: Object,
        files: Vec<File>,
        with_components: bool,
    ) -> Result<(), Failure> {
        let body = self.without_foreign_components(id, body, with_components)?;
        self.edit(place.0, place.1, &body, files)
    }

    /// A webhook that belongs to no application shows components only where asked to, and only such
    /// as nobody can press: there would be nobody to answer.
    fn without_foreign_components(
        &self,
        id: u64,
        mut body: Object,
        with_components: bool,
    ) -> Result<Object, Failure> {
        let owned = self
            .webhooks
            .get(&id)
            .is_some_and(|webhook| webhook.object.key("application_id").is_some());
        if owned {
            return Ok(body);
        }
        if !with_components {
            body.remove("components");
            return Ok(body);
        }
        let mut interactive = false;
        component::walk(body.list("components"), &mut |part| {
            interactive |= part.text("custom_id").is_some();
        });
        if interactive {
            return Err(Failure::form(
                &["components"],
                "APPLICATION_WEBHOOK_REQUIRED",
                "Only webhooks owned by an application can send interactive components",
            ));
        }
        Ok(body)
    }

    fn webhook_stamp(&self, webhook: &Webhook, body: &Object) -> Result<Object, Failure> {
        let given = body.text("username").filter(|name| !name.trim().is_empty());
        if let Some(name) = given {
            check_name_at(name, "username")?;
        }
        let name = given
            .or_else(|| webhook.object.text("name"))
            .unwrap_or_default();
        let avatar = match body.text("avatar_url").filter(|url| !url.is_empty()) {
            Some(url) => json!(message::file_hash(url)),
            None => webhook.object.get("avatar").cloned().unwrap_or_default(),
        };
        let id = webhook.object.get("id").cloned().unwrap_or_default();
        let mut stamp = object(json!({
            "webhook_id": id,
            "author": {
                "id": id,
                "username": name,
                "global_name": null,
                "discriminator": "0000",
                "avatar": avatar,
                "bot": true,
                "flags": 0,
                "public_flags": 0,
                "primary_guild": null,
            },
        }));
        if let Some(application) = webhook.object.text("application_id") {
            stamp.set("application_id", application);
        }
        Ok(stamp)
    }

    /// Carries a crossposted message to the channels that follow.
    pub(crate) fn carry_on(&mut self, channel: u64, message: u64) {
        let followers: Vec<u64> = self
            .webhooks
            .iter()
            .filter(|(_, webhook)| webhook.follows == Some(channel))
            .map(|(id, _)| *id)
            .collect();
        let Ok(kept) = self.kept(channel, message) else {
            return;
        };
        let original = kept.object.clone();
        let guild = self.channel_guild(channel).unwrap_or_default().to_string();
        for id in followers {
            let Some(webhook) = self.webhooks.get(&id) else {
                continue;
            };
            let Ok(mut stamp) = self.webhook_stamp(webhook, &Object::new()) else {
                continue;
            };
            let target = webhook.channel;
            for key in ["content", "embeds", "attachments", "components"] {
                stamp.set(key, original.get(key).cloned().unwrap_or_default());
            }
            let flags = original.int("flags").unwrap_or(0) & !message::CROSSPOSTED;
            stamp.set("flags", flags | message::IS_CROSSPOST);
            stamp.set(
                "message_reference",
                json!({
                    "type": 0,
                    "channel_id": channel.to_string(),
                    "guild_id": guild,
                    "message_id": message.to_string(),
                }),
            );
            self.note(target, id, 0, stamp);
        }
    }

    fn webhook_token(&self, id: u64) -> String {
        let seed = message::file_hash(&format!("{id} {}", self.token));
        let more = message::file_hash(&seed);
        format!("mock-webhook-{seed}{more}")
    }

    fn tell_webhooks(&mut self, guild: u64, channel: u64) {
        let data = json!({ "guild_id": guild.to_string(), "channel_id": channel.to_string() });
        self.emit("WEBHOOKS_UPDATE", Some(guild), data);
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    check_name_at(name, "name")
}

/// Nobody may pass for Discord.
fn check_name_at(name: &str, field: &str) -> Result<(), Failure> {
    let lower = name.to_lowercase();
    let stranger = ["discord", "clyde", "```", "system message"]
        .into_iter()
        .find(|word| lower.contains(word));
    match stranger {
        Some(word) => Err(Failure::form(
            &[field],
            "USERNAME_INVALID_CONTAINS",
            &format!("Username cannot contain \"{word}\""),
        )),
        None if lower.trim().is_empty() => Err(Failure::form(
            &[field],
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 80 in length.",
        )),
        None => Ok(()),
    }
}

/// The type of the message about a channel that is followed from now on.
const CHANNEL_FOLLOW_ADD: u64 = 12;

const MAX_PER_CHANNEL: usize = 15;
const MAX_PER_GUILD: usize = 1000;
