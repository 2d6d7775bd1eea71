use super::*;
use crate::{
    clock::{Clocks, MS},
    law::Law,
    world::{Rounding, Route, Shared},
};

/// Arrivals at the given milliseconds, and whether each passes.
fn played(rule: Rule, arrivals: &[(Nanos, bool)]) {
    let mut count = Count::new(rule);
    for (index, (at, passes)) in arrivals.iter().enumerate() {
        let at = at * MS;
        assert_eq!(
            count.free_at(at) == at,
            *passes,
            "{rule:?}, arrival {index}"
        );
        if *passes {
            count.arrive(at);
        }
    }
}

#[test]
fn an_anchored_window_begins_with_its_first_arrival() {
    let rule = Rule::anchored(2, SECOND);
    played(
        rule,
        &[
            (300, true),
            (900, true),
            (1_000, false),
            (1_299, false),
            (1_300, true),
            (2_299, true),
            (2_299, false),
            (2_300, true),
        ],
    );
    let mut count = Count::new(rule);
    count.arrive(300 * MS);
    assert_eq!(count.left(500 * MS), (1, 1_300 * MS));
    assert_eq!(count.left(1_300 * MS), (2, 1_300 * MS));
}

#[test]
fn windows_on_a_grid_end_whenever_they_end() {
    played(
        Rule::grid(2, SECOND, 250 * MS),
        &[
            (0, true),
            (200, true),
            (249, false),
            (250, true),
            (1_249, true),
            (1_249, false),
            (1_250, true),
            (5_249, true),
            (5_250, true),
        ],
    );
}

#[test]
fn a_leaky_bucket_gives_one_place_back_each_period() {
    let rule = Rule::leaky(3, 300 * MS);
    played(
        rule,
        &[
            (0, true),
            (0, true),
            (0, true),
            (99, false),
            (100, true),
            (199, false),
            (200, true),
            (1_000, true),
            (1_000, true),
            (1_000, true),
            (1_000, false),
        ],
    );
    let mut count = Count::new(rule);
    count.arrive(1_000 * MS);
    assert_eq!(count.left(1_000 * MS), (2, 1_100 * MS));
    count.arrive(1_010 * MS);
    assert_eq!(count.left(1_010 * MS), (1, 1_200 * MS));
    // What has come back only in part is not there.
    assert_eq!(count.left(1_101 * MS), (2, 1_200 * MS));
}

#[test]
fn a_changed_limit_keeps_what_has_arrived() {
    let mut count = Count::new(Rule::anchored(5, SECOND));
    for _ in 0..4 {
        count.arrive(0);
    }
    count.change(500 * MS, Rule::anchored(3, SECOND));
    assert_eq!(count.free_at(600 * MS), SECOND);
    count.change(600 * MS, Rule::leaky(4, SECOND));
    // Three were counted by then: the last rule had only three.
    assert_eq!(count.left(600 * MS), (1, 1_350 * MS));
}

fn world(route: Route) -> World {
    World::new(Law::new(100 * MS, 0.5), vec![route], 100 * SECOND)
}

#[test]
fn headers_are_discords() {
    let mut world = world(Route::new("POST /x", Rule::anchored(2, SECOND)));
    world.clocks = Clocks {
        skew: -86_400_000_000_000,
        ppm: 0,
    };
    world.rounding = Rounding::Up;
    let mut server = Server::new(&world, 1);
    let request = Request::new(0, 0, 0);
    let (answer, by) = server.arrive(1_000_000, &request);
    let limits = answer.limits.unwrap();
    assert_eq!((answer.status, by), (200, None));
    assert_eq!((limits.limit, limits.remaining), (2, 1));
    assert_eq!(limits.reset_after_ms, 1_000);
    assert_eq!(limits.reset_ms, (1_790_000_000 - 86_400 + 1) * 1_000 + 1);
    server.arrive(2_000_000, &request);
    let (answer, by) = server.arrive(2_000_001, &request);
    let refusal = answer.refusal.unwrap();
    assert_eq!((answer.status, by), (429, Some(By::Visible)));
    assert_eq!((refusal.scope, refusal.retry_after_ms), (Scope::User, 999));
    assert_eq!(refusal.retry_after_secs, 1);
}

#[test]
fn a_hidden_limit_refuses_while_the_headers_say_go() {
    let mut route = Route::new("PATCH /x", Rule::anchored(5, SECOND));
    route.hidden = Some(Rule::anchored(2, 600 * SECOND));
    let world = world(route);
    let mut server = Server::new(&world, 1);
    let plain = Request::new(0, 0, 0);
    let named = Request {
        named: true,
        ..plain
    };
    assert_eq!(server.arrive(0, &named).1, None);
    assert_eq!(server.arrive(1, &named).1, None);
    let (answer, by) = server.arrive(2, &named);
    assert_eq!(by, Some(By::Hidden));
    assert_eq!(answer.limits.unwrap().remaining, 2);
    let refusal = answer.refusal.unwrap();
    assert_eq!(
        (refusal.scope, refusal.retry_after_ms),
        (Scope::User, 600_000)
    );
    assert_eq!(server.arrive(3, &plain).1, None);
    assert_eq!(server.free_at(4, &named), 600 * SECOND);
}

#[test]
fn what_others_use_up_is_told_apart_and_not_counted() {
    let mut route = Route::new("PUT /x", Rule::anchored(5, SECOND));
    route.shared = Some(Shared {
        from: SECOND,
        every: 100 * SECOND,
        lasts: 7 * SECOND,
    });
    let world = world(route);
    let mut server = Server::new(&world, 1);
    let request = Request::new(0, 0, 0);
    assert_eq!(server.arrive(0, &request).1, None);
    let (answer, by) = server.arrive(2 * SECOND, &request);
    assert_eq!(by, Some(By::Shared));
    let refusal = answer.refusal.unwrap();
    assert_eq!(
        (refusal.scope, refusal.retry_after_ms),
        (Scope::Shared, 6_000)
    );
    assert_eq!(answer.limits.unwrap().remaining, 5);
    assert_eq!(server.free_at(2 * SECOND, &request), 8 * SECOND);
}

#[test]
fn the_global_limit_comes_first_and_shows_no_counters() {
    let mut world = world(Route::new("POST /x", Rule::anchored(5, SECOND)));
    world.global = Some(Rule::grid(1, SECOND, 0));
    let mut server = Server::new(&world, 2);
    assert_eq!(server.arrive(100 * MS, &Request::new(0, 0, 0)).1, None);
    let other = Request::new(0, 0, 1);
    let (answer, by) = server.arrive(200 * MS, &other);
    assert_eq!((by, answer.limits), (Some(By::Global), None));
    assert_eq!(answer.refusal.unwrap().retry_after_ms, 800);
    assert_eq!(server.free_at(200 * MS, &other), SECOND);
    let (answer, _) = server.arrive(SECOND, &other);
    assert_eq!(answer.limits.unwrap().remaining, 4);
}

#[test]
fn a_change_makes_room_when_it_comes() {
    let mut world = world(Route::new("POST /x", Rule::anchored(1, 60 * SECOND)));
    world.changes = vec![Change {
        at: 5 * SECOND,
        route: 0,
        rule: Rule::anchored(2, 60 * SECOND),
    }];
    let mut server = Server::new(&world, 1);
    let request = Request::new(0, 0, 0);
    server.arrive(0, &request);
    assert_eq!(server.arrive(SECOND, &request).1, Some(By::Visible));
    assert_eq!(server.free_at(SECOND, &request), 5 * SECOND);
    assert_eq!(server.arrive(6 * SECOND, &request).1, None);
}
