//! The mirror as anybody would write it: maps of whole JSON, and users found by looking at everybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use ovenjs_types::{
    Channel, Member, Message,
    json::{self, Scratch},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::compare::Told;
use crate::{
    mirror::Keep,
    packed::{Unwanted, shapes::*},
};

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// By guild; 0 for private channels.
    pub(super) places: BTreeMap<u64, Place>,
    pub(super) users: BTreeMap<u64, Value>,
    pub(super) bot: Option<Value>,
    keep: Keep,
    unwanted: Unwanted,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) guild: Value,
    pub(super) is_stale: bool,
    pub(super) is_unavailable: bool,
    pub(super) member_count: Option<u64>,
    pub(super) channels: BTreeMap<u64, Value>,
    pub(super) threads: BTreeMap<u64, Value>,
    pub(super) roles: BTreeMap<u64, Value>,
    pub(super) members: BTreeMap<u64, Value>,
    pub(super) presences: BTreeMap<u64, Value>,
    pub(super) voice_states: BTreeMap<u64, Value>,
    pub(super) emojis: BTreeMap<u64, Value>,
    pub(super) stickers: BTreeMap<u64, Value>,
    pub(super) sounds: BTreeMap<u64, Value>,
    pub(super) stages: BTreeMap<u64, Value>,
    pub(super) scheduled_events: BTreeMap<u64, Value>,
    pub(super) messages: BTreeMap<u64, BTreeMap<u64, Value>>,
    pub(super) invites: BTreeMap<String, Value>,
    pub(super) keep: Keep,
}

impl World {
    /// One that keeps as much as a mirror that keeps this.
    pub(super) fn that_keeps(keep: &Keep) -> Self {
        let (keep, unwanted) = (keep.clone(), keep.unwanted());
        Self {
            keep,
            unwanted,
            ..Self::default()
        }
    }

    pub(super) fn outdate(&mut self) {
        for (guild, place) in &mut self.places {
            place.is_stale = *guild != 0;
        }
    }

    pub(super) fn apply(&mut self, name: &str, payload: &Value) {
        let keep = &self.keep;
        self.places.entry(0).or_insert_with(|| Place {
            keep: keep.clone(),
            ..Place::default()
        });
        self.change(name, &self.wanted(name, payload));
        self.places.values_mut().for_each(Place::note_last_messages);
        self.forget_unknown_users();
    }

    /// What would have come if what is not kept did not exist.
    fn wanted(&self, name: &str, payload: &Value) -> Value {
        let mut payload = payload.clone();
        let mut within = |list: &str, shape| {
            for value in payload[list].as_array_mut().into_iter().flatten() {
                *value = self.unwanted.taken_from(shape, value.take());
            }
        };
        within("threads", &CHANNEL);
        within("members", &MEMBER);
        within("presences", &PRESENCE);
        let shape = match name {
            "READY" => {
                payload["user"] = self.unwanted.taken_from(&USER, payload["user"].take());
                return payload;
            }
            "USER_UPDATE" => &USER,
            "GUILD_CREATE" | "GUILD_UPDATE" => &GUILD,
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => &CHANNEL,
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" => &MEMBER,
            "PRESENCE_UPDATE" => &PRESENCE,
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" => &MESSAGE,
            "VOICE_STATE_UPDATE" => &VOICE_STATE,
            "MESSAGE_REACTION_ADD" => &FEEDBACK,
            "TYPING_START" | "INTERACTION_CREATE" => &GLIMPSE,
            "INVITE_CREATE" => &INVITE,
            _ => return payload,
        };
        self.unwanted.taken_from(shape, payload)
    }

    pub(super) fn forget_unknown_users(&mut self) {
        let mut known = BTreeSet::new();
        for place in self.places.values() {
            known.extend(place.members.keys().copied());
            let messages = place.messages.values().flat_map(BTreeMap::values);
            known.extend(messages.filter_map(author));
        }
        self.users.retain(|user, _| known.contains(user));
    }

    fn change(&mut self, name: &str, payload: &Value) {
        let own = number(&payload["id"]);
        match name {
            "READY" => {
                let listed = all(&payload["guilds"]);
                self.places
                    .retain(|guild, _| *guild == 0 || listed.contains_key(guild));
                self.bot = Some(payload["user"].clone());
            }
            "USER_UPDATE" => self.bot = Some(payload.clone()),
            "GUILD_CREATE" if payload["unavailable"] != true => self.create(own, payload),
            "GUILD_CREATE" | "GUILD_DELETE" if payload["unavailable"] == true => {
                if let Some(place) = self.places.get_mut(&own) {
                    place.is_unavailable = true;
                }
            }
            "GUILD_DELETE" => drop(self.places.remove(&own)),
            "GUILD_UPDATE" => {
                if let Some(place) = self.places.get_mut(&own) {
                    let former = std::mem::replace(&mut place.guild, payload.clone());
                    for only_with_create in ["joined_at", "large"] {
                        place.guild[only_with_create] = former[only_with_create].clone();
                        if place.guild[only_with_create].is_null() {
                            place.guild = without(place.guild.take(), only_with_create);
                        }
                    }
                    // An empty list says nothing, as in a table that leaves it out.
                    let roles = all(&payload["roles"]);
                    if !roles.is_empty() {
                        let gone: Vec<_> = place
                            .roles
                            .keys()
                            .copied()
                            .filter(|role| !roles.contains_key(role))
                            .collect();
                        gone.iter().for_each(|role| place.remove_role(*role));
                        place.roles = roles;
                    }
                }
            }
            _ => {
                let guild = number(&payload["guild_id"]);
                let Some(place) = self.places.get_mut(&guild) else {
                    return;
                };
                let users = &mut self.users;
                let bot = self.bot.as_ref().map(|bot| number(&bot["id"]));
                place.change(name, payload, users, bot);
            }
        }
    }

    fn create(&mut self, guild: u64, payload: &Value) {
        let mut place = Place {
            guild: payload.clone(),
            member_count: payload["member_count"].as_u64(),
            roles: all(&payload["roles"]),
            emojis: all(&payload["emojis"]),
            stickers: all(&payload["stickers"]),
            sounds: all(&payload["soundboard_sounds"]),
            stages: all(&payload["stage_instances"]),
            keep: self.keep.clone(),
            ..Place::default()
        };
        let mut each = |list: &str, name: &str| {
            for object in payload[list].as_array().into_iter().flatten() {
                place.change(name, object, &mut self.users, None);
            }
        };
        each("channels", "CHANNEL_CREATE");
        each("threads", "THREAD_UPDATE");
        each("members", "GUILD_MEMBER_UPDATE");
        each("presences", "PRESENCE_UPDATE");
        each("voice_states", "VOICE_STATE_UPDATE");
        each("guild_scheduled_events", "GUILD_SCHEDULED_EVENT_CREATE");
        self.places.insert(guild, place);
    }

    /// What an event of these kinds is about, as it is known.
    pub(super) fn told(&self, name: &str, payload: &Value) -> Option<Told> {
        let guild = number(&payload["guild_id"]);
        let place = self.places.get(&guild)?;
        match name {
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE" | "THREAD_UPDATE" => {
                let channel = place.channel(guild, number(&payload["id"]))?;
                Some(Told::Channel(Box::new(channel)))
            }
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_REMOVE" => {
                let member = place.member(guild, number(&payload["user"]["id"]), &self.users)?;
                Some(Told::Member(Box::new(member)))
            }
            "MESSAGE_CREATE"
            | "MESSAGE_UPDATE"
            | "MESSAGE_DELETE"
            | "MESSAGE_REACTION_ADD"
            | "MESSAGE_POLL_VOTE_ADD" => {
                let id = match &payload["message_id"] {
                    Value::Null => &payload["id"],
                    id => id,
                };
                let (channel, id) = (number(&payload["channel_id"]), number(id));
                let message = place.message(guild, channel, id, &self.users)?;
                Some(Told::Message(Box::new(message)))
            }
            _ => None,
        }
    }
}

impl Place {
    fn change(
        &mut self,
        name: &str,
        payload: &Value,
        users: &mut BTreeMap<u64, Value>,
        bot: Option<u64>,
    ) {
        let own = number(&payload["id"]);
        match name {
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" => drop(self.channels.insert(own, payload.clone())),
            "THREAD_CREATE" | "THREAD_UPDATE" => {
                let mut thread = payload.clone();
                let parent = self.channels.get_mut(&number(&thread["parent_id"]));
                if name == "THREAD_CREATE"
                    && let Some(forum) = parent.filter(|parent| parent["type"] == 15)
                    && number(&forum["last_message_id"]) < own
                {
                    forum["last_message_id"] = id(own);
                }
                if thread["thread_metadata"]["archived"] == true {
                    return self.remove_channel(own);
                }
                if let Some(former) = self.threads.get(&own)
                    && thread["member"].is_null()
                    && !former["member"].is_null()
                {
                    thread["member"] = former["member"].clone();
                }
                self.threads.insert(own, thread);
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => self.remove_channel(own),
            "THREAD_LIST_SYNC" => {
                let channels: Vec<u64> = payload["channel_ids"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(number)
                    .collect();
                let listed = all(&payload["threads"]);
                let is_gone = |id: &u64, thread: &Value| {
                    (channels.is_empty() || channels.contains(&number(&thread["parent_id"])))
                        && !listed.contains_key(id)
                };
                let gone: Vec<u64> = self
                    .threads
                    .iter()
                    .filter(|(id, thread)| is_gone(id, thread))
                    .map(|(id, _)| *id)
                    .collect();
                gone.into_iter().for_each(|id| self.remove_channel(id));
                for thread in payload["threads"].as_array().into_iter().flatten() {
                    self.change("THREAD_UPDATE", thread, users, bot);
                }
                for member in payload["members"].as_array().into_iter().flatten() {
                    self.change("THREAD_MEMBER_UPDATE", member, users, bot);
                }
            }
            "THREAD_MEMBER_UPDATE" => {
                if let Some(thread) = self.threads.get_mut(&own) {
                    let member = without(without(payload.clone(), "id"), "user_id");
                    thread["member"] = without(member, "guild_id");
                }
            }
            "THREAD_MEMBERS_UPDATE" => {
                if let Some(thread) = self.threads.get_mut(&own) {
                    thread["member_count"] = payload["member_count"].clone();
                    if payload["removed_member_ids"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(number)
                        .any(|user| Some(user) == bot)
                    {
                        *thread = without(thread.take(), "member");
                    }
                }
            }
            "CHANNEL_PINS_UPDATE" => {
                let channel = number(&payload["channel_id"]);
                for map in [&mut self.channels, &mut self.threads] {
                    if let Some(channel) = map.get_mut(&channel) {
                        channel["last_pin_timestamp"] = payload["last_pin_timestamp"].clone();
                    }
                }
            }
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
                self.roles
                    .insert(number(&payload["role"]["id"]), payload["role"].clone());
            }
            "GUILD_ROLE_DELETE" => self.remove_role(number(&payload["role_id"])),
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" => {
                let comes = name == "GUILD_MEMBER_ADD";
                let are_all_known = comes && self.are_all_known();
                let user = number(&payload["user"]["id"]);
                let is_known = self.members.contains_key(&user);
                if !is_known && self.members.len() >= self.most_members() {
                    return if comes {
                        self.count(false, 1)
                    };
                }
                users.insert(user, payload["user"].clone());
                let mut member = payload.clone();
                let roles: BTreeSet<u64> = payload["roles"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(number)
                    .collect();
                member["roles"] = roles.into_iter().map(id).collect();
                if let Some(former) = self.members.get(&user)
                    && member["joined_at"].is_null()
                {
                    member["joined_at"] = former["joined_at"].clone();
                }
                self.members.insert(user, member);
                if comes {
                    self.count(are_all_known, 1);
                }
            }
            "GUILD_MEMBER_REMOVE" => {
                let user = number(&payload["user"]["id"]);
                let are_all_known = self.are_all_known();
                self.members.remove(&user);
                self.presences.remove(&user);
                self.count(are_all_known, -1);
            }
            "GUILD_MEMBERS_CHUNK" => {
                for member in payload["members"].as_array().into_iter().flatten() {
                    self.change("GUILD_MEMBER_UPDATE", member, users, bot);
                }
                for presence in payload["presences"].as_array().into_iter().flatten() {
                    self.change("PRESENCE_UPDATE", presence, users, bot);
                }
            }
            "PRESENCE_UPDATE" => {
                let is_online = payload["status"]
                    .as_str()
                    .is_some_and(|status| status != "offline");
                set(
                    &mut self.presences,
                    number(&payload["user"]["id"]),
                    is_online.then_some(payload),
                );
            }
            "TYPING_START" | "INTERACTION_CREATE" => {
                self.see(payload, users, bot);
            }
            "INVITE_CREATE" => {
                let code = payload["code"].as_str().unwrap().to_owned();
                self.invites.insert(code, payload.clone());
            }
            "INVITE_DELETE" => drop(self.invites.remove(payload["code"].as_str().unwrap())),
            "VOICE_STATE_UPDATE" => {
                let user = number(&payload["user_id"]);
                if !payload["channel_id"].is_null() || self.members.contains_key(&user) {
                    self.see(payload, users, bot);
                }
                let is_there = !payload["channel_id"].is_null();
                let payload = &without(payload.clone(), "member");
                set(
                    &mut self.voice_states,
                    number(&payload["user_id"]),
                    is_there.then_some(payload),
                );
            }
            "GUILD_EMOJIS_UPDATE" => self.emojis = all(&payload["emojis"]),
            "GUILD_STICKERS_UPDATE" => self.stickers = all(&payload["stickers"]),
            "SOUNDBOARD_SOUNDS" => self.sounds = all(&payload["soundboard_sounds"]),
            "GUILD_SOUNDBOARD_SOUNDS_UPDATE" => {
                self.sounds.extend(all(&payload["soundboard_sounds"]))
            }
            "GUILD_SOUNDBOARD_SOUND_CREATE" | "GUILD_SOUNDBOARD_SOUND_UPDATE" => {
                self.sounds
                    .insert(number(&payload["sound_id"]), payload.clone());
            }
            "GUILD_SOUNDBOARD_SOUND_DELETE" => {
                drop(self.sounds.remove(&number(&payload["sound_id"])))
            }
            "STAGE_INSTANCE_CREATE" | "STAGE_INSTANCE_UPDATE" => {
                drop(self.stages.insert(own, payload.clone()))
            }
            "STAGE_INSTANCE_DELETE" => drop(self.stages.remove(&own)),
            "GUILD_SCHEDULED_EVENT_CREATE" | "GUILD_SCHEDULED_EVENT_UPDATE" => {
                let is_over = matches!(payload["status"].as_u64(), Some(3 | 4));
                set(
                    &mut self.scheduled_events,
                    own,
                    (!is_over).then_some(payload),
                );
            }
            "GUILD_SCHEDULED_EVENT_DELETE" => drop(self.scheduled_events.remove(&own)),
            name if name.starts_with("MESSAGE_") => self.change_messages(name, payload, users, bot),
            other => panic!("{other}"),
        }
    }

    /// Somebody shows themselves, who is a member, unless all of those are known.
    pub(super) fn see(
        &mut self,
        event: &Value,
        users: &mut BTreeMap<u64, Value>,
        bot: Option<u64>,
    ) {
        let member = &event["member"];
        let user = number(&member["user"]["id"]);
        let is_gone = self.known() >= self.member_count && !self.members.contains_key(&user);
        // Of private channels there is no guild.
        if self.keep.seen_members && !self.guild.is_null() && member.is_object() && !is_gone {
            self.change("GUILD_MEMBER_UPDATE", member, users, bot);
        }
    }

    fn known(&self) -> Option<u64> {
        u64::try_from(self.members.len()).ok()
    }

    fn are_all_known(&self) -> bool {
        self.members.len() < self.most_members() && self.known() >= self.member_count
    }

    fn most_members(&self) -> usize {
        self.keep.members_per_guild.unwrap_or(usize::MAX)
    }

    /// Somebody has come or gone. Where all are known, they are counted.
    fn count(&mut self, were_all_known: bool, change: i64) {
        self.member_count = self.member_count.and_then(|count| match were_all_known {
            true => self.known(),
            false => Some(count.saturating_add_signed(change)),
        });
    }

    fn remove_channel(&mut self, id: u64) {
        if self.threads.remove(&id).is_none() {
            self.channels.remove(&id);
            let theirs: Vec<u64> = self
                .threads
                .iter()
                .filter(|(_, thread)| number(&thread["parent_id"]) == id)
                .map(|(id, _)| *id)
                .collect();
            theirs
                .into_iter()
                .for_each(|thread| self.remove_channel(thread));
        }
        self.messages.remove(&id);
        self.invites
            .retain(|_, invite| number(&invite["channel_id"]) != id);
    }

    fn remove_role(&mut self, role: u64) {
        self.roles.remove(&role);
        for member in self.members.values_mut() {
            member["roles"]
                .as_array_mut()
                .unwrap()
                .retain(|held| number(held) != role);
        }
    }

    pub(super) fn channel(&self, guild: u64, id: u64) -> Option<Channel> {
        let channel = self.channels.get(&id).or_else(|| self.threads.get(&id))?;
        Some(typed(with_guild(channel.clone(), guild)))
    }

    pub(super) fn member(
        &self,
        guild: u64,
        user: u64,
        users: &BTreeMap<u64, Value>,
    ) -> Option<Member> {
        let mut member = with_guild(self.members.get(&user)?.clone(), guild);
        member["user"] = users[&user].clone();
        Some(typed(member))
    }

    pub(super) fn message(
        &self,
        guild: u64,
        channel: u64,
        id: u64,
        users: &BTreeMap<u64, Value>,
    ) -> Option<Message> {
        let mut message = with_guild(self.messages.get(&channel)?.get(&id)?.clone(), guild);
        if let Some(author) = author(&message) {
            message["author"] = users[&author].clone();
        }
        Some(typed(message))
    }
}

pub(super) fn typed<T: DeserializeOwned + Debug>(value: Value) -> T {
    let text = serde_json::to_vec(&value).unwrap();
    json::decode(&text, &mut Scratch::new()).unwrap()
}

pub(super) fn id(id: u64) -> Value {
    json!(id.to_string())
}

pub(super) fn number(id: &Value) -> u64 {
    id.as_str().map_or(0, |id| id.parse().unwrap())
}

/// The user who wrote a message; nobody where it was a webhook.
pub(super) fn author(message: &Value) -> Option<u64> {
    message["webhook_id"]
        .is_null()
        .then(|| number(&message["author"]["id"]))
}

fn all(list: &Value) -> BTreeMap<u64, Value> {
    let key = |value: &Value| {
        number(if value["sound_id"].is_null() {
            &value["id"]
        } else {
            &value["sound_id"]
        })
    };
    list.as_array()
        .into_iter()
        .flatten()
        .map(|value| (key(value), value.clone()))
        .collect()
}

fn set(map: &mut BTreeMap<u64, Value>, id: u64, value: Option<&Value>) {
    match value {
        Some(value) => map.insert(id, value.clone()),
        None => map.remove(&id),
    };
}

pub(super) fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().unwrap().remove(field);
    value
}

pub(super) fn with_guild(mut value: Value, guild: u64) -> Value {
    value["guild_id"] = if guild == 0 { Value::Null } else { id(guild) };
    value
}

pub(super) fn with_list(mut value: Value, field: &str, list: &BTreeMap<u64, Value>) -> Value {
    value[field] = list.values().cloned().collect();
    value
}
