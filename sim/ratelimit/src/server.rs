//! The Discord that limits: what arrives is counted, and what is too much is refused.

mod count;
#[cfg(test)]
mod tests;

pub(crate) use count::{Count, Rule};

use crate::{
    clock::{NEVER, Nanos, SECOND},
    world::{Change, Request, World},
};

/// What the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `X-RateLimit-Limit` and so on; nothing beside a 429 of the global limit.
    pub(crate) limits: Option<Limits>,
    /// What a 429 says.
    pub(crate) refusal: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// `X-RateLimit-Bucket`, as a number.
    pub(crate) bucket: u16,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// `X-RateLimit-Reset`, in milliseconds since 1970.
    pub(crate) reset_ms: u64,
    /// `X-RateLimit-Reset-After`, in milliseconds.
    pub(crate) reset_after_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) scope: Scope,
    /// `retry_after` of the body, in milliseconds.
    pub(crate) retry_after_ms: u64,
    /// The header `Retry-After`, in whole seconds.
    pub(crate) retry_after_secs: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Global,
    Shared,
}

/// Whose limit refused, as only the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Global,
    Shared,
    Hidden,
    Visible,
}

/// All counts of one run.
#[derive(Debug)]
pub(crate) struct Server<'w> {
    world: &'w World,
    global: Option<Count>,
    /// By route, then major.
    lanes: Vec<Vec<Lane>>,
    /// Those not yet made, the next one last.
    changes: Vec<Change>,
}

/// What is counted for one route and resource.
#[derive(Clone, Debug)]
struct Lane {
    visible: [Option<Count>; VARIANTS],
    hidden: Option<Count>,
}

/// Discord has at most three limits for one route, by the age of a message.
pub(crate) const VARIANTS: usize = 3;

impl<'w> Server<'w> {
    /// A server with so many resources, at which nothing has arrived yet.
    pub(crate) fn new(world: &'w World, majors: u32) -> Self {
        let lanes = world.routes.iter().map(|route| {
            let mut visible = [None; VARIANTS];
            for (place, rule) in visible.iter_mut().zip(&route.rules) {
                *place = Some(Count::new(*rule));
            }
            let hidden = route.hidden.map(Count::new);
            vec![Lane { visible, hidden }; majors as usize]
        });
        let mut changes = world.changes.clone();
        changes.sort_by_key(|change| std::cmp::Reverse(change.at));
        Self {
            world,
            global: world.global.map(Count::new),
            lanes: lanes.collect(),
            changes,
        }
    }

    /// Counts an arrival, and answers it. Who refused it, if someone did.
    pub(crate) fn arrive(&mut self, at: Nanos, request: &Request) -> (Answer, Option<By>) {
        self.keep_changing(at);
        let refused = |by, until| (Some(by), until);
        let mut verdict = (None, at);
        if let Some(global) = &mut self.global {
            let free = global.free_at(at);
            if free > at {
                let refusal = self.refusal(Scope::Global, at, free);
                let answer = Answer {
                    status: 429,
                    limits: None,
                    refusal: Some(refusal),
                };
                return (answer, Some(By::Global));
            }
            global.arrive(at);
        }
        let route = &self.world.routes[usize::from(request.route)];
        let lane = &mut self.lanes[usize::from(request.route)][request.major as usize];
        if let Some(until) = route.shared.and_then(|shared| shared.held_until(at)) {
            verdict = refused(By::Shared, until);
        } else if let Some(visible) = &mut lane.visible[usize::from(request.variant)] {
            let free = visible.free_at(at);
            if free > at {
                verdict = refused(By::Visible, free);
            } else {
                visible.arrive(at);
            }
        }
        if let (Some(hidden), true, None) = (&mut lane.hidden, request.named, verdict.0) {
            let free = hidden.free_at(at);
            if free > at {
                verdict = refused(By::Hidden, free);
            } else {
                hidden.arrive(at);
            }
        }
        let limits = self.limits(at, request);
        let (by, until) = verdict;
        let scope = by.map(|by| match by {
            By::Shared => Scope::Shared,
            By::Global | By::Hidden | By::Visible => Scope::User,
        });
        let answer = Answer {
            status: if by.is_some() { 429 } else { 200 },
            limits,
            refusal: scope.map(|scope| self.refusal(scope, at, until)),
        };
        (answer, by)
    }

    /// `at`, where a request that arrives then passes; else when it is worth looking again.
    pub(crate) fn free_at(&mut self, at: Nanos, request: &Request) -> Nanos {
        self.keep_changing(at);
        let lane = &self.lanes[usize::from(request.route)][request.major as usize];
        let shared = self.world.routes[usize::from(request.route)].shared;
        let hidden = lane.hidden.filter(|_| request.named);
        let visible = lane.visible[usize::from(request.variant)];
        let held = shared.and_then(|shared| shared.held_until(at));
        let mut free = held.unwrap_or(at);
        for count in [self.global, hidden, visible].into_iter().flatten() {
            free = free.max(count.free_at(at));
        }
        if free == at {
            return at;
        }
        // A change may make room earlier.
        free.min(self.changes.last().map_or(NEVER, |change| change.at))
    }

    fn keep_changing(&mut self, at: Nanos) {
        while let Some(change) = self.changes.pop_if(|change| change.at <= at) {
            for lane in &mut self.lanes[change.route] {
                for count in lane.visible.iter_mut().flatten() {
                    count.change(change.at, change.rule);
                }
            }
        }
    }

    fn limits(&self, at: Nanos, request: &Request) -> Option<Limits> {
        let lane = &self.lanes[usize::from(request.route)][request.major as usize];
        let count = lane.visible[usize::from(request.variant)]?;
        let (remaining, end) = count.left(at);
        let World {
            clocks, rounding, ..
        } = self.world;
        Some(Limits {
            bucket: request.route * VARIANTS as u16 + u16::from(request.variant),
            limit: count.rule.limit,
            remaining,
            reset_ms: rounding.millis(clocks.wall(end)),
            reset_after_ms: rounding.millis(end - at),
        })
    }

    fn refusal(&self, scope: Scope, at: Nanos, until: Nanos) -> Refusal {
        // What is told of a wait is never shorter than it.
        Refusal {
            scope,
            retry_after_ms: (until - at).div_ceil(crate::clock::MS),
            retry_after_secs: (until - at).div_ceil(SECOND),
        }
    }
}
