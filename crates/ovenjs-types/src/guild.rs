//! Guilds, members and roles.

use serde::{Deserialize, Serialize};

use crate::{
    Channel, Emoji, Id, Permissions, Text, Timestamp, User,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};

/// A guild, which people call a server.
///
/// REST answers and `GUILD_UPDATE` carry the guild itself; `GUILD_CREATE` adds channels, threads
/// and members, which are empty elsewhere. A guild in an outage comes with its id and
/// `unavailable` alone.
///
/// Source: Discord, "Guild Object" and "Guild Create".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guild {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The hash of its icon.
    #[serde(default)]
    pub icon: Option<Text>,
    /// Who owns it; absent while it is unavailable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Id<UserMarker>>,
    /// Its roles; the one with the guild's own id is `@everyone`.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Its emojis.
    #[serde(default)]
    pub emojis: Vec<Emoji>,
    /// What Discord switched on for it, e.g. `COMMUNITY`.
    #[serde(default)]
    pub features: Vec<Text>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Its language, e.g. `en-US`.
    #[serde(default)]
    pub preferred_locale: Text,
    /// Whether Discord has an outage there.
    #[serde(default)]
    pub unavailable: bool,
    /// Whether it counts as large: then offline members are not sent.
    #[serde(default)]
    pub large: bool,
    /// How many members it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u64>,
    /// Its channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Its active threads which the bot can see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<Channel>,
    /// Its members, as far as they are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

/// A guild that is not available, or that the bot has left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnavailableGuild {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Whether it is an outage; without one, the bot is no longer a member.
    #[serde(default)]
    pub unavailable: bool,
}

/// A user in a guild.
///
/// Source: Discord, "Guild Member Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The user; left out by Discord where it stands beside the member already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The guild; sent with events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The name in this guild.
    #[serde(default)]
    pub nick: Option<Text>,
    /// The hash of the avatar in this guild.
    #[serde(default)]
    pub avatar: Option<Text>,
    /// The member's roles, `@everyone` left out.
    #[serde(default)]
    pub roles: Vec<Id<RoleMarker>>,
    /// When the user joined.
    #[serde(default)]
    pub joined_at: Option<Timestamp>,
    /// Since when the user boosts the guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_since: Option<Timestamp>,
    /// Whether the member is deafened in voice.
    #[serde(default)]
    pub deaf: bool,
    /// Whether the member is muted in voice.
    #[serde(default)]
    pub mute: bool,
    /// The member's flags.
    #[serde(default)]
    pub flags: MemberFlags,
    /// Whether the member has still to pass the membership screening.
    #[serde(default)]
    pub pending: bool,
    /// All permissions in the channel; sent with interactions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// Until when the member is timed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub communication_disabled_until: Option<Timestamp>,
}

/// A role of a guild.
///
/// Source: Discord, "Role Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// The role's id; the guild's own for `@everyone`.
    pub id: Id<RoleMarker>,
    /// Its name.
    pub name: Text,
    /// Its colour, as `0xRRGGBB`; 0 for none.
    #[serde(default)]
    pub color: u32,
    /// Whether its members are listed apart.
    #[serde(default)]
    pub hoist: bool,
    /// Its place in the hierarchy, counted from 0 at the bottom.
    #[serde(default)]
    pub position: i64,
    /// What it allows.
    #[serde(default)]
    pub permissions: Permissions,
    /// Whether an integration looks after it.
    #[serde(default)]
    pub managed: bool,
    /// Whether everyone may mention it.
    #[serde(default)]
    pub mentionable: bool,
    /// Its flags.
    #[serde(default)]
    pub flags: RoleFlags,
}

impl Guild {
    /// The channel with this id, where the guild came with its channels.
    #[must_use]
    pub fn channel(&self, id: Id<ChannelMarker>) -> Option<&Channel> {
        self.channels
            .iter()
            .chain(&self.threads)
            .find(|channel| channel.id == id)
    }
}

flags! {
    /// The flags of a member.
    pub struct MemberFlags as number {
        DID_REJOIN = 0,
        COMPLETED_ONBOARDING = 1,
        BYPASSES_VERIFICATION = 2,
        STARTED_ONBOARDING = 3,
        IS_GUEST = 4,
        STARTED_HOME_ACTIONS = 5,
        COMPLETED_HOME_ACTIONS = 6,
        AUTOMOD_QUARANTINED_USERNAME = 7,
        DM_SETTINGS_UPSELL_ACKNOWLEDGED = 9,
        AUTOMOD_QUARANTINED_GUILD_TAG = 10,
    }
}

flags! {
    /// The flags of a role.
    pub struct RoleFlags as number {
        IN_PROMPT = 0,
    }
}
