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
pub struct Listener<M> {
    waiting: mpsc::Receiver<Waiting>,
    unreadable: u64,
    of: PhantomData<fn() -> M>,
}

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
        Self {
            waiting,
            unreadable: 0,
            of: PhantomData,
        }
    }

    /// The next thing said; nothing once the member has left. May be dropped at any time without
    /// losing one. What cannot be read as an `M` is passed over and counted.
    pub async fn next(&mut self) -> Option<Said<M>> {
        loop {
            let waiting = self.waiting.recv().await?;
            if let Some(message) = decode(&waiting, &mut self.unreadable) {
                let from = waiting.from;
                return Some(Said { from, message });
            }
        }
    }

    /// How many messages of this topic could not be read as an `M`: those of another version.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

impl<M> fmt::Debug for Listener<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("unreadable", &self.unreadable)
            .finish_non_exhaustive()
    }
}

/// The questions of one type that members ask. Dropping it ends the service.
pub struct Questions<Q> {
    waiting: mpsc::Receiver<Waiting>,
    shared: Weak<Shared>,
    unreadable: u64,
    of: PhantomData<fn() -> Q>,
}

impl<Q: Request> Questions<Q> {
    pub(super) const fn new(waiting: mpsc::Receiver<Waiting>, shared: Weak<Shared>) -> Self {
        Self {
            waiting,
            shared,
            unreadable: 0,
            of: PhantomData,
        }
    }

    /// The next question; nothing once the member has left. May be dropped at any time without
    /// losing one. What cannot be read as a `Q` is passed over and counted.
    pub async fn next(&mut self) -> Option<Question<Q>> {
        loop {
            let waiting = self.waiting.recv().await?;
            if let Some(message) = decode(&waiting, &mut self.unreadable) {
                return Some(Question {
                    from: waiting.from,
                    message,
                    inbox: waiting.inbox,
                    id: waiting.id,
                    shared: Weak::clone(&self.shared),
                });
            }
        }
    }

    /// How many questions of this topic could not be read as a `Q`: those of another version.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

impl<Q> fmt::Debug for Questions<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions")
            .field("unreadable", &self.unreadable)
            .finish_non_exhaustive()
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

fn decode<M: DeserializeOwned>(waiting: &Waiting, unreadable: &mut u64) -> Option<M> {
    let read = serde_json::from_slice(&waiting.body).ok();
    *unreadable += u64::from(read.is_none());
    read
}
