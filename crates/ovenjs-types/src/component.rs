//! Message and modal components.
//!
//! One model serves what a bot builds and what it reads. Reading takes any tree; building is held to
//! Discord's: the constructors ask for what may stand there ([`InContainer`], [`InLabel`], …), and
//! what the types cannot say, [`Validate`] does.

mod input;
mod layout;
mod media;
mod place;
mod row;
mod select;
mod tree;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

pub use input::{
    Checkbox, CheckboxGroup, FileUpload, GroupOption, Label, RadioGroup, TextInput, TextInputStyle,
};
pub use layout::{Container, Section, Separator, SeparatorSpacing, TextDisplay};
pub use media::{
    File, MediaGallery, MediaGalleryItem, Thumbnail, UnfurledMedia, UnfurledMediaFlags,
};
pub use place::{InContainer, InLabel, InMessage, InModal, InSection};
pub use row::{ActionRow, Button, ButtonStyle};
pub use select::{Select, SelectDefaultValue, SelectDefaultValueType, SelectOption};
pub(crate) use tree::{check_message, check_modal};

use crate::{Report, Text, Validate, limits};

/// A button, a select, an input or a piece of layout.
///
/// A type which this version does not know is kept whole as [`Opaque`] and written back as it came.
///
/// Source: Discord, "Component Reference".
///
/// ```
/// use ovenjs_types::{Button, Component, json};
/// let text = br#"{"type":99,"glow":true}"#;
/// let unknown: Component = json::decode(text, &mut Default::default()).unwrap();
/// assert!(matches!(&unknown, Component::Other(opaque) if opaque.kind().value() == 99));
/// assert_eq!(json::encode(&unknown), br#"{"glow":true,"type":99}"#);
///
/// let button = Component::from(Button::new("go", "Go"));
/// assert_eq!(json::encode(&button), br#"{"type":2,"style":1,"label":"Go","custom_id":"go"}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Component {
    /// Up to five buttons, or one select, side by side.
    ActionRow(ActionRow),
    /// Something to press.
    Button(Button),
    /// A menu to choose from, of any of the five kinds.
    Select(Select),
    /// A text field of a modal.
    TextInput(TextInput),
    /// Texts with a button or a picture beside them.
    Section(Box<Section>),
    /// Text in Discord's Markdown.
    TextDisplay(TextDisplay),
    /// A small picture.
    Thumbnail(Box<Thumbnail>),
    /// Pictures and videos.
    MediaGallery(MediaGallery),
    /// A file to download.
    File(Box<File>),
    /// Space between components.
    Separator(Separator),
    /// Components in a frame.
    Container(Container),
    /// The title around one input of a modal.
    Label(Box<Label>),
    /// Files that the user gives to a modal.
    FileUpload(FileUpload),
    /// One of several choices, in a modal.
    RadioGroup(RadioGroup),
    /// Any of several choices, in a modal.
    CheckboxGroup(CheckboxGroup),
    /// Yes or no, in a modal.
    Checkbox(Checkbox),
    /// A type without a struct of its own.
    Other(Opaque),
}

/// Does the same with whatever struct the component is.
macro_rules! each_struct {
    ($component:expr, $inner:ident => $do:expr, other $opaque:ident => $other:expr) => {
        match $component {
            Component::ActionRow($inner) => $do,
            Component::Button($inner) => $do,
            Component::Select($inner) => $do,
            Component::TextInput($inner) => $do,
            Component::Section($inner) => $do,
            Component::TextDisplay($inner) => $do,
            Component::Thumbnail($inner) => $do,
            Component::MediaGallery($inner) => $do,
            Component::File($inner) => $do,
            Component::Separator($inner) => $do,
            Component::Container($inner) => $do,
            Component::Label($inner) => $do,
            Component::FileUpload($inner) => $do,
            Component::RadioGroup($inner) => $do,
            Component::CheckboxGroup($inner) => $do,
            Component::Checkbox($inner) => $do,
            Component::Other($opaque) => $other,
        }
    };
}

impl Component {
    /// Discord's number for the type.
    #[must_use]
    pub fn kind(&self) -> ComponentType {
        match self {
            Self::ActionRow(_) => ComponentType::ActionRow,
            Self::Button(_) => ComponentType::Button,
            Self::Select(select) => select.kind,
            Self::TextInput(_) => ComponentType::TextInput,
            Self::Section(_) => ComponentType::Section,
            Self::TextDisplay(_) => ComponentType::TextDisplay,
            Self::Thumbnail(_) => ComponentType::Thumbnail,
            Self::MediaGallery(_) => ComponentType::MediaGallery,
            Self::File(_) => ComponentType::File,
            Self::Separator(_) => ComponentType::Separator,
            Self::Container(_) => ComponentType::Container,
            Self::Label(_) => ComponentType::Label,
            Self::FileUpload(_) => ComponentType::FileUpload,
            Self::RadioGroup(_) => ComponentType::RadioGroup,
            Self::CheckboxGroup(_) => ComponentType::CheckboxGroup,
            Self::Checkbox(_) => ComponentType::Checkbox,
            Self::Other(opaque) => opaque.kind(),
        }
    }

    /// Its number in the message or modal; Discord gives one where the bot does not.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        each_struct!(self, component => component.id, other opaque => opaque.number("id"))
    }

    /// What comes back when it is used; none where it cannot be used.
    #[must_use]
    pub fn custom_id(&self) -> Option<&str> {
        match self {
            Self::Button(button) => button.custom_id.as_deref(),
            Self::Select(select) => Some(&select.custom_id),
            Self::TextInput(input) => Some(&input.custom_id),
            Self::FileUpload(upload) => Some(&upload.custom_id),
            Self::RadioGroup(group) => Some(&group.custom_id),
            Self::CheckboxGroup(group) => Some(&group.custom_id),
            Self::Checkbox(checkbox) => Some(&checkbox.custom_id),
            Self::Other(opaque) => opaque.0.get("custom_id").and_then(Value::as_str),
            Self::ActionRow(_)
            | Self::Section(_)
            | Self::TextDisplay(_)
            | Self::Thumbnail(_)
            | Self::MediaGallery(_)
            | Self::File(_)
            | Self::Separator(_)
            | Self::Container(_)
            | Self::Label(_) => None,
        }
    }

    /// The components that stand in it, the accessory of a section last.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (list, single) = match self {
            Self::ActionRow(row) => (&*row.components, None),
            Self::Container(container) => (&*container.components, None),
            Self::Section(section) => (&*section.components, Some(&section.accessory)),
            Self::Label(label) => (&[][..], Some(&label.component)),
            _ => (&[][..], None),
        };
        list.iter().chain(single)
    }

    /// Whether a message with it must carry the flag `IS_COMPONENTS_V2`.
    pub(crate) fn needs_components_v2(&self) -> bool {
        matches!(
            self.kind(),
            ComponentType::Section
                | ComponentType::TextDisplay
                | ComponentType::Thumbnail
                | ComponentType::MediaGallery
                | ComponentType::File
                | ComponentType::Separator
                | ComponentType::Container
        )
    }

    /// Adds to a list of components, giving a bare button or select the row Discord asks for.
    pub(crate) fn push_into_rows(rows: &mut Vec<Self>, component: Self) {
        if !matches!(component, Self::Button(_) | Self::Select(_)) {
            rows.push(component);
            return;
        }
        if let (Self::Button(_), Some(Self::ActionRow(row))) = (&component, rows.last_mut()) {
            let buttons_only = row.components.iter().all(|c| matches!(c, Self::Button(_)));
            if buttons_only && row.components.len() < limits::COMPONENTS_ACTION_ROW_BUTTONS {
                row.components.push(component);
                return;
            }
        }
        rows.push(Self::ActionRow(ActionRow {
            components: vec![component],
            ..ActionRow::default()
        }));
    }
}

impl Validate for Component {
    /// A type which this version does not know is Discord's to judge.
    fn check(&self, report: &mut Report) {
        each_struct!(self, component => component.check(report), other _opaque => {});
    }
}

/// A component of a type which this version has no struct for, kept whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Opaque(Map<String, Value>);

impl Opaque {
    /// Discord's number for the type; 0 where there is none.
    #[must_use]
    pub fn kind(&self) -> ComponentType {
        self.number("type").unwrap_or(0).into()
    }

    /// The component as JSON text.
    #[must_use]
    pub fn to_json(&self) -> Text {
        Value::Object(self.0.clone()).to_string().into()
    }

    fn without_nulls(self) -> Value {
        let mut object = Value::Object(self.0);
        drop_nulls(&mut object);
        object
    }

    fn number(&self, field: &str) -> Option<u32> {
        let number = self.0.get(field).and_then(Value::as_u64)?;
        u32::try_from(number).ok()
    }
}

open_int! {
    /// The type of a component.
    pub enum ComponentType: u32 {
        ActionRow = 1,
        Button = 2,
        StringSelect = 3,
        TextInput = 4,
        UserSelect = 5,
        RoleSelect = 6,
        MentionableSelect = 7,
        ChannelSelect = 8,
        Section = 9,
        TextDisplay = 10,
        Thumbnail = 11,
        MediaGallery = 12,
        File = 13,
        Separator = 14,
        Container = 17,
        Label = 18,
        FileUpload = 19,
        RadioGroup = 21,
        CheckboxGroup = 22,
        Checkbox = 23,
    }
}

/// A type number that is part of the type: written as `N`, refused when another is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kind<const N: u32>;

impl<const N: u32> Serialize for Kind<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for Kind<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            number if number == N => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "expected component type {N}, got {other}"
            ))),
        }
    }
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        each_struct!(self, component => component.serialize(serializer), other opaque => opaque.0.serialize(serializer))
    }
}

/// What to do with the struct `$type` for a type of component; with one that has none, `$other`.
macro_rules! with_struct {
    ($kind:expr, $type:ident => $do:expr, other => $other:expr) => {
        with_struct!(@ $kind, $type => $do, other => $other;
            ActionRow Button TextInput Section TextDisplay Thumbnail MediaGallery File Separator
            Container Label FileUpload RadioGroup CheckboxGroup Checkbox)
    };
    (@ $kind:expr, $type:ident => $do:expr, other => $other:expr; $($name:ident)+) => {
        match $kind {
            $(ComponentType::$name => { type $type = $name; $do })+
            ComponentType::StringSelect
            | ComponentType::UserSelect
            | ComponentType::RoleSelect
            | ComponentType::MentionableSelect
            | ComponentType::ChannelSelect => { type $type = Select; $do }
            ComponentType::Unknown(_) => $other,
        }
    };
}

impl<'de> Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let opaque = Opaque(Map::deserialize(deserializer)?);
        with_struct!(
            opaque.kind(),
            Struct => {
                let read = serde_json::from_value::<Struct>(opaque.without_nulls());
                read.map(Into::into).map_err(D::Error::custom)
            },
            other => Ok(Self::Other(opaque))
        )
    }
}

/// Whether a field of this name holds components.
pub(crate) fn holds_components(field: &str) -> bool {
    matches!(field, "components" | "component" | "accessory")
}

/// Why no component is read from `value`, and where in it: [`Component`] reads itself by hand, and
/// serde knows no place in it.
pub(crate) fn misfit(value: &Value) -> Option<serde_path_to_error::Error<serde_json::Error>> {
    let opaque = Opaque(value.as_object()?.clone());
    with_struct!(
        opaque.kind(),
        Struct => serde_path_to_error::deserialize::<_, Struct>(opaque.without_nulls()).err(),
        other => None
    )
}

/// In a component `null` says what absence does, and Discord writes either. Components further in
/// do this for themselves when they are read.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields
                .iter_mut()
                .filter(|(key, _)| !holds_components(key))
                .for_each(|(_, field)| drop_nulls(field));
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// What every struct of this module has: the way into [`Component`], and a setter for its number.
macro_rules! component {
    ($($name:ident $(in $boxed:ident)?),+ $(,)?) => {$(
        impl From<$name> for Component {
            fn from(component: $name) -> Self {
                Self::$name(component!(@wrap component $($boxed)?))
            }
        }

        impl $name {
            /// Sets its number in the message or modal, by which it is found again. Discord counts
            /// up where there is none.
            #[must_use]
            pub const fn id(mut self, id: u32) -> Self {
                self.id = Some(id);
                self
            }
        }
    )+};
    (@wrap $component:ident) => { $component };
    (@wrap $component:ident $boxed:ident) => { $boxed::new($component) };
}

component! {
    ActionRow, Button, Select, TextInput, Section in Box, TextDisplay, Thumbnail in Box,
    MediaGallery, File in Box, Separator, Container, Label in Box, FileUpload, RadioGroup,
    CheckboxGroup, Checkbox,
}

/// The custom id that whatever can be used has.
fn check_custom_id(custom_id: &str, report: &mut Report) {
    report.length(
        "custom_id",
        custom_id,
        limits::COMPONENTS_CUSTOM_ID_MIN..=limits::COMPONENTS_CUSTOM_ID,
    );
}

/// Least and most may not cross; what is absent is `default`.
fn check_order(
    report: &mut Report,
    least: (&str, Option<u32>),
    most: (&str, Option<u32>),
    default: u32,
) {
    let (low, high) = (least.1.unwrap_or(default), most.1.unwrap_or(default));
    if low > high {
        let (least, most) = (least.0, most.0);
        report.note(
            least,
            format!("is {low}, but {most} is {high}: set {most} to {low} or more"),
        );
    }
}

/// An input of a modal that must be used cannot be used with no value.
fn check_required(min_values: Option<u32>, required: Option<bool>, report: &mut Report) {
    if min_values == Some(0) && required != Some(false) {
        report.note(
            "min_values",
            "is 0, but the input is required: set required to false, or min_values to 1",
        );
    }
}

/// File types are `image`, `video`, `audio`, or endings such as `.pdf`.
pub(crate) fn check_file_types(file_types: &[Text], report: &mut Report) {
    let most = limits::FILE_TYPES;
    report.amount("file_types", file_types.len(), 0..=most, "file types");
    report.each("file_types", file_types, |report, file_type| {
        let is_known = matches!(file_type.as_str(), "image" | "video" | "audio");
        let is_ending = file_type
            .strip_prefix('.')
            .is_some_and(|end| !end.is_empty());
        if !is_known && !is_ending {
            let words = "is no type of file: write image, video, audio or an ending such as .pdf";
            report.note("", words);
        }
    });
}

/// Notes a component that does not stand where Discord allows it.
fn check_place(report: &mut Report, component: &Component, place: &str, allowed: &[ComponentType]) {
    let kind = component.kind();
    if !allowed.contains(&kind) && !matches!(kind, ComponentType::Unknown(_)) {
        let names: Vec<String> = allowed.iter().map(|kind| format!("{kind:?}")).collect();
        let names = names.join(", ");
        report.note(
            "",
            format!("is a {kind:?}, but {place} takes only {names}: move it"),
        );
    }
}

#[cfg(test)]
mod tests;
