//! The table's rows: what is played, and what is to be reached.

use fastrand::Rng;

use crate::{
    clock::{Clocks, MS, Nanos, SECOND},
    law::Law,
    server::Rule,
    world::{Rank, Request, Route, World},
};

/// One row.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// A world and its requests, and nothing in them but the dice's.
    pub(crate) scene: fn(&mut Rng) -> (World, Vec<Request>),
    pub(crate) goals: &'static [Goal],
}

/// What ours is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// At least this percentage of what the clairvoyant gets accepted.
    Accepted(f64),
    /// At most this percentage more time than the clairvoyant for all there is to do.
    Done(f64),
    /// At most 0.3 points below the bound of a fixed window, for which a limit and a window are given.
    Bound(u32, Nanos),
    /// No 429 that a client could have known to avoid, and none at all but those of a limit's first
    /// hits.
    NoOwnFault,
    /// At most so many 429s of the global limit in each run.
    Global(u64),
    /// At most one 429 for each limit that no header shows, whatever was known.
    OncePerHidden,
    /// Whatever would leave too late is given up before, and everything else is accepted.
    NoneLate,
    /// The head of each class, from bulk to interactive, sees at most so many turns of others in its
    /// lane.
    Turns([u64; 3]),
    /// Requests without a hidden limit wait no longer for those with one than a millisecond.
    OthersPass,
}

/// How long those that never end are played.
const LONG: Nanos = 300 * SECOND;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "fixed-100",
        what: "fixed 5/1 s, RTT 100 ms",
        scene: |_| backlog(100, Rule::anchored(5, SECOND)),
        goals: &[
            Goal::Accepted(99.0),
            Goal::Bound(5, SECOND),
            Goal::NoOwnFault,
        ],
    },
    Case {
        name: "fixed-300",
        what: "fixed 5/1 s, RTT 300 ms",
        scene: |_| backlog(300, Rule::anchored(5, SECOND)),
        goals: &[
            Goal::Accepted(97.5),
            Goal::Bound(5, SECOND),
            Goal::NoOwnFault,
        ],
    },
    Case {
        name: "grid-300",
        what: "fixed 5/1 s on a grid, RTT 300 ms",
        scene: |rng| {
            let phase = rng.u64(0..SECOND);
            backlog(300, Rule::grid(5, SECOND, phase))
        },
        goals: &[Goal::Accepted(97.5), Goal::NoOwnFault],
    },
    Case {
        name: "fixed-5s",
        what: "fixed 5/5 s, RTT 100 ms",
        scene: |_| backlog(100, Rule::anchored(5, 5 * SECOND)),
        goals: &[
            Goal::Accepted(99.0),
            Goal::Bound(5, 5 * SECOND),
            Goal::NoOwnFault,
        ],
    },
    Case {
        name: "leaky-200",
        what: "leaky 30/4 s, RTT 200 ms",
        scene: |_| backlog(200, Rule::leaky(30, 4 * SECOND)),
        goals: &[Goal::Accepted(99.0), Goal::NoOwnFault],
    },
    Case {
        name: "leaky-5s",
        what: "leaky 5/5 s, RTT 100 ms",
        scene: |_| backlog(100, Rule::leaky(5, 5 * SECOND)),
        goals: &[Goal::Accepted(99.0), Goal::NoOwnFault],
    },
    Case {
        name: "global-aligned",
        what: "global bound, aligned seconds",
        scene: |rng| {
            let phase = rng.u64(0..SECOND);
            forty(Rule::grid(50, SECOND, phase))
        },
        goals: &[Goal::Accepted(99.0), Goal::NoOwnFault, Goal::Global(1)],
    },
    Case {
        name: "global-anchored",
        what: "global bound, anchored seconds",
        scene: |_| forty(Rule::anchored(50, SECOND)),
        goals: &[Goal::Accepted(99.0), Goal::NoOwnFault, Goal::Global(1)],
    },
    Case {
        name: "global-leaky",
        what: "global bound, leaky",
        scene: |_| forty(Rule::leaky(50, SECOND)),
        goals: &[Goal::Accepted(99.0), Goal::NoOwnFault, Goal::Global(1)],
    },
    Case {
        name: "deletes",
        what: "40 DELETEs of distinct messages, one bucket of 5/5 s",
        scene: deletes,
        goals: &[Goal::NoOwnFault],
    },
    Case {
        name: "hidden",
        what: "hidden 2/600 s among 1,000 edits in ten channels",
        scene: hidden,
        goals: &[Goal::NoOwnFault, Goal::OncePerHidden, Goal::OthersPass],
    },
    Case {
        name: "warm",
        what: "one request in each of 1,000 channels, warm map",
        scene: warm,
        goals: &[Goal::Done(98.0), Goal::NoOwnFault, Goal::Global(1)],
    },
    Case {
        name: "classes",
        what: "three classes at one and a half times the limits of eight channels",
        scene: classes,
        goals: &[Goal::NoOwnFault, Goal::Turns([24, 8, 4])],
    },
    Case {
        name: "deadlines",
        what: "thirty requests with 12 s of time, where fifteen can be served, in twenty channels",
        scene: deadlines,
        goals: &[Goal::Accepted(99.0), Goal::NoOwnFault, Goal::NoneLate],
    },
];

/// The jitter at which the goals are to hold.
const SIGMA: f64 = 0.5;

/// A client whose clock is 1.7 s off and runs a little fast.
const CLOCKS: Clocks = Clocks {
    skew: 1_700_000_000,
    ppm: 50,
};

/// So many requests wait for each resource that has more to do than it may.
const DEPTH: u32 = 20;

const POST: &str = "POST /channels/{channel_id}/messages";

/// More requests than the limit lets through.
fn backlog(rtt_ms: u64, rule: Rule) -> (World, Vec<Request>) {
    let mut world = quiet(rtt_ms, Route::new(POST, rule));
    world.depth = Some(DEPTH);
    let most = LONG / rule.window * u64::from(rule.limit) + 2 * u64::from(rule.limit);
    let requests = (0..most).map(|_| Request::new(0, 0, 0)).collect();
    (world, requests)
}

/// Forty channels that could each take five a second, below a global limit.
fn forty(global: Rule) -> (World, Vec<Request>) {
    let mut world = quiet(100, Route::new(POST, Rule::anchored(5, SECOND)));
    world.global = Some(global);
    world.depth = Some(DEPTH);
    // More than the fifty a second for the whole run, since not all channels get the same.
    let most = LONG / SECOND * 100;
    let requests = (0..most).map(|index| Request::new(0, 0, (index % 40) as u32));
    (world, requests.collect())
}

fn deletes(_rng: &mut Rng) -> (World, Vec<Request>) {
    let delete = "DELETE /channels/{channel_id}/messages/{message_id}";
    let route = Route::new(delete, Rule::anchored(5, 5 * SECOND));
    let world = quiet(100, route);
    let requests = (0..40).map(|minor| Request {
        minor,
        ..Request::new(0, 0, 0)
    });
    (world, requests.collect())
}

fn hidden(rng: &mut Rng) -> (World, Vec<Request>) {
    let mut route = Route::new(
        "PATCH /channels/{channel_id}",
        Rule::anchored(10, 10 * SECOND),
    );
    route.hidden = Some(Rule::anchored(2, 600 * SECOND));
    let mut world = quiet(100, route);
    world.horizon = 6_000 * SECOND;
    let mut requests: Vec<Request> = (0..1_000)
        .map(|_| Request {
            named: rng.u32(0..10) == 0,
            ..Request::new(rng.u64(0..1_000 * SECOND), 0, rng.u32(0..10))
        })
        .collect();
    requests.sort_by_key(|request| request.at);
    (world, requests)
}

/// A minute after the route's limits were learned elsewhere, in twelve seconds at the global limit.
fn warm(rng: &mut Rng) -> (World, Vec<Request>) {
    let phase = rng.u64(0..SECOND);
    let (mut world, _) = forty(Rule::grid(50, SECOND, phase));
    world.depth = None;
    world.routes = vec![Route::new(POST, Rule::anchored(5, 5 * SECOND))];
    let teachers = (0..600).map(|index| Request {
        warms: true,
        ..Request::new(0, 0, index % 60)
    });
    let tasks = (0..1_000).map(|index| Request::new(60 * SECOND, 0, 60 + index));
    (world, teachers.chain(tasks).collect())
}

fn classes(rng: &mut Rng) -> (World, Vec<Request>) {
    let route = Route::new(POST, Rule::anchored(5, SECOND));
    let world = quiet(100, route);
    // Each channel has a mixture of its own.
    let mixtures: Vec<(u32, u32)> = (0..8).map(|_| (rng.u32(1..100), rng.u32(1..100))).collect();
    let mut requests: Vec<Request> = (0..8 * 7 * 200)
        .map(|_| {
            let major = rng.u32(0..8);
            let (bulk, interactive) = mixtures[major as usize];
            let dice = rng.u32(0..100 + bulk + interactive);
            let rank = match dice {
                _ if dice < bulk => Rank::Bulk,
                _ if dice < bulk + interactive => Rank::Interactive,
                _ => Rank::Normal,
            };
            Request {
                rank,
                ..Request::new(rng.u64(0..200 * SECOND), 0, major)
            }
        })
        .collect();
    requests.sort_by_key(|request| request.at);
    (world, requests)
}

/// Each channel is known when they come.
fn deadlines(_rng: &mut Rng) -> (World, Vec<Request>) {
    let route = Route::new(POST, Rule::anchored(5, 5 * SECOND));
    let world = quiet(100, route);
    let teachers = (0..20).map(|major| Request {
        warms: true,
        ..Request::new(0, 0, major)
    });
    let tasks = (0..600).map(|index| Request {
        patience: 12 * SECOND,
        ..Request::new(10 * SECOND, 0, index % 20)
    });
    (world, teachers.chain(tasks).collect())
}

/// A world of one route without a global limit.
fn quiet(rtt_ms: u64, route: Route) -> World {
    let mut world = World::new(Law::new(rtt_ms * MS, SIGMA), vec![route], LONG);
    world.clocks = CLOCKS;
    world
}
