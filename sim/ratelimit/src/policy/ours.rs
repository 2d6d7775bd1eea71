//! The crate itself. This file is all that knows its door.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use ovenjs_ratelimit::{
    Ask, Bucket, Config, Entry, Headers, Lease, Limiter, Line, Major, Permit, Priority, RouteKey,
    Shape, Ticket, Turn, Variant, Verdict, WAITING_MAX,
};

use super::{Id, Policy, Told};
use crate::{
    clock::Nanos,
    server::{self, VARIANTS},
    world::{Rank, Request, World},
};

/// The limiter, and the line in front of it.
#[derive(Debug)]
pub(crate) struct Ours {
    began: Instant,
    line: Line,
    names: Vec<Bucket>,
    /// What is asked for each request, and until when it is of use.
    asks: Vec<Ask>,
    deadlines: Vec<Instant>,
    tickets: HashMap<Ticket, Id>,
    permits: Vec<Option<Permit>>,
    leaving: VecDeque<Id>,
    given_up: VecDeque<Id>,
}

impl Policy for Ours {
    const NAME: &'static str = "ovenjs";

    fn new(world: &World, requests: &[Request]) -> Self {
        let began = crate::began();
        Self {
            began,
            line: Line::new(Limiter::new(Config::new())),
            names: (0..world.routes.len() * VARIANTS)
                .map(|name| Bucket::of(&name.to_string()))
                .collect(),
            asks: (requests.iter())
                .map(|request| ask(world, request))
                .collect(),
            deadlines: vec![began; requests.len()],
            tickets: HashMap::new(),
            permits: requests.iter().map(|_| None).collect(),
            leaving: VecDeque::new(),
            given_up: VecDeque::new(),
        }
    }

    fn enter(&mut self, now: Nanos, id: Id, request: &Request) {
        let deadline = Duration::from_nanos(now.saturating_add(request.patience));
        self.deadlines[id as usize] = self.began + deadline;
        self.join(self.instant(now), id);
    }

    fn told(&mut self, now: Nanos, id: Id, _request: &Request, told: &Told) {
        let now = self.instant(now);
        if let Some(permit) = self.permits[id as usize].take() {
            let verdict = self.verdict(told);
            self.line.settle(now, permit, verdict);
        }
        if told.refusal().is_some() {
            self.join(now, id);
        }
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        let now = self.instant(now);
        if let Some(id) = self.leaving.pop_front() {
            return Some(id);
        }
        while let Some(turn) = self.line.poll(now) {
            match turn {
                Turn::Go(ticket, permit) => {
                    let id = self.tickets.remove(&ticket)?;
                    self.go(now, id, permit);
                    return self.leaving.pop_front();
                }
                Turn::Refused(ticket, _) => self.given_up.extend(self.tickets.remove(&ticket)),
            }
        }
        None
    }

    fn give_up(&mut self) -> Option<Id> {
        self.given_up.pop_front()
    }

    fn deadline(&self) -> Option<Nanos> {
        let since = self.line.deadline()?.saturating_duration_since(self.began);
        u64::try_from(since.as_nanos()).ok()
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
    let priority = match request.rank {
        Rank::Bulk => Priority::Bulk,
        Rank::Normal => Priority::Normal,
        Rank::Interactive => Priority::Interactive,
    };
    let shape = if request.named {
        Shape::of(["name"])
    } else {
        Shape::NONE
    };
    let key = RouteKey::new(route.template, Major::of(request.major));
    Ask::new(key)
        .variant(variant)
        .priority(priority)
        .shape(shape)
}

impl Ours {
    fn join(&mut self, now: Instant, id: Id) {
        let ask = &self.asks[id as usize];
        let deadline = self.deadlines[id as usize];
        match self.line.join(now, ask, deadline, WAITING_MAX) {
            Ok(Entry::Go(permit)) => self.go(now, id, permit),
            Ok(Entry::Wait(ticket)) => drop(self.tickets.insert(ticket, id)),
            Err(_) => self.given_up.push_back(id),
        }
    }

    fn go(&mut self, now: Instant, id: Id, mut permit: Permit) {
        permit.sent(now);
        self.permits[id as usize] = Some(permit);
        self.leaving.push_back(id);
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

    /// Its part in limits that several processes share.
    pub(crate) fn share(&self, member: u64) -> Lease {
        self.line.limiter().lease(self.began, member)
    }

    /// What may leave has changed.
    pub(crate) fn stir(&mut self, now: Nanos) {
        self.line.stir_all(self.instant(now));
    }

    pub(crate) fn since(&self, at: Instant) -> Nanos {
        u64::try_from(at.saturating_duration_since(self.began).as_nanos())
            .unwrap_or(crate::clock::NEVER)
    }

    pub(crate) fn instant(&self, now: Nanos) -> Instant {
        self.began + Duration::from_nanos(now)
    }
}
