//! Members of guilds.

use serde::{Deserialize, Serialize};

use crate::{
    AvatarDecorationData, Collectibles, Id, Permissions, Text, Timestamp, User,
    marker::{GuildMarker, RoleMarker},
};

/// A user in a guild.
///
/// Source: Discord, "Guild Member Object".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// The user; left out by Discord where it stands beside the member already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// The guild; sent with events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The name in this guild.
    #[serde(default)]
    pub nick: Option<Text>,
    /// The hash of the avatar in this guild.
    #[serde(default)]
    pub avatar: Option<Text>,
    /// The hash of the banner in this guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Text>,
    /// The member's roles, `@everyone` left out.
    #[serde(default)]
    pub roles: Vec<Id<RoleMarker>>,
    /// When the user joined; none for guests of a voice channel.
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
    /// Until when the member is timed out; may lie in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub communication_disabled_until: Option<Timestamp>,
    /// What surrounds the avatar in this guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    /// What else the member wears in this guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collectibles: Option<Box<Collectibles>>,
}

impl Member {
    /// A member of whom nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name to show: the name in this guild, else the one that the user shows everywhere.
    /// None where Discord left both out.
    ///
    /// ```
    /// use ovenjs_types::{Id, Member, User};
    /// let mut member = Member::new();
    /// member.user = Some(Box::new(User::new(Id::new(1), "ann")));
    /// assert_eq!(member.display_name(), Some("ann"));
    /// member.nick = Some("Ann of the ovens".into());
    /// assert_eq!(member.display_name(), Some("Ann of the ovens"));
    /// ```
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        let global = || self.user.as_deref().map(User::display_name);
        self.nick.as_deref().or_else(global)
    }
}

flags! {
    /// The flags of a member.
    ///
    /// Source: Discord, "Guild Member Flags".
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_small_since_guilds_have_many() {
        assert!(size_of::<Member>() <= 208, "{}", size_of::<Member>());
    }
}
