//! The referee judged.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    case::CASES,
    chaos, clairvoyant,
    clock::{Nanos, SECOND},
    judge::Class,
    policy::{DiscordJs, Id, Ours, Policy, Serenity, Told, Twilight},
    run::{self, Outcome},
    table,
    world::{Request, World},
};

#[test]
fn the_same_seed_is_the_same_run() {
    let first: Vec<Outcome> = (0..4).map(play::<Ours>).collect();
    let again: Vec<Outcome> = (0..4).map(play::<Ours>).collect();
    assert_eq!(first, again);
    assert_ne!(first[0], first[1]);
}

#[test]
fn nobody_gets_more_through_than_the_clairvoyant() {
    for seed in 0..30 {
        let (mut world, requests) = scene(seed);
        // Below a global limit the best of all orders is hard to find.
        world.global = None;
        let most = clairvoyant::play(&world, &requests, seed).accepted;
        for (name, outcome) in [
            (Ours::NAME, run::play::<Ours>(&world, &requests, seed)),
            (
                Twilight::NAME,
                run::play::<Twilight>(&world, &requests, seed),
            ),
            (
                DiscordJs::NAME,
                run::play::<DiscordJs>(&world, &requests, seed),
            ),
            (
                Serenity::NAME,
                run::play::<Serenity>(&world, &requests, seed),
            ),
            (
                Careless::NAME,
                run::play::<Careless>(&world, &requests, seed),
            ),
        ] {
            let accepted = outcome.accepted;
            assert!(
                accepted <= most,
                "seed {seed}: {name} {accepted}, possible {most}"
            );
        }
    }
}

#[test]
fn the_clairvoyant_fills_every_window() {
    let (world, requests) = table::scene(case("fixed-100"), 3);
    let best = clairvoyant::play(&world, &requests, 3);
    // Five at the first arrival, and five more each second of the five minutes, which the first
    // arrival's delay shortens by less than one.
    assert_eq!(best.accepted, 5 * 300);
    let (world, requests) = table::scene(case("leaky-200"), 3);
    let best = clairvoyant::play(&world, &requests, 3);
    // Thirty, and then one each 133.3 ms.
    assert!(
        (30 + 2_248..=30 + 2_250).contains(&best.accepted),
        "{best:?}"
    );
    let (world, requests) = table::scene(case("global-leaky"), 3);
    let best = clairvoyant::play(&world, &requests, 3);
    assert!((50 * 300..=50 * 301).contains(&best.accepted));
}

#[test]
fn who_ignores_what_remains_is_convicted() {
    for name in ["fixed-100", "grid-300", "leaky-200", "deletes"] {
        let row = table::row::<Careless>(case(name), &[0]);
        assert!(row.tally.of(Class::Early) > 0, "{name}");
    }
    let row = table::row::<Careless>(case("global-anchored"), &[0]);
    assert!(row.tally.of(Class::GlobalFirst) > 0);
    assert!(row.tally.of(Class::Global) > 0);
    let row = table::row::<Careless>(case("hidden"), &[0]);
    assert!(row.tally.of(Class::HiddenRepeat) > 0);
}

#[test]
fn what_leaves_too_late_is_not_accepted() {
    let row = table::row::<Twilight>(case("deadlines"), &[0]);
    // Three windows lie within twelve seconds, and nobody of the others gives up.
    assert_eq!((row.accepted, row.possible), (300, 300));
    assert_eq!((row.late, row.given_up), (300, 0));
}

#[test]
fn a_policy_without_classes_is_seen() {
    let row = table::row::<Twilight>(case("classes"), &[0]);
    let [_, _, interactive] = row.turns;
    assert!(interactive > 4, "{:?}", row.turns);
}

/// As many as its own code gets from a server of this kind.
#[test]
fn twilight_gets_thirty_five_429s_of_forty_deletes() {
    for seed in 0..5 {
        let row = table::row::<Twilight>(case("deletes"), &[seed]);
        assert_eq!(row.tally.of(Class::Early), 35, "seed {seed}");
    }
}

#[test]
fn one_request_at_a_time_gets_one_through_each_round_trip() {
    // Of a bucket that never empties, so that the round trip is all there is to wait for.
    let (mut world, requests) = table::scene(case("leaky-200"), 1);
    world.routes[0].rules[0] = crate::server::Rule::leaky(1_000, SECOND);
    let played = run::play::<Twilight>(&world, &requests, 1);
    let mean = world.horizon as f64 / played.accepted as f64;
    // The law's mean round trip: 200 ms × (0.8 + 0.2 × e^(σ²/2)).
    let law = 200e6 * (0.8 + 0.2 * (0.125_f64).exp());
    assert!((mean / law - 1.0).abs() < 0.02, "{mean}");
}

/// The beginning of a world of any kind: the tests are not optimised.
fn scene(seed: u64) -> (World, Vec<Request>) {
    let (mut world, mut requests) = chaos::scene(seed);
    requests.truncate(600);
    world.horizon = requests.last().map_or(0, |request| request.at) + 10 * SECOND;
    (world, requests)
}

fn play<P: Policy>(seed: u64) -> Outcome {
    let (world, requests) = scene(seed);
    run::play::<P>(&world, &requests, seed)
}

fn case(name: &str) -> &'static crate::case::Case {
    CASES.iter().find(|case| case.name == name).unwrap()
}

/// Sends whatever is wanted, and what was refused after the time that was named.
struct Careless {
    leaving: VecDeque<Id>,
    later: BTreeMap<(Nanos, Id), Id>,
}

impl Policy for Careless {
    const NAME: &'static str = "careless";

    fn new(_world: &World, _requests: &[Request]) -> Self {
        Self {
            leaving: VecDeque::new(),
            later: BTreeMap::new(),
        }
    }

    fn enter(&mut self, _now: Nanos, id: Id, _request: &Request) {
        self.leaving.push_back(id);
    }

    fn told(&mut self, now: Nanos, id: Id, _request: &Request, told: &Told) {
        if let Some((_, wait)) = told.refusal() {
            self.later.insert((now + wait, id), id);
        }
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        if let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            self.leaving.push_back(first.remove());
        }
        self.leaving.pop_front()
    }

    fn deadline(&self) -> Option<Nanos> {
        self.later.keys().next().map(|(at, _)| *at)
    }
}
