//! A plain "n per t".

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// At most `limit` things within any stretch of `period`, wherever the stretch begins.
///
/// Discord does not say when its windows begin; a sliding window is inside every one of them.
/// Room can be kept for what must not wait: the gateway's send budget keeps some for heartbeats.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ovenjs_ratelimit::Window;
///
/// # #[expect(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let minute = Duration::from_secs(60);
/// let mut sends = Window::new(3, minute);
/// assert!(sends.take(now, 1).is_ok());
/// assert!(sends.take(now, 1).is_ok());
/// // The last place is kept for the heartbeat.
/// assert_eq!(sends.take(now, 1), Err(now + minute));
/// assert!(sends.take(now, 0).is_ok());
/// assert_eq!(sends.take(now, 0), Err(now + minute));
/// assert!(sends.take(now + minute, 1).is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Window {
    limit: u32,
    period: Duration,
    /// When each thing of the last period was done, oldest first; never more than `limit`.
    done: VecDeque<Instant>,
}

impl Window {
    /// A window of at most `limit` per `period`; a limit of nought counts as one.
    #[must_use]
    pub fn new(limit: u32, period: Duration) -> Self {
        Self {
            limit: limit.max(1),
            period,
            done: VecDeque::new(),
        }
    }

    /// Takes one place at `now`, leaving at least `keep` places free.
    ///
    /// # Errors
    ///
    /// The moment to ask again. With `keep` at or above the limit that moment never helps.
    pub fn take(&mut self, now: Instant, keep: u32) -> Result<(), Instant> {
        self.ready(now, keep)?;
        self.done.push_back(now);
        Ok(())
    }

    /// Whether [`take`](Self::take) would succeed.
    ///
    /// # Errors
    ///
    /// The moment to ask again.
    pub fn ready(&mut self, now: Instant, keep: u32) -> Result<(), Instant> {
        self.forget(now);
        let allowed = usize::try_from(self.limit.saturating_sub(keep)).unwrap_or(usize::MAX);
        let Some(excess) = self.done.len().checked_sub(allowed) else {
            return Ok(());
        };
        // The place is free when as many have grown old that fewer than `allowed` are left.
        let last = self.done.get(excess).or_else(|| self.done.back());
        Err(last.map_or(now, |done| *done) + self.period)
    }

    /// How many places are free at `now`.
    #[must_use]
    pub fn free(&self, now: Instant) -> u32 {
        let recent = self
            .done
            .iter()
            .filter(|done| **done + self.period > now)
            .count();
        self.limit
            .saturating_sub(u32::try_from(recent).unwrap_or(u32::MAX))
    }

    /// How many things fit into one period.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Changes the limit, also for the period under way.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit.max(1);
    }

    /// Forgets everything: a new connection has a new budget.
    pub fn clear(&mut self) {
        self.done.clear();
    }

    fn forget(&mut self, now: Instant) {
        while self
            .done
            .front()
            .is_some_and(|done| *done + self.period <= now)
        {
            self.done.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limiter::tests::start;

    proptest! {
        #[test]
        fn no_stretch_holds_more_than_the_limit(
            limit in 1_u32..8,
            steps in proptest::collection::vec((0_u64..700, 0_u32..3), 1..200),
        ) {
            let period = Duration::from_millis(1_000);
            let mut window = Window::new(limit, period);
            let mut now = start();
            let mut taken: Vec<Instant> = Vec::new();
            for (pause, keep) in steps {
                now += Duration::from_millis(pause);
                match window.take(now, keep) {
                    Ok(()) => taken.push(now),
                    Err(until) if keep < limit => {
                        prop_assert!(until > now);
                        // The promised moment keeps its word, and no earlier one would do.
                        prop_assert!(window.clone().take(until, keep).is_ok());
                        let just_before = until - Duration::from_nanos(1);
                        prop_assert!(window.clone().take(just_before, keep).is_err());
                    }
                    Err(_) => {}
                }
                prop_assert!(window.free(now) <= limit);
            }
            for from in &taken {
                let inside = taken.iter().filter(|at| **at >= *from && **at < *from + period);
                prop_assert!(inside.count() <= usize::try_from(limit).unwrap());
            }
        }
    }

    #[test]
    fn a_new_connection_begins_with_a_full_budget() {
        let now = start();
        let mut window = Window::new(1, Duration::from_secs(60));
        window.take(now, 0).unwrap();
        assert_eq!(window.free(now), 0);
        window.clear();
        assert!(window.take(now, 0).is_ok());
    }
}
