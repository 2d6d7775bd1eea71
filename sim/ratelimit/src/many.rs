//! Several processes with one token, which share its limits through a store that may die.
//!
//! It is long because its rows, its run and what is printed of them are about the same few troubles, and would
//! each name them again.

mod store;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
};

use fastrand::Rng;
use ovenjs_ratelimit::{Lease, LeaseDeed, LeaseNews};

use crate::{
    clairvoyant,
    clock::{Clocks, MS, NEVER, Nanos, SECOND},
    law::Law,
    policy::{Id, Ours, Policy as _, Told},
    run::{Fate, majors},
    server::{Answer, By, Rule, Server},
    table::side_by_side,
    world::{Request, Route, World},
};
use store::{Outage, Store};

/// One row.
#[derive(Debug)]
pub(crate) struct Case {
    name: &'static str,
    what: &'static str,
    processes: usize,
    /// How many times as much the first process wants as each other one.
    weight: u32,
    /// Whether all write in one channel, or each in channels of its own.
    is_common: bool,
    /// Nothing is shared: what the referee is there to see.
    has_own_stores: bool,
    outage: Option<Outage>,
    trouble: Option<Trouble>,
    /// What is to be accepted at least, in percent of what the clairvoyant gets who is one process.
    least: f64,
}

/// What happens to the first process, or the last one.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// It stands still, and goes on as if nothing had been.
    Paused { from: Nanos, until: Nanos },
    /// It does not reach the store, but Discord.
    CutOff { from: Nanos, until: Nanos },
    /// It dies, and another one starts somewhat later.
    Killed { at: Nanos },
}

const SHORT: Outage = Outage {
    from: 60 * SECOND,
    until: 65 * SECOND,
    is_empty: true,
};

const LONG: Outage = Outage {
    from: 60 * SECOND,
    until: 100 * SECOND,
    is_empty: true,
};

const CASES: &[Case] = &[
    Case::new("processes-1", "one process", 1, 1).least(95.0),
    Case::new(
        "processes-4",
        "four, the store dies for 5 s and has lost all",
        4,
        1,
    )
    .outage(SHORT)
    .least(95.0),
    Case::new(
        "processes-4-to-1",
        "four, one wants 16 times as much, the same",
        4,
        16,
    )
    .outage(SHORT)
    .least(80.0),
    Case::new("processes-16", "sixteen, the same", 16, 1)
        .outage(SHORT)
        .least(95.0),
    Case::new(
        "processes-16-to-1",
        "sixteen, one wants 16 times as much, the same",
        16,
        16,
    )
    .outage(SHORT)
    .least(75.0),
    Case::new(
        "processes-common-4",
        "four in one channel of 5/1 s, the same",
        4,
        1,
    )
    .common()
    .outage(SHORT)
    .least(90.0),
    Case::new(
        "processes-common-16",
        "sixteen in one channel of 5/1 s, the same",
        16,
        1,
    )
    .common()
    .outage(SHORT),
    Case::new(
        "processes-outage",
        "four, the store dies for 40 s: leases end",
        4,
        1,
    )
    .outage(LONG),
    Case::new("processes-outage-16", "sixteen, the same", 16, 16).outage(LONG),
    Case::new(
        "processes-outage-common",
        "four in one channel of 5/1 s, the same",
        4,
        1,
    )
    .common()
    .outage(LONG),
    Case::new(
        "processes-outage-kept",
        "the same, and the store has kept its data",
        4,
        1,
    )
    .common()
    .outage(Outage {
        is_empty: false,
        ..LONG
    }),
    Case::new(
        "processes-paused",
        "four, one is stopped for 20 s and goes on",
        4,
        1,
    )
    .trouble(Trouble::Paused {
        from: 60 * SECOND,
        until: 80 * SECOND,
    })
    .least(90.0),
    Case::new(
        "processes-cut-off",
        "four, one loses the store for 40 s, not Discord",
        4,
        1,
    )
    .trouble(Trouble::CutOff {
        from: 60 * SECOND,
        until: 100 * SECOND,
    }),
    Case::new("processes-killed", "four, one dies without a word", 4, 1)
        .trouble(Trouble::Killed { at: 60 * SECOND }),
];

impl Case {
    const fn new(name: &'static str, what: &'static str, processes: usize, weight: u32) -> Self {
        Self {
            name,
            what,
            processes,
            weight,
            is_common: false,
            has_own_stores: false,
            outage: None,
            trouble: None,
            least: 0.0,
        }
    }

    const fn outage(mut self, outage: Outage) -> Self {
        self.outage = Some(outage);
        self
    }

    const fn trouble(mut self, trouble: Trouble) -> Self {
        self.trouble = Some(trouble);
        self
    }

    const fn common(mut self) -> Self {
        self.is_common = true;
        self
    }

    const fn least(mut self, least: f64) -> Self {
        self.least = least;
        self
    }
}

/// How long a row is played.
const HORIZON: Nanos = 180 * SECOND;

/// What the bot wants in a second, over all processes: half more than the limit.
const WANTED: u64 = 75;

const GLOBAL: u32 = 50;

/// After its return from an outage: in what time as much is accepted again as before.
const RECOVERY: Nanos = 2 * SECOND;

/// In percent of what the same leases allow.
const LEASED: f64 = 95.0;

/// A seed is three minutes of up to sixteen processes, so a row has no more of them.
const SEEDS_MAX: usize = 6;

/// What came of a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    accepted: u64,
    possible: u64,
    /// What could have been accepted by processes that had the same places at the same time.
    leased: u64,
    /// 429s of a bucket and of the global limit: all of them are our own doing.
    early: u64,
    global: u64,
    /// The most places of the global limit that all processes had at one time.
    places: u32,
    waits: Vec<Nanos>,
    /// Accepted, by second.
    seconds: Vec<u64>,
    /// How long after the store's return it was as before, the longest.
    recovery: Nanos,
    exchanges: u64,
    conflicts: u64,
    stuck: u64,
}

/// Prints the rows; whether they hold.
pub(crate) fn tell(only: Option<&str>, seeds: &[u64]) -> bool {
    let mut holds = true;
    for case in CASES {
        if only.is_some_and(|only| !case.name.contains(only)) {
            continue;
        }
        let mut sum = Played::default();
        let seeds = seeds.get(..SEEDS_MAX).unwrap_or(seeds);
        for played in side_by_side(seeds, |seed| play(case, seed)) {
            sum.merge(played);
        }
        holds &= case.tell(&mut sum);
    }
    holds
}

impl Case {
    fn tell(&self, sum: &mut Played) -> bool {
        sum.waits.sort_unstable();
        let share = sum.share();
        println!("\n{}: {}", self.name, self.what);
        println!(
            "  U {share:.2} %, {:.2} % under the same leases, 429s {} of a bucket and {} global, at most {} of {GLOBAL} places at a \
             time, wait p50 {:.2} s, p99 {:.2} s, {} exchanges, {} made again",
            sum.of_leased(),
            sum.early,
            sum.global,
            sum.places,
            sum.wait(0.5),
            sum.wait(0.99),
            sum.exchanges,
            sum.conflicts,
        );
        let mut holds = true;
        let mut goal = |words: String, reached: bool| {
            holds &= reached;
            println!("  {}: {words}", if reached { "reached" } else { "BROKEN" });
        };
        goal(
            "no 429 by our own fault".to_owned(),
            sum.early + sum.global == 0,
        );
        goal(
            "never more places than the limit".to_owned(),
            sum.places <= GLOBAL,
        );
        if self.least > 0.0 {
            goal(
                format!("at least {} % of the clairvoyant's", self.least),
                share >= self.least,
            );
        }
        if !self.is_common {
            goal(
                format!("at least {LEASED} % of what could be done under the same leases"),
                sum.of_leased() >= LEASED,
            );
        }
        if self.outage.is_some() {
            let seconds = sum.recovery as f64 / 1e9;
            goal(
                format!("as much as before {seconds:.1} s after the store's return, at most 2 s"),
                sum.recovery <= RECOVERY,
            );
        }
        goal("nobody waits for ever".to_owned(), sum.stuck == 0);
        holds
    }

    /// What the server is like, and what which process wants.
    fn scene(&self, seed: u64) -> (World, Vec<Request>, Vec<usize>) {
        let mut rng = Rng::with_seed(seed);
        let rule = Rule::anchored(5, SECOND);
        let route = Route::new("POST /channels/{channel_id}/messages", rule);
        let mut world = World::new(Law::new(100 * MS, 0.5), vec![route], HORIZON);
        let phase = rng.u64(0..SECOND);
        let globals = [
            Rule::grid(GLOBAL, SECOND, phase),
            Rule::anchored(GLOBAL, SECOND),
            Rule::leaky(GLOBAL, SECOND),
        ];
        world.global = Some(globals[(seed % 3) as usize]);
        world.clocks.skew = 1_700_000_000;
        let wanted = if self.is_common { 8 } else { WANTED };
        let all = self.processes as u32 + self.weight - 1;
        let mut wishes: Vec<(Request, usize)> = (0..wanted * (HORIZON / SECOND - 10))
            .map(|_| {
                let dice = rng.u32(0..all);
                let process = dice.saturating_sub(self.weight - 1) as usize;
                let channel = if self.is_common {
                    0
                } else {
                    // Enough of them that the global limit is what is short.
                    process as u32 * CHANNELS + rng.u32(0..CHANNELS)
                };
                let at = rng.u64(0..HORIZON - 10 * SECOND);
                (Request::new(at, 0, channel), process)
            })
            .collect();
        wishes.sort_by_key(|(request, _)| request.at);
        let (requests, owners) = wishes.into_iter().unzip();
        (world, requests, owners)
    }
}

/// Channels in which a process writes.
const CHANNELS: u32 = 25;

impl Played {
    fn merge(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.possible += other.possible;
        self.leased += other.leased;
        self.early += other.early;
        self.global += other.global;
        self.places = self.places.max(other.places);
        self.waits.extend(other.waits);
        self.recovery = self.recovery.max(other.recovery);
        self.exchanges += other.exchanges;
        self.conflicts += other.conflicts;
        self.stuck += other.stuck;
    }

    /// In percent of what the same places allow.
    fn of_leased(&self) -> f64 {
        100.0 * self.accepted as f64 / self.leased as f64
    }

    fn share(&self) -> f64 {
        100.0 * self.accepted as f64 / self.possible as f64
    }

    fn wait(&self, share: f64) -> f64 {
        let last = self.waits.len().saturating_sub(1);
        let place = (last as f64 * share) as usize;
        self.waits.get(place).map_or(0.0, |wait| *wait as f64 / 1e9)
    }
}

/// Plays one seed.
pub(crate) fn play(case: &Case, seed: u64) -> Played {
    let (world, requests, owners) = case.scene(seed);
    let mut run = Run::new(case, &world, &requests, &owners, seed);
    run.finish();
    let mut played = run.played;
    played.leased = (run.ideals.iter()).map(|ideal| ideal.done).sum();
    if let Some(Trouble::Killed { at }) = case.trouble {
        // What the dead one wanted since is nobody's wish.
        let left = requests.iter().zip(&owners);
        let left: Vec<Request> = left
            .filter(|(request, owner)| **owner != case.processes - 1 || request.at < at)
            .map(|(request, _)| *request)
            .collect();
        played.possible = clairvoyant::play(&world, &left, seed).accepted;
    } else {
        played.possible = clairvoyant::play(&world, &requests, seed).accepted;
    }
    if case.is_common {
        // There it is the bucket's places that count.
        played.leased = played.possible;
    }
    played.leased = played.leased.min(played.possible);
    if let Some(outage) = case.outage {
        played.recovery = recovery(&played.seconds, outage);
    }
    played
}

/// How long after the end of an outage as much is accepted again as before it.
fn recovery(tenths: &[u64], outage: Outage) -> Nanos {
    let tenth = |at: Nanos| (at / TENTH) as usize;
    let second = |from: usize| -> u64 { tenths.iter().skip(from).take(10).sum() };
    let (from, until) = (tenth(outage.from), tenth(outage.until));
    let before: u64 = tenths[from - 200..from].iter().sum::<u64>() / 20;
    (until..tenths.len())
        .find(|at| second(*at) * 100 >= before * 95)
        .map_or(NEVER, |at| (at - until) as Nanos * TENTH)
}

const TENTH: Nanos = SECOND / 10;

/// What happens next, and to which process.
#[derive(Debug)]
enum Event {
    Arrives(Id),
    Told(Id),
    /// A deed reaches the store.
    Store(usize, LeaseDeed),
    News(usize, LeaseNews),
}

struct Process {
    ours: Ours,
    lease: Lease,
    clocks: Clocks,
    is_dead: bool,
}

struct Run<'w> {
    case: &'w Case,
    world: &'w World,
    requests: &'w [Request],
    owners: &'w [usize],
    seed: u64,
    rng: Rng,
    server: Server<'w>,
    stores: Vec<Store>,
    processes: Vec<Process>,
    agenda: BinaryHeap<Reverse<(Nanos, u64)>>,
    events: BTreeMap<u64, Event>,
    number: u64,
    answers: Vec<Option<(Answer, Option<By>)>>,
    attempts: Vec<u32>,
    sent: Vec<Nanos>,
    open: u64,
    ideals: Vec<Ideal>,
    played: Played,
}

/// What one process could do at best with its places: a request takes one for a second, and nothing else
/// does.
#[derive(Clone, Debug, Default)]
struct Ideal {
    /// What it wants and has not done.
    open: u64,
    /// When it did what it did within the last second.
    window: VecDeque<Nanos>,
    done: u64,
}

impl Ideal {
    fn pass(&mut self, at: Nanos, places: u32, wanted: u64) {
        self.open += wanted;
        while self.window.front().is_some_and(|done| done + SECOND <= at) {
            self.window.pop_front();
        }
        while self.open > 0 && self.window.len() < places as usize {
            self.window.push_back(at);
            self.open -= 1;
            self.done += 1;
        }
    }
}

impl<'w> Run<'w> {
    fn new(
        case: &'w Case,
        world: &'w World,
        requests: &'w [Request],
        owners: &'w [usize],
        seed: u64,
    ) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x00C0_FFEE);
        let processes = (0..case.processes).map(|_| {
            let ours = Ours::new(world, requests);
            let lease = ours.share(rng.u64(..));
            let clocks = Clocks {
                skew: 0,
                ppm: [-100, 0, 100][rng.usize(0..3)],
            };
            Process {
                ours,
                lease,
                clocks,
                is_dead: false,
            }
        });
        let processes = processes.collect();
        let outages: Vec<Outage> = case.outage.into_iter().collect();
        Self {
            case,
            world,
            requests,
            owners,
            seed,
            rng,
            server: Server::new(world, majors(requests)),
            stores: (0..case.processes).map(|_| Store::new(&outages)).collect(),
            processes,
            agenda: BinaryHeap::new(),
            events: BTreeMap::new(),
            number: 0,
            answers: vec![None; requests.len()],
            attempts: vec![0; requests.len()],
            sent: vec![0; requests.len()],
            open: 0,
            ideals: vec![Ideal::default(); case.processes],
            played: Played {
                seconds: vec![0; (HORIZON / TENTH) as usize + 1],
                ..Played::default()
            },
        }
    }

    fn finish(&mut self) {
        let mut entered = 0;
        let mut before = 0;
        let mut idle = 0;
        loop {
            let enters = self.requests.get(entered).map_or(NEVER, |next| next.at);
            let agenda = self.agenda.peek().map_or(NEVER, |Reverse((at, _))| *at);
            let wakes = (0..self.processes.len()).map(|process| self.wakes(process));
            let wakes = wakes.min().unwrap_or(NEVER);
            let at = agenda.min(enters).min(wakes).max(before);
            if at > HORIZON {
                self.played.stuck = if agenda == NEVER && wakes == NEVER {
                    self.open
                } else {
                    0
                };
                break;
            }
            idle = if at > before { 0 } else { idle + 1 };
            assert!(idle < 100_000, "stands still at {at}");
            before = at;
            if let Some(Trouble::Killed { at: dies }) = self.case.trouble
                && at >= dies
                && let Some(last) = self.processes.last_mut()
            {
                last.is_dead = true;
            }
            if agenda == at {
                if let Some(Reverse((_, number))) = self.agenda.pop()
                    && let Some(event) = self.events.remove(&number)
                {
                    self.happen(at, event);
                }
            } else if enters == at {
                let process = self.owners[entered];
                let id = entered as Id;
                entered += 1;
                if self.processes[process].is_dead {
                    continue;
                }
                self.open += 1;
                self.pass(process, at, 1);
                // What it wants while it stands still it wants afterwards.
                let now = self.shown(process, at);
                let Process { ours, .. } = &mut self.processes[process];
                ours.enter(now, id, &self.requests[id as usize]);
            }
            for process in 0..self.processes.len() {
                self.pass(process, at, 0);
                self.pass(process, at, 0);
                self.drive(process, at);
            }
        }
        for Process {
            ours,
            lease,
            clocks,
            ..
        } in &self.processes
        {
            let stats = lease.stats(ours.instant(clocks.shown(before)));
            self.played.exchanges += stats.exchanges;
            self.played.conflicts += stats.conflicts;
        }
    }

    /// Until then it could have done with its places what it wanted.
    fn pass(&mut self, process: usize, at: Nanos, wanted: u64) {
        let Process {
            ours,
            lease,
            is_dead,
            ..
        } = &self.processes[process];
        if *is_dead {
            return;
        }
        let now = ours.instant(self.shown(process, at));
        let places = lease.stats(now).places;
        self.ideals[process].pass(at, places, wanted);
    }

    fn shown(&self, process: usize, at: Nanos) -> Nanos {
        self.processes[process].clocks.shown(at)
    }

    /// Until when a process stands still.
    fn stands(&self, process: usize, at: Nanos) -> Option<Nanos> {
        match self.case.trouble {
            Some(Trouble::Paused { from, until })
                if process == 0 && (from..until).contains(&at) =>
            {
                Some(until)
            }
            _ => None,
        }
    }

    fn is_cut_off(&self, process: usize, at: Nanos) -> bool {
        let found = self.case.outage.is_some_and(|outage| {
            let spread = FOUND * process as u64 / self.case.processes as u64;
            (outage.until..outage.until + spread).contains(&at)
        });
        let trouble = matches!(self.case.trouble, Some(Trouble::CutOff { from, until })
            if process == 0 && (from..until).contains(&at));
        found || trouble
    }

    fn wakes(&self, process: usize) -> Nanos {
        let Process {
            ours,
            lease,
            clocks,
            is_dead,
        } = &self.processes[process];
        if *is_dead {
            return NEVER;
        }
        let lease = lease.deadline(ours.instant(0));
        let lease = lease.map_or(NEVER, |at| ours.since(at));
        let shown = ours.deadline().unwrap_or(NEVER).min(lease);
        let at = clocks.truth(shown);
        self.stands(process, at).unwrap_or(at)
    }

    fn later(&mut self, at: Nanos, event: Event) {
        self.number += 1;
        self.events.insert(self.number, event);
        self.agenda.push(Reverse((at, self.number)));
    }

    fn happen(&mut self, at: Nanos, event: Event) {
        let process = match &event {
            Event::Arrives(id) => return self.arrive(at, *id),
            Event::Store(process, deed) => {
                let news = if self.is_cut_off(*process, at) {
                    None
                } else {
                    let store = if self.case.has_own_stores {
                        *process
                    } else {
                        0
                    };
                    self.stores[store].perform(at, deed)
                };
                let (process, way) = (*process, self.way());
                // A reply in a hundred is lost.
                let news = news.filter(|_| self.rng.u32(0..100) > 0);
                let (wait, news) = news.map_or((LOST, LeaseNews::Failed), |news| (way, news));
                return self.later(at + wait, Event::News(process, news));
            }
            Event::Told(id) => self.owners[*id as usize],
            Event::News(process, _) => *process,
        };
        if let Some(until) = self.stands(process, at) {
            return self.later(until, event);
        }
        let now = self.shown(process, at);
        let Process {
            ours,
            lease,
            is_dead,
            ..
        } = &mut self.processes[process];
        if *is_dead {
            return;
        }
        match event {
            Event::Told(id) => {
                let request = &self.requests[id as usize];
                if let Some((answer, by)) = self.answers[id as usize].take() {
                    self.open -= u64::from(by.is_none());
                    ours.told(now, id, request, &Told::Answer(answer));
                }
            }
            Event::News(_, news) => lease.handle(ours.instant(now), news),
            Event::Arrives(_) | Event::Store(..) => {}
        }
    }

    /// Lets a process do what it can do now.
    fn drive(&mut self, process: usize, at: Nanos) {
        if self.stands(process, at).is_some() || self.processes[process].is_dead {
            return;
        }
        let now = self.shown(process, at);
        let Process { ours, lease, .. } = &mut self.processes[process];
        let deed = lease.poll(ours.instant(now));
        if lease.take_changed() {
            ours.stir(now);
        }
        let mut leaves = Vec::new();
        while let Some(id) = ours.poll(now) {
            leaves.push(id);
        }
        for id in leaves {
            let attempt = self.attempts[id as usize];
            self.attempts[id as usize] += 1;
            self.sent[id as usize] = at;
            let fate = Fate::of(self.world, self.seed, id, attempt);
            self.later(at + fate.up, Event::Arrives(id));
        }
        if let Some(deed) = deed {
            let way = self.way();
            self.later(at + way, Event::Store(process, deed));
        }
        let places = self.processes.iter().filter(|process| !process.is_dead);
        let places = places.map(|process| {
            let now = process.clocks.shown(at);
            process.lease.stats(process.ours.instant(now)).places
        });
        let places: u32 = places.sum();
        self.played.places = self.played.places.max(places);
    }

    fn arrive(&mut self, at: Nanos, id: Id) {
        let request = &self.requests[id as usize];
        let (answer, by) = self.server.arrive(at, request);
        match by {
            None => {
                self.played.accepted += 1;
                self.played.seconds[(at / TENTH) as usize] += 1;
                let waited = self.sent[id as usize] - request.at;
                self.played.waits.push(waited);
            }
            Some(By::Global) => self.played.global += 1,
            Some(_) => self.played.early += 1,
        }
        self.answers[id as usize] = Some((answer, by));
        let attempt = self.attempts[id as usize] - 1;
        let fate = Fate::of(self.world, self.seed, id, attempt);
        self.later(at + fate.down, Event::Told(id));
    }

    /// A way to the store or back: half a millisecond, and sometimes fifty.
    fn way(&mut self) -> Nanos {
        if self.rng.u32(0..50) == 0 {
            self.rng.u64(5 * MS..50 * MS)
        } else {
            self.rng.u64(MS / 5..MS)
        }
    }
}

/// Within what time after its return all processes have found the store again, one after the other.
const FOUND: Nanos = 500 * MS;

/// After what time a process gives the store up.
const LOST: Nanos = 200 * MS;
