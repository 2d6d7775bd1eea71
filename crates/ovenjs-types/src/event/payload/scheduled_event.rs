//! The payloads of events about scheduled events.

use serde::{Deserialize, Serialize};

use crate::{
    Id,
    marker::{GuildMarker, ScheduledEventMarker, UserMarker},
};

/// The payload of `GUILD_SCHEDULED_EVENT_USER_ADD`: somebody wants to come.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildScheduledEventUserAdd {
    /// The event.
    pub guild_scheduled_event_id: Id<ScheduledEventMarker>,
    /// Who wants to come.
    pub user_id: Id<UserMarker>,
    /// The guild.
    pub guild_id: Id<GuildMarker>,
}

/// The payload of `GUILD_SCHEDULED_EVENT_USER_REMOVE`: somebody no longer wants to come.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildScheduledEventUserRemove {
    /// The event.
    pub guild_scheduled_event_id: Id<ScheduledEventMarker>,
    /// Who no longer wants to come.
    pub user_id: Id<UserMarker>,
    /// The guild.
    pub guild_id: Id<GuildMarker>,
}
