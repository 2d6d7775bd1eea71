//! A user whom a test plays.

use std::{
    future::{IntoFuture, Ready, ready},
    sync::Arc,
};

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, UserMarker},
};

use crate::{
    error::Error,
    json::Json,
    shared::Shared,
    world::{interaction::Response, slash::Target},
};

use super::{Answer, Message, acts};

/// A user, from [`Discord::user`](crate::Discord::user): speaks, reacts, types commands, presses
/// buttons.
#[derive(Clone, Debug)]
pub struct User {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    channel: u64,
}

impl User {
    pub(super) const fn new(shared: Arc<Shared>, id: u64, channel: u64) -> Self {
        Self {
            shared,
            id,
            channel,
        }
    }

    /// The user's id.
    ///
    /// # Panics
    ///
    /// Never: users have ids.
    #[must_use]
    pub const fn id(&self) -> Id<UserMarker> {
        Id::new(self.id)
    }

    /// The same user in another channel.
    #[must_use]
    pub fn in_channel(&self, channel: Id<ChannelMarker>) -> Self {
        Self {
            channel: channel.get(),
            ..self.clone()
        }
    }

    /// The same user in the direct message channel with the bot.
    ///
    /// # Errors
    ///
    /// When the user is gone.
    pub fn in_private(&self) -> Result<Self, Error> {
        let channel = self
            .shared
            .with(|backend, now| backend.play(now, |world| world.direct_channel(self.id)))
            .map_err(|failure| Error::refused(failure.to_string()))?;
        Ok(Self {
            channel,
            ..self.clone()
        })
    }

    /// Says something; await it. [`Saying::replying_to`] makes it a reply.
    pub fn says(&self, content: &str) -> Saying<'_> {
        Saying {
            user: self,
            content: content.to_owned(),
            reply_to: None,
        }
    }

    /// Puts an emoji under a message: `🍞`, or `name:id`.
    ///
    /// # Errors
    ///
    /// When the message is gone or the text is no emoji.
    pub fn reacts(&self, message: &Message, emoji: &str) -> Result<(), Error> {
        acts::react(
            &self.shared,
            self.id,
            message.channel,
            message.id,
            emoji,
            false,
        )
    }

    /// Puts an emoji under a message as a super reaction.
    ///
    /// # Errors
    ///
    /// As [`reacts`](Self::reacts).
    pub fn super_reacts(&self, message: &Message, emoji: &str) -> Result<(), Error> {
        acts::react(
            &self.shared,
            self.id,
            message.channel,
            message.id,
            emoji,
            true,
        )
    }

    /// Takes an emoji of this user away from a message; nothing happens where there is none.
    ///
    /// # Errors
    ///
    /// When the message is gone or the text is no emoji.
    pub fn unreacts(&self, message: &Message, emoji: &str) -> Result<(), Error> {
        acts::unreact(&self.shared, self.id, message.channel, message.id, emoji)
    }

    /// Changes the text of a message and gives the message as it is then.
    ///
    /// # Errors
    ///
    /// When the message is gone, is another's, or would be empty.
    pub fn edits(&self, message: &Message, content: &str) -> Result<Message, Error> {
        let (channel, id) = (message.channel, message.id);
        acts::edit(&self.shared, self.id, channel, id, content)?;
        Ok(self
            .shared
            .look(|backend| Message::of(&backend.world, channel, id)))
    }

    /// Deletes a message.
    ///
    /// # Errors
    ///
    /// When it is gone already, or is another's and this user does not manage messages.
    pub fn deletes(&self, message: &Message) -> Result<(), Error> {
        acts::delete(&self.shared, self.id, message.channel, message.id)
    }

    /// Types a slash command, `/feedback topic:docs score:5`, and waits for what the bot shows; a
    /// deferred answer is waited for until it is there.
    ///
    /// # Errors
    ///
    /// When the command does not fit what is registered, which the error explains, or when the bot
    /// does not answer in time.
    pub async fn slash(&self, text: &str) -> Result<Answer, Error> {
        let (id, outcome) = acts::slash(&self.shared, self.id, self.channel, text).await?;
        Ok(Answer::of(self, id, outcome))
    }

    /// Uses a message command, by its name, on a message and waits for what the bot shows.
    ///
    /// # Errors
    ///
    /// When there is no such command, or when the bot does not answer in time.
    pub async fn uses_on_message(&self, name: &str, message: &Message) -> Result<Answer, Error> {
        let target = Target::Message(message.channel, message.id);
        let (id, outcome) = acts::aim(&self.shared, self.id, self.channel, name, target).await?;
        Ok(Answer::of(self, id, outcome))
    }

    /// Votes for an answer of a poll, by its number from 1 on; where only one may be chosen, instead
    /// of the one before.
    ///
    /// # Errors
    ///
    /// When the message holds no such answer, or its poll is over.
    pub fn votes(&self, poll: &Message, answer: u64) -> Result<(), Error> {
        acts::vote(
            &self.shared,
            self.id,
            (poll.channel, poll.id),
            answer,
            false,
        )
    }

    /// Takes a vote back; nothing happens where there is none.
    ///
    /// # Errors
    ///
    /// When the message holds no poll, or its poll is over.
    pub fn unvotes(&self, poll: &Message, answer: u64) -> Result<(), Error> {
        acts::vote(&self.shared, self.id, (poll.channel, poll.id), answer, true)
    }

    /// Takes no direct messages from the bot any more (code 50007), or takes them again.
    pub fn closes_direct_messages(&self, closed: bool) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                if closed {
                    world.closed_to_bot.insert(self.id);
                } else {
                    world.closed_to_bot.remove(&self.id);
                }
            });
        });
    }

    /// Makes a webhook in the user's channel and gives it with its token, as REST would.
    ///
    /// # Errors
    ///
    /// When the channel takes no more webhooks, or none of this name.
    pub fn makes_webhook(&self, name: &str) -> Result<Json, Error> {
        self.shared
            .with(|backend, now| {
                backend.play(now, |world| {
                    let id = world.make_webhook(self.channel, self.id, name, None)?;
                    world.webhook(id, false)
                })
            })
            .map(Json)
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// Uses a user command, by its name, on a user and waits for what the bot shows.
    ///
    /// # Errors
    ///
    /// When there is no such command, or when the bot does not answer in time.
    pub async fn uses_on_user(&self, name: &str, target: Id<UserMarker>) -> Result<Answer, Error> {
        let target = Target::User(target.get());
        let (id, outcome) = acts::aim(&self.shared, self.id, self.channel, name, target).await?;
        Ok(Answer::of(self, id, outcome))
    }

    /// Types the beginning of a slash command and gives the choices that the bot offers for its last
    /// option.
    ///
    /// # Errors
    ///
    /// As [`slash`](Self::slash).
    pub async fn completes(&self, text: &str) -> Result<Vec<Json>, Error> {
        let (id, _) = acts::complete(&self.shared, self.id, self.channel, text).await?;
        Ok(self.shared.look(|backend| {
            match backend
                .world
                .interactions
                .get(&id)
                .and_then(|i| i.response.as_ref())
            {
                Some(Response::Choices(choices)) => choices.iter().cloned().map(Json).collect(),
                _ => Vec::new(),
            }
        }))
    }

    /// Presses the button of a message with this label or custom id and waits for what the bot
    /// shows.
    ///
    /// # Errors
    ///
    /// When there is no such button, or when the bot does not answer in time.
    pub async fn clicks(&self, message: &Message, button: &str) -> Result<Answer, Error> {
        self.chooses(message, button, &[]).await
    }

    /// Chooses values in the select of a message with this custom id or placeholder and waits for
    /// what the bot shows.
    ///
    /// # Errors
    ///
    /// When there is no such select or value, or when the bot does not answer in time.
    pub async fn chooses(
        &self,
        message: &Message,
        select: &str,
        values: &[&str],
    ) -> Result<Answer, Error> {
        let custom_id = message.custom_id(select).ok_or_else(|| {
            Error::refused(format!(
                "the message has no button {select}: there is {}",
                message.buttons().join(", ")
            ))
        })?;
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let (channel, id) = (message.channel, message.id);
        let (id, outcome) =
            acts::press(&self.shared, self.id, channel, id, &custom_id, &values).await?;
        Ok(Answer::of(self, id, outcome))
    }
}

/// Something about to be said; await it.
#[derive(Debug)]
#[must_use = "nothing is said until it is awaited"]
pub struct Saying<'a> {
    user: &'a User,
    content: String,
    reply_to: Option<u64>,
}

impl Saying<'_> {
    /// Says it as a reply.
    pub const fn replying_to(mut self, message: &Message) -> Self {
        self.reply_to = Some(message.id);
        self
    }
}

impl IntoFuture for Saying<'_> {
    type Output = Result<Message, Error>;
    type IntoFuture = Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let User {
            shared,
            id,
            channel,
        } = self.user;
        let said = acts::say(shared, *id, *channel, &self.content, self.reply_to);
        ready(said.map(|id| shared.look(|backend| Message::of(&backend.world, *channel, id))))
    }
}
