//! Texts, sections, frames and the space between them.

use serde::{Deserialize, Serialize};

use super::{Component, ComponentType, InContainer, InSection, Kind, check_place};
use crate::{Report, Text, Validate, limits};

/// One to three texts with a button or a picture beside them.
///
/// ```
/// use ovenjs_types::{Button, Section};
/// let section = Section::new(["**Rye**", "2 loaves left"], Button::new("buy.rye", "Buy"));
/// assert_eq!(section.components.len(), 2);
/// ```
///
/// A fourth text does not compile, nor does any other accessory:
///
/// ```compile_fail,E0080
/// # use ovenjs_types::{Button, Section};
/// Section::new(["1", "2", "3", "4"], Button::new("buy", "Buy"));
/// ```
///
/// ```compile_fail,E0277
/// # use ovenjs_types::{Section, Select};
/// Section::new(["Which?"], Select::users("who"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Section {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<9>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Its texts; 1 to 3.
    #[serde(default)]
    pub components: Vec<Component>,
    /// The button or thumbnail beside them.
    pub accessory: Component,
}

impl Section {
    /// 1 to 3 texts, other numbers do not compile, with a button or thumbnail beside them.
    pub fn new<const N: usize>(
        texts: [impl Into<TextDisplay>; N],
        accessory: impl InSection,
    ) -> Self {
        const {
            assert!(
                N >= 1 && N <= limits::COMPONENTS_SECTION_TEXTS,
                "a section has 1 to 3 texts"
            );
        };
        let texts = texts
            .into_iter()
            .map(|text| Component::TextDisplay(text.into()));
        Self {
            kind: Kind,
            id: None,
            components: texts.collect(),
            accessory: accessory.into(),
        }
    }
}

impl Validate for Section {
    fn check(&self, report: &mut Report) {
        let texts = limits::COMPONENTS_SECTION_TEXTS_MIN..=limits::COMPONENTS_SECTION_TEXTS;
        report.amount("components", self.components.len(), texts, "texts");
        report.each("components", &self.components, |report, component| {
            check_place(
                report,
                component,
                "a section",
                &[ComponentType::TextDisplay],
            );
            component.check(report);
        });
        report.field("accessory", |report| {
            let allowed = [ComponentType::Button, ComponentType::Thumbnail];
            check_place(report, &self.accessory, "the side of a section", &allowed);
            self.accessory.check(report);
        });
    }
}

/// Text in Discord's Markdown, outside of a message's content. Mentions in it notify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TextDisplay {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<10>,
    /// Its number in the message or modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The text; at most 4000 characters, and as many in all texts of a message together. Absent
    /// when a modal comes back.
    #[serde(default)]
    pub content: Text,
}

impl TextDisplay {
    /// This text.
    pub fn new(content: impl Into<Text>) -> Self {
        Self {
            kind: Kind,
            id: None,
            content: content.into(),
        }
    }
}

impl From<&str> for TextDisplay {
    fn from(content: &str) -> Self {
        Self::new(content)
    }
}

impl From<Text> for TextDisplay {
    fn from(content: Text) -> Self {
        Self::new(content)
    }
}

impl From<String> for TextDisplay {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}

impl Validate for TextDisplay {
    fn check(&self, report: &mut Report) {
        let range = limits::TEXT_DISPLAY_MIN..=limits::TEXT_DISPLAY;
        report.length("content", &self.content, range);
    }
}

/// Space between components, with or without a line.
///
/// ```
/// use ovenjs_types::{Separator, json};
/// assert_eq!(json::encode(&Separator::line()), br#"{"type":14,"divider":true,"spacing":1}"#);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Separator {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<14>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Whether a line is drawn; it is by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divider: Option<bool>,
    /// How much space; little by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spacing: Option<SeparatorSpacing>,
}

impl Separator {
    /// A line with little space.
    #[must_use]
    pub fn line() -> Self {
        Self {
            divider: Some(true),
            spacing: Some(SeparatorSpacing::Small),
            ..Self::default()
        }
    }

    /// Little space, without a line.
    #[must_use]
    pub fn space() -> Self {
        Self {
            divider: Some(false),
            ..Self::line()
        }
    }

    /// Makes the space large.
    #[must_use]
    pub const fn large(mut self) -> Self {
        self.spacing = Some(SeparatorSpacing::Large);
        self
    }
}

impl Validate for Separator {
    fn check(&self, _report: &mut Report) {}
}

open_int! {
    /// How much space a separator leaves.
    pub enum SeparatorSpacing: u32 {
        Small = 1,
        Large = 2,
    }
}

/// Components in a frame, with a coloured edge. The struct is its own builder.
///
/// ```
/// use ovenjs_types::{Button, Container, Separator, TextDisplay};
/// let container = Container::new()
///     .component(TextDisplay::new("# Bread"))
///     .component(Separator::line())
///     .component(Button::new("rye", "Rye"))
///     .component(Button::new("oat", "Oat"))
///     .accent_color(0xC0_80_40);
/// // Both buttons share a row.
/// assert_eq!(container.components.len(), 3);
/// ```
///
/// A frame in a frame does not compile:
///
/// ```compile_fail,E0277
/// # use ovenjs_types::Container;
/// Container::new().component(Container::new());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Container {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<17>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// What stands in it.
    #[serde(default)]
    pub components: Vec<Component>,
    /// The colour of its edge as `0xRRGGBB`; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<u32>,
    /// Whether it is hidden until clicked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoiler: bool,
}

impl Container {
    /// An empty frame, which Discord would refuse until something is in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component. A button or select gets a row: buttons share one up to five.
    #[must_use]
    pub fn component(mut self, component: impl InContainer) -> Self {
        Component::push_into_rows(&mut self.components, component.into());
        self
    }

    /// Sets the colour of the edge as `0xRRGGBB`.
    #[must_use]
    pub const fn accent_color(mut self, color: u32) -> Self {
        self.accent_color = Some(color);
        self
    }

    /// Hides it until clicked.
    #[must_use]
    pub const fn spoiler(mut self) -> Self {
        self.spoiler = true;
        self
    }
}

impl Validate for Container {
    fn check(&self, report: &mut Report) {
        let range = limits::COMPONENTS_CONTAINER_MIN..=limits::COMPONENTS_CONTAINER;
        report.amount("components", self.components.len(), range, "components");
        report.each("components", &self.components, |report, component| {
            check_place(report, component, "a container", IN_CONTAINER);
            component.check(report);
        });
        report.number_of("accent_color", self.accent_color, 0..=WHITE);
    }
}

const IN_CONTAINER: &[ComponentType] = &[
    ComponentType::ActionRow,
    ComponentType::TextDisplay,
    ComponentType::Section,
    ComponentType::MediaGallery,
    ComponentType::Separator,
    ComponentType::File,
];

/// The greatest colour.
const WHITE: u64 = 0xFF_FF_FF;
