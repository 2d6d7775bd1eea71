//! What is brought up before it is asked for, and what leaves the second tier since nobody asks.
//!
//! The rules, without a clock and without a store: [`Mover`] is told what is read and found where, says what is to be
//! moved next, and is told what became of it. Who carries it out is `keyspace/moving.rs`.
//!
//! The product is the gate, as with foretelling: whatever is moved is remembered until it was read or was not, and a
//! reason for which too little was read moves no more than a probe now and then.

mod config;
mod gate;
mod heat;
mod list;
mod second;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::{Key, Space, Span, Version, fits};
use bytes::Bytes;
pub use config::{Moved, Warming, WarmingStats};
use gate::Gate;
use heat::{HOUR_MS, Heat, MINUTE_MS};
use list::{Left, List};
use second::Second;

/// The rules of one keyspace.
#[derive(Debug)]
pub(crate) struct Mover {
    config: Warming,
    heat: Heat,
    /// Reads that were told since they were last counted, and how many reads each of them stands for.
    told: u64,
    times: u16,
    /// When that was.
    counted_ms: u64,
    /// What the clock showed last.
    seen_ms: u64,
    next_ms: u64,
    /// Whether it is known what the last process has left.
    is_restored: bool,
    /// What was erased before that was known, at most [`ERASED_MAX`].
    erased: Vec<Erased>,
    save_ms: u64,
    /// The last hour, since 1970, that was prepared for.
    prepared: u64,
    tasks: VecDeque<Task>,
    /// What is to be brought up as soon as there was a look at what is there.
    wanted: VecDeque<(Key, Why)>,
    /// What was brought up and is not read yet.
    up: BTreeMap<Key, Up>,
    /// How many had left memory for want of room at the last pass, when that was, and how many do in a minute.
    evicted: (u64, u64),
    turnover: f32,
    /// For how many minutes something stays in memory that nobody reads, carefully; for ever, as long as there is room.
    stays: f32,
    gates: [Gate; 3],
    second: Second,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Read what the last process has left, and tell by [`Mover::restored`].
    Restore,
    /// Bring these into memory, where a store has them, and tell of each by [`Mover::raised`].
    Raise(Vec<Key>),
    /// Let these leave the second tier, where the third has them, and tell of each by [`Mover::lowered`].
    Lower(Vec<Key>),
    /// Write down what the next process is to know.
    Save,
}

/// What became of something that was to leave the second tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lowered {
    /// This version is over there then.
    Leaves(Version, u64),
    /// It has to stay for now.
    Stays,
    /// It was not there any more, or leaves by itself within the minute.
    WasGone,
}

/// Keys that were erased: those of the span, or of these the ones whose id fits the pattern.
#[derive(Clone, Debug)]
pub(crate) struct Erased {
    pub(crate) span: Span,
    pub(crate) pattern: Option<Bytes>,
}

impl Erased {
    fn has(&self, key: &Key) -> bool {
        let fits = |pattern: &Bytes| fits(pattern, key.id());
        self.span.has(key) && self.pattern.as_ref().is_none_or(fits)
    }
}

/// What memory is like.
pub(crate) struct Memory<'a> {
    /// Whether a key is there.
    pub(crate) has: &'a dyn Fn(&Key) -> bool,
    pub(crate) entries: u64,
    /// How many have left for want of room so far.
    pub(crate) evicted: u64,
    pub(crate) is_full: bool,
}

/// Why something is brought up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Start,
    Frequency,
    Hour,
}

#[derive(Clone, Copy, Debug)]
struct Up {
    why: Why,
    /// Nothing as long as it is on its way.
    version: Option<Version>,
    until_ms: u64,
}

impl Mover {
    /// One that lets something leave the second tier where `lowers`, and that knows what the last process has left where
    /// there is nobody to ask. What is copied to the second tier is believed for so long there.
    pub(crate) fn new(
        config: Warming,
        now_ms: u64,
        lent: Duration,
        lowers: bool,
        is_restored: bool,
    ) -> Self {
        Self {
            heat: Heat::new(config.keys, now_ms),
            save_ms: now_ms.saturating_add(millis(config.saved_every)),
            config,
            told: 0,
            times: 1,
            counted_ms: now_ms,
            seen_ms: now_ms,
            next_ms: now_ms,
            is_restored,
            erased: Vec::new(),
            prepared: now_ms / HOUR_MS,
            tasks: VecDeque::new(),
            wanted: VecDeque::new(),
            up: BTreeMap::new(),
            evicted: (0, now_ms),
            turnover: 0.0,
            stays: f32::INFINITY,
            gates: [Gate::new(AT_START), Gate::new(AHEAD), Gate::new(AHEAD)],
            second: Second::new(lent, lowers),
        }
    }

    /// A key was asked for. Tell one of so many as [`times`](Self::times) says, drawn by chance.
    pub(crate) fn read(&mut self, key: &Key) {
        self.told += 1;
        self.heat.read(key, self.times);
    }

    /// Of how many reads one is to be told: 1, 2, 4 up to [`TIMES_MAX`].
    pub(crate) const fn times(&self) -> u16 {
        self.times
    }

    /// What is in memory under this key was read, for the first time since it came there.
    pub(crate) fn was_read(&mut self, key: &Key, version: &Version) {
        let Some(up) = self.up.remove(key) else {
            return;
        };
        match up.version {
            Some(brought) => self.settle(up.why, brought == *version),
            // Before it has arrived it is somebody else's find.
            None => self.gate(up.why).was_nothing(),
        }
    }

    /// The next thing to be done; nothing, where there is none before [`due_ms`](Self::due_ms).
    pub(crate) fn poll(&mut self, now_ms: u64, memory: &Memory<'_>) -> Option<Task> {
        self.see(now_ms);
        if self.tasks.is_empty() && now_ms >= self.next_ms {
            self.begin_pass(now_ms, memory);
        }
        self.tasks.pop_front()
    }

    /// When there is something to be done.
    pub(crate) fn due_ms(&mut self, now_ms: u64) -> u64 {
        self.see(now_ms);
        self.next_ms
    }

    /// A clock that was put back is believed: what it has not shown yet begins now.
    fn see(&mut self, now_ms: u64) {
        if now_ms < self.seen_ms {
            let later = |wait: Duration| now_ms.saturating_add(millis(wait));
            let next_ms = now_ms.saturating_add(self.every_ms());
            self.next_ms = self.next_ms.min(next_ms);
            self.save_ms = self.save_ms.min(later(self.config.saved_every));
            self.counted_ms = self.counted_ms.min(now_ms);
            self.evicted.1 = self.evicted.1.min(now_ms);
            let longest_ms = now_ms.saturating_add(self.horizon_ms(Why::Hour));
            for up in self.up.values_mut() {
                up.until_ms = up.until_ms.min(longest_ms);
            }
            self.second.put_back(now_ms, millis(self.config.horizon));
        }
        self.seen_ms = now_ms;
    }

    fn begin_pass(&mut self, now_ms: u64, memory: &Memory<'_>) {
        self.note_reads(now_ms);
        self.heat.roll(now_ms);
        self.note_turnover(now_ms, memory);
        self.settle_what_is_over(now_ms, memory);
        if self.is_restored {
            self.prepare(now_ms);
            self.raise(now_ms, memory);
            let idle_ms = millis(self.config.idle);
            let lower = self.second.lower(now_ms, idle_ms, self.batch(), &self.heat);
            if !lower.is_empty() {
                self.tasks.push_back(Task::Lower(lower));
            }
            if now_ms >= self.save_ms {
                self.save_ms = now_ms.saturating_add(millis(self.config.saved_every));
                self.tasks.push_back(Task::Save);
            }
        } else {
            self.tasks.push_back(Task::Restore);
        }
        let wait = if self.wanted.is_empty() {
            self.every_ms()
        } else {
            SOON_MS
        };
        self.next_ms = now_ms.saturating_add(wait);
    }

    /// Of how many reads one is to be told from now on.
    fn note_reads(&mut self, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.counted_ms);
        if passed < COUNTED_MS {
            return;
        }
        // So many reads a second would have been told of that one in so many is enough.
        let told = self.told.saturating_mul(u64::from(self.times));
        let reads = told.saturating_mul(1_000) / passed;
        self.times = (1..=TIMES_MAX)
            .filter(|times| times.is_power_of_two())
            .find(|times| reads / u64::from(*times) <= TOLD_A_SECOND)
            .unwrap_or(TIMES_MAX);
        (self.told, self.counted_ms) = (0, now_ms);
    }

    fn note_turnover(&mut self, now_ms: u64, memory: &Memory<'_>) {
        let (evicted, at_ms) = self.evicted;
        let passed = now_ms.saturating_sub(at_ms);
        if passed < TURNOVER_MS {
            return;
        }
        self.evicted = (memory.evicted, now_ms);
        let more = few(memory.evicted.saturating_sub(evicted));
        let a_minute = more * few(MINUTE_MS) / few(passed);
        // What leaves all at once, as when memory is full for the first time, counts from then on.
        self.turnover += (a_minute - self.turnover) / 4.0;
        self.turnover = self.turnover.max(a_minute);
        self.stays = if memory.is_full && self.turnover > 0.0 {
            few(memory.entries) / self.turnover * STAYS
        } else {
            f32::INFINITY
        };
    }

    fn settle_what_is_over(&mut self, now_ms: u64, memory: &Memory<'_>) {
        let mut over = Vec::new();
        self.up.retain(|key, up| {
            let is_there = up.version.is_none() || (memory.has)(key);
            let stays = is_there && now_ms < up.until_ms;
            if !stays {
                over.push(*up);
            }
            stays
        });
        for up in over {
            match up.version {
                Some(_) => self.settle(up.why, false),
                None => self.gate(up.why).was_nothing(),
            }
        }
        self.second.settle_what_is_over(now_ms);
    }

    /// What is read in the hour that is about to begin.
    fn prepare(&mut self, now_ms: u64) {
        let within = self.stays.min(60.0);
        // What comes too early leaves before it is asked for.
        let lead = millis(self.config.lead).min(whole_ms(within / 4.0));
        let next = now_ms.saturating_add(lead) / HOUR_MS;
        if next == self.prepared {
            return;
        }
        self.prepared = next;
        if within < HOUR_KNOWN {
            return;
        }
        let of_hour = self.heat.of_hour(next, within, LIKELY_AT_HOUR);
        self.want(of_hour, Why::Hour);
    }

    fn want(&mut self, keys: Vec<Key>, why: Why) {
        let room = WANTED_MAX.saturating_sub(self.wanted.len());
        let keys = keys.into_iter().take(room);
        self.wanted.extend(keys.map(|key| (key, why)));
    }

    fn raise(&mut self, now_ms: u64, memory: &Memory<'_>) {
        let batch = self.batch();
        if self.wanted.is_empty() {
            // Before it would have left memory unread.
            let within = self.stays.min(minutes(self.horizon_ms(Why::Frequency)));
            let hot = self.heat.hot(within, LIKELY);
            self.want(hot, Why::Frequency);
        }
        let mut keys = Vec::new();
        while keys.len() < batch
            && self.up.len() < UP_MAX
            && let Some((key, why)) = self.wanted.pop_front()
        {
            let is_there = self.up.contains_key(&key) || (memory.has)(&key);
            let is_in_vain = why == Why::Start && memory.is_full;
            if is_there || is_in_vain || !self.gate(why).pays() {
                continue;
            }
            let up = Up {
                why,
                version: None,
                until_ms: now_ms.saturating_add(self.horizon_ms(why)),
            };
            self.up.insert(key.clone(), up);
            keys.push(key);
        }
        if self
            .wanted
            .front()
            .is_some_and(|(_, why)| *why == Why::Frequency)
        {
            // In ten seconds others may be more likely.
            self.wanted.clear();
        }
        if !keys.is_empty() {
            self.tasks.push_back(Task::Raise(keys));
        }
    }

    /// This is in memory now as this version, or no store had it.
    pub(crate) fn raised(&mut self, key: &Key, version: Option<Version>) {
        let Some(up) = self.up.get_mut(key) else {
            // Somebody has read it meanwhile.
            return;
        };
        up.version = version;
        let why = up.why;
        if version.is_some() {
            self.gate(why).moved();
        } else {
            self.up.remove(key);
            self.gate(why).was_nothing();
        }
    }

    /// The third tier was asked for what the second does not have; whether to copy it there: what was asked for twice
    /// within the time that a copy is believed, and what had been let go.
    pub(crate) fn lifts(&mut self, key: &Key, now_ms: u64) -> bool {
        self.second.lifts(key, now_ms)
    }

    /// The second tier was asked for it, and had it.
    pub(crate) fn found_in_second(&mut self, key: &Key, now_ms: u64) {
        self.second.found(key, now_ms);
    }

    /// The second tier had it, and is lent it again, since what it had was not believed any more.
    pub(crate) fn lent_again(&mut self, key: &Key, now_ms: u64) {
        self.second.lent_again(key, now_ms);
    }

    /// This process writes something new to the second tier.
    pub(crate) fn wrote(&mut self, key: &Key, now_ms: u64) {
        self.second.wrote(key, now_ms);
    }

    /// What became of something that was to leave the second tier.
    pub(crate) fn lowered(&mut self, key: &Key, became: Lowered, now_ms: u64) {
        let horizon_ms = millis(self.config.horizon);
        self.second.lowered(key, became, now_ms, horizon_ms);
    }

    /// Somebody has written this version to a store, which has it until then: it is asked for where it was written, and
    /// what left the second tier and comes back is missed.
    pub(crate) fn heard(&mut self, key: &Key, version: &Version, hard_ms: u64, now_ms: u64) {
        self.second.heard(key, version, hard_ms, now_ms);
    }

    /// What the last process has left; nothing where there is none.
    pub(crate) fn restored(&mut self, space: &Space, left: Option<&Bytes>, now_ms: u64) {
        if self.is_restored {
            return;
        }
        self.is_restored = true;
        let erased = std::mem::take(&mut self.erased);
        let Some(list) = left.and_then(|bytes| List::from_bytes(space, bytes)) else {
            return;
        };
        if !erased.is_empty() {
            // So that it is not in the stores' list any more.
            self.save_ms = now_ms;
        }
        let gone_ms = now_ms.saturating_sub(list.saved_ms);
        let is_erased = |left: &Left| erased.iter().any(|erased| erased.has(&left.key));
        for left in list.keys.iter().filter(|left| !is_erased(left)) {
            // What was read often an hour ago may not be now; what is read at this hour is known from its days.
            let rate = if gone_ms < HOUR_MS { left.rate } else { 0.0 };
            self.heat.restore(&left.key, rate, left.hours);
        }
        // Memory is filled as it was, and then things leave it as they did.
        let within = list.stays.min(minutes(self.horizon_ms(Why::Start)));
        let mut hot = self.heat.hot(within, LIKELY);
        let of_hour = self.heat.of_hour(now_ms / HOUR_MS, within, LIKELY_AT_HOUR);
        let already: hashbrown::HashSet<Key> = hot.iter().cloned().collect();
        hot.extend(of_hour.into_iter().filter(|key| !already.contains(key)));
        self.want(hot, Why::Start);
        self.next_ms = now_ms;
    }

    /// What the next process is to know, as bytes; nothing, as long as this one does not know what the last one has left.
    pub(crate) fn list(&self, now_ms: u64) -> Option<Bytes> {
        let list = || List {
            saved_ms: now_ms,
            stays: self.stays,
            keys: self.heat.best(list::KEYS_MAX),
        };
        self.is_restored.then(|| list().to_bytes())
    }

    /// These were erased: nothing is known of them any more, nor believed of what the last process knew.
    pub(crate) fn forget(&mut self, erased: &Erased) {
        if !self.is_restored && self.erased.len() < ERASED_MAX {
            self.erased.push(erased.clone());
        } else {
            // Rather nothing of what the last process knew than what should not be known.
            self.is_restored = true;
        }
        let is_meant = &|key: &Key| erased.has(key);
        self.heat.forget(is_meant);
        self.wanted.retain(|(key, _)| !is_meant(key));
        let moved = self.up.iter().filter(|(key, _)| is_meant(key));
        let whys: Vec<Why> = moved.map(|(_, up)| up.why).collect();
        self.up.retain(|key, _| !is_meant(key));
        for why in whys {
            self.gate(why).was_nothing();
        }
        self.second.forget(is_meant);
    }

    pub(crate) fn stats(&self) -> WarmingStats {
        let [at_start, by_frequency, by_hour] = &self.gates;
        WarmingStats {
            keys: self.heat.len(),
            at_start: at_start.moved,
            by_frequency: by_frequency.moved,
            by_hour: by_hour.moved,
            to_second: self.second.copied(),
            out_of_second: self.second.let_go(),
        }
    }

    fn settle(&mut self, why: Why, was_read: bool) {
        self.gate(why).settle(was_read);
    }

    const fn gate(&mut self, why: Why) -> &mut Gate {
        let [start, frequency, hour] = &mut self.gates;
        match why {
            Why::Start => start,
            Why::Frequency => frequency,
            Why::Hour => hour,
        }
    }

    /// Within which time what is brought up has to be read. An hour at the start, when it takes nobody's place.
    fn horizon_ms(&self, why: Why) -> u64 {
        let horizon = millis(self.config.horizon);
        match why {
            Why::Frequency => horizon,
            Why::Hour => horizon.max(HOUR_MS.saturating_add(millis(self.config.lead))),
            Why::Start => horizon.max(HOUR_MS),
        }
    }

    fn every_ms(&self) -> u64 {
        millis(self.config.every).max(SOON_MS)
    }

    fn batch(&self) -> usize {
        self.config.batch.clamp(1, BATCH_MAX)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// As far as four bytes count it: more is as much.
fn few(number: u64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "a rate needs no more than 24 bits"
    )]
    let rate = f64::from(u32::try_from(number).unwrap_or(u32::MAX)) as f32;
    rate
}

/// So many minutes, an hour at most.
fn whole_ms(minutes: f32) -> u64 {
    let seconds = f64::from((minutes * 60.0).clamp(0.0, 3_600.0));
    millis(Duration::from_secs_f64(seconds))
}

/// Whole minutes, as far as two bytes count them: more is for ever.
fn minutes(ms: u64) -> f32 {
    f32::from(u16::try_from(ms.div_ceil(MINUTE_MS)).unwrap_or(u16::MAX))
}

/// How many reads have to be likely in time for something to be brought up: where they come by chance, of four at least
/// one does in 98 of 100. Of an hour of other days less is known.
const LIKELY: f32 = 4.0;
const LIKELY_AT_HOUR: f32 = 5.0;

/// How many values one reason may move before anything is known of them; at the start, when nothing is there that
/// they could push out, all that the last process has told of.
const AHEAD: u64 = 64;
const AT_START: u64 = 1_024;

/// How much of the time in which as many leave as are in memory something is sure to stay: who leaves is not worked out
/// to the minute.
const STAYS: f32 = 0.75;

/// For how many minutes things have to stay in memory for an hour to be prepared for: within it, it is not known when
/// something is read first.
const HOUR_KNOWN: f32 = 30.0;

/// Over how long it is counted how many leave memory.
const TURNOVER_MS: u64 = 10_000;

/// How many moved values are remembered until it is known whether they were read, up, aside and down each. At some
/// hundred bytes, half a megabyte.
const UP_MAX: usize = 4_096;

/// How many keys wait to be brought up: as many as are remembered.
const WANTED_MAX: usize = 4_096;

/// How many erasures are remembered until it is known what the last process has left, which is mostly at once.
const ERASED_MAX: usize = 64;

/// How many keys a store is asked for at once.
const BATCH_MAX: usize = 512;

/// How long after a batch the next one comes, where more is wanted; a pass comes no sooner in any case.
const SOON_MS: u64 = 50;

/// How long reads are counted at least before it is said of how many one is to be told.
const COUNTED_MS: u64 = 1_000;

/// How many reads a second are told of at most: a few of ten thousand say as well which keys are read most.
const TOLD_A_SECOND: u64 = 1_000;

/// Of how many reads at least one is told.
const TIMES_MAX: u16 = 64;

#[cfg(test)]
mod tests;
