//! How long answers take.

use std::time::Duration;

/// The recent answers of a store, counted by how long they took.
///
/// The steps are 1, 2, 3, 4, 6, 8, 12 µs and so on, two for each power of two: so what is told is too long by a half at
/// most, and all of it takes a few hundred bytes.
#[derive(Debug)]
pub(crate) struct Latencies {
    counts: [u32; STEPS],
    count: u32,
}

impl Latencies {
    pub(crate) fn note(&mut self, took: Duration) {
        let step = step(took).min(STEPS - 1);
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
            self.count += 1;
        }
        if self.count >= COUNTED {
            self.counts = self.counts.map(|count| count / 2);
            self.count = self.counts.iter().sum();
        }
    }

    /// What so many in a hundred answers did not exceed; zero where there was none.
    pub(crate) fn percentile(&self, percent: u32) -> Duration {
        let wanted = (self.count * percent).div_ceil(100);
        let mut within = 0;
        let reached = self.counts.iter().position(|count| {
            within += count;
            within >= wanted
        });
        match reached {
            Some(step) if self.count > 0 => end(step),
            _ => Duration::ZERO,
        }
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: [0; STEPS],
            count: 0,
        }
    }
}

/// The step that counts an answer: two for each power of two.
fn step(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let octave = micros.ilog2();
    let is_upper_half = octave > 0 && micros >> (octave - 1) & 1 == 1;
    usize::try_from(octave).map_or(usize::MAX, |octave| 2 * octave + usize::from(is_upper_half))
}

/// Where a step ends.
fn end(step: usize) -> Duration {
    let octave = step / 2;
    Duration::from_micros(if step.is_multiple_of(2) {
        (3 << octave) / 2
    } else {
        2 << octave
    })
}

/// Up to two minutes, longer than any question may take.
const STEPS: usize = 54;

/// So many answers are counted before all counts are halved: enough that one in a hundred is told well, and few enough
/// that a store which has become fast again is not blamed for long.
const COUNTED: u32 = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_too_long_by_a_half_at_most() {
        for micros in (0..200_000).chain([100_000_000]) {
            let mut latencies = Latencies::default();
            let took = Duration::from_micros(micros);
            latencies.note(took);
            let told = latencies.percentile(50);
            assert!(
                took <= told && told.as_micros() * 2 <= u128::from(micros.max(1)) * 3 + 1,
                "{took:?} is {told:?}"
            );
        }
    }

    #[test]
    fn the_few_slow_ones_are_told_apart() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(99), Duration::ZERO);
        for number in 0..1_000 {
            let is_slow = number % 50 == 0;
            latencies.note(Duration::from_micros(if is_slow { 5_000 } else { 80 }));
        }
        assert_eq!(latencies.percentile(50), Duration::from_micros(96));
        assert_eq!(latencies.percentile(98), Duration::from_micros(96));
        assert_eq!(latencies.percentile(99), Duration::from_micros(6_144));
    }

    #[test]
    fn a_store_that_has_become_fast_is_soon_told_so() {
        let mut latencies = Latencies::default();
        for _ in 0..COUNTED {
            latencies.note(Duration::MAX);
        }
        assert!(latencies.percentile(1) > Duration::from_secs(60));
        for _ in 0..8 * COUNTED {
            latencies.note(Duration::from_micros(80));
        }
        assert_eq!(latencies.percentile(99), Duration::from_micros(96));
    }
}
