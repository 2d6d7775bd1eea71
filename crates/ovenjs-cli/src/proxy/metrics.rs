//! What is counted, and how it is told: as Prometheus' text.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ovenjs_core::types::{Hook, HookCall};

/// Counts since the start. No label holds a token, an id or a name: routes are templates, of which there
/// are as many as Discord has operations and some hundreds at most.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Answers to bots, by route and status.
    answers: BTreeMap<String, BTreeMap<u16, u64>>,
    /// Answers of Discord's, the same way: more of them where requests were repeated.
    sent: BTreeMap<String, BTreeMap<u16, u64>>,
    /// The proxy's own answers, by the reason in a word.
    refused: BTreeMap<&'static str, u64>,
    /// Requests whose bot went away before the answer.
    left: u64,
    /// 429s of Discord's, by scope.
    limited: BTreeMap<String, u64>,
    waits: Histogram,
    answered: Histogram,
}

/// What is so at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) connections: usize,
    pub(crate) under_way: usize,
    pub(crate) waiting: usize,
    pub(crate) body_bytes: usize,
    pub(crate) tokens: usize,
    pub(crate) buckets: usize,
    pub(crate) invalid: u32,
    pub(crate) breakers_open: usize,
}

impl Metrics {
    pub(crate) fn answered(&self, route: &str, status: u16) {
        count(&mut self.counts().answers, route, status);
    }

    pub(crate) fn refused(&self, why: &'static str) {
        *self.counts().refused.entry(why).or_default() += 1;
    }

    pub(crate) fn left(&self) {
        self.counts().left += 1;
    }

    /// All of it in Prometheus' text format.
    pub(crate) fn text(&self, now: &Gauges) -> String {
        let mut page = Page(String::new());
        let Gauges {
            connections,
            under_way,
            waiting,
            body_bytes,
            tokens,
            buckets,
            invalid,
            breakers_open,
        } = now;
        let counts = self.counts();
        page.routes(
            "answers_total",
            "Answers to bots, by route and status.",
            &counts.answers,
        );
        page.routes(
            "discord_answers_total",
            "Answers of Discord's, repeated requests included.",
            &counts.sent,
        );
        page.head(
            "refused_total",
            "counter",
            "Answers of the proxy's own, by reason.",
        );
        for (why, count) in &counts.refused {
            page.line("refused_total", &format!("why=\"{why}\""), count);
        }
        page.head("limited_total", "counter", "429s of Discord's, by scope.");
        for scope in ["user", "global", "shared"] {
            let count = counts.limited.get(scope).unwrap_or(&0);
            page.line("limited_total", &format!("scope=\"{scope}\""), count);
        }
        page.head(
            "left_total",
            "counter",
            "Requests whose bot went away before the answer.",
        );
        page.line("left_total", "", &counts.left);
        page.histogram(
            "wait_seconds",
            "How long requests waited for their turn.",
            &counts.waits,
        );
        page.histogram(
            "discord_seconds",
            "From sending a request to the end of Discord's answer.",
            &counts.answered,
        );
        let gauges: [(&str, &str, &dyn fmt::Display); 8] = [
            ("connections", "Connections of bots.", connections),
            ("requests", "Requests under way.", under_way),
            ("waiting", "Requests that wait for their turn.", waiting),
            ("body_bytes", "Bytes held of bodies.", body_bytes),
            ("tokens", "Tokens with limits of their own.", tokens),
            ("buckets", "Buckets remembered.", buckets),
            (
                "invalid_requests",
                "Answers 401, 403 and 429 of the last ten minutes; Discord bans at 10000.",
                invalid,
            ),
            (
                "breakers_open",
                "Circuit breakers that are not closed.",
                breakers_open,
            ),
        ];
        for (name, help, value) in gauges {
            page.head(name, "gauge", help);
            page.line(name, "", value);
        }
        page.0
    }

    /// A panic elsewhere leaves at worst a count too low.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hook for Metrics {
    fn call(&self, call: &HookCall<'_>) {
        let mut counts = self.counts();
        match call {
            HookCall::RequestSent { waited, .. } => counts.waits.add(*waited),
            HookCall::RequestAnswered {
                route,
                status,
                elapsed,
            } => {
                counts.answered.add(*elapsed);
                count(&mut counts.sent, route, *status);
            }
            HookCall::RateLimited { scope, .. } => {
                *counts.limited.entry((*scope).to_owned()).or_default() += 1;
            }
            _ => {}
        }
    }
}

fn count(table: &mut BTreeMap<String, BTreeMap<u16, u64>>, route: &str, status: u16) {
    let statuses = match table.get_mut(route) {
        Some(statuses) => statuses,
        None => table.entry(route.to_owned()).or_default(),
    };
    *statuses.entry(status).or_default() += 1;
}

/// How many took how long, by the bounds of [`BOUNDS_MS`].
#[derive(Debug, Default)]
struct Histogram {
    counts: [u64; BOUNDS_MS.len()],
    all: u64,
    sum: Duration,
}

impl Histogram {
    fn add(&mut self, time: Duration) {
        for (count, bound) in self.counts.iter_mut().zip(BOUNDS_MS) {
            *count += u64::from(time <= Duration::from_millis(bound));
        }
        self.all += 1;
        self.sum = self.sum.saturating_add(time);
    }
}

/// From what nobody feels to a call's default deadline.
const BOUNDS_MS: [u64; 11] = [1, 5, 25, 100, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000];

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        _ = writeln!(
            self.0,
            "# HELP oven_proxy_{name} {help}\n# TYPE oven_proxy_{name} {kind}"
        );
    }

    fn line(&mut self, name: &str, labels: &str, value: &dyn fmt::Display) {
        _ = match labels {
            "" => writeln!(self.0, "oven_proxy_{name} {value}"),
            labels => writeln!(self.0, "oven_proxy_{name}{{{labels}}} {value}"),
        };
    }

    fn routes(&mut self, name: &str, help: &str, table: &BTreeMap<String, BTreeMap<u16, u64>>) {
        self.head(name, "counter", help);
        for (route, statuses) in table {
            for (status, count) in statuses {
                // Templates hold neither quotes nor backslashes.
                self.line(
                    name,
                    &format!("route=\"{route}\",status=\"{status}\""),
                    count,
                );
            }
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (bound, count) in BOUNDS_MS.iter().zip(&histogram.counts) {
            let bound = Duration::from_millis(*bound).as_secs_f64();
            self.line(&bucket, &format!("le=\"{bound}\""), count);
        }
        self.line(&bucket, "le=\"+Inf\"", &histogram.all);
        self.line(&format!("{name}_sum"), "", &histogram.sum.as_secs_f64());
        self.line(&format!("{name}_count"), "", &histogram.all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        let route = "GET /users/@me";
        metrics.answered(route, 200);
        metrics.answered(route, 200);
        metrics.refused("deadline");
        metrics.call(&HookCall::RequestSent {
            route,
            waited: Duration::from_millis(30),
        });
        metrics.call(&HookCall::RateLimited {
            route,
            scope: "shared",
            retry_after: Duration::ZERO,
        });
        let page = metrics.text(&Gauges {
            waiting: 3,
            ..Gauges::default()
        });
        for line in [
            "# TYPE oven_proxy_answers_total counter",
            "oven_proxy_answers_total{route=\"GET /users/@me\",status=\"200\"} 2",
            "oven_proxy_refused_total{why=\"deadline\"} 1",
            "oven_proxy_limited_total{scope=\"shared\"} 1",
            "oven_proxy_limited_total{scope=\"user\"} 0",
            "oven_proxy_wait_seconds_bucket{le=\"0.025\"} 0",
            "oven_proxy_wait_seconds_bucket{le=\"0.1\"} 1",
            "oven_proxy_wait_seconds_bucket{le=\"+Inf\"} 1",
            "oven_proxy_wait_seconds_sum 0.03",
            "oven_proxy_waiting 3",
        ] {
            assert!(
                page.lines().any(|told| told == line),
                "{line} is not in\n{page}"
            );
        }
    }
}
