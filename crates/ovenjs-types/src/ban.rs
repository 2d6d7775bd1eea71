//! Bans and prunes: how members are removed.

use serde::{Deserialize, Serialize};

use crate::{Id, Text, User, marker::UserMarker};

/// A user who may not come back.
///
/// Source: Discord, "Ban Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ban {
    /// Who was banned.
    pub user: User,
    /// Why.
    #[serde(default)]
    pub reason: Option<Text>,
}

impl Ban {
    /// A ban without a reason.
    #[must_use]
    pub fn new(user: User) -> Self {
        Self { user, reason: None }
    }
}

/// What became of a ban of many users at once.
///
/// Source: Discord, "Bulk Guild Ban".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BulkBan {
    /// Who was banned.
    #[serde(default)]
    pub banned_users: Vec<Id<UserMarker>>,
    /// Who was not, because they were banned already or may not be banned by the bot.
    #[serde(default)]
    pub failed_users: Vec<Id<UserMarker>>,
}

/// How many members are gone, or would be.
///
/// Source: Discord, "Begin Guild Prune".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildPrune {
    /// How many; none where the request did not want them counted.
    #[serde(default)]
    pub pruned: Option<u64>,
}
