//! The crate itself. This file is all that knows its door.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use ovenjs_ratelimit::{
    Ask, Bucket, Config, Headers, Limiter, Major, Obstacle, Permit, Reservation, RouteKey, Shape,
    Variant, Verdict,
};

use super::{Id, Policy, Told};
use crate::{
    clock::Nanos,
    server,
    world::{Request, World},
};

/// What is limited alike waits in one line, and the head of each asks.
#[derive(Debug)]
pub(crate) struct Ours {
    began: Instant,
    limiter: Limiter,
    names: Vec<Bucket>,
    /// The line of each request.
    homes: Vec<usize>,
    lines: Vec<Line>,
    /// Lines whose heads ask at the next poll.
    asking: VecDeque<usize>,
    /// Lines whose heads may ask again at a time.
    sleeping: BTreeSet<(Nanos, usize)>,
    /// Lines that wait for the global limit, in their order, and when it is asked again.
    globally: VecDeque<usize>,
    globally_until: Option<Nanos>,
    permits: Vec<Option<Permit>>,
}

#[derive(Debug)]
struct Line {
    ask: Ask,
    waiting: VecDeque<Id>,
    place: Place,
    /// All lines of its route and resource: an answer to one may help each.
    family: Vec<usize>,
}

/// Where a line is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Asking,
    Sleeping(Nanos),
    Globally,
    /// It was the first of those, and asks.
    Woken,
}

impl Policy for Ours {
    const NAME: &'static str = "ovenjs";

    fn new(world: &World, requests: &[Request]) -> Self {
        let mut places = BTreeMap::new();
        let mut families: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut lines: Vec<Line> = Vec::new();
        let mut homes = Vec::with_capacity(requests.len());
        for request in requests {
            let kind = (request.route, request.major, request.variant, request.named);
            homes.push(*places.entry(kind).or_insert_with(|| {
                let family = families.entry((request.route, request.major)).or_default();
                family.push(lines.len());
                lines.push(Line {
                    ask: ask(world, request),
                    waiting: VecDeque::new(),
                    place: Place::Nowhere,
                    family: Vec::new(),
                });
                lines.len() - 1
            }));
        }
        for family in families.values() {
            for line in family {
                lines[*line].family.clone_from(family);
            }
        }
        Self {
            began: crate::began(),
            limiter: Limiter::new(Config::new()),
            names: (0..world.routes.len() * 3)
                .map(|name| Bucket::of(&name.to_string()))
                .collect(),
            homes,
            lines,
            asking: VecDeque::new(),
            sleeping: BTreeSet::new(),
            globally: VecDeque::new(),
            globally_until: None,
            permits: requests.iter().map(|_| None).collect(),
        }
    }

    fn enter(&mut self, _now: Nanos, id: Id, _request: &Request) {
        let home = self.homes[id as usize];
        let waiting = &mut self.lines[home].waiting;
        waiting.push_back(id);
        if waiting.len() == 1 {
            self.ask_again(home);
        }
    }

    fn told(&mut self, now: Nanos, id: Id, _request: &Request, told: &Told) {
        if let Some(permit) = self.permits[id as usize].take() {
            let verdict = self.verdict(told);
            self.limiter.settle(self.instant(now), permit, verdict);
        }
        let home = self.homes[id as usize];
        if told.refusal().is_some() {
            self.lines[home].waiting.push_front(id);
        }
        for place in 0..self.lines[home].family.len() {
            self.ask_again(self.lines[home].family[place]);
        }
        self.globally_until = None;
        self.wake_globally();
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        while let Some((at, line)) = self.sleeping.first().copied() {
            if at > now {
                break;
            }
            self.ask_again(line);
        }
        if self.globally_until.is_some_and(|until| until <= now) {
            self.globally_until = None;
            self.wake_globally();
        }
        let instant = self.instant(now);
        while let Some(place) = self.asking.pop_front() {
            let line = &mut self.lines[place];
            let woken = line.place == Place::Woken;
            line.place = Place::Nowhere;
            let Some(id) = line.waiting.front().copied() else {
                self.wake_globally();
                continue;
            };
            match self.limiter.reserve(instant, &line.ask) {
                Reservation::Ready(mut permit) => {
                    permit.sent(instant);
                    self.permits[id as usize] = Some(permit);
                    line.waiting.pop_front();
                    if !line.waiting.is_empty() {
                        self.ask_again(place);
                    }
                    self.wake_globally();
                    return Some(id);
                }
                Reservation::Wait { until, on } => {
                    let until = until.map(|until| nanos(self.began, until));
                    match on {
                        Obstacle::Global => {
                            line.place = Place::Globally;
                            if woken {
                                self.globally.push_front(place);
                            } else {
                                self.globally.push_back(place);
                            }
                            self.globally_until = until;
                        }
                        // A bucket's limit, a hidden one, or what comes to be known.
                        _ => {
                            if let Some(until) = until {
                                line.place = Place::Sleeping(until);
                                self.sleeping.insert((until, place));
                            }
                            self.wake_globally();
                        }
                    }
                }
                Reservation::Stopped(_) => line.waiting.clear(),
            }
        }
        None
    }

    fn deadline(&self) -> Option<Nanos> {
        let sleeping = self.sleeping.first().map(|(at, _)| *at);
        match (sleeping, self.globally_until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

fn ask(world: &World, request: &Request) -> Ask {
    let route = &world.routes[usize::from(request.route)];
    let variant = match (route.rules.len(), request.variant) {
        (1, _) => Variant::Plain,
        (_, 0) => Variant::Young,
        (_, 1) => Variant::Middle,
        (_, _) => Variant::Old,
    };
    let key = RouteKey::new(route.template, Major::of(request.major));
    let ask = Ask::new(key).variant(variant);
    if request.named {
        ask.shape(Shape::of(["name"]))
    } else {
        ask
    }
}

impl Ours {
    /// The line's head asks at the next poll, unless the global limit is what it waits for.
    fn ask_again(&mut self, place: usize) {
        let line = &mut self.lines[place];
        match line.place {
            Place::Asking | Place::Globally | Place::Woken => return,
            Place::Sleeping(at) => {
                self.sleeping.remove(&(at, place));
            }
            Place::Nowhere => {}
        }
        line.place = Place::Asking;
        self.asking.push_back(place);
    }

    /// The first of those that wait for the global limit asks again.
    fn wake_globally(&mut self) {
        if self.globally_until.is_some() {
            return;
        }
        if let Some(place) = self.globally.pop_front() {
            self.lines[place].place = Place::Woken;
            self.asking.push_front(place);
        }
    }

    fn verdict(&self, told: &Told) -> Verdict {
        let Told::Answer(answer) = told else {
            return Verdict::Lost;
        };
        let mut headers = Headers::default();
        if let Some(limits) = &answer.limits {
            headers.limit = Some(limits.limit);
            headers.remaining = Some(limits.remaining);
            headers.reset = Some(Duration::from_millis(limits.reset_ms));
            headers.reset_after = Some(Duration::from_millis(limits.reset_after_ms));
            headers.bucket = self.names.get(usize::from(limits.bucket)).copied();
        }
        let mut retry_after = None;
        if let Some(refusal) = &answer.refusal {
            headers.retry_after = Some(Duration::from_secs(refusal.retry_after_secs));
            headers.global = refusal.scope == server::Scope::Global;
            headers.scope = Some(match refusal.scope {
                server::Scope::User => ovenjs_ratelimit::Scope::User,
                server::Scope::Global => ovenjs_ratelimit::Scope::Global,
                server::Scope::Shared => ovenjs_ratelimit::Scope::Shared,
            });
            retry_after = Some(Duration::from_millis(refusal.retry_after_ms));
        }
        Verdict::of(answer.status, headers, retry_after, true)
    }

    fn instant(&self, now: Nanos) -> Instant {
        self.began + Duration::from_nanos(now)
    }
}

fn nanos(began: Instant, instant: Instant) -> Nanos {
    let since = instant.saturating_duration_since(began).as_nanos();
    u64::try_from(since).unwrap_or(u64::MAX)
}
