//! The store through which processes share limits: one register of values with a clock, on the other side of a
//! network.

use std::collections::BTreeMap;

use ovenjs_ratelimit::{LeaseDeed, LeaseNews};

use crate::clock::{MS, Nanos};

/// What it holds; `None` is the board.
#[derive(Debug, Default)]
pub(super) struct Store {
    values: BTreeMap<Option<u64>, Vec<u8>>,
    outages: Vec<Outage>,
}

/// It answers nothing for a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: Nanos,
    pub(super) until: Nanos,
    /// Whether it has lost its data afterwards.
    pub(super) is_empty: bool,
}

impl Store {
    pub(super) fn new(outages: &[Outage]) -> Self {
        Self {
            values: BTreeMap::new(),
            outages: outages.to_vec(),
        }
    }

    pub(super) fn is_out(&self, at: Nanos) -> bool {
        let mut outages = self.outages.iter();
        outages.any(|outage| (outage.from..outage.until).contains(&at))
    }

    /// Does what has arrived; `None` where it is out.
    pub(super) fn perform(&mut self, at: Nanos, deed: &LeaseDeed) -> Option<LeaseNews> {
        if self.is_out(at) {
            return None;
        }
        let over = |outage: &&Outage| outage.is_empty && outage.until <= at;
        if self.outages.iter().any(|outage| over(&outage)) {
            self.values.clear();
            self.outages.retain(|outage| outage.until > at);
        }
        let news = match deed {
            LeaseDeed::Read(cells) => LeaseNews::Read {
                now_ms: EPOCH_MS + at / MS,
                board: self.values.get(&None).cloned(),
                cells: (cells.iter())
                    .map(|cell| self.values.get(&Some(*cell)).cloned())
                    .collect(),
            },
            LeaseDeed::Write(writes) => {
                let same = (writes.iter())
                    .all(|write| self.values.get(&write.cell) == write.from.as_ref());
                if same {
                    for write in writes {
                        self.values.insert(write.cell, write.to.clone());
                    }
                }
                LeaseNews::Written(same)
            }
        };
        Some(news)
    }
}

/// Not the server's clock, and no client's.
const EPOCH_MS: u64 = 1_700_000_000_000;
