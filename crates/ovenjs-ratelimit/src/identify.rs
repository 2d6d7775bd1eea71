//! The turns in which shards may identify.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::Window;

/// One identify per five seconds for each key `shard % max_concurrency`, and a daily budget.
///
/// Going over the daily budget costs the bot its token, so an exhausted budget waits for its reset.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ovenjs_ratelimit::IdentifyQueue;
///
/// # #[expect(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let mut queue = IdentifyQueue::new(2, 1_000, now + Duration::from_secs(86_400));
/// assert!(queue.turn(now, 0).is_ok());
/// assert!(queue.turn(now, 1).is_ok());
/// // Shard 2 has the key of shard 0.
/// assert_eq!(queue.turn(now, 2), Err(now + IdentifyQueue::PERIOD));
/// assert_eq!(queue.remaining(), 998);
/// ```
#[derive(Clone, Debug)]
pub struct IdentifyQueue {
    keys: Vec<Window>,
    remaining: u32,
    resets_at: Instant,
    total: Option<u32>,
}

/// The most keys: Discord gives the largest bots 16 or 64; the number comes from a server, and
/// memory is made for each.
const KEYS_MAX: u32 = 1_024;

impl IdentifyQueue {
    /// How long a key rests after an identify: Discord's five seconds, and a quarter of one since
    /// the second packet may travel faster than the first.
    pub const PERIOD: Duration = Duration::from_millis(5_250);

    /// A queue by the session start limit that Discord gives: identifies at once, identifies left,
    /// and when that budget is renewed.
    #[must_use]
    pub fn new(max_concurrency: u32, remaining: u32, resets_at: Instant) -> Self {
        let keys = (0..max_concurrency.clamp(1, KEYS_MAX)).map(|_| Window::new(1, Self::PERIOD));
        Self {
            keys: keys.collect(),
            remaining,
            resets_at,
            total: None,
        }
    }

    /// Sets how large the budget is after its reset. Without it a reset gives Discord's least,
    /// 1,000.
    #[must_use]
    pub const fn total(mut self, total: u32) -> Self {
        self.total = Some(total);
        self
    }

    /// Takes the turn of `shard`.
    ///
    /// # Errors
    ///
    /// The moment to ask again.
    pub fn turn(&mut self, now: Instant, shard: u32) -> Result<(), Instant> {
        self.ready(now, shard)?;
        if let Some(window) = self.window(shard) {
            window.take(now, 0)?;
        }
        self.remaining -= 1;
        Ok(())
    }

    /// Whether [`turn`](Self::turn) would succeed.
    ///
    /// # Errors
    ///
    /// The moment to ask again.
    pub fn ready(&mut self, now: Instant, shard: u32) -> Result<(), Instant> {
        if now >= self.resets_at {
            self.remaining = self.total.unwrap_or(1_000);
            self.resets_at = now + Duration::from_hours(24);
        }
        if self.remaining == 0 {
            return Err(self.resets_at);
        }
        self.window(shard)
            .map_or(Ok(()), |window| window.ready(now, 0))
    }

    fn window(&mut self, shard: u32) -> Option<&mut Window> {
        let keys = u32::try_from(self.keys.len()).unwrap_or(1);
        let key = usize::try_from(shard.checked_rem(keys).unwrap_or(0)).unwrap_or(0);
        self.keys.get_mut(key)
    }

    /// Identifies left until the reset.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// When the budget is renewed.
    #[must_use]
    pub const fn resets_at(&self) -> Instant {
        self.resets_at
    }

    /// Takes in what Discord has counted: identifies left, and when that budget is renewed.
    pub const fn recount(&mut self, remaining: u32, resets_at: Instant) {
        self.remaining = remaining;
        self.resets_at = resets_at;
    }
}

/// Why an identify has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// Another shard of the same lane has just identified, or is first.
    Lane,
    /// What is left of the budget is kept back.
    Reserve,
    /// The budget runs low: what is left is spread over the time until it is renewed.
    Pace,
    /// The shard's last sessions did not hold: a crash loop must not burn the budget.
    Breaker,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lane => "one shard of a lane in five seconds",
            Self::Reserve => {
                "no session starts are left but the reserve; going on would cost the token"
            }
            Self::Pace => "few session starts are left, so they are spread until their renewal",
            Self::Breaker => "the last sessions of this shard did not hold",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::tests::start;

    #[test]
    fn an_empty_budget_waits_for_its_reset() {
        let now = start();
        let reset = now + Duration::from_secs(600);
        let mut queue = IdentifyQueue::new(1, 1, reset).total(2_000);
        queue.turn(now, 0).unwrap();
        assert_eq!(queue.turn(now + IdentifyQueue::PERIOD, 1), Err(reset));
        queue.turn(reset, 1).unwrap();
        assert_eq!(queue.remaining(), 1_999);
    }

    #[test]
    fn a_key_of_nought_or_a_huge_one_is_bounded() {
        let now = start();
        assert!(IdentifyQueue::new(0, 1, now).turn(now, 7).is_ok());
        assert_eq!(IdentifyQueue::new(u32::MAX, 1, now).keys.len(), 1_024);
    }
}
