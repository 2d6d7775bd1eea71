//! Deletions that go together: who waits for whom, and who sends.
//!
//! There is no task: whichever of the calls of a bunch is polled keeps its time and sends it, see
//! [`Errand`].

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderValue, Method};
use ovenjs_ratelimit::{RouteKey, Variant};
use ovenjs_types::{BulkDelete, Id, json};
use tokio::{sync::Notify, time::timeout_at};

use super::{Delivery, lock};
use crate::{
    BulkDeleteMessages, DeleteMessage, Endpoint as _, Error, ErrorKind, Reply, Request,
    errand::Errand,
    gather::{Gathering, Key, Step},
};

/// All bunches of a client.
#[derive(Default)]
pub(crate) struct Deletions {
    rule: Mutex<Gathering>,
    /// Where those of one bunch meet.
    meetings: Mutex<HashMap<u64, Arc<Meeting>>>,
}

#[derive(Default)]
struct Meeting {
    is_full: Arc<Notify>,
    /// Whether the request for all may have left.
    is_sent: Arc<AtomicBool>,
    errand: Errand<End>,
}

/// What became of a bunch.
enum End {
    Deleted,
    /// Each has to be deleted alone.
    Singly,
    Failed(Error),
}

impl Deletions {
    /// Messages since the start that were deleted together with others.
    pub(crate) fn gathered(&self) -> u64 {
        lock(&self.rule).gathered()
    }
}

impl Delivery {
    /// A write; a deletion perhaps together with others.
    pub(super) async fn write(self: &Arc<Self>, request: &Request) -> Result<Reply, Error> {
        match self.seat(request) {
            None => self.persist(request).await,
            // Few calls gather, and their future is large.
            Some(seat) => Box::pin(self.gather(request, seat)).await,
        }
    }

    /// A place among deletions that go together; none where that is not wanted, and for a message that
    /// is older than two weeks or has to go by itself.
    fn seat(&self, request: &Request) -> Option<Seat<'_>> {
        let parts = &*request.0;
        if parts.route != DeleteMessage::ROUTE {
            return None;
        }
        let live = *self.live.read().unwrap_or_else(PoisonError::into_inner);
        let window = live.gather_deletes?;
        let is_own = parts.is_once || !parts.headers.is_empty() || !parts.ask.with_token;
        if is_own || parts.ask.key.variant == Variant::Old {
            return None;
        }
        let path = parts.path.strip_prefix("/channels/")?;
        let (channel, message) = path.split_once("/messages/")?;
        let (channel, message) = (channel.parse().ok()?, message.parse().ok()?);
        let key = Key {
            channel,
            reason: parts.reason.clone(),
            priority: parts.ask.priority,
        };
        let now = self.clock.now();
        let deletions = &self.deletions;
        let meetings = &mut lock(&deletions.meetings);
        let joined = lock(&deletions.rule).join(now, window, &key, message, parts.deadline);
        let (number, is_full) = joined?;
        let meeting = Arc::clone(meetings.entry(number).or_default());
        if is_full {
            meeting.is_full.notify_one();
        }
        Some(Seat {
            deletions,
            number,
            channel,
            message,
            meeting,
        })
    }

    async fn gather(self: &Arc<Self>, request: &Request, seat: Seat<'_>) -> Result<Reply, Error> {
        let end = seat.meeting.errand.end(|| {
            let (delivery, request) = (Arc::clone(self), request.clone());
            let is_full = Arc::clone(&seat.meeting.is_full);
            let is_sent = Arc::clone(&seat.meeting.is_sent);
            let (number, channel) = (seat.number, seat.channel);
            Box::pin(async move {
                delivery
                    .send_bunch(&request, number, channel, &is_full, &is_sent)
                    .await
            })
        });
        match timeout_at(request.deadline().into(), end).await {
            Ok(End::Deleted) => Ok(Reply::new(204, Bytes::new())),
            Ok(End::Singly) => self.persist(request).await,
            Ok(End::Failed(error)) => Err(error.share()),
            Err(_) => {
                let text = "no answer in time; check the network, or raise `answer` or `deadline`";
                let error = Error::new(ErrorKind::Deadline, request.route(), text);
                Err(error.arrived(seat.meeting.is_sent.load(Ordering::Relaxed)))
            }
        }
    }

    /// Keeps the time of a bunch, and sends it.
    async fn send_bunch(
        &self,
        request: &Request,
        number: u64,
        channel: u64,
        is_full: &Notify,
        is_sent: &AtomicBool,
    ) -> End {
        let rule = &self.deletions.rule;
        let (messages, deadline) = loop {
            let step = lock(rule).poll(self.clock.now(), number);
            match step {
                // Whether its time is over or it is full, the rule says what is next.
                Step::Wait(until) => {
                    let waiting = timeout_at(until.into(), is_full.notified());
                    waiting.await.unwrap_or_default();
                }
                Step::Send(messages, deadline) => break (messages, deadline),
                Step::Alone => return End::Singly,
            }
        };
        is_sent.store(true, Ordering::Relaxed);
        let count = messages.len();
        match self.persist(&together(request, messages, deadline)).await {
            Ok(_) => {
                lock(rule).deleted(count);
                End::Deleted
            }
            Err(error) if is_refusal(&error) => {
                lock(rule).refuse(self.clock.now(), channel);
                End::Singly
            }
            Err(error) => End::Failed(error),
        }
    }
}

/// A call's place in a bunch, left on drop.
struct Seat<'a> {
    deletions: &'a Deletions,
    number: u64,
    channel: u64,
    message: u64,
    meeting: Arc<Meeting>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let meetings = &mut lock(&self.deletions.meetings);
        if lock(&self.deletions.rule).leave(self.number, self.message) {
            meetings.remove(&self.number);
        }
    }
}

/// The request that deletes these messages, in place of one that deletes one of them.
fn together(one: &Request, messages: Vec<u64>, deadline: Instant) -> Request {
    let mut many = one.clone();
    let parts = &mut *many.0;
    let messages = messages.into_iter().filter_map(Id::new_checked).collect();
    parts.route = BulkDeleteMessages::ROUTE;
    parts.method = Method::POST;
    let channel = parts.path.split_once("/messages/");
    let channel = channel.map_or_else(String::new, |(channel, _)| channel.to_owned());
    parts.path = channel + "/messages/bulk-delete";
    parts.content_type = Some(HeaderValue::from_static("application/json"));
    parts.body = Bytes::from(json::encode(&BulkDelete { messages }));
    parts.ask.key = RouteKey::new(parts.route, parts.ask.key.major);
    // What is deleted twice is deleted.
    parts.is_idempotent = true;
    parts.is_quiet_deletion = false;
    parts.deadline = deadline;
    many
}

/// Whether deleting many was refused where deleting one may be allowed.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Forbidden | ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Refused
    )
}
