//! Answers to interactions.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{Choice, Component, Label, MessageDraft, MessageEdit, MessageFlags, Text};

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
            Self::Pong | Self::DeferUpdate | Self::Defer { ephemeral: false } => {}
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
        }
        answer.end()
    }
}

/// A dialog with inputs. The struct is its own builder.
///
/// ```
/// use ovenjs_types::{Modal, TextInput};
/// let modal = Modal::new("feedback", "Feedback").input("What is missing?", TextInput::paragraph("text"));
/// assert_eq!(modal.components.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    pub fn input(mut self, label: impl Into<Text>, input: impl Into<Component>) -> Self {
        self.components.push(Label::new(label, input).into());
        self
    }
}
