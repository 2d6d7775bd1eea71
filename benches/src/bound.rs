//! How far what is in memory exceeds its bound while writers never rest.

use ovenjs_cache::tiers::{Eviction, Residents, ResidentsConfig};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Four writers put values of a few hundred to a few thousand bytes for so many seconds, one key in ten again, and a
/// tenth of that for each policy that is not the default. Whether none ever held more than a twentieth above its bound.
pub(crate) fn tell(seconds: u64) -> bool {
    let long = Duration::from_secs(seconds);
    let policies = [
        (Eviction::Chosen, long),
        (Eviction::Lru, long / 10),
        (Eviction::TinyLfu, long / 10),
        (Eviction::Fifo, long / 10),
    ];
    let mut holds = true;
    for (eviction, long) in policies {
        let config = ResidentsConfig::new(BOUND).eviction(eviction);
        let residents = Residents::<u64, u64>::build(config);
        let (is_over, most, put) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let end = Instant::now() + long;
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (residents, is_over, most, put) = (&residents, &is_over, &most, &put);
                scope.spawn(move || {
                    let mut dice = (writer + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let mut key = writer << 56;
                    while !is_over.load(Ordering::Relaxed) {
                        dice ^= dice << 13;
                        dice ^= dice >> 7;
                        dice ^= dice << 17;
                        key += 1;
                        let again = if dice % 10 == 0 { dice % REUSED } else { key };
                        residents.put(again, dice, 200 + dice % 4_000);
                        most.fetch_max(residents.weight(), Ordering::Relaxed);
                        if put.fetch_add(1, Ordering::Relaxed) % 1_024 == 0 && Instant::now() >= end
                        {
                            is_over.store(true, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let share = most.into_inner() as f64 / BOUND as f64;
        let put = put.into_inner();
        residents.settle();
        let after = residents.weight() as f64 / BOUND as f64;
        println!(
            "{:<8} {put:>11} puts by {WRITERS} writers: at most {share:.3} of the bound, {after:.3} at rest",
            format!("{eviction:?}")
        );
        holds &= share <= MOST;
    }
    holds
}

const WRITERS: u64 = 4;

/// As much as a small bot might give: some four thousand values.
const BOUND: u64 = 8 << 20;

/// Keys that come again and again.
const REUSED: u64 = 1_000;

/// How much of the bound may be held at any moment.
const MOST: f64 = 1.05;
