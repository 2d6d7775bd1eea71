//! One run: a policy between a bot's wishes and the server.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use fastrand::Rng;

use crate::{
    clock::{NEVER, Nanos},
    judge::{Class, Judge, Tally},
    policy::{Id, Policy, Told},
    server::{Answer, By, Server},
    turns::{RANKS, Turns},
    world::{Rank, Request, TIMEOUT, World},
};

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// Requests that left, with those that had to leave again.
    pub(crate) sent: u64,
    /// Requests that would have waited for ever: nothing was on its way, and nobody was to be woken.
    pub(crate) stuck: u64,
    /// Requests that were given up before they left.
    pub(crate) given_up: u64,
    /// Requests that left after they were of use.
    pub(crate) late: u64,
    /// The most turns of others that the head of a class saw in its lane, from bulk to interactive.
    pub(crate) turns: [u64; RANKS],
    /// Those of what is measured that passed all limits.
    pub(crate) accepted: u64,
    /// When the last of them arrived.
    pub(crate) last: Nanos,
    /// For each request that passed, with its place in the list: how long it waited for its turn.
    pub(crate) waits: Vec<(Id, Nanos)>,
    /// Accepted, by major.
    pub(crate) by_major: Vec<u64>,
}

/// Plays `requests`, which are in the order of their times.
pub(crate) fn play<P: Policy>(world: &World, requests: &[Request], seed: u64) -> Outcome {
    let mut run = Run::new(world, requests, seed);
    run.finish(P::new(world, requests));
    run.outcome
}

/// Plays `requests`, and tells what happened to the resource that meets the first 429 by the
/// client's own fault, up to then; and to all, where it is of the limit over all of them.
pub(crate) fn play_and_tell<P: Policy>(
    world: &World,
    requests: &[Request],
    seed: u64,
) -> (Outcome, Vec<String>) {
    let mut run = Run::new(world, requests, seed);
    run.story = Some(Vec::new());
    run.finish(P::new(world, requests));
    let mut story = run.story.unwrap_or_default();
    let fault = story.iter().position(|line| line.is_fault);
    story.truncate(fault.map_or(0, |fault| fault + 1));
    let last = story.last();
    let of = last.map(|line| (line.route, line.major));
    let of_all = last.is_some_and(|line| line.is_global);
    let mut told: Vec<String> = (story.into_iter())
        .filter(|line| of_all || line.is_global || of == Some((line.route, line.major)))
        .map(|line| line.words)
        .collect();
    let long = told.len().saturating_sub(STORY_MAX);
    (run.outcome, told.split_off(long))
}

/// Where the bot wants only so many at a time: the requests of each resource.
fn backlog(world: &World, requests: &[Request]) -> Vec<VecDeque<Id>> {
    let mut backlog = vec![VecDeque::new(); majors(requests) as usize];
    if world.depth.is_some() {
        for (id, request) in (0..).zip(requests) {
            backlog[request.major as usize].push_back(id);
        }
    }
    backlog
}

/// How many resources the requests name.
pub(crate) fn majors(requests: &[Request]) -> u32 {
    requests
        .iter()
        .map(|request| request.major + 1)
        .max()
        .unwrap_or(0)
}

/// What happens to one attempt at a request; the same for every policy.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) up: Nanos,
    pub(crate) down: Nanos,
    pub(crate) lost: bool,
    unanswered: bool,
    broken: bool,
    silent: bool,
}

impl Fate {
    pub(crate) fn of(world: &World, seed: u64, id: Id, attempt: u32) -> Self {
        let attempt = u64::from(id) << 32 | u64::from(attempt);
        let mut rng = Rng::with_seed(seed ^ attempt.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (up, down) = (world.law.draw(&mut rng), world.law.draw(&mut rng));
        let faults = &world.faults;
        let mut fate = Self {
            up,
            down,
            lost: false,
            unanswered: false,
            broken: false,
            silent: false,
        };
        if faults.lost + faults.unanswered + faults.broken > 0 {
            let dice = rng.u64(0..1_000);
            fate.lost = dice < faults.lost;
            fate.unanswered = !fate.lost && dice < faults.lost + faults.unanswered;
            fate.broken = !fate.lost
                && !fate.unanswered
                && dice < faults.lost + faults.unanswered + faults.broken;
            fate.silent = rng.bool();
        }
        fate
    }
}

struct Run<'w> {
    world: &'w World,
    requests: &'w [Request],
    seed: u64,
    server: Server<'w>,
    judge: Judge<'w>,
    travels: Vec<Travel>,
    agenda: BinaryHeap<Reverse<(Nanos, Step, Id)>>,
    /// How many of the requests the policy has.
    entered: usize,
    /// Or, where it does not get them by the clock, those that it does not have yet.
    backlog: Vec<VecDeque<Id>>,
    /// How many the policy has that are not done.
    open: u64,
    /// Where not all are of one class.
    turns: Option<Turns>,
    outcome: Outcome,
    story: Option<Vec<Line>>,
}

/// Where a request is that has left.
#[derive(Clone, Copy, Debug, Default)]
struct Travel {
    entered: Nanos,
    attempts: u32,
    fate: Fate,
    sent: Nanos,
    /// It left when its limit was known.
    is_known: bool,
    /// It left when it was of no use any more.
    is_late: bool,
    arrived: Nanos,
    /// What the server said, and who refused.
    answer: Option<(Answer, Option<By>)>,
}

/// Arrivals come before answers of the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrives,
    Told,
}

/// One line of a story.
#[derive(Debug)]
struct Line {
    words: String,
    route: u16,
    major: u32,
    is_fault: bool,
    is_global: bool,
}

impl<'w> Run<'w> {
    fn new(world: &'w World, requests: &'w [Request], seed: u64) -> Self {
        let majors = majors(requests);
        Self {
            world,
            requests,
            seed,
            server: Server::new(world, majors),
            judge: Judge::new(world, majors),
            travels: vec![Travel::default(); requests.len()],
            agenda: BinaryHeap::new(),
            entered: 0,
            backlog: backlog(world, requests),
            open: 0,
            turns: (requests.iter())
                .any(|request| request.rank != Rank::Normal)
                .then(Turns::default),
            outcome: Outcome {
                by_major: vec![0; majors as usize],
                waits: Vec::with_capacity(requests.len()),
                ..Outcome::default()
            },
            story: None,
        }
    }

    fn finish<P: Policy>(&mut self, mut policy: P) {
        let clocks = self.world.clocks;
        if let Some(depth) = self.world.depth {
            self.entered = self.requests.len();
            for _ in 0..depth {
                for major in 0..self.backlog.len() {
                    self.enter_next(0, major, &mut policy);
                }
            }
            self.drain(0, &mut policy);
        }
        let mut idle = 0;
        let mut before = 0;
        loop {
            let enters = self
                .requests
                .get(self.entered)
                .map_or(NEVER, |next| next.at);
            let agenda = self.agenda.peek().map_or(NEVER, |Reverse((at, ..))| *at);
            let wakes = policy.deadline().map_or(NEVER, |at| clocks.truth(at));
            let at = agenda.min(enters).min(wakes).max(before);
            if at == NEVER {
                self.outcome.stuck = self.open;
            }
            if at > self.world.horizon {
                return;
            }
            idle = if at > before { 0 } else { idle + 1 };
            assert!(idle < IDLE_MAX, "{} stands still at {at}", P::NAME);
            before = at;
            let now = clocks.shown(at);
            if agenda == at {
                if let Some(Reverse((_, step, id))) = self.agenda.pop() {
                    match step {
                        // What arrives is no news to the client.
                        Step::Arrives => {
                            self.arrive(at, id);
                            continue;
                        }
                        Step::Told => {
                            let told = self.tell(at, id);
                            let request = &self.requests[id as usize];
                            if told.refusal().is_some()
                                && let Some(turns) = &mut self.turns
                            {
                                turns.join(id, request);
                            }
                            policy.told(now, id, request, &told);
                            if !matches!(&told, Told::Answer(answer) if answer.status == 429) {
                                self.open -= 1;
                                self.enter_next(at, request.major as usize, &mut policy);
                            }
                        }
                    }
                }
            } else if enters == at {
                self.enter(at, self.entered as Id, &mut policy);
                self.entered += 1;
                // All of one moment, before any of them leaves.
                if self
                    .requests
                    .get(self.entered)
                    .is_some_and(|next| next.at == at)
                {
                    continue;
                }
            }
            self.drain(at, &mut policy);
        }
    }

    /// Lets leave what leaves now.
    fn drain<P: Policy>(&mut self, at: Nanos, policy: &mut P) {
        let now = self.world.clocks.shown(at);
        while let Some(id) = policy.poll(now) {
            self.send(at, id);
        }
        while let Some(id) = policy.give_up() {
            self.open -= 1;
            self.outcome.given_up += 1;
            let request = &self.requests[id as usize];
            if let Some(turns) = &mut self.turns {
                turns.leave(id, request);
                self.outcome.turns = turns.worst();
            }
            self.enter_next(at, request.major as usize, policy);
        }
    }

    /// What is done makes room for the next of its resource, where the bot wants so many at a time.
    fn enter_next<P: Policy>(&mut self, at: Nanos, major: usize, policy: &mut P) {
        if let Some(id) = self.backlog[major].pop_front() {
            self.enter(at, id, policy);
        }
    }

    fn enter<P: Policy>(&mut self, at: Nanos, id: Id, policy: &mut P) {
        self.open += 1;
        self.travels[id as usize].entered = at;
        if let Some(turns) = &mut self.turns {
            turns.join(id, &self.requests[id as usize]);
        }
        let now = self.world.clocks.shown(at);
        policy.enter(now, id, &self.requests[id as usize]);
    }

    fn send(&mut self, at: Nanos, id: Id) {
        let travel = &mut self.travels[id as usize];
        let fate = Fate::of(self.world, self.seed, id, travel.attempts);
        travel.attempts += 1;
        travel.fate = fate;
        travel.sent = at;
        travel.answer = None;
        self.outcome.sent += 1;
        let request = &self.requests[id as usize];
        travel.is_known = !self.judge.leave(request);
        let clocks = self.world.clocks;
        let waited = clocks.shown(at) - clocks.shown(travel.entered);
        travel.is_late = waited > request.patience;
        self.outcome.late += u64::from(travel.is_late);
        if let Some(turns) = &mut self.turns {
            turns.go(id, request);
            self.outcome.turns = turns.worst();
        }
        self.note(at, id, false, || "leaves".to_owned());
        let (step, when) = if fate.lost {
            (Step::Told, at + TIMEOUT)
        } else {
            (Step::Arrives, at + fate.up)
        };
        self.agenda.push(Reverse((when, step, id)));
    }

    fn arrive(&mut self, at: Nanos, id: Id) {
        let request = &self.requests[id as usize];
        let travel = &mut self.travels[id as usize];
        travel.arrived = at;
        let (mut answer, by) = self.server.arrive(at, request);
        let fate = travel.fate;
        if let Some(by) = by {
            let class = (self.judge).class(at, travel.sent, request, by, travel.is_known);
            self.outcome.tally.add(class);
            let is_fault = matches!(class, Class::Early | Class::Global);
            self.note(at, id, is_fault, || {
                format!("is refused as {class:?}: {answer:?}")
            });
        } else {
            self.note(at, id, false, || format!("passes: {:?}", answer.limits));
            if let Some(limits) = &answer.limits {
                self.judge.pass(at, request, limits);
            }
            if !request.warms && !self.travels[id as usize].is_late {
                self.outcome.accepted += 1;
                self.outcome.last = at;
                self.outcome.by_major[request.major as usize] += 1;
                let waited = self.travels[id as usize].sent - self.travels[id as usize].entered;
                self.outcome.waits.push((id, waited));
            }
            if fate.broken {
                answer.status = 500;
                answer.limits = answer.limits.filter(|_| !fate.silent);
            }
        }
        let travel = &mut self.travels[id as usize];
        travel.answer = Some((answer, by)).filter(|_| !fate.unanswered);
        let told = if fate.unanswered {
            travel.sent + TIMEOUT.max(fate.up)
        } else {
            at + fate.down
        };
        self.agenda.push(Reverse((told, Step::Told, id)));
    }

    fn tell(&mut self, at: Nanos, id: Id) -> Told {
        self.note(at, id, false, || "is told".to_owned());
        let travel = &self.travels[id as usize];
        let request = &self.requests[id as usize];
        let answer = travel.answer.as_ref().map(|(answer, _)| answer);
        self.judge.hear(request, answer);
        match travel.answer {
            Some((answer, by)) => {
                let limits = answer.limits.as_ref();
                self.judge.tell(at, travel.arrived, request, by, limits);
                Told::Answer(answer)
            }
            None => Told::Lost,
        }
    }
}

impl Run<'_> {
    fn note(&mut self, at: Nanos, id: Id, is_fault: bool, words: impl FnOnce() -> String) {
        let Some(story) = &mut self.story else {
            return;
        };
        let Request {
            route,
            major,
            variant,
            ..
        } = self.requests[id as usize];
        let words = words();
        story.push(Line {
            is_global: words.contains("Global"),
            words: format!(
                "{:>12.6} s  request {id} (route {route}, variant {variant}, major {major}) {words}",
                at as f64 / 1e9
            ),
            route,
            major,
            is_fault,
        });
    }
}

impl Outcome {
    /// The 429s of one kind.
    pub(crate) const fn of(&self, class: Class) -> u64 {
        self.tally.of(class)
    }
}

/// The last lines of a story are enough.
const STORY_MAX: usize = 2_000;

/// Steps of one moment after which a policy is thought to ask for the past again and again. More
/// than any list of requests that enters at once.
const IDLE_MAX: u32 = 1_000_000;
