//! One interaction and where its answer stands.
//!
//! Discord takes one first answer. The handler and the router, which defers for a slow handler,
//! may both want to give it; the lock on the phase decides who does, and the other one sees it.

use std::{fmt, sync::Arc};

use futures_util::lock::Mutex;
use ovenjs_types::{
    Event, Fault, Id, Interaction, InteractionResponse, Message, MessageDraft, MessageEdit,
    MessageFlags, Modal, User, marker::MessageMarker,
};

use crate::{Answers, Error};

pub(crate) struct Exchange {
    event: Arc<Event>,
    answers: Arc<dyn Answers>,
    /// Whether the handler was declared to answer for the user's eyes alone.
    ephemeral: bool,
    phase: Mutex<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was answered. `tried` says that a deferral was sent whose fate is not known.
    Open { tried: bool },
    /// Deferred with "thinking", which the reply will replace.
    Thinking { ephemeral: bool },
    /// Deferred, and nothing to see of it: an answer is a message of its own.
    Kept,
    /// The handler has answered; `apart` is its reply where that is a message of its own, which
    /// Discord does not take for the original one.
    Answered { apart: Option<Id<MessageMarker>> },
}

impl Exchange {
    /// An exchange about `event`, or why there cannot be one.
    pub(crate) fn begin(
        event: Arc<Event>,
        answers: Arc<dyn Answers>,
        ephemeral: bool,
    ) -> Result<Self, Error> {
        let Event::InteractionCreate(interaction) = &*event else {
            return Err(Error::absent("this event is no interaction"));
        };
        if interaction.author().is_none() {
            return Err(Error::peer("the interaction names no user"));
        }
        Ok(Self {
            event,
            answers,
            ephemeral,
            phase: Mutex::new(Phase::Open { tried: false }),
        })
    }

    pub(crate) fn interaction(&self) -> &Interaction {
        match &*self.event {
            Event::InteractionCreate(interaction) => interaction,
            _ => unreachable!("`begin` lets nothing but interactions through"),
        }
    }

    pub(crate) fn author(&self) -> &User {
        self.interaction()
            .author()
            .expect("`begin` lets no interaction through that names no user")
    }

    /// Whether somebody is giving the first answer at this moment.
    pub(crate) fn is_answering(&self) -> bool {
        self.phase.try_lock().is_none()
    }

    /// Defers, unless an answer was given or is on its way.
    pub(crate) async fn defer(&self) -> Result<(), Error> {
        let Some(mut phase) = self.phase.try_lock() else {
            return Ok(());
        };
        if !matches!(*phase, Phase::Open { .. }) {
            return Ok(());
        }
        // Set before the wait: were this future dropped, a deferral might be under way.
        *phase = Phase::Open { tried: true };
        let deferred = self.deferral();
        let response = match deferred {
            Phase::Kept => InteractionResponse::DeferUpdate,
            _ => InteractionResponse::Defer {
                ephemeral: self.ephemeral,
            },
        };
        self.callback(response).await?;
        *phase = deferred;
        Ok(())
    }

    pub(crate) async fn reply(&self, mut draft: MessageDraft) -> Result<(), Error> {
        if self.ephemeral {
            draft.flags.insert(MessageFlags::EPHEMERAL);
        }
        let mut phase = self.phase.lock().await;
        if let Phase::Open { tried } = *phase {
            let spare = tried.then(|| draft.clone());
            match self.callback(InteractionResponse::Message(draft)).await {
                Ok(()) => {
                    *phase = Phase::Answered { apart: None };
                    return Ok(());
                }
                Err(error) => match spare {
                    Some(spare) if error.discord_code() == Some(ALREADY_ACKNOWLEDGED) => {
                        *phase = self.deferral();
                        draft = spare;
                    }
                    _ => return Err(error),
                },
            }
        }
        let apart = match *phase {
            Phase::Thinking { ephemeral: false }
                if draft.flags.contains(MessageFlags::EPHEMERAL) =>
            {
                // An edit would show to all what is for one. Discord turns the first follow-up of
                // a deferral into such an edit, so "thinking" goes first.
                self.delete_original().await?;
                *phase = Phase::Kept;
                Some(self.follow_up(draft).await?.id)
            }
            Phase::Thinking { .. } => {
                self.edit_original(draft.into()).await?;
                None
            }
            Phase::Kept => Some(self.follow_up(draft).await?.id),
            Phase::Open { .. } | Phase::Answered { .. } => return Err(answered_already()),
        };
        *phase = Phase::Answered { apart };
        Ok(())
    }

    /// Makes of the message in which the component stands what the draft says, in time as late.
    pub(crate) async fn update(&self, draft: MessageDraft) -> Result<(), Error> {
        if self.interaction().message.is_none() {
            return Err(Error::absent(
                "there is no message to update: the interaction came from no component; use reply",
            ));
        }
        let mut edit = MessageEdit::from(draft);
        let mut phase = self.phase.lock().await;
        if let Phase::Open { tried } = *phase {
            let spare = tried.then(|| edit.clone());
            match self.callback(InteractionResponse::Update(edit)).await {
                Ok(()) => {
                    *phase = Phase::Answered { apart: None };
                    return Ok(());
                }
                Err(error) => match spare {
                    Some(spare) if error.discord_code() == Some(ALREADY_ACKNOWLEDGED) => {
                        *phase = self.deferral();
                        edit = spare;
                    }
                    _ => return Err(error),
                },
            }
        }
        match *phase {
            Phase::Kept => {
                self.edit_original(edit).await?;
                *phase = Phase::Answered { apart: None };
                Ok(())
            }
            Phase::Open { .. } | Phase::Thinking { .. } | Phase::Answered { .. } => {
                Err(answered_already())
            }
        }
    }

    /// Answers a component without a visible trace.
    pub(crate) async fn acknowledge(&self) -> Result<(), Error> {
        if self.interaction().message.is_none() {
            return Err(Error::absent(
                "a command has to be answered visibly: acknowledge is for components; use reply",
            ));
        }
        let mut phase = self.phase.lock().await;
        match *phase {
            Phase::Open { tried } => {
                let answer = self.callback(InteractionResponse::DeferUpdate).await;
                match answer {
                    Err(error) if tried && error.discord_code() == Some(ALREADY_ACKNOWLEDGED) => {}
                    other => other?,
                }
            }
            Phase::Kept => {}
            Phase::Thinking { .. } | Phase::Answered { .. } => return Err(answered_already()),
        }
        *phase = Phase::Answered { apart: None };
        Ok(())
    }

    pub(crate) async fn open(&self, modal: Modal) -> Result<(), Error> {
        let mut phase = self.phase.lock().await;
        if !matches!(*phase, Phase::Open { .. }) {
            return Err(answered_already());
        }
        self.callback(InteractionResponse::Modal(modal)).await?;
        *phase = Phase::Answered { apart: None };
        Ok(())
    }

    /// Tells the user alone, unless the handler has answered.
    pub(crate) async fn tell(&self, text: &str) -> Result<(), Error> {
        if matches!(*self.phase.lock().await, Phase::Answered { .. }) {
            return Ok(());
        }
        self.reply(MessageDraft::from(text).ephemeral()).await
    }

    /// Changes the handler's answer, wherever it stands.
    pub(crate) async fn edit(&self, edit: MessageEdit) -> Result<Message, Error> {
        match self.apart().await {
            Some(reply) => self.edit_follow_up(reply, edit).await,
            None => self.edit_original(edit).await,
        }
    }

    /// Deletes the handler's answer, wherever it stands.
    pub(crate) async fn delete(&self) -> Result<(), Error> {
        match self.apart().await {
            Some(reply) => self.delete_follow_up(reply).await,
            None => self.delete_original().await,
        }
    }

    async fn apart(&self) -> Option<Id<MessageMarker>> {
        match *self.phase.lock().await {
            Phase::Answered { apart } => apart,
            Phase::Open { .. } | Phase::Thinking { .. } | Phase::Kept => None,
        }
    }

    async fn edit_original(&self, edit: MessageEdit) -> Result<Message, Error> {
        let interaction = self.interaction();
        self.answers
            .edit_original(interaction.application_id, &interaction.token, edit)
            .await
    }

    async fn delete_original(&self) -> Result<(), Error> {
        let interaction = self.interaction();
        self.answers
            .delete_original(interaction.application_id, &interaction.token)
            .await
    }

    pub(crate) async fn follow_up(&self, draft: MessageDraft) -> Result<Message, Error> {
        let interaction = self.interaction();
        self.answers
            .follow_up(interaction.application_id, &interaction.token, draft)
            .await
    }

    pub(crate) async fn edit_follow_up(
        &self,
        message: Id<MessageMarker>,
        edit: MessageEdit,
    ) -> Result<Message, Error> {
        let interaction = self.interaction();
        self.answers
            .edit_follow_up(
                interaction.application_id,
                &interaction.token,
                message,
                edit,
            )
            .await
    }

    pub(crate) async fn delete_follow_up(&self, message: Id<MessageMarker>) -> Result<(), Error> {
        let interaction = self.interaction();
        self.answers
            .delete_follow_up(interaction.application_id, &interaction.token, message)
            .await
    }

    pub(crate) async fn callback(&self, response: InteractionResponse) -> Result<(), Error> {
        let interaction = self.interaction();
        self.answers
            .callback(interaction.id, &interaction.token, response)
            .await
    }

    /// What a deferral of this interaction comes to. Where there is a message under the user's
    /// finger, it stays: so it can be updated later, and a reply is a message of its own.
    fn deferral(&self) -> Phase {
        if self.interaction().message.is_some() {
            Phase::Kept
        } else {
            Phase::Thinking {
                ephemeral: self.ephemeral,
            }
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("interaction", &self.interaction().id)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

fn answered_already() -> Error {
    Error::absent("the interaction was answered already; use follow_up or edit")
}

/// Discord's error code for a second first answer.
const ALREADY_ACKNOWLEDGED: u32 = 40060;
