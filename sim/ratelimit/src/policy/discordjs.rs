//! The way of @discordjs/rest, re-implemented: a serial queue for each bucket and resource, fifty
//! milliseconds added to each reset, and a queue apart for limits that no header shows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Id, Policy, Told};
use crate::{
    clock::{MS, Nanos, SECOND},
    server::Scope,
    world::{Request, World},
};

#[derive(Debug)]
pub(crate) struct DiscordJs {
    /// The bucket of each route, once an answer named it.
    hashes: BTreeMap<Route, u16>,
    handlers: BTreeMap<Key, Handler>,
    /// For each request: its handler, its route, whether it is thought to have a sublimit.
    homes: Vec<Home>,
    /// Requests that look again at a time.
    timers: BTreeSet<(Nanos, u64, Id)>,
    turns: u64,
    global_remaining: i64,
    global_reset: Nanos,
    /// All that wait for the global limit wake then.
    global_delay: Option<Nanos>,
    leaving: VecDeque<Id>,
}

/// A template; deletes of messages older than two weeks are one of their own.
type Route = (u16, bool);

/// A bucket or a route that has none yet, and the resource.
type Key = (Option<u16>, Route, u32);

#[derive(Clone, Copy, Debug)]
struct Home {
    key: Key,
    route: Route,
    sublimit: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is in a queue.
    Queued,
    /// It is at its turn: waiting for a limit, or on its way.
    Running,
    /// It sleeps a limit out that no header shows.
    Sublimited,
}

#[derive(Debug)]
struct Handler {
    queue: VecDeque<Id>,
    running: Option<Id>,
    remaining: i64,
    reset: Nanos,
    sublimited: Option<Sublimited>,
    /// While those with a sublimit are served, the others stand still.
    stalls: bool,
    stalled: Option<Id>,
}

#[derive(Debug, Default)]
struct Sublimited {
    queue: VecDeque<Id>,
    running: Option<Id>,
}

impl Policy for DiscordJs {
    const NAME: &'static str = "discord.js (re-implemented)";

    fn new(world: &World, requests: &[Request]) -> Self {
        let home = |request: &Request| {
            let template = world.routes[usize::from(request.route)].template;
            let route = (request.route, request.variant == OLD);
            Home {
                key: (None, route, request.major),
                route,
                sublimit: template != "PATCH /channels/{channel_id}" || request.named,
                stage: Stage::Queued,
            }
        };
        Self {
            hashes: BTreeMap::new(),
            handlers: BTreeMap::new(),
            homes: requests.iter().map(home).collect(),
            timers: BTreeSet::new(),
            turns: 0,
            global_remaining: GLOBAL,
            global_reset: 0,
            global_delay: None,
            leaving: VecDeque::new(),
        }
    }

    fn enter(&mut self, now: Nanos, id: Id, request: &Request) {
        let home = &mut self.homes[id as usize];
        let hash = self.hashes.get(&home.route).copied();
        let route = if hash.is_some() {
            (0, false)
        } else {
            home.route
        };
        home.key = (hash, route, request.major);
        let (key, sublimit) = (home.key, home.sublimit);
        let handler = self.handlers.entry(key).or_insert_with(Handler::new);
        match &mut handler.sublimited {
            Some(apart) if sublimit => apart.queue.push_back(id),
            Some(_) | None => handler.queue.push_back(id),
        }
        self.shift(now, key);
    }

    fn told(&mut self, now: Nanos, id: Id, _request: &Request, told: &Told) {
        let Told::Answer(answer) = told else {
            self.finish(now, id);
            return;
        };
        let Home { key, route, .. } = self.homes[id as usize];
        let handler = self.handlers.entry(key).or_insert_with(Handler::new);
        match &answer.limits {
            Some(limits) => {
                handler.remaining = i64::from(limits.remaining);
                handler.reset = now + limits.reset_after_ms * MS + OFFSET;
                self.hashes.insert(route, limits.bucket);
            }
            None => (handler.remaining, handler.reset) = (1, now),
        }
        let Some(refusal) = &answer.refusal else {
            self.finish(now, id);
            return;
        };
        let wait = refusal.retry_after_secs * SECOND + OFFSET;
        if refusal.scope == Scope::Global {
            (self.global_remaining, self.global_reset) = (0, now + wait);
            self.run(now, id);
        } else if handler.is_limited(now) {
            self.run(now, id);
        } else {
            self.sublimit(now, id, now + wait);
        }
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        while let Some((at, _, id)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            match self.homes[id as usize].stage {
                Stage::Sublimited => self.wake_sublimited(now, id),
                Stage::Queued | Stage::Running => self.run(now, id),
            }
        }
        self.leaving.pop_front()
    }

    fn deadline(&self) -> Option<Nanos> {
        self.timers.first().map(|(at, ..)| *at)
    }
}

impl DiscordJs {
    /// A request at its turn leaves, or sleeps until it looks again.
    fn run(&mut self, now: Nanos, id: Id) {
        let home = &mut self.homes[id as usize];
        home.stage = Stage::Running;
        let handler = self.handlers.entry(home.key).or_insert_with(Handler::new);
        if self.global_remaining <= 0 && now < self.global_reset {
            self.global_delay = self.global_delay.filter(|until| *until > now);
            let until = self.global_reset + OFFSET;
            let until = *self.global_delay.get_or_insert(until);
            self.sleep(until, id);
        } else if handler.is_limited(now) {
            let until = handler.reset + OFFSET;
            self.sleep(until, id);
        } else {
            if self.global_reset < now {
                (self.global_reset, self.global_remaining) = (now + SECOND, GLOBAL);
            }
            self.global_remaining -= 1;
            self.leaving.push_back(id);
        }
    }

    fn sleep(&mut self, until: Nanos, id: Id) {
        self.turns += 1;
        self.timers.insert((until, self.turns, id));
    }

    /// Lets the next of each queue come to its turn.
    fn shift(&mut self, now: Nanos, key: Key) {
        loop {
            let handler = self.handlers.entry(key).or_insert_with(Handler::new);
            if let Some(apart) = &mut handler.sublimited
                && apart.running.is_none()
                && let Some(id) = apart.queue.pop_front()
            {
                apart.running = Some(id);
                self.run(now, id);
                continue;
            }
            if handler.running.is_some() {
                return;
            }
            let Some(id) = handler.queue.pop_front() else {
                return;
            };
            let home = self.homes[id as usize];
            match &mut handler.sublimited {
                Some(apart) if home.sublimit => apart.queue.push_back(id),
                Some(_) | None => {
                    handler.running = Some(id);
                    if handler.stalls {
                        handler.stalled = Some(id);
                    } else {
                        self.run(now, id);
                    }
                }
            }
        }
    }

    fn finish(&mut self, now: Nanos, id: Id) {
        let key = self.homes[id as usize].key;
        let handler = self.handlers.entry(key).or_insert_with(Handler::new);
        if handler.running == Some(id) {
            handler.running = None;
        }
        let mut resumed = None;
        if let Some(apart) = &mut handler.sublimited {
            if apart.running == Some(id) {
                apart.running = None;
            }
            if apart.running.is_none() && apart.queue.is_empty() {
                handler.sublimited = None;
                handler.stalls = false;
                resumed = handler.stalled.take();
            }
        }
        if let Some(id) = resumed {
            self.run(now, id);
        }
        self.shift(now, key);
    }

    /// A 429 that the headers do not explain: the request sleeps apart, the others go on.
    fn sublimit(&mut self, now: Nanos, id: Id, until: Nanos) {
        let home = &mut self.homes[id as usize];
        home.stage = Stage::Sublimited;
        let key = home.key;
        let handler = self.handlers.entry(key).or_insert_with(Handler::new);
        let apart = handler.sublimited.get_or_insert_default();
        if handler.running == Some(id) {
            handler.running = None;
            if apart.running.is_none() {
                apart.running = Some(id);
            }
        }
        handler.stalls = false;
        let resumed = handler.stalled.take();
        self.sleep(until, id);
        if let Some(id) = resumed {
            self.run(now, id);
        }
        self.shift(now, key);
    }

    fn wake_sublimited(&mut self, now: Nanos, id: Id) {
        let key = self.homes[id as usize].key;
        let handler = self.handlers.entry(key).or_insert_with(Handler::new);
        handler.stalls = true;
        self.run(now, id);
    }
}

impl Handler {
    const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            running: None,
            remaining: 1,
            reset: 0,
            sublimited: None,
            stalls: false,
            stalled: None,
        }
    }

    const fn is_limited(&self, now: Nanos) -> bool {
        self.remaining <= 0 && now < self.reset
    }
}

const GLOBAL: i64 = 50;

/// What is added to what the server says.
const OFFSET: Nanos = 50 * MS;

/// The variant of messages older than two weeks.
const OLD: u8 = 2;
