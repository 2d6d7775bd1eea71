//! A command to be registered.

use serde::{Deserialize, Serialize};

use super::{
    CommandHandler, CommandOption, CommandType, InstallContext, InteractionContext, Localizations,
};
use crate::{Given, Id, Locale, Permissions, Text, marker::CommandMarker};

/// A command to be registered. The struct is its own builder.
///
/// What it does not have is written out as empty, so that a change also takes away what the command
/// had before. Only `integration_types` and `contexts` are left out where they are not set: guild
/// commands have neither. Discord's deprecated `dm_permission` and `default_permission` are not
/// here: `contexts` and `default_member_permissions` say the same.
///
/// Source: Discord, "Create Global Application Command".
///
/// ```
/// use ovenjs_types::{CommandDraft, CommandOption, CommandOptionType, Permissions, Validate};
/// let ban = CommandDraft::slash("ban", "Ban a member")
///     .name_in("de", "bannen")
///     .option(CommandOption::new(CommandOptionType::User, "who", "Whom").required())
///     .option(CommandOption::new(CommandOptionType::String, "why", "Why").length(1..=200))
///     .needs(Permissions::BAN_MEMBERS);
/// assert!(ban.validate().is_ok());
///
/// let told = CommandDraft::slash("Ban", "").validate().unwrap_err();
/// assert_eq!(
///     told.to_string(),
///     "Discord would refuse this: name is `Ban`: write `ban`; \
///      description has 0 characters, but Discord takes 1 to 100: write something"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandDraft {
    /// The command that it becomes, in a list that replaces all commands; a new one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<CommandMarker>>,
    /// What kind of command it is.
    #[serde(rename = "type")]
    pub kind: CommandType,
    /// Its name; 1 to 32 characters, lower case for slash commands.
    pub name: Text,
    /// Its name in other languages.
    pub name_localizations: Option<Localizations>,
    /// Its description; 1 to 100 characters for slash commands, else empty.
    #[serde(skip_serializing_if = "Text::is_empty")]
    pub description: Text,
    /// Its description in other languages.
    pub description_localizations: Option<Localizations>,
    /// Its options, at most 25, required ones first.
    pub options: Vec<CommandOption>,
    /// What a member needs to see it; everyone does where absent.
    pub default_member_permissions: Option<Permissions>,
    /// Whether it is age-restricted.
    pub nsfw: bool,
    /// Where the application may be installed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_types: Option<Vec<InstallContext>>,
    /// Where it can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contexts: Option<Vec<InteractionContext>>,
    /// Who answers it, for the command that opens the application's activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<CommandHandler>,
}

impl CommandDraft {
    /// A slash command.
    pub fn slash(name: impl Into<Text>, description: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            ..Self::default()
        }
    }

    /// A command in the menu of a user.
    pub fn user(name: impl Into<Text>) -> Self {
        Self::of(CommandType::User, name)
    }

    /// A command in the menu of a message.
    pub fn message(name: impl Into<Text>) -> Self {
        Self::of(CommandType::Message, name)
    }

    /// The command that opens the application's activity.
    pub fn entry_point(name: impl Into<Text>, handler: CommandHandler) -> Self {
        Self {
            handler: Some(handler),
            ..Self::of(CommandType::PrimaryEntryPoint, name)
        }
    }

    fn of(kind: CommandType, name: impl Into<Text>) -> Self {
        Self {
            kind,
            name: name.into(),
            ..Self::default()
        }
    }
}

setters! {
    exported command_draft => impl CommandDraft {
        /// Adds an option.
        pub fn option(mut self, option: CommandOption) -> Self {
            self.options.push(option);
            self
        }

        /// Sets its name in another language: a [`Locale`], or its code as in `"de"`.
        pub fn name_in(mut self, locale: impl Into<Locale>, name: impl Into<Text>) -> Self {
            let names = self.name_localizations.get_or_insert_default();
            names.insert(locale.into(), name.into());
            self
        }

        /// Sets its description in another language: a [`Locale`], or its code as in `"de"`.
        pub fn description_in(mut self, locale: impl Into<Locale>, text: impl Into<Text>) -> Self {
            let texts = self.description_localizations.get_or_insert_default();
            texts.insert(locale.into(), text.into());
            self
        }

        /// Shows it only to members with these permissions, until a moderator says otherwise.
        pub fn needs(mut self, permissions: Permissions) -> Self {
            self.default_member_permissions = Some(permissions);
            self
        }

        /// Restricts it to adults.
        pub fn nsfw(mut self) -> Self {
            self.nsfw = true;
            self
        }

        /// Sets where it can be used.
        pub fn contexts(mut self, contexts: impl IntoIterator<Item = InteractionContext>) -> Self {
            self.contexts = Some(contexts.into_iter().collect());
            self
        }

        /// Sets where the application may be installed for it.
        pub fn installs(mut self, installs: impl IntoIterator<Item = InstallContext>) -> Self {
            self.integration_types = Some(installs.into_iter().collect());
            self
        }

        /// Sets the command that it becomes, in a list that replaces all commands.
        pub fn id(mut self, id: impl Given<Option<Id<CommandMarker>>>) -> Self {
            self.id = id.given();
            self
        }

        /// Sets what kind of command it is.
        pub fn kind(mut self, kind: CommandType) -> Self {
            self.kind = kind;
            self
        }

        /// Sets its name.
        pub fn name(mut self, name: impl Into<Text>) -> Self {
            self.name = name.into();
            self
        }

        /// Sets its names in other languages.
        pub fn name_localizations(mut self, names: impl Given<Option<Localizations>>) -> Self {
            self.name_localizations = names.given();
            self
        }

        /// Sets its description.
        pub fn description(mut self, description: impl Into<Text>) -> Self {
            self.description = description.into();
            self
        }

        /// Sets its descriptions in other languages.
        pub fn description_localizations(mut self, texts: impl Given<Option<Localizations>>) -> Self {
            self.description_localizations = texts.given();
            self
        }

        /// Sets all options.
        pub fn options(mut self, options: impl Given<Vec<CommandOption>>) -> Self {
            self.options = options.given();
            self
        }

        /// Sets what a member needs to see it; everyone does where it is `None`.
        pub fn default_member_permissions(
            mut self,
            permissions: impl Given<Option<Permissions>>,
        ) -> Self {
            self.default_member_permissions = permissions.given();
            self
        }

        /// Sets who answers it, for the command that opens the application's activity.
        pub fn handler(mut self, handler: impl Given<Option<CommandHandler>>) -> Self {
            self.handler = handler.given();
            self
        }
    }
}
