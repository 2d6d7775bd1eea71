//! What the network does to a run: connections open or not, and what is on them arrives or not.

use std::time::Duration;

use ovenjs_gateway::{
    Compression,
    session::{Failure, Input, MESSAGE_BYTES_MAX},
};
use ovenjs_mock::{Admission, Step};
use serde_json::Value;

use super::{RESUME_PATH, Simulation, millis};
use crate::wire::{Content, ToBot, ToDiscord};

impl Simulation<'_> {
    /// What goes wrong between two bursts.
    pub(super) fn trouble_network(&mut self) -> Result<(), String> {
        let faults = self.plan.network;
        for wire in 0..self.wires.len() {
            if self.dice.rolls(faults.cut) {
                self.note(|| format!("wire {wire} is cut"));
                self.cut(wire)?;
            } else {
                let dark = self.dice.rolls(faults.dark);
                let deaf = dark || self.dice.rolls(faults.deaf);
                let mute = dark || self.dice.rolls(faults.mute);
                self.darken(wire, mute, deaf);
            }
        }
        if self.dice.rolls(faults.outage) {
            self.away_until = self.now + self.dice.millis(millis(faults.away));
            self.note(|| "the network is away".to_owned());
            for wire in 0..self.wires.len() {
                self.darken(wire, true, true);
            }
        }
        if self.dice.rolls(faults.lost_address) {
            self.address_away_until = self.now + self.dice.millis(millis(faults.away));
            self.note(|| "the address of resumes is away".to_owned());
        }
        Ok(())
    }

    fn darken(&mut self, wire: usize, to_bot: bool, to_discord: bool) {
        let Some(wire) = self.wires.get_mut(wire) else {
            return;
        };
        let (shard, generation) = (wire.shard, wire.generation);
        if to_bot {
            wire.to_bot.darken();
        }
        if to_discord {
            wire.to_discord.darken();
        }
        if to_bot || to_discord {
            self.note(|| {
                format!("shard {shard}: {generation:?} goes dark, to the bot {to_bot}, to Discord {to_discord}")
            });
        }
    }

    /// Connections that are decided now.
    pub(super) fn open_wires(&mut self) -> Result<(), String> {
        for index in 0..self.wires.len() {
            let Some(wire) = self.wires.get_mut(index) else {
                break;
            };
            if wire.opens_at.is_none_or(|at| at > self.now) {
                continue;
            }
            wire.opens_at = None;
            if wire.abandoned {
                wire.over = true;
                continue;
            }
            let (shard, generation) = (wire.shard, wire.generation);
            let is_resume = wire.path == RESUME_PATH;
            let entropy = self.dice.next();
            let is_gone = self.plan.network.gone_address && self.now > self.begun + GONE_AFTER;
            let is_away = self.now < self.away_until
                || (is_resume && (is_gone || self.now < self.address_away_until));
            let fails = self.in_trouble && self.dice.rolls(self.plan.network.fail);
            let hangs = is_away && self.dice.one_in(2);
            if hangs {
                continue;
            }
            let admission = if is_away || fails {
                None
            } else {
                Some(self.discord.admit(self.now))
            };
            let Some(wire) = self.wires.get_mut(index) else {
                break;
            };
            match admission {
                Some(Admission::Open) => {
                    wire.number = Some(self.discord.open_at(self.now, &wire.path, &wire.query));
                    self.note(|| format!("shard {shard}: {generation:?} is open"));
                    self.opened(shard);
                    let opened = Input::Opened {
                        generation,
                        entropy,
                    };
                    self.tell(shard, opened)?;
                }
                Some(Admission::Refused(_)) | None => {
                    wire.over = true;
                    let failure = match admission {
                        Some(_) => Failure::Refused { retry_after: None },
                        None => Failure::Network,
                    };
                    self.note(|| format!("shard {shard}: {generation:?} fails: {failure:?}"));
                    let failed = Input::Failed {
                        generation,
                        failure,
                    };
                    self.closed(shard, None);
                    self.tell(shard, failed)?;
                }
                // It hangs, until the bot gives up.
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// What has arrived by now, in both directions.
    pub(super) fn carry(&mut self) -> Result<(), String> {
        for index in 0..self.wires.len() {
            while let Some(wire) = self.wires.get_mut(index)
                && let Some(message) = wire.to_discord.arrived(self.now)
            {
                let Some(number) = wire.number else {
                    continue;
                };
                match message {
                    ToDiscord::Message(bytes) => {
                        let (shard, is_invalid) = (wire.shard, wire.is_invalid);
                        let before = self.discord.warnings().len();
                        self.discord.receive(self.now, number, &bytes);
                        let warnings = self.discord.warnings().iter().skip(before);
                        let mut strange = warnings.filter(|words| words.ends_with(NOT_ON_SHARD));
                        // Guilds are asked about on their own shards. Where Discord ends sessions of its own
                        // accord, it may do so on a line that brings nothing any more.
                        let may_be_over = is_invalid || self.plan.menu.invalidate_session > 0;
                        if let Some(words) = strange.next()
                            && !may_be_over
                        {
                            return Err(format!("shard {shard}: its session lives, and {words}"));
                        }
                        self.look_for_sessions();
                    }
                    ToDiscord::Closed(code) => self.discord.close(self.now, number, code),
                }
            }
            while let Some(wire) = self.wires.get_mut(index)
                && (wire.abandoned
                    || self
                        .shards
                        .get(wire.shard)
                        .is_some_and(|shard| shard.session.wants_frames()))
                && !wire.over
                && let Some(thing) = wire.to_bot.arrived(self.now)
            {
                let (shard, generation, abandoned) = (wire.shard, wire.generation, wire.abandoned);
                match thing {
                    ToBot::Frame { bytes, content } => {
                        if !abandoned {
                            self.given(shard, &content);
                        }
                        let bytes = &bytes;
                        self.tell(shard, Input::Frame { generation, bytes })?;
                    }
                    ToBot::Closed(code) => {
                        wire.over = true;
                        self.note(|| format!("shard {shard}: {generation:?} is closed: {code:?}"));
                        if !abandoned {
                            self.closed(shard, code);
                        }
                        self.tell(shard, Input::Closed { generation, code })?;
                    }
                }
            }
        }
        self.wires.retain(|wire| !wire.is_done());
        Ok(())
    }

    /// Takes from Discord what it has to send.
    pub(super) fn hear_discord(&mut self) {
        for index in 0..self.wires.len() {
            while let Some(number) = self.wires.get(index).and_then(|wire| wire.number)
                && let Some(step) = self.discord.poll(self.now, number)
            {
                let at = self.now + self.latency();
                let splits = self.plan.compression == Compression::Zlib
                    && self.dice.rolls(self.plan.network.split);
                let content = match self.discord.overheard() {
                    b"" => Content::Spoilt,
                    text => Content::Whole(text.to_vec()),
                };
                let foreign = self.foreign();
                let garbage = self.in_trouble && self.dice.rolls(self.plan.network.garbage);
                let place = self.dice.next();
                let (step, content) = match step {
                    Step::Text(bytes) | Step::Binary(bytes) if garbage => {
                        let bytes = self.garbage(&bytes, place);
                        (Step::Binary(bytes), Content::Spoilt)
                    }
                    step => (step, content),
                };
                let ends = match (&content, &step) {
                    (_, Step::Close(_) | Step::Abort) => true,
                    (Content::Whole(text), _) => is_invalid_session(text),
                    // It may have said so.
                    (Content::Spoilt, _) => true,
                    (Content::Part, _) => false,
                };
                let is_whole = matches!(content, Content::Whole(_));
                let Some(wire) = self.wires.get_mut(index) else {
                    break;
                };
                wire.is_invalid |= ends;
                match step {
                    Step::Text(bytes) | Step::Binary(bytes) => {
                        if let Some(foreign) = foreign {
                            let (bytes, content) = (foreign.to_vec(), Content::Spoilt);
                            wire.to_bot.send(at, ToBot::Frame { bytes, content });
                        }
                        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                        let place = usize::try_from(place % length.max(1)).unwrap_or_default();
                        let (at, bytes) = match bytes.split_at_checked(place) {
                            Some((head, rest)) if splits && is_whole && !head.is_empty() => {
                                let (bytes, content) = (head.to_vec(), Content::Part);
                                wire.to_bot.send(at, ToBot::Frame { bytes, content });
                                (at + SPLIT, rest.to_vec())
                            }
                            _ => (at, bytes),
                        };
                        wire.to_bot.send(at, ToBot::Frame { bytes, content });
                    }
                    Step::Close(code) => wire.to_bot.send(at, ToBot::Closed(Some(code))),
                    Step::Abort => wire.to_bot.send(at, ToBot::Closed(None)),
                }
            }
        }
    }

    /// Something that is no message of Discord's, or none that anyone knows.
    fn foreign(&mut self) -> Option<&'static [u8]> {
        let comes = self.in_trouble
            && self.plan.compression == Compression::None
            && self.dice.rolls(self.plan.network.foreign);
        comes.then(|| self.dice.one_of(FOREIGN)).flatten()
    }

    /// What is left of a message that no damage can make another one of: TLS lets no flipped byte pass,
    /// but what stands between Discord and its clients may put its own words in.
    fn garbage(&mut self, message: &[u8], place: u64) -> Vec<u8> {
        if self.plan.compression != Compression::None {
            // To zlib and zstd alike a block of a kind that does not exist, so that nothing is waited for.
            return vec![7; 16];
        }
        match self.dice.below(8) {
            0 => vec![0; MESSAGE_BYTES_MAX + 1],
            1 => b"<html><h1>502 Bad Gateway</h1></html>".to_vec(),
            2 => {
                let mut deep = b"{\"op\":0,\"d\":".to_vec();
                deep.resize(100_000, b'[');
                deep
            }
            3 => vec![0xFF; 64],
            4 => b"{\"t\":\"OVEN_NEWS\",\"s\":-1,\"op\":0,\"d\":{}}".to_vec(),
            _ => {
                let length = u64::try_from(message.len()).unwrap_or(u64::MAX);
                let end = usize::try_from(place % length.max(1)).unwrap_or_default();
                let mut part = message.get(..end).unwrap_or_default().to_vec();
                // What ends like a message may pass for one; its reader finds out, and it is delivered
                // as malformed.
                while part.last() == Some(&b'}') {
                    part.pop();
                }
                part
            }
        }
    }

    /// Both sides notice that a connection is gone.
    pub(super) fn cut(&mut self, index: usize) -> Result<(), String> {
        let Some(wire) = self.wires.get_mut(index) else {
            return Ok(());
        };
        let (shard, generation, abandoned) = (wire.shard, wire.generation, wire.abandoned);
        wire.over = true;
        let number = wire.number;
        if let Some(number) = number {
            self.discord.close(self.now, number, None);
        }
        if abandoned {
            return Ok(());
        }
        self.closed(shard, None);
        if number.is_some() {
            let code = None;
            self.tell(shard, Input::Closed { generation, code })
        } else {
            let failure = Failure::Network;
            let failed = Input::Failed {
                generation,
                failure,
            };
            self.tell(shard, failed)
        }
    }

    pub(super) fn latency(&mut self) -> Duration {
        let faults = self.plan.network;
        faults.latency + self.dice.millis(millis(faults.jitter))
    }
}

fn is_invalid_session(text: &[u8]) -> bool {
    // It is short; the others need not be read for this.
    text.len() < 128
        && serde_json::from_slice::<Value>(text)
            .is_ok_and(|message| message.get("op").and_then(Value::as_u64) == Some(9))
}

/// How Discord's complaint ends about a question on a session that does not have the guild, or is none.
pub(super) const NOT_ON_SHARD: &str = "that is not on this shard";

/// When an address goes away for ever: there are sessions by then.
const GONE_AFTER: Duration = Duration::from_secs(20);

/// How much later the rest of a message comes.
const SPLIT: Duration = Duration::from_millis(3);

/// What a session has to bear. None of it ends a session.
const FOREIGN: &[&[u8]] = &[
    b"",
    b"[]",
    b"{}",
    b"null",
    b"{\"op\":11}",
    b"{\"op\":99,\"d\":{},\"s\":null,\"t\":null}",
    b"{\"t\":null,\"s\":null,\"op\":7,\"d\":null}",
    b"{\"t\":null,\"s\":null,\"op\":9,\"d\":true}",
    b"{\"t\":null,\"s\":null,\"op\":1,\"d\":null}",
    b"{\"t\":null,\"s\":null,\"op\":18446744073709551616,\"d\":null}",
    b"{\"t\":null,\"s\":null,\"op\":18446744073709551615,\"d\":null}",
    b"{\"t\":null,\"s\":null,\"op\":-1,\"d\":null}",
    b"{\"t\":null,\"s\":5,\"op\":0,\"d\":{}}",
    b"{\"t\":null,\"s\":null,\"op\":6,\"d\":{}}",
    b"{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":-5}}",
];
