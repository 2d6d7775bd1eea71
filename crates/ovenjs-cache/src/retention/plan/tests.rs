use std::time::Duration;

use super::*;

const DAY: u64 = 86_400_000;

#[test]
fn an_ordinary_week_goes_through_all_tiers() {
    let (policies, place) = (policies(Policy::new()), place(2_900));
    let end = place.ends_ms();
    let mut held = Inventory {
        warm: vec![warm(2_900)],
        ..Inventory::default()
    };
    assert_eq!(plan(end + 90 * DAY - 1, &policies, &held), []);
    let seal = Move::Seal {
        place: place.clone(),
        to: Tier::Cold,
    };
    assert_eq!(plan(end + 90 * DAY, &policies, &held), [seal]);

    // Sealed: it is archived at once, and leaves cold when it is old and the archive holds the same.
    held = Inventory {
        cold: vec![volumes(2_900, "one")],
        ..Inventory::default()
    };
    let archive = Move::Archive {
        place: place.clone(),
    };
    let later = end + 365 * DAY;
    assert_eq!(
        plan(end + 91 * DAY, &policies, &held),
        std::slice::from_ref(&archive)
    );
    held.backup = vec![volumes(2_900, "other")];
    assert_eq!(plan(later, &policies, &held), [archive]);
    held.backup = vec![volumes(2_900, "one")];
    assert_eq!(plan(later - 1, &policies, &held), []);
    let drop = |tier| Move::Drop {
        tier,
        place: place.clone(),
    };
    assert_eq!(plan(later, &policies, &held), [drop(Tier::Cold)]);
    held.cold.clear();
    let end = end + 7 * 365 * DAY;
    assert_eq!(plan(end - 1, &policies, &held), []);
    assert_eq!(plan(end, &policies, &held), [drop(Tier::Backup)]);
}

#[test]
fn what_is_too_old_for_every_tier_goes_wherever_it_is() {
    let policy = Policy::new().with_message_content("appeals");
    let held = Inventory {
        warm: vec![warm(2_900)],
        cold: vec![volumes(2_900, "one")],
        backup: vec![volumes(2_900, "one")],
    };
    let now = place(2_900).ends_ms() + 90 * DAY;
    let moves = plan(now, &policies(policy), &held);
    let drop = |tier| Move::Drop {
        tier,
        place: place(2_900),
    };
    assert_eq!(
        moves,
        [drop(Tier::Warm), drop(Tier::Cold), drop(Tier::Backup)]
    );
}

#[test]
fn limits_move_the_oldest_weeks_and_never_the_one_that_is_not_over() {
    let held = Inventory {
        warm: vec![warm(2_902), warm(2_900), warm(2_901)],
        ..Inventory::default()
    };
    let now = place(2_902).begins_ms() + DAY;
    let policy = |beyond| Policy::new().limit(Tier::Warm, 15, u64::MAX).beyond(beyond);
    let moves = |beyond| plan(now, &policies(policy(beyond)), &held);
    assert_eq!(moves(Beyond::Tell), []);
    let seal = |week| Move::Seal {
        place: place(week),
        to: Tier::Cold,
    };
    assert_eq!(moves(Beyond::MoveOn), [seal(2_900), seal(2_901)]);
    let drop = |week| Move::Drop {
        tier: Tier::Warm,
        place: place(week),
    };
    assert_eq!(moves(Beyond::Forget), [drop(2_900), drop(2_901)]);
    let tight = policies(Policy::new().limit(Tier::Warm, 0, 0).beyond(Beyond::Forget));
    assert_eq!(plan(now, &tight, &held), [drop(2_900), drop(2_901)]);

    let told = review(now, &policies(policy(Beyond::Tell)), &held);
    let over = Violation::OverLimit {
        tier: Tier::Warm,
        class: place(0).class,
        entries: 30,
        bytes: 3_000,
    };
    assert_eq!(told, [over]);
}

#[test]
fn what_exceeds_the_limit_of_the_last_tier_is_told_and_stays() {
    let held = Inventory {
        cold: vec![volumes(2_900, "one"), volumes(2_901, "two")],
        ..Inventory::default()
    };
    let policy = Policy::new()
        .keep(Tier::Backup, None)
        .limit(Tier::Cold, 15, u64::MAX)
        .beyond(Beyond::MoveOn);
    let policies_of = |policy: &Policy| policies(policy.clone());
    let end = place(2_900).ends_ms();
    let now = end + 100 * DAY;
    assert_eq!(plan(now, &policies_of(&policy), &held), []);
    let over = Violation::OverLimit {
        tier: Tier::Cold,
        class: place(0).class,
        entries: 20,
        bytes: 2_000,
    };
    assert_eq!(review(now, &policies_of(&policy), &held), [over]);
    let drop = Move::Drop {
        tier: Tier::Cold,
        place: place(2_900),
    };
    let year = end + 365 * DAY;
    assert_eq!(plan(year - 1, &policies_of(&policy), &held), []);
    assert_eq!(
        plan(year, &policies_of(&policy), &held),
        std::slice::from_ref(&drop)
    );
    // Nor does a week go that was sealed before its class left cold out.
    let policy = policy.keep(Tier::Cold, None);
    assert_eq!(plan(end + 80 * DAY, &policies_of(&policy), &held), []);
    assert_eq!(plan(end + 90 * DAY, &policies_of(&policy), &held), [drop]);
    // Where there is a backup, it goes once that has the same.
    let policy = policy
        .keep(Tier::Cold, Duration::from_secs(365 * 86_400))
        .keep(Tier::Backup, Duration::from_secs(730 * 86_400));
    let archive = |week| Move::Archive { place: place(week) };
    assert_eq!(
        plan(now, &policies_of(&policy), &held),
        [archive(2_900), archive(2_901)]
    );
}

#[test]
fn what_a_crash_left_is_cleared_and_what_is_damaged_is_told_and_not_archived() {
    let mut torn = volumes(2_900, "one");
    torn.has_leftovers = true;
    let mut half = volumes(2_901, "two");
    half.is_whole = false;
    let held = Inventory {
        cold: vec![torn, half],
        backup: vec![volumes(2_900, "one"), volumes(2_901, "older")],
        ..Inventory::default()
    };
    let now = place(2_901).ends_ms() + 200 * DAY;
    let clear = Move::Clear {
        tier: Tier::Cold,
        place: place(2_900),
    };
    assert_eq!(plan(now, &policies(Policy::new()), &held), [clear]);
    let incomplete = Violation::Incomplete {
        tier: Tier::Cold,
        place: place(2_901),
    };
    assert_eq!(review(now, &policies(Policy::new()), &held), [incomplete]);
}

#[test]
fn a_mover_that_is_a_day_late_and_a_class_without_policy_are_told() {
    let held = Inventory {
        warm: vec![warm(2_900)],
        ..Inventory::default()
    };
    let due = place(2_900).ends_ms() + 90 * DAY;
    let policies = policies(Policy::new());
    assert_eq!(review(due + DAY - 1, &policies, &held), []);
    let behind = Violation::Behind {
        tier: Tier::Warm,
        place: place(2_900),
    };
    assert_eq!(review(due + DAY, &policies, &held), [behind]);
    let unknown = Violation::Unknown {
        tier: Tier::Warm,
        place: place(2_900),
    };
    assert_eq!(review(due + DAY, &BTreeMap::new(), &held), [unknown]);
    assert_eq!(plan(due + DAY, &BTreeMap::new(), &held), []);
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    let class = place(0).class;
    assert!(Policy::new().check(&class).is_ok());
    let backwards = Policy::new().keep(Tier::Cold, Duration::from_secs(60));
    assert!(
        backwards
            .check(&class)
            .unwrap_err()
            .to_string()
            .contains("warm for as long as cold")
    );
    assert!(Policy::new().keep(Tier::Warm, None).check(&class).is_err());
}

fn policies(policy: Policy) -> BTreeMap<Class, Policy> {
    BTreeMap::from([(place(0).class, policy)])
}

fn place(week: u32) -> Place {
    Place {
        class: Class::new("moderation").unwrap(),
        week,
    }
}

fn warm(week: u32) -> Held {
    Held {
        place: place(week),
        entries: 10,
        bytes: 1_000,
        volumes: Vec::new(),
        is_whole: true,
        has_leftovers: false,
    }
}

fn volumes(week: u32, name: &str) -> Held {
    Held {
        volumes: vec![name.to_owned()],
        ..warm(week)
    }
}
