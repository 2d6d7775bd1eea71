//! Invalid requests of tokens that are not kept any more: Discord goes on counting them, since it bans the
//! address for them. A rule without a clock.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How many there were, by when it was told.
#[derive(Debug, Default)]
pub(crate) struct Bygone(VecDeque<(Instant, u32)>);

impl Bygone {
    /// A token goes that has so many.
    pub(crate) fn add(&mut self, now: Instant, invalid: u32) {
        self.forget(now);
        if invalid == 0 {
            return;
        }
        match self.0.back_mut() {
            Some((told, count)) if now.saturating_duration_since(*told) < TOGETHER => {
                *count = count.saturating_add(invalid);
            }
            _ => self.0.push_back((now, invalid)),
        }
    }

    /// How many count still.
    pub(crate) fn count(&mut self, now: Instant) -> u32 {
        self.forget(now);
        let counts = self.0.iter().map(|(_, count)| *count);
        counts.fold(0, u32::saturating_add)
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |told: Instant| now.saturating_duration_since(told) >= COUNTED;
        while self.0.front().is_some_and(|(told, _)| is_old(*told)) {
            self.0.pop_front();
        }
    }
}

/// As long as Discord counts them. When each of them was is not known, but whoever goes has not asked for a
/// minute.
const COUNTED: Duration = Duration::from_mins(10);

/// Those that are told within this time are one entry, as of the first: well within that minute, and sixty at
/// most are kept.
const TOGETHER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning for the virtual clock"
    )]
    fn they_count_for_ten_minutes() {
        let (mut bygone, start) = (Bygone::default(), Instant::now());
        bygone.add(start, 30);
        bygone.add(start, 0);
        bygone.add(start + TOGETHER, 5);
        assert_eq!(bygone.count(start + TOGETHER), 35);
        assert_eq!(bygone.count(start + COUNTED), 5);
        assert_eq!(bygone.count(start + COUNTED + TOGETHER), 0);
        for second in 0..100_000 {
            bygone.add(start + Duration::from_secs(second), 1);
            assert!(bygone.0.len() <= 60);
        }
    }
}
