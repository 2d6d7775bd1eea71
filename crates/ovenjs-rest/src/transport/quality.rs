//! How one connection fares.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// An open connection, and how it fares. A request's own numbers are [`OutletStats`](crate::OutletStats).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// Whether it carries many requests at once, by HTTP/2.
    pub is_shared: bool,
    /// How long ago it was opened.
    pub age: Duration,
    /// Requests on their way over it.
    pub in_flight: u32,
    /// Requests that were answered over it.
    pub answered: u64,
    /// Requests that failed on it. A connection that carries one at a time ends with the first.
    pub failed: u64,
    /// The smoothed time from sending to the end of the answer, where there was one.
    pub latency: Option<Duration>,
}

/// What is counted as it happens.
#[derive(Debug)]
pub(super) struct Quality {
    is_shared: bool,
    born: Instant,
    in_flight: AtomicU32,
    answered: AtomicU64,
    failed: AtomicU64,
    /// In microseconds; nought before the first answer.
    latency: AtomicU64,
}

/// A request on its way over a connection, until it is dropped.
pub(super) struct OnItsWay<'a>(&'a Quality);

impl Quality {
    pub(super) fn new(now: Instant, is_shared: bool) -> Self {
        Self {
            is_shared,
            born: now,
            in_flight: AtomicU32::new(0),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            latency: AtomicU64::new(0),
        }
    }

    pub(super) fn begin(&self) -> OnItsWay<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        OnItsWay(self)
    }

    pub(super) fn stats(&self, now: Instant) -> ConnectionStats {
        let latency = self.latency.load(Ordering::Relaxed);
        ConnectionStats {
            is_shared: self.is_shared,
            age: now.saturating_duration_since(self.born),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            answered: self.answered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            latency: (latency > 0).then(|| Duration::from_micros(latency)),
        }
    }
}

impl OnItsWay<'_> {
    /// It was answered after so long.
    pub(super) fn answered(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let before = self.0.latency.load(Ordering::Relaxed);
        // What two write at the same moment is one of both, which does no harm.
        let smoothed = match before {
            0 => took,
            before => before - before / SMOOTH + took / SMOOTH,
        };
        self.0.latency.store(smoothed, Ordering::Relaxed);
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A new latency counts for an eighth, as for a way out in all.
const SMOOTH: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning for the virtual clock"
    )]
    fn a_latency_is_smoothed_and_a_request_counts_while_it_is_under_way() {
        let born = Instant::now();
        let quality = Quality::new(born, true);
        assert_eq!(quality.stats(born).latency, None);
        let (one, two) = (quality.begin(), quality.begin());
        one.answered(Duration::from_millis(80));
        assert_eq!(quality.stats(born).latency, Some(Duration::from_millis(80)));
        two.answered(Duration::from_millis(160));
        two.failed();
        drop(one);
        let stats = quality.stats(born + Duration::from_secs(3));
        assert_eq!(stats.latency, Some(Duration::from_millis(90)));
        assert_eq!((stats.in_flight, stats.answered, stats.failed), (1, 2, 1));
        assert_eq!((stats.age, stats.is_shared), (Duration::from_secs(3), true));
    }
}
