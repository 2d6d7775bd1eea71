//! Stories about limits that are not any more what they were, though their number is the same.

use super::*;

#[test]
fn a_leaky_bucket_that_becomes_a_window_gives_no_place_before_its_end() {
    let mut bot = Bot::new();
    // Five, of which one comes back each half second: what is left and when it is full again.
    for (at, remaining, full) in [(0, 4, 500), (20, 3, 1_000), (40, 2, 1_500), (60, 1, 2_000)] {
        bot.pass(at, 5, remaining, full);
    }
    bot.pass(80, 5, 0, 2_500);
    bot.pass(520, 5, 0, 3_000);
    // It moves by more than half a second: the last of a window that ends then.
    bot.pass(1_020, 5, 0, 3_537);
    bot.assert_waits_until(3_537);
}

#[test]
fn a_window_that_ends_earlier_than_was_told_is_another_limits() {
    let mut bot = Bot::new();
    bot.pass(0, 2, 1, 4_000);
    bot.pass(1_000, 2, 0, 3_936);
    bot.assert_waits_until(3_936);
}

#[test]
fn a_refusal_in_which_nothing_was_counted_tells_of_no_window() {
    let mut bot = Bot::new();
    let permit = bot.send(0);
    let refused = limited(Scope::Shared, 3_000, Bot::told(0, 1, 1, 0));
    bot.limiter.settle(bot.began + ms(2 * WAY), permit, refused);
    let permit = bot.send(4_000);
    let lost = bot.began + ms(9_000);
    bot.limiter.settle(lost, permit, Verdict::Lost);
    // It may have been late, and nobody knows how long a window is.
    let held = lost + ms(2_000);
    assert!(drain(&bot.limiter, held, &post(1)).is_empty());
    assert_eq!(drain(&bot.limiter, held + ms(5_000), &post(1)).len(), 1);
}

/// A bot of one channel, to a server as far away as ever.
struct Bot {
    limiter: Limiter,
    began: Instant,
    now: Instant,
}

impl Bot {
    fn new() -> Self {
        let now = start();
        Self {
            limiter: Limiter::new(Config::new()),
            began: now,
            now,
        }
    }

    fn send(&mut self, at: u64) -> Permit {
        self.now = self.began + ms(at);
        let mut permit = ready(&self.limiter, self.now, &post(1));
        permit.sent(self.now);
        permit
    }

    /// One leaves at `at` and is answered, by a limit that is whole again at `reset`.
    fn pass(&mut self, at: u64, limit: u32, remaining: u32, reset: u64) {
        let permit = self.send(at);
        self.now += ms(2 * WAY);
        let counted = Verdict::Counted(Self::told(at, limit, remaining, reset - at));
        self.limiter.settle(self.now, permit, counted);
    }

    /// What one is told that left at `at`.
    fn told(at: u64, limit: u32, remaining: u32, reset_after: u64) -> Headers {
        let arrived = Duration::from_secs(1_790_000_000) + ms(at + WAY);
        let told = told(limit, remaining, reset_after);
        told.with_reset(arrived + ms(reset_after))
    }

    /// The next one arrives when the limit is whole again, and hardly later.
    fn assert_waits_until(&self, reset: u64) {
        let Reservation::Wait { until, .. } = self.limiter.reserve(self.now, &post(1)) else {
            panic!("none of them waits");
        };
        let at = until.unwrap() - self.began;
        assert!((ms(reset)..ms(reset + 50)).contains(&at), "{at:?}");
    }
}

/// How long a request travels.
const WAY: u64 = 5;
