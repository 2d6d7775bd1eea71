//! Every combination of what a world can be like, each played under a seed of its own, and the 429s by our own fault.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::{
    clairvoyant,
    clock::{Clocks, MS, SECOND},
    judge::Tally,
    law::Law,
    policy::Ours,
    run,
    server::Rule,
    table::side_by_side,
    world::{Change, Faults, Request, Route, World},
};

/// Plays all cells, prints those with a 429 by our own fault, and a summary by each axis. Whether there
/// is no such cell.
pub(crate) fn tell(seed: u64) -> bool {
    let cells = cells();
    let seeded: Vec<(Cell, u64)> = cells.iter().copied().zip(seed..).collect();
    let played = side_by_side(&seeded, |(cell, seed)| play(cell, seed));
    let mut broken = 0;
    let mut sums: BTreeMap<(usize, String), Sum> = BTreeMap::new();
    for (cell, sum) in cells.iter().zip(&played) {
        if sum.tally.own() > 0 {
            broken += 1;
            println!("{}: {}", cell.words().join(", "), sum.tally);
        }
        let all = std::iter::once("all".to_owned());
        for (axis, word) in all.chain(cell.words()).enumerate() {
            sums.entry((axis, word)).or_default().merge(sum);
        }
    }
    println!("429s: early | global first/later | hidden first/later | shared | changed");
    println!(
        "{:<28} {:>6} {:>9} {:>7}  429s",
        "", "cells", "accepted", "U %"
    );
    for ((_, word), sum) in &sums {
        let share = 100.0 * sum.accepted as f64 / sum.possible as f64;
        println!(
            "{word:<28} {:>6} {:>9} {share:>7.2}  {}",
            sum.cells, sum.accepted, sum.tally
        );
    }
    println!(
        "{broken} of {} cells with a 429 by our own fault",
        cells.len()
    );
    broken == 0
}

/// One combination.
#[derive(Clone, Copy, Debug)]
struct Cell {
    rtt_ms: u64,
    sigma: f64,
    skew_secs: i64,
    ppm: i64,
    shape: &'static str,
    global: &'static str,
    fault: &'static str,
    channels: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    cells: u64,
    accepted: u64,
    possible: u64,
    tally: Tally,
}

fn cells() -> Vec<Cell> {
    let mut cells = vec![Cell {
        rtt_ms: 0,
        sigma: 0.0,
        skew_secs: 0,
        ppm: 0,
        shape: "",
        global: "",
        fault: "",
        channels: 0,
    }];
    cells = each(cells, &[20, 100, 300], |cell, rtt_ms| cell.rtt_ms = rtt_ms);
    cells = each(cells, &[0.2, 0.5, 1.0], |cell, sigma| cell.sigma = sigma);
    cells = each(cells, &[0, 2, -2, 86_400, -86_400], |cell, skew| {
        cell.skew_secs = skew
    });
    cells = each(cells, &[0, 200, -200], |cell, ppm| cell.ppm = ppm);
    cells = each(cells, &["fixed", "leaky", "mixed"], |cell, shape| {
        cell.shape = shape
    });
    cells = each(cells, &["aligned", "anchored", "leaky"], |cell, global| {
        cell.global = global
    });
    let faults = [
        "none",
        "500s",
        "lost",
        "unanswered",
        "lower limit",
        "higher limit",
    ];
    cells = each(cells, &faults, |cell, fault| cell.fault = fault);
    // Few are bound by their buckets, many by the global limit.
    each(cells, &[3, 40], |cell, channels| cell.channels = channels)
}

fn each<T: Copy>(cells: Vec<Cell>, values: &[T], set: impl Fn(&mut Cell, T)) -> Vec<Cell> {
    let with = |cell: Cell, value: T| {
        let mut cell = cell;
        set(&mut cell, value);
        cell
    };
    (cells.iter())
        .flat_map(|cell| values.iter().map(|value| with(*cell, *value)))
        .collect()
}

fn play(cell: Cell, seed: u64) -> Sum {
    let (world, requests) = cell.scene(seed);
    let most = clairvoyant::play(&world, &requests, seed).accepted;
    let played = run::play::<Ours>(&world, &requests, seed);
    Sum {
        cells: 1,
        accepted: played.accepted,
        possible: most,
        tally: played.tally,
    }
}

impl Cell {
    fn words(&self) -> [String; 8] {
        [
            format!("RTT {} ms", self.rtt_ms),
            format!("jitter {}", self.sigma),
            format!("skew {} s", self.skew_secs),
            format!("drift {} ppm", self.ppm),
            format!("buckets {}", self.shape),
            format!("global {}", self.global),
            format!("fault: {}", self.fault),
            format!("{} channels", self.channels),
        ]
    }

    /// A minute in which each channel has more to do than it may, through two routes.
    fn scene(&self, seed: u64) -> (World, Vec<Request>) {
        let mut rng = Rng::with_seed(seed);
        let (fixed, leaky) = (Rule::anchored(5, SECOND), Rule::leaky(5, SECOND));
        let (one, other) = match self.shape {
            "fixed" => (fixed, fixed),
            "leaky" => (leaky, leaky),
            _ => (fixed, leaky),
        };
        let routes = vec![
            Route::new("POST /channels/{channel_id}/messages", one),
            Route::new("PUT /channels/{channel_id}/pins/{message_id}", other),
        ];
        let law = Law::new(self.rtt_ms * MS, self.sigma);
        let mut world = World::new(law, routes, 60 * SECOND);
        world.depth = Some(20);
        world.clocks = Clocks {
            skew: self.skew_secs * 1_000_000_000,
            ppm: self.ppm,
        };
        world.global = Some(match self.global {
            "aligned" => Rule::grid(50, SECOND, rng.u64(0..SECOND)),
            "anchored" => Rule::anchored(50, SECOND),
            _ => Rule::leaky(50, SECOND),
        });
        match self.fault {
            "500s" => world.faults.broken = 10,
            "lost" => world.faults.lost = 10,
            "unanswered" => world.faults.unanswered = 10,
            "lower limit" => world.changes = vec![changed(one, 3)],
            "higher limit" => world.changes = vec![changed(one, 8)],
            _ => world.faults = Faults::default(),
        }
        let most = if self.channels > 10 { 6_000 } else { 1_600 };
        let requests = (0..most).map(|index| {
            let route = rng.u16(0..2);
            Request::new(0, route, index % self.channels)
        });
        (world, requests.collect())
    }
}

/// Half a minute in, the first route gets another limit.
fn changed(rule: Rule, limit: u32) -> Change {
    Change {
        at: 30 * SECOND,
        route: 0,
        rule: Rule { limit, ..rule },
    }
}

impl Sum {
    fn merge(&mut self, other: &Self) {
        self.cells += other.cells;
        self.accepted += other.accepted;
        self.possible += other.possible;
        self.tally.merge(&other.tally);
    }
}
