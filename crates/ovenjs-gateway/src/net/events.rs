//! What the shards deliver, and its readers.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use ovenjs_types::{Dispatch, Event, Interest, ShardId, json::Scratch};

use super::queue::Queue;
use crate::{Error, SessionGap, fleet_state::Whom};

/// What the shards deliver, in the order of each shard.
///
/// Dropping it stops the shards, in a way that lets another process resume after the deliveries that
/// are dropped with it.
#[derive(Debug)]
pub struct Events {
    queue: Arc<Queue>,
    lane: usize,
}

impl Events {
    pub(super) const fn new(queue: Arc<Queue>) -> Self {
        Self { queue, lane: 0 }
    }

    /// The next delivery; nothing once all shards have stopped. May be dropped at any time without
    /// losing one.
    pub async fn next(&mut self) -> Option<Delivery> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for those who poll.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.queue.poll_next(self.lane, cx)
    }

    /// The same events as values of their types. Kinds that are not in `interest` are passed over
    /// undecoded; to have them dropped before they are copied, give it to
    /// [`Config::interest`](crate::Config::interest) as well.
    #[must_use]
    pub fn typed(self, interest: Interest) -> TypedEvents {
        TypedEvents {
            events: self,
            interest,
            scratch: Scratch::new(),
        }
    }

    /// Cuts the stream into `lanes` streams (1 to 256), to be read by as many tasks: all events of a
    /// guild are in one lane and in order, and those of no guild in the first. A
    /// [`Delivery::Gap`] is in every lane, a [`Delivery::Stopped`] in the first.
    ///
    /// All lanes share the bounds of the queue ([`Config::event_queue`](crate::Config::event_queue)
    /// and [`queue_bytes`](crate::Config::queue_bytes)): one that is not read holds the others up
    /// once it has filled them, and then the shards hold events back in their backlogs; heartbeats go
    /// on. Dropping one drops its events; dropping the last stops the shards.
    ///
    /// A lane is not cut again: it comes back alone, as it is.
    #[must_use]
    pub fn lanes(self, lanes: usize) -> Vec<Self> {
        let Some(lanes) = self.queue.cut(lanes.clamp(1, LANES_MAX)) else {
            return vec![self];
        };
        let queue = Arc::clone(&self.queue);
        let others = (1..lanes).map(|lane| Self {
            queue: Arc::clone(&queue),
            lane,
        });
        std::iter::once(self).chain(others).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.queue.leave(self.lane);
    }
}

/// More lanes than a machine has cores bring nothing; each costs a list.
const LANES_MAX: usize = 256;

/// One thing that a shard delivers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// An event.
    Dispatch(Dispatch),
    /// An event, of an old shard, whose guild has gone over to a new one while the fleet is
    /// [re-sharded](super::Fleet::reshard): for handlers as any other. What keeps state passes it
    /// over: it follows the new shard, and gets the same as [`Fresh`](Self::Fresh).
    Late(Dispatch),
    /// An event for what keeps state alone. Of a new shard: handlers have had it as
    /// [`Late`](Self::Late), or it is a `GUILD_CREATE` that nobody has to hear of, since the guild has
    /// only gone over. Of an old one, where the new ones are given up: state goes back to the old ones,
    /// and is told again, in its order, what they have brought since the new ones can have been behind.
    /// It is not to be told as handled.
    Fresh(Dispatch),
    /// A new session begins although events of the old one may be missing.
    Gap(SessionGap),
    /// A shard has ended: with an error where it gave up, without one where it was stopped. The
    /// latter may be missing where nobody read while it was stopped.
    Stopped {
        /// The shard.
        shard: ShardId,
        /// Why it gave up.
        error: Option<Error>,
    },
}

impl Delivery {
    /// The event in it, whomever it is for.
    #[must_use]
    pub const fn event(&self) -> Option<&Dispatch> {
        match self.addressed() {
            Some((_, dispatch)) => Some(dispatch),
            None => None,
        }
    }

    /// An event for these.
    pub(super) const fn to(whom: Whom, dispatch: Dispatch) -> Self {
        match whom {
            Whom::Everyone => Self::Dispatch(dispatch),
            Whom::Handlers => Self::Late(dispatch),
            Whom::State => Self::Fresh(dispatch),
        }
    }

    /// The event in it, and for whom it is.
    pub(super) const fn addressed(&self) -> Option<(Whom, &Dispatch)> {
        match self {
            Self::Dispatch(dispatch) => Some((Whom::Everyone, dispatch)),
            Self::Late(dispatch) => Some((Whom::Handlers, dispatch)),
            Self::Fresh(dispatch) => Some((Whom::State, dispatch)),
            Self::Gap(_) | Self::Stopped { .. } => None,
        }
    }

    /// What it weighs in the queue: its payload, and the list's own.
    pub(super) const fn weight(&self) -> usize {
        match self.event() {
            Some(dispatch) => dispatch.raw.len() + DELIVERY_OVERHEAD,
            None => DELIVERY_OVERHEAD,
        }
    }
}

/// About what a delivery needs beside its payload, so that empty ones count too.
pub(crate) const DELIVERY_OVERHEAD: usize = 128;

/// Events as values of their types: see [`Events::typed`].
#[derive(Debug)]
pub struct TypedEvents {
    events: Events,
    interest: Interest,
    scratch: Scratch,
}

/// One thing of [`TypedEvents`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Typed {
    /// An event of a kind that is wanted.
    Event {
        /// The event; what no type fits is [`Event::Malformed`].
        event: Box<Event>,
        /// As it came: its place in the order, and its bytes.
        dispatch: Dispatch,
    },
    /// As [`Delivery::Late`].
    Late {
        /// The event; what no type fits is [`Event::Malformed`].
        event: Box<Event>,
        /// As it came.
        dispatch: Dispatch,
    },
    /// As [`Delivery::Fresh`].
    Fresh {
        /// The event; what no type fits is [`Event::Malformed`].
        event: Box<Event>,
        /// As it came.
        dispatch: Dispatch,
    },
    /// As [`Delivery::Gap`].
    Gap(SessionGap),
    /// As [`Delivery::Stopped`].
    Stopped {
        /// The shard.
        shard: ShardId,
        /// Why it gave up.
        error: Option<Error>,
    },
}

impl TypedEvents {
    /// The next event; nothing once all shards have stopped. May be dropped at any time without
    /// losing one.
    pub async fn next(&mut self) -> Option<Typed> {
        loop {
            let delivery = self.events.next().await?;
            let event = match delivery.event() {
                Some(dispatch) if !self.interest.wants(dispatch.kind) => continue,
                Some(dispatch) => Some(Box::new(dispatch.decode(&mut self.scratch))),
                None => None,
            };
            return Some(match (delivery, event) {
                (Delivery::Dispatch(dispatch), Some(event)) => Typed::Event { event, dispatch },
                (Delivery::Late(dispatch), Some(event)) => Typed::Late { event, dispatch },
                (Delivery::Fresh(dispatch), Some(event)) => Typed::Fresh { event, dispatch },
                (Delivery::Gap(gap), _) => Typed::Gap(gap),
                (Delivery::Stopped { shard, error }, _) => Typed::Stopped { shard, error },
                (Delivery::Dispatch(_) | Delivery::Late(_) | Delivery::Fresh(_), None) => continue,
            });
        }
    }
}
