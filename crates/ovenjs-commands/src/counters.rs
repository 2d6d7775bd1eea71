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
        let one = per / limit;
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

/// The most keys held at once, about 10 MB. Keys that have all their uses again make room first.
const KEYS_MAX: usize = 100_000;
