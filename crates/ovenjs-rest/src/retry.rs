//! When a call is sent again: a rule, with the time and the dice as arguments.

use std::time::{Duration, Instant};

/// What has become of one call's tries so far.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    failed: u32,
    limited: u32,
}

/// Why a try did not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// 429: the limiter knows until when.
    Limited,
    /// Nothing has left.
    Unsent,
    /// It may have arrived.
    Lost,
    /// The circuit breaker let nothing out; until when.
    Open(Instant),
}

/// The bounds that a user can set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) retries: u32,
    pub(crate) limited_retries: u32,
}

impl Retry {
    /// When to send again; `None` where that is at no time. `dice` is a number of `0.0..1.0`.
    pub(crate) fn after(
        &mut self,
        cause: Cause,
        now: Instant,
        deadline: Instant,
        rules: Rules,
        dice: f64,
        budget: &mut Budget,
    ) -> Option<Instant> {
        let until = match cause {
            Cause::Limited => {
                self.limited += 1;
                (self.limited <= rules.limited_retries).then_some(now)?
            }
            // Waiting costs Discord nothing; only the deadline bounds it.
            Cause::Open(until) => until + PAUSE.mul_f64(dice),
            Cause::Unsent | Cause::Lost => {
                self.failed += 1;
                if self.failed > rules.retries {
                    return None;
                }
                let longest = PAUSE_MAX.min(PAUSE * 2_u32.saturating_pow(self.failed - 1));
                let until = (now + longest.mul_f64(dice)).max(budget.next(now));
                if until < deadline {
                    budget.spend(now);
                }
                until
            }
        };
        (until < deadline).then_some(until)
    }

    /// Until when to wait for the answer to the next try. Where another try can follow, it must not
    /// take all of the time that is left.
    pub(crate) fn patience(
        &self,
        now: Instant,
        deadline: Instant,
        answer: Duration,
        repeatable: bool,
        rules: Rules,
    ) -> Instant {
        let longest = deadline.min(super::delivery::after(now, answer));
        if !repeatable || self.failed >= rules.retries {
            return longest;
        }
        let half = deadline.saturating_duration_since(now) / 2;
        longest.min(super::delivery::after(now, half.max(PATIENCE_MIN)))
    }
}

/// How many repetitions the client allows itself over all calls: a share of the calls it makes, and a
/// few a second always. A failing Discord is not to be met with several times the usual load. What is
/// over the budget is put off, not given up: the call's deadline decides.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Repetitions not yet paid for, as the time that pays for them; and when that was so.
    debt: Duration,
    at: Option<Instant>,
}

impl Budget {
    /// A call was made, which pays for a part of a repetition.
    pub(crate) fn deposit(&mut self) {
        self.debt = self.debt.saturating_sub(PRICE / SHARE);
    }

    /// From when another repetition is within the budget.
    fn next(&mut self, now: Instant) -> Instant {
        self.pay(now);
        now + (self.debt + PRICE).saturating_sub(CREDIT)
    }

    fn spend(&mut self, now: Instant) {
        self.pay(now);
        self.debt += PRICE;
    }

    fn pay(&mut self, now: Instant) {
        if let Some(at) = self.at {
            self.debt = self.debt.saturating_sub(now.saturating_duration_since(at));
        }
        self.at = self.at.max(Some(now));
    }
}

/// The pause before the first repetition is a random part of this; it doubles each time.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The least that is waited for an answer, if the deadline allows it: Discord's slow answers take
/// about as long.
const PATIENCE_MIN: Duration = Duration::from_secs(1);

/// Ten repetitions a second are paid for by time alone.
const PRICE: Duration = Duration::from_millis(100);

/// Every fifth call pays for one more.
const SHARE: u32 = 5;

/// A hundred repetitions at once: what a bot has under way when one connection breaks.
const CREDIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        retries: 3,
        limited_retries: 2,
    };

    /// The story of one call: all its causes at the times given, and when it was sent again.
    fn story(
        start: Instant,
        causes: &[(u64, Cause)],
        deadline: u64,
        dice: f64,
    ) -> Vec<Option<u64>> {
        let mut retry = Retry::default();
        let mut budget = Budget::default();
        let ms = |n| start + Duration::from_millis(n);
        let mut told = Vec::new();
        for (at, cause) in causes {
            let again = retry.after(*cause, ms(*at), ms(deadline), RULES, dice, &mut budget);
            told.push(again.map(|then| u64::try_from((then - start).as_millis()).unwrap()));
        }
        told
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning for the virtual clock"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn pauses_double_and_end() {
        let causes = [
            (0, Cause::Unsent),
            (1000, Cause::Lost),
            (2000, Cause::Lost),
            (3000, Cause::Lost),
        ];
        let told = story(start(), &causes, 60_000, 1.0);
        assert_eq!(told, [Some(250), Some(1500), Some(3000), None]);
        // Full jitter: a pause may be none at all.
        let told = story(start(), &causes, 60_000, 0.0);
        assert_eq!(told, [Some(0), Some(1000), Some(2000), None]);
    }

    #[test]
    fn limits_and_open_breakers_are_counted_apart() {
        let begin = start();
        let open = Cause::Open(begin + Duration::from_millis(700));
        let causes = [
            (0, open),
            (0, open),
            (0, open),
            (0, open),
            (700, Cause::Limited),
            (700, Cause::Limited),
            (700, Cause::Unsent),
            (700, Cause::Limited),
        ];
        let told = story(begin, &causes, 60_000, 0.0);
        let again = Some(700);
        assert_eq!(
            told,
            [again, again, again, again, again, again, again, None]
        );
    }

    #[test]
    fn nothing_is_planned_behind_the_deadline() {
        let begin = start();
        let open = Cause::Open(begin + Duration::from_secs(9));
        assert_eq!(
            story(begin, &[(0, open), (0, Cause::Lost)], 200, 1.0),
            [None, None]
        );
        assert_eq!(story(begin, &[(0, Cause::Lost)], 251, 1.0), [Some(250)]);
    }

    #[test]
    fn a_try_leaves_time_for_another() {
        let (now, retry) = (start(), Retry::default());
        let answer = Duration::from_secs(30);
        let wait = |deadline, repeatable| {
            retry.patience(
                now,
                now + Duration::from_secs(deadline),
                answer,
                repeatable,
                RULES,
            ) - now
        };
        assert_eq!(wait(60, true), Duration::from_secs(30));
        assert_eq!(wait(20, true), Duration::from_secs(10));
        assert_eq!(wait(20, false), Duration::from_secs(20));
        assert_eq!(wait(90, false), Duration::from_secs(30));
        // Two halves of little are too little.
        let short = now + Duration::from_millis(800);
        assert_eq!(retry.patience(now, short, answer, true, RULES), short);
        let last = Retry {
            failed: 3,
            limited: 0,
        };
        let deadline = now + Duration::from_secs(20);
        assert_eq!(last.patience(now, deadline, answer, true, RULES), deadline);
    }

    #[test]
    fn repetitions_over_the_budget_are_put_off() {
        let now = start();
        let mut budget = Budget::default();
        let mut due = Vec::new();
        for _ in 0..120 {
            due.push(budget.next(now) - now);
            budget.spend(now);
        }
        assert!(due[..100].iter().all(Duration::is_zero), "{due:?}");
        assert_eq!(due[100], Duration::from_millis(100));
        assert_eq!(due[119], Duration::from_millis(2000));
        // Calls pay, and so does time.
        (0..50).for_each(|_| budget.deposit());
        assert_eq!(budget.next(now) - now, Duration::from_millis(1100));
        let later = now + Duration::from_secs(60);
        assert_eq!(budget.next(later), later);
        // A clock that is read out of order pays nothing twice.
        budget.spend(later);
        budget.pay(now);
        assert_eq!(budget.debt, PRICE);
    }
}
