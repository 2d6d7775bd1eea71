//! A connection: one socket's worth of state, and what waits to be sent on it. And all of them,
//! with word of which have something to send.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    close::{self, Reason},
    compress::Compressor,
    session::Happening,
};

/// One socket, from its opening to its end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) session: Option<u64>,
    pub(super) compressor: Compressor,
    /// Whether the identify asked for compressed packets.
    pub(super) packets: bool,
    pub(super) last_heartbeat: Instant,
    pub(super) heartbeats: u64,
    /// By how much the latest of them came after its time.
    pub(super) lateness: Duration,
    /// The path of its URL.
    pub(super) path: String,
    /// The API version that its URL names.
    pub(super) version: u8,
    sends: Window,
    presences: Window,
    outbox: VecDeque<(Instant, Payload)>,
    outbox_bytes: usize,
    /// What is kept back alone, while what comes after it goes on.
    late: VecDeque<(Instant, Payload)>,
    /// Messages of the client that are still on their way.
    inbox: VecDeque<(Instant, Vec<u8>)>,
    /// Events sent so far, as the fault that drops connections counts them.
    pub(super) events_sent: u64,
    pub(super) bytes_sent: u64,
    pub(super) closing: bool,
    /// Nothing that the client says arrives.
    pub(super) deaf: bool,
    /// Nothing that is sent arrives.
    pub(super) mute: bool,
    /// Whether its socket has been told that there is something to send.
    rung: bool,
}

/// Something to send.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    /// A payload that is no event.
    Control(Vec<u8>),
    /// An event and its number.
    Event(u64, Arc<Happening>),
    /// RESUMED, which faults do not count as an event.
    Resumed(u64, Arc<Happening>),
    Pong(Vec<u8>),
    Close(u16, &'static str),
    Abort,
}

impl Payload {
    fn len(&self) -> usize {
        match self {
            Self::Control(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Event(_, happening) | Self::Resumed(_, happening) => happening.len(),
            Self::Close(..) | Self::Abort => 0,
        }
    }
}

impl Connection {
    pub(super) const fn new(
        now: Instant,
        path: String,
        version: u8,
        compressor: Compressor,
    ) -> Self {
        Self {
            session: None,
            compressor,
            packets: false,
            last_heartbeat: now,
            heartbeats: 0,
            lateness: Duration::ZERO,
            path,
            version,
            sends: Window::new(now),
            presences: Window::new(now),
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            late: VecDeque::new(),
            inbox: VecDeque::new(),
            events_sent: 0,
            bytes_sent: 0,
            closing: false,
            deaf: false,
            mute: false,
            rung: false,
        }
    }

    /// A heartbeat has come.
    pub(super) fn beats(&mut self, now: Instant, interval: Duration) {
        let since = now.saturating_duration_since(self.last_heartbeat);
        self.last_heartbeat = now;
        self.heartbeats += 1;
        self.lateness = self.lateness.max(since.saturating_sub(interval));
    }

    /// Counts a payload of the client; false when it sent too many.
    pub(super) fn may_send(&mut self, now: Instant, limit: u32) -> bool {
        self.sends.counts(now, SEND_WINDOW) <= limit
    }

    /// Counts a presence of the client; false when it sent too many.
    pub(super) fn may_appear(&mut self, now: Instant) -> bool {
        self.presences.counts(now, PRESENCE_WINDOW) <= PRESENCES
    }

    /// Keeps a message until it has arrived; false when there are too many on their way.
    pub(super) fn take_in(&mut self, due: Instant, message: &[u8]) -> bool {
        let room = self.inbox.len() < MAX_ON_THEIR_WAY;
        if room {
            let due = self
                .inbox
                .back()
                .map_or(due, |(before, _)| due.max(*before));
            // Of what is too long anyway, so much is kept as shows that.
            let kept = message.get(..=MAX_PAYLOAD).unwrap_or(message);
            self.inbox.push_back((due, kept.to_vec()));
        }
        room
    }

    /// The next message of the client that has arrived by now.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<Vec<u8>> {
        let due = self.inbox.front().is_some_and(|(due, _)| *due <= now);
        due.then(|| self.inbox.pop_front())?
            .map(|(_, message)| message)
    }

    pub(super) fn is_receiving(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// The next thing that may leave by now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Payload> {
        if self.mute {
            self.rung = false;
            return None;
        }
        if let Some(place) = self.late.iter().position(|(due, _)| *due <= now) {
            return self.late.remove(place).map(|(_, payload)| payload);
        }
        if self.outbox.front().is_none_or(|(due, _)| *due > now) {
            self.rung = false;
            return None;
        }
        let (_, payload) = self.outbox.pop_front()?;
        self.outbox_bytes -= payload.len();
        Some(payload)
    }

    /// When something that is kept back may go on.
    pub(super) fn due(&self) -> Option<Instant> {
        let out = self.outbox.front().into_iter().chain(&self.late);
        let out = out.filter(|_| !self.mute && !self.rung);
        let out = out.map(|(due, _)| *due).min();
        let incoming = self.inbox.front().map(|(due, _)| *due);
        out.into_iter().chain(incoming).min()
    }

    /// Whether nothing arrives either way.
    pub(super) const fn is_dead(&self) -> bool {
        self.deaf && self.mute
    }

    /// Lets go of everything that waits.
    pub(super) fn clear(&mut self) {
        // The socket may never look for what it was told of.
        self.rung = false;
        self.outbox.clear();
        self.late.clear();
        self.outbox_bytes = 0;
    }

    fn push(&mut self, due: Instant, payload: Payload) {
        let due = self
            .outbox
            .back()
            .map_or(due, |(before, _)| due.max(*before));
        self.outbox_bytes += payload.len();
        self.outbox.push_back((due, payload));
    }

    fn is_full(&self) -> bool {
        self.outbox.len() >= MAX_WAITING || self.outbox_bytes >= MAX_WAITING_BYTES
    }
}

/// The connections of the moment.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: BTreeMap<u64, Connection>,
    /// Connections whose sockets are to look for something to send.
    pub(super) woken: Vec<u64>,
    next: u64,
}

impl Lines {
    pub(super) fn add(&mut self, connection: Connection) -> u64 {
        self.next += 1;
        self.all.insert(self.next, connection);
        self.next
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Connection> {
        self.all.remove(&id)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Connection> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Connection> {
        self.all.get_mut(&id)
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.all.keys().copied().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Connection)> {
        self.all.iter().map(|(id, connection)| (*id, connection))
    }

    /// Sends something at `due`, behind what waits already.
    pub(super) fn push(&mut self, id: u64, due: Instant, payload: Payload) {
        let Some(connection) = self.all.get_mut(&id).filter(|c| !c.closing && !c.mute) else {
            return;
        };
        if connection.is_full() {
            connection.clear();
            self.close(id, due, close::TOO_SLOW);
            return;
        }
        connection.push(due, payload);
        self.ring(id);
    }

    /// Sends something at `due` without keeping back what comes after it.
    pub(super) fn push_beside(&mut self, id: u64, due: Instant, payload: Payload) {
        let Some(connection) = self.all.get_mut(&id).filter(|c| !c.closing && !c.mute) else {
            return;
        };
        if connection.late.len() < MAX_ON_THEIR_WAY {
            connection.late.push_back((due, payload));
            self.ring(id);
        }
    }

    pub(super) fn control(&mut self, id: u64, due: Instant, payload: &Value) {
        self.push(id, due, Payload::Control(payload.to_string().into_bytes()));
    }

    /// Closes a connection behind what waits already.
    pub(super) fn close(&mut self, id: u64, due: Instant, (code, words): Reason) {
        if let Some(connection) = self.all.get_mut(&id).filter(|c| !c.closing) {
            connection.push(due, Payload::Close(code, words));
            connection.closing = true;
            self.ring(id);
        }
    }

    /// Breaks a connection at once; nothing that waits is sent any more.
    pub(super) fn abort(&mut self, id: u64, now: Instant) {
        if let Some(connection) = self.all.get_mut(&id) {
            connection.clear();
            connection.push(now, Payload::Abort);
            connection.closing = true;
            connection.mute = false;
            self.ring(id);
        }
    }

    /// Closes a connection at once; nothing that waits is sent any more.
    pub(super) fn close_now(&mut self, id: u64, now: Instant, reason: Reason) {
        if let Some(connection) = self.all.get_mut(&id) {
            connection.clear();
            connection.closing = false;
            self.close(id, now, reason);
        }
    }

    /// Tells a socket to look.
    pub(super) fn ring(&mut self, id: u64) {
        if let Some(connection) = self.all.get_mut(&id).filter(|c| !c.rung) {
            connection.rung = true;
            self.woken.push(id);
        }
    }
}

/// A count that begins anew.
#[derive(Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl Window {
    const fn new(now: Instant) -> Self {
        Self {
            since: now,
            count: 0,
        }
    }

    /// Counts one more and gives the count.
    fn counts(&mut self, now: Instant, length: Duration) -> u32 {
        if now.saturating_duration_since(self.since) >= length {
            *self = Self::new(now);
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

/// The window of Discord's limit on what a client sends.
const SEND_WINDOW: Duration = Duration::from_secs(60);

/// Presences that a client may send in 20 s; Discord passes over further ones.
const PRESENCES: u32 = 5;
const PRESENCE_WINDOW: Duration = Duration::from_secs(20);

/// Payloads that may wait for a slow reader before it is cut off. It holds the longest script of the
/// tests and keeps a stuck client from filling the memory.
const MAX_WAITING: usize = 262_144;

/// Bytes that may wait for a slow reader: a shard of 2,500 guilds comes in less.
const MAX_WAITING_BYTES: usize = 256 * 1024 * 1024;

/// Discord's limit on what a client sends at once.
pub(super) const MAX_PAYLOAD: usize = 4096;

/// Messages of a client that may be on their way; it may send 120 in a minute.
const MAX_ON_THEIR_WAY: usize = 1024;

#[cfg(test)]
mod tests {
    use super::{super::tests::start, *};

    #[test]
    fn a_message_that_is_too_long_is_not_kept_whole_on_its_way() {
        let now = start();
        let mut connection = Connection::new(now, String::new(), 10, Compressor::Plain);
        assert!(connection.take_in(now, &vec![b'x'; 1024 * 1024]));
        assert!(connection.take_in(now, b"short"));
        assert_eq!(connection.arrived(now).unwrap().len(), MAX_PAYLOAD + 1);
        assert_eq!(connection.arrived(now).unwrap(), b"short");
    }
}
