//! What the limiter allocates: nothing, once it has seen what it is asked for.

use std::time::{Duration, Instant};

use ovenjs_ratelimit::{Ask, Config, Headers, Limiter, Major, Reservation, RouteKey, Verdict};

/// Requests on so many channels in turn, a hundredth of a second apart.
const CHANNELS: u32 = 500;

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's time begins somewhere")]
fn in_steady_state_nothing_is_allocated() {
    let (limiter, began) = (Limiter::new(Config::new()), Instant::now());
    // Until the clock's samples, the last seconds' arrivals and all tables are as many as they get.
    let learning = post(&limiter, began, 0..100 * CHANNELS);
    assert!(learning > 0, "the counter counts");
    let steady = post(&limiter, began, 100 * CHANNELS..300 * CHANNELS);
    assert_eq!(steady, 0, "allocations of 100,000 requests");
}

/// Posts those messages, and counts what is allocated for them.
fn post(limiter: &Limiter, began: Instant, messages: std::ops::Range<u32>) -> u64 {
    let taken = allocation_counter::measure(|| {
        for message in messages {
            let now = began + Duration::from_millis(10) * message;
            let route = "POST /channels/{channel_id}/messages";
            let ask = Ask::new(RouteKey::new(route, Major::of(message % CHANNELS)));
            // The global limit's hundred a second are more than it allows.
            let ask = ask.exempt_from_global(message % 3 > 0);
            let Reservation::Ready(mut permit) = limiter.reserve(now, &ask) else {
                panic!("each channel is asked for once in five seconds")
            };
            permit.sent(now);
            let headers = Headers::read(|name| match name {
                "x-ratelimit-bucket" => Some("80c17d2f203122d936070c88c8d10f33"),
                "x-ratelimit-limit" => Some("5"),
                "x-ratelimit-remaining" => Some("4"),
                "x-ratelimit-reset-after" => Some("5.000"),
                _ => None,
            });
            let way = Duration::from_millis(40 + u64::from(message * 37 % 23));
            let reset = (now + way).duration_since(began) + Duration::from_secs(1_790_000_005);
            let answered = now + way + Duration::from_millis(50);
            limiter.settle(
                answered,
                permit,
                Verdict::Counted(headers.with_reset(reset)),
            );
        }
    });
    taken.count_total
}
