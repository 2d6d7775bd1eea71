//! What all rooms share: how a member sends and hears, and where what it hears goes.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use ovenjs_net::{Clock, SystemClock};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    BusStats, Member,
    exchange::{Exchange, Gather, Gathering, Reply},
    frame::{Frame, Kind},
};
use crate::{Error, ErrorKind};

/// How a member sends.
pub(super) trait Wire: fmt::Debug + Send + Sync {
    /// Where answers to this member go.
    fn inbox(&self) -> &str;

    /// Sends, within a deadline of its own.
    fn send<'a>(&'a self, to: To<'a>, frame: Bytes) -> Sending<'a>;

    /// The member leaves now. Where connections end by themselves there is nothing to do.
    fn leave(&self) {}
}

/// How a member hears.
pub(super) trait Ear: Send {
    /// The next thing heard; nothing once the room is closed. It may be dropped at any time.
    fn hear(&mut self) -> Hearing<'_>;

    /// Counts what the room itself dropped since nobody heard it in time.
    fn lagged(&self) -> Arc<AtomicU64>;
}

pub(super) type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;
pub(super) type Hearing<'a> = Pin<Box<dyn Future<Output = Option<Heard>> + Send + 'a>>;

/// Whom something is sent to.
#[derive(Clone, Copy, Debug)]
pub(super) enum To<'a> {
    All,
    Inbox(&'a str),
}

/// What a room gives a member.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(Bytes),
    /// A hall is never away.
    #[cfg(any(feature = "redis", feature = "nats"))]
    Interrupted,
}

/// What waits for a listener.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) from: Member,
    pub(super) inbox: Box<str>,
    pub(super) id: u64,
    pub(super) body: Bytes,
}

/// What the handles of a member share with the task that hears.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) member: Member,
    pub(super) wire: Arc<dyn Wire>,
    exchange: Mutex<Desk>,
    doors: Mutex<Doors>,
    interruptions: watch::Sender<u64>,
    dropped: AtomicU64,
    unreadable: AtomicU64,
    lagged: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Desk {
    exchange: Exchange,
    callers: HashMap<u64, oneshot::Sender<Gathering>>,
}

#[derive(Debug, Default)]
struct Doors {
    listeners: HashMap<&'static str, Vec<mpsc::Sender<Waiting>>>,
    servers: HashMap<&'static str, mpsc::Sender<Waiting>>,
    closed: bool,
}

/// A request's place, given up when it is dropped.
pub(super) struct Ticket<'a> {
    shared: &'a Shared,
    pub(super) id: u64,
}

impl Ticket<'_> {
    /// Ends the request and gives what has come.
    pub(super) fn give_up(&self) -> Option<Gathering> {
        let mut desk = self.shared.desk();
        desk.callers.remove(&self.id);
        desk.exchange.give_up(self.id)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}

impl Shared {
    pub(super) fn new(member: Member, wire: Arc<dyn Wire>, lagged: Arc<AtomicU64>) -> Self {
        Self {
            member,
            wire,
            exchange: Mutex::default(),
            doors: Mutex::default(),
            interruptions: watch::channel(0).0,
            dropped: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            lagged,
        }
    }

    /// Hears until the room is closed.
    pub(super) async fn hear(self: Arc<Self>, mut ear: Box<dyn Ear>) {
        while let Some(heard) = ear.hear().await {
            match heard {
                Heard::Frame(bytes) => self.take_in(&bytes, SystemClock.now()),
                #[cfg(any(feature = "redis", feature = "nats"))]
                Heard::Interrupted => self.interruptions.send_modify(|count| *count += 1),
            }
        }
        self.close();
    }

    /// The last handle is gone, though the task that hears may go on for a moment.
    pub(super) fn leave(&self) {
        self.wire.leave();
        self.close();
    }

    fn close(&self) {
        let mut doors = self.doors();
        doors.listeners.clear();
        doors.servers.clear();
        doors.closed = true;
    }

    fn take_in(&self, bytes: &Bytes, now: Instant) {
        let read = Frame::open(bytes);
        let read = read.and_then(|(head, body)| Some((Member::new(&head.from).ok()?, head, body)));
        let Some((from, head, body)) = read else {
            self.count_unreadable();
            return;
        };
        let waiting = |from, body| Waiting {
            from,
            inbox: head.inbox.clone(),
            id: head.id,
            body,
        };
        match head.kind {
            Kind::Say => {
                let mut doors = self.doors();
                let Some(listeners) = doors.listeners.get_mut(&*head.topic) else {
                    return;
                };
                listeners.retain(|door| self.put(door, waiting(from.clone(), body.clone())));
            }
            Kind::Ask => {
                if !head.to.is_empty() && !head.to.contains(&self.member) {
                    return;
                }
                let doors = self.doors();
                if let Some(door) = doors.servers.get(&*head.topic) {
                    self.put(door, waiting(from, body));
                }
            }
            Kind::Answer => self.answered(now, head.id, from, Reply::Answer(body)),
            Kind::Refuse => {
                let reason = String::from_utf8_lossy(&body).into_owned();
                self.answered(now, head.id, from, Reply::Refusal(reason));
            }
        }
    }

    /// Whether the door still leads somewhere.
    fn put(&self, door: &mpsc::Sender<Waiting>, waiting: Waiting) -> bool {
        match door.try_send(waiting) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }

    fn answered(&self, now: Instant, id: u64, from: Member, reply: Reply) {
        let mut desk = self.desk();
        if let Some(whole) = desk.exchange.hear(now, id, from, reply)
            && let Some(caller) = desk.callers.remove(&id)
        {
            // A caller who has just gone has no use for it.
            drop(caller.send(whole));
        }
    }

    pub(super) fn ask(
        &self,
        deadline: Instant,
        gather: Gather,
    ) -> Result<(Ticket<'_>, oneshot::Receiver<Gathering>), Error> {
        let mut desk = self.desk();
        let id = desk.exchange.ask(deadline, gather)?;
        let (caller, whole) = oneshot::channel();
        desk.callers.insert(id, caller);
        drop(desk);
        Ok((Ticket { shared: self, id }, whole))
    }

    pub(super) fn listen(&self, topic: &'static str, capacity: usize) -> mpsc::Receiver<Waiting> {
        let (door, waiting) = mpsc::channel(capacity.max(1));
        let mut doors = self.doors();
        if !doors.closed {
            doors.listeners.entry(topic).or_default().push(door);
        }
        waiting
    }

    pub(super) fn serve(
        &self,
        topic: &'static str,
        capacity: usize,
    ) -> Result<mpsc::Receiver<Waiting>, Error> {
        let (door, waiting) = mpsc::channel(capacity.max(1));
        let mut doors = self.doors();
        if doors
            .servers
            .get(topic)
            .is_some_and(|door| !door.is_closed())
        {
            let text = format!(
                "{} answers `{topic}` already: share its questions, or join as another member",
                self.member
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        if !doors.closed {
            doors.servers.insert(topic, door);
        }
        Ok(waiting)
    }

    pub(super) fn count_unreadable(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn interruptions(&self) -> watch::Receiver<u64> {
        self.interruptions.subscribe()
    }

    pub(super) fn stats(&self) -> BusStats {
        let desk = self.desk();
        let counts = desk.exchange.counts;
        BusStats {
            lagged: self.dropped.load(Ordering::Relaxed) + self.lagged.load(Ordering::Relaxed),
            late: counts.late,
            duplicates: counts.duplicates,
            unasked: counts.unasked,
            overflowed: counts.overflowed,
            unreadable: self.unreadable.load(Ordering::Relaxed),
            pending: desk.exchange.pending(),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What may wait for the task that hears; it only sorts, so this fills in a burst alone.
pub(super) const WIRE_QUEUE: usize = 1_024;
