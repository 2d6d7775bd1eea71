//! The least of the numbers of the last time.

use std::collections::VecDeque;

/// The least of the last numbers, kept as numbers come and go: of those that came, only such as may yet be
/// the least (a monotonic queue). However many there are, one that comes or goes costs the same on average.
#[derive(Debug, Default)]
pub(super) struct Least {
    /// When each came, counted, and the number; both grow.
    candidates: VecDeque<(u64, i64)>,
}

impl Least {
    pub(super) fn add(&mut self, serial: u64, number: i64) {
        while self
            .candidates
            .back()
            .is_some_and(|(_, other)| *other >= number)
        {
            self.candidates.pop_back();
        }
        self.candidates.push_back((serial, number));
    }

    /// Forgets what came before `serial`.
    pub(super) fn forget(&mut self, serial: u64) {
        while self.candidates.front().is_some_and(|(at, _)| *at < serial) {
            self.candidates.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.candidates.clear();
    }

    pub(super) fn get(&self) -> Option<i64> {
        self.candidates.front().map(|(_, number)| *number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_least_is_that_of_all_that_are_not_forgotten(
            numbers in prop::collection::vec((-9_i64..9, 1_u64..20), 1..200),
        ) {
            let mut least = Least::default();
            for (serial, (number, span)) in (0_u64..).zip(&numbers) {
                least.add(serial, *number);
                let from = serial.saturating_sub(*span).max(least.candidates[0].0);
                least.forget(from);
                let from = usize::try_from(from).unwrap();
                let last = &numbers[from..=usize::try_from(serial).unwrap()];
                prop_assert_eq!(least.get(), last.iter().map(|(number, _)| *number).min());
            }
        }
    }
}
