//! Application commands: what a bot registers.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

use crate::{
    ChannelType, Id, Permissions, Text,
    marker::{ApplicationMarker, CommandMarker, CommandVersionMarker, GuildMarker},
};

/// A name or description in other languages, by locale, e.g. `de`.
pub type Localizations = BTreeMap<Text, Text>;

/// A registered command, as Discord answers it.
///
/// Source: Discord, "Application Command Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Its description; empty for user and message commands.
    #[serde(default)]
    pub description: Text,
    /// Its description in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Option<Localizations>,
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
}

/// A command to be registered. The struct is its own builder.
///
/// What it does not have is written out as empty, so that a change also takes away what the command
/// had before. Only `integration_types` and `contexts` are left out where they are not set: guild
/// commands have neither.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CommandDraft {
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

    /// Adds an option.
    #[must_use]
    pub fn option(mut self, option: CommandOption) -> Self {
        self.options.push(option);
        self
    }
}

/// An option of a command, a subcommand or a group of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandOption {
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: CommandOptionType,
    /// Its name.
    pub name: Text,
    /// Its name in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Option<Localizations>,
    /// Its description.
    pub description: Text,
    /// Its description in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Option<Localizations>,
    /// Whether it must be given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The only values allowed; at most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The options of a subcommand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Self>,
    /// The only channel types allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_types: Vec<ChannelType>,
    /// The least number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_value: Option<ChoiceValue>,
    /// The greatest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_value: Option<ChoiceValue>,
    /// The shortest text allowed, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u16>,
    /// The longest text allowed, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u16>,
    /// Whether the bot proposes values while the user types.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub autocomplete: bool,
}

impl CommandOption {
    /// An optional option of this type.
    pub fn new(
        kind: CommandOptionType,
        name: impl Into<Text>,
        description: impl Into<Text>,
    ) -> Self {
        Self {
            kind,
            name: name.into(),
            name_localizations: None,
            description: description.into(),
            description_localizations: None,
            required: false,
            choices: Vec::new(),
            options: Vec::new(),
            channel_types: Vec::new(),
            min_value: None,
            max_value: None,
            min_length: None,
            max_length: None,
            autocomplete: false,
        }
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// A value that may be chosen, with the text shown for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The text shown; at most 100 characters.
    pub name: Text,
    /// The text in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Option<Localizations>,
    /// What comes back.
    pub value: ChoiceValue,
}

impl Choice {
    /// A choice shown as `name`.
    pub fn new(name: impl Into<Text>, value: impl Into<ChoiceValue>) -> Self {
        Self {
            name: name.into(),
            name_localizations: None,
            value: value.into(),
        }
    }
}

/// A text or a number. An integer and a number of the same size are equal.
#[derive(Clone, Debug)]
pub enum ChoiceValue {
    /// A text.
    String(Text),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
}

impl ChoiceValue {
    /// The number, where it is one. Whole numbers beyond 2⁵³ lose their last digits.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::String(_) => None,
            #[expect(
                clippy::as_conversions,
                reason = "Discord's whole numbers lie within ±2⁵³, which f64 holds"
            )]
            Self::Integer(n) => Some(*n as f64),
            Self::Number(n) => Some(*n),
        }
    }
}

impl PartialEq for ChoiceValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (a, b) => a.as_f64().is_some() && a.as_f64() == b.as_f64(),
        }
    }
}

impl From<&str> for ChoiceValue {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for ChoiceValue {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<i64> for ChoiceValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for ChoiceValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl Serialize for ChoiceValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
        }
    }
}

impl<'de> Deserialize<'de> for ChoiceValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = ChoiceValue;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<ChoiceValue, E> {
                Ok(ChoiceValue::String(text.into()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<ChoiceValue, E> {
                Ok(ChoiceValue::Integer(number))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ChoiceValue, E> {
                i64::try_from(number)
                    .map(ChoiceValue::Integer)
                    .map_err(|_| E::custom("beyond 2⁶³"))
            }
            fn visit_f64<E>(self, number: f64) -> Result<ChoiceValue, E> {
                Ok(ChoiceValue::Number(number))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
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
    /// What an option takes.
    pub enum CommandOptionType: u32 {
        SubCommand = 1,
        SubCommandGroup = 2,
        String = 3,
        Integer = 4,
        Boolean = 5,
        User = 6,
        Channel = 7,
        Role = 8,
        Mentionable = 9,
        Number = 10,
        Attachment = 11,
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
