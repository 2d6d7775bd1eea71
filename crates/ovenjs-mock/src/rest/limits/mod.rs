//! How many requests are too many: buckets, what is hidden inside them, the global limit, and the
//! door that closes on those who are refused too often.
//!
//! One rule a room: [`gauge`] counts one limit, [`counts`] keeps all gauges, [`global`] the seconds
//! of the whole bot, [`invalid`] the refusals, [`facts`] what a rule may ask about a request,
//! [`reply`] how it is said. The numbers are [`Limits`].

mod counts;
mod facts;
mod gauge;
mod global;
mod invalid;
mod reply;

use std::time::{Duration, Instant};

use crate::{
    config::{Bucket, Limits, Rate, Refusal, When},
    time::millis,
};

use counts::{Counted, Counts};
use global::Global;
use invalid::Invalid;

pub(crate) use facts::{Facts, Payer};

/// Counts requests and says which are too many.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    counts: Counts,
    bot: Global,
    address: Global,
    invalid: Invalid,
}

/// What the limits have to know of a request.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// `METHOD /route/{template}`.
    pub(crate) route: &'a str,
    /// The values of the major parameters.
    pub(crate) major: &'a str,
    pub(crate) payer: Payer,
    pub(crate) facts: Facts<'a>,
}

/// A place in a bucket, and what the headers say about it.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    limit: u32,
    remaining: u32,
    reset_unix_ms: u64,
    reset_after_ms: u64,
    bucket: String,
}

/// A request that came too early.
#[derive(Debug)]
pub(crate) struct Refused {
    wait: Duration,
    scope: Scope,
    code: Option<u32>,
    allowance: Option<Allowance>,
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Global,
    Shared,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            counts: Counts::default(),
            bot: Global::default(),
            address: Global::default(),
            invalid: Invalid::default(),
        }
    }

    /// Takes a place in all limits that a request falls under. `calendar_ms` is what the box takes
    /// for the time, `shown_ms` what its headers are made from.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        calendar_ms: u64,
        shown_ms: u64,
        ask: &Ask<'_>,
    ) -> Result<Allowance, Refused> {
        self.take_global(now, calendar_ms, ask.payer)?;
        let allowance = self.take_bucket(now, shown_ms, ask)?;
        self.take_sublimits(now, ask, allowance)
    }

    /// A request was answered in a way that counts against the address it came from.
    pub(crate) fn was_invalid(&mut self, now: Instant) {
        self.invalid.count(now, &self.limits);
    }

    /// How long the client's address stays shut out, if it is.
    pub(crate) fn shut_out(&self, now: Instant) -> Option<Duration> {
        self.invalid.shut_out(now)
    }

    fn take_global(&mut self, now: Instant, calendar_ms: u64, payer: Payer) -> Result<(), Refused> {
        let (global, most) = match payer {
            Payer::Bot => (&mut self.bot, self.limits.global_per_second),
            Payer::Address => (&mut self.address, self.limits.global_per_second_of_address),
            Payer::Nobody => return Ok(()),
        };
        let Some(most) = most.filter(|_| self.limits.enforced) else {
            return Ok(());
        };
        global
            .take(now, calendar_ms, self.limits.global_model, most)
            .map_err(|wait| Refused {
                wait,
                scope: Scope::Global,
                code: None,
                allowance: None,
            })
    }

    fn take_bucket(
        &mut self,
        now: Instant,
        shown_ms: u64,
        ask: &Ask<'_>,
    ) -> Result<Allowance, Refused> {
        let mut buckets = self.limits.buckets.iter().enumerate();
        let found = buckets.rfind(|(_, bucket)| {
            bucket.routes.iter().any(|route| route == ask.route)
                && ask.facts.weigh(&bucket.when) > 0
        });
        let (rate, shown, counted) = match found {
            Some((place, bucket)) => {
                let shown = bucket.shown.map(|rate| (rate, Counted::Shown(place)));
                (bucket.rate, shown, Counted::Bucket(place))
            }
            None => {
                let route = Counted::Route(ask.route.to_owned());
                (self.limits.default, None, route)
            }
        };
        let bucket = found.map_or_else(|| hash(ask.route), |(_, bucket)| hash_of(bucket));
        let gauge = self.counts.gauge(now, counted, ask.major);
        let wait = gauge.wait(now, rate, 1).filter(|_| self.limits.enforced);
        if wait.is_none() {
            gauge.spend(now, rate, 1);
        }
        let (rate, gauge) = match shown {
            Some((rate, counted)) => {
                let gauge = self.counts.gauge(now, counted, ask.major);
                if wait.is_none() {
                    gauge.spend(now, rate, 1);
                }
                (rate, *gauge)
            }
            None => (rate, *gauge),
        };
        let reset_after_ms = millis_up(gauge.reset_after(now, rate));
        let allowance = Allowance {
            limit: rate.requests,
            remaining: gauge.remaining(now, rate),
            reset_unix_ms: shown_ms.saturating_add(reset_after_ms),
            reset_after_ms,
            bucket,
        };
        match wait {
            None => Ok(allowance),
            Some(wait) => Err(Refused {
                wait,
                scope: Scope::User,
                code: None,
                allowance: Some(allowance),
            }),
        }
    }

    /// A request takes its place in all sublimits that are about it, or in none.
    fn take_sublimits(
        &mut self,
        now: Instant,
        ask: &Ask<'_>,
        allowance: Allowance,
    ) -> Result<Allowance, Refused> {
        let about: Vec<(usize, Rate, Refusal, u32)> = self
            .limits
            .sublimits
            .iter()
            .enumerate()
            .filter(|(_, limit)| limit.routes.iter().any(|route| route == ask.route))
            .map(|(place, limit)| {
                let weight = ask.facts.weigh(&limit.when);
                (place, limit.rate, limit.refusal, weight)
            })
            .filter(|(.., weight)| *weight > 0)
            .collect();
        let mut longest: Option<(Duration, Refusal)> = None;
        for (place, rate, refusal, weight) in &about {
            let gauge = self.counts.gauge(now, Counted::Sublimit(*place), ask.major);
            if let Some(wait) = gauge.wait(now, *rate, *weight)
                && longest.is_none_or(|(longest, _)| wait > longest)
            {
                longest = Some((wait, *refusal));
            }
        }
        if let Some((wait, refusal)) = longest.filter(|_| self.limits.enforced) {
            let (scope, code) = match refusal {
                Refusal::User => (Scope::User, None),
                Refusal::Shared => (Scope::Shared, None),
                Refusal::Code(code) => (Scope::User, Some(code)),
            };
            return Err(Refused {
                wait,
                scope,
                code,
                allowance: code.is_none().then_some(allowance),
            });
        }
        for (place, rate, _, weight) in about {
            let gauge = self.counts.gauge(now, Counted::Sublimit(place), ask.major);
            gauge.spend(now, rate, weight);
        }
        Ok(allowance)
    }
}

impl Scope {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Global => "global",
            Self::Shared => "shared",
        }
    }
}

/// Discord counts in milliseconds; a wait that is rounded down ends too early.
fn millis_up(span: Duration) -> u64 {
    let up = span.saturating_add(Duration::from_nanos(999_999));
    millis(up)
}

fn hash_of(bucket: &Bucket) -> String {
    match (&bucket.named, &bucket.when) {
        (Some(name), _) => hash(name),
        (None, When::Always) => hash(bucket.routes.first().map_or("", String::as_str)),
        (None, when) => hash(&format!("{:?} {when:?}", bucket.routes.first())),
    }
}

/// Like Discord's, the name says nothing, is the same for all major parameters and differs by route.
fn hash(name: &str) -> String {
    let mix = |seed: u64| {
        name.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    format!(
        "{:016x}{:016x}",
        mix(0xcbf2_9ce4_8422_2325),
        mix(0x6c62_272e_07bb_0142)
    )
}

#[cfg(test)]
mod tests;
