//! The hand-over of a session to another process.

use std::fmt;

use ovenjs_types::{ShardId, Version};
use serde::{Deserialize, Serialize};

/// What another process needs to go on with a session.
///
/// Discord keeps an abandoned session for some minutes. It is written and read by serde; it is of
/// no use without the token, but it is nobody else's business either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    pub(super) shard: [u32; 2],
    pub(super) session_id: String,
    pub(super) url: Option<String>,
    pub(super) version: [u64; 2],
}

impl Resume {
    /// The shard; nothing where the record is damaged.
    #[must_use]
    pub const fn shard(&self) -> Option<ShardId> {
        let [number, total] = self.shard;
        ShardId::new(number, total)
    }

    /// The last event that was delivered.
    #[must_use]
    pub const fn version(&self) -> Version {
        let [epoch, seq] = self.version;
        Version { epoch, seq }
    }

    /// More of the same session was delivered.
    #[cfg(feature = "net")]
    pub(crate) const fn advance(&mut self, to: Version) {
        self.version = [to.epoch, to.seq];
    }
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume")
            .field("shard", &self.shard)
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
