//! The knobs.

/// What a [`Limiter`](crate::Limiter) is built from.
///
/// ```
/// use ovenjs_ratelimit::{Config, Live};
///
/// let config = Config::new().buckets_max(1_000).live(Live::new().global_per_second(100));
/// assert_eq!(config.live.global_per_second, 100);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The most buckets remembered. Default 20,000, about 4 MiB: a bot that writes in so many
    /// channels within one window is at the global limit long before. Raise it for a bot whose
    /// global limit was raised by Discord.
    pub buckets_max: usize,
    /// What can be changed later.
    pub live: Live,
}

/// The part of the configuration that can change while the limiter runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// Requests per second over all routes. Default 50, Discord's documented limit. Raise it when
    /// Discord has raised yours; lower it when several processes share a token.
    pub global_per_second: u32,
    /// The count of answers 401, 403 and own-fault 429 within ten minutes at which Discord bans the
    /// address for some time. Bulk work stops at half of it, everything but interaction answers at
    /// 80 %, everything at 95 %. Default 10,000, Discord's documented limit. Lower it when several
    /// processes share an address.
    pub invalid_max: u32,
    /// Whether a bot that has lived at the global limit for some seconds tries one request more, once,
    /// to be told by its 429 where Discord's seconds begin. Default true: it costs one refusal, which
    /// is repeated by itself, and gains about a hundredth from then on. Switch it off where no 429 may
    /// ever be one's own doing.
    pub probe_global: bool,
}

/// How a route is treated beside Discord's limits; see
/// [`Limiter::set_strategy`](crate::Limiter::set_strategy).
///
/// ```
/// use ovenjs_ratelimit::Strategy;
///
/// // Leave half of each limit to another program that has the same token, and keep the order.
/// let strategy = Strategy::new().limit_percent(50).in_flight_max(1);
/// assert_eq!(strategy.limit_percent, 50);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strategy {
    /// The most requests at a time for one resource. Default: no bound of ours. One keeps answers in
    /// the order of requests.
    pub in_flight_max: u32,
    /// How much of each limit is used, in percent, at least one request in each stretch as long as its
    /// window. Default 100. Lower it when another program with the same token uses the route.
    pub limit_percent: u32,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            buckets_max: 20_000,
            live: Live::new(),
        }
    }

    /// Sets how many buckets are remembered; at least one.
    #[must_use]
    pub const fn buckets_max(mut self, max: usize) -> Self {
        self.buckets_max = max;
        self
    }

    /// Sets the changeable part.
    #[must_use]
    pub const fn live(mut self, live: Live) -> Self {
        self.live = live;
        self
    }
}

impl Live {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            global_per_second: 50,
            invalid_max: 10_000,
            probe_global: true,
        }
    }

    /// Sets the requests per second over all routes; at least one.
    #[must_use]
    pub const fn global_per_second(mut self, requests: u32) -> Self {
        self.global_per_second = requests;
        self
    }

    /// Sets whether one request more than the global limit is tried to be told its phase.
    #[must_use]
    pub const fn probe_global(mut self, probe: bool) -> Self {
        self.probe_global = probe;
        self
    }

    /// Sets the count of invalid requests at which Discord bans the address.
    #[must_use]
    pub const fn invalid_max(mut self, requests: u32) -> Self {
        self.invalid_max = requests;
        self
    }
}

impl Strategy {
    /// The defaults: Discord's limits and nothing else.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            in_flight_max: u32::MAX,
            limit_percent: 100,
        }
    }

    /// Sets the most requests at a time; at least one.
    #[must_use]
    pub const fn in_flight_max(mut self, most: u32) -> Self {
        self.in_flight_max = if most == 0 { 1 } else { most };
        self
    }

    /// Sets how much of each limit is used, in percent.
    #[must_use]
    pub const fn limit_percent(mut self, percent: u32) -> Self {
        self.limit_percent = percent;
        self
    }

    /// What it leaves of a limit.
    pub(crate) fn share(self, limit: u32) -> u32 {
        if self.limit_percent >= 100 {
            return u32::MAX;
        }
        let share = u64::from(limit) * u64::from(self.limit_percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}

impl Default for Strategy {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}
