//! Who is next of three classes that share one thing.

use std::time::{Duration, Instant};

use crate::Priority;

/// Shares turns among the classes as 16 : 4 : 1, whoever has somebody waiting.
///
/// Start-time fair: a class that begins to wait begins with the time of the turn that was given last,
/// and each turn costs it the inverse of its weight. A head that has waited for [`AGED`] goes first.
///
/// **The bound.** Between becoming the head of its class and its turn, a head sees what the other
/// classes can buy during one turn of its own, begun turns included, and the one aged head that each
/// of them may have: 4 turns if it is interactive, 8 if normal, 24 if bulk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    /// The time of the turn that was given last.
    time: u64,
    /// Until when the turns of each class are paid for.
    paid: [u64; CLASSES],
}

pub(super) const CLASSES: usize = 3;

/// What a turn costs: a sixteenth, a fourth, one; in sixteenths. From bulk to interactive.
const COSTS: [u64; CLASSES] = [16, 4, 1];

/// After so long at the head of its class a request goes before all that have not waited so long.
/// Discord gives an interaction three seconds; what has waited for thrice that is starving.
pub(super) const AGED: Duration = Duration::from_secs(10);

/// The most turns given to others while a head waits.
#[cfg(test)]
pub(super) fn bound(class: usize) -> u64 {
    let own = COSTS[class];
    let others = (0..CLASSES).filter(|other| *other != class);
    others.map(|other| own / COSTS[other] + 1 + 1).sum()
}

/// The class as a number, the last one first in line.
pub(super) const fn class(priority: Priority) -> usize {
    match priority {
        Priority::Bulk => 0,
        Priority::Normal => 1,
        Priority::Interactive => 2,
    }
}

impl Share {
    /// The class whose turn it is, of those whose head waits since then.
    pub(super) fn next(&self, now: Instant, heads: [Option<Instant>; CLASSES]) -> Option<usize> {
        let waiting = || heads.into_iter().enumerate();
        let aged = waiting()
            .filter_map(|(class, since)| Some((since?, class)))
            .filter(|(since, _)| now.saturating_duration_since(*since) >= AGED)
            .min();
        if let Some((_, class)) = aged {
            return Some(class);
        }
        waiting()
            .filter_map(|(class, since)| since.map(|_| class))
            .min_by_key(|class| (self.start(*class), CLASSES - class))
    }

    /// The class had its turn.
    pub(super) fn turn(&mut self, class: usize) {
        let start = self.start(class);
        self.time = self.time.max(start);
        if let (Some(paid), Some(cost)) = (self.paid.get_mut(class), COSTS.get(class)) {
            *paid = start + cost;
        }
    }

    /// How many turns others get, by these numbers of waiters, before a class has had `turns`.
    pub(super) fn others(class: usize, turns: u64, waiting: [usize; CLASSES]) -> u64 {
        let own = COSTS.get(class).copied().unwrap_or(1);
        let others = waiting.into_iter().zip(COSTS).enumerate();
        others
            .filter(|(other, _)| *other != class)
            .map(|(_, (waiting, cost))| {
                let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
                waiting.min(turns.saturating_mul(own) / cost)
            })
            .sum()
    }

    fn start(&self, class: usize) -> u64 {
        self.paid.get(class).map_or(0, |paid| self.time.max(*paid))
    }
}
