//! The way of twilight-http 0.18: the limiter that it has, on a virtual clock, and around it what its
//! client does with answers.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    rc::Rc,
    time::Duration,
};

use tokio::{
    runtime::{Builder, LocalRuntime},
    task::yield_now,
    time::{Instant, advance},
};
use twilight_http_ratelimiting::{
    Endpoint, GLOBAL_LIMIT_PERIOD, Method, Permit, RateLimitHeaders, RateLimiter,
};

use super::{Id, Policy, Told};
use crate::{
    clock::{MS, Nanos},
    server::Scope,
    world::{Request, World},
};

pub(crate) struct Twilight {
    limiter: RateLimiter,
    endpoints: Vec<Endpoint>,
    /// Those that may leave, as the limiter lets them.
    granted: Rc<RefCell<VecDeque<(Id, Permit)>>>,
    out: HashMap<Id, Permit>,
    /// When a timer of the limiter's may go off. Which of them are set it does not tell.
    timers: BTreeSet<Nanos>,
    /// What the clock of its tasks shows, and what it showed at first.
    now: Nanos,
    began: Instant,
    /// They were told something that they have not seen yet.
    is_news: bool,
    tasks: LocalRuntime,
}

impl Policy for Twilight {
    const NAME: &'static str = "twilight-http-ratelimiting 0.18";

    #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
    fn new(world: &World, requests: &[Request]) -> Self {
        let tasks = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build_local(tokio::runtime::LocalOptions::default())
            .expect("a runtime without IO needs nothing of the system");
        let (limiter, began) = tasks.block_on(async { (RateLimiter::default(), Instant::now()) });
        Self {
            limiter,
            endpoints: (requests.iter())
                .map(|request| endpoint(world.routes[usize::from(request.route)].template, request))
                .collect(),
            granted: Rc::default(),
            out: HashMap::new(),
            timers: BTreeSet::new(),
            now: 0,
            began,
            is_news: false,
            tasks,
        }
    }

    fn enter(&mut self, now: Nanos, id: Id, _request: &Request) {
        self.reach(now);
        let permit = self.limiter.acquire(self.endpoints[id as usize].clone());
        let granted = Rc::clone(&self.granted);
        self.tasks.spawn_local(async move {
            let permit = permit.await;
            granted.borrow_mut().push_back((id, permit));
        });
        self.is_news = true;
    }

    fn told(&mut self, now: Nanos, id: Id, request: &Request, told: &Told) {
        self.reach(now);
        let permit = self.out.remove(&id).expect("it has left");
        match told {
            Told::Answer(answer) => {
                let headers = answer.limits.map(|limits| {
                    // The client tells of a shared limit as of a bucket that is empty.
                    let shared = told.refusal().filter(|(scope, _)| *scope == Scope::Shared);
                    let (limit, wait) = match shared {
                        Some((_, wait)) => (0, wait),
                        None => (limits.limit, limits.reset_after_ms * MS),
                    };
                    self.expect(now + wait);
                    let reset = self.began + Duration::from_nanos(now + wait);
                    RateLimitHeaders {
                        bucket: limits.bucket.to_string().into_bytes(),
                        limit: limit as u16,
                        remaining: if shared.is_some() {
                            0
                        } else {
                            limits.remaining as u16
                        },
                        reset_at: reset.into_std(),
                    }
                });
                permit.complete(headers);
            }
            Told::Lost => drop(permit),
        }
        self.is_news = true;
        if told.refusal().is_some() {
            self.enter(now, id, request);
        }
    }

    fn poll(&mut self, now: Nanos) -> Option<Id> {
        self.reach(now);
        let (id, permit) = self.granted.borrow_mut().pop_front()?;
        self.out.insert(id, permit);
        self.expect(now + GLOBAL_LIMIT_PERIOD.as_nanos() as Nanos);
        Some(id)
    }

    fn deadline(&self) -> Option<Nanos> {
        self.timers.first().copied()
    }
}

impl Twilight {
    /// Lets its tasks run until `now`, and until none of them has more to do.
    fn reach(&mut self, now: Nanos) {
        while let Some(timer) = self.timers.first().copied().filter(|timer| *timer <= now) {
            self.timers.remove(&timer);
        }
        let by = Duration::from_nanos(now - self.now);
        self.now = now;
        if !std::mem::take(&mut self.is_news) && by.is_zero() {
            return;
        }
        let granted = &self.granted;
        self.tasks.block_on(async {
            if !by.is_zero() {
                advance(by).await;
            }
            let (mut turns, mut before) = (0, 0);
            while turns < TURNS {
                yield_now().await;
                let now = granted.borrow().len();
                turns = if now == before { turns + 1 } else { 0 };
                before = now;
            }
        });
    }

    /// Tokio's timers go off at whole milliseconds, never early.
    fn expect(&mut self, at: Nanos) {
        let first = at.div_ceil(MS) * MS;
        self.timers.extend([first, first + MS]);
    }
}

/// After so many turns without a new permit there is none: from a request to its permit it takes one of the
/// limiter's task and one of the request's.
const TURNS: u32 = 4;

/// The path as twilight's client writes it, with ids where the template has names.
fn endpoint(template: &str, request: &Request) -> Endpoint {
    let (method, path) = template.split_once(" /").unwrap_or(("GET", template));
    let mut ids = [request.major, request.minor].into_iter();
    let segments = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{') {
            Some(_) => ids.next().unwrap_or_default().to_string(),
            None => segment.to_owned(),
        });
    Endpoint {
        path: segments.collect::<Vec<_>>().join("/"),
        method: match method {
            "DELETE" => Method::Delete,
            "PATCH" => Method::Patch,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            _ => Method::Get,
        },
    }
}

impl fmt::Debug for Twilight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilight").finish_non_exhaustive()
    }
}
