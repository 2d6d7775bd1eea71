//! Lobbies: players of a game together, with a chat of their own.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::{World, due::Due, message::Draft};

/// A lobby and who is in it.
#[derive(Debug)]
pub(crate) struct Lobby {
    metadata: Value,
    flags: u64,
    webhook: Value,
    pub(crate) members: BTreeMap<u64, Object>,
    messages: VecDeque<Object>,
    pub(crate) linked: Option<u64>,
    /// What clients know that come by themselves.
    secret: Option<String>,
    idle_ms: u64,
}

impl World {
    /// Opens a lobby as a form describes it.
    pub(crate) fn open_lobby(&mut self, asked: &Object, secret: Option<&str>) -> u64 {
        let id = self.next_id();
        let lobby = Lobby {
            metadata: Value::Null,
            flags: 0,
            webhook: Value::Null,
            members: BTreeMap::new(),
            messages: VecDeque::new(),
            linked: None,
            secret: secret.map(str::to_owned),
            idle_ms: USUAL_IDLE_MS,
        };
        self.lobbies.insert(id, lobby);
        while self.lobbies.len() > MAX_KEPT {
            self.lobbies.pop_first();
        }
        self.change_lobby(id, asked);
        self.rest_or_wake(id);
        id
    }

    /// The lobby whose secret that is.
    pub(crate) fn lobby_of_secret(&self, secret: &str) -> Option<u64> {
        let mut lobbies = self.lobbies.iter();
        let found = lobbies.find(|(_, lobby)| lobby.secret.as_deref() == Some(secret));
        found.map(|(id, _)| *id)
    }

    /// Changes what a form names of a lobby; a list of members replaces those who are in it.
    pub(crate) fn change_lobby(&mut self, id: u64, asked: &Object) {
        let Some(lobby) = self.lobbies.get_mut(&id) else {
            return;
        };
        if let Some(metadata) = asked.get("metadata") {
            lobby.metadata = metadata.clone();
        }
        if asked.contains_key("flags") {
            lobby.flags = asked.int("flags").unwrap_or(0);
        }
        if let Some(url) = asked.get("override_event_webhooks_url") {
            lobby.webhook = url.clone();
        }
        if asked.contains_key("idle_timeout_seconds") {
            let seconds = asked.int("idle_timeout_seconds");
            lobby.idle_ms = seconds.map_or(USUAL_IDLE_MS, |seconds| seconds * 1000);
        }
        if asked.get("members").is_some_and(Value::is_array) {
            lobby.members.clear();
            for member in asked.list("members").iter().filter_map(Value::as_object) {
                self.enter_lobby(id, member.key("id").unwrap_or_default(), member);
            }
        }
        self.rest_or_wake(id);
    }

    /// Takes a user into a lobby, or changes what a form names of a member.
    pub(crate) fn enter_lobby(&mut self, id: u64, user: u64, asked: &Object) -> Value {
        let Some(lobby) = self.lobbies.get_mut(&id) else {
            return Value::Null;
        };
        let member = lobby.members.entry(user).or_insert_with(|| {
            object(json!({ "id": user.to_string(), "metadata": null, "flags": 0 }))
        });
        if let Some(metadata) = asked.get("metadata") {
            member.set("metadata", metadata.clone());
        }
        if asked.contains_key("flags") {
            member.set("flags", asked.int("flags").unwrap_or(0));
        }
        match asked.get("additional_name") {
            Some(Value::Null) => drop(member.remove("additional_name")),
            Some(name) => member.set("additional_name", name.clone()),
            None => {}
        }
        let shown = Value::Object(member.clone());
        self.rest_or_wake(id);
        shown
    }

    /// A user leaves a lobby; nothing happens where it is not in it.
    pub(crate) fn leave_lobby(&mut self, id: u64, user: u64) {
        if let Some(lobby) = self.lobbies.get_mut(&id) {
            lobby.members.remove(&user);
        }
        self.rest_or_wake(id);
    }

    /// A lobby in which nobody is ends after a while.
    fn rest_or_wake(&mut self, id: u64) {
        let Some(lobby) = self.lobbies.get(&id) else {
            return;
        };
        if lobby.members.is_empty() {
            self.schedule(self.now_ms.saturating_add(lobby.idle_ms), Due::Lobby(id));
        } else {
            self.unschedule(Due::Lobby(id));
        }
    }

    pub(crate) fn close_lobby(&mut self, id: u64) {
        self.lobbies.remove(&id);
        self.unschedule(Due::Lobby(id));
    }

    pub(crate) fn lobby(&self, id: u64) -> Result<&Lobby, Failure> {
        self.lobbies.get(&id).ok_or_else(|| Failure::unknown(10031))
    }

    /// The lobby as REST shows it.
    pub(crate) fn shown_lobby(&self, id: u64) -> Result<Value, Failure> {
        let lobby = self.lobby(id)?;
        let members: Value = lobby.members.values().cloned().map(Value::Object).collect();
        let mut shown = object(json!({
            "id": id.to_string(),
            "application_id": self.application_id().to_string(),
            "metadata": lobby.metadata,
            "members": members,
            "flags": lobby.flags,
        }));
        if let Some(channel) = lobby.linked.and_then(|channel| self.channels.get(&channel)) {
            shown.set("linked_channel", Value::Object(channel.object.clone()));
        }
        if !lobby.webhook.is_null() {
            shown.set("override_event_webhooks_url", lobby.webhook.clone());
        }
        Ok(Value::Object(shown))
    }

    /// Links a lobby's chat with a channel, or ends the link.
    pub(crate) fn link_lobby(&mut self, id: u64, channel: Option<u64>) {
        if let Some(lobby) = self.lobbies.get_mut(&id) {
            lobby.linked = channel;
        }
    }

    /// A member says something in the lobby's chat, which is heard in the linked channel, too.
    pub(crate) fn say_in_lobby(
        &mut self,
        id: u64,
        user: u64,
        asked: &Object,
    ) -> Result<Value, Failure> {
        let message = self.next_id();
        let author = self.user(user);
        let application = self.application_id().to_string();
        if let Some(channel) = self.lobby(id)?.linked {
            let content = asked.text("content").unwrap_or_default();
            self.post(Draft {
                author: user,
                channel,
                body: object(json!({ "content": content })),
                stamp: object(json!({ "application_id": application })),
                id: Some(message),
                ..Draft::default()
            })?;
        }
        let Some(lobby) = self.lobbies.get_mut(&id) else {
            return Err(Failure::unknown(10031));
        };
        let mut said = object(json!({
            "id": message.to_string(),
            "type": 0,
            "content": asked.text("content").unwrap_or_default(),
            "lobby_id": id.to_string(),
            "channel_id": lobby.linked.unwrap_or(id).to_string(),
            "author": author,
            "flags": asked.int("flags").unwrap_or(0),
            "application_id": application,
        }));
        let name = lobby
            .members
            .get(&user)
            .and_then(|member| member.get("additional_name"));
        if let Some(name) = name {
            said.set("lobby_member", json!({ "additional_name": name }));
        }
        if let Some(metadata) = asked
            .get("metadata")
            .filter(|metadata| metadata.is_object())
        {
            said.set("metadata", metadata.clone());
        }
        lobby.messages.push_back(said.clone());
        while lobby.messages.len() > MAX_KEPT_MESSAGES {
            lobby.messages.pop_front();
        }
        let said = Value::Object(said);
        // No session hears of it, an application with webhook events does.
        self.emit("LOBBY_MESSAGE_CREATE", None, said.clone());
        Ok(said)
    }

    /// What was said in a lobby last, newest first.
    pub(crate) fn lobby_messages(&self, id: u64, limit: usize) -> Result<Value, Failure> {
        let messages = self.lobby(id)?.messages.iter().rev().take(limit);
        Ok(messages.cloned().map(Value::Object).collect())
    }

    /// Notes what a game's own moderation says of a message.
    pub(crate) fn moderate_lobby(
        &mut self,
        id: u64,
        message: u64,
        metadata: Value,
    ) -> Result<(), Failure> {
        let lobby = self.lobbies.get_mut(&id);
        let lobby = lobby.ok_or_else(|| Failure::unknown(10031))?;
        let mut messages = lobby.messages.iter_mut();
        let said = messages.find(|said| said.key("id") == Some(message));
        let said = said.ok_or_else(|| Failure::unknown(10008))?;
        said.set("moderation_metadata", metadata);
        Ok(())
    }
}

/// How long an empty lobby stays unless its form says otherwise: five minutes.
const USUAL_IDLE_MS: u64 = 300_000;

/// The oldest lobbies end beyond this many.
const MAX_KEPT: usize = 10_000;

/// A lobby's oldest messages are forgotten beyond the most that can be asked for.
const MAX_KEPT_MESSAGES: usize = 200;
