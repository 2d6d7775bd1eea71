//! The oracle at the wire: what one shard was told and what it says, held against the rules.
//!
//! It knows each message that a session was given, so it knows what the session has to know: the
//! last number, the session's name, whether Discord ended it, when the next heartbeat is due, and
//! when a silence has lasted too long. It shares no code with the session.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use ovenjs_types::Version;
use serde_json::Value;

use crate::wire::Content;

/// What is known of a shard, over all its connections.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// The name of the session, once READY said it.
    session: Option<String>,
    /// The last number of the session.
    seq: u64,
    /// Discord ended the session, and the bot was told.
    is_over: bool,
    /// Resumes that were asked for since anything came of one.
    resumes_in_vain: u32,
    /// How many sessions there were.
    epoch: u64,
    /// Up to where everything is done, and what was received from there on, oldest first.
    mark: Version,
    open: VecDeque<(Version, Fate)>,
    /// How many of the first of `open` were delivered, or are for nobody.
    given: usize,
    /// The version of the last delivery of this process.
    delivered: Option<Version>,
    at_least_once: bool,
    /// As of when the next process could go on, where saving takes its time.
    saved: Option<Version>,
    /// The name of a kind that the consumer does not want.
    unwanted: Option<&'static str>,
    /// When the last connection ended that was too short to be followed by the next at once.
    ended: Option<Instant>,
    /// How many connections in a row followed such an end without a pause.
    hasty: u32,
    /// When connections were asked for, within the last minute.
    connects: VecDeque<Instant>,
    /// Whether the last message meant nothing.
    is_spoilt: bool,
    line: Option<Line>,
}

/// What is known of the connection of the moment.
#[derive(Debug)]
struct Line {
    opened: Instant,
    /// When something came last, or the bot began to read again.
    heard: Instant,
    /// When something came last, whether the bot reads or not.
    came: Instant,
    /// What hello said, and by when a heartbeat must leave.
    pulse: Option<(Duration, Instant)>,
    /// Whether identify or resume was sent.
    asked: Asked,
    is_live: bool,
    /// When the handshake got on last.
    progress: Instant,
}

/// What becomes of something that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It waits for the consumer.
    Owed,
    /// The consumer has it, and has not handled it.
    Given,
    /// It is handled, or there is nothing to handle.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Identify,
    Resume,
}

impl Witness {
    pub(crate) fn new(at_least_once: bool) -> Self {
        Self {
            at_least_once,
            ..Self::default()
        }
    }

    /// The bot asks for a connection.
    pub(crate) fn connects(&mut self, now: Instant) -> Result<(), String> {
        self.line = None;
        let is_hasty = self.ended.take().is_some_and(|ended| now < ended + PAUSE);
        self.hasty = if is_hasty { self.hasty + 1 } else { 0 };
        if self.hasty >= HASTY_MAX {
            return Err("connects again and again without a pause".to_owned());
        }
        while self
            .connects
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE)
        {
            self.connects.pop_front();
        }
        self.connects.push_back(now);
        if self.connects.len() > CONNECTS_MAX {
            return Err(format!("more than {CONNECTS_MAX} connections in a minute"));
        }
        Ok(())
    }

    pub(crate) const fn opened(&mut self, now: Instant) {
        self.line = Some(Line {
            opened: now,
            heard: now,
            came: now,
            pulse: None,
            asked: Asked::Nothing,
            is_live: false,
            progress: now,
        });
    }

    /// The session is about to be given a websocket message, with this in it.
    pub(crate) fn given(&mut self, now: Instant, content: &Content) {
        let Some(line) = &mut self.line else {
            return;
        };
        (line.heard, line.came) = (now, now);
        self.is_spoilt = matches!(content, Content::Spoilt);
        let Content::Whole(text) = content else {
            return;
        };
        let Some((name, seq)) = event(text) else {
            self.told(now, text);
            return;
        };
        line.progress = now;
        match name {
            b"READY" if line.asked == Asked::Identify && !line.is_live => {
                line.is_live = true;
                self.session = session_id(text);
                self.seq = seq.saturating_sub(1);
                self.epoch += 1;
                (self.is_over, self.resumes_in_vain) = (false, 0);
            }
            b"RESUMED" if line.asked == Asked::Resume => {
                line.is_live = true;
                self.resumes_in_vain = 0;
            }
            _ => {}
        }
        if seq > self.seq {
            self.seq = seq;
            self.resumes_in_vain = 0;
            let version = Version {
                epoch: self.epoch,
                seq,
            };
            let is_wanted = self.unwanted.is_none_or(|kind| kind.as_bytes() != name);
            let fate = if is_wanted { Fate::Owed } else { Fate::Done };
            self.open.push_back((version, fate));
            self.advance();
        }
    }

    /// From now on the consumer wants all kinds but this one.
    pub(crate) const fn wants_all_but(&mut self, kind: Option<&'static str>) {
        self.unwanted = kind;
    }

    /// What the next process would go on with is saved as of this version.
    pub(crate) const fn saved(&mut self, version: Version) {
        self.saved = Some(version);
    }

    /// What the session would hand over to another process.
    pub(crate) fn hands_over(&self, version: Version) -> Result<(), String> {
        if version == self.mark {
            Ok(())
        } else {
            Err(format!(
                "would hand over {version:?}, {:?} is right",
                self.mark
            ))
        }
    }

    /// Something that is no event.
    fn told(&mut self, now: Instant, text: &[u8]) {
        let message: Value = serde_json::from_slice(text).unwrap_or_default();
        let Some(line) = &mut self.line else {
            return;
        };
        match message.get("op").and_then(Value::as_u64) {
            Some(10) => {
                let interval = message
                    .pointer("/d/heartbeat_interval")
                    .and_then(Value::as_u64);
                if let Some(interval) = interval.map(Duration::from_millis) {
                    line.pulse = Some((interval, now + interval));
                }
            }
            Some(9) if message.get("d") == Some(&Value::Bool(false)) => self.is_over = true,
            _ => {}
        }
    }

    /// The connection has ended, or could not be opened.
    pub(crate) fn closed(&mut self, now: Instant, code: Option<u16>) {
        let line = self.line.take();
        self.ends(now, line.as_ref());
        self.is_over |= matches!(code, Some(4007 | 4009));
    }

    /// A connection, or an attempt at one, has come to its end.
    fn ends(&mut self, now: Instant, line: Option<&Line>) {
        let was_short = line.is_none_or(|line| now < line.opened + HELD);
        self.ended = was_short.then_some(now);
    }

    /// The session says that it was given something that is no message.
    pub(crate) fn calls_broken(&self, reason: &str) -> Result<(), String> {
        if self.is_spoilt {
            Ok(())
        } else {
            Err(format!("takes a good message for a broken one: {reason}"))
        }
    }

    /// The bot ends the connection by itself.
    pub(crate) fn closes(&mut self, now: Instant, code: u16) -> Result<(), String> {
        let line = self.line.take();
        self.ends(now, line.as_ref());
        if matches!(code, 1000 | 1001) {
            return Err(format!("closes with {code}, which ends the session"));
        }
        if let Some(line) = line.filter(|line| line.is_live && line.came < now)
            && now < line.came + LIFE
        {
            return Err("gives up a connection on which something came just before".to_owned());
        }
        Ok(())
    }

    /// The bot sends something.
    pub(crate) fn sends(&mut self, now: Instant, message: &[u8]) -> Result<Said, String> {
        let Some(line) = &mut self.line else {
            return Err("sends something without a connection".to_owned());
        };
        let said: Value = serde_json::from_slice(message).map_err(|error| error.to_string())?;
        let data = said.get("d");
        let op = said.get("op").and_then(Value::as_u64);
        if line.pulse.is_none() && op != Some(1) {
            return Err(format!("sends op {op:?} before Discord's hello"));
        }
        match op {
            Some(1) => {
                if let Some((interval, due)) = &mut line.pulse {
                    *due = now + *interval;
                }
                let mark = self.saved.map_or(self.mark, |saved| saved.min(self.mark));
                let expected = match self.at_least_once {
                    false => self.seq,
                    true if mark.epoch == self.epoch => mark.seq,
                    true => 0,
                };
                let expected = (expected > 0).then_some(expected);
                let told = data.and_then(Value::as_u64);
                if line.is_live && told != expected {
                    return Err(format!("a heartbeat says {told:?}, {expected:?} is right"));
                }
                Ok(Said::Heartbeat)
            }
            Some(2) => {
                if line.asked != Asked::Nothing {
                    return Err("identifies twice on one connection".to_owned());
                }
                (line.asked, line.progress) = (Asked::Identify, now);
                let is_lost = self.is_over || self.resumes_in_vain >= RESUMES_MIN;
                if let Some(session) = self.session.take()
                    && !is_lost
                {
                    return Err(format!("identifies, and {session} could be resumed"));
                }
                Ok(Said::Identify)
            }
            Some(6) => {
                if line.asked != Asked::Nothing {
                    return Err("resumes twice on one connection".to_owned());
                }
                (line.asked, line.progress) = (Asked::Resume, now);
                self.resumes_in_vain += 1;
                if self.resumes_in_vain > RESUMES_MAX {
                    return Err("resumes again and again in vain".to_owned());
                }
                let session = said.pointer("/d/session_id").and_then(Value::as_str);
                if self.is_over || session != self.session.as_deref() {
                    return Err(format!(
                        "resumes {session:?}, but of {:?} this is true: over {}",
                        self.session, self.is_over
                    ));
                }
                let seq = said.pointer("/d/seq").and_then(Value::as_u64);
                if seq != Some(self.seq) {
                    return Err(format!("resumes after {seq:?}, {} is right", self.seq));
                }
                Ok(Said::Resume)
            }
            _ if !line.is_live => Err("sends a command without a session".to_owned()),
            _ => Ok(Said::Command),
        }
    }

    /// The consumer gets an event.
    pub(crate) fn delivers(&mut self, version: Version, is_ready: bool) -> Result<(), String> {
        while let Some((_, Fate::Done)) = self.open.get(self.given) {
            self.given += 1;
        }
        match self.open.get_mut(self.given) {
            Some((next, fate)) if *next == version => {
                // No resume brings READY again, so nobody has to handle it.
                let is_done = is_ready || !self.at_least_once;
                *fate = if is_done { Fate::Done } else { Fate::Given };
            }
            next => return Err(format!("{version:?} is delivered, {next:?} is next")),
        }
        self.given += 1;
        if self.delivered.is_some_and(|before| version <= before) {
            return Err(format!("{version:?} comes after {:?}", self.delivered));
        }
        self.delivered = Some(version);
        self.advance();
        Ok(())
    }

    /// The consumer has handled an event.
    pub(crate) fn handles(&mut self, version: Version) {
        let first = self.open.partition_point(|(given, _)| *given < version);
        if let Some((given, fate @ Fate::Given)) = self.open.get_mut(first)
            && *given == version
        {
            *fate = Fate::Done;
        }
        self.advance();
    }

    fn advance(&mut self) {
        while let Some((version, Fate::Done)) = self.open.front() {
            self.mark = *version;
            self.given = self.given.saturating_sub(1);
            self.open.pop_front();
        }
    }

    /// Another process goes on with a session, or with none.
    pub(crate) fn replaced(&mut self, former: Option<(String, Version)>) {
        let (session, version) = former.unzip();
        let mark = version.unwrap_or_default();
        *self = Self {
            session,
            seq: mark.seq,
            epoch: mark.epoch,
            mark,
            at_least_once: self.at_least_once,
            unwanted: self.unwanted,
            connects: std::mem::take(&mut self.connects),
            ..Self::default()
        };
    }

    pub(crate) fn is_owed_nothing(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the session keeps to its times.
    pub(crate) fn watch(&mut self, now: Instant, reads: bool) -> Result<(), String> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        if !reads {
            (line.heard, line.progress) = (now, now);
        }
        if line.asked != Asked::Nothing && !line.is_live && now > line.progress + HANDSHAKE {
            return Err("READY or RESUMED does not come, and that is not noticed".to_owned());
        }
        let patience = match line.pulse {
            Some((interval, due)) => {
                if now > due + SLACK {
                    return Err("a heartbeat is due and does not leave".to_owned());
                }
                interval
            }
            None => Duration::ZERO,
        };
        if now > line.heard + patience + LIFE + SLACK {
            return Err("the connection is dead, and that is not noticed".to_owned());
        }
        Ok(())
    }
}

/// What a message of the bot was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Heartbeat,
    Identify,
    Resume,
    Command,
}

/// The name and number of an event, as Discord writes them: at the beginning.
fn event(text: &[u8]) -> Option<(&[u8], u64)> {
    let rest = text.strip_prefix(b"{\"t\":\"")?;
    let (name, rest) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'"')?)?;
    let rest = rest.strip_prefix(b"\",\"s\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    let seq = digits.fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    Some((name, seq))
}

fn session_id(ready: &[u8]) -> Option<String> {
    let ready: Value = serde_json::from_slice(ready).ok()?;
    let session = ready.pointer("/d/session_id").and_then(Value::as_str)?;
    Some(session.to_owned())
}

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts within a minute. Where the network fails at once they are a second apart on average.
const CONNECTS_MAX: usize = 120;

/// A connection that did not hold this long is not followed by the next without a pause: by chance
/// the pause may be short, which happens to one in some fifty, but not some times in a row.
const HELD: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);
const HASTY_MAX: u32 = 4;

/// After a heartbeat something has to come within this time.
const LIFE: Duration = Duration::from_secs(10);

/// READY, or something of what was missed, has to come within this time.
const HANDSHAKE: Duration = Duration::from_secs(40);

/// For what is late by a rounding.
const SLACK: Duration = Duration::from_millis(2);

/// So many resumes in vain end a session; more are not asked for.
const RESUMES_MIN: u32 = 3;
const RESUMES_MAX: u32 = 3;
