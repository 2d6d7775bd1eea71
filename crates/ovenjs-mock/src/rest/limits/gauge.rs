//! How much of one limit is used: a fixed window, or a bucket that leaks.

use std::time::{Duration, Instant};

use crate::config::{Model, Rate};

/// One count. Its rate is the caller's to remember, and always the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gauge {
    /// When everything is back.
    until: Instant,
    /// What the running window has seen; a leaking bucket's debt is in `until`.
    used: u32,
}

impl Gauge {
    /// Nothing is used.
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            until: now,
            used: 0,
        }
    }

    /// How long until so many fit, where they do not now.
    pub(super) fn wait(&self, now: Instant, rate: Rate, amount: u32) -> Option<Duration> {
        match rate.model {
            Model::Fixed => {
                let full = self.used(now).saturating_add(amount) > rate.requests;
                full.then(|| self.reset_after(now, rate))
            }
            Model::Leaky => {
                let (period, burst) = leak(rate);
                let wanted = self.debt(now).saturating_add(period.saturating_mul(amount));
                wanted.checked_sub(burst).filter(|wait| !wait.is_zero())
            }
        }
    }

    /// Counts so many, fitting or not.
    pub(super) fn spend(&mut self, now: Instant, rate: Rate, amount: u32) {
        match rate.model {
            Model::Fixed => {
                self.used = self.used(now).saturating_add(amount);
                if self.is_over(now) {
                    self.until = later(now, rate.window);
                }
            }
            Model::Leaky => {
                let (period, burst) = leak(rate);
                let debt = self.debt(now).saturating_add(period.saturating_mul(amount));
                // More than the bucket holds is never owed.
                self.until = later(now, debt.min(burst));
            }
        }
    }

    /// How many fit now.
    pub(super) fn remaining(&self, now: Instant, rate: Rate) -> u32 {
        match rate.model {
            Model::Fixed => rate.requests.saturating_sub(self.used(now)),
            Model::Leaky => {
                let (period, burst) = leak(rate);
                let free = burst.saturating_sub(self.debt(now)).as_nanos();
                let whole = free.checked_div(period.as_nanos());
                whole
                    .and_then(|whole| u32::try_from(whole).ok())
                    .unwrap_or(rate.requests)
            }
        }
    }

    /// How long until everything is back. A window that has not begun is as long as it will be.
    pub(super) fn reset_after(&self, now: Instant, rate: Rate) -> Duration {
        match rate.model {
            Model::Fixed if self.is_over(now) => rate.window,
            Model::Fixed | Model::Leaky => self.debt(now),
        }
    }

    /// Whether it says no more than a new one.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    fn used(&self, now: Instant) -> u32 {
        if self.is_over(now) { 0 } else { self.used }
    }

    fn debt(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }
}

/// How long one request takes to come back, and all of them.
fn leak(rate: Rate) -> (Duration, Duration) {
    let period = rate
        .window
        .checked_div(rate.requests)
        .unwrap_or(rate.window);
    (period, period.saturating_mul(rate.requests))
}

/// A window that ends after all time has no end that could be waited for.
fn later(now: Instant, span: Duration) -> Instant {
    now.checked_add(span).unwrap_or(now)
}
