//! The options of a command, and the values to choose from.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

use super::Localizations;
use crate::{ChannelType, Locale, Text};

/// An option of a command, a subcommand or a group of them. The struct is its own builder.
///
/// Source: Discord, "Application Command Option Structure".
///
/// ```
/// use ovenjs_types::{CommandOption, CommandOptionType};
/// let stars = CommandOption::new(CommandOptionType::Integer, "stars", "How many")
///     .required()
///     .bounds(1_i64, 5_i64)
///     .name_in("de", "sterne");
/// assert_eq!(stars.max_value, Some(5_i64.into()));
/// ```
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
    /// Its name in the language that was asked for, where the list was asked for without the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localized: Option<Text>,
    /// Its description.
    pub description: Text,
    /// Its description in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Option<Localizations>,
    /// Its description in the language that was asked for, where the list was asked for without the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localized: Option<Text>,
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
    /// The only types of files taken; any where empty, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_types: Vec<Text>,
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
            name_localized: None,
            description: description.into(),
            description_localizations: None,
            description_localized: None,
            required: false,
            choices: Vec::new(),
            options: Vec::new(),
            channel_types: Vec::new(),
            min_value: None,
            max_value: None,
            min_length: None,
            max_length: None,
            autocomplete: false,
            file_types: Vec::new(),
        }
    }

    /// A subcommand with these options.
    pub fn subcommand(
        name: impl Into<Text>,
        description: impl Into<Text>,
        options: impl IntoIterator<Item = Self>,
    ) -> Self {
        let options = options.into_iter().collect();
        Self {
            options,
            ..Self::new(CommandOptionType::SubCommand, name, description)
        }
    }

    /// A group of these subcommands.
    pub fn group(
        name: impl Into<Text>,
        description: impl Into<Text>,
        subcommands: impl IntoIterator<Item = Self>,
    ) -> Self {
        let options = subcommands.into_iter().collect();
        Self {
            options,
            ..Self::new(CommandOptionType::SubCommandGroup, name, description)
        }
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Sets its name in another language: a [`Locale`], or its code as in `"de"`.
    #[must_use]
    pub fn name_in(mut self, locale: impl Into<Locale>, name: impl Into<Text>) -> Self {
        let names = self.name_localizations.get_or_insert_default();
        names.insert(locale.into(), name.into());
        self
    }

    /// Sets its description in another language: a [`Locale`], or its code as in `"de"`.
    #[must_use]
    pub fn description_in(mut self, locale: impl Into<Locale>, text: impl Into<Text>) -> Self {
        let texts = self.description_localizations.get_or_insert_default();
        texts.insert(locale.into(), text.into());
        self
    }

    /// Adds a value that may be chosen; no other value may then.
    #[must_use]
    pub fn choice(mut self, name: impl Into<Text>, value: impl Into<ChoiceValue>) -> Self {
        self.choices.push(Choice::new(name, value));
        self
    }

    /// Sets the least and the greatest number allowed.
    #[must_use]
    pub fn bounds(
        mut self,
        least: impl Into<ChoiceValue>,
        greatest: impl Into<ChoiceValue>,
    ) -> Self {
        self.min_value = Some(least.into());
        self.max_value = Some(greatest.into());
        self
    }

    /// Sets how long a text must and may be, in characters.
    #[must_use]
    pub fn length(mut self, range: std::ops::RangeInclusive<u16>) -> Self {
        self.min_length = Some(*range.start());
        self.max_length = Some(*range.end());
        self
    }

    /// Takes only channels of these types.
    #[must_use]
    pub fn channel_types(mut self, types: impl IntoIterator<Item = ChannelType>) -> Self {
        self.channel_types = types.into_iter().collect();
        self
    }

    /// Takes files of this type, besides those named before: `image`, `video`, `audio` or an ending
    /// such as `.pdf`.
    #[must_use]
    pub fn file_type(mut self, file_type: impl Into<Text>) -> Self {
        self.file_types.push(file_type.into());
        self
    }

    /// Has the bot propose values while the user types.
    #[must_use]
    pub const fn autocomplete(mut self) -> Self {
        self.autocomplete = true;
        self
    }
}

/// A value that may be chosen, with the text shown for it.
///
/// Source: Discord, "Application Command Option Choice Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The text shown; at most 100 characters.
    pub name: Text,
    /// The text in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Option<Localizations>,
    /// The text in the language that was asked for, where the others were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localized: Option<Text>,
    /// What comes back; a text has at most 6000 characters.
    pub value: ChoiceValue,
}

impl Choice {
    /// A choice shown as `name`.
    pub fn new(name: impl Into<Text>, value: impl Into<ChoiceValue>) -> Self {
        Self {
            name: name.into(),
            name_localizations: None,
            name_localized: None,
            value: value.into(),
        }
    }

    /// Sets the text in another language: a [`Locale`], or its code as in `"de"`.
    #[must_use]
    pub fn name_in(mut self, locale: impl Into<Locale>, name: impl Into<Text>) -> Self {
        let names = self.name_localizations.get_or_insert_default();
        names.insert(locale.into(), name.into());
        self
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

impl From<String> for ChoiceValue {
    fn from(text: String) -> Self {
        Self::String(text.into())
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
