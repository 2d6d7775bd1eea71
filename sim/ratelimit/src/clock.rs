//! Time: the simulation runs on the server's, and the client's clock shows another.

/// Nanoseconds since the simulation began.
pub(crate) type Nanos = u64;

pub(crate) const MS: Nanos = 1_000_000;
pub(crate) const SECOND: Nanos = 1_000 * MS;

/// The time that never comes.
pub(crate) const NEVER: Nanos = Nanos::MAX;

/// How the two clocks differ.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clocks {
    /// How far the server's wall clock is ahead of the truth. Only `X-RateLimit-Reset` shows it.
    pub(crate) skew: i64,
    /// By how many millionths the client's clock runs faster than the server's.
    pub(crate) ppm: i64,
}

impl Clocks {
    /// What the client's clock shows at `truth`.
    pub(crate) const fn shown(self, truth: Nanos) -> Nanos {
        let gained = truth / MILLION * self.ppm.unsigned_abs()
            + truth % MILLION * self.ppm.unsigned_abs() / MILLION;
        if self.ppm < 0 {
            truth - gained
        } else {
            truth + gained
        }
    }

    /// The first moment at which the client's clock shows `shown`.
    pub(crate) const fn truth(self, shown: Nanos) -> Nanos {
        if self.ppm == 0 || shown == NEVER {
            return shown;
        }
        let mut truth = shown;
        // Each step leaves a few ten thousandths of the former error.
        let mut step = 0;
        while step < 6 {
            truth = (truth + shown).saturating_sub(self.shown(truth));
            step += 1;
        }
        while self.shown(truth) >= shown && truth > 0 {
            truth -= 1;
        }
        while self.shown(truth) < shown {
            truth += 1;
        }
        truth
    }

    /// What the server's wall clock shows, in nanoseconds since 1970.
    pub(crate) fn wall(self, truth: Nanos) -> u64 {
        (EPOCH + truth).saturating_add_signed(self.skew)
    }
}

const MILLION: u64 = 1_000_000;

/// Some day in 2026.
const EPOCH: Nanos = 1_790_000_000 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_wakes_at_the_first_moment_that_shows_its_time() {
        for ppm in [-200, 0, 200] {
            let clocks = Clocks { skew: 0, ppm };
            for shown in [1, 999, SECOND, 86_400 * SECOND + 7] {
                let truth = clocks.truth(shown);
                assert!(clocks.shown(truth) >= shown, "{ppm} {shown}");
                assert!(clocks.shown(truth - 1) < shown, "{ppm} {shown}");
            }
        }
        let fast = Clocks { skew: 0, ppm: 200 };
        assert_eq!(fast.shown(SECOND), SECOND + 200_000);
    }
}
