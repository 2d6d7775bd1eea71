//! What is true of one connection and of no other.
//!
//! It is made when a websocket opens and dropped when that ends, so nothing of it can leak into the
//! next: neither a missing acknowledgement nor the history of a compressed stream.

use std::time::{Duration, Instant};

use super::{HELLO_DEADLINE, READY_DEADLINE, RESUMED_DEADLINE, envelope, inflate::Inflater};
use crate::{Compression, session::send_budget::SendBudget};

pub(super) struct Connection {
    pub(super) stage: Stage,
    /// Whether it goes to the usual gateway rather than to where a session is to be resumed.
    pub(super) at_home: bool,
    /// Whether it brought an event that was not there before.
    pub(super) fruitful: bool,
    /// How many new events it brought.
    pub(super) replayed: u64,
    pub(super) inflater: Inflater,
    pub(super) reader: envelope::Reader,
    pub(super) budget: SendBudget,
    /// When waiting commands may be sent.
    pub(super) commands_at: Option<Instant>,
    pub(super) next_beat: Option<Instant>,
    pub(super) latency: Option<Duration>,
    /// Whether nothing is asked of the peer, since we do not read.
    pub(super) suspended: bool,
    interval: Duration,
    /// Heartbeats that were not acknowledged, oldest first; only the first matters for latency.
    beat_sent: Option<Instant>,
    /// By when something, anything, must have come.
    life_by: Option<Instant>,
}

/// How far the handshake has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Hello { until: Instant },
    Identifying { until: Instant },
    Resuming { until: Instant },
    Live { since: Instant },
}

impl Stage {
    const fn until(self) -> Option<Instant> {
        match self {
            Self::Hello { until } | Self::Identifying { until } | Self::Resuming { until } => {
                Some(until)
            }
            Self::Live { .. } => None,
        }
    }

    pub(super) const fn live_since(self) -> Option<Instant> {
        match self {
            Self::Live { since } => Some(since),
            Self::Hello { .. } | Self::Identifying { .. } | Self::Resuming { .. } => None,
        }
    }

    pub(super) fn is_overdue(self, now: Instant) -> bool {
        self.until().is_some_and(|until| now >= until)
    }
}

impl Connection {
    pub(super) fn new(now: Instant, compression: Compression, at_home: bool) -> Self {
        Self {
            stage: Stage::Hello {
                until: now + HELLO_DEADLINE,
            },
            at_home,
            fruitful: false,
            replayed: 0,
            inflater: Inflater::new(compression),
            reader: envelope::Reader::default(),
            budget: SendBudget::new(),
            commands_at: None,
            next_beat: None,
            latency: None,
            suspended: false,
            interval: Duration::ZERO,
            beat_sent: None,
            life_by: None,
        }
    }

    /// When the connection next wants to be looked after.
    pub(super) fn deadline(&self, reads: bool) -> Option<Instant> {
        let peer = reads
            .then(|| earlier(self.stage.until(), self.life_by))
            .flatten();
        let commands = self
            .commands_at
            .filter(|_| matches!(self.stage, Stage::Live { .. }));
        earlier(earlier(peer, self.next_beat), commands)
    }

    /// Any traffic is life: an acknowledgement may be stuck behind a burst of events.
    pub(super) const fn heard(&mut self) {
        self.life_by = None;
    }

    pub(super) fn hello(&mut self, now: Instant, interval: Duration, jitter: f64) {
        self.interval = interval.clamp(INTERVAL_MIN, INTERVAL_MAX);
        self.budget.keep_for(self.interval);
        let first = now + self.interval.mul_f64(jitter);
        // One who says hello again and again must not hold the heartbeat back.
        self.next_beat = Some(self.next_beat.map_or(first, |beat| beat.min(first)));
    }

    pub(super) fn beat(&mut self, now: Instant) {
        if self.interval > Duration::ZERO && self.next_beat.is_some_and(|beat| now >= beat) {
            self.next_beat = Some(now + self.interval);
        }
        self.beat_sent.get_or_insert(now);
        let patience = self.patience();
        self.life_by.get_or_insert(now + patience);
    }

    /// How long a heartbeat may stay without any answer.
    fn patience(&self) -> Duration {
        // Before hello there is no interval to go by.
        if self.interval.is_zero() {
            LIFE_DEADLINE
        } else {
            self.interval.min(LIFE_DEADLINE)
        }
    }

    pub(super) fn acknowledged(&mut self, now: Instant) {
        if let Some(sent) = self.beat_sent.take() {
            self.latency = Some(now.saturating_duration_since(sent));
        }
    }

    pub(super) fn silent_since(&self, now: Instant) -> bool {
        self.life_by.is_some_and(|by| now >= by)
    }

    /// We read again: whatever the peer owes us, it gets its time from now on.
    pub(super) fn resume_waits(&mut self, now: Instant) {
        if !std::mem::take(&mut self.suspended) {
            return;
        }
        let patience = self.patience();
        if let Some(by) = &mut self.life_by {
            *by = now + patience;
        }
        match &mut self.stage {
            Stage::Hello { until } => *until = now + HELLO_DEADLINE,
            Stage::Identifying { until } => *until = now + READY_DEADLINE,
            Stage::Resuming { until } => *until = now + RESUMED_DEADLINE,
            Stage::Live { .. } => {}
        }
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// After a heartbeat something must come within this time, so that a dead link is noticed within
/// an interval and ten seconds. Discord's own rule, before the next heartbeat, takes up to two
/// intervals; what we lose by haste is a resume.
const LIFE_DEADLINE: Duration = Duration::from_secs(10);

/// A shorter interval is a mistake of the peer's and would keep us busy with nothing else.
const INTERVAL_MIN: Duration = Duration::from_millis(5);

/// A longer one is none: dead links would never be noticed.
const INTERVAL_MAX: Duration = Duration::from_secs(600);
