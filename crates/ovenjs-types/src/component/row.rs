//! Rows, and the buttons in them.

use serde::{Deserialize, Serialize};

use super::{Component, ComponentType, Kind, Select, check_custom_id, check_place};
use crate::{Id, ReactionEmoji, Report, Text, Validate, limits, marker::SkuMarker};

/// A row of buttons, or a row with one select.
///
/// ```
/// use ovenjs_types::{ActionRow, Button};
/// let row = ActionRow::buttons([Button::new("yes", "Yes"), Button::new("no", "No")]);
/// assert_eq!(row.components.len(), 2);
/// ```
///
/// A sixth button does not compile, nor does anything else beside buttons or in place of a select:
///
/// ```compile_fail,E0080
/// # use ovenjs_types::{ActionRow, Button};
/// ActionRow::buttons([1, 2, 3, 4, 5, 6].map(|n| Button::new(n.to_string(), "x")));
/// ```
///
/// ```compile_fail,E0308
/// # use ovenjs_types::{ActionRow, TextDisplay};
/// ActionRow::buttons([TextDisplay::new("no button")]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionRow {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<1>,
    /// Its number in the message or modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// What stands in it: buttons or one select; in old modals, a text input.
    #[serde(default)]
    pub components: Vec<Component>,
}

impl ActionRow {
    /// A row of 1 to 5 buttons; other numbers do not compile.
    pub fn buttons<const N: usize>(buttons: [Button; N]) -> Self {
        const {
            assert!(
                N >= 1 && N <= limits::COMPONENTS_ACTION_ROW_BUTTONS,
                "a row has 1 to 5 buttons"
            );
        };
        buttons.into_iter().collect()
    }

    /// A row with this select.
    #[must_use]
    pub fn select(select: Select) -> Self {
        Self {
            components: vec![select.into()],
            ..Self::default()
        }
    }
}

impl FromIterator<Button> for ActionRow {
    /// A row of as many buttons as there are; [`Validate`] says whether Discord takes as many.
    fn from_iter<I: IntoIterator<Item = Button>>(buttons: I) -> Self {
        Self {
            components: buttons.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

impl Validate for ActionRow {
    fn check(&self, report: &mut Report) {
        let buttons = |component: &&Component| matches!(component, Component::Button(_));
        let most = if self.components.iter().any(|component| !buttons(&component)) {
            ALONE
        } else {
            limits::COMPONENTS_ACTION_ROW_BUTTONS
        };
        report.amount("components", self.components.len(), 1..=most, "components");
        report.each("components", &self.components, |report, component| {
            check_place(report, component, "an action row", IN_ROW);
            component.check(report);
        });
    }
}

/// A select or text input fills its row.
const ALONE: usize = 1;

const IN_ROW: &[ComponentType] = &[
    ComponentType::Button,
    ComponentType::StringSelect,
    ComponentType::UserSelect,
    ComponentType::RoleSelect,
    ComponentType::MentionableSelect,
    ComponentType::ChannelSelect,
    ComponentType::TextInput,
];

/// Something to press. The struct is its own builder.
///
/// ```
/// use ovenjs_types::{Button, ButtonStyle, Validate};
/// let button = Button::new("buy", "Buy").style(ButtonStyle::Success).validate().unwrap();
/// assert_eq!(button.custom_id.as_deref(), Some("buy"));
///
/// let odd = Button::new("buy", "Buy").style(ButtonStyle::Link).validate().unwrap_err();
/// let places: Vec<&str> = odd.violations().iter().map(|violation| &*violation.path).collect();
/// assert_eq!(places, ["custom_id", "url"]);
///
/// // A button shows a text, an emoji, or both.
/// assert!(Button::new("buy", "").validate().is_err());
/// assert!(Button::icon("buy", "🍞").validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Button {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<2>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
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
    /// What is bought, for the style `Premium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<Id<SkuMarker>>,
    /// Where it leads, for the style `Link`; at most 512 characters.
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
            label: Some(label.into()),
            custom_id: Some(custom_id.into()),
            ..Self::bare(ButtonStyle::Primary)
        }
    }

    /// A button that shows an emoji alone.
    pub fn icon(custom_id: impl Into<Text>, emoji: impl Into<ReactionEmoji>) -> Self {
        Self {
            emoji: Some(emoji.into()),
            custom_id: Some(custom_id.into()),
            ..Self::bare(ButtonStyle::Secondary)
        }
    }

    /// A button that opens a page. Pressing it sends nothing to the bot.
    pub fn link(url: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self {
            label: Some(label.into()),
            url: Some(url.into()),
            ..Self::bare(ButtonStyle::Link)
        }
    }

    /// A button that sells. Discord writes its text, and pressing it sends nothing to the bot.
    #[must_use]
    pub fn premium(sku: Id<SkuMarker>) -> Self {
        Self {
            sku_id: Some(sku),
            ..Self::bare(ButtonStyle::Premium)
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

    const fn bare(style: ButtonStyle) -> Self {
        Self {
            kind: Kind,
            id: None,
            style,
            label: None,
            emoji: None,
            custom_id: None,
            sku_id: None,
            url: None,
            disabled: false,
        }
    }
}

impl Validate for Button {
    /// A style which this version does not know may have any field.
    fn check(&self, report: &mut Report) {
        let needed = match self.style {
            ButtonStyle::Link => "url",
            ButtonStyle::Premium => "sku_id",
            ButtonStyle::Unknown(_) => "",
            _ => "custom_id",
        };
        let premium = self.style == ButtonStyle::Premium;
        for (field, there, allowed) in [
            ("label", self.label.is_some(), !premium),
            ("emoji", self.emoji.is_some(), !premium),
            ("custom_id", self.custom_id.is_some(), needed == "custom_id"),
            ("url", self.url.is_some(), needed == "url"),
            ("sku_id", self.sku_id.is_some(), needed == "sku_id"),
        ] {
            let style = self.style;
            if needed == field && !there {
                report.note(
                    field,
                    format!("is missing, but a {style:?} button needs it: set it"),
                );
            } else if there && !allowed && !needed.is_empty() {
                report.note(
                    field,
                    format!("is set, but a {style:?} button has none: take it away"),
                );
            }
        }
        let is_blank = self.label.as_ref().is_none_or(Text::is_empty) && self.emoji.is_none();
        if is_blank && !premium && !needed.is_empty() {
            report.note("label", "is missing, and so is an emoji: set one of them");
        }
        report.length_of(
            "label",
            self.label.as_ref(),
            0..=limits::COMPONENTS_BUTTON_LABEL,
        );
        if let Some(emoji) = &self.emoji {
            report.field("emoji", |report| check_emoji(emoji, report));
        }
        if let Some(custom_id) = &self.custom_id {
            check_custom_id(custom_id, report);
        }
        report.length_of("url", self.url.as_ref(), 0..=limits::BUTTON_URL);
    }
}

/// The emoji of a button or of a select's option.
pub(super) fn check_emoji(emoji: &ReactionEmoji, report: &mut Report) {
    if emoji.id.is_none() && emoji.name.as_ref().is_none_or(Text::is_empty) {
        report.note(
            "",
            "names no emoji: give its id, or its character as the name",
        );
    }
    report.length_of("name", emoji.name.as_ref(), 0..=EMOJI_NAME);
}

/// The longest name of an emoji in a component, from the OpenAPI file's `ComponentEmojiForRequest`.
const EMOJI_NAME: usize = 32;

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
