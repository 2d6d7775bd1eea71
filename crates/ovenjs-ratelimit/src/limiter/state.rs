//! What all clones of a limiter share.

mod shared;

use std::{num::NonZeroU64, time::Instant};

use hashbrown::HashMap;

use super::{Hindrance, Obstacle, Pressure, Stats, Stop};
use crate::{
    Ask, Config, Live, Priority, RouteKey, Scope, Shape, Snapshot, Strategy, Variant, Verdict,
    ask::number,
    clock::{Clock, Epoch, Local, micros},
    facts::{Hints, Told},
    global::{Global, Place},
    headers::Headers,
    hidden::Hidden,
    invalid::{self, Invalid},
    lease::Tenant,
    refusals::Refusals,
    table::Table,
    variant::family,
};

pub(crate) struct State {
    live: Live,
    buckets_max: usize,
    epoch: Epoch,
    clock: Clock,
    table: Table,
    templates: Vec<Template>,
    /// By route and variant as they are asked for; routes of a family share their template. A route is known by
    /// where its text lies, which is quicker than by what it says: the same text elsewhere is found once more.
    /// Bounded by the routes that the program's text names.
    by_route: HashMap<(usize, usize, Variant), u32>,
    strategies: HashMap<&'static str, Strategy>,
    /// What another process learned about routes that were not asked for yet.
    restored: Snapshot,
    restored_at_ms: u64,
    global: Global,
    /// Dropped permits that count in the global limit from the next `now` on.
    global_dropped: u32,
    hidden: Hidden,
    invalid: Invalid,
    refusals: Refusals,
    unauthorized: bool,
    /// What this process has of limits that it shares with others.
    pub(crate) tenant: Option<Box<Tenant>>,
    stats: Stats,
}

/// A route, or a family of routes that Discord counts together, with one of its variants.
#[derive(Debug)]
struct Template {
    route: &'static str,
    variant: Variant,
    hints: Option<Hints>,
    heard: Local,
    strategy: Strategy,
    /// The same in every process.
    mark: u64,
}

/// Where a permit's bucket is, and when it was reserved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    place: u32,
    template: u32,
    reserved: Local,
    /// What it is called among processes that share its limit.
    cell: Option<NonZeroU64>,
    global: Place,
}

/// How much longer than the reset beside it a 429's wait must be to be about another limit: they are
/// taken at different moments, and one may be rounded up to seconds.
const UNEXPLAINED: i64 = 2_000_000;

/// The parts of the invalid requests Discord bears, in percent, at which bulk work stops, all but
/// interactions, and everything.
const BULK_STOPS: u32 = 50;
const NORMAL_STOPS: u32 = 80;
const ALL_STOPS: u32 = 95;

impl State {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            live: config.live,
            buckets_max: config.buckets_max.max(1),
            epoch: Epoch::default(),
            clock: Clock::default(),
            table: Table::default(),
            templates: Vec::new(),
            by_route: HashMap::new(),
            strategies: HashMap::new(),
            restored: Snapshot::default(),
            restored_at_ms: 0,
            global: Global::default(),
            global_dropped: 0,
            hidden: Hidden::default(),
            invalid: Invalid::default(),
            refusals: Refusals::default(),
            unauthorized: false,
            tenant: None,
            stats: Stats::default(),
        }
    }

    pub(crate) fn reserve(&mut self, at: Instant, ask: &Ask) -> Result<Start, Hindrance> {
        let now = self.epoch.local(at);
        self.check_stops(now, at, ask)?;
        self.stamp(now);
        let template = self.template(now, &ask.key);
        let limit = self.global_limit(now);
        let mut global = Ok(Place::Free);
        if !ask.exempt_from_global {
            // Where it is divided, what one 429 tells is not about a part of it.
            let probe = self.live.probe_global && self.tenant.is_none();
            global = if limit == 0 {
                Err(None)
            } else {
                self.global.ready(now, &self.clock, limit, probe)
            };
            if let (Err(_), Some(tenant)) = (global, &mut self.tenant) {
                tenant.starve(now);
            }
        }
        let wait = |until: Option<Local>, on| Hindrance::Wait {
            until: until.map(|until| self.epoch.instant(until, at)),
            on,
        };
        let known = usize::try_from(template).unwrap_or(usize::MAX);
        let known = self.templates.get(known);
        let hints = known.and_then(|template| template.hints.as_ref());
        let strategy = known.map(|known| known.strategy).unwrap_or_default();
        let place = match self.table.find(template, ask.key.major) {
            Some(place) => place,
            None => {
                global.map_err(|until| wait(until, Obstacle::Global))?;
                let is_full = self.table.len() >= self.buckets_max;
                if is_full && !self.table.forget_one(now) {
                    return Err(wait(None, Obstacle::Global));
                }
                self.table.insert(template, ask.key.major, hints)
            }
        };
        let Some(bucket) = self.table.get_mut(place) else {
            return Err(wait(None, Obstacle::Bucket));
        };
        let ready = bucket.ready(now, &self.clock, hints, strategy);
        ready.map_err(|until| wait(until, Obstacle::Bucket))?;
        let hidden = self.hidden.ready(now, template, ask.key.major, ask.shape);
        hidden.map_err(|until| wait(Some(until), Obstacle::Hidden))?;
        let in_global = global.map_err(|until| wait(until, Obstacle::Global))?;
        let mut cell = None;
        if let (Some(tenant), false) = (&mut self.tenant, ask.exempt_from_global) {
            let mark = known.map_or(0, |known| known.mark);
            let key = NonZeroU64::MIN.saturating_add(number((mark, ask.key.major.number())));
            let room = tenant.ready(now, &self.clock, key.get(), bucket.measure());
            room.map_err(|until| wait(until, Obstacle::Lease))?;
            tenant.start(key.get());
            cell = Some(key);
        }
        bucket.start();
        self.hidden.start(now, template, ask.key.major, ask.shape);
        if !ask.exempt_from_global {
            self.global.start(now, limit, in_global);
        }
        Ok(Start {
            place,
            template,
            reserved: now,
            cell,
            global: in_global,
        })
    }

    pub(crate) fn settle(
        &mut self,
        at: Instant,
        sent_at: Instant,
        ask: &Ask,
        start: Start,
        verdict: Verdict,
    ) {
        let now = self.epoch.local(at);
        let sent = self.epoch.local(sent_at).min(now);
        self.stamp(now);
        let (headers, counted) = match &verdict {
            Verdict::Counted(headers)
            | Verdict::Refused(headers)
            | Verdict::Denied(headers)
            | Verdict::Gone(headers) => (Some(headers), true),
            Verdict::Limited { headers, .. } => (Some(headers), false),
            Verdict::Unauthorized | Verdict::Unsent | Verdict::Lost => (None, false),
        };
        let told = headers.and_then(|headers| self.hear(now, sent, headers, counted));
        self.settle_global(now, sent, ask, start.global, &verdict, told.as_ref());
        self.settle_cell(now, start, &verdict, told.as_ref());
        let Self {
            table,
            clock,
            hidden,
            invalid,
            refusals,
            stats,
            global,
            ..
        } = self;
        let Some(bucket) = table.get_mut(start.place) else {
            return;
        };
        let (template, major, shape) = (start.template, ask.key.major, ask.shape);
        let told = told.as_ref();
        let learned = match verdict {
            Verdict::Unsent => {
                bucket.give_back();
                hidden.give_back(start.reserved, template, major, shape);
                None
            }
            Verdict::Lost => {
                bucket.lose(now);
                None
            }
            Verdict::Counted(_) => {
                hidden.answered(now, start.reserved, template, major, shape);
                bucket.count(now, sent, clock, told)
            }
            Verdict::Gone(_) => {
                refusals.gone(now, major);
                bucket.refuse(now, sent, clock, told)
            }
            Verdict::Refused(_) | Verdict::Denied(_) => {
                invalid.add(at);
                if let (Verdict::Denied(_), Some(deed)) = (&verdict, ask.deed) {
                    refusals.denied(now, deed);
                }
                bucket.refuse(now, sent, clock, told)
            }
            Verdict::Unauthorized => {
                invalid.add(at);
                self.unauthorized = true;
                bucket.give_back();
                None
            }
            Verdict::Limited {
                scope,
                retry_after,
                headers,
            } => {
                let wait = micros(retry_after);
                hidden.give_back(start.reserved, template, major, shape);
                match scope {
                    Scope::Global => {
                        stats.limited_global += 1;
                        invalid.add(at);
                        if ask.exempt_from_global {
                            global.block(now.saturating_add(wait));
                            bucket.block(now.saturating_add(wait));
                        }
                        bucket.give_back();
                        None
                    }
                    Scope::Shared => {
                        stats.limited_shared += 1;
                        bucket.share(now, sent, clock, wait, told)
                    }
                    Scope::User => {
                        stats.limited_user += 1;
                        invalid.add(at);
                        let is_hidden = is_unexplained(&headers, wait);
                        if is_hidden {
                            stats.limited_hidden += 1;
                        } else {
                            clock.early();
                        }
                        if is_hidden && shape != Shape::NONE {
                            // Others of the route go on.
                            hidden.hit(now, template, major, shape, wait);
                            bucket.refuse(now, sent, clock, told)
                        } else {
                            bucket.limit(now, sent, clock, wait, told, is_hidden)
                        }
                    }
                }
            }
        };
        if let (Some(tenant), Some(cell)) = (&mut self.tenant, start.cell) {
            tenant.learn(cell.get(), bucket.measure());
        }
        let place = usize::try_from(template).unwrap_or(usize::MAX);
        if let (Some(learned), Some(template)) = (learned, self.templates.get_mut(place)) {
            template.heard = now;
            match &mut template.hints {
                Some(hints) => hints.update(learned),
                none => *none = Some(learned),
            }
        }
    }

    pub(crate) fn give_back(&mut self, ask: &Ask, start: Start) {
        self.global.withdraw(start.global);
        if !ask.exempt_from_global {
            self.global.give_back();
        }
        self.hidden
            .give_back(start.reserved, start.template, ask.key.major, ask.shape);
        if let (Some(tenant), Some(cell)) = (&mut self.tenant, start.cell) {
            tenant.give_back(cell.get());
        }
        if let Some(bucket) = self.table.get_mut(start.place) {
            bucket.give_back();
        }
    }

    pub(crate) fn drop_sent(&mut self, ask: &Ask, start: Start) {
        self.global.withdraw(start.global);
        if !ask.exempt_from_global {
            self.global_dropped = self.global_dropped.saturating_add(1);
        }
        if let (Some(tenant), Some(cell)) = (&mut self.tenant, start.cell) {
            tenant.drop_sent(cell.get());
        }
        if let Some(bucket) = self.table.get_mut(start.place) {
            bucket.drop_sent();
        }
    }

    pub(crate) fn predict(
        &mut self,
        at: Instant,
        ask: &Ask,
        ahead: u64,
        ahead_global: u64,
    ) -> Option<Instant> {
        let now = self.epoch.local(at);
        let template = self.template(now, &ask.key);
        let known = self.templates.get(usize::try_from(template).ok()?)?;
        let strategy = known.strategy;
        let bucket = match self.table.find(template, ask.key.major) {
            Some(place) => {
                let bucket = self.table.get(place)?;
                bucket.predict(now, &self.clock, ahead, strategy)?
            }
            None => {
                let facts = known.hints.as_ref()?.facts();
                facts.predict(now, &self.clock, ahead, strategy.share(facts.limit))
            }
        };
        let global = if ask.exempt_from_global {
            now
        } else {
            let limit = self.global_limit(now);
            self.global.predict(now, &self.clock, ahead_global, limit)
        };
        Some(self.epoch.instant(bucket.max(global), at))
    }

    pub(crate) fn apply(&mut self, live: Live) -> Live {
        std::mem::replace(&mut self.live, live)
    }

    pub(crate) fn forgive(&mut self) {
        self.unauthorized = false;
    }

    pub(crate) fn set_strategy(&mut self, route: &'static str, strategy: Strategy) {
        self.strategies.insert(route, strategy);
        let templates = self.templates.iter_mut();
        templates
            .filter(|template| template.route == route)
            .for_each(|template| template.strategy = strategy);
    }

    pub(crate) fn stats(&mut self, at: Instant) -> Stats {
        let now = self.epoch.local(at);
        self.stamp(now);
        Stats {
            buckets: self.table.len(),
            permits: self.table.iter().map(|(.., bucket)| bucket.out()).sum(),
            global_in_flight: self.global.in_flight(),
            invalid: self.invalid.count(at),
            global_phase_known: self.global.is_phase_known(),
            guard_micros: self.clock.guard().unsigned_abs(),
            ..self.stats
        }
    }

    pub(crate) fn pressure(&mut self, at: Instant, most: usize) -> Vec<Pressure> {
        let now = self.epoch.local(at);
        let mut all: Vec<_> = self
            .table
            .iter()
            .filter_map(|(template, major, bucket)| {
                let template = self.templates.get(usize::try_from(template).ok()?)?;
                Some(Pressure {
                    key: RouteKey {
                        route: template.route,
                        variant: template.variant,
                        major,
                    },
                    thousandths: bucket.pressure(now, &self.clock),
                })
            })
            .collect();
        all.sort_by_key(|pressure| (std::cmp::Reverse(pressure.thousandths), pressure.key));
        all.truncate(most);
        all
    }

    pub(crate) fn snapshot(&mut self, at: Instant, now_ms: u64) -> Snapshot {
        let now = self.epoch.local(at);
        let learned = self.templates.iter().filter_map(|template| {
            let hints = template.hints.as_ref()?;
            let age = now.saturating_sub(template.heard).max(0).unsigned_abs() / 1_000;
            Some((
                template.route,
                template.variant,
                hints,
                now_ms.saturating_sub(age),
            ))
        });
        Snapshot::of(learned).or(&self.restored, now_ms)
    }

    pub(crate) fn restore(&mut self, snapshot: Snapshot, now_ms: u64) {
        self.restored = snapshot;
        self.restored_at_ms = now_ms;
        for template in &mut self.templates {
            if template.hints.is_none() {
                template.hints = self
                    .restored
                    .hints(template.route, template.variant, now_ms);
            }
        }
    }

    pub(crate) fn local(&mut self, at: Instant) -> Local {
        let now = self.epoch.local(at);
        self.stamp(now);
        now
    }

    pub(crate) fn instant(&self, local: Local, now: Instant) -> Instant {
        self.epoch.instant(local, now)
    }

    /// Learns the clock from an answer, and gives what it told of limits.
    fn hear(&mut self, now: Local, sent: Local, headers: &Headers, counted: bool) -> Option<Told> {
        let mut told = Told::read(headers, counted)?;
        if let Some(answered) = told.answered()
            && !self.clock.learn(sent, now, answered)
        {
            told.disbelieve();
        }
        Some(told)
    }

    fn settle_global(
        &mut self,
        now: Local,
        sent: Local,
        ask: &Ask,
        place: Place,
        verdict: &Verdict,
        told: Option<&Told>,
    ) {
        if ask.exempt_from_global {
            return;
        }
        let limit = self.global_limit(now);
        if matches!(verdict, Verdict::Unsent | Verdict::Lost) {
            self.global.withdraw(place);
        }
        match verdict {
            Verdict::Unsent => self.global.give_back(),
            Verdict::Lost => self.global.lost(now, &self.clock, limit),
            Verdict::Limited {
                scope: Scope::Global,
                retry_after,
                ..
            } => {
                // It did not count, and it tells where the seconds begin.
                self.global.give_back();
                let wait = micros(*retry_after);
                if self.tenant.is_some() {
                    self.global.block(now.saturating_add(wait));
                    return;
                }
                self.global.limited(now, sent, &mut self.clock, wait, limit);
            }
            Verdict::Counted(_)
            | Verdict::Refused(_)
            | Verdict::Denied(_)
            | Verdict::Gone(_)
            | Verdict::Unauthorized
            | Verdict::Limited { .. } => {
                let arrived = told.and_then(Told::answered);
                self.global.answered(now, sent, &self.clock, arrived, limit);
            }
        }
    }

    fn check_stops(&mut self, now: Local, at: Instant, ask: &Ask) -> Result<(), Stop> {
        if self.unauthorized && ask.with_token {
            return Err(Stop::Unauthorized);
        }
        if !ask.with_token && self.refusals.is_gone(now, ask.key.major) {
            return Err(Stop::Gone);
        }
        if let Some(until) = ask.deed.and_then(|deed| self.refusals.until(now, deed)) {
            let until = self.epoch.instant(until, at);
            return Err(Stop::Denied { until });
        }
        let percent = match ask.priority {
            Priority::Bulk => BULK_STOPS,
            Priority::Normal => NORMAL_STOPS,
            Priority::Interactive => ALL_STOPS,
        };
        let most = u64::from(self.live.invalid_max) * u64::from(percent) / 100;
        let elsewhere = self.tenant.as_ref();
        let elsewhere = elsewhere.map_or(0, |tenant| tenant.invalid_elsewhere(now));
        let invalid = self.invalid.count(at).saturating_add(elsewhere);
        if u64::from(invalid) >= most.max(1) {
            let own = self.invalid.eases_at();
            let until = own.unwrap_or_else(|| at + invalid::MINUTE);
            return Err(Stop::Invalid { until });
        }
        Ok(())
    }

    /// Dropped permits get the time of the first call after them: later than the truth, so safe.
    fn stamp(&mut self, now: Local) {
        for _ in 0..std::mem::take(&mut self.global_dropped) {
            let limit = self.global_limit(now);
            self.global.lost(now, &self.clock, limit);
        }
    }

    fn template(&mut self, now: Local, key: &RouteKey) -> u32 {
        let asked = (key.route.as_ptr().addr(), key.route.len(), key.variant);
        if let Some(template) = self.by_route.get(&asked) {
            return *template;
        }
        let route = family(key.route);
        let known = self
            .templates
            .iter()
            .position(|template| template.route == route && template.variant == key.variant);
        let place = known.unwrap_or_else(|| {
            self.templates.push(Template {
                route,
                variant: key.variant,
                hints: self.restored.hints(route, key.variant, self.restored_at_ms),
                heard: now,
                strategy: self.strategies.get(route).copied().unwrap_or_default(),
                mark: number((route, key.variant)),
            });
            self.templates.len() - 1
        });
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        self.by_route.insert(asked, place);
        place
    }
}

/// Whether a 429 is about another limit than the headers beside it.
fn is_unexplained(headers: &Headers, wait: i64) -> bool {
    headers.remaining.is_none_or(|remaining| remaining > 0)
        || headers
            .reset_after
            .is_some_and(|reset| micros(reset) + UNEXPLAINED < wait)
}
