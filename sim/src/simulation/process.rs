//! The bot's process: how it begins, what it saves, and what becomes of it.

use std::time::Instant;

use ovenjs_gateway::{
    Resume,
    session::{IdentifyTurns, Input},
};
use ovenjs_mock::Call;
use ovenjs_ratelimit::IdentifyBudget;
use ovenjs_types::{SessionStartLimit, Version};
use serde_json::Value;

use super::{Simulation, bot::interest, millis};

/// What is on its way to where the next process finds it.
#[derive(Debug)]
pub(super) struct Saving {
    done_at: Instant,
    state: Vec<Option<Resume>>,
    end: End,
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    Failed,
    /// It is done, and nobody hears of that.
    Unheard,
}

impl Saving {
    pub(super) const fn done_at(&self) -> Instant {
        self.done_at
    }
}

impl Simulation<'_> {
    /// The process begins.
    pub(super) fn start(&mut self) -> Result<(), String> {
        let process = self.plan.process;
        let mut budget = self.kept_budget.clone();
        if process.forgets {
            budget = IdentifyBudget::new();
            self.is_forgetful |= self.tally.replacements > 0;
        }
        self.wall_skew_ms += self.dice.below(2 * process.clock_jump_ms + 1);
        self.is_forgetful |= self.tally.replacements > 0 && process.clock_jump_ms > 0;
        let passed = millis(self.now - self.begun);
        let wall_ms = (WALL_MS + passed + self.wall_skew_ms)
            .saturating_sub(process.clock_jump_ms * (1 + self.tally.replacements));
        self.turns = IdentifyTurns::new(budget, self.now, wall_ms);
        // A bot asks until it has an answer.
        let _ = (0..ASKS_FOR_LIMITS).any(|_| self.learn());
        self.next_save = self.plan.saves.map(|saves| self.now + saves.every);
        for number in 0..self.shards.len() {
            if self.shards.get(number).is_some_and(|shard| shard.is_gone) {
                continue;
            }
            if let Some(shard) = self.shards.get_mut(number) {
                shard.runs = true;
                // The bot may have changed its mind while no process was there.
                let interest = interest(self.unwanted);
                shard.session.handle(self.now, Input::Interest(interest));
                if self.plan.saves.is_some() {
                    // Until something is saved, the next process would begin where this one does.
                    let saved = shard.kept.as_ref().map(Resume::version).unwrap_or_default();
                    shard.witness.saved(saved);
                    shard.session.handle(self.now, Input::Saved(saved));
                }
            }
            self.tell(number, Input::Start)?;
        }
        Ok(())
    }

    /// Replaces the process, or kills it.
    pub(super) fn trouble_process(&mut self) -> Result<(), String> {
        if self.restart_at.is_some() {
            return Ok(());
        }
        if self.dice.rolls(self.plan.process.hand_over) {
            self.note(|| "the process hands over to another".to_owned());
            self.saving = None;
            self.replace(true)?;
            self.start()?;
        } else if self.dice.rolls(self.plan.process.kill) {
            self.note(|| "the process is killed".to_owned());
            // What was being saved may be saved, or not.
            if let Some(saving) = self.saving.take().filter(|_| self.dice.one_in(2)) {
                self.keep(saving.state);
            }
            self.replace(false)?;
            self.next_save = None;
            self.restart_at = Some(self.now + self.dice.millis(10_000));
        }
        Ok(())
    }

    /// Another process takes over: what the old one left behind is all it knows.
    fn replace(&mut self, in_order: bool) -> Result<(), String> {
        self.tally.replacements += 1;
        for number in 0..self.shards.len() {
            if self.shards.get(number).is_some_and(|shard| shard.is_gone) {
                continue;
            }
            self.count(number);
            let entropy = self.dice.next();
            let Some(shard) = self.shards.get_mut(number) else {
                break;
            };
            if in_order {
                shard.session.handle(self.now, Input::Stop);
                shard.kept.clone_from(&shard.posted);
            } else if self.plan.at_least_once.is_none() {
                shard.kept = None;
            }
            let former = shard.kept.clone();
            shard.posted.clone_from(&former);
            shard.handling.clear();
            shard.asker.begin_anew(entropy);
            Self::leave(&mut self.turns, shard);
            let known = former.as_ref().and_then(known);
            match &known {
                Some((session, version)) => shard.ledger.rewind(session, *version),
                None => shard.ledger.forget(),
            }
            shard.witness.replaced(known);
            shard.runs = false;
            let shard_number = shard.number;
            let session = self.session(shard_number, self.total, former, entropy);
            if let Some(shard) = self.shards.get_mut(number) {
                shard.session = session;
            }
            self.abandon(number, in_order.then_some(CLOSE_IN_ORDER));
        }
        self.replace_glass(in_order)?;
        // The generations of the next process begin anew, so nothing late may reach it.
        for wire in &mut self.wires {
            wire.to_bot.darken();
        }
        Ok(())
    }

    /// Saves what the next process needs, one time after another.
    pub(super) fn save(&mut self) -> Result<(), String> {
        if let Some(saving) = self.saving.take_if(|saving| saving.done_at <= self.now) {
            let versions: Vec<Option<Version>> = saving
                .state
                .iter()
                .map(|record| record.as_ref().map(Resume::version))
                .collect();
            self.note(|| format!("saving as of {versions:?}: {:?}", saving.end));
            if !matches!(saving.end, End::Failed) {
                self.keep(saving.state);
            }
            for (number, version) in versions.into_iter().enumerate() {
                if let (End::Done, Some(version)) = (saving.end, version) {
                    if let Some(shard) = self.shards.get_mut(number) {
                        shard.witness.saved(version);
                    }
                    self.tell(number, Input::Saved(version))?;
                }
            }
        }
        let Some(saves) = self
            .plan
            .saves
            .filter(|_| self.saving.is_none() && self.next_save.is_some_and(|at| at <= self.now))
        else {
            return Ok(());
        };
        let end = if self.in_trouble && self.dice.rolls(saves.fails) {
            End::Failed
        } else if self.in_trouble && self.dice.rolls(saves.unheard) {
            End::Unheard
        } else {
            End::Done
        };
        let done_at = self.now + self.dice.millis(millis(saves.takes));
        self.next_save = Some(done_at + saves.every);
        let state = self.shards.iter().map(|shard| shard.posted.clone());
        self.saving = Some(Saving {
            done_at,
            state: state.collect(),
            end,
        });
        Ok(())
    }

    fn keep(&mut self, state: Vec<Option<Resume>>) {
        for (shard, record) in self.shards.iter_mut().zip(state) {
            shard.kept = record;
        }
    }

    /// Asks Discord how many sessions may be started, and says whether it has answered.
    pub(super) fn learn(&mut self) -> bool {
        let token = format!("Bot {}", self.discord.token());
        let call = Call {
            method: "GET",
            path: "/api/v10/gateway/bot",
            authorization: Some(&token),
            ..Call::default()
        };
        let answer: Value =
            serde_json::from_slice(&self.discord.request(self.now, call).body).unwrap_or_default();
        // A request can fail; the turns are then those of the smallest bot.
        let Some(limit) = answer.get("session_start_limit") else {
            return false;
        };
        let number = |name: &str| limit.get(name).and_then(Value::as_u64).unwrap_or(1);
        let small = |name: &str| u32::try_from(number(name)).unwrap_or(u32::MAX);
        let mut limit = SessionStartLimit {
            total: small("total"),
            remaining: small("remaining"),
            reset_after: number("reset_after"),
            max_concurrency: small("max_concurrency"),
        };
        if self.plan.odd_limits {
            (limit.total, limit.remaining) = (u32::MAX, u32::MAX);
            limit.reset_after = u64::MAX;
            limit.max_concurrency -= u32::from(limit.max_concurrency == 1);
        }
        self.turns.learn(limit, self.now);
        true
    }
}

/// The session and the last event that a record speaks of.
fn known(former: &Resume) -> Option<(String, Version)> {
    let record = serde_json::to_value(former).ok()?;
    let session = record.get("session_id").and_then(Value::as_str)?;
    Some((session.to_owned(), former.version()))
}

/// The wall clock as the run begins.
const WALL_MS: u64 = 1_798_761_600_000;

/// With which a process closes that hands over.
pub(super) const CLOSE_IN_ORDER: u16 = 4_900;

/// How often Discord is asked for its limits: what comes in the way is rolled anew each time.
const ASKS_FOR_LIMITS: u32 = 20;
