//! Message and modal components.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

use crate::{ReactionEmoji, Text};

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
    /// Text in Discord's Markdown.
    TextDisplay(TextDisplay),
    /// The title around one input of a modal.
    Label(Box<Label>),
    /// A type without a struct of its own.
    Other(Opaque),
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
            Self::TextDisplay(_) => ComponentType::TextDisplay,
            Self::Label(_) => ComponentType::Label,
            Self::Other(opaque) => opaque.kind(),
        }
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

    /// Adds to a message's components, giving a bare button or select the row Discord asks for.
    pub(crate) fn push_into_rows(rows: &mut Vec<Self>, component: Self) {
        if !matches!(component, Self::Button(_) | Self::Select(_)) {
            rows.push(component);
            return;
        }
        if let (Self::Button(_), Some(Self::ActionRow(row))) = (&component, rows.last_mut()) {
            let buttons_only = row.components.iter().all(|c| matches!(c, Self::Button(_)));
            if buttons_only && row.components.len() < ROW_BUTTONS_MAX {
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

/// Discord refuses a sixth button in a row.
const ROW_BUTTONS_MAX: usize = 5;

/// A row of buttons, or a row with one select.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionRow {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<1>,
    /// What stands in it.
    #[serde(default)]
    pub components: Vec<Component>,
}

/// Something to press. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Button {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<2>,
    /// Its colour and purpose.
    pub style: ButtonStyle,
    /// Its text; at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// The emoji before the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ReactionEmoji>,
    /// What comes back when it is pressed; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<Text>,
    /// Where it leads, for the style `Link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
    /// Whether it cannot be pressed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

impl Button {
    /// A primary button which sends `custom_id` back.
    pub fn new(custom_id: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            style: ButtonStyle::Primary,
            label: Some(label.into()),
            emoji: None,
            custom_id: Some(custom_id.into()),
            url: None,
            disabled: false,
        }
    }

    /// A button that opens a page.
    pub fn link(url: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self {
            style: ButtonStyle::Link,
            custom_id: None,
            url: Some(url.into()),
            ..Self::new("", label)
        }
    }

    /// Sets the style.
    #[must_use]
    pub const fn style(mut self, style: ButtonStyle) -> Self {
        self.style = style;
        self
    }

    /// Sets the emoji before the text.
    #[must_use]
    pub fn emoji(mut self, emoji: impl Into<ReactionEmoji>) -> Self {
        self.emoji = Some(emoji.into());
        self
    }

    /// Makes it unpressable.
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }
}

/// A menu to choose from. `options` belong to the string select alone; the others list what the
/// guild has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Select {
    /// Which of the five selects it is.
    #[serde(rename = "type")]
    pub kind: ComponentType,
    /// What comes back with the choice; at most 100 characters.
    pub custom_id: Text,
    /// The choices of a string select; at most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SelectOption>,
    /// The text shown while nothing is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
    /// How many must be chosen; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_values: Option<u8>,
    /// How many may be chosen; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_values: Option<u8>,
    /// Whether it cannot be used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// What was chosen; present when a modal comes back.
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
        let options = choices
            .into_iter()
            .map(|(value, label)| SelectOption {
                label: label.into(),
                value: value.into(),
                description: None,
                default: false,
            })
            .collect();
        Self {
            kind: ComponentType::StringSelect,
            custom_id: custom_id.into(),
            options,
            placeholder: None,
            min_values: None,
            max_values: None,
            disabled: false,
            values: Vec::new(),
        }
    }
}

/// A choice of a string select.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectOption {
    /// The text shown.
    pub label: Text,
    /// What comes back.
    pub value: Text,
    /// A second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Whether it is chosen at first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

/// A text field of a modal. The struct is its own builder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextInput {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<4>,
    /// By which its text is found when the modal comes back; at most 100 characters.
    pub custom_id: Text,
    /// One line or several; present when sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<TextInputStyle>,
    /// The shortest text allowed, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u16>,
    /// The longest text allowed, in characters; at most 4000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u16>,
    /// Whether it must be filled in; it must by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The text in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Text>,
    /// The text shown while it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
}

impl TextInput {
    /// A field of one line.
    pub fn short(custom_id: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            custom_id: custom_id.into(),
            style: Some(TextInputStyle::Short),
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
}

/// Text in Discord's Markdown, outside of a message's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDisplay {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<10>,
    /// The text.
    #[serde(default)]
    pub content: Text,
}

impl TextDisplay {
    /// This text.
    pub fn new(content: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            content: content.into(),
        }
    }
}

/// The title around one input of a modal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<18>,
    /// The title; at most 45 characters. Absent when the modal comes back.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub label: Text,
    /// A second line; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The input.
    pub component: Component,
}

impl Label {
    /// An input with its title.
    pub fn new(label: impl Into<Text>, component: impl Into<Component>) -> Self {
        Self {
            kind: Kind,
            label: label.into(),
            description: None,
            component: component.into(),
        }
    }
}

/// A component of a type which this version has no struct for, kept whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Opaque(Map<String, Value>);

impl Opaque {
    /// Discord's number for the type; 0 where there is none.
    #[must_use]
    pub fn kind(&self) -> ComponentType {
        let number = self
            .0
            .get("type")
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok());
        number.unwrap_or(0).into()
    }

    /// The component as JSON text.
    #[must_use]
    pub fn to_json(&self) -> Text {
        Value::Object(self.0.clone()).to_string()
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

open_int! {
    /// The colour and purpose of a button.
    pub enum ButtonStyle: u32 {
        Primary = 1,
        Secondary = 2,
        Success = 3,
        Danger = 4,
        Link = 5,
        Premium = 6,
    }
}

open_int! {
    /// The size of a text input.
    pub enum TextInputStyle: u32 {
        Short = 1,
        Paragraph = 2,
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
        match self {
            Self::ActionRow(c) => c.serialize(serializer),
            Self::Button(c) => c.serialize(serializer),
            Self::Select(c) => c.serialize(serializer),
            Self::TextInput(c) => c.serialize(serializer),
            Self::TextDisplay(c) => c.serialize(serializer),
            Self::Label(c) => c.serialize(serializer),
            Self::Other(c) => c.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Component {
    /// The type number may stand anywhere in the object, so the object is read whole first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn typed<T: serde::de::DeserializeOwned, E: serde::de::Error>(
            map: Map<String, Value>,
            into: fn(T) -> Component,
        ) -> Result<Component, E> {
            serde_json::from_value(Value::Object(map))
                .map(into)
                .map_err(E::custom)
        }
        let opaque = Opaque(Map::deserialize(deserializer)?);
        match opaque.kind() {
            ComponentType::ActionRow => typed(opaque.0, Self::ActionRow),
            ComponentType::Button => typed(opaque.0, Self::Button),
            ComponentType::TextInput => typed(opaque.0, Self::TextInput),
            ComponentType::TextDisplay => typed(opaque.0, Self::TextDisplay),
            ComponentType::Label => typed(opaque.0, |label| Self::Label(Box::new(label))),
            ComponentType::StringSelect
            | ComponentType::UserSelect
            | ComponentType::RoleSelect
            | ComponentType::MentionableSelect
            | ComponentType::ChannelSelect => typed(opaque.0, Self::Select),
            _ => Ok(Self::Other(opaque)),
        }
    }
}

impl From<ActionRow> for Component {
    fn from(row: ActionRow) -> Self {
        Self::ActionRow(row)
    }
}

impl From<Button> for Component {
    fn from(button: Button) -> Self {
        Self::Button(button)
    }
}

impl From<Select> for Component {
    fn from(select: Select) -> Self {
        Self::Select(select)
    }
}

impl From<TextInput> for Component {
    fn from(input: TextInput) -> Self {
        Self::TextInput(input)
    }
}

impl From<TextDisplay> for Component {
    fn from(text: TextDisplay) -> Self {
        Self::TextDisplay(text)
    }
}

impl From<Label> for Component {
    fn from(label: Label) -> Self {
        Self::Label(Box::new(label))
    }
}
