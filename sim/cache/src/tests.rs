use crate::{history::play, network::Bug};

#[test]
fn the_first_histories_break_no_promise() {
    for seed in 0..30 {
        let played = play(seed, false, None);
        assert!(
            played.violations.is_empty(),
            "seed {seed}: {:?}",
            played.violations
        );
    }
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 0..5 {
        assert_eq!(
            play(seed, true, None).story,
            play(seed, true, None).story,
            "seed {seed}"
        );
    }
}

#[test]
fn whatever_is_wrong_with_a_store_is_noticed() {
    for bug in Bug::ALL {
        let finds = (0..400).find(|seed| !play(*seed, false, Some(bug)).violations.is_empty());
        assert!(finds.is_some(), "{bug:?} is not noticed in 400 histories");
    }
}
