//! Guilds and their members.

use ovenjs_types::{
    Channel, Guild, Id, Member,
    marker::{GuildMarker, RoleMarker, UserMarker},
};
use serde::Serialize;

use crate::{Payload, endpoint::endpoint};

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
    /// Removes a member, who may come back.
    Delete "/guilds/{guild_id}/members/{user_id}" as RemoveMember -> () {
        fn remove_member(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
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
    }
}

endpoint! {
    /// Bans a user, member or not.
    Put "/guilds/{guild_id}/bans/{user_id}" as BanUser -> () {
        fn ban_user(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        body: Ban;
    }
}

endpoint! {
    /// Takes a ban back.
    Delete "/guilds/{guild_id}/bans/{user_id}" as UnbanUser -> () {
        fn unban_user(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
    }
}

/// How a user is banned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ban {
    /// Of how many seconds messages are deleted: 0 to 604,800, a week. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_message_seconds: Option<u32>,
}

impl Payload for Ban {}
