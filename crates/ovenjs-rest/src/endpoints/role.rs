//! Roles of guilds.

use ovenjs_types::{
    DataUri, Id, Patch, Permissions, Role, RoleColors, RoleMemberCounts, RolePosition, Text,
    form::{length, number, picture},
    limits,
    marker::{GuildMarker, RoleMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// The roles of a guild.
    Get "/guilds/{guild_id}/roles" as ListRoles -> Vec<Role> {
        fn roles(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// A role.
    Get "/guilds/{guild_id}/roles/{role_id}" as GetRole -> Role {
        fn role(guild_id: Id<GuildMarker>, role_id: Id<RoleMarker>)
        major guild_id;
    }
}

endpoint! {
    /// How many members each role has, `@everyone` left out.
    Get "/guilds/{guild_id}/roles/member-counts" as ListRoleMemberCounts -> RoleMemberCounts {
        fn role_member_counts(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Makes a role; what is not set is as Discord has it by default.
    Post "/guilds/{guild_id}/roles" as CreateRole -> Role {
        fn create_role(guild_id: Id<GuildMarker>)
        major guild_id;
        body: RoleDraft;
        needs MANAGE_ROLES;
        takes reason;
    }
}

endpoint! {
    /// Changes a role; what is not set stays as it is.
    Patch "/guilds/{guild_id}/roles/{role_id}" as EditRole -> Role {
        fn edit_role(guild_id: Id<GuildMarker>, role_id: Id<RoleMarker>)
        major guild_id;
        body: RoleDraft;
        needs MANAGE_ROLES;
        takes reason;
    }
}

body! {
    /// A role to be made, or a change of one.
    ///
    /// Source: Discord, "Create Guild Role" and "Modify Guild Role".
    ///
    /// ```
    /// use ovenjs_rest::RoleDraft;
    /// use ovenjs_types::{Patch, Permissions, Validate, json};
    ///
    /// let bakers = RoleDraft::default().name("bakers").permissions(Permissions::MANAGE_EVENTS);
    /// assert_eq!(json::encode(&bakers), br#"{"name":"bakers","permissions":"8589934592"}"#);
    /// // As a change this takes the icon away and leaves all else as it is.
    /// let plain = RoleDraft::default().icon(Patch::Clear);
    /// assert_eq!(json::encode(&plain), br#"{"icon":null}"#);
    /// assert!(plain.name("").validate().is_err());
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct RoleDraft
    may {
        /// Its name; 1 to 100 characters.
        name: Patch<Text> = length(limits::ROLE_NAME_MIN..=limits::ROLE_NAME),
        /// What it allows.
        permissions: Patch<Permissions>,
        /// Its colour as `0xRRGGBB`; Discord prefers `colors`.
        color: Patch<u32> = number(0..=0xff_ffff),
        /// Its colours; more than one where the guild has `ENHANCED_ROLE_COLORS`.
        colors: Patch<RoleColors>,
        /// Whether its members are listed apart.
        hoist: Patch<bool>,
        /// Its icon, where the guild has `ROLE_ICONS`.
        icon: Patch<DataUri> = picture,
        /// An emoji for an icon, where the guild has `ROLE_ICONS`; at most 100 characters.
        unicode_emoji: Patch<Text> = length(0..=100),
        /// Whether everyone may mention it.
        mentionable: Patch<bool>,
    }
}

endpoint! {
    /// Moves roles in the hierarchy. Answers with all roles.
    Patch "/guilds/{guild_id}/roles" as MoveRoles -> Vec<Role> {
        fn move_roles(guild_id: Id<GuildMarker>)
        major guild_id;
        body: Vec<RolePosition>;
        needs MANAGE_ROLES;
        takes reason;
    }
}

endpoint! {
    /// Deletes a role.
    Delete "/guilds/{guild_id}/roles/{role_id}" as DeleteRole -> () {
        fn delete_role(guild_id: Id<GuildMarker>, role_id: Id<RoleMarker>)
        major guild_id;
        needs MANAGE_ROLES;
        takes reason;
    }
}

json_answers!(Role, RoleMemberCounts);
