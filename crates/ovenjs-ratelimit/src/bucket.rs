//! One bucket of one resource: what its answers told, and what may be sent because of it.

use std::time::{Duration, Instant};

use crate::{Bucket as Name, Headers};

/// What is known about the limits of one route on one resource.
///
/// The invariant: whatever this lets out, no window of Discord's holds more than its limit, however
/// long requests and answers travel. It rests on three facts. A request without an answer may count
/// anywhere, so it counts everywhere. A window's end is reckoned from the receipt of an answer,
/// which is never earlier than the truth. Of the answers about one window the smallest `Remaining`
/// holds.
///
/// Buckets that refill drop by drop are inside this too: a refill that is not yet told is not used.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// One for each name that Discord gave the limit here. The name may change with the message's
    /// age, and the next request may count in any of them.
    facts: Vec<Facts>,
    /// Permits that are out: reserved or sent, not settled.
    out: u32,
    /// Sent requests of unknown fate. The first is forgotten at `lost_until`, each further one a
    /// period later: a leaky bucket may refill no faster.
    lost: u32,
    lost_until: Option<Instant>,
    /// Dropped permits whose requests may be on the way; counted as lost at the next `now`.
    dropped: u32,
    blocked_until: Option<Instant>,
    /// Answers come without limits.
    unlimited: bool,
    /// A 429 contradicted the headers: one request at a time until one passes.
    doubted: bool,
    pub(crate) used_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Facts {
    name: Option<Name>,
    limit: u32,
    /// The smallest number of requests that were left, in the window that ends at `end`.
    least: u32,
    end: Instant,
    /// Discord's name of the window: its end on Discord's clock.
    reset: Option<Duration>,
    /// The longest time to a reset that was ever told: the length of a window, about.
    period: Duration,
}

/// What a route's buckets have in common over all resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    name: Option<Name>,
    limit: u32,
    period: Duration,
}

/// Names remembered for one bucket. Discord has at most three for one route, by message age.
const NAMES_MAX: usize = 4;

/// Ends of one window told by different nodes differ by less than this.
const SAME_END: Duration = Duration::from_millis(10);

/// Discord rounds the time to a reset to milliseconds.
const ROUNDING: Duration = Duration::from_millis(1);

/// How long a request of unknown fate can still be on its way to Discord.
pub(crate) const STRAGGLE: Duration = Duration::from_secs(2);

/// The window assumed for a request of unknown fate where none is known.
const PERIOD_UNSAID: Duration = Duration::from_secs(5);

impl Bucket {
    /// A bucket of a route whose limit is known from other resources.
    pub(crate) fn from_template(template: Template, now: Instant) -> Self {
        let Template {
            name,
            limit,
            period,
        } = template;
        let facts = Facts {
            name,
            limit,
            least: limit,
            end: now,
            reset: None,
            period,
        };
        Self {
            facts: vec![facts],
            ..Self::default()
        }
    }

    /// Whether a request may start: else when to ask again, `None` for after an answer.
    pub(crate) fn ready(&mut self, now: Instant) -> Result<(), Option<Instant>> {
        self.stamp(now);
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Err(Some(until));
        }
        if self.facts.is_empty() {
            return if self.out == 0 || self.unlimited && !self.doubted {
                Ok(())
            } else {
                Err(None)
            };
        }
        if self.doubted && self.out > 0 {
            return Err(None);
        }
        let taken = self.out.saturating_add(self.lost);
        let mut wait = None;
        for facts in &self.facts {
            if taken < facts.free(now) {
                continue;
            }
            // A window that resets helps when it then has room for what is out.
            let reset = (facts.end > now && taken < facts.limit).then_some(facts.end);
            let Some(at) = reset.or(self.lost_until).filter(|at| *at > now) else {
                return Err(None);
            };
            wait = wait.max(Some(at));
        }
        wait.map_or(Ok(()), |at| Err(Some(at)))
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.out = self.out.saturating_add(1);
        self.used_at = Some(now);
    }

    /// A permit comes back unused.
    pub(crate) fn give_back(&mut self) {
        self.out = self.out.saturating_sub(1);
    }

    /// A permit was dropped after its request left.
    pub(crate) fn drop_sent(&mut self) {
        self.give_back();
        self.dropped = self.dropped.saturating_add(1);
    }

    pub(crate) fn lose(&mut self, now: Instant) {
        self.drop_sent();
        self.stamp(now);
    }

    /// An answer that counted. Returns what other resources of the route can learn from it.
    pub(crate) fn count(&mut self, now: Instant, headers: &Headers) -> Option<Template> {
        self.doubted = false;
        self.learn(now, headers)
    }

    /// A refusal that counted. One without limits proves nothing: it may be the edge's, not Discord's.
    pub(crate) fn refuse(&mut self, now: Instant, headers: &Headers) -> Option<Template> {
        let unlimited = self.unlimited;
        let learned = self.count(now, headers);
        self.unlimited = unlimited;
        learned
    }

    /// A 429 of this bucket's own.
    pub(crate) fn limit(
        &mut self,
        now: Instant,
        retry_after: Duration,
        headers: &Headers,
    ) -> Option<Template> {
        let contradiction = headers.remaining.is_none_or(|remaining| remaining > 0)
            || headers
                .reset_after
                .is_some_and(|reset| reset + STRAGGLE < retry_after);
        self.doubted |= contradiction;
        self.block(now + retry_after);
        self.learn(now, headers)
    }

    /// Nothing leaves until then.
    pub(crate) fn block(&mut self, until: Instant) {
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    /// Whether forgetting this bucket forgets nothing: no permits out, no window, no block.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        !self.is_held() && self.quiet_at().is_none_or(|at| at <= now)
    }

    /// Whether permits are out.
    pub(crate) const fn is_held(&self) -> bool {
        self.out > 0
    }

    pub(crate) const fn out(&self) -> u32 {
        self.out
    }

    /// From when on everything known has passed.
    pub(crate) fn quiet_at(&self) -> Option<Instant> {
        let ends = self.facts.iter().map(|facts| facts.end).max();
        ends.max(self.blocked_until).max(self.lost_until)
    }

    fn learn(&mut self, now: Instant, headers: &Headers) -> Option<Template> {
        let (Some(limit), Some(remaining), Some(reset_after)) =
            (headers.limit, headers.remaining, headers.reset_after)
        else {
            if self.facts.is_empty() {
                self.give_back();
                self.unlimited = true;
            } else {
                // It counted, but nothing tells where.
                self.lose(now);
            }
            return None;
        };
        self.give_back();
        let told = Facts {
            name: headers.bucket,
            limit: limit.max(1),
            least: remaining.min(limit),
            end: now + reset_after + ROUNDING,
            reset: headers.reset,
            period: reset_after,
        };
        if self.facts.first().is_some_and(|facts| facts.name.is_none()) {
            // What had no name before is what is named now.
            self.facts
                .iter_mut()
                .for_each(|facts| facts.name = facts.name.or(told.name));
        }
        let known = self.facts.iter_mut().find(|facts| facts.name == told.name);
        let facts = match known {
            Some(facts) => {
                facts.merge(now, &told);
                *facts
            }
            None => {
                if self.facts.len() == NAMES_MAX {
                    let oldest =
                        (0..NAMES_MAX).min_by_key(|index| self.facts.get(*index).map(|f| f.end));
                    self.facts.swap_remove(oldest.unwrap_or(0));
                }
                self.facts.push(told);
                told
            }
        };
        Some(Template {
            name: facts.name,
            limit: facts.limit,
            period: facts.period,
        })
    }

    /// Gives dropped permits their time, and forgets lost requests whose windows have passed.
    fn stamp(&mut self, now: Instant) {
        let period = self
            .facts
            .iter()
            .map(|facts| facts.period)
            .max()
            .unwrap_or(PERIOD_UNSAID);
        if self.dropped > 0 {
            self.lost = self.lost.saturating_add(std::mem::take(&mut self.dropped));
            self.lost_until = self.lost_until.max(Some(now + period + STRAGGLE));
        }
        while let Some(until) = self.lost_until.filter(|until| *until <= now) {
            self.lost = self.lost.saturating_sub(1);
            self.lost_until = (self.lost > 0).then_some(until + period);
        }
    }
}

impl Facts {
    /// How many requests may be unanswered at a time.
    fn free(&self, now: Instant) -> u32 {
        if now < self.end {
            self.least
        } else {
            self.limit
        }
    }

    fn merge(&mut self, now: Instant, told: &Self) {
        self.limit = told.limit;
        self.period = self.period.max(told.period);
        if now >= self.end {
            let period = self.period;
            *self = Self { period, ..*told };
            return;
        }
        // The resets are foreign numbers, as large as a duration can be.
        let half = self.period / 2;
        match (self.reset, told.reset) {
            // The same window: every answer's reckoning of its end is at or after the truth.
            (Some(ours), Some(theirs)) if ours.abs_diff(theirs) <= SAME_END => {
                self.least = self.least.min(told.least);
                self.end = self.end.min(told.end);
            }
            // A new window, or a leaky bucket that has moved on by half its length.
            (Some(ours), Some(theirs)) if theirs >= ours.saturating_add(half) => {
                let period = self.period;
                *self = Self { period, ..*told };
            }
            // An answer that was long on its way and speaks of a window gone by.
            (Some(ours), Some(theirs)) if ours >= theirs.saturating_add(half) => {}
            // A leaky bucket moves its end with each request, and nodes' clocks differ: the worse
            // of both holds.
            _ => {
                self.least = self.least.min(told.least);
                self.end = self.end.max(told.end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::tests::start;

    #[test]
    fn the_ends_of_windows_are_compared_without_overflow() {
        let now = start();
        let told = |reset: f64| Headers {
            limit: Some(5),
            remaining: Some(4),
            reset: Duration::try_from_secs_f64(reset).ok(),
            reset_after: Some(Duration::from_hours(24)),
            ..Headers::default()
        };
        // The largest times that a header can name.
        let (large, larger) = (18_446_744_073_709_545_472.0, 18_446_744_073_709_549_568.0);
        for [first, second] in [
            [0.0, larger],
            [large, larger],
            [larger, large],
            [larger, 0.0],
        ] {
            let mut bucket = Bucket::default();
            bucket.start(now);
            bucket.start(now);
            bucket.count(now, &told(first));
            bucket.count(now, &told(second));
            assert!(bucket.ready(now).is_ok());
        }
    }
}
