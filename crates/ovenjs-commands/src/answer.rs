//! The context of an interaction, and the answer that the compiler checks.

use std::{fmt, future::Future, marker::PhantomData, sync::Arc};

use ovenjs_types::{
    Id, Interaction, Member, Message, MessageDraft, MessageEdit, Modal, User,
    marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};

use crate::{BoxFuture, Failure, exchange::Exchange};

/// What a handler of an interaction returns: the context, answered; or why there is no answer.
pub type Answer = Result<Cx<Replied>, Failure>;

/// An interaction, and how far its answer is.
///
/// A handler gets a `Cx` (that is, `Cx<Pending>`) and must return a `Cx<Replied>`. The only way
/// from one to the other is to answer, which uses the first one up: a forgotten and a second answer
/// do not compile.
///
/// A handler that takes longer than [`Live::defer_after`](crate::Live::defer_after) is deferred by
/// the router: the user sees that something happens, and `reply` then fills that in. Since Discord
/// opens no modal after a deferral, `open` is for a [`ModalCx`] alone.
///
/// ```
/// use ovenjs_commands::{Answer, Cx, command};
///
/// /// Greets
/// #[command]
/// async fn hello(cx: Cx) -> Answer {
///     let name = cx.user().display_name().to_owned();
///     let cx = cx.reply(format!("Hello {name}")).await?;
///     cx.follow_up("How are you?").await?;
///     Ok(cx)
/// }
/// ```
///
/// ```compile_fail,E0382
/// use ovenjs_commands::{Answer, Cx, command};
///
/// /// Greets twice
/// #[command]
/// async fn hello(cx: Cx) -> Answer {
///     cx.reply("Hello").await?;
///     cx.reply("Hello").await
/// }
/// ```
pub struct Cx<P = Pending> {
    exchange: Arc<Exchange>,
    phase: PhantomData<fn() -> P>,
}

/// The context of a handler that may open a modal and is never deferred: it has to answer within
/// three seconds.
pub type ModalCx = Cx<Fresh>;

/// The handler owes an answer; the interaction may have been deferred for it.
#[derive(Debug)]
pub enum Pending {}

/// The handler owes an answer, and the interaction is not deferred.
#[derive(Debug)]
pub enum Fresh {}

/// The answer was given.
#[derive(Debug)]
pub enum Replied {}

/// The phases in which an answer is owed: [`Pending`] and [`Fresh`].
///
/// The list is closed: a context of another phase can be made by nobody else.
pub trait Owed {}

/// The phase in which a modal can be opened: [`Fresh`].
#[diagnostic::on_unimplemented(
    message = "this handler may have been deferred, and then Discord opens no modal",
    label = "not a `ModalCx`",
    note = "take `cx: ModalCx` in place of `cx: Cx`: the handler is never deferred then"
)]
pub trait Opens {}

impl Opens for Fresh {}

impl Owed for Pending {}
impl Owed for Fresh {}

/// What an interaction says, before and after the answer.
impl<P> Cx<P> {
    /// The interaction itself.
    #[must_use]
    pub fn interaction(&self) -> &Interaction {
        self.exchange.interaction()
    }

    /// Who caused it.
    #[must_use]
    pub fn user(&self) -> &User {
        self.exchange.author()
    }

    /// The id of who caused it.
    #[must_use]
    pub fn user_id(&self) -> Id<UserMarker> {
        self.user().id
    }

    /// Who caused it, as a member; none outside of guilds.
    #[must_use]
    pub fn member(&self) -> Option<&Member> {
        self.interaction().member.as_deref()
    }

    /// The guild it happened in; none in direct messages.
    #[must_use]
    pub fn guild_id(&self) -> Option<Id<GuildMarker>> {
        self.interaction().guild_id
    }

    /// The channel it happened in.
    #[must_use]
    pub fn channel_id(&self) -> Option<Id<ChannelMarker>> {
        self.interaction().channel_id
    }

    /// The user's language, e.g. `de`.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.interaction().locale.as_deref()
    }

    /// The message whose component was pressed, or from which the modal was opened.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.interaction().message.as_deref()
    }

    pub(crate) fn new(exchange: Arc<Exchange>) -> Self {
        Self {
            exchange,
            phase: PhantomData,
        }
    }

    fn into_phase<Q>(self) -> Cx<Q> {
        Cx::new(self.exchange)
    }
}

/// The ways to answer.
impl<P: Owed> Cx<P> {
    /// Answers with a message.
    ///
    /// After a deferral the message takes the place of "thinking", or follows the component's
    /// message. An ephemeral draft stays ephemeral; under `#[command(ephemeral)]` every reply is.
    ///
    /// # Errors
    ///
    /// When the answer does not reach Discord.
    pub fn reply(self, draft: impl Into<MessageDraft>) -> impl Future<Output = Answer> + Send {
        // Converted here, so that the future is `Send` whatever the draft was made of.
        let draft = draft.into();
        async move {
            self.exchange.reply(draft).await?;
            Ok(self.into_phase())
        }
    }

    /// Answers by changing the message in which the pressed component stands. What the draft has
    /// not, goes.
    ///
    /// # Errors
    ///
    /// When there is no such message, as for a command, or the answer does not reach Discord.
    pub fn update(self, draft: impl Into<MessageDraft>) -> impl Future<Output = Answer> + Send {
        let draft = draft.into();
        async move {
            self.exchange.update(draft).await?;
            Ok(self.into_phase())
        }
    }

    /// Answers a component without a visible trace.
    ///
    /// # Errors
    ///
    /// When no component was pressed, or the answer does not reach Discord.
    pub async fn acknowledge(self) -> Answer {
        self.exchange.acknowledge().await?;
        Ok(self.into_phase())
    }

    /// Defers now, without waiting for the router to do so. From here on no modal can be opened.
    ///
    /// # Errors
    ///
    /// When the deferral does not reach Discord.
    pub async fn defer(self) -> crate::Result<Cx<Pending>> {
        self.exchange.defer().await?;
        Ok(self.into_phase())
    }
}

impl<P> Cx<P> {
    /// Answers with a modal, for a handler that takes a [`ModalCx`].
    ///
    /// # Errors
    ///
    /// When it does not reach Discord.
    pub fn open(self, modal: impl Into<Modal>) -> BoxFuture<'static, Answer>
    where
        P: Opens,
    {
        // Boxed, so that the compiler says once, and not of the future too, that `P` does not open.
        let (exchange, modal) = (self.exchange, modal.into());
        Box::pin(async move {
            exchange.open(modal).await?;
            Ok(Cx::new(exchange))
        })
    }
}

/// What can be done after the answer, for fifteen minutes.
impl Cx<Replied> {
    /// Sends a further message.
    ///
    /// # Errors
    ///
    /// When it does not reach Discord.
    pub fn follow_up(
        &self,
        draft: impl Into<MessageDraft>,
    ) -> impl Future<Output = crate::Result<Message>> + Send {
        let draft = draft.into();
        async move { Ok(self.exchange.follow_up(draft).await?) }
    }

    /// Changes the reply, or the updated message.
    ///
    /// # Errors
    ///
    /// When it does not reach Discord, or a modal was opened instead of a reply.
    pub fn edit(
        &self,
        edit: impl Into<MessageEdit>,
    ) -> impl Future<Output = crate::Result<Message>> + Send {
        let edit = edit.into();
        async move { Ok(self.exchange.edit(edit).await?) }
    }

    /// Deletes the reply, or the updated message.
    ///
    /// # Errors
    ///
    /// When it does not reach Discord.
    pub async fn delete_reply(&self) -> crate::Result {
        Ok(self.exchange.delete().await?)
    }

    /// Changes a message sent by [`follow_up`](Self::follow_up).
    ///
    /// # Errors
    ///
    /// When it does not reach Discord.
    pub fn edit_follow_up(
        &self,
        message: Id<MessageMarker>,
        edit: impl Into<MessageEdit>,
    ) -> impl Future<Output = crate::Result<Message>> + Send {
        let edit = edit.into();
        async move { Ok(self.exchange.edit_follow_up(message, edit).await?) }
    }

    /// Deletes a message sent by [`follow_up`](Self::follow_up).
    ///
    /// # Errors
    ///
    /// When it does not reach Discord.
    pub async fn delete_follow_up(&self, message: Id<MessageMarker>) -> crate::Result {
        Ok(self.exchange.delete_follow_up(message).await?)
    }
}

impl<P> fmt::Debug for Cx<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("interaction", &self.interaction().id)
            .finish_non_exhaustive()
    }
}
