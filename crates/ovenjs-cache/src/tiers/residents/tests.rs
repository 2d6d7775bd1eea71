//! What stays in memory, what leaves, and what is counted meanwhile.

use super::*;
use std::hash::{BuildHasherDefault, DefaultHasher};

#[test]
fn what_was_not_read_for_longest_leaves() {
    let residents = residents(ResidentsConfig::new(3).eviction(Eviction::Lru));
    for key in 1..=3 {
        residents.put(key, key, 1);
    }
    residents.settle();
    assert_eq!(residents.get(&1), Some(1));
    residents.put(4, 4, 1);
    residents.settle();
    assert_eq!(present(&residents, 1..=4), [1, 3, 4]);
    assert_eq!(residents.stats().evicted, 1);
}

#[test]
fn by_frequency_a_newcomer_has_to_earn_a_place() {
    let residents = residents(ResidentsConfig::new(4).eviction(Eviction::TinyLfu));
    for key in 1..=4 {
        residents.put(key, key, 1);
    }
    for _ in 0..4 {
        present_read(&residents, 1..=4);
        residents.settle();
    }
    residents.put(5, 5, 1);
    residents.settle();
    assert_eq!(present(&residents, 1..=5), [1, 2, 3, 4]);
}

#[test]
fn first_in_first_out_however_often_it_is_read() {
    let residents = residents(ResidentsConfig::new(3).eviction(Eviction::Fifo));
    for key in 1..=3 {
        residents.put(key, key, 1);
    }
    for _ in 0..10 {
        assert_eq!(residents.get(&1), Some(1));
    }
    // A new value of 2 comes last, and its former place in the queue counts no more.
    residents.put(2, 20, 1);
    residents.put(4, 4, 1);
    assert_eq!(present(&residents, 1..=4), [2, 3, 4]);
    residents.put(5, 5, 1);
    assert_eq!(present(&residents, 1..=5), [2, 4, 5]);
    assert_eq!(residents.weight(), 3);
}

#[test]
fn what_is_replaced_leaves_its_place_in_the_queue() {
    let residents = residents(ResidentsConfig::new(100).eviction(Eviction::Fifo));
    for round in 0..100_000 {
        residents.put(round % 10, round, 1);
    }
    let queued = residents.queue.as_ref().map(|queue| lock(queue).len());
    assert!(queued.unwrap() <= 2 * 10 + QUEUED_MIN + 1, "{queued:?}");
    // And in turn they leave still.
    for id in 10..110 {
        residents.put(id, id, 1);
    }
    assert!((0..10).all(|id| !residents.contains(&id)));
    assert!((10..110).all(|id| residents.contains(&id)));
}

#[test]
fn what_is_worth_more_stays_within_its_quarter_and_what_is_worth_less_goes_first() {
    for eviction in [
        Eviction::Lru,
        Eviction::TinyLfu,
        Eviction::Fifo,
        Eviction::Chosen,
    ] {
        let residents = residents(ResidentsConfig::new(80).eviction(eviction));
        (0..40).for_each(|key| residents.put(key, key, 1));
        (100..110).for_each(|key| residents.put_as(key, key, 1, Priority::High));
        assert_eq!(present(&residents, 0..40).len(), 40, "they moved house");
        for key in 1_000..2_000 {
            residents.put(key, key, 1);
        }
        residents.settle();
        assert_eq!(present(&residents, 100..110).len(), 10, "{eviction:?}");
        let stats = residents.stats();
        assert!(stats.weight <= 80 + 2 && stats.set_apart == 10, "{stats:?}");

        // They starve nobody: a quarter is all they have.
        let rest = stats.weight - stats.set_apart;
        (200..400).for_each(|key| residents.put_as(key, key, 1, Priority::High));
        residents.settle();
        let stats = residents.stats();
        assert_eq!(stats.set_apart, 20, "{eviction:?}");
        assert_eq!(stats.weight - stats.set_apart, rest);
    }
    let residents = residents(ResidentsConfig::new(40).eviction(Eviction::Lru));
    (0..20).for_each(|key| residents.put(key, key, 1));
    (100..120).for_each(|key| residents.put_as(key, key, 1, Priority::Low));
    residents.settle();
    // Read or not, those go before any other.
    assert_eq!(present_read(&residents, 100..120).len(), 20);
    (20..40).for_each(|key| residents.put(key, key, 1));
    residents.settle();
    assert_eq!(present(&residents, 0..40).len(), 40);
    assert_eq!(present(&residents, 100..120).len(), 0);
    assert_eq!(residents.stats().evicted, 20);
}

#[test]
fn a_priority_is_remembered_until_another_is_said() {
    let residents = residents(ResidentsConfig::new(40).eviction(Eviction::Lru));
    residents.put_as(1, 1, 1, Priority::High);
    assert!(residents.change(&1, None, |held| held.map(|held| (held + 1, 1))));
    assert_eq!(
        (residents.get(&1), residents.stats().set_apart),
        (Some(2), 1)
    );
    residents.put(1, 3, 1);
    assert_eq!(
        (residents.get(&1), residents.stats().set_apart),
        (Some(3), 0)
    );
    residents.put_as(1, 4, 1, Priority::High);
    assert_eq!((residents.get(&1), residents.weight()), (Some(4), 1));
    residents.put_as(1, 5, 20, Priority::High);
    assert_eq!(
        (residents.get(&1), residents.stats().set_apart),
        (Some(5), 0),
        "it is too heavy"
    );
    residents.remove(&1);
    residents.settle();
    assert_eq!((residents.get(&1), residents.weight()), (None, 0));
}

#[test]
fn what_is_heavier_than_the_bound_is_not_kept_and_takes_the_former_value_along() {
    let residents = residents(ResidentsConfig::new(10).eviction(Eviction::Lru));
    residents.put(1, 1, 5);
    residents.put(1, 2, 11);
    assert_eq!(residents.get(&1), None);
    assert_eq!(residents.weight(), 0);
}

#[test]
fn the_weight_is_that_of_what_is_there() {
    for eviction in [
        Eviction::Lru,
        Eviction::TinyLfu,
        Eviction::Chosen,
        Eviction::Fifo,
    ] {
        let residents = residents(ResidentsConfig::new(1_000).eviction(eviction));
        let mut dice = 1_u64;
        for _ in 0..5_000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (key, weight) = ((dice >> 40) % 100, (dice >> 20) % 50);
            if dice >> 61 == 0 {
                residents.remove(&key);
            } else {
                residents.put(key, weight, weight);
            }
            // Never more than a thirty-second part above, and what comes in just then.
            assert!(
                residents.weight() <= 1_000 + 1_000 / 32 + 50,
                "{eviction:?}"
            );
        }
        residents.settle();
        let there = (0..100).filter_map(|key| residents.get(&key));
        assert_eq!(there.sum::<u64>(), residents.weight(), "{eviction:?}");
        assert!(residents.weight() <= 1_000);
    }
}

#[test]
fn writers_at_once_do_not_exceed_the_bound() {
    let bound = 64 * 1_024;
    let residents = residents(ResidentsConfig::new(bound).eviction(Eviction::Chosen));
    let most = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for writer in 0..4_u64 {
            let (residents, most) = (&residents, &most);
            scope.spawn(move || {
                for round in 0..10_000_u64 {
                    let again = round.is_multiple_of(10);
                    let key = if again {
                        round % 100
                    } else {
                        (writer << 32) + round
                    };
                    residents.put(key, 0, 64);
                    most.fetch_max(residents.weight(), Ordering::Relaxed);
                }
            });
        }
    });
    let most = most.into_inner();
    assert!(most <= bound + bound / 20, "{most} of {bound}");
}

#[test]
fn a_change_of_policy_loses_nothing_that_is_read() {
    let residents = residents(ResidentsConfig::new(1_000));
    // A window that moves on is played until the policy changes.
    let mut rounds = 0_u64;
    while residents.stats().policy == Policy::TinyLfu {
        let key = 10_000 + rounds / 8 + rounds % 199;
        if residents.get(&key).is_none() {
            residents.put(key, key, 1);
        }
        rounds += 1;
        assert!(rounds < 200_000, "it changes at some time");
    }
    let all = 10_000..=10_200 + rounds / 8;
    let before = present(&residents, all.clone());
    assert!(before.len() >= 900, "all is there still: {}", before.len());
    assert_eq!(present_read(&residents, all), before);
    // What was read has moved over, what was not makes room.
    for key in 0..50 {
        residents.put(key, key, 1);
    }
    assert!(residents.weight() <= 1_000 + 1_000 / 32);
    assert_eq!(residents.stats().switches, 1);
}

#[test]
fn a_change_sees_what_is_there_and_may_leave_it() {
    let residents = residents(ResidentsConfig::new(10).eviction(Eviction::Lru));
    assert!(residents.change(&1, None, |held| {
        assert_eq!(held, None);
        Some((5, 1))
    }));
    let newer = |than: u64| move |held: Option<&u64>| (held < Some(&than)).then_some((than, 1));
    assert!(!residents.change(&1, None, newer(4)));
    assert!(residents.change(&1, None, newer(6)));
    assert_eq!(residents.get(&1), Some(6));
}

#[test]
fn a_sweep_takes_out_what_it_is_told_to() {
    let residents = residents(ResidentsConfig::new(100).eviction(Eviction::Lru));
    for key in 0..10 {
        residents.put(key, key, 1);
    }
    assert_eq!(residents.sweep(|key, _| key % 2 == 0), 5);
    assert_eq!(present(&residents, 0..=9), [1, 3, 5, 7, 9]);
}

#[test]
fn what_was_foretold_is_settled_when_it_is_read_and_when_it_leaves() {
    let residents = residents(
        ResidentsConfig::new(4)
            .eviction(Eviction::Lru)
            .foretelling(64),
    );
    let mut foretold = Vec::new();
    for round in 0..3 {
        for key in [1, 2] {
            foretold.clear();
            residents.foretold(&key, &mut foretold);
        }
        for stranger in 0..8 {
            residents.foretold(&(100 + round * 10 + stranger), &mut Vec::new());
        }
    }
    foretold.clear();
    residents.foretold(&1, &mut foretold);
    let [two] = foretold.as_slice() else {
        panic!("2 follows 1: {foretold:?}")
    };
    assert_eq!(two.key, 2);
    residents.put_foretold(2, 2, 1, two.source);
    assert_eq!(residents.get(&2), Some(2));
    assert_eq!(residents.get(&2), Some(2));
    residents.put_foretold(2, 2, 1, two.source);
    residents.remove(&2);
    let model = residents.stats().foretelling.unwrap();
    assert_eq!((model.used, model.wasted), (1, 1));
    // What is there is not fetched.
    residents.put(2, 2, 1);
    foretold.clear();
    residents.foretold(&1, &mut foretold);
    assert_eq!(foretold, []);
}

type Numbers = Residents<u64, u64, BuildHasherDefault<DefaultHasher>>;

fn residents(config: ResidentsConfig) -> Numbers {
    Residents::build_with_hasher(config, BuildHasherDefault::default())
}

fn present(residents: &Numbers, keys: impl Iterator<Item = u64>) -> Vec<u64> {
    keys.filter(|key| residents.contains(key)).collect()
}

fn present_read(residents: &Numbers, keys: impl Iterator<Item = u64>) -> Vec<u64> {
    keys.filter(|key| residents.get(key).is_some()).collect()
}
