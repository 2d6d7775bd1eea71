//! The invalid requests of the last ten minutes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Counts answers 401, 403 and own-fault 429, which Discord's edge bans an address for at 10,000
/// in ten minutes. Minutes are counted as wholes, and the oldest is kept until all of it is older
/// than ten minutes: the count is never too low.
#[derive(Debug, Default)]
pub(crate) struct Invalid {
    minutes: VecDeque<(Instant, u32)>,
}

const PERIOD: Duration = Duration::from_mins(10);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

impl Invalid {
    pub(crate) fn add(&mut self, now: Instant) {
        self.forget(now);
        match self.minutes.back_mut() {
            Some((began, count)) if now < *began + MINUTE => *count = count.saturating_add(1),
            _ => self.minutes.push_back((now, 1)),
        }
    }

    pub(crate) fn count(&mut self, now: Instant) -> u32 {
        self.forget(now);
        self.minutes
            .iter()
            .fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// When the oldest counted minute is forgotten.
    pub(crate) fn eases_at(&self) -> Option<Instant> {
        self.minutes
            .front()
            .map(|(began, _)| *began + MINUTE + PERIOD)
    }

    fn forget(&mut self, now: Instant) {
        while self.eases_at().is_some_and(|at| at <= now) {
            self.minutes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Config, Headers, Limiter, Priority, Reservation, Verdict,
        limiter::tests::{post, start},
    };

    #[test]
    fn what_is_older_than_ten_minutes_is_forgotten_and_nothing_younger() {
        let now = start();
        let mut invalid = Invalid::default();
        for second in 0..1_200 {
            invalid.add(now + Duration::from_secs(second));
        }
        let end = now + Duration::from_secs(1_199);
        let count = invalid.count(end);
        assert!((600..=660).contains(&count), "{count}");
        assert!(invalid.minutes.len() <= 12);
        assert_eq!(invalid.count(end + PERIOD + MINUTE), 0);
    }

    /// An hour in which every answer is a 403, with fifty requests on their way all the time: half of Discord's
    /// limit for bulk, four fifths for the rest, and below the limit with answers to interactions.
    #[test]
    fn an_hour_of_refusals_stays_below_discords_limit() {
        let bounds = [
            (Priority::Bulk, 5_000),
            (Priority::Normal, 8_000),
            (Priority::Interactive, 9_500),
        ];
        for (priority, most) in bounds {
            let limiter = Limiter::new(Config::new());
            let ask = |n| post(n).priority(priority).exempt_from_global(true);
            let (mut refused, mut out) = (VecDeque::new(), Vec::new());
            let mut fullest = 0;
            for half in 0..7_200 {
                let now = start() + Duration::from_millis(500 * half);
                for permit in std::mem::take(&mut out) {
                    limiter.settle(now, permit, Verdict::Refused(Headers::default()));
                    refused.push_back(now);
                }
                while refused.front().is_some_and(|at| *at + PERIOD < now) {
                    refused.pop_front();
                }
                fullest = fullest.max(refused.len());
                for n in 0..50 {
                    if let Reservation::Ready(permit) = limiter.reserve(now, &ask(n)) {
                        out.push(permit);
                    }
                }
            }
            assert!(fullest <= most + 50, "{priority:?}: {fullest}");
            assert!(
                fullest > most / 2,
                "{priority:?}: only {fullest} were tried"
            );
        }
    }
}
