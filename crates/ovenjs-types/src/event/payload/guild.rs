//! The payloads of events about guilds, their roles, members, bans and integrations.

use serde::{Deserialize, Serialize};

use crate::{
    Id, IntegrationId, Member, Presence, Role, Text, User,
    marker::{ApplicationMarker, GuildMarker, RoleMarker, UserMarker},
};

/// The payload of `GUILD_BAN_ADD`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildBanAdd {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who was banned.
    pub user: User,
}

/// The payload of `GUILD_BAN_REMOVE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildBanRemove {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who may come back.
    pub user: User,
}

/// The payload of `GUILD_INTEGRATIONS_UPDATE`: something about the integrations has changed.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildIntegrationsUpdate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
}

/// The payload of `INTEGRATION_DELETE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IntegrationDelete {
    /// The integration.
    pub id: IntegrationId,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// The application of a bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
}

/// The payload of `GUILD_MEMBER_REMOVE`: a user left, was kicked or banned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildMemberRemove {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who left.
    pub user: User,
}

/// The payload of `GUILD_MEMBERS_CHUNK`: a part of the answer to a request for members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildMembersChunk {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Some members, at most 1,000.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Which part it is, counted from 0.
    #[serde(default)]
    pub chunk_index: u32,
    /// How many parts there are.
    #[serde(default)]
    pub chunk_count: u32,
    /// Who was asked for and is no member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_found: Vec<Id<UserMarker>>,
    /// Whether they are online, where the request asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presences: Vec<Presence>,
    /// The word by which the request is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Text>,
}

/// The payload of `GUILD_ROLE_CREATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildRoleCreate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The new role.
    pub role: Role,
}

/// The payload of `GUILD_ROLE_UPDATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildRoleUpdate {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The role as it is now.
    pub role: Role,
}

/// The payload of `GUILD_ROLE_DELETE`.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildRoleDelete {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// The role that is gone.
    pub role_id: Id<RoleMarker>,
}
