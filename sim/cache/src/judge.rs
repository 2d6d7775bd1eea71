//! What each process has seen, and what it should not have seen after that.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A value, which says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) key: u64,
    /// Of an event: who told it, in which epoch.
    pub(crate) epoch: u32,
    pub(crate) source: u32,
    /// Which of the key's states it is.
    pub(crate) number: u32,
    /// By which load it came; 0 where it was put.
    pub(crate) load: u32,
}

/// What a key is, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Told by events, with versions of their own.
    Event,
    /// A row that is loaded, and forgotten when it changes.
    Forgotten,
    /// A row that is loaded under a tag, which becomes invalid when it changes.
    Tagged,
    /// A row that is loaded, and put when it changes.
    PutRow,
    /// What is nowhere but here: put and removed by whoever likes.
    Own,
}

impl Kind {
    pub(crate) const fn of(key: u64) -> Self {
        match key {
            0 | 1 => Self::Event,
            2 => Self::Forgotten,
            3 => Self::Tagged,
            4 => Self::PutRow,
            _ => Self::Own,
        }
    }

    pub(crate) const fn is_row(self) -> bool {
        matches!(self, Self::Forgotten | Self::Tagged | Self::PutRow)
    }
}

/// How many keys there are.
pub(crate) const KEYS: u64 = 7;

/// Who judges.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// Told step by step, where somebody wants to hear it.
    pub(crate) story: Option<Vec<String>>,
    pub(crate) now: u64,
    /// By how much clocks may be apart.
    skew: u64,
    /// Whether nothing goes wrong.
    is_calm: bool,
    /// Whether one process alone is to load at a time, and nothing hinders it.
    loads_alone: bool,
    /// What somebody has begun to delete.
    pub(crate) deleted: BTreeSet<u64>,
    /// By process and key, how many writes are under way, and when the last one ended.
    writing: BTreeMap<(u64, u64), (u32, u64)>,
    /// Of each key, when each of its states began. Of rows they are the truth, the first number is 1.
    states: BTreeMap<u64, Vec<u64>>,
    written: BTreeSet<State>,
    /// Who began each load, and when.
    loads: Vec<(u64, u64)>,
    /// Who loads just now.
    loading: Vec<(u64, u64)>,
    /// By process and key, what it knows.
    known: BTreeMap<(u64, u64), Vec<Knows>>,
    /// Of a key of one's own: what was seen before what.
    before: BTreeSet<(u64, u32, u32)>,
    /// What a process was told that is kept.
    pub(crate) kept: Vec<Kept>,
    pub(crate) reads: u64,
    pub(crate) found: u64,
    pub(crate) writes: u64,
    pub(crate) failed: u64,
    pub(crate) violations: Vec<String>,
}

/// What a process knows of a key since then.
#[derive(Clone, Copy, Debug)]
struct Knows {
    since: u64,
    /// Until when it is promised to remember it.
    until: u64,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Saw(State),
    /// It was deleted, as this state.
    Deleted(State),
    /// What was so at this time or later.
    AsOf(u64),
}

/// A write that its process was told is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) process: u64,
    pub(crate) state: State,
    pub(crate) is_deleted: bool,
    pub(crate) at: u64,
    /// By [`Tiered::flush`](ovenjs_cache::tiers::Tiered::flush), in the last store.
    pub(crate) is_flushed: bool,
}

impl Judge {
    pub(crate) fn new(is_told: bool, skew: u64, is_calm: bool, loads_alone: bool) -> Self {
        Self {
            story: is_told.then(Vec::new),
            skew,
            is_calm,
            loads_alone,
            ..Self::default()
        }
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(story) = &mut self.story {
            story.push(format!("{now:>7} ms  {}", what()));
        }
    }

    pub(crate) fn violated(&mut self, how: String) {
        self.tell(|| format!("BROKEN: {how}"));
        self.violations.push(how);
    }

    /// The key gets a new state, which becomes the truth now.
    pub(crate) fn begins(&mut self, key: u64, epoch: u32, source: u32) -> State {
        self.writes += 1;
        let states = self.states.entry(key).or_default();
        states.push(self.now);
        let state = State {
            key,
            epoch,
            source,
            number: states.len() as u32,
            load: 0,
        };
        self.written.insert(state);
        state
    }

    /// This process begins to write it.
    pub(crate) fn write_begins(&mut self, process: u64, key: u64) {
        self.writing.entry((process, key)).or_default().0 += 1;
    }

    pub(crate) fn write_ends(&mut self, process: u64, key: u64) {
        let (count, end) = self.writing.entry((process, key)).or_default();
        *count -= 1;
        *end = self.now;
    }

    /// The truth of a row, as a load reads it: nothing, where there is no row just now.
    pub(crate) fn truth(&mut self, key: u64, load: u32) -> Option<State> {
        let number = self.states.get(&key).map_or(0, Vec::len) as u32;
        if !is_there(number) {
            return None;
        }
        let state = State {
            key,
            epoch: 0,
            source: 0,
            number,
            load,
        };
        self.written.insert(state);
        Some(state)
    }

    /// The number of a load that begins.
    pub(crate) fn load_begins(&mut self, process: u64, key: u64) -> u32 {
        let is_beside =
            |(other, of): &(u64, u64)| *of == key && (*other == process || self.loads_alone);
        if let Some((other, _)) = self.loading.iter().copied().find(is_beside) {
            self.violated(format!("{process} loads key {key} while {other} loads it"));
        }
        self.loading.push((process, key));
        self.loads.push((process, self.now));
        let load = self.loads.len() as u32;
        self.tell(|| format!("{process} begins to load key {key}, load {load}"));
        load
    }

    /// The number of what a process reads elsewhere by itself, as a load would.
    pub(crate) fn is_at_hand(&mut self, process: u64) -> u32 {
        self.loads.push((process, self.now));
        self.loads.len() as u32
    }

    pub(crate) fn load_ends(&mut self, process: u64, key: u64) {
        let place = self.loading.iter().position(|one| *one == (process, key));
        if let Some(place) = place {
            self.loading.swap_remove(place);
        }
    }

    /// A read that began then has ended with this.
    pub(crate) fn read(&mut self, process: u64, key: u64, began: u64, found: Option<State>) {
        self.reads += 1;
        self.tell(|| {
            format!(
                "{process} reads key {key}, asked at {began}: {}",
                told(found)
            )
        });
        match found {
            Some(state) => {
                self.found += 1;
                self.saw(process, began, state);
            }
            // A row is known not to be; of all else nobody needs to know where a store may be away.
            None if Kind::of(key).is_row() => {
                let floor = self.floor(process, key, began, false);
                let states = self.states.get(&key).map_or(&[][..], Vec::as_slice);
                let none_at = |number: &u32| !is_there(*number) && ends(states, *number) >= floor;
                if !(0..=states.len() as u32).any(|number| none_at(&number)) {
                    self.violated(format!(
                        "{process} reads that there is no key {key}; there is one since before {floor}"
                    ));
                }
            }
            None if self.is_calm && !self.deleted.contains(&key) => {
                let known = self.of(process, key, began).into_iter();
                let held = known.map(|known| known.what).find_map(|what| match what {
                    What::Saw(held) => Some(held),
                    What::Deleted(_) | What::AsOf(_) => None,
                });
                // What is being written is known here already, and need not be anywhere else yet.
                let writing = self.writing.get(&(process, key)).copied();
                let is_writing = writing.is_some_and(|(count, end)| count > 0 || end >= began);
                let held = held.filter(|held| !is_writing && !self.is_of_two_shards(held));
                if let Some(held) = held {
                    self.violated(format!("{process} reads nothing, after it knew {held:?}"));
                }
            }
            None => {}
        }
    }

    fn saw(&mut self, process: u64, began: u64, state: State) {
        let key = state.key;
        if !self.written.contains(&state) {
            return self.violated(format!("{process} reads {state:?}, which nobody wrote"));
        }
        match Kind::of(key) {
            Kind::Event => self.saw_event(process, began, state),
            Kind::Own => self.saw_own(process, began, state),
            Kind::Forgotten | Kind::Tagged | Kind::PutRow => {
                // What others put or loaded and what was loaded here have their order by clocks.
                let is_own = state.load > 0 && self.loads[state.load as usize - 1].0 == process;
                let is_near = !is_own && Kind::of(key) != Kind::Tagged;
                let floor = self.floor(process, key, began, is_near);
                let states = self.states.get(&key).map_or(&[][..], Vec::as_slice);
                let ended = ends(states, state.number);
                if ended < floor {
                    self.violated(format!(
                        "{process} reads {state:?}, which was over at {ended}, and knows what was so at {floor}"
                    ));
                }
            }
        }
        self.knows(process, key, self.now, A_WHILE, What::Saw(state));
    }

    fn saw_event(&mut self, process: u64, began: u64, state: State) {
        for known in self.of(process, state.key, began) {
            let (held, is_deleted) = match known.what {
                What::Saw(held) => (held, false),
                What::Deleted(held) => (held, true),
                What::AsOf(_) => continue,
            };
            let broken = if state.epoch == held.epoch && state.source != held.source {
                "of another shard"
            } else if (state.epoch, state.number) < (held.epoch, held.number) {
                "older"
            } else if is_deleted && state.number == held.number {
                "deleted"
            } else {
                continue;
            };
            return self.violated(format!(
                "{process} reads {state:?}, which is {broken}, after it knew {held:?}"
            ));
        }
    }

    /// Versions have one order, so that what one process has seen in one order nobody sees in another.
    fn saw_own(&mut self, process: u64, began: u64, state: State) {
        for known in self.of(process, state.key, began) {
            let (What::Saw(held) | What::Deleted(held)) = known.what else {
                continue;
            };
            let is_deleted = matches!(known.what, What::Deleted(_));
            let (key, one, other) = (state.key, held.number, state.number);
            if one == other && !is_deleted {
                continue;
            }
            if one == other || self.before.contains(&(key, other, one)) {
                return self.violated(format!(
                    "{process} reads {state:?} after {held:?}, which came after it"
                ));
            }
            self.before.insert((key, one, other));
        }
    }

    /// Of a row: since when what this process reads has to have been so.
    fn floor(&self, process: u64, key: u64, began: u64, is_near: bool) -> u64 {
        let near = if is_near { SKEW_MAX } else { self.skew };
        let floors = self.of(process, key, began).into_iter();
        let floors = floors.map(|known| match known.what {
            What::AsOf(at) => at.saturating_sub(self.skew),
            // It is as new as when its load began.
            What::Saw(state) if state.load > 0 => {
                self.loads[state.load as usize - 1].1.saturating_sub(near)
            }
            What::Saw(state) | What::Deleted(state) => {
                let since = self.states[&key][state.number as usize - 1];
                since.saturating_sub(self.skew)
            }
        });
        floors.max().unwrap_or_default()
    }

    /// A write that began then was told to be kept.
    pub(crate) fn kept(&mut self, process: u64, began: u64, state: State, is_deleted: bool) {
        self.tell(|| format!("{process} is told that {state:?} is kept"));
        let key = state.key;
        if Kind::of(key) == Kind::Own {
            for known in self.of(process, key, began) {
                if let What::Saw(held) | What::Deleted(held) = known.what
                    && held.number != state.number
                {
                    self.before.insert((key, held.number, state.number));
                }
            }
        }
        let (what, lasts) = match Kind::of(key) {
            // Whatever the clocks, the truth had changed before it was written.
            kind if kind.is_row() => (What::AsOf(began), MINUTE),
            _ if is_deleted => (What::Deleted(state), MINUTE),
            _ => (What::Saw(state), A_WHILE),
        };
        self.knows(process, key, began, lasts, what);
        self.kept.push(Kept {
            process,
            state,
            is_deleted,
            at: self.now,
            is_flushed: false,
        });
    }

    fn knows(&mut self, process: u64, key: u64, began: u64, lasts: u64, what: What) {
        let known = self.known.entry((process, key)).or_default();
        known.push(Knows {
            since: self.now,
            until: began + lasts,
            what,
        });
    }

    /// What this process knew of the key at that time and still has to know.
    fn of(&self, process: u64, key: u64, at: u64) -> Vec<Knows> {
        let known = self.known.get(&(process, key)).into_iter().flatten();
        let known = known.filter(|known| known.since < at && self.now < known.until);
        known.copied().collect()
    }

    /// The newest event of this key that somebody who is alive was told is kept.
    pub(crate) fn newest(&self, key: u64) -> Option<Kept> {
        let kept = self.kept.iter().filter(|kept| kept.state.key == key);
        kept.max_by_key(|kept| (kept.state.epoch, kept.state.number))
            .copied()
    }

    /// Whether nobody has told anything newer of it, be it that he was not told that it is kept.
    pub(crate) fn is_newest(&self, state: &State) -> bool {
        let of_key = self.written.iter().filter(|other| other.key == state.key);
        of_key.map(|other| (other.epoch, other.number)).max() == Some((state.epoch, state.number))
    }

    /// Whether two shards told of this in its epoch.
    pub(crate) fn is_of_two_shards(&self, state: &State) -> bool {
        self.written.iter().any(|other| {
            (other.key, other.epoch) == (state.key, state.epoch) && other.source != state.source
        })
    }

    /// The number of the present state.
    pub(crate) fn last(&self, key: u64) -> u32 {
        self.states.get(&key).map_or(0, Vec::len) as u32
    }
}

/// Every fifth state of a row is that there is none, and so is the first.
pub(crate) const fn is_there(number: u32) -> bool {
    !number.is_multiple_of(5)
}

/// When a state of a row was over: when the next one began.
fn ends(states: &[u64], number: u32) -> u64 {
    states.get(number as usize).copied().unwrap_or(u64::MAX)
}

fn told(found: Option<State>) -> String {
    found.map_or_else(|| "nothing".to_owned(), |state| format!("{state:?}"))
}

/// How far clocks may be apart.
const SKEW_MAX: u64 = 1_000;

/// For how long a deletion is promised to be remembered, in milliseconds, less what clocks may be apart.
const MINUTE: u64 = 60_000 - 1_000;

/// What was seen is remembered for as long as it is kept, less what lifetimes stray by.
const A_WHILE: u64 = 3_000_000;
