//! What a million buckets of the REST limiter take.

use ovenjs_ratelimit::{Ask, Config, Headers, Limiter, Major, Reservation, RouteKey, Verdict};
use std::fs;
use std::time::{Duration, Instant};

const BUCKETS: u32 = 1_000_000;

/// The most bytes that they may take.
const MOST: u64 = 200_000_000;

/// Prints it. Whether it is within its bound; also where the system does not tell.
pub(crate) fn tell() -> bool {
    let now = Instant::now();
    let before = resident();
    let limiter = Limiter::new(Config::new().buckets_max(usize::MAX));
    for channel in 0..BUCKETS {
        let key = RouteKey::new("POST /channels/{channel_id}/messages", Major::of(channel));
        // Buckets alone: what the global limit remembers has a bound of its own.
        let ask = Ask::new(key).exempt_from_global(true);
        let Reservation::Ready(mut permit) = limiter.reserve(now, &ask) else {
            panic!("a new bucket has room")
        };
        permit.sent(now);
        let headers = Headers::read(|name| match name {
            "x-ratelimit-bucket" => Some("80c17d2f203122d936070c88c8d10f33"),
            "x-ratelimit-limit" => Some("5"),
            "x-ratelimit-remaining" => Some("4"),
            "x-ratelimit-reset" => Some("1790000005.000"),
            "x-ratelimit-reset-after" => Some("5.000"),
            _ => None,
        });
        let received = now + Duration::from_millis(100);
        limiter.settle(received, permit, Verdict::Counted(headers));
    }
    let told = u32::try_from(limiter.stats(now).buckets);
    assert_eq!(told, Ok(BUCKETS), "none of them was forgotten");
    let (Some(before), Some(after)) = (before, resident()) else {
        println!("{BUCKETS} buckets: this system does not tell what they take");
        return true;
    };
    let taken = after.saturating_sub(before);
    println!(
        "{BUCKETS} buckets take {} MB, {} bytes each; at most {} MB is the goal",
        taken / 1_000_000,
        taken / u64::from(BUCKETS),
        MOST / 1_000_000
    );
    taken <= MOST
}

/// The bytes of this process that lie in memory, as Linux tells them.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}
