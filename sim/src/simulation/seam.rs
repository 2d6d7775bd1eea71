//! From one number of shards to another in the middle of a run, and the oracle of that: between the two
//! generations no event is lost without a word, and what comes twice is counted.
//!
//! What is played is the rule, [`Reshard`]. Around it stands what the shell does: its time stands still
//! while a consumer is behind or a shard of either generation is away, and new shards wait for old ones. What the shell
//! does besides, to let what new shards hear ripen, is not here, and so no order between the two
//! generations is asked for; within each of them the ledgers do.

use std::{
    collections::BTreeMap,
    hash::Hash as _,
    time::{Duration, Instant},
};

use ovenjs_gateway::{
    Cut, Reshard, ReshardReport, ReshardStage, ReshardTime, ShardState, Side, session::Input,
};
use ovenjs_types::Dispatch;

use super::{
    Simulation,
    bot::{Shard, interest, news},
    process::CLOSE_IN_ORDER,
};

/// Two generations at work.
#[derive(Debug)]
pub(super) struct Seam {
    pub(super) rule: Reshard,
    /// The shards of the old generation and of the new one, by their places.
    pub(super) old: std::ops::Range<usize>,
    pub(super) new: std::ops::Range<usize>,
    time: ReshardTime,
    begun: Instant,
    /// Each event that has happened meanwhile.
    fates: BTreeMap<u64, Fate>,
}

/// What became of an event.
#[derive(Debug)]
struct Fate {
    /// The shards of both generations that bring it.
    shards: [usize; 2],
    to_handlers: u32,
    to_state: u32,
    /// A session was lost that may have brought it, or nobody was there any more to bring it.
    is_excused: bool,
}

impl Seam {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.rule.deadline().and_then(|at| self.time.back(at))
    }

    fn side(&self, place: usize) -> Option<Side> {
        match (self.old.contains(&place), self.new.contains(&place)) {
            (true, _) => Some(Side::Old),
            (_, true) => Some(Side::New),
            _ => None,
        }
    }

    pub(super) fn happens(&mut self, number: u64, shards: [usize; 2]) {
        let (to_handlers, to_state) = (0, 0);
        self.fates.insert(
            number,
            Fate {
                shards,
                to_handlers,
                to_state,
                is_excused: false,
            },
        );
    }

    /// A session is lost, and what it had not brought is missing.
    pub(super) fn gap(&mut self, place: usize) {
        let fates = self.fates.values_mut();
        for fate in fates.filter(|fate| fate.shards.contains(&place)) {
            fate.is_excused = true;
        }
    }

    /// An old shard that does not know yet that its line is dead retires, and what that was to bring
    /// goes with it.
    fn excuse_what_dark_lines_hold(&mut self, shards: &[Shard]) {
        for (number, fate) in &mut self.fates {
            let [old, _] = fate.shards;
            let holds = |shard: &Shard| shard.ledger.expects(*number);
            fate.is_excused |= shards.get(old).is_some_and(holds);
        }
    }

    fn goes(&mut self, dispatch: &Dispatch, to_handlers: bool, to_state: bool) {
        let number = news(&dispatch.raw);
        if let Some(fate) = number.and_then(|number| self.fates.get_mut(&number)) {
            fate.to_handlers += u32::from(to_handlers);
            fate.to_state += u32::from(to_state);
        }
    }

    /// Nothing is lost but what the generation that is left still brings, and what came twice was
    /// counted.
    fn judge(&self, report: &ReshardReport, shards: &[Shard]) -> Result<(), String> {
        let winner = usize::from(!report.abandoned);
        for (number, fate) in &self.fates {
            let place = fate.shards.get(winner).copied().unwrap_or_default();
            let ledger = shards.get(place).map(|shard| &shard.ledger);
            let is_to_come = ledger.is_some_and(|ledger| ledger.expects(*number));
            if fate.is_excused || is_to_come {
                continue;
            }
            let is_in_guilds = ledger.is_some_and(|ledger| ledger.began_after(*number));
            if fate.to_handlers == 0 {
                return Err(format!(
                    "event {number} is lost between the generations: {report:?}"
                ));
            }
            // Where the new generation is given up, what keeps state may lack what came to it later than
            // the rule allows.
            if fate.to_state == 0 && !report.abandoned && !is_in_guilds {
                return Err(format!(
                    "event {number} is kept from what keeps state: {report:?}"
                ));
            }
        }
        let fates = self.fates.values();
        let doubles = fates.map(|fate| u64::from(fate.to_handlers.saturating_sub(1)));
        let doubles: u64 = doubles.sum();
        if doubles > report.possible_doubles {
            return Err(format!("{doubles} events came twice: {report:?}"));
        }
        Ok(())
    }
}

impl Simulation<'_> {
    /// Now and then the number of shards changes, and now and then that is given up.
    pub(super) fn trouble_shards(&mut self) -> Result<(), String> {
        let now = self.now;
        if let Some(seam) = &mut self.seam {
            if self.whims.one_in(GIVES_UP) {
                let time = seam.time.of(now);
                seam.rule.give_up(time);
            }
            return Ok(());
        }
        if self.restart_at.is_some() || !self.whims.rolls(self.plan.reshards) {
            return Ok(());
        }
        let old = self.generation.clone();
        let from = self.total;
        let to = 1 + u32::try_from(self.whims.below(6)).unwrap_or_default();
        // Of what happened before there was a session nobody brings anything.
        let old_shards = self.shards.get(old.clone()).unwrap_or_default();
        if !old_shards.iter().all(|shard| shard.ledger.has_session()) {
            return Ok(());
        }
        // What is left has to be known.
        if to == from || !self.learn() {
            return Ok(());
        }
        let left = self.turns.left(now);
        if Reshard::check(from, to, left, RESERVE_PERCENT).is_err() {
            return Ok(());
        }
        self.note(|| format!("from {from} shards to {to}"));
        let new = self.shards.len()..self.shards.len() + usize::try_from(to).unwrap_or_default();
        for number in 0..to {
            let entropy = self.whims.next();
            let session = self.session(number, to, None, entropy);
            let at_least_once = self.plan.at_least_once.is_some();
            self.shards
                .push(Shard::new(number, session, at_least_once, now));
        }
        self.seam = Some(Seam {
            rule: Reshard::new(to, true, now),
            old,
            new: new.clone(),
            time: ReshardTime::default(),
            begun: now,
            fates: BTreeMap::new(),
        });
        for place in new {
            if let Some(shard) = self.shards.get_mut(place) {
                shard.runs = true;
                shard.witness.wants_all_but(self.unwanted);
                let interest = interest(self.unwanted);
                shard.session.handle(now, Input::Interest(interest));
            }
            self.tell(place, Input::Start)?;
        }
        Ok(())
    }

    /// Whether a shard of the new generation has to let the old one go first.
    pub(super) fn must_wait(&self, place: usize) -> bool {
        self.seam.as_ref().is_some_and(|seam| {
            seam.new.contains(&place)
                && self
                    .shards
                    .get(seam.old.clone())
                    .is_some_and(|old| old.iter().any(Shard::holds))
        })
    }

    /// An event goes through the seam.
    pub(super) fn pass_seam(&mut self, place: usize, dispatch: &Dispatch) -> Result<(), String> {
        let now = self.now;
        let side = |seam: &Seam| seam.side(place);
        let (Some(side), Some(seam)) = (self.seam.as_ref().and_then(side), &mut self.seam) else {
            self.mirror(dispatch);
            return Ok(());
        };
        // What time alone brings about comes in between.
        let time = seam.time.of_event(now, seam.rule.deadline());
        seam.rule.handle(time, side, dispatch.clone());
        self.follow_seam(time)
    }

    /// Does what the rule says by now.
    pub(super) fn sew(&mut self) -> Result<(), String> {
        let now = self.now;
        let Some(seam) = &self.seam else {
            return Ok(());
        };
        let shards = |places: &std::ops::Range<usize>| {
            self.shards.get(places.clone()).unwrap_or_default().iter()
        };
        let holds = shards(&seam.old).chain(shards(&seam.new)).any(Shard::holds);
        let is_away = |shard: &Shard| shard.session.state() != ShardState::Connected;
        let settles = seam.rule.stage() == ReshardStage::Settling;
        let stands = holds || (settles && shards(&seam.old).chain(shards(&seam.new)).any(is_away));
        let Some(seam) = &mut self.seam else {
            return Ok(());
        };
        seam.time.stand(now, stands);
        // A new generation that keeps nobody's pace is given up.
        if now > seam.begun + PATIENCE {
            let time = seam.time.of(now);
            seam.rule.give_up(time);
        }
        let time = seam.time.of(now);
        self.follow_seam(time)
    }

    fn follow_seam(&mut self, time: Instant) -> Result<(), String> {
        while let Some(seam) = &mut self.seam
            && let Some(cut) = seam.rule.poll(time)
        {
            std::mem::discriminant(&cut).hash(&mut self.trace);
            match cut {
                Cut::Deliver(dispatch) => {
                    seam.goes(&dispatch, true, true);
                    self.mirror(&dispatch);
                }
                Cut::Late(dispatch) => seam.goes(&dispatch, true, false),
                Cut::Fresh(dispatch) => {
                    seam.goes(&dispatch, false, true);
                    self.mirror(&dispatch);
                }
                Cut::Retire => {
                    if self.plan.has_dark_lines() {
                        seam.excuse_what_dark_lines_hold(&self.shards);
                    }
                    let (old, new) = (seam.old.clone(), seam.new.clone());
                    self.note(|| "the old shards retire".to_owned());
                    self.total = u32::try_from(new.len()).unwrap_or_default();
                    self.generation = new;
                    self.dismiss(old);
                }
                Cut::Abandon => {
                    let new = seam.new.clone();
                    self.note(|| "the new shards are given up".to_owned());
                    self.dismiss(new);
                }
                Cut::Done(report) => {
                    seam.judge(&report, &self.shards)?;
                    self.note(|| format!("one generation again: {report:?}"));
                    self.tally.reshards += u64::from(!report.abandoned);
                    self.tally.rolled_back += u64::from(report.abandoned);
                    self.tally.doubles += report.possible_doubles;
                    self.seam = None;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Shards stop for good.
    fn dismiss(&mut self, places: std::ops::Range<usize>) {
        let now = self.now;
        for place in places {
            let Some(shard) = self.shards.get_mut(place) else {
                break;
            };
            shard.session.handle(now, Input::Stop);
            (shard.runs, shard.is_gone) = (false, true);
            shard.handling.clear();
            shard.asker.begin_anew(0);
            Self::leave(&mut self.turns, shard);
            self.abandon(place, Some(CLOSE_IN_ORDER));
        }
        // Nothing late reaches what is no longer there.
        for wire in &mut self.wires {
            if self
                .shards
                .get(wire.shard)
                .is_some_and(|shard| shard.is_gone)
            {
                wire.to_bot.darken();
            }
        }
    }
}

/// One in so many bursts in which two generations are at work ends that.
const GIVES_UP: u64 = 60;

/// As much of the day's session starts is kept back.
const RESERVE_PERCENT: u32 = 10;

/// When a new generation has to be there, and its consumer to be through, at the latest.
const PATIENCE: Duration = Duration::from_mins(20);
