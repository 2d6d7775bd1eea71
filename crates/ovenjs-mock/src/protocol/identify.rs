//! How a session begins and goes on: Identify and Resume.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    json::{Fields, Object, object},
    world::World,
};

use super::{
    Gateway, NEWEST, Payload, Traffic,
    close::{self, Reason},
    invalid_session,
    session::{Happening, Session, shard_of},
    trimmed,
    trouble::unavailable,
};

/// How many identifies are left until when.
#[derive(Debug)]
pub(super) struct Budget {
    total: u32,
    window: Duration,
    left: u32,
    since: Instant,
}

impl Budget {
    pub(super) const fn new(total: u32, window: Duration, now: Instant) -> Self {
        Self {
            total,
            window,
            left: total,
            since: now,
        }
    }

    pub(super) fn left(&self, now: Instant) -> (u32, Duration) {
        let passed = now.saturating_duration_since(self.since);
        match self.window.checked_sub(passed) {
            Some(rest) if !rest.is_zero() => (self.left, rest),
            _ => (self.total, self.window),
        }
    }

    /// Takes one, if there is one.
    fn take(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= self.window {
            self.since = now;
            self.left = self.total;
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

impl Gateway {
    pub(super) fn identify(
        &mut self,
        id: u64,
        data: &Object,
        world: &mut World,
    ) -> Result<(), Reason> {
        let intents = data.int("intents").ok_or(close::INVALID_INTENTS)?;
        if !is_token(data, world) {
            return Err(close::AUTHENTICATION_FAILED);
        }
        let shard = match data.get("shard") {
            None | Some(Value::Null) => (0, 1),
            Some(shard) => read_shard(shard).ok_or(close::INVALID_SHARD)?,
        };
        if !self.intents.are_known(intents) {
            return Err(close::INVALID_INTENTS);
        }
        if intents & (self.rules.disallowed_intents | world.barred_intents()) != 0 {
            return Err(close::DISALLOWED_INTENTS);
        }
        let on_shard = |guild: &&u64| shard_of(Some(**guild), shard.1) == shard.0;
        let guilds: Vec<u64> = world.guilds.keys().filter(on_shard).copied().collect();
        if guilds.len() > self.rules.guilds_per_shard {
            return Err(close::SHARDING_REQUIRED);
        }
        self.judge_identify(id, data);
        let place = shard.0 % self.rules.max_concurrency;
        let interval = self.rules.identify_interval;
        let last = self.identified.get(&place);
        let too_soon =
            last.is_some_and(|last| self.now.saturating_duration_since(*last) < interval);
        if too_soon {
            self.warn("an identify came too soon after another of the same place");
        }
        if self.mishaps.refuses_identify() || too_soon {
            self.control(id, &invalid_session(false));
            return Ok(());
        }
        if !self.budget.take(self.now) {
            self.end_all();
            return Err(close::AUTHENTICATION_FAILED);
        }
        self.identified.insert(place, self.now);
        self.sessions_begun += 1;
        let name = session_name(self.rules.seed, self.sessions_begun);
        if self.overheard.is_some() {
            self.begun.push((name.clone(), shard.0));
        }
        let threshold = data.int("large_threshold").unwrap_or(LARGE.0);
        let threshold = threshold.clamp(LARGE.0, LARGE.1);
        let session = Session::new(name, shard, intents, threshold, id);
        let session = self.sessions.add(session);
        let mut version = NEWEST;
        if let Some(connection) = self.lines.get_mut(id) {
            connection.packets = data.flag("compress") == Some(true);
            connection.session = Some(session);
            version = connection.version;
        }
        self.traffic.push(Traffic::Ready {
            connection: id,
            shard,
        });
        if let Some(Value::Object(presence)) = data.get("presence") {
            world.bot_appears(presence, &guilds);
        }
        let named = data.get("shard").filter(|shard| !shard.is_null());
        self.welcome(session, version, named, &guilds, world);
        Ok(())
    }

    /// What Discord lets pass but nobody should do.
    fn judge_identify(&mut self, id: u64, data: &Object) {
        let Some(connection) = self.lines.get(id) else {
            return;
        };
        let transport = connection.compressor.name();
        if data.flag("compress") == Some(true) && transport != "none" {
            self.warnings.push(format!(
                "an identify asks for compressed payloads on a connection that is {transport} already"
            ));
        }
        let threshold = data.int("large_threshold");
        if threshold.is_some_and(|threshold| !(LARGE.0..=LARGE.1).contains(&threshold)) {
            self.warnings.push(format!(
                "large_threshold is between {} and {}",
                LARGE.0, LARGE.1
            ));
        }
        if self.rules.resume_path.as_deref().map(trimmed) == Some(connection.path.as_str()) {
            self.warnings
                .push("an identify came to the address of resumes".to_owned());
        }
    }

    /// READY, with the shard if the client named one, then the guilds of the shard.
    fn welcome(
        &mut self,
        session: u64,
        version: u8,
        named: Option<&Value>,
        guilds: &[u64],
        world: &World,
    ) {
        let Some(known) = self.sessions.get(session) else {
            return;
        };
        let unavailable: Vec<Value> = guilds.iter().map(|guild| unavailable(*guild)).collect();
        let mut resume_url = world.origin.replacen("http", "ws", 1);
        if let Some(path) = &self.rules.resume_path {
            resume_url = format!("{resume_url}/{}", trimmed(path));
        }
        let mut ready = object(json!({
            "v": version,
            "user": world.me(),
            "user_settings": {},
            "session_type": "normal",
            "session_id": known.name,
            "resume_gateway_url": resume_url,
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
            "_trace": ["ovenjs-mock"],
        }));
        if let Some(shard) = named {
            ready.set("shard", shard.clone());
        }
        self.send(session, "READY", Value::Object(ready));
        for guild in guilds {
            if self.is_down(*guild) {
                self.send_outage(session, *guild);
            } else {
                self.send_guild(session, *guild, world);
            }
        }
    }

    pub(super) fn resume(&mut self, id: u64, data: &Object, world: &World) -> Result<(), Reason> {
        let seq = data.int("seq").ok_or(close::DECODE)?;
        if !is_token(data, world) {
            return Err(close::AUTHENTICATION_FAILED);
        }
        self.judge_resume(id);
        let refused = self.mishaps.refuses_resume();
        let session = self
            .sessions
            .named(data.text("session_id").unwrap_or_default());
        let known = session.and_then(|session| self.sessions.get(session));
        if let (Some(session), Some(known)) = (session, known)
            && seq > known.seq
        {
            self.end_session(session, close::SUPERSEDED);
            return Err(close::INVALID_SEQ);
        }
        let missed = known
            .and_then(|known| known.after(seq))
            .filter(|_| !refused);
        let (Some(session), Some(missed)) = (session, missed) else {
            if let Some(session) = session {
                self.end_session(session, close::SUPERSEDED);
            }
            self.control(id, &invalid_session(false));
            return Ok(());
        };
        self.replay(id, session, missed);
        Ok(())
    }

    fn replay(&mut self, id: u64, session: u64, missed: Vec<(u64, Arc<Happening>)>) {
        let Some(known) = self.sessions.get_mut(session) else {
            return;
        };
        let superseded = known.connection.replace(id).filter(|old| *old != id);
        known.alone_since = None;
        let cut = self.mishaps.cuts_replay(missed.len());
        // A replay that is cut never gets to RESUMED.
        let resumed = cut.is_none().then(|| known.resumed());
        self.traffic.push(Traffic::Resumed {
            connection: id,
            replayed: missed.len(),
        });
        if let Some(connection) = self.lines.get_mut(id) {
            connection.session = Some(session);
        }
        for (seq, happening) in missed.into_iter().take(cut.unwrap_or(usize::MAX)) {
            self.push(id, Payload::Event(seq, happening));
        }
        match resumed {
            // Faults count what carries an event, or a connection dropped after one event would
            // never get beyond RESUMED.
            Some(seq) => {
                let resumed = Happening::new("RESUMED", &json!({ "_trace": ["ovenjs-mock"] }));
                self.push(id, Payload::Resumed(seq, resumed));
            }
            None => self.push(id, Payload::Abort),
        }
        if let Some(old) = superseded {
            if let Some(old) = self.lines.get_mut(old) {
                old.session = None;
            }
            self.lines.close(old, self.now, close::SUPERSEDED);
        }
    }

    fn judge_resume(&mut self, id: u64) {
        let (Some(wanted), Some(connection)) = (&self.rules.resume_path, self.lines.get(id)) else {
            return;
        };
        if connection.path != trimmed(wanted) {
            self.warnings.push(
                "a resume came to the address of identifies instead of resume_gateway_url"
                    .to_owned(),
            );
        }
    }

    /// Discord ends all sessions of a bot that identifies too often, and takes its token away.
    fn end_all(&mut self) {
        self.token_is_spent = true;
        self.warnings.push(
            "the identifies of the day are used up: Discord ends every session and resets the token"
                .to_owned(),
        );
        for session in self.sessions.ids() {
            self.end_session(session, close::AUTHENTICATION_FAILED);
        }
    }

    /// Forgets a session and closes the line that has it.
    fn end_session(&mut self, session: u64, reason: Reason) {
        let ended = self.sessions.remove(session);
        let Some(id) = ended.and_then(|session| session.connection) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(id) {
            line.session = None;
        }
        self.lines.close(id, self.now, reason);
    }
}

fn is_token(data: &Object, world: &World) -> bool {
    let token = data.text("token").unwrap_or_default();
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

/// A name that nobody guesses by accident and the same script finds again.
fn session_name(seed: u64, number: u64) -> String {
    let mut state = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    format!("{:016x}{:016x}", word(), word())
}

/// The bounds of `large_threshold`; the lower one is its default.
const LARGE: (u64, u64) = (50, 250);
