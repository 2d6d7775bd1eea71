//! How long to wait before the next attempt.

use std::time::{Duration, Instant};

/// Random numbers that follow from what the shell gave as entropy, and from nothing else.
///
/// SplitMix64: one number is the whole state.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(entropy: u64) -> Self {
        Self(entropy)
    }

    /// Mixes fresh entropy in.
    pub(crate) const fn stir(&mut self, entropy: u64) {
        self.0 = self.0.rotate_left(32) ^ entropy;
    }

    /// A number of `0.0..1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Counts attempts that came to nothing.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    base: Duration,
    max: Duration,
    attempts: u32,
}

/// What a connection was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It never got to deliver anything.
    Fruitless,
    /// It delivered events or began a session, at the given moment at the latest.
    Useful { established: Option<Instant> },
}

impl Backoff {
    pub(crate) fn new(base: Duration, max: Duration) -> Self {
        Self {
            base,
            max: max.min(LONGEST),
            attempts: 0,
        }
    }

    /// How long to wait after a connection that ended `now`.
    ///
    /// One that held is followed by the next at once. One that was useful but short waits little,
    /// but it does wait: a peer that accepts and hangs up must not be called without pause.
    pub(crate) fn after(
        &mut self,
        outcome: Outcome,
        now: Instant,
        jitter: &mut Jitter,
    ) -> Duration {
        let cap = match outcome {
            Outcome::Useful {
                established: Some(since),
            } if now.saturating_duration_since(since) >= HELD_AFTER => {
                self.attempts = 0;
                return Duration::ZERO;
            }
            Outcome::Useful { .. } => self.max.min(USEFUL_MAX),
            Outcome::Fruitless => self.max,
        };
        let doubled = self
            .base
            .saturating_mul(2_u32.saturating_pow(self.attempts));
        self.attempts = self.attempts.saturating_add(1);
        doubled.min(cap).mul_f64(0.5 + jitter.fraction() / 2.0)
    }
}

/// Who asks for more means "hardly ever"; sums with it stay far from the end of time.
const LONGEST: Duration = Duration::from_secs(86_400);

/// A connection that lived this long was no accident.
const HELD_AFTER: Duration = Duration::from_secs(10);

/// While connections bring events, recovery is quick even if none of them holds.
const USEFUL_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::start;

    #[test]
    fn waits_double_up_to_the_cap_and_are_spread() {
        let now = start();
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
        let mut jitter = Jitter::new(1);
        let waits: Vec<Duration> = (0..40)
            .map(|_| backoff.after(Outcome::Fruitless, now, &mut jitter))
            .collect();
        assert!(waits[0] >= Duration::from_millis(250) && waits[0] < Duration::from_millis(500));
        assert!(waits[3] >= Duration::from_secs(2) && waits[3] < Duration::from_secs(4));
        assert!(
            waits[10..]
                .iter()
                .all(|wait| *wait >= Duration::from_secs(30))
        );
        assert!(
            waits[10..]
                .iter()
                .all(|wait| *wait < Duration::from_secs(60))
        );
        let useful = backoff.after(
            Outcome::Useful {
                established: Some(now),
            },
            now,
            &mut jitter,
        );
        assert!(useful <= Duration::from_secs(5));
        let later = now + Duration::from_secs(10);
        let held = backoff.after(
            Outcome::Useful {
                established: Some(now),
            },
            later,
            &mut jitter,
        );
        assert_eq!(held, Duration::ZERO);
    }

    #[test]
    fn fractions_are_below_one_and_differ() {
        let mut jitter = Jitter::new(0);
        let all: Vec<f64> = (0..1000).map(|_| jitter.fraction()).collect();
        assert!(all.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = all.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
