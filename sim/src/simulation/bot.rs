//! The bot's side of a run: sessions, what drives them, and their consumers.

use std::{
    collections::BTreeSet,
    hash::Hash as _,
    sync::Arc,
    time::{Duration, Instant},
};

use ovenjs_gateway::{
    Command, Config, Notice, Resume, ShardState,
    session::{Generation, IdentifyTurns, Input, Loss, Output, Session, Turn},
};
use ovenjs_types::{
    Dispatch, EventKind, Id, Intents, Interest, RequestSoundboardSounds, ShardId, Version,
};
use serde_json::Value;

use super::{ALIKE, IDENTIFY_INTERVAL, NEWS, Simulation, asker::Asker, millis};
use crate::{
    ledger::Ledger,
    wire::{Content, ToDiscord, Wire},
    witness::{Said, Witness},
};

/// One shard of the bot, and what is known of it.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) number: u32,
    pub(super) session: Session,
    pub(super) ledger: Ledger,
    pub(super) asker: Asker,
    pub(super) witness: Witness,
    /// Whether its process runs.
    pub(super) runs: bool,
    /// Whether its generation was dismissed.
    pub(super) is_gone: bool,
    /// The connection that waits for its turn to identify, and when to ask for it.
    queued: Option<(Generation, Instant)>,
    /// How long the longest message was that the session was given.
    longest: usize,
    /// Until when the consumer takes nothing.
    busy_until: Instant,
    /// What handlers are at, and when they are done.
    pub(super) handling: BTreeSet<(Instant, Version)>,
    /// What the next process needs, and what of it is kept for it.
    pub(super) posted: Option<Resume>,
    pub(super) kept: Option<Resume>,
}

impl Shard {
    pub(super) fn new(number: u32, session: Session, at_least_once: bool, now: Instant) -> Self {
        Self {
            number,
            session,
            ledger: Ledger::default(),
            asker: Asker::new(u64::from(number)),
            witness: Witness::new(at_least_once),
            runs: false,
            is_gone: false,
            queued: None,
            longest: 0,
            busy_until: now,
            handling: BTreeSet::new(),
            posted: None,
            kept: None,
        }
    }

    pub(super) fn id(&self) -> ShardId {
        self.session.shard()
    }

    /// When it wants to be looked after.
    pub(super) fn deadline(&self, now: Instant, may_take: bool) -> Option<Instant> {
        if !self.runs {
            return None;
        }
        let session = self.session.deadline();
        let queued = self.queued.map(|(_, at)| at);
        let consumer =
            (may_take && self.session.deliverable() > 0).then_some(self.busy_until.max(now));
        let handled = self.handling.first().map(|(at, _)| *at);
        let all = [session, queued, consumer, handled, self.asker.deadline()];
        all.into_iter().flatten().min()
    }

    /// Whether its consumer has not taken what it has.
    pub(super) fn holds(&self) -> bool {
        self.runs && self.session.deliverable() > 0
    }

    pub(super) fn is_settled(&self) -> bool {
        self.ledger.is_settled()
            && self.witness.is_owed_nothing()
            && self.session.backlog() == 0
            && self.handling.is_empty()
    }

    pub(super) fn watch(&mut self, now: Instant, reads: bool) -> Result<(), String> {
        if !self.runs {
            return Ok(());
        }
        let state = self.session.state();
        let may_wait = matches!(state, ShardState::Queued) && self.queued.is_some() || !reads;
        if self.session.deadline().is_none() && !may_wait {
            return Err(format!("it is {state}, and waits for nothing"));
        }
        self.witness.watch(now, reads)
    }
}

impl Simulation<'_> {
    pub(super) fn session(
        &self,
        number: u32,
        total: u32,
        former: Option<Resume>,
        entropy: u64,
    ) -> Session {
        let intents = if self.plan.life > 0 {
            Intents::all()
        } else if self.plan.asks > 0 {
            Intents::GUILDS | Intents::GUILD_MEMBERS
        } else {
            Intents::GUILDS
        };
        let config = Config::new(self.discord.token(), intents)
            .gateway_url("ws://127.0.0.1")
            .shard_range(number..number + 1, total)
            .compression(self.plan.compression)
            .backlog_bytes(self.plan.backlog)
            .at_least_once(self.plan.at_least_once.is_some())
            .resume(former);
        let shard = ShardId::new(number, total).unwrap_or_default();
        match Session::new(Arc::new(config), shard, entropy) {
            Ok(session) => session,
            Err(error) => panic!("the configuration of the simulation is wrong: {error}"),
        }
    }

    /// What is due at a shard.
    pub(super) fn wake(&mut self, number: usize) -> Result<(), String> {
        while let Some(shard) = self.shards.get_mut(number).filter(|shard| shard.runs)
            && shard
                .handling
                .first()
                .is_some_and(|(at, _)| *at <= self.now)
            && let Some((_, version)) = shard.handling.pop_first()
        {
            shard.witness.handles(version);
            self.tell(number, Input::Handled(version))?;
        }
        let shard = self.shards.get(number).filter(|shard| shard.runs);
        let due = shard.and_then(|shard| shard.session.deadline());
        if due.is_some_and(|at| at <= self.now) {
            self.tell(number, Input::Timeout)?;
        }
        Ok(())
    }

    /// Tells a session something, and does what it says.
    pub(super) fn tell(&mut self, number: usize, input: Input<'_>) -> Result<(), String> {
        if let Some(shard) = self.shards.get_mut(number).filter(|shard| shard.runs) {
            shard.session.handle(self.now, input);
            self.listen(number)?;
        }
        Ok(())
    }

    pub(super) fn opened(&mut self, number: usize) {
        if let Some(shard) = self.shards.get_mut(number) {
            shard.witness.opened(self.now);
        }
    }

    pub(super) fn given(&mut self, number: usize, content: &Content) {
        if let Some(shard) = self.shards.get_mut(number) {
            shard.witness.given(self.now, content);
            if let Content::Whole(text) = content {
                shard.longest = shard.longest.max(text.len());
            }
        }
    }

    pub(super) fn closed(&mut self, number: usize, code: Option<u16>) {
        if let Some(shard) = self.shards.get_mut(number) {
            shard.witness.closed(self.now, code);
        }
    }

    /// Does what a session says; whether it said anything.
    pub(super) fn listen(&mut self, number: usize) -> Result<bool, String> {
        let must_wait = self.must_wait(number);
        let Some(shard) = self.shards.get_mut(number).filter(|shard| shard.runs) else {
            return Ok(false);
        };
        let is_free = shard.busy_until <= self.now && !must_wait;
        let room = if is_free { self.plan.room } else { 0 };
        shard.session.handle(self.now, Input::Room(room));
        // Full is what the last message that was read has filled.
        if shard.session.backlog_bytes() > self.plan.backlog + shard.longest + EVENT_OVERHEAD {
            return Err(format!("shard {number}: the backlog is over its bound"));
        }
        let mut has_spoken = false;
        loop {
            while let Some(output) = self.shards.get_mut(number).and_then(|s| s.session.poll()) {
                has_spoken = true;
                self.record(number, &output);
                self.obey(number, output)
                    .map_err(|what| format!("shard {number}: {what}"))?;
            }
            let asks = self.hear_answers(number);
            if !asks.map_err(|what| format!("shard {number}: {what}"))? {
                break;
            }
        }
        if let Some(shard) = self.shards.get_mut(number)
            && let Some(record) = shard.session.resume()
        {
            let told = shard.witness.hands_over(record.version());
            told.map_err(|what| format!("shard {number}: {what}"))?;
            if self.plan.saves.is_none() {
                shard.kept = Some(record.clone());
            }
            shard.posted = Some(record);
        }
        Ok(has_spoken)
    }

    /// From now on the bot wants a kind of events, or no longer does.
    pub(super) fn choose(&mut self) -> Result<(), String> {
        if !self.plan.is_picky || !self.dice.one_in(6) {
            return Ok(());
        }
        self.unwanted = if self.unwanted.is_some() {
            None
        } else {
            Some(ALIKE)
        };
        for number in 0..self.shards.len() {
            if let Some(shard) = self.shards.get_mut(number) {
                shard.witness.wants_all_but(self.unwanted);
            }
            self.tell(number, Input::Interest(interest(self.unwanted)))?;
        }
        Ok(())
    }

    fn obey(&mut self, number: usize, output: Output) -> Result<(), String> {
        let now = self.now;
        if let Output::Notice(notice) = &output
            && let Some(shard) = self.shards.get_mut(number)
        {
            shard.asker.notice(now, notice);
        }
        match output {
            Output::Connect(connect) => {
                if self.has_wire(number) {
                    return Err("opens a second connection beside the first".to_owned());
                }
                let hangs = self.in_trouble && self.dice.rolls(self.plan.network.hang);
                let way = self.latency() + self.latency();
                let opens_at = (!hangs).then_some(now + way);
                self.wires.push(Wire::new(number, connect, opens_at));
                if let Some(shard) = self.shards.get_mut(number) {
                    shard.witness.connects(now)?;
                }
            }
            Output::WantIdentify { generation } => {
                if let Some(shard) = self.shards.get_mut(number) {
                    Self::leave(&mut self.turns, shard);
                    self.turns.join(shard.id());
                    shard.queued = Some((generation, now));
                }
            }
            Output::Send(payload) => {
                if let Some(question) = payload.question()
                    && let Some(shard) = self.shards.get_mut(number)
                {
                    shard.asker.left(now, question)?;
                }
                self.send(number, payload.bytes())?;
            }
            Output::Close { code } => {
                // A generation may be dismissed amid what one of its shards says.
                let is_gone = self.shards.get(number).is_some_and(|shard| shard.is_gone);
                if !is_gone && !self.has_wire(number) {
                    return Err("closes a connection that is over".to_owned());
                }
                if let Some(shard) = self.shards.get_mut(number) {
                    Self::leave(&mut self.turns, shard);
                    shard.witness.closes(now, code)?;
                }
                self.abandon(number, Some(code));
            }
            Output::Dispatch(dispatch) => self.deliver(number, &dispatch)?,
            Output::Overheard(dispatch) => {
                // Neither another process nor another generation of shards asked before it.
                let is_first = self.tally.replacements == 0
                    && u32::try_from(self.shards.len()) == Ok(self.plan.shards);
                if let Some(shard) = self.shards.get_mut(number) {
                    shard.asker.overhears(now, &dispatch, is_first)?;
                }
            }
            Output::Gap(gap) => {
                self.outdate(number, &gap);
                if let Some(shard) = self.shards.get_mut(number) {
                    shard.ledger.gap()?;
                }
                if let Some(seam) = &mut self.seam {
                    seam.gap(number);
                }
            }
            Output::Notice(Notice::Held) => {
                if let Some(shard) = self.shards.get(number) {
                    self.turns.held(shard.id());
                    self.kept_budget = self.turns.budget().clone();
                }
            }
            Output::Notice(Notice::Lost { cause, .. }) => {
                if let Some(shard) = self.shards.get_mut(number) {
                    Self::leave(&mut self.turns, shard);
                    if let Loss::Broken { reason } = cause {
                        shard.witness.calls_broken(reason)?;
                    }
                }
            }
            Output::Fatal(error) => return Err(format!("gives up: {error}")),
            _ => {}
        }
        Ok(())
    }

    fn send(&mut self, number: usize, bytes: &[u8]) -> Result<(), String> {
        let at = self.now + self.latency();
        let Some(shard) = self.shards.get_mut(number) else {
            return Ok(());
        };
        if bytes.len() > PAYLOAD_MAX {
            return Err(format!("sends {} bytes at once", bytes.len()));
        }
        let said = shard.witness.sends(self.now, bytes)?;
        if said == Said::Identify {
            self.turns.spend(shard.id(), self.now);
            self.kept_budget = self.turns.budget().clone();
            let lane = usize::try_from(shard.number % self.plan.max_concurrency);
            if let Some(last) = lane.ok().and_then(|lane| self.identified.get_mut(lane))
                && let Some(before) = last.replace(self.now)
                && self.now < before + IDENTIFY_INTERVAL
                && !self.is_forgetful
            {
                return Err("identifies too soon after another of its lane".to_owned());
            }
        }
        let is_lost = self.in_trouble
            && matches!(said, Said::Identify | Said::Resume)
            && self.dice.rolls(self.plan.network.swallow);
        if is_lost {
            self.note(|| format!("shard {number}: that is lost on the way"));
            return Ok(());
        }
        let wires = self.wires.iter_mut();
        let mut wires = wires.filter(|wire| wire.shard == number && wire.is_current());
        if let Some(wire) = wires.next_back() {
            wire.to_discord.send(at, ToDiscord::Message(bytes.to_vec()));
        }
        Ok(())
    }

    fn has_wire(&self, number: usize) -> bool {
        let mut wires = self.wires.iter();
        wires.any(|wire| wire.shard == number && wire.is_current())
    }

    /// The bot lets go of its connection; Discord hears of it unless the way is dark.
    pub(super) fn abandon(&mut self, number: usize, code: Option<u16>) {
        let at = self.now + self.latency();
        let is_late = self.dice.rolls(self.plan.network.late);
        let wires = self.wires.iter_mut();
        for wire in wires.filter(|wire| wire.shard == number && !wire.abandoned) {
            wire.abandoned = true;
            wire.to_discord.send(at, ToDiscord::Closed(code));
            if !is_late {
                wire.to_bot.darken();
            }
        }
    }

    pub(super) fn leave(turns: &mut IdentifyTurns, shard: &mut Shard) {
        shard.queued = None;
        turns.leave(shard.id());
    }

    fn deliver(&mut self, number: usize, dispatch: &Dispatch) -> Result<(), String> {
        let Some(shard) = self.shards.get_mut(number) else {
            return Ok(());
        };
        let is_ready = dispatch.name() == "READY";
        shard.witness.delivers(dispatch.version, is_ready)?;
        if let Some(longest) = self.plan.at_least_once {
            let done = self.now + self.dice.millis(millis(longest));
            shard.handling.insert((done, dispatch.version));
        }
        match dispatch.name() {
            "READY" => {
                let data: Value =
                    serde_json::from_slice(&dispatch.raw).map_err(|error| error.to_string())?;
                let session = data.pointer("/session_id").and_then(Value::as_str);
                shard.ledger.ready(session.unwrap_or_default())?;
            }
            NEWS => {
                let number = news(&dispatch.raw).ok_or("an event is not what was sent")?;
                shard.ledger.event(number)?;
            }
            _ => {}
        }
        shard.ledger.note(dispatch.version);
        self.pass_seam(number, dispatch)
    }

    /// Gives turns to identify; whether anyone got one.
    pub(super) fn grant(&mut self) -> Result<bool, String> {
        let mut granted = false;
        for number in 0..self.shards.len() {
            let Some(shard) = self.shards.get_mut(number) else {
                break;
            };
            let Some((generation, at)) = shard.queued.filter(|(_, at)| *at <= self.now) else {
                continue;
            };
            match self.turns.turn(shard.id(), self.now) {
                Turn::Now => {
                    shard.queued = None;
                    granted = true;
                    self.tell(number, Input::IdentifyGranted { generation })?;
                }
                Turn::Held { until, .. } if until <= self.now => {
                    return Err(format!("shard {number}: a turn is for ever at once"));
                }
                // Others may go meanwhile, so that it has to wait for another reason.
                Turn::Held { until, hold } => {
                    self.longest_hold = self.longest_hold.max(until);
                    shard.queued = Some((generation, until));
                    self.note(|| format!("shard {number}: held: {hold}"));
                }
                Turn::Behind => shard.queued = Some((generation, at.max(self.now) + BEHIND)),
            }
        }
        Ok(granted)
    }

    pub(super) fn trouble_consumers(&mut self) {
        if self.plan.consumer_pause.is_zero() {
            return;
        }
        for number in 0..self.shards.len() {
            if self.dice.one_in(8) {
                let pause = self.dice.millis(millis(self.plan.consumer_pause));
                if let Some(shard) = self.shards.get_mut(number) {
                    shard.busy_until = self.now + pause;
                }
            }
        }
    }

    pub(super) fn calm_consumers(&mut self) {
        for shard in &mut self.shards {
            shard.busy_until = self.now;
        }
    }

    /// The bot asks Discord for something.
    pub(super) fn command(&mut self) -> Result<(), String> {
        let count = match self.plan.commands {
            0 => return Ok(()),
            most => self.dice.below(most),
        };
        for _ in 0..count {
            let Some(guild) = self.dice.one_of(&self.guilds) else {
                return Ok(());
            };
            let number = self.place_of(guild);
            let takes = |shard: &Shard| shard.runs && shard.session.wants_commands();
            if !self.shards.get(number).is_some_and(takes) {
                continue;
            }
            let sounds = RequestSoundboardSounds::new([Id::new(guild)]);
            let sealed = Command::RequestSoundboardSounds(sounds).seal();
            let sealed = sealed.map_err(|error| error.to_string())?;
            self.tell(number, Input::Command(sealed))?;
        }
        Ok(())
    }

    fn record(&mut self, number: usize, output: &Output) {
        (self.now - self.begun, number).hash(&mut self.trace);
        std::mem::discriminant(output).hash(&mut self.trace);
        match output {
            Output::Send(payload) => payload.bytes().hash(&mut self.trace),
            Output::Dispatch(dispatch) => dispatch.raw.hash(&mut self.trace),
            Output::Connect(connect) => connect.url.path().hash(&mut self.trace),
            _ => {}
        }
        let is_news = matches!(output, Output::Dispatch(dispatch) if dispatch.name() == NEWS)
            || matches!(output, Output::Overheard(_));
        if self.tells && !is_news {
            let words = match output {
                Output::Send(payload) => match serde_json::from_slice::<Value>(payload.bytes()) {
                    Ok(said) if said.get("op").and_then(Value::as_u64) == Some(1) => {
                        format!("says {said}")
                    }
                    // The others hold the token.
                    Ok(said) => format!("says op {}", said.get("op").unwrap_or(&Value::Null)),
                    Err(error) => error.to_string(),
                },
                Output::Dispatch(dispatch) => {
                    format!("delivers {} {:?}", dispatch.name(), dispatch.version)
                }
                other => format!("{other:?}"),
            };
            self.note(|| format!("shard {number}: {words}"));
        }
    }

    /// Adds what the session of a shard counted to what others did before it.
    pub(super) fn count(&mut self, number: usize) {
        if let Some(shard) = self.shards.get(number) {
            let counts = shard.session.counts();
            self.tally.connects += counts.connects;
            self.tally.identifies += counts.identifies;
            self.tally.resumes += counts.resumes;
        }
    }
}

/// All kinds but this one.
pub(super) fn interest(unwanted: Option<&str>) -> Interest {
    let kinds = EventKind::ALL.iter().copied();
    let wanted = kinds.filter(|kind| unwanted.is_none_or(|name| kind.name() != name));
    wanted.collect::<Interest>().with(EventKind::Unknown)
}

/// The number of an event: `{"guild_id":"1","number":7,"padding":"x"}`.
pub(super) fn news(raw: &[u8]) -> Option<u64> {
    let key = b"\"number\":";
    let at = raw.windows(key.len()).position(|window| window == key)?;
    let rest = raw.get(at + key.len()..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// How often those behind others ask again for their turn.
const BEHIND: Duration = Duration::from_millis(500);

/// What an event weighs in the backlog beside its bytes.
const EVENT_OVERHEAD: usize = 128;

/// Discord takes no more at once.
const PAYLOAD_MAX: usize = 4_096;
