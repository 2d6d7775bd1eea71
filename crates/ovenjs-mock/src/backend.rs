//! The whole box without its wires: world, gateway, limits and records under one roof.
//!
//! It is as pure as its parts: `now` comes in, frames and answers come out. The server lends it
//! sockets and a clock; a simulation lends it neither.

use std::{collections::VecDeque, time::Instant};

use serde_json::{Value, json};

use crate::{
    config::Config,
    faults::Faults,
    json::{Fields, snowflake},
    oracle::{Oracle, Violation},
    protocol::{Gateway, Input, IntentTable, Output, Traffic},
    rest::{Body, Limiter, Record, Setting},
    time::Timeline,
    world::{Emission, World},
};

/// Discord, as far as the box goes.
#[derive(Debug)]
pub(crate) struct Backend {
    timeline: Timeline,
    config: Config,
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

impl Backend {
    pub(crate) fn new(config: Config, now: Instant, unix_ms: u64) -> Self {
        let oracle = Oracle::embedded();
        let intents = IntentTable::new(
            oracle
                .intents()
                .iter()
                .map(|intent| (intent.name.as_str(), u32::from(intent.bit))),
            oracle.events().iter().map(|event| {
                (
                    event.name.as_str(),
                    event.intents.iter().map(String::as_str).collect(),
                )
            }),
        );
        Self {
            timeline: Timeline::new(now, unix_ms),
            world: World::new(&config, unix_ms),
            gateway: Gateway::new(&config, intents),
            limiter: Limiter::new(config.limits.clone()),
            faults: Faults::default(),
            journal: Journal::default(),
            config,
        }
    }

    pub(crate) fn set_time(&mut self, now: Instant) {
        self.world.now_ms = self.timeline.unix_ms(now);
    }

    pub(crate) const fn setting(&self) -> Setting {
        Setting {
            shards: self.config.shards,
            max_concurrency: self.config.max_concurrency,
            session_starts: self.config.session_starts,
            starts_left: self.gateway.starts_left,
            interaction_deadline: self.config.interaction_deadline,
        }
    }

    pub(crate) fn open(&mut self, now: Instant, query: &str) -> u64 {
        self.set_time(now);
        let id = self.gateway.open(now, query);
        self.settle();
        id
    }

    pub(crate) fn handle(&mut self, now: Instant, connection: u64, input: Input<'_>) {
        self.set_time(now);
        self.gateway
            .handle(now, connection, input, &self.world, &mut self.faults);
        self.settle();
    }

    pub(crate) fn poll(&mut self, now: Instant, connection: u64) -> Option<Output> {
        let output = self.gateway.poll(now, connection, &self.faults);
        self.settle();
        output
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        self.set_time(now);
        self.gateway.expire(now);
        self.settle();
    }

    /// Does something as a user would, and tells the bot.
    pub(crate) fn play<T>(&mut self, now: Instant, deed: impl FnOnce(&mut World) -> T) -> T {
        self.set_time(now);
        let done = deed(&mut self.world);
        self.settle();
        done
    }

    /// Sends an event of the caller's making, which no oracle looks at.
    pub(crate) fn emit(&mut self, now: Instant, emission: &Emission) {
        self.set_time(now);
        self.gateway.dispatch(emission, &self.world);
        self.settle();
    }

    /// Sends out what has happened and writes it down.
    pub(crate) fn settle(&mut self) {
        let oracle = Oracle::embedded();
        for emission in std::mem::take(&mut self.world.emissions) {
            for violation in oracle.check_event(&emission.name, &emission.data) {
                self.journal
                    .found(&format!("event {}", emission.name), &violation);
            }
            self.journal.happened(&emission, self.world.bot);
            self.gateway.dispatch(&emission, &self.world);
        }
        for (name, data) in std::mem::take(&mut self.gateway.own_events) {
            for violation in oracle.check_event(name, &data) {
                self.journal.found(&format!("event {name}"), &violation);
            }
        }
        for traffic in std::mem::take(&mut self.gateway.traffic) {
            self.journal.passed(&traffic);
        }
    }
}

/// What has been seen, for tests and for the page.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) requests: VecDeque<(Record, u16, Value)>,
    /// How many requests were forgotten, so that positions stay valid.
    pub(crate) requests_forgotten: usize,
    pub(crate) violations: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) invalid_requests: u64,
    /// Messages of the bot: channel and id, oldest first.
    pub(crate) bot_messages: VecDeque<(u64, u64)>,
    /// Payloads of clients: connection, opcode, data.
    pub(crate) received: VecDeque<(u64, u64, Value)>,
    pub(crate) identifies: usize,
    pub(crate) resumes: usize,
    /// News for the page, taken out by the server after each deed.
    pub(crate) news: Vec<Value>,
}

impl Journal {
    /// Something of the box's own that Discord would not send. Keys that no document names are no
    /// finding: Discord sends such too, and clients have to bear them.
    pub(crate) fn found(&mut self, about: &str, violation: &Violation) {
        if violation.is_refusal() {
            push_new(&mut self.violations, format!("{about}: {violation}"));
        }
    }

    pub(crate) fn warn(&mut self, text: String) {
        push_new(&mut self.warnings, text);
    }

    pub(crate) fn requested(&mut self, record: Record, status: u16, body: &Body) {
        self.news.push(json!({
            "kind": "request",
            "method": record.method,
            "route": if record.route.is_empty() { &record.path } else { &record.route },
            "status": status,
        }));
        let answer = match body {
            Body::Json(value) => value.clone(),
            Body::Html(text) => Value::String(text.clone()),
            Body::Empty => Value::Null,
        };
        self.requests.push_back((record, status, answer));
        if self.requests.len() > MAX_REQUESTS {
            self.requests.pop_front();
            self.requests_forgotten += 1;
        }
    }

    fn happened(&mut self, emission: &Emission, bot: u64) {
        if let Some(message) = emission
            .data
            .as_object()
            .filter(|_| emission.name == "MESSAGE_CREATE")
        {
            let author = message
                .get("author")
                .and_then(|author| snowflake(author.get("id")?));
            let ids = message.key("channel_id").zip(message.key("id"));
            if let (true, Some(ids)) = (author == Some(bot), ids) {
                self.bot_messages.push_back(ids);
                if self.bot_messages.len() > MAX_REQUESTS {
                    self.bot_messages.pop_front();
                }
            }
        }
        self.news.push(json!({
            "kind": "happened",
            "event": emission.name,
            "channel_id": emission.data.get("channel_id"),
        }));
    }

    fn passed(&mut self, traffic: &Traffic) {
        let news = match traffic {
            Traffic::Opened {
                connection,
                compress,
            } => {
                json!({ "kind": "connected", "connection": connection, "compress": compress })
            }
            Traffic::Received {
                connection,
                op,
                data,
            } => {
                self.received.push_back((*connection, *op, data.clone()));
                if self.received.len() > MAX_REQUESTS {
                    self.received.pop_front();
                }
                json!({ "kind": "received", "connection": connection, "op": op })
            }
            Traffic::Ready {
                connection,
                shard,
                session,
            } => {
                self.identifies += 1;
                json!({ "kind": "ready", "connection": connection, "shard": [shard.0, shard.1], "session": session })
            }
            Traffic::Resumed {
                connection,
                replayed,
                session,
            } => {
                self.resumes += 1;
                json!({ "kind": "resumed", "connection": connection, "replayed": replayed, "session": session })
            }
            Traffic::Sent {
                connection,
                event,
                seq,
            } => {
                json!({ "kind": "sent", "connection": connection, "event": event, "seq": seq })
            }
            Traffic::Closed {
                connection,
                code,
                by,
            } => {
                json!({ "kind": "disconnected", "connection": connection, "code": code, "by": by })
            }
        };
        self.news.push(news);
    }
}

fn push_new(list: &mut Vec<String>, text: String) {
    if list.len() < MAX_FINDINGS && !list.contains(&text) {
        list.push(text);
    }
}

/// Requests, payloads and messages that are remembered; older ones are forgotten.
const MAX_REQUESTS: usize = 20_000;

/// Different findings that are remembered; one is enough to look for its cause.
const MAX_FINDINGS: usize = 200;
