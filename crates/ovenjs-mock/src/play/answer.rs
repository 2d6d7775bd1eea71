//! What the bot shows in answer to a user.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
};

use crate::{
    error::Error,
    json::{Fields, Json, Object},
    world::{
        interaction::{Outcome, Response},
        modal,
    },
};

use super::{Message, User, acts};

/// What a user got for a command, a button or a modal: a message, or a modal to fill.
#[derive(Clone, Debug)]
pub struct Answer {
    user: User,
    interaction: u64,
    message: Option<Message>,
    modal: Option<Modal>,
}

impl Answer {
    pub(super) fn of(user: &User, interaction: u64, outcome: Outcome) -> Self {
        let (message, modal) = user.shared.look(|backend| {
            let known = backend.world.interactions.get(&interaction);
            let channel = known.map_or(0, |known| known.channel);
            match (outcome, known.and_then(|known| known.response.as_ref())) {
                (Outcome::Shown(id), _) => (Some(Message::of(&backend.world, channel, id)), None),
                (Outcome::Modal, Some(Response::Modal(modal))) => (None, Some(Modal::of(modal))),
                _ => (None, None),
            }
        });
        Self {
            user: user.clone(),
            interaction,
            message,
            modal,
        }
    }

    /// The message; `None` where a modal was opened.
    #[must_use]
    pub const fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// The text of the message.
    #[must_use]
    pub fn content(&self) -> &str {
        self.message.as_ref().map_or("", Message::content)
    }

    /// The embeds of the message.
    #[must_use]
    pub fn embeds(&self) -> Vec<Json> {
        self.message
            .as_ref()
            .map(Message::embeds)
            .unwrap_or_default()
    }

    /// The labels of the message's buttons.
    #[must_use]
    pub fn buttons(&self) -> Vec<String> {
        self.message
            .as_ref()
            .map(Message::buttons)
            .unwrap_or_default()
    }

    /// Whether only this user sees the message.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.message.as_ref().is_some_and(Message::is_ephemeral)
    }

    /// The modal, where one was opened.
    #[must_use]
    pub const fn modal(&self) -> Option<&Modal> {
        self.modal.as_ref()
    }

    /// The answer as it is now: the bot may have edited it.
    #[must_use]
    pub fn again(&self) -> Self {
        let outcome = self
            .user
            .shared
            .look(|backend| backend.world.outcome(self.interaction));
        match outcome {
            Some(outcome) => Self::of(&self.user, self.interaction, outcome),
            None => self.clone(),
        }
    }

    /// Waits for the `count`-th follow-up message and gives it.
    ///
    /// # Errors
    ///
    /// When it does not come in time.
    pub async fn follow_up(&self, count: usize) -> Result<Message, Error> {
        let (shared, interaction) = (&self.user.shared, self.interaction);
        let what = format!("follow-up {count} of an interaction");
        shared
            .until(&what, shared.patience, |backend| {
                let known = backend.world.interactions.get(&interaction)?;
                let id = known.followups.get(count.checked_sub(1)?)?;
                Some(Message::of(&backend.world, known.channel, *id))
            })
            .await
    }

    /// Presses the button with this label or custom id and waits for what the bot shows.
    ///
    /// # Errors
    ///
    /// When there is no such button, or when the bot does not answer in time.
    pub async fn click(&self, button: &str) -> Result<Self, Error> {
        self.user.clicks(self.shown()?, button).await
    }

    /// Chooses in the select with this custom id or placeholder and waits for what the bot shows.
    ///
    /// # Errors
    ///
    /// When there is no such select or value, or when the bot does not answer in time.
    pub async fn choose(&self, select: &str, values: &[&str]) -> Result<Self, Error> {
        self.user.chooses(self.shown()?, select, values).await
    }

    /// Enters a text into the modal's field with this custom id or label. Awaiting it submits the
    /// modal; [`Filled::fill`] enters more first.
    pub fn fill(&self, field: &str, text: &str) -> Filled<'_> {
        Filled {
            answer: self,
            fields: Vec::new(),
        }
        .fill(field, text)
    }

    fn shown(&self) -> Result<&Message, Error> {
        self.message
            .as_ref()
            .ok_or_else(|| Error::refused("the bot opened a modal: fill it instead of clicking"))
    }
}

/// A modal that the bot opened.
#[derive(Clone, Debug)]
pub struct Modal {
    title: String,
    custom_id: String,
    fields: Vec<Json>,
}

impl Modal {
    fn of(modal: &Object) -> Self {
        let text = |key: &str| modal.text(key).unwrap_or_default().to_owned();
        let fields = modal::fields(modal)
            .into_iter()
            .map(|field| Json(field.into()))
            .collect();
        Self {
            title: text("title"),
            custom_id: text("custom_id"),
            fields,
        }
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its custom id.
    #[must_use]
    pub fn custom_id(&self) -> &str {
        &self.custom_id
    }

    /// The fields to fill, with `custom_id`, `label` and so on.
    #[must_use]
    pub fn fields(&self) -> &[Json] {
        &self.fields
    }
}

/// A modal being filled; await it to submit.
#[derive(Debug)]
#[must_use = "nothing is submitted until it is awaited"]
pub struct Filled<'a> {
    answer: &'a Answer,
    fields: Vec<(String, String)>,
}

impl<'a> Filled<'a> {
    /// Enters a text into one more field. In a select, several values are separated by commas.
    pub fn fill(mut self, field: &str, text: &str) -> Self {
        let fields = self.answer.modal.iter().flat_map(|modal| &modal.fields);
        let by_label = fields
            .filter(|known| known.text("/label") == Some(field))
            .find_map(|known| known.text("/custom_id"));
        self.fields
            .push((by_label.unwrap_or(field).to_owned(), text.to_owned()));
        self
    }
}

impl<'a> IntoFuture for Filled<'a> {
    type Output = Result<Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let user = &self.answer.user;
            let (id, outcome) =
                acts::submit(&user.shared, self.answer.interaction, &self.fields).await?;
            Ok(Answer::of(user, id, outcome))
        })
    }
}
