//! Which answers are looked through for all that their types do not know: a rule.

use std::collections::HashMap;

use ovenjs_types::Drift;

/// What has deviated, and how many answers each operation has had.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    answers: HashMap<&'static str, u32>,
    drift: Drift,
    deviated: u64,
}

impl Watch {
    /// Whether an answer of this length is looked through: the first to its operation, and then one of
    /// `each`; none where that is nought.
    pub(crate) fn is_sample(&mut self, route: &'static str, length: usize, each: u32) -> bool {
        if each == 0 || length > LENGTH_MAX {
            return false;
        }
        let answers = self.answers.entry(route).or_default();
        let is_sample = answers.is_multiple_of(each);
        *answers = answers.wrapping_add(1);
        is_sample
    }

    /// Adds what was found in an answer.
    pub(crate) fn add(&mut self, found: Drift) {
        if !found.is_empty() {
            self.deviated += 1;
            self.drift.merge(found);
        }
    }

    pub(crate) const fn deviated(&self) -> u64 {
        self.deviated
    }

    pub(crate) const fn drift(&self) -> &Drift {
        &self.drift
    }
}

/// A longer answer would take milliseconds of a caller's time, and has in it what shorter ones have.
const LENGTH_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_of_each_operation_is_looked_through_and_then_a_sample() {
        let mut watch = Watch::default();
        let mut sampled = |route, each| {
            let answers = (0..2_001).filter(|_| watch.is_sample(route, 100, each));
            answers.count()
        };
        assert_eq!(sampled("GET /a", 1_000), 3);
        assert_eq!(sampled("GET /b", 1_000), 3);
        assert_eq!(sampled("GET /c", 0), 0);
        assert_eq!(sampled("GET /c", 1), 2_001);
        assert!(!watch.is_sample("GET /d", LENGTH_MAX + 1, 1));
    }
}
