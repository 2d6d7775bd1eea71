//! The whole box without its wires: world, gateway, limits and records under one roof.
//!
//! It is as pure as its parts: `now` comes in, frames and answers come out. The server lends it
//! sockets and a clock; a simulation lends it neither.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use serde_json::Value;

use crate::{
    config::Config,
    courier::{Courier, Outcome, Post},
    faults::{FaultMenu, Faults},
    journal::Journal,
    json::Fields,
    oracle::Oracle,
    protocol::{Admission, Gateway, Input, IntentTable, Output, Written},
    recording::{Line, Lines},
    rest::{Limiter, Setting},
    scenario::ScenarioStep,
    time::Timeline,
    world::World,
};

/// Discord, as far as the box goes.
#[derive(Debug)]
pub(crate) struct Backend {
    timeline: Timeline,
    config: Config,
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Faults,
    pub(crate) courier: Courier,
    pub(crate) journal: Journal,
    /// Events since the last one that the oracle has looked at.
    unchecked: u32,
}

impl Backend {
    pub(crate) fn new(config: Config, now: Instant, unix_ms: u64) -> Self {
        let courier = Courier::new(&config, now);
        let mut world = World::new(&config, unix_ms);
        world.application.set("verify_key", courier.public_key());
        Self {
            timeline: Timeline::new(now, unix_ms),
            world,
            courier,
            gateway: Gateway::new(&config, intents(), now),
            limiter: Limiter::new(config.limits.clone()),
            faults: Faults::new(config.faults),
            journal: Journal::default(),
            unchecked: 0,
            config,
        }
    }

    /// What goes wrong by chance from now on.
    pub(crate) fn serve(&mut self, menu: FaultMenu) {
        self.faults.serve(menu);
        self.gateway.serve(menu);
        self.courier.serve(menu.seed, menu.forge_signature);
    }

    /// Takes down what happens from now on, until it is taken down anew.
    pub(crate) fn record(&mut self) {
        let mut lines = Lines::default();
        let furniture = Line::Box(Box::new(self.config.clone()));
        lines.push(self.world.now_ms, furniture);
        self.journal.lines = Some(lines);
    }

    /// When [`expire`](Self::expire) is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let skew = self.faults.menu.clock_skew_ms;
        let world = self
            .world
            .next_due()
            .and_then(|at| self.timeline.instant(at.saturating_add_signed(-skew)));
        let deadlines = [self.gateway.deadline(), self.courier.deadline(), world];
        deadlines.into_iter().flatten().min()
    }

    pub(crate) fn set_time(&mut self, now: Instant) {
        let skew = self.faults.menu.clock_skew_ms;
        self.world.now_ms = self.timeline.unix_ms(now).saturating_add_signed(skew);
        self.journal.at_ms = self.world.now_ms;
        self.world.pass_time();
        self.gateway.set_time(now);
        self.courier.set_time(now);
    }

    /// The time by which limits count: Discord's headers are exact to the millisecond, so its clock
    /// is, too, and the end of a window is always told as the same moment.
    pub(crate) fn tick(&self, now: Instant) -> Instant {
        self.timeline.whole(now)
    }

    pub(crate) fn setting(&self) -> Setting {
        let (starts_left, starts_reset) = self.gateway.starts();
        Setting {
            shards: self.config.shards,
            max_concurrency: self.config.max_concurrency,
            session_starts: self.config.session_starts,
            starts_left,
            starts_reset,
            interaction_deadline: self.config.interaction_deadline,
        }
    }

    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        self.set_time(now);
        self.gateway.admit()
    }

    pub(crate) fn open(&mut self, now: Instant, path: &str, query: &str) -> u64 {
        self.set_time(now);
        let id = self.gateway.open(path, query);
        self.settle();
        id
    }

    pub(crate) fn handle(&mut self, now: Instant, connection: u64, input: Input<'_>) {
        self.set_time(now);
        self.gateway.handle(connection, input, &mut self.world);
        self.settle();
    }

    pub(crate) fn poll(&mut self, now: Instant, connection: u64) -> Option<Output> {
        self.set_time(now);
        let output = self.gateway.poll(connection);
        self.settle();
        output
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        self.set_time(now);
        self.gateway.expire(&mut self.world);
        self.courier.expire(&mut self.world, &mut self.journal);
        self.settle();
    }

    /// What is to be posted to the application's endpoints now.
    pub(crate) fn posts(&mut self, now: Instant) -> Vec<Post> {
        self.set_time(now);
        let unix_ms = self.world.now_ms;
        std::iter::from_fn(|| self.courier.poll(unix_ms)).collect()
    }

    /// An endpoint of the application has answered a post, or will not.
    pub(crate) fn posted(&mut self, now: Instant, post: u64, outcome: Outcome) {
        self.set_time(now);
        let (world, journal) = (&mut self.world, &mut self.journal);
        self.courier.answered(post, outcome, world, journal);
        self.settle();
    }

    /// Whether a deadline may have come nearer since this was asked.
    pub(crate) fn take_hurry(&mut self) -> bool {
        std::mem::take(&mut self.gateway.is_hurried) | std::mem::take(&mut self.courier.is_hurried)
    }

    /// Does something to the gateway and its connections.
    pub(crate) fn trouble<T>(
        &mut self,
        now: Instant,
        deed: impl FnOnce(&mut Gateway, &World) -> T,
    ) -> T {
        self.set_time(now);
        let done = deed(&mut self.gateway, &self.world);
        self.settle();
        done
    }

    /// Does what a step says as a user would, tells the bot, and takes it down. `step` is asked for
    /// only where it is taken down.
    pub(crate) fn act<T, E>(
        &mut self,
        now: Instant,
        step: impl FnOnce(&World) -> ScenarioStep,
        deed: impl FnOnce(&mut World) -> Result<T, E>,
    ) -> Result<T, E> {
        self.set_time(now);
        let told = self.journal.lines.is_some().then(|| step(&self.world));
        let is_told = told.is_some();
        if let Some(step) = told {
            self.journal.note(Line::Step(step));
        }
        let done = self.play(now, deed);
        if let (Err(_), true, Some(lines)) = (&done, is_told, &mut self.journal.lines) {
            lines.take_back();
        }
        done
    }

    /// Does something as a user would, and tells the bot.
    pub(crate) fn play<T>(&mut self, now: Instant, deed: impl FnOnce(&mut World) -> T) -> T {
        self.set_time(now);
        let done = deed(&mut self.world);
        self.settle();
        done
    }

    /// Sends events of the caller's making, which no oracle looks at.
    pub(crate) fn emit(&mut self, now: Instant, events: &[Written]) {
        self.set_time(now);
        for written in events {
            self.gateway.pass_on(written, &self.world);
        }
        self.settle();
    }

    /// Sends out what has happened and writes it down.
    pub(crate) fn settle(&mut self) {
        self.gateway.is_watched = self.journal.watched;
        for emission in std::mem::take(&mut self.world.emissions) {
            self.journal.happened(&emission, self.world.bot);
            if Courier::is_webhook_event(&emission.name) {
                // An application that did not ask for it is not told.
                let _ = self
                    .courier
                    .tell(&emission.name, &emission.data, &self.world);
                if Oracle::embedded().event(&emission.name).is_none() {
                    continue;
                }
            }
            self.check(&emission.name, &emission.data);
            if emission.name == "INTERACTION_CREATE" && Courier::takes_interactions(&self.world) {
                let (world, journal) = (&mut self.world, &mut self.journal);
                self.courier.deliver(&emission.data, world, journal);
            } else {
                self.gateway.dispatch(&emission, &self.world);
            }
        }
        self.gateway.follow_up();
        for (name, data) in std::mem::take(&mut self.gateway.own_events) {
            self.check(name, &data);
        }
        for warning in self.gateway.warnings.drain(..) {
            self.journal.warn(warning);
        }
        for (code, words) in self.gateway.refusals.drain(..) {
            self.journal.refused(format!("{code} {words}"));
        }
        for traffic in self.gateway.traffic.drain(..) {
            self.journal.passed(traffic);
        }
        if std::mem::take(&mut self.gateway.token_is_spent) {
            self.world.renew_token();
        }
    }

    /// Lets the oracle look at every so many of the box's own events.
    fn check(&mut self, name: &str, data: &Value) {
        self.unchecked += 1;
        if self.unchecked < self.config.check_every.max(1) {
            return;
        }
        self.unchecked = 0;
        for violation in Oracle::embedded().check_event(name, data) {
            self.journal.found(&format!("event {name}"), &violation);
        }
    }
}

/// Which intents let an event through: the same for every box of the process.
fn intents() -> Arc<IntentTable> {
    static TABLE: OnceLock<Arc<IntentTable>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let oracle = Oracle::embedded();
        Arc::new(IntentTable::new(
            oracle
                .intents()
                .iter()
                .map(|intent| (intent.name.as_str(), u32::from(intent.bit))),
            oracle.events().iter().map(|event| {
                (
                    event.name.as_str(),
                    event.intents.iter().map(String::as_str).collect(),
                )
            }),
        ))
    });
    Arc::clone(table)
}
