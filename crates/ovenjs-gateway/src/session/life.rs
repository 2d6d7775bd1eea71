//! The life of a session's connections: how one begins, and what its end leads to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    API_VERSION, CLOSE_TO_RESUME, Connect, FRUITLESS_RESUMES_MAX, Failure, Link, Loss, Notice,
    Output, READY_DEADLINE, Reaction, Session, ShardState,
    backoff::Outcome,
    close,
    connection::{Connection, Stage},
    payload::Identify,
    reaction,
};
use crate::Error;

impl Session {
    /// Begins the next connection: at once where a session is to be resumed there, else with the wait
    /// for the turn to identify, so that no connection stands idle meanwhile.
    pub(super) fn connect(&mut self, now: Instant) {
        self.generation.0 += 1;
        if self.history.is_some() {
            self.open(now);
            return;
        }
        let generation = self.generation;
        self.link = Link::Queued;
        self.note(now, Notice::Queued);
        self.outputs.push_back(Output::WantIdentify { generation });
    }

    /// The turn has come.
    pub(super) fn granted(&mut self, now: Instant) {
        if matches!(self.link, Link::Queued) {
            self.open(now);
        }
    }

    fn open(&mut self, now: Instant) {
        self.counts.connects += 1;
        let url = self
            .history
            .as_ref()
            .and_then(|history| history.url.clone());
        let resume = self.history.is_some();
        let at_home = url.is_none();
        let url = url.unwrap_or_else(|| self.home.clone());
        let mut query = format!("v={API_VERSION}&encoding=json");
        if let Some(compression) = self.config.compression.name() {
            query.push_str("&compress=");
            query.push_str(compression);
        }
        self.link = Link::Opening {
            since: now,
            until: now + self.backoff.opening(now),
            at_home,
        };
        self.note(
            now,
            Notice::Connecting {
                generation: self.generation,
                host: url.host().to_owned(),
                resume,
            },
        );
        self.outputs.push_back(Output::Connect(Connect {
            generation: self.generation,
            url,
            query,
            resume,
        }));
    }

    pub(super) fn opened(&mut self, now: Instant) {
        if let Link::Opening { since, at_home, .. } = self.link {
            self.backoff.opened(now.saturating_duration_since(since));
            let mut connection = Connection::new(now, self.config.compression, at_home);
            connection.suspended = !self.wants_frames();
            connection.inflater.press(self.pressure);
            self.link = Link::Up(Box::new(connection));
            let generation = self.generation;
            self.note(now, Notice::Opened { generation });
        }
    }

    pub(super) fn identify(&mut self, now: Instant) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        connection.stage = Stage::Identifying {
            until: now + READY_DEADLINE,
        };
        let config = Arc::clone(&self.config);
        let frame = Identify {
            token: config.token.expose(),
            intents: config.intents.bits(),
            shard: [self.shard.number, self.shard.total],
            properties: &config.properties,
            large_threshold: config.large_threshold,
            presence: self.presence.as_ref(),
        };
        let payload = crate::command::frame(2, &frame);
        self.counts.identifies += 1;
        self.note(now, Notice::Identifying);
        self.send(now, payload);
    }

    /// The session has begun, or goes on.
    pub(super) fn established(&mut self, now: Instant, notice: Notice) {
        if let Link::Up(connection) = &mut self.link {
            connection.stage = Stage::Live { since: now };
        }
        let resumed = matches!(notice, Notice::Resumed { .. });
        self.note(now, notice);
        if resumed {
            self.holds(now);
        } else {
            self.held = false;
        }
        self.send_commands(now);
    }

    /// The session has proved itself.
    pub(super) fn holds(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.held, true) {
            self.note(now, Notice::Held);
        }
    }

    pub(super) fn failed(&mut self, now: Instant, failure: Failure) {
        match failure {
            Failure::Network => self.lost(now, Loss::Unopened, Duration::ZERO),
            Failure::Refused { retry_after } => {
                let wait = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
                self.lost(now, Loss::Refused, wait);
            }
        }
    }

    pub(super) fn closed(&mut self, now: Instant, code: Option<u16>) {
        match (reaction(code), code) {
            (Reaction::GiveUp, Some(code)) => {
                let error = close::give_up(code, self.config.intents);
                self.stop(now, Some(error));
            }
            _ => self.lost(now, Loss::Closed { code }, Duration::ZERO),
        }
    }

    pub(super) fn broken(&mut self, now: Instant, reason: &'static str) {
        self.counts.broken += 1;
        self.lost_by_us(now, Loss::Broken { reason }, Duration::ZERO);
    }

    pub(super) fn lost_by_us(&mut self, now: Instant, cause: Loss, wait: Duration) {
        self.outputs.push_back(Output::Close {
            code: CLOSE_TO_RESUME,
        });
        self.lost(now, cause, wait);
    }

    /// The connection is over. Everything it was goes with it; what outlives it is decided here.
    fn lost(&mut self, now: Instant, cause: Loss, wait: Duration) {
        let link = std::mem::replace(&mut self.link, Link::Down { reconnect_at: None });
        let mut useful = None;
        let mut reached_hello = false;
        let mut resume_failed = false;
        let mut at_home = true;
        match link {
            Link::Opening { at_home: home, .. } => at_home = home,
            Link::Up(connection) => {
                at_home = connection.at_home;
                reached_hello = !matches!(connection.stage, Stage::Hello { .. });
                resume_failed =
                    matches!(connection.stage, Stage::Resuming { .. }) && !connection.fruitful;
                let established = connection.stage.live_since();
                if established.is_some() || connection.fruitful {
                    useful = Some(Outcome::Useful { established });
                }
            }
            Link::Down { .. } | Link::Queued | Link::Stopped => {}
        }
        if useful.is_some() {
            self.fruitless_resumes = 0;
        }
        self.fruitless_resumes += u32::from(resume_failed);
        if cause.ends_session()
            || self.fruitless_resumes >= FRUITLESS_RESUMES_MAX
            || self.history.is_none()
        {
            self.forget_session();
        }
        if !reached_hello
            && !at_home
            && let Some(history) = &mut self.history
        {
            history.url = None;
        }
        let outcome = useful.unwrap_or_else(|| cause.outcome());
        let backoff = self.backoff.after(outcome, now, &mut self.jitter);
        let wait = backoff.max(wait);
        self.link = Link::Down {
            reconnect_at: Some(now + wait),
        };
        let reaction = if self.history.is_some() {
            Reaction::Resume
        } else {
            Reaction::Identify
        };
        self.note(
            now,
            Notice::Lost {
                cause,
                reaction,
                wait,
            },
        );
    }

    fn forget_session(&mut self) {
        self.fruitless_resumes = 0;
        self.history = None;
        let received = std::mem::take(&mut self.received);
        if received > 0 {
            self.untold_gap = Some(received);
        }
    }

    pub(super) fn stop(&mut self, now: Instant, error: Option<Error>) {
        if error.is_none() && matches!(self.link, Link::Opening { .. } | Link::Up(_)) {
            self.outputs.push_back(Output::Close {
                code: CLOSE_TO_RESUME,
            });
        }
        self.link = Link::Stopped;
        let notice = match &error {
            Some(error) => Notice::GaveUp {
                kind: error.kind(),
                close_code: error.close_code(),
            },
            None => Notice::Stopped,
        };
        self.note(now, notice);
        self.fatal = error;
    }

    pub(super) fn note(&mut self, now: Instant, notice: Notice) {
        if let Some(state) = notice.state() {
            let queued_since = self
                .state_since
                .filter(|_| self.state == ShardState::Queued);
            self.state = state;
            self.state_since = Some(now);
            if state == ShardState::Connected {
                self.away_since = None;
            } else {
                let away = self.away_since.get_or_insert(now);
                // Waiting for a turn is no illness.
                let queued = queued_since.map(|since| now.saturating_duration_since(since));
                let later = queued.and_then(|queued| away.checked_add(queued));
                *away = later.map_or(*away, |later| later.min(now));
            }
        }
        self.outputs.push_back(Output::Notice(notice));
    }
}

impl Loss {
    /// Whether Discord has said that the session is over.
    fn ends_session(self) -> bool {
        match self {
            Self::Closed { code } => reaction(code) == Reaction::Identify,
            Self::Invalidated { resumable } => !resumable,
            Self::Unopened
            | Self::Refused
            | Self::Overdue { .. }
            | Self::Silent
            | Self::ReconnectAsked
            | Self::Broken { .. } => false,
        }
    }

    /// What a connection that brought nothing tells by its end.
    const fn outcome(self) -> Outcome {
        match self {
            Self::Unopened | Self::Silent | Self::Overdue { .. } => Outcome::Unreached,
            Self::Closed { code: None } => Outcome::Dropped,
            Self::Closed { code: Some(_) }
            | Self::Refused
            | Self::ReconnectAsked
            | Self::Invalidated { .. }
            | Self::Broken { .. } => Outcome::Refused,
        }
    }
}

/// A server that asks for more than an hour is asked again all the same.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
