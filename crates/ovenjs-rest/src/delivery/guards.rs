//! What a call holds while it is under way, given back whatever happens.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use ovenjs_types::HookCall;

use super::{Delivery, lock};
use crate::{
    Request,
    breaker::{Leave, Tally},
};

/// Leave of the breakers, settled whatever happens.
pub(super) struct Door<'a> {
    delivery: &'a Delivery,
    leave: Option<Leave>,
}

impl<'a> Door<'a> {
    pub(super) fn pass(
        delivery: &'a Delivery,
        now: Instant,
        route: &'static str,
    ) -> Result<Self, Instant> {
        let leave = lock(&delivery.breakers).ask(now, route)?;
        Ok(Self {
            delivery,
            leave: Some(leave),
        })
    }

    pub(super) fn close(&mut self, host: Tally, family: Tally) {
        let Some(leave) = self.leave.take() else {
            return;
        };
        let now = self.delivery.clock.now();
        let changes = lock(&self.delivery.breakers).settle(now, &leave, host, family);
        for (family, state) in changes.into_iter().flatten() {
            let state = state.name();
            tracing::warn!(family, state, "circuit breaker");
            let call = HookCall::BreakerChanged { family, state };
            self.delivery.hook.call(&call);
        }
    }
}

impl Drop for Door<'_> {
    fn drop(&mut self) {
        self.close(Tally::Unknown, Tally::Unknown);
    }
}

/// A write under way: reads that begin after its end see what it did.
pub(super) struct Write<'a> {
    delivery: &'a Delivery,
    /// For the cache, where there is one.
    path: String,
}

impl<'a> Write<'a> {
    pub(super) fn new(delivery: &'a Delivery, request: &Request) -> Self {
        let path = delivery.cache.as_ref().map(|_| request.0.path.clone());
        Self {
            delivery,
            path: path.unwrap_or_default(),
        }
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        self.delivery.flights.written();
        if let Some(cache) = &self.delivery.cache {
            lock(cache).written(&self.path);
        }
    }
}

/// A call under way, told of when it ends.
pub(super) struct UnderWay<'a> {
    delivery: &'a Delivery,
    route: &'static str,
    began: Instant,
    pub(super) outcome: &'static str,
    _counted: Counted<'a>,
}

impl<'a> UnderWay<'a> {
    pub(super) fn new(delivery: &'a Delivery, route: &'static str) -> Self {
        Self {
            delivery,
            route,
            began: delivery.clock.now(),
            outcome: "dropped",
            _counted: Counted::new(&delivery.counts.in_flight),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let failed = u64::from(self.outcome == "failed");
        let counts = &self.delivery.counts;
        counts.failed.fetch_add(failed, Ordering::Relaxed);
        let elapsed = self
            .delivery
            .clock
            .now()
            .saturating_duration_since(self.began);
        self.delivery.hook.call(&HookCall::CallEnded {
            route: self.route,
            outcome: self.outcome,
            elapsed,
        });
    }
}

/// One more, until it is dropped.
pub(super) struct Counted<'a> {
    counter: &'a AtomicU64,
    pub(super) count: u64,
}

impl<'a> Counted<'a> {
    pub(super) fn new(counter: &'a AtomicU64) -> Self {
        Self {
            counter,
            count: counter.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}
