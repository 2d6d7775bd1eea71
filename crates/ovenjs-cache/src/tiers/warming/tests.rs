//! Stories of what is moved when, without a store.

use super::*;
use crate::tiers::LENT;
use std::{collections::BTreeSet, time::Duration};

#[test]
fn what_is_read_often_and_has_left_comes_back_and_is_held_to_account() {
    let mut world = World::new(Warming::new());
    world.minutes_of_reads(&[1, 1, 1, 2], 40);
    assert_eq!(world.pass(), [], "they are there");
    world.memory.remove(&1);
    world.memory.remove(&2);
    assert_eq!(world.pass(), [Task::Raise(vec![key(1), key(2)])]);
    assert_eq!(world.pass(), [], "they are on their way");
    world.mover.raised(&key(1), Some(V1));
    world.mover.raised(&key(2), None);
    world.memory.insert(1);
    world.mover.was_read(&key(1), &V1);
    world.mover.was_read(&key(1), &V1);
    let moved = world.mover.stats().by_frequency;
    assert_eq!((moved.moved, moved.used, moved.wasted), (1, 1, 0));
    assert_eq!(moved.efficiency(), Some(1.0));
}

#[test]
fn what_leaves_unread_is_replaced_or_late_was_brought_up_in_vain() {
    let mut world = World::new(Warming::new().passes(Duration::from_secs(10), 3));
    world.minutes_of_reads(&[1, 1, 2, 2, 3, 3], 20);
    world.memory.clear();
    assert_eq!(world.pass().len(), 1);
    for id in 1..=3 {
        world.mover.raised(&key(id), Some(V1));
        world.memory.insert(id);
    }
    world.memory.remove(&1);
    world
        .mover
        .was_read(&key(2), &Version { sequence: 2, ..V1 });
    world.now_ms += 9 * MINUTE_MS;
    world.pass();
    assert_eq!(world.mover.stats().by_frequency.wasted, 2);
    world.now_ms += 2 * MINUTE_MS;
    world.pass();
    let moved = world.mover.stats().by_frequency;
    assert_eq!((moved.moved, moved.used, moved.wasted), (3, 0, 3));
}

#[test]
fn where_it_does_not_pay_nothing_is_moved_but_probes() {
    let mut world = World::new(Warming::new());
    let mut raised = Vec::new();
    for _ in 0..400 {
        world.minutes_of_reads(&[1, 2, 3, 4, 5, 6, 7, 8], 1);
        world.memory.clear();
        let mut now = 0;
        for task in world.pass() {
            let Task::Raise(keys) = task else { continue };
            now += keys.len();
            for key in keys {
                world.mover.raised(&key, Some(V1));
            }
        }
        raised.push(now);
    }
    let late: usize = raised.iter().rev().take(100).sum();
    assert!((1..=100).contains(&late), "{late} of 800: {raised:?}");
    let moved = world.mover.stats().by_frequency;
    assert!(moved.held_back > 1_000 && moved.used == 0);
    // Whoever reads what the probes bring opens it again.
    for _ in 0..400 {
        world.minutes_of_reads(&[1, 2, 3, 4, 5, 6, 7, 8], 1);
        world.memory.clear();
        for task in world.pass() {
            let Task::Raise(keys) = task else { continue };
            for key in keys {
                world.mover.raised(&key, Some(V1));
                world.mover.was_read(&key, &V1);
            }
        }
    }
    world.minutes_of_reads(&[1, 2, 3, 4, 5, 6, 7, 8], 1);
    world.memory.clear();
    assert!(matches!(&*world.pass(), [Task::Raise(keys)] if keys.len() == 8));
}

#[test]
fn an_hour_is_prepared_for_once_and_before_it_begins() {
    let mut world = World::new(Warming::new());
    let hour = world.now_ms / HOUR_MS * HOUR_MS + HOUR_MS;
    for day in 0..2 {
        world.now_ms = hour + day * 24 * HOUR_MS;
        world.pass();
        world.minutes_of_reads(&[5, 6], 20);
        world.now_ms = hour + day * 24 * HOUR_MS + HOUR_MS;
        world.pass();
    }
    world.memory.clear();
    let begins = hour + 2 * 24 * HOUR_MS;
    world.now_ms = begins - 3 * MINUTE_MS;
    assert_eq!(world.pass(), [], "not yet");
    world.now_ms = begins - MINUTE_MS;
    assert_eq!(world.pass(), [Task::Raise(vec![key(5), key(6)])]);
    world.mover.raised(&key(5), Some(V1));
    world.mover.raised(&key(6), Some(V1));
    world.memory.extend([5, 6]);
    // It counts for the whole hour, and not longer.
    world.now_ms = begins + 59 * MINUTE_MS;
    world.pass();
    world.mover.was_read(&key(5), &V1);
    world.now_ms = begins + 62 * MINUTE_MS;
    world.pass();
    let moved = world.mover.stats().by_hour;
    assert_eq!((moved.moved, moved.used, moved.wasted), (2, 1, 1));
}

#[test]
fn the_next_process_knows_what_was_read_most() {
    let mut before = World::new(Warming::new());
    before.minutes_of_reads(&[1, 1, 1, 2, 2], 10);
    let list = before.mover.list(before.now_ms);
    let mut next = World {
        mover: Mover::new(Warming::new(), before.now_ms, LENT, true, false),
        memory: BTreeSet::new(),
        evicted: 0,
        now_ms: before.now_ms,
    };
    assert_eq!(next.pass(), [Task::Restore]);
    assert_eq!(next.mover.list(next.now_ms), None, "it would be lost");
    next.now_ms += 10_000;
    assert_eq!(next.pass(), [Task::Restore], "the store was away");
    next.mover.restored(&space(), list.as_ref(), next.now_ms);
    assert_eq!(next.mover.due_ms(next.now_ms), next.now_ms, "at once");
    assert_eq!(next.pass(), [Task::Raise(vec![key(1), key(2)])]);
    next.mover.raised(&key(1), Some(V1));
    assert_eq!(next.mover.stats().at_start.moved, 1);
    // What was erased is not in the next list.
    next.mover.forget(&erased(&[1]));
    let list = next.mover.list(next.now_ms).unwrap();
    assert_eq!(List::from_bytes(&space(), &list).unwrap().keys.len(), 1);
    // After a night it is not known that they are read now.
    let mut late = World {
        mover: Mover::new(Warming::new(), next.now_ms + 9 * HOUR_MS, LENT, true, false),
        memory: BTreeSet::new(),
        evicted: 0,
        now_ms: next.now_ms + 9 * HOUR_MS,
    };
    late.mover.restored(&space(), Some(&list), late.now_ms);
    assert_eq!(late.pass(), []);
}

#[test]
fn what_is_erased_before_the_list_is_read_is_forgotten_of_it_and_the_rest_is_not() {
    let mut before = World::new(Warming::new());
    before.minutes_of_reads(&[1, 1, 1, 2, 2], 10);
    let list = before.mover.list(before.now_ms);
    let next = |erasures| {
        let mut mover = Mover::new(Warming::new(), before.now_ms, LENT, true, false);
        for _ in 0..erasures {
            mover.forget(&erased(&[1]));
        }
        let mut next = World {
            mover,
            memory: BTreeSet::new(),
            evicted: 0,
            now_ms: before.now_ms,
        };
        if erasures <= ERASED_MAX {
            assert_eq!(next.mover.list(next.now_ms), None, "the rest would be lost");
        }
        next.mover.restored(&space(), list.as_ref(), next.now_ms);
        next.pass()
    };
    // And the list is written anew without it.
    assert_eq!(next(1), [Task::Raise(vec![key(2)]), Task::Save]);
    assert_eq!(next(0), [Task::Raise(vec![key(1), key(2)])]);
    assert_eq!(next(ERASED_MAX + 1), [], "rather nothing than too much");
}

#[test]
fn the_second_tier_is_given_what_the_third_is_asked_for_again() {
    let mut world = World::new(Warming::new());
    assert!(!world.mover.lifts(&key(1), world.now_ms), "once is chance");
    assert!(world.mover.lifts(&key(1), world.now_ms));
    world.mover.found_in_second(&key(1), world.now_ms);
    assert!(!world.mover.lifts(&key(2), world.now_ms));
    assert!(world.mover.lifts(&key(2), world.now_ms));
    world.now_ms += 2 * HOUR_MS;
    world.pass();
    let moved = world.mover.stats().to_second;
    assert_eq!((moved.moved, moved.used, moved.wasted), (2, 1, 1));
}

#[test]
fn what_nobody_reads_leaves_the_second_tier_and_what_is_missed_is_counted() {
    let mut world = World::new(Warming::new());
    for id in 1..=4 {
        world.mover.wrote(&key(id), world.now_ms);
    }
    world.now_ms += 10 * MINUTE_MS;
    world.mover.found_in_second(&key(1), world.now_ms);
    assert_eq!(world.pass(), [], "not yet");
    world.now_ms += 6 * MINUTE_MS;
    let gone = vec![key(2), key(3), key(4)];
    assert_eq!(world.pass(), [Task::Lower(gone.clone())]);
    let over_ms = world.now_ms + MINUTE_MS;
    for key in &gone {
        world
            .mover
            .lowered(key, Lowered::Leaves(V1, over_ms), world.now_ms);
    }
    // One is asked for again here, one by somebody else, and its own copy says nothing.
    assert!(world.mover.lifts(&key(2), world.now_ms), "at once");
    world.heard(3, V1, over_ms);
    assert_eq!(world.mover.stats().out_of_second.wasted, 1);
    world.heard(3, V1, over_ms + HOUR_MS);
    world.now_ms += 20 * MINUTE_MS;
    world.pass();
    let moved = world.mover.stats().out_of_second;
    assert_eq!((moved.moved, moved.used, moved.wasted), (3, 1, 2));
    let stats = world.mover.stats();
    assert!(stats.efficiency() < 0.5, "{stats:?}");
}

#[test]
fn what_is_written_anew_after_it_has_left_was_missed_by_nobody() {
    let mut world = World::new(Warming::new());
    let gone: Vec<Key> = (1..=4).map(key).collect();
    world.write(&gone);
    assert_eq!(world.after_idle(), [Task::Lower(gone.clone())]);
    let over_ms = world.now_ms + MINUTE_MS;
    let leaves = Lowered::Leaves(V1, over_ms);
    for key in &gone[..3] {
        world.mover.lowered(key, leaves, world.now_ms);
    }
    let later_ms = over_ms + HOUR_MS;
    world.heard(1, V2, later_ms);
    world.mover.wrote(&key(2), world.now_ms);
    world.heard(2, V2, later_ms);
    // What is lent again was asked for.
    world.mover.lent_again(&key(3), world.now_ms);
    // It was written while it was to leave: what becomes of that counts no more.
    world.mover.wrote(&key(4), world.now_ms);
    world.mover.lowered(&key(4), leaves, world.now_ms);
    let moved = world.mover.stats().out_of_second;
    assert_eq!((moved.moved, moved.used, moved.wasted), (3, 0, 1));
    // All are there again, and leave again.
    assert_eq!(world.after_idle(), [Task::Lower(gone)]);
}

#[test]
fn what_others_write_is_asked_for_there_and_their_letting_go_is_not() {
    let mut world = World::new(Warming::new());
    world.write(&[key(1), key(2)]);
    world.now_ms += 10 * MINUTE_MS;
    let now_ms = world.now_ms;
    world.heard(1, V2, now_ms + HOUR_MS);
    world.heard(2, V1, now_ms + MINUTE_MS);
    world.now_ms += 6 * MINUTE_MS;
    assert_eq!(world.pass(), [Task::Lower(vec![key(2)])]);
}

#[test]
fn of_what_is_idle_all_at_once_everything_leaves_in_the_end() {
    let mut world = World::new(Warming::new());
    let all: Vec<Key> = (0..200).map(key).collect();
    world.write(&all);
    let mut left = world.after_idle();
    assert!(matches!(&*left, [Task::Lower(keys)] if keys.len() == 64));
    assert_eq!(world.pass(), [], "as long as nothing is known of those");
    for _ in 0..4 {
        for task in left {
            let Task::Lower(keys) = task else { continue };
            for key in keys {
                let leaves = Lowered::Leaves(V1, world.now_ms + MINUTE_MS);
                world.mover.lowered(&key, leaves, world.now_ms);
            }
        }
        left = world.after_idle();
    }
    let moved = world.mover.stats().out_of_second;
    assert_eq!((moved.moved, moved.used, moved.held_back), (200, 200, 0));
}

#[test]
fn what_has_to_stay_is_let_go_later_and_what_was_gone_is_forgotten() {
    let mut world = World::new(Warming::new());
    world.write(&[key(1), key(2)]);
    let both = vec![key(1), key(2)];
    assert_eq!(world.after_idle(), [Task::Lower(both)]);
    let now_ms = world.now_ms;
    world.mover.lowered(&key(1), Lowered::Stays, now_ms);
    world.mover.lowered(&key(2), Lowered::WasGone, now_ms);
    assert_eq!(world.after_idle(), [Task::Lower(vec![key(1)])]);
    assert_eq!(world.mover.stats().out_of_second.moved, 0);
}

#[test]
fn who_is_dropped_while_he_lets_go_costs_nothing() {
    let mut world = World::new(Warming::new());
    let all: Vec<Key> = (0..64).map(key).collect();
    world.write(&all);
    assert_eq!(world.after_idle(), [Task::Lower(all.clone())]);
    // Nobody tells what became of them, and they are still there.
    world.now_ms += MINUTE_MS;
    assert_eq!(world.pass(), []);
    assert_eq!(world.after_idle(), [Task::Lower(all)]);
}

#[test]
fn nothing_leaves_the_second_tier_while_a_loan_may_be_believed_there() {
    let mut world = World::new(Warming::new());
    let lent = Duration::from_secs(3_600);
    world.mover = Mover::new(Warming::new(), world.now_ms, lent, true, true);
    world.write(&[key(1)]);
    world.now_ms += 59 * MINUTE_MS;
    let is_lower = |task: &Task| matches!(task, Task::Lower(_));
    assert!(!world.pass().iter().any(is_lower));
    world.now_ms += MINUTE_MS;
    assert!(world.pass().iter().any(is_lower));
}

#[test]
fn what_memory_answers_all_the_time_stays_in_the_second_tier() {
    let mut world = World::new(Warming::new());
    world.mover.wrote(&key(1), world.now_ms);
    world.minutes_of_reads(&[1, 1], 40);
    assert_eq!(world.pass(), []);
}

#[test]
fn a_clock_that_is_put_back_stops_nothing() {
    let mut world = World::new(Warming::new());
    world.now_ms += 100 * HOUR_MS;
    world.pass();
    world.now_ms -= 100 * HOUR_MS;
    // Whoever carries it out asks this first.
    assert!(world.mover.due_ms(world.now_ms) <= world.now_ms + 10_000);
}

#[test]
fn what_was_to_be_done_by_a_clock_that_is_put_back_is_done_by_it() {
    let mut world = World::new(Warming::new());
    let saved_every = Duration::from_secs(300);
    let config = Warming::new().saved_every(saved_every);
    world.now_ms += 100 * HOUR_MS;
    world.mover = Mover::new(config, world.now_ms, LENT, true, true);
    world.write(&[key(1), key(2)]);
    assert!(!world.mover.lifts(&key(3), world.now_ms));
    assert!(world.mover.lifts(&key(3), world.now_ms));
    world.now_ms -= 100 * HOUR_MS;
    assert_eq!(world.pass(), []);
    world.now_ms += 5 * MINUTE_MS;
    assert_eq!(world.pass(), [Task::Save]);
    let copied = world.mover.stats().to_second;
    assert_eq!((copied.moved, copied.wasted), (1, 1), "it is over");
    let gone = vec![key(1), key(2), key(3)];
    assert!(world.after_idle().contains(&Task::Lower(gone)));
}

#[test]
fn of_very_many_reads_few_are_told() {
    let mut world = World::new(Warming::new());
    for _ in 0..80_000 {
        world.mover.read(&key(1));
    }
    world.pass();
    assert_eq!(world.mover.times(), 8);
    // Passes follow one another fast where much is brought up, and say nothing of how many reads there are.
    for reads in [100, 0].repeat(50) {
        world.now_ms += 50;
        world.mover.next_ms = world.now_ms;
        for _ in 0..reads {
            world.mover.read(&key(1));
        }
        world.mover.poll(world.now_ms, &EMPTY);
        assert_eq!(world.mover.times(), 8);
    }
    world.pass();
    assert_eq!(world.mover.times(), 1);
}

struct World {
    mover: Mover,
    memory: BTreeSet<u8>,
    evicted: u64,
    now_ms: u64,
}

impl World {
    fn new(config: Warming) -> Self {
        let now_ms = 1_700_000_000_000;
        Self {
            mover: Mover::new(config.saved_every(Duration::MAX), now_ms, LENT, true, true),
            memory: BTreeSet::new(),
            evicted: 0,
            now_ms,
        }
    }

    /// So many minutes in each of which all of these are read, and come into memory.
    fn minutes_of_reads(&mut self, ids: &[u8], minutes: u64) {
        for _ in 0..minutes {
            for id in ids {
                self.mover.read(&key(*id));
                self.memory.insert(*id);
            }
            self.now_ms += MINUTE_MS;
            assert_eq!(self.pass(), []);
        }
    }

    /// These are written to the second tier.
    fn write(&mut self, keys: &[Key]) {
        for key in keys {
            self.mover.wrote(key, self.now_ms);
        }
    }

    /// The log has told of a write.
    fn heard(&mut self, id: u8, version: Version, hard_ms: u64) {
        self.mover.heard(&key(id), &version, hard_ms, self.now_ms);
    }

    /// What is to be done once nobody has read anything for as long as leaves the second tier.
    fn after_idle(&mut self) -> Vec<Task> {
        self.now_ms += 15 * MINUTE_MS;
        self.pass()
    }

    /// All that is to be done now.
    fn pass(&mut self) -> Vec<Task> {
        self.now_ms += 10_000;
        let memory = Memory {
            has: &|key| self.memory.contains(key.id().first().unwrap()),
            entries: 1_000,
            evicted: self.evicted,
            is_full: self.evicted > 0,
        };
        let poll = || self.mover.poll(self.now_ms, &memory);
        std::iter::from_fn(poll).collect()
    }
}

const EMPTY: Memory<'_> = Memory {
    has: &|_| false,
    entries: 0,
    evicted: 0,
    is_full: false,
};

const V1: Version = Version {
    source: 1,
    epoch: 1,
    sequence: 1,
};

const V2: Version = Version { sequence: 2, ..V1 };

fn erased(pattern: &'static [u8]) -> Erased {
    Erased {
        span: Span {
            space: space(),
            scope: None,
        },
        pattern: Some(Bytes::from_static(pattern)),
    }
}

fn key(id: u8) -> Key {
    Key::new(&space(), 0, [id]).unwrap()
}

fn space() -> Space {
    Space::new("bread", 1).unwrap()
}
