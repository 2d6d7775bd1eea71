//! The way of serenity 0.12, re-implemented: a lock for each route and resource, before and after
//! each request, and no thought of the global limit before it is hit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Id, Policy, Told};
use crate::{
    clock::{MS, Nanos, SECOND},
    server::{Answer, Scope},
    world::{Request, World},
};

#[derive(Debug)]
pub(crate) struct Serenity {
    locks: BTreeMap<Key, Lock>,
    /// When a lock is free again.
    held: BTreeSet<(Nanos, Key)>,
    /// Requests that sleep a global 429 out, each on its own.
    asleep: BTreeSet<(Nanos, Id, Key)>,
    leaving: VecDeque<Id>,
}

type Key = (u16, u32);

#[derive(Debug, Default)]
struct Lock {
    waiting: VecDeque<Turn>,
    /// Who sleeps while holding it, and whether it leaves afterwards or asks once more.
    holder: Option<(Id, After)>,
    limit: Option<u32>,
    remaining: u32,
    reset: Option<Nanos>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Leaves,
    AsksAgain,
}

#[derive(Debug)]
enum Turn {
    Before(Id),
    After(Id, Answer),
}

impl Policy for Serenity {
    const NAME: &'static str = "serenity 0.12 (re-implemented)";

    fn new(_world: &World, _requests: &[Request]) -> Self {
        Self {
            locks: BTreeMap::new(),
            held: BTreeSet::new(),
            asleep: BTreeSet::new(),
            leaving: VecDeque::new(),
        }
    }

    fn enter(&mut self, now: Nanos, id: Id, request: &Request) {
        self.queue(now, (request.route, request.major), Turn::Before(id));
    }

    fn told(&mut self, now: Nanos, id: Id, request: &Request, told: &Told) {
        let key = (request.route, request.major);
        match told {
            Told::Lost => {}
            Told::Answer(answer) => match &answer.refusal {
                Some(refusal) if refusal.scope == Scope::Global => {
                    let until = now + refusal.retry_after_secs * SECOND;
                    self.asleep.insert((until, id, key));
                }
                Some(_) | None => self.queue(now, key, Turn::After(id, *answer)),
            },
        }
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        while let Some((at, id, key)) = self.asleep.first().copied() {
            if at > now {
                break;
            }
            self.asleep.pop_first();
            self.queue(now, key, Turn::Before(id));
        }
        while let Some((at, key)) = self.held.first().copied() {
            if at > now {
                break;
            }
            self.held.pop_first();
            let lock = self.locks.entry(key).or_default();
            match lock.holder.take() {
                Some((id, After::Leaves)) => self.leaving.push_back(id),
                Some((id, After::AsksAgain)) => lock.waiting.push_back(Turn::Before(id)),
                None => {}
            }
            self.take_turns(now, key);
        }
        self.leaving.pop_front()
    }

    fn deadline(&self) -> Option<Nanos> {
        let held = self.held.first().map(|(at, _)| *at);
        let asleep = self.asleep.first().map(|(at, ..)| *at);
        held.into_iter().chain(asleep).min()
    }
}

impl Serenity {
    fn queue(&mut self, now: Nanos, key: Key, turn: Turn) {
        self.locks.entry(key).or_default().waiting.push_back(turn);
        self.take_turns(now, key);
    }

    fn take_turns(&mut self, now: Nanos, key: Key) {
        let lock = self.locks.entry(key).or_default();
        while lock.holder.is_none() {
            let sleeps = match lock.waiting.pop_front() {
                None => return,
                Some(Turn::Before(id)) => match lock.before(now) {
                    Some(until) => (until, id, After::Leaves),
                    None => {
                        self.leaving.push_back(id);
                        continue;
                    }
                },
                Some(Turn::After(id, answer)) => match lock.after(now, &answer) {
                    Some(until) => (until, id, After::AsksAgain),
                    None => continue,
                },
            };
            let (until, id, then) = sleeps;
            lock.holder = Some((id, then));
            self.held.insert((until, key));
        }
    }
}

impl Lock {
    /// Until when a request sleeps before it leaves.
    fn before(&mut self, now: Nanos) -> Option<Nanos> {
        match self.reset {
            None => self.remaining = self.limit.unwrap_or(u32::MAX),
            Some(reset) if reset > now && self.remaining == 0 => return Some(reset),
            Some(_) => self.remaining = self.remaining.saturating_sub(1),
        }
        None
    }

    /// Until when a request sleeps before it asks again.
    fn after(&mut self, now: Nanos, answer: &Answer) -> Option<Nanos> {
        if let Some(limits) = &answer.limits {
            self.limit = Some(limits.limit);
            self.remaining = limits.remaining;
            self.reset = Some(now + limits.reset_after_ms * MS);
        }
        let refusal = answer.refusal.as_ref()?;
        Some(now + refusal.retry_after_secs * SECOND)
    }
}
