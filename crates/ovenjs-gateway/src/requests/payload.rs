//! Of the events that answer, what tells whose they are.

use ovenjs_types::{
    Id,
    marker::{GuildMarker, UserMarker},
};
use serde::Deserialize;

/// Of `GUILD_MEMBERS_CHUNK`, what tells whose it is and whether it is the last.
#[derive(Deserialize)]
pub(super) struct ChunkHead {
    #[serde(default)]
    pub(super) chunk_index: u32,
    #[serde(default)]
    pub(super) chunk_count: u32,
    #[serde(default)]
    pub(super) not_found: Vec<Id<UserMarker>>,
    pub(super) nonce: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct GuildHead {
    pub(super) guild_id: Id<GuildMarker>,
}

/// `RATE_LIMITED`, as far as it is understood.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) opcode: u32,
    pub(super) retry_after: f64,
    pub(super) meta: Option<RefusalMeta>,
}

#[derive(Default, Deserialize)]
pub(super) struct RefusalMeta {
    pub(super) guild_id: Option<Id<GuildMarker>>,
    pub(super) nonce: Option<String>,
}
