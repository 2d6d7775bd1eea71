//! What users fill in, in modals.

use std::{collections::HashSet, ops::RangeInclusive};

use serde::{Deserialize, Serialize};

use super::{
    Component, ComponentType, InLabel, Kind, check_custom_id, check_file_types, check_order,
    check_place, check_required,
};
use crate::{Id, Report, Text, Validate, limits, marker::AttachmentMarker};

/// The title around one input of a modal.
///
/// ```
/// use ovenjs_types::{Checkbox, Label};
/// let label = Label::new("Newsletter", Checkbox::new("news")).description("Once a month");
/// assert_eq!(label.component.custom_id(), Some("news"));
/// ```
///
/// What is no input does not compile:
///
/// ```compile_fail,E0277
/// # use ovenjs_types::{Button, Label};
/// Label::new("Press", Button::new("go", "Go"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Label {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<18>,
    /// Its number in the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The title; at most 45 characters. Absent when the modal comes back.
    #[serde(default)]
    pub label: Text,
    /// A second line; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The input.
    pub component: Component,
}

impl Label {
    /// An input with its title.
    pub fn new(label: impl Into<Text>, component: impl InLabel) -> Self {
        Self {
            kind: Kind,
            id: None,
            label: label.into(),
            description: None,
            component: component.into(),
        }
    }

    /// Sets the second line.
    #[must_use]
    pub fn description(mut self, text: impl Into<Text>) -> Self {
        self.description = Some(text.into());
        self
    }
}

impl Validate for Label {
    fn check(&self, report: &mut Report) {
        let range = limits::LABEL_TEXT_MIN..=limits::LABEL_TEXT;
        report.length("label", &self.label, range);
        let range = limits::LABEL_DESCRIPTION_MIN..=limits::LABEL_DESCRIPTION;
        report.length_of("description", self.description.as_ref(), range);
        report.field("component", |report| {
            check_place(report, &self.component, "a label", IN_LABEL);
            self.component.check(report);
        });
    }
}

const IN_LABEL: &[ComponentType] = &[
    ComponentType::TextInput,
    ComponentType::StringSelect,
    ComponentType::UserSelect,
    ComponentType::RoleSelect,
    ComponentType::MentionableSelect,
    ComponentType::ChannelSelect,
    ComponentType::FileUpload,
    ComponentType::RadioGroup,
    ComponentType::CheckboxGroup,
    ComponentType::Checkbox,
];

/// A text field of a modal. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TextInput {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<4>,
    /// Its number in the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// By which its text is found when the modal comes back; at most 100 characters.
    #[serde(default)]
    pub custom_id: Text,
    /// One line or several; present when sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<TextInputStyle>,
    /// Its title in old modals, where it stands in a row; at most 45 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// The shortest text allowed, in characters; at most 4000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u16>,
    /// The longest text allowed, in characters; at most 4000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u16>,
    /// Whether it must be filled in; it must by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The text in it: at first when sent, at last when it comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Text>,
    /// The text shown while it is empty; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
}

impl TextInput {
    /// A field of one line.
    pub fn short(custom_id: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            id: None,
            custom_id: custom_id.into(),
            style: Some(TextInputStyle::Short),
            label: None,
            min_length: None,
            max_length: None,
            required: None,
            value: None,
            placeholder: None,
        }
    }

    /// A field of several lines.
    pub fn paragraph(custom_id: impl Into<Text>) -> Self {
        Self {
            style: Some(TextInputStyle::Paragraph),
            ..Self::short(custom_id)
        }
    }

    /// Lets it be left empty.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = Some(false);
        self
    }

    /// Sets how long the text must and may be, in characters.
    #[must_use]
    pub fn length(mut self, range: RangeInclusive<u16>) -> Self {
        self.min_length = Some(*range.start());
        self.max_length = Some(*range.end());
        self
    }

    /// Fills it in at first.
    #[must_use]
    pub fn value(mut self, text: impl Into<Text>) -> Self {
        self.value = Some(text.into());
        self
    }

    /// Sets the text shown while it is empty.
    #[must_use]
    pub fn placeholder(mut self, text: impl Into<Text>) -> Self {
        self.placeholder = Some(text.into());
        self
    }
}

impl Validate for TextInput {
    fn check(&self, report: &mut Report) {
        check_custom_id(&self.custom_id, report);
        if self.style.is_none() {
            report.note("style", "is missing: set Short or Paragraph");
        }
        let range = limits::TEXT_INPUT_LABEL_MIN..=limits::TEXT_INPUT_LABEL;
        report.length_of("label", self.label.as_ref(), range);
        report.number_of("min_length", self.min_length, 0..=TEXT_MAX.into());
        report.number_of("max_length", self.max_length, 1..=TEXT_MAX.into());
        let most = self.max_length.map(u32::from).or(Some(u32::MAX));
        let least = self.min_length.map(u32::from);
        check_order(report, ("min_length", least), ("max_length", most), 0);
        let value = self.value.as_ref();
        report.length_of("value", value, 0..=limits::COMPONENTS_TEXT_INPUT);
        let placeholder = self.placeholder.as_ref();
        report.length_of(
            "placeholder",
            placeholder,
            0..=limits::TEXT_INPUT_PLACEHOLDER,
        );
    }
}

/// The longest text that a field may ask for; [`limits::COMPONENTS_TEXT_INPUT`] in the width of the
/// field.
const TEXT_MAX: u16 = 4000;

open_int! {
    /// The size of a text input.
    pub enum TextInputStyle: u32 {
        Short = 1,
        Paragraph = 2,
    }
}

/// Files that the user gives. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileUpload {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<19>,
    /// Its number in the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// By which its files are found when the modal comes back; at most 100 characters.
    #[serde(default)]
    pub custom_id: Text,
    /// How many must be given, 0 to 10; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_values: Option<u32>,
    /// How many may be given, 1 to 10; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_values: Option<u32>,
    /// Whether it must be used; it must by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The only types of files taken; any where empty, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_types: Vec<Text>,
    /// What was given; present when the modal comes back. The files are in its resolved
    /// attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Id<AttachmentMarker>>,
}

impl FileUpload {
    /// One file.
    pub fn new(custom_id: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            id: None,
            custom_id: custom_id.into(),
            min_values: None,
            max_values: None,
            required: None,
            file_types: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Sets how many files must and may be given; from 0 on, the modal can be submitted without one.
    #[must_use]
    pub fn values(mut self, range: RangeInclusive<u32>) -> Self {
        self.min_values = Some(*range.start());
        self.max_values = Some(*range.end());
        // Discord takes 0 only where the input is not required.
        if *range.start() == 0 {
            self.required = Some(false);
        }
        self
    }

    /// Lets the modal be submitted without a file.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = Some(false);
        self
    }

    /// Takes files of this type, besides those named before: `image`, `video`, `audio` or an ending
    /// such as `.pdf`.
    #[must_use]
    pub fn file_type(mut self, file_type: impl Into<Text>) -> Self {
        self.file_types.push(file_type.into());
        self
    }
}

impl Validate for FileUpload {
    fn check(&self, report: &mut Report) {
        check_custom_id(&self.custom_id, report);
        report.number_of("min_values", self.min_values, 0..=GROUP_VALUES_MAX);
        report.number_of("max_values", self.max_values, 1..=GROUP_VALUES_MAX);
        let least = ("min_values", self.min_values);
        check_order(report, least, ("max_values", self.max_values), 1);
        check_required(self.min_values, self.required, report);
        check_file_types(&self.file_types, report);
    }
}

/// One of several choices. The struct is its own builder.
///
/// ```
/// use ovenjs_types::RadioGroup;
/// let group = RadioGroup::new("size", [("s", "Small"), ("l", "Large")]);
/// assert_eq!(group.options[1].value, "l");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RadioGroup {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<21>,
    /// Its number in the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// By which the choice is found when the modal comes back; at most 100 characters.
    #[serde(default)]
    pub custom_id: Text,
    /// The choices; 2 to 10. Absent when the modal comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<GroupOption>,
    /// Whether one must be chosen; it must by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// What was chosen; present when the modal comes back with a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Text>,
}

impl RadioGroup {
    /// These choices, of which one must be made.
    pub fn new(
        custom_id: impl Into<Text>,
        options: impl IntoIterator<Item = impl Into<GroupOption>>,
    ) -> Self {
        Self {
            kind: Kind,
            id: None,
            custom_id: custom_id.into(),
            options: options.into_iter().map(Into::into).collect(),
            required: None,
            value: None,
        }
    }

    /// Lets nothing be chosen.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = Some(false);
        self
    }
}

impl Validate for RadioGroup {
    fn check(&self, report: &mut Report) {
        check_custom_id(&self.custom_id, report);
        let range = limits::RADIO_GROUP_OPTIONS_MIN..=limits::RADIO_GROUP_OPTIONS;
        check_options(&self.options, range, report);
        check_chosen(&self.options, 1, report);
    }
}

/// Any of several choices. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckboxGroup {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<22>,
    /// Its number in the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// By which the choices are found when the modal comes back; at most 100 characters.
    #[serde(default)]
    pub custom_id: Text,
    /// The choices; 1 to 10. Absent when the modal comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<GroupOption>,
    /// How many must be chosen, 0 to 10; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_values: Option<u32>,
    /// How many may be chosen, 1 to 10; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_values: Option<u32>,
    /// Whether any must be chosen; it must by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// What was chosen; present when the modal comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Text>,
}

impl CheckboxGroup {
    /// These choices, of which at least one must be made.
    pub fn new(
        custom_id: impl Into<Text>,
        options: impl IntoIterator<Item = impl Into<GroupOption>>,
    ) -> Self {
        Self {
            kind: Kind,
            id: None,
            custom_id: custom_id.into(),
            options: options.into_iter().map(Into::into).collect(),
            min_values: None,
            max_values: None,
            required: None,
            values: Vec::new(),
        }
    }

    /// Sets how many must and may be chosen; from 0 on, nothing need be.
    #[must_use]
    pub fn values(mut self, range: RangeInclusive<u32>) -> Self {
        self.min_values = Some(*range.start());
        self.max_values = Some(*range.end());
        // Discord takes 0 only where the input is not required.
        if *range.start() == 0 {
            self.required = Some(false);
        }
        self
    }

    /// Lets nothing be chosen.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = Some(false);
        self
    }
}

impl Validate for CheckboxGroup {
    fn check(&self, report: &mut Report) {
        check_custom_id(&self.custom_id, report);
        let range = limits::CHECKBOX_GROUP_OPTIONS_MIN..=limits::CHECKBOX_GROUP_OPTIONS;
        check_options(&self.options, range, report);
        report.number_of("min_values", self.min_values, 0..=GROUP_VALUES_MAX);
        report.number_of("max_values", self.max_values, 1..=GROUP_VALUES_MAX);
        let all = u32::try_from(self.options.len()).unwrap_or(u32::MAX);
        let most = ("max_values", self.max_values.or(Some(all)));
        check_order(report, ("min_values", self.min_values), most, 1);
        check_required(self.min_values, self.required, report);
        let most = self.max_values.unwrap_or(all);
        check_chosen(
            &self.options,
            usize::try_from(most).unwrap_or(usize::MAX),
            report,
        );
    }
}

/// Discord's bounds of `min_values` and `max_values` of files and checkboxes, from the OpenAPI file.
const GROUP_VALUES_MAX: u64 = 10;

/// A choice of a [`RadioGroup`] or [`CheckboxGroup`]. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupOption {
    /// What comes back; at most 100 characters.
    pub value: Text,
    /// The text shown; at most 100 characters.
    pub label: Text,
    /// A second line; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Whether it is chosen at first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

impl GroupOption {
    /// A choice that sends `value` back.
    pub fn new(value: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            description: None,
            default: false,
        }
    }

    /// Sets the second line.
    #[must_use]
    pub fn description(mut self, text: impl Into<Text>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Chooses it at first.
    #[must_use]
    pub const fn chosen(mut self) -> Self {
        self.default = true;
        self
    }
}

impl<V: Into<Text>, L: Into<Text>> From<(V, L)> for GroupOption {
    fn from((value, label): (V, L)) -> Self {
        Self::new(value, label)
    }
}

impl Validate for GroupOption {
    fn check(&self, report: &mut Report) {
        let value = limits::RADIO_OPTION_VALUE_MIN..=limits::RADIO_OPTION_VALUE;
        report.length("value", &self.value, value);
        let label = limits::RADIO_OPTION_LABEL_MIN..=limits::RADIO_OPTION_LABEL;
        report.length("label", &self.label, label);
        let description = self.description.as_ref();
        report.length_of(
            "description",
            description,
            0..=limits::RADIO_OPTION_DESCRIPTION,
        );
    }
}

/// No more may be chosen at first than can be chosen.
fn check_chosen(options: &[GroupOption], most: usize, report: &mut Report) {
    let chosen = options.iter().filter(|option| option.default).count();
    if chosen > most {
        let words = format!("are chosen {chosen} times, but {most} can be: choose fewer");
        report.note("options", words);
    }
}

fn check_options(options: &[GroupOption], range: RangeInclusive<usize>, report: &mut Report) {
    report.amount("options", options.len(), range, "options");
    let mut values = HashSet::new();
    report.each("options", options, |report, option| {
        option.check(report);
        if !values.insert(option.value.as_str()) {
            report.note("value", "is that of an option before: write another");
        }
    });
}

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checkbox {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<23>,
    /// Its number in the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// By which it is found when the modal comes back; at most 100 characters.
    #[serde(default)]
    pub custom_id: Text,
    /// Whether it is ticked at first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// Whether it was ticked; present when the modal comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<bool>,
}

impl Checkbox {
    /// A box that is empty at first.
    pub fn new(custom_id: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            id: None,
            custom_id: custom_id.into(),
            default: false,
            value: None,
        }
    }

    /// Ticks it at first.
    #[must_use]
    pub const fn ticked(mut self) -> Self {
        self.default = true;
        self
    }
}

impl Validate for Checkbox {
    fn check(&self, report: &mut Report) {
        check_custom_id(&self.custom_id, report);
    }
}
