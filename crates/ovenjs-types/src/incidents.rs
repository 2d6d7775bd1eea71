//! What moderators close during a raid.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What is closed in a guild because of a raid, and since when there is one.
///
/// Source: Discord, "Incidents Data Object".
#[derive(Clone, Debug, PartialEq, Copy, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentsData {
    /// Until when invites are closed.
    #[serde(default)]
    pub invites_disabled_until: Option<Timestamp>,
    /// Until when members cannot write to each other.
    #[serde(default)]
    pub dms_disabled_until: Option<Timestamp>,
    /// When direct messages were last found to be spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dm_spam_detected_at: Option<Timestamp>,
    /// When a raid was last found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raid_detected_at: Option<Timestamp>,
}
