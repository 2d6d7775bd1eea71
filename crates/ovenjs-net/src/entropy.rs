//! Randomness for jitter and boundaries, not for keys.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A source of random numbers. Good enough to spread load; never a source of keys.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// The next 64 random bits.
    fn u64(&self) -> u64;

    /// A number of `0.0..1.0`, in steps of 2⁻³².
    fn fraction(&self) -> f64 {
        let high = u32::try_from(self.u64() >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A duration of `0..max`: "full jitter".
    fn below(&self, max: Duration) -> Duration {
        max.mul_f64(self.fraction())
    }
}

/// Randomness seeded by the operating system, once for each thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// The same numbers for the same seed, for tests and replays.
///
/// ```
/// use ovenjs_net::{Entropy, SeededEntropy};
///
/// let (one, two) = (SeededEntropy::new(7), SeededEntropy::new(7));
/// assert_eq!(one.u64(), two.u64());
/// assert_ne!(one.u64(), one.u64());
/// assert!((0.0..1.0).contains(&one.fraction()));
/// ```
#[derive(Debug, Default)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// A source that begins at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    /// SplitMix64: one addition is the whole state, so threads can share it.
    fn u64(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
