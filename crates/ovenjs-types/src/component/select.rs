//! Menus to choose from.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{ComponentType, check_custom_id, check_order, check_required, row::check_emoji};
use crate::{
    ChannelType, Id, ReactionEmoji, Report, Text, Validate, limits,
    marker::{ChannelMarker, GenericMarker, RoleMarker, UserMarker},
};

/// A menu to choose from, in a message or in a modal. The struct is its own builder.
///
/// `options` belong to the string select alone; the other four list what the guild has.
///
/// ```
/// use ovenjs_types::{ChannelType, Select, Validate};
/// let topics = Select::strings("topic", [("docs", "Documentation"), ("bug", "A bug")]);
/// assert_eq!(topics.options.len(), 2);
///
/// let places = Select::channels("place").channel_types([ChannelType::GuildText]).values(1..=3);
/// assert_eq!(places.validate().unwrap().max_values, Some(3));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Select {
    /// Which of the five selects it is.
    #[serde(rename = "type")]
    pub kind: ComponentType,
    /// Its number in the message or modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// What comes back with the choice; at most 100 characters.
    #[serde(default)]
    pub custom_id: Text,
    /// The choices of a string select; at most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SelectOption>,
    /// The only types of channels listed, for a channel select; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_types: Vec<ChannelType>,
    /// The text shown while nothing is chosen; at most 150 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
    /// What is chosen at first, for the four that list what the guild has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_values: Vec<SelectDefaultValue>,
    /// How many must be chosen, 0 to 25; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_values: Option<u32>,
    /// How many may be chosen, 1 to 25; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_values: Option<u32>,
    /// Whether it must be used, in a modal; it must by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether it cannot be used; not in modals.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// What was chosen, values or ids; present when a modal comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Text>,
}

impl Select {
    /// A menu of these choices, each as value and label.
    pub fn strings<V, L>(
        custom_id: impl Into<Text>,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Self
    where
        V: Into<Text>,
        L: Into<Text>,
    {
        let options = choices.into_iter();
        Self::options(
            custom_id,
            options.map(|(value, label)| SelectOption::new(value, label)),
        )
    }

    /// A menu of these options.
    pub fn options(
        custom_id: impl Into<Text>,
        options: impl IntoIterator<Item = SelectOption>,
    ) -> Self {
        Self {
            options: options.into_iter().collect(),
            ..Self::empty(ComponentType::StringSelect, custom_id)
        }
    }

    /// A menu of users.
    pub fn users(custom_id: impl Into<Text>) -> Self {
        Self::empty(ComponentType::UserSelect, custom_id)
    }

    /// A menu of roles.
    pub fn roles(custom_id: impl Into<Text>) -> Self {
        Self::empty(ComponentType::RoleSelect, custom_id)
    }

    /// A menu of users and roles.
    pub fn mentionables(custom_id: impl Into<Text>) -> Self {
        Self::empty(ComponentType::MentionableSelect, custom_id)
    }

    /// A menu of channels.
    pub fn channels(custom_id: impl Into<Text>) -> Self {
        Self::empty(ComponentType::ChannelSelect, custom_id)
    }

    /// Sets the text shown while nothing is chosen.
    #[must_use]
    pub fn placeholder(mut self, text: impl Into<Text>) -> Self {
        self.placeholder = Some(text.into());
        self
    }

    /// Sets how many must and may be chosen.
    #[must_use]
    pub fn values(mut self, range: std::ops::RangeInclusive<u32>) -> Self {
        self.min_values = Some(*range.start());
        self.max_values = Some(*range.end());
        self
    }

    /// Lets a modal be submitted without a choice.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = Some(false);
        self
    }

    /// Lists only channels of these types.
    #[must_use]
    pub fn channel_types(mut self, types: impl IntoIterator<Item = ChannelType>) -> Self {
        self.channel_types = types.into_iter().collect();
        self
    }

    /// Adds something chosen at first.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<SelectDefaultValue>) -> Self {
        self.default_values.push(value.into());
        self
    }

    /// Makes it unusable.
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    fn empty(kind: ComponentType, custom_id: impl Into<Text>) -> Self {
        Self {
            kind,
            id: None,
            custom_id: custom_id.into(),
            options: Vec::new(),
            channel_types: Vec::new(),
            placeholder: None,
            default_values: Vec::new(),
            min_values: None,
            max_values: None,
            required: None,
            disabled: false,
            values: Vec::new(),
        }
    }
}

impl Validate for Select {
    fn check(&self, report: &mut Report) {
        let of_strings = self.kind == ComponentType::StringSelect;
        check_custom_id(&self.custom_id, report);
        if of_strings {
            let most = limits::COMPONENTS_SELECT_OPTIONS;
            report.amount("options", self.options.len(), 1..=most, "options");
            let mut values = HashSet::new();
            report.each("options", &self.options, |report, option| {
                option.check(report);
                if !values.insert(option.value.as_str()) {
                    report.note("value", "is that of an option before: write another");
                }
            });
            self.check_options(report);
        } else if !self.options.is_empty() {
            report.note("options", "are for a StringSelect: take them away");
        }
        if !self.channel_types.is_empty() && self.kind != ComponentType::ChannelSelect {
            report.note("channel_types", "are for a ChannelSelect: take them away");
        }
        let placeholder = self.placeholder.as_ref();
        report.length_of("placeholder", placeholder, 0..=limits::SELECT_PLACEHOLDER);
        self.check_defaults(report);
        report.number_of("min_values", self.min_values, 0..=VALUES_MAX);
        report.number_of("max_values", self.max_values, 1..=VALUES_MAX);
        let least = ("min_values", self.min_values);
        check_order(
            report,
            least,
            ("max_values", self.max_values),
            VALUES_DEFAULT,
        );
    }
}

impl Select {
    /// Checks how many options there are against how many are and can be chosen.
    fn check_options(&self, report: &mut Report) {
        let chosen = self.options.iter().filter(|option| option.default).count();
        let most = usize::try_from(self.max_values.unwrap_or(VALUES_DEFAULT)).unwrap_or(usize::MAX);
        if chosen > most {
            let words =
                format!("are chosen {chosen} times, but max_values is {most}: choose fewer");
            report.note("options", words);
        }
        let least = self.min_values.unwrap_or(VALUES_DEFAULT);
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        let count = self.options.len();
        if count > 0 && least > count {
            let words = format!("is {least}, but there are {count} options: set {count} or less");
            report.note("min_values", words);
        }
    }

    /// Checks what Discord takes in messages and refuses in modals.
    pub(super) fn check_in_modal(&self, report: &mut Report) {
        if self.disabled {
            report.note(
                "disabled",
                "is set, which Discord takes in messages only: take it away",
            );
        }
        check_required(self.min_values, self.required, report);
    }

    fn check_defaults(&self, report: &mut Report) {
        let count = self.default_values.len();
        let most = limits::SELECT_DEFAULT_VALUES;
        report.amount("default_values", count, 0..=most, "default values");
        let allowed: &[SelectDefaultValueType] = match self.kind {
            ComponentType::UserSelect => &[SelectDefaultValueType::User],
            ComponentType::RoleSelect => &[SelectDefaultValueType::Role],
            ComponentType::ChannelSelect => &[SelectDefaultValueType::Channel],
            ComponentType::MentionableSelect => {
                &[SelectDefaultValueType::User, SelectDefaultValueType::Role]
            }
            _ => &[],
        };
        report.each("default_values", &self.default_values, |report, value| {
            if !allowed.contains(&value.kind) {
                let (value, select) = (&value.kind, self.kind);
                report.note(
                    "",
                    format!("is a {value}, which a {select:?} does not list: take it away"),
                );
            }
        });
        let most = usize::try_from(self.max_values.unwrap_or(VALUES_DEFAULT)).unwrap_or(usize::MAX);
        if count > most && count <= limits::SELECT_DEFAULT_VALUES {
            let words =
                format!("are {count}, but max_values is {most}: take some away or raise it");
            report.note("default_values", words);
        }
        let least = self.min_values.unwrap_or(VALUES_DEFAULT);
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        if count > 0 && count < least {
            let words = format!("are {count}, but min_values is {least}: add some or lower it");
            report.note("default_values", words);
        }
    }
}

/// Discord's bounds of `min_values` and `max_values`, from the OpenAPI file.
const VALUES_MAX: u64 = 25;

/// How many must and may be chosen where nothing is said.
const VALUES_DEFAULT: u32 = 1;

/// A choice of a string select. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SelectOption {
    /// The text shown; at most 100 characters.
    pub label: Text,
    /// What comes back; at most 100 characters.
    pub value: Text,
    /// A second line; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The emoji before the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// Whether it is chosen at first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

impl SelectOption {
    /// A choice that sends `value` back.
    pub fn new(value: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
            description: None,
            emoji: None,
            default: false,
        }
    }

    /// Sets the second line.
    #[must_use]
    pub fn description(mut self, text: impl Into<Text>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the emoji before the text.
    #[must_use]
    pub fn emoji(mut self, emoji: impl Into<ReactionEmoji>) -> Self {
        self.emoji = Some(emoji.into());
        self
    }

    /// Chooses it at first.
    #[must_use]
    pub const fn chosen(mut self) -> Self {
        self.default = true;
        self
    }
}

impl Validate for SelectOption {
    fn check(&self, report: &mut Report) {
        let label = limits::SELECT_OPTION_LABEL_MIN..=limits::SELECT_OPTION_LABEL;
        report.length("label", &self.label, label);
        let value = limits::SELECT_OPTION_VALUE_MIN..=limits::SELECT_OPTION_VALUE;
        report.length("value", &self.value, value);
        let description = self.description.as_ref();
        report.length_of(
            "description",
            description,
            0..=limits::SELECT_OPTION_DESCRIPTION,
        );
        if let Some(emoji) = &self.emoji {
            report.field("emoji", |report| check_emoji(emoji, report));
        }
    }
}

/// A user, role or channel that is chosen at first.
///
/// ```
/// use ovenjs_types::{Id, SelectDefaultValue, SelectDefaultValueType, marker::RoleMarker};
/// let value = SelectDefaultValue::from(Id::<RoleMarker>::new(5));
/// assert_eq!(value.kind, SelectDefaultValueType::Role);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SelectDefaultValue {
    /// Which.
    pub id: Id<GenericMarker>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SelectDefaultValueType,
}

impl From<Id<UserMarker>> for SelectDefaultValue {
    fn from(id: Id<UserMarker>) -> Self {
        let kind = SelectDefaultValueType::User;
        Self {
            id: id.cast(),
            kind,
        }
    }
}

impl From<Id<RoleMarker>> for SelectDefaultValue {
    fn from(id: Id<RoleMarker>) -> Self {
        let kind = SelectDefaultValueType::Role;
        Self {
            id: id.cast(),
            kind,
        }
    }
}

impl From<Id<ChannelMarker>> for SelectDefaultValue {
    fn from(id: Id<ChannelMarker>) -> Self {
        let kind = SelectDefaultValueType::Channel;
        Self {
            id: id.cast(),
            kind,
        }
    }
}

open_str! {
    /// What is chosen at first.
    pub enum SelectDefaultValueType {
        User = "user",
        Role = "role",
        Channel = "channel",
    }
}
