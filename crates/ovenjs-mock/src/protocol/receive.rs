//! What a client may say, and how it is answered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    faults::Faults,
    json::{Fields, Object, snowflake},
    world::World,
};

use super::{
    Gateway, Payload, Traffic, close,
    intents::{GUILD_MEMBERS, GUILD_PRESENCES, GUILDS},
    invalid_session,
    session::Session,
};

/// A reason to close the connection.
type Refusal = (u16, &'static str);

impl Gateway {
    pub(super) fn receive(
        &mut self,
        now: Instant,
        id: u64,
        bytes: &[u8],
        world: &World,
        faults: &mut Faults,
    ) {
        if let Err((code, reason)) = self.obey(now, id, bytes, world, faults) {
            if code == close::INVALID_SEQ {
                // Docs: after 4007 a client begins anew.
                let session = self.connections.get_mut(&id).and_then(|c| c.session.take());
                self.part(now, session, true);
            }
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.close(code, reason);
            }
        }
    }

    fn obey(
        &mut self,
        now: Instant,
        id: u64,
        bytes: &[u8],
        world: &World,
        faults: &mut Faults,
    ) -> Result<(), Refusal> {
        let limit = self.rules.sends;
        let Some(connection) = self.connections.get_mut(&id) else {
            return Ok(());
        };
        if connection.closing {
            return Ok(());
        }
        if !connection.may_send(now, limit) {
            return Err((close::RATE_LIMITED, "You are being rate limited."));
        }
        if bytes.len() > MAX_PAYLOAD {
            return Err((close::DECODE, "Payload is larger than 4096 bytes."));
        }
        let payload: Object = serde_json::from_slice(bytes)
            .map_err(|_| (close::DECODE, "Error while decoding payload."))?;
        let op = payload
            .int("op")
            .ok_or((close::DECODE, "Error while decoding payload."))?;
        let data = payload.get("d").cloned().unwrap_or_default();
        let known = connection.session.clone();
        if op != IDENTIFY && op != RESUME {
            // Identify and resume carry the token, which no log shows.
            self.traffic.push(Traffic::Received {
                connection: id,
                op,
                data: data.clone(),
            });
        }
        match op {
            HEARTBEAT => {
                connection.last_heartbeat = now;
                if !faults.withhold_acks {
                    connection.control(&json!({ "t": null, "s": null, "op": 11, "d": null }));
                }
                Ok(())
            }
            IDENTIFY | RESUME if known.is_some() => {
                Err((close::ALREADY_AUTHENTICATED, "Already authenticated."))
            }
            IDENTIFY => self.identify(now, id, &crate::json::object(data), world, faults),
            RESUME => self.resume(id, &crate::json::object(data), world, faults),
            _ if !KNOWN.contains(&op) => Err((close::UNKNOWN_OPCODE, "Unknown opcode.")),
            _ => {
                let session = known.ok_or((close::NOT_AUTHENTICATED, "Not authenticated."))?;
                let data = crate::json::object(data);
                match op {
                    PRESENCE_UPDATE => check_presence(&data),
                    REQUEST_GUILD_MEMBERS => self.members(now, &session, &data, world),
                    REQUEST_SOUNDBOARD_SOUNDS => {
                        for guild in data.list("guild_ids").iter().filter_map(snowflake) {
                            let event =
                                json!({ "guild_id": guild.to_string(), "soundboard_sounds": [] });
                            self.send(&session, "SOUNDBOARD_SOUNDS", event);
                        }
                        Ok(())
                    }
                    REQUEST_CHANNEL_INFO => {
                        let guild = data.key("guild_id").unwrap_or_default();
                        let event = json!({ "guild_id": guild.to_string(), "channels": [] });
                        self.send(&session, "CHANNEL_INFO", event);
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    fn identify(
        &mut self,
        now: Instant,
        id: u64,
        data: &Object,
        world: &World,
        faults: &mut Faults,
    ) -> Result<(), Refusal> {
        let malformed = (close::DECODE, "Error while decoding payload.");
        let token = data.text("token").ok_or(malformed)?;
        if data
            .get("properties")
            .is_none_or(|properties| !properties.is_object())
        {
            return Err(malformed);
        }
        let intents = data
            .int("intents")
            .ok_or((close::INVALID_INTENTS, "Invalid intent(s)."))?;
        if !is_token(token, world) || self.starts_left == 0 {
            return Err((close::AUTHENTICATION_FAILED, "Authentication failed."));
        }
        if !self.intents.are_known(intents) {
            return Err((close::INVALID_INTENTS, "Invalid intent(s)."));
        }
        if intents & self.rules.disallowed_intents != 0 {
            return Err((close::DISALLOWED_INTENTS, "Disallowed intent(s)."));
        }
        let shard = match data.get("shard") {
            None | Some(Value::Null) => (0, 1),
            Some(shard) => read_shard(shard).ok_or((close::INVALID_SHARD, "Invalid shard."))?,
        };
        let place = shard.0 % self.rules.max_concurrency;
        let interval = self.rules.identify_interval;
        let too_soon = self
            .identified
            .get(&place)
            .is_some_and(|last| now.saturating_duration_since(*last) < interval);
        let refused = faults.refuse_identifies > 0;
        faults.refuse_identifies = faults.refuse_identifies.saturating_sub(1);
        let session = session_name(self.rules.seed, id);
        let Some(connection) = self.connections.get_mut(&id) else {
            return Ok(());
        };
        if refused || too_soon {
            connection.control(&invalid_session(false));
            return Ok(());
        }
        connection.packets = data.flag("compress") == Some(true);
        connection.session = Some(session.clone());
        self.identified.insert(place, now);
        self.starts_left -= 1;
        self.sessions
            .insert(session.clone(), Session::new(shard, intents, id));
        self.traffic.push(Traffic::Ready {
            connection: id,
            shard,
        });
        self.welcome(&session, shard, intents, world);
        Ok(())
    }

    /// READY, then the guilds of the shard.
    fn welcome(&mut self, session: &str, shard: (u32, u32), intents: u64, world: &World) {
        let Some(known) = self.sessions.get(session) else {
            return;
        };
        let guilds: Vec<u64> = world
            .guilds
            .keys()
            .copied()
            .filter(|guild| known.carries(Some(*guild)))
            .collect();
        let unavailable: Vec<Value> = guilds
            .iter()
            .map(|guild| json!({ "id": guild.to_string(), "unavailable": true }))
            .collect();
        let ready = json!({
            "v": 10,
            "user": world.me(),
            "user_settings": {},
            "session_type": "normal",
            "session_id": session,
            "resume_gateway_url": world.origin.replacen("http", "ws", 1),
            "relationships": [],
            "private_channels": [],
            "presences": [],
            "guilds": unavailable,
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "application": {
                "id": world.application_id().to_string(),
                "flags": world.application.get("flags").cloned().unwrap_or_default(),
            },
            "shard": [shard.0, shard.1],
            "_trace": ["ovenjs-mock"],
        });
        self.send(session, "READY", ready);
        if intents & GUILDS == 0 {
            return;
        }
        for guild in guilds {
            let all_members = intents & GUILD_PRESENCES != 0;
            if let Some(event) = world.guild_create(guild, all_members) {
                self.send(session, "GUILD_CREATE", event);
            }
        }
    }

    fn resume(
        &mut self,
        id: u64,
        data: &Object,
        world: &World,
        faults: &mut Faults,
    ) -> Result<(), Refusal> {
        let malformed = (close::DECODE, "Error while decoding payload.");
        let token = data.text("token").ok_or(malformed)?;
        let name = data.text("session_id").ok_or(malformed)?;
        let seq = data.int("seq").ok_or(malformed)?;
        if !is_token(token, world) {
            return Err((close::AUTHENTICATION_FAILED, "Authentication failed."));
        }
        let refused = faults.refuse_resumes > 0;
        faults.refuse_resumes = faults.refuse_resumes.saturating_sub(1);
        let missed = self
            .sessions
            .get(name)
            .map(|session| (session.seq, session.after(seq)));
        if missed.as_ref().is_some_and(|(last, _)| seq > *last) {
            self.sessions.remove(name);
            return Err((close::INVALID_SEQ, "Invalid seq."));
        }
        let missed = missed.and_then(|(_, missed)| missed).filter(|_| !refused);
        let (Some(missed), Some(session)) = (missed, self.sessions.get_mut(name)) else {
            self.sessions.remove(name);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.control(&invalid_session(false));
            }
            return Ok(());
        };
        let superseded = session.connection.replace(id).filter(|old| *old != id);
        session.alone_since = None;
        let resumed = session.resumed();
        self.traffic.push(Traffic::Resumed {
            connection: id,
            replayed: missed.len(),
        });
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.session = Some(name.to_owned());
            for payload in missed {
                connection.push(Payload::Event(payload));
            }
            // Faults count what carries an event, or a connection dropped after one event would
            // never get beyond RESUMED.
            connection.push(Payload::Control(resumed));
        }
        if let Some(old) = superseded.and_then(|old| self.connections.get_mut(&old)) {
            old.session = None;
            old.close(close::UNKNOWN, "The session was resumed elsewhere.");
        }
        Ok(())
    }

    fn members(
        &mut self,
        now: Instant,
        session: &str,
        data: &Object,
        world: &World,
    ) -> Result<(), Refusal> {
        let malformed = (close::DECODE, "Error while decoding payload.");
        let guild = match data.get("guild_id") {
            Some(Value::Array(one)) => one.first().and_then(snowflake),
            Some(one) => snowflake(one),
            None => None,
        };
        let guild = guild.ok_or(malformed)?;
        let Some(room) = world.guilds.get(&guild) else {
            return Ok(());
        };
        let intents = self
            .sessions
            .get(session)
            .map_or(0, |session| session.intents);
        let asked: Option<Vec<u64>> = match data.get("user_ids") {
            Some(Value::Array(ids)) => Some(ids.iter().filter_map(snowflake).collect()),
            Some(Value::Null) | None => None,
            Some(one) => Some(snowflake(one).into_iter().collect()),
        };
        let query = data.text("query");
        let limit = data
            .int("limit")
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(0);
        let nonce = data.text("nonce").filter(|nonce| nonce.len() <= MAX_NONCE);
        let found: Vec<u64> = match (&asked, query) {
            (Some(ids), _) => ids
                .iter()
                .copied()
                .filter(|id| room.members.contains_key(id))
                .take(MAX_ASKED)
                .collect(),
            (None, Some("")) if limit == 0 => {
                if intents & GUILD_MEMBERS == 0 {
                    // Discord says nothing, and clients wait in vain; the box at least writes it down.
                    self.warnings.push(
                        "all members of a guild were asked for without the GUILD_MEMBERS intent, \
                         which Discord does not answer"
                            .to_owned(),
                    );
                    return Ok(());
                }
                let last = self.members_asked.get(&guild);
                let waited = last.map(|last| now.saturating_duration_since(*last));
                if let Some(left) = waited.and_then(|waited| ALL_MEMBERS_EVERY.checked_sub(waited))
                    && !left.is_zero()
                {
                    let mut meta = crate::json::object(json!({ "guild_id": guild.to_string() }));
                    if let Some(nonce) = nonce {
                        meta.set("nonce", nonce);
                    }
                    let event = json!({
                        "opcode": REQUEST_GUILD_MEMBERS,
                        "retry_after": left.as_secs_f64(),
                        "meta": meta,
                    });
                    self.send(session, "RATE_LIMITED", event);
                    return Ok(());
                }
                self.members_asked.insert(guild, now);
                room.members.keys().copied().collect()
            }
            (None, Some(query)) => {
                let query = query.to_lowercase();
                let most = if limit == 0 {
                    MAX_ASKED
                } else {
                    limit.min(MAX_ASKED)
                };
                let starts = |id: &u64| {
                    let user = world.users.get(id);
                    let nick = room.members.get(id).and_then(|member| member.text("nick"));
                    let name = user.and_then(|user| user.text("username"));
                    [nick, name]
                        .into_iter()
                        .flatten()
                        .any(|n| n.to_lowercase().starts_with(&query))
                };
                room.members
                    .keys()
                    .copied()
                    .filter(starts)
                    .take(most)
                    .collect()
            }
            (None, None) => return Err(malformed),
        };
        let missing: Vec<String> = asked
            .iter()
            .flatten()
            .filter(|id| !room.members.contains_key(id))
            .map(u64::to_string)
            .collect();
        let members: Vec<Value> = found
            .into_iter()
            .filter_map(|user| world.member(guild, user))
            .collect();
        let chunks: Vec<&[Value]> = if members.is_empty() {
            vec![&[]]
        } else {
            members.chunks(CHUNK).collect()
        };
        let count = chunks.len();
        for (index, chunk) in chunks.into_iter().enumerate() {
            let mut event = crate::json::object(json!({
                "guild_id": guild.to_string(),
                "members": chunk,
                "chunk_index": index,
                "chunk_count": count,
            }));
            if !missing.is_empty() {
                event.set("not_found", missing.clone());
            }
            if data.flag("presences") == Some(true) {
                event.set("presences", json!([]));
            }
            if let Some(nonce) = nonce {
                event.set("nonce", nonce);
            }
            self.send(session, "GUILD_MEMBERS_CHUNK", Value::Object(event));
        }
        Ok(())
    }

    /// Sends an event to one session only.
    fn send(&mut self, session: &str, name: &'static str, data: Value) {
        let limit = self.rules.replay_limit;
        let Some(known) = self.sessions.get_mut(session) else {
            return;
        };
        let payload = known.number(name, &data.to_string(), limit);
        let (seq, connection) = (known.seq, known.connection);
        if let Some(id) = connection
            && let Some(connection) = self.connections.get_mut(&id)
        {
            connection.push(Payload::Event(payload));
            self.traffic.push(Traffic::Sent {
                connection: id,
                event: name.to_owned(),
                seq,
            });
        }
        self.own_events.push((name, data));
    }
}

fn is_token(token: &str, world: &World) -> bool {
    token.strip_prefix("Bot ").unwrap_or(token) == world.token
}

fn read_shard(shard: &Value) -> Option<(u32, u32)> {
    let [id, count] = shard.as_array()?.as_slice() else {
        return None;
    };
    let id = u32::try_from(id.as_u64()?).ok()?;
    let count = u32::try_from(count.as_u64()?).ok()?;
    (id < count).then_some((id, count))
}

fn check_presence(data: &Object) -> Result<(), Refusal> {
    let lawful = matches!(
        data.text("status"),
        Some("online" | "dnd" | "idle" | "invisible" | "offline")
    ) && data
        .get("activities")
        .is_none_or(|a| a.is_array() || a.is_null());
    if lawful {
        Ok(())
    } else {
        Err((close::DECODE, "Error while decoding payload."))
    }
}

/// A name that nobody guesses by accident and the same script finds again.
fn session_name(seed: u64, connection: u64) -> String {
    let mut state = seed ^ connection.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    format!("{:016x}{:016x}", word(), word())
}

const HEARTBEAT: u64 = 1;
const IDENTIFY: u64 = 2;
const PRESENCE_UPDATE: u64 = 3;
const VOICE_STATE_UPDATE: u64 = 4;
const RESUME: u64 = 6;
const REQUEST_GUILD_MEMBERS: u64 = 8;
const REQUEST_SOUNDBOARD_SOUNDS: u64 = 31;
const REQUEST_CHANNEL_INFO: u64 = 43;
const KNOWN: [u64; 5] = [
    PRESENCE_UPDATE,
    VOICE_STATE_UPDATE,
    REQUEST_GUILD_MEMBERS,
    REQUEST_SOUNDBOARD_SOUNDS,
    REQUEST_CHANNEL_INFO,
];

/// Discord's limit on what a client sends at once.
const MAX_PAYLOAD: usize = 4096;

/// Members in one GUILD_MEMBERS_CHUNK.
const CHUNK: usize = 1000;

/// Users that one request may name or a prefix may find.
const MAX_ASKED: usize = 100;

/// A longer nonce is ignored.
const MAX_NONCE: usize = 32;

/// How often all members of a guild may be asked for.
const ALL_MEMBERS_EVERY: Duration = Duration::from_secs(30);
