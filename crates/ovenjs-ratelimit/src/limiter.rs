//! The limiter of REST requests.

use std::{
    collections::HashMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{
    Config, Live, Scope, Shape, Variant, Verdict,
    bucket::{Bucket, Template},
    global::Global,
    invalid::Invalid,
};

/// Decides which request may leave now, and learns from every answer.
///
/// Cloning is cheap and shares everything. No call blocks, waits or does IO.
#[derive(Clone)]
pub struct Limiter(Arc<Mutex<State>>);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ask {
    /// The route and the resource it is limited by.
    pub key: RouteKey,
    /// What happens first when not everything can.
    pub priority: Priority,
    /// Whether Discord counts it in the global limit. Interaction endpoints are exempt.
    pub exempt_from_global: bool,
    /// Whether the bot's token is shown. After a 401 no such request leaves.
    pub with_token: bool,
    /// What its body changes, where Discord may limit that apart without telling.
    pub shape: Shape,
}

/// What a limit is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteKey {
    /// Method and path template, e.g. `POST /channels/{channel_id}/messages`.
    pub route: &'static str,
    /// Which of the route's limits it is, where it has several.
    pub variant: Variant,
    /// The resource by which the route is limited.
    pub major: Major,
}

/// The top-level resource of a path: a channel, a guild, or a webhook with its token.
///
/// It is only ever compared, so it is kept as a number and holds no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Major(u64);

/// What happens first when not everything can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Work that nobody waits for. Stops at half the bound of invalid requests.
    Bulk,
    /// Everything else.
    #[default]
    Normal,
    /// Answers to interactions, which expire after three seconds. Never stopped by the bound of
    /// invalid requests.
    Interactive,
}

/// The answer to an [`Ask`].
#[derive(Debug)]
#[must_use]
pub enum Reservation {
    /// The request may leave now.
    Ready(Permit),
    /// It may not.
    Wait {
        /// When to ask again; `None` when only an answer to another request can help. In both cases
        /// asking again after any settled or dropped permit may help sooner.
        until: Option<Instant>,
        /// What is in the way.
        on: Obstacle,
    },
    /// Nothing of this kind leaves any more.
    Stopped(Stop),
}

/// What is in the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// The route's own limit on this resource.
    Bucket,
    /// The limit over all routes, or the number of buckets that can be remembered.
    Global,
}

/// Why nothing leaves any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The bot's token was refused. [`Limiter::forgive`] after it was replaced.
    Unauthorized,
    /// Too many invalid requests within ten minutes.
    Invalid {
        /// When their number begins to fall.
        until: Instant,
    },
}

/// The right to send one request.
///
/// Dropping it settles it: before [`sent`](Self::sent) the slot is given back, afterwards the
/// request counts as spent, since it may have arrived.
pub struct Permit {
    limiter: Limiter,
    ask: Ask,
    stage: Stage,
}

/// A snapshot of the limiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Buckets remembered.
    pub buckets: usize,
    /// Permits out, over all buckets.
    pub permits: u32,
    /// Permits out that count in the global limit.
    pub global_in_flight: u32,
    /// Invalid requests of the last ten minutes.
    pub invalid: u32,
    /// Own-fault 429s of a bucket since the start.
    pub limited_user: u64,
    /// 429s of the global limit since the start.
    pub limited_global: u64,
    /// 429s of a shared resource since the start.
    pub limited_shared: u64,
}

impl Limiter {
    /// A limiter that knows nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Mutex::new(State {
            live: config.live,
            buckets_max: config.buckets_max.max(1),
            buckets: HashMap::new(),
            templates: HashMap::new(),
            global: Global::default(),
            global_dropped: 0,
            invalid: Invalid::default(),
            unauthorized: false,
            stats: Stats::default(),
        })))
    }

    /// Asks whether a request may leave at `now`.
    pub fn reserve(&self, now: Instant, ask: &Ask) -> Reservation {
        match self.state().reserve(now, ask) {
            Ok(()) => {
                let stage = Stage::Reserved;
                Reservation::Ready(Permit {
                    limiter: self.clone(),
                    ask: *ask,
                    stage,
                })
            }
            Err(refusal) => refusal,
        }
    }

    /// Tells what became of the request that `permit` let out.
    pub fn settle(&self, now: Instant, mut permit: Permit, verdict: Verdict) {
        permit.stage = Stage::Settled;
        self.state().settle(now, &permit.ask, verdict);
    }

    /// Takes new bounds over and returns the former ones.
    pub fn apply(&self, live: Live) -> Live {
        std::mem::replace(&mut self.state().live, live)
    }

    /// Lets requests with the bot's token leave again, after the token was replaced.
    pub fn forgive(&self) {
        self.state().unauthorized = false;
    }

    /// A snapshot at `now`.
    #[must_use]
    pub fn stats(&self, now: Instant) -> Stats {
        let mut state = self.state();
        state.stamp(now);
        let invalid = state.invalid.count(now);
        let permits = state.buckets.values().map(Bucket::out).sum();
        Stats {
            buckets: state.buckets.len(),
            permits,
            global_in_flight: state.global.in_flight(),
            invalid,
            ..state.stats
        }
    }

    /// A panic elsewhere leaves counters at worst too high; going on is right.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ask {
    /// An ordinary request with the bot's token.
    #[must_use]
    pub const fn new(key: RouteKey) -> Self {
        Self {
            key,
            priority: Priority::Normal,
            exempt_from_global: false,
            with_token: true,
            shape: Shape::NONE,
        }
    }

    /// Sets which of the route's limits it counts in.
    #[must_use]
    pub const fn variant(mut self, variant: Variant) -> Self {
        self.key.variant = variant;
        self
    }

    /// Sets what its body changes.
    #[must_use]
    pub const fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Sets what happens first.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets whether the global limit does not count it.
    #[must_use]
    pub const fn exempt_from_global(mut self, exempt: bool) -> Self {
        self.exempt_from_global = exempt;
        self
    }

    /// Sets whether the bot's token is shown.
    #[must_use]
    pub const fn with_token(mut self, with_token: bool) -> Self {
        self.with_token = with_token;
        self
    }
}

impl RouteKey {
    /// A key of a route that has one limit only; see [`Ask::variant`].
    #[must_use]
    pub const fn new(route: &'static str, major: Major) -> Self {
        Self {
            route,
            variant: Variant::Plain,
            major,
        }
    }
}

impl Major {
    /// A route that no resource limits.
    pub const NONE: Self = Self(0);

    /// The resource that `identity` names: an id, or an id with a token.
    #[must_use]
    pub fn of(identity: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Permit {
    /// The request leaves at `now`: from here on it counts as spent unless its answer tells
    /// otherwise.
    pub const fn sent(&mut self, now: Instant) {
        self.stage = Stage::Sent(now);
    }

    /// What was asked for.
    #[must_use]
    pub const fn ask(&self) -> &Ask {
        &self.ask
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.stage {
            Stage::Reserved => self.limiter.state().give_back(&self.ask),
            Stage::Sent(_) => self.limiter.state().drop_sent(&self.ask),
            Stage::Settled => {}
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("ask", &self.ask)
            .field("stage", &self.stage)
            .finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Reserved,
    Sent(Instant),
    Settled,
}

struct State {
    live: Live,
    buckets_max: usize,
    buckets: HashMap<RouteKey, Bucket>,
    /// Bounded by the routes that the program's text names.
    templates: HashMap<&'static str, Template>,
    global: Global,
    /// Dropped permits that count in the global limit from the next `now` on.
    global_dropped: u32,
    invalid: Invalid,
    unauthorized: bool,
    stats: Stats,
}

impl State {
    fn reserve(&mut self, now: Instant, ask: &Ask) -> Result<(), Reservation> {
        self.check_stops(now, ask)?;
        self.stamp(now);
        let full = |until| Reservation::Wait {
            until,
            on: Obstacle::Bucket,
        };
        let wait = |until| Reservation::Wait {
            until,
            on: Obstacle::Global,
        };
        let mut global = Ok(());
        if !ask.exempt_from_global {
            global = self.global.ready(now, self.live.global_per_second);
        }
        if !self.buckets.contains_key(&ask.key) {
            global.map_err(wait)?;
            self.make_room(now)?;
            let template = self.templates.get(ask.key.route).copied();
            let bucket = template.map(|template| Bucket::from_template(template, now));
            self.buckets.insert(ask.key, bucket.unwrap_or_default());
        }
        let Some(bucket) = self.buckets.get_mut(&ask.key) else {
            return Err(wait(None));
        };
        bucket.ready(now).map_err(full)?;
        global.map_err(wait)?;
        bucket.start(now);
        if !ask.exempt_from_global {
            self.global.start();
        }
        Ok(())
    }

    fn settle(&mut self, now: Instant, ask: &Ask, verdict: Verdict) {
        self.stamp(now);
        if !ask.exempt_from_global {
            match verdict {
                Verdict::Unsent => self.global.give_back(),
                Verdict::Lost => self.global.lost(now),
                Verdict::Counted(_)
                | Verdict::Refused(_)
                | Verdict::Unauthorized
                | Verdict::Limited { .. } => self.global.answered(now),
            }
        }
        let Some(bucket) = self.buckets.get_mut(&ask.key) else {
            return;
        };
        let learned = match verdict {
            Verdict::Unsent => {
                bucket.give_back();
                None
            }
            Verdict::Lost => {
                bucket.lose(now);
                None
            }
            Verdict::Counted(headers) => bucket.count(now, &headers),
            Verdict::Refused(headers) => {
                self.invalid.add(now);
                bucket.refuse(now, &headers)
            }
            Verdict::Unauthorized => {
                self.invalid.add(now);
                self.unauthorized = true;
                bucket.give_back();
                None
            }
            Verdict::Limited {
                scope,
                retry_after,
                headers,
            } => match scope {
                Scope::Global => {
                    self.stats.limited_global += 1;
                    self.invalid.add(now);
                    self.global.block(now + retry_after);
                    if ask.exempt_from_global {
                        bucket.block(now + retry_after);
                    }
                    bucket.give_back();
                    None
                }
                Scope::Shared => {
                    // The numbers beside it are of our own bucket, which is not the one that is full.
                    self.stats.limited_shared += 1;
                    bucket.block(now + retry_after);
                    bucket.give_back();
                    None
                }
                Scope::User => {
                    self.stats.limited_user += 1;
                    self.invalid.add(now);
                    bucket.limit(now, retry_after, &headers)
                }
            },
        };
        if let Some(template) = learned {
            self.templates.insert(ask.key.route, template);
        }
    }

    fn give_back(&mut self, ask: &Ask) {
        if !ask.exempt_from_global {
            self.global.give_back();
        }
        if let Some(bucket) = self.buckets.get_mut(&ask.key) {
            bucket.give_back();
        }
    }

    fn drop_sent(&mut self, ask: &Ask) {
        if !ask.exempt_from_global {
            self.global_dropped = self.global_dropped.saturating_add(1);
        }
        if let Some(bucket) = self.buckets.get_mut(&ask.key) {
            bucket.drop_sent();
        }
    }

    fn check_stops(&mut self, now: Instant, ask: &Ask) -> Result<(), Reservation> {
        if self.unauthorized && ask.with_token {
            return Err(Reservation::Stopped(Stop::Unauthorized));
        }
        let most = match ask.priority {
            Priority::Bulk => self.live.invalid_max / 2,
            Priority::Normal => self.live.invalid_max,
            Priority::Interactive => return Ok(()),
        };
        if self.invalid.count(now) >= most.max(1) {
            let until = self.invalid.eases_at().unwrap_or(now);
            return Err(Reservation::Stopped(Stop::Invalid { until }));
        }
        Ok(())
    }

    /// Dropped permits get the time of the first call after them: later than the truth, so safe.
    fn stamp(&mut self, now: Instant) {
        for _ in 0..std::mem::take(&mut self.global_dropped) {
            self.global.lost(now);
        }
    }

    /// Makes room for one bucket: all idle ones go first, else the one that would be idle soonest.
    /// A bucket with permits out is never forgotten.
    fn make_room(&mut self, now: Instant) -> Result<(), Reservation> {
        if self.buckets.len() < self.buckets_max {
            return Ok(());
        }
        self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        if self.buckets.len() < self.buckets_max {
            return Ok(());
        }
        let free = self.buckets.iter().filter(|(_, bucket)| !bucket.is_held());
        let soonest = free.min_by_key(|(key, bucket)| (bucket.quiet_at(), bucket.used_at, **key));
        let key = soonest.map(|(key, _)| *key).ok_or(Reservation::Wait {
            until: None,
            on: Obstacle::Global,
        })?;
        self.buckets.remove(&key);
        Ok(())
    }
}

#[cfg(test)]
mod referee;
#[cfg(test)]
pub(crate) mod tests;
