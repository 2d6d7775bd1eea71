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
    /// The count of answers 401, 403 and own-fault 429 within ten minutes at which everything but
    /// interaction answers stops. Default 5,000: half of the 10,000 at which Discord bans the
    /// address for some time. Bulk work stops at half of it.
    pub invalid_max: u32,
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
            invalid_max: 5_000,
        }
    }

    /// Sets the requests per second over all routes; at least one.
    #[must_use]
    pub const fn global_per_second(mut self, requests: u32) -> Self {
        self.global_per_second = requests;
        self
    }

    /// Sets the count of invalid requests at which everything stops.
    #[must_use]
    pub const fn invalid_max(mut self, requests: u32) -> Self {
        self.invalid_max = requests;
        self
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
