//! Registered commands. Discord counts them together over all guilds: the resource at the top of
//! the path is the application.

use ovenjs_types::{
    Command, CommandDraft, Id,
    marker::{ApplicationMarker, CommandMarker, GuildMarker},
};

use crate::endpoint::endpoint;

endpoint! {
    /// The global commands.
    Get "/applications/{application_id}/commands" as ListGlobalCommands -> Vec<Command> {
        fn global_commands(application_id: Id<ApplicationMarker>)
        query {
            /// Whether names and descriptions come in all languages.
            with_localizations: bool,
        }
    }
}

endpoint! {
    /// Registers a global command; one of the same name and type is replaced.
    Post "/applications/{application_id}/commands" as CreateGlobalCommand -> Command {
        fn create_global_command(application_id: Id<ApplicationMarker>)
        body: CommandDraft;
    }
}

endpoint! {
    /// Changes a global command.
    Patch "/applications/{application_id}/commands/{command_id}" as EditGlobalCommand -> Command {
        fn edit_global_command(application_id: Id<ApplicationMarker>, command_id: Id<CommandMarker>)
        body: CommandDraft;
    }
}

endpoint! {
    /// Deletes a global command.
    Delete "/applications/{application_id}/commands/{command_id}" as DeleteGlobalCommand -> () {
        fn delete_global_command(application_id: Id<ApplicationMarker>, command_id: Id<CommandMarker>)
    }
}

endpoint! {
    /// Makes these the global commands; all others are deleted.
    Put "/applications/{application_id}/commands" as BulkSetGlobalCommands -> Vec<Command> {
        fn bulk_set_global_commands(application_id: Id<ApplicationMarker>)
        body: Vec<CommandDraft>;
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
    }
}

endpoint! {
    /// Registers a command in a guild; one of the same name and type is replaced.
    Post "/applications/{application_id}/guilds/{guild_id}/commands" as CreateGuildCommand -> Command {
        fn create_guild_command(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
        body: CommandDraft;
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
    }
}

endpoint! {
    /// Makes these the commands of a guild; all others are deleted.
    Put "/applications/{application_id}/guilds/{guild_id}/commands" as BulkSetGuildCommands -> Vec<Command> {
        fn bulk_set_guild_commands(application_id: Id<ApplicationMarker>, guild_id: Id<GuildMarker>)
        body: Vec<CommandDraft>;
    }
}
