//! What is known of the replicas: which of them may answer for a key.
//!
//! The primary's place in its own log, asked for at a moment, is a *mark*: a replica that has replayed so far has
//! all that was acknowledged before that moment. So a replica's answer is at most as old as the newest mark that it
//! has reached, by this process's own clock; no other clock is asked, and a primary at rest lets nobody seem late.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::tiers::breaker::Breaker;

#[derive(Debug)]
pub(super) struct Standing {
    lag: Duration,
    /// Oldest first.
    marks: VecDeque<Mark>,
    replicas: Vec<Replica>,
    /// When it was last known that the primary may have something newer of a key, up to confusion with others.
    lately: Vec<Option<Instant>>,
    /// When that was of all keys.
    all: Option<Instant>,
    looked: Option<Instant>,
}

/// Where the primary's log had come to, at this moment or later.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    place: u64,
}

#[derive(Debug, Default)]
struct Replica {
    /// It has what was acknowledged before; nothing where that is not known.
    as_of: Option<Instant>,
    breaker: Breaker,
}

impl Standing {
    pub(super) fn new(replicas: usize, lag: Duration) -> Self {
        Self {
            lag,
            marks: VecDeque::with_capacity(MARKS_MAX),
            replicas: (0..replicas).map(|_| Replica::default()).collect(),
            lately: vec![None; LATELY],
            all: None,
            looked: None,
        }
    }

    /// Which replica may answer for the key of this hash; none, where the primary is to. A key has always the same,
    /// so that each holds its part of the keys in memory, and none is read back in time by another.
    pub(super) fn whom(&self, now: Instant, hash: u64) -> Option<usize> {
        let number = place(hash >> 32, self.replicas.len());
        let as_of = self.replicas.get(number)?.as_of?;
        let lately = self.lately.get(place(hash, LATELY)).copied().flatten();
        let is_near = now.saturating_duration_since(as_of) <= self.lag;
        (is_near && lately.max(self.all) <= Some(as_of)).then_some(number)
    }

    /// The key may have been written by now. That it was read at the primary does not count: a key that is read all
    /// the time would never leave it, and who remembers versions asks again where a replica's is older.
    pub(super) fn saw(&mut self, now: Instant, hash: u64) {
        if let Some(lately) = self.lately.get_mut(place(hash, LATELY)) {
            *lately = (*lately).max(Some(now));
        }
    }

    /// Any key may have been written by now.
    pub(super) fn saw_all(&mut self, now: Instant) {
        self.all = self.all.max(Some(now));
    }

    /// Whether the primary is to be asked for a mark, and which replicas where they are; nobody else does so then.
    pub(super) fn look(&mut self, now: Instant) -> Option<Vec<usize>> {
        if self.looked.is_some_and(|looked| now < looked + LOOK_EVERY) {
            return None;
        }
        self.looked = Some(now);
        let each = self.replicas.iter_mut().enumerate();
        let asked = each.filter_map(|(number, replica)| {
            let is_asked = replica.breaker.lets_through(now);
            is_asked.then_some(number)
        });
        Some(asked.collect())
    }

    /// The primary, asked at `at`, was at this place of its log.
    pub(super) fn marked(&mut self, at: Instant, place: u64) {
        if self.marks.back().is_some_and(|last| place < last.place) {
            // It is another one, and what the replicas of the former one have says nothing.
            self.marks.clear();
            self.replicas
                .iter_mut()
                .for_each(|replica| replica.as_of = None);
        }
        if self.marks.len() == MARKS_MAX {
            self.marks.pop_front();
        }
        self.marks.push_back(Mark { at, place });
    }

    /// This replica has replayed the log up to this place; none, where it is no replica.
    pub(super) fn replayed(&mut self, now: Instant, number: usize, place: Option<u64>) {
        let Some(replica) = self.replicas.get_mut(number) else {
            return;
        };
        replica.breaker.settle(now, false);
        let reached = place.and_then(|place| {
            let mut marks = self.marks.iter().rev();
            marks.find(|mark| mark.place <= place)
        });
        match (reached, place) {
            (Some(mark), _) => replica.as_of = replica.as_of.max(Some(mark.at)),
            (None, Some(_)) => {}
            (None, None) => replica.as_of = None,
        }
    }

    /// It did not answer. When it does again it may be another one, or have gone back.
    pub(super) fn failed(&mut self, now: Instant, number: usize, is_looked: bool) {
        if let Some(replica) = self.replicas.get_mut(number) {
            replica.as_of = None;
            if is_looked {
                replica.breaker.settle(now, true);
            }
        }
    }

    /// How old its answers are at most, and whether it is left alone.
    pub(super) fn of(&self, now: Instant, number: usize) -> (Option<Duration>, bool) {
        let Some(replica) = self.replicas.get(number) else {
            return (None, false);
        };
        let age = replica
            .as_of
            .map(|as_of| now.saturating_duration_since(as_of));
        (age, replica.breaker.is_open())
    }
}

fn place(hash: u64, of: usize) -> usize {
    usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default() % of.max(1)
}

/// How often the primary and the replicas are asked for their places: so long it takes at least until what this
/// process has written is read from a replica, and at two small questions a second it is nothing to any server.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How many marks are remembered: those of the longest lag that is allowed.
const MARKS_MAX: usize = 60;

/// How many keys are told apart of which it is known when they were written: a thousand writes a second, with a lag
/// of a second, send an eighth of the other keys to the primary in vain. 128 KB.
const LATELY: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_answers_once_it_has_reached_a_mark_and_until_that_is_too_old() {
        let now = beginning();
        let mut standing = Standing::new(1, LAG);
        assert_eq!(standing.whom(now, 7), None, "nothing is known of it");
        assert_eq!(standing.look(now), Some(vec![0]));
        assert_eq!(standing.look(now + MS), None, "one looks at a time");
        standing.marked(now, 100);
        standing.replayed(now, 0, Some(99));
        assert_eq!(standing.whom(now, 7), None);
        standing.replayed(now + MS, 0, Some(100));
        assert_eq!(standing.whom(now + LAG, 7), Some(0));
        assert_eq!(standing.of(now + LAG, 0), (Some(LAG), false));
        assert_eq!(standing.whom(now + LAG + MS, 7), None);
    }

    #[test]
    fn what_was_written_is_asked_for_at_the_primary_until_the_replica_has_it() {
        let now = beginning();
        let mut standing = Standing::new(1, LAG);
        standing.marked(now, 100);
        standing.replayed(now, 0, Some(100));
        standing.saw(now + MS, 7);
        assert_eq!(standing.whom(now + MS, 7), None);
        assert_eq!(standing.whom(now + MS, 8), Some(0), "others are read there");
        // Paused: it hears of a mark and does not reach it.
        standing.marked(now + 2 * MS, 200);
        standing.replayed(now + 3 * MS, 0, Some(199));
        assert_eq!(standing.whom(now + 3 * MS, 7), None);
        standing.replayed(now + 4 * MS, 0, Some(200));
        assert_eq!(standing.whom(now + 4 * MS, 7), Some(0));
        standing.saw_all(now + 5 * MS);
        assert_eq!(standing.whom(now + 5 * MS, 8), None);
    }

    #[test]
    fn one_that_failed_is_asked_again_when_it_is_known_where_it_is() {
        let now = beginning();
        let mut standing = Standing::new(2, LAG);
        standing.marked(now, 100);
        for number in 0..2 {
            standing.replayed(now, number, Some(100));
        }
        let of_second = (0..).find(|hash| standing.whom(now, hash << 32) == Some(1));
        let hash = of_second.unwrap() << 32;
        standing.failed(now, 1, false);
        assert_eq!(standing.whom(now, hash), None, "the primary, not the other");
        assert_eq!(standing.whom(now, 0), Some(0));
        let mut later = now;
        for _ in 0..3 {
            later += LOOK_EVERY;
            assert_eq!(standing.look(later), Some(vec![0, 1]));
            standing.failed(later, 1, true);
            standing.replayed(later, 0, Some(100));
        }
        assert_eq!(standing.of(later, 1), (None, true));
        later += LOOK_EVERY;
        assert_eq!(standing.look(later), Some(vec![0, 1]), "it is tried");
        standing.marked(later, 100);
        standing.replayed(later, 1, Some(100));
        assert_eq!(standing.whom(later, hash), Some(1));
    }

    #[test]
    fn another_primary_and_one_that_was_promoted_are_no_measure() {
        let now = beginning();
        let mut standing = Standing::new(1, LAG);
        standing.marked(now, 100);
        standing.replayed(now, 0, Some(100));
        standing.marked(now + MS, 50);
        assert_eq!(standing.whom(now + MS, 7), None, "a primary that went back");
        standing.replayed(now + MS, 0, Some(50));
        assert_eq!(standing.whom(now + MS, 7), Some(0));
        standing.replayed(now + MS, 0, None);
        assert_eq!(standing.whom(now + MS, 7), None, "a replica no more");
    }

    #[test]
    fn marks_have_a_bound() {
        let now = beginning();
        let mut standing = Standing::new(1, LAG);
        for number in 0..1_000_u32 {
            standing.marked(now + number * MS, u64::from(number));
        }
        assert_eq!(standing.marks.len(), MARKS_MAX);
        standing.replayed(now + 1_000 * MS, 0, Some(970));
        assert_eq!(standing.of(now + 1_000 * MS, 0).0, Some(30 * MS));
    }

    const LAG: Duration = Duration::from_secs(5);
    const MS: Duration = Duration::from_millis(1);

    #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
    fn beginning() -> Instant {
        Instant::now()
    }
}
