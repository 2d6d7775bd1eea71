//! A user whom a test plays.

use std::{
    future::{Future, IntoFuture, Ready, ready},
    panic::Location,
    sync::Arc,
};

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, StickerMarker, UserMarker},
};

use crate::{error::Error, json::Json, shared::Shared};

use super::{Answer, Attempt, Message, acts, complaint::Scene};

/// A user, from [`Discord::user`](crate::Discord::user): speaks, reacts, types commands, presses
/// buttons.
///
/// Every verb is a step of a test: it panics where it cannot be done or where the bot does not
/// answer, names the line of the test, and tells what the bot did instead.
/// [`attempt`](Self::attempt) gives an error in its place.
#[derive(Clone, Debug)]
pub struct User {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    pub(crate) channel: u64,
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

    /// The same verbs, giving a [`Result`].
    pub const fn attempt(&self) -> Attempt<&Self> {
        Attempt(self)
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
    /// # Panics
    ///
    /// When the user is gone.
    #[must_use]
    #[track_caller]
    pub fn in_private(&self) -> Self {
        self.scene().hold(self.attempt().in_private())
    }

    /// Says something; await it. [`Saying::replying_to`] makes it a reply. Panics when awaited where
    /// the user may not speak or there is nothing to say.
    #[track_caller]
    pub fn says(&self, content: &str) -> Saying<'_> {
        Saying::new(self, content)
    }

    /// Puts an emoji under a message: `🍞`, or `name:id`.
    ///
    /// # Panics
    ///
    /// When the message is gone or the text is no emoji.
    #[track_caller]
    pub fn reacts(&self, message: &Message, emoji: &str) {
        self.scene().hold(self.attempt().reacts(message, emoji));
    }

    /// Puts an emoji under a message as a super reaction.
    ///
    /// # Panics
    ///
    /// As [`reacts`](Self::reacts).
    #[track_caller]
    pub fn super_reacts(&self, message: &Message, emoji: &str) {
        self.scene()
            .hold(self.attempt().super_reacts(message, emoji));
    }

    /// Takes an emoji of this user away from a message; nothing happens where there is none.
    ///
    /// # Panics
    ///
    /// When the message is gone or the text is no emoji.
    #[track_caller]
    pub fn unreacts(&self, message: &Message, emoji: &str) {
        self.scene().hold(self.attempt().unreacts(message, emoji));
    }

    /// Changes the text of a message and gives the message as it is then.
    ///
    /// # Panics
    ///
    /// When the message is gone, is another's, or would be empty.
    #[track_caller]
    pub fn edits(&self, message: &Message, content: &str) -> Message {
        self.scene().hold(self.attempt().edits(message, content))
    }

    /// Deletes a message.
    ///
    /// # Panics
    ///
    /// When it is gone already, or is another's and this user does not manage messages.
    #[track_caller]
    pub fn deletes(&self, message: &Message) {
        self.scene().hold(self.attempt().deletes(message));
    }

    /// Types a slash command, `/feedback topic:docs score:5`, and waits for what the bot shows; a
    /// deferred answer is waited for until it is there. Panics when the command does not fit what is
    /// registered, or when the bot does not answer in time.
    #[track_caller]
    pub fn slash(&self, text: &str) -> impl Future<Output = Answer> + Send {
        let scene = self.scene();
        async move { scene.hold(self.attempt().slash(text).await) }
    }

    /// Types the beginning of a slash command and gives the choices that the bot offers for its last
    /// option. Panics as [`slash`](Self::slash) does.
    #[track_caller]
    pub fn completes(&self, text: &str) -> impl Future<Output = Vec<Json>> + Send {
        let scene = self.scene();
        async move { scene.hold(self.attempt().completes(text).await) }
    }

    /// Uses a message command, by its name, on a message and waits for what the bot shows. Panics
    /// when there is no such command, or when the bot does not answer in time.
    #[track_caller]
    pub fn uses_on_message(
        &self,
        name: &str,
        message: &Message,
    ) -> impl Future<Output = Answer> + Send {
        let scene = self.scene();
        async move { scene.hold(self.attempt().uses_on_message(name, message).await) }
    }

    /// Uses a user command, by its name, on a user and waits for what the bot shows. Panics when
    /// there is no such command, or when the bot does not answer in time.
    #[track_caller]
    pub fn uses_on_user(
        &self,
        name: &str,
        target: Id<UserMarker>,
    ) -> impl Future<Output = Answer> + Send {
        let scene = self.scene();
        async move { scene.hold(self.attempt().uses_on_user(name, target).await) }
    }

    /// Presses the button of a message with this label or custom id and waits for what the bot
    /// shows. Panics when there is no such button, or when the bot does not answer in time.
    #[track_caller]
    pub fn clicks(&self, message: &Message, button: &str) -> impl Future<Output = Answer> + Send {
        let scene = self.scene();
        async move { scene.hold(self.attempt().clicks(message, button).await) }
    }

    /// Chooses values in the select of a message and waits for what the bot shows. It is named by its
    /// placeholder or custom id, of which the beginning up to a mark suffices where only one begins
    /// so: `topping` for `topping.1:80`. Panics when there is no such select or value, or when the bot
    /// does not answer in time.
    #[track_caller]
    pub fn chooses(
        &self,
        message: &Message,
        select: &str,
        values: &[&str],
    ) -> impl Future<Output = Answer> + Send {
        let scene = self.scene();
        async move { scene.hold(self.attempt().chooses(message, select, values).await) }
    }

    /// Votes for an answer of a poll, by its number from 1 on; where only one may be chosen, instead
    /// of the one before.
    ///
    /// # Panics
    ///
    /// When the message holds no such answer, or its poll is over.
    #[track_caller]
    pub fn votes(&self, poll: &Message, answer: u64) {
        self.scene().hold(self.attempt().votes(poll, answer));
    }

    /// Takes a vote back; nothing happens where there is none.
    ///
    /// # Panics
    ///
    /// When the message holds no poll, or its poll is over.
    #[track_caller]
    pub fn unvotes(&self, poll: &Message, answer: u64) {
        self.scene().hold(self.attempt().unvotes(poll, answer));
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
    /// # Panics
    ///
    /// When the channel takes no more webhooks, or none of this name.
    #[track_caller]
    pub fn makes_webhook(&self, name: &str) -> Json {
        self.scene().hold(self.attempt().makes_webhook(name))
    }

    /// This line of the test, and the box it plays in.
    #[track_caller]
    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            shared: &self.shared,
            place: Location::caller(),
        }
    }
}

/// Something about to be said; await it.
#[derive(Debug)]
#[must_use = "nothing is said until it is awaited"]
pub struct Saying<'a> {
    user: &'a User,
    content: String,
    along: acts::Along,
    place: &'static Location<'static>,
}

impl<'a> Saying<'a> {
    #[track_caller]
    pub(super) fn new(user: &'a User, content: &str) -> Self {
        Self {
            user,
            content: content.to_owned(),
            along: acts::Along::default(),
            place: Location::caller(),
        }
    }

    /// Says it as a reply.
    pub const fn replying_to(mut self, message: &Message) -> Self {
        self.along.reply_to = Some(message.id);
        self
    }

    /// Puts a sticker on it, of which a message takes three; of the words there may be none then.
    pub fn with_sticker(mut self, sticker: Id<StickerMarker>) -> Self {
        self.along.stickers.push(sticker.get());
        self
    }

    /// Shows a file with it that [`Discord::put_file`](crate::Discord::put_file) put at hand.
    pub fn with_file(mut self, name: &str) -> Self {
        self.along.files.push(name.to_owned());
        self
    }

    pub(super) fn said(&self) -> Result<Message, Error> {
        let User {
            shared,
            id,
            channel,
        } = self.user;
        let id = acts::say(shared, *id, *channel, &self.content, &self.along)?;
        Ok(shared.look(|backend| Message::of(&backend.world, *channel, id)))
    }
}

impl IntoFuture for Saying<'_> {
    type Output = Message;
    type IntoFuture = Ready<Message>;

    fn into_future(self) -> Self::IntoFuture {
        let scene = Scene {
            shared: &self.user.shared,
            place: self.place,
        };
        ready(scene.hold(self.said()))
    }
}
