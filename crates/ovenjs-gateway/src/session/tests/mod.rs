//! Scripts against a toy Discord on a virtual clock.

mod delivery;
mod history;
mod pair;
mod scripts;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ovenjs_types::{Intents, ShardId};
use serde_json::{Value, json};

use super::*;
use crate::{Command, Compression};

/// A beginning of time, for tests that count from there.
#[expect(
    clippy::disallowed_methods,
    reason = "a beginning of time; no test reads it again"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

pub(crate) fn config() -> Config {
    Config::new("canary-token", Intents::GUILDS).compression(Compression::None)
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A session under a script: the script plays Discord, the clock and the consumer.
pub(crate) struct Script {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    /// Whether heartbeats are acknowledged at once while time passes.
    pub(crate) acks: bool,
    /// Whether the consumer takes everything.
    pub(crate) takes: bool,
    pub(crate) connects: Vec<Connect>,
    /// What was sent on the connection of the moment.
    pub(crate) sent: Vec<Value>,
    pub(crate) sent_at: Vec<Instant>,
    pub(crate) closes: Vec<u16>,
    pub(crate) wants: Vec<Generation>,
    /// Whether a turn to identify comes as soon as it is asked for.
    pub(crate) grants: bool,
    /// `1:READY`, `gap 5` and so on, as the consumer saw them.
    pub(crate) delivered: Vec<String>,
    pub(crate) versions: Vec<Version>,
    /// The session ids of the READY events that the consumer saw.
    pub(crate) begun: Vec<String>,
    pub(crate) notices: Vec<Notice>,
    /// The numbers of events that were overheard.
    pub(crate) overheard: Vec<u64>,
    pub(crate) fatal: Option<Error>,
    pub(crate) opened: bool,
}

impl Script {
    pub(crate) fn new(config: Config) -> Self {
        Self::idle(config, true)
    }

    /// A session that waits for its turn to identify.
    pub(crate) fn queued(config: Config) -> Self {
        Self::idle(config, false)
    }

    fn idle(config: Config, grants: bool) -> Self {
        let session = Session::new(Arc::new(config), ShardId::default(), 7).unwrap();
        let mut script = Self {
            session,
            now: start(),
            acks: false,
            takes: true,
            connects: Vec::new(),
            sent: Vec::new(),
            sent_at: Vec::new(),
            closes: Vec::new(),
            wants: Vec::new(),
            grants,
            delivered: Vec::new(),
            versions: Vec::new(),
            begun: Vec::new(),
            notices: Vec::new(),
            overheard: Vec::new(),
            fatal: None,
            opened: false,
        };
        script.tell(Input::Start);
        script
    }

    /// A session that is connected with READY as number 1 and a heartbeat every 40 s.
    pub(crate) fn connected(config: Config) -> Self {
        let mut script = Self::new(config);
        script.open_and_greet();
        script.ready();
        assert_eq!(script.session.state(), ShardState::Connected);
        script.sent.clear();
        script.sent_at.clear();
        script
    }

    pub(crate) fn generation(&self) -> Generation {
        self.connects.last().unwrap().generation
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        self.session.handle(self.now, input);
        let room = if self.takes {
            self.session.backlog()
        } else {
            0
        };
        self.session.handle(self.now, Input::Room(room));
        let wanted = self.wants.len();
        while let Some(output) = self.session.poll() {
            match output {
                Output::Connect(connect) => {
                    self.connects.push(connect);
                    self.sent.clear();
                    self.sent_at.clear();
                    self.opened = false;
                }
                Output::WantIdentify { generation } => self.wants.push(generation),
                Output::Send(payload) => {
                    assert!(self.opened, "sent on a connection that is not open");
                    assert!(!format!("{payload:?}").contains("canary"));
                    self.sent
                        .push(serde_json::from_slice(payload.bytes()).unwrap());
                    self.sent_at.push(self.now);
                }
                Output::Close { code } => {
                    self.closes.push(code);
                    self.opened = false;
                }
                Output::Dispatch(dispatch) => {
                    self.versions.push(dispatch.version);
                    if dispatch.name() == "READY" {
                        let ready: Value = serde_json::from_slice(&dispatch.raw).unwrap();
                        self.begun
                            .extend(ready["session_id"].as_str().map(str::to_owned));
                    }
                    self.delivered
                        .push(format!("{}:{}", dispatch.version.seq, dispatch.name()));
                }
                Output::Gap(gap) => self.delivered.push(format!("gap {}", gap.last_seq)),
                Output::Fatal(error) => self.fatal = Some(error),
                Output::Overheard(dispatch) => self.overheard.push(dispatch.version.seq),
                Output::Notice(notice) => self.notices.push(notice),
            }
        }
        if self.grants && self.wants.len() > wanted {
            self.grant();
        }
    }

    pub(crate) fn open(&mut self) {
        self.opened = true;
        let generation = self.generation();
        self.tell(Input::Opened {
            generation,
            entropy: 11,
        });
    }

    pub(crate) fn text(&mut self, text: &str) {
        let generation = self.generation();
        self.tell(Input::Frame {
            generation,
            bytes: text.as_bytes(),
        });
    }

    pub(crate) fn frame(&mut self, op: u64, data: &Value) {
        self.text(&format!(r#"{{"t":null,"s":null,"op":{op},"d":{data}}}"#));
    }

    pub(crate) fn hello(&mut self) {
        self.frame(10, &json!({ "heartbeat_interval": 40_000 }));
    }

    pub(crate) fn open_and_greet(&mut self) {
        self.open();
        self.hello();
    }

    pub(crate) fn grant(&mut self) {
        let generation = *self.wants.last().unwrap();
        self.tell(Input::IdentifyGranted { generation });
    }

    pub(crate) fn ready(&mut self) {
        self.event_with(
            1,
            "READY",
            &json!({
                "session_id": format!("session-{}", self.connects.len()),
                "resume_gateway_url": "wss://resume.discord.gg",
            }),
        );
    }

    pub(crate) fn event_with(&mut self, seq: u64, name: &str, data: &Value) {
        self.text(&format!(r#"{{"t":"{name}","s":{seq},"op":0,"d":{data}}}"#));
    }

    pub(crate) fn event(&mut self, seq: u64) {
        self.event_with(seq, "TYPING_START", &json!({ "n": seq }));
    }

    pub(crate) fn closed(&mut self, code: Option<u16>) {
        let generation = self.generation();
        self.opened = false;
        self.tell(Input::Closed { generation, code });
    }

    pub(crate) fn failed(&mut self) {
        let generation = self.generation();
        let failure = Failure::Network;
        self.tell(Input::Failed {
            generation,
            failure,
        });
    }

    /// The server answers that it does not want the connection.
    pub(crate) fn refused(&mut self, retry_after: Option<Duration>) {
        let generation = self.generation();
        let failure = Failure::Refused { retry_after };
        self.tell(Input::Failed {
            generation,
            failure,
        });
    }

    /// Lets time pass, with a timeout at each deadline on the way.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        for _ in 0..100_000 {
            match self.session.deadline().filter(|deadline| *deadline <= end) {
                Some(deadline) => {
                    self.now = self.now.max(deadline);
                    let sent = self.sent.len();
                    self.tell(Input::Timeout);
                    if self.acks && self.sent.get(sent).is_some_and(|sent| sent["op"] == 1) {
                        self.frame(11, &Value::Null);
                    }
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the session asks for timeouts without end");
    }

    /// Lets time pass until the session connects again, and says how long that took.
    pub(crate) fn until_connect(&mut self) -> Duration {
        let (begin, before) = (self.now, self.connects.len());
        while self.connects.len() == before {
            let deadline = self
                .session
                .deadline()
                .expect("the session waits for something");
            self.now = self.now.max(deadline);
            self.tell(Input::Timeout);
        }
        self.now - begin
    }

    pub(crate) fn command(&mut self, command: &Command) {
        self.tell(Input::Command(command.seal().unwrap()));
    }

    pub(crate) fn ops(&self) -> Vec<u64> {
        self.sent
            .iter()
            .map(|sent| sent["op"].as_u64().unwrap())
            .collect()
    }
}
