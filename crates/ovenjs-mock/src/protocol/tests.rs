//! Scripts on a virtual clock: no socket, no task, no waiting.

mod commands;
mod guilds;
mod sessions;
mod trouble;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{backend::Backend, config::Config};

use super::{Frame, Input, Output, Written};

/// The box and a clock that moves only when told to.
struct Script {
    backend: Backend,
    now: Instant,
}

impl Script {
    fn new(config: Config) -> Self {
        let now = start();
        Self {
            backend: Backend::new(config, now, 1_800_000_000_000),
            now,
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.backend.expire(self.now);
    }

    fn open(&mut self) -> u64 {
        self.open_at("/", "v=10&encoding=json")
    }

    fn open_at(&mut self, path: &str, query: &str) -> u64 {
        let id = self.backend.open(self.now, path, query);
        let hello = self.heard(id);
        assert_eq!(hello.first().and_then(|p| p.get("op")?.as_u64()), Some(10));
        id
    }

    /// A connection with a session, and READY.
    fn identified(&mut self, intents: u64) -> (u64, Value) {
        let id = self.open();
        let payload = identify(&self.backend.world.token, intents);
        self.say(id, &payload);
        let ready = self.heard(id).into_iter().next().expect("READY");
        (id, ready)
    }

    fn resume(&mut self, ready: &Value, seq: u64) -> u64 {
        let id = self.open();
        let session = ready.pointer("/d/session_id").cloned();
        let token = self.backend.world.token.clone();
        self.say(
            id,
            &json!({ "op": 6, "d": { "token": token, "session_id": session, "seq": seq } }),
        );
        id
    }

    fn say(&mut self, id: u64, payload: &Value) {
        self.backend
            .handle(self.now, id, Input::Message(payload.to_string().as_bytes()));
    }

    fn hang_up(&mut self, id: u64, code: Option<u16>) {
        self.backend.handle(self.now, id, Input::Closed(code));
    }

    fn happen(&mut self, number: u64) {
        self.emit(&json!({ "number": number }));
    }

    fn emit(&mut self, data: &Value) {
        let event = Written::new("MOON_RISE", data.to_string());
        self.backend.emit(self.now, &[event]);
    }

    fn outputs(&mut self, id: u64) -> Vec<Output> {
        std::iter::from_fn(|| self.backend.poll(self.now, id)).collect()
    }

    fn heard(&mut self, id: u64) -> Vec<Value> {
        self.outputs(id)
            .into_iter()
            .filter_map(|output| match output {
                Output::Send(Frame::Text(text)) => serde_json::from_slice(&text).ok(),
                _ => None,
            })
            .collect()
    }

    fn close_code(&mut self, id: u64) -> Option<u16> {
        self.outputs(id)
            .into_iter()
            .find_map(|output| match output {
                Output::Close(code, _) => Some(code),
                _ => None,
            })
    }
}

fn identify(token: &str, intents: u64) -> Value {
    json!({ "op": 2, "d": { "token": token, "intents": intents, "properties": {} } })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the script starts at any instant"
)]
pub(super) fn start() -> Instant {
    Instant::now()
}
