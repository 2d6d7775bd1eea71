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
//! and repeated in every input about that connection. One on which the session will identify is opened
//! only after its turn has come: [`Output::WantIdentify`] announces it then. Inputs of an older generation are ignored, so
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
//! **At least once.** Under [`Config::at_least_once`] what was delivered counts only once the
//! consumer has said so with [`Input::Handled`]: heartbeats and the hand-over then speak of the
//! mark below which everything is handled, and a process that comes after a crash gets all that was
//! above it again. The consumer is at most [`UNHANDLED_MAX`] deliveries ahead of the mark.
//!
//! This file is the machine's outside; what Discord says is met in
//! `receive`, how connections begin and end in `life`, what is true of one connection only in
//! `connection`, and what waits for the consumer in `backlog`. It is long because its doors and
//! what they say of themselves are read together.

#![warn(clippy::wildcard_enum_match_arm)]

mod backlog;
mod backoff;
mod close;
mod connection;
mod contract;
mod envelope;
mod handled;
mod identify;
mod inflate;
mod life;
mod notice;
mod payload;
mod reading;
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
use ovenjs_ratelimit::IdentifyBudget;
use ovenjs_types::{Interest, Pressure, ShardId, UpdatePresence, Version};

pub use close::{CLOSE_CODES, CLOSE_TO_RESUME, CloseCode, Reaction, reaction};
pub use contract::{Connect, Failure, Generation, Input, Output, Payload, SessionGap};
pub use handled::UNHANDLED_MAX;
pub use identify::{IdentifyTurns, Turn};
pub use inflate::MESSAGE_BYTES_MAX;
pub use notice::{Loss, Notice};
pub use resume::Resume;
pub use state::{Counts, ShardState};

use crate::{Config, Error, ErrorKind, GatewayUrl, Pulse, command::Sealed};
use backlog::Backlog;
use backoff::{Backoff, Jitter};
use connection::{Connection, Stage};

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
/// let outputs = std::iter::from_fn(|| session.poll());
/// let Some(Output::WantIdentify { generation }) = outputs.last() else { panic!() };
/// // Its turn has come: only now does it want a connection.
/// session.handle(now, Input::IdentifyGranted { generation });
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
    state_since: Option<Instant>,
    /// Since when nothing is received.
    away_since: Option<Instant>,
    last_event: Option<Instant>,
    history: Option<History>,
    /// The last number received in the session of this epoch; 0 before its READY.
    received: u64,
    /// The last number of a session that is over, while nobody has been told yet.
    untold_gap: Option<u64>,
    epoch: u64,
    fruitless_resumes: u32,
    backoff: Backoff,
    jitter: Jitter,
    presence: Option<UpdatePresence>,
    commands: VecDeque<Sealed>,
    outputs: VecDeque<Output>,
    backlog: Backlog,
    /// As of which version the next process could go on after a crash, where that is saved.
    saved: Option<Version>,
    /// Whether it was told that the session has held.
    held: bool,
    /// Whether it was told that the backlog is full.
    paused: bool,
    pressure: Pressure,
    interest: Interest,
    overhears: Interest,
    counts: Counts,
    /// Why the shard has given up; told once the backlog is empty.
    fatal: Option<Error>,
}

enum Link {
    Down {
        reconnect_at: Option<Instant>,
    },
    /// Waits for the turn to identify, without a connection.
    Queued,
    Opening {
        since: Instant,
        until: Instant,
        at_home: bool,
    },
    Up(Box<Connection>),
    Stopped,
}

struct History {
    session_id: String,
    /// Where Discord wants the session resumed; the usual gateway where that did not work.
    url: Option<GatewayUrl>,
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
            state_since: None,
            away_since: None,
            last_event: None,
            history,
            received: version.seq,
            untold_gap: None,
            epoch,
            fruitless_resumes: 0,
            backoff: Backoff::new(base, max),
            jitter: Jitter::new(entropy),
            presence: config.live.presence.clone(),
            backlog: Backlog::new(version, config.backlog_bytes, config.at_least_once),
            saved: None,
            held: false,
            paused: false,
            pressure: Pressure::Low,
            interest: config.live.interest,
            overhears: Interest::none(),
            config,
            commands: VecDeque::new(),
            outputs: VecDeque::new(),
            counts: Counts::default(),
            fatal: None,
        })
    }

    /// Takes in what happened at `now`. `now` must not run backwards.
    ///
    /// Never panics, whatever the peer sent.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if matches!(self.link, Link::Stopped) {
            // What is left is still delivered and handled.
            if let Input::Room(room) = input {
                self.backlog.room = room;
            } else if let Input::Handled(version) = input {
                self.backlog.handled(version);
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
            Input::Failed {
                generation,
                failure,
            } => {
                if self.is_current(generation) {
                    self.failed(now, failure);
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
                    self.granted(now);
                }
            }
            Input::Command(sealed) => self.command(now, sealed),
            Input::Withdraw(question) => self.withdraw(question),
            Input::Room(room) => self.room(now, room),
            Input::Handled(version) => self.backlog.handled(version),
            Input::Saved(version) => self.saved = Some(version),
            Input::Interest(interest) => self.interest = interest,
            Input::Overhear(interest) => self.overhears = interest,
            Input::Pressure(pressure) => self.press(now, pressure),
            Input::Timeout => self.timeout(now),
            Input::Stop => self.stop(now, None),
        }
    }

    /// What to do next; nothing when there is nothing to do until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.backlog.len() == 0 {
            return self.fatal.take().map(Output::Fatal);
        }
        let delivery = self.backlog.poll()?;
        self.counts.delivered += u64::from(matches!(delivery, Output::Dispatch(_)));
        Some(delivery)
    }

    /// The moment at which [`Input::Timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.link {
            Link::Down { reconnect_at } => *reconnect_at,
            Link::Opening { until, .. } => Some(*until),
            Link::Up(connection) => connection.deadline(self.wants_frames()),
            Link::Queued | Link::Stopped => None,
        }
    }

    /// Whether the driver should go on reading from the connection.
    ///
    /// False once the backlog holds [`Config::backlog_bytes`] that the consumer has not taken, or what
    /// [`Input::Pressure`] leaves of them.
    #[must_use]
    pub fn wants_frames(&self) -> bool {
        !self.backlog.is_full()
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

    /// How many deliveries would be given out if there were room: fewer than
    /// [`backlog`](Self::backlog) where too many are not handled yet.
    #[must_use]
    pub fn deliverable(&self) -> usize {
        self.backlog.deliverable()
    }

    /// How many bytes of events wait for the consumer.
    #[must_use]
    pub const fn backlog_bytes(&self) -> usize {
        self.backlog.bytes()
    }

    /// Whether it has ended for good and given out everything, the error included.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.link, Link::Stopped) && self.backlog.len() == 0 && self.fatal.is_none()
    }

    /// How it is, for [`FleetHealth`](crate::FleetHealth).
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse {
            shard: self.shard,
            state: self.state,
            state_since: self.state_since,
            away_since: self.away_since,
            generation: self.generation,
            latency: self.latency(),
            last_event: self.last_event,
            backlog: self.backlog.len(),
            backlog_bytes: [self.backlog.bytes(), self.backlog.bytes_max()],
        }
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
            Link::Down { .. } | Link::Queued | Link::Opening { .. } | Link::Stopped => None,
        }
    }

    /// The epoch of the session, or of the last one that was.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How often things happened.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What another process needs to go on after the last delivered event; under
    /// [`Config::at_least_once`], after the mark below which all is handled.
    ///
    /// Nothing where there is no session, or where no event of it was delivered. A record of the
    /// former session that was kept is then still the better one: with it the next process learns
    /// that the session is over, and tells the gap.
    #[must_use]
    pub fn resume(&self) -> Option<Resume> {
        let mark = self.mark()?;
        let history = self.history.as_ref()?;
        Some(Resume {
            shard: [self.shard.number, self.shard.total],
            session_id: history.session_id.clone(),
            url: history.url.as_ref().map(ToString::to_string),
            version: [mark.epoch, mark.seq],
        })
    }

    /// Whether all that was delivered is handled; always, where nobody says what is.
    #[must_use]
    pub fn is_handled(&self) -> bool {
        self.backlog.is_handled()
    }

    /// Drops what was not delivered: it is the next session's.
    #[cfg(feature = "net")]
    pub(crate) fn give_up_backlog(&mut self) {
        self.backlog.give_up();
        self.commands = VecDeque::new();
        self.outputs = VecDeque::new();
    }

    /// What was said to be saved last.
    #[cfg(feature = "net")]
    pub(crate) const fn saved(&self) -> Option<Version> {
        self.saved
    }

    /// After which event of the present session another process would go on.
    pub(crate) fn mark(&self) -> Option<Version> {
        let mark = self.backlog.mark();
        let is_present = self.history.is_some() && mark.epoch == self.epoch && mark.seq > 0;
        is_present.then_some(mark)
    }

    fn is_current(&mut self, generation: Generation) -> bool {
        let current = generation == self.generation
            && matches!(self.link, Link::Queued | Link::Opening { .. } | Link::Up(_));
        self.counts.stale += u64::from(!current);
        current
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
        // Questions are few at a time, and a bot's own commands must not crowd them out.
        if self.wants_commands() || sealed.question.is_some() {
            self.commands.push_back(sealed);
        }
        self.send_commands(now);
    }

    fn withdraw(&mut self, question: u64) {
        let is_it = |of: Option<u64>| of == Some(question);
        self.commands.retain(|waiting| !is_it(waiting.question));
        self.outputs
            .retain(|output| !matches!(output, Output::Send(payload) if is_it(payload.question)));
    }

    fn send_commands(&mut self, now: Instant) {
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        if !matches!(connection.stage, Stage::Live { .. }) {
            return;
        }
        let told = connection.commands_at.take().is_some_and(|at| now < at);
        while !self.commands.is_empty() {
            if let Err(at) = connection.budget.command(now) {
                connection.commands_at = Some(at);
                if !told {
                    let wait = at.saturating_duration_since(now);
                    let waiting = self.commands.len();
                    self.note(now, Notice::CommandsHeld { wait, waiting });
                }
                return;
            }
            if let Some(sealed) = self.commands.pop_front() {
                let Sealed {
                    bytes, question, ..
                } = sealed;
                self.outputs
                    .push_back(Output::Send(Payload { bytes, question }));
            }
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
        let seq = self.beat_seq();
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        connection.beat(now);
        let lived = connection.stage.live_since().is_some_and(|since| {
            now.saturating_duration_since(since) >= IdentifyBudget::HELD_AFTER
        });
        if lived {
            self.holds(now);
        }
        self.counts.heartbeats += 1;
        let payload = crate::command::frame(1, &seq);
        self.send(now, payload);
    }

    /// What a heartbeat says was received, or handled and saved where that is what counts.
    fn beat_seq(&self) -> Option<u64> {
        let seq = if self.backlog.is_at_least_once() {
            let mark = self.backlog.mark();
            let mark = self.saved.map_or(mark, |saved| mark.min(saved));
            // Between a lost session and READY of the next, the mark is still that of the lost one.
            if mark.epoch == self.epoch && self.received > 0 {
                mark.seq
            } else {
                0
            }
        } else {
            self.received
        };
        (seq > 0).then_some(seq)
    }

    fn send(&mut self, now: Instant, payload: Result<Bytes, Error>) {
        if let Link::Up(connection) = &mut self.link {
            connection.budget.unasked(now);
        }
        match payload {
            Ok(bytes) => self.outputs.push_back(Output::Send(Payload {
                bytes,
                question: None,
            })),
            // Our own frames hold strings, numbers and lists; writing them cannot fail.
            Err(error) => self.stop(now, Some(error)),
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
                    self.overdue(now);
                }
            }
            Link::Up(connection) => {
                if reads {
                    connection.resume_waits(now);
                }
                if reads && connection.silent_since(now) {
                    self.counts.zombies += 1;
                    self.lost_by_us(now, Loss::Silent, Duration::ZERO);
                } else if reads && connection.stage.is_overdue(now) {
                    self.overdue(now);
                } else {
                    if connection.next_beat.is_some_and(due) {
                        self.beat(now);
                    }
                    self.send_commands(now);
                }
            }
            Link::Queued | Link::Stopped => {}
        }
    }

    fn overdue(&mut self, now: Instant) {
        let state = self.state;
        self.lost_by_us(now, Loss::Overdue { state }, Duration::ZERO);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("shard", &self.shard)
            .field("state", &self.state)
            .field("generation", &self.generation)
            .field("mark", &self.backlog.mark())
            .field("backlog_bytes", &self.backlog.bytes())
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

/// The version of Discord's API that the session speaks.
pub const API_VERSION: u32 = 10;

/// Discord greets at once; one that does not is stuck.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// READY of a large shard takes Discord some seconds.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// The longest silence while missed events are replayed.
const RESUMED_DEADLINE: Duration = Duration::from_secs(30);

/// A resume that failed this often without a single event will not work.
const FRUITLESS_RESUMES_MAX: u32 = 3;

/// A minute's budget of commands: more would wait for longer than anyone expects.
const COMMANDS_MAX: usize = 120;
