//! Stories about the request that is sent to be told where the seconds of the global limit begin.

use super::*;

#[test]
fn a_request_that_its_bucket_holds_back_has_probed_nothing() {
    let mut bot = Bot::new();
    let full = post(1_000);
    bot.burst([full]);
    bot.answer(told(1, 0, 100_000));
    for _ in 0..12 {
        bot.burst((0..50).map(post));
        assert!(drain(&bot.limiter, bot.now, &full).is_empty());
        bot.answer(told(5, 4, 250));
    }
    assert!(!bot.limiter.stats(bot.now).global_phase_known);
}

#[test]
fn a_probe_that_does_not_leave_is_anothers_to_send() {
    let mut bot = Bot::new();
    let (mut probes, other) = (0, post(51));
    for _ in 0..12 {
        bot.burst((0..50).map(post));
        // None of them leaves.
        probes += drain(&bot.limiter, bot.now, &other).len();
        bot.answer(told(5, 4, 250));
    }
    assert!(probes > 4, "{probes}");
    assert!(!bot.limiter.stats(bot.now).global_phase_known);
    // Four that pass behind bursts tell that no second begins there.
    for _ in 0..8 {
        bot.burst((0..50).map(post));
        bot.out.extend(drain(&bot.limiter, bot.now, &other));
        bot.answer(told(5, 4, 250));
    }
    assert!(bot.limiter.stats(bot.now).global_phase_known);
}

/// A bot at the global limit.
struct Bot {
    limiter: Limiter,
    began: Instant,
    now: Instant,
    out: Vec<Permit>,
}

impl Bot {
    fn new() -> Self {
        let now = start();
        Self {
            limiter: Limiter::new(Config::new()),
            began: now,
            now,
            out: Vec::new(),
        }
    }

    fn burst(&mut self, asks: impl IntoIterator<Item = Ask>) {
        for ask in asks {
            self.out.push(ready(&self.limiter, self.now, &ask));
        }
    }

    /// Ten milliseconds there, ten back; the next burst has room again.
    fn answer(&mut self, told: Headers) {
        let arrived = Duration::from_secs(1_790_000_000) + (self.now - self.began) + ms(10);
        let headers = told.with_reset(arrived + told.reset_after.unwrap());
        for mut permit in std::mem::take(&mut self.out) {
            permit.sent(self.now);
            let counted = Verdict::Counted(headers);
            self.limiter.settle(self.now + ms(20), permit, counted);
        }
        self.now += ms(1_200);
    }
}
