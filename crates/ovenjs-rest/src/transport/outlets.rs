//! Which way out a request takes, where there are several: a rule, with time and dice as arguments.

use std::time::{Duration, Instant};

/// The ways out, each with what is known of it.
#[derive(Debug)]
pub(crate) struct Outlets(Vec<Quality>);

#[derive(Debug, Default)]
struct Quality {
    /// The smoothed time from sending to the end of the answer.
    latency: Option<Duration>,
    in_flight: u32,
    answered: u64,
    failed: u64,
    /// Failures since the last success.
    failures: u32,
    /// Until when it is not used, and how often in a row that was so.
    ejected: Option<Instant>,
    ejections: u32,
}

/// How a way out fares.
#[derive(Debug, Default)]
pub(crate) struct Fares {
    pub(crate) latency: Option<Duration>,
    pub(crate) in_flight: u32,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) is_ejected: bool,
}

/// How a request fared on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fared {
    /// It was answered after so long, where that tells how fast the way is.
    Well(Option<Duration>),
    Badly,
    /// Cloudflare bans this address.
    Banned,
    /// It says nothing: the call was dropped, or in a hurry.
    Unknown,
}

impl Outlets {
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count).map(|_| Quality::default()).collect())
    }

    /// The way with the least expected latency; now and then another, lest a slow past be for ever.
    /// `dice` is a number of `0.0..1.0`.
    pub(crate) fn choose(&mut self, now: Instant, dice: f64) -> usize {
        let usable = |way: &Quality| way.ejected.is_none_or(|until| until <= now);
        let chosen = if self.0.len() > 1 && dice < EXPLORED {
            let all = self.0.iter().filter(|way| usable(way)).count();
            let place = scaled(all, dice / EXPLORED);
            let mut ways = self.0.iter().enumerate().filter(|(_, way)| usable(way));
            ways.nth(place).map(|(place, _)| place)
        } else {
            let ways = self.0.iter().enumerate().filter(|(_, way)| usable(way));
            ways.min_by_key(|(_, way)| way.cost())
                .map(|(place, _)| place)
        };
        // Where all are ejected, the one that comes back first.
        let chosen = chosen.or_else(|| {
            let ways = self.0.iter().enumerate();
            ways.min_by_key(|(_, way)| way.ejected)
                .map(|(place, _)| place)
        });
        let chosen = chosen.unwrap_or_default();
        if let Some(way) = self.0.get_mut(chosen) {
            way.in_flight += 1;
        }
        chosen
    }

    /// Tells how it fared. Says whether the way was ejected just now.
    pub(crate) fn settle(&mut self, now: Instant, place: usize, fared: Fared) -> bool {
        let several = self.0.len() > 1;
        let Some(way) = self.0.get_mut(place) else {
            return false;
        };
        way.in_flight = way.in_flight.saturating_sub(1);
        match fared {
            Fared::Well(latency) => {
                if let Some(latency) = latency {
                    let before = way.latency.unwrap_or(latency);
                    way.latency = Some(before - before / SMOOTH + latency / SMOOTH);
                }
                way.answered += 1;
                (way.failures, way.ejections, way.ejected) = (0, 0, None);
                return false;
            }
            Fared::Unknown => return false,
            Fared::Badly => way.failures += 1,
            Fared::Banned => way.failures = FAILURES,
        }
        way.failed += 1;
        let is_out = way.ejected.is_some_and(|until| until > now);
        if !several || is_out || way.failures < FAILURES {
            return false;
        }
        let pause = if fared == Fared::Banned {
            BANNED
        } else {
            EJECTED_MAX.min(EJECTED * 2_u32.saturating_pow(way.ejections))
        };
        way.ejections += 1;
        way.ejected = Some(now + pause);
        // One failure after its return is enough.
        way.failures = FAILURES - 1;
        true
    }

    /// How a way fares.
    pub(crate) fn fares(&self, now: Instant, place: usize) -> Fares {
        self.0.get(place).map_or_else(Fares::default, |way| Fares {
            latency: way.latency,
            in_flight: way.in_flight,
            answered: way.answered,
            failed: way.failed,
            is_ejected: way.ejected.is_some_and(|until| until > now),
        })
    }
}

impl Quality {
    /// What is untried comes first; a busy way is as slow as its line is long.
    fn cost(&self) -> Duration {
        self.latency
            .unwrap_or_default()
            .saturating_mul(self.in_flight / LINE + 1)
    }
}

/// The place of a fraction in a list.
fn scaled(count: usize, fraction: f64) -> usize {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (0..count)
        .take_while(|place| f64::from(place + 1) <= fraction * f64::from(count))
        .count()
}

/// One request in thirty looks whether another way has become faster.
const EXPLORED: f64 = 1.0 / 30.0;

/// A new latency counts for an eighth, as TCP counts its round trips.
const SMOOTH: u32 = 8;

/// As many requests as one connection carries without queueing count as one in the cost.
const LINE: u32 = 8;

/// Failures in a row after which a way is left: a broken connection fails a few at once.
const FAILURES: u32 = 5;

/// For how long at first; it doubles with each return that fails.
const EJECTED: Duration = Duration::from_secs(5);
const EJECTED_MAX: Duration = Duration::from_secs(300);

/// Cloudflare bans for about an hour; asking once in ten minutes does not lengthen it.
const BANNED: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning for the virtual clock"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_fastest_way_is_taken_once_all_are_known() {
        let now = start();
        let mut outlets = Outlets::new(3);
        let mut taken = Vec::new();
        for _ in 0..6 {
            let place = outlets.choose(now, 0.5);
            taken.push(place);
            outlets.settle(
                now,
                place,
                Fared::Well(Some([90 * MS, 20 * MS, 50 * MS][place])),
            );
        }
        assert_eq!(taken, [0, 1, 2, 1, 1, 1]);
        // It becomes slow, and is left as soon as it is seen.
        for _ in 0..8 {
            outlets.settle(now, 1, Fared::Well(Some(300 * MS)));
        }
        assert_eq!(outlets.choose(now, 0.5), 2);
        // A long line on it makes the next one worth a try.
        for _ in 1..LINE {
            assert_eq!(outlets.choose(now, 0.5), 2);
        }
        assert_eq!(outlets.choose(now, 0.5), 0);
    }

    #[test]
    fn others_are_tried_now_and_then() {
        let now = start();
        let mut outlets = Outlets::new(4);
        let places = [0.0, 0.26, 0.51, 0.99].map(|part| outlets.choose(now, part * EXPLORED));
        assert_eq!(places, [0, 1, 2, 3]);
    }

    #[test]
    fn a_failing_way_is_left_for_longer_and_longer() {
        let start = start();
        let mut outlets = Outlets::new(2);
        outlets.settle(start, 1, Fared::Well(Some(90 * MS)));
        outlets.settle(start, 0, Fared::Well(Some(10 * MS)));
        let mut now = start;
        let ejected: Vec<bool> = (0..5)
            .map(|_| outlets.settle(now, 0, Fared::Badly))
            .collect();
        assert_eq!(ejected, [false, false, false, false, true]);
        for pause in [5, 10, 20] {
            now += Duration::from_secs(pause) - MS;
            assert_eq!(outlets.choose(now, 0.5), 1);
            now += MS;
            assert_eq!(outlets.choose(now, 0.5), 0);
            assert!(outlets.settle(now, 0, Fared::Badly));
        }
        assert!(outlets.fares(now, 0).is_ejected);
        // Stragglers neither lengthen it nor count.
        assert!(!outlets.settle(now, 0, Fared::Badly));
        // One success and all is forgotten.
        outlets.settle(now, 0, Fared::Well(Some(10 * MS)));
        assert_eq!(outlets.choose(now, 0.5), 0);
    }

    #[test]
    fn a_banned_address_rests_at_once_and_the_only_way_is_never_left() {
        let now = start();
        let mut outlets = Outlets::new(2);
        assert!(outlets.settle(now, 0, Fared::Banned));
        assert_eq!(outlets.choose(now + BANNED - MS, 0.5), 1);
        // Where all are out, the first to come back is taken.
        assert!(outlets.settle(now - MS, 1, Fared::Banned));
        assert_eq!(outlets.choose(now, 0.5), 1);

        let mut one = Outlets::new(1);
        (0..20).for_each(|_| assert!(!one.settle(now, 0, Fared::Banned)));
        assert_eq!(one.choose(now, 0.0), 0);
    }
}
