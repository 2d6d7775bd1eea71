//! A session: what outlives a connection.

use std::{collections::VecDeque, sync::Arc, time::Instant};

/// One identified shard. Dispatches are numbered here and kept for a resume.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) shard: (u32, u32),
    pub(super) intents: u64,
    pub(super) seq: u64,
    /// Sent dispatches, oldest first, as ready payloads.
    kept: VecDeque<(u64, Arc<[u8]>)>,
    /// The greatest sequence that is no longer kept.
    forgotten: u64,
    pub(super) connection: Option<u64>,
    /// Since when it has had no connection.
    pub(super) alone_since: Option<Instant>,
}

impl Session {
    pub(super) const fn new(shard: (u32, u32), intents: u64, connection: u64) -> Self {
        Self {
            shard,
            intents,
            seq: 0,
            kept: VecDeque::new(),
            forgotten: 0,
            connection: Some(connection),
            alone_since: None,
        }
    }

    /// Whether events of this guild belong to this shard; those of no guild belong to shard 0.
    pub(super) fn carries(&self, guild: Option<u64>) -> bool {
        let (shard, shards) = self.shard;
        guild.map_or(0, |guild| (guild >> 22) % u64::from(shards.max(1))) == u64::from(shard)
    }

    /// Numbers a dispatch, keeps it, and gives the payload to send.
    pub(super) fn number(&mut self, name: &str, data: &str, limit: usize) -> Arc<[u8]> {
        self.seq += 1;
        let payload = dispatch(name, self.seq, data);
        self.kept.push_back((self.seq, Arc::clone(&payload)));
        while self.kept.len() > limit {
            if let Some((seq, _)) = self.kept.pop_front() {
                self.forgotten = seq;
            }
        }
        payload
    }

    /// Numbers RESUMED, which is never replayed.
    pub(super) fn resumed(&mut self) -> Arc<[u8]> {
        self.seq += 1;
        dispatch("RESUMED", self.seq, r#"{"_trace":["ovenjs-mock"]}"#)
    }

    /// What came after `seq`; `None` when some of it is forgotten.
    pub(super) fn after(&self, seq: u64) -> Option<Vec<Arc<[u8]>>> {
        if seq < self.forgotten {
            return None;
        }
        let later = self.kept.iter().filter(|(kept, _)| *kept > seq);
        Some(later.map(|(_, payload)| Arc::clone(payload)).collect())
    }
}

fn dispatch(name: &str, seq: u64, data: &str) -> Arc<[u8]> {
    // The name of an emitted event may be any text, so it is written as JSON.
    let name = serde_json::Value::from(name);
    format!(r#"{{"t":{name},"s":{seq},"op":0,"d":{data}}}"#)
        .into_bytes()
        .into()
}
