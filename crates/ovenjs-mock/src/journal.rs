//! What has been seen, for tests and for the page.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{
    courier::Posted,
    json::{Fields, snowflake, weight},
    oracle::Violation,
    protocol::Traffic,
    recording::{Asked, Line, Lines},
    rest::{Body, Record},
    world::Emission,
};

/// Everything worth remembering, each list with its bound.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) requests: VecDeque<(Record, u16, Value)>,
    requests_bytes: usize,
    pub(crate) violations: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// Why connections were closed that said what they should not have.
    pub(crate) refusals: Vec<String>,
    pub(crate) invalid_requests: u64,
    /// Messages of the bot: channel and id, oldest first.
    pub(crate) bot_messages: VecDeque<(u64, u64)>,
    /// How many of them were forgotten, so that positions stay valid.
    pub(crate) bot_messages_forgotten: usize,
    /// Payloads of clients: connection, opcode, data.
    pub(crate) received: VecDeque<(u64, u64, Value)>,
    received_bytes: usize,
    /// What was posted to the application's endpoints, and what came of it.
    pub(crate) posts: VecDeque<Posted>,
    pub(crate) identifies: usize,
    pub(crate) resumes: usize,
    /// Whether anyone watches; without a watcher no news is written.
    pub(crate) watched: bool,
    /// The time of the deed at hand, by the box's calendar.
    pub(crate) at_ms: u64,
    /// What is taken down, if anybody wants it.
    pub(crate) lines: Option<Lines>,
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

    /// Something that the bot does and Discord does not let pass.
    pub(crate) fn broke(&mut self, text: String) {
        push_new(&mut self.violations, text);
    }

    pub(crate) fn posted(&mut self, posted: Posted) {
        self.tell(|| {
            json!({
                "kind": "posted",
                "url": posted.url,
                "status": posted.status,
            })
        });
        self.posts.push_back(posted);
        if self.posts.len() > MAX_POSTS {
            self.posts.pop_front();
        }
    }

    pub(crate) fn warn(&mut self, text: String) {
        push_new(&mut self.warnings, text);
    }

    pub(crate) fn refused(&mut self, text: String) {
        push_new(&mut self.refusals, text);
    }

    pub(crate) fn requested(&mut self, record: Record, status: u16, body: &Body) {
        self.tell(|| {
            json!({
                "kind": "request",
                "method": record.method,
                "route": if record.route.is_empty() { &record.path } else { &record.route },
                "status": status,
            })
        });
        let answer = match body {
            Body::Json(value) => value.clone(),
            Body::Html(text) | Body::Csv(text) => Value::String(text.clone()),
            Body::Empty | Body::Png(_) => Value::Null,
        };
        let weighed = |(record, _, answer): &(Record, u16, Value)| {
            weight(&record.body) + weight(answer) + record.query.len() + record.path.len()
        };
        let request = (record, status, answer);
        if self.lines.is_some() {
            self.note(Line::Request(Box::new(Asked::of(&request))));
        }
        self.requests_bytes += weighed(&request);
        self.requests.push_back(request);
        while self.requests.len() > MAX_REQUESTS || self.requests_bytes > MAX_BYTES {
            let Some(oldest) = self.requests.pop_front() else {
                break;
            };
            self.requests_bytes -= weighed(&oldest);
        }
    }

    pub(crate) fn happened(&mut self, emission: &Emission, bot: u64) {
        if let Some(message) = emission
            .data
            .as_object()
            .filter(|_| emission.name == "MESSAGE_CREATE")
        {
            let author = message
                .get("author")
                .and_then(|author| snowflake(author.get("id")?));
            let ids = message.key("channel_id").zip(message.key("id"));
            // That a message was pinned, or a thread opened, is said by Discord in the bot's name.
            let said = matches!(message.int("type"), Some(0 | 19 | 20 | 23));
            if let (true, Some(ids)) = (author == Some(bot) && said, ids) {
                self.bot_messages.push_back(ids);
                if self.bot_messages.len() > MAX_REQUESTS {
                    self.bot_messages.pop_front();
                    self.bot_messages_forgotten += 1;
                }
            }
        }
        if self.lines.is_some() {
            self.note(Line::Event {
                name: emission.name.clone(),
                data: emission.data.clone(),
            });
        }
        self.tell(|| {
            json!({
                "kind": "happened",
                "event": emission.name,
                "channel_id": emission.data.get("channel_id"),
            })
        });
    }

    pub(crate) fn passed(&mut self, traffic: Traffic) {
        self.tell(|| describe(&traffic));
        match traffic {
            Traffic::Ready { .. } => self.identifies += 1,
            Traffic::Resumed { .. } => self.resumes += 1,
            Traffic::Received {
                connection,
                op,
                data,
            } => {
                if op != HEARTBEAT && self.lines.is_some() {
                    let data = data.clone();
                    self.note(Line::Payload {
                        connection,
                        op,
                        data,
                    });
                }
                self.received_bytes += weight(&data);
                self.received.push_back((connection, op, data));
                while self.received.len() > MAX_REQUESTS || self.received_bytes > MAX_BYTES {
                    let Some((_, _, oldest)) = self.received.pop_front() else {
                        break;
                    };
                    self.received_bytes -= weight(&oldest);
                }
            }
            Traffic::Opened { .. } | Traffic::Sent { .. } | Traffic::Closed { .. } => {}
        }
    }

    /// The bot's message at this position, counted from the first.
    pub(crate) fn bot_message(&self, place: usize) -> Option<(u64, u64)> {
        self.bot_messages
            .get(place.checked_sub(self.bot_messages_forgotten)?)
            .copied()
    }

    /// Takes something down, where anybody wants it.
    pub(crate) fn note(&mut self, line: Line) {
        if let Some(lines) = &mut self.lines {
            lines.push(self.at_ms, line);
        }
    }

    fn tell(&mut self, news: impl FnOnce() -> Value) {
        if self.watched && self.news.len() < MAX_NEWS {
            self.news.push(news());
        }
    }
}

fn describe(traffic: &Traffic) -> Value {
    match traffic {
        Traffic::Opened {
            connection,
            compress,
        } => {
            json!({ "kind": "connected", "connection": connection, "compress": compress })
        }
        Traffic::Received { connection, op, .. } => {
            json!({ "kind": "received", "connection": connection, "op": op })
        }
        Traffic::Ready {
            connection, shard, ..
        } => {
            json!({ "kind": "ready", "connection": connection, "shard": [shard.0, shard.1] })
        }
        Traffic::Resumed {
            connection,
            replayed,
        } => {
            json!({ "kind": "resumed", "connection": connection, "replayed": replayed })
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
    }
}

fn push_new(list: &mut Vec<String>, text: String) {
    if list.len() < MAX_FINDINGS && !list.contains(&text) {
        list.push(text);
    }
}

/// The opcode of a heartbeat, which says nothing that is worth a line.
const HEARTBEAT: u64 = 1;

/// Requests, payloads and messages that are remembered; older ones are forgotten.
const MAX_REQUESTS: usize = 20_000;

/// Posts to the application's endpoints that are remembered; some kilobytes each.
const MAX_POSTS: usize = 2000;

/// About how many bytes of memory remembered requests take, and payloads: enough for what the
/// longest script of a test sends, and little beside what the world itself takes.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// News of one deed. A page that is shown more at once shows nothing that a person could read.
const MAX_NEWS: usize = 4096;

/// Different findings that are remembered; one is enough to look for its cause.
const MAX_FINDINGS: usize = 200;
