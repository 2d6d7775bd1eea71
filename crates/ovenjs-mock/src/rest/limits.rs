//! Fixed windows per route and major parameter, and one for the whole bot.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{config::Limits, time::millis};

/// Counts requests and says which are too many.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    buckets: HashMap<(String, String), Window>,
    global: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Instant,
    used: u32,
}

/// A place in a bucket, and what the headers say about it.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    limit: u32,
    remaining: u32,
    reset_unix_ms: u64,
    reset_after: Duration,
    bucket: String,
}

/// A request that came too early.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) wait: Duration,
    pub(crate) scope: &'static str,
    pub(crate) allowance: Option<Allowance>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            buckets: HashMap::new(),
            global: None,
        }
    }

    /// Takes a place in the bucket of `route` and `major`.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        unix_ms: u64,
        route: &str,
        major: &str,
        exempt_from_global: bool,
    ) -> Result<Allowance, Refused> {
        let enforced = self.limits.enforced;
        if let (Some(most), true, false) =
            (self.limits.global_per_second, enforced, exempt_from_global)
        {
            let window = current(self.global, now, GLOBAL_WINDOW);
            if window.used >= most {
                let wait = window.ends.saturating_duration_since(now);
                return Err(Refused {
                    wait,
                    scope: "global",
                    allowance: None,
                });
            }
            self.global = Some(Window {
                used: window.used + 1,
                ..window
            });
        }
        let named = self.limits.routes.iter().find(|(name, ..)| name == route);
        let (limit, span) = named.map_or(self.limits.default, |(_, limit, span)| (*limit, *span));
        if self.buckets.len() >= MAX_BUCKETS {
            self.buckets.retain(|_, window| window.ends > now);
        }
        let key = (route.to_owned(), major.to_owned());
        let mut window = current(self.buckets.get(&key).copied(), now, span);
        let refused = enforced && window.used >= limit;
        if !refused {
            window.used = window.used.saturating_add(1);
        }
        self.buckets.insert(key, window);
        let reset_after = window.ends.saturating_duration_since(now);
        let allowance = Allowance {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset_unix_ms: unix_ms + millis(reset_after),
            reset_after,
            bucket: bucket_name(route),
        };
        if refused {
            return Err(Refused {
                wait: reset_after,
                scope: "user",
                allowance: Some(allowance),
            });
        }
        Ok(allowance)
    }
}

impl Allowance {
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let (seconds, rest) = (self.reset_unix_ms / 1000, self.reset_unix_ms % 1000);
        vec![
            ("X-RateLimit-Limit", self.limit.to_string()),
            ("X-RateLimit-Remaining", self.remaining.to_string()),
            ("X-RateLimit-Reset", format!("{seconds}.{rest:03}")),
            (
                "X-RateLimit-Reset-After",
                format!("{:.3}", self.reset_after.as_secs_f64()),
            ),
            ("X-RateLimit-Bucket", self.bucket.clone()),
        ]
    }
}

/// The running window, or a new one where it is over.
fn current(window: Option<Window>, now: Instant, span: Duration) -> Window {
    window.filter(|window| window.ends > now).unwrap_or(Window {
        ends: now + span,
        used: 0,
    })
}

/// Like Discord's, the name says nothing, is the same for all major parameters and differs by route.
fn bucket_name(route: &str) -> String {
    let mix = |seed: u64| {
        route.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    format!(
        "{:016x}{:016x}",
        mix(0xcbf2_9ce4_8422_2325),
        mix(0x6c62_272e_07bb_0142)
    )
}

const GLOBAL_WINDOW: Duration = Duration::from_secs(1);

/// Beyond this many buckets those whose window is over are forgotten.
const MAX_BUCKETS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "the script starts at any instant"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_bucket_refuses_when_full_and_opens_again_with_its_window() {
        let rules = Limits::default().route("POST /x", 2, Duration::from_secs(5));
        let mut limiter = Limiter::new(rules);
        let now = start();
        assert_eq!(
            limiter
                .take(now, 0, "POST /x", "1", false)
                .expect("first")
                .remaining,
            1
        );
        assert_eq!(
            limiter
                .take(now, 0, "POST /x", "1", false)
                .expect("second")
                .remaining,
            0
        );
        let refused = limiter.take(now + Duration::from_secs(2), 0, "POST /x", "1", false);
        let refused = refused.expect_err("third");
        assert_eq!(
            (refused.wait, refused.scope),
            (Duration::from_secs(3), "user")
        );
        limiter
            .take(now, 0, "POST /x", "2", false)
            .expect("another channel has its own bucket");
        limiter
            .take(now + Duration::from_secs(5), 0, "POST /x", "1", false)
            .expect("a new window");
    }

    #[test]
    fn the_global_limit_counts_all_routes_but_those_of_interactions() {
        let mut limiter = Limiter::new(Limits::default().global_per_second(1));
        let now = start();
        limiter.take(now, 0, "GET /a", "", false).expect("first");
        let refused = limiter
            .take(now, 0, "GET /b", "", false)
            .expect_err("second");
        assert_eq!(refused.scope, "global");
        limiter.take(now, 0, "POST /c", "", true).expect("exempt");
    }
}
