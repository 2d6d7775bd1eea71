//! Answers to interactions.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{
    Choice, Component, InLabel, InModal, Label, MessageDraft, MessageEdit, MessageFlags, Report,
    Text, TextDisplay, Validate, component::check_modal, limits,
};

/// The first answer to an interaction.
///
/// Source: Discord, "Interaction Response Object".
///
/// ```
/// use ovenjs_types::{InteractionResponse, json};
/// assert_eq!(
///     json::encode(&InteractionResponse::Message("Pong!".into())),
///     br#"{"type":4,"data":{"content":"Pong!"}}"#
/// );
/// assert_eq!(
///     json::encode(&InteractionResponse::Defer { ephemeral: true }),
///     br#"{"type":5,"data":{"flags":64}}"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InteractionResponse {
    /// To a ping.
    Pong,
    /// A message.
    Message(MessageDraft),
    /// A message will follow within fifteen minutes; the user sees "thinking".
    Defer {
        /// Whether only the user will see that message.
        ephemeral: bool,
    },
    /// To a component: the message will be changed later, or stays as it is.
    DeferUpdate,
    /// To a component: changes the message it stands in; what is not set stays as it is.
    Update(MessageEdit),
    /// Proposals for the option being typed; at most 25.
    Autocomplete(Vec<Choice>),
    /// Opens a modal. Not possible as the answer to a modal, nor after a defer.
    Modal(Modal),
    /// Shows the user that the command asks for a subscription. Discord has replaced it by a
    /// message with [`Button::premium`](crate::Button::premium).
    PremiumRequired,
    /// Opens the application's activity, for applications that have one.
    LaunchActivity,
    /// Whether the user may buy a SKU.
    SkuPurchaseEligibility(SkuPurchaseEligibility),
}

open_int! {
    /// Discord's numbers for the kinds of answers.
    pub enum InteractionResponseType: u32 {
        Pong = 1,
        ChannelMessageWithSource = 4,
        DeferredChannelMessageWithSource = 5,
        DeferredUpdateMessage = 6,
        UpdateMessage = 7,
        ApplicationCommandAutocompleteResult = 8,
        Modal = 9,
        PremiumRequired = 10,
        LaunchActivity = 12,
        SocialLayerSkuPurchaseEligibility = 13,
    }
}

impl InteractionResponse {
    /// Discord's number for this kind of answer.
    #[must_use]
    pub const fn kind(&self) -> InteractionResponseType {
        match self {
            Self::Pong => InteractionResponseType::Pong,
            Self::Message(_) => InteractionResponseType::ChannelMessageWithSource,
            Self::Defer { .. } => InteractionResponseType::DeferredChannelMessageWithSource,
            Self::DeferUpdate => InteractionResponseType::DeferredUpdateMessage,
            Self::Update(_) => InteractionResponseType::UpdateMessage,
            Self::Autocomplete(_) => InteractionResponseType::ApplicationCommandAutocompleteResult,
            Self::Modal(_) => InteractionResponseType::Modal,
            Self::PremiumRequired => InteractionResponseType::PremiumRequired,
            Self::LaunchActivity => InteractionResponseType::LaunchActivity,
            Self::SkuPurchaseEligibility(_) => {
                InteractionResponseType::SocialLayerSkuPurchaseEligibility
            }
        }
    }
}

impl Serialize for InteractionResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flags {
            flags: MessageFlags,
        }
        #[derive(Serialize)]
        struct Choices<'a> {
            choices: &'a [Choice],
        }
        let mut answer = serializer.serialize_struct("InteractionResponse", 2)?;
        answer.serialize_field("type", &self.kind())?;
        match self {
            Self::Pong
            | Self::DeferUpdate
            | Self::Defer { ephemeral: false }
            | Self::PremiumRequired
            | Self::LaunchActivity => {}
            Self::Defer { ephemeral: true } => {
                answer.serialize_field(
                    "data",
                    &Flags {
                        flags: MessageFlags::EPHEMERAL,
                    },
                )?;
            }
            Self::Message(draft) => answer.serialize_field("data", draft)?,
            Self::Update(edit) => answer.serialize_field("data", edit)?,
            Self::Autocomplete(choices) => answer.serialize_field("data", &Choices { choices })?,
            Self::Modal(modal) => answer.serialize_field("data", modal)?,
            Self::SkuPurchaseEligibility(data) => answer.serialize_field("data", data)?,
        }
        answer.end()
    }
}

impl Validate for InteractionResponse {
    fn check(&self, report: &mut Report) {
        report.field("data", |report| match self {
            Self::Autocomplete(choices) => {
                let most = limits::INTERACTION_AUTOCOMPLETE_CHOICES;
                report.amount("choices", choices.len(), 0..=most, "choices");
                report.each("choices", choices, |report, choice| choice.check(report));
            }
            Self::Modal(modal) => modal.check(report),
            Self::SkuPurchaseEligibility(data) => data.check(report),
            Self::Message(draft) => draft.check(report),
            Self::Update(edit) => edit.check(report),
            Self::Pong
            | Self::Defer { .. }
            | Self::DeferUpdate
            | Self::PremiumRequired
            | Self::LaunchActivity => {}
        });
    }
}

open_int! {
    /// Why a user may not buy a SKU.
    pub enum SkuIneligibilityReason: u32 {
        Other = 0,
        OwnsSkuOrBundleComponent = 1,
        PlatformRestriction = 2,
    }
}

/// Whether a user may buy a SKU.
///
/// Source: Discord's OpenAPI file, `SocialLayerSKUPurchaseEligibilityCallbackData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuPurchaseEligibility {
    /// Whether they may.
    pub eligible: bool,
    /// Why not, as one of Discord's numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ineligible_reason: Option<SkuIneligibilityReason>,
    /// Why not, in words; at most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ineligible_reason_description: Option<Text>,
}

impl Validate for SkuPurchaseEligibility {
    fn check(&self, report: &mut Report) {
        let words = self.ineligible_reason_description.as_ref();
        report.length_of("ineligible_reason_description", words, 0..=REASON_MAX);
    }
}

/// The longest reason, from the OpenAPI file.
const REASON_MAX: usize = 255;

/// A dialog with inputs. The struct is its own builder.
///
/// ```
/// use ovenjs_types::{Modal, TextInput, Validate};
/// let modal = Modal::new("feedback", "Feedback").input("What is missing?", TextInput::paragraph("text"));
/// assert_eq!(modal.components.len(), 1);
/// assert!(modal.validate().is_ok());
///
/// let empty = Modal::new("feedback", "Feedback").validate().unwrap_err();
/// assert_eq!(
///     empty.to_string(),
///     "Discord would refuse this: components has 0 components, but Discord takes 1 to 5: add 1"
/// );
/// ```
///
/// What is no label and no text does not compile:
///
/// ```compile_fail,E0277
/// # use ovenjs_types::{Button, Modal};
/// Modal::new("m", "M").component(Button::new("go", "Go"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Modal {
    /// What comes back when it is submitted; at most 100 characters.
    pub custom_id: Text,
    /// Its title; at most 45 characters.
    pub title: Text,
    /// Its labels and texts; 1 to 5.
    pub components: Vec<Component>,
}

impl Modal {
    /// A modal without inputs, which Discord would refuse until it has one.
    pub fn new(custom_id: impl Into<Text>, title: impl Into<Text>) -> Self {
        Self {
            custom_id: custom_id.into(),
            title: title.into(),
            components: Vec::new(),
        }
    }

    /// Adds an input under its label.
    #[must_use]
    pub fn input(self, label: impl Into<Text>, input: impl InLabel) -> Self {
        self.component(Label::new(label, input))
    }

    /// Adds a text between the inputs, in Discord's Markdown.
    #[must_use]
    pub fn text(self, text: impl Into<TextDisplay>) -> Self {
        self.component(text.into())
    }

    /// Adds a label or a text.
    #[must_use]
    pub fn component(mut self, component: impl InModal) -> Self {
        self.components.push(component.into());
        self
    }
}

impl Validate for Modal {
    fn check(&self, report: &mut Report) {
        let custom_id = limits::COMPONENTS_CUSTOM_ID_MIN..=limits::COMPONENTS_CUSTOM_ID;
        report.length("custom_id", &self.custom_id, custom_id);
        let title = limits::MODAL_TITLE_MIN..=limits::MODAL_TITLE;
        report.length("title", &self.title, title);
        check_modal(&self.components, report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Checkbox, CheckboxGroup, FileUpload, Select, TextInput,
        json::{self, Scratch},
    };

    #[test]
    fn what_is_wrong_with_a_modal_is_told_at_once() {
        let mut short = TextInput::short("a");
        (short.min_length, short.max_length) = (Some(9), Some(5));
        let modal = Modal::new("", "T".repeat(46))
            .input("First", short)
            .input("", Select::users("a").disabled())
            .input("Third", CheckboxGroup::new("c", [("x", "X"), ("x", "Y")]));
        let told = modal.validate().unwrap_err();
        let told: Vec<String> = told.violations().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "custom_id has 0 characters, but Discord takes 1 to 100: write something",
                "title has 46 characters, but Discord takes 1 to 45: shorten it by 1",
                "components[0].component.min_length is 9, but max_length is 5: set max_length to 9 or more",
                "components[1].label has 0 characters, but Discord takes 1 to 45: write something",
                "components[2].component.options[1].value is that of an option before: write another",
                "components[1].component.custom_id is that of a component before: write another",
                "components[1].component.disabled is set, which Discord takes in messages only: take it away",
            ]
        );
    }

    #[test]
    fn every_input_stands_in_a_modal() {
        let modal = Modal::new("m", "M")
            .text("Read this first")
            .input(
                "Files",
                FileUpload::new("files").values(0..=3).file_type("image"),
            )
            .input("Sure?", Checkbox::new("sure").ticked());
        let valid = modal.validate().unwrap();
        let text = r#"{"custom_id":"m","title":"M","components":[{"type":10,"content":"Read this first"},{"type":18,"label":"Files","component":{"type":19,"custom_id":"files","min_values":0,"max_values":3,"required":false,"file_types":["image"]}},{"type":18,"label":"Sure?","component":{"type":23,"custom_id":"sure","default":true}}]}"#;
        assert_eq!(String::from_utf8(json::encode(&valid)).unwrap(), text);
        let again: Modal = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        assert_eq!(again, valid.into_inner());
    }

    #[test]
    fn the_data_of_an_answer_has_its_own_path() {
        let choices = vec![Choice::new("", 1_i64); 26];
        let told = InteractionResponse::Autocomplete(choices)
            .validate()
            .unwrap_err();
        assert_eq!(told.violations()[0].path, "data.choices");
        assert_eq!(told.violations()[1].path, "data.choices[0].name");
        assert!(InteractionResponse::LaunchActivity.validate().is_ok());
    }
}
