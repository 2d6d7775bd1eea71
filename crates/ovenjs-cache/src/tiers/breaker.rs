//! When to leave a store alone.

use std::time::{Duration, Instant};

/// Lets calls through to a store until too many fail one after the other; then one at a time, after waits that
/// grow, until one succeeds.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// When the next one may try; nothing while it is closed.
    open_until: Option<Instant>,
    /// Since when one is trying.
    trying: Option<Instant>,
    opened: u64,
}

impl Breaker {
    /// Whether a call may go to the store now. Tell by [`settle`](Self::settle) how it went.
    pub(crate) fn lets_through(&mut self, now: Instant) -> bool {
        let Some(until) = self.open_until else {
            return true;
        };
        // Who tried and was dropped before it could tell does not stand in the way for ever.
        let is_tried = self.trying.is_some_and(|since| now < since + TRY);
        if now < until || is_tried {
            return false;
        }
        self.trying = Some(now);
        true
    }

    pub(crate) fn settle(&mut self, now: Instant, is_away: bool) {
        self.trying = None;
        if !is_away {
            self.failures = 0;
            self.open_until = None;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            if self.open_until.is_none() {
                self.opened += 1;
            }
            let doublings = (self.failures - FAILURES).min(DOUBLINGS_MAX);
            self.open_until = Some(now + WAIT * 2_u32.pow(doublings));
        }
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// How often it opened.
    #[cfg(any(feature = "tiers", test))]
    pub(crate) const fn opened(&self) -> u64 {
        self.opened
    }
}

/// One failure may be the connection's; three in a row are the store's.
const FAILURES: u32 = 3;

/// The first wait. A Redis that restarts is back within a second.
const WAIT: Duration = Duration::from_millis(250);

/// Up to four seconds between two tries, so that all is well within ten seconds of the store's return.
const DOUBLINGS_MAX: u32 = 4;

/// How long one try is waited for before another may.
const TRY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_the_third_failure_and_one_success_closes_it() {
        let (mut breaker, now) = (Breaker::default(), beginning());
        for _ in 0..3 {
            assert!(breaker.lets_through(now));
            breaker.settle(now, true);
        }
        assert!(!breaker.lets_through(now));
        let later = now + WAIT;
        assert!(breaker.lets_through(later), "one tries");
        assert!(!breaker.lets_through(later), "and nobody else");
        breaker.settle(later, false);
        assert!(breaker.lets_through(later) && !breaker.is_open());
        assert_eq!(breaker.opened(), 1);
    }

    #[test]
    fn waits_grow_to_four_seconds() {
        let (mut breaker, mut now) = (Breaker::default(), beginning());
        for _ in 0..30 {
            breaker.settle(now, true);
            now += Duration::from_secs(4);
            assert!(breaker.lets_through(now));
        }
    }

    #[test]
    fn a_try_that_was_dropped_makes_way_for_another() {
        let (mut breaker, now) = (Breaker::default(), beginning());
        for _ in 0..3 {
            breaker.settle(now, true);
        }
        assert!(breaker.lets_through(now + WAIT));
        assert!(breaker.lets_through(now + WAIT + TRY));
    }

    #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
    fn beginning() -> Instant {
        Instant::now()
    }
}
