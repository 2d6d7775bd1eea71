//! Bans and prunes.

use ovenjs_types::{
    Ban, BulkBan, BulkBanDraft, GuildPrune, Id, Listed, PruneDraft,
    form::number,
    limits,
    marker::{GuildMarker, RoleMarker, UserMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// The bans of a guild, by the users' ids.
    Get "/guilds/{guild_id}/bans" as ListBans -> Vec<Ban> {
        fn bans(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Those before this user.
            before: Id<UserMarker>,
            /// Those after this user; without effect beside `before`.
            after: Id<UserMarker>,
            /// At most so many: 1 to 1000, 1000 by default.
            limit: u16 = 1..=1000,
        }
        needs BAN_MEMBERS;
    }
}

endpoint! {
    /// A user's ban; an unknown ban (code 10026) where there is none.
    Get "/guilds/{guild_id}/bans/{user_id}" as GetBan -> Ban {
        fn ban(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        needs BAN_MEMBERS;
    }
}

endpoint! {
    /// Bans a user, member or not.
    Put "/guilds/{guild_id}/bans/{user_id}" as BanUser -> () {
        fn ban_user(guild_id: Id<GuildMarker>, user_id: Id<UserMarker>)
        major guild_id;
        body: BanDraft;
        needs BAN_MEMBERS;
        takes reason;
    }
}

body! {
    /// How a user is banned.
    ///
    /// Source: Discord, "Create Guild Ban".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct BanDraft
    may {
        /// Of how many seconds messages are deleted: at most 604,800, a week; none by default.
        delete_message_seconds: Option<u32> = number(0..=limits::GUILD_BAN_DELETE_SECONDS),
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

endpoint! {
    /// Bans up to 200 users at once. Needs `MANAGE_GUILD` as well. Those who cannot be banned are
    /// listed in the answer; where it is none of them, Discord answers with code 500000.
    Post "/guilds/{guild_id}/bulk-ban" as BulkBanUsers -> BulkBan {
        fn bulk_ban(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: BulkBanDraft;
        needs BAN_MEMBERS;
        takes reason;
    }
}

endpoint! {
    /// How many members a prune would remove. Needs `MANAGE_GUILD` as well.
    Get "/guilds/{guild_id}/prune" as GetPruneCount -> GuildPrune {
        fn prune_count(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// For how many days they have not been there: 1 to 30; 7 by default.
            days: u16 = limits::GUILD_PRUNE_DAYS_MIN..=limits::GUILD_PRUNE_DAYS,
            /// Roles whose holders would be pruned as well; else members with roles stay.
            include_roles: Listed<Id<RoleMarker>> = 0..=100,
        }
        needs KICK_MEMBERS;
    }
}

endpoint! {
    /// Removes members who have not been there for a while. Needs `MANAGE_GUILD` as well.
    Post "/guilds/{guild_id}/prune" as BeginPrune -> GuildPrune {
        fn begin_prune(guild_id: Id<GuildMarker>)
        major guild_id;
        body: PruneDraft;
        needs KICK_MEMBERS;
        takes reason;
    }
}

json_answers!(Ban, BulkBan, GuildPrune);
