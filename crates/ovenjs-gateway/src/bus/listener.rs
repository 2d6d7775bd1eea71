//! What a member reads.

use std::{fmt, marker::PhantomData, sync::Weak};

use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::{
    Member, Message, Request,
    frame::{Frame, Kind},
    room::{Shared, To, Waiting},
    written,
};
use crate::{Error, ErrorKind};

/// What members say of one type. Dropping it ends the listening.
pub struct Listener<M>(Inbox<M>);

/// Something that a member said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said<M> {
    /// Who said it.
    pub from: Member,
    /// What was said.
    pub message: M,
}

impl<M: Message> Listener<M> {
    pub(super) const fn new(waiting: mpsc::Receiver<Waiting>) -> Self {
        Self(Inbox::new(waiting))
    }

    /// The next thing said; nothing once the member has left. May be dropped at any time without
    /// losing one. What cannot be read as an `M` is passed over and counted.
    pub async fn next(&mut self) -> Option<Said<M>> {
        let (Waiting { from, .. }, message) = self.0.next().await?;
        Some(Said { from, message })
    }

    /// How many messages of this topic could not be read as an `M`: those of another version.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.0.unreadable
    }
}

impl<M> fmt::Debug for Listener<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0).finish()
    }
}

/// The questions of one type that members ask. Dropping it ends the service.
pub struct Questions<Q> {
    asked: Inbox<Q>,
    shared: Weak<Shared>,
}

impl<Q: Request> Questions<Q> {
    pub(super) const fn new(waiting: mpsc::Receiver<Waiting>, shared: Weak<Shared>) -> Self {
        Self {
            asked: Inbox::new(waiting),
            shared,
        }
    }

    /// The next question; nothing once the member has left. May be dropped at any time without
    /// losing one. What cannot be read as a `Q` is passed over and counted.
    pub async fn next(&mut self) -> Option<Question<Q>> {
        let (waiting, message) = self.asked.next().await?;
        Some(Question {
            from: waiting.from,
            message,
            inbox: waiting.inbox,
            id: waiting.id,
            shared: Weak::clone(&self.shared),
        })
    }

    /// How many questions of this topic could not be read as a `Q`: those of another version.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.asked.unreadable
    }
}

impl<Q> fmt::Debug for Questions<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Questions").field(&self.asked).finish()
    }
}

/// A question. Dropping it says nothing, and whoever asked waits until the time is up.
#[derive(Debug)]
#[non_exhaustive]
pub struct Question<Q> {
    /// Who asks.
    pub from: Member,
    /// What is asked.
    pub message: Q,
    inbox: Box<str>,
    id: u64,
    shared: Weak<Shared>,
}

impl<Q: Request> Question<Q> {
    /// Answers.
    ///
    /// # Errors
    ///
    /// As [`Bus::broadcast`](super::Bus::broadcast), and [`ErrorKind::Stopped`] where this member
    /// has left.
    pub async fn answer(self, answer: &Q::Answer) -> Result<(), Error> {
        self.reply(Kind::Answer, &written(answer)?).await
    }

    /// Says that there will be no answer, and why, in a few words.
    ///
    /// # Errors
    ///
    /// As [`answer`](Self::answer).
    pub async fn refuse(self, reason: &str) -> Result<(), Error> {
        self.reply(Kind::Refuse, reason.as_bytes()).await
    }

    async fn reply(&self, kind: Kind, body: &[u8]) -> Result<(), Error> {
        let Some(shared) = self.shared.upgrade() else {
            let text = "this member has left its room: keep a handle of its bus while it answers";
            return Err(Error::new(ErrorKind::Stopped, text));
        };
        let frame = Frame::new(kind, &shared, Q::TOPIC, self.id).seal(body)?;
        shared.wire.send(To::Inbox(&self.inbox), frame).await
    }
}

/// What came for this topic, and is read as a `T`.
struct Inbox<T> {
    waiting: mpsc::Receiver<Waiting>,
    unreadable: u64,
    of: PhantomData<fn() -> T>,
}

impl<T> Inbox<T> {
    const fn new(waiting: mpsc::Receiver<Waiting>) -> Self {
        Self {
            waiting,
            unreadable: 0,
            of: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Inbox<T> {
    /// The next one that can be read; nothing once the member has left.
    async fn next(&mut self) -> Option<(Waiting, T)> {
        loop {
            let waiting = self.waiting.recv().await?;
            if let Ok(message) = serde_json::from_slice(&waiting.body) {
                return Some((waiting, message));
            }
            self.unreadable += 1;
        }
    }
}

impl<T> fmt::Debug for Inbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("unreadable", &self.unreadable)
            .finish_non_exhaustive()
    }
}
