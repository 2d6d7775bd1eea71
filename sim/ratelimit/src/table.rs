//! Plays the rows for each policy, and says what was reached.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use fastrand::Rng;

use crate::{
    case::{CASES, Case, Goal},
    clairvoyant,
    clock::{MS, Nanos},
    judge::{Class, Tally},
    many,
    policy::{DiscordJs, Ours, Policy, Serenity, Twilight},
    run::{self, Outcome},
    turns::RANKS,
    world::{Request, World},
};

/// What the seeds of a row came to for one policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) policy: &'static str,
    pub(crate) tally: Tally,
    pub(crate) accepted: u64,
    pub(crate) possible: u64,
    /// How long all took, from the first wish that counts to the last arrival.
    took: Nanos,
    took_possible: Nanos,
    /// Whether everything was done in every seed.
    complete: bool,
    waits: Vec<Nanos>,
    /// Jain's index of what the resources got of what they wanted, the worst of all seeds.
    pub(crate) jain: f64,
    /// The most 429s of the global limit in one seed.
    globals: u64,
    /// The most 429s of one seed beyond one for each hidden limit that was exceeded.
    hidden_excess: u64,
    pub(crate) late: u64,
    pub(crate) given_up: u64,
    pub(crate) turns: [u64; RANKS],
    wanted: u64,
    /// By how much a request without a hidden limit waited longer because of those with one.
    held_up: Nanos,
}

/// Prints the table; whether ours reached what it holds.
pub(crate) fn tell(only: Option<&str>, seeds: &[u64]) -> bool {
    println!(
        "{} seeds; 429s: early | global first/later | hidden first/later | shared | changed",
        seeds.len()
    );
    let mut holds = true;
    for case in CASES {
        if only.is_some_and(|only| !case.name.contains(only)) {
            continue;
        }
        println!("\n{}: {}", case.name, case.what);
        println!(
            "  {:<32} {:>7} {:>7}  {:<30} {:>9} {:>9} {:>9} {:>6}",
            "", "U %", "time %", "429s", "wait p50", "p99", "longest", "Jain"
        );
        let ours = row::<Ours>(case, seeds);
        print_row(&ours);
        print_row(&row::<Twilight>(case, seeds));
        print_row(&row::<DiscordJs>(case, seeds));
        print_row(&row::<Serenity>(case, seeds));
        for goal in case.goals {
            let reached = ours.reaches(case, goal, seeds);
            holds &= reached;
            let mark = if reached { "reached" } else { "MISSED" };
            println!("  {mark}: {}", words(case, goal, seeds));
        }
    }
    many::tell(only, seeds) && holds
}

/// Plays a row's seeds.
pub(crate) fn row<P: Policy>(case: &Case, seeds: &[u64]) -> Row {
    let mut row = Row {
        policy: P::NAME,
        complete: true,
        jain: 1.0,
        ..Row::default()
    };
    for one in side_by_side(seeds, |seed| play::<P>(case, seed)) {
        row.merge(one);
    }
    row.waits.sort_unstable();
    row
}

/// Plays one seed.
fn play<P: Policy>(case: &Case, seed: u64) -> Row {
    let (world, requests) = scene(case, seed);
    let best = clairvoyant::play(&world, &requests, seed);
    let played = run::play::<P>(&world, &requests, seed);
    let begins = (requests.iter()).filter(|request| !request.warms);
    let begins = begins.map(|request| request.at).min().unwrap_or_default();
    let mut held_up_for = 0;
    if case.goals.contains(&Goal::OthersPass) {
        let mut blind = world.clone();
        for route in &mut blind.routes {
            route.hidden = None;
        }
        let blind = run::play::<P>(&blind, &requests, seed);
        held_up_for = held_up(&requests, &played, &blind);
    }
    Row {
        policy: P::NAME,
        tally: played.tally,
        accepted: played.accepted,
        possible: best.accepted,
        took: played.last.saturating_sub(begins),
        took_possible: best.last.saturating_sub(begins),
        complete: played.accepted == best.accepted,
        waits: played.waits.iter().map(|(_, wait)| *wait).collect(),
        jain: jain(&requests, &played),
        globals: played.of(Class::GlobalFirst) + played.of(Class::Global),
        hidden_excess: hidden_excess(&world, &requests, &played),
        late: played.late,
        given_up: played.given_up,
        turns: played.turns,
        wanted: requests.iter().filter(|request| !request.warms).count() as u64,
        held_up: held_up_for,
    }
}

/// Does `work` for each, on all cores. The order stays, so that a sum does not depend on chance.
pub(crate) fn side_by_side<T: Copy + Sync, R: Send>(
    list: &[T],
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(list.len()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores.min(list.len()) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = list.get(place) else { break };
                    let result = work(*one);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((place, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What a row plays under a seed.
pub(crate) fn scene(case: &Case, seed: u64) -> (World, Vec<Request>) {
    (case.scene)(&mut Rng::with_seed(seed))
}

impl Row {
    fn merge(&mut self, other: Self) {
        self.tally.merge(&other.tally);
        self.accepted += other.accepted;
        self.possible += other.possible;
        self.took += other.took;
        self.took_possible += other.took_possible;
        self.complete &= other.complete;
        self.waits.extend(other.waits);
        self.jain = self.jain.min(other.jain);
        self.globals = self.globals.max(other.globals);
        self.hidden_excess = self.hidden_excess.max(other.hidden_excess);
        self.late += other.late;
        self.given_up += other.given_up;
        self.wanted += other.wanted;
        for (worst, turns) in self.turns.iter_mut().zip(other.turns) {
            *worst = turns.max(*worst);
        }
        self.held_up = self.held_up.max(other.held_up);
    }

    fn share(&self) -> f64 {
        100.0 * self.accepted as f64 / self.possible as f64
    }

    /// The clairvoyant's time by ours, where everything was done.
    fn speed(&self) -> f64 {
        100.0 * self.took_possible as f64 / self.took as f64
    }

    fn reaches(&self, case: &Case, goal: &Goal, seeds: &[u64]) -> bool {
        match *goal {
            Goal::Accepted(least) => self.share() >= least,
            Goal::Done(least) => self.complete && self.speed() >= least,
            Goal::Bound(limit, window) => {
                self.share() >= bound(case, limit, window, seeds) - BOUND_SLACK
            }
            Goal::NoOwnFault => self.tally.own() == 0,
            Goal::Global(most) => self.globals <= most,
            Goal::OncePerHidden => self.hidden_excess == 0,
            Goal::NoneLate => self.late == 0 && self.accepted + self.given_up == self.wanted,
            Goal::Turns(most) => self
                .turns
                .iter()
                .zip(most)
                .all(|(worst, most)| *worst <= most),
            Goal::OthersPass => self.held_up < MS,
        }
    }

    fn wait(&self, share: f64) -> f64 {
        let last = self.waits.len().saturating_sub(1);
        let place = (last as f64 * share) as usize;
        self.waits.get(place).map_or(0.0, |wait| *wait as f64 / 1e9)
    }
}

fn print_row(row: &Row) {
    let speed = if row.complete {
        format!("{:.2}", row.speed())
    } else {
        "-".to_owned()
    };
    println!(
        "  {:<32} {:>7.2} {speed:>7}  {:<30} {:>7.2} s {:>7.2} s {:>7.2} s {:>6.3}",
        row.policy,
        row.share(),
        row.tally,
        row.wait(0.5),
        row.wait(0.99),
        row.wait(1.0),
        row.jain,
    );
    if row.late + row.given_up > 0 {
        println!(
            "    {} left too late, {} were given up",
            row.late, row.given_up
        );
    }
    if row.turns != [0; RANKS] {
        println!(
            "    turns of others before the head of a class: {:?}",
            row.turns
        );
    }
}

fn words(case: &Case, goal: &Goal, seeds: &[u64]) -> String {
    match *goal {
        Goal::Accepted(least) => format!("at least {least} % of the clairvoyant's"),
        Goal::Done(least) => format!("done, the clairvoyant's time at least {least} % of ours"),
        Goal::Bound(limit, window) => {
            let bound = bound(case, limit, window, seeds);
            format!("at most {BOUND_SLACK} points below the bound, which is {bound:.2} %")
        }
        Goal::NoOwnFault => "no 429 by our own fault".to_owned(),
        Goal::Global(most) => format!("at most {most} 429 of the global limit in a run"),
        Goal::OncePerHidden => "at most one 429 for each hidden limit".to_owned(),
        Goal::NoneLate => "what would leave too late is given up, the rest accepted".to_owned(),
        Goal::Turns([bulk, normal, interactive]) => format!(
            "the head of a class sees at most {bulk}, {normal}, {interactive} turns of others"
        ),
        Goal::OthersPass => "others wait less than a millisecond longer".to_owned(),
    }
}

/// U* in percent.
fn bound(case: &Case, limit: u32, window: Nanos, seeds: &[u64]) -> f64 {
    let (world, _) = scene(case, seeds.first().copied().unwrap_or_default());
    100.0 * world.law.bound(limit, window)
}

fn jain(requests: &[Request], played: &Outcome) -> f64 {
    let mut wanted = vec![0_u64; played.by_major.len()];
    for request in requests.iter().filter(|request| !request.warms) {
        wanted[request.major as usize] += 1;
    }
    let shares = wanted.iter().zip(&played.by_major);
    let shares = shares.filter(|(wanted, _)| **wanted > 0);
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (wanted, got) in shares {
        let share = *got as f64 / *wanted as f64;
        n += 1.0;
        sum += share;
        squares += share * share;
    }
    if squares > 0.0 {
        sum * sum / (n * squares)
    } else {
        1.0
    }
}

/// How much longer the worst of those without a hidden limit waited than where there is none.
fn held_up(requests: &[Request], played: &Outcome, blind: &Outcome) -> Nanos {
    let mut without = vec![Nanos::MAX; requests.len()];
    for (id, wait) in &blind.waits {
        without[*id as usize] = *wait;
    }
    let others = played
        .waits
        .iter()
        .filter(|(id, _)| !requests[*id as usize].named);
    let longer = others.map(|(id, wait)| wait.saturating_sub(without[*id as usize]));
    longer.max().unwrap_or_default()
}

/// 429s of hidden limits beyond one for each resource that has one.
fn hidden_excess(world: &World, requests: &[Request], played: &Outcome) -> u64 {
    let mut limited: Vec<(u16, u32)> = (requests.iter())
        .filter(|request| {
            request.named && world.routes[usize::from(request.route)].hidden.is_some()
        })
        .map(|request| (request.route, request.major))
        .collect();
    limited.sort_unstable();
    limited.dedup();
    let hits = played.of(Class::HiddenFirst) + played.of(Class::HiddenRepeat);
    hits.saturating_sub(limited.len() as u64)
}

/// By how many points the bound may be missed.
const BOUND_SLACK: f64 = 0.3;
