//! A session: what outlives a connection. And all of them, found by name or by what they hear of.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

/// One identified shard. Dispatches are numbered here and kept for a resume.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) name: String,
    pub(super) shard: (u32, u32),
    pub(super) intents: u64,
    /// From how many members on a guild comes without those who are offline.
    pub(super) large_threshold: u64,
    pub(super) seq: u64,
    /// Sent dispatches, oldest first.
    kept: VecDeque<(u64, Arc<Happening>)>,
    kept_bytes: usize,
    /// The greatest sequence that is no longer kept.
    forgotten: u64,
    pub(super) connection: Option<u64>,
    /// Since when it has had no connection.
    pub(super) alone_since: Option<Instant>,
}

/// A dispatch without its number: written once, and shared by all sessions that hear of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Happening {
    pub(super) name: String,
    /// The field `d`.
    data: String,
}

/// How much of what was sent is kept for a resume.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplayBounds {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Happening {
    pub(super) fn new(name: &str, data: &serde_json::Value) -> Arc<Self> {
        Self::written(name, data.to_string())
    }

    /// Of data that is JSON already.
    pub(super) fn written(name: &str, data: String) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            data,
        })
    }

    pub(super) fn tree(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap_or_default()
    }

    /// The payload under a number, in the order of fields in which Discord writes them.
    pub(super) fn numbered(&self, seq: u64) -> Vec<u8> {
        // The name of an emitted event may be any text, so it is written as JSON.
        let name = serde_json::Value::from(self.name.as_str());
        let data = &self.data;
        format!(r#"{{"t":{name},"s":{seq},"op":0,"d":{data}}}"#).into_bytes()
    }

    pub(super) fn len(&self) -> usize {
        self.name.len() + self.data.len() + FRAME_OF_FIELDS
    }
}

impl Session {
    pub(super) const fn new(
        name: String,
        shard: (u32, u32),
        intents: u64,
        large_threshold: u64,
        connection: u64,
    ) -> Self {
        Self {
            name,
            shard,
            intents,
            large_threshold,
            seq: 0,
            kept: VecDeque::new(),
            kept_bytes: 0,
            forgotten: 0,
            connection: Some(connection),
            alone_since: None,
        }
    }

    /// Whether events of this guild belong to this shard; those of no guild belong to shard 0.
    pub(super) fn carries(&self, guild: Option<u64>) -> bool {
        shard_of(guild, self.shard.1) == self.shard.0
    }

    /// Numbers a dispatch and keeps it.
    pub(super) fn number(&mut self, happening: &Arc<Happening>, bounds: ReplayBounds) -> u64 {
        self.seq += 1;
        self.kept_bytes += happening.len();
        self.kept.push_back((self.seq, Arc::clone(happening)));
        while self.kept.len() > bounds.events || self.kept_bytes > bounds.bytes {
            self.forget_oldest();
        }
        self.seq
    }

    /// Forgets what the client says it has, up to and with `seq`.
    pub(super) fn forget_until(&mut self, seq: u64) {
        while self.kept.front().is_some_and(|(kept, _)| *kept <= seq) {
            self.forget_oldest();
        }
    }

    /// Numbers RESUMED, which is never replayed.
    pub(super) fn resumed(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// What came after `seq`; `None` when some of it is forgotten.
    pub(super) fn after(&self, seq: u64) -> Option<Vec<(u64, Arc<Happening>)>> {
        if seq < self.forgotten {
            return None;
        }
        let later = self.kept.iter().filter(|(kept, _)| *kept > seq);
        Some(later.cloned().collect())
    }

    fn forget_oldest(&mut self) {
        if let Some((seq, happening)) = self.kept.pop_front() {
            self.forgotten = seq;
            self.kept_bytes -= happening.len();
        }
    }
}

/// The sessions of the moment, by a number of the box's own.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: BTreeMap<u64, Session>,
    names: BTreeMap<String, u64>,
    /// Sessions by number of shards and shard, so that an event finds those that hear of it without
    /// asking all.
    places: BTreeMap<u32, BTreeMap<u32, Vec<u64>>>,
    next: u64,
}

impl Sessions {
    pub(super) fn add(&mut self, session: Session) -> u64 {
        self.next += 1;
        let (shard, shards) = session.shard;
        let place = self.places.entry(shards).or_default();
        place.entry(shard).or_default().push(self.next);
        self.names.insert(session.name.clone(), self.next);
        self.all.insert(self.next, session);
        self.next
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Session> {
        let session = self.all.remove(&id)?;
        self.names.remove(&session.name);
        let (shard, shards) = session.shard;
        if let Some(place) = self.places.get_mut(&shards) {
            if let Some(ids) = place.get_mut(&shard) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    place.remove(&shard);
                }
            }
            if place.is_empty() {
                self.places.remove(&shards);
            }
        }
        Some(session)
    }

    pub(super) fn named(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Session> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Session> {
        self.all.get_mut(&id)
    }

    /// The sessions on whose shard a guild is.
    pub(super) fn hearing(&self, guild: Option<u64>) -> Vec<u64> {
        let ids = self
            .places
            .iter()
            .filter_map(|(shards, place)| place.get(&shard_of(guild, *shards)));
        ids.flatten().copied().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Session)> {
        self.all.iter().map(|(id, session)| (*id, session))
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.all.keys().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Discord's rule: the time in the guild's id decides. What is of no guild belongs to shard 0.
pub(super) fn shard_of(guild: Option<u64>, shards: u32) -> u32 {
    let of = guild.map_or(0, |guild| (guild >> 22) % u64::from(shards.max(1)));
    u32::try_from(of).unwrap_or(0)
}

/// Names of fields, punctuation and a number: what a payload has beside name and data.
const FRAME_OF_FIELDS: usize = 32;
