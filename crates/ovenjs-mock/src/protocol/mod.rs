//! The server's side of Discord's gateway as a pure machine.
//!
//! Bytes of clients and happenings of the world go in by [`Gateway::handle`] and
//! [`Gateway::dispatch`], frames come out by [`Gateway::poll`], and [`Gateway::deadline`] says when
//! [`Gateway::expire`] has something to do. It reads no clock, opens no socket and spawns nothing;
//! what happens by chance follows from a seed. So the simulations use the very code that real
//! clients connect to.
//!
//! `receive` judges what a client says and `identify`, `members` and `answer` do it; `hearing` says
//! who is told of what happened; `connection` and `session` are what lasts; `mishaps` and `trouble`
//! are what goes wrong, by chance and on demand; `websocket` is the framing beneath it all. This file
//! is long because everything that the gateway can be asked from outside stands in it.

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
pub(crate) mod close;
mod compress;
mod connection;
mod hearing;
mod identify;
mod intents;
mod members;
mod mishaps;
mod receive;
mod session;
mod trouble;
pub(crate) mod websocket;

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of output among many"
)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{config::Config, faults::FaultMenu, world::World};

pub use mishaps::Admission;

pub(crate) use compress::Frame;
pub(crate) use hearing::Written;
pub(crate) use intents::IntentTable;
pub(crate) use mishaps::Mishaps;

use close::Reason;
use compress::Compressor;
use connection::{Connection, Lines, Payload};
use identify::Budget;
use mishaps::Fate;
#[cfg(test)]
use session::shard_of;
use session::{Happening, ReplayBounds, Sessions};

/// What a socket brought.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    /// A text or binary message.
    Message(&'a [u8]),
    Ping(&'a [u8]),
    /// Frames against the websocket protocol.
    Unlawful(Reason),
    /// The socket is gone, with the close code if the client sent one.
    Closed(Option<u16>),
}

/// What a socket is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Send(Frame),
    Pong(Vec<u8>),
    /// Send a frame in pieces: of so many bytes, with a pause between them.
    Split(Frame, usize, Duration),
    /// Send so many bytes of a frame and end the socket.
    Half(Frame, usize),
    /// Send a close frame and end the socket.
    Close(u16, &'static str),
    /// End the socket without a word.
    Abort,
    /// End the socket so that the client's next read fails.
    Reset,
}

/// What happened between the box and a client, for those who watch.
#[derive(Clone, Debug)]
pub(crate) enum Traffic {
    Opened {
        connection: u64,
        compress: &'static str,
    },
    Received {
        connection: u64,
        op: u64,
        data: Value,
    },
    Ready {
        connection: u64,
        shard: (u32, u32),
    },
    Resumed {
        connection: u64,
        replayed: usize,
    },
    Sent {
        connection: u64,
        event: String,
        seq: u64,
    },
    Closed {
        connection: u64,
        code: Option<u16>,
        by: &'static str,
    },
}

/// All connections and sessions.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// The time of the deed that is being done.
    now: Instant,
    rules: Rules,
    intents: Arc<IntentTable>,
    lines: Lines,
    sessions: Sessions,
    sessions_begun: u64,
    /// The last identify in each of the places that `max_concurrency` gives.
    identified: HashMap<u32, Instant>,
    budget: Budget,
    /// Whether the token was used up, which Discord answers by giving the bot a new one.
    pub(crate) token_is_spent: bool,
    /// When all members of a guild were last asked for.
    members_asked: HashMap<u64, Instant>,
    /// Guilds that are down.
    outages: BTreeSet<u64>,
    pub(crate) mishaps: Mishaps,
    pub(crate) traffic: Vec<Traffic>,
    /// Whether anyone wants to know of every event that is sent.
    pub(crate) is_watched: bool,
    /// Events of the gateway's own making, for the oracle to look at.
    pub(crate) own_events: Vec<(&'static str, Value)>,
    /// Events to one session each which follow what the world has yet to tell.
    waiting: Vec<(u64, &'static str, Value)>,
    /// What a client did in vain.
    pub(crate) warnings: Vec<String>,
    /// Why connections were closed that said what they should not have.
    pub(crate) refusals: Vec<Reason>,
    /// The message inside of the frame that was polled last, where somebody listens in.
    pub(crate) overheard: Option<Vec<u8>>,
    /// The sessions that began since somebody asked, and the numbers of their shards, where somebody
    /// listens in.
    pub(crate) begun: Vec<(String, u32)>,
    /// Whether a deadline may have come nearer since this was last looked at.
    pub(crate) is_hurried: bool,
}

/// The part of the configuration that the gateway goes by.
#[derive(Debug)]
struct Rules {
    seed: u64,
    heartbeat_interval: Duration,
    heartbeat_grace: Duration,
    resume_window: Duration,
    replay: ReplayBounds,
    trim_replay: bool,
    resume_path: Option<String>,
    disallowed_intents: u64,
    max_concurrency: u32,
    identify_interval: Duration,
    guilds_per_shard: usize,
    sends: u32,
}

/// A live connection, as those who look in see it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: u64,
    pub(crate) compress: &'static str,
    pub(crate) session: Option<String>,
    pub(crate) shard: Option<(u32, u32)>,
    pub(crate) intents: u64,
    pub(crate) seq: u64,
    pub(crate) heartbeats: u64,
    pub(crate) lateness: Duration,
}

impl Gateway {
    pub(crate) fn new(config: &Config, intents: Arc<IntentTable>, now: Instant) -> Self {
        Self {
            now,
            rules: Rules {
                seed: config.seed,
                heartbeat_interval: config.heartbeat_interval,
                heartbeat_grace: config.heartbeat_grace,
                resume_window: config.resume_window,
                replay: ReplayBounds {
                    events: config.replay_limit,
                    bytes: config.replay_bytes,
                },
                trim_replay: config.trim_replay,
                resume_path: config.resume_path.clone(),
                disallowed_intents: config.disallowed_intents,
                max_concurrency: config.max_concurrency.max(1),
                identify_interval: config.identify_interval,
                guilds_per_shard: config.guilds_per_shard,
                sends: config.gateway_sends,
            },
            intents,
            lines: Lines::default(),
            sessions: Sessions::default(),
            sessions_begun: 0,
            identified: HashMap::new(),
            budget: Budget::new(config.session_starts, config.session_start_window, now),
            token_is_spent: false,
            members_asked: HashMap::new(),
            outages: BTreeSet::new(),
            mishaps: Mishaps::new(config.faults),
            traffic: Vec::new(),
            is_watched: false,
            own_events: Vec::new(),
            waiting: Vec::new(),
            warnings: Vec::new(),
            refusals: Vec::new(),
            overheard: None,
            begun: Vec::new(),
            is_hurried: false,
        }
    }

    /// The time of what is done next.
    pub(crate) const fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    pub(crate) fn serve(&mut self, menu: FaultMenu) {
        self.mishaps.serve(menu);
    }

    /// Whether a websocket may be opened on this path.
    pub(crate) fn has_path(&self, path: &str) -> bool {
        let path = trimmed(path);
        path.is_empty() || self.rules.resume_path.as_deref().map(trimmed) == Some(path)
    }

    /// A client has connected, with the path and the query of its URL; Hello is the answer, or a
    /// close code.
    pub(crate) fn open(&mut self, path: &str, query: &str) -> u64 {
        let now = self.now;
        let parameter = |name: &str| {
            query.split('&').find_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                (key == name).then_some(value)
            })
        };
        let compressor = Compressor::named(parameter("compress"));
        let lawful_compression = compressor.is_some();
        let compressor = compressor.unwrap_or(Compressor::Plain);
        let compress = compressor.name();
        let version = match parameter("v") {
            None | Some("10") => Some(NEWEST),
            Some("9") => Some(9),
            Some(_) => None,
        };
        let path = trimmed(path).to_owned();
        let connection = Connection::new(now, path, version.unwrap_or(NEWEST), compressor);
        let id = self.lines.add(connection);
        self.is_hurried = true;
        self.traffic.push(Traffic::Opened {
            connection: id,
            compress,
        });
        for (name, wanted) in [("v", "v=10"), ("encoding", "encoding=json")] {
            if parameter(name).is_none() {
                self.warnings
                    .push(format!("the gateway was connected to without {wanted}"));
            }
        }
        if version.is_none() {
            self.lines.close(id, now, close::INVALID_VERSION);
        } else if !matches!(parameter("encoding"), None | Some("json")) || !lawful_compression {
            self.lines.close(id, now, close::FOREIGN);
        } else {
            let interval = crate::time::millis(self.rules.heartbeat_interval);
            let hello = json!({
                "t": null, "s": null, "op": 10,
                "d": { "heartbeat_interval": interval, "_trace": ["ovenjs-mock"] },
            });
            let due = now + self.mishaps.hello_delay() + self.mishaps.latency_out();
            self.lines.control(id, due, &hello);
        }
        id
    }

    /// Takes in what a socket brought.
    pub(crate) fn handle(&mut self, id: u64, input: Input<'_>, world: &mut World) {
        let deaf = self.lines.get(id).is_some_and(|line| line.deaf);
        match input {
            Input::Closed(code) => {
                if let Some(connection) = self.lines.remove(id) {
                    self.traffic.push(Traffic::Closed {
                        connection: id,
                        code,
                        by: "client",
                    });
                    self.part(connection.session, matches!(code, Some(1000 | 1001)));
                }
            }
            Input::Message(_) | Input::Ping(_) | Input::Unlawful(_) if deaf => {}
            Input::Message(bytes) => self.take_in(id, bytes, world),
            Input::Ping(payload) => self.push(id, Payload::Pong(payload.to_vec())),
            Input::Unlawful(reason) => self.lines.close(id, self.now, reason),
        }
    }

    /// A message arrives now, or later where there is latency.
    fn take_in(&mut self, id: u64, bytes: &[u8], world: &mut World) {
        let latency = self.mishaps.latency_in();
        let Some(connection) = self.lines.get_mut(id) else {
            return;
        };
        if latency.is_zero() && !connection.is_receiving() {
            self.receive(id, bytes, world);
        } else if connection.take_in(self.now + latency, bytes) {
            self.is_hurried = true;
        } else {
            self.refusals.push(close::RATE_LIMITED);
            self.lines.close(id, self.now, close::RATE_LIMITED);
        }
    }

    /// The next thing that the socket is to do, if there is one.
    pub(crate) fn poll(&mut self, id: u64) -> Option<Output> {
        let now = self.now;
        let connection = self.lines.get_mut(id)?;
        let Some(payload) = connection.next(now) else {
            self.is_hurried |= connection.due().is_some();
            return None;
        };
        let is_event = matches!(payload, Payload::Event(..));
        let bytes = match payload {
            Payload::Control(bytes) => bytes,
            Payload::Event(seq, happening) | Payload::Resumed(seq, happening) => {
                happening.numbered(seq)
            }
            Payload::Pong(bytes) => return Some(Output::Pong(bytes)),
            Payload::Close(code, reason) => {
                self.end(id, Some(code));
                return Some(Output::Close(code, reason));
            }
            Payload::Abort => {
                self.end(id, None);
                return Some(Output::Abort);
            }
        };
        if let Some(overheard) = &mut self.overheard {
            overheard.clear();
            overheard.extend_from_slice(&bytes);
        }
        let frame = connection.compressor.frame(bytes, connection.packets);
        connection.events_sent += u64::from(is_event);
        let before = connection.bytes_sent;
        let length = u64::try_from(frame.bytes().len()).unwrap_or(u64::MAX);
        connection.bytes_sent = before.saturating_add(length);
        let (events, bytes) = (connection.events_sent, connection.bytes_sent);
        if let Some(limit) = self
            .mishaps
            .drop_after_bytes
            .filter(|limit| bytes >= *limit)
        {
            let kept = usize::try_from(limit.saturating_sub(before)).unwrap_or(0);
            self.end(id, None);
            return Some(Output::Half(frame, kept));
        }
        if let Some((after, code)) = self.mishaps.drop_after
            && is_event
            && events >= after
        {
            match code {
                Some(code) => self.lines.close_now(id, now, (code, close::TOLD_TO)),
                None => self.lines.abort(id, now),
            }
            return Some(Output::Send(frame));
        }
        self.meet_fate(id, frame)
    }

    fn meet_fate(&mut self, id: u64, frame: Frame) -> Option<Output> {
        let length = frame.bytes().len();
        match self.mishaps.fate() {
            Fate::Sent => Some(match self.mishaps.menu.drip_bytes_per_second {
                0 => Output::Send(frame),
                rate => {
                    let piece = usize::try_from(rate).unwrap_or(usize::MAX) / DRIPS_PER_SECOND;
                    Output::Split(frame, piece.max(1), DRIP)
                }
            }),
            Fate::Split => {
                let piece = 1 + self.mishaps.place_in(length);
                Some(Output::Split(frame, piece, Duration::ZERO))
            }
            Fate::Corrupted => {
                if let Some(overheard) = &mut self.overheard {
                    overheard.clear();
                }
                Some(Output::Send(frame.corrupted()))
            }
            Fate::Halved => {
                let kept = self.mishaps.place_in(length);
                self.end(id, None);
                Some(Output::Half(frame, kept))
            }
            Fate::Dropped => {
                self.end(id, None);
                Some(Output::Abort)
            }
            Fate::Reset => {
                self.end(id, None);
                Some(Output::Reset)
            }
            Fate::Frozen => {
                self.freeze(id);
                None
            }
            Fate::Deafened => {
                if let Some(line) = self.lines.get_mut(id) {
                    line.deaf = true;
                }
                Some(Output::Send(frame))
            }
            Fate::Muted => {
                if let Some(line) = self.lines.get_mut(id) {
                    line.mute = true;
                    line.clear();
                }
                None
            }
            Fate::Closed(code) => {
                self.end(id, Some(code));
                Some(Output::Close(code, close::TOLD_TO))
            }
        }
    }

    /// When [`expire`](Self::expire) is due next. Sockets have been polled until they had nothing
    /// more to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let patience = self.patience();
        let lines = self.lines.iter().flat_map(|(_, line)| {
            let silent = (!line.closing && !line.is_dead()).then(|| line.last_heartbeat + patience);
            silent.into_iter().chain(line.due())
        });
        let alone = self
            .sessions
            .iter()
            .filter_map(|(_, session)| Some(session.alone_since? + self.rules.resume_window));
        lines.chain(alone).min()
    }

    /// Takes in what has arrived by now, lets go what was kept back, closes connections that have
    /// not sent a heartbeat, and forgets sessions nobody resumed.
    pub(crate) fn expire(&mut self, world: &mut World) {
        let now = self.now;
        let patience = self.patience();
        for id in self.lines.ids() {
            while let Some(message) = self.lines.get_mut(id).and_then(|line| line.arrived(now)) {
                self.receive(id, &message, world);
            }
            let Some(line) = self.lines.get_mut(id) else {
                continue;
            };
            if line.due().is_some_and(|due| due <= now) {
                self.lines.ring(id);
            } else if !line.closing && !line.is_dead() && now >= line.last_heartbeat + patience {
                let lost = line.session.take();
                self.lines.close(id, now, close::SESSION_TIMED_OUT);
                lost.and_then(|session| self.sessions.remove(session));
            }
        }
        for id in self.sessions.ids() {
            let alone_since = self
                .sessions
                .get(id)
                .and_then(|session| session.alone_since);
            if alone_since.is_some_and(|since| now >= since + self.rules.resume_window) {
                self.sessions.remove(id);
            }
        }
    }

    /// The connections whose sockets are to be told that there is something to send.
    pub(crate) fn take_woken(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.lines.woken)
    }

    /// Identifies that are left, and how long until there are more.
    pub(crate) fn starts(&self) -> (u32, Duration) {
        self.budget.left(self.now)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        let alive = self.lines.iter().filter(|(_, line)| !line.closing);
        alive
            .map(|(id, line)| {
                let session = line.session.and_then(|id| self.sessions.get(id));
                Seen {
                    connection: id,
                    compress: line.compressor.name(),
                    session: session.map(|session| session.name.clone()),
                    shard: session.map(|session| session.shard),
                    intents: session.map_or(0, |session| session.intents),
                    seq: session.map_or(0, |session| session.seq),
                    heartbeats: line.heartbeats,
                    lateness: line.lateness,
                }
            })
            .collect()
    }

    /// Whether no session exists, not even one that waits for its client.
    pub(crate) fn is_deserted(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How many connections have a session.
    pub(crate) fn ready(&self) -> usize {
        self.lines
            .iter()
            .filter(|(_, line)| line.session.is_some() && !line.closing)
            .count()
    }

    fn patience(&self) -> Duration {
        self.rules.heartbeat_interval + self.rules.heartbeat_grace
    }

    fn push(&mut self, id: u64, payload: Payload) {
        let due = self.now + self.mishaps.latency_out();
        self.lines.push(id, due, payload);
    }

    fn control(&mut self, id: u64, payload: &Value) {
        let due = self.now + self.mishaps.latency_out();
        self.lines.control(id, due, payload);
    }

    /// Sends what had to wait for the happenings of the world.
    pub(crate) fn follow_up(&mut self) {
        for (session, name, data) in std::mem::take(&mut self.waiting) {
            self.send(session, name, data);
        }
    }

    /// Sends an event of the gateway's own making to one session only.
    fn send(&mut self, session: u64, name: &'static str, data: Value) {
        self.deliver(session, &Happening::new(name, &data));
        self.own_events.push((name, data));
    }

    /// Numbers an event for a session and sends it, if the session has a connection.
    fn deliver(&mut self, id: u64, happening: &Arc<Happening>) {
        let aside = self.mishaps.aside();
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if aside.skip {
            session.seq += 1;
        }
        let seq = session.number(happening, self.rules.replay);
        let Some(connection) = session.connection else {
            return;
        };
        self.push(connection, Payload::Event(seq, Arc::clone(happening)));
        if self.is_watched {
            self.traffic.push(Traffic::Sent {
                connection,
                event: happening.name.clone(),
                seq,
            });
        }
        if aside.repeat {
            self.push(connection, Payload::Event(seq, Arc::clone(happening)));
        }
        self.happen_beside(connection, aside);
    }

    fn end(&mut self, id: u64, code: Option<u16>) {
        if let Some(connection) = self.lines.remove(id) {
            self.traffic.push(Traffic::Closed {
                connection: id,
                code,
                by: "mock",
            });
            self.part(connection.session, false);
        }
    }

    /// A session loses its connection; the client's 1000 and 1001 end it.
    fn part(&mut self, session: Option<u64>, for_good: bool) {
        let Some(id) = session else { return };
        self.is_hurried = true;
        if for_good {
            self.sessions.remove(id);
        } else if let Some(session) = self.sessions.get_mut(id) {
            session.connection = None;
            session.alone_since = Some(self.now);
        }
    }
}

fn invalid_session(resumable: bool) -> Value {
    json!({ "t": null, "s": null, "op": 9, "d": resumable })
}

/// A path as it is compared: clients write a slash before the query or leave it out.
fn trimmed(path: &str) -> &str {
    path.trim_matches('/')
}

/// The API version of who names none.
const NEWEST: u8 = 10;

/// How often a line that drips lets something through.
const DRIPS_PER_SECOND: usize = 50;
const DRIP: Duration = Duration::from_millis(20);
