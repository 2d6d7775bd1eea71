//! What one limit is like: how many per window, when the window ends, whether it refills drop by
//! drop.

use std::time::Duration;

use crate::{
    Bucket as Name,
    bucket::NEVER,
    clock::{Clock, Local, Server, micros},
    headers::Headers,
};

/// What is known about one limit on one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) name: Option<Name>,
    /// No later than this has the window ended, reckoned from receipts alone.
    end: Local,
    /// Discord's name of the window: its end on Discord's clock. For a leaky bucket, when it is full
    /// again. [`NEVER`] where it is not told or cannot be believed.
    reset: Server,
    /// When the newest answer was given, by Discord's clock; [`NEVER`] where that is not told.
    answered: Server,
    pub(crate) limit: u32,
    /// The smallest number of requests that were left in the window.
    least: u32,
    /// The longest time to a reset that was ever told, in microseconds: the length of a window,
    /// about.
    period: i64,
    /// Between what lies the time in which one place comes back, if they come back one by one.
    drop_least: i64,
    drop_most: i64,
    /// The clock's era in which `reset` was told.
    era: u16,
    model: Model,
    /// How often the model turned out to be wrong.
    turns: u8,
}

/// How places come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Model {
    /// Not known: no refill is used before the reset that was told.
    #[default]
    Unknown,
    /// All at once, at the end of a window.
    Fixed,
    /// One by one.
    Leaky,
}

/// What one answer told of its limit, with all numbers there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) name: Option<Name>,
    limit: u32,
    remaining: u32,
    reset_after: i64,
    /// Whether the request counted: one that was refused with 429 moves no window.
    counted: bool,
    /// The end of the window on Discord's clock, and the moment of the answer on it, unless that
    /// contradicts what others told.
    reset: Option<(Server, Server)>,
}

/// What a route's limits have in common over all resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints {
    pub(crate) name: Option<Name>,
    pub(crate) limit: u32,
    pub(crate) period: i64,
    pub(crate) drop_least: i64,
    pub(crate) model: Model,
    /// When a resource last told another limit than it had told before.
    changed: Local,
}

/// Ends of one window told by different nodes differ by less than this.
const SAME_END: i64 = 10_000;

/// Discord rounds the time to a reset to milliseconds.
const ROUNDING: i64 = 1_000;

/// Three thousand years from now: a later reset is a broken number.
const RESET_MAX: i64 = 100_000_000_000_000_000;

/// No limit that is told of takes longer than a day.
const REFILL_MAX: i64 = 86_400_000_000;

/// A limit whose model was wrong so often is of neither kind: the careful reading holds.
const TURNS_MAX: u8 = 6;

impl Told {
    /// What `headers` tell; `None` where numbers are missing.
    pub(crate) fn read(headers: &Headers, counted: bool) -> Option<Self> {
        let (Some(limit), Some(remaining), Some(reset_after)) =
            (headers.limit, headers.remaining, headers.reset_after)
        else {
            return None;
        };
        let reset_after = micros(reset_after);
        let reset = headers.reset.map(micros);
        let reset = reset.filter(|reset| *reset < RESET_MAX).map(|reset| {
            let answered = reset.saturating_sub(reset_after);
            (reset, answered)
        });
        let limit = limit.max(1);
        Some(Self {
            name: headers.bucket,
            limit,
            remaining: remaining.min(limit),
            reset_after,
            counted,
            reset,
        })
    }

    /// The moment of the answer on Discord's clock.
    pub(crate) fn answered(&self) -> Option<Server> {
        self.reset.map(|(_, answered)| answered)
    }

    /// Its `Reset` contradicts what other answers told: only the time to it is believed.
    pub(crate) fn disbelieve(&mut self) {
        self.reset = None;
    }

    /// If places come back one by one, the least and the most time one takes: a request that was
    /// just counted takes at least one place, and missing places are told as wholes.
    fn drop(&self) -> (i64, i64) {
        let missing = i64::from(self.limit.saturating_sub(self.remaining).max(1));
        let least = (self.reset_after - ROUNDING).max(0) / missing;
        let most = (self.reset_after + ROUNDING) / (missing - 1).max(1);
        (least, most)
    }
}

impl Facts {
    pub(crate) fn of(now: Local, clock: &Clock, told: &Told) -> Self {
        let (drop_least, drop_most) = told.drop();
        Self {
            name: told.name,
            end: told.end(now),
            reset: told.reset.map_or(NEVER, |(reset, _)| reset),
            answered: told.answered().unwrap_or(NEVER),
            limit: told.limit,
            least: told.remaining,
            period: told.reset_after,
            drop_least,
            drop_most,
            era: clock.era,
            model: Model::Unknown,
            turns: 0,
        }
    }

    pub(crate) const fn end(&self) -> Local {
        self.end
    }

    pub(crate) const fn period(&self) -> i64 {
        self.period
    }

    /// In what time a whole limit's worth may be sent again.
    pub(crate) fn stretch(&self) -> i64 {
        if self.model == Model::Leaky {
            self.refill()
        } else {
            self.period
        }
    }

    /// If places come back one by one, the most that it can be in which all do.
    pub(crate) fn refill(&self) -> i64 {
        if self.model == Model::Fixed {
            return self.period;
        }
        let drop = if self.drop_most < i64::MAX {
            self.drop_most
        } else {
            self.drop_least
        };
        let all = drop.max(0).saturating_mul(i64::from(self.limit));
        all.min(REFILL_MAX)
    }

    /// Whether a request may start while `taken` are without an answer: else when, `None` for after
    /// an answer.
    pub(crate) fn ready(
        &self,
        now: Local,
        clock: &Clock,
        taken: u32,
        most: u32,
    ) -> Result<(), Option<Local>> {
        let limit = self.limit.min(most);
        if taken >= limit {
            return Err(None);
        }
        let next = self.next(now, clock);
        if now >= next || taken < self.least.min(most) {
            return Ok(());
        }
        let Some(drop) = self.leak(clock) else {
            return Err(Some(next));
        };
        // With n requests unanswered, this one included, the bucket has room for all of them when
        // it is full but for `limit - n`, whatever the order in which they arrive.
        let spare = i64::from(limit - taken - 1);
        let full = self.reset.saturating_sub(spare.saturating_mul(drop));
        let at = clock.departure(full, now).min(next);
        if at <= now { Ok(()) } else { Err(Some(at)) }
    }

    /// When one more request could start at the earliest if `taken` came before it, and `most` of the limit
    /// may be used.
    pub(crate) fn predict(&self, now: Local, clock: &Clock, taken: u64, most: u32) -> Local {
        let limit = u64::from(self.limit.min(most).max(1));
        let next = self.next(now, clock);
        let (free, next) = if now >= next {
            (limit, now)
        } else {
            (u64::from(self.least.min(most)), next)
        };
        if taken < free {
            return now;
        }
        let behind = taken - free;
        let times = |count: u64, each: i64| {
            i64::try_from(count)
                .unwrap_or(i64::MAX)
                .saturating_mul(each)
        };
        if most < self.limit {
            // A part of it is used once in the time in which a whole one may be.
            return next.saturating_add(times(behind / limit, self.stretch()));
        }
        let Some(drop) = self.leak(clock) else {
            return next.saturating_add(times(behind / limit, self.period));
        };
        let full = if taken < limit {
            self.reset.saturating_sub(times(limit - taken - 1, drop))
        } else {
            self.reset.saturating_add(times(taken + 1 - limit, drop))
        };
        clock.departure(full, now).max(now)
    }

    /// How much of the limit is in use, in thousandths.
    pub(crate) fn pressure(&self, now: Local, clock: &Clock, taken: u32) -> u32 {
        let free = if now >= self.next(now, clock) {
            self.limit
        } else {
            self.least
        };
        let used = self.limit.saturating_sub(free).saturating_add(taken);
        let thousandths = u64::from(used) * 1_000 / u64::from(self.limit.max(1));
        u32::try_from(thousandths.min(1_000)).unwrap_or(1_000)
    }

    /// A 429 that nobody expected: what was reckoned from few numbers is reckoned anew.
    pub(crate) fn doubt(&mut self) {
        self.drop_least = self.drop_least / 8 * 7;
        self.turn(Model::Unknown);
    }

    pub(crate) fn merge(&mut self, now: Local, clock: &Clock, told: &Told) {
        let is_older = self.era == clock.era
            && told
                .answered()
                .is_some_and(|answered| answered < self.answered);
        if self.limit != told.limit {
            if is_older {
                // It was long on its way, and speaks of the limit before this one.
                return;
            }
            // What was found about the former limit need not hold for this one.
            *self = Self {
                turns: self.turns,
                ..Self::of(now, clock, told)
            };
            return;
        }
        if !is_older && self.is_contradicted(clock, told) {
            // Not the limit that it was, though its number be the same.
            *self = Self {
                turns: self.turns,
                ..Self::of(now, clock, told)
            };
            return;
        }
        self.classify(clock, told);
        self.narrow(told);
        self.period = self.period.max(told.reset_after);
        match (self.told_reset(clock), told.reset) {
            // The same window: every answer's reckoning of its end is at or after the truth.
            (Some(ours), Some((theirs, _))) if is_near(ours, theirs, 2 * ROUNDING) => {
                self.least = self.least.min(told.remaining);
                self.end = self.end.min(told.end(now));
                self.reset = self.reset.max(theirs);
            }
            // Two nodes' clocks, or a bucket that leaks fast: the worse of both holds.
            (Some(ours), Some((theirs, _))) if is_near(ours, theirs, SAME_END) => {
                self.least = self.least.min(told.remaining);
                self.end = self.end.max(told.end(now));
                self.reset = self.reset.max(theirs);
            }
            // An answer that was long on its way and speaks of what is gone by.
            (Some(ours), Some((theirs, _))) if theirs < ours => {}
            // A new window, or a leaky bucket that has moved on: the later of two answers has
            // counted all that the earlier one has.
            (Some(_), Some((theirs, _))) => {
                self.least = told.remaining;
                self.end = told.end(now);
                self.reset = theirs;
            }
            // Without names of windows the worse of both holds until the window is over.
            _ if now >= self.next(now, clock) => {
                self.least = told.remaining;
                self.end = told.end(now);
                self.reset = told.reset.map_or(NEVER, |(reset, _)| reset);
            }
            _ => {
                self.least = self.least.min(told.remaining);
                self.end = self.end.max(told.end(now));
                self.reset = NEVER;
            }
        }
        if !is_older {
            self.answered = told.answered().unwrap_or(NEVER);
        }
        self.era = clock.era;
    }

    /// From when on a request arrives after the window, for sure.
    fn next(&self, now: Local, clock: &Clock) -> Local {
        self.told_reset(clock)
            .map_or(self.end, |reset| self.end.min(clock.departure(reset, now)))
    }

    /// [`reset`](Self::reset), where it was told and Discord's clock has not jumped since.
    fn told_reset(&self, clock: &Clock) -> Option<Server> {
        (self.reset != NEVER && self.era == clock.era).then_some(self.reset)
    }

    /// The time in which one place comes back, where they come back one by one.
    fn leak(&self, clock: &Clock) -> Option<i64> {
        let drop = self.drop_least.min(self.drop_most);
        let is_told = self.told_reset(clock).is_some();
        (self.model == Model::Leaky && is_told && drop > 0).then_some(drop)
    }

    /// Whether a later answer tells of another limit than all before it: of an earlier end, or of a bucket
    /// that has moved by another time than places take to come back.
    fn is_contradicted(&self, clock: &Clock, told: &Told) -> bool {
        let (Some(ours), Some((theirs, answered))) = (self.told_reset(clock), told.reset) else {
            return false;
        };
        let moved = theirs.saturating_sub(ours);
        if moved < -SAME_END {
            return answered > self.answered.saturating_add(ROUNDING);
        }
        if self.model != Model::Leaky || moved <= SAME_END || answered >= ours {
            return false;
        }
        // So many were counted in between, each with a place.
        let most = self.drop_most.max(self.drop_least).max(1);
        let places = moved.saturating_add(most - 1 - SAME_END) / most;
        let least = self.drop_least.min(self.drop_most);
        moved < places.saturating_mul(least).saturating_sub(SAME_END)
    }

    /// Two answers of one stretch of time tell the models apart: a window's end stays where it is,
    /// a leaky bucket's moves with each request.
    fn classify(&mut self, clock: &Clock, told: &Told) {
        let (Some(ours), Some((reset, answered))) = (self.told_reset(clock), told.reset) else {
            return;
        };
        if !told.counted || self.turns > TURNS_MAX {
            return;
        }
        let moved = reset.saturating_sub(ours);
        if moved.abs() <= 2 * ROUNDING {
            self.turn(Model::Fixed);
        } else if answered.saturating_add(2 * ROUNDING) < ours
            && moved > SAME_END
            && moved >= told.drop().0 / 2
        {
            self.turn(Model::Leaky);
        }
    }

    fn turn(&mut self, model: Model) {
        if self.model == model {
            return;
        }
        if self.model != Model::Unknown {
            self.turns = self.turns.saturating_add(1);
        }
        self.model = if self.turns > TURNS_MAX {
            Model::Unknown
        } else {
            model
        };
    }

    /// Narrows what is known of the time in which one place comes back. The newest answer prevails.
    fn narrow(&mut self, told: &Told) {
        if !told.counted && told.remaining == told.limit {
            // Nothing was missing.
            return;
        }
        let drop = told.drop();
        let (least, most) = (self.drop_least.max(drop.0), self.drop_most.min(drop.1));
        (self.drop_least, self.drop_most) = if least <= most {
            (least, most)
        } else {
            // Not the limit that it was, though its number be the same.
            if self.model == Model::Leaky {
                self.turn(Model::Unknown);
            }
            drop
        };
    }
}

fn is_near(one: Server, other: Server, by: i64) -> bool {
    one.abs_diff(other) <= by.unsigned_abs()
}

impl Told {
    /// The end of its window, reckoned from the receipt.
    fn end(&self, now: Local) -> Local {
        now.saturating_add(self.reset_after)
            .saturating_add(ROUNDING)
    }
}

impl Hints {
    /// What another process learned.
    pub(crate) fn restored(limit: u32, period: i64, drop: Option<Duration>) -> Self {
        Self {
            name: None,
            limit,
            period,
            drop_least: drop.map_or(0, micros),
            model: drop.map_or(Model::Unknown, |_| Model::Leaky),
            changed: NEVER,
        }
    }

    pub(crate) fn of(now: Local, facts: &Facts, is_changed: bool) -> Self {
        Self {
            name: facts.name,
            limit: facts.limit,
            period: facts.period,
            drop_least: facts.drop_least.min(facts.drop_most),
            model: facts.model,
            changed: if is_changed { now } else { NEVER },
        }
    }

    /// Takes what a resource told over.
    pub(crate) fn update(&mut self, told: Self) {
        let changed = self.changed.max(told.changed);
        let period = if self.limit == told.limit {
            self.period.max(told.period)
        } else {
            told.period
        };
        *self = Self {
            changed,
            period,
            ..told
        };
    }

    /// The facts of a resource of which nothing was told yet: its whole limit is free.
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            end: NEVER,
            reset: NEVER,
            answered: NEVER,
            limit: self.limit,
            least: self.limit,
            period: self.period,
            drop_least: self.drop_least,
            drop_most: i64::MAX,
            era: 0,
            model: self.model,
            turns: 0,
        }
    }

    /// The most that a resource's limit can be which told nothing since `heard`.
    pub(crate) fn most_since(&self, heard: Local) -> u32 {
        if self.changed > heard {
            self.limit
        } else {
            u32::MAX
        }
    }
}
