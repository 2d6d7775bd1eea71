//! Interactions: begun by a user, answered by the bot once, followed up for a quarter of an hour.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time::millis,
};

use super::{
    World, component,
    message::{Draft, File, LOADING},
    modal,
    named::Resolved,
};

/// One interaction and what has become of it.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) id: u64,
    pub(crate) token: String,
    pub(crate) kind: u64,
    pub(crate) user: u64,
    pub(crate) channel: u64,
    guild: Option<u64>,
    created_ms: u64,
    /// The command's name, for the metadata of the answer.
    name: Option<String>,
    /// The message whose component was pressed.
    pub(super) source: Option<u64>,
    /// The interaction whose modal this one submits.
    opened_by: Option<u64>,
    pub(crate) response: Option<Response>,
    /// What `@original` means.
    pub(crate) original: Option<u64>,
    only_for_user: bool,
    pub(crate) followups: Vec<u64>,
    /// Why the bot will not respond any more, as far as the box knows.
    pub(crate) failed: Option<String>,
    /// Whether something has been shown since the response, for those who wait for it.
    shown: bool,
}

/// The one initial response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Response {
    Pong,
    Message,
    Deferred,
    DeferredUpdate,
    Update,
    Choices(Vec<Value>),
    Modal(Object),
    /// The activity of this instance is launched.
    Activity(String),
}

/// What the user sees of an interaction, once there is something to see.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Shown(u64),
    Modal,
    Choices,
    Activity,
}

/// What a user does.
#[derive(Debug)]
pub(crate) struct Deed {
    pub(crate) kind: u64,
    pub(crate) user: u64,
    pub(crate) channel: u64,
    pub(crate) data: Object,
    pub(crate) name: Option<String>,
    pub(crate) source: Option<u64>,
    pub(crate) opened_by: Option<u64>,
}

pub(crate) const APPLICATION_COMMAND: u64 = 2;
pub(crate) const MESSAGE_COMPONENT: u64 = 3;
pub(crate) const AUTOCOMPLETE: u64 = 4;
pub(crate) const MODAL_SUBMIT: u64 = 5;

impl World {
    /// Begins an interaction and tells the bot.
    pub(crate) fn begin(&mut self, deed: Deed) -> u64 {
        let id = self.next_id();
        let guild = self.channel_guild(deed.channel);
        let token = format!(
            "mock-interaction-token-{id}-{:0>48}",
            format!("{:x}", id ^ self.bot)
        );
        let entitlements = self.entitlements_for(deed.user, guild);
        let skus: Vec<Value> = entitlements
            .iter()
            .filter_map(|one| one.get("sku_id").cloned())
            .collect();
        let mut event = object(json!({
            "id": id.to_string(),
            "application_id": self.application_id().to_string(),
            "type": deed.kind,
            "token": token,
            "version": 1,
            "locale": "en-US",
            "channel_id": deed.channel.to_string(),
            "channel": self.partial_channel(deed.channel, deed.user),
            "app_permissions": self.channel_permissions(deed.channel, self.bot).to_string(),
            "entitlements": entitlements,
            "entitlement_sku_ids": skus,
            "authorizing_integration_owners": owners(guild),
            "context": if guild.is_some() { 0 } else { 1 },
            "attachment_size_limit": 10_485_760,
            "data": Value::Object(deed.data),
        }));
        match guild {
            Some(guild) => {
                event.set("guild_id", guild.to_string());
                event.set("guild_locale", "en-US");
                event.set(
                    "guild",
                    json!({ "id": guild.to_string(), "locale": "en-US", "features": [] }),
                );
                let mut member = object(self.member(guild, deed.user).unwrap_or_default());
                let bits = self.channel_permissions(deed.channel, deed.user);
                member.set("permissions", bits.to_string());
                event.set("member", Value::Object(member));
            }
            None => event.set("user", self.user(deed.user)),
        }
        if let Some(source) = deed.source {
            event.set(
                "message",
                self.message(deed.channel, source).unwrap_or_default(),
            );
        }
        self.interactions.insert(
            id,
            Interaction {
                id,
                token,
                kind: deed.kind,
                user: deed.user,
                channel: deed.channel,
                guild,
                created_ms: self.now_ms,
                name: deed.name,
                source: deed.source,
                opened_by: deed.opened_by,
                response: None,
                original: None,
                only_for_user: false,
                followups: Vec::new(),
                failed: None,
                shown: false,
            },
        );
        while self.interactions.len() > MAX_KEPT_INTERACTIONS {
            self.interactions.pop_first();
        }
        self.emit("INTERACTION_CREATE", guild, Value::Object(event));
        id
    }

    /// The bot's initial response; gives what `with_response` shows.
    pub(crate) fn respond(
        &mut self,
        id: u64,
        token: &str,
        body: &Object,
        files: Vec<File>,
        deadline: Duration,
    ) -> Result<Value, Failure> {
        let interaction = self
            .interactions
            .get(&id)
            .filter(|interaction| interaction.token == token)
            .ok_or_else(|| Failure::unknown(10062))?;
        if interaction.response.is_some() {
            return Err(Failure::already_acknowledged());
        }
        let is_late = self.now_ms.saturating_sub(interaction.created_ms) > millis(deadline);
        if is_late || interaction.failed.is_some() {
            return Err(Failure::unknown(10062));
        }
        let kind = body.int("type").unwrap_or_default();
        let from_message = interaction.source.is_some();
        let lawful = match (interaction.kind, kind) {
            (AUTOCOMPLETE, answer) => answer == 8,
            (_, 4 | 5) => true,
            // A modal that a command opened has no message to change, yet poise and others close it so.
            (MESSAGE_COMPONENT | MODAL_SUBMIT, 6) | (MESSAGE_COMPONENT, 7) => true,
            (MODAL_SUBMIT, 7) => from_message,
            (APPLICATION_COMMAND | MESSAGE_COMPONENT, 9) => true,
            (APPLICATION_COMMAND | MESSAGE_COMPONENT | MODAL_SUBMIT, LAUNCH_ACTIVITY) => true,
            _ => false,
        };
        if !lawful {
            return Err(Failure::form(
                &["type"],
                "INTERACTION_CALLBACK_TYPE_INVALID",
                "This callback type cannot answer this type of interaction",
            ));
        }
        let (channel, source) = (interaction.channel, interaction.source);
        let data = body
            .get("data")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let only_for_user = data.int("flags").unwrap_or(0) & (1 << 6) != 0;
        let (response, original) = match kind {
            4 | 5 => {
                let draft = self.answer(id, data, files, only_for_user, kind == 5);
                let posted = self.post(draft).map_err(|failure| failure.under("data"))?;
                let response = if kind == 4 {
                    Response::Message
                } else {
                    Response::Deferred
                };
                (response, Some(posted))
            }
            6 => (Response::DeferredUpdate, source),
            7 => {
                let source = source.ok_or_else(|| Failure::unknown(10008))?;
                self.edit(channel, source, &data, files)
                    .map_err(|failure| failure.under("data"))?;
                (Response::Update, Some(source))
            }
            8 => (Response::Choices(data.list("choices").to_vec()), None),
            9 => (Response::Modal(modal::check(data)?), None),
            LAUNCH_ACTIVITY => (Response::Activity(self.launch_activity(id)), None),
            _ => (Response::Pong, None),
        };
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.response = Some(response);
            interaction.original = original;
            interaction.only_for_user = only_for_user;
        }
        Ok(self.callback_resource(id, kind))
    }

    /// Ends an interaction that has no response and gets none: the user reads that the application
    /// did not respond. Gives whether it was still open.
    pub(crate) fn fail(&mut self, id: u64, why: &str) -> bool {
        let open = self.interactions.get_mut(&id);
        let open = open.filter(|known| known.response.is_none() && known.failed.is_none());
        open.map(|known| known.failed = Some(why.to_owned()))
            .is_some()
    }

    /// A message after the initial response.
    pub(crate) fn follow_up(
        &mut self,
        token: &str,
        body: Object,
        files: Vec<File>,
    ) -> Result<Value, Failure> {
        let interaction = self.open(token)?;
        let (id, channel) = (interaction.id, interaction.channel);
        let original = interaction.original;
        let deferred = interaction.response == Some(Response::Deferred);
        let waiting = original.filter(|message| deferred && self.is_loading(channel, *message));
        let posted = if let Some(loading) = waiting {
            // The first follow-up to a deferred answer fills the waiting message.
            self.edit(channel, loading, &body, files)?;
            loading
        } else {
            let only_for_user = body.int("flags").unwrap_or(0) & (1 << 6) != 0;
            let draft = self.answer(id, body, files, only_for_user, false);
            let posted = self.post(draft)?;
            if let Some(interaction) = self.interactions.get_mut(&id) {
                interaction.followups.push(posted);
            }
            posted
        };
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.shown = true;
        }
        self.message(channel, posted)
    }

    /// Channel and id of a message that belongs to the interaction of this token; `None` means
    /// `@original`.
    pub(crate) fn answered_message(
        &self,
        token: &str,
        message: Option<u64>,
    ) -> Result<(u64, u64), Failure> {
        let interaction = self.open(token)?;
        let id = match message {
            None => interaction
                .original
                .ok_or_else(|| Failure::unknown(10008))?,
            Some(id) if interaction.original == Some(id) || interaction.followups.contains(&id) => {
                id
            }
            Some(_) => return Err(Failure::unknown(10008)),
        };
        Ok((interaction.channel, id))
    }

    pub(crate) fn edit_answer(
        &mut self,
        token: &str,
        message: Option<u64>,
        body: &Object,
        files: Vec<File>,
    ) -> Result<Value, Failure> {
        let (channel, id) = self.answered_message(token, message)?;
        self.edit(channel, id, body, files)?;
        let interaction = self
            .interactions
            .values_mut()
            .find(|other| other.token == token);
        if let Some(interaction) = interaction {
            interaction.shown = true;
        }
        self.message(channel, id)
    }

    /// What the user sees by now.
    pub(crate) fn outcome(&self, id: u64) -> Option<Outcome> {
        let interaction = self.interactions.get(&id)?;
        match interaction.response.as_ref()? {
            Response::Pong => None,
            Response::Message | Response::Update => interaction.original.map(Outcome::Shown),
            Response::Deferred => {
                let original = interaction.original?;
                let filled = !self.is_loading(interaction.channel, original);
                filled.then_some(Outcome::Shown(original))
            }
            Response::DeferredUpdate => {
                let last = |interaction: &Interaction| {
                    let last = interaction.followups.last().copied();
                    let last = last.or(interaction.original)?;
                    interaction.shown.then_some(Outcome::Shown(last))
                };
                // After a modal without a message of its own, the bot goes on with what opened it.
                last(interaction).or_else(|| {
                    let opener = interaction
                        .opened_by
                        .filter(|_| interaction.source.is_none());
                    last(self.interactions.get(&opener?)?)
                })
            }
            Response::Modal(_) => Some(Outcome::Modal),
            Response::Choices(_) => Some(Outcome::Choices),
            Response::Activity(_) => Some(Outcome::Activity),
        }
    }

    /// Begins the press of a button or the choice in a select.
    pub(crate) fn press(
        &mut self,
        user: u64,
        channel: u64,
        message: u64,
        custom_id: &str,
        values: &[String],
    ) -> Result<u64, String> {
        let kept = self
            .kept(channel, message)
            .map_err(|_| "no such message".to_owned())?;
        if kept.only_for.is_some_and(|only| only != user) {
            return Err("the message is shown to another user only".to_owned());
        }
        let components = kept.object.list("components");
        let pressed = component::with_custom_id(components, custom_id).ok_or_else(|| {
            let mut ids = Vec::new();
            component::walk(components, &mut |c| {
                ids.extend(c.text("custom_id").map(str::to_owned))
            });
            format!(
                "no component {custom_id} in the message: there is {}",
                ids.join(", ")
            )
        })?;
        if pressed.flag("disabled") == Some(true) {
            return Err(format!("the component {custom_id} is disabled"));
        }
        let kind = pressed.int("type").unwrap_or(BUTTON);
        let mut data = object(json!({
            "component_type": kind,
            "custom_id": custom_id,
            "id": pressed.int("id").unwrap_or_default(),
        }));
        if kind != BUTTON {
            let words: Vec<&str> = values.iter().map(String::as_str).collect();
            let mut resolved = Resolved::default();
            let guild = self.channel_guild(channel);
            let values = self.choose(guild, pressed, Some(&words), &mut resolved)?;
            data.set("values", values);
            resolved.write(&mut data);
        }
        Ok(self.begin(Deed {
            kind: MESSAGE_COMPONENT,
            user,
            channel,
            data,
            name: None,
            source: Some(message),
            opened_by: None,
        }))
    }

    pub(crate) fn partial_channel(&self, id: u64, viewer: u64) -> Value {
        let Some(room) = self.channels.get(&id) else {
            return Value::Null;
        };
        let mut channel = room.object.clone();
        channel.remove("permission_overwrites");
        channel.set(
            "permissions",
            self.channel_permissions(id, viewer).to_string(),
        );
        Value::Object(channel)
    }

    /// Launches the application's activity where a user asked for it.
    fn launch_activity(&mut self, interaction: u64) -> String {
        let Some(asked) = self.interactions.get(&interaction) else {
            return String::new();
        };
        let (user, channel, guild) = (asked.user, asked.channel, asked.guild);
        let launch = self.next_id();
        let (kind, place) = match guild {
            Some(guild) => ("gc", format!("gc-{guild}-{channel}")),
            None => ("pc", format!("pc-{channel}")),
        };
        let mut location =
            object(json!({ "id": place, "kind": kind, "channel_id": channel.to_string() }));
        if let Some(guild) = guild {
            location.set("guild_id", guild.to_string());
        }
        let instance = format!("i-{launch}-{place}");
        let activity = object(json!({
            "application_id": self.application_id().to_string(),
            "instance_id": instance,
            "launch_id": launch.to_string(),
            "location": location,
            "users": [user.to_string()],
        }));
        self.activities.insert(instance.clone(), activity);
        while self.activities.len() > MAX_KEPT_ACTIVITIES {
            self.activities.pop_first();
        }
        instance
    }

    fn is_loading(&self, channel: u64, message: u64) -> bool {
        self.kept(channel, message)
            .is_ok_and(|kept| kept.object.int("flags").unwrap_or(0) & LOADING != 0)
    }

    /// The interaction of a token that can still be followed up.
    fn open(&self, token: &str) -> Result<&Interaction, Failure> {
        let interaction = self
            .interactions
            .values()
            .find(|interaction| interaction.token == token)
            .ok_or_else(|| Failure::new(401, 50027, "Invalid Webhook Token"))?;
        if self.now_ms.saturating_sub(interaction.created_ms) > TOKEN_LIFE_MS {
            return Err(Failure::new(401, 50027, "Invalid Webhook Token"));
        }
        if interaction.response.is_none() {
            return Err(Failure::unknown(10015));
        }
        Ok(interaction)
    }

    fn answer(
        &self,
        id: u64,
        body: Object,
        files: Vec<File>,
        only_for_user: bool,
        loading: bool,
    ) -> Draft {
        let Some(interaction) = self.interactions.get(&id) else {
            return Draft::default();
        };
        let application = self.application_id().to_string();
        let mut stamp = object(json!({
            "application_id": application,
            "webhook_id": application,
            "interaction_metadata": self.metadata(interaction),
        }));
        if let (APPLICATION_COMMAND, Some(name)) = (interaction.kind, &interaction.name) {
            stamp.set("type", 20);
            stamp.set(
                "interaction",
                json!({
                    "id": id.to_string(),
                    "type": APPLICATION_COMMAND,
                    "name": name,
                    "user": self.user(interaction.user),
                }),
            );
        }
        Draft {
            author: self.bot,
            channel: interaction.channel,
            body,
            files,
            stamp,
            only_for: only_for_user.then_some(interaction.user),
            loading,
            ..Draft::default()
        }
    }

    fn metadata(&self, interaction: &Interaction) -> Value {
        let mut metadata = object(json!({
            "id": interaction.id.to_string(),
            "type": interaction.kind,
            "user": self.user(interaction.user),
            "authorizing_integration_owners": owners(interaction.guild),
        }));
        match interaction.kind {
            APPLICATION_COMMAND => {
                if let Some(name) = &interaction.name {
                    metadata.set("name", name.clone());
                }
            }
            MESSAGE_COMPONENT => {
                let source = interaction.source.map(|source| source.to_string());
                metadata.set("interacted_message_id", source);
            }
            MODAL_SUBMIT => {
                let opener = interaction
                    .opened_by
                    .and_then(|id| self.interactions.get(&id));
                if let Some(opener) = opener {
                    metadata.set("triggering_interaction_metadata", self.metadata(opener));
                }
            }
            _ => {}
        }
        Value::Object(metadata)
    }

    fn callback_resource(&self, id: u64, kind: u64) -> Value {
        let Some(interaction) = self.interactions.get(&id) else {
            return Value::Null;
        };
        let mut about = object(json!({ "id": id.to_string(), "type": interaction.kind }));
        // A deferred answer has created a message as well, and the description knows no other shape
        // for one than that of type 4.
        let mut resource = object(json!({ "type": if kind == 5 { 4 } else { kind } }));
        if let Some(message) = interaction.original.filter(|_| matches!(kind, 4 | 5 | 7)) {
            about.set("response_message_id", message.to_string());
            about.set(
                "response_message_loading",
                self.is_loading(interaction.channel, message),
            );
            about.set("response_message_ephemeral", interaction.only_for_user);
            resource.set(
                "message",
                self.message(interaction.channel, message)
                    .unwrap_or_default(),
            );
        }
        about.set("channel_id", interaction.channel.to_string());
        if let Some(guild) = interaction.guild {
            about.set("guild_id", guild.to_string());
        }
        if let Some(Response::Activity(instance)) = &interaction.response {
            about.set("activity_instance_id", instance.clone());
            resource.set("activity_instance", json!({ "id": instance }));
        }
        let mut shown = object(json!({ "interaction": about }));
        if matches!(kind, 4 | 5 | 7 | LAUNCH_ACTIVITY) {
            shown.set("resource", Value::Object(resource));
        }
        Value::Object(shown)
    }
}

fn owners(guild: Option<u64>) -> Value {
    json!({ "0": guild.map_or_else(|| "0".to_owned(), |guild| guild.to_string()) })
}

/// The type of a button.
const BUTTON: u64 = 2;

/// A token works for a quarter of an hour after the interaction.
const TOKEN_LIFE_MS: u64 = 15 * 60 * 1000;

/// The response that launches the application's activity.
const LAUNCH_ACTIVITY: u64 = 12;

/// The oldest activities are over beyond this.
const MAX_KEPT_ACTIVITIES: usize = 1000;

/// The oldest interactions are forgotten beyond this; their tokens are dead long before.
const MAX_KEPT_INTERACTIONS: usize = 10_000;
