//! Members of guilds.

use ovenjs_types::{
    DataUri, Id, Member, MemberFlags, Patch, Secret, Text, Timestamp,
    form::{amount, length, picture},
    limits,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, exposed, setters_of};

endpoint! {
    /// A member of a guild.
    Get "/guilds/{guild_id}/members/{user_id}" as GetMember -> Member {
        fn member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Members of a guild, by the age of their accounts. Needs the intent `GUILD_MEMBERS`, switched
    /// on in the developer portal.
    Get "/guilds/{guild_id}/members" as ListMembers -> Vec<Member> {
        fn members(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Those after this user.
            after: Id<UserMarker>,
            /// At most so many: 1 to 1000, 1 by default.
            limit: u16 = limits::GUILD_MEMBERS_LIMIT_MIN..=limits::GUILD_MEMBERS_LIMIT,
        }
    }
}

endpoint! {
    /// Members whose name or name in the guild begins with this text of 1 to 100 characters.
    Get "/guilds/{guild_id}/members/search" as SearchMembers -> Vec<Member> {
        fn search_members(guild_id: Id<GuildMarker>)
        major guild_id;
        must query {
            /// How the name begins.
            query: Text = 1..=100,
        }
        query {
            /// At most so many: 1 to 1000, 1 by default.
            limit: u16 = 1..=1000,
        }
    }
}

endpoint! {
    /// Changes a member; what is not set stays as it is.
    Patch "/guilds/{guild_id}/members/{user_id}" as EditMember -> Option<Member> {
        fn edit_member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        body: MemberEdit;
        takes reason;
    }
}

body! {
    /// A change of a member: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild Member".
    ///
    /// ```
    /// use std::time::Duration;
    /// use ovenjs_rest::MemberEdit;
    /// use ovenjs_types::{Patch, Timeout, Timestamp, json};
    ///
    /// let hour = Timeout(Duration::from_secs(3600)).until(Timestamp::UNIX_EPOCH);
    /// let quiet = MemberEdit::default().communication_disabled_until(hour).nick(Patch::Clear);
    /// let text = String::from_utf8(json::encode(&quiet)).unwrap();
    /// assert!(text.starts_with(r#"{"nick":null,"communication_disabled_until":"1970-01-01T01:00:00"#));
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct MemberEdit
    may {
        /// The name in this guild, at most 32 characters; needs `MANAGE_NICKNAMES`.
        nick: Patch<Text> = length(0..=limits::MEMBER_NICK),
        /// All roles; needs `MANAGE_ROLES`.
        roles: Patch<Vec<Id<RoleMarker>>> = amount(0..=350, "roles"),
        /// Whether voice is muted; needs `MUTE_MEMBERS`, and that the member is in a voice channel.
        mute: Patch<bool>,
        /// Whether voice is deafened; needs `DEAFEN_MEMBERS`, and that the member is in a voice
        /// channel.
        deaf: Patch<bool>,
        /// The voice channel to move to; clearing it disconnects. Needs `MOVE_MEMBERS`.
        channel_id: Patch<Id<ChannelMarker>>,
        /// Until when the member may not speak, at most 28 days; needs `MODERATE_MEMBERS`.
        communication_disabled_until: Patch<Timestamp>,
        /// The flags; only [`BYPASSES_VERIFICATION`](MemberFlags::BYPASSES_VERIFICATION) changes,
        /// and needs `MODERATE_MEMBERS`, or `MANAGE_GUILD`, or `MANAGE_ROLES`.
        flags: Patch<MemberFlags>,
    }
}

endpoint! {
    /// Changes the bot's own membership; what is not set stays as it is.
    Patch "/guilds/{guild_id}/members/@me" as EditOwnMember -> Member {
        fn edit_own_member(guild_id: Id<GuildMarker>)
        major guild_id;
        body: OwnMemberEdit;
        needs CHANGE_NICKNAME;
        takes reason;
    }
}

body! {
    /// A change of what the bot looks like in a guild: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Current Member".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct OwnMemberEdit
    may {
        /// The name in this guild, at most 32 characters; needs `CHANGE_NICKNAME`.
        nick: Patch<Text> = length(0..=limits::MEMBER_NICK),
        /// The avatar in this guild.
        avatar: Patch<DataUri> = picture,
        /// The banner in this guild.
        banner: Patch<DataUri> = picture,
        /// What the bot says of itself in this guild; at most 190 characters.
        bio: Patch<Text> = length(0..=190),
    }
}

endpoint! {
    /// Changes the bot's name in a guild. Discord advises against it:
    /// [`edit_own_member`](crate::Client::edit_own_member) does the same and more.
    Patch "/guilds/{guild_id}/members/@me/nick" as EditOwnNick -> () {
        fn edit_own_nick(guild_id: Id<GuildMarker>)
        major guild_id;
        body: OwnNickEdit;
        needs CHANGE_NICKNAME;
        takes reason;
    }
}

body! {
    /// The bot's name in a guild.
    ///
    /// Source: Discord, "Modify Current User Nick".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct OwnNickEdit
    may {
        /// The name; cleared, the bot's own name shows.
        nick: Patch<Text>,
    }
}

endpoint! {
    /// Adds a user who allowed it (OAuth2 scope `guilds.join`); nothing comes back where the user
    /// is a member already. The bot must be a member itself.
    Put "/guilds/{guild_id}/members/{user_id}" as AddMember -> Option<Member> {
        fn add_member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        sends: MemberDraft;
        needs CREATE_INSTANT_INVITE;
    }
}

body! {
    /// How a user becomes a member.
    ///
    /// Source: Discord, "Add Guild Member".
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct MemberDraft
    must {
        /// The user's OAuth2 token with the scope `guilds.join`.
        #[serde(serialize_with = "exposed")]
        access_token: Secret,
    }
    may {
        /// The name in this guild, at most 32 characters; needs `MANAGE_NICKNAMES`.
        nick: Option<Text> = length(0..=limits::MEMBER_NICK),
        /// The first roles; needs `MANAGE_ROLES`.
        roles: Option<Vec<Id<RoleMarker>>> = amount(0..=250, "roles"),
        /// Whether voice is muted; needs `MUTE_MEMBERS`.
        mute: Option<bool>,
        /// Whether voice is deafened; needs `DEAFEN_MEMBERS`.
        deaf: Option<bool>,
        /// The flags.
        flags: Option<MemberFlags>,
    }
}

endpoint! {
    /// Removes a member, who may come back.
    Delete "/guilds/{guild_id}/members/{user_id}" as RemoveMember -> () {
        fn remove_member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        needs KICK_MEMBERS;
        takes reason;
    }
}

endpoint! {
    /// Gives a member a role.
    Put "/guilds/{guild_id}/members/{user_id}/roles/{role_id}" as AddMemberRole -> () {
        fn add_member_role(
            guild_id: Id<GuildMarker>,
            user_id: Id<UserMarker>,
            role_id: Id<RoleMarker>,
        )
        major guild_id;
        needs MANAGE_ROLES;
        takes reason;
    }
}

endpoint! {
    /// Takes a role from a member.
    Delete "/guilds/{guild_id}/members/{user_id}/roles/{role_id}" as RemoveMemberRole -> () {
        fn remove_member_role(
            guild_id: Id<GuildMarker>,
            user_id: Id<UserMarker>,
            role_id: Id<RoleMarker>,
        )
        major guild_id;
        needs MANAGE_ROLES;
        takes reason;
    }
}
