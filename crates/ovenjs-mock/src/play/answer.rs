//! What the bot shows in answer to a user.

use std::{
    future::{Future, IntoFuture},
    panic::Location,
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

use super::{Attempt, Message, User, acts, complaint::Scene};

/// What a user got for a command, a button or a modal: a message, or a modal to fill.
///
/// Its verbs are steps of a test and panic as those of [`User`] do; [`attempt`](Self::attempt)
/// gives an error in their place. Its expectations ([`says`](Self::says) and the others) give the
/// answer back, so that a test reads as a sentence.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) user: User,
    pub(super) interaction: u64,
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

    /// The same verbs, giving a [`Result`].
    pub const fn attempt(&self) -> Attempt<&Self> {
        Attempt(self)
    }

    /// Waits for the `count`-th follow-up message and gives it. Panics when it does not come in
    /// time.
    #[track_caller]
    pub fn follow_up(&self, count: usize) -> impl Future<Output = Message> + Send {
        let scene = self.user.scene();
        async move { scene.hold_for(self, self.attempt().follow_up(count).await) }
    }

    /// Presses the button with this label or custom id and waits for what the bot shows. Panics when
    /// there is no such button, or when the bot does not answer in time.
    #[track_caller]
    pub fn click(&self, button: &str) -> impl Future<Output = Self> + Send {
        let scene = self.user.scene();
        async move { scene.hold_for(self, self.attempt().click(button).await) }
    }

    /// Chooses in the select with this placeholder or custom id, or a custom id that begins so, and
    /// waits for what the bot shows: see [`User::chooses`]. Panics when there is no such select or
    /// value, or when the bot does not answer in time.
    #[track_caller]
    pub fn choose(&self, select: &str, values: &[&str]) -> impl Future<Output = Self> + Send {
        let scene = self.user.scene();
        async move { scene.hold_for(self, self.attempt().choose(select, values).await) }
    }

    /// Enters a text into the modal's field with this custom id or label. Awaiting it submits the
    /// modal, and panics when the modal does not take it or the bot does not answer in time;
    /// [`Filled::fill`] enters more first.
    ///
    /// A user of the mock is quicker than any person: some libraries (discord.py) know a modal, or the
    /// buttons of a message, only once Discord's answer has reached them, and discard what comes before.
    /// With those, wait for something that the bot does afterwards, see
    /// [`Discord::wait_for_requests`](crate::Discord::wait_for_requests).
    #[track_caller]
    pub fn fill(&self, field: &str, text: &str) -> Filled<'_> {
        Filled::new(self).fill(field, text)
    }

    /// Chooses in the modal's field, as [`Filled::pick`] does. Awaiting it submits the modal.
    #[track_caller]
    pub fn pick(&self, field: &str, values: &[&str]) -> Filled<'_> {
        Filled::new(self).pick(field, values)
    }

    /// Ticks the modal's checkbox, as [`Filled::tick`] does. Awaiting it submits the modal.
    #[track_caller]
    pub fn tick(&self, field: &str) -> Filled<'_> {
        Filled::new(self).tick(field)
    }
}

/// A modal that the bot opened.
#[derive(Clone, Debug)]
pub struct Modal {
    title: String,
    custom_id: String,
    fields: Vec<Json>,
    pub(super) json: Json,
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
            json: Json(modal.clone().into()),
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
    place: &'static Location<'static>,
}

impl<'a> Filled<'a> {
    #[track_caller]
    pub(super) fn new(answer: &'a Answer) -> Self {
        Self {
            answer,
            fields: Vec::new(),
            place: Location::caller(),
        }
    }

    /// Enters a text into one more field. In a select, several values are separated by commas.
    pub fn fill(mut self, field: &str, text: &str) -> Self {
        let entered = (self.custom_id(field), text.to_owned());
        self.fields.push(entered);
        self
    }

    /// Chooses in one more select, radio group, checkbox group or file upload: options by value or
    /// label, users, roles and channels by name or id, files by name that
    /// [`Discord::put_file`](crate::Discord::put_file) put at hand. No value is an empty field.
    pub fn pick(mut self, field: &str, values: &[&str]) -> Self {
        let custom_id = self.custom_id(field);
        let nothing = [""];
        let values = if values.is_empty() { &nothing } else { values };
        let entered = values.iter();
        self.fields
            .extend(entered.map(|value| (custom_id.clone(), (*value).to_owned())));
        self
    }

    /// Ticks one more checkbox.
    pub fn tick(self, field: &str) -> Self {
        self.fill(field, "true")
    }

    /// Takes the tick from a checkbox that the bot has ticked beforehand.
    pub fn untick(self, field: &str) -> Self {
        self.fill(field, "false")
    }

    /// The custom id of a field that is named by it or by its label.
    fn custom_id(&self, field: &str) -> String {
        let fields = self.answer.modal.iter().flat_map(|modal| &modal.fields);
        let by_label = fields
            .filter(|known| known.text("/label") == Some(field))
            .find_map(|known| known.text("/custom_id"));
        by_label.unwrap_or(field).to_owned()
    }

    pub(super) async fn submitted(self) -> Result<Answer, Error> {
        let Answer {
            user, interaction, ..
        } = self.answer;
        if self.answer.modal.is_none() {
            return Err(Error::refused(
                "the bot opened no modal: click instead of filling",
            ));
        }
        let (id, outcome) = acts::submit(&user.shared, *interaction, &self.fields).await?;
        Ok(Answer::of(user, id, outcome))
    }
}

impl<'a> IntoFuture for Filled<'a> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let answer = self.answer;
        let scene = Scene {
            shared: &answer.user.shared,
            place: self.place,
        };
        Box::pin(async move { scene.hold_for(answer, self.submitted().await) })
    }
}
