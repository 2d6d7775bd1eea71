//! Registered commands. Discord counts them together over all guilds: the resource at the top of
//! the path is the application.

use ovenjs_types::{
    Command, CommandDraft, CommandPermission, GuildCommandPermissions, Id,
    form::inside,
    marker::{ApplicationMarker, CommandMarker, GuildMarker},
};

use serde::Serialize;

use crate::{
    Bearer,
    endpoint::{body, endpoint, json_answers, setters_of},
};

endpoint! {
    /// The global commands.
    Get "/applications/{application_id}/commands" as ListGlobalCommands -> Vec<Command> {
        fn global_commands(application_id: Id<ApplicationMarker>)
        query {
            /// Whether names and descriptions come in all languages.
            with_localizations: bool,
        }
        or User;
    }
}

endpoint! {
    /// A global command.
    Get "/applications/{application_id}/commands/{command_id}" as GetGlobalCommand -> Command {
        fn global_command(application_id: Id<ApplicationMarker>, command_id: Id<CommandMarker>)
        or User;
    }
}

endpoint! {
    /// Registers a global command; one of the same name and type is replaced.
    Post "/applications/{application_id}/commands" as CreateGlobalCommand -> Command {
        fn create_global_command(application_id: Id<ApplicationMarker>)
        body: CommandDraft;
        or User;
    }
}

endpoint! {
    /// Changes a global command.
    Patch "/applications/{application_id}/commands/{command_id}" as EditGlobalCommand -> Command {
        fn edit_global_command(application_id: Id<ApplicationMarker>, command_id: Id<CommandMarker>)
        body: CommandDraft;
        or User;
    }
}

endpoint! {
    /// Deletes a global command.
    Delete "/applications/{application_id}/commands/{command_id}" as DeleteGlobalCommand -> () {
        fn delete_global_command(application_id: Id<ApplicationMarker>, command_id: Id<CommandMarker>)
        or User;
    }
}

endpoint! {
    /// Makes these the global commands; all others are deleted.
    Put "/applications/{application_id}/commands" as BulkSetGlobalCommands -> Vec<Command> {
        fn bulk_set_global_commands(application_id: Id<ApplicationMarker>)
        body: Vec<CommandDraft>;
        or User;
    }
}

endpoint! {
    /// The commands of a guild.
    Get "/applications/{application_id}/guilds/{guild_id}/commands" as ListGuildCommands -> Vec<Command> {
        fn guild_commands(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
        query {
            /// Whether names and descriptions come in all languages.
            with_localizations: bool,
        }
        or User;
    }
}

endpoint! {
    /// A command of a guild.
    Get "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" as GetGuildCommand -> Command {
        fn guild_command(
            application_id: Id<ApplicationMarker>,
            guild_id: Id<GuildMarker>,
            command_id: Id<CommandMarker>,
        )
        or User;
    }
}

endpoint! {
    /// Registers a command in a guild; one of the same name and type is replaced.
    Post "/applications/{application_id}/guilds/{guild_id}/commands" as CreateGuildCommand -> Command {
        fn create_guild_command(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
        body: CommandDraft;
        or User;
    }
}

endpoint! {
    /// Changes a command of a guild.
    Patch "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" as EditGuildCommand -> Command {
        fn edit_guild_command(
            application_id: Id<ApplicationMarker>,
            guild_id: Id<GuildMarker>,
            command_id: Id<CommandMarker>,
        )
        body: CommandDraft;
        or User;
    }
}

endpoint! {
    /// Deletes a command of a guild.
    Delete "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}" as DeleteGuildCommand -> () {
        fn delete_guild_command(
            application_id: Id<ApplicationMarker>,
            guild_id: Id<GuildMarker>,
            command_id: Id<CommandMarker>,
        )
        or User;
    }
}

endpoint! {
    /// Makes these the commands of a guild; all others are deleted.
    Put "/applications/{application_id}/guilds/{guild_id}/commands" as BulkSetGuildCommands -> Vec<Command> {
        fn bulk_set_guild_commands(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
        body: Vec<CommandDraft>;
        or User;
    }
}

endpoint! {
    /// Who may use which command in a guild, beside what is said of all commands.
    Get "/applications/{application_id}/guilds/{guild_id}/commands/permissions" as ListCommandPermissions -> Vec<GuildCommandPermissions> {
        fn command_permissions(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
        or User;
    }
}

endpoint! {
    /// Who may use a command in a guild.
    Get "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions" as GetCommandPermissions -> GuildCommandPermissions {
        fn command_permissions_of(
            application_id: Id<ApplicationMarker>,
            guild_id: Id<GuildMarker>,
            command_id: Id<CommandMarker>,
        )
        or User;
    }
}

endpoint! {
    /// Says who may use a command in a guild. The user who is asking has to be a moderator there, and
    /// their token has to have the scope `applications.commands.permissions.update`.
    Put "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions" as SetCommandPermissions -> GuildCommandPermissions {
        fn set_command_permissions(
            application_id: Id<ApplicationMarker>,
            guild_id: Id<GuildMarker>,
            command_id: Id<CommandMarker>,
        )
        body: CommandPermissionsEdit;
        by User;
        shows bearer: Bearer;
    }
}

body! {
    /// All that is said of one command in a guild.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct CommandPermissionsEdit
    must {
        /// Who may use it and who may not; at most 100.
        permissions: Vec<CommandPermission> = inside,
    }
}

endpoint! {
    /// Discord took this away and refuses it; [`SetCommandPermissions`] does it for one command.
    Put "/applications/{application_id}/guilds/{guild_id}/commands/permissions" as SetAllCommandPermissions -> () {
        fn set_all_command_permissions(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
    }
}

json_answers!(GuildCommandPermissions);
