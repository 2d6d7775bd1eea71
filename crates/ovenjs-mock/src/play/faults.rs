//! Letting things go wrong.

use std::time::Duration;

use crate::shared::Shared;

/// The switches for what goes wrong, from [`Discord::faults`](crate::Discord::faults).
///
/// They act at once and stay until they are used up or switched off.
#[derive(Clone, Copy, Debug)]
pub struct Faults<'a> {
    shared: &'a Shared,
}

impl<'a> Faults<'a> {
    pub(super) const fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// Drops each connection, without a close frame, after every `events`-th event sent on it.
    ///
    /// RESUMED is not counted: a client that is dropped after one event each time would otherwise
    /// never see the second one.
    pub fn drop_after_frames(self, events: u64) -> Self {
        self.shared
            .with(|backend, _| backend.faults.drop_after = Some((events.max(1), None)));
        self
    }

    /// Closes each connection with `code` after every `events`-th event sent on it.
    pub fn close_after_frames(self, events: u64, code: u16) -> Self {
        self.shared
            .with(|backend, _| backend.faults.drop_after = Some((events.max(1), Some(code))));
        self
    }

    /// Connections live again.
    pub fn keep_connections(self) -> Self {
        self.shared
            .with(|backend, _| backend.faults.drop_after = None);
        self
    }

    /// Answers the next `count` resumes with Invalid Session, not resumable.
    pub fn refuse_resumes(self, count: u32) -> Self {
        self.shared
            .with(|backend, _| backend.faults.refuse_resumes = count);
        self
    }

    /// Answers the next `count` identifies with Invalid Session.
    pub fn refuse_identifies(self, count: u32) -> Self {
        self.shared
            .with(|backend, _| backend.faults.refuse_identifies = count);
        self
    }

    /// Sends or withholds heartbeat acknowledgements.
    pub fn withhold_heartbeat_acks(self, withhold: bool) -> Self {
        self.shared
            .with(|backend, _| backend.faults.withhold_acks = withhold);
        self
    }

    /// Asks every client to reconnect (op 7).
    pub fn ask_to_reconnect(self) -> Self {
        self.shared
            .with(|backend, _| backend.gateway.ask_to_reconnect());
        self
    }

    /// Tells every client that its session is invalid (op 9).
    pub fn invalidate_sessions(self, resumable: bool) -> Self {
        self.shared
            .with(|backend, now| backend.gateway.invalidate(now, resumable));
        self
    }

    /// Drops every connection at once, without a close frame.
    pub fn drop_connections(self) -> Self {
        self.shared
            .with(|backend, _| backend.gateway.break_all(None));
        self
    }

    /// Closes every connection with `code`.
    pub fn close_connections(self, code: u16) -> Self {
        self.shared
            .with(|backend, _| backend.gateway.break_all(Some(code)));
        self
    }

    /// Answers the next request to `METHOD /route/{template}` with 429.
    pub fn limit_once(self, route: &str, retry_after: Duration) -> Self {
        self.shared.with(|backend, _| {
            backend
                .faults
                .limited
                .push((route.to_owned(), retry_after, false));
        });
        self
    }

    /// Answers the next request to `METHOD /route/{template}` with the 429 of the global limit.
    pub fn limit_globally_once(self, route: &str, retry_after: Duration) -> Self {
        self.shared.with(|backend, _| {
            backend
                .faults
                .limited
                .push((route.to_owned(), retry_after, true));
        });
        self
    }

    /// Answers the next request to `METHOD /route/{template}` with an HTML page of this status, as a
    /// proxy in front of Discord does.
    pub fn break_once(self, route: &str, status: u16) -> Self {
        self.shared
            .with(|backend, _| backend.faults.broken.push((route.to_owned(), status)));
        self
    }
}
