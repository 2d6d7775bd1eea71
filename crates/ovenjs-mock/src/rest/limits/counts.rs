//! All running gauges, by limit and major parameter.

use std::{collections::HashMap, time::Instant};

use super::gauge::Gauge;

/// What a gauge counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// A route that no bucket names.
    Route(String),
    /// The bucket at this place of the configuration.
    Bucket(usize),
    /// What its headers claim.
    Shown(usize),
    /// The sublimit at this place.
    Sublimit(usize),
}

/// Only gauges that run are kept, and of those not more than [`MAX_GAUGES`].
#[derive(Debug)]
pub(super) struct Counts {
    gauges: HashMap<(Counted, String), Gauge>,
    sweep_at: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            gauges: HashMap::new(),
            sweep_at: MIN_SWEEP,
        }
    }
}

impl Counts {
    pub(super) fn gauge(&mut self, now: Instant, counted: Counted, major: &str) -> &mut Gauge {
        if self.gauges.len() >= self.sweep_at {
            self.sweep(now);
        }
        let key = (counted, major.to_owned());
        self.gauges.entry(key).or_insert_with(|| Gauge::new(now))
    }

    /// Forgets what is over. Where too much still runs, the half that ends first goes too: it would
    /// have been forgotten soonest anyway.
    fn sweep(&mut self, now: Instant) {
        self.gauges.retain(|_, gauge| !gauge.is_over(now));
        if self.gauges.len() >= MAX_GAUGES {
            let mut ends: Vec<Instant> = self.gauges.values().map(Gauge::until).collect();
            let middle = ends.len() / 2;
            let (_, median, _) = ends.select_nth_unstable(middle);
            let median = *median;
            self.gauges.retain(|_, gauge| gauge.until() > median);
        }
        // Looking at all of them each time would make every request pay for all others.
        self.sweep_at = (self.gauges.len() * 2).clamp(MIN_SWEEP, MAX_GAUGES);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.gauges.len()
    }
}

/// Below this number nothing is gained by forgetting.
const MIN_SWEEP: usize = 1024;

/// A bot of 2500 guilds which is busy in twenty channels of each.
pub(super) const MAX_GAUGES: usize = 65_536;
