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

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Map, Value};

pub use input::{
    Checkbox, CheckboxGroup, FileUpload, GroupOption, Label, RadioGroup, TextInput, TextInputStyle,
};
pub use layout::{Container, Section, Separator, SeparatorSpacing, TextDisplay};
pub use media::{File, MediaGallery, MediaGalleryItem, Thumbnail, UnfurledMedia};
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
        Value::Object(self.0.clone()).to_string()
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

impl<'de> Deserialize<'de> for Component {
    /// The type number may stand anywhere in the object, so the object is read whole first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn typed<T, E>(fields: Map<String, Value>) -> Result<Component, E>
        where
            T: DeserializeOwned + Into<Component>,
            E: serde::de::Error,
        {
            let mut object = Value::Object(fields);
            drop_nulls(&mut object);
            serde_json::from_value::<T>(object)
                .map(Into::into)
                .map_err(E::custom)
        }
        let opaque = Opaque(Map::deserialize(deserializer)?);
        match opaque.kind() {
            ComponentType::ActionRow => typed::<ActionRow, _>(opaque.0),
            ComponentType::Button => typed::<Button, _>(opaque.0),
            ComponentType::TextInput => typed::<TextInput, _>(opaque.0),
            ComponentType::Section => typed::<Section, _>(opaque.0),
            ComponentType::TextDisplay => typed::<TextDisplay, _>(opaque.0),
            ComponentType::Thumbnail => typed::<Thumbnail, _>(opaque.0),
            ComponentType::MediaGallery => typed::<MediaGallery, _>(opaque.0),
            ComponentType::File => typed::<File, _>(opaque.0),
            ComponentType::Separator => typed::<Separator, _>(opaque.0),
            ComponentType::Container => typed::<Container, _>(opaque.0),
            ComponentType::Label => typed::<Label, _>(opaque.0),
            ComponentType::FileUpload => typed::<FileUpload, _>(opaque.0),
            ComponentType::RadioGroup => typed::<RadioGroup, _>(opaque.0),
            ComponentType::CheckboxGroup => typed::<CheckboxGroup, _>(opaque.0),
            ComponentType::Checkbox => typed::<Checkbox, _>(opaque.0),
            ComponentType::StringSelect
            | ComponentType::UserSelect
            | ComponentType::RoleSelect
            | ComponentType::MentionableSelect
            | ComponentType::ChannelSelect => typed::<Select, _>(opaque.0),
            ComponentType::Unknown(_) => Ok(Self::Other(opaque)),
        }
    }
}

/// In a component `null` says what absence does, and Discord writes either. Components further in
/// do this for themselves when they are read.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields
                .iter_mut()
                .filter(|(key, _)| {
                    !matches!(key.as_str(), "components" | "component" | "accessory")
                })
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
mod tests {
    use super::*;
    use crate::{
        Id, MessageDraft, MessageFlags,
        json::{self, Scratch},
    };

    #[test]
    fn a_whole_tree_reads_back_as_it_was_written() {
        let container = Container::new()
            .component(Section::new(
                ["# Rye", "Two left"],
                Thumbnail::new("attachment://rye.png").description("A loaf"),
            ))
            .component(MediaGallery::new(["https://example.com/a.png"]))
            .component(Separator::space().large())
            .component(File::attached("recipe.pdf").spoiler())
            .component(Select::roles("who").default_value(Id::<crate::marker::RoleMarker>::new(5)))
            .component(Button::premium(Id::new(7)).id(40))
            .accent_color(0xFF_00_00);
        let draft = MessageDraft::new()
            .component(TextDisplay::new("Bread"))
            .component(container);
        assert_eq!(draft.flags, MessageFlags::IS_COMPONENTS_V2);
        let valid = draft.validate().unwrap();
        let text = json::encode(&valid);
        let again: MessageDraft = json::decode(&text, &mut Scratch::new()).unwrap();
        assert_eq!(again, valid.into_inner());
    }

    #[test]
    fn null_says_what_absence_does_and_the_order_of_fields_nothing() {
        let text = br#"{"components":[{"custom_id":"x","options":[{"label":"a","value":"b",
            "emoji":null,"default":null}],"disabled":null,"placeholder":null,"type":3}],"type":1}"#;
        let row: Component = json::decode(text, &mut Scratch::new()).unwrap();
        let select = Select::strings("x", [("b", "a")]);
        assert_eq!(row, ActionRow::select(select).into());
    }

    #[test]
    fn an_unknown_component_inside_is_kept_too() {
        let text = br#"{"type":17,"components":[{"glow":null,"id":3,"type":77}]}"#;
        let container: Component = json::decode(text, &mut Scratch::new()).unwrap();
        let inside: Vec<_> = container.children().map(Component::id).collect();
        assert_eq!(inside, [Some(3)]);
        assert_eq!(json::encode(&container), text);
        assert!(container.validate().is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_message_is_told_at_once() {
        let mut row = ActionRow::buttons([Button::new("a", "A"), Button::new("a", "B".repeat(81))]);
        let mut select = Select::users("u");
        select.min_values = Some(3);
        row.components.push(select.into());
        let mut section = Section::new(["x"], Button::link("https://example.com", "Go").id(9));
        section.components.push(Separator::line().id(9).into());
        let draft = MessageDraft::new()
            .component(row)
            .component(section)
            .component(MediaGallery::new(Vec::<MediaGalleryItem>::new()));
        let told = draft.validate().unwrap_err();
        let told: Vec<String> = told.violations().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "components[0].components has 3 components, but Discord takes 1: take 2 away",
                "components[0].components[1].label has 81 characters, but Discord takes at most 80: shorten it by 1",
                "components[0].components[2].min_values is 3, but max_values is 1: set max_values to 3 or more",
                "components[1].components[1] is a Separator, but a section takes only TextDisplay: move it",
                "components[2].items has 0 items, but Discord takes 1 to 10: add 1",
                "components[0].components[1].custom_id is that of a component before: write another",
                "components[1].accessory.id is that of a component before: take another, or none",
            ]
        );
    }

    #[test]
    fn totals_are_counted_over_the_tree() {
        let button = |n: usize| Button::new(n.to_string(), "x");
        let rows = (0..6).fold(MessageDraft::new(), |draft, row| {
            draft.component((0..5).map(|n| button(row * 5 + n)).collect::<ActionRow>())
        });
        let told = rows.clone().validate().unwrap_err().to_string();
        assert!(
            told.contains("components has 6 rows, but Discord takes at most 5"),
            "{told}"
        );

        // The flag lifts the limit of rows and brings one of components: 36, and a text with 4001.
        let draft = rows.component(TextDisplay::new("x"));
        assert!(draft.clone().validate().is_ok());
        let draft = draft
            .component(TextDisplay::new("y".repeat(4000)))
            .component(Separator::line())
            .component(Separator::line())
            .component(Separator::line());
        let told = draft.validate().unwrap_err();
        let told: Vec<_> = told
            .violations()
            .iter()
            .filter_map(|told| told.measure)
            .collect();
        assert_eq!(
            told.iter().map(|m| (m.value, m.most)).collect::<Vec<_>>(),
            [(41, 40), (4001, 4000)]
        );
    }
}
