//! What was learned about routes, for the next process.

use std::time::Duration;

use crate::{
    Variant,
    clock::micros,
    facts::{Hints, Model},
};

/// What a limiter learned about routes: limits, lengths of windows, and how places come back.
///
/// It holds no resource and no token. With feature `serde` it can be written down and read; numbers
/// that make no sense are left out when it is used, so a damaged file costs what it damaged.
///
/// ```
/// use std::time::Instant;
/// use ovenjs_ratelimit::{Ask, Config, Headers, Limiter, Major, Reservation, RouteKey, Verdict};
///
/// # #[expect(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let (now_ms, day_ms) = (1_800_000_000_000, 86_400_000);
/// let post = |channel: u64| {
///     Ask::new(RouteKey::new("POST /channels/{channel_id}/messages", Major::of(channel)))
/// };
/// let free = |limiter: &Limiter| {
///     let permits = std::iter::from_fn(|| match limiter.reserve(now, &post(2)) {
///         Reservation::Ready(permit) => Some(permit),
///         _ => None,
///     });
///     permits.collect::<Vec<_>>().len()
/// };
///
/// let limiter = Limiter::new(Config::new());
/// let Reservation::Ready(permit) = limiter.reserve(now, &post(1)) else { panic!() };
/// let headers = Headers::read(|name| match name {
///     "x-ratelimit-limit" => Some("5"),
///     "x-ratelimit-remaining" => Some("4"),
///     "x-ratelimit-reset-after" => Some("5"),
///     _ => None,
/// });
/// limiter.settle(now, permit, Verdict::Counted(headers));
/// let snapshot = limiter.snapshot(now, now_ms);
///
/// // Without it one request goes first; with it all that the limit allows, or half after a day.
/// assert_eq!(free(&Limiter::new(Config::new())), 1);
/// let next = Limiter::new(Config::new());
/// next.restore(snapshot.clone(), now_ms + 1_000);
/// assert_eq!(free(&next), 5);
/// let late = Limiter::new(Config::new());
/// late.restore(snapshot, now_ms + 2 * day_ms);
/// assert_eq!(free(&late), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot {
    routes: Vec<Learned>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Learned {
    route: String,
    variant: Variant,
    limit: u32,
    period_ms: u64,
    /// The time in which one place comes back, where they come back one by one.
    #[cfg_attr(feature = "serde", serde(default))]
    drop_micros: Option<u64>,
    seen_ms: u64,
}

/// What is older is a hint.
const FRESH_MS: u64 = 86_400_000;

/// What no process has used for so long is forgotten: thirty days.
const KEPT_MS: u64 = 30 * FRESH_MS;

/// Limits and windows beyond these make no sense.
const LIMIT_MAX: u32 = 100_000;
const PERIOD_MAX_MS: u64 = 86_400_000;

impl Snapshot {
    /// Of routes with when they were last heard of.
    pub(crate) fn of<'h>(
        learned: impl Iterator<Item = (&'static str, Variant, &'h Hints, u64)>,
    ) -> Self {
        let routes = learned
            .map(|(route, variant, hints, seen_ms)| Learned {
                route: route.to_owned(),
                variant,
                limit: hints.limit,
                period_ms: hints.period.max(0).unsigned_abs() / 1_000,
                drop_micros: (hints.model == Model::Leaky)
                    .then(|| hints.drop_least.max(0).unsigned_abs()),
                seen_ms,
            })
            .collect();
        Self { routes }
    }

    /// With what another one says of routes that this one does not know, so that a process that asked
    /// for little leaves what it was left.
    pub(crate) fn or(mut self, other: &Self, now_ms: u64) -> Self {
        let is_known = |one: &Learned| {
            let mut routes = self.routes.iter();
            routes.any(|known| known.route == one.route && known.variant == one.variant)
        };
        let is_kept = |one: &&Learned| now_ms.saturating_sub(one.seen_ms) <= KEPT_MS;
        let others = other.routes.iter().filter(is_kept);
        let more: Vec<_> = others.filter(|one| !is_known(one)).cloned().collect();
        self.routes.extend(more);
        self
    }

    /// What it says of a route.
    pub(crate) fn hints(&self, route: &str, variant: Variant, now_ms: u64) -> Option<Hints> {
        let learned = self
            .routes
            .iter()
            .find(|learned| learned.route == route && learned.variant == variant)?;
        let makes_sense = (1..=LIMIT_MAX).contains(&learned.limit)
            && learned.period_ms <= PERIOD_MAX_MS
            && learned
                .drop_micros
                .is_none_or(|drop| drop > 0 && drop / 1_000 <= learned.period_ms.max(1));
        if !makes_sense {
            return None;
        }
        let is_fresh = now_ms.saturating_sub(learned.seen_ms) <= FRESH_MS;
        let limit = if is_fresh {
            learned.limit
        } else {
            (learned.limit / 2).max(1)
        };
        let period = micros(Duration::from_millis(learned.period_ms));
        // A hint about how places come back is not enough to count on it.
        let drop = learned.drop_micros.filter(|_| is_fresh);
        Some(Hints::restored(
            limit,
            period,
            drop.map(Duration::from_micros),
        ))
    }
}
