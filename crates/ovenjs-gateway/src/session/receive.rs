//! What Discord says, and what follows from it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ovenjs_types::{Dispatch, EventKind, Origin, Version};

use super::{
    History, Link, Loss, Notice, Output, RESUMED_DEADLINE, Session, SessionGap,
    connection::Stage,
    envelope::Envelope,
    inflate::InflateError,
    payload::{Hello, ReadyHead, ResumeFrame},
    resume_url,
};

impl Session {
    pub(super) fn frame(&mut self, now: Instant, bytes: &[u8]) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        connection.heard();
        match connection.inflater.push(bytes) {
            Ok(None) => {}
            Ok(Some(text)) => {
                match connection.reader.read(&text) {
                    Some(envelope) => self.envelope(now, &text, envelope),
                    None => self.broken(now, "it is not a message of the gateway"),
                }
                // Only the connection that lent the buffer gets it back.
                if let Link::Up(connection) = &mut self.link {
                    connection.inflater.reuse(text);
                }
            }
            #[cfg(any(feature = "zlib", feature = "zstd"))]
            Err(InflateError::Corrupt) => self.broken(now, "it cannot be inflated"),
            Err(InflateError::TooLarge) => self.broken(now, "it is too large"),
        }
    }

    fn envelope(&mut self, now: Instant, text: &[u8], envelope: Envelope<'_>) {
        let data = text.get(envelope.data).unwrap_or_default();
        match envelope.op {
            op::DISPATCH => match envelope.name {
                Some(name) => self.dispatch(now, &name, envelope.seq, data),
                None => self.broken(now, "it is an event without a name"),
            },
            op::HEARTBEAT => self.beat_asked_for(now),
            op::RECONNECT => self.lost_by_us(now, Loss::ReconnectAsked, Duration::ZERO),
            op::INVALID_SESSION if data == b"true" => {
                let cause = Loss::Invalidated { resumable: true };
                self.lost_by_us(now, cause, Duration::ZERO);
            }
            op::INVALID_SESSION => {
                let wait = INVALID_WAIT_MIN
                    + (INVALID_WAIT_MAX - INVALID_WAIT_MIN).mul_f64(self.jitter.fraction());
                let cause = Loss::Invalidated { resumable: false };
                self.lost_by_us(now, cause, wait);
            }
            op::HELLO => match Hello::interval(data) {
                Some(interval) => self.hello(now, interval),
                None => self.broken(now, "it is a hello without an interval"),
            },
            op::HEARTBEAT_ACK => {
                if let Link::Up(connection) = &mut self.link {
                    connection.acknowledged(now);
                }
            }
            // Discord may add opcodes; what they mean for us it will say in the documentation.
            _ => {}
        }
    }

    fn hello(&mut self, now: Instant, interval: Duration) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        connection.hello(now, interval, self.jitter.fraction());
        if !matches!(connection.stage, Stage::Hello { .. }) {
            return;
        }
        match &self.history {
            Some(history) => {
                let frame = ResumeFrame {
                    token: self.config.token.expose(),
                    session_id: &history.session_id,
                    seq: self.received,
                };
                let payload = crate::command::frame(6, &frame);
                connection.stage = Stage::Resuming {
                    until: now + RESUMED_DEADLINE,
                };
                self.counts.resumes += 1;
                let seq = self.received;
                self.note(now, Notice::Resuming { seq });
                self.send(now, payload);
            }
            None => self.identify(now),
        }
    }

    fn dispatch(&mut self, now: Instant, name: &str, seq: Option<u64>, data: &[u8]) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        self.last_event = Some(now);
        if name == "READY" && matches!(connection.stage, Stage::Identifying { .. }) {
            self.ready(now, seq, data);
        } else if let Stage::Resuming { until } = &mut connection.stage {
            // Replaying much may take long; each event shows that it goes on.
            *until = now + RESUMED_DEADLINE;
            if name == "RESUMED" {
                self.fruitless_resumes = 0;
                self.counts.resumed += 1;
                let replayed = connection.replayed;
                self.established(now, Notice::Resumed { replayed });
            }
        }
        let received = self.received;
        let seq = match seq {
            Some(seq) if seq <= received => {
                self.counts.duplicates += u64::from(name != "RESUMED");
                return;
            }
            Some(seq) => seq,
            // Without a number it can be neither a duplicate nor be asked for again.
            None => received,
        };
        let left_out = seq.saturating_sub(received).saturating_sub(1);
        if left_out > 0 {
            self.counts.skipped = self.counts.skipped.saturating_add(left_out);
            let (after, before) = (received, seq);
            self.note(now, Notice::Skipped { after, before });
        }
        self.received = seq;
        let version = Version {
            epoch: self.epoch,
            seq,
        };
        if let Link::Up(connection) = &mut self.link {
            connection.fruitful = true;
            connection.replayed += 1;
        }
        let kind = EventKind::from_name(name);
        let (wanted, overheard) = (self.interest.wants(kind), self.overhears.wants(kind));
        if !wanted {
            self.counts.unwanted += 1;
            self.backlog.pass(version);
            if !overheard {
                return;
            }
        }
        let data = Bytes::copy_from_slice(data);
        let dispatch = Dispatch::new(Origin::Gateway(self.shard), version, name, data);
        if overheard {
            self.outputs.push_back(Output::Overheard(dispatch.clone()));
        }
        if !wanted {
            return;
        }
        self.backlog.push(dispatch);
        if self.backlog.is_full() {
            self.see_whether_full(now);
        }
    }

    /// A new session has begun. Its first event is on its way to the backlog.
    fn ready(&mut self, now: Instant, seq: Option<u64>, data: &[u8]) {
        let head = ReadyHead::read(data);
        let url = head.resume_gateway_url.as_deref();
        self.epoch = self.epoch.saturating_add(1);
        self.history = head.session_id.map(|session_id| History {
            session_id: session_id.into_owned(),
            url: url.and_then(|url| resume_url(url, &self.home, &self.config)),
        });
        self.received = seq.unwrap_or(1).saturating_sub(1);
        if let Some(last_seq) = self.untold_gap.take() {
            self.counts.gaps += 1;
            let gap = SessionGap::new(self.shard, last_seq);
            self.backlog.push_gap(gap.clone(), self.epoch);
            self.note(now, Notice::Gap(gap));
        }
        self.fruitless_resumes = 0;
        let epoch = self.epoch;
        self.established(now, Notice::Ready { epoch });
    }
}

/// After an invalid session Discord wants a random wait between these two.
const INVALID_WAIT_MIN: Duration = Duration::from_secs(1);
const INVALID_WAIT_MAX: Duration = Duration::from_secs(5);

/// Discord's opcodes, as far as it sends them.
mod op {
    pub(super) const DISPATCH: u64 = 0;
    pub(super) const HEARTBEAT: u64 = 1;
    pub(super) const RECONNECT: u64 = 7;
    pub(super) const INVALID_SESSION: u64 = 9;
    pub(super) const HELLO: u64 = 10;
    pub(super) const HEARTBEAT_ACK: u64 = 11;
}
