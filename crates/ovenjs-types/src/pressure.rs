//! How short memory is.

use std::fmt;

/// How short of memory the process is: for all that holds more of it than it must.
///
/// [`MemoryGauge`] tells it from what is used and what there is.
///
/// ```
/// use ovenjs_types::Pressure;
///
/// assert!(Pressure::Low < Pressure::Critical);
/// // A bound of sixteen is lowered to four, and then to one.
/// let bounds = [Pressure::Low, Pressure::High, Pressure::Critical].map(|level| level.share(16));
/// assert_eq!(bounds, [16, 4, 1]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pressure {
    /// There is enough. Everything may fill its bounds.
    #[default]
    Low,
    /// It gets scarce. What is kept for speed alone is given back, and bounds are a quarter.
    High,
    /// The system is about to end the process. Bounds are a sixteenth.
    Critical,
}

impl Pressure {
    /// What is left of a bound: all of it, a quarter, a sixteenth, and never nothing.
    #[must_use]
    pub const fn share(self, bound: usize) -> usize {
        let share = match self {
            Self::Low => bound,
            Self::High => bound / 4,
            Self::Critical => bound / 16,
        };
        if share == 0 { 1 } else { share }
    }
}

impl fmt::Display for Pressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// Tells the [`Pressure`] from readings, pure: whoever reads gives the numbers.
///
/// It rises as soon as a reading says so, to [`Pressure::High`] at 80 % of the limit and to
/// [`Pressure::Critical`] at 92 %, and falls only at 70 % and 85 %, lest it change with each reading.
///
/// ```
/// use ovenjs_types::{MemoryGauge, Pressure};
///
/// let mut gauge = MemoryGauge::new();
/// assert_eq!(gauge.handle(500, 1_000), None);
/// assert_eq!(gauge.handle(800, 1_000), Some(Pressure::High));
/// // Below where it rose it is still high.
/// assert_eq!(gauge.handle(750, 1_000), None);
/// assert_eq!(gauge.handle(650, 1_000), Some(Pressure::Low));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryGauge(Pressure);

impl MemoryGauge {
    /// A gauge that knows of no pressure yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Pressure::Low)
    }

    /// Takes in how much is used and how much may be, in the same unit. Gives the pressure where it
    /// has changed.
    pub fn handle(&mut self, used: u64, limit: u64) -> Option<Pressure> {
        let permille = u128::from(used) * 1000 / u128::from(limit.max(1));
        let level = match self.0 {
            _ if permille >= CRITICAL_FROM => Pressure::Critical,
            Pressure::Critical if permille > CRITICAL_UNTIL => Pressure::Critical,
            _ if permille >= HIGH_FROM => Pressure::High,
            Pressure::High | Pressure::Critical if permille > HIGH_UNTIL => Pressure::High,
            _ => Pressure::Low,
        };
        (std::mem::replace(&mut self.0, level) != level).then_some(level)
    }

    /// The pressure as of the last reading.
    #[must_use]
    pub const fn pressure(self) -> Pressure {
        self.0
    }
}

/// A fifth is left: some seconds of a flood in a small container, and time for handlers to end.
const HIGH_FROM: u128 = 800;

/// What the lowered bounds free in a bot that is mostly backlog brings it here at once.
const HIGH_UNTIL: u128 = 700;

/// A system that ends processes does so without a word at its limit.
const CRITICAL_FROM: u128 = 920;

/// As far below as pages of other sizes make a reading jump.
const CRITICAL_UNTIL: u128 = 850;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_at_once_and_falls_late() {
        let mut gauge = MemoryGauge::new();
        let story = [
            (0, Pressure::Low),
            (799, Pressure::Low),
            (800, Pressure::High),
            (919, Pressure::High),
            (701, Pressure::High),
            (700, Pressure::Low),
            (799, Pressure::Low),
            (920, Pressure::Critical),
            (851, Pressure::Critical),
            (850, Pressure::High),
            (851, Pressure::High),
            (2_000, Pressure::Critical),
            (701, Pressure::High),
            (1_000, Pressure::Critical),
            (700, Pressure::Low),
        ];
        for (used, level) in story {
            let before = gauge.pressure();
            let told = gauge.handle(used, 1_000);
            assert_eq!(gauge.pressure(), level, "{used}");
            assert_eq!(told, (before != level).then_some(level), "{used}");
        }
    }

    #[test]
    fn a_reading_that_trembles_changes_nothing() {
        for middle in 0..1_200_u64 {
            let mut gauge = MemoryGauge::new();
            let changes = (0..100_u64).filter(|n| {
                let tremble = if n % 2 == 0 { 0 } else { 60 };
                gauge.handle(middle + tremble, 1_000).is_some()
            });
            assert!(changes.count() <= 2, "around {middle}");
        }
    }

    #[test]
    fn no_number_is_too_large_or_too_small() {
        let mut gauge = MemoryGauge::new();
        assert_eq!(gauge.handle(u64::MAX, 1), Some(Pressure::Critical));
        assert_eq!(gauge.handle(u64::MAX, u64::MAX), None);
        assert_eq!(gauge.handle(0, 0), Some(Pressure::Low));
        assert_eq!(gauge.handle(1, 0), Some(Pressure::Critical));
        assert_eq!(Pressure::Critical.share(3), 1);
    }
}
