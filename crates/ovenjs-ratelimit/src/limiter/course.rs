//! How much of what Discord allows gets through: a bot with endless work, a server that counts, and
//! ways whose length is a matter of chance.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Limiter, Permit, Reservation, Stats,
    tests::{self, start},
};
use crate::{Config, Headers, Live, Scope, Verdict};

#[test]
fn windows_one_round_trip_long_are_used_to_the_full() {
    for (rtt, least) in [(20, 99.0), (100, 99.0), (300, 97.5)] {
        for seed in 0..2 {
            let course = Course::new(
                Rule::Anchored {
                    limit: 5,
                    window: 1_000,
                },
                rtt,
                seed,
            );
            let done = course.run(120);
            let all = 5.0 * 120.0;
            done.assert(
                all,
                least,
                0,
                &format!("5 per second, {rtt} ms, seed {seed}"),
            );
        }
    }
}

#[test]
fn places_that_come_back_one_by_one_are_used_as_they_come() {
    for rtt in [20, 100, 200, 300] {
        for seed in 0..2 {
            let course = Course::new(
                Rule::Leaky {
                    limit: 30,
                    window: 4_000,
                },
                rtt,
                seed,
            );
            let done = course.run(120);
            let all = 30.0 + 120.0 * 7.5;
            done.assert(
                all,
                99.0,
                0,
                &format!("30 per 4 s, leaky, {rtt} ms, seed {seed}"),
            );
        }
    }
}

#[test]
fn the_global_limit_is_used_to_the_full_whatever_its_seconds_are() {
    for global in [Global::Grid, Global::Anchored, Global::Leaky] {
        for rtt in [20, 300] {
            let rule = Rule::Anchored {
                limit: 500,
                window: 1_000,
            };
            let mut course = Course::new(rule, rtt, 1);
            course.global = Some(global);
            course.channels = 20;
            let done = course.run(60);
            done.assert(50.0 * 60.0, 98.0, 1, &format!("{global:?}, {rtt} ms"));
        }
    }
}

#[test]
fn clocks_that_drift_apart_cost_little() {
    for drift in [-200, 200] {
        for seed in 0..2 {
            let rule = Rule::Anchored {
                limit: 5,
                window: 1_000,
            };
            let mut course = Course::new(rule, 100, seed);
            course.drift = drift;
            let done = course.run(150);
            done.assert(750.0, 98.5, 0, &format!("drift of {drift}, seed {seed}"));
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    Anchored { limit: u32, window: u64 },
    Leaky { limit: u32, window: u64 },
}

#[derive(Clone, Copy, Debug)]
enum Global {
    Grid,
    Anchored,
    Leaky,
}

struct Course {
    rule: Rule,
    global: Option<Global>,
    channels: u64,
    half: f64,
    dice: u64,
    /// By channel: end of the window or fullness of the bucket, and what is used, in microseconds.
    buckets: BTreeMap<u64, (u64, u32)>,
    /// The same of the global limit.
    all: (u64, u32),
    phase: u64,
    /// How much faster than ours the server's clock runs, in millionths, and the windows with it.
    drift: i64,
}

struct Done {
    passed: u32,
    refused: u32,
    stats: Stats,
}

impl Done {
    fn assert(&self, all: f64, least: f64, refused: u32, what: &str) {
        let used = f64::from(self.passed) / all * 100.0;
        assert!(used >= least, "{what}: {used:.2} % of the limit");
        assert!(
            self.refused <= refused,
            "{what}: {} refused: {:?}",
            self.refused,
            self.stats
        );
    }
}

/// What is under way, by the microsecond at which it arrives or is answered.
enum Leg {
    Up(Permit, u64),
    Down(Permit, Verdict),
}

const SKEW: u64 = 1_700_000_000_000_000;

impl Course {
    fn new(rule: Rule, rtt: u32, seed: u64) -> Self {
        let mut course = Self {
            rule,
            global: None,
            channels: 1,
            half: f64::from(rtt) * 500.0,
            dice: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            buckets: BTreeMap::new(),
            all: (0, 0),
            phase: 0,
            drift: 0,
        };
        course.phase = course.roll() % 1_000_000;
        course
    }

    fn run(mut self, seconds: u64) -> Done {
        let began = start();
        let limiter = Limiter::new(Config::new().live(Live::new()));
        let (mut now, mut passed, mut refused, mut next) = (0_u64, 0, 0, 0_u64);
        let mut legs: BTreeMap<(u64, u64), Leg> = BTreeMap::new();
        let mut wakes: BTreeSet<u64> = BTreeSet::from([0]);
        let mut number = 0;
        let end = seconds * 1_000_000;
        loop {
            let at = began + Duration::from_micros(now);
            let mut idle = 0;
            while idle < self.channels && now < end {
                let channel = next % self.channels;
                next += 1;
                match limiter.reserve(at, &tests::post(channel)) {
                    Reservation::Ready(mut permit) => {
                        idle = 0;
                        permit.sent(at);
                        number += 1;
                        let up = self.delay();
                        legs.insert((now + up, number), Leg::Up(permit, channel));
                    }
                    Reservation::Wait { until, .. } => {
                        idle += 1;
                        if let Some(until) = until {
                            let wait = until.duration_since(began);
                            wakes.insert(u64::try_from(wait.as_nanos().div_ceil(1_000)).unwrap());
                        }
                    }
                    Reservation::Stopped(stop) => panic!("{stop:?}"),
                }
            }
            let leg = legs.first_key_value().map(|(key, _)| key.0);
            let wake = wakes.first().copied();
            let Some(soonest) = leg.into_iter().chain(wake).min() else {
                break;
            };
            now = now.max(soonest);
            wakes.retain(|wake| *wake > now);
            while let Some(entry) = legs.first_entry() {
                if entry.key().0 > now {
                    break;
                }
                let at = began + Duration::from_micros(now);
                match entry.remove() {
                    Leg::Up(permit, channel) => {
                        let verdict = self.arrive(now, channel);
                        if now < end {
                            if matches!(verdict, Verdict::Counted(_)) {
                                passed += 1;
                            } else {
                                refused += 1;
                            }
                        }
                        number += 1;
                        let down = self.delay();
                        legs.insert((now + down, number), Leg::Down(permit, verdict));
                    }
                    Leg::Down(permit, verdict) => limiter.settle(at, permit, verdict),
                }
            }
            if now >= end && legs.is_empty() {
                break;
            }
        }
        Done {
            passed,
            refused,
            stats: limiter.stats(began + Duration::from_micros(now)),
        }
    }

    fn arrive(&mut self, now: u64, channel: u64) -> Verdict {
        let ahead = i64::try_from(now).unwrap() / 1_000 * self.drift / 1_000;
        let now = now.checked_add_signed(ahead).unwrap();
        let limited = |scope, wait: u64, headers| Verdict::Limited {
            scope,
            retry_after: Duration::from_millis(wait.div_ceil(1_000)),
            headers,
        };
        if let Some(global) = self.global {
            let (end, used) = &mut self.all;
            match global {
                Global::Grid | Global::Anchored => {
                    if now >= *end {
                        *used = 0;
                        *end = match global {
                            Global::Grid => now + 1_000_000 - (now + self.phase) % 1_000_000,
                            Global::Anchored | Global::Leaky => now + 1_000_000,
                        };
                    }
                    if *used >= 50 {
                        return limited(Scope::Global, *end - now, Headers::default());
                    }
                    *used += 1;
                }
                Global::Leaky => {
                    let full = (*end).max(now) + 20_000;
                    if full > now + 1_000_000 {
                        return limited(Scope::Global, full - now - 1_000_000, Headers::default());
                    }
                    *end = full;
                }
            }
        }
        let (end, used) = self.buckets.entry(channel).or_default();
        let told = |end: u64, limit: u32, remaining: u32| {
            let ms = |micros: u64| Duration::from_millis((micros + 500) / 1_000);
            Headers {
                limit: Some(limit),
                remaining: Some(remaining),
                reset: Some(ms(end + SKEW)),
                reset_after: Some(ms(end - now)),
                ..Headers::default()
            }
        };
        match self.rule {
            Rule::Anchored { limit, window } => {
                if now >= *end {
                    (*end, *used) = (now + window * 1_000, 0);
                }
                if *used >= limit {
                    return limited(Scope::User, *end - now, told(*end, limit, 0));
                }
                *used += 1;
                Verdict::Counted(told(*end, limit, limit - *used))
            }
            Rule::Leaky { limit, window } => {
                let drop = window * 1_000 / u64::from(limit);
                let full = (*end).max(now) + drop;
                let most = drop * u64::from(limit);
                if full > now + most {
                    return limited(Scope::User, full - now - most, told(*end, limit, 0));
                }
                *end = full;
                let missing = u32::try_from((full - now).div_ceil(drop)).unwrap();
                Verdict::Counted(told(full, limit, limit - missing))
            }
        }
    }

    /// Four fifths of a way are its length, one fifth is chance: most often little, now and then much.
    fn delay(&mut self) -> u64 {
        let normal: f64 = (0..12).map(|_| self.fraction()).sum::<f64>() - 6.0;
        let micros = self.half * (0.8 + 0.2 * (0.5 * normal).exp());
        Duration::from_secs_f64(micros / 1e6)
            .as_micros()
            .try_into()
            .unwrap()
    }

    fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.roll() >> 32).unwrap()) / 4_294_967_296.0
    }

    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }
}
