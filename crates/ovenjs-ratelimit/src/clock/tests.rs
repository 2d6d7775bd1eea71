//! Stories about Discord's clock.

use super::*;

const MS: i64 = 1_000;

/// What the server's clock shows at our beginning.
const BASE: i64 = 1_700_000_000_000_000;

/// `count` requests, one each 100 ms from `from` on, that take `up` to the server and 30 ms back.
fn ask(clock: &mut Clock, from: Local, count: i64, up: i64, base: i64) -> (Local, u32) {
    let mut believed = 0;
    for number in 0..count {
        let sent = from + number * 100 * MS;
        let told = (base + sent + up) / MS * MS;
        believed += u32::from(clock.learn(sent, sent + up + 30 * MS, told));
    }
    (from + count * 100 * MS, believed)
}

#[test]
fn a_request_leaves_one_way_before_the_window_it_is_for() {
    let mut clock = Clock::default();
    let (now, _) = ask(&mut clock, 0, 512, 40 * MS, BASE);
    let reset = BASE + now + 1_000 * MS;
    let early = now + 1_000 * MS - clock.departure(reset, now);
    // One way, less the guard.
    assert!((33 * MS..=37 * MS).contains(&early), "{early}");
    assert_eq!(clock.arrival(clock.departure(reset, now)), reset);
}

#[test]
fn few_samples_prove_only_that_nothing_arrives_before_it_is_sent() {
    let mut clock = Clock::default();
    let (now, _) = ask(&mut clock, 0, 7, 40 * MS, BASE);
    // The answer's way back is all that is doubtful: the window's end is taken that much too late.
    let late = clock.departure(BASE + now, now) - now;
    assert!((30 * MS..=33 * MS).contains(&late), "{late}");
}

#[test]
fn the_fewer_ways_are_known_the_more_their_differences_count() {
    let mut clock = Clock::default();
    let mut now = 0;
    for up in [186, 208, 186, 209, 186, 227, 194, 235] {
        (now, _) = ask(&mut clock, now, 1, up * MS, BASE);
    }
    // None of them was faster, and the next one is by much.
    assert!(clock.arrival(now) <= BASE + now + 140 * MS);
    assert!(clock.arrival(now) >= BASE + now + 120 * MS);
}

#[test]
fn how_clocks_drift_apart_is_not_known_before_it_was_seen() {
    let mut clock = Clock::default();
    let drifted = |now: Local| now * -200 / 1_000_000;
    let mut now = 0;
    for number in 0..380 {
        let up = if number == 20 { 40 * MS } else { 46 * MS };
        (now, _) = ask(&mut clock, now, 1, up, BASE + drifted(now));
    }
    // Once more as fast as it has been.
    assert!(clock.arrival(now) <= BASE + now + drifted(now) + 40 * MS);
}

#[test]
fn a_request_arrived_when_it_did_however_clocks_drift_apart() {
    for ppm in [-200, 0, 200] {
        let mut clock = Clock::default();
        for number in 0..1_000 {
            let sent = number * 10 * MS;
            // Of all ways back one is fast, and long ago.
            let back = if number == 500 { 20 * MS } else { 30 * MS };
            let (up, ahead) = (40 * MS, sent * ppm / 1_000_000);
            let arrived = BASE + sent + ahead + up;
            let received = sent + up + back;
            if number < 999 {
                clock.learn(sent, received, arrived);
                continue;
            }
            let (earliest, latest) = clock.arrived(sent, received);
            assert!((earliest..=latest).contains(&arrived), "{ppm}");
        }
    }
}

#[test]
fn a_broken_number_is_not_believed_and_a_clock_that_jumped_is_after_four() {
    let mut clock = Clock::default();
    let (now, believed) = ask(&mut clock, 0, 20, 40 * MS, BASE);
    assert_eq!(believed, 20);
    let before = clock.arrival(now);
    let (now, believed) = ask(&mut clock, now, 1, 40 * MS, BASE + 40_000 * MS);
    assert_eq!((believed, clock.era), (0, 0));
    let (now, believed) = ask(&mut clock, now, 20, 40 * MS, BASE);
    assert_eq!(believed, 20);
    assert!(clock.arrival(now) > before);
    let (now, believed) = ask(&mut clock, now, 20, 40 * MS, BASE - 86_400_000 * MS);
    assert_eq!((believed, clock.era), (17, 1));
    assert!(clock.arrival(now).abs_diff(BASE - 86_400_000 * MS + now) < 100 * 1_000);
}

#[test]
fn an_early_arrival_adds_to_the_guard_and_many_others_take_it_back() {
    let mut clock = Clock::default();
    let (now, _) = ask(&mut clock, 0, 512, 40 * MS, BASE);
    let before = clock.guard();
    clock.early();
    assert_eq!(clock.guard(), before + CAUTION_STEP);
    let (now, _) = ask(&mut clock, now, 512, 40 * MS, BASE);
    assert!(clock.guard() < before + CAUTION_STEP);
    for _ in 0..1_000 {
        clock.early();
    }
    assert!(clock.guard() <= before + CAUTION_MAX);
    assert!(clock.departure(BASE + now, now) >= now + CAUTION_MAX - 40 * MS);
}

#[test]
fn foreign_numbers_do_not_overflow() {
    for told in [0, 1, i64::MAX / 4, i64::MIN / 4] {
        let mut clock = Clock::default();
        for number in 0..20 {
            clock.learn(number, number + 1, told);
            clock.learn(number, number + 1, -told);
        }
        let _ = (clock.arrival(20), clock.departure(told, 20), clock.guard());
    }
}
