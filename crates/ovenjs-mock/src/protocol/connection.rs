//! A connection: one socket's worth of state, and what waits to be sent on it.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{close, compress::Compressor};

/// One socket, from its opening to its end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) session: Option<String>,
    pub(super) compressor: Compressor,
    /// Whether the identify asked for compressed packets.
    pub(super) packets: bool,
    pub(super) last_heartbeat: Instant,
    window: (Instant, u32),
    outbox: VecDeque<Payload>,
    /// Events sent so far, as the fault that drops connections counts them.
    pub(super) events_sent: u64,
    pub(super) closing: bool,
}

/// Something to send.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    /// A payload that is no event, or an event that faults do not count.
    Control(Arc<[u8]>),
    Event(Arc<[u8]>),
    Close(u16, &'static str),
    Abort,
}

impl Connection {
    pub(super) fn new(now: Instant, compressor: Compressor) -> Self {
        Self {
            session: None,
            compressor,
            packets: false,
            last_heartbeat: now,
            window: (now, 0),
            outbox: VecDeque::new(),
            events_sent: 0,
            closing: false,
        }
    }

    /// Counts a payload of the client; false when it sent too many.
    pub(super) fn may_send(&mut self, now: Instant, limit: u32) -> bool {
        if now.saturating_duration_since(self.window.0) >= SEND_WINDOW {
            self.window = (now, 0);
        }
        self.window.1 += 1;
        self.window.1 <= limit
    }

    pub(super) fn push(&mut self, payload: Payload) {
        if self.closing {
            return;
        }
        if self.outbox.len() >= MAX_WAITING {
            self.outbox.clear();
            self.close(close::UNKNOWN, "The client reads too slowly.");
            return;
        }
        self.outbox.push_back(payload);
    }

    pub(super) fn control(&mut self, payload: &serde_json::Value) {
        self.push(Payload::Control(payload.to_string().into_bytes().into()));
    }

    pub(super) fn close(&mut self, code: u16, reason: &'static str) {
        self.push(Payload::Close(code, reason));
        self.closing = true;
    }

    /// Breaks the connection after what has been sent; nothing that waits is sent any more.
    pub(super) fn abort(&mut self) {
        self.outbox.clear();
        self.outbox.push_back(Payload::Abort);
        self.closing = true;
    }

    pub(super) fn next(&mut self) -> Option<Payload> {
        self.outbox.pop_front()
    }
}

/// The window of Discord's limit on what a client sends.
const SEND_WINDOW: Duration = Duration::from_secs(60);

/// Payloads that may wait for a slow reader before it is cut off. It holds the longest script of the
/// tests and keeps a stuck client from filling the memory.
const MAX_WAITING: usize = 262_144;
