//! Guilds and their members.

use ovenjs_types::{
    Channel, Guild, Id, Member, Patch, Text, Timestamp,
    form::{length, number},
    limits,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, setters_of};

endpoint! {
    /// A guild, without its channels and members.
    Get "/guilds/{guild_id}" as GetGuild -> Guild {
        fn guild(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Whether approximate counts of members are included.
            with_counts: bool,
        }
    }
}

endpoint! {
    /// The channels of a guild, without threads.
    Get "/guilds/{guild_id}/channels" as ListGuildChannels -> Vec<Channel> {
        fn guild_channels(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// A member of a guild.
    Get "/guilds/{guild_id}/members/{user_id}" as GetMember -> Member {
        fn member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Changes a member.
    Patch "/guilds/{guild_id}/members/{user_id}" as EditMember -> Option<Member> {
        fn edit_member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        body: MemberEdit;
        takes reason;
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

endpoint! {
    /// Bans a user, member or not.
    Put "/guilds/{guild_id}/bans/{user_id}" as BanUser -> () {
        fn ban_user(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        body: Ban;
        needs BAN_MEMBERS;
        takes reason;
    }
}

endpoint! {
    /// Takes a ban back.
    Delete "/guilds/{guild_id}/bans/{user_id}" as UnbanUser -> () {
        fn unban_user(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        needs BAN_MEMBERS;
        takes reason;
    }
}

body! {
    /// A change of a member: what is not set stays as it is.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct MemberEdit
    may {
        /// The name in this guild; needs `MANAGE_NICKNAMES`.
        nick: Patch<Text> = length(0..=limits::MEMBER_NICK),
        /// All roles; needs `MANAGE_ROLES`.
        roles: Patch<Vec<Id<RoleMarker>>>,
        /// Whether voice is muted; needs `MUTE_MEMBERS`, and that the member is in a voice channel.
        mute: Patch<bool>,
        /// Whether voice is deafened; needs `DEAFEN_MEMBERS`, and that the member is in a voice channel.
        deaf: Patch<bool>,
        /// The voice channel to move to; clearing it disconnects. Needs `MOVE_MEMBERS`.
        channel_id: Patch<Id<ChannelMarker>>,
        /// Until when the member may not speak, at most 28 days; needs `MODERATE_MEMBERS`.
        communication_disabled_until: Patch<Timestamp>,
    }
}

body! {
    /// How a user is banned.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct Ban
    may {
        /// Of how many seconds messages are deleted: 0 to 604,800, a week. Default: none.
        delete_message_seconds: Option<u32> = number(0..=limits::GUILD_BAN_DELETE_SECONDS),
    }
}
