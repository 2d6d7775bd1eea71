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

/// Knows how long to wait between attempts, and for an attempt.
///
/// Two things are told apart. Where the *network* fails, the next attempt follows within two seconds
/// however long the outage is: an attempt costs a packet or two, nobody is asked for anything, and a
/// shard is to receive again within five seconds after the network is back. Where the *server*
/// refuses, waits double up to a minute: it has heard us, and more of the same does not help it.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    base: Duration,
    max: Duration,
    failures: u32,
    refusals: u32,
    failing_since: Option<Instant>,
    /// How long it took to open the last connection that opened.
    usual_opening: Option<Duration>,
}

/// What a connection was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It brought events or began a session, at the given moment at the latest.
    Useful { established: Option<Instant> },
    /// Nobody answered, or nobody any more.
    Unreached,
    /// It was open and ended without a word before it was good for anything.
    Dropped,
    /// The server ended it with a reason before it was good for anything.
    Refused,
}

impl Backoff {
    pub(crate) fn new(base: Duration, max: Duration) -> Self {
        Self {
            base,
            max: max.min(LONGEST),
            failures: 0,
            refusals: 0,
            failing_since: None,
            usual_opening: None,
        }
    }

    /// How long an attempt to open a connection may take.
    ///
    /// An attempt that began while the network was down may hang although it is up again, so it is
    /// ended early where it is known how long opening usually takes. Not for ever: the network that
    /// comes back may be a slower one.
    pub(crate) fn opening(&self, now: Instant) -> Duration {
        let long = self
            .failing_since
            .is_some_and(|since| now.saturating_duration_since(since) >= OUTAGE_LONG);
        match self.usual_opening {
            Some(usual) if !long => usual
                .saturating_mul(OPENING_FACTOR)
                .clamp(OPENING_MIN, OPENING_MAX),
            _ => OPENING_MAX,
        }
    }

    /// A connection is open; that took so long.
    pub(crate) fn opened(&mut self, took: Duration) {
        self.usual_opening = Some(took);
        self.failures = 0;
        self.failing_since = None;
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
                self.refusals = 0;
                return Duration::ZERO;
            }
            Outcome::Unreached => {
                self.failing_since.get_or_insert(now);
                let wait = self.doubled(self.failures).min(UNREACHED_MAX).min(self.max);
                self.failures = self.failures.saturating_add(1);
                // From nought on: of many shards that lose the network at once, few come at once.
                return wait.mul_f64(jitter.fraction());
            }
            Outcome::Useful { .. } | Outcome::Dropped => self.max.min(DROPPED_MAX),
            Outcome::Refused => self.max,
        };
        let wait = self.doubled(self.refusals).min(cap);
        self.refusals = self.refusals.saturating_add(1);
        wait.mul_f64(0.5 + jitter.fraction() / 2.0)
    }

    fn doubled(&self, times: u32) -> Duration {
        self.base.saturating_mul(2_u32.saturating_pow(times))
    }
}

/// Who asks for more means "hardly ever"; sums with it stay far from the end of time.
const LONGEST: Duration = Duration::from_secs(86_400);

/// A connection that lived this long was no accident.
const HELD_AFTER: Duration = Duration::from_secs(10);

/// The longest wait while the network is away. Together with an attempt that hangs for
/// [`OPENING_MIN`] it leaves 99 of 100 shards connected five seconds after the network is back.
const UNREACHED_MAX: Duration = Duration::from_secs(2);

/// The longest wait while connections open but end without a reason, whether they bring events or
/// not: recovery is quick even if none of them holds.
const DROPPED_MAX: Duration = Duration::from_secs(4);

/// The least time for names, TCP, TLS and upgrade, and the most.
const OPENING_MIN: Duration = Duration::from_secs(3);
const OPENING_MAX: Duration = Duration::from_secs(20);

/// How much longer than the last time an opening may take.
const OPENING_FACTOR: u32 = 4;

/// After this long, what was usual before counts no more.
const OUTAGE_LONG: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::start;

    fn new() -> (Backoff, Jitter) {
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
        (backoff, Jitter::new(1))
    }

    #[test]
    fn waits_after_refusals_double_up_to_the_cap_and_are_spread() {
        let now = start();
        let (mut backoff, mut jitter) = new();
        let waits: Vec<Duration> = (0..40)
            .map(|_| backoff.after(Outcome::Refused, now, &mut jitter))
            .collect();
        assert!(waits[0] >= Duration::from_millis(250) && waits[0] < Duration::from_millis(500));
        assert!(waits[3] >= Duration::from_secs(2) && waits[3] < Duration::from_secs(4));
        let (least, most) = (Duration::from_secs(30), Duration::from_secs(60));
        assert!(waits[10..].iter().all(|wait| (least..most).contains(wait)));
        let useful = Outcome::Useful {
            established: Some(now),
        };
        assert!(backoff.after(useful, now, &mut jitter) <= DROPPED_MAX);
        let later = now + HELD_AFTER;
        assert_eq!(backoff.after(useful, later, &mut jitter), Duration::ZERO);
        let first = backoff.after(Outcome::Refused, later, &mut jitter);
        assert!(first < Duration::from_millis(500), "all is forgiven");
    }

    #[test]
    fn a_network_that_is_away_is_tried_every_two_seconds_whatever_the_server_said_before() {
        let now = start();
        let (mut backoff, mut jitter) = new();
        for _ in 0..20 {
            backoff.after(Outcome::Refused, now, &mut jitter);
        }
        let waits: Vec<Duration> = (0..1000)
            .map(|_| backoff.after(Outcome::Unreached, now, &mut jitter))
            .collect();
        assert!(waits.iter().all(|wait| *wait <= UNREACHED_MAX));
        let sum: Duration = waits.iter().sum();
        assert!(sum > Duration::from_secs(800), "{sum:?} for 1000 attempts");
        assert!(
            waits[3..].iter().any(|wait| *wait < UNREACHED_MAX / 10),
            "spread"
        );
    }

    #[test]
    fn an_attempt_may_take_some_times_what_it_took_before() {
        let now = start();
        let (mut backoff, mut jitter) = new();
        assert_eq!(backoff.opening(now), OPENING_MAX);
        backoff.opened(Duration::from_millis(1_500));
        assert_eq!(backoff.opening(now), Duration::from_secs(6));
        backoff.opened(Duration::from_millis(50));
        assert_eq!(backoff.opening(now), OPENING_MIN);
        backoff.after(Outcome::Unreached, now, &mut jitter);
        assert_eq!(backoff.opening(now), OPENING_MIN);
        assert_eq!(backoff.opening(now + OUTAGE_LONG), OPENING_MAX);
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
