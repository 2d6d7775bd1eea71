//! Any messages, given to a session of the gateway.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use ovenjs_gateway::{
    Compression, Config, ShardState,
    session::{Generation, Input, Output, Session},
};
use ovenjs_net::{Clock, SystemClock};
use ovenjs_types::{Intents, ShardId, Version};

/// Each line is one message of an uncompressed connection.
///
/// # Panics
///
/// Where the session breaks a promise.
pub fn envelope(data: &[u8]) {
    let mut shard = Shard::new(Compression::None);
    for line in data.split(|byte| *byte == b'\n') {
        shard.frame(line);
    }
    shard.stop();
}

/// The first byte chooses the compression; then come messages, each behind its length in two bytes.
///
/// # Panics
///
/// As [`envelope`].
pub fn inflate(data: &[u8]) {
    let Some((choice, mut rest)) = data.split_first() else {
        return;
    };
    let mut shard = Shard::new(match choice % 2 {
        0 => Compression::Zlib,
        _ => Compression::Zstd,
    });
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (message, after) = after.split_at(length);
        shard.frame(message);
        rest = after;
    }
    shard.stop();
}

/// A session, and all that drives it: a network that always connects and identifies at once.
struct Shard {
    session: Session,
    now: Instant,
    open: Option<Generation>,
    last: Version,
    /// Generations that were announced: each is new.
    seen: BTreeSet<Generation>,
}

impl Shard {
    fn new(compression: Compression) -> Self {
        let config = Config::new("token", Intents::GUILDS).compression(compression);
        let session = Session::new(Arc::new(config), ShardId::default(), 7)
            .expect("the configuration is good");
        let mut shard = Self {
            session,
            now: SystemClock.now(),
            open: None,
            last: Version::default(),
            seen: BTreeSet::new(),
        };
        shard.tell(|_| Input::Start);
        shard
    }

    fn frame(&mut self, bytes: &[u8]) {
        for _ in 0..ATTEMPTS_MAX {
            let Some(generation) = self.open else {
                // Waits for the next attempt to connect.
                let Some(deadline) = self.session.deadline() else {
                    return;
                };
                self.now = self.now.max(deadline);
                self.tell(|_| Input::Timeout);
                continue;
            };
            self.tell(|_| Input::Frame { generation, bytes });
            return;
        }
        panic!("a session that is not stopped connects again");
    }

    fn stop(&mut self) {
        let told = self.session.state() == ShardState::Stopped;
        self.tell(|_| Input::Stop);
        assert_eq!(self.session.state(), ShardState::Stopped);
        assert!(told || self.open.is_none(), "a stop closes");
        assert_eq!(self.session.deadline(), None);
    }

    fn tell<'a>(&mut self, input: impl Fn(&Self) -> Input<'a>) {
        self.session.handle(self.now, input(self));
        self.session.handle(self.now, Input::Room(ROOM));
        for _ in 0..OUTPUTS_MAX {
            let Some(output) = self.session.poll() else {
                return;
            };
            match output {
                Output::Connect(connect) => {
                    let generation = connect.generation;
                    assert!(self.seen.insert(generation), "each attempt is a new one");
                    self.open = Some(generation);
                    let entropy = 7;
                    self.session.handle(
                        self.now,
                        Input::Opened {
                            generation,
                            entropy,
                        },
                    );
                }
                Output::WantIdentify { generation } => {
                    self.session
                        .handle(self.now, Input::IdentifyGranted { generation });
                }
                Output::Close { .. } => self.open = None,
                Output::Send(payload) => {
                    assert!(self.open.is_some(), "what is sent has a connection");
                    assert!(payload.bytes().len() <= 4096);
                    assert!(std::str::from_utf8(payload.bytes()).is_ok());
                }
                Output::Dispatch(dispatch) => {
                    assert!(dispatch.version > self.last, "once and in order");
                    assert!(!dispatch.raw.is_empty() && !dispatch.name().is_empty());
                    self.last = dispatch.version;
                }
                _ => {}
            }
        }
        panic!("a message makes less than {OUTPUTS_MAX} outputs");
    }
}

const ROOM: usize = 1000;

/// A message makes one delivery at most, and some words around it.
const OUTPUTS_MAX: usize = 1000;

/// How many deadlines may pass until a session connects again.
const ATTEMPTS_MAX: usize = 100;
