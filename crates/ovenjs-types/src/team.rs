//! Teams: who owns an application together.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text, User,
    marker::{OauthTeamMarker, UserMarker},
};

/// The people who own an application together.
///
/// Source: Discord, "Team Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Team {
    /// The team's id.
    pub id: Id<OauthTeamMarker>,
    /// The hash of its icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<TeamMember>,
    /// Whose it is.
    pub owner_user_id: Id<UserMarker>,
}

/// Somebody in a team.
///
/// Source: Discord, "Team Member Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TeamMember {
    /// Whether the invitation was accepted.
    pub membership_state: MembershipState,
    /// The team.
    pub team_id: Id<OauthTeamMarker>,
    /// Who it is, with few fields.
    pub user: User,
    /// What they may do; absent for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<TeamRole>,
    /// Older words for what they may do; `*` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Text>,
}

open_int! {
    /// Whether an invitation to a team was accepted.
    pub enum MembershipState: u32 {
        Invited = 1,
        Accepted = 2,
    }
}

open_str! {
    /// What a member of a team may do.
    pub enum TeamRole {
        /// All but what only the owner can.
        Admin = "admin",
        /// Change settings and see secrets, but not the team itself.
        Developer = "developer",
        /// Look.
        ReadOnly = "read_only",
    }
}
