use super::*;

#[test]
fn a_second_begins_with_the_first_arrival_after_a_pause_and_after_the_last_ones_end() {
    let after = |seen: &[Server]| fold(seen).began.map(|began| (began.earliest, began.latest));
    assert_eq!(after(&[100]), Some((100, 100)));
    assert_eq!(after(&[100, 900_000]), Some((100, 100)));
    let next = 1_002_100;
    assert_eq!(after(&[100, 900_000, next]), Some((next, next)));
    assert_eq!(after(&[100, 5_000_000]), Some((5_000_000, 5_000_000)));
}

#[test]
fn who_arrives_at_the_end_of_a_second_begins_the_next_or_leaves_it_to_another() {
    let end = 1_000_000;
    let at_end = fold(&[0, end]);
    assert_eq!((at_end.at_end, at_end.began), (Some(end), fold(&[0]).began));
    // The next one comes soon, so that it does not matter which.
    let began = fold(&[0, end, end + 7_000]).began.unwrap();
    assert_eq!((began.earliest, began.latest), (end, end + 7_000));
    // The next one comes when the second would be over, if it had begun with the former.
    assert_eq!(fold(&[0, end, 2 * end]), unknown(2 * end));
    // After a pause nothing that was matters.
    assert_eq!(fold(&[0, end, 2 * end, 4 * end]), fold(&[4 * end]));
}

#[test]
fn an_arrival_that_was_not_told_may_have_begun_a_second() {
    let untold = Arrival {
        at: 500_000,
        is_told: false,
    };
    let after = fold(&[0]).then(untold);
    assert_eq!(after, unknown(500_000));
    assert_eq!(after.then(told(1_400_000)), unknown(1_400_000));
    assert_eq!(after.then(told(1_502_000)), fold(&[1_502_000]));
}

#[test]
fn a_short_wait_is_to_the_end_of_a_second_or_to_the_next_place() {
    let (mut global, mut clock) = (Global::default(), settled());
    let sent = 10_000_000;
    global.limited(sent + WAY, sent, &mut clock, 15_000, 50);
    assert!(global.grid.is_some() && global.leaky.is_some());
    // Half a second is to the end of a second only; the same one, as it turns out.
    let sent = sent + 5 * SECOND - 485_000;
    global.limited(sent + WAY, sent, &mut clock, 500_000, 50);
    assert!(global.grid.is_some() && global.leaky.is_none());
    assert_eq!(global.contradictions, 0);
    // Another end contradicts all that was known.
    let sent = sent + 7 * SECOND;
    global.limited(sent + WAY, sent, &mut clock, 100_000, 50);
    assert!(global.is_phase_known());
    assert_eq!(global.contradictions, 1);
}

#[test]
fn where_a_second_ended_that_began_with_no_request_seconds_lie_on_a_grid() {
    for (wait, is_aligned) in [(600_000, false), (250_000, true)] {
        let (mut global, mut clock) = (Global::default(), settled());
        let began = 10_000_000;
        for request in 0..50 {
            let sent = began + request * 1_000;
            global.start(sent, 50, Place::Free);
            let arrived = SERVER + sent + WAY / 2;
            global.answered(sent + WAY, sent, &clock, Some(arrived), 50);
        }
        let sent = began + 400_000;
        global.limited(sent + WAY, sent, &mut clock, wait, 50);
        assert_eq!(global.is_aligned, is_aligned, "{wait}");
    }
}

#[test]
fn who_is_answered_late_may_have_begun_the_second_that_a_429_tells_of() {
    let (mut global, mut clock) = (Global::default(), settled());
    let began = 10_000_000;
    let sent = |request: i64| began + request * 1_000;
    let answer = |global: &mut Global, clock: &Clock, request| {
        let arrived = SERVER + sent(request) + WAY / 2;
        global.answered(
            sent(request) + 2 * WAY,
            sent(request),
            clock,
            Some(arrived),
            50,
        );
    };
    for request in 0..51 {
        global.start(sent(request), 50, Place::Free);
    }
    // The first twenty are answered last.
    (20..50).for_each(|request| answer(&mut global, &clock, request));
    global.give_back();
    let wait = SECOND - 50_000;
    global.limited(sent(50) + WAY, sent(50), &mut clock, wait, 50);
    (0..20).for_each(|request| answer(&mut global, &clock, request));
    assert!(global.grid.is_some() && !global.is_aligned);
    let second = global.second_of_last().began.unwrap();
    assert!(
        second.latest <= SERVER + sent(0) + WAY / 2 + ROUNDING,
        "{second:?}"
    );
}

#[test]
fn a_probe_that_passes_where_there_was_room_has_told_nothing() {
    // The burst lies within a second, or one of it was late.
    for (late, probes) in [(0, 1), (SECOND, 0)] {
        let (mut global, clock) = (Global::default(), settled());
        let began = 10_000_000;
        for request in 0..51 {
            let place = if request < 50 {
                Place::Free
            } else {
                Place::Probe
            };
            global.start(began + request * 1_000, 50, place);
        }
        for request in 0..51 {
            let late = if request == 50 { late } else { 0 };
            let sent = began + request * 1_000;
            let arrived = SERVER + sent + WAY / 2 + late;
            global.answered(sent + WAY + late, sent, &clock, Some(arrived), 50);
        }
        assert_eq!((global.probing, global.probes), (false, probes));
    }
}

/// What is left of arrivals that were told.
fn fold(seen: &[Server]) -> Second {
    let told = seen.iter().map(|at| told(*at));
    told.fold(Second::UNKNOWN, Second::then)
}

const fn told(at: Server) -> Arrival {
    Arrival { at, is_told: true }
}

const fn unknown(last: Server) -> Second {
    Second {
        last,
        ..Second::UNKNOWN
    }
}

/// The clock of a server whose ways there and back take half of [`WAY`] each.
fn settled() -> Clock {
    let mut clock = Clock::default();
    for request in 0..100 {
        let sent = request * 50_000;
        assert!(clock.learn(sent, sent + WAY, SERVER + sent + WAY / 2));
    }
    clock
}

const WAY: i64 = 100_000;
const SERVER: Server = 1_790_000_000_000_000;
