//! The ways out of this crate. Whoever runs a [`Router`](crate::Router) implements them.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    time::{Duration, Instant},
};

use ovenjs_types::{
    Id, InteractionResponse, Message, MessageDraft, MessageEdit, Secret,
    marker::{ApplicationMarker, InteractionMarker, MessageMarker},
};

use crate::Error;

/// A future in a box, as ports return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How answers reach Discord: by REST, or in the body of the HTTP request that asked.
///
/// An adapter wraps its own error with [`Error::port`], so that what it says about retries and
/// Discord's code is kept.
pub trait Answers: fmt::Debug + Send + Sync {
    /// Gives the first answer; within three seconds of the interaction, and once.
    fn callback<'a>(
        &'a self,
        interaction: Id<InteractionMarker>,
        token: &'a Secret,
        response: InteractionResponse,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Changes the first answer, or the message whose component was pressed.
    fn edit_original<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        edit: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>>;

    /// Deletes the first answer.
    fn delete_original<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Sends a further message.
    fn follow_up<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        draft: MessageDraft,
    ) -> BoxFuture<'a, Result<Message, Error>>;

    /// Changes a further message.
    fn edit_follow_up<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        message: Id<MessageMarker>,
        edit: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>>;

    /// Deletes a further message.
    fn delete_follow_up<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        message: Id<MessageMarker>,
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// Where time comes from: this crate has no clock. A bot gives tokio's, a test one that it winds
/// by hand.
pub trait Timer: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;

    /// A future that is ready `delay` from now.
    fn after(&self, delay: Duration) -> BoxFuture<'static, ()>;
}

/// Who did what how often: the memory behind cooldowns and quotas.
///
/// [`LocalCounters`](crate::LocalCounters) counts in this process; a bot of several processes
/// gives an adapter over a shared store, which goes by its own clock and leaves `now` unread.
pub trait Counters: fmt::Debug + Send + Sync {
    /// Takes one of `limit` uses that `key` has in each span of `per`.
    fn take<'a>(
        &'a self,
        key: &'a str,
        limit: u32,
        per: Duration,
        now: Instant,
    ) -> BoxFuture<'a, Result<Taken, Error>>;
}

/// What came of [`Counters::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There was a use left, and it is taken.
    Allowed,
    /// All uses are spent.
    Spent {
        /// How long until there is one again.
        retry_after: Duration,
    },
}
