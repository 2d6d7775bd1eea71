//! One answer to one request, as a stream.

use std::{collections::BTreeMap, time::Duration};

use ovenjs_types::{Dispatch, Event, Id, Member, json::Scratch, marker::UserMarker};
use tokio::sync::{mpsc, oneshot};

use crate::{Answer, Error, ErrorKind, Request, RequestId};

/// The answer to a request, as it comes: see [`Fleet::request`](super::Fleet::request).
///
/// It does not come through [`Events`](super::Events), so it can be awaited in the very loop that reads
/// them, while what else comes fits the shard's [backlog](crate::Config::backlog_bytes). Where that is
/// full the shard stops reading, answers included: then the answer waits until somebody reads, and
/// fails when its time is up. Dropping it takes the request back.
#[derive(Debug)]
pub struct Replies {
    chunks: mpsc::Receiver<Reply>,
    outcome: oneshot::Receiver<Result<Vec<Id<UserMarker>>, Error>>,
    not_found: Vec<Id<UserMarker>>,
    ended: bool,
}

/// One part of an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// An event of the answer: `GUILD_MEMBERS_CHUNK`, `SOUNDBOARD_SOUNDS` or `CHANNEL_INFO`.
    Chunk(Dispatch),
    /// The session was lost midway, so it is asked for anew, and what came so far comes again.
    Again,
}

impl Replies {
    /// The next part; nothing behind the last one. May be dropped at any time without losing one.
    ///
    /// # Errors
    ///
    /// Once, as the last: [`ErrorKind::Unanswered`] where Discord does not answer to the end in
    /// time, [`ErrorKind::Stopped`] where the shard ends, [`ErrorKind::Command`] where the request
    /// breaks one of Discord's rules.
    pub async fn next(&mut self) -> Option<Result<Reply, Error>> {
        if let Some(reply) = self.chunks.recv().await {
            return Some(Ok(reply));
        }
        if self.ended {
            return None;
        }
        // Only what has come has ended it: this may be dropped while it waits.
        let outcome = (&mut self.outcome).await;
        self.ended = true;
        match outcome {
            Ok(Ok(not_found)) => {
                self.not_found = not_found;
                None
            }
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => {
                let text = "the shard ended before its answer came";
                Some(Err(Error::new(ErrorKind::Stopped, text)))
            }
        }
    }

    /// Users that were asked for and are no members: known once [`next`](Self::next) has ended.
    #[must_use]
    pub fn not_found(&self) -> &[Id<UserMarker>] {
        &self.not_found
    }

    /// All members of the answer, once it is complete. Chunks that no type fits are left out, as is
    /// all that is no chunk of members.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn members(mut self) -> Result<Vec<Member>, Error> {
        let (mut members, mut scratch) = (Vec::new(), Scratch::new());
        while let Some(reply) = self.next().await {
            match reply? {
                Reply::Again => members.clear(),
                Reply::Chunk(dispatch) => {
                    if let Event::GuildMembersChunk(chunk) = dispatch.decode(&mut scratch) {
                        members.extend(chunk.members);
                    }
                }
            }
        }
        Ok(members)
    }
}

/// A request on its way to its shard.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) request: Request,
    pub(super) within: Duration,
    pub(super) asker: Asker,
}

/// Who waits for an answer.
#[derive(Debug)]
pub(super) struct Asker {
    chunks: mpsc::Sender<Reply>,
    outcome: oneshot::Sender<Result<Vec<Id<UserMarker>>, Error>>,
}

/// A request and the stream of its answer.
pub(super) fn ask(request: Request, within: Duration) -> (Ask, Replies) {
    let (chunks, of_chunks) = mpsc::channel(REPLIES_MAX);
    let (outcome, of_outcome) = oneshot::channel();
    let ask = Ask {
        request,
        within,
        asker: Asker { chunks, outcome },
    };
    let replies = Replies {
        chunks: of_chunks,
        outcome: of_outcome,
        not_found: Vec::new(),
        ended: false,
    };
    (ask, replies)
}

/// Those who wait for answers of one shard.
#[derive(Debug, Default)]
pub(super) struct Askers(BTreeMap<RequestId, Asker>);

impl Askers {
    pub(super) fn add(&mut self, id: RequestId, asker: Asker) {
        self.0.insert(id, asker);
    }

    /// Forgets those who wait no more, and says for which requests they did.
    pub(super) fn gone(&mut self) -> impl Iterator<Item = RequestId> {
        self.0
            .extract_if(.., |_, asker| asker.chunks.is_closed())
            .map(|(id, _)| id)
    }

    /// Passes an answer on. Says which request nobody reads any more.
    pub(super) fn pass(&mut self, answer: Answer) -> Option<RequestId> {
        let (id, reply) = match answer {
            Answer::Chunk(id, dispatch) => (id, Reply::Chunk(dispatch)),
            Answer::Again(id) => (id, Reply::Again),
            Answer::Done { request, not_found } => {
                if let Some(asker) = self.0.remove(&request) {
                    // Who has gone needs no outcome.
                    let _ = asker.outcome.send(Ok(not_found));
                }
                return None;
            }
            Answer::Failed(id, error) => {
                if let Some(asker) = self.0.remove(&id) {
                    asker.fail(error);
                }
                return None;
            }
            Answer::Send(_) | Answer::Withdraw(_) => return None,
        };
        let Err(refused) = self.0.get(&id)?.chunks.try_send(reply) else {
            return None;
        };
        if let (Some(asker), mpsc::error::TrySendError::Full(_)) = (self.0.remove(&id), refused) {
            let text = format!("the answer was not read: {REPLIES_MAX} parts of it wait");
            asker.fail(Error::new(ErrorKind::Unanswered, text));
        }
        Some(id)
    }
}

impl Asker {
    pub(super) fn fail(self, error: Error) {
        let _ = self.outcome.send(Err(error));
    }
}

/// How many parts of an answer wait for who asked: a quarter of a million members.
const REPLIES_MAX: usize = 256;

/// How many requests wait for their shard to look.
pub(super) const ASKS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use ovenjs_types::RequestSoundboardSounds;

    use super::*;

    #[test]
    fn a_wait_that_is_dropped_between_the_last_part_and_the_outcome_hears_of_both() {
        let asked = RequestSoundboardSounds::new([Id::new(5)]);
        let (ask, mut replies) = ask(asked.into(), Duration::ZERO);
        let Asker { chunks, outcome } = ask.asker;
        drop(chunks);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(replies.next()).poll(&mut cx).is_pending());
        let told = outcome.send(Err(Error::new(ErrorKind::Unanswered, "in vain")));
        assert!(told.is_ok());
        let next = pin!(replies.next()).poll(&mut cx);
        assert!(matches!(next, Poll::Ready(Some(Err(_)))), "{next:?}");
        let next = pin!(replies.next()).poll(&mut cx);
        assert!(matches!(next, Poll::Ready(None)), "{next:?}");
    }
}
