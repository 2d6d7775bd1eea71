//! A session and a toy Discord, joined by a wire that breaks by the seed.
//!
//! The toy keeps Discord's side of the contract: it numbers events, replays what a resume missed,
//! and says so where it cannot. The oracle is its own list of what it produced.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_delivered_once_and_in_order_or_a_gap_is_told(seed in any::<u64>()) {
        play(seed, Compression::None);
    }
}

#[cfg(feature = "zlib")]
#[test]
fn so_it_is_with_zlib() {
    (0..20).for_each(|seed| play(seed, Compression::Zlib));
}

#[cfg(feature = "zstd")]
#[test]
fn so_it_is_with_zstd() {
    (0..20).for_each(|seed| play(seed, Compression::Zstd));
}

/// One story by its seed: trouble for a while, then peace, in which everything must arrive.
fn play(seed: u64, compression: Compression) {
    let mut dice = Dice(seed);
    let script = Script::new(config().compression(compression).backlog_bytes(4000));
    let mut pair = Pair {
        script,
        toy: Toy::new(compression),
        heard: 0,
    };
    for step in 0..600 {
        let trouble = step < 400;
        pair.step(&mut dice, trouble, seed);
    }
    pair.script.takes = true;
    for _ in 0..2000 {
        if pair.is_quiet() {
            break;
        }
        pair.step(&mut Dice(u64::MAX), false, seed);
    }
    assert!(
        pair.is_quiet(),
        "seed {seed}: not connected in peace: {:?}",
        pair.script.session
    );
    pair.toy
        .judge(&pair.script.delivered, &pair.script.begun, seed);
    let versions = &pair.script.versions;
    assert!(
        versions.windows(2).all(|two| two[0] < two[1]),
        "seed {seed}: versions grow"
    );
    assert_eq!(
        pair.toy.rude, 0,
        "seed {seed}: something was said that Discord would close for"
    );
}

struct Pair {
    script: Script,
    toy: Toy,
    /// How many messages of the session the toy has read on this connection.
    heard: usize,
}

impl Pair {
    fn is_quiet(&self) -> bool {
        self.script.session.state() == ShardState::Connected
            && self.toy.wire.is_empty()
            && self.script.session.backlog() == 0
    }

    fn step(&mut self, dice: &mut Dice, trouble: bool, seed: u64) {
        if trouble {
            self.toy.produce(dice.below(4));
            self.script.takes = dice.below(5) > 0;
        }
        let state = self.script.session.state();
        if state == ShardState::Disconnected {
            self.toy.hang_up();
            self.script.until_connect();
        } else if state == ShardState::Connecting && !self.script.opened {
            self.heard = 0;
            if trouble && dice.below(6) == 0 {
                self.script.failed();
            } else {
                self.toy.accept();
                self.script.open();
            }
        } else if trouble && dice.below(12) == 0 {
            self.misfortune(dice);
        } else {
            self.carry(dice, trouble);
        }
        while let Some(message) = self.script.sent.get(self.heard).cloned() {
            self.heard += 1;
            self.toy.read(&message);
        }
        assert!(
            self.script.fatal.is_none(),
            "seed {seed}: {:?}",
            self.script.fatal
        );
        assert!(
            self.script.session.backlog_bytes() < 8000,
            "seed {seed}: the backlog is bounded"
        );
    }

    fn misfortune(&mut self, dice: &mut Dice) {
        match dice.below(10) {
            0 => self.script.closed(None),
            1 => self.script.closed(Some(4000)),
            2 => {
                self.toy.forget();
                self.script.closed(Some(4009));
            }
            3 => self.toy.say(7, "null"),
            4 => self.toy.say(1, "null"),
            5 => {
                self.toy.forget();
                self.toy.say(9, "false");
            }
            6 => self.toy.say(9, "true"),
            7 => self.script.advance(seconds(dice.below(70))),
            8 => {
                let levels = [Pressure::Low, Pressure::High, Pressure::Critical];
                let level = levels[usize::try_from(dice.below(3)).unwrap()];
                self.script.tell(Input::Pressure(level));
            }
            _ => {
                let generation = self.script.generation();
                let damaged = [
                    0xFF,
                    dice.below(256).try_into().unwrap(),
                    b'{',
                    0,
                    0,
                    0xFF,
                    0xFF,
                ];
                self.script.tell(Input::Frame {
                    generation,
                    bytes: &damaged,
                });
            }
        }
        if !self.script.opened {
            self.toy.hang_up();
        }
    }

    /// Moves what is on the wire, in pieces where the compression allows it.
    fn carry(&mut self, dice: &mut Dice, trouble: bool) {
        for _ in 0..=dice.below(4) {
            if !self.script.opened || !self.script.session.wants_frames() {
                self.script.advance(Duration::from_millis(50));
                // A consumer that has room says so, whatever the peer does.
                self.script.tell(Input::Timeout);
                break;
            }
            let Some(text) = self.toy.wire.pop_front() else {
                self.script.advance(Duration::from_millis(200));
                break;
            };
            let mut packed = self.toy.pack(&text);
            if trouble && dice.below(60) == 0 {
                let at = usize::try_from(dice.below(packed.len().try_into().unwrap())).unwrap();
                // The opening brace or a byte of the stream: damage that must be noticed. Damage
                // that leaves valid text is for TLS to prevent.
                let at = if self.toy.is_plain() { 0 } else { at };
                packed.truncate(at);
                packed.extend_from_slice(&[0, 0, 0xFF, 0xFF]);
                self.toy.wire.clear();
                let generation = self.script.generation();
                self.script.tell(Input::Frame {
                    generation,
                    bytes: &packed,
                });
                self.script.closed(None);
                self.toy.hang_up();
                break;
            }
            let cut = if self.toy.may_cut() {
                dice.below(packed.len().try_into().unwrap())
            } else {
                0
            };
            let (one, two) = packed.split_at(usize::try_from(cut).unwrap());
            for piece in [one, two].into_iter().filter(|piece| !piece.is_empty()) {
                let generation = self.script.generation();
                self.script.tell(Input::Frame {
                    generation,
                    bytes: piece,
                });
            }
        }
    }
}

/// The other side. It knows nothing of the session's code.
struct Toy {
    sessions: u64,
    /// The session that can be resumed.
    alive: Option<u64>,
    /// Events of the session, numbered from 1: as the consumer must see them, and as they are sent.
    events: Vec<String>,
    payloads: Vec<String>,
    /// The events of former sessions.
    former: Vec<Vec<String>>,
    wire: VecDeque<String>,
    connected: bool,
    attached: bool,
    packer: Packer,
    compression: Compression,
    rude: u32,
}

enum Packer {
    Plain,
    #[cfg(feature = "zlib")]
    Zlib(Box<flate2::Compress>),
    #[cfg(feature = "zstd")]
    Zstd(zstd_safe::CCtx<'static>),
}

impl Toy {
    fn new(compression: Compression) -> Self {
        Self {
            sessions: 0,
            alive: None,
            events: Vec::new(),
            payloads: Vec::new(),
            former: Vec::new(),
            wire: VecDeque::new(),
            connected: false,
            attached: false,
            packer: Packer::Plain,
            compression,
            rude: 0,
        }
    }

    fn accept(&mut self) {
        self.wire.clear();
        self.connected = true;
        self.attached = false;
        self.packer = match self.compression {
            Compression::None => Packer::Plain,
            #[cfg(feature = "zlib")]
            Compression::Zlib => Packer::Zlib(Box::new(flate2::Compress::new(
                flate2::Compression::fast(),
                true,
            ))),
            #[cfg(feature = "zstd")]
            Compression::Zstd => Packer::Zstd(zstd_safe::CCtx::create()),
        };
        self.say(10, r#"{"heartbeat_interval":41250}"#);
    }

    fn hang_up(&mut self) {
        self.connected = false;
        self.attached = false;
        self.wire.clear();
    }

    /// The session is over. Its last events may never have been heard; the gap says how far it got.
    fn forget(&mut self) {
        self.alive = None;
    }

    fn say(&mut self, op: u64, data: &str) {
        if self.connected {
            self.wire
                .push_back(format!(r#"{{"t":null,"s":null,"op":{op},"d":{data}}}"#));
        }
    }

    fn produce(&mut self, count: u64) {
        for _ in 0..count {
            if self.alive.is_some() {
                // The name tells sessions and events apart.
                let name = format!("EVENT_{}_{}", self.sessions, self.events.len());
                self.number(&name, r#"{"user_id":"1"}"#);
            }
        }
    }

    fn number(&mut self, name: &str, data: &str) {
        let seq = self.events.len() + 1;
        self.events.push(format!("{seq}:{name}"));
        self.payloads
            .push(format!(r#"{{"t":"{name}","s":{seq},"op":0,"d":{data}}}"#));
        if self.attached {
            self.wire.extend(self.payloads.last().cloned());
        }
    }

    fn read(&mut self, message: &Value) {
        if !self.connected {
            return;
        }
        match message["op"].as_u64() {
            Some(1) => self.say(11, "null"),
            Some(2) => {
                self.rude += u32::from(self.attached);
                self.sessions += 1;
                self.former.push(std::mem::take(&mut self.events));
                self.payloads.clear();
                self.alive = Some(self.sessions);
                self.attached = true;
                let ready = format!(
                    r#"{{"session_id":"{}","resume_gateway_url":"wss://resume.discord.gg"}}"#,
                    self.sessions
                );
                self.number("READY", &ready);
            }
            Some(6) => {
                self.rude += u32::from(self.attached);
                let session = message["d"]["session_id"]
                    .as_str()
                    .and_then(|id| id.parse().ok());
                if self.alive.is_none() || session != self.alive {
                    self.say(9, "false");
                    return;
                }
                let seq = usize::try_from(message["d"]["seq"].as_u64().unwrap()).unwrap();
                self.attached = true;
                self.wire.extend(self.payloads.iter().skip(seq).cloned());
                self.number("RESUMED", "{}");
            }
            _ => self.rude += 1,
        }
    }

    fn pack(&mut self, text: &str) -> Vec<u8> {
        match &mut self.packer {
            Packer::Plain => text.as_bytes().to_vec(),
            #[cfg(feature = "zlib")]
            Packer::Zlib(stream) => {
                let mut out = Vec::with_capacity(text.len() * 2 + 64);
                stream
                    .compress_vec(text.as_bytes(), &mut out, flate2::FlushCompress::Sync)
                    .unwrap();
                out
            }
            #[cfg(feature = "zstd")]
            Packer::Zstd(stream) => {
                let mut out = Vec::with_capacity(text.len() * 2 + 1024);
                let mut output = zstd_safe::OutBuffer::around(&mut out);
                let mut input = zstd_safe::InBuffer::around(text.as_bytes());
                stream.compress_stream(&mut output, &mut input).unwrap();
                stream.flush_stream(&mut output).unwrap();
                out
            }
        }
    }

    fn is_plain(&self) -> bool {
        matches!(self.packer, Packer::Plain)
    }

    /// Only a zlib message can be told to be whole, so only that may come in pieces.
    fn may_cut(&self) -> bool {
        match self.packer {
            #[cfg(feature = "zlib")]
            Packer::Zlib(_) => true,
            _ => false,
        }
    }

    /// Compares what was delivered with what was produced.
    ///
    /// Of the last session everything must be there. Of a former one there is a beginning, and a
    /// gap behind it that says how far it goes. A session whose READY was never heard is nowhere.
    fn judge(&self, delivered: &[String], begun: &[String], seed: u64) {
        let sessions: Vec<&Vec<String>> = self.former.iter().chain([&self.events]).collect();
        let is_gap = |line: &String| line.starts_with("gap ");
        let parts: Vec<&[String]> = delivered.split(is_gap).collect();
        let gaps: Vec<&String> = delivered.iter().filter(|line| is_gap(line)).collect();
        assert_eq!(
            parts.len(),
            begun.len(),
            "seed {seed}: a gap between any two sessions"
        );
        for (nth, (part, id)) in parts.iter().zip(begun).enumerate() {
            let session = sessions[id.parse::<usize>().unwrap()];
            assert!(
                session.starts_with(part),
                "seed {seed}: never produced so: {part:?}"
            );
            match gaps.get(nth) {
                Some(gap) => assert_eq!(**gap, format!("gap {}", part.len()), "seed {seed}"),
                None => assert_eq!(
                    session.len(),
                    part.len(),
                    "seed {seed}: something is missing"
                ),
            }
        }
        assert_eq!(
            begun.last(),
            Some(&self.sessions.to_string()),
            "seed {seed}"
        );
    }
}

/// SplitMix64; the largest seed always throws the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        if self.0 == u64::MAX {
            return sides - 1;
        }
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}
