//! Cooldowns counted in this process.

use std::{
    collections::HashMap,
    future::ready,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{BoxFuture, Counters, Error, Taken};

/// Counts in this process, by the generic cell rate rule: uses come back one by one, evenly, so
/// nobody can spend two spans' worth around the turn of a span.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ovenjs_commands::{LocalCounters, Taken};
///
/// fn story(start: Instant) {
///     let counters = LocalCounters::new();
///     let (limit, per) = (2, Duration::from_secs(10));
///     assert_eq!(counters.count("ann", limit, per, start), Taken::Allowed);
///     assert_eq!(counters.count("ann", limit, per, start), Taken::Allowed);
///     let spent = Taken::Spent { retry_after: Duration::from_secs(5) };
///     assert_eq!(counters.count("ann", limit, per, start), spent);
///     // Another key is another count.
///     assert_eq!(counters.count("bob", limit, per, start), Taken::Allowed);
///     assert_eq!(counters.count("ann", limit, per, start + Duration::from_secs(5)), Taken::Allowed);
/// }
/// # story(Instant::now());
/// ```
#[derive(Debug, Default)]
pub struct LocalCounters {
    /// For each key, when it will have all its uses again.
    whole_again: Mutex<HashMap<Box<str>, Instant>>,
}

impl LocalCounters {
    /// Nobody has done anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one of `limit` uses that `key` has in each span of `per`; a limit of 0 counts as 1.
    #[must_use]
    pub fn count(&self, key: &str, limit: u32, per: Duration, now: Instant) -> Taken {
        let limit = limit.max(1);
        let one = per.min(PER_MAX) / limit;
        // A poisoned map is as good as any: no invariant spans two of its entries.
        let mut map = self
            .whole_again
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let whole = map.get(key).copied().unwrap_or(now).max(now);
        let after = whole + one;
        let room = now + one * limit;
        if after > room {
            return Taken::Spent {
                retry_after: after.duration_since(room),
            };
        }
        if map.len() >= KEYS_MAX && !map.contains_key(key) {
            map.retain(|_, whole| *whole > now);
            if map.len() >= KEYS_MAX {
                // Fail open: a full table must not lock everybody out.
                return Taken::Allowed;
            }
        }
        map.insert(key.into(), after);
        Taken::Allowed
    }
}

impl Counters for LocalCounters {
    fn take<'a>(
        &'a self,
        key: &'a str,
        limit: u32,
        per: Duration,
        now: Instant,
    ) -> BoxFuture<'a, Result<Taken, Error>> {
        Box::pin(ready(Ok(self.count(key, limit, per, now))))
    }
}

/// The longest span: longer ones, up to what no clock can tell, count as a year.
const PER_MAX: Duration = Duration::from_secs(365 * 86_400);

/// The most keys held at once, about 10 MB. Keys that have all their uses again make room first.
const KEYS_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    const PER: Duration = Duration::from_secs(60);

    #[test]
    fn uses_come_back_one_by_one() {
        let start = start();
        let counters = LocalCounters::new();
        let at = |seconds| counters.count("ann", 3, PER, start + Duration::from_secs(seconds));
        assert_eq!([at(0), at(0), at(0)], [Taken::Allowed; 3]);
        let retry_after = Duration::from_secs(20);
        assert_eq!(at(0), Taken::Spent { retry_after });
        // A refusal costs nothing, and there is no second burst once the span is over.
        assert_eq!(at(20), Taken::Allowed);
        assert_eq!(
            at(21),
            Taken::Spent {
                retry_after: Duration::from_secs(19)
            }
        );
        assert_eq!(at(60), Taken::Allowed);
        assert_eq!(at(60), Taken::Allowed);
        assert_eq!(at(60), Taken::Spent { retry_after });
        // In the long run each has all uses again.
        assert_eq!([at(600), at(600), at(600)], [Taken::Allowed; 3]);
    }

    #[test]
    fn a_full_table_makes_room_or_lets_through() {
        let start = start();
        let counters = LocalCounters::new();
        for key in 0..KEYS_MAX {
            let taken = counters.count(&key.to_string(), 1, PER, start);
            assert_eq!(taken, Taken::Allowed);
        }
        assert_eq!(counters.count("new", 1, PER, start), Taken::Allowed);
        assert_eq!(counters.count("new", 1, PER, start), Taken::Allowed);
        assert!(matches!(
            counters.count("0", 1, PER, start),
            Taken::Spent { .. }
        ));
        assert_eq!(counters.whole_again.lock().unwrap().len(), KEYS_MAX);

        let later = start + PER;
        assert_eq!(counters.count("new", 1, PER, later), Taken::Allowed);
        assert!(matches!(
            counters.count("new", 1, PER, later),
            Taken::Spent { .. }
        ));
        assert_eq!(counters.whole_again.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_span_that_no_clock_can_tell_is_survived() {
        let (start, counters) = (start(), LocalCounters::new());
        let take = || counters.count("ann", 1, Duration::MAX, start);
        assert_eq!(take(), Taken::Allowed);
        assert!(matches!(take(), Taken::Spent { .. }));
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a place to start from; the time after it is wound by hand"
    )]
    fn start() -> Instant {
        Instant::now()
    }
}
