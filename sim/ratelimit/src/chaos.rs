//! Worlds of every kind, drawn from a seed, in which no 429 may be our own fault.

use fastrand::Rng;

use crate::{
    case::Case,
    clock::{Clocks, MS, SECOND},
    judge::{Class, Tally},
    law::Law,
    policy::Ours,
    run::{self, Outcome},
    server::Rule,
    table::{self, side_by_side},
    world::{Change, Faults, Request, Rounding, Route, Shared, World},
};

/// Plays seeds until so many requests have left. Whether none of them met a 429 by our own fault, or
/// would have waited for ever.
pub(crate) fn tell(requests: u64) -> bool {
    let (mut sent, mut accepted, mut stuck, mut tally) = (0, 0, 0, Tally::default());
    let mut from = 0;
    let mut broken = Vec::new();
    while sent < requests && broken.len() < BROKEN_MAX {
        let seeds: Vec<u64> = (from..from + CHUNK).collect();
        from += CHUNK;
        for (seed, outcome) in seeds.iter().zip(side_by_side(&seeds, play)) {
            sent += outcome.sent;
            accepted += outcome.accepted;
            stuck += outcome.stuck;
            tally.merge(&outcome.tally);
            if is_broken(&outcome) {
                broken.push((*seed, outcome.tally));
            }
        }
    }
    println!("{sent} requests in {from} worlds, {accepted} accepted, {stuck} stuck; 429s: {tally}");
    for (seed, tally) in broken.iter().take(BROKEN_TOLD) {
        println!("seed {seed}: {tally}; its story: cargo xtask sim ratelimit --story {seed}");
    }
    if broken.len() > BROKEN_TOLD {
        println!("and {} more", broken.len() - BROKEN_TOLD);
    }
    broken.is_empty()
}

/// Plays one seed, or that of a row of the table, and tells what led to the first 429 by our own
/// fault.
pub(crate) fn story(seed: u64, case: Option<&Case>) -> bool {
    let (world, requests) = case.map_or_else(|| scene(seed), |case| table::scene(case, seed));
    println!("{world:#?}");
    let (outcome, story) = run::play_and_tell::<Ours>(&world, &requests, seed);
    for line in story {
        println!("{line}");
    }
    println!(
        "{} requests, {} stuck; 429s: {}",
        outcome.sent, outcome.stuck, outcome.tally
    );
    !is_broken(&outcome)
}

/// What ours makes of a seed.
fn play(seed: u64) -> Outcome {
    let (world, requests) = scene(seed);
    run::play::<Ours>(&world, &requests, seed)
}

/// Hidden limits are judged by the table: none can be kept before it was told.
fn is_broken(outcome: &Outcome) -> bool {
    outcome.of(Class::Early) + outcome.of(Class::Global) + outcome.stuck > 0
}

/// A world and its requests.
pub(crate) fn scene(seed: u64) -> (World, Vec<Request>) {
    let mut rng = Rng::with_seed(seed);
    let rtt = pick(&mut rng, &[20, 100, 300]) * MS;
    let law = Law::new(rtt, pick(&mut rng, &[0.2, 0.5, 1.0]));
    let routes: Vec<Route> = (0..rng.usize(1..=TEMPLATES.len()))
        .map(|index| route(&mut rng, TEMPLATES[index]))
        .collect();
    let mut world = World::new(law, routes, 0);
    world.clocks = Clocks {
        skew: pick(&mut rng, &SKEWS),
        ppm: pick(&mut rng, &[0, -200, 200]),
    };
    world.rounding = pick(&mut rng, &[Rounding::Nearest, Rounding::Down, Rounding::Up]);
    let phase = rng.u64(0..SECOND);
    let globals = [
        None,
        Some(Rule::grid(50, SECOND, phase)),
        Some(Rule::anchored(50, SECOND)),
        Some(Rule::leaky(50, SECOND)),
    ];
    world.global = pick(&mut rng, &globals);
    if rng.u32(0..3) == 0 {
        world.faults = Faults {
            lost: rng.u64(0..10),
            unanswered: rng.u64(0..10),
            broken: rng.u64(0..20),
        };
    }
    let majors = pick(&mut rng, &[1, 3, 10, 60]);
    let requests = wishes(&mut rng, &mut world, majors);
    if rng.u32(0..4) == 0 {
        world.changes = vec![Change {
            at: rng.u64(0..world.horizon),
            route: rng.usize(0..world.routes.len()),
            rule: rule(&mut rng),
        }];
    }
    (world, requests)
}

/// Requests for a minute or so, at half to twice of what the limits let through.
fn wishes(rng: &mut Rng, world: &mut World, majors: u32) -> Vec<Request> {
    let per_second: f64 = (world.routes.iter())
        .flat_map(|route| &route.rules)
        .map(|rule| f64::from(rule.limit) * SECOND as f64 / rule.window as f64)
        .sum();
    let per_second = (per_second * f64::from(majors)).min(50.0);
    let span = rng.u64(20..120) * SECOND;
    let demand = 0.5 + 1.5 * rng.f64();
    let count = (per_second * demand * span as f64 / SECOND as f64) as u64;
    let steady = rng.bool();
    let mut requests: Vec<Request> = (0..count.clamp(10, WISHES_MAX))
        .map(|index| {
            // Bursts come at whole multiples of some seconds.
            let at = rng.u64(0..span);
            let at = if steady { at } else { at - at % (7 * SECOND) };
            let route = rng.usize(0..world.routes.len());
            let variants = world.routes[route].rules.len();
            Request {
                variant: rng.usize(0..variants) as u8,
                minor: index as u32,
                named: world.routes[route].hidden.is_some() && rng.u32(0..20) == 0,
                ..Request::new(at, route as u16, rng.u32(0..majors))
            }
        })
        .collect();
    requests.sort_by_key(|request| request.at);
    world.horizon = span + 60 * SECOND;
    requests
}

fn route(rng: &mut Rng, template: &'static str) -> Route {
    let mut route = Route::new(template, rule(rng));
    if template.starts_with("DELETE") {
        route.rules = (0..3).map(|_| rule(rng)).collect();
    }
    if template.starts_with("PATCH") && rng.bool() {
        route.hidden = Some(Rule::anchored(2, 600 * SECOND));
    }
    if rng.u32(0..6) == 0 {
        route.shared = Some(Shared {
            from: rng.u64(0..30 * SECOND),
            every: rng.u64(40..90) * SECOND,
            lasts: rng.u64(1..30) * SECOND,
        });
    }
    route
}

fn rule(rng: &mut Rng) -> Rule {
    let limit = pick(rng, &[1, 2, 3, 5, 10, 30]);
    let window = pick(rng, &[250, 333, 1_000, 2_500, 4_000, 5_000, 10_000]) * MS;
    match rng.u32(0..3) {
        0 => Rule::anchored(limit, window),
        1 => Rule::grid(limit, window, rng.u64(0..window)),
        _ => Rule::leaky(limit, window),
    }
}

fn pick<T: Copy>(rng: &mut Rng, list: &[T]) -> T {
    list[rng.usize(0..list.len())]
}

const TEMPLATES: [&str; 4] = [
    "POST /channels/{channel_id}/messages",
    "DELETE /channels/{channel_id}/messages/{message_id}",
    "PATCH /channels/{channel_id}",
    "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}",
];

const SKEWS: [i64; 5] = [
    0,
    2_000_000_000,
    -2_000_000_000,
    86_400_000_000_000,
    -86_400_000_000_000,
];

/// Worlds between two looks at how many requests have left.
const CHUNK: u64 = 64;

/// More broken worlds than these say nothing new.
const BROKEN_MAX: usize = 200;
const BROKEN_TOLD: usize = 40;

/// Bounds what one world costs.
const WISHES_MAX: u64 = 10_000;
