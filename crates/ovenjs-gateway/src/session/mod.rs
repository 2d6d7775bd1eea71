//! The rules of a gateway session, pure.
//!
//! A [`Session`] is one shard's dealings with Discord, over as many connections as it takes. It
//! reads no clock, opens no socket and draws no random number; whoever drives it does:
//!
//! 1. Tell it what happened with [`handle`](Session::handle), together with the time.
//! 2. Then call [`poll`](Session::poll) until it returns nothing, and do what it says, in order.
//! 3. Then ask [`deadline`](Session::deadline) and hand in [`Input::Timeout`] when that moment has
//!    come. The deadline may change with each input.
//!
//! **Generations.** Each connection attempt has a [`Generation`], announced by [`Output::Connect`]
//! and repeated in every input about that connection. Inputs of an older generation are ignored, so
//! a late callback cannot touch the next connection. After [`Output::Close`] the driver drops the
//! connection at once, whether it was open or still being opened; nothing more is expected from it.
//!
//! **Delivery.** [`Output::Dispatch`] and [`Output::Gap`] come only while the consumer has room:
//! each takes one place of the last [`Input::Room`]. What is polled counts as delivered; what is not
//! stays in the session's backlog, over reconnects as well. Heartbeats and resumes speak of what
//! was received, the hand-over to another process ([`Session::resume`]) of what was delivered.
//!
//! **Back-pressure.** While [`wants_frames`](Session::wants_frames) is false the driver stops
//! reading. Nothing is asked of the peer meanwhile: acknowledgements may sit in the socket unread,
//! so their deadlines are suspended.
//!
//! This file is the machine's outside and the life of its connections; what Discord says is met in
//! `receive`, and what is true of one connection only is in `connection`. It is long because its
//! doors and the states behind them are read together.

#![warn(clippy::wildcard_enum_match_arm)]

mod backoff;
mod close;
mod connection;
mod contract;
mod envelope;
mod identify;
mod inflate;
mod payload;
mod receive;
mod resume;
mod send_budget;
mod state;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::VecDeque,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use ovenjs_types::{Dispatch, ShardId, UpdatePresence, Version};

pub use close::{CLOSE_CODES, CLOSE_TO_RESUME, CloseCode, Reaction, reaction};
pub use contract::{Connect, Generation, Input, Output, Payload, SessionGap};
pub use identify::{IdentifyTurns, Turn};
pub use inflate::MESSAGE_BYTES_MAX;
pub use resume::Resume;
pub use state::{Counts, ShardState};

use crate::{Config, Error, ErrorKind, GatewayUrl, command::Sealed};
use backoff::{Backoff, Jitter, Outcome};
use connection::{Connection, Stage};
use payload::Identify;

/// One shard's dealings with Discord. See the [module](self) for how to drive it.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_gateway::{Config, session::{Input, Output, Session}};
/// use ovenjs_types::{Intents, ShardId};
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let config = Arc::new(Config::new("token", Intents::GUILDS));
/// let mut session = Session::new(config, ShardId::default(), 7)?;
/// session.handle(now, Input::Start);
/// let mut outputs = std::iter::from_fn(|| session.poll());
/// let Some(Output::Connect(connect)) = outputs.find(|o| matches!(o, Output::Connect(_))) else {
///     panic!()
/// };
/// assert_eq!(connect.url.host(), "gateway.discord.gg");
/// assert!(connect.query.starts_with("v=10&encoding=json"));
/// # Ok::<(), ovenjs_gateway::Error>(())
/// ```
pub struct Session {
    config: Arc<Config>,
    shard: ShardId,
    home: GatewayUrl,
    link: Link,
    generation: Generation,
    state: ShardState,
    history: Option<History>,
    /// The last number received in the session of this epoch; 0 before its READY.
    received: u64,
    /// The last number of a session that is over, while nobody has been told yet.
    untold_gap: Option<u64>,
    epoch: u64,
    delivered: Version,
    fruitless_resumes: u32,
    backoff: Backoff,
    jitter: Jitter,
    presence: Option<UpdatePresence>,
    commands: VecDeque<Sealed>,
    outputs: VecDeque<Output>,
    backlog: VecDeque<Parcel>,
    backlog_bytes: usize,
    room: usize,
    counts: Counts,
    /// Why the shard has given up; told once the backlog is empty.
    fatal: Option<Error>,
}

enum Link {
    Down { reconnect_at: Option<Instant> },
    Opening { until: Instant, at_home: bool },
    Up(Box<Connection>),
    Stopped,
}

struct History {
    session_id: String,
    /// Where Discord wants the session resumed; the usual gateway where that did not work.
    url: Option<GatewayUrl>,
}

enum Parcel {
    Dispatch(Dispatch),
    Gap(SessionGap),
}

impl Session {
    /// A session for one shard. `entropy` is 64 random bits, for the jitter of waits.
    ///
    /// Where the configuration holds a session of this shard to be resumed, that is tried first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`] where the gateway's address cannot be used, [`ErrorKind::Config`] where
    /// there is no token.
    pub fn new(config: Arc<Config>, shard: ShardId, entropy: u64) -> Result<Self, Error> {
        if config.token.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "there is no token: set DISCORD_TOKEN to the one from the developer portal",
            ));
        }
        let home = GatewayUrl::parse(&config.gateway_url, config.allow_plain)?;
        let former = config
            .resume
            .iter()
            .find(|former| former.shard() == Some(shard));
        let history = former.map(|former| History {
            session_id: former.session_id.clone(),
            url: former
                .url
                .as_deref()
                .and_then(|url| resume_url(url, &home, &config)),
        });
        let former = former.map(Resume::version).unwrap_or_default();
        let epoch = config.epoch.max(former.epoch);
        let version = Version {
            epoch,
            seq: former.seq,
        };
        let (base, max) = config.backoff;
        Ok(Self {
            shard,
            home,
            link: Link::Down { reconnect_at: None },
            generation: Generation::default(),
            state: ShardState::Idle,
            history,
            received: version.seq,
            untold_gap: None,
            epoch,
            delivered: version,
            fruitless_resumes: 0,
            backoff: Backoff::new(base, max),
            jitter: Jitter::new(entropy),
            presence: config.live.presence.clone(),
            config,
            commands: VecDeque::new(),
            outputs: VecDeque::new(),
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            room: 0,
            counts: Counts::default(),
            fatal: None,
        })
    }

    /// Takes in what happened at `now`. `now` must not run backwards.
    ///
    /// Never panics, whatever the peer sent.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if matches!(self.link, Link::Stopped) {
            if let Input::Room(room) = input {
                self.room = room;
            }
            return;
        }
        match input {
            Input::Start => {
                if matches!(self.link, Link::Down { reconnect_at: None }) {
                    self.connect(now);
                }
            }
            Input::Opened {
                generation,
                entropy,
            } => {
                self.jitter.stir(entropy);
                if self.is_current(generation) {
                    self.opened(now);
                }
            }
            Input::Failed { generation } => {
                if self.is_current(generation) {
                    self.lost(now, Reaction::Resume, Duration::ZERO);
                }
            }
            Input::Frame { generation, bytes } => {
                if self.is_current(generation) {
                    self.frame(now, bytes);
                }
            }
            Input::Closed { generation, code } => {
                if self.is_current(generation) {
                    self.closed(now, code);
                }
            }
            Input::IdentifyGranted { generation } => {
                if self.is_current(generation) {
                    self.identify(now);
                }
            }
            Input::Command(sealed) => self.command(now, sealed),
            Input::Room(room) => self.room(now, room),
            Input::Timeout => self.timeout(now),
            Input::Stop => self.stop(None),
        }
    }

    /// What to do next; nothing when there is nothing to do until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.backlog.is_empty() {
            return self.fatal.take().map(Output::Fatal);
        }
        self.room = self.room.checked_sub(1)?;
        match self.backlog.pop_front()? {
            Parcel::Dispatch(dispatch) => {
                self.backlog_bytes = self
                    .backlog_bytes
                    .saturating_sub(weight(dispatch.raw.len()));
                self.delivered = dispatch.version;
                self.counts.delivered += 1;
                Some(Output::Dispatch(dispatch))
            }
            Parcel::Gap(gap) => Some(Output::Gap(gap)),
        }
    }

    /// The moment at which [`Input::Timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.link {
            Link::Down { reconnect_at } => *reconnect_at,
            Link::Opening { until, .. } => Some(*until),
            Link::Up(connection) => connection.deadline(self.wants_frames()),
            Link::Stopped => None,
        }
    }

    /// Whether the driver should go on reading from the connection.
    ///
    /// False once the backlog holds [`Config::backlog_bytes`] that the consumer has not taken.
    #[must_use]
    pub fn wants_frames(&self) -> bool {
        self.backlog_bytes < self.config.backlog_bytes.max(1)
    }

    /// Whether another [`Input::Command`] is taken.
    #[must_use]
    pub fn wants_commands(&self) -> bool {
        self.commands.len() < COMMANDS_MAX
    }

    /// How many deliveries wait for [`Input::Room`].
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.backlog.len()
    }

    /// How many bytes of events wait for the consumer.
    #[must_use]
    pub const fn backlog_bytes(&self) -> usize {
        self.backlog_bytes
    }

    /// What the shard is doing.
    #[must_use]
    pub const fn state(&self) -> ShardState {
        self.state
    }

    /// The shard.
    #[must_use]
    pub const fn shard(&self) -> ShardId {
        self.shard
    }

    /// How long Discord took to acknowledge the last heartbeat of this connection.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        match &self.link {
            Link::Up(connection) => connection.latency,
            Link::Down { .. } | Link::Opening { .. } | Link::Stopped => None,
        }
    }

    /// How often things happened.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What another process needs to go on after the last delivered event.
    ///
    /// Nothing where there is no session, or where no event of it was delivered.
    #[must_use]
    pub fn resume(&self) -> Option<Resume> {
        let history = self.history.as_ref()?;
        (self.delivered.epoch == self.epoch && self.delivered.seq > 0).then(|| Resume {
            shard: [self.shard.number, self.shard.total],
            session_id: history.session_id.clone(),
            url: history.url.as_ref().map(ToString::to_string),
            version: [self.delivered.epoch, self.delivered.seq],
        })
    }

    fn is_current(&mut self, generation: Generation) -> bool {
        let current = generation == self.generation
            && matches!(self.link, Link::Opening { .. } | Link::Up(_));
        self.counts.stale += u64::from(!current);
        current
    }

    fn connect(&mut self, now: Instant) {
        self.generation.0 += 1;
        self.counts.connects += 1;
        let url = self
            .history
            .as_ref()
            .and_then(|history| history.url.clone());
        let resume = self.history.is_some();
        let at_home = url.is_none();
        let mut query = format!("v={API_VERSION}&encoding=json");
        if let Some(compression) = self.config.compression.name() {
            query.push_str("&compress=");
            query.push_str(compression);
        }
        self.link = Link::Opening {
            until: now + OPEN_DEADLINE,
            at_home,
        };
        self.enter(ShardState::Connecting);
        self.outputs.push_back(Output::Connect(Connect {
            generation: self.generation,
            url: url.unwrap_or_else(|| self.home.clone()),
            query,
            resume,
        }));
    }

    fn opened(&mut self, now: Instant) {
        if let Link::Opening { at_home, .. } = self.link {
            let mut connection = Connection::new(now, self.config.compression, at_home);
            connection.suspended = !self.wants_frames();
            self.link = Link::Up(Box::new(connection));
        }
    }

    fn identify(&mut self, now: Instant) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        if !matches!(connection.stage, Stage::Queued) {
            return;
        }
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
        self.enter(ShardState::Identifying);
        self.send(now, payload);
    }

    fn established(&mut self, now: Instant) {
        if let Link::Up(connection) = &mut self.link {
            connection.stage = Stage::Live { since: now };
        }
        self.enter(ShardState::Connected);
        self.send_commands(now);
    }

    fn closed(&mut self, now: Instant, code: Option<u16>) {
        match (reaction(code), code) {
            (Reaction::GiveUp, Some(code)) => {
                let error = close::give_up(code, self.config.intents);
                self.stop(Some(error));
            }
            (reaction, _) => self.lost(now, reaction, Duration::ZERO),
        }
    }

    fn broken(&mut self, now: Instant, reason: &'static str) {
        self.counts.broken += 1;
        self.outputs.push_back(Output::Broken { reason });
        self.lost_by_us(now, Reaction::Resume, Duration::ZERO);
    }

    fn lost_by_us(&mut self, now: Instant, reaction: Reaction, wait: Duration) {
        self.outputs.push_back(Output::Close {
            code: CLOSE_TO_RESUME,
        });
        self.lost(now, reaction, wait);
    }

    /// The connection is over. Everything it was goes with it; what outlives it is decided here.
    fn lost(&mut self, now: Instant, reaction: Reaction, wait: Duration) {
        let link = std::mem::replace(&mut self.link, Link::Down { reconnect_at: None });
        let mut outcome = Outcome::Fruitless;
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
                    outcome = Outcome::Useful { established };
                }
            }
            Link::Down { .. } | Link::Stopped => {}
        }
        if outcome != Outcome::Fruitless {
            self.fruitless_resumes = 0;
        }
        self.fruitless_resumes += u32::from(resume_failed);
        if reaction == Reaction::Identify
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
        let backoff = self.backoff.after(outcome, now, &mut self.jitter);
        self.link = Link::Down {
            reconnect_at: Some(now + backoff.max(wait)),
        };
        self.enter(ShardState::Disconnected);
    }

    fn forget_session(&mut self) {
        self.fruitless_resumes = 0;
        self.history = None;
        let received = std::mem::take(&mut self.received);
        if received > 0 {
            self.untold_gap = Some(received);
        }
    }

    fn command(&mut self, now: Instant, sealed: Sealed) {
        if let Some(presence) = &sealed.presence {
            self.presence = Some(presence.clone());
            // Only the last presence counts, and a new session begins with it.
            self.commands.retain(|waiting| waiting.presence.is_none());
            let identified = matches!(&self.link, Link::Up(connection)
                if matches!(connection.stage, Stage::Identifying { .. } | Stage::Live { .. }));
            if !identified && self.history.is_none() {
                return;
            }
        }
        if self.wants_commands() {
            self.commands.push_back(sealed);
        }
        self.send_commands(now);
    }

    fn send_commands(&mut self, now: Instant) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        if !matches!(connection.stage, Stage::Live { .. }) {
            return;
        }
        connection.commands_at = None;
        while !self.commands.is_empty() {
            if let Err(at) = connection.budget.command(now) {
                connection.commands_at = Some(at);
                return;
            }
            if let Some(sealed) = self.commands.pop_front() {
                self.outputs.push_back(Output::Send(Payload(sealed.bytes)));
            }
        }
    }

    fn room(&mut self, now: Instant, room: usize) {
        self.room = room;
        // What made the backlog full may be gone by now; the peer gets its time anew.
        if self.wants_frames()
            && let Link::Up(connection) = &mut self.link
        {
            connection.resume_waits(now);
        }
    }

    /// Discord asks for a heartbeat. It gets as many as it would take: each answer waits in memory
    /// until it is sent, and one too many ends the connection.
    fn beat_asked_for(&mut self, now: Instant) {
        if let Link::Up(connection) = &mut self.link
            && connection.budget.is_free(now)
        {
            self.beat(now);
        }
    }

    fn beat(&mut self, now: Instant) {
        let received = (self.received > 0).then_some(self.received);
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        connection.beat(now);
        self.counts.heartbeats += 1;
        let payload = crate::command::frame(1, &received);
        self.send(now, payload);
    }

    fn send(&mut self, now: Instant, payload: Result<Bytes, Error>) {
        if let Link::Up(connection) = &mut self.link {
            connection.budget.unasked(now);
        }
        match payload {
            Ok(payload) => self.outputs.push_back(Output::Send(Payload(payload))),
            // Our own frames hold strings, numbers and lists; writing them cannot fail.
            Err(error) => self.stop(Some(error)),
        }
    }

    fn timeout(&mut self, now: Instant) {
        let due = |at: Instant| now >= at;
        let reads = self.wants_frames();
        match &mut self.link {
            Link::Down { reconnect_at } => {
                if reconnect_at.is_some_and(due) {
                    self.connect(now);
                }
            }
            Link::Opening { until, .. } => {
                if due(*until) {
                    self.lost_by_us(now, Reaction::Resume, Duration::ZERO);
                }
            }
            Link::Up(connection) => {
                if reads {
                    connection.resume_waits(now);
                }
                if reads && connection.silent_since(now) {
                    self.counts.zombies += 1;
                    self.lost_by_us(now, Reaction::Resume, Duration::ZERO);
                } else if reads && connection.stage.is_overdue(now) {
                    self.lost_by_us(now, Reaction::Resume, Duration::ZERO);
                } else {
                    if connection.next_beat.is_some_and(due) {
                        self.beat(now);
                    }
                    self.send_commands(now);
                }
            }
            Link::Stopped => {}
        }
    }

    fn stop(&mut self, error: Option<Error>) {
        if error.is_none() && matches!(self.link, Link::Opening { .. } | Link::Up(_)) {
            self.outputs.push_back(Output::Close {
                code: CLOSE_TO_RESUME,
            });
        }
        self.link = Link::Stopped;
        self.enter(ShardState::Stopped);
        self.fatal = error;
    }

    fn enter(&mut self, state: ShardState) {
        if self.state != state {
            self.state = state;
            self.outputs.push_back(Output::State(state));
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("shard", &self.shard)
            .field("state", &self.state)
            .field("generation", &self.generation)
            .field("delivered", &self.delivered)
            .field("backlog_bytes", &self.backlog_bytes)
            .finish_non_exhaustive()
    }
}

/// Where a session is to be resumed. An address that cannot be used is as good as none, and nobody
/// is led from TLS to plain text.
fn resume_url(url: &str, home: &GatewayUrl, config: &Config) -> Option<GatewayUrl> {
    GatewayUrl::parse(url, config.allow_plain)
        .ok()
        .filter(|url| url.is_tls() || !home.is_tls())
}

/// What an event weighs in the backlog: its bytes, and the list's own.
const fn weight(bytes: usize) -> usize {
    bytes + PARCEL_OVERHEAD
}

/// The version of Discord's API that the session speaks.
pub const API_VERSION: u32 = 10;

/// Name lookup, TCP, TLS and upgrade have deadlines of their own; this one holds if they do not.
const OPEN_DEADLINE: Duration = Duration::from_secs(45);

/// Discord greets at once; one that does not is stuck.
const HELLO_DEADLINE: Duration = Duration::from_secs(10);

/// READY of a large shard takes Discord some seconds.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// The longest silence while missed events are replayed.
const RESUMED_DEADLINE: Duration = Duration::from_secs(30);

/// A resume that failed this often without a single event will not work.
const FRUITLESS_RESUMES_MAX: u32 = 3;

/// A minute's budget of commands: more would wait for longer than anyone expects.
const COMMANDS_MAX: usize = 120;

/// About what a queued event needs beside its payload, so that empty events count too.
const PARCEL_OVERHEAD: usize = 128;
