//! Who may use a command in a guild.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Report, Validate, limits,
    marker::{
        ApplicationMarker, ChannelMarker, GenericMarker, GuildMarker, RoleMarker, UserMarker,
    },
};

/// Who may use a command, or all commands of an application, in one guild.
///
/// Source: Discord, "Guild Application Command Permissions Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildCommandPermissions {
    /// The command; the application's own id where it is about all its commands that say nothing
    /// else.
    pub id: Id<GenericMarker>,
    /// The application.
    pub application_id: Id<ApplicationMarker>,
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// Who may and may not; at most 100.
    #[serde(default)]
    pub permissions: Vec<CommandPermission>,
}

/// Whether a role, a user or a channel may use a command.
///
/// ```
/// use ovenjs_types::{CommandPermission, Id, json};
/// let nobody = CommandPermission::everyone(Id::new(5), false);
/// assert_eq!(json::encode(&nobody), br#"{"id":"5","type":1,"permission":false}"#);
/// let everywhere = CommandPermission::all_channels(Id::new(5), true);
/// assert_eq!(json::encode(&everywhere), br#"{"id":"4","type":3,"permission":true}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandPermission {
    /// The role, user or channel.
    pub id: Id<GenericMarker>,
    /// Which of them it is.
    #[serde(rename = "type")]
    pub kind: CommandPermissionType,
    /// Whether they may.
    pub permission: bool,
}

impl CommandPermission {
    /// For a role.
    #[must_use]
    pub const fn role(role: Id<RoleMarker>, permission: bool) -> Self {
        Self {
            id: role.cast(),
            kind: CommandPermissionType::Role,
            permission,
        }
    }

    /// For a user.
    #[must_use]
    pub const fn user(user: Id<UserMarker>, permission: bool) -> Self {
        Self {
            id: user.cast(),
            kind: CommandPermissionType::User,
            permission,
        }
    }

    /// For a channel.
    #[must_use]
    pub const fn channel(channel: Id<ChannelMarker>, permission: bool) -> Self {
        Self {
            id: channel.cast(),
            kind: CommandPermissionType::Channel,
            permission,
        }
    }

    /// For all members of a guild: the role with the guild's own id.
    #[must_use]
    pub const fn everyone(guild: Id<GuildMarker>, permission: bool) -> Self {
        Self::role(guild.cast(), permission)
    }

    /// For all channels of a guild, which Discord writes as the guild's id less one.
    #[must_use]
    pub const fn all_channels(guild: Id<GuildMarker>, permission: bool) -> Self {
        // No guild has id 1, of which there is none less.
        let id = match Id::new_checked(guild.get() - 1) {
            Some(id) => id,
            None => guild.cast(),
        };
        Self::channel(id, permission)
    }
}

impl Validate for Vec<CommandPermission> {
    /// All permissions of one command in a guild.
    fn check(&self, report: &mut Report) {
        let most = limits::COMMANDS_PERMISSION_OVERWRITES;
        report.amount("", self.len(), 0..=most, "permissions");
    }
}

open_int! {
    /// For whom a command permission is.
    pub enum CommandPermissionType: u32 {
        Role = 1,
        User = 2,
        Channel = 3,
    }
}
