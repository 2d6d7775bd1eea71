//! A room within the process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    Member,
    room::{Ear, Heard, Hearing, Sending, To, WIRE_QUEUE, Wire},
};
use crate::{Error, ErrorKind};

/// A room for the shards of one process, and for tests. Cloning is cheap; all clones are one room.
#[derive(Clone, Default)]
pub struct Hall(Arc<Mutex<BTreeMap<String, Seat>>>);

struct Seat {
    member: Member,
    frames: mpsc::Sender<Bytes>,
    lagged: Arc<AtomicU64>,
}

impl Hall {
    /// An empty room.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn enter(&self, member: &Member, inbox: &str) -> Result<(HallWire, HallEar), Error> {
        let (frames, heard) = mpsc::channel(WIRE_QUEUE);
        let lagged = Arc::new(AtomicU64::new(0));
        let mut seats = self.seats();
        if seats.values().any(|seat| seat.member == *member) {
            let text = format!("{member} is in this hall already: give each member its own name");
            return Err(Error::new(ErrorKind::Config, text));
        }
        let seat = Seat {
            member: member.clone(),
            frames,
            lagged: Arc::clone(&lagged),
        };
        seats.insert(inbox.to_owned(), seat);
        let wire = HallWire {
            hall: self.clone(),
            inbox: inbox.to_owned(),
        };
        Ok((wire, HallEar { heard, lagged }))
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<String, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seats = self.seats();
        let members = seats.values().map(|seat| &seat.member);
        f.debug_set().entries(members).finish()
    }
}

#[derive(Debug)]
pub(super) struct HallWire {
    hall: Hall,
    inbox: String,
}

impl Wire for HallWire {
    fn inbox(&self) -> &str {
        &self.inbox
    }

    fn send<'a>(&'a self, to: To<'a>, frame: Bytes) -> Sending<'a> {
        let seats = self.hall.seats();
        match to {
            To::All => seats.values().for_each(|seat| seat.put(frame.clone())),
            To::Inbox(inbox) => {
                if let Some(seat) = seats.get(inbox) {
                    seat.put(frame);
                }
            }
        }
        drop(seats);
        Box::pin(std::future::ready(Ok(())))
    }

    fn leave(&self) {
        self.hall.seats().remove(&self.inbox);
    }
}

impl Seat {
    fn put(&self, frame: Bytes) {
        if self.frames.try_send(frame).is_err() {
            self.lagged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[derive(Debug)]
pub(super) struct HallEar {
    heard: mpsc::Receiver<Bytes>,
    lagged: Arc<AtomicU64>,
}

impl Ear for HallEar {
    fn hear(&mut self) -> Hearing<'_> {
        Box::pin(async { self.heard.recv().await.map(Heard::Frame) })
    }

    fn lagged(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lagged)
    }
}
