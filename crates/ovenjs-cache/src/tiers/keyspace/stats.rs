//! What a keyspace has done, and what follows from it.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::tiers::{ResidentsStats, WarmingStats};

/// What a keyspace has done so far, and holds now.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct KeyspaceStats {
    /// Values that were asked for.
    pub reads: u64,
    /// Those that were in memory and fresh.
    pub from_memory: u64,
    /// Those that were in memory and no longer fresh, and were given out.
    pub stale: u64,
    /// Those that memory knew not to be.
    pub absent: u64,
    /// Those that the first store had: the second tier where there is one.
    pub from_first_store: u64,
    /// Those that the other one had.
    pub from_last_store: u64,
    /// Loaders that were called.
    pub loads: u64,
    /// Loaders that failed or took too long.
    pub loads_failed: u64,
    /// Values that were put.
    pub puts: u64,
    /// Writes and loads that somebody else's newer write overtook.
    pub overtaken: u64,
    /// Records that were older than what this process had seen, and counted as none.
    pub below_floor: u64,
    /// Records that the codec could not read.
    pub undecodable: u64,
    /// What is in memory.
    pub residents: ResidentsStats,
    /// What warming has done, where there is any.
    pub warming: Option<WarmingStats>,
}

/// What to do about the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suggestion {
    /// Much is read that has just left memory.
    MoreMemory,
    /// Most of the memory was never needed.
    LessMemory,
    /// Most of what is in memory is no longer fresh when it is read.
    LongerFresh,
    /// Loaders fail.
    MendLoader,
    /// Records are not read by the codec.
    NewSchema,
    /// Fetching ahead does not pay.
    ForetellNothing,
    /// What is brought up is not read, or what is let go is missed.
    WarmNothing,
    /// One key is written faster than it is loaded.
    PutInsteadOfLoad,
}

impl KeyspaceStats {
    /// Of what was asked for, how much memory answered: 0 to 1, and 1 where nothing was asked.
    #[must_use]
    pub fn hit_rate(&self) -> f64 {
        share(self.from_memory + self.stale + self.absent, self.reads).unwrap_or(1.0)
    }

    /// What follows from the numbers, once there are enough of them.
    #[must_use]
    pub fn suggestions(&self) -> Vec<Suggestion> {
        if self.reads < READS_MIN {
            return Vec::new();
        }
        let is_more = |part, whole, than| share(part, whole).is_some_and(|share| share > than);
        let residents = &self.residents;
        let is_full = is_more(residents.weight, residents.bound, 0.9);
        let from_stores = self.from_first_store + self.from_last_store;
        let foretelling = residents.foretelling;
        let rules = [
            (
                Suggestion::MoreMemory,
                is_full && is_more(from_stores, self.reads, 0.1),
            ),
            (
                Suggestion::LessMemory,
                !is_more(residents.weight, residents.bound, 0.25),
            ),
            (
                Suggestion::LongerFresh,
                is_more(self.stale, self.reads, 0.2),
            ),
            (
                Suggestion::MendLoader,
                is_more(self.loads_failed, self.loads, 0.1),
            ),
            (Suggestion::NewSchema, self.undecodable > 0),
            (
                Suggestion::ForetellNothing,
                foretelling.is_some_and(|model| !model.is_open),
            ),
            (
                Suggestion::WarmNothing,
                self.warming.is_some_and(|warming| {
                    let parts = [warming.raised(), warming.all()];
                    parts.into_iter().any(|part| {
                        let is_known = part.used + part.wasted >= MOVED_MIN;
                        is_known && part.efficiency() < Some(EFFICIENCY_MIN)
                    })
                }),
            ),
            (
                Suggestion::PutInsteadOfLoad,
                is_more(self.overtaken, self.loads + self.puts, 0.1),
            ),
        ];
        let hold = rules.into_iter().filter(|(_, holds)| *holds);
        hold.map(|(suggestion, _)| suggestion).collect()
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MoreMemory => {
                "more than a tenth of what is read had left memory: give the keyspace more"
            }
            Self::LessMemory => "three quarters of the memory are not used: give the keyspace less",
            Self::LongerFresh => {
                "a fifth of what is read is no longer fresh: let it be fresh for longer, or put what changes"
            }
            Self::MendLoader => "a tenth of the loads fail or take too long: look at the loader",
            Self::NewSchema => {
                "the stores hold values of another form: give the keyspace another schema version"
            }
            Self::ForetellNothing => {
                "what is fetched ahead is not read: foretell nothing in this keyspace"
            }
            Self::WarmNothing => {
                "a fifth of what is moved between the tiers is moved in vain: do not warm this keyspace, or let what is idle stay for longer"
            }
            Self::PutInsteadOfLoad => {
                "loads are overtaken by writes: put what is written, instead of loading it"
            }
        })
    }
}

/// Counters that grow as things happen.
#[derive(Debug, Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    memory: AtomicU64,
    stale: AtomicU64,
    absent: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
    loads: AtomicU64,
    loads_failed: AtomicU64,
    puts: AtomicU64,
    overtaken: AtomicU64,
    below_floor: AtomicU64,
    undecodable: AtomicU64,
}

macro_rules! counters {
    ($($name:ident $counter:ident),+ $(,)?) => {
        $(pub(super) fn $name(&self) {
            self.$counter.fetch_add(1, Ordering::Relaxed);
        })+
    };
}

impl Counts {
    counters! {
        memory memory, stale stale, absent absent, load loads, load_failed loads_failed,
        put puts, overtaken overtaken, below_floor below_floor, undecodable undecodable,
    }

    /// One more was asked for; its number.
    pub(super) fn read(&self) -> u64 {
        self.reads.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn found_in(&self, place: usize) {
        let counter = if place == 0 { &self.first } else { &self.last };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(
        &self,
        residents: ResidentsStats,
        warming: Option<WarmingStats>,
    ) -> KeyspaceStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        KeyspaceStats {
            reads: count(&self.reads),
            from_memory: count(&self.memory),
            stale: count(&self.stale),
            absent: count(&self.absent),
            from_first_store: count(&self.first),
            from_last_store: count(&self.last),
            loads: count(&self.loads),
            loads_failed: count(&self.loads_failed),
            puts: count(&self.puts),
            overtaken: count(&self.overtaken),
            below_floor: count(&self.below_floor),
            undecodable: count(&self.undecodable),
            residents,
            warming,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a share needs no more than 53 bits"
)]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Below so many reads nothing follows.
const READS_MIN: u64 = 1_000;

/// Of fewer values than these it is not known whether moving them pays, and below which share it does not.
const MOVED_MIN: u64 = 100;
const EFFICIENCY_MIN: f64 = 0.8;
