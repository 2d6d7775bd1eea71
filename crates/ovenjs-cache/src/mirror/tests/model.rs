//! The mirror as anybody would write it: maps of whole JSON, and users found by looking at everybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};

use ovenjs_types::{
    Channel, Emoji, Guild, GuildScheduledEvent, Id, Member, Message, Presence, Role,
    SoundboardSound, StageInstance, Sticker, User, VoiceState,
    json::{self, Scratch},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::events::*;
use crate::{Change, Delta, mirror::Mirror};

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// By guild; 0 for private channels.
    places: BTreeMap<u64, Place>,
    users: BTreeMap<u64, Value>,
    bot: Option<Value>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    guild: Value,
    is_stale: bool,
    is_unavailable: bool,
    member_count: Option<u64>,
    channels: BTreeMap<u64, Value>,
    threads: BTreeMap<u64, Value>,
    roles: BTreeMap<u64, Value>,
    members: BTreeMap<u64, Value>,
    presences: BTreeMap<u64, Value>,
    voice_states: BTreeMap<u64, Value>,
    emojis: BTreeMap<u64, Value>,
    stickers: BTreeMap<u64, Value>,
    sounds: BTreeMap<u64, Value>,
    stages: BTreeMap<u64, Value>,
    scheduled_events: BTreeMap<u64, Value>,
    messages: BTreeMap<u64, BTreeMap<u64, Value>>,
}

impl World {
    pub(super) fn outdate(&mut self) {
        for (guild, place) in &mut self.places {
            place.is_stale = *guild != 0;
        }
    }

    pub(super) fn apply(&mut self, name: &str, payload: &Value) {
        self.places.entry(0).or_default();
        self.change(name, payload);
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
            ..Place::default()
        };
        let mut each = |list: &str, name: &str| {
            for object in payload[list].as_array().into_iter().flatten() {
                place.change(name, object, &mut self.users, None);
            }
        };
        each("channels", "CHANNEL_CREATE");
        each("threads", "THREAD_CREATE");
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
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" => {
                let (channel, id) = (number(&payload["channel_id"]), number(&payload["id"]));
                let message = place.message(guild, channel, id, &self.users)?;
                Some(Told::Message(Box::new(message)))
            }
            _ => None,
        }
    }

    pub(super) fn assert_mirrored_by(&self, mirror: &Mirror) {
        let guilds: Vec<_> = self
            .places
            .keys()
            .filter_map(|id| Id::new_checked(*id))
            .collect();
        assert_eq!(mirror.guild_ids(), guilds);
        assert_eq!(mirror.current_user(), self.bot.clone().map(typed::<User>));
        for user in USERS {
            assert_eq!(
                mirror.user(Id::new(user)),
                self.users.get(&user).cloned().map(typed)
            );
        }
        for channel in CHANNELS.chain(THREADS) {
            let known = mirror.channel(Id::new(channel));
            let places = self.places.iter();
            let mut expected = places.filter_map(|(guild, place)| place.channel(*guild, channel));
            // The same id in two guilds, which Discord has not, is found in one of them or none.
            if let Some(known) = &known {
                assert!(expected.any(|expected| expected == *known));
            }
        }
        for (guild, place) in &self.places {
            place.assert_mirrored_by(*guild, &self.users, mirror);
        }
        assert_eq!(mirror.stats().unread, 0);
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
                if name == "GUILD_MEMBER_ADD" {
                    self.member_count = self.member_count.map(|count| count + 1);
                }
                let user = number(&payload["user"]["id"]);
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
            }
            "GUILD_MEMBER_REMOVE" => {
                let user = number(&payload["user"]["id"]);
                self.member_count = self.member_count.map(|count| count.saturating_sub(1));
                self.members.remove(&user);
                self.presences.remove(&user);
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
            "VOICE_STATE_UPDATE" => {
                let is_there = !payload["channel_id"].is_null();
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
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" => {
                let channel = number(&payload["channel_id"]);
                let ring = self.messages.entry(channel).or_default();
                if name == "MESSAGE_CREATE" || ring.contains_key(&own) {
                    if let Some(author) = author(payload) {
                        users.insert(author, payload["author"].clone());
                    }
                    ring.insert(own, payload.clone());
                    if ring.len() > 3 {
                        ring.pop_first();
                    }
                }
            }
            "MESSAGE_DELETE" => {
                if let Some(ring) = self.messages.get_mut(&number(&payload["channel_id"])) {
                    ring.remove(&own);
                }
            }
            "MESSAGE_DELETE_BULK" => {
                let gone: Vec<u64> = payload["ids"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(number)
                    .collect();
                if let Some(ring) = self.messages.get_mut(&number(&payload["channel_id"])) {
                    ring.retain(|id, _| !gone.contains(id));
                }
            }
            other => panic!("{other}"),
        }
    }

    fn remove_channel(&mut self, id: u64) {
        if self.channels.remove(&id).is_some() {
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
        self.threads.remove(&id);
        self.messages.remove(&id);
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

    fn channel(&self, guild: u64, id: u64) -> Option<Channel> {
        let channel = self.channels.get(&id).or_else(|| self.threads.get(&id))?;
        Some(typed(with_guild(channel.clone(), guild)))
    }

    fn member(&self, guild: u64, user: u64, users: &BTreeMap<u64, Value>) -> Option<Member> {
        let mut member = with_guild(self.members.get(&user)?.clone(), guild);
        member["user"] = users[&user].clone();
        Some(typed(member))
    }

    fn message(
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

    fn assert_mirrored_by(&self, guild: u64, users: &BTreeMap<u64, Value>, mirror: &Mirror) {
        let place = Id::new_checked(guild);
        for channel in CHANNELS.chain(THREADS) {
            for id in MESSAGES {
                let known = mirror.message(place, Id::new(channel), Id::new(id));
                assert_eq!(known, self.message(guild, channel, id, users));
            }
        }
        let Some(id) = place else { return };
        let state = mirror.state(id).unwrap();
        assert_eq!(
            (state.is_stale, state.is_unavailable),
            (self.is_stale, self.is_unavailable)
        );
        let mut expected = with_list(self.guild.clone(), "roles", &self.roles);
        expected = with_list(expected, "emojis", &self.emojis);
        expected = with_list(expected, "stickers", &self.stickers);
        expected["unavailable"] = json!(self.is_unavailable);
        expected["member_count"] = json!(self.member_count);
        for elsewhere in [
            "members",
            "channels",
            "threads",
            "presences",
            "voice_states",
            "stage_instances",
            "guild_scheduled_events",
            "soundboard_sounds",
        ] {
            expected = without(expected, elsewhere);
        }
        let mut expected: Guild = typed(expected);
        expected
            .stickers
            .iter_mut()
            .for_each(|sticker| sticker.guild_id = Some(id));
        assert_eq!(mirror.guild(id), Some(expected));
        let known: Vec<_> = mirror.channels(id);
        let expected: Vec<_> = self
            .channels
            .keys()
            .chain(self.threads.keys())
            .filter_map(|id| self.channel(guild, *id))
            .collect();
        assert_eq!(known, expected);
        assert_eq!(
            mirror.members(id, None, 100),
            self.members
                .keys()
                .filter_map(|user| self.member(guild, *user, users))
                .collect::<Vec<_>>()
        );
        for user in USERS {
            let presence = self.presences.get(&user).map(|presence| {
                let mut presence = with_guild(presence.clone(), guild);
                presence["user"] = users
                    .get(&user)
                    .cloned()
                    .unwrap_or_else(|| json!({"id": user.to_string()}));
                typed::<Presence>(presence)
            });
            assert_eq!(mirror.presence(id, Id::new(user)), presence);
            assert_eq!(
                mirror.voice_state(id, Id::new(user)),
                self.voice_states
                    .get(&user)
                    .map(|state| typed::<VoiceState>(with_guild(state.clone(), guild)))
            );
        }
        assert_eq!(mirror.voice_states(id).len(), self.voice_states.len());
        for role in ROLES {
            assert_eq!(
                mirror.role(id, Id::new(role)),
                self.roles.get(&role).cloned().map(typed::<Role>)
            );
        }
        assert_eq!(
            mirror.emojis(id),
            self.emojis
                .values()
                .cloned()
                .map(typed::<Emoji>)
                .collect::<Vec<_>>()
        );
        assert_eq!(
            mirror.stickers(id),
            self.stickers
                .values()
                .map(|sticker| typed::<Sticker>(with_guild(sticker.clone(), guild)))
                .collect::<Vec<_>>()
        );
        assert_eq!(
            mirror.sounds(id),
            self.sounds
                .values()
                .map(|sound| typed::<SoundboardSound>(with_guild(sound.clone(), guild)))
                .collect::<Vec<_>>()
        );
        for other in OTHERS {
            assert_eq!(
                mirror.stage(id, Id::new(other)),
                self.stages.get(&other).cloned().map(typed::<StageInstance>)
            );
            assert_eq!(
                mirror.scheduled_event(id, Id::new(other)),
                self.scheduled_events
                    .get(&other)
                    .cloned()
                    .map(typed::<GuildScheduledEvent>)
            );
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Channel(Box<Channel>),
    Member(Box<Member>),
    Message(Box<Message>),
}

pub(super) fn assert_told(change: &Change, before: Option<Told>, after: Option<Told>) {
    fn both<T: Clone>(delta: &Delta<T>, told: fn(Box<T>) -> Told) -> (Option<Told>, Option<Told>) {
        let side =
            |side: &Option<Arc<T>>| side.as_deref().map(|value| told(Box::new(value.clone())));
        (side(&delta.before), side(&delta.after))
    }
    let told = match change {
        Change::Channel(delta) => both(delta, Told::Channel),
        Change::Member(delta) => both(delta, Told::Member),
        Change::Message(delta) => both(delta, Told::Message),
        _ => (None, None),
    };
    if before.is_some() || after.is_some() {
        assert_eq!(told, (before, after));
    }
}

fn typed<T: DeserializeOwned + Debug>(value: Value) -> T {
    let text = serde_json::to_vec(&value).unwrap();
    json::decode(&text, &mut Scratch::new()).unwrap()
}

pub(super) fn id(id: u64) -> Value {
    json!(id.to_string())
}

fn number(id: &Value) -> u64 {
    id.as_str().map_or(0, |id| id.parse().unwrap())
}

/// The user who wrote a message; nobody where it was a webhook.
fn author(message: &Value) -> Option<u64> {
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

fn with_guild(mut value: Value, guild: u64) -> Value {
    value["guild_id"] = if guild == 0 { Value::Null } else { id(guild) };
    value
}

fn with_list(mut value: Value, field: &str, list: &BTreeMap<u64, Value>) -> Value {
    value[field] = list.values().cloned().collect();
    value
}
