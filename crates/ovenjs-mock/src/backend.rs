//! The whole box without its wires: world, gateway, limits and records under one roof.
//!
//! It is as pure as its parts: `now` comes in, frames and answers come out. The server lends it
//! sockets and a clock; a simulation lends it neither.

use std::time::Instant;

use crate::{
    config::Config,
    faults::Faults,
    journal::Journal,
    oracle::Oracle,
    protocol::{Gateway, Input, IntentTable, Output},
    rest::{Limiter, Setting},
    time::Timeline,
    world::{Emission, World},
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
    pub(crate) journal: Journal,
}

impl Backend {
    pub(crate) fn new(config: Config, now: Instant, unix_ms: u64) -> Self {
        let oracle = Oracle::embedded();
        let intents = IntentTable::new(
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
        );
        Self {
            timeline: Timeline::new(now, unix_ms),
            world: World::new(&config, unix_ms),
            gateway: Gateway::new(&config, intents),
            limiter: Limiter::new(config.limits.clone()),
            faults: Faults::default(),
            journal: Journal::default(),
            config,
        }
    }

    pub(crate) fn set_time(&mut self, now: Instant) {
        self.world.now_ms = self.timeline.unix_ms(now);
    }

    pub(crate) const fn setting(&self) -> Setting {
        Setting {
            shards: self.config.shards,
            max_concurrency: self.config.max_concurrency,
            session_starts: self.config.session_starts,
            starts_left: self.gateway.starts_left,
            interaction_deadline: self.config.interaction_deadline,
        }
    }

    pub(crate) fn open(&mut self, now: Instant, query: &str) -> u64 {
        self.set_time(now);
        let id = self.gateway.open(now, query);
        self.settle();
        id
    }

    pub(crate) fn handle(&mut self, now: Instant, connection: u64, input: Input<'_>) {
        self.set_time(now);
        self.gateway
            .handle(now, connection, input, &self.world, &mut self.faults);
        self.settle();
    }

    pub(crate) fn poll(&mut self, now: Instant, connection: u64) -> Option<Output> {
        let output = self.gateway.poll(now, connection, &self.faults);
        self.settle();
        output
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        self.set_time(now);
        self.gateway.expire(now);
        self.settle();
    }

    /// Does something as a user would, and tells the bot.
    pub(crate) fn play<T>(&mut self, now: Instant, deed: impl FnOnce(&mut World) -> T) -> T {
        self.set_time(now);
        let done = deed(&mut self.world);
        self.settle();
        done
    }

    /// Sends an event of the caller's making, which no oracle looks at.
    pub(crate) fn emit(&mut self, now: Instant, emission: &Emission) {
        self.set_time(now);
        self.gateway.dispatch(emission, &self.world);
        self.settle();
    }

    /// Sends out what has happened and writes it down.
    pub(crate) fn settle(&mut self) {
        let oracle = Oracle::embedded();
        for emission in std::mem::take(&mut self.world.emissions) {
            for violation in oracle.check_event(&emission.name, &emission.data) {
                self.journal
                    .found(&format!("event {}", emission.name), &violation);
            }
            self.journal.happened(&emission, self.world.bot);
            self.gateway.dispatch(&emission, &self.world);
        }
        for (name, data) in std::mem::take(&mut self.gateway.own_events) {
            for violation in oracle.check_event(name, &data) {
                self.journal.found(&format!("event {name}"), &violation);
            }
        }
        for warning in std::mem::take(&mut self.gateway.warnings) {
            self.journal.warn(warning);
        }
        for traffic in std::mem::take(&mut self.gateway.traffic) {
            self.journal.passed(&traffic);
        }
    }
}
