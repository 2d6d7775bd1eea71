//! Application commands: what a bot registers.

mod check;
mod draft;
mod option;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Id, Locale, Permissions, Text,
    marker::{ApplicationMarker, CommandMarker, CommandVersionMarker, GuildMarker},
};

pub(crate) use check::may_be_in_name;
pub use draft::CommandDraft;
pub use option::{Choice, ChoiceValue, CommandOption, CommandOptionType};

/// A name or description in other languages.
///
/// ```
/// use ovenjs_types::{CommandDraft, Locale, Validate};
/// let ban = CommandDraft::slash("ban", "Ban a member").name_in(Locale::German, "bannen");
/// assert_eq!(ban.name_localizations.as_ref().unwrap()[&Locale::German], "bannen");
/// // A language of tomorrow is written by its code.
/// assert!(ban.name_in("tlh", "ghim").validate().is_ok());
/// ```
pub type Localizations = BTreeMap<Locale, Text>;

/// A registered command, as Discord answers it.
///
/// Source: Discord, "Application Command Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Command {
    /// The command's id.
    pub id: Id<CommandMarker>,
    /// The application it belongs to.
    pub application_id: Id<ApplicationMarker>,
    /// Its guild; absent for a global command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Grows with each change.
    pub version: Id<CommandVersionMarker>,
    /// What kind of command it is.
    #[serde(default, rename = "type")]
    pub kind: CommandType,
    /// Its name.
    pub name: Text,
    /// Its name in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Option<Localizations>,
    /// Its name in the language that was asked for, where the list was asked for without the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localized: Option<Text>,
    /// Its description; empty for user and message commands.
    #[serde(default)]
    pub description: Text,
    /// Its description in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Option<Localizations>,
    /// Its description in the language that was asked for, where the list was asked for without the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localized: Option<Text>,
    /// Its options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<CommandOption>,
    /// What a member needs to see it; everyone does where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_member_permissions: Option<Permissions>,
    /// Whether it is age-restricted.
    #[serde(default)]
    pub nsfw: bool,
    /// Where the application may be installed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_types: Option<Vec<InstallContext>>,
    /// Where it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexts: Option<Vec<InteractionContext>>,
    /// Whether it can be used in direct messages; `contexts` says it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dm_permission: Option<bool>,
    /// Whether everyone sees it; `default_member_permissions` says it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_permission: Option<bool>,
    /// Who answers it, for the command that opens the application's activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<CommandHandler>,
}

open_int! {
    /// What kind of command it is.
    pub enum CommandType: u32 {
        ChatInput = 1,
        User = 2,
        Message = 3,
        PrimaryEntryPoint = 4,
    }
}

impl Default for CommandType {
    /// Discord takes a command without a type for a slash command.
    fn default() -> Self {
        Self::ChatInput
    }
}

open_int! {
    /// How the application was installed.
    pub enum InstallContext: u32 {
        GuildInstall = 0,
        UserInstall = 1,
    }
}

open_int! {
    /// Where an interaction happens.
    pub enum InteractionContext: u32 {
        Guild = 0,
        BotDm = 1,
        PrivateChannel = 2,
    }
}

open_int! {
    /// Who answers the command that opens an application's activity.
    pub enum CommandHandler: u32 {
        /// The application, to which an interaction comes.
        AppHandler = 1,
        /// Discord, which opens the activity and tells the channel of it.
        DiscordLaunchActivity = 2,
    }
}
