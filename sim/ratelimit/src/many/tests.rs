//! Whether the rows hold for one seed, and whether the referee sees what is wrong.

use super::*;

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap()
}

#[test]
fn limits_are_kept_while_the_store_dies_and_loses_all() {
    for name in ["processes-4", "processes-common-4", "processes-outage-kept"] {
        let played = play(case(name), 2);
        let own = played.early + played.global + played.stuck;
        assert_eq!(own, 0, "{name}: {own}");
        assert!(played.places <= GLOBAL, "{name}: {}", played.places);
        assert!(played.share() > 85.0, "{name}: {}", played.share());
        assert!(played.recovery <= RECOVERY, "{name}: {}", played.recovery);
    }
}

#[test]
fn a_process_that_was_stopped_uses_no_lease_that_has_ended() {
    let played = play(case("processes-paused"), 1);
    assert_eq!(played.early + played.global + played.stuck, 0);
    assert!(played.places <= GLOBAL, "{}", played.places);
}

#[test]
fn processes_that_share_nothing_are_convicted() {
    let case = Case {
        has_own_stores: true,
        ..Case::new("apart", "each with a store of its own", 4, 1)
    };
    let played = play(&case, 1);
    assert!(played.global > 100, "{}", played.global);
    assert!(played.places > GLOBAL);
}
