//! The way of twilight-http-ratelimiting 0.18, re-implemented: one actor, one request in flight per
//! bucket, buckets known by whole paths, and fifty requests a second counted from the first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Id, Policy, Told};
use crate::{
    clock::{MS, Nanos, SECOND},
    server::{Limits, Scope},
    world::{Request, World},
};

#[derive(Debug)]
pub(crate) struct Twilight {
    /// The bucket of each path, once an answer named it.
    buckets: BTreeMap<Path, u16>,
    queues: BTreeMap<Key, Queue>,
    resets: BTreeSet<(Nanos, Key)>,
    global_remaining: u16,
    global_timer: Nanos,
    paths: Vec<Path>,
    leaving: VecDeque<Id>,
}

/// Method and path with every id in it.
type Path = (u16, u32, u32);

/// A bucket's name, or none yet, and the resource on top of the path.
type Key = (Option<u16>, u32);

#[derive(Debug, Default)]
struct Queue {
    in_flight: bool,
    pending: VecDeque<Id>,
    remaining: u32,
    reset: Option<Nanos>,
}

impl Policy for Twilight {
    const NAME: &'static str = "twilight 0.18 (re-implemented)";

    fn new(_world: &World, requests: &[Request]) -> Self {
        Self {
            buckets: BTreeMap::new(),
            queues: BTreeMap::new(),
            resets: BTreeSet::new(),
            global_remaining: GLOBAL,
            global_timer: 0,
            paths: (requests.iter())
                .map(|request| (request.route, request.major, request.minor))
                .collect(),
            leaving: VecDeque::new(),
        }
    }

    fn enter(&mut self, now: Nanos, id: Id, _request: &Request) {
        let key = self.key(id);
        let queue = self.queues.entry(key).or_default();
        let active = queue.in_flight || queue.remaining == 0 && queue.reset.is_some();
        queue.pending.push_back(id);
        if !active {
            self.pop(now, key);
        }
    }

    fn told(&mut self, now: Nanos, id: Id, request: &Request, told: &Told) {
        let limits = match told {
            Told::Answer(answer) => answer.limits,
            Told::Lost => None,
        };
        let old = self.key(id);
        // A shared limit is told to the actor as an empty bucket.
        let limits = limits.map(|limits| match told.refusal() {
            Some((Scope::Shared, wait)) => Limits {
                remaining: 0,
                reset_after_ms: wait.div_ceil(SECOND) * 1_000,
                ..limits
            },
            Some(_) | None => limits,
        });
        match limits {
            Some(limits) => self.learn(now, id, old, &limits),
            None => {
                self.queues.entry(old).or_default().in_flight = false;
                self.pop(now, old);
            }
        }
        if told.refusal().is_some() {
            self.enter(now, id, request);
        }
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        if self.global_remaining != GLOBAL && self.global_timer <= now {
            self.global_remaining = GLOBAL;
            let resumed: Vec<Key> = (self.queues.iter())
                .filter(|(_, queue)| {
                    !queue.in_flight && (queue.remaining != 0 || queue.reset.is_none())
                })
                .map(|(key, _)| *key)
                .collect();
            for key in resumed {
                self.pop(now, key);
            }
        }
        while let Some((at, key)) = self.resets.first().copied() {
            if at > now {
                break;
            }
            self.resets.pop_first();
            let queue = self.queues.entry(key).or_default();
            queue.reset = None;
            if queue.remaining == 0 {
                self.pop(now, key);
            }
        }
        self.leaving.pop_front()
    }

    fn deadline(&self) -> Option<Nanos> {
        let timer = (self.global_remaining != GLOBAL).then_some(self.global_timer);
        let reset = self.resets.first().map(|(at, _)| *at);
        timer.into_iter().chain(reset).min()
    }
}

impl Twilight {
    fn key(&self, id: Id) -> Key {
        let path = self.paths[id as usize];
        (self.buckets.get(&path).copied(), path.1)
    }

    fn learn(&mut self, now: Nanos, id: Id, old: Key, limits: &Limits) {
        let path = self.paths[id as usize];
        let key = (Some(limits.bucket), path.1);
        if key != old {
            let former = self.queues.entry(old).or_default();
            former.in_flight = false;
            let pending = std::mem::take(&mut former.pending);
            let (moved, kept): (VecDeque<Id>, VecDeque<Id>) = pending
                .into_iter()
                .partition(|other| self.paths[*other as usize] == path);
            self.queues.entry(old).or_default().pending = kept;
            self.pop(now, old);
            self.buckets.insert(path, limits.bucket);
            let queue = self.queues.entry(key).or_default();
            queue.pending.extend(moved);
            if queue.in_flight {
                return;
            }
        }
        let queue = self.queues.entry(key).or_default();
        queue.in_flight = false;
        queue.remaining = limits.remaining;
        if let Some(reset) = queue.reset {
            self.resets.remove(&(reset, key));
        }
        let reset = timer(now + limits.reset_after_ms * MS);
        queue.reset = Some(reset);
        self.resets.insert((reset, key));
        if queue.remaining > 0 {
            self.pop(now, key);
        }
    }

    /// Lets the next of a queue go, if the global limit lets it.
    fn pop(&mut self, now: Nanos, key: Key) {
        let queue = self.queues.entry(key).or_default();
        if self.global_remaining == 0 {
            return;
        }
        if let Some(id) = queue.pending.pop_front() {
            queue.in_flight = true;
            if self.global_remaining == GLOBAL {
                self.global_timer = timer(now + SECOND);
            }
            self.global_remaining -= 1;
            self.leaving.push_back(id);
        }
    }
}

/// Tokio's timers go off at whole milliseconds, never early.
const fn timer(at: Nanos) -> Nanos {
    at.div_ceil(MS) * MS
}

const GLOBAL: u16 = 50;
