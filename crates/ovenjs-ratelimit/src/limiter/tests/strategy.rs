//! Stories about routes that are treated as their user wants.

use super::*;

#[test]
fn a_route_is_treated_as_its_user_wants() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(5, 4, 2_000));
    limiter.set_strategy(post(1).key.route, Strategy::new().limit_percent(40));
    assert_eq!(drain(&limiter, now, &post(2)).len(), 2);
    limiter.set_strategy(post(1).key.route, Strategy::new().in_flight_max(1));
    assert_eq!(drain(&limiter, now, &post(2)).len(), 1);
    limiter.set_strategy(post(1).key.route, Strategy::new());
    assert_eq!(drain(&limiter, now, &post(2)).len(), 5);
}

#[test]
fn when_a_request_leaves_is_foretold_by_the_part_that_is_ours() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(5, 4, 2_000));
    let foretold = |channel, ahead| limiter.predict(now, &post(channel), ahead, 0).unwrap();
    // Of ten, the last may leave with the next window of five, or three after the next one of two.
    assert_eq!(foretold(2, 9), now);
    limiter.set_strategy(post(1).key.route, Strategy::new().limit_percent(40));
    assert_eq!(foretold(2, 9), now + ms(6_000));
    assert!(foretold(1, 9) >= now + ms(6_000));
}

#[test]
fn a_part_of_a_limit_is_left_to_others_also_by_those_who_wait_for_each_answer() {
    let begin = start();
    let limiter = Limiter::new(Config::new());
    limiter.set_strategy(post(1).key.route, Strategy::new().limit_percent(40));
    // One window of five: two of them are ours, and the answers leave three more.
    let mut now = begin;
    for remaining in [4, 3] {
        let permit = ready(&limiter, now, &post(1));
        now += ms(10);
        settle_counted(&limiter, now, permit, told(5, remaining, 2_000));
    }
    assert!(drain(&limiter, now, &post(1)).is_empty());
    assert!(drain(&limiter, begin + ms(1_900), &post(1)).is_empty());
    // The others have used nothing, which makes our part no larger, in this window or the next.
    now = begin + ms(2_200);
    for remaining in [4, 3] {
        let permit = ready(&limiter, now, &post(1));
        now += ms(10);
        settle_counted(&limiter, now, permit, told(5, remaining, 2_000));
    }
    assert!(drain(&limiter, now, &post(1)).is_empty());
    // Without a part of ours the rest of the window is free.
    limiter.set_strategy(post(1).key.route, Strategy::new());
    assert_eq!(drain(&limiter, now, &post(1)).len(), 3);
}

#[test]
fn what_is_lost_or_never_left_counts_in_our_part_as_it_should() {
    let begin = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, begin, &post(1));
    settle_counted(&limiter, begin, probe, told(10, 9, 2_000));
    limiter.set_strategy(post(1).key.route, Strategy::new().limit_percent(40));
    let mut permits = drain(&limiter, begin, &post(1));
    assert_eq!(permits.len(), 4);
    // One goes unused, one is lost, and two are still out.
    drop(permits.pop());
    let lost = permits.pop().unwrap();
    limiter.settle(begin, lost, Verdict::Lost);
    assert_eq!(drain(&limiter, begin, &post(1)).len(), 1);
    drop(permits);
    assert_eq!(drain(&limiter, begin, &post(1)).len(), 3);
}
