use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_800_000_000_000;

/// A bot that crashes for a day: every `life_ms` all its shards begin anew, where they may.
/// Returns how many identifies Discord saw, and in how many of 24 hours there was one.
fn crash_loop(shards: u32, crashes: u64, total: u32, max_concurrency: u32) -> (u32, usize) {
    let rules = IdentifyRules::new(max_concurrency);
    let mut written = IdentifyBudget::new();
    written.report(NOW, total, total, DAY_MS);
    let life_ms = DAY_MS / crashes;
    let ask = |budget: &IdentifyBudget, now, shard, taken: &std::collections::BTreeSet<u32>| {
        let free = !taken.contains(&rules.lane(shard));
        free.then(|| budget.ask(now, shard, &rules))
    };
    let (mut seen, mut hours) = (0, std::collections::BTreeSet::new());
    for crash in 0..crashes {
        let born = NOW + crash * life_ms;
        // The next process knows what was written down and nothing else.
        let mut budget = written.clone();
        let mut now = born;
        let mut waiting: Vec<u32> = (0..shards).collect();
        while !waiting.is_empty() && now < born + life_ms {
            let end = born + life_ms;
            let mut next = end;
            let mut taken = std::collections::BTreeSet::new();
            waiting.retain(|shard| match ask(&budget, now, *shard, &taken) {
                None => true,
                Some(Ok(())) => {
                    budget.start(now, *shard);
                    taken.insert(rules.lane(*shard));
                    next = next.min(now + 5_250);
                    written = budget.clone();
                    seen += 1;
                    hours.insert((now - NOW) / 3_600_000);
                    false
                }
                Some(Err(held)) => {
                    assert!(held.until_ms > now);
                    next = next.min(held.until_ms);
                    if held.hold == Hold::Lane {
                        taken.insert(rules.lane(*shard));
                    }
                    held.until_ms < end
                }
            });
            now = next;
        }
    }
    (seen, hours.len())
}

#[test]
fn two_thousand_crashes_in_a_day_leave_the_reserve_and_the_bot_is_tried_all_day() {
    for (shards, max_concurrency) in [(1, 1), (2, 1), (16, 1), (16, 16), (48, 16)] {
        let (seen, hours) = crash_loop(shards, 2_000, 1_000, max_concurrency);
        assert!(seen <= 900, "{shards} shards: {seen} identifies");
        assert!(hours >= 23, "{shards} shards: tried in {hours} of 24 hours");
    }
    let (seen, _) = crash_loop(1, 2_000, 1_000, 1);
    assert!((250..400).contains(&seen), "{seen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn no_crash_loop_touches_the_reserve(
        shards in 1_u32..60,
        crashes in 1_u64..200,
        total in prop::sample::select(vec![1_000_u32, 2_000]),
        max_concurrency in prop::sample::select(vec![1_u32, 2, 16, 64]),
    ) {
        let (seen, _) = crash_loop(shards, crashes, total, max_concurrency);
        prop_assert!(seen <= total - total / 10, "{} identifies", seen);
    }

    #[test]
    fn merging_is_a_union(
        one in prop::collection::vec((0_u64..50, 0_u32..3, any::<bool>()), 0..20),
        other in prop::collection::vec((0_u64..50, 0_u32..3, any::<bool>()), 0..20),
        reports in prop::collection::vec(prop::option::of((0_u64..5, 0_u32..100)), 2),
    ) {
        let make = |starts: &[(u64, u32, bool)], report: Option<(u64, u32)>| {
            let mut budget = IdentifyBudget::new();
            for (at, shard, held) in starts {
                budget.merge(&IdentifyBudget {
                    starts: vec![Start(NOW + at, *shard, *held)],
                    report: None,
                });
            }
            if let Some((at, remaining)) = report {
                budget.report(NOW + at, 1_000, remaining, 1_000);
            }
            budget
        };
        let (one, other) = (make(&one, reports[0]), make(&other, reports[1]));
        let (mut forth, mut back) = (one.clone(), other.clone());
        forth.merge(&other);
        back.merge(&one);
        prop_assert_eq!(&forth, &back);
        let before = forth.clone();
        forth.merge(&one);
        prop_assert_eq!(&forth, &before);
        prop_assert!(forth.remaining(NOW + 50) <= one.remaining(NOW + 50).min(other.remaining(NOW + 50)) || one.report != other.report);
    }

    #[test]
    fn whatever_was_written_down_nothing_panics(
        starts in prop::collection::vec((any::<u64>(), any::<u32>(), any::<bool>()), 0..20),
        report in prop::option::of((any::<u64>(), any::<u32>(), any::<u32>(), any::<u64>())),
        now in 0_u64..u64::MAX / 4,
        max_concurrency in any::<u32>(),
    ) {
        let starts = starts.into_iter().map(|(at, shard, held)| Start(at / 4, shard, held)).collect();
        let mut budget = IdentifyBudget { starts, report: None };
        if let Some((at, total, remaining, reset)) = report {
            budget.report(at / 4, total, remaining, reset);
        }
        let rules = IdentifyRules::new(max_concurrency).reserve_percent(max_concurrency);
        if let Err(held) = budget.ask(now, 7, &rules) {
            prop_assert!(held.until_ms > now, "{held:?} at {now}");
            // A clock that ran ahead once holds nobody longer than a day.
            prop_assert!(held.until_ms <= now + DAY_MS + 1 || held.hold == Hold::Reserve);
        }
        budget.merge(&budget.clone());
        budget.start(now, 7);
    }
}

#[test]
fn the_smaller_of_what_is_remembered_and_what_is_reported_holds() {
    let mut budget = IdentifyBudget::new();
    (0..400).for_each(|n| budget.start(NOW + n, 0));
    assert_eq!(budget.remaining(NOW + 1_000), 600);
    // Another program has used the token as well.
    budget.report(NOW + 1_000, 1_000, 500, 3_600_000);
    assert_eq!(budget.remaining(NOW + 1_000), 500);
    // The answer is older than the last starts.
    budget.report(NOW + 1_000, 1_000, 990, 3_600_000);
    assert_eq!(budget.remaining(NOW + 1_000), 600);
    let later = NOW + 1_000 + 3_600_000;
    assert_eq!(budget.remaining(later - 1), 600);
    assert_eq!(budget.remaining(later), 1_000, "counted anew");
    assert_eq!(budget.resets_at_ms(later), later + DAY_MS);
    assert_eq!(budget.remaining(later + 5 * DAY_MS), 1_000);
}

#[test]
fn the_reserve_is_for_people() {
    let mut budget = IdentifyBudget::new();
    budget.report(NOW, 1_000, 100, 60_000);
    let rules = IdentifyRules::new(16);
    let held = budget.ask(NOW, 0, &rules).unwrap_err();
    assert_eq!((held.until_ms, held.hold), (NOW + 60_000, Hold::Reserve));
    assert!(budget.ask(NOW, 0, &rules.reserve_percent(0)).is_ok());
    assert!(budget.ask(NOW + 60_000, 0, &rules).is_ok());
}

#[test]
fn a_session_that_held_closes_the_breaker_as_does_a_person() {
    let rules = IdentifyRules::new(1);
    let mut budget = IdentifyBudget::new();
    let mut now = NOW;
    for _ in 0..12 {
        budget.start(now, 4);
        now += 6_000;
    }
    let held = budget.ask(now, 4, &rules).unwrap_err();
    assert_eq!(
        (held.until_ms, held.hold),
        (now - 6_000 + 300_000, Hold::Breaker)
    );
    assert!(
        budget.ask(now, 5, &rules).is_ok(),
        "another shard is not to blame"
    );
    let mut forgiven = budget.clone();
    forgiven.forgive();
    assert!(forgiven.ask(now, 4, &rules).is_ok());
    budget.held(4);
    assert!(budget.ask(now, 4, &rules).is_ok());
}

#[test]
fn a_large_bot_that_is_restarted_in_health_is_not_slowed() {
    let rules = IdentifyRules::new(16);
    let mut budget = IdentifyBudget::new();
    budget.report(NOW, 1_000, 1_000, DAY_MS);
    let mut now = NOW;
    for _ in 0..3 {
        for shard in 0..256 {
            while let Err(held) = budget.ask(now, shard, &rules) {
                assert_eq!(held.hold, Hold::Lane);
                now = held.until_ms;
            }
            budget.start(now, shard);
        }
        (0..256).for_each(|shard| budget.held(shard));
    }
    assert!(now - NOW < 3 * 17 * 5_250, "{} ms", now - NOW);
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_for_long() {
    let rules = IdentifyRules::new(1);
    let mut budget = IdentifyBudget::new();
    (0..9).for_each(|n| budget.start(NOW + 3 * DAY_MS + n, 0));
    let held = budget.ask(NOW, 0, &rules).unwrap_err();
    assert_eq!(held.until_ms, NOW + 300_000);
}
