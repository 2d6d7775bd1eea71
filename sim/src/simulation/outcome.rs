//! What came of a run.

use std::{collections::VecDeque, hash::Hasher as _, time::Duration};

use super::Simulation;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Of everything that the shards said and got, in order, with its time.
    pub(crate) trace: u64,
    pub(crate) took: Duration,
    /// Moments at which something happened.
    pub(crate) steps: u64,
    pub(crate) delivered: u64,
    /// Delivered a second time to a process that came after a killed one.
    pub(crate) again: u64,
    pub(crate) lost: u64,
    pub(crate) gaps: u64,
    pub(crate) connects: u64,
    pub(crate) identifies: u64,
    pub(crate) resumes: u64,
    /// Processes that came after another.
    pub(crate) replacements: u64,
    /// How often the number of shards was changed, and how often that was taken back; and how many events
    /// may have come twice by it.
    pub(crate) reshards: u64,
    pub(crate) rolled_back: u64,
    pub(crate) doubles: u64,
    /// Things that happened in guilds that are alive, and how many of these guilds were held against the mirror.
    pub(crate) happenings: u64,
    pub(crate) mirrored: u64,
    /// Questions that were answered, and that were not in time.
    pub(crate) answered: u64,
    pub(crate) unanswered: u64,
    /// How long after the trouble the last shard was connected.
    pub(crate) recovered: Duration,
}

/// Why a run failed.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) at: Duration,
    pub(crate) what: String,
    /// The last things that happened, where they were to be told.
    pub(crate) story: VecDeque<String>,
}

/// What sessions counted that are over.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) connects: u64,
    pub(super) identifies: u64,
    pub(super) resumes: u64,
    pub(super) replacements: u64,
    pub(super) reshards: u64,
    pub(super) rolled_back: u64,
    pub(super) doubles: u64,
    pub(super) happenings: u64,
    pub(super) mirrored: u64,
}

impl Simulation<'_> {
    pub(super) fn outcome(&mut self, recovered: Duration) -> Outcome {
        for number in 0..self.shards.len() {
            self.count(number);
        }
        let askers = || self.shards.iter().map(|shard| shard.asker.counts());
        let ledgers = || self.shards.iter().map(|shard| &shard.ledger);
        Outcome {
            trace: self.trace.finish(),
            took: self.now - self.begun,
            steps: self.steps,
            delivered: ledgers().map(|ledger| ledger.delivered).sum(),
            again: ledgers().map(|ledger| ledger.again).sum(),
            lost: ledgers().map(|ledger| ledger.lost).sum(),
            gaps: ledgers().map(|ledger| ledger.gaps).sum(),
            connects: self.tally.connects,
            identifies: self.tally.identifies,
            resumes: self.tally.resumes,
            replacements: self.tally.replacements,
            reshards: self.tally.reshards,
            rolled_back: self.tally.rolled_back,
            doubles: self.tally.doubles,
            happenings: self.tally.happenings,
            mirrored: self.tally.mirrored,
            answered: askers().map(|(answered, _)| answered).sum(),
            unanswered: askers().map(|(_, unanswered)| unanswered).sum(),
            recovered,
        }
    }
}
