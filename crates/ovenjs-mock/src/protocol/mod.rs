//! The server's side of Discord's gateway as a pure machine.
//!
//! Bytes of clients and happenings of the world go in by [`Gateway::handle`] and
//! [`Gateway::dispatch`], frames come out by [`Gateway::poll`], and [`Gateway::deadline`] says when
//! [`Gateway::expire`] has something to do. It reads no clock, opens no socket, draws no random
//! number and spawns nothing, so the simulations use the very code that real clients connect to.

#![warn(clippy::wildcard_enum_match_arm)]

pub(crate) mod close;
mod compress;
mod connection;
mod intents;
mod receive;
mod session;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    config::Config,
    faults::Faults,
    json::snowflake,
    world::{Emission, World, permission},
};

pub(crate) use compress::Frame;
pub(crate) use intents::IntentTable;

use compress::Compressor;
use connection::{Connection, Payload};
use session::Session;

/// What a socket brought.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    /// A text or binary message.
    Message(&'a [u8]),
    /// The socket is gone, with the close code if the client sent one.
    Closed(Option<u16>),
}

/// What a socket is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Send(Frame),
    /// Send a close frame and end the socket.
    Close(u16, &'static str),
    /// End the socket without a word.
    Abort,
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
    rules: Rules,
    intents: IntentTable,
    connections: BTreeMap<u64, Connection>,
    sessions: BTreeMap<String, Session>,
    next: u64,
    /// The last identify in each of the places that `max_concurrency` gives.
    identified: HashMap<u32, Instant>,
    pub(crate) starts_left: u32,
    /// When all members of a guild were last asked for.
    members_asked: HashMap<u64, Instant>,
    pub(crate) traffic: Vec<Traffic>,
    /// Events of the gateway's own making, for the oracle to look at.
    pub(crate) own_events: Vec<(&'static str, Value)>,
    /// What a client did in vain.
    pub(crate) warnings: Vec<String>,
}

/// The part of the configuration that the gateway goes by.
#[derive(Debug)]
struct Rules {
    seed: u64,
    heartbeat_interval: Duration,
    heartbeat_grace: Duration,
    resume_window: Duration,
    replay_limit: usize,
    disallowed_intents: u64,
    max_concurrency: u32,
    identify_interval: Duration,
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
}

impl Gateway {
    pub(crate) fn new(config: &Config, intents: IntentTable) -> Self {
        Self {
            rules: Rules {
                seed: config.seed,
                heartbeat_interval: config.heartbeat_interval,
                heartbeat_grace: config.heartbeat_grace,
                resume_window: config.resume_window,
                replay_limit: config.replay_limit,
                disallowed_intents: config.disallowed_intents,
                max_concurrency: config.max_concurrency.max(1),
                identify_interval: config.identify_interval,
                sends: config.gateway_sends,
            },
            intents,
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next: 0,
            identified: HashMap::new(),
            starts_left: config.session_starts,
            members_asked: HashMap::new(),
            traffic: Vec::new(),
            own_events: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// A client has connected, with the query of its URL; Hello is the answer, or a close code.
    pub(crate) fn open(&mut self, now: Instant, query: &str) -> u64 {
        self.next += 1;
        let id = self.next;
        let parameter = |name: &str| {
            query.split('&').find_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                (key == name).then_some(value)
            })
        };
        let compressor = Compressor::named(parameter("compress"));
        let lawful_compression = compressor.is_some();
        let mut connection = Connection::new(now, compressor.unwrap_or(Compressor::Plain));
        self.traffic.push(Traffic::Opened {
            connection: id,
            compress: connection.compressor.name(),
        });
        if !matches!(parameter("v"), None | Some("9" | "10")) {
            connection.close(close::INVALID_VERSION, "Invalid API version.");
        } else if !matches!(parameter("encoding"), None | Some("json")) || !lawful_compression {
            // Discord speaks ETF too; the box does not, and says so by the code for what it cannot read.
            connection.close(
                close::DECODE,
                "The mock speaks json, with zlib-stream, zstd-stream or nothing.",
            );
        } else {
            let interval = crate::time::millis(self.rules.heartbeat_interval);
            connection.control(&json!({
                "t": null, "s": null, "op": 10,
                "d": { "heartbeat_interval": interval, "_trace": ["ovenjs-mock"] },
            }));
        }
        self.connections.insert(id, connection);
        id
    }

    /// Takes in what a socket brought.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        id: u64,
        input: Input<'_>,
        world: &World,
        faults: &mut Faults,
    ) {
        match input {
            Input::Message(bytes) => self.receive(now, id, bytes, world, faults),
            Input::Closed(code) => {
                if let Some(connection) = self.connections.remove(&id) {
                    self.traffic.push(Traffic::Closed {
                        connection: id,
                        code,
                        by: "client",
                    });
                    self.part(now, connection.session, matches!(code, Some(1000 | 1001)));
                }
            }
        }
    }

    /// The next thing that the socket is to do, if there is one.
    pub(crate) fn poll(&mut self, now: Instant, id: u64, faults: &Faults) -> Option<Output> {
        let connection = self.connections.get_mut(&id)?;
        let payload = connection.next()?;
        match payload {
            Payload::Control(bytes) => Some(Output::Send(
                connection.compressor.frame(&bytes, connection.packets),
            )),
            Payload::Event(bytes) => {
                let frame = connection.compressor.frame(&bytes, connection.packets);
                connection.events_sent += 1;
                if let Some((after, code)) = faults.drop_after
                    && connection.events_sent >= after
                {
                    connection.abort();
                    if let Some(code) = code {
                        connection.next();
                        connection.closing = false;
                        connection.close(code, "The mock was told to.");
                    }
                }
                Some(Output::Send(frame))
            }
            Payload::Close(code, reason) => {
                self.end(now, id, Some(code));
                Some(Output::Close(code, reason))
            }
            Payload::Abort => {
                self.end(now, id, None);
                Some(Output::Abort)
            }
        }
    }

    /// Tells every session that may hear of it.
    pub(crate) fn dispatch(&mut self, emission: &Emission, world: &World) {
        let Emission { name, data, guild } = emission;
        if !may_be_seen(emission, world) {
            return;
        }
        let mut texts: (Option<String>, Option<String>) = (None, None);
        let limit = self.rules.replay_limit;
        for session in self.sessions.values_mut() {
            let heard = session.carries(*guild)
                && self
                    .intents
                    .lets_through(session.intents, name, *guild, data, world.bot);
            if !heard {
                continue;
            }
            let whole = texts.0.get_or_insert_with(|| data.to_string());
            let text = if session.intents & intents::MESSAGE_CONTENT == 0 {
                let whole = whole.clone();
                texts.1.get_or_insert_with(|| {
                    intents::without_content(name, *guild, data, world.bot)
                        .map_or(whole, |covered| covered.to_string())
                })
            } else {
                whole
            };
            let payload = session.number(name, text, limit);
            let connection = session
                .connection
                .and_then(|id| self.connections.get_mut(&id));
            if let Some(connection) = connection {
                connection.push(Payload::Event(payload));
                let sent = Traffic::Sent {
                    connection: session.connection.unwrap_or_default(),
                    event: name.clone(),
                    seq: session.seq,
                };
                self.traffic.push(sent);
            }
        }
    }

    /// When [`expire`](Self::expire) is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let patience = self.rules.heartbeat_interval + self.rules.heartbeat_grace;
        let silent = self
            .connections
            .values()
            .filter(|connection| !connection.closing)
            .map(|connection| connection.last_heartbeat + patience);
        let alone = self
            .sessions
            .values()
            .filter_map(|session| Some(session.alone_since? + self.rules.resume_window));
        silent.chain(alone).min()
    }

    /// Closes connections that have not sent a heartbeat, and forgets sessions nobody resumed.
    pub(crate) fn expire(&mut self, now: Instant) {
        let patience = self.rules.heartbeat_interval + self.rules.heartbeat_grace;
        let mut lost = Vec::new();
        for connection in self.connections.values_mut() {
            if !connection.closing && now >= connection.last_heartbeat + patience {
                lost.extend(connection.session.take());
                connection.close(close::SESSION_TIMED_OUT, "Session timed out.");
            }
        }
        self.sessions.retain(|id, session| {
            let waited = session
                .alone_since
                .is_some_and(|since| now >= since + self.rules.resume_window);
            !waited && !lost.contains(id)
        });
    }

    /// Asks every connected client to reconnect and resume.
    pub(crate) fn ask_to_reconnect(&mut self) {
        for connection in self.connections.values_mut() {
            connection.control(&json!({ "t": null, "s": null, "op": 7, "d": null }));
        }
    }

    /// Declares every session invalid, as Discord does after an outage. What is not resumable is
    /// forgotten.
    pub(crate) fn invalidate(&mut self, now: Instant, resumable: bool) {
        for connection in self.connections.values_mut() {
            connection.control(&invalid_session(resumable));
            if !resumable {
                connection.session = None;
            }
        }
        if resumable {
            for session in self.sessions.values_mut() {
                session.connection = None;
                session.alone_since = Some(now);
            }
            for connection in self.connections.values_mut() {
                connection.session = None;
            }
        } else {
            self.sessions.clear();
        }
    }

    /// Breaks every connection, with a close code or without a word.
    pub(crate) fn break_all(&mut self, code: Option<u16>) {
        for connection in self.connections.values_mut() {
            match code {
                Some(code) => connection.close(code, "The mock was told to."),
                None => connection.abort(),
            }
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.connections
            .iter()
            .filter(|(_, connection)| !connection.closing)
            .map(|(id, connection)| {
                let session = connection
                    .session
                    .as_ref()
                    .and_then(|id| self.sessions.get(id));
                Seen {
                    connection: *id,
                    compress: connection.compressor.name(),
                    session: connection.session.clone(),
                    shard: session.map(|session| session.shard),
                    intents: session.map_or(0, |session| session.intents),
                    seq: session.map_or(0, |session| session.seq),
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
        self.connections
            .values()
            .filter(|c| c.session.is_some() && !c.closing)
            .count()
    }

    fn end(&mut self, now: Instant, id: u64, code: Option<u16>) {
        if let Some(connection) = self.connections.remove(&id) {
            self.traffic.push(Traffic::Closed {
                connection: id,
                code,
                by: "mock",
            });
            self.part(now, connection.session, false);
        }
    }

    /// A session loses its connection; the client's 1000 and 1001 end it.
    fn part(&mut self, now: Instant, session: Option<String>, for_good: bool) {
        let Some(id) = session else { return };
        if for_good {
            self.sessions.remove(&id);
        } else if let Some(session) = self.sessions.get_mut(&id) {
            session.connection = None;
            session.alone_since = Some(now);
        }
    }
}

/// Whether the bot may see the channel of what happened. Interactions reach it everywhere.
fn may_be_seen(emission: &Emission, world: &World) -> bool {
    let channel = emission.data.get("channel_id").and_then(snowflake);
    match channel.filter(|channel| world.channels.contains_key(channel)) {
        Some(channel) if emission.name != "INTERACTION_CREATE" => {
            world.channel_permissions(channel, world.bot) & permission::VIEW_CHANNEL != 0
        }
        _ => true,
    }
}

fn invalid_session(resumable: bool) -> Value {
    json!({ "t": null, "s": null, "op": 9, "d": resumable })
}
